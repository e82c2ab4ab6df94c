// Package show prints tasks: as a table, rows, a status, JSON, or by a template.
//
// Nothing that a task says of itself can steer the terminal. It must not know where tasks come from.
package show
