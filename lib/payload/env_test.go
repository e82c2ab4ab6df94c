package payload

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bgtasks/lib/fault"
)

func lookup(name string) (string, bool) { return "caller's", name == "KNOWN" }

func TestParseEnv(t *testing.T) {
	env, err := ParseEnv([]string{"A=1", "B=x=y,z", "KNOWN", "UNKNOWN", "A=2", "C="}, lookup)
	if want := []string{"A=2", "B=x=y,z", "C=", "KNOWN=caller's"}; err != nil || !slices.Equal(env.List(), want) {
		t.Errorf("ParseEnv = %q, %v, want %q", env.List(), err, want)
	}
}

// P11: a mistake must not put a value on the screen.
func TestEnvErrorsHoldNoValue(t *testing.T) {
	_, err := ParseEnv([]string{"=hunter2"}, lookup)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("ParseEnv(=hunter2) = %v, want an error without the value", err)
	}
}

func TestReadEnvFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(path, []byte("# comment\n\nA=1 2\r\nKNOWN\nB='q'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := Environment{}
	err := env.ReadEnvFile(path, lookup)
	if want := []string{"A=1 2", "B='q'", "KNOWN=caller's"}; err != nil || !slices.Equal(env.List(), want) {
		t.Errorf("ReadEnvFile = %q, %v, want %q", env.List(), err, want)
	}
	if err := env.ReadEnvFile(path+"x", lookup); !errors.As(err, new(*fault.Failure)) {
		t.Errorf("ReadEnvFile of no file = %v, want a usage error", err)
	}
}

func TestOverlay(t *testing.T) {
	got := Overlay([]string{"A=1", "B=2", "A=3"}, Environment{"A": "new", "C": "c"})
	if want := []string{"B=2", "A=new", "C=c"}; !slices.Equal(got, want) {
		t.Errorf("Overlay = %q, want %q", got, want)
	}
}
