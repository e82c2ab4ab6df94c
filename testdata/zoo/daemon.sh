# Daemon double-forks, leaves the session and closes every descriptor.
escape escape sh -c 'exec <&- >&- 2>&-; echo $$ >>"$ZOO/pids"; echo up >"$ZOO/ready"; exec sleep 600'
