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
  status        show one task
  list          list all tasks, or those that match filters
  logs          print the last lines of a task's output
  stop          end a task with its process tree, or a batch
  restart       end a task if it runs, and run it again, or a batch
  wait          wait until a task has ended
  events        print the journal, or a task's status and output as frames
  report        from inside a task: report progress, steps, heartbeats and a result
  clear         remove finished tasks
  queue         show queues, set their slots, pause and drain them
  doctor        check the home and the system
  capabilities  print what this command line can do
  schema        list, or show VERB: the JSON Schemas of the payloads
  examples      list, or show VERB: example payloads

Payload: inline JSON, @FILE, or - for standard input.

Options:
  --output auto|inline|artifact  logs: lines, or a summary and the path of the log (auto)
  --wait                         wait for the end
  --stream                       logs and events: print one frame per line
  --timeout SECONDS              how long to wait at most (60)
  --concurrency N                how many items of a batch to handle at once (5)
  --relay                        start, restart, wait: exit as in text mode
  --version, --help, -h
`
