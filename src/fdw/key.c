/*
 * fdw/key.c
 *	  Values that a scan looks for.
 *
 * Backend thread. Owns nothing.
 */
#include "postgres.h"

#include <sys/socket.h>

#include "catalog/pg_type.h"
#include "utils/date.h"
#include "utils/inet.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "fdw/compat.h"
#include "fdw/key.h"

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

static bool
integer_fits(int64 value, CqlTypeId cql, Oid column)
{
	int			bytes = cql == CQL_TYPE_TINYINT ? 1 : cql == CQL_TYPE_SMALLINT ? 2 : cql == CQL_TYPE_INT ? 4 : 8;
	int			column_bytes = column == INT2OID ? 2 : column == INT4OID ? 4 : 8;
	int			bits = Min(bytes, column_bytes) * 8;

	return bits == 64 || (value >= -(INT64CONST(1) << (bits - 1)) && value < (INT64CONST(1) << (bits - 1)));
}

static bool
inet_is_host(Datum value)
{
	inet	   *ip = DatumGetInetPP(value);

	return ip_bits(ip) == ip_maxbits(ip);
}

bool
scyllaKeyCanBeStored(const ScyllaConverter *converter, Oid type, Datum value)
{
	CqlTypeId	cql = converter->cql->id;

	switch (converter->pgtype)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return integer_fits(integer_datum(value, type), cql, converter->pgtype);
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return !TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value)) && DatumGetTimestamp(value) % 1000 == 0;
		case DATEOID:
			return !DATE_NOT_FINITE(DatumGetDateADT(value));
		case TIMEOID:
			return DatumGetTimeADT(value) < USECS_PER_DAY;
		case UUIDOID:
			return cql != CQL_TYPE_TIMEUUID || DatumGetUUIDP(value)->data[6] >> 4 == 1;
		case INETOID:
			return inet_is_host(value);
		default:
			return true;
	}
}

Datum
scyllaKeyValue(const ScyllaConverter *converter, Oid type, Datum value)
{
	switch (converter->pgtype)
	{
		case INT2OID:
			return Int16GetDatum((int16) integer_datum(value, type));
		case INT4OID:
			return Int32GetDatum((int32) integer_datum(value, type));
		case INT8OID:
			return Int64GetDatum(integer_datum(value, type));
		default:
			return value;
	}
}
