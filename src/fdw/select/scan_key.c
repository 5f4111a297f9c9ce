/*
 * fdw/select/scan_key.c
 *	  Conditions on values that CQL cannot hold, by values that it can.
 *
 * Backend thread. Owns nothing. Invariants: what is appended means the same by *op as
 * the value does by the operator that came in; false: nothing was appended.
 *
 * CQL cannot hold 3000000000 for an int, or microseconds for a timestamp. Such a
 * value is replaced, when the scan begins, by one that means the same. A condition
 * that holds for all values, as < 'infinity' does, becomes a bound at the end of the
 * type, since the condition does not hold for NULL.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/inet.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "fdw/compat.h"
#include "fdw/select/scan_key.h"
#include "fdw/type/number.h"
#include "fdw/type/scalar_text.h"

/* Where a value lies among those that can be stored. */
typedef enum Position
{
	POSITION_ON,				/* it is one of them */
	POSITION_BETWEEN,			/* the next lower one takes its place */
	POSITION_BELOW,				/* below all */
	POSITION_ABOVE,				/* above all */
	POSITION_NOWHERE			/* equal to none, and there is no order */
} Position;

/* Both the CQL column and the foreign table's have a range. */
static int
integer_bits(CqlTypeId cql, Oid column)
{
	int			bytes = cql == CQL_TYPE_TINYINT ? 1 : cql == CQL_TYPE_SMALLINT ? 2 : cql == CQL_TYPE_INT ? 4 : 8;
	int			column_bytes = column == INT2OID ? 2 : column == INT4OID ? 4 : 8;

	return Min(bytes, column_bytes) * 8;
}

static Position
position_of_integer(const ScyllaConverter *c, Oid type, Datum *value)
{
	int64		n = scyllaIntegerOfDatum(type, *value);
	int			bits = integer_bits(c->cql->id, c->basetype);

	if (bits < 64 && n < -(INT64CONST(1) << (bits - 1)))
		return POSITION_BELOW;
	if (bits < 64 && n >= INT64CONST(1) << (bits - 1))
		return POSITION_ABOVE;
	*value = c->basetype == INT2OID ? Int16GetDatum((int16) n) :
		c->basetype == INT4OID ? Int32GetDatum((int32) n) : Int64GetDatum(n);
	return POSITION_ON;
}

/* CQL has milliseconds. */
static Position
position_of_timestamp(Datum *value)
{
	Timestamp	t = DatumGetTimestamp(*value);
	Timestamp	rest = t % 1000;

	if (TIMESTAMP_IS_NOBEGIN(t))
		return POSITION_BELOW;
	if (TIMESTAMP_IS_NOEND(t))
		return POSITION_ABOVE;
	if (rest == 0)
		return POSITION_ON;
	*value = TimestampGetDatum(t - rest - (rest < 0 ? 1000 : 0));
	return POSITION_BETWEEN;
}

static Position
position_of_numeric(const ScyllaConverter *c, Datum *value)
{
	Numeric		n = DatumGetNumeric(*value);
	Datum		lower;

	if (numeric_is_nan(n))
		return POSITION_ABOVE;
	if (numeric_is_inf(n))
		return DatumGetBool(DirectFunctionCall2(numeric_gt, *value, NumericGetDatum(int64_to_numeric(0)))) ?
			POSITION_ABOVE : POSITION_BELOW;
	if (c->cql->id == CQL_TYPE_DECIMAL)
	{
		/* equal ones of an IN list are to be the same bytes */
		*value = DirectFunctionCall1(numeric_trim_scale, *value);
		return POSITION_ON;
	}
	lower = DirectFunctionCall1(numeric_floor, *value);
	if (DatumGetBool(DirectFunctionCall2(numeric_eq, *value, lower)))
		return POSITION_ON;
	*value = lower;
	return POSITION_BETWEEN;
}

static Position
position_of_text(const ScyllaConverter *c, Datum value)
{
	text	   *t = DatumGetTextPP(value);

	if (c->cql->id != CQL_TYPE_ASCII)
		return POSITION_ON;
	for (size_t i = 0; i < VARSIZE_ANY_EXHDR(t); i++)
	{
		if ((unsigned char) VARDATA_ANY(t)[i] > 0x7f)
			return POSITION_NOWHERE;
	}
	return POSITION_ON;
}

static Position
position_of_date(Datum value)
{
	DateADT		d = DatumGetDateADT(value);

	if (DATE_IS_NOBEGIN(d))
		return POSITION_BELOW;
	return DATE_IS_NOEND(d) ? POSITION_ABOVE : POSITION_ON;
}

static Position
position_of(const ScyllaConverter *c, Oid type, Datum *value)
{
	inet	   *ip;

	switch (c->basetype)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return position_of_integer(c, type, value);
		case NUMERICOID:
			return position_of_numeric(c, value);
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return position_of_timestamp(value);
		case DATEOID:
			return position_of_date(*value);
		case TIMEOID:
			return DatumGetTimeADT(*value) < USECS_PER_DAY ? POSITION_ON : POSITION_ABOVE;
		case TEXTOID:
		case VARCHAROID:
			return position_of_text(c, *value);
		case UUIDOID:
			return c->cql->id != CQL_TYPE_TIMEUUID || DatumGetUUIDP(*value)->data[6] >> 4 == 1 ?
				POSITION_ON : POSITION_NOWHERE;
		case INETOID:
			ip = DatumGetInetPP(*value);
			return ip_bits(ip) == ip_maxbits(ip) ? POSITION_ON : POSITION_NOWHERE;
		default:
			return POSITION_ON;
	}
}

bool
scyllaKeyHolds(const ScyllaConverter *converter, Oid type, Datum value)
{
	return position_of(converter, type, &value) == POSITION_ON;
}

/* ---- series ---- */

#define FARTHEST_RANK (INT64CONST(1) << 62) /* of a numeric that is looked up as one of a series */

/* The integer that a numeric bound stands for: x > 1.5 is x >= 2. */
static Datum
integer_bound(Datum bound, ScyllaOperator op)
{
	bool		up = op == SCYLLA_GE || op == SCYLLA_LT;
	Datum		one = NumericGetDatum(int64_to_numeric(1));
	Datum		n = DirectFunctionCall1(up ? numeric_ceil : numeric_floor, bound);

	if (op == SCYLLA_GT)
		return DirectFunctionCall2(numeric_add, n, one);
	return op == SCYLLA_LT ? DirectFunctionCall2(numeric_sub, n, one) : n;
}

static bool
is_less(Datum a, Datum b)
{
	return DatumGetBool(DirectFunctionCall2(numeric_lt, a, b));
}

/*
 * Beyond FARTHEST_RANK a range counts as open on that side, which is far enough away
 * from all other ranks for the range to have too many values. NaN is above all, as an
 * infinity.
 */
static bool
number_numeric_bound(Datum bound, ScyllaOperator op, int64 *rank)
{
	Datum		n = integer_bound(bound, op);
	bool		upper = op == SCYLLA_LT || op == SCYLLA_LE;
	bool		above = is_less(NumericGetDatum(int64_to_numeric(FARTHEST_RANK)), n);

	*rank = upper ? PG_INT64_MAX : PG_INT64_MIN;
	if (numeric_is_nan(DatumGetNumeric(n)) || numeric_is_inf(DatumGetNumeric(n)))
		return above == upper;
	if (!above && !is_less(n, NumericGetDatum(int64_to_numeric(-FARTHEST_RANK))))
		*rank = DatumGetInt64(DirectFunctionCall1(numeric_int8, n));
	return true;
}

bool
scyllaSeriesRank(Oid type, Datum bound, ScyllaOperator op, int64 *rank)
{
	if (type == NUMERICOID)
		return number_numeric_bound(bound, op, rank);
	*rank = type == DATEOID ? (int64) DatumGetDateADT(bound) : scyllaIntegerOfDatum(type, bound);
	return op == SCYLLA_GT ? !pg_add_s64_overflow(*rank, 1, rank) :
		op == SCYLLA_LT ? !pg_sub_s64_overflow(*rank, 1, rank) : true;
}

void
scyllaSeriesLimits(const ScyllaConverter *c, int64 *first, int64 *last)
{
	int			bits = c->basetype == DATEOID ? 32 : integer_bits(c->cql->id, c->basetype);

	*first = bits < 64 ? -(INT64CONST(1) << (bits - 1)) : PG_INT64_MIN;
	*last = bits < 64 ? (INT64CONST(1) << (bits - 1)) - 1 : PG_INT64_MAX;
}

Datum
scyllaSeriesValue(const ScyllaConverter *c, int64 rank)
{
	if (c->basetype == DATEOID)
		return DateADTGetDatum((DateADT) rank);
	if (c->basetype == NUMERICOID)
		return NumericGetDatum(int64_to_numeric(rank));
	return c->basetype == INT2OID ? Int16GetDatum((int16) rank) :
		c->basetype == INT4OID ? Int32GetDatum((int32) rank) : Int64GetDatum(rank);
}

/* ---- values ---- */

/*
 * 1000 as 1E+3, which a condition compares alike: no partition is looked up by the
 * bytes of a decimal. By all of its digits, a node takes 30 ms to compare 1e131071
 * with the value of one row.
 */
static void
put_decimal(const ScyllaConverter *c, Datum value, CqlBuffer *body)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
	size_t		length = strlen(text);
	size_t		zeros = 0;

	while (strchr(text, '.') == NULL && zeros + 1 < length && text[length - zeros - 1] == '0')
		zeros++;
	if (zeros > 0)
		text = psprintf("%.*sE%zu", (int) (length - zeros), text, zeros);
	scyllaPutDecimal(body, c->cql, text, (int) strlen(text));
}

static void
put_value(ScyllaConverter *c, Datum value, CqlBuffer *body)
{
	if (c->cql->id == CQL_TYPE_DECIMAL && c->basetype == NUMERICOID)
		put_decimal(c, value, body);
	else
		c->encode(c, value, body);
}

/* ---- the ends of a type ---- */

/* What PostgreSQL's numeric can hold has at most 131072 digits before the point. */
#define NUMERIC_DIGITS 131072
#define NUMERIC_BYTES 54428		/* of a varint as long, sign included */

static void
put_filled(CqlBuffer *b, uint8_t first, uint8_t rest, int length)
{
	cql_put_u8(b, first);
	for (int i = 1; i < length; i++)
		cql_put_u8(b, rest);
}

/* In two's complement. */
static void
put_number(CqlBuffer *b, bool greatest, int length)
{
	put_filled(b, greatest ? 0x7f : 0x80, greatest ? 0xff : 0, length);
}

/* The greatest or the least of all values: what is above all may take its place, but for NULL. */
static void
put_end(const ScyllaConverter *c, bool greatest, CqlBuffer *b)
{
	switch (c->cql->id)
	{
		case CQL_TYPE_TINYINT:
			put_number(b, greatest, 1);
			break;
		case CQL_TYPE_SMALLINT:
			put_number(b, greatest, 2);
			break;
		case CQL_TYPE_INT:
			put_number(b, greatest, 4);
			break;
		case CQL_TYPE_VARINT:
			put_number(b, greatest, NUMERIC_BYTES);
			break;
		case CQL_TYPE_DECIMAL:
			cql_put_u32(b, (uint32_t) -NUMERIC_DIGITS);
			cql_put_u8(b, greatest ? 1 : 0xff);
			break;
		case CQL_TYPE_DATE:
			put_filled(b, greatest ? 0xff : 0, greatest ? 0xff : 0, 4);
			break;
		case CQL_TYPE_TIME:
			cql_put_u64(b, greatest ? UINT64CONST(86400) * 1000000000 - 1 : 0);
			break;
		default:				/* bigint, timestamp */
			put_number(b, greatest, 8);
			break;
	}
}

bool
scyllaKeyCondition(ScyllaConverter *converter, Oid type, ScyllaOperator *op, Datum value, CqlBuffer *body)
{
	bool		upper = *op == SCYLLA_LT || *op == SCYLLA_LE;
	bool		lower = *op == SCYLLA_GT || *op == SCYLLA_GE;
	Position	where = position_of(converter, type, &value);

	if (where == POSITION_ON)
	{
		put_value(converter, value, body);
		return true;
	}
	if ((!upper && !lower) || where == POSITION_NOWHERE || where == (upper ? POSITION_BELOW : POSITION_ABOVE))
		return false;
	if (where == POSITION_BETWEEN)
	{
		*op = upper ? SCYLLA_LE : SCYLLA_GT;
		converter->encode(converter, value, body);
		return true;
	}
	*op = upper ? SCYLLA_LE : SCYLLA_GE;
	put_end(converter, upper, body);
	return true;
}
