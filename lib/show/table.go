package show

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/view"
)

// FormatHelp is the help of -o in verbs that print tasks.
const FormatHelp = "The format: json, jsonl, tsv, table, id, or a template such as '{{.ID}} {{.State}}'."

// PrintTasks prints tasks in a format: one of FormatHelp's, or "" for a table
// on a terminal and an id a line elsewhere.
func Tasks(p *Printer, tasks []*view.Task, format string) error {
	switch format = p.TaskFormat(format); format {
	case "id":
		return p.printEach(tasks, func(t *view.Task) string { return t.ID })
	case "tsv":
		return p.printEach(tasks, tsvRow)
	case "jsonl":
		for _, t := range Known(tasks) {
			if err := p.Line(t); err != nil {
				return err
			}
		}
		return nil
	case "json":
		return JSON(p.Out, Known(tasks))
	case "table":
		return writeTable(p.Out, tasks, p.width(), time.Now())
	}
	return p.printTemplate(tasks, format)
}

// TaskFormat is the format that tasks are printed in: a table on a terminal and ids
// elsewhere if none is given.
func (p *Printer) TaskFormat(given string) string {
	switch {
	case given != "":
		return given
	case p.terminal():
		return "table"
	}
	return "id"
}

func (p *Printer) printEach(tasks []*view.Task, row func(*view.Task) string) error {
	for _, t := range tasks {
		if _, err := io.WriteString(p.Out, row(t)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// printTemplate writes a line for each task. A template that is wrong prints
// nothing: half a line would be taken for data.
func (p *Printer) printTemplate(tasks []*view.Task, format string) error {
	if !strings.Contains(format, "{{") {
		f := fault.Usage("--output: unknown format %q", format)
		f.Hint = "json, jsonl, tsv, table, id, or a template such as '{{.ID}}'"
		return f
	}
	t, err := parseTemplate(format)
	if err != nil {
		f := fault.Usage("--output: %v", err)
		f.Hint = "the fields are " + strings.Join(fieldNames(reflect.TypeFor[view.Task]()), ", ")
		return f
	}
	var line []byte
	for _, task := range Known(tasks) {
		if line, err = t.execute(line[:0], task); err != nil {
			return err
		}
		if _, err := p.Out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// tsvRow has the columns of the table for programs: id, name, status, state,
// exit code, signal, createdAt, exitedAt, tags, command line. Unknown is empty;
// control characters are escaped.
func tsvRow(t *view.Task) string {
	code, signal := "", ""
	if t.ExitCode != nil {
		code = strconv.Itoa(*t.ExitCode)
	}
	if t.Signal != nil {
		signal = *t.Signal
	}
	row := []string{t.ID, t.Name, string(t.Status), string(t.State), code, signal, t.CreatedAt, t.ExitedAt,
		strings.Join(t.Tags, ","), fault.CommandLine(t.Command, t.Args)}
	for i, cell := range row {
		row[i] = fault.Printable(cell)
	}
	return strings.Join(row, "\t")
}

// The table's columns, and the most that a cell of each may take; the last
// gets what is left.
var (
	tableHead = []string{"ID", "NAME", "STATE", "EXIT", "AGE", "TAGS", "COMMAND"}
	tableMost = []int{64, 24, 14, 8, 8, 24, 1 << 20}
)

// writeTable writes tasks as a table that is cut to width, which is 0 for no
// limit. Long cells are cut and nothing in one can steer the terminal.
func writeTable(w io.Writer, tasks []*view.Task, width int, now time.Time) error {
	rows := [][]string{tableHead}
	for _, t := range tasks {
		rows = append(rows, tableRow(t, now))
	}
	widths := make([]int, len(tableHead))
	for _, row := range rows {
		for i, cell := range row {
			row[i] = shorten(fault.Printable(cell), tableMost[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	squeeze(widths, width)
	for _, row := range rows {
		if _, err := io.WriteString(w, tableLine(row, widths, width)); err != nil {
			return err
		}
	}
	return nil
}

// tableYield are the columns that give way to a narrow terminal, in this order,
// and the least that is left of them: the state and the exit are what a list
// is looked at for.
var tableYield = []struct{ column, least int }{{5, 4}, {1, 4}, {0, 8}}

// squeeze makes columns narrower until the head of the last one fits.
func squeeze(widths []int, width int) {
	if width == 0 {
		return
	}
	last := len(widths) - 1
	excess := len(tableHead[last]) + 2*last - width
	for _, w := range widths[:last] {
		excess += w
	}
	for _, y := range tableYield {
		less := max(min(excess, widths[y.column]-y.least), 0)
		widths[y.column] -= less
		excess -= less
	}
}

func tableRow(t *view.Task, now time.Time) []string {
	state := string(t.State)
	if t.Unreadable != nil {
		state = "unreadable"
	} else if t.Leftovers > 0 {
		state += "+" + strconv.Itoa(t.Leftovers)
	}
	return []string{t.ID, t.Name, state, ExitText(t), ageText(t.Age(now)), strings.Join(t.Tags, ","), fault.CommandLine(t.Command, t.Args)}
}

func tableLine(row []string, widths []int, width int) string {
	var b strings.Builder
	for i, cell := range row {
		if i > 0 {
			b.WriteString("  ")
		}
		if i < len(row)-1 {
			cell = shorten(cell, widths[i])
		}
		b.WriteString(cell)
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
	}
	line := strings.TrimRight(b.String(), " ")
	if width > 0 {
		line = shorten(line, width)
	}
	return line + "\n"
}

// shorten cuts s to at most n characters, the last of which then tells so.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return payload.CutText(s, max(n-1, 0))
}

// ExitText is how a task ended, in one word: its code, or its signal, or "-".
func ExitText(t *view.Task) string {
	switch {
	case t.ExitCode != nil:
		return strconv.Itoa(*t.ExitCode)
	case t.Signal != nil:
		return *t.Signal
	}
	return "-"
}

// ageText writes a duration with its two largest units at most.
func ageText(d time.Duration) string {
	s := max(int64(d/time.Second), 0)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
}

// defaultWidth is for terminals that do not tell, such as serial lines.
const defaultWidth = 80
