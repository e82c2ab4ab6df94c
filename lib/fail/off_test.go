//go:build !failpoint

package fail

import "testing"

// Nothing is armed in what is released, whatever the environment says.
func TestOff(t *testing.T) {
	t.Setenv(Variable, "x=enospc")
	Pass("x")
	if err := Point("x"); err != nil {
		t.Errorf("Point = %v, want nil", err)
	}
	if env := Environ(); env != nil {
		t.Errorf("Environ = %v, want none", env)
	}
}
