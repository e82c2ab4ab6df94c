package show

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"bgtasks/lib/fault"
)

// PrintRows prints rows of cells: as a table with a head, or as tab-separated
// lines without one. The format is table, tsv, or "" for a table on a terminal and
// lines elsewhere. Nothing in a cell can steer the terminal.
func Rows(p *Printer, head []string, rows [][]string, format string) error {
	width := p.width()
	if format == "tsv" || format == "" && width == 0 {
		for _, row := range rows {
			if _, err := io.WriteString(p.Out, strings.Join(printable(row), "\t")+"\n"); err != nil {
				return err
			}
		}
		return nil
	}
	widths := make([]int, len(head))
	rows = append([][]string{head}, rows...)
	for i, row := range rows {
		rows[i] = printable(row)
		for j, cell := range rows[i] {
			widths[j] = max(widths[j], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		if _, err := io.WriteString(p.Out, tableLine(row, widths, width)); err != nil {
			return err
		}
	}
	return nil
}

func printable(row []string) []string {
	row = slices.Clone(row)
	for i, cell := range row {
		row[i] = fault.Printable(cell)
	}
	return row
}
