// Command bench measures bgtasks side by side with what people use instead, in one
// run on one machine:
//
//	bench [-bin DIR] [-run REGEXP] [-n RUNS] [-out DIR] [-smoke] [-list]
//
// It knows the command lines of the suite and of its peers, and how to measure
// processes from outside. It must not know the suite's packages: it measures
// the programs that people run. It promises that the contestants of a scenario run in
// turn, that a peer which isn't there is called absent, that every process it
// started has ended when it ends, also after Ctrl-C, and that it leaves no file
// but its results.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	bin   string
	out   string
	names *regexp.Regexp
	runs  int
	smoke bool
	list  bool
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "work" {
		os.Exit(work(os.Args[2], os.Args[3:]))
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments; it returns the exit code: 0, 1
// if the suite itself failed in a scenario, 2 for usage, 130 after a signal.
func run(args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	if err != nil {
		return 2
	}
	chosen := opts.choose(scenarios())
	if opts.list {
		for _, s := range chosen {
			fmt.Fprintln(stdout, s.name)
		}
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	l, err := openLab(opts.bin, opts.smoke)
	if err != nil {
		fmt.Fprintln(stderr, "bench: error:", err)
		return 1
	}
	found := measure(ctx, l, opts, chosen, stderr)
	code := finish(found, opts, stdout, stderr)
	// The results are kept before: to remove half a million files takes minutes.
	if err := l.close(); err != nil {
		fmt.Fprintln(stderr, "bench: error:", err)
		code = max(code, 1)
	}
	if ctx.Err() != nil {
		fmt.Fprintf(stderr, "bench: %v %s, everything was ended\n", context.Cause(ctx), found.Cut)
		return 130
	}
	return code
}

func parse(args []string, stderr io.Writer) (options, error) {
	var opts options
	var pattern string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.bin, "bin", "bin", "the `directory` with the programs of the suite")
	flags.StringVar(&opts.out, "out", "", "a `directory` for bench.json, bench.md and scaling.svg")
	flags.StringVar(&pattern, "run", "", "only the scenarios whose names match this `regexp`")
	flags.IntVar(&opts.runs, "n", 0, "so many `runs` of each contestant, instead of each scenario's own number")
	flags.BoolVar(&opts.smoke, "smoke", false, "only show that the benchmark works, in seconds")
	flags.BoolVar(&opts.list, "list", false, "print the names of the scenarios and exit")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	compiled, err := regexp.Compile(pattern)
	if err == nil && (flags.NArg() > 0 || opts.runs < 0) {
		err = errors.New("no arguments beside flags, and no negative number of runs")
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench: error:", err)
	}
	opts.names = compiled
	return opts, err
}

// choose keeps the scenarios that were asked for, in their order.
func (o options) choose(all []scenario) (chosen []scenario) {
	for _, s := range all {
		if o.names.MatchString(s.name) && (!o.smoke || s.smoke > 0) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// measure runs the chosen scenarios. At the end of ctx it gives what it has found until then.
func measure(ctx context.Context, l *lab, opts options, chosen []scenario, stderr io.Writer) *report {
	l.buildEmpty(ctx)
	l.runs = opts.runs
	before := descendants()
	found := &report{V: 2, Date: time.Now(), Smoke: opts.smoke, Machine: lookAround(l.dir), Programs: l.programs(ctx)}
	if err := l.clear(before); err != nil {
		fmt.Fprintf(stderr, "the versions of the peers left behind: %v\n", err)
	}
	r := &runner{lab: l, runs: opts.runs, log: stderr}
	for i, s := range chosen {
		fmt.Fprintf(stderr, "%d/%d %s\n", i+1, len(chosen), s.name)
		result, err := r.run(ctx, s)
		if err != nil {
			found.Cut = fmt.Sprintf("after %d of %d scenarios", i, len(chosen))
			break
		}
		found.Scenarios = append(found.Scenarios, result)
	}
	found.Budgets = judge(found, l.bin)
	return found
}

// finish prints the page, keeps the results, and says whether the suite failed. What
// was interrupted too early to have found anything replaces no results.
func finish(found *report, opts options, stdout, stderr io.Writer) int {
	if found.Cut != "" && len(found.Scenarios) == 0 {
		return 0
	}
	fmt.Fprint(stdout, found.markdown())
	if opts.out != "" {
		if err := found.write(opts.out); err != nil {
			fmt.Fprintln(stderr, "bench: error:", err)
			return 1
		}
	}
	if failed := found.oursFailed(); len(failed) > 0 {
		fmt.Fprintln(stderr, "bench: error: bgtasks failed in", strings.Join(failed, ", "))
		return 1
	}
	return 0
}
