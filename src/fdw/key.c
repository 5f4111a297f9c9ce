/*
 * fdw/key.c
 *	  Conditions on values that CQL cannot hold, by values that it can.
 *
 * Backend thread. Owns nothing.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/inet.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "fdw/compat.h"
#include "fdw/key.h"

/* Where a value lies among those that can be stored. */
typedef enum Place
{
	PLACE_ON,					/* it is one of them */
	PLACE_BETWEEN,				/* the next lower one takes its place */
	PLACE_BELOW,				/* below all */
	PLACE_ABOVE,				/* above all */
	PLACE_NOWHERE				/* equal to none, and there is no order */
} Place;

static int64
integer_datum(Datum value, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

/* Both the CQL column and the foreign table's have a range. */
static int
integer_bits(CqlTypeId cql, Oid column)
{
	int			bytes = cql == CQL_TYPE_TINYINT ? 1 : cql == CQL_TYPE_SMALLINT ? 2 : cql == CQL_TYPE_INT ? 4 : 8;
	int			column_bytes = column == INT2OID ? 2 : column == INT4OID ? 4 : 8;

	return Min(bytes, column_bytes) * 8;
}

static Place
place_integer(const ScyllaConverter *c, Oid type, Datum *value)
{
	int64		n = integer_datum(*value, type);
	int			bits = integer_bits(c->cql->id, c->basetype);

	if (bits < 64 && n < -(INT64CONST(1) << (bits - 1)))
		return PLACE_BELOW;
	if (bits < 64 && n >= INT64CONST(1) << (bits - 1))
		return PLACE_ABOVE;
	*value = c->basetype == INT2OID ? Int16GetDatum((int16) n) :
		c->basetype == INT4OID ? Int32GetDatum((int32) n) : Int64GetDatum(n);
	return PLACE_ON;
}

/* CQL has milliseconds. */
static Place
place_timestamp(Datum *value)
{
	Timestamp	t = DatumGetTimestamp(*value);
	Timestamp	rest = t % 1000;

	if (TIMESTAMP_IS_NOBEGIN(t))
		return PLACE_BELOW;
	if (TIMESTAMP_IS_NOEND(t))
		return PLACE_ABOVE;
	if (rest == 0)
		return PLACE_ON;
	*value = TimestampGetDatum(t - rest - (rest < 0 ? 1000 : 0));
	return PLACE_BETWEEN;
}

static Place
place_numeric(const ScyllaConverter *c, Datum *value)
{
	Numeric		n = DatumGetNumeric(*value);
	Datum		lower;

	if (numeric_is_nan(n))
		return PLACE_ABOVE;
	if (numeric_is_inf(n))
		return DatumGetBool(DirectFunctionCall2(numeric_gt, *value, NumericGetDatum(int64_to_numeric(0)))) ?
			PLACE_ABOVE : PLACE_BELOW;
	if (c->cql->id == CQL_TYPE_DECIMAL)
	{
		/* equal ones of an IN list are to be the same bytes */
		*value = DirectFunctionCall1(numeric_trim_scale, *value);
		return PLACE_ON;
	}
	lower = DirectFunctionCall1(numeric_floor, *value);
	if (DatumGetBool(DirectFunctionCall2(numeric_eq, *value, lower)))
		return PLACE_ON;
	*value = lower;
	return PLACE_BETWEEN;
}

static Place
place_text(const ScyllaConverter *c, Datum value)
{
	text	   *t = DatumGetTextPP(value);

	if (c->cql->id != CQL_TYPE_ASCII)
		return PLACE_ON;
	for (size_t i = 0; i < VARSIZE_ANY_EXHDR(t); i++)
	{
		if ((unsigned char) VARDATA_ANY(t)[i] > 0x7f)
			return PLACE_NOWHERE;
	}
	return PLACE_ON;
}

static Place
place_date(Datum value)
{
	DateADT		d = DatumGetDateADT(value);

	if (DATE_IS_NOBEGIN(d))
		return PLACE_BELOW;
	return DATE_IS_NOEND(d) ? PLACE_ABOVE : PLACE_ON;
}

static Place
place(const ScyllaConverter *c, Oid type, Datum *value)
{
	inet	   *ip;

	switch (c->basetype)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return place_integer(c, type, value);
		case NUMERICOID:
			return place_numeric(c, value);
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return place_timestamp(value);
		case DATEOID:
			return place_date(*value);
		case TIMEOID:
			return DatumGetTimeADT(*value) < USECS_PER_DAY ? PLACE_ON : PLACE_ABOVE;
		case TEXTOID:
		case VARCHAROID:
			return place_text(c, *value);
		case UUIDOID:
			return c->cql->id != CQL_TYPE_TIMEUUID || DatumGetUUIDP(*value)->data[6] >> 4 == 1 ?
				PLACE_ON : PLACE_NOWHERE;
		case INETOID:
			ip = DatumGetInetPP(*value);
			return ip_bits(ip) == ip_maxbits(ip) ? PLACE_ON : PLACE_NOWHERE;
		default:
			return PLACE_ON;
	}
}

bool
scyllaKeyCondition(const ScyllaConverter *converter, Oid type, ScyllaOperator *op, Datum *value)
{
	bool		upper = *op == SCYLLA_LT || *op == SCYLLA_LE;
	bool		equal = *op == SCYLLA_EQ || *op == SCYLLA_IN;
	Place		where = place(converter, type, value);

	if (where == PLACE_ON)
		return true;
	if (equal || where == PLACE_NOWHERE)
		return false;
	if (where == PLACE_BETWEEN)
	{
		*op = upper ? SCYLLA_LE : SCYLLA_GT;
		return true;
	}
	if ((where == PLACE_BELOW) == upper)
		return false;
	*op = SCYLLA_ANY;
	return true;
}
