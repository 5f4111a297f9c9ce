/*
 * fdw/type/time_text.c
 *	  The text form of CQL's timestamp, date, time and duration over their whole range.
 *
 * Backend thread. Owns nothing.
 *
 * Dates are those of the proleptic Gregorian calendar with a year 0 and negative
 * years, as ISO 8601 and the server count them. A timestamp without a zone is UTC.
 * Integers stand for what is on the wire, as in CQL: milliseconds since the epoch,
 * days with the epoch at 2^31, nanoseconds of the day.
 *
 * Invariant: what is appended is parsed back to the same bytes, except for a time
 * outside of the day, which the server stores but no literal can say.
 */
#include "postgres.h"

#include "common/int.h"

#include "fdw/compat.h"
#include "fdw/type/time_text.h"

#define MILLIS_PER_DAY INT64CONST(86400000)
#define NANOS_PER_SECOND INT64CONST(1000000000)
#define NANOS_PER_MILLI INT64CONST(1000000)

/* Years beyond it are far outside of every type; days of those within fit int64. */
#define YEAR_LIMIT INT64CONST(1000000000)

/* ---- calendar, after Howard Hinnant's days_from_civil and civil_from_days ---- */

static int64
floor_divide(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

static int64
days_of_date(int64 year, int month, int day)
{
	int64		y = month <= 2 ? year - 1 : year;
	int64		era = floor_divide(y, 400);
	int64		year_of_era = y - era * 400;
	int64		day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
		719468;
}

static void
append_date(StringInfo out, int64 days)
{
	int64		era = floor_divide(days + 719468, 146097);
	int64		day_of_era = days + 719468 - era * 146097;
	int64		year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
							   day_of_era / 146096) / 365;
	int64		day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int			shifted = (int) ((5 * day_of_year + 2) / 153);	/* months from March */
	int			day = (int) (day_of_year - (153 * shifted + 2) / 5 + 1);
	int			month = shifted < 10 ? shifted + 3 : shifted - 9;
	int64		year = year_of_era + era * 400 + (month <= 2);

	appendStringInfo(out, "%s%04lld-%02d-%02d", year < 0 ? "-" : year > 9999 ? "+" : "",
					 (long long) (year < 0 ? -year : year), month, day);
}

static int
days_in_month(int64 year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* ---- scanning: each returns false, and leaves *at somewhere, if the text is not of its form ---- */

static bool
scan_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool
scan_digits(const char **at, int min, int max, int64 *value)
{
	int			n = 0;

	*value = 0;
	for (; n < max && isdigit((unsigned char) **at); n++)
		*value = *value * 10 + (*(*at)++ - '0');
	return n >= min;
}

/* Up to nine digits behind the point, as nanoseconds. */
static bool
scan_fraction(const char **at, int64 *nanos)
{
	const char *start = *at;

	if (!scan_digits(at, 1, 9, nanos))
		return false;
	for (int i = *at - start; i < 9; i++)
		*nanos *= 10;
	return true;
}

/* A whole number with an optional minus that takes all of the text. */
static bool
scan_integer(const char *text, int64 *value, bool *overflow)
{
	char	   *end;

	if (text[*text == '-'] == '\0' || text[strspn(text, "-0123456789")] != '\0')
		return false;
	errno = 0;
	*value = strtoll(text, &end, 10);
	*overflow = errno != 0;
	return *end == '\0';
}

static ScyllaParsed
scan_date(const char **at, int64 *days)
{
	bool		negative = scan_char(at, '-');
	int64		year;
	int64		month;
	int64		day;

	if (!negative)
		(void) scan_char(at, '+');
	if (!scan_digits(at, 4, 10, &year) || !scan_char(at, '-') || !scan_digits(at, 2, 2, &month) ||
		!scan_char(at, '-') || !scan_digits(at, 2, 2, &day))
		return SCYLLA_PARSE_INVALID;
	if (negative)
		year = -year;
	if (year > YEAR_LIMIT || year < -YEAR_LIMIT || month < 1 || month > 12 || day < 1 ||
		day > days_in_month(year, (int) month))
		return SCYLLA_PARSE_RANGE;
	*days = days_of_date(year, (int) month, (int) day);
	return SCYLLA_PARSE_OK;
}

static ScyllaParsed
scan_time_of_day(const char **at, int64 *nanos)
{
	int64		hour;
	int64		minute;
	int64		second = 0;
	int64		fraction = 0;

	if (!scan_digits(at, 2, 2, &hour) || !scan_char(at, ':') || !scan_digits(at, 2, 2, &minute))
		return SCYLLA_PARSE_INVALID;
	if (scan_char(at, ':') &&
		(!scan_digits(at, 2, 2, &second) || (scan_char(at, '.') && !scan_fraction(at, &fraction))))
		return SCYLLA_PARSE_INVALID;
	if (hour > 23 || minute > 59 || second > 59)
		return SCYLLA_PARSE_RANGE;
	*nanos = (hour * 3600 + minute * 60 + second) * NANOS_PER_SECOND + fraction;
	return SCYLLA_PARSE_OK;
}

/* Z, +01, +0130 or +01:30; nothing is UTC. */
static ScyllaParsed
scan_zone(const char **at, int64 *millis)
{
	bool		negative = **at == '-';
	int64		hour;
	int64		minute = 0;

	*millis = 0;
	if (**at == '\0' || scan_char(at, 'Z') || scan_char(at, 'z'))
		return SCYLLA_PARSE_OK;
	if ((!scan_char(at, '+') && !scan_char(at, '-')) || !scan_digits(at, 2, 2, &hour))
		return SCYLLA_PARSE_INVALID;
	(void) scan_char(at, ':');
	if (**at != '\0' && !scan_digits(at, 2, 2, &minute))
		return SCYLLA_PARSE_INVALID;
	if (hour > 18 || minute > 59)
		return SCYLLA_PARSE_RANGE;
	*millis = (hour * 60 + minute) * 60000 * (negative ? -1 : 1);
	return SCYLLA_PARSE_OK;
}

/* ---- timestamp, date, time ---- */

/* Below the epoch from the day's end, or the first millisecond of all would overflow half-way. */
static bool
join_millis(int64 days, int64 millis, int64 *result)
{
	if (days < 0)
	{
		days++;
		millis -= MILLIS_PER_DAY;
	}
	return !pg_mul_s64_overflow(days, MILLIS_PER_DAY, result) &&
		!pg_add_s64_overflow(*result, millis, result);
}

static ScyllaParsed
parse_timestamp(CqlBuffer *out, const char *at)
{
	ScyllaParsed parsed;
	int64		days;
	int64		nanos = 0;
	int64		zone = 0;
	int64		millis;

	parsed = scan_date(&at, &days);
	if (parsed == SCYLLA_PARSE_OK && (scan_char(&at, 'T') || scan_char(&at, 't') || scan_char(&at, ' ')))
		parsed = scan_time_of_day(&at, &nanos);
	if (parsed == SCYLLA_PARSE_OK)
		parsed = scan_zone(&at, &zone);
	if (parsed == SCYLLA_PARSE_OK && *at != '\0')
		return SCYLLA_PARSE_INVALID;
	if (parsed != SCYLLA_PARSE_OK)
		return parsed;
	if (!join_millis(days, nanos / NANOS_PER_MILLI, &millis) ||
		pg_sub_s64_overflow(millis, zone, &millis))
		return SCYLLA_PARSE_RANGE;
	cql_put_u64(out, (uint64) millis);
	return SCYLLA_PARSE_OK;
}

static ScyllaParsed
parse_date(CqlBuffer *out, const char *at)
{
	int64		days;
	ScyllaParsed parsed = scan_date(&at, &days);

	if (parsed != SCYLLA_PARSE_OK)
		return parsed;
	if (*at != '\0')
		return SCYLLA_PARSE_INVALID;
	if (days < PG_INT32_MIN || days > PG_INT32_MAX)
		return SCYLLA_PARSE_RANGE;
	cql_put_u32(out, (uint32) days + CQL_DATE_EPOCH);
	return SCYLLA_PARSE_OK;
}

static ScyllaParsed
parse_time_of_day(CqlBuffer *out, const char *at)
{
	int64		nanos;
	ScyllaParsed parsed = scan_time_of_day(&at, &nanos);

	if (parsed != SCYLLA_PARSE_OK)
		return parsed;
	if (*at != '\0')
		return SCYLLA_PARSE_INVALID;
	cql_put_u64(out, (uint64) nanos);
	return SCYLLA_PARSE_OK;
}

static ScyllaParsed
parse_raw(CqlBuffer *out, CqlTypeId id, int64 value)
{
	if (id == CQL_TYPE_TIMESTAMP)
	{
		cql_put_u64(out, (uint64) value);
		return SCYLLA_PARSE_OK;
	}
	if (value < 0 || value > (id == CQL_TYPE_DATE ? (int64) PG_UINT32_MAX : CQL_NANOS_PER_DAY - 1))
		return SCYLLA_PARSE_RANGE;
	if (id == CQL_TYPE_DATE)
		cql_put_u32(out, (uint32) value);
	else
		cql_put_u64(out, (uint64) value);
	return SCYLLA_PARSE_OK;
}

/* With nine digits behind the point, or three for a timestamp. */
static void
append_time_of_day(StringInfo out, int64 nanos, int digits)
{
	int64		seconds = nanos / NANOS_PER_SECOND;

	appendStringInfo(out, "%02d:%02d:%02d.%0*d", (int) (seconds / 3600), (int) (seconds / 60 % 60),
					 (int) (seconds % 60), digits,
					 (int) (nanos % NANOS_PER_SECOND / (digits == 3 ? NANOS_PER_MILLI : 1)));
}

static void
append_timestamp(StringInfo out, int64 millis)
{
	int64		days = floor_divide(millis, MILLIS_PER_DAY);
	int64		rest = millis % MILLIS_PER_DAY;

	if (rest < 0)
		rest += MILLIS_PER_DAY;
	append_date(out, days);
	appendStringInfoChar(out, 'T');
	append_time_of_day(out, rest * NANOS_PER_MILLI, 3);
	appendStringInfoChar(out, 'Z');
}

/* ---- duration ---- */

typedef struct DurationUnit
{
	const char *name;
	int			months;			/* one of the three is set */
	int			days;
	int64		nanos;
} DurationUnit;

static const DurationUnit cql_units[] = {
	{"y", 12, 0, 0}, {"mo", 1, 0, 0}, {"w", 0, 7, 0}, {"d", 0, 1, 0},
	{"h", 0, 0, 3600 * NANOS_PER_SECOND}, {"m", 0, 0, 60 * NANOS_PER_SECOND},
	{"s", 0, 0, NANOS_PER_SECOND}, {"ms", 0, 0, NANOS_PER_MILLI}, {"us", 0, 0, 1000},
	{"\302\265s", 0, 0, 1000}, {"ns", 0, 0, 1}, {NULL, 0, 0, 0},
};
static const DurationUnit iso_date_units[] = {
	{"Y", 12, 0, 0}, {"M", 1, 0, 0}, {"W", 0, 7, 0}, {"D", 0, 1, 0}, {NULL, 0, 0, 0},
};
static const DurationUnit iso_time_units[] = {
	{"H", 0, 0, 3600 * NANOS_PER_SECOND}, {"M", 0, 0, 60 * NANOS_PER_SECOND},
	{"S", 0, 0, NANOS_PER_SECOND}, {NULL, 0, 0, 0},
};

/* The unit's name is all up to the next number: "m" must not match in "ms". */
static const DurationUnit *
scan_unit(const char **at, const DurationUnit *units)
{
	size_t		len = strcspn(*at, "+-.0123456789Tt");

	for (; units->name; units++)
	{
		if (strlen(units->name) != len || pg_strncasecmp(units->name, *at, len) != 0)
			continue;
		*at += len;
		return units;
	}
	return NULL;
}

typedef struct DurationSum
{
	int64		months;
	int64		days;
	int64		nanos;
} DurationSum;

static bool
add_product(int64 *sum, int64 n, int64 factor)
{
	int64		product;

	return !pg_mul_s64_overflow(n, factor, &product) && !pg_add_s64_overflow(*sum, product, sum);
}

/* One number and its unit, in ISO with a sign of its own and a fraction of seconds. */
static ScyllaParsed
scan_part(const char **at, const DurationUnit *units, bool negative, DurationSum *sum)
{
	const DurationUnit *unit;
	bool		iso = units != cql_units;
	int64		n;
	int64		fraction = 0;

	if (iso && scan_char(at, '-'))
		negative = !negative;
	if (strspn(*at, "0123456789") > 18)
		return SCYLLA_PARSE_RANGE;
	if (!scan_digits(at, 1, 18, &n) || (iso && scan_char(at, '.') && !scan_fraction(at, &fraction)))
		return SCYLLA_PARSE_INVALID;
	unit = scan_unit(at, units);
	if (!unit || (fraction != 0 && unit->nanos != NANOS_PER_SECOND))
		return SCYLLA_PARSE_INVALID;
	if (negative)
	{
		n = -n;
		fraction = -fraction;
	}
	if (!add_product(&sum->months, n, unit->months) || !add_product(&sum->days, n, unit->days) ||
		!add_product(&sum->nanos, n, unit->nanos) || !add_product(&sum->nanos, fraction, 1))
		return SCYLLA_PARSE_RANGE;
	return SCYLLA_PARSE_OK;
}

static ScyllaParsed
scan_parts(const char **at, bool negative, DurationSum *sum)
{
	bool		iso = scan_char(at, 'P') || scan_char(at, 'p');
	const DurationUnit *units = iso ? iso_date_units : cql_units;
	ScyllaParsed parsed = SCYLLA_PARSE_OK;

	if (**at == '\0')
		return SCYLLA_PARSE_INVALID;
	while (parsed == SCYLLA_PARSE_OK && **at != '\0')
	{
		if (units == iso_date_units && (scan_char(at, 'T') || scan_char(at, 't')))
			units = iso_time_units;
		parsed = scan_part(at, units, negative, sum);
	}
	return parsed;
}

static ScyllaParsed
parse_duration(CqlBuffer *out, const char *at)
{
	DurationSum sum = {0};
	CqlDuration d;
	bool		negative = scan_char(&at, '-');
	ScyllaParsed parsed = scan_parts(&at, negative, &sum);

	if (parsed != SCYLLA_PARSE_OK)
		return parsed;
	d.months = (int32) sum.months;
	d.days = (int32) sum.days;
	d.nanos = sum.nanos;
	if (d.months != sum.months || d.days != sum.days || !cql_duration_valid(&d))
		return SCYLLA_PARSE_RANGE;
	cql_put_duration(out, &d);
	return SCYLLA_PARSE_OK;
}

static void
append_part(StringInfo out, const char *sign, uint64 n, const char *unit)
{
	if (n > 0)
		appendStringInfo(out, "%s" UINT64_FORMAT "%s", sign, n, unit);
}

static uint64
magnitude(int64 v)
{
	return v < 0 ? -(uint64) v : (uint64) v;
}

static void
append_iso_duration(StringInfo out, const CqlDuration *d, const char *sign)
{
	uint64		months = magnitude(d->months);
	uint64		nanos = magnitude(d->nanos);
	uint64		seconds = nanos / NANOS_PER_SECOND;
	uint32		fraction = nanos % NANOS_PER_SECOND;

	appendStringInfoChar(out, 'P');
	append_part(out, sign, months / 12, "Y");
	append_part(out, sign, months % 12, "M");
	append_part(out, sign, magnitude(d->days), "D");
	if (nanos > 0)
		appendStringInfoChar(out, 'T');
	append_part(out, sign, seconds / 3600, "H");
	append_part(out, sign, seconds / 60 % 60, "M");
	if (fraction == 0)
	{
		append_part(out, sign, seconds % 60, "S");
		return;
	}
	appendStringInfo(out, "%s%u.%09u", sign, (unsigned) (seconds % 60), fraction);
	while (out->data[out->len - 1] == '0')
		out->data[--out->len] = '\0';
	appendStringInfoChar(out, 'S');
}

static void
append_cql_duration(StringInfo out, const CqlDuration *d, const char *sign)
{
	uint64		months = magnitude(d->months);
	uint64		nanos = magnitude(d->nanos);

	appendStringInfoString(out, sign);
	append_part(out, "", months / 12, "y");
	append_part(out, "", months % 12, "mo");
	append_part(out, "", magnitude(d->days), "d");
	append_part(out, "", nanos / NANOS_PER_SECOND / 3600, "h");
	append_part(out, "", nanos / NANOS_PER_SECOND / 60 % 60, "m");
	append_part(out, "", nanos / NANOS_PER_SECOND % 60, "s");
	append_part(out, "", nanos / NANOS_PER_MILLI % 1000, "ms");
	append_part(out, "", nanos / 1000 % 1000, "us");
	append_part(out, "", nanos % 1000, "ns");
}

void
scyllaAppendDuration(StringInfo out, const CqlDuration *d, bool iso)
{
	const char *sign = d->months < 0 || d->days < 0 || d->nanos < 0 ? "-" : "";

	if (d->months == 0 && d->days == 0 && d->nanos == 0)
		appendStringInfoString(out, iso ? "PT0S" : "0s");
	else if (iso)
		append_iso_duration(out, d, sign);
	else
		append_cql_duration(out, d, sign);
}

/* ---- all four ---- */

ScyllaParsed
scyllaParseTime(CqlBuffer *out, CqlTypeId id, const char *text)
{
	int64		raw;
	bool		overflow;

	if (id == CQL_TYPE_DURATION)
		return parse_duration(out, text);
	if (scan_integer(text, &raw, &overflow))
		return overflow ? SCYLLA_PARSE_RANGE : parse_raw(out, id, raw);
	if (id == CQL_TYPE_TIMESTAMP)
		return parse_timestamp(out, text);
	if (id == CQL_TYPE_DATE)
		return parse_date(out, text);
	return parse_time_of_day(out, text);
}

bool
scyllaAppendTime(StringInfo out, CqlTypeId id, CqlBytes body)
{
	CqlDuration d;
	int64		nanos;

	Assert(id == CQL_TYPE_DURATION || body.len == (id == CQL_TYPE_DATE ? 4 : 8));
	if (id == CQL_TYPE_DURATION)
	{
		if (!cql_get_duration(body, &d))
			return false;
		scyllaAppendDuration(out, &d, false);
	}
	else if (id == CQL_TYPE_TIMESTAMP)
		append_timestamp(out, (int64) cql_load_u64(body.data));
	else if (id == CQL_TYPE_DATE)
		append_date(out, (int64) cql_load_u32(body.data) - CQL_DATE_EPOCH);
	else
	{
		/* The server takes any integer for a time; one that is none is shown as it is. */
		nanos = (int64) cql_load_u64(body.data);
		if (nanos < 0 || nanos >= CQL_NANOS_PER_DAY)
			appendStringInfo(out, INT64_FORMAT, nanos);
		else
			append_time_of_day(out, nanos, 9);
	}
	return true;
}
