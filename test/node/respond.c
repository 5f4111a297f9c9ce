/*
 * test/node/respond.c
 *	  What each opcode is answered.
 *
 * Thread: the node's. Owns: the prepared statements.
 * Invariants: a request is decoded before rules look at it; it gets exactly one
 * answer, unless a rule takes it.
 *
 *	 new --STARTUP--> ready             (answer_startup)
 *	 new --STARTUP--> authenticating --AUTH_RESPONSE--> ready   (answer_auth)
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "internal.h"

#define PARAM_NAMES 0x40		/* what no client of ours sends */
#define PARAM_KEYSPACE 0x80
#define PARAM_NOW 0x100

/* ---- prepared statements ---- */

static NodeStatement *
statement_by_id(Node *node, CqlBytes id)
{
	if (id.len == 16)
		for (NodeStatement *s = node->statements; s != NULL; s = s->next)
			if (memcmp(s->id, id.data, 16) == 0)
				return s;
	return NULL;
}

void
node_forget(Node *node, const NodeTable *table)
{
	NodeStatement **at = &node->statements;

	for (NodeConn *c = node->conns; c != NULL; c = c->next)
		c->last = NULL;
	while (*at != NULL)
	{
		NodeStatement *s = *at;

		if (table == NULL || s->table == table)
		{
			*at = s->next;
			node_statement_free(s);
		}
		else
			at = &s->next;
	}
}

/* ---- decoding ---- */

static void
take_values(NodeCall *call, CqlReader *r)
{
	call->nvalues = cql_get_u16(r);
	call->values_at = r->at;
	for (int i = 0; i < call->nvalues && !r->failed; i++)
	{
		CqlBytes   *v = &call->value[i];

		v->len = (int32_t) cql_get_u32(r);
		v->data = v->len >= 0 ? cql_get_raw(r, (size_t) v->len) : NULL;
		if (v->len < NODE_UNSET)
			r->failed = true;
	}
	call->values_len = (size_t) (r->at - call->values_at);
}

static void
take_params(NodeCall *call, CqlReader *r)
{
	call->consistency = cql_get_u16(r);
	call->flags = call->frame->version >= 5 ? cql_get_u32(r) : cql_get_u8(r);
	if (call->flags & PARAM_NAMES)
		r->failed = true;
	if (call->flags & CQL_PARAM_VALUES)
		take_values(call, r);
	if (call->flags & CQL_PARAM_PAGE_SIZE)
		call->page_size = (int32_t) cql_get_u32(r);
	if (call->flags & CQL_PARAM_PAGING_STATE)
		call->paging_state = cql_get_bytes(r);
	if (call->flags & CQL_PARAM_SERIAL)
		call->serial = cql_get_u16(r);
	if (call->flags & CQL_PARAM_TIMESTAMP)
		call->timestamp = (int64_t) cql_get_u64(r);
	if (call->flags & PARAM_KEYSPACE)
		cql_get_string(r);
	if (call->flags & PARAM_NOW)
		cql_get_u32(r);
	if (r->failed || cql_reader_left(r) > 0)
		call->malformed = true;
}

static void
skip_payload(const CqlFrame *frame, CqlReader *r)
{
	int			n = frame->flags & CQL_FLAG_PAYLOAD ? cql_get_u16(r) : 0;

	while (n-- > 0 && !r->failed)
	{
		cql_get_string(r);
		cql_get_bytes(r);
	}
}

/* Mostly that of the last EXECUTE. */
static void
find_statement(NodeCall *call)
{
	NodeConn   *c = call->conn;

	if (c->last == NULL || call->id.len != 16 || memcmp(c->last->id, call->id.data, 16) != 0)
		c->last = statement_by_id(call->node, call->id);
	call->statement = c->last;
	if (call->statement != NULL)
		call->text = (CqlString) {call->statement->text, (uint32_t) call->statement->text_len};
}

static void
decode_execute(NodeCall *call, CqlReader *r)
{
	NodeConn   *c = call->conn;

	call->id = cql_get_short_bytes(r);
	if (c->metadata_id)
		call->metadata_id = cql_get_short_bytes(r);
	take_params(call, r);
	find_statement(call);
}

/* The prepared row at r becomes what the call executes: statement and values. */
void
node_take_row(NodeCall *call, CqlReader *r)
{
	if (cql_get_u8(r) != 1)
		r->failed = true;		/* texts in a batch are not served */
	call->id = cql_get_short_bytes(r);
	take_values(call, r);
	find_statement(call);
}

/*
 * Rules and records see the last row's statement, and all rows as its values. In
 * null mode one row speaks for all.
 */
static void
decode_batch(NodeCall *call, CqlReader *r)
{
	bool		unlooked = call->node->null && !call->node->checksum;

	call->malformed = cql_get_u8(r) > 2;
	call->rows = cql_get_u16(r);
	call->batch = *r;
	for (int i = 0; i < (unlooked ? 1 : call->rows) && !r->failed; i++)
		node_take_row(call, r);
	call->malformed |= r->failed || call->rows == 0;
	if (unlooked || call->malformed)
		return;
	call->values_at = call->batch.at;
	call->values_len = (size_t) (r->at - call->batch.at);
	call->nvalues = call->rows;
	take_params(call, r);
	call->malformed |= (call->flags & CQL_PARAM_VALUES) != 0;
}

/* KEY=VALUE, a line each: what records keep and rules look at. */
static CqlString
startup_text(Node *node, CqlReader r)
{
	const char *text = "";
	int			n = cql_get_u16(&r);

	while (n-- > 0 && !r.failed)
	{
		CqlString	key = cql_get_string(&r);
		CqlString	value = cql_get_string(&r);

		text = node_format(&node->scratch, "%s%.*s=%.*s\n", text, (int) key.len, key.data, (int) value.len, value.data);
	}
	return (CqlString) {text, (uint32_t) strlen(text)};
}

static void
decode(NodeCall *call)
{
	CqlReader	r = cql_reader(call->frame->body, call->frame->length);

	skip_payload(call->frame, &r);
	switch (call->frame->opcode)
	{
		case CQL_OP_QUERY:
			call->text = cql_get_long_string(&r);
			take_params(call, &r);
			break;
		case CQL_OP_PREPARE:
			call->text = cql_get_long_string(&r);
			if (call->frame->version >= 5 && (cql_get_u32(&r) & 1))
				cql_get_string(&r);
			call->malformed = r.failed;
			break;
		case CQL_OP_EXECUTE:
			decode_execute(call, &r);
			break;
		case CQL_OP_BATCH:
			decode_batch(call, &r);
			break;
		case CQL_OP_STARTUP:
			call->text = startup_text(call->node, r);
			break;
		default:
			break;
	}
}

/* ---- handshake ---- */

static void
put_pair(CqlBuffer *b, const char *key, const char *value)
{
	cql_put_string(b, key);
	cql_put_u16(b, 1);
	cql_put_string(b, value);
}

static void
answer_options(NodeCall *call)
{
	CqlBuffer  *b = &call->conn->answer;
	Node	   *node = call->node;
	int			n = 2;

	node_answer_begin(call, CQL_OP_SUPPORTED);
	cql_put_u16(b, 0);
	put_pair(b, "CQL_VERSION", node->nr_shards > 0 ? "3.3.1" : "3.4.7");
	cql_put_string(b, "COMPRESSION");
	cql_put_u16(b, node->lz4 ? 2 : 1);
	cql_put_string(b, "snappy");
	if (node->lz4)
		cql_put_string(b, "lz4");
	if (node->nr_shards > 0)
		n += node_scylla_supported(call, b);
	else
	{
		n++;
		cql_put_string(b, "PROTOCOL_VERSIONS");
		cql_put_u16(b, (uint16_t) (node->protocol - 2));
		cql_put_string(b, "3/v3");
		cql_put_string(b, "4/v4");
		if (node->protocol >= 5)
			cql_put_string(b, "5/v5");
	}
	cql_store_u16(b->data + CQL_FRAME_HEADER_SIZE, (uint16_t) n);
	node_answer_end(call);
}

/* The options of STARTUP into the connection; false: answered with an error. */
static bool
take_startup(NodeCall *call)
{
	NodeConn   *c = call->conn;
	CqlReader	r = cql_reader(call->frame->body, call->frame->length);
	int			n = cql_get_u16(&r);
	bool		version = false;

	while (n-- > 0 && !r.failed)
	{
		CqlString	key = cql_get_string(&r);
		CqlString	value = cql_get_string(&r);

		if (cql_string_equal(key, "CQL_VERSION"))
			version = true;
		else if (cql_string_equal(key, "COMPRESSION"))
		{
			c->lz4 = value.len == 3 && strncasecmp(value.data, "lz4", 3) == 0 && call->node->lz4;
			if (!c->lz4)
			{
				node_answer_refusal(call, CQL_ERR_PROTOCOL, "Unknown compression algorithm: %.*s",
									(int) value.len, value.data);
				return false;
			}
		}
		else if (call->node->nr_shards > 0)
			node_scylla_option(c, key);
	}
	if (r.failed || !version)
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "Missing value CQL_VERSION in STARTUP message");
	return !r.failed && version;
}

static void
become_ready(NodeConn *c)
{
	c->state = STATE_READY;
	c->node->report.ready++;
	node_on_shard(c, 1);
}

/* As Cassandra's mTLS authenticators. False: refused. */
static bool
check_certificate(NodeCall *call, bool *known)
{
	Node	   *node = call->node;
	char		name[256];

	*known = false;
	if (!node->certificates)
		return true;
	if (node_tls_client_name(call->conn, name, sizeof(name)))
	{
		*known = strcmp(name, node->user) == 0;
		if (!*known)
			node_answer_refusal(call, CQL_ERR_CREDENTIALS, "Certificate identity '%s' not authorized", name);
		return *known;
	}
	if (node->password == NULL)
		node_answer_refusal(call, CQL_ERR_CREDENTIALS, "Invalid or not supported certificate");
	return node->password != NULL;
}

static const char *
authenticator(const Node *node)
{
	if (!node->certificates)
		return "org.apache.cassandra.auth.PasswordAuthenticator";
	return node->nr_shards > 0 ? "com.scylladb.auth.CertificateOrPasswordAuthenticator" :
		"org.apache.cassandra.auth.MutualTlsWithPasswordFallbackAuthenticator";
}

static void
answer_startup(NodeCall *call)
{
	NodeConn   *c = call->conn;
	bool		known;

	if (c->state != STATE_NEW)
	{
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "Unexpected message STARTUP");
		return;
	}
	if (!take_startup(call) || !check_certificate(call, &known))
		return;
	c->version = call->frame->version;
	c->metadata_id |= c->version >= 5;
	call->start_segments = c->version >= 5;
	if (call->node->user == NULL || known)
	{
		become_ready(c);
		node_answer_begin(call, CQL_OP_READY);
	}
	else
	{
		c->state = STATE_AUTHENTICATING;
		node_answer_begin(call, CQL_OP_AUTHENTICATE);
		cql_put_string(&c->answer, authenticator(call->node));
	}
	node_answer_end(call);
}

/* authzid NUL user NUL password */
static bool
password_right(const Node *node, CqlBytes token)
{
	size_t		user = strlen(node->user);
	size_t		password = strlen(node->password);
	const uint8_t *at = token.len > 0 ? memchr(token.data, 0, (size_t) token.len) : NULL;
	size_t		left = at ? (size_t) (token.data + token.len - at - 1) : 0;

	return at != NULL && left == user + 1 + password &&
		memcmp(at + 1, node->user, user + 1) == 0 &&
		memcmp(at + 1 + user + 1, node->password, password) == 0;
}

static void
answer_auth(NodeCall *call)
{
	NodeConn   *c = call->conn;
	CqlReader	r = cql_reader(call->frame->body, call->frame->length);

	if (c->state != STATE_AUTHENTICATING)
	{
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "Unexpected message AUTH_RESPONSE");
		return;
	}
	if (!password_right(call->node, cql_get_bytes(&r)))
	{
		node_answer_refusal(call, CQL_ERR_CREDENTIALS,
							"Provided username %s and/or password are incorrect", call->node->user);
		return;
	}
	become_ready(c);
	node_answer_begin(call, CQL_OP_AUTH_SUCCESS);
	cql_put_null(&c->answer);
	node_answer_end(call);
}

/* ---- events ---- */

static const char *const event_types[NODE_EVENT_TYPES] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"};

static void
answer_register(NodeCall *call)
{
	CqlReader	r = cql_reader(call->frame->body, call->frame->length);
	int			n = cql_get_u16(&r);

	while (n-- > 0)
	{
		CqlString	name = cql_get_string(&r);
		int			i = 0;

		while (i < NODE_EVENT_TYPES && !cql_string_equal(name, event_types[i]))
			i++;
		if (r.failed || i == NODE_EVENT_TYPES)
		{
			node_answer_refusal(call, CQL_ERR_PROTOCOL, "Invalid value '%.*s' for Type", (int) name.len, name.data);
			return;
		}
		node_on_shard(call->conn, call->conn->registered == 0 ? -1 : 0);
		call->conn->registered |= UINT32_C(1) << i;
	}
	node_answer_begin(call, CQL_OP_READY);
	node_answer_end(call);
}

void
node_event_send(Node *node, int type, const CqlBuffer *body)
{
	for (NodeConn *c = node->conns, *next; c != NULL; c = next)
	{
		next = c->next;
		if (c->registered & (UINT32_C(1) << type))
			node_conn_event(c, body);
	}
}

/* UP|DOWN|NEW_NODE|REMOVED_NODE address port */
static bool
put_address_event(Node *node, NodeLexer *x, CqlBuffer *body)
{
	uint8_t		address[16];
	uint8_t		len = 4;

	cql_put_string(body, x->token.value);
	node_lexer_next(x);
	if (uv_inet_pton(AF_INET, x->token.value, address) != 0)
	{
		if (uv_inet_pton(AF_INET6, x->token.value, address) != 0)
			return node_fail(node, 0, "an address is missing at \"%.40s\"", x->token.text);
		len = 16;
	}
	cql_put_u8(body, len);
	cql_put_raw(body, address, len);
	node_lexer_next(x);
	cql_put_u32(body, (uint32_t) strtoul(x->token.value, NULL, 10));
	node_lexer_next(x);
	return true;
}

/* TYPE and its words: STATUS_CHANGE UP 127.0.0.1 9042, SCHEMA_CHANGE CREATED TABLE ks t */
bool
node_event(Node *node, NodeLexer *x)
{
	CqlBuffer	body = {0};
	bool		ok = true;
	int			type = 0;

	while (type < NODE_EVENT_TYPES && !node_lexer_is(x, event_types[type]))
		type++;
	if (type == NODE_EVENT_TYPES)
		return node_fail(node, 0, "unknown event \"%.40s\"", x->token.text);
	node_lexer_next(x);
	cql_put_string(&body, event_types[type]);
	if (type < 2)
		ok = put_address_event(node, x, &body);
	else
		for (; x->token.kind == TOKEN_NAME; node_lexer_next(x))
			cql_put_string(&body, x->token.value);
	if (ok)
		node_event_send(node, type, &body);
	cql_buffer_free(&body);
	return ok;
}

/* ---- statements ---- */

static void
answer_query(NodeCall *call)
{
	NodeStatement *s;

	if (node_is_ddl(call->text))
	{
		node_run_ddl(call);
		return;
	}
	s = node_statement_parse(call->node, call->text);
	if (s != NULL && node_run_check(call, s))
	{
		node_route(call, s);
		node_run(call, s);
	}
	else
		node_answer_failure(call);
	node_statement_free(s);
}

static void
answer_prepare(NodeCall *call)
{
	Node	   *node = call->node;
	NodeStatement *s;
	uint8_t		id[16];
	CqlBytes	key = {id, 16};
	uint64_t	hash = node_hash((const uint8_t *) call->text.data, call->text.len);

	cql_store_u64(id, hash);
	cql_store_u64(id + 8, ~hash * 0x9E3779B97F4A7C15u);
	if ((s = statement_by_id(node, key)) == NULL)
	{
		if ((s = node_statement_parse(node, call->text)) == NULL)
		{
			node_answer_failure(call);
			return;
		}
		memcpy(s->id, id, 16);
		node_metadata_id(s);
		s->next = node->statements;
		node->statements = s;
	}
	node_answer_prepared(call, s);
}

/* What one row's values are counted as. */
static void
count_row(NodeCall *call)
{
	Node	   *node = call->node;
	NodeReport *report = &node->report;
	NodeStatement *s = call->statement;

	if (node->checksum)
		report->checksum += node_hash(call->values_at, call->values_len);
	if (s != NULL && s->kind != STATEMENT_SELECT && s->condition == CONDITION_NONE &&
		call->timestamp == NODE_NO_TIMESTAMP && !s->timestamp.given)
		report->no_timestamp++;
}

static void
count_rows(NodeCall *call)
{
	CqlReader	r = call->batch;
	NodeCall	row = *call;

	if (call->frame->opcode == CQL_OP_EXECUTE)
	{
		call->node->report.executes++;
		count_row(call);
		return;
	}
	if (call->frame->opcode != CQL_OP_BATCH || call->malformed || (call->node->null && !call->node->checksum))
		return;
	for (int i = 0; i < call->rows; i++)
	{
		node_take_row(&row, &r);
		count_row(&row);
	}
}

static void
answer_execute(NodeCall *call)
{
	if (call->statement == NULL)
	{
		node_answer_unprepared(call);
		return;
	}
	if (!node_run_check(call, call->statement))
	{
		node_answer_failure(call);
		return;
	}
	node_route(call, call->statement);
	node_run(call, call->statement);
}

/* All rows are checked before the first is written. Each writes its answer over the last one's. */
static void
answer_batch(NodeCall *call)
{
	CqlReader	r = call->batch;

	for (int i = 0; i < call->rows; i++)
	{
		node_take_row(call, &r);
		if (call->statement == NULL)
		{
			node_answer_unprepared(call);
			return;
		}
		if (call->statement->kind == STATEMENT_SELECT)
			node_fail(call->node, CQL_ERR_INVALID, "Invalid statement in batch: only UPDATE, INSERT and DELETE "
					  "statements are allowed.");
		else if (node_run_check(call, call->statement))
			continue;
		node_answer_failure(call);
		return;
	}
	if (!node_scylla_batch(call))
	{
		node_answer_failure(call);
		return;
	}
	node_route(call, call->statement);
	r = call->batch;
	for (int i = 0; i < call->rows; i++)
	{
		node_take_row(call, &r);
		node_run(call, call->statement);
	}
}

/* ---- requests ---- */

static void
answer(NodeCall *call)
{
	NodeConn   *c = call->conn;
	uint8_t		opcode = call->frame->opcode;

	if (call->malformed)
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "the body of the message cannot be decoded");
	else if (call->frame->length > NODE_MAX_BODY)
		node_answer_refusal(call, CQL_ERR_INVALID, "Request is too big: length %u exceeds maximum allowed "
							"length %d.", call->frame->length, NODE_MAX_BODY);
	else if (opcode == CQL_OP_OPTIONS && c->state != STATE_AUTHENTICATING)
		answer_options(call);
	else if (opcode == CQL_OP_STARTUP)
		answer_startup(call);
	else if (opcode == CQL_OP_AUTH_RESPONSE)
		answer_auth(call);
	else if (c->state != STATE_READY)
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "Unexpected message %d, expecting %s", opcode,
							c->state == STATE_NEW ? "STARTUP or OPTIONS" : "SASL_RESPONSE");
	else if (opcode == CQL_OP_REGISTER)
		answer_register(call);
	else if (opcode == CQL_OP_QUERY)
		answer_query(call);
	else if (opcode == CQL_OP_PREPARE)
		answer_prepare(call);
	else if (opcode == CQL_OP_EXECUTE)
		answer_execute(call);
	else if (opcode == CQL_OP_BATCH)
		answer_batch(call);
	else
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "opcode %d is not served", opcode);
	node_tablet_teach(call);
}

/* Version errors come on stream 0, whatever the request used; ScyllaDB closes. */
static bool
version_spoken(NodeCall *call)
{
	Node	   *node = call->node;
	NodeConn   *c = call->conn;
	uint8_t		version = call->frame->version;
	bool		known = version >= NODE_OLDEST_PROTOCOL && version <= node->protocol && !call->frame->response;
	bool		spoken = known && version >= node->oldest;

	if (spoken && (c->version == 0 || c->version == version))
		return true;
	node->report.protocol_errors++;
	if (spoken)
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "Invalid message version. Got %d/v%d but previous messages "
							"on this connection had version %d/v%d", version, version, c->version, c->version);
	else if (known)
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "Rejecting Protocol Version %d/v%d < %d/v%d.", version, version,
							node->oldest, node->oldest);
	else
		node_answer_refusal(call, CQL_ERR_PROTOCOL, "Invalid or unsupported protocol version (%d); supported "
							"versions are (3/v3, 4/v4%s)", version, node->protocol >= 5 ? ", 5/v5" : "");
	cql_store_u16(c->answer.data + 2, 0);
	node_conn_out(c, call->frame->stream);
	if (node->nr_shards > 0)
		node_conn_close_when_written(c, CLOSE_NORMAL);
	return false;
}

/* Null mode: a write is answered from what was prepared, its values are not looked at. */
static bool
fast_void(NodeCall *call)
{
	bool		batch = call->frame->opcode == CQL_OP_BATCH;

	if (!call->node->null || call->node->rules != NULL || call->malformed || call->statement == NULL ||
		(call->frame->opcode != CQL_OP_EXECUTE && !batch) || call->conn->state != STATE_READY ||
		call->statement->kind == STATEMENT_SELECT || call->statement->condition != CONDITION_NONE)
		return false;
	if (call->conn->tablets && call->statement->table->ntablets > 0)
	{
		node_route(call, call->statement);
		if (call->teach != NULL)
		{
			node_answer_void(call);
			node_tablet_teach(call);
			node_conn_out(call->conn, call->frame->stream);
			call->node->report.rows_written++;
			return true;
		}
	}
	call->node->report.rows_written += batch ? (uint64_t) call->rows : 1;
	call->node->report.on_control += call->conn->registered != 0;
	node_conn_out_void(call->conn, call->frame->stream);
	return true;
}

static void
finish(NodeCall *call)
{
	NodeConn   *c = call->conn;

	cql_arena_free(&call->node->scratch);
	if (!call->start_segments || c->closing)
		return;
	node_conn_seal(c);			/* the answer itself is still bare */
	c->segments = true;
	cql_splitter_use_segments(&c->in, c->lz4);
}

void
node_respond(NodeConn *c, const CqlFrame *frame)
{
	Node	   *node = c->node;
	NodeCall	call = {
		.node = node, .conn = c, .frame = frame, .value = node->value, .timestamp = NODE_NO_TIMESTAMP,
		.id = {NULL, -1}, .metadata_id = {NULL, -1}, .paging_state = {NULL, -1}
	};
	NodeRule   *rule;

	node->report.requests++;
	if (frame->opcode < 17)
		node->report.opcode[frame->opcode]++;
	node_conn_received(c, frame);
	c->queues = frame->opcode == CQL_OP_QUERY || frame->opcode == CQL_OP_EXECUTE || frame->opcode == CQL_OP_BATCH;
	if (!version_spoken(&call))
		return;
	decode(&call);
	count_rows(&call);
	if (fast_void(&call))
		return;
	rule = node_rule_for(node, &call, frame->opcode);
	if (!node->null)
		node_record(&call, rule != NULL);
	if (rule == NULL || !node_rule_before(&call, rule))
	{
		answer(&call);
		if (rule != NULL)
			node_rule_after(&call, rule);
		else
			node_conn_out(c, frame->stream);
	}
	finish(&call);
}
