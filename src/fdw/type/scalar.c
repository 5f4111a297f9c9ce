/*
 * fdw/type/scalar.c
 *	  Direct pairs of a CQL scalar type and a PostgreSQL type; numbers are in number.c.
 *
 * Backend thread. Owns nothing. The pairs that carry bulk loads (integers, floats,
 * text, timestamps) go from Datum to wire bytes without a function manager call.
 *
 * Invariants: encode appends exactly one body; decode reads no byte past body.len
 * and raises rather than change a value; a body of no bytes is NULL unless the
 * type has an empty value.
 */
#include "postgres.h"

#include <sys/socket.h>

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "fdw/compat.h"
#include "fdw/type/constraint.h"
#include "fdw/type/number.h"
#include "fdw/type/scalar.h"
#include "fdw/type/scalar_text.h"

#define EPOCH_DAYS (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)
#define EPOCH_MILLIS (EPOCH_DAYS * INT64CONST(86400000))

/* ---- boolean, blob, uuid ---- */

static void
encode_bool(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u8(out, DatumGetBool(value));
}

static Datum
decode_bool(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 1, isnull))
		return (Datum) 0;
	return BoolGetDatum(body.data[0] != 0);
}

static void
encode_bytea(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

	cql_put_raw(out, VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
}

static Datum
decode_bytea(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	*isnull = false;
	return PointerGetDatum(cstring_to_text_with_len((const char *) body.data, body.len));
}

static void
encode_uuid(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	const pg_uuid_t *uuid = DatumGetUUIDP(value);

	scyllaCheckUuid(self->cql, uuid->data);
	cql_put_raw(out, uuid->data, UUID_LEN);
}

static Datum
decode_uuid(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	pg_uuid_t  *uuid;

	if (!scyllaBodyHas(self, body, UUID_LEN, isnull))
		return (Datum) 0;
	uuid = palloc(sizeof(pg_uuid_t));
	memcpy(uuid->data, body.data, UUID_LEN);
	return UUIDPGetDatum(uuid);
}

/* ---- text ---- */

static void
encode_text(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(value);
	int			len = VARSIZE_ANY_EXHDR(v);

	/* As in its cast to text, the padding of char(n) is no part of the value. */
	if (self->basetype == BPCHAROID)
		len = bpchartruelen(VARDATA_ANY(v), len);
	scyllaPutText(out, self->cql, VARDATA_ANY(v), len);
}

static Datum
decode_text(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int			len;
	const char *s = scyllaGetText(self->cql, body, &len);

	*isnull = false;
	return PointerGetDatum(cstring_to_text_with_len(s, len));
}

/* Enums, JSON, and strings that are no plain varlena. */
static void
encode_by_output(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	char	   *text = OutputFunctionCall(&self->output, value);

	scyllaPutText(out, self->cql, text, strlen(text));
}

static Datum
decode_by_input(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int			len;
	const char *s = scyllaGetText(self->cql, body, &len);

	*isnull = false;
	scyllaCheckTextLength(self, len);
	return InputFunctionCall(&self->input, pnstrdup(s, len), self->ioparam, -1);
}

/* ---- date and time ---- */

/* Floored to the millisecond, before the epoch too. */
static void
encode_timestamp(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	Timestamp	ts = DatumGetTimestamp(value);
	int64		millis = ts / 1000;

	if (TIMESTAMP_NOT_FINITE(ts))
		scyllaRaiseLossy(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "it is infinite");
	if (ts % 1000 < 0)
		millis--;
	cql_put_u64(out, (uint64) (millis + EPOCH_MILLIS));
}

static Datum
decode_timestamp(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int64		ts;

	if (!scyllaBodyHas(self, body, 8, isnull))
		return (Datum) 0;
	if (__builtin_sub_overflow((int64) cql_load_u64(body.data), EPOCH_MILLIS, &ts) ||
		__builtin_mul_overflow(ts, INT64CONST(1000), &ts) || !IS_VALID_TIMESTAMP(ts))
		scyllaRaiseUnreadable(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "out of range");
	return TimestampGetDatum(ts);
}

static void
encode_date(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	DateADT		date = DatumGetDateADT(value);

	if (DATE_NOT_FINITE(date))
		scyllaRaiseLossy(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "it is infinite");
	cql_put_u32(out, (uint32) date + EPOCH_DAYS + CQL_DATE_EPOCH);
}

static Datum
decode_date(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int64		days;

	if (!scyllaBodyHas(self, body, 4, isnull))
		return (Datum) 0;
	days = (int64) cql_load_u32(body.data) - CQL_DATE_EPOCH - EPOCH_DAYS;
	if (!IS_VALID_DATE(days))
		scyllaRaiseUnreadable(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "out of range");
	return DateADTGetDatum((DateADT) days);
}

static void
encode_time(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	TimeADT		time = DatumGetTimeADT(value);

	if (time >= USECS_PER_DAY)
		scyllaRaiseLossy(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "24:00:00 is past the end of the day");
	cql_put_u64(out, (uint64) time * 1000);
}

static Datum
decode_time(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int64		nanos;

	if (!scyllaBodyHas(self, body, 8, isnull))
		return (Datum) 0;
	nanos = (int64) cql_load_u64(body.data);
	if (nanos < 0 || nanos >= CQL_NANOS_PER_DAY)
		scyllaRaiseUnreadable(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "it is not within a day");
	if (nanos % 1000 != 0)
		scyllaRaiseUnreadable(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "it has nanoseconds");
	return TimeADTGetDatum(nanos / 1000);
}

static void
encode_interval(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	const Interval *interval = DatumGetIntervalP(value);
	CqlDuration d = {interval->month, interval->day, 0};

	if (INTERVAL_NOT_FINITE(interval))
		scyllaRaiseLossy(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "it is infinite");
	if (__builtin_mul_overflow(interval->time, INT64CONST(1000), &d.nanos))
		scyllaRaiseLossy(self, ERRCODE_INTERVAL_FIELD_OVERFLOW, "its time part is out of range");
	if (!cql_duration_valid(&d))
		scyllaRaiseLossy(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "its parts differ in sign");
	cql_put_duration(out, &d);
}

static Datum
decode_interval(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	CqlDuration d;
	Interval   *interval;

	*isnull = body.len == 0;
	if (*isnull)
		return (Datum) 0;
	if (!cql_get_duration(body, &d))
		scyllaMalformed(self->cql);
	if (d.nanos % 1000 != 0)
		scyllaRaiseUnreadable(self, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "it has nanoseconds");
	interval = palloc0(sizeof(Interval));
	interval->month = d.months;
	interval->day = d.days;
	interval->time = d.nanos / 1000;
	/* From 17 on the ends of all three ranges together mean infinity. */
	if (INTERVAL_NOT_FINITE(interval))
		scyllaRaiseUnreadable(self, ERRCODE_INTERVAL_FIELD_OVERFLOW, "out of range");
	return IntervalPGetDatum(interval);
}

/* ---- inet ---- */

static void
encode_inet(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	inet	   *address = DatumGetInetPP(value);

	if (ip_bits(address) != ip_maxbits(address))
		scyllaRaiseLossy(self, ERRCODE_INVALID_PARAMETER_VALUE, "it has a netmask");
	cql_put_raw(out, ip_addr(address), ip_addrsize(address));
}

static Datum
decode_inet(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	inet	   *address;

	*isnull = body.len == 0;
	if (*isnull)
		return (Datum) 0;
	if (body.len != 4 && body.len != 16)
		scyllaMalformed(self->cql);
	address = palloc0(sizeof(inet));
	ip_family(address) = body.len == 4 ? PGSQL_AF_INET : PGSQL_AF_INET6;
	ip_bits(address) = body.len * 8;
	memcpy(ip_addr(address), body.data, body.len);
	SET_INET_VARSIZE(address);
	return InetPGetDatum(address);
}

/* ---- choice ---- */

static const ScyllaPair pairs[] =
{
	{CQL_TYPE_BOOLEAN, BOOLOID, encode_bool, decode_bool},
	{CQL_TYPE_BLOB, BYTEAOID, encode_bytea, decode_bytea},
	{CQL_TYPE_CUSTOM, BYTEAOID, encode_bytea, decode_bytea},
	{CQL_TYPE_UUID, UUIDOID, encode_uuid, decode_uuid},
	{CQL_TYPE_TIMEUUID, UUIDOID, encode_uuid, decode_uuid},
	{CQL_TYPE_TIMESTAMP, TIMESTAMPTZOID, encode_timestamp, decode_timestamp},
	{CQL_TYPE_TIMESTAMP, TIMESTAMPOID, encode_timestamp, decode_timestamp},
	{CQL_TYPE_DATE, DATEOID, encode_date, decode_date},
	{CQL_TYPE_TIME, TIMEOID, encode_time, decode_time},
	{CQL_TYPE_DURATION, INTERVALOID, encode_interval, decode_interval},
	{CQL_TYPE_INET, INETOID, encode_inet, decode_inet},
};

static bool
choose_text(ScyllaConverter *c)
{
	if (!scyllaIsText(c->cql))
		return false;
	if (c->basetype == TEXTOID || c->basetype == VARCHAROID || c->basetype == BPCHAROID)
	{
		c->encode = encode_text;
		c->decode = decode_text;
		return true;
	}
	if (TypeCategory(c->basetype) != TYPCATEGORY_STRING && !type_is_enum(c->basetype) &&
		c->basetype != JSONOID && c->basetype != JSONBOID)
		return false;
	c->encode = encode_by_output;
	c->decode = decode_by_input;
	scyllaUseTextForm(c);
	return true;
}

bool
scyllaChooseScalar(ScyllaConverter *c)
{
	return scyllaChooseNumber(c) || scyllaChoosePair(c, pairs, lengthof(pairs)) || choose_text(c);
}
