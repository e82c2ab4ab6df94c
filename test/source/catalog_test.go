package source

import (
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"bgtasks/lib/payload"
	"bgtasks/test/suite"
)

var (
	takesPayload = regexp.MustCompile(`\bcli\.(One|Many|Together|Decode)\b`)
	verbName     = regexp.MustCompile(`\bName:\s+"(\w+)"`)
)

// TestPayloadVerbsAreInCatalog holds that a verb that decodes a payload is in the
// catalogue, where the schema comes from: else it would refuse every payload, and only
// when it gets one.
func TestPayloadVerbsAreInCatalog(t *testing.T) {
	known := payload.PayloadVerbs()
	for _, verb := range suite.Verbs(t) {
		files, err := filepath.Glob(filepath.Join("cmd", verb, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source := suite.Read(t, file)
			call := takesPayload.FindString(source)
			name := verbName.FindStringSubmatch(suite.Read(t, filepath.Join("cmd", verb, "main.go")))
			if call != "" && (name == nil || !slices.Contains(known, name[1])) {
				t.Errorf("%s takes a payload (%s), but catalog in lib/payload/catalog.go has no entry for it", file, call)
			}
		}
	}
}
