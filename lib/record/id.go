package record

// MaxIDLength is the longest id, in bytes.
const MaxIDLength = 64

// IDGrammar says in words what ValidID accepts, for error messages.
const IDGrammar = "1 to 64 characters, a letter or digit first, then letters, digits, '.', '_' or '-'"

// IDPattern is the same as a regular expression (RE2 and ECMA 262).
const IDPattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

// ValidID tells whether s may name a task. An id is a file name under tasks/,
// so nothing that could leave that directory is accepted.
func ValidID(s string) bool {
	if s == "" || len(s) > MaxIDLength || !alphanumeric(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !alphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
