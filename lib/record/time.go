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

// civil turns days since 1970-01-01 into a date of the Gregorian calendar.
// Years begin in March here, so that the leap day is the last of its year, and
// months have the regular lengths (153*m+2)/5.
func civil(day int64) (year, month, dayOfMonth int64) {
	const daysIn400 = 146097
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
