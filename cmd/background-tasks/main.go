// Command background-tasks is the suite's JSON command line under one name.
//
//	background-tasks VERB [PAYLOAD] [OPTIONS]
//	background-tasks schema list | schema show VERB
//	background-tasks examples list | examples show VERB
//	background-tasks --version | --help
//
// It executes bg-VERB, found beside it, which does the work. A payload is JSON
// as it stands, @FILE, or - for standard input. The answer is one JSON
// envelope: on stdout with exit code 0, or on stderr with exit code 1.
package main

import "bgtasks/lib/cli"

func main() {
	cli.Dispatch(help, []string{"start", "status", "list", "logs", "stop", "restart", "wait", "events", "report", "clear", "queue",
		"doctor", "capabilities", "schema", "examples"})
}

const help = `Usage: background-tasks VERB [PAYLOAD] [OPTIONS]

Run background tasks. Every answer is one JSON envelope.

Verbs:
  start         start a task, or a batch
  status        look at one task
  list          list tasks, all or those that match filters
  logs          read the end of a task's output
  stop          end a task, tree and all, or a batch
  restart       end a task if it runs, and run it again, or a batch
  wait          wait until a task has ended
  events        read a task's status and output as frames
  report        tell from inside of a task how far it has come
  clear         remove finished tasks
  queue         look at the queues, give them slots, pause and drain them
  doctor        tell whether the suite can work here
  capabilities  tell what this command line can do
  schema        list, or show VERB: the JSON Schemas of the payloads
  examples      list, or show VERB: payloads that work

Payload: inline JSON, @FILE, or - for standard input.

Options:
  --output auto|inline|artifact  how logs answers when there is more (auto)
  --wait                         wait for the end
  --stream                       logs and events: one frame a line
  --timeout SECONDS              how long to wait at most (60)
  --concurrency N                how many items of a batch at once (5)
  --relay                        start, restart, wait: exit as in text mode
  --version, --help, -h
`
