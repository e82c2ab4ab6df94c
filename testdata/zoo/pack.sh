# Pack is three sessions, two of them orphaned, all deaf to TERM.
trap '' TERM
escape sh -c 'echo $$ >>"$ZOO/pids"; echo >"$ZOO/first"; exec sleep 600'
escape escape sh -c 'echo $$ >>"$ZOO/pids"; echo >"$ZOO/second"; exec sleep 600'
echo $$ >>"$ZOO/pids"
read -r _ <"$ZOO/first"
read -r _ <"$ZOO/second"
echo up >"$ZOO/ready"
exec sleep 600
