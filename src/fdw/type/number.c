/*
 * fdw/type/number.c
 *	  Direct pairs of a CQL number and a PostgreSQL number.
 *
 * Backend thread. Owns nothing. Any integer type meets any other, and numeric meets
 * all of them; what does not fit is refused value by value. The pairs of equal width
 * come first, as bulk loads use them: a byte swap each.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "fdw/compat.h"
#include "fdw/type/number.h"
#include "fdw/type/scalar.h"
#include "fdw/type/scalar_text.h"

/* ---- integers ---- */

static void
encodeInt2(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u16(out, (uint16) DatumGetInt16(value));
}

static void
encodeInt4(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u32(out, (uint32) DatumGetInt32(value));
}

static void
encodeInt8(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u64(out, (uint64) DatumGetInt64(value));
}

static Datum
decodeInt2(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 2, isnull))
		return (Datum) 0;
	return Int16GetDatum((int16) cql_load_u16(body.data));
}

static Datum
decodeInt4(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 4, isnull))
		return (Datum) 0;
	return Int32GetDatum((int32) cql_load_u32(body.data));
}

static Datum
decodeInt8(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 8, isnull))
		return (Datum) 0;
	return Int64GetDatum((int64) cql_load_u64(body.data));
}

/* Bytes of a CQL integer type; varint has any number: -1; 0 for other types. */
static int
cqlIntegerSize(CqlTypeId id)
{
	switch (id)
	{
		case CQL_TYPE_TINYINT:
			return 1;
		case CQL_TYPE_SMALLINT:
			return 2;
		case CQL_TYPE_INT:
			return 4;
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
			return 8;
		case CQL_TYPE_VARINT:
			return -1;
		default:
			return 0;
	}
}

static bool
integerFits(int64 v, int size)
{
	int64		max = size >= 8 ? PG_INT64_MAX : (INT64CONST(1) << (8 * size - 1)) - 1;

	return v <= max && v >= -max - 1;
}

int64
scyllaIntegerOfDatum(Oid type, Datum value)
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

static void
putInteger(ScyllaConverter *self, int64 v, CqlBuffer *out)
{
	int			size = cqlIntegerSize(self->cql->id);

	if (size < 0)
	{
		cql_put_varint_int64(out, v);
		return;
	}
	if (!integerFits(v, size))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s value %lld is out of range for CQL type %s",
						format_type_be(self->basetype), (long long) v,
						scyllaCqlTypeName(self->cql))));
	while (--size >= 0)
		cql_put_u8(out, (uint8) (v >> (8 * size)));
}

/* False: NULL. */
static bool
getInteger(ScyllaConverter *self, CqlBytes body, int64 *v, bool *isnull)
{
	int			size = cqlIntegerSize(self->cql->id);

	if (size < 0)
	{
		*isnull = body.len == 0;
		if (!*isnull && !cql_get_varint_int64(body, v))
			scyllaRaiseUnreadable(self, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "out of range");
		return !*isnull;
	}
	if (!scyllaBodyHas(self, body, size, isnull))
		return false;
	*v = (int8) body.data[0];
	for (int i = 1; i < size; i++)
		*v = (int64) ((uint64) *v << 8 | body.data[i]);
	return true;
}

static void
encodeInteger(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	putInteger(self, scyllaIntegerOfDatum(self->basetype, value), out);
}

static Datum
decodeInteger(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int64		v;

	if (!getInteger(self, body, &v, isnull))
		return (Datum) 0;
	if (!integerFits(v, self->typlen))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value %lld of CQL type %s is out of range for type %s",
						(long long) v, scyllaCqlTypeName(self->cql),
						format_type_be(self->basetype))));
	switch (self->basetype)
	{
		case INT2OID:
			return Int16GetDatum((int16) v);
		case INT4OID:
			return Int32GetDatum((int32) v);
		default:
			return Int64GetDatum(v);
	}
}

/* ---- numeric ---- */

static char *
numericText(Datum value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, value));
}

static void
encodeNumericAsDecimal(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	char	   *text = numericText(value);

	scyllaPutDecimal(out, self->cql, text, strlen(text));
}

/* 5.00 is an integer to anyone who compares it with 5; 5.01 is none. */
static void
encodeNumericAsInteger(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	char	   *text = numericText(value);
	char	   *point = strchr(text, '.');
	char	   *end;
	long long	v;

	if (point && point[1 + strspn(point + 1, "0")] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("numeric value %s is not an integer, as CQL type %s requires",
						text, scyllaCqlTypeName(self->cql))));
	if (point)
		*point = '\0';
	if (self->cql->id == CQL_TYPE_VARINT)
	{
		scyllaPutVarint(out, self->cql, text, strlen(text));
		return;
	}
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("numeric value %s is out of range for CQL type %s",
						text, scyllaCqlTypeName(self->cql))));
	putInteger(self, v, out);
}

static Datum
decodeNumeric(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int64		v;

	*isnull = body.len == 0;
	if (*isnull)
		return (Datum) 0;
	if (self->cql->id == CQL_TYPE_VARINT || self->cql->id == CQL_TYPE_DECIMAL)
		return DirectFunctionCall3(numeric_in, CStringGetDatum(scyllaGetNumber(self->cql, body)),
								   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	if (!getInteger(self, body, &v, isnull))
		return (Datum) 0;
	return NumericGetDatum(int64_to_numeric(v));
}

/* ---- floating point: bits are kept, a narrowing must be exact ---- */

static inline uint32
floatBits(float4 f)
{
	uint32		bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static inline uint64
doubleBits(float8 d)
{
	uint64		bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static inline float4
floatOfBits(uint32 bits)
{
	float4		f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline float8
doubleOfBits(uint64 bits)
{
	float8		d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* Beyond the range of float the cast itself would be undefined. */
static bool
narrow(float8 d, float4 *f)
{
	if (!isnan(d) && !isinf(d) && fabs(d) > FLT_MAX)
		return false;
	*f = (float4) d;
	return isnan(d) || (float8) *f == d;
}

static void
encodeFloat4(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u32(out, floatBits(DatumGetFloat4(value)));
}

static void
encodeFloat8(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u64(out, doubleBits(DatumGetFloat8(value)));
}

static void
encodeFloat4AsDouble(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u64(out, doubleBits(DatumGetFloat4(value)));
}

static void
encodeFloat8AsFloat(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	float4		f;

	if (!narrow(DatumGetFloat8(value), &f))
		scyllaRaiseLossy(self, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "it would lose precision or range");
	cql_put_u32(out, floatBits(f));
}

static Datum
decodeFloat4(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 4, isnull))
		return (Datum) 0;
	return Float4GetDatum(floatOfBits(cql_load_u32(body.data)));
}

static Datum
decodeFloat8(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 8, isnull))
		return (Datum) 0;
	return Float8GetDatum(doubleOfBits(cql_load_u64(body.data)));
}

static Datum
decodeFloatAsFloat8(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 4, isnull))
		return (Datum) 0;
	return Float8GetDatum((float8) floatOfBits(cql_load_u32(body.data)));
}

static Datum
decodeDoubleAsFloat4(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	float4		f;

	if (!scyllaBodyHas(self, body, 8, isnull))
		return (Datum) 0;
	if (!narrow(doubleOfBits(cql_load_u64(body.data)), &f))
		scyllaRaiseUnreadable(self, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "it would lose precision or range");
	return Float4GetDatum(f);
}

/* ---- choice ---- */

static const ScyllaPair pairs[] =
{
	{CQL_TYPE_SMALLINT, INT2OID, encodeInt2, decodeInt2},
	{CQL_TYPE_INT, INT4OID, encodeInt4, decodeInt4},
	{CQL_TYPE_BIGINT, INT8OID, encodeInt8, decodeInt8},
	{CQL_TYPE_COUNTER, INT8OID, encodeInt8, decodeInt8},
	{CQL_TYPE_DECIMAL, NUMERICOID, encodeNumericAsDecimal, decodeNumeric},
	{CQL_TYPE_FLOAT, FLOAT4OID, encodeFloat4, decodeFloat4},
	{CQL_TYPE_FLOAT, FLOAT8OID, encodeFloat8AsFloat, decodeFloatAsFloat8},
	{CQL_TYPE_DOUBLE, FLOAT8OID, encodeFloat8, decodeFloat8},
	{CQL_TYPE_DOUBLE, FLOAT4OID, encodeFloat4AsDouble, decodeDoubleAsFloat4},
};

/* Every pair of integer types, each value checked for its range. */
static bool
chooseInteger(ScyllaConverter *c)
{
	if (cqlIntegerSize(c->cql->id) == 0)
		return false;
	switch (c->basetype)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			c->encode = encodeInteger;
			c->decode = decodeInteger;
			return true;
		case NUMERICOID:
			c->encode = encodeNumericAsInteger;
			c->decode = decodeNumeric;
			return true;
		default:
			return false;
	}
}

bool
scyllaChooseNumber(ScyllaConverter *c)
{
	return scyllaChoosePair(c, pairs, lengthof(pairs)) || chooseInteger(c);
}
