package proc

const maxrssPerKB = 1
