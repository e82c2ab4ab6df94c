//go:build failpoint

package fail

import (
	"errors"
	"syscall"
	"testing"
	"time"
)

func TestArm(t *testing.T) {
	got := arm("a=enospc,b=kill9,c=delay:50ms,d=eio")
	want := map[string]fault{
		"a": {errno: syscall.ENOSPC}, "b": {kill: true}, "c": {delay: 50 * time.Millisecond}, "d": {errno: syscall.EIO},
	}
	if len(got) != len(want) {
		t.Errorf("arm = %v, want %v", got, want)
	}
	for name, f := range want {
		if got[name] != f {
			t.Errorf("arm[%q] = %v, want %v", name, got[name], f)
		}
	}
}

func TestStrike(t *testing.T) {
	err := fault{errno: syscall.ENOSPC}.strike("x")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("strike(enospc) = %v, want one that wraps ENOSPC", err)
	}
	if err := (fault{delay: time.Microsecond}).strike("x"); err != nil {
		t.Errorf("strike(delay) = %v, want nil", err)
	}
}
