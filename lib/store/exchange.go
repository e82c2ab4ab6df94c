package store

import (
	"errors"
	"os"
)

// exchangeInSteps swaps two directories with three renames. A crash after the
// first leaves b's contents at b's name with ".old" in a's directory.
func exchangeInSteps(a, b string) error {
	aside := a + ".old"
	if err := os.Rename(b, aside); err != nil {
		return err
	}
	if err := os.Rename(a, b); err != nil {
		return errors.Join(err, os.Rename(aside, b))
	}
	return os.Rename(aside, a)
}
