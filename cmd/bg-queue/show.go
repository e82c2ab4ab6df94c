package main

import (
	"strconv"

	"bgtasks/lib/cli"
	"bgtasks/lib/sched"
	"bgtasks/lib/show"
)

// head are the columns of a listing. A kind with a limit is a row too.
var head = []string{"QUEUE", "SLOTS", "RUNNING", "WAITING", "STATE"}

// printQueues prints the queues and the limits.
func printQueues(c *cli.Call, d *queueData, format string) error {
	switch format {
	case "json":
		return c.Indented(d)
	case "jsonl":
		for _, q := range d.Queues {
			if err := c.Line(q); err != nil {
				return err
			}
		}
		for _, k := range d.Kinds {
			if err := c.Line(k); err != nil {
				return err
			}
		}
		return nil
	}
	var rows [][]string
	for _, q := range d.Queues {
		rows = append(rows, []string{q.Name, strconv.Itoa(q.Slots), strconv.Itoa(q.Running), strconv.Itoa(q.Waiting), state(q)})
	}
	for _, k := range d.Kinds {
		rows = append(rows, []string{"kind:" + k.Kind, strconv.Itoa(k.Limit), strconv.Itoa(k.Running), "-", "open"})
	}
	return show.Rows(c.Printer, head, rows, format)
}

// state is what a queue does, in one word.
func state(q sched.Queue) string {
	switch {
	case q.Paused && q.Draining:
		return "paused,draining"
	case q.Paused:
		return "paused"
	case q.Draining:
		return "draining"
	}
	return "open"
}
