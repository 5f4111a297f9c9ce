/*
 * cql/response.c
 *	  Bodies of responses.
 *
 * Thread: any; pure functions over borrowed bytes.
 * Owns: nothing; metadata goes to the caller's arena, everything else borrows
 * from the frame.
 * Invariants: no byte is trusted. A count is held against the bytes left before
 * it allocates or loops, the reader's sticky flag is what decides success, and
 * bytes behind the last known field are ignored.
 */
#include "cql/response.h"

#include "cql/type_wire.h"

static const CqlString empty_string = {"", 0};
static const CqlBytes null_bytes = {NULL, -1};

/* ---- parts of many messages ---- */

/* The n [string]s at *r as a reader of their own. */
static CqlReader
take_strings(CqlReader *r, uint16_t n)
{
	CqlReader	strings = *r;

	for (uint16_t i = 0; i < n && !r->failed; i++)
		(void) cql_get_string(r);
	strings.end = r->at;
	return strings;
}

/* The n pairs of [string][bytes] at *r as a reader of their own. */
static CqlReader
take_payload(CqlReader *r, uint16_t n)
{
	CqlReader	payload = *r;

	for (uint16_t i = 0; i < n && !r->failed; i++)
	{
		(void) cql_get_string(r);
		(void) cql_get_bytes(r);
	}
	payload.end = r->at;
	return payload;
}

bool
cql_response_prefix(const CqlFrame *frame, CqlPrefix *prefix, CqlReader *r)
{
	*r = cql_reader(frame->body, frame->length);
	memset(prefix, 0, sizeof(*prefix));
	if (frame->flags & CQL_FLAG_TRACING)
		prefix->tracing_id = cql_get_raw(r, 16);
	if (frame->flags & CQL_FLAG_WARNING)
		prefix->nwarnings = cql_get_u16(r);
	prefix->warnings = take_strings(r, prefix->nwarnings);
	if (frame->flags & CQL_FLAG_PAYLOAD)
		prefix->npayload = cql_get_u16(r);
	prefix->payload = take_payload(r, prefix->npayload);
	return !r->failed;
}

/* ---- SUPPORTED, AUTHENTICATE ---- */

bool
cql_response_supported(CqlReader r, const char *key, CqlReader *values, uint16_t *count)
{
	uint16_t	n = cql_get_u16(&r);

	*values = cql_reader(r.at, 0);
	*count = 0;
	for (uint16_t i = 0; i < n && !r.failed; i++)
	{
		CqlString	name = cql_get_string(&r);
		uint16_t	nvalues = cql_get_u16(&r);
		CqlReader	strings = take_strings(&r, nvalues);

		if (cql_string_equal(name, key))
		{
			*values = strings;
			*count = nvalues;
		}
	}
	return !r.failed;
}

bool
cql_response_supported_has(CqlReader r, const char *key, const char *value)
{
	CqlReader	values;
	uint16_t	count;

	if (!cql_response_supported(r, key, &values, &count))
		return false;
	while (count-- > 0)
	{
		if (cql_string_equal(cql_get_string(&values), value))
			return true;
	}
	return false;
}

bool
cql_response_supported_prefix(CqlReader r, const char *prefix)
{
	const size_t len = strlen(prefix);
	uint16_t	n = cql_get_u16(&r);
	bool		found = false;

	for (uint16_t i = 0; i < n && !r.failed; i++)
	{
		CqlString	name = cql_get_string(&r);

		found = found || (name.len >= len && memcmp(name.data, prefix, len) == 0);
		take_strings(&r, cql_get_u16(&r));
	}
	return found && !r.failed;
}

bool
cql_response_authenticate(CqlReader r, CqlString *class_name)
{
	*class_name = cql_get_string(&r);
	return !r.failed;
}

/* ---- ERROR ---- */

static CqlWriteType
get_write_type(CqlReader *r)
{
	static const char *const names[] = {
		[CQL_WRITE_SIMPLE] = "SIMPLE",
		[CQL_WRITE_BATCH] = "BATCH",
		[CQL_WRITE_UNLOGGED_BATCH] = "UNLOGGED_BATCH",
		[CQL_WRITE_COUNTER] = "COUNTER",
		[CQL_WRITE_BATCH_LOG] = "BATCH_LOG",
		[CQL_WRITE_CAS] = "CAS",
		[CQL_WRITE_VIEW] = "VIEW",
		[CQL_WRITE_CDC] = "CDC",
	};
	CqlString	name = cql_get_string(r);

	for (int i = CQL_WRITE_SIMPLE; i <= CQL_WRITE_CDC; i++)
	{
		if (cql_string_equal(name, names[i]))
			return (CqlWriteType) i;
	}
	return CQL_WRITE_OTHER;
}

static void
get_replies(CqlReader *r, CqlError *error)
{
	error->consistency = cql_get_u16(r);
	error->received = (int32_t) cql_get_u32(r);
	error->required = (int32_t) cql_get_u32(r);
}

/* An address of 4 or 16 bytes behind its length. */
static CqlBytes
get_address(CqlReader *r)
{
	uint8_t		len = cql_get_u8(r);
	CqlBytes	address = null_bytes;

	if (len != 4 && len != 16)
		r->failed = true;
	address.data = cql_get_raw(r, len);
	if (address.data)
		address.len = len;
	return address;
}

/* Up to v4 a number; from v5 on that many pairs of [inetaddr] and [short] reason. */
static void
get_failures(CqlReader *r, uint8_t version, CqlError *error)
{
	error->failures = (int32_t) cql_get_u32(r);
	if (version < 5)
		return;
	if (error->failures < 0)
		r->failed = true;
	for (int32_t i = 0; i < error->failures && !r->failed; i++)
	{
		get_address(r);
		cql_get_u16(r);
	}
}

static void
get_error_details(CqlReader *r, uint8_t version, CqlError *error)
{
	switch (error->code)
	{
		case CQL_ERR_UNAVAILABLE:
			error->consistency = cql_get_u16(r);
			error->required = (int32_t) cql_get_u32(r);
			error->received = (int32_t) cql_get_u32(r);
			break;
		case CQL_ERR_WRITE_TIMEOUT:
			get_replies(r, error);
			error->write_type = get_write_type(r);
			break;
		case CQL_ERR_READ_TIMEOUT:
			get_replies(r, error);
			error->data_present = cql_get_u8(r) != 0;
			break;
		case CQL_ERR_READ_FAILURE:
			get_replies(r, error);
			get_failures(r, version, error);
			error->data_present = cql_get_u8(r) != 0;
			break;
		case CQL_ERR_WRITE_FAILURE:
			get_replies(r, error);
			get_failures(r, version, error);
			error->write_type = get_write_type(r);
			break;
		case CQL_ERR_CAS_WRITE_UNKNOWN:
			get_replies(r, error);
			break;
		case CQL_ERR_FUNCTION_FAILURE:
		case CQL_ERR_ALREADY_EXISTS:
			error->keyspace = cql_get_string(r);
			error->name = cql_get_string(r);
			break;
		case CQL_ERR_UNPREPARED:
			error->unprepared_id = cql_get_short_bytes(r);
			break;
		default:
			/* no details, or none that anyone acts on */
			break;
	}
}

bool
cql_response_error(CqlReader r, uint8_t version, CqlError *error)
{
	memset(error, 0, sizeof(*error));
	error->unprepared_id = null_bytes;
	error->keyspace = empty_string;
	error->name = empty_string;
	error->code = cql_get_u32(&r);
	error->message = cql_get_string(&r);
	get_error_details(&r, version, error);
	return !r.failed;
}

/* ---- RESULT ---- */

CqlResultKind
cql_response_result_kind(CqlReader *r)
{
	uint32_t	kind = cql_get_u32(r);

	return kind <= CQL_RESULT_SCHEMA_CHANGE ? (CqlResultKind) kind : (CqlResultKind) 0;
}

#define MIN_COLUMN_SIZE 4		/* an empty name and the id of a type */
#define MIN_VALUE_SIZE 4		/* a null */

/* Keyspace and table, NUL-terminated. */
static bool
get_table(CqlReader *r, CqlArena *arena, CqlColumn *column)
{
	CqlString	keyspace = cql_get_string(r);
	CqlString	table = cql_get_string(r);

	column->keyspace = cql_arena_strdup(arena, keyspace.data, keyspace.len);
	column->table = cql_arena_strdup(arena, table.data, table.len);
	return !r->failed && !arena->failed;
}

static bool
get_column(CqlReader *r, CqlArena *arena, CqlColumn *column)
{
	CqlString	name = cql_get_string(r);

	column->name = cql_arena_strdup(arena, name.data, name.len);
	column->type = r->failed || arena->failed ? NULL : cql_type_read(r, arena);
	return column->type != NULL;
}

/* What follows the counts of either kind of metadata, unless it is left out. */
static bool
get_columns(CqlReader *r, CqlArena *arena, CqlMetadata *m)
{
	CqlColumn global = {NULL, NULL, NULL, NULL};
	bool		is_global = (m->flags & CQL_METADATA_GLOBAL) != 0;

	if (m->flags & CQL_METADATA_NONE)
		return !r->failed;
	if (is_global && !get_table(r, arena, &global))
		return false;
	if (r->failed || m->count > cql_reader_left(r) / MIN_COLUMN_SIZE)
		return false;
	m->column = cql_arena_alloc(arena, m->count * sizeof(*m->column));
	if (!m->column)
		return false;
	for (uint32_t i = 0; i < m->count; i++)
	{
		m->column[i] = global;
		if (!is_global && !get_table(r, arena, &m->column[i]))
			return false;
		if (!get_column(r, arena, &m->column[i]))
			return false;
	}
	return true;
}

static void
begin_metadata(CqlReader *r, CqlMetadata *m)
{
	memset(m, 0, sizeof(*m));
	m->paging_state = null_bytes;
	m->new_metadata_id = null_bytes;
	m->flags = cql_get_u32(r);
	m->count = cql_get_u32(r);
	if (m->count > INT32_MAX)
		r->failed = true;
}

static bool
get_result_metadata(CqlReader *r, CqlArena *arena, CqlMetadata *m)
{
	begin_metadata(r, m);
	if (m->flags & CQL_METADATA_MORE_PAGES)
		m->paging_state = cql_get_bytes(r);
	if (m->flags & CQL_METADATA_CHANGED)
		m->new_metadata_id = cql_get_short_bytes(r);
	return get_columns(r, arena, m);
}

/* Callers index bind markers with these, so each must name one. */
static bool
get_key_indexes(CqlReader *r, CqlArena *arena, CqlMetadata *m)
{
	uint32_t	n = cql_get_u32(r);

	if (r->failed || n > UINT16_MAX || n > cql_reader_left(r) / 2)
		return false;
	m->pk_count = (uint16_t) n;
	m->pk_index = cql_arena_alloc(arena, n * sizeof(*m->pk_index));
	if (!m->pk_index)
		return false;
	for (uint32_t i = 0; i < n; i++)
	{
		m->pk_index[i] = cql_get_u16(r);
		if (m->pk_index[i] >= m->count)
			return false;
	}
	return true;
}

static bool
get_bind_metadata(CqlReader *r, CqlArena *arena, CqlMetadata *m)
{
	begin_metadata(r, m);
	return get_key_indexes(r, arena, m) && get_columns(r, arena, m);
}

bool
cql_response_rows(CqlReader *r, CqlArena *arena, CqlMetadata *metadata, uint32_t *nrows)
{
	uint64_t	least;

	*nrows = 0;
	if (!get_result_metadata(r, arena, metadata))
		return false;
	*nrows = cql_get_u32(r);

	/* Rows of no columns would be rows of no bytes, and any number of them. */
	least = (uint64_t) *nrows * (metadata->count > 0 ? metadata->count : 1);
	if (r->failed || (metadata->count == 0 && *nrows > 0) || least > cql_reader_left(r) / MIN_VALUE_SIZE)
	{
		*nrows = 0;
		return false;
	}
	return true;
}

bool
cql_response_prepared(CqlReader *r, bool has_metadata_id, CqlArena *arena, CqlPrepared *p)
{
	memset(p, 0, sizeof(*p));
	p->id = cql_get_short_bytes(r);
	p->metadata_id = has_metadata_id ? cql_get_short_bytes(r) : null_bytes;
	return get_bind_metadata(r, arena, &p->bind) && get_result_metadata(r, arena, &p->result);
}

/* ---- EVENT ---- */

static void
get_schema_change(CqlReader *r, CqlEvent *event)
{
	event->kind = CQL_EVENT_SCHEMA;
	event->change = cql_get_string(r);
	event->target = cql_get_string(r);
	event->keyspace = cql_get_string(r);
	if (!cql_string_equal(event->target, "KEYSPACE"))
		event->name = cql_get_string(r);
}

static void
get_node_change(CqlReader *r, CqlEvent *event)
{
	static const struct
	{
		const char *name;
		CqlEventKind kind;
	}			changes[] = {
		{"NEW_NODE", CQL_EVENT_NEW_NODE},
		{"REMOVED_NODE", CQL_EVENT_REMOVED_NODE},
		{"MOVED_NODE", CQL_EVENT_MOVED_NODE},
		{"UP", CQL_EVENT_UP},
		{"DOWN", CQL_EVENT_DOWN},
	};
	uint32_t	port;

	event->change = cql_get_string(r);
	event->address = get_address(r);
	port = cql_get_u32(r);
	if (port > UINT16_MAX)
		r->failed = true;
	event->port = (uint16_t) port;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
	{
		if (cql_string_equal(event->change, changes[i].name))
			event->kind = changes[i].kind;
	}
}

static void
begin_event(CqlEvent *event)
{
	memset(event, 0, sizeof(*event));
	event->address = null_bytes;
	event->change = empty_string;
	event->target = empty_string;
	event->keyspace = empty_string;
	event->name = empty_string;
}

bool
cql_response_event(CqlReader r, CqlEvent *event)
{
	CqlString	type = cql_get_string(&r);

	begin_event(event);
	if (cql_string_equal(type, "SCHEMA_CHANGE"))
		get_schema_change(&r, event);
	else if (cql_string_equal(type, "TOPOLOGY_CHANGE") || cql_string_equal(type, "STATUS_CHANGE"))
		get_node_change(&r, event);
	return !r.failed;
}

bool
cql_response_schema_change(CqlReader r, CqlEvent *event)
{
	begin_event(event);
	get_schema_change(&r, event);
	return !r.failed;
}
