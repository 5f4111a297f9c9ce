/*
 * test/node/literal.c
 *	  CQL literals to values, and values checked against their types.
 *
 * Thread: the node's. Owns: nothing.
 * Invariant: what node_literal makes, node_value_valid accepts. Literals of
 * date, time, timestamp are numbers; duration has none.
 */
#include <stdlib.h>
#include <strings.h>

#include "cql/number.h"
#include "cql/value.h"
#include "internal.h"

static bool put_body(NodeLexer *x, const CqlType *type, CqlBuffer *out);

/* ---- scalars ---- */

static bool
put_integer(const NodeToken *token, int bytes, CqlBuffer *out)
{
	char		digits[32];
	char	   *end;
	long long	v;

	if (token->kind != TOKEN_NUMBER || token->len >= sizeof(digits))
		return false;
	memcpy(digits, token->text, token->len);
	digits[token->len] = '\0';
	v = strtoll(digits, &end, 10);
	if (*end != '\0')
		return false;
	for (int i = bytes - 1; i >= 0; i--)
		cql_put_u8(out, (uint8_t) ((uint64_t) v >> (8 * i)));
	return bytes == 8 || (v >= -(1LL << (8 * bytes - 1)) && v < 1LL << (8 * bytes));
}

static bool
put_floating(const NodeToken *token, bool is_float, CqlBuffer *out)
{
	char		text[64];
	char	   *end;
	double		v;

	if ((token->kind != TOKEN_NUMBER && token->kind != TOKEN_NAME) || token->len >= sizeof(text))
		return false;
	memcpy(text, token->text, token->len);
	text[token->len] = '\0';
	v = strtod(text, &end);
	if (is_float)
	{
		float		f = (float) v;

		cql_put_floats(out, &f, 1);
	}
	else
		cql_put_doubles(out, &v, 1);
	return *end == '\0';
}

static bool
put_hex(const NodeToken *token, CqlBuffer *out)
{
	char		digits[3] = {0};

	if (token->len < 2 || token->len % 2 != 0 || strncasecmp(token->text, "0x", 2) != 0)
		return false;
	for (size_t i = 2; i < token->len; i += 2)
	{
		char	   *end;

		digits[0] = token->text[i];
		digits[1] = token->text[i + 1];
		cql_put_u8(out, (uint8_t) strtoul(digits, &end, 16));
		if (end != digits + 2)
			return false;
	}
	return true;
}

static bool
put_inet(const NodeToken *token, CqlBuffer *out)
{
	uint8_t		address[16];
	size_t		len = 4;

	if (token->kind != TOKEN_STRING)
		return false;
	if (uv_inet_pton(AF_INET, token->value, address) != 0)
	{
		len = 16;
		if (uv_inet_pton(AF_INET6, token->value, address) != 0)
			return false;
	}
	cql_put_raw(out, address, len);
	return true;
}

static bool
put_uuid(const NodeToken *token, CqlBuffer *out)
{
	uint8_t		uuid[16];

	if (token->kind != TOKEN_UUID || !cql_uuid_parse(token->text, token->len, uuid))
		return false;
	cql_put_raw(out, uuid, 16);
	return true;
}

static bool
put_scalar(const NodeToken *token, const CqlType *type, CqlBuffer *out)
{
	switch (type->id)
	{
		case CQL_TYPE_ASCII:
		case CQL_TYPE_TEXT:
			cql_put_raw(out, token->value, strlen(token->value));
			return token->kind == TOKEN_STRING;
		case CQL_TYPE_TINYINT:
			return put_integer(token, 1, out);
		case CQL_TYPE_SMALLINT:
			return put_integer(token, 2, out);
		case CQL_TYPE_INT:
		case CQL_TYPE_DATE:
			return put_integer(token, 4, out);
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
		case CQL_TYPE_TIME:
		case CQL_TYPE_TIMESTAMP:
			return put_integer(token, 8, out);
		case CQL_TYPE_FLOAT:
		case CQL_TYPE_DOUBLE:
			return put_floating(token, type->id == CQL_TYPE_FLOAT, out);
		case CQL_TYPE_BOOLEAN:
			cql_put_u8(out, strcmp(token->value, "true") == 0);
			return strcmp(token->value, "true") == 0 || strcmp(token->value, "false") == 0;
		case CQL_TYPE_BLOB:
			return put_hex(token, out);
		case CQL_TYPE_UUID:
		case CQL_TYPE_TIMEUUID:
			return put_uuid(token, out);
		case CQL_TYPE_INET:
			return put_inet(token, out);
		case CQL_TYPE_VARINT:
			return token->kind == TOKEN_NUMBER && cql_put_varint_text(out, token->text, token->len);
		case CQL_TYPE_DECIMAL:
			return token->kind == TOKEN_NUMBER && cql_put_decimal_text(out, token->text, token->len);
		default:
			return false;
	}
}

/* ---- collections ---- */

/* [bytes], or what a vector has instead */
static bool
put_element(NodeLexer *x, const CqlType *type, bool vector, CqlBuffer *out)
{
	size_t		mark;
	bool		ok;

	if (!vector && node_lexer_accept(x, "null"))
	{
		cql_put_null(out);
		return true;
	}
	mark = vector ? cql_begin_vector_element(out) : cql_begin_value(out);
	ok = put_body(x, type, out);
	if (vector)
		cql_end_vector_element(out, mark, type);
	else
		cql_end_value(out, mark);
	return ok;
}

/* open element, ... close; maps have key : value */
static bool
put_collection(NodeLexer *x, const CqlType *type, CqlBuffer *out)
{
	bool		vector = type->id == CQL_TYPE_VECTOR;
	bool		tuple = type->id == CQL_TYPE_TUPLE;
	bool		brackets = vector || type->id == CQL_TYPE_LIST;
	const char *close = tuple ? ")" : brackets ? "]" : "}";
	size_t		count = out->len;
	uint32_t	n = 0;

	if (!node_lexer_accept(x, tuple ? "(" : brackets ? "[" : "{"))
		return false;
	if (!vector && !tuple)
		cql_put_element_count(out, 0);
	while (!node_lexer_is(x, close))
	{
		if ((n > 0 && !node_lexer_accept(x, ",")) || (tuple && n >= type->count) ||
			!put_element(x, type->child[tuple ? n : 0], vector, out))
			return false;
		if (type->id == CQL_TYPE_MAP &&
			(!node_lexer_accept(x, ":") || !put_element(x, type->child[1], false, out)))
			return false;
		n++;
	}
	if (!vector && !tuple)
		cql_store_u32(out->data + count, n);
	return node_lexer_accept(x, close) && (!vector || n == type->dimension);
}

/* { field : value, ... } in any order; a missing field is null */
static bool
put_udt(NodeLexer *x, const CqlType *type, CqlBuffer *out)
{
	CqlBuffer  *field = calloc(type->count + 1, sizeof(CqlBuffer));
	bool		ok = field != NULL && node_lexer_accept(x, "{");

	while (ok && !node_lexer_is(x, "}"))
	{
		uint32_t	i = 0;

		while (i < type->count && strcmp(type->field[i], x->token.value) != 0)
			i++;
		node_lexer_next(x);
		ok = i < type->count && field[i].len == 0 && node_lexer_accept(x, ":") &&
			put_element(x, type->child[i], false, &field[i]) &&
			(node_lexer_accept(x, ",") || node_lexer_is(x, "}"));
	}
	for (uint32_t i = 0; field != NULL && i < type->count; i++)
	{
		if (field[i].len > 0)
			cql_put_raw(out, field[i].data, field[i].len);
		else
			cql_put_null(out);
		cql_buffer_free(&field[i]);
	}
	free(field);
	return ok && node_lexer_accept(x, "}");
}

static bool
put_body(NodeLexer *x, const CqlType *type, CqlBuffer *out)
{
	bool		ok;

	if (type->id == CQL_TYPE_UDT)
		return put_udt(x, type, out);
	if (type->count > 0)
		return put_collection(x, type, out);
	ok = put_scalar(&x->token, type, out);
	node_lexer_next(x);
	return ok;
}

/* The whole text is one literal of the type; null yields len -1. */
bool
node_literal(CqlString text, const CqlType *type, CqlArena *arena, CqlBytes *value)
{
	NodeLexer	x;
	CqlBuffer	out = {0};
	bool		ok;

	node_lexer_start(&x, text.data, text.len, arena, false);
	*value = (CqlBytes) {NULL, -1};
	if (node_lexer_accept(&x, "null"))
		return x.token.kind == TOKEN_END;
	ok = put_body(&x, type, &out) && x.token.kind == TOKEN_END && !out.failed;
	if (ok)
		*value = (CqlBytes) {(uint8_t *) node_strdup(arena, (char *) out.data, out.len), (int32_t) out.len};
	cql_buffer_free(&out);
	return ok;
}

/* ---- values ---- */

static bool
elements_valid(const CqlType *type, CqlBytes value)
{
	bool		record = type->id == CQL_TYPE_TUPLE || type->id == CQL_TYPE_UDT;
	CqlElements it;
	const CqlType *element;
	CqlBytes	v;

	if (!cql_elements_begin(&it, type, value))
		return false;
	while (cql_elements_next(&it, &element, &v))
		if (v.len < 0 ? !record : !node_value_valid(element, v))
			return false;
	return !it.r.failed;
}

/* Bytes of a fixed-size scalar, 0 for the others. */
static int
scalar_size(CqlTypeId id)
{
	switch (id)
	{
		case CQL_TYPE_BOOLEAN:
		case CQL_TYPE_TINYINT:
			return 1;
		case CQL_TYPE_SMALLINT:
			return 2;
		case CQL_TYPE_INT:
		case CQL_TYPE_FLOAT:
		case CQL_TYPE_DATE:
			return 4;
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
		case CQL_TYPE_DOUBLE:
		case CQL_TYPE_TIME:
		case CQL_TYPE_TIMESTAMP:
			return 8;
		case CQL_TYPE_UUID:
		case CQL_TYPE_TIMEUUID:
			return 16;
		default:
			return 0;
	}
}

/* As Cassandra checks a bound value; null is always valid here. */
bool
node_value_valid(const CqlType *type, CqlBytes value)
{
	int			size = scalar_size(type->id);
	bool		no_empty = type->id == CQL_TYPE_DATE || type->id == CQL_TYPE_TIME ||
		type->id == CQL_TYPE_SMALLINT || type->id == CQL_TYPE_TINYINT || type->id == CQL_TYPE_COUNTER;
	CqlDuration duration;

	if (value.len < 0)
		return true;
	if (size > 0 && value.len != size)
		return value.len == 0 && !no_empty;
	switch (type->id)
	{
		case CQL_TYPE_ASCII:
			return cql_ascii_valid(value.data, (size_t) value.len);
		case CQL_TYPE_TEXT:
			return cql_utf8_valid(value.data, (size_t) value.len);
		case CQL_TYPE_TIMEUUID:
			return value.len == 0 || value.data[6] >> 4 == 1;
		case CQL_TYPE_INET:
			return value.len == 0 || value.len == 4 || value.len == 16;
		case CQL_TYPE_DECIMAL:
			return value.len == 0 || value.len >= 4;
		case CQL_TYPE_DURATION:
			return cql_get_duration(value, &duration);
		default:
			return type->count == 0 || (value.len == 0 && type->id >= CQL_TYPE_UDT &&
										type->id != CQL_TYPE_VECTOR) || elements_valid(type, value);
	}
}
