package doctor

import (
	"bgtasks/lib/config"
	"bgtasks/lib/store"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// findings are what a walk through the home met that should not be there.
type findings struct {
	root  string
	other bool // beside the home there is what another program keeps here
	seen  int
	loose []string // others can look into it
	alien []string // someone else's
	odd   []string // neither file nor directory nor FIFO
	err   error    // where the walk could not go
}

// look walks through the home, and follows no link. What vanishes meanwhile is
// passed over.
func look(root string) *findings {
	f := &findings{root: root, other: store.Earlier(root) != ""}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		f.root = real
	}
	f.err = filepath.WalkDir(f.root, func(path string, d fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = d.Info()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		}
		f.note(path, info)
		return nil
	})
	return f
}

func (f *findings) note(path string, info fs.FileInfo) {
	name, err := filepath.Rel(f.root, path)
	if err != nil || name == "." {
		return // the home itself was looked at when it was opened
	}
	if f.other && store.OfEarlier(name) {
		return
	}
	f.seen++
	if !isMine(info) {
		f.alien = append(f.alien, name)
	}
	if kind := info.Mode().Type(); kind != 0 && kind != fs.ModeDir && kind != fs.ModeNamedPipe {
		f.odd = append(f.odd, name)
	} else if info.Mode().Perm()&0o077 != 0 && name != config.File { // which its owner made, and which holds no secret
		f.loose = append(f.loose, name)
	}
}

func (f *findings) owners() Check {
	if len(f.alien) > 0 {
		return wrong("owner", fmt.Errorf("someone else's: %s", some(f.alien)), "find out who wrote there, then chown or remove them")
	}
	return fine("owner", "everything belongs to you")
}

// modes checks that nobody else can look into the home (P11).
func (f *findings) modes() Check {
	switch {
	case f.err != nil:
		return wrong("modes", f.err, "restore your own rights with chmod u+rwX")
	case len(f.loose) > 0:
		return curable("modes", f.tighten, "others can look into: %s", some(f.loose))
	}
	return fine("modes", "%d files and directories, which only you can read", f.seen)
}

// tighten takes the rights of others away, and reaches nothing outside the home
// whatever is swapped under its hands.
func (f *findings) tighten() error {
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range f.loose {
		info, err := root.Lstat(name)
		if err == nil && info.Mode().Type() != fs.ModeSymlink {
			err = root.Chmod(name, info.Mode().Perm()&^0o077)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *findings) links() Check {
	if len(f.odd) > 0 {
		return wrong("links", fmt.Errorf("links or devices: %s", some(f.odd)), "the suite creates none: find out where they come from, and remove them")
	}
	return fine("links", "none, and none is followed")
}

func isMine(info fs.FileInfo) bool { return int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid() }
