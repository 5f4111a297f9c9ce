/*
 * cql/type_text.c
 *	  Type trees from text: marshal class names and schema text.
 *
 * Thread: any.
 * Owns: nothing; trees live in the caller's arena.
 * Invariants: both parsers read the text once from left to right, white space
 * between any two tokens is ignored, and neither follows nesting deeper than
 * CQL_TYPE_MAX_DEPTH. Text comes from a server and may be anything at all.
 *
 *	 class:   name | name '(' class {',' class} ')'
 *			  VectorType '(' class ',' dimension ')'
 *			  UserType '(' keyspace ',' hex name {',' hex field ':' class} ')'
 *	 schema:  name | "quoted name" | 'class' | generic '<' schema {',' schema} '>'
 */
#include "cql/type_text.h"

#include "cql/type_build.h"

#define MARSHAL "org.apache.cassandra.db.marshal."

typedef struct Scanner
{
	const char *at;
	const char *end;
	CqlArena   *arena;
	CqlTypeResolver resolve;	/* schema text only */
	void	   *context;
} Scanner;

/* ---- tokens ---- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static void
skip_space(Scanner *s)
{
	while (s->at < s->end && is_space(*s->at))
		s->at++;
}

static bool
at_end(Scanner *s)
{
	skip_space(s);
	return s->at == s->end;
}

static bool
next_is(Scanner *s, char c)
{
	return !at_end(s) && *s->at == c;
}

static bool
accept(Scanner *s, char c)
{
	if (!next_is(s, c))
		return false;
	s->at++;
	return true;
}

static CqlString
string_from(const char *start, const char *end)
{
	CqlString	s = {start, (uint32_t) (end - start)};

	return s;
}

/* Letters, digits and '_'; where dotted, also what class names hold. Empty if something else comes first. */
static CqlString
take_word(Scanner *s, bool dotted)
{
	const char *start;

	skip_space(s);
	start = s->at;
	while (s->at < s->end && (is_word(*s->at) || (dotted && (*s->at == '.' || *s->at == '$'))))
		s->at++;
	return string_from(start, s->at);
}

/* 1..INT32_MAX, which is what a vector may have; 0 is an error. */
static uint32_t
take_dimension(Scanner *s)
{
	CqlString	word = take_word(s, false);
	uint64_t	n = 0;

	for (uint32_t i = 0; i < word.len; i++)
	{
		if (!is_digit(word.data[i]))
			return 0;
		n = n * 10 + (uint64_t) (word.data[i] - '0');
		if (n > INT32_MAX)
			return 0;
	}
	return (uint32_t) n;
}

/*
 * Elements of the list that s stands in, up to its closing bracket: one more
 * than its own commas. Counted first, so that a node's child array is made once.
 */
static uint32_t
count_list(const Scanner *s, char open, char close)
{
	uint32_t	count = 1;
	int			nesting = 0;
	char		quote = '\0';	/* the one that a quoted name will end with */

	for (const char *p = s->at; p < s->end && nesting >= 0; p++)
	{
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == open)
			nesting++;
		else if (*p == close)
			nesting--;
		else if (*p == ',' && nesting == 0)
			count++;
	}
	return count;
}

/* ---- both grammars: children and the list around them ---- */

typedef CqlType *(*ParseType) (Scanner *s, int depth);

static CqlType *
parse_children(Scanner *s, CqlTypeId id, uint32_t count, ParseType parse, int depth)
{
	CqlType    *type = cql_type_new(s->arena, id, count);

	if (!type)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
	{
		if (i > 0 && !accept(s, ','))
			return NULL;
		type->child[i] = parse(s, depth + 1);
		if (!type->child[i])
			return NULL;
	}
	return type;
}

static CqlType *
parse_vector(Scanner *s, ParseType parse, int depth)
{
	CqlType    *type = parse_children(s, CQL_TYPE_VECTOR, 1, parse, depth);

	if (!type || !accept(s, ','))
		return NULL;
	type->dimension = take_dimension(s);
	return type->dimension > 0 ? type : NULL;
}

static uint32_t
generic_arity(const Scanner *s, CqlTypeId id, char open, char close)
{
	if (id == CQL_TYPE_TUPLE)
		return count_list(s, open, close);
	return id == CQL_TYPE_MAP ? 2 : 1;
}

/* ---- class names ---- */

typedef enum ClassForm
{
	PLAIN_CLASS, GENERIC_CLASS, FROZEN_CLASS, REVERSED_CLASS
} ClassForm;

typedef struct ClassName
{
	const char *name;
	CqlTypeId	id;
	ClassForm	form;
} ClassName;

static const ClassName classes[] = {
	{"AsciiType", CQL_TYPE_ASCII, PLAIN_CLASS},
	{"BooleanType", CQL_TYPE_BOOLEAN, PLAIN_CLASS},
	{"ByteType", CQL_TYPE_TINYINT, PLAIN_CLASS},
	{"BytesType", CQL_TYPE_BLOB, PLAIN_CLASS},
	{"CounterColumnType", CQL_TYPE_COUNTER, PLAIN_CLASS},
	{"DateType", CQL_TYPE_TIMESTAMP, PLAIN_CLASS},
	{"DecimalType", CQL_TYPE_DECIMAL, PLAIN_CLASS},
	{"DoubleType", CQL_TYPE_DOUBLE, PLAIN_CLASS},
	{"DurationType", CQL_TYPE_DURATION, PLAIN_CLASS},
	{"FloatType", CQL_TYPE_FLOAT, PLAIN_CLASS},
	{"InetAddressType", CQL_TYPE_INET, PLAIN_CLASS},
	{"Int32Type", CQL_TYPE_INT, PLAIN_CLASS},
	{"IntegerType", CQL_TYPE_VARINT, PLAIN_CLASS},
	{"LongType", CQL_TYPE_BIGINT, PLAIN_CLASS},
	{"ShortType", CQL_TYPE_SMALLINT, PLAIN_CLASS},
	{"SimpleDateType", CQL_TYPE_DATE, PLAIN_CLASS},
	{"TimeType", CQL_TYPE_TIME, PLAIN_CLASS},
	{"TimestampType", CQL_TYPE_TIMESTAMP, PLAIN_CLASS},
	{"TimeUUIDType", CQL_TYPE_TIMEUUID, PLAIN_CLASS},
	{"UTF8Type", CQL_TYPE_TEXT, PLAIN_CLASS},
	{"UUIDType", CQL_TYPE_UUID, PLAIN_CLASS},
	{"ListType", CQL_TYPE_LIST, GENERIC_CLASS},
	{"SetType", CQL_TYPE_SET, GENERIC_CLASS},
	{"MapType", CQL_TYPE_MAP, GENERIC_CLASS},
	{"TupleType", CQL_TYPE_TUPLE, GENERIC_CLASS},
	{"UserType", CQL_TYPE_UDT, GENERIC_CLASS},
	{"VectorType", CQL_TYPE_VECTOR, GENERIC_CLASS},
	{"FrozenType", CQL_TYPE_CUSTOM, FROZEN_CLASS},
	{"ReversedType", CQL_TYPE_CUSTOM, REVERSED_CLASS},
};

/* Short names are the marshal package's; another package's Int32Type is its own affair. */
static const ClassName *
find_class(CqlString name)
{
	const size_t prefix = strlen(MARSHAL);

	if (name.len > prefix && memcmp(name.data, MARSHAL, prefix) == 0)
		name = string_from(name.data + prefix, name.data + name.len);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
	{
		if (cql_string_equal(name, classes[i].name))
			return &classes[i];
	}
	return NULL;
}

static CqlType *parse_class(Scanner *s, int depth);

/* A class that nobody knows: its name is the whole text, parameters included. */
static CqlType *
parse_unknown_class(Scanner *s, const char *start)
{
	const char *end = s->at;
	int			nesting = 0;
	CqlType    *type;

	if (next_is(s, '('))
	{
		do
		{
			nesting += (*s->at == '(') - (*s->at == ')');
			s->at++;
		} while (nesting > 0 && s->at < s->end);
		end = s->at;
	}
	type = nesting == 0 ? cql_type_new(s->arena, CQL_TYPE_CUSTOM, 0) : NULL;
	if (!type)
		return NULL;
	type->name = cql_type_name_copy(s->arena, string_from(start, end));
	return type->name ? type : NULL;
}

/* Names of user types and fields are hex of UTF-8. */
static const char *
take_hex_name(Scanner *s)
{
	CqlString	word = take_word(s, false);
	uint8_t    *name = cql_arena_alloc(s->arena, word.len / 2 + 1);

	if (!name || word.len == 0 || word.len % 2 != 0)
		return NULL;
	for (uint32_t i = 0; i < word.len / 2; i++)
	{
		int			high = cql_hex_digit(word.data[2 * i]);
		int			low = cql_hex_digit(word.data[2 * i + 1]);

		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		name[i] = (uint8_t) (high << 4 | low);
	}
	return (const char *) name;
}

static CqlType *
parse_user_class(Scanner *s, int depth)
{
	uint32_t	parts = count_list(s, '(', ')');
	CqlType    *type = cql_type_new(s->arena, CQL_TYPE_UDT, parts < 2 ? 0 : parts - 2);

	if (!type || parts < 2)
		return NULL;
	type->keyspace = cql_type_name_copy(s->arena, take_word(s, true));
	if (!type->keyspace || !accept(s, ','))
		return NULL;
	type->name = take_hex_name(s);
	if (!type->name)
		return NULL;
	for (uint32_t i = 0; i < type->count; i++)
	{
		if (!accept(s, ','))
			return NULL;
		type->field[i] = take_hex_name(s);
		if (!type->field[i] || !accept(s, ':'))
			return NULL;
		type->child[i] = parse_class(s, depth + 1);
		if (!type->child[i])
			return NULL;
	}
	return type;
}

static CqlType *
parse_class_parameters(Scanner *s, const ClassName *class, int depth)
{
	CqlType    *type;

	if (class->form != GENERIC_CLASS)
	{
		type = parse_class(s, depth + 1);
		if (type && class->form == FROZEN_CLASS)
			type->frozen = true;
		return type;
	}
	if (class->id == CQL_TYPE_UDT)
		return parse_user_class(s, depth);
	if (class->id == CQL_TYPE_VECTOR)
		return parse_vector(s, parse_class, depth);
	return parse_children(s, class->id, generic_arity(s, class->id, '(', ')'), parse_class, depth);
}

static CqlType *
parse_class(Scanner *s, int depth)
{
	CqlString	name = take_word(s, true);
	const ClassName *class = find_class(name);
	CqlType    *type;

	if (name.len == 0 || depth >= CQL_TYPE_MAX_DEPTH)
		return NULL;
	if (!class)
		return parse_unknown_class(s, name.data);
	if (class->form == PLAIN_CLASS)
		return cql_type_new(s->arena, class->id, 0);
	if (!accept(s, '('))
		return NULL;
	type = parse_class_parameters(s, class, depth);
	return type && accept(s, ')') ? type : NULL;
}

CqlType *
cql_type_class_at(CqlString text, CqlArena *arena, int depth)
{
	Scanner		s = {text.data, text.data + text.len, arena, NULL, NULL};
	CqlType    *type = parse_class(&s, depth);

	CORE_ASSERT(!type || cql_type_is_whole(type, CQL_TYPE_MAX_DEPTH - depth));
	return type && at_end(&s) ? type : NULL;
}

CqlType *
cql_type_from_class(const char *text, size_t len, CqlArena *arena)
{
	CqlString	whole = {text, (uint32_t) len};

	return len < CQL_BUFFER_MAX ? cql_type_class_at(whole, arena, 0) : NULL;
}

/* ---- schema text ---- */

static CqlType *parse_schema(Scanner *s, int depth);

static CqlType *
user_type(Scanner *s, const char *name)
{
	CqlType    *type = NULL;

	if (!name)
		return NULL;
	if (s->resolve)
		type = s->resolve(name, s->context, s->arena);
	if (type)
		return type;
	type = cql_type_new(s->arena, CQL_TYPE_UDT, 0);
	if (type)
		type->name = name;
	return type;
}

/* The quote that ends the name at p, where a doubled one stands for itself; NULL if none does. */
static const char *
closing_quote(const char *p, const char *end)
{
	while (p < end)
	{
		p = memchr(p, '"', (size_t) (end - p));
		if (!p || p + 1 == end || p[1] != '"')
			return p;
		p += 2;
	}
	return NULL;
}

/* Behind an opening quote. NULL if the name does not end, is empty, or holds a NUL. */
static const char *
take_quoted(Scanner *s)
{
	const char *start = s->at;
	const char *close = closing_quote(start, s->end);
	char	   *name;
	size_t		n = 0;

	if (!close || close == start || memchr(start, '\0', (size_t) (close - start)))
		return NULL;
	name = cql_arena_alloc(s->arena, (size_t) (close - start) + 1);
	for (const char *p = start; name && p < close; p++)
	{
		name[n++] = *p;
		p += *p == '"';
	}
	s->at = close + 1;
	return name;
}

static CqlType *
parse_quoted_class(Scanner *s, int depth)
{
	const char *start = s->at;
	const char *quote = memchr(start, '\'', (size_t) (s->end - start));

	if (!quote)
		return NULL;
	s->at = quote + 1;
	return cql_type_class_at(string_from(start, quote), s->arena, depth);
}

/* A copy, since a resolved user type may be shared with places where it is not frozen. */
static CqlType *
parse_frozen(Scanner *s, int depth)
{
	CqlType    *inner = parse_schema(s, depth + 1);
	CqlType    *type = inner ? cql_arena_alloc(s->arena, sizeof(*type)) : NULL;

	if (!type)
		return NULL;
	*type = *inner;
	type->frozen = true;
	return type;
}

static CqlTypeId
generic_id(CqlString name)
{
	static const struct
	{
		const char *name;
		CqlTypeId	id;
	}			generics[] = {
		{"list", CQL_TYPE_LIST},
		{"set", CQL_TYPE_SET},
		{"map", CQL_TYPE_MAP},
		{"tuple", CQL_TYPE_TUPLE},
		{"vector", CQL_TYPE_VECTOR},
	};

	for (size_t i = 0; i < sizeof(generics) / sizeof(generics[0]); i++)
	{
		if (cql_string_equal(name, generics[i].name))
			return generics[i].id;
	}
	return CQL_TYPE_CUSTOM;
}

/* Behind '<'. */
static CqlType *
parse_schema_parameters(Scanner *s, CqlString name, int depth)
{
	CqlTypeId	id = generic_id(name);

	if (cql_string_equal(name, "frozen"))
		return parse_frozen(s, depth);
	if (id == CQL_TYPE_CUSTOM)
		return NULL;
	if (id == CQL_TYPE_VECTOR)
		return parse_vector(s, parse_schema, depth);
	return parse_children(s, id, generic_arity(s, id, '<', '>'), parse_schema, depth);
}

/* Unquoted names are case-insensitive, and lower case is what the schema tables hold. */
static CqlString
take_folded_word(Scanner *s)
{
	CqlString	word = take_word(s, false);
	char	   *folded = cql_arena_strdup(s->arena, word.data, word.len);

	for (uint32_t i = 0; folded && i < word.len; i++)
	{
		if (folded[i] >= 'A' && folded[i] <= 'Z')
			folded[i] = (char) (folded[i] - 'A' + 'a');
	}
	word.data = folded;
	return word;
}

static CqlType *
parse_schema(Scanner *s, int depth)
{
	CqlString	name;
	CqlTypeId	native;
	CqlType    *type;

	if (depth >= CQL_TYPE_MAX_DEPTH)
		return NULL;
	if (accept(s, '\''))
		return parse_quoted_class(s, depth);
	if (accept(s, '"'))
		return user_type(s, take_quoted(s));
	name = take_folded_word(s);
	if (!name.data || name.len == 0)
		return NULL;
	if (accept(s, '<'))
	{
		type = parse_schema_parameters(s, name, depth);
		return type && accept(s, '>') ? type : NULL;
	}
	native = cql_type_native(name);
	if (native != CQL_TYPE_CUSTOM)
		return cql_type_new(s->arena, native, 0);
	return user_type(s, name.data);
}

CqlType *
cql_type_from_schema(const char *text, size_t len, CqlArena *arena,
					 CqlTypeResolver resolve, void *context)
{
	Scanner		s = {text, text + len, arena, resolve, context};
	CqlType    *type = len < CQL_BUFFER_MAX ? parse_schema(&s, 0) : NULL;

	return type && at_end(&s) ? type : NULL;
}
