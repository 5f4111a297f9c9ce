/*
 * fdw/catalog/index_target.c
 *	  Reading the option target of an index.
 *
 * Backend thread. Owns nothing. Invariant: whatever a node sends as a target, what is
 * not understood is of no column: such an index is not used.
 *
 * "v", or "\"V\"", stands for a column's own value; values(v), ((pk), v) and the like
 * do not, as no column has such a name. ScyllaDB writes JSON where an index has more
 * columns than one: {"tc":"v","pk":["p"],"fc":["f"]} of vectors (index/vector_index.cc,
 * serialize_targets), {"pk":["p"],"ck":["v"]} of a local index (index/secondary_index.cc).
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "fdw/catalog/index_target.h"

/* ---- a name ---- */

static char *
unquoted(const char *name)
{
	StringInfoData out;

	if (*name != '"')
		return pstrdup(name);
	initStringInfo(&out);
	for (const char *in = name + 1; *in != '\0' && !(in[0] == '"' && in[1] != '"'); in++)
	{
		in += in[0] == '"';
		appendStringInfoChar(&out, *in);
	}
	return out.data;
}

/* ---- JSON ---- */

static bool
accept_symbol(const char **at, char symbol)
{
	while (**at == ' ' || **at == '\t' || **at == '\n' || **at == '\r')
		(*at)++;
	if (**at != symbol)
		return false;
	(*at)++;
	return true;
}

/* NULL: it is none, or has an escape that names need not have. */
static char *
take_string(const char **at)
{
	StringInfoData out;

	if (!accept_symbol(at, '"'))
		return NULL;
	initStringInfo(&out);
	for (; **at != '\0' && **at != '"'; (*at)++)
	{
		if (**at == '\\')
		{
			(*at)++;
			if (**at != '"' && **at != '\\' && **at != '/')
				return NULL;
		}
		appendStringInfoChar(&out, **at);
	}
	return accept_symbol(at, '"') ? out.data : NULL;
}

/* One string, or an array of them. false: it is neither. */
static bool
take_strings(const char **at, List **strings)
{
	bool		array = accept_symbol(at, '[');

	*strings = NIL;
	if (array && accept_symbol(at, ']'))
		return true;
	do
	{
		char	   *string = take_string(at);

		if (string == NULL)
			return false;
		*strings = lappend(*strings, string);
	} while (array && accept_symbol(at, ','));
	return !array || accept_symbol(at, ']');
}

/* What is indexed stands under tc, or ck; there is one column of it. */
static bool
take_member(const char **at, ScyllaIndexTarget *target)
{
	char	   *name = take_string(at);
	List	   *strings;

	if (name == NULL || !accept_symbol(at, ':') || !take_strings(at, &strings))
		return false;
	if (strcmp(name, "pk") == 0)
		target->partition = strings;
	else if (strcmp(name, "fc") == 0)
		target->filtering = strings;
	else if ((strcmp(name, "tc") == 0 || strcmp(name, "ck") == 0) && list_length(strings) == 1)
		target->column = linitial(strings);
	else
		return false;
	return true;
}

static ScyllaIndexTarget
json_target(const char *at)
{
	static const ScyllaIndexTarget nothing = {NULL, NIL, NIL};
	ScyllaIndexTarget target = nothing;

	do
	{
		if (!take_member(&at, &target))
			return nothing;
	} while (accept_symbol(&at, ','));
	return accept_symbol(&at, '}') && *at == '\0' ? target : nothing;
}

ScyllaIndexTarget
scyllaIndexTarget(const char *target)
{
	const char *at = target;

	if (accept_symbol(&at, '{'))
		return json_target(at);
	return (ScyllaIndexTarget) {.column = unquoted(target)};
}
