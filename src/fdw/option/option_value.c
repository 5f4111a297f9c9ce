/*
 * fdw/option/option_value.c
 *	  What values of options mean, and which are refused.
 *
 * Backend thread. Owns nothing: results live in CurrentMemoryContext. Invariants: what
 * the limits of an option allow is not nothing, and a kind of words has words.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/guc.h"

#include "cql/request.h"
#include "fdw/option/nearest.h"
#include "fdw/option/option_value.h"

/* ---- which are valid ---- */

/* "a, b and c" grows by one. */
static void
append_word(StringInfo out, const char *word, bool first, bool last)
{
	appendStringInfo(out, "%s%s", first ? "" : last ? " and " : ", ", word);
}

static const char *
word_names(const ScyllaWord *words)
{
	StringInfoData names;

	initStringInfo(&names);
	for (const ScyllaWord *word = words; word->name; word++)
		append_word(&names, word->name, word == words, word[1].name == NULL);
	return names.data;
}

const char *
scyllaConsistencyNames(int first, int last)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = first; i <= last; i++)
	{
		const char *name = cql_consistency_name((uint16_t) i);

		append_word(&names, asc_tolower(name, strlen(name)), i == first, i == last);
	}
	return names.data;
}

static const char *
size_text(int kilobytes)
{
	if (kilobytes % (1024 * 1024) == 0)
		return psprintf("%dGB", kilobytes / (1024 * 1024));
	return kilobytes % 1024 == 0 ? psprintf("%dMB", kilobytes / 1024) : psprintf("%dkB", kilobytes);
}

const char *
scyllaValidValues(const ScyllaOptionDef *def)
{
	switch (def->kind)
	{
		case KIND_HOSTS:
			return "name, name:port and [address]:port";
		case KIND_FILE:
			return def->words[0].name ? psprintf("absolute path or %s", word_names(def->words)) : "absolute path";
		case KIND_INTEGER:
			return psprintf("%d to %d", def->min, def->max);
		case KIND_MILLISECONDS:
			return psprintf("%d to %d ms", def->min, def->max);
		case KIND_SECONDS:
			return psprintf("%d to %d s", def->min, def->max);
		case KIND_CONSISTENCY:
			return scyllaConsistencyNames(def->min, def->max);
		case KIND_WORD:
		case KIND_EITHER:
			return word_names(def->words);
		case KIND_LIST:
			return psprintf("all, none and lists of %s", word_names(def->words));
		case KIND_BOOLEAN:
			return "true and false";
		case KIND_BYTES:
			return psprintf("%s to %s", size_text(def->min), size_text(def->max));
		case KIND_COST:
			return "0 or more";
		case KIND_TEXT:
		case KIND_UTF8:
		case KIND_LOCAL:
			break;
	}
	return "text";
}

static void
refuse(const ScyllaOptionDef *def, const char *value, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 def->secret ? errmsg("invalid value for option \"%s\"", def->name) :
			 errmsg("invalid value for option \"%s\": \"%s\"", def->name, value),
			 errhint("%s", hint)));
}

static void
refuse_invalid(const ScyllaOptionDef *def, const char *value)
{
	const char *valid = psprintf("Valid values are %s.", scyllaValidValues(def));

	refuse(def, value, def->more ? psprintf("%s %s", valid, def->more) : valid);
}

/* ---- numbers ---- */

static int
integer_value(const ScyllaOptionDef *def, const char *value)
{
	char	   *end;
	long		n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < def->min || n > def->max)
		refuse_invalid(def, value);
	return (int) n;
}

/* "1 day" as "1d": settings know units by their short names alone. */
static const char *
shorten_unit(const char *value)
{
	static const char *const units[][2] = {
		{"millisecond", "ms"}, {"second", "s"}, {"sec", "s"}, {"minute", "min"}, {"hour", "h"}, {"day", "d"}
	};
	int			number = (int) strspn(value, " +0123456789.");
	const char *word = value + number;
	size_t		length = strcspn(word, " ");

	if (length > 1 && pg_tolower((unsigned char) word[length - 1]) == 's')
		length--;				/* of the plural */
	for (size_t i = 0; i < lengthof(units); i++)
	{
		if (length == strlen(units[i][0]) && pg_strncasecmp(word, units[i][0], length) == 0)
			return psprintf("%.*s%s", number, value, units[i][1]);
	}
	return value;
}

/* What is more than nothing does not become nothing: a TTL of 0 is none. */
static int
duration_value(const ScyllaOptionDef *def, const char *value)
{
	const char *text = shorten_unit(value);
	int			n;

	while (text[0] == '0' && isdigit((unsigned char) text[1]))
		text++;					/* no octal number */
	if (!parse_int(text, &n, def->kind == KIND_SECONDS ? GUC_UNIT_S : GUC_UNIT_MS, NULL) || n < def->min || n > def->max ||
		(n == 0 && strpbrk(text, "123456789") != NULL))
		refuse(def, value, psprintf("Valid values are %s, or that time with a unit: ms, s, min, h or d.", scyllaValidValues(def)));
	return n;
}

static int64
bytes_value(const ScyllaOptionDef *def, const char *value)
{
	int			kilobytes;

	/* the unit is kB in the absence of one, as for the server's own memory settings */
	if (!parse_int(value, &kilobytes, GUC_UNIT_KB, NULL) || kilobytes < def->min || kilobytes > def->max)
		refuse_invalid(def, value);
	return (int64) kilobytes * 1024;
}

static double
cost_value(const ScyllaOptionDef *def, const char *value)
{
	char	   *end;
	double		cost;

	errno = 0;
	cost = strtod(value, &end);
	if (errno != 0 || end == value || *end != '\0' || !(cost >= 0) || isinf(cost))
		refuse(def, value, "The cost must be a number, not below zero.");
	return cost;
}

/* ---- words ---- */

static bool
boolean_value(const ScyllaOptionDef *def, const char *value)
{
	bool		result;

	if (!parse_bool(value, &result))
		refuse_invalid(def, value);
	return result;
}

static int
consistency_value(const ScyllaOptionDef *def, const char *value)
{
	int			consistency = cql_consistency_from_name(value);

	if (consistency < def->min || consistency > def->max)
		refuse_invalid(def, value);
	return consistency;
}

static int
word_value(const ScyllaOptionDef *def, const char *value)
{
	for (const ScyllaWord *word = def->words; word->name; word++)
	{
		if (strcmp(word->name, value) == 0)
			return word->value;
	}
	refuse_invalid(def, value);
	return 0;
}

static char *
trim(char *s)
{
	char	   *end;

	while (*s == ' ')
		s++;
	end = s + strlen(s);
	while (end > s && end[-1] == ' ')
		*--end = '\0';
	return s;
}

/* The next of a list by commas, NULL at its end. The list is cut to pieces. */
static char *
next_item(char **list)
{
	char	   *item = *list;
	char	   *comma = item ? strchr(item, ',') : NULL;

	if (comma != NULL)
		*comma++ = '\0';
	*list = comma;
	return item ? trim(item) : NULL;
}

static int
word_of_list(const ScyllaOptionDef *def, const char *value, const char *item)
{
	List	   *candidates = NIL;
	const char *nearest;

	for (const ScyllaWord *word = def->words; word->name; word++)
	{
		if (strcmp(item, word->name) == 0)
			return word->value;
		candidates = lappend(candidates, unconstify(char *, word->name));
	}
	nearest = scyllaNearestName(item, candidates);
	if (nearest)
		refuse(def, value, psprintf("Perhaps you meant \"%s\".", nearest));
	refuse_invalid(def, value);
	return 0;
}

static int
list_value(const ScyllaOptionDef *def, const char *value)
{
	char	   *list = pstrdup(value);
	char	   *item;
	int			bits = 0;

	if (strcmp(value, "none") == 0)
		return 0;
	if (strcmp(value, "all") == 0)
	{
		for (const ScyllaWord *word = def->words; word->name; word++)
			bits |= word->value;
		return bits;
	}
	while ((item = next_item(&list)) != NULL)
		bits |= word_of_list(def, value, item);
	return bits;
}

/* ---- contact points ---- */

/* A bare v6 address has two colons at least. Where host ends; brackets are taken off it. */
static char *
end_of_host(const ScyllaOptionDef *def, const char *whole, char **host)
{
	char	   *end;

	if ((*host)[0] == '[')
	{
		end = strchr(++*host, ']');
		if (end == NULL)
			refuse(def, whole, "An IPv6 address in brackets must end with \"]\".");
		*end++ = '\0';
		return end;
	}
	end = strchr(*host, ':');
	return end != NULL && strchr(end + 1, ':') == NULL ? end : *host + strlen(*host);
}

static ClusterContact
parse_contact(const ScyllaOptionDef *def, const char *whole, char *host, uint16_t port)
{
	static const ScyllaOptionDef port_def = {.name = "port", .kind = KIND_INTEGER, .min = 1, .max = 65535};
	char	   *end = end_of_host(def, whole, &host);

	if (*end == ':')
	{
		*end = '\0';
		port = (uint16_t) integer_value(&port_def, end + 1);
	}
	else if (*end != '\0')
		refuse(def, whole, psprintf("Valid contact points are %s.", scyllaValidValues(def)));
	if (*host == '\0')
		refuse(def, whole, "A contact point must have a name.");
	return (ClusterContact) {host, port};
}

int
scyllaParseHosts(const ScyllaOptionDef *def, const char *value, uint16_t port, ClusterContact **contacts)
{
	char	   *list = pstrdup(value);
	char	   *item;
	int			n = 0;

	*contacts = palloc(sizeof(ClusterContact) * (strlen(value) / 2 + 1));
	while ((item = next_item(&list)) != NULL)
		(*contacts)[n++] = parse_contact(def, value, item, port);
	return n;
}

static char *
utf8_value(const char *value)
{
	return pstrdup(pg_server_to_any(value, strlen(value), PG_UTF8));
}

static char *
text_value(const ScyllaOptionDef *def, const char *value)
{
	ClusterContact *contacts;

	if (def->kind == KIND_HOSTS)
		(void) scyllaParseHosts(def, value, 0, &contacts);
	else if (def->kind != KIND_LOCAL && *value == '\0')
		refuse(def, value, "The value must not be empty.");
	return def->kind == KIND_UTF8 ? utf8_value(value) : pstrdup(value);
}

/* A relative path would be one from the data directory, which nobody means. */
static char *
file_value(const ScyllaOptionDef *def, const char *value)
{
	const char *word = def->words[0].name;

	if (!is_absolute_path(value) && (word == NULL || strcmp(value, word) != 0))
		refuse(def, value, psprintf("The value must be an %s.", scyllaValidValues(def)));
	return utf8_value(value);
}

/* ---- any ---- */

ScyllaOptionValue
scyllaOptionValue(const ScyllaOptionDef *def, const char *value)
{
	Assert(def->min <= def->max);
	Assert((def->kind != KIND_WORD && def->kind != KIND_LIST && def->kind != KIND_EITHER) || def->words[0].name != NULL);
	switch (def->kind)
	{
		case KIND_TEXT:
		case KIND_UTF8:
		case KIND_LOCAL:
		case KIND_HOSTS:
			return (ScyllaOptionValue) {.text = text_value(def, value)};
		case KIND_FILE:
			return (ScyllaOptionValue) {.text = file_value(def, value)};
		case KIND_INTEGER:
			return (ScyllaOptionValue) {.number = integer_value(def, value)};
		case KIND_MILLISECONDS:
		case KIND_SECONDS:
			return (ScyllaOptionValue) {.number = duration_value(def, value)};
		case KIND_CONSISTENCY:
			return (ScyllaOptionValue) {.number = consistency_value(def, value)};
		case KIND_WORD:
			return (ScyllaOptionValue) {.number = word_value(def, value)};
		case KIND_LIST:
			return (ScyllaOptionValue) {.number = list_value(def, value)};
		case KIND_EITHER:
			return (ScyllaOptionValue) {.boolean = word_value(def, value) != 0};
		case KIND_BOOLEAN:
			return (ScyllaOptionValue) {.boolean = boolean_value(def, value)};
		case KIND_BYTES:
			return (ScyllaOptionValue) {.size = bytes_value(def, value)};
		case KIND_COST:
			return (ScyllaOptionValue) {.real = cost_value(def, value)};
	}
	pg_unreachable();
}
