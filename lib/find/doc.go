// Package find finds tasks: by conditions, in an order, by what people call them.
//
// It knows which tasks need not be read to tell that. It must not know what a task's files
// say, how it is healed, or how anything is printed.
//
// Promises:
//
//   - What is asked of what runs costs what runs, and not what is kept.
//   - A task that can't be read hides no other.
package find
