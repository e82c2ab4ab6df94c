# Stopped has stopped its child and then itself.
echo $$ >>"$ZOO/pids"
sleep 600 &
echo $! >>"$ZOO/pids"
kill -STOP $!
echo up >"$ZOO/ready"
kill -STOP $$
wait
