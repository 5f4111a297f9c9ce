/*
 * fdw/option/hide_literals.c
 *	  CQL that somebody wrote, without the values in it.
 *
 * Backend thread. Owns nothing. Invariant: no value that anybody wrote is in the
 * result. So the text is scanned as CQL's own lexer scans it, and what is not
 * known to be a name, a keyword or an operator is hidden.
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"

#include "fdw/option/hide_literals.h"

#define UUID_LENGTH 36

/* Behind the quote that ends it; a doubled one does not. NULL: none does. */
static const char *
end_of_quoted(const char *cql, char quote)
{
	for (cql++; *cql != '\0'; cql++)
	{
		if (*cql != quote)
			continue;
		if (cql[1] != quote)
			return cql + 1;
		cql++;
	}
	return NULL;
}

/* Behind these characters, or at the end of the text. */
static const char *
end_at(const char *cql, const char *what)
{
	const char *found = strstr(cql, what);

	return found ? found + strlen(what) : cql + strlen(cql);
}

static bool
in_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

static bool
is_uuid(const char *cql)
{
	for (int i = 0; i < UUID_LENGTH; i++)
	{
		if (i == 8 || i == 13 || i == 18 || i == 23 ? cql[i] != '-' : !isxdigit((unsigned char) cql[i]))
			return false;
	}
	return !in_word(cql[UUID_LENGTH]);
}

/* P1Y2M3DT4H5M6S, or P0001-02-03T04:05:06: so does a name begin that has digits. */
static const char *
end_of_iso_duration(const char *cql)
{
	size_t		n = strspn(cql + 1, "0123456789YMWDTHSymwdths");
	size_t		date = strspn(cql + 1, "0123456789-:Tt");

	if ((*cql != 'P' && *cql != 'p') || n == 0)
		return NULL;
	if (date > n && date > 4 && cql[5] == '-')
		return cql + 1 + date;
	if (in_word(cql[1 + n]) || isdigit((unsigned char) cql[n]) || strcspn(cql + 1, "0123456789") >= n)
		return NULL;
	return cql + 1 + n;
}

/* A number, in hexadecimal too, a duration: what begins with a digit is never a name. */
static const char *
end_of_number(const char *cql)
{
	while (in_word(*cql) || *cql == '.' || ((*cql == '+' || *cql == '-') && strchr("eE", cql[-1]) && isdigit((unsigned char) cql[1])))
		cql++;
	return cql;
}

static const char *
end_of_comment(const char *cql)
{
	if (strncmp(cql, "/*", 2) == 0)
		return end_at(cql + 2, "*/");
	if (strncmp(cql, "--", 2) == 0 || strncmp(cql, "//", 2) == 0)
		return cql + strcspn(cql, "\r\n");
	return NULL;
}

/* A word with characters that no name has, unless it is quoted: perhaps these are meant for quotes. NULL: it has none. */
static const char *
end_of_strange_word(const char *cql)
{
	bool		strange = false;

	for (; in_word(*cql); cql++)
		strange |= IS_HIGHBIT_SET(*cql);
	return strange ? cql : NULL;
}

/* Behind the literal that begins here, or what may be meant for one. NULL: none does. */
static const char *
end_of_literal(const char *cql)
{
	const char *end;

	if (*cql == '\'' || (*cql == '"' && end_of_quoted(cql, '"') == NULL))
	{
		end = end_of_quoted(cql, *cql);
		return end ? end : cql + strlen(cql);
	}
	if (strncmp(cql, "$$", 2) == 0)
		return end_at(cql + 2, "$$");
	if (is_uuid(cql))
		return cql + UUID_LENGTH;
	if (isdigit((unsigned char) *cql))
		return end_of_number(cql);
	end = end_of_iso_duration(cql);
	return end ? end : end_of_strange_word(cql);
}

/* Behind the name or other character that begins here. */
static const char *
end_of_token(const char *cql)
{
	if (*cql == '"')
		return end_of_quoted(cql, '"');
	if (!in_word(*cql))
		return cql + 1;
	while (in_word(*cql))
		cql++;
	return cql;
}

char *
scyllaHideLiterals(const char *cql)
{
	StringInfoData out;

	initStringInfo(&out);
	while (*cql != '\0')
	{
		const char *end;

		if ((end = end_of_comment(cql)) != NULL)
			appendStringInfoChar(&out, ' ');
		else if ((end = end_of_literal(cql)) != NULL)
			appendStringInfoChar(&out, '?');
		else
		{
			end = end_of_token(cql);
			appendBinaryStringInfo(&out, cql, end - cql);
		}
		cql = end;
	}
	return out.data;
}
