module bgtasks

go 1.26.0

// The programs are short-lived, or run on one processor: what a control group
// allows need not be found out at each start of one, nor watched.
godebug (
	containermaxprocs=0
	updatemaxprocs=0
)

require (
	github.com/alecthomas/kong v1.17.0
	github.com/google/jsonschema-go v0.4.3
	github.com/rogpeppe/go-internal v1.16.0
	github.com/tidwall/gjson v1.20.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
)
