package proc

// maxrssPerKB: ru_maxrss is in bytes here, see getrusage(2).
const maxrssPerKB = 1024
