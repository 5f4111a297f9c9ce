/*
 * fdw/option/setting.c
 *	  Every setting.
 *
 * Backend thread. Owns their variables.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "cql/request.h"
#include "fdw/option/epoch.h"
#include "fdw/option/option.h"
#include "fdw/option/setting.h"
#include "pipeline/client.h"

int			scylla_full_scan = SCYLLA_FULL_SCAN_ALLOW;
int			scylla_progress_interval = 0;
bool		scylla_warn_on_rollback = true;
bool		scylla_flush_at_transaction = false;
bool		scylla_enable_join = true;
bool		scylla_delete_count = true;
bool		scylla_log_cql = false;
int			scylla_request_timeout = 0;
int			scylla_max_in_flight = 0;
int			scylla_ttl = -1;
int64		scylla_write_timestamp = 0;
static int	setting_flush_at = 0;
static char *setting_consistency = NULL;
static char *setting_write_timestamp = NULL;

const char *
scyllaConsistencySetting(void)
{
	return setting_consistency && *setting_consistency ? setting_consistency : NULL;
}

static bool
check_consistency_setting(char **value, void **extra, GucSource source)
{
	if (*value == NULL || **value == '\0' || cql_consistency_from_name(*value) >= 0)
		return true;
	GUC_check_errdetail("Valid values are any, one, two, three, quorum, all, local_quorum, each_quorum, "
						"serial, local_serial and local_one, or an empty string.");
	return false;
}

static void
assign_consistency(const char *value, void *extra)
{
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

void
scyllaDefineSettings(void)
{
	static const struct config_enum_entry full_scan[] = {
		{"allow", SCYLLA_FULL_SCAN_ALLOW, false}, {"warn", SCYLLA_FULL_SCAN_WARN, false},
		{"refuse", SCYLLA_FULL_SCAN_REFUSE, false}, {NULL, 0, false}
	};
	static const struct config_enum_entry flush_at[] = {
		{"statement", 0, false}, {"transaction", 1, false}, {NULL, 0, false}
	};

	DefineCustomStringVariable("scylla_fdw.consistency",
							   "Consistency of reads and writes; overrides the options of tables and servers.",
							   "An empty string leaves it to the options.",
							   &setting_consistency, "", PGC_USERSET, 0,
							   check_consistency_setting, assign_consistency, NULL);
	DefineCustomIntVariable("scylla_fdw.request_timeout",
							"Time one request may take; overrides the options of tables and servers.",
							"0 leaves it to the options.",
							&scylla_request_timeout, 0, 0, 3600000, PGC_USERSET, GUC_UNIT_MS, NULL, assign_number, NULL);
	DefineCustomIntVariable("scylla_fdw.progress_interval",
							"Time between INFO messages that report how far a write is.",
							"0 turns them off.",
							&scylla_progress_interval, 0, 0, 86400, PGC_USERSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomBoolVariable("scylla_fdw.warn_on_rollback",
							 "Warn when a transaction rolls back whose writes the cluster has acknowledged.",
							 NULL, &scylla_warn_on_rollback, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("scylla_fdw.enable_join",
							 "Let the planner choose joins that look many keys of a foreign table up at once.",
							 NULL, &scylla_enable_join, true, PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);
	DefineCustomBoolVariable("scylla_fdw.delete_count",
							 "Count the rows of partitions and ranges before a DELETE deletes them as a whole.",
							 "Without, the statement does not tell how many they were.",
							 &scylla_delete_count, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("scylla_fdw.log_cql",
							 "Write the CQL of each statement to the server's log.",
							 "Without values: there are bind markers in their place.",
							 &scylla_log_cql, false, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("scylla_fdw.full_scan",
							 "Whether a statement may read a whole table where its conditions choose rows of it.",
							 "What has no conditions on a table asks for all of it, and is not meant.",
							 &scylla_full_scan, SCYLLA_FULL_SCAN_ALLOW, full_scan, PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);
	DefineCustomEnumVariable("scylla_fdw.flush_at",
							 "When rows that were inserted have to be acknowledged.",
							 "With \"transaction\", INSERTs of one transaction share the window across statements.",
							 &setting_flush_at, 0, flush_at, PGC_USERSET, 0, NULL, assign_flush_at, NULL);
	DefineCustomIntVariable("scylla_fdw.max_in_flight",
							"Requests in flight of one session and server; overrides the option of servers.",
							"0 leaves it to the option.",
							&scylla_max_in_flight, 0, 0, SCYLLA_MAX_IN_FLIGHT, PGC_USERSET, 0,
							NULL, assign_max_in_flight, NULL);
	DefineCustomIntVariable("scylla_fdw.ttl",
							"Time after which rows that are written expire; overrides the option of tables.",
							"0 is never, -1 leaves it to the option.",
							&scylla_ttl, -1, -1, SCYLLA_MAX_TTL, PGC_USERSET, GUC_UNIT_S, NULL, assign_number, NULL);
	DefineCustomStringVariable("scylla_fdw.write_timestamp",
							   "Timestamp of rows that are written or deleted, in microseconds since 1970.",
							   "0 is the clock's time.",
							   &setting_write_timestamp, "0", PGC_USERSET, 0,
							   check_write_timestamp, assign_write_timestamp, NULL);
	MarkGUCPrefixReserved("scylla_fdw");
}
