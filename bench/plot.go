package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// point is a cost at a number of tasks.
type point struct{ X, Y float64 }

// series is one contestant's points.
type series struct {
	Name   string
	Points []point
}

// panel is one diagram; both its axes are logarithmic.
type panel struct {
	Title  string
	Unit   unit // of Y
	Series []series
}

// The measures of the drawing, in SVG's user units.
const (
	panelWidth, panelHeight = 560, 360
	marginLeft, marginRight = 70, 170
	marginTop, marginBottom = 40, 50
	perRow                  = 2
)

// colours are told apart by people who see fewer of them (Okabe and Ito), and
// each has its own dashes too.
var colours = []string{"#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c564b"}
var dashes = []string{"", "6 3", "2 2", "8 2 2 2", "4 4", "1 3", "10 4", "3 1"}

// drawPanels writes the panels as one SVG image, two in a row. A name looks the same
// in all of them.
func drawPanels(panels []panel) string {
	rows := (len(panels) + perRow - 1) / perRow
	width, height := panelWidth*perRow, panelHeight*rows
	looks := looksOf(panels)
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	for i, p := range panels {
		fmt.Fprintf(&out, `<g transform="translate(%d %d)">`+"\n", i%perRow*panelWidth, i/perRow*panelHeight)
		p.draw(&out, looks)
		out.WriteString("</g>\n")
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// looksOf numbers the names in the order in which they appear.
func looksOf(panels []panel) map[string]int {
	looks := map[string]int{}
	for _, p := range panels {
		for _, s := range p.Series {
			if _, known := looks[s.Name]; !known {
				looks[s.Name] = len(looks)
			}
		}
	}
	return looks
}

// axis maps values to places by their logarithm.
type axis struct {
	low, high float64 // decades
	from, to  float64 // places
}

// newAxis spans the decades that hold all the values.
func newAxis(values []float64, from, to float64) axis {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, math.Floor(math.Log10(v))), max(high, math.Ceil(math.Log10(v)))
	}
	if low == high {
		high++
	}
	return axis{low, high, from, to}
}

func (a axis) place(v float64) float64 {
	return a.from + (math.Log10(v)-a.low)/(a.high-a.low)*(a.to-a.from)
}

// ticks are the powers of ten of the axis.
func (a axis) ticks() (values []float64) {
	for decade := a.low; decade <= a.high; decade++ {
		values = append(values, math.Pow(10, decade))
	}
	return values
}

func (p panel) draw(out *strings.Builder, looks map[string]int) {
	var xs, ys []float64
	for _, s := range p.Series {
		for _, at := range s.Points {
			xs, ys = append(xs, at.X), append(ys, at.Y)
		}
	}
	if len(xs) == 0 {
		return
	}
	x := newAxis(xs, marginLeft, panelWidth-marginRight)
	y := newAxis(ys, panelHeight-marginBottom, marginTop)
	fmt.Fprintf(out, `<text x="%d" y="22" font-size="14" font-weight="bold">%s</text>`+"\n", marginLeft, html.EscapeString(p.Title))
	p.drawGrid(out, x, y)
	for i, s := range p.Series {
		s.draw(out, x, y, looks[s.Name], i)
	}
}

func (p panel) drawGrid(out *strings.Builder, x, y axis) {
	for _, v := range x.ticks() {
		at := x.place(v)
		line(out, at, y.from, at, y.to)
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", at, y.from+18, thousands(v))
	}
	for _, v := range y.ticks() {
		at := y.place(v)
		line(out, x.from, at, x.to, at)
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n", x.from-6, at+4, html.EscapeString(p.Unit.format(v)))
	}
	fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle">number of tasks</text>`+"\n", (x.from+x.to)/2, y.from+38)
}

func line(out *strings.Builder, x1, y1, x2, y2 float64) {
	fmt.Fprintf(out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#d8d8d8"/>`+"\n", x1, y1, x2, y2)
}

// draw puts a line with a dot for each point, and a word in the legend's line.
func (s series) draw(out *strings.Builder, x, y axis, look, legend int) {
	colour, dash := colours[look%len(colours)], dashes[look%len(dashes)]
	places := make([]string, 0, len(s.Points))
	for _, at := range s.Points {
		places = append(places, fmt.Sprintf("%.1f,%.1f", x.place(at.X), y.place(at.Y)))
		fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x.place(at.X), y.place(at.Y), colour)
	}
	style := fmt.Sprintf(`fill="none" stroke="%s" stroke-width="1.6" stroke-dasharray="%s"`, colour, dash)
	fmt.Fprintf(out, `<polyline points="%s" %s/>`+"\n", strings.Join(places, " "), style)
	left, top := x.to+10, y.to+8+float64(legend)*18
	fmt.Fprintf(out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`+"\n", left, top, left+22, top, style)
	fmt.Fprintf(out, `<text x="%.1f" y="%.1f">%s</text>`+"\n", left+27, top+4, html.EscapeString(s.Name))
}

// thousands writes a whole number with commas.
func thousands(v float64) string {
	text := fmt.Sprintf("%.0f", v)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
