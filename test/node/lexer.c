/*
 * test/node/lexer.c
 *	  Words of scripts and of CQL.
 *
 * Thread: the node's. Owns nothing: tokens borrow the text, unescaped values
 * live in the caller's arena.
 * Invariant: `at` is behind `token` and never beyond `end`.
 */
#include <ctype.h>
#include <strings.h>

#include "internal.h"

static bool
name_char(const NodeLexer *x, char c)
{
	if (isalnum((unsigned char) c) || c == '_')
		return true;
	return x->words && c != '\0' && strchr(".:/-", c) != NULL;
}

/* 'it''s' or "a""b"; the closing quote is required. */
static void
lex_quoted(NodeLexer *x, char quote)
{
	const char *p = x->at + 1;
	char	   *out = cql_arena_alloc(x->arena, (size_t) (x->end - x->at) + 1);

	x->token.kind = TOKEN_BAD;
	x->token.quoted = true;
	x->token.value = out;
	if (out == NULL)
		return;
	for (; p < x->end; p++)
	{
		if (*p == quote)
		{
			if (p + 1 < x->end && p[1] == quote)
				p++;
			else
			{
				x->token.kind = quote == '"' && !x->words ? TOKEN_NAME : TOKEN_STRING;
				p++;
				break;
			}
		}
		*out++ = *p;
	}
	x->at = p;
}

static bool
lex_uuid(NodeLexer *x)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (x->end - x->at < 36)
		return false;
	for (int i = 0; i < 36; i++)
	{
		char		c = x->at[i];

		if (form[i] == '-' ? c != '-' : !isxdigit((unsigned char) c))
			return false;
	}
	if (x->end - x->at > 36 && isalnum((unsigned char) x->at[36]))
		return false;
	x->token.kind = TOKEN_UUID;
	x->at += 36;
	return true;
}

static void
lex_number(NodeLexer *x)
{
	const char *p = x->at;

	if (*p == '-')
		p++;
	if (p + 1 < x->end && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
	{
		x->token.kind = TOKEN_HEX;
		for (p += 2; p < x->end && isxdigit((unsigned char) *p); p++)
			;
		x->at = p;
		return;
	}
	x->token.kind = TOKEN_NUMBER;
	while (p < x->end && (isalnum((unsigned char) *p) || *p == '.' ||
						  ((*p == '-' || *p == '+') && (p[-1] == 'e' || p[-1] == 'E'))))
		p++;
	x->at = p;
}

static void
lex_name(NodeLexer *x)
{
	const char *start = x->at;
	size_t		n;
	char	   *value;

	while (x->at < x->end && name_char(x, *x->at))
		x->at++;
	n = (size_t) (x->at - start);
	x->token.kind = TOKEN_NAME;
	value = cql_arena_strdup(x->arena, start, n);
	if (value == NULL)
		x->token.kind = TOKEN_BAD;
	else if (!x->words)
		for (char *p = value; *p; p++)
			*p = (char) tolower((unsigned char) *p);
	x->token.value = value;
}

/* ?, :name, or a symbol of one or two characters */
static void
lex_symbol(NodeLexer *x)
{
	char		c = *x->at;

	x->token.kind = TOKEN_SYMBOL;
	if (c == '?')
	{
		x->token.kind = TOKEN_MARKER;
		x->at++;
	}
	else if (c == ':' && x->at + 1 < x->end && isalpha((unsigned char) x->at[1]))
	{
		x->at++;
		lex_name(x);
		x->token.kind = TOKEN_MARKER;
	}
	else if (c == '\0' || strchr("(),;.=<>[]{}+-*:!", c) == NULL)
		x->token.kind = TOKEN_BAD;
	else
		x->at += (c == '<' || c == '>' || c == '!') && x->at + 1 < x->end && x->at[1] == '=' ? 2 : 1;
}

void
node_lexer_next(NodeLexer *x)
{
	char		c;

	while (x->at < x->end && isspace((unsigned char) *x->at))
		x->at++;
	memset(&x->token, 0, sizeof(x->token));
	x->token.value = "";
	x->token.text = x->at;
	if (x->at >= x->end)
		return;
	c = *x->at;
	if (c == '\'' || c == '"')
		lex_quoted(x, c);
	else if (lex_uuid(x))
		;
	else if (isdigit((unsigned char) c) && !x->words)
		lex_number(x);
	else if (c == '-' && x->at + 1 < x->end && isdigit((unsigned char) x->at[1]) && !x->words)
		lex_number(x);
	else if (name_char(x, c) && (!x->words || c != ':'))
		lex_name(x);
	else
		lex_symbol(x);
	x->token.len = (size_t) (x->at - x->token.text);
}

void
node_lexer_start(NodeLexer *x, const char *text, size_t len, CqlArena *arena, bool words)
{
	memset(x, 0, sizeof(*x));
	x->at = text;
	x->end = text + len;
	x->arena = arena;
	x->words = words;
	node_lexer_next(x);
}

bool
node_lexer_is(const NodeLexer *x, const char *word)
{
	if (x->token.kind != TOKEN_NAME && x->token.kind != TOKEN_SYMBOL)
		return false;
	return !x->token.quoted && strlen(word) == x->token.len &&
		strncasecmp(x->token.text, word, x->token.len) == 0;
}

bool
node_lexer_accept(NodeLexer *x, const char *word)
{
	if (!node_lexer_is(x, word))
		return false;
	node_lexer_next(x);
	return true;
}

/* The depth of brackets behind the current token, where there are `depth` before it. */
static int
bracket_depth(const NodeLexer *x, int depth)
{
	char		c = x->token.kind == TOKEN_SYMBOL ? *x->token.text : ' ';

	depth += c == '(' || c == '[' || c == '{' || c == '<';
	depth -= c == ')' || c == ']' || c == '}' || c == '>';
	return depth;
}

CqlString
node_lexer_span(NodeLexer *x)
{
	CqlString	span = {x->token.text, 0};
	int			depth = 0;

	do
	{
		if (x->token.kind == TOKEN_END || x->token.kind == TOKEN_BAD || (depth = bracket_depth(x, depth)) < 0)
			break;
		span.len = (uint32_t) (x->token.text + x->token.len - span.data);
		node_lexer_next(x);
	} while (depth > 0 || node_lexer_is(x, "<"));
	return span;
}
