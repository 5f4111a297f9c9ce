/*
 * test/node/rule.c
 *	  Faults: which request is answered how else.
 *
 * Thread: the node's. Owns: the rules of the node.
 * Invariant: every rule that matches a request counts it, the first one whose
 * count says so fires, and a request meets one fault at most.
 */
#define _GNU_SOURCE				/* memmem */
#include <stdlib.h>

#include "internal.h"

#define GARBAGE_SIZE 64
#define BIG_FRAME 0x20000000	/* 512 MB: twice what the specification allows */

/* What an action may be ordered for. */
#define FOR_CONNECT 1
#define FOR_FLIGHT 2			/* of a TLS handshake */
#define FOR_REQUEST 4
#define FOR_ALL 7

static const struct
{
	const char *name;
	NodeAction	action;
	int			place;
}			actions[] = {
	{"silent", ACTION_SILENT, FOR_ALL}, {"close", ACTION_CLOSE, FOR_ALL}, {"reset", ACTION_RESET, FOR_ALL},
	{"cut", ACTION_CUT, FOR_FLIGHT | FOR_REQUEST}, {"garbage", ACTION_GARBAGE, FOR_FLIGHT | FOR_REQUEST},
	{"stall", ACTION_STALL, FOR_FLIGHT | FOR_REQUEST}, {"dribble", ACTION_DRIBBLE, FOR_FLIGHT | FOR_REQUEST},
	{"tls-flip", ACTION_TLS_FLIP, FOR_FLIGHT | FOR_REQUEST}, {"plain", ACTION_PLAIN, FOR_FLIGHT},
	{"alert", ACTION_ALERT, FOR_FLIGHT}, {"delay", ACTION_DELAY, FOR_REQUEST}, {"hold", ACTION_HOLD, FOR_REQUEST},
	{"error", ACTION_ERROR, FOR_REQUEST}, {"unprepared", ACTION_UNPREPARED, FOR_REQUEST},
	{"other-id", ACTION_OTHER_ID, FOR_REQUEST}, {"warn", ACTION_WARN, FOR_REQUEST},
	{"wrong-stream", ACTION_WRONG_STREAM, FOR_REQUEST}, {"badcrc", ACTION_BAD_CRC, FOR_REQUEST},
	{"version", ACTION_VERSION, FOR_REQUEST}, {"bigframe", ACTION_BIG_FRAME, FOR_REQUEST},
	{"duplicate", ACTION_DUPLICATE, FOR_REQUEST}, {"empty-page", ACTION_EMPTY_PAGE, FOR_REQUEST},
	{"no-metadata", ACTION_NO_METADATA, FOR_REQUEST}, {"tls-cut", ACTION_TLS_CUT, FOR_REQUEST},
	{"tls-close", ACTION_TLS_CLOSE, FOR_REQUEST}, {"key-update", ACTION_KEY_UPDATE, FOR_REQUEST},
	{"renegotiate", ACTION_RENEGOTIATE, FOR_REQUEST}, {"payload", ACTION_PAYLOAD, FOR_REQUEST}
};

/* ---- the line ---- */

static void
free_rule(NodeRule *rule)
{
	free(rule->text);
	cql_buffer_free(&rule->warning);
	free(rule->error.message);
	free(rule->error.write_type);
	cql_buffer_free(&rule->value);
	cql_buffer_free(&rule->payload);
	free(rule);
}

void
node_rules_clear(Node *node)
{
	for (NodeRule *rule = node->rules, *next; rule != NULL; rule = next)
	{
		next = rule->next;
		free_rule(rule);
	}
	node->rules = NULL;
}

static bool
take_number(Node *node, NodeLexer *x, uint64_t *number)
{
	char	   *end;

	*number = strtoull(x->token.value, &end, 0);
	if (x->token.kind != TOKEN_NAME || *end != '\0')
		return node_fail(node, 0, "a number is missing at \"%.40s\"", x->token.text);
	node_lexer_next(x);
	return true;
}

static bool
take_string(Node *node, NodeLexer *x, char **out)
{
	if (x->token.kind != TOKEN_STRING)
		return node_fail(node, 0, "a \"string\" is missing at \"%.40s\"", x->token.text);
	free(*out);
	if ((*out = strdup(x->token.value)) == NULL)
		abort();
	node_lexer_next(x);
	return true;
}

static bool
take_value(Node *node, NodeLexer *x, CqlBuffer *out)
{
	CqlString	hex = {x->token.text, (uint32_t) x->token.len};
	CqlType		blob = {.id = CQL_TYPE_BLOB};
	CqlBytes	value;

	if (!node_literal(hex, &blob, &node->scratch, &value) || value.len <= 0)
		return node_fail(node, 0, "bytes (0x...) are missing at \"%.40s\"", x->token.text);
	cql_put_raw(out, value.data, (size_t) value.len);
	node_lexer_next(x);
	return true;
}

/* [text "s"] [value 0x..] [shard N] [over N] [nth N] [every N] [after N] [times N]; stops at the action */
static bool
take_conditions(Node *node, NodeLexer *x, NodeRule *rule)
{
	for (;;)
	{
		bool		ok;

		if (node_lexer_accept(x, "text"))
			ok = take_string(node, x, &rule->text);
		else if (node_lexer_accept(x, "value"))
			ok = take_value(node, x, &rule->value);
		else if (node_lexer_accept(x, "shard"))
			ok = node_take_int(node, x, 0, NODE_MAX_SHARDS - 1, &rule->shard);
		else if (node_lexer_accept(x, "over"))
			ok = take_number(node, x, &rule->over);
		else if (node_lexer_accept(x, "nth"))
			ok = take_number(node, x, &rule->nth);
		else if (node_lexer_accept(x, "every"))
			ok = take_number(node, x, &rule->every);
		else if (node_lexer_accept(x, "after"))
			ok = take_number(node, x, &rule->after);
		else if (node_lexer_accept(x, "times"))
			ok = take_number(node, x, &rule->times);
		else
			return true;
		if (!ok)
			return false;
	}
}

/* "text" ["text"]... */
static bool
take_warnings(Node *node, NodeLexer *x, NodeRule *rule)
{
	do
	{
		char	   *text = NULL;

		if (!take_string(node, x, &text))
			return false;
		cql_put_string(&rule->warning, text);
		rule->nwarnings++;
		free(text);
	} while (x->token.kind == TOKEN_STRING);
	return true;
}

/* CODE ["message"] [received N] [required N] [data] [WRITE_TYPE] [warn "text" ["text"]...] */
static bool
take_error(Node *node, NodeLexer *x, NodeRule *rule)
{
	NodeErrorDetail *e = &rule->error;
	uint64_t	number;

	if (!take_number(node, x, &number))
		return false;
	e->code = (int) number;
	if (x->token.kind == TOKEN_STRING && !take_string(node, x, &e->message))
		return false;
	while (x->token.kind == TOKEN_NAME)
	{
		if (node_lexer_accept(x, "received") && take_number(node, x, &number))
			e->received = (int32_t) number;
		else if (node_lexer_accept(x, "required") && take_number(node, x, &number))
			e->required = (int32_t) number;
		else if (node_lexer_accept(x, "data"))
			e->data = true;
		else if (node_lexer_accept(x, "warn"))
			return take_warnings(node, x, rule);
		else
		{
			free(e->write_type);
			if ((e->write_type = strdup(x->token.value)) == NULL)
				abort();
			node_lexer_next(x);
		}
	}
	return true;
}

/* What follows the action's word. */
static bool
take_argument(Node *node, NodeLexer *x, NodeRule *rule)
{
	switch (rule->action)
	{
		case ACTION_TLS_FLIP:
			rule->number = NODE_NO_LIMIT;
			return x->token.kind == TOKEN_END || take_number(node, x, &rule->number);
		case ACTION_CUT:
		case ACTION_DELAY:
		case ACTION_STALL:
		case ACTION_TLS_CUT:
		case ACTION_ALERT:
			return take_number(node, x, &rule->number);
		case ACTION_KEY_UPDATE:
			rule->number = node_lexer_accept(x, "request");
			return true;
		case ACTION_ERROR:
			return take_error(node, x, rule);
		case ACTION_WARN:
			return take_warnings(node, x, rule);
		case ACTION_PAYLOAD:
			return take_value(node, x, &rule->payload);
		default:
			return true;
	}
}

static bool
take_action(Node *node, NodeLexer *x, NodeRule *rule)
{
	size_t		i = 0;
	size_t		n = sizeof(actions) / sizeof(actions[0]);
	int			place = rule->opcode < NODE_ON_CONNECT ? FOR_REQUEST : rule->opcode == NODE_ON_CONNECT ? FOR_CONNECT : FOR_FLIGHT;

	while (i < n && !node_lexer_is(x, actions[i].name))
		i++;
	if (i == n)
		return node_fail(node, 0, "unknown action or condition \"%.40s\"", x->token.text);
	if (!(actions[i].place & place))
		return node_fail(node, 0, "%s cannot be done there", actions[i].name);
	node_lexer_next(x);
	rule->action = actions[i].action;
	return take_argument(node, x, rule);
}

/* -2: there is no such thing */
static int
occasion(const NodeLexer *x)
{
	int			opcode;

	if (node_lexer_is(x, "CONNECT"))
		return NODE_ON_CONNECT;
	if (node_lexer_is(x, "CLIENT_HELLO"))
		return NODE_ON_CLIENT_HELLO;
	if (node_lexer_is(x, "CLIENT_FINISHED"))
		return NODE_ON_CLIENT_FINISHED;
	if (node_lexer_is(x, "ANY"))
		return -1;
	opcode = node_opcode_by_name(x->token.value);
	return opcode < 0 ? -2 : opcode;
}

/* OPCODE|CONNECT|CLIENT_HELLO|CLIENT_FINISHED|ANY conditions action */
bool
node_rule_add(Node *node, NodeLexer *x)
{
	NodeRule   *rule = node_alloc(sizeof(*rule));
	NodeRule  **at = &node->rules;
	bool		ok = true;

	rule->shard = -1;
	rule->error.received = rule->error.required = -1;
	if ((rule->opcode = occasion(x)) == -2)
		ok = node_fail(node, 0, "unknown opcode \"%.40s\"", x->token.text);
	else
		node_lexer_next(x);
	if (!ok || !take_conditions(node, x, rule) || !take_action(node, x, rule))
	{
		free_rule(rule);
		return false;
	}
	while (*at != NULL)
		at = &(*at)->next;
	*at = rule;
	return true;
}

/* ---- matching ---- */

static bool
matches(const NodeRule *rule, const NodeCall *call, int opcode)
{
	if (rule->opcode != opcode && (rule->opcode != -1 || opcode >= NODE_ON_CONNECT))
		return false;
	if (rule->text != NULL &&
		memmem(call->text.data, call->text.len, rule->text, strlen(rule->text)) == NULL)
		return false;
	if (rule->shard >= 0 && (call->conn == NULL || call->conn->shard != rule->shard))
		return false;
	if (rule->over > 0 && (call->node == NULL || call->node->report.in_flight <= rule->over))
		return false;
	return rule->value.len == 0 ||
		memmem(call->values_at, call->values_len, rule->value.data, rule->value.len) != NULL;
}

static bool
fires(NodeRule *rule)
{
	rule->seen++;
	return (rule->nth == 0 || rule->seen == rule->nth) &&
		(rule->every == 0 || rule->seen % rule->every == 0) &&
		rule->seen > rule->after &&
		(rule->times == 0 || rule->fired < rule->times);
}

/* call is NULL where there is no request: no text and no values */
NodeRule *
node_rule_for(Node *node, const NodeCall *call, int opcode)
{
	static const NodeCall nothing;
	NodeRule   *found = NULL;

	for (NodeRule *rule = node->rules; rule != NULL; rule = rule->next)
		if (matches(rule, call ? call : &nothing, opcode) && fires(rule) && found == NULL)
			found = rule;
	if (found != NULL)
	{
		found->fired++;
		node->report.faults++;
	}
	return found;
}

/* ---- doing ---- */

static void
out_garbage(NodeConn *c, int16_t stream)
{
	uint8_t		garbage[GARBAGE_SIZE];

	memset(garbage, 0xA5, sizeof(garbage));
	node_conn_out_raw(c, stream, garbage, sizeof(garbage));
}

static void
add_warnings(CqlBuffer *answer, const NodeRule *rule)
{
	CqlBuffer	warned = {0};

	cql_put_raw(&warned, answer->data, CQL_FRAME_HEADER_SIZE);
	warned.data[1] |= CQL_FLAG_WARNING;
	cql_put_u16(&warned, rule->nwarnings);
	cql_put_raw(&warned, rule->warning.data, rule->warning.len);
	cql_put_raw(&warned, answer->data + CQL_FRAME_HEADER_SIZE, answer->len - CQL_FRAME_HEADER_SIZE);
	cql_frame_end(&warned, 0);
	cql_buffer_free(answer);
	*answer = warned;
}

bool
node_rule_before(NodeCall *call, NodeRule *rule)
{
	NodeConn   *c = call->conn;
	int16_t		stream = call->frame->stream;

	switch (rule->action)
	{
		case ACTION_SILENT:
			return true;
		case ACTION_CLOSE:
			node_conn_close_when_written(c, CLOSE_NORMAL);
			return true;
		case ACTION_RESET:
			node_conn_close(c, CLOSE_RESET);
			return true;
		case ACTION_TLS_CLOSE:
			node_conn_leaving(c);
			node_tls_close_notify(c);
			node_conn_close_when_written(c, CLOSE_NORMAL);
			return true;
		case ACTION_GARBAGE:
			out_garbage(c, stream);
			return true;
		case ACTION_ERROR:
			node_answer_error(call, &rule->error);
			if (rule->nwarnings > 0)
				add_warnings(&c->answer, rule);
			node_conn_out(c, stream);
			return true;
		case ACTION_UNPREPARED:
			node_answer_unprepared(call);
			node_conn_out(c, stream);
			return true;
		case ACTION_OTHER_ID:
			call->other_id = true;
			if (call->frame->opcode != CQL_OP_EXECUTE && call->frame->opcode != CQL_OP_BATCH)
				return false;
			node_answer_unprepared(call);
			node_conn_out(c, stream);
			return true;
		case ACTION_EMPTY_PAGE:
			call->empty_page = true;
			return false;
		case ACTION_NO_METADATA:
			call->no_metadata = true;
			return false;
		default:
			return false;
	}
}

/* The answer's wire form, with its last byte flipped or cut short. */
static void
out_damaged(NodeConn *c, int16_t stream, const NodeRule *rule)
{
	CqlBuffer	wire = {0};

	node_conn_to_wire(c, &wire, c->answer.data, c->answer.len);
	if (rule->action == ACTION_BAD_CRC)
		wire.data[wire.len - 1] ^= 0xFF;
	else
	{
		wire.len = rule->number < wire.len ? rule->number : wire.len;
		node_conn_close_when_written(c, CLOSE_NORMAL);
	}
	node_conn_out_raw(c, stream, wire.data, wire.len);
	cql_buffer_free(&wire);
}

/*
 * The answer's header claims a length that nobody may send. Its bytes are no
 * whole frame any more, so the segment is made here.
 */
static void
out_big(NodeConn *c, int16_t stream)
{
	CqlBuffer	wire = {0};
	size_t		lengths = c->lz4 ? 5 : 3;
	uint64_t	bits;
	uint32_t	crc;

	cql_store_u32(c->answer.data + 5, BIG_FRAME);
	if (!c->segments)
	{
		node_conn_out_raw(c, stream, c->answer.data, c->answer.len);
		return;
	}
	bits = CQL_FRAME_HEADER_SIZE;	/* not self-contained */
	cql_put_raw(&wire, &bits, lengths);
	crc = cql_crc24(wire.data, lengths);
	cql_put_raw(&wire, &crc, 3);
	cql_put_raw(&wire, c->answer.data, CQL_FRAME_HEADER_SIZE);
	crc = cql_crc32(c->answer.data, CQL_FRAME_HEADER_SIZE);
	cql_put_raw(&wire, &crc, 4);
	node_conn_out_raw(c, stream, wire.data, wire.len);
	cql_buffer_free(&wire);
}

/* Other bytes instead of those from mark. */
static void
replace(CqlBuffer *out, size_t mark, const void *data, size_t n)
{
	out->len = mark;
	cql_put_raw(out, data, n);
}

/* What node software without TLS answers to a ClientHello. */
static void
put_plain_answer(CqlBuffer *out)
{
	size_t		mark = cql_frame_begin(out, 4 | CQL_RESPONSE_BIT, 0, 0, CQL_OP_ERROR);

	cql_put_u32(out, CQL_ERR_PROTOCOL);
	cql_put_string(out, "Invalid or unsupported protocol version (22); supported versions are (3/v3, 4/v4, 5/v5)");
	cql_frame_end(out, mark);
}

/* What a rule does to the bytes from mark on, which would leave next. */
static void
damage(NodeConn *c, CqlBuffer *out, size_t mark, const NodeRule *rule)
{
	size_t		n = out->len - mark;
	size_t		number = rule->number < n ? (size_t) rule->number : n;

	switch (rule->action)
	{
		case ACTION_TLS_FLIP:
			if (n > 0)
				out->data[mark + (number < n ? number : n - 1)] ^= 0xFF;
			break;
		case ACTION_CUT:
		case ACTION_TLS_CUT:
			out->len = mark + number;
			node_conn_close_when_written(c, CLOSE_NORMAL);
			break;
		case ACTION_STALL:
			node_conn_stall(c, mark + number);
			break;
		case ACTION_DRIBBLE:
			c->dribble = true;
			break;
		default:
			break;
	}
}

void
node_rule_on_flight(NodeConn *c, size_t mark, NodeRule *rule)
{
	CqlBuffer  *out = &c->sealed;
	uint8_t		garbage[GARBAGE_SIZE];
	uint8_t		alert[] = {21, 3, 3, 0, 2, 2, (uint8_t) rule->number};

	switch (rule->action)
	{
		case ACTION_SILENT:
			out->len = mark;
			c->deaf = true;
			break;
		case ACTION_CLOSE:
			out->len = mark;
			node_conn_close_when_written(c, CLOSE_NORMAL);
			break;
		case ACTION_RESET:
			node_conn_close(c, CLOSE_RESET);
			break;
		case ACTION_GARBAGE:
			memset(garbage, 0xA5, sizeof(garbage));
			replace(out, mark, garbage, sizeof(garbage));
			c->deaf = true;
			break;
		case ACTION_PLAIN:
			out->len = mark;
			put_plain_answer(out);
			c->deaf = true;
			break;
		case ACTION_ALERT:
			replace(out, mark, alert, sizeof(alert));
			node_conn_close_when_written(c, CLOSE_LINGER);
			break;
		default:
			damage(c, out, mark, rule);
			break;
	}
}

/* The answer in records of its own, to which the rule does something. */
static void
out_on_wire(NodeConn *c, int16_t stream, const NodeRule *rule)
{
	CqlBuffer	wire = {0};
	size_t		mark = node_conn_leaving(c)->len;

	node_conn_to_wire(c, &wire, c->answer.data, c->answer.len);
	node_conn_out_raw(c, stream, wire.data, wire.len);
	damage(c, node_conn_leaving(c), mark, rule);
	cql_buffer_free(&wire);
}

/* A stream that nobody waits on. */
static int16_t
idle_stream(const NodeConn *c)
{
	int			stream = CQL_STREAM_MAX - 1;

	while (stream > 0 && (c->busy[stream >> 6] & (UINT64_C(1) << (stream & 63))) != 0)
		stream--;
	return (int16_t) stream;
}

void
node_rule_after(NodeCall *call, NodeRule *rule)
{
	NodeConn   *c = call->conn;
	int16_t		stream = call->frame->stream;

	switch (rule->action)
	{
		case ACTION_CUT:
			out_damaged(c, stream, rule);
			return;
		case ACTION_BAD_CRC:
			if (c->segments)
				out_damaged(c, stream, rule);
			else
				out_garbage(c, stream); /* v4 has no checksum to break */
			return;
		case ACTION_DELAY:
			node_conn_out_late(c, stream, uv_hrtime() + rule->number * 1000000);
			return;
		case ACTION_HOLD:
			node_conn_out_late(c, stream, NODE_NEVER);
			return;
		case ACTION_BIG_FRAME:
			out_big(c, stream);
			return;
		case ACTION_TLS_FLIP:
		case ACTION_TLS_CUT:
		case ACTION_STALL:
		case ACTION_DRIBBLE:
			out_on_wire(c, stream, rule);
			return;
		case ACTION_KEY_UPDATE:
			node_conn_leaving(c);
			node_tls_key_update(c, rule->number != 0);
			break;
		case ACTION_RENEGOTIATE:
			node_conn_leaving(c);
			node_tls_renegotiate(c);
			break;
		case ACTION_WARN:
			add_warnings(&c->answer, rule);
			break;
		case ACTION_PAYLOAD:
			node_payload(&c->answer, rule->payload.data, rule->payload.len);
			break;
		case ACTION_WRONG_STREAM:
			cql_store_u16(c->answer.data + 2, (uint16_t) idle_stream(c));
			break;
		case ACTION_VERSION:
			c->answer.data[0] = CQL_RESPONSE_BIT | (c->version == 4 ? 3 : 4);
			break;
		case ACTION_DUPLICATE:
			cql_put_raw(&c->frames, c->answer.data, c->answer.len);
			break;
		default:
			break;
	}
	node_conn_out(c, stream);
}
