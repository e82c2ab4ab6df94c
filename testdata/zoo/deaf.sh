# Deaf ignores, with its child, every signal that can be ignored.
trap '' HUP INT QUIT TERM USR1 USR2 PIPE ALRM TSTP TTIN TTOU
echo $$ >>"$ZOO/pids"
sleep 600 &
echo $! >>"$ZOO/pids"
echo up >"$ZOO/ready"
while :; do wait; done
