/*
 * cql/type.c
 *	  Type trees: as CQL text, equality, sizes. type_wire.c and type_text.c build
 *	  them.
 *
 * Thread: any; trees are immutable once built.
 * Owns: nothing; trees live in the caller's arena.
 * Invariants: a node's child array has exactly count entries, none of them NULL.
 */
#include "cql/type.h"

#include "cql/type_build.h"

static const struct
{
	const char *name;
	CqlTypeId	id;
}			natives[] = {
	{"ascii", CQL_TYPE_ASCII},
	{"bigint", CQL_TYPE_BIGINT},
	{"blob", CQL_TYPE_BLOB},
	{"boolean", CQL_TYPE_BOOLEAN},
	{"counter", CQL_TYPE_COUNTER},
	{"decimal", CQL_TYPE_DECIMAL},
	{"double", CQL_TYPE_DOUBLE},
	{"float", CQL_TYPE_FLOAT},
	{"int", CQL_TYPE_INT},
	{"timestamp", CQL_TYPE_TIMESTAMP},
	{"uuid", CQL_TYPE_UUID},
	{"text", CQL_TYPE_TEXT},
	{"varchar", CQL_TYPE_TEXT},
	{"varint", CQL_TYPE_VARINT},
	{"timeuuid", CQL_TYPE_TIMEUUID},
	{"inet", CQL_TYPE_INET},
	{"date", CQL_TYPE_DATE},
	{"time", CQL_TYPE_TIME},
	{"smallint", CQL_TYPE_SMALLINT},
	{"tinyint", CQL_TYPE_TINYINT},
	{"duration", CQL_TYPE_DURATION},
};

#define N_NATIVES (sizeof(natives) / sizeof(natives[0]))

CqlTypeId
cql_type_native(CqlString name)
{
	for (size_t i = 0; i < N_NATIVES; i++)
	{
		if (cql_string_equal(name, natives[i].name))
			return natives[i].id;
	}
	return CQL_TYPE_CUSTOM;
}

const char *
cql_type_native_name(CqlTypeId id)
{
	for (size_t i = 0; i < N_NATIVES; i++)
	{
		if (natives[i].id == id)
			return natives[i].name;
	}
	return NULL;
}

/* ---- building ---- */

CqlType *
cql_type_new(CqlArena *arena, CqlTypeId id, uint32_t count)
{
	CqlType    *type = cql_arena_alloc(arena, sizeof(*type));

	if (!type)
		return NULL;
	type->id = id;
	type->count = count;
	if (count > 0)
		type->child = cql_arena_alloc(arena, count * sizeof(*type->child));
	if (count > 0 && id == CQL_TYPE_UDT)
		type->field = cql_arena_alloc(arena, count * sizeof(*type->field));
	return arena->failed ? NULL : type;
}

const char *
cql_type_name_copy(CqlArena *arena, CqlString s)
{
	if (memchr(s.data, 0, s.len))
		return NULL;
	return cql_arena_strdup(arena, s.data, s.len);
}

/* ---- CQL text ---- */

static void
put_text(CqlBuffer *out, const char *s)
{
	cql_put_raw(out, s, strlen(s));
}

static bool
needs_quotes(const char *name)
{
	CqlString	whole = {name, (uint32_t) strlen(name)};

	if (*name < 'a' || *name > 'z' || cql_type_native(whole) != CQL_TYPE_CUSTOM)
		return true;
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0';
}

static void
put_identifier(CqlBuffer *out, const char *name)
{
	if (!needs_quotes(name))
	{
		put_text(out, name);
		return;
	}
	cql_put_u8(out, '"');
	for (; *name; name++)
	{
		if (*name == '"')
			cql_put_u8(out, '"');
		cql_put_u8(out, (uint8_t) *name);
	}
	cql_put_u8(out, '"');
}

static void put_type(const CqlType *type, CqlBuffer *out);

static void
put_parameters(const CqlType *type, CqlBuffer *out)
{
	for (uint32_t i = 0; i < type->count; i++)
	{
		if (i > 0)
			put_text(out, ", ");
		put_type(type->child[i], out);
	}
}

static void
put_dimension(uint32_t dimension, CqlBuffer *out)
{
	char		digits[10];
	int			n = 0;

	put_text(out, ", ");
	do
		digits[n++] = (char) ('0' + dimension % 10);
	while (dimension /= 10);
	while (n > 0)
		cql_put_u8(out, (uint8_t) digits[--n]);
}

static void
put_generic(const CqlType *type, const char *name, CqlBuffer *out)
{
	put_text(out, name);
	cql_put_u8(out, '<');
	put_parameters(type, out);
	if (type->id == CQL_TYPE_VECTOR)
		put_dimension(type->dimension, out);
	cql_put_u8(out, '>');
}

static void
put_bare_type(const CqlType *type, CqlBuffer *out)
{
	switch (type->id)
	{
		case CQL_TYPE_LIST:
			put_generic(type, "list", out);
			break;
		case CQL_TYPE_SET:
			put_generic(type, "set", out);
			break;
		case CQL_TYPE_MAP:
			put_generic(type, "map", out);
			break;
		case CQL_TYPE_TUPLE:
			put_generic(type, "tuple", out);
			break;
		case CQL_TYPE_VECTOR:
			put_generic(type, "vector", out);
			break;
		case CQL_TYPE_UDT:
			put_identifier(out, type->name);
			break;
		case CQL_TYPE_CUSTOM:
			cql_put_u8(out, '\'');
			put_text(out, type->name);
			cql_put_u8(out, '\'');
			break;
		default:
			put_text(out, cql_type_native_name(type->id));
	}
}

static void
put_type(const CqlType *type, CqlBuffer *out)
{
	if (type->frozen)
		put_text(out, "frozen<");
	put_bare_type(type, out);
	if (type->frozen)
		cql_put_u8(out, '>');
}

void
cql_type_format(const CqlType *type, CqlBuffer *out)
{
	put_type(type, out);
	if (cql_buffer_reserve(out, 1))
		out->data[out->len] = '\0';
}

/* ---- questions about trees ---- */

/* NULL is a name that the source did not tell: it equals only NULL, except for keyspaces. */
static bool
same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Of the first n fields. */
static bool
same_udt_names(const CqlType *a, const CqlType *b, uint32_t n)
{
	/* schema text does not name the keyspace of its user types */
	if (a->keyspace && b->keyspace && strcmp(a->keyspace, b->keyspace) != 0)
		return false;
	for (uint32_t i = 0; i < n; i++)
	{
		if (!same_name(a->field[i], b->field[i]))
			return false;
	}
	return true;
}

/* grows: user types may have more fields now. */
static bool
is_same(const CqlType *now, const CqlType *before, bool grows)
{
	bool		grown = grows && now->id == CQL_TYPE_UDT && now->count > before->count;

	if (now->id != before->id || (now->count != before->count && !grown) || now->dimension != before->dimension ||
		!same_name(now->name, before->name))
		return false;
	if (now->id == CQL_TYPE_UDT && !same_udt_names(now, before, before->count))
		return false;
	for (uint32_t i = 0; i < before->count; i++)
	{
		if (!is_same(now->child[i], before->child[i], grows))
			return false;
	}
	return true;
}

bool
cql_type_equal(const CqlType *a, const CqlType *b)
{
	return is_same(a, b, false);
}

bool
cql_type_accepts(const CqlType *now, const CqlType *before)
{
	return is_same(now, before, true);
}

/*
 * The server's own list: date, time, smallint and tinyint have a fixed size too,
 * yet it writes a length in front of them.
 */
uint32_t
cql_type_fixed_size(const CqlType *type)
{
	uint64_t	size;

	switch (type->id)
	{
		case CQL_TYPE_BOOLEAN:
			return 1;
		case CQL_TYPE_INT:
		case CQL_TYPE_FLOAT:
			return 4;
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_DOUBLE:
		case CQL_TYPE_TIMESTAMP:
			return 8;
		case CQL_TYPE_UUID:
		case CQL_TYPE_TIMEUUID:
			return 16;
		case CQL_TYPE_VECTOR:
			/* A product over 32 bits is more than any value holds, and so is its cap. */
			size = (uint64_t) cql_type_fixed_size(type->child[0]) * type->dimension;
			return size < UINT32_MAX ? (uint32_t) size : UINT32_MAX;
		default:
			return 0;
	}
}
