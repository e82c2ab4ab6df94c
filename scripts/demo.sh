#!/bin/sh
# Runs the main job of bgtasks for real, in a home of its own, and says what it
# does. Ends non-zero if anything is not as it should be, and leaves nothing
# behind. The commands are taken from PATH.
set -eu

work=$(mktemp -d)
BACKGROUND_TASKS_HOME=$work/home
export BACKGROUND_TASKS_HOME

finish() {
	status=$?
	bg-list | bg-stop --grace 0 - >/dev/null 2>&1 || true
	rm -rf "$work"
	if [ "$status" -ne 0 ]; then echo "demo: FAILED" >&2; fi
	exit "$status"
}
trap finish EXIT

say() { printf '\n# %s\n' "$*"; }

# show prints a command as it can be typed.
show() {
	printf '$'
	for word; do
		case $word in
		*[!A-Za-z0-9_./:=,+@%-]* | '') printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
}

run() {
	show "$@"
	"$@"
}

# expect WANT GOT WHAT
expect() {
	if [ "$1" != "$2" ]; then
		echo "demo: $3: got '$2', want '$1'" >&2
		exit 1
	fi
}

say "A task starts in the background; stdout is its id."
run bg-start --name web --tag demo -c 'echo ready; exec sleep 300'
expect running "$(bg-list -o '{{.Status}}' web)" "status of web"

say "Three builds, one of which fails. Their ids go through a pipe; the highest code comes back."
for n in 0 0 3; do
	run bg-start --tag demo --tag build -c "echo building; exit $n"
done
status=0
printf '$ %s\n' "bg-list --tag build | xargs bg-wait"
bg-list --tag build | xargs bg-wait || status=$?
case $status in
3 | 123) ;; # 123: some xargs report any failure of what they ran so
*) expect 3 "$status" "code of the builds" ;;
esac

say "What is there? A table on a terminal, ids in a pipe, JSON on request."
run bg-list -o table --tag demo
expect 3 "$(bg-list --tag build | wc -l | tr -d ' ')" "number of builds"
expect 1 "$(bg-list --tag build --state failed | wc -l | tr -d ' ')" "number of failed builds"

say "The output of the one that failed."
failed=$(bg-list --tag build --state failed)
run bg-logs "$failed"
expect building "$(bg-logs "$failed")" "log of the failed build"

say "The same for programs: JSON in, JSON out."
show background-tasks status '{"id":"'"$failed"'"}'
background-tasks status '{"id":"'"$failed"'"}' >"$work/status.json"
grep -q '"exitCode": 3' "$work/status.json"

say "Stopping ends the whole tree: this one has children that ignore TERM and leave the session."
tree=$(bg-start --tag demo -c 'trap "" TERM; setsid sleep 300 & sleep 300 & echo up; wait')
show bg-start --tag demo -c 'trap "" TERM; setsid sleep 300 & sleep 300 & echo up; wait'
echo "$tree"
run bg-stop --grace 1s "$tree"
expect cancelled "$(bg-list -o '{{.State}}' "$tree")" "state of the stopped tree"
expect 0 "$(bg-list -o '{{.Leftovers}}' "$tree")" "processes left of the tree"

say "A pipeline over tags ends the rest."
printf '$ %s\n' "bg-list --tag demo --status running | xargs bg-stop"
bg-list --tag demo --status running | xargs bg-stop
expect "" "$(bg-list --status running)" "what still runs"

printf '\ndemo: all as it should be\n'
