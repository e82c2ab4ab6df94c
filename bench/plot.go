package main

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// series is one contestant's points: what it costs at a number of tasks.
type series struct {
	Name   string
	Points plotter.XYs
}

// panel is one diagram with something in it; both its axes are logarithmic.
type panel struct {
	Title  string
	Unit   unit // of Y
	Series []series
}

// The measures of the drawing.
const (
	panelWidth, panelHeight = 14 * vg.Centimeter, 9 * vg.Centimeter
	legendWidth             = 4 * vg.Centimeter
	perRow                  = 2
)

// drawPanels draws the panels as one SVG image, two in a row. A name looks the same
// in all of them.
func drawPanels(panels []panel) (string, error) {
	tiles := draw.Tiles{Cols: perRow, Rows: (len(panels) + perRow - 1) / perRow}
	image := vgsvg.New(panelWidth*perRow, panelHeight*vg.Length(tiles.Rows))
	canvas := draw.New(image)
	looks := looksOf(panels)
	for i, p := range panels {
		if err := p.draw(tiles.At(canvas, i%perRow, i/perRow), looks); err != nil {
			return "", fmt.Errorf("draw %s: %w", p.Title, err)
		}
	}
	var out strings.Builder
	_, err := image.WriteTo(&out)
	return out.String(), err
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

func (p panel) draw(c draw.Canvas, looks map[string]int) error {
	picture, legend := plot.New(), plot.NewLegend()
	picture.Title.Text, picture.X.Label.Text = p.Title, "number of tasks"
	picture.Add(plotter.NewGrid())
	legend.Top, legend.Left = true, true
	for _, s := range p.Series {
		line, dots, err := plotter.NewLinePoints(s.Points)
		if err != nil {
			return err
		}
		look := looks[s.Name]
		line.Color, line.Dashes = plotutil.Color(look), plotutil.Dashes(look)
		dots.Color, dots.Shape = line.Color, plotutil.Shape(look)
		picture.Add(line, dots)
		legend.Add(s.Name, line, dots)
	}
	spanDecades(&picture.X, thousands)
	spanDecades(&picture.Y, p.Unit.format)
	picture.Draw(draw.Crop(c, 0, -legendWidth, 0, 0))
	legend.Draw(draw.Crop(c, panelWidth-legendWidth, 0, 0, 0))
	return nil
}

// spanDecades makes an axis logarithmic, from one power of ten to another.
func spanDecades(axis *plot.Axis, label func(float64) string) {
	low, high := math.Floor(math.Log10(axis.Min)), math.Ceil(math.Log10(axis.Max))
	high = max(high, low+1)
	var ticks plot.ConstantTicks
	for decade := low; decade <= high; decade++ {
		v := math.Pow(10, decade)
		ticks = append(ticks, plot.Tick{Value: v, Label: label(v)})
	}
	axis.Scale, axis.Tick.Marker = plot.LogScale{}, ticks
	axis.Min, axis.Max = ticks[0].Value, ticks[len(ticks)-1].Value
}

// thousands writes a whole number with commas.
func thousands(v float64) string {
	text := fmt.Sprintf("%.0f", v)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
