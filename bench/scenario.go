package main

import (
	"context"
	"time"
)

// scenario is one thing that is measured of several contestants.
type scenario struct {
	name     string
	title    string
	measures string // one sentence: what the figures are, and what they are not
	faster   string // why others are faster where they are
	metrics  []metric
	runs     int           // of each contestant, if -n does not say otherwise
	smoke    int           // in a smoke run; 0 leaves the scenario out of it
	limit    time.Duration // what one contestant's runs may take together
	together bool          // the contestants run at the same time, not in turn
	flush    bool          // before each run the disk is given what others wrote
	size     int           // the number of tasks, for those that are drawn against it

	contestants func(l *lab) []contestant
}

type metric struct {
	name string
	unit unit
}

// contestant is one way of doing what a scenario measures.
type contestant struct {
	name string
	note string
	open func(ctx context.Context) (*entry, error)
}

// entry is a contestant that is ready to run. A run returns a value for each metric
// of the scenario, NaN for what it does not measure.
type entry struct {
	once    func(ctx context.Context) ([]float64, error)
	close   func()
	lasting bool // a run leaves processes that the next one needs
}

// Names that budgets and plots refer to.
const (
	scenarioStart   = "start"
	scenarioWait    = "exit-to-wait"
	scenarioLarge   = "output-large"
	scenarioWakeups = "idle-wakeups"
	scenarioBatch   = "start-batch"
	scenarioEnqueue = "enqueue"

	metricReturn      = "until the command returns"
	metricTaken       = "taken from the task"
	metricRSS         = "resident, a task"
	metricPrivate     = "private, a task"
	metricWakeups     = "wake-ups in 10 s"
	metricRate        = "tasks a second"
	metricProcesses   = "processes a waiting task"
	metricList        = "list"
	metricRunning     = "list of the running"
	metricStatus      = "status of one"
	metricStartBeside = "start beside them"
	metricDispatch    = "until the next one runs"

	pipeToCat = "cmd | cat > file"
	uncapped  = ours + ", no cap"
)

// Why others are faster, for scenarios that share the reason.
const (
	fasterStart = "a supervisor of the task's own is started, the program was executed, and the records are synced to the disk when bg-start returns; " +
		"others fork and return, or tell a daemon that is up already, and write nothing down."
	fasterQueue = "tsp keeps its queue in the memory of a daemon, and nq a process for each task that waits; bgtasks has neither, syncs each task's records to the disk " +
		"and starts a supervisor for each that runs."
)

// scenarios are all there are, in the order in which they run: first what people
// meet every day, last what takes long to set up.
func scenarios() []scenario {
	list := []scenario{startScenario(), firstByteScenario(), waitScenario(), stopScenario()}
	list = append(list, outputScenarios()...)
	list = append(list, idleScenarios()...)
	list = append(list, batchScenario(), callsScenario())
	list = append(list, queueScenarios()...)
	list = append(list, eventScenarios()...)
	return append(list, populationScenarios()...)
}
