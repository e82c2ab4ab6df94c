# Clingy ends at once; a child in a session of its own keeps its stdout.
escape sh -c 'echo $$ >>"$ZOO/pids"; echo up >"$ZOO/ready"; exec sleep 600'
