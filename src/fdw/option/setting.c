/*
 * fdw/option/setting.c
 *	  Every setting, in one table.
 *
 * Backend thread. Owns their variables. Invariants: a row has one variable, of one
 * kind; an assign hook raises nothing, and a setting that stands above options begins
 * an epoch, or is told to all clients.
 *
 * To add a setting, add a row here and a variable, and what uses the variable.
 * doc/options.md has a row for each, too; a test compares them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/guc.h"

#include "cql/request.h"
#include "fdw/option/epoch.h"
#include "fdw/option/option_value.h"
#include "fdw/option/setting.h"
#include "pipeline/client.h"

int			scylla_full_scan = SCYLLA_FULL_SCAN_ALLOW;
int			scylla_progress_interval = 0;
bool		scylla_warn_on_rollback = true;
bool		scylla_flush_at_transaction = false;
bool		scylla_enable_join = true;
bool		scylla_delete_count = true;
bool		scylla_log_cql = false;
bool		scylla_warnings = true;
int			scylla_consistency = -1;
int			scylla_request_timeout = 0;
int			scylla_max_in_flight = 0;
int			scylla_ttl = -1;
int64		scylla_write_timestamp = 0;
static int	setting_flush_at = 0;
static char *setting_consistency = NULL;
static char *setting_write_timestamp = NULL;

/* ---- values that PostgreSQL has no kind of setting for ---- */

static bool
check_consistency(char **value, void **extra, GucSource source)
{
	if (*value == NULL || **value == '\0' || cql_consistency_from_name(*value) >= 0)
		return true;
	GUC_check_errdetail("Valid values are %s, or an empty string.", scyllaConsistencyNames(CQL_ANY, CQL_LOCAL_ONE));
	return false;
}

static void
assign_consistency(const char *value, void *extra)
{
	scylla_consistency = value && *value ? cql_consistency_from_name(value) : -1;
	scyllaNextEpoch();
}

static void
assign_number(int value, void *extra)
{
	scyllaNextEpoch();
}

/* A setting is an int, or text; and this is neither. false: it is out of range. */
static bool
parse_timestamp(const char *text, int64 *timestamp)
{
	char	   *end;

	errno = 0;
	*timestamp = strtoi64(text, &end, 10);
	return errno == 0 && *end == '\0' && *timestamp >= 0;
}

static bool
check_write_timestamp(char **value, void **extra, GucSource source)
{
	int64		timestamp;

	if (*value == NULL || parse_timestamp(*value, &timestamp))
		return true;
	GUC_check_errdetail("Valid values are microseconds since 1970, or 0.");
	return false;
}

static void
assign_write_timestamp(const char *value, void *extra)
{
	if (value == NULL || !parse_timestamp(value, &scylla_write_timestamp))
		scylla_write_timestamp = 0;
	scyllaNextEpoch();
}

/* Statements that are running go by it, too. */
static void
assign_max_in_flight(int value, void *extra)
{
	client_limit_all((uint32) value);
}

static void
assign_flush_at(int value, void *extra)
{
	scylla_flush_at_transaction = value != 0;
}

/* ---- the table ---- */

static const struct config_enum_entry full_scan_words[] = {
	{"allow", SCYLLA_FULL_SCAN_ALLOW, false}, {"warn", SCYLLA_FULL_SCAN_WARN, false},
	{"refuse", SCYLLA_FULL_SCAN_REFUSE, false}, {NULL, 0, false}
};
static const struct config_enum_entry flush_at_words[] = {
	{"statement", 0, false}, {"transaction", 1, false}, {NULL, 0, false}
};

static const ScyllaSetting settings[] = {
	{
		.name = "scylla_fdw.consistency", .text = &setting_consistency, .otherwise_text = "",
		.valid = "those of the option consistency, or an empty string",
		.check = check_consistency, .assign_text = assign_consistency,
		.meaning = "Consistency of reads and writes; overrides the options of tables and servers.",
		.more = "An empty string leaves it to the options."
	},
	{
		.name = "scylla_fdw.request_timeout", .number = &scylla_request_timeout, .otherwise = 0, .min = 0,
		.max = SCYLLA_MAX_REQUEST_TIMEOUT, .flags = GUC_UNIT_MS, .assign_number = assign_number,
		.meaning = "Time one request may take; overrides the options of tables and servers.",
		.more = "0 leaves it to the options."
	},
	{
		.name = "scylla_fdw.progress_interval", .number = &scylla_progress_interval, .otherwise = 0, .min = 0, .max = 86400,
		.flags = GUC_UNIT_S,
		.meaning = "Time between INFO messages that report how far a write is.",
		.more = "0 turns them off."
	},
	{
		.name = "scylla_fdw.warn_on_rollback", .boolean = &scylla_warn_on_rollback, .otherwise = true,
		.meaning = "Warn when a transaction rolls back whose writes the cluster has acknowledged."
	},
	{
		.name = "scylla_fdw.warnings", .boolean = &scylla_warnings, .otherwise = true,
		.meaning = "Show what the cluster warns of as a WARNING, each text once a statement."
	},
	{
		.name = "scylla_fdw.enable_join", .boolean = &scylla_enable_join, .otherwise = true, .flags = GUC_EXPLAIN,
		.meaning = "Let the planner choose joins that look many keys of a foreign table up at once."
	},
	{
		.name = "scylla_fdw.delete_count", .boolean = &scylla_delete_count, .otherwise = true,
		.meaning = "Count the rows of partitions and ranges before a DELETE deletes them as a whole.",
		.more = "Without, the statement does not tell how many they were."
	},
	{
		.name = "scylla_fdw.log_cql", .boolean = &scylla_log_cql, .otherwise = false, .guarded = true,
		.meaning = "Write the CQL of each statement to the server's log.",
		.more = "Without values: there are bind markers in their place."
	},
	{
		.name = "scylla_fdw.full_scan", .word = &scylla_full_scan, .otherwise = SCYLLA_FULL_SCAN_ALLOW,
		.words = full_scan_words, .flags = GUC_EXPLAIN,
		.meaning = "Whether a statement may read a whole table where its conditions choose rows of it.",
		.more = "What has no conditions on a table asks for all of it, and is not meant."
	},
	{
		.name = "scylla_fdw.flush_at", .word = &setting_flush_at, .otherwise = 0, .words = flush_at_words,
		.assign_word = assign_flush_at,
		.meaning = "When rows that were inserted have to be acknowledged.",
		.more = "With \"transaction\", INSERTs of one transaction share the window across statements."
	},
	{
		.name = "scylla_fdw.max_in_flight", .number = &scylla_max_in_flight, .otherwise = 0, .min = 0,
		.max = SCYLLA_MAX_IN_FLIGHT, .assign_number = assign_max_in_flight,
		.meaning = "Requests in flight of one session and server; overrides the option of servers.",
		.more = "0 leaves it to the option."
	},
	{
		.name = "scylla_fdw.ttl", .number = &scylla_ttl, .otherwise = -1, .min = -1, .max = SCYLLA_MAX_TTL,
		.flags = GUC_UNIT_S, .assign_number = assign_number,
		.meaning = "Time after which rows that are written expire; overrides the option of tables.",
		.more = "0 is never, -1 leaves it to the option."
	},
	{
		.name = "scylla_fdw.write_timestamp", .text = &setting_write_timestamp, .otherwise_text = "0",
		.valid = "microseconds since 1970, or 0",
		.check = check_write_timestamp, .assign_text = assign_write_timestamp,
		.meaning = "Timestamp of rows that are written or deleted, in microseconds since 1970.",
		.more = "0 is the clock's time."
	},
};

const ScyllaSetting *
scyllaSettings(int *n)
{
	*n = lengthof(settings);
	return settings;
}

/* ---- defining ---- */

static void
define(const ScyllaSetting *s)
{
	GucContext	context = s->guarded ? PGC_SUSET : PGC_USERSET;

	Assert((s->number != NULL) + (s->boolean != NULL) + (s->word != NULL) + (s->text != NULL) == 1);
	if (s->number)
		DefineCustomIntVariable(s->name, s->meaning, s->more, s->number, s->otherwise, s->min, s->max, context,
								s->flags, NULL, s->assign_number, NULL);
	else if (s->boolean)
		DefineCustomBoolVariable(s->name, s->meaning, s->more, s->boolean, s->otherwise != 0, context, s->flags,
								 NULL, NULL, NULL);
	else if (s->word)
		DefineCustomEnumVariable(s->name, s->meaning, s->more, s->word, s->otherwise, s->words, context, s->flags,
								 NULL, s->assign_word, NULL);
	else
		DefineCustomStringVariable(s->name, s->meaning, s->more, s->text, s->otherwise_text, context, s->flags,
								   s->check, s->assign_text, NULL);
}

void
scyllaDefineSettings(void)
{
	for (size_t i = 0; i < lengthof(settings); i++)
		define(&settings[i]);
	MarkGUCPrefixReserved("scylla_fdw");
}

/* ---- telling ---- */

const char *
scyllaSettingDefault(const ScyllaSetting *s)
{
	if (s->number)
		return psprintf("%d", s->otherwise);
	if (s->boolean)
		return s->otherwise ? "on" : "off";
	if (s->text)
		return s->otherwise_text;
	for (const struct config_enum_entry *word = s->words; word->name; word++)
	{
		if (word->val == s->otherwise)
			return word->name;
	}
	pg_unreachable();
}

static const char *
join_words(const struct config_enum_entry *words)
{
	StringInfoData joined;

	initStringInfo(&joined);
	for (const struct config_enum_entry *word = words; word->name; word++)
		appendStringInfo(&joined, "%s%s", word == words ? "" : word[1].name ? ", " : " and ", word->name);
	return joined.data;
}

const char *
scyllaSettingValues(const ScyllaSetting *s)
{
	if (s->number)
		return psprintf("%d to %d%s", s->min, s->max,
						(s->flags & GUC_UNIT_TIME) == GUC_UNIT_MS ? " ms" : (s->flags & GUC_UNIT_TIME) == GUC_UNIT_S ? " s" : "");
	if (s->boolean)
		return "on and off";
	return s->text ? s->valid : join_words(s->words);
}
