/*
 * fdw/type/literal.c
 *	  CQL literals, and text columns that hold them.
 *
 * Backend thread. Owns nothing. Invariant: the scan never passes the end of its text.
 *
 *	  literal = 'text' | bare | [l, ...] | {l, ...} | {l: l, ...} | (l, ...) | {field: l, ...}
 *
 * Text, inet, dates and times are quoted, a quote inside doubled; all other scalars
 * are bare. The literal of a scalar column may come without its quotes: then it is
 * all of the text.
 *
 * The scan goes by bytes of the server's encoding: every encoding that a server can
 * have keeps ASCII apart from the bytes of longer characters. Recursion follows the
 * type, whose depth CQL_TYPE_MAX_DEPTH bounds.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "parser/parse_coerce.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/type/constraint.h"
#include "fdw/type/literal.h"
#include "fdw/type/scalar_text.h"

#define MESSAGE_BYTES 200

/* ---- CQL to literal ---- */

static bool
is_quoted(const CqlType *type)
{
	switch (type->id)
	{
		case CQL_TYPE_TEXT:
		case CQL_TYPE_ASCII:
		case CQL_TYPE_INET:
		case CQL_TYPE_TIMESTAMP:
		case CQL_TYPE_DATE:
		case CQL_TYPE_TIME:
			return true;
		default:
			return false;
	}
}

static void
append_quoted(StringInfo out, const char *text, int len, char quote)
{
	appendStringInfoChar(out, quote);
	for (int i = 0; i < len; i++)
	{
		if (text[i] == quote)
			appendStringInfoChar(out, quote);
		appendStringInfoChar(out, text[i]);
	}
	appendStringInfoChar(out, quote);
}

static void
append_scalar(StringInfo out, const CqlType *type, CqlBytes body)
{
	StringInfoData text;

	if (scyllaIsEmptyScalar(type, body))
		appendStringInfoString(out, "null");
	else if (!is_quoted(type))
		scyllaAppendScalarText(out, type, body);
	else
	{
		initStringInfo(&text);
		scyllaAppendScalarText(&text, type, body);
		append_quoted(out, text.data, text.len, '\'');
		pfree(text.data);
	}
}

/* A field's name, in double quotes unless it reads back as it is. */
static void
append_field_name(StringInfo out, const char *utf8)
{
	char	   *name = pg_any_to_server(utf8, strlen(utf8), PG_UTF8);
	bool		plain = name[0] >= 'a' && name[0] <= 'z';

	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
		plain = false;
	if (plain)
		appendStringInfoString(out, name);
	else
		append_quoted(out, name, strlen(name), '"');
}

static void
append_members(StringInfo out, const CqlType *type, CqlElements *it)
{
	const CqlType *child;
	CqlBytes	body;

	for (uint32 n = 0; cql_elements_next(it, &child, &body); n++)
	{
		if (n > 0)
			appendStringInfoString(out, type->id == CQL_TYPE_MAP && n % 2 == 1 ? ": " : ", ");
		if (type->id == CQL_TYPE_UDT)
		{
			append_field_name(out, type->field[n]);
			appendStringInfoString(out, ": ");
		}
		scyllaAppendLiteral(out, child, body);
	}
	if (it->r.failed)
		scyllaMalformed(type);
}

static const char *
brackets(const CqlType *type)
{
	switch (type->id)
	{
		case CQL_TYPE_LIST:
		case CQL_TYPE_VECTOR:
			return "[]";
		case CQL_TYPE_TUPLE:
			return "()";
		default:
			return "{}";
	}
}

void
scyllaAppendLiteral(StringInfo out, const CqlType *type, CqlBytes body)
{
	CqlElements it;

	if (body.len < 0 || (type->id == CQL_TYPE_VECTOR && body.len == 0))
	{
		appendStringInfoString(out, "null");
		return;
	}
	if (scyllaIsScalar(type))
	{
		append_scalar(out, type, body);
		return;
	}
	scyllaBeginElements(&it, type, body);
	appendStringInfoChar(out, brackets(type)[0]);
	append_members(out, type, &it);
	appendStringInfoChar(out, brackets(type)[1]);
}

/* ---- literal to CQL ---- */

typedef struct LiteralScan
{
	const CqlType *type;		/* of the whole, for messages */
	const char *text;
	const char *at;
	const char *end;
} LiteralScan;

static void raise_syntax(const LiteralScan *s) __attribute__((noreturn));

static void
raise_syntax(const LiteralScan *s)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid literal of CQL type %s: \"%.*s\"", scyllaCqlTypeName(s->type),
					pg_mbcliplen(s->text, s->end - s->text, MESSAGE_BYTES), s->text),
			 errdetail("Syntax error at byte %zu.", (size_t) (s->at - s->text) + 1)));
}

static void
skip_space(LiteralScan *s)
{
	Assert(s->at >= s->text && s->at <= s->end);
	while (s->at < s->end && scanner_isspace(*s->at))
		s->at++;
}

/* The next character behind white space, or NUL at the end. */
static char
peek(LiteralScan *s)
{
	skip_space(s);
	return s->at < s->end ? *s->at : '\0';
}

static bool
take(LiteralScan *s, char c)
{
	if (peek(s) != c || s->at == s->end)
		return false;
	s->at++;
	return true;
}

static void
expect(LiteralScan *s, char c)
{
	if (!take(s, c))
		raise_syntax(s);
}

/* 'it''s' without its quotes; the opening one is next. */
static char *
take_quoted(LiteralScan *s, char quote, int *len)
{
	char	   *copy = palloc(s->end - s->at);
	char	   *to = copy;

	Assert(s->at < s->end && *s->at == quote);
	expect(s, quote);
	for (;;)
	{
		if (s->at == s->end)
			raise_syntax(s);
		if (*s->at == quote && (s->at + 1 == s->end || s->at[1] != quote))
			break;
		s->at += *s->at == quote;
		*to++ = *s->at++;
	}
	s->at++;
	*to = '\0';
	*len = to - copy;
	return copy;
}

/* Up to the next separator. */
static const char *
take_bare(LiteralScan *s, int *len)
{
	const char *start;

	skip_space(s);
	start = s->at;
	while (s->at < s->end && !strchr(",:[]{}()'\"", *s->at) && !scanner_isspace(*s->at))
		s->at++;
	*len = s->at - start;
	if (*len == 0)
		raise_syntax(s);
	return start;
}

static bool
take_null(LiteralScan *s)
{
	const char *start;
	int			len;

	if (pg_tolower((unsigned char) peek(s)) != 'n')
		return false;
	start = s->at;
	take_bare(s, &len);
	if (len == 4 && pg_strncasecmp(start, "null", 4) == 0)
		return true;
	s->at = start;
	return false;
}

static void put_literal(LiteralScan *s, const CqlType *type, CqlBuffer *out);

/*
 * A scalar in quotes or, where its type has none, bare. A quoted number is not CQL,
 * but nothing else can be meant.
 */
static void
put_scalar(LiteralScan *s, const CqlType *type, CqlBuffer *out)
{
	const char *text;
	int			len;

	if (peek(s) == '\'')
		text = take_quoted(s, '\'', &len);
	else if (scyllaIsText(type))
		raise_syntax(s);
	else
		text = take_bare(s, &len);
	scyllaPutScalarText(out, type, text, len);
}

static void
put_member(LiteralScan *s, const CqlType *type, const CqlType *child, CqlBuffer *out)
{
	size_t		mark;

	if (take_null(s))
	{
		if (type->id != CQL_TYPE_TUPLE && type->id != CQL_TYPE_UDT)
			scyllaRefuseNull(type);
		cql_put_null(out);
		return;
	}
	mark = scyllaBeginElement(out, type);
	put_literal(s, child, out);
	scyllaEndElement(out, type, mark);
}

/* The members between brackets; the count in front is patched when it is known. */
static void
put_collection(LiteralScan *s, const CqlType *type, CqlBuffer *out)
{
	const char *bracket = brackets(type);
	bool		counted = type->id != CQL_TYPE_VECTOR;
	size_t		count_at = out->len;
	uint32		n = 0;

	if (counted)
		cql_put_element_count(out, 0);
	expect(s, bracket[0]);
	while (peek(s) != bracket[1])
	{
		if (n > 0)
			expect(s, ',');
		put_member(s, type, type->child[0], out);
		if (type->id == CQL_TYPE_MAP)
		{
			expect(s, ':');
			put_member(s, type, type->child[1], out);
		}
		n++;
	}
	expect(s, bracket[1]);
	if (!counted)
		scyllaCheckDimension(type, n);
	else if (!out->failed)
		cql_store_u32(out->data + count_at, n);
}

static void
put_tuple(LiteralScan *s, const CqlType *type, CqlBuffer *out)
{
	expect(s, '(');
	for (uint32 i = 0; i < type->count; i++)
	{
		if (i > 0)
			expect(s, ',');
		put_member(s, type, type->child[i], out);
	}
	expect(s, ')');
}

/* The field that is named next: quoted names are exact, others in lower case. */
static uint32
take_field(LiteralScan *s, const CqlType *type)
{
	int			len;
	uint32		i = 0;
	char	   *name;

	if (peek(s) == '"')
		name = take_quoted(s, '"', &len);
	else
	{
		const char *bare = take_bare(s, &len);

		name = pnstrdup(bare, len);
		for (char *p = name; *p; p++)
			*p = pg_ascii_tolower((unsigned char) *p);
	}
	while (i < type->count &&
		   strcmp(name, pg_any_to_server(type->field[i], strlen(type->field[i]), PG_UTF8)) != 0)
		i++;
	if (i == type->count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("CQL type %s has no field \"%s\"", scyllaCqlTypeName(type), name)));
	return i;
}

/* Skips one member: fields come in any order, but are written in the type's. */
static void
skip_member(LiteralScan *s)
{
	int			depth = 0;
	int			len;

	while (s->at < s->end)
	{
		char		c = peek(s);

		if (c == '\0' || (depth == 0 && (c == ',' || c == '}')))
			return;
		if (c == '\'' || c == '"')
		{
			pfree(take_quoted(s, c, &len));
			continue;
		}
		depth += c == '[' || c == '{' || c == '(';
		depth -= c == ']' || c == '}' || c == ')';
		s->at++;
	}
}

/* Where each field's literal begins; NULL: not named. */
static const char **
find_fields(LiteralScan *s, const CqlType *type)
{
	const char **start = palloc0_array(const char *, type->count);
	bool		first = true;

	expect(s, '{');
	while (peek(s) != '}')
	{
		uint32		i;

		if (!first)
			expect(s, ',');
		first = false;
		i = take_field(s, type);
		expect(s, ':');
		if (start[i])
			raise_syntax(s);
		start[i] = s->at;
		skip_member(s);
	}
	expect(s, '}');
	return start;
}

static void
put_fields(LiteralScan *s, const CqlType *type, CqlBuffer *out)
{
	const char **start = find_fields(s, type);
	const char *behind = s->at;

	for (uint32 i = 0; i < type->count; i++)
	{
		if (!start[i])
		{
			cql_put_null(out);
			continue;
		}
		s->at = start[i];
		put_member(s, type, type->child[i], out);
		if (peek(s) != ',' && peek(s) != '}')
			raise_syntax(s);
	}
	s->at = behind;
}

static void
put_literal(LiteralScan *s, const CqlType *type, CqlBuffer *out)
{
	if (scyllaIsScalar(type))
		put_scalar(s, type, out);
	else if (type->id == CQL_TYPE_TUPLE)
		put_tuple(s, type, out);
	else if (type->id == CQL_TYPE_UDT)
		put_fields(s, type, out);
	else
		put_collection(s, type, out);
}

/* ---- columns ---- */

static void
encode_literal(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	char	   *text = OutputFunctionCall(&self->output, value);
	LiteralScan s = {self->cql, text, text, text + strlen(text)};

	while (s.end > s.text && scanner_isspace(s.end[-1]))
		s.end--;
	if (scyllaIsScalar(self->cql) && peek(&s) != '\'')
	{
		scyllaPutScalarText(out, self->cql, s.at, s.end - s.at);
		return;
	}
	put_literal(&s, self->cql, out);
	if (s.at != s.end)
		raise_syntax(&s);
}

static Datum
decode_literal(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	StringInfoData text;

	*isnull = scyllaIsEmptyScalar(self->cql, body) ||
		(self->cql->id == CQL_TYPE_VECTOR && body.len == 0);
	if (*isnull)
		return (Datum) 0;
	initStringInfo(&text);
	scyllaAppendLiteral(&text, self->cql, body);
	scyllaCheckTextLength(self, text.len);
	return InputFunctionCall(&self->input, text.data, self->ioparam, -1);
}

bool
scyllaChooseLiteral(ScyllaConverter *c)
{
	if (TypeCategory(c->basetype) != TYPCATEGORY_STRING)
		return false;
	scyllaUseTextForm(c);
	c->encode = encode_literal;
	c->decode = decode_literal;
	return true;
}
