/*
 * fdw/write/encode.c
 *	  From rows to what a request binds.
 *
 * Backend thread. Owns converters, one per bind marker. Invariants: markers are as
 * many as the statement's, in its order; begin and length of a marker are those of
 * the row that was encoded last. Values are appended straight from the Datum; what a
 * converter needs meanwhile goes to the row context.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "mb/pg_wchar.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "cql/token.h"
#include "fdw/compat.h"
#include "fdw/session/error.h"
#include "fdw/type/literal.h"
#include "fdw/type/typemap.h"
#include "fdw/write/encode.h"
#include "fdw/write/row_time.h"

#define KEY_TEXT 500			/* bytes of a key that messages show */

typedef struct Marker
{
	ScyllaMarker is;
	bool		key;			/* of the primary key: never NULL */
	const char *column;			/* of the foreign table, for messages */
	ScyllaConverter *converter;
	Oid			type;
	bool		byval;
	int16		typlen;
	size_t		begin;			/* of the current row's value, in the pipeline's buffer */
	size_t		length;
} Marker;

struct ScyllaEncoder
{
	ScyllaSession *session;
	const char *relation;		/* for messages */
	const CqlMetadata *bind;
	int			ttl;			/* where a row has none; -1: the table's own */
	Marker	   *marker;
	int			nmarkers;
	Marker	   *timestamp;		/* the rows' own, as a value; NULL: it is none of the values */
	Marker	   *constant;		/* the TTL that all rows have; NULL: the same */
	CqlBuffer	key;			/* routing key of several columns */
	MemoryContext row_context;	/* reset per row */
	int			current;		/* marker being encoded; nmarkers: none any more */
	MemoryContextCallback callback;
};

/* ---- begin ---- */

static void
column_context(void *arg)
{
	ScyllaEncoder *e = arg;

	errcontext("column \"%s\" of foreign table \"%s\"", e->marker[e->current].column, e->relation);
}

static void
make_marker(ScyllaEncoder *e, Marker *m, Form_pg_attribute att, const CqlType *type)
{
	ErrorContextCallback context = {.previous = error_context_stack, .callback = column_context, .arg = e};

	m->key = m->is.null == SCYLLA_NULL_REFUSED;
	m->column = pstrdup(NameStr(att->attname));
	m->type = getBaseType(att->atttypid);
	m->byval = att->attbyval;
	m->typlen = att->attlen;
	error_context_stack = &context;
	m->converter = scyllaMakeConverter(type, att->atttypid, att->atttypmod);
	error_context_stack = context.previous;
}

static void
make_markers(ScyllaEncoder *e, const ScyllaEncoderConfig *config)
{
	TupleDesc	desc = RelationGetDescr(config->rel);
	const CqlMetadata *bind = e->bind;

	if (bind->count != (uint32_t) e->nmarkers)
		scyllaRaiseMalformed("PREPARED message");
	for (e->current = 0; e->current < e->nmarkers; e->current++)
	{
		Marker	   *m = &e->marker[e->current];

		m->is = config->marker[e->current];
		if (m->is.timestamp)
			e->timestamp = m;
		else if (m->is.attnum == InvalidAttrNumber)
			e->constant = m;
		else
			make_marker(e, m, TupleDescAttr(desc, m->is.attnum - 1), bind->column[e->current].type);
	}
	/* the statement's own word on the key: it may be younger than the table's description */
	for (uint16_t i = 0; i < bind->pk_count; i++)
		e->marker[bind->pk_index[i]].key = true;
}

static void
free_key(void *arg)
{
	cql_buffer_free(&((ScyllaEncoder *) arg)->key);
}

ScyllaEncoder *
scyllaMakeEncoder(const ScyllaEncoderConfig *config)
{
	ScyllaEncoder *e = palloc0(sizeof(*e));

	e->session = config->session;
	e->relation = pstrdup(RelationGetRelationName(config->rel));
	e->bind = &config->statement->bind;
	e->ttl = config->ttl;
	e->row_context = config->row_context;
	e->nmarkers = config->nmarkers;
	e->marker = palloc0_array(Marker, Max(e->nmarkers, 1));
	make_markers(e, config);
	e->callback.func = free_key;
	e->callback.arg = e;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &e->callback);
	return e;
}

/* ---- messages ---- */

char *
scyllaKeyText(const ScyllaEncoder *e, const uint8_t *row, size_t length, int n)
{
	CqlReader	reader = cql_reader(row, length);
	StringInfoData names;
	StringInfoData values;

	initStringInfo(&names);
	initStringInfo(&values);
	(void) cql_get_u16(&reader);
	for (int i = 0; i < e->nmarkers; i++)
	{
		CqlBytes	value = i < n ? cql_get_bytes(&reader) : (CqlBytes) {NULL, -1};

		if (!e->marker[i].key)
			continue;
		if (value.len < 0 || reader.failed)
			return NULL;
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", e->marker[i].column);
		appendStringInfoString(&values, values.len > 0 ? ", " : "");
		scyllaAppendLiteral(&values, e->bind->column[i].type, value);
	}
	if (values.len <= KEY_TEXT)
		return psprintf("(%s) = (%s)", names.data, values.data);
	return psprintf("(%s) = (%.*s...)", names.data, pg_mbcliplen(values.data, values.len, KEY_TEXT), values.data);
}

const char *
scyllaEncodedColumn(const ScyllaEncoder *e)
{
	return e->current < e->nmarkers ? e->marker[e->current].column : NULL;
}

int
scyllaEncodedValues(const ScyllaEncoder *e)
{
	return e->current;
}

/* ---- values ---- */

/* What was remembered of the table may be why: it is described anew next time. */
static void
null_key(const ScyllaEncoder *e, const Marker *m)
{
	scyllaSchemaChanged(e->session);
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in key column \"%s\" of foreign table \"%s\"", m->column, e->relation)));
}

static void
no_counter(const ScyllaEncoder *e, const Marker *m)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("cannot add to counter \"%s\" of foreign table \"%s\": it has no value, or what is added has none", m->column,
					e->relation),
			 errhint("INSERT adds to counters whether they have a value or not.")));
}

static void
put_null(const ScyllaEncoder *e, const Marker *m, CqlBuffer *b)
{
	if (m->key)
		null_key(e, m);
	if (m->is.difference)
		no_counter(e, m);
	if (m->is.null == SCYLLA_NULL_DELETES)
		cql_put_null(b);
	else
		cql_put_unset(b);
}

/* Not set, it is the table's own. */
static void
put_ttl(int32 ttl, CqlBuffer *b)
{
	if (ttl < 0)
		cql_put_unset(b);
	else
	{
		cql_put_u32(b, sizeof(ttl));
		cql_put_u32(b, (uint32_t) ttl);
	}
}

static bool
is_same(const Marker *m, Datum value, bool isnull, TupleTableSlot *old)
{
	bool		old_isnull;
	Datum		old_value = slot_getattr(old, m->is.attnum, &old_isnull);

	return isnull ? old_isnull : !old_isnull && datum_image_eq(value, old_value, m->byval, m->typlen);
}

/* What a counter must be added for the old row to become the new one. */
static Datum
difference(const ScyllaEncoder *e, const Marker *m, Datum value, TupleTableSlot *old)
{
	bool		isnull;
	Datum		old_value = slot_getattr(old, m->is.attnum, &isnull);
	int64		n;

	if (isnull)
		no_counter(e, m);
	if (m->type != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("counter \"%s\" of foreign table \"%s\" is not of type bigint", m->column, e->relation)));
	if (pg_sub_s64_overflow(DatumGetInt64(value), DatumGetInt64(old_value), &n))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("bigint out of range")));
	return Int64GetDatum(n);
}

static void
encode_value(ScyllaEncoder *e, Marker *m, TupleTableSlot *const rows[], CqlBuffer *b)
{
	bool		isnull;
	Datum		value = slot_getattr(rows[m->is.row], m->is.source, &isnull);
	size_t		mark;

	m->begin = m->length = 0;	/* no row's token is made of another's bytes */
	if (m->is.unless_same && is_same(m, value, isnull, rows[SCYLLA_OLD_ROW]))
	{
		cql_put_unset(b);
		return;
	}
	if (m->is.ttl)
	{
		put_ttl(isnull ? e->ttl : scyllaRowTtl(value, m->type), b);
		return;
	}
	if (isnull)
	{
		put_null(e, m, b);
		return;
	}
	if (m->is.difference)
		value = difference(e, m, value, rows[SCYLLA_OLD_ROW]);
	mark = cql_begin_value(b);
	m->begin = b->len;
	m->converter->encode(m->converter, value, b);
	cql_end_value(b, mark);
	m->length = b->len - m->begin;
}

/* Room for it: which one it is depends on the key, and that may follow. */
static void
reserve_timestamp(Marker *m, CqlBuffer *b)
{
	cql_put_u32(b, sizeof(uint64));
	m->begin = b->len;
	cql_put_u64(b, 0);
}

void
scyllaEncodeRow(ScyllaEncoder *e, TupleTableSlot *const rows[SCYLLA_ROW_KINDS], CqlBuffer *b)
{
	MemoryContext old = MemoryContextSwitchTo(e->row_context);

	cql_put_u16(b, (uint16_t) e->nmarkers);
	for (e->current = 0; e->current < e->nmarkers; e->current++)
	{
		Marker	   *m = &e->marker[e->current];

		if (m == e->timestamp)
			reserve_timestamp(m, b);
		else if (m == e->constant)
			put_ttl(e->ttl, b);
		else
			encode_value(e, m, rows, b);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(e->row_context);
}

/* ---- what is made of them ---- */

bool
scyllaEncodedToken(ScyllaEncoder *e, const CqlBuffer *b, int64 *token)
{
	const CqlMetadata *bind = e->bind;
	const Marker *m;

	if (bind->pk_count == 0)
		return false;
	if (bind->pk_count == 1)
	{
		m = &e->marker[bind->pk_index[0]];
		*token = cql_token_murmur3(b->data + m->begin, m->length);
		return true;
	}
	cql_buffer_reset(&e->key);
	for (uint16_t i = 0; i < bind->pk_count; i++)
	{
		m = &e->marker[bind->pk_index[i]];
		if (m->length > PG_UINT16_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("value of key column \"%s\" of foreign table \"%s\" is longer than 65535 bytes",
							m->column, e->relation)));
		cql_token_put_component(&e->key, b->data + m->begin, m->length);
	}
	if (e->key.failed)
		scyllaRaiseOutOfMemory();
	*token = cql_token_murmur3(e->key.data, e->key.len);
	return true;
}

void
scyllaPutRowTime(const ScyllaEncoder *e, CqlBuffer *b, int64 timestamp)
{
	if (e->timestamp != NULL)
		cql_store_u64(b->data + e->timestamp->begin, (uint64) timestamp);
}
