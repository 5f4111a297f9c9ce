/*
 * fdw/option/option_value.c
 *	  What the values of options mean, and which are refused.
 *
 * Backend thread. Owns nothing: results live in CurrentMemoryContext. Each kind of
 * value is parsed by one function, for validation and for use.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "commands/defrem.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "cql/request.h"
#include "fdw/option/nearest.h"
#include "fdw/option/option.h"
#include "fdw/option/option_value.h"

static void
bad_value(const ScyllaOptionDef *def, const char *value, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 strcmp(def->name, "password") == 0 ?
			 errmsg("invalid value for option \"%s\"", def->name) :
			 errmsg("invalid value for option \"%s\": \"%s\"", def->name, value),
			 errhint("%s", hint)));
}

int
scyllaIntegerValue(const ScyllaOptionDef *def, const char *value)
{
	char	   *end;
	long		n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < def->min || n > def->max)
		bad_value(def, value, psprintf("Valid values are %d to %d.", def->min, def->max));
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
int
scyllaDurationValue(const ScyllaOptionDef *def, const char *value)
{
	bool		seconds = def->kind == KIND_SECONDS;
	const char *text = shorten_unit(value);
	int			n;

	while (text[0] == '0' && isdigit((unsigned char) text[1]))
		text++;					/* no octal number */
	if (!parse_int(text, &n, seconds ? GUC_UNIT_S : GUC_UNIT_MS, NULL) || n < def->min || n > def->max ||
		(n == 0 && strpbrk(text, "123456789") != NULL))
		bad_value(def, value, psprintf("Valid values are %d to %d %s, or that time with a unit: ms, s, min, h or d.",
									   def->min, def->max, seconds ? "s" : "ms"));
	return n;
}

double
scyllaCostValue(const ScyllaOptionDef *def, const char *value)
{
	char	   *end;
	double		cost;

	errno = 0;
	cost = strtod(value, &end);
	if (errno != 0 || end == value || *end != '\0' || !(cost >= 0) || isinf(cost))
		bad_value(def, value, "The cost must be a number, not below zero.");
	return cost;
}

int64
scyllaBytesValue(const ScyllaOptionDef *def, const char *value)
{
	const char *hint = NULL;
	int			kilobytes;

	/* the unit is kB in the absence of one, as for the server's own memory settings */
	if (!parse_int(value, &kilobytes, GUC_UNIT_KB, &hint) || kilobytes < 64 || kilobytes > 1024 * 1024)
		bad_value(def, value, "Valid values are 64kB to 1GB.");
	return (int64) kilobytes * 1024;
}

bool
scyllaBooleanValue(const ScyllaOptionDef *def, const char *value)
{
	bool		result;

	if (!parse_bool(value, &result))
		bad_value(def, value, "Valid values are true and false.");
	return result;
}

uint16_t
scyllaConsistencyValue(const ScyllaOptionDef *def, const char *value)
{
	int			consistency = cql_consistency_from_name(value);

	if (consistency < 0)
		bad_value(def, value, "Valid values are any, one, two, three, quorum, all, local_quorum, each_quorum, "
				  "serial, local_serial and local_one.");
	return (uint16_t) consistency;
}

uint16_t
scyllaSerialValue(const ScyllaOptionDef *def, const char *value)
{
	int			consistency = cql_consistency_from_name(value);

	if (consistency != CQL_SERIAL && consistency != CQL_LOCAL_SERIAL)
		bad_value(def, value, "Valid values are serial and local_serial.");
	return (uint16_t) consistency;
}

int
scyllaProtocolValue(const ScyllaOptionDef *def, const char *value)
{
	if (strcmp(value, "auto") == 0)
		return 0;
	if (strcmp(value, "4") != 0 && strcmp(value, "5") != 0)
		bad_value(def, value, "Valid values are auto, 4 and 5.");
	return value[0] - '0';
}

/* One of two words; true for the second. */
bool
scyllaWordValue(const ScyllaOptionDef *def, const char *value, const char *first, const char *second)
{
	bool		is_second = strcmp(value, second) == 0;

	if (!is_second && strcmp(value, first) != 0)
		bad_value(def, value, psprintf("Valid values are %s and %s.", first, second));
	return is_second;
}

/* "name", "name:port", "[v6]", "[v6]:port"; a bare v6 address has two colons at least. */
static void
parse_contact(const ScyllaOptionDef *def, const char *whole, char *item, uint16_t port, ClientContact *contact)
{
	char	   *host = item;
	char	   *rest;

	if (item[0] == '[')
	{
		host = item + 1;
		rest = strchr(host, ']');
		if (rest == NULL)
			bad_value(def, whole, "An IPv6 address in brackets must end with \"]\".");
		*rest++ = '\0';
	}
	else
	{
		rest = strchr(item, ':');
		if (rest != NULL && strchr(rest + 1, ':') != NULL)
			rest = NULL;
		if (rest == NULL)
			rest = item + strlen(item);
	}
	contact->port = port;
	if (*rest == ':')
	{
		ScyllaOptionDef	port_def = {"port", 0, KIND_INTEGER, 1, 65535};

		*rest = '\0';
		contact->port = (uint16_t) scyllaIntegerValue(&port_def, rest + 1);
	}
	else if (*rest != '\0')
		bad_value(def, whole, "Valid contact points are name, name:port and [address]:port.");
	if (*host == '\0')
		bad_value(def, whole, "A contact point must have a name.");
	contact->host = host;
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

int
scyllaHostsValue(const ScyllaOptionDef *def, const char *value, uint16_t port, ClientContact **contacts)
{
	char	   *list = pstrdup(value);
	int			n = 0;

	*contacts = palloc(sizeof(ClientContact) * (strlen(value) / 2 + 1));
	for (char *item = list; item != NULL;)
	{
		char	   *comma = strchr(item, ',');

		if (comma != NULL)
			*comma++ = '\0';
		parse_contact(def, value, trim(item), port, &(*contacts)[n++]);
		item = comma;
	}
	return n;
}

static int
pushdown_bit(const ScyllaOptionDef *def, const char *value, const char *word)
{
	static const char *const words[] = {"keys", "indexes", "filtering", "aggregates", "vectors"};	/* as SCYLLA_PUSH_ bits count */
	List	   *candidates = NIL;
	const char *nearest;

	for (size_t i = 0; i < lengthof(words); i++)
	{
		if (strcmp(word, words[i]) == 0)
			return 1 << i;
		candidates = lappend(candidates, unconstify(char *, words[i]));
	}
	nearest = scyllaNearestName(word, candidates);
	bad_value(def, value, nearest ? psprintf("Perhaps you meant \"%s\".", nearest) :
			  "Valid values are all, none and lists of keys, indexes, filtering, aggregates and vectors.");
	return 0;
}

int
scyllaPushdownValue(const ScyllaOptionDef *def, const char *value)
{
	char	   *list = pstrdup(value);
	int			bits = 0;

	if (strcmp(value, "none") == 0)
		return 0;
	if (strcmp(value, "all") == 0)
		return SCYLLA_PUSH_KEYS | SCYLLA_PUSH_INDEXES | SCYLLA_PUSH_FILTERING | SCYLLA_PUSH_AGGREGATES |
			SCYLLA_PUSH_VECTORS;
	for (char *item = list; item != NULL;)
	{
		char	   *comma = strchr(item, ',');

		if (comma != NULL)
			*comma++ = '\0';
		bits |= pushdown_bit(def, value, trim(item));
		item = comma;
	}
	return bits;
}

void
scyllaCheckValue(const ScyllaOptionDef *def, DefElem *element)
{
	char	   *value = defGetString(element);
	ClientContact *contacts;

	switch (def->kind)
	{
		case KIND_TEXT:
			if (*value == '\0')
				bad_value(def, value, "The value must not be empty.");
			break;
		case KIND_HOSTS:
			(void) scyllaHostsValue(def, value, DEFAULT_PORT, &contacts);
			break;
		case KIND_INTEGER:
			(void) scyllaIntegerValue(def, value);
			break;
		case KIND_MILLISECONDS:
		case KIND_SECONDS:
			(void) scyllaDurationValue(def, value);
			break;
		case KIND_BYTES:
			(void) scyllaBytesValue(def, value);
			break;
		case KIND_COST:
			(void) scyllaCostValue(def, value);
			break;
		case KIND_BOOLEAN:
			(void) scyllaBooleanValue(def, value);
			break;
		case KIND_CONSISTENCY:
			(void) scyllaConsistencyValue(def, value);
			break;
		case KIND_SERIAL:
			(void) scyllaSerialValue(def, value);
			break;
		case KIND_PROTOCOL:
			(void) scyllaProtocolValue(def, value);
			break;
		case KIND_COMPRESSION:
			(void) scyllaWordValue(def, value, "none", "lz4");
			break;
		case KIND_INSERT_NULL:
			(void) scyllaWordValue(def, value, "unset", "null");
			break;
		case KIND_UPDATE_MODE:
			(void) scyllaWordValue(def, value, "upsert", "if_exists");
			break;
		case KIND_BATCH_MODE:
			(void) scyllaWordValue(def, value, "none", "partition");
			break;
		case KIND_PUSHDOWN:
			(void) scyllaPushdownValue(def, value);
			break;
	}
}
