/*
 * test/node/message.c
 *	  Answers as bytes: headers, metadata, types, errors.
 *
 * Thread: the node's. Owns: nothing; writes into the connection's `answer`.
 * Invariant: between node_answer_begin and node_answer_end `answer` holds one
 * frame whose length is not patched yet.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MARSHAL "org.apache.cassandra.db.marshal."

void
node_answer_begin(NodeCall *call, uint8_t opcode)
{
	NodeConn   *c = call->conn;
	uint8_t		version = c->version ? c->version : call->frame->version;

	if (version > call->node->protocol || version < call->node->oldest)
		version = (uint8_t) call->node->protocol;
	cql_buffer_reset(&c->answer);
	cql_frame_begin(&c->answer, version | CQL_RESPONSE_BIT, 0, call->frame->stream, opcode);
}

void
node_answer_end(NodeCall *call)
{
	cql_frame_end(&call->conn->answer, 0);
	if (call->conn->answer.failed)
		abort();
}

void
node_answer_void(NodeCall *call)
{
	node_answer_begin(call, CQL_OP_RESULT);
	cql_put_u32(&call->conn->answer, CQL_RESULT_VOID);
	node_answer_end(call);
}

/* ---- errors ---- */

static void
put_failures(CqlBuffer *b, uint8_t version)
{
	cql_put_u32(b, 1);
	if (version < 5)
		return;
	cql_put_u8(b, 4);			/* [inetaddr] and a reason */
	cql_put_u32(b, 0x7f000001);
	cql_put_u16(b, 0);
}

static void
put_error_detail(NodeCall *call, const NodeErrorDetail *e)
{
	CqlBuffer  *b = &call->conn->answer;
	int32_t		received = e->received < 0 ? 1 : e->received;
	int32_t		required = e->required < 0 ? 2 : e->required;
	bool		write = e->code == CQL_ERR_WRITE_TIMEOUT || e->code == CQL_ERR_WRITE_FAILURE;

	cql_put_u16(b, call->consistency);
	if (e->code == CQL_ERR_UNAVAILABLE)
	{
		cql_put_u32(b, (uint32_t) required);
		cql_put_u32(b, (uint32_t) received);
		return;
	}
	cql_put_u32(b, (uint32_t) received);
	cql_put_u32(b, (uint32_t) required);
	if (e->code == CQL_ERR_READ_FAILURE || e->code == CQL_ERR_WRITE_FAILURE)
		put_failures(b, call->conn->version);
	if (write)
		cql_put_string(b, e->write_type ? e->write_type : "SIMPLE");
	else if (e->code != CQL_ERR_CAS_WRITE_UNKNOWN)
		cql_put_u8(b, e->data);
}

void
node_answer_error(NodeCall *call, const NodeErrorDetail *e)
{
	CqlBuffer  *b = &call->conn->answer;
	int			code = e->code;

	if (code == CQL_ERR_RATE_LIMIT && !call->conn->rate_error)
		code = CQL_ERR_CONFIG;	/* scylladb transport/server.cc, make_rate_limit_error */
	call->node->report.errors++;
	node_answer_begin(call, CQL_OP_ERROR);
	cql_put_u32(b, (uint32_t) code);
	cql_put_string(b, e->message ? e->message : "ordered fault");
	switch (code)
	{
		case CQL_ERR_UNAVAILABLE:
		case CQL_ERR_WRITE_TIMEOUT:
		case CQL_ERR_READ_TIMEOUT:
		case CQL_ERR_READ_FAILURE:
		case CQL_ERR_WRITE_FAILURE:
		case CQL_ERR_CAS_WRITE_UNKNOWN:
			put_error_detail(call, e);
			break;
		case CQL_ERR_FUNCTION_FAILURE:
			cql_put_string(b, "ks");
			cql_put_string(b, "f");
			cql_put_u16(b, 0);
			break;
		case CQL_ERR_ALREADY_EXISTS:
			cql_put_string(b, "ks");
			cql_put_string(b, "t");
			break;
		case CQL_ERR_UNPREPARED:
			if (call->other_id)
				cql_put_short_bytes(b, "nobody knows it", 15);
			else
				cql_put_short_bytes(b, call->id.data, (uint16_t) (call->id.len < 0 ? 0 : call->id.len));
			break;
		case CQL_ERR_RATE_LIMIT:
			cql_put_u8(b, call->statement == NULL || call->statement->kind != STATEMENT_SELECT);	/* a write */
			cql_put_u8(b, e->data); /* by the coordinator */
			break;
		default:
			break;
	}
	node_answer_end(call);
}

void
node_answer_refusal(NodeCall *call, int code, const char *format,...)
{
	char		message[512];
	NodeErrorDetail e = {.code = code, .message = message};
	va_list		args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	node_answer_error(call, &e);
}

void
node_answer_failure(NodeCall *call)
{
	node_answer_refusal(call, call->node->failure.code, "%s", call->node->failure.message);
}

void
node_answer_unprepared(NodeCall *call)
{
	NodeErrorDetail e = {.code = CQL_ERR_UNPREPARED, .message = "Prepared query was not found"};

	node_answer_error(call, &e);
}

/* ---- types ---- */

static const char *
class_of(CqlTypeId id)
{
	static const char *const simple[] = {
		[CQL_TYPE_ASCII] = "AsciiType", [CQL_TYPE_BIGINT] = "LongType", [CQL_TYPE_BLOB] = "BytesType",
		[CQL_TYPE_BOOLEAN] = "BooleanType", [CQL_TYPE_COUNTER] = "CounterColumnType",
		[CQL_TYPE_DECIMAL] = "DecimalType", [CQL_TYPE_DOUBLE] = "DoubleType", [CQL_TYPE_FLOAT] = "FloatType",
		[CQL_TYPE_INT] = "Int32Type", [CQL_TYPE_TIMESTAMP] = "TimestampType", [CQL_TYPE_UUID] = "UUIDType",
		[CQL_TYPE_TEXT] = "UTF8Type", [CQL_TYPE_VARINT] = "IntegerType", [CQL_TYPE_TIMEUUID] = "TimeUUIDType",
		[CQL_TYPE_INET] = "InetAddressType", [CQL_TYPE_DATE] = "SimpleDateType", [CQL_TYPE_TIME] = "TimeType",
		[CQL_TYPE_SMALLINT] = "ShortType", [CQL_TYPE_TINYINT] = "ByteType",
		[CQL_TYPE_DURATION] = "DurationType", [CQL_TYPE_LIST] = "ListType", [CQL_TYPE_MAP] = "MapType",
		[CQL_TYPE_SET] = "SetType", [CQL_TYPE_UDT] = "UserType", [CQL_TYPE_TUPLE] = "TupleType"
	};

	return id == CQL_TYPE_VECTOR ? "VectorType" : simple[id];
}

static void
put_text(CqlBuffer *b, const char *s)
{
	cql_put_raw(b, s, strlen(s));
}

static void
put_hex(CqlBuffer *b, const char *s)
{
	char		digits[3];

	for (; *s; s++)
	{
		snprintf(digits, sizeof(digits), "%02x", (unsigned char) *s);
		put_text(b, digits);
	}
}

/* Class text as Cassandra writes it: a space before the comma of a vector, ScyllaDB has none. */
static void
put_class(CqlBuffer *b, const CqlType *type, bool scylla)
{
	char		dimension[16];

	put_text(b, MARSHAL);
	put_text(b, class_of(type->id));
	if (type->count == 0)
		return;
	put_text(b, "(");
	if (type->id == CQL_TYPE_UDT)
	{
		put_text(b, type->keyspace);
		put_text(b, ",");
		put_hex(b, type->name);
	}
	for (uint32_t i = 0; i < type->count; i++)
	{
		if (i > 0 || type->id == CQL_TYPE_UDT)
			put_text(b, ",");
		if (type->id == CQL_TYPE_UDT)
		{
			put_hex(b, type->field[i]);
			put_text(b, ":");
		}
		put_class(b, type->child[i], scylla);
	}
	if (type->id == CQL_TYPE_VECTOR)
	{
		snprintf(dimension, sizeof(dimension), "%s, %u", scylla ? "" : " ", type->dimension);
		put_text(b, dimension);
	}
	put_text(b, ")");
}

static void
put_type(CqlBuffer *b, const CqlType *type, const NodeCall *call)
{
	bool		scylla = call->node->nr_shards > 0;

	if (type->id == CQL_TYPE_VECTOR ||
		(type->id == CQL_TYPE_DURATION && call->conn->version < 5 && !scylla))
	{
		size_t		mark = b->len + 2;

		cql_put_u16(b, CQL_TYPE_CUSTOM);
		cql_put_u16(b, 0);
		put_class(b, type, scylla);
		cql_store_u16(b->data + mark, (uint16_t) (b->len - mark - 2));
		return;
	}
	cql_put_u16(b, (uint16_t) type->id);
	if (type->id == CQL_TYPE_UDT)
	{
		cql_put_string(b, type->keyspace);
		cql_put_string(b, type->name);
	}
	if (type->id == CQL_TYPE_UDT || type->id == CQL_TYPE_TUPLE)
		cql_put_u16(b, (uint16_t) type->count);
	for (uint32_t i = 0; i < type->count; i++)
	{
		if (type->id == CQL_TYPE_UDT)
			cql_put_string(b, type->field[i]);
		put_type(b, type->child[i], call);
	}
}

/* ---- metadata ---- */

/* Global table spec and n columns. */
void
node_put_columns(NodeCall *call, const NodeTable *t, const NodeSelector *column, int n)
{
	CqlBuffer  *b = &call->conn->answer;

	if (n == 0)
		return;
	cql_put_string(b, t->keyspace);
	cql_put_string(b, t->name);
	for (int i = 0; i < n; i++)
	{
		cql_put_string(b, column[i].name);
		put_type(b, column[i].type, call);
	}
}

void
node_put_cell(CqlBuffer *b, CqlBytes value)
{
	if (value.len < 0)
		cql_put_null(b);
	else
	{
		cql_put_u32(b, (uint32_t) value.len);
		cql_put_raw(b, value.data, (size_t) value.len);
	}
}

static void
put_bind_metadata(NodeCall *call, const NodeStatement *s)
{
	CqlBuffer  *b = &call->conn->answer;

	cql_put_u32(b, (s->nmarkers > 0 ? CQL_METADATA_GLOBAL : 0) |
				(call->conn->lwt_mark && s->condition != CONDITION_NONE ? 1u << 31 : 0));
	cql_put_u32(b, (uint32_t) s->nmarkers);
	if (call->conn->version >= 4)
	{
		int			npk = s->pk_index ? s->table->npartition : 0;

		cql_put_u32(b, (uint32_t) npk);
		for (int i = 0; i < npk; i++)
			cql_put_u16(b, s->pk_index[i]);
	}
	if (s->nmarkers == 0)
		return;
	cql_put_string(b, s->table->keyspace);
	cql_put_string(b, s->table->name);
	for (int i = 0; i < s->nmarkers; i++)
	{
		cql_put_string(b, s->marker[i].name);
		put_type(b, s->marker[i].type, call);
	}
}

void
node_answer_prepared(NodeCall *call, const NodeStatement *s)
{
	CqlBuffer  *b = &call->conn->answer;
	uint8_t		id[16];

	memcpy(id, s->id, 16);
	if (call->other_id)
		cql_store_u64(id, cql_load_u64(id) + ++call->node->other_ids);
	node_answer_begin(call, CQL_OP_RESULT);
	cql_put_u32(b, CQL_RESULT_PREPARED);
	cql_put_short_bytes(b, id, 16);
	if (call->conn->metadata_id)
		cql_put_short_bytes(b, s->metadata_id, 16);
	put_bind_metadata(call, s);
	cql_put_u32(b, s->nselectors > 0 ? CQL_METADATA_GLOBAL : CQL_METADATA_NONE);
	cql_put_u32(b, (uint32_t) s->nselectors);
	node_put_columns(call, s->table, s->selector, s->nselectors);
	node_answer_end(call);
}

/* The hash of names and types of the result, as servers make it: classes have the fields of user types (Cassandra: ResultSet.java). */
void
node_metadata_id(NodeStatement *s)
{
	CqlBuffer	b = {0};

	for (int i = 0; i < s->nselectors; i++)
	{
		cql_put_string(&b, s->selector[i].name);
		put_class(&b, s->selector[i].type, false);
	}
	cql_store_u64(s->metadata_id, node_hash(b.data, b.len));
	cql_put_u8(&b, 1);
	cql_store_u64(s->metadata_id + 8, node_hash(b.data, b.len));
	cql_buffer_free(&b);
}
