package main

import (
	"reflect"
	"slices"
	"testing"

	"github.com/alecthomas/kong"
)

// What Words takes is what the parser makes of it.
func TestWordsAreWhatTheParserTakes(t *testing.T) {
	for _, test := range []struct {
		args []string
		want bool
	}{
		{[]string{"true"}, true},
		{[]string{"--", "true"}, true},
		{[]string{"sh", "-c", "exit 3", "--wait"}, true},
		{[]string{"--", "-odd", "--wait"}, true},
		{[]string{"--", "--", "true"}, true},
		{[]string{"a", "--", "b"}, true},
		{[]string{"", "x"}, true},
		{[]string{"{}"}, true},
		{[]string{"--"}, true},
		{nil, false},
		{[]string{"-"}, false},
		{[]string{"--wait", "true"}, false},
		{[]string{"-C", "/", "true"}, false},
		{[]string{"--help"}, false},
	} {
		var got, parsed flags
		if took := got.Words(test.args); took != test.want {
			t.Errorf("Words(%q) = %v, want %v", test.args, took, test.want)
		} else if !took {
			if !reflect.DeepEqual(got, flags{}) {
				t.Errorf("Words(%q) is false, and has changed %+v", test.args, got)
			}
			continue
		}
		k, err := kong.New(&parsed, kong.Vars{"version": "", "formats": ""})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Parse(slices.Clone(test.args)); err != nil {
			t.Errorf("the parser refuses %q, which Words takes: %v", test.args, err)
		}
		if !reflect.DeepEqual(got, parsed) {
			t.Errorf("Words(%q) gives %+v, the parser %+v", test.args, got, parsed)
		}
	}
}
