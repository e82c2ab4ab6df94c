# Doublefork ends at once; its grandchild is orphaned and stays in the session.
(sh -c 'echo $$ >>"$ZOO/pids"; echo up >"$ZOO/ready"; exec sleep 600' &)
