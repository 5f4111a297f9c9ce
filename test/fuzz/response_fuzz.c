/*
 * Bodies of responses: the first byte is the opcode, the second the header's
 * flags, the third the version. Whatever is accepted is read to its end.
 */
#include <stdlib.h>

#include "cql/response.h"
#include "cql/value.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint32_t sink;

static void
touch(const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		sink += p[i];
}

static void
touch_bytes(CqlBytes b)
{
	if (b.len > 0)
		touch(b.data, (size_t) b.len);
}

static void
touch_metadata(const CqlMetadata *m)
{
	touch_bytes(m->paging_state);
	touch_bytes(m->new_metadata_id);
	for (uint16_t i = 0; i < m->pk_count; i++)
	{
		if (m->pk_index[i] >= m->count)
			abort();
	}
	for (uint32_t i = 0; m->column && i < m->count; i++)
	{
		CqlBuffer	text = {0};

		touch(m->column[i].keyspace, strlen(m->column[i].keyspace));
		touch(m->column[i].table, strlen(m->column[i].table));
		touch(m->column[i].name, strlen(m->column[i].name));
		cql_type_format(m->column[i].type, &text);
		cql_buffer_free(&text);
	}
}

static void
touch_elements(const CqlType *type, CqlBytes body)
{
	CqlElements it;
	const CqlType *element;
	CqlBytes	value;

	cql_elements_begin(&it, type, body);
	while (cql_elements_next(&it, &element, &value))
		touch_bytes(value);
}

static void
touch_rows(CqlReader *r, const CqlMetadata *m, uint32_t nrows)
{
	for (uint32_t row = 0; row < nrows && !r->failed; row++)
	{
		for (uint32_t i = 0; i < m->count && !r->failed; i++)
		{
			CqlBytes	value = cql_get_bytes(r);

			touch_bytes(value);
			if (m->column)
				touch_elements(m->column[i].type, value);
		}
	}
}

static void
decode_event(const CqlEvent *e)
{
	touch_bytes(e->address);
	touch(e->change.data, e->change.len);
	touch(e->target.data, e->target.len);
	touch(e->keyspace.data, e->keyspace.len);
	touch(e->name.data, e->name.len);
}

static void
decode_result(CqlReader r, uint8_t version)
{
	CqlArena	arena = {0};
	CqlMetadata m;
	CqlPrepared p;
	CqlEvent	e;
	uint32_t	nrows;

	switch (cql_response_result_kind(&r))
	{
		case CQL_RESULT_ROWS:
			if (cql_response_rows(&r, &arena, &m, &nrows))
			{
				touch_metadata(&m);
				touch_rows(&r, &m, nrows);
			}
			break;
		case CQL_RESULT_PREPARED:
			if (cql_response_prepared(&r, version >= 5, &arena, &p))
			{
				touch_bytes(p.id);
				touch_bytes(p.metadata_id);
				touch_metadata(&p.bind);
				touch_metadata(&p.result);
			}
			break;
		case CQL_RESULT_SCHEMA_CHANGE:
			if (cql_response_schema_change(r, &e))
				decode_event(&e);
			break;
		default:
			break;
	}
	cql_arena_free(&arena);
}

static void
decode_supported(CqlReader r)
{
	CqlReader	values;
	uint16_t	count;

	if (cql_response_supported(r, "COMPRESSION", &values, &count))
	{
		while (count-- > 0)
		{
			CqlString	s = cql_get_string(&values);

			touch(s.data, s.len);
		}
		if (values.failed)
			abort();
	}
	cql_response_supported_has(r, "COMPRESSION", "lz4");
	cql_response_supported_prefix(r, "SCYLLA_");
}

static void
decode_error(CqlReader r, uint8_t version)
{
	CqlError	e;

	if (!cql_response_error(r, version, &e))
		return;
	touch(e.message.data, e.message.len);
	touch(e.keyspace.data, e.keyspace.len);
	touch(e.name.data, e.name.len);
	touch_bytes(e.unprepared_id);
}

static void
decode_message(uint8_t opcode, uint8_t version, CqlReader r)
{
	CqlEvent	e;
	CqlString	s;

	switch (opcode)
	{
		case CQL_OP_ERROR:
			decode_error(r, version);
			break;
		case CQL_OP_SUPPORTED:
			decode_supported(r);
			break;
		case CQL_OP_AUTHENTICATE:
			if (cql_response_authenticate(r, &s))
				touch(s.data, s.len);
			break;
		case CQL_OP_EVENT:
			if (cql_response_event(r, &e))
				decode_event(&e);
			break;
		default:
			decode_result(r, version);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CqlFrame	frame = {0};
	CqlPrefix	prefix;
	CqlReader	r;

	if (size < 3)
		return 0;
	frame.flags = data[1];
	frame.body = data + 3;
	frame.length = (uint32_t) (size - 3);
	if (!cql_response_prefix(&frame, &prefix, &r))
		return 0;
	touch(prefix.tracing_id, prefix.tracing_id ? 16 : 0);
	for (uint16_t i = 0; i < prefix.nwarnings; i++)
		cql_get_string(&prefix.warnings);
	for (uint16_t i = 0; i < prefix.npayload; i++)
	{
		cql_get_string(&prefix.payload);
		cql_get_bytes(&prefix.payload);
	}
	if (prefix.warnings.failed || prefix.payload.failed)
		abort();
	decode_message(data[0], data[2], r);
	return 0;
}
