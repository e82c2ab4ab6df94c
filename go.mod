module bgtasks

go 1.26.0

require (
	github.com/alecthomas/kong v1.17.0 // indirect
	github.com/google/jsonschema-go v0.4.3 // indirect
	github.com/google/renameio/v2 v2.0.2 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
)

// The programs are small and short: they need not follow the limits of a
// container, and reading them costs a tenth of a start.
godebug (
	containermaxprocs=0
	updatemaxprocs=0
)
