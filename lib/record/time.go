package record

import "time"

// TimeFormat is how records write a time: RFC 3339 in UTC with milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// AppendTime appends t in TimeFormat, without quotes, for years 0 to 9999. The
// formatter of package time would bring its parser and its zone files into the
// shim, a tenth of whose size they are.
func AppendTime(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	day, rest := floorDiv(ms, 24*60*60*1000)
	year, month, dayOfMonth := civil(day)
	b = appendDigits(b, year, 4)
	b = appendDigits(append(b, '-'), month, 2)
	b = appendDigits(append(b, '-'), dayOfMonth, 2)
	b = appendDigits(append(b, 'T'), rest/(60*60*1000), 2)
	b = appendDigits(append(b, ':'), rest/(60*1000)%60, 2)
	b = appendDigits(append(b, ':'), rest/1000%60, 2)
	b = appendDigits(append(b, '.'), rest%1000, 3)
	return append(b, 'Z')
}

// daysIn400 is the length of the Gregorian calendar's period, in days.
const daysIn400 = 146097

// civil turns days since 1970-01-01 into a date of the Gregorian calendar.
// Years begin in March here, so that the leap day is the last of its year, and
// months have the regular lengths (153*m+2)/5.
func civil(day int64) (year, month, dayOfMonth int64) {
	era, doe := floorDiv(day+719468, daysIn400) // from 0000-03-01
	yoe := (doe - doe/1460 + doe/36524 - doe/(daysIn400-1)) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	m := (5*doy + 2) / 153
	month = m + 3
	year = yoe + era*400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, doy - (153*m+2)/5 + 1
}

// parseTime reads what AppendTime writes, and nothing else. Package time would
// bring its zones into the shim.
func parseTime(b []byte) (time.Time, bool) {
	ok := true
	digits := func(from, to int) (n int64) {
		for _, c := range b[from:to] {
			ok = ok && c >= '0' && c <= '9'
			n = n*10 + int64(c-'0')
		}
		return n
	}
	for i, c := range []byte(TimeFormat) {
		if c < '0' || c > '9' {
			ok = ok && b[i] == c
		}
	}
	day := days(digits(0, 4), digits(5, 7), digits(8, 10))
	seconds := day*24*60*60 + digits(11, 13)*60*60 + digits(14, 16)*60 + digits(17, 19)
	return time.UnixMilli(seconds*1000 + digits(20, 23)).UTC(), ok
}

// days is the inverse of civil.
func days(year, month, dayOfMonth int64) int64 {
	if month < 3 {
		year--
	}
	era, yoe := floorDiv(year, 400)
	doy := (153*((month+9)%12)+2)/5 + dayOfMonth - 1
	return era*daysIn400 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

func floorDiv(a, b int64) (quotient, remainder int64) {
	quotient, remainder = a/b, a%b
	if remainder < 0 {
		quotient, remainder = quotient-1, remainder+b
	}
	return quotient, remainder
}

func appendDigits(b []byte, n int64, width int) []byte {
	for range width {
		b = append(b, '0')
	}
	for i := len(b) - 1; i >= len(b)-width; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}
