package show

import (
	"encoding/json"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A Printer writes to a verb's standard output.
type Printer struct {
	Out    Flusher  // buffered; what follows a running task flushes it
	Stdout *os.File // behind Out, nil if that is no file
}

// Flusher is a buffered writer.
type Flusher interface {
	io.Writer
	Flush() error
}

// Unbuffered is a writer that has nothing to flush.
type Unbuffered struct{ io.Writer }

// Flush does nothing.
func (Unbuffered) Flush() error { return nil }

// NewPrinter returns one whose output ends up in to.
func NewPrinter(out Flusher, to io.Writer) *Printer {
	stdout, _ := to.(*os.File)
	return &Printer{out, stdout}
}

// writeJSON writes v indented by two, with its newline.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Line writes v as one line of JSON.
func (p *Printer) Line(v any) error {
	e := json.NewEncoder(p.Out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// Print writes one line to stdout.
func (p *Printer) Print(line string) error {
	_, err := io.WriteString(p.Out, line+"\n")
	return err
}

// PrintIDs writes an id a line.
func (p *Printer) PrintIDs(ids []string) error {
	for _, id := range ids {
		if err := p.Print(id); err != nil {
			return err
		}
	}
	return nil
}

// terminal tells whether people read the output directly.
func (p *Printer) terminal() bool { return p.width() > 0 }

// width is how many columns the terminal has; 0 when stdout is none.
func (p *Printer) width() int {
	if p.Stdout == nil {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(p.Stdout.Fd()), unix.TIOCGWINSZ)
	switch {
	case err != nil:
		return 0
	case size.Col == 0:
		return defaultWidth
	}
	return int(size.Col)
}
