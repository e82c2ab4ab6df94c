# Mute closes every descriptor and stays.
exec <&- >&- 2>&-
echo $$ >>"$ZOO/pids"
echo up >"$ZOO/ready"
exec sleep 600
