// Package show prints tasks: as a table, rows, a status, JSON, or by a template.
//
// No text of a task can control the terminal. It must not know where tasks come from.
package show
