package proc

// BootMs is the time since the system was booted, in milliseconds. Nobody can set
// that clock, and it goes on while the system is suspended: CLOCK_BOOTTIME
// (clock_gettime(2), Linux 2.6.39). Where there is none it is CLOCK_MONOTONIC,
// which may stand still meanwhile.
func BootMs() (int64, error) {
	ms, err := bootMs()
	return ms, wrap("read the clock", err)
}
