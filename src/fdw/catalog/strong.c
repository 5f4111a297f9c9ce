/*
 * fdw/catalog/strong.c
 *	  What strongly consistent tables do not take.
 *
 * Backend thread. Owns nothing. Invariants: none.
 *
 * ScyllaDB, with the experimental feature strongly-consistent-tables, has keyspaces
 * "WITH consistency = 'global'". Each of their tablets is a Raft group, whose leader
 * gives writes their time (cql3/statements/strong_consistency). What nodes refuse is
 * refused here before anything is sent, with the reason. Conditions are worse than
 * that: nodes do not look at them and write.
 */
#include "postgres.h"

#include "cql/request.h"
#include "fdw/catalog/strong.h"

static const char *
mode_of(ScyllaSession *session, const ScyllaTableOptions *options)
{
	return scyllaDescribeTable(session, options)->strong;
}

bool
scyllaIsStrong(ScyllaSession *session, const ScyllaTableOptions *options)
{
	return mode_of(session, options) != NULL;
}

static bool
is_quorum(int consistency)
{
	return consistency == CQL_QUORUM || consistency == CQL_LOCAL_QUORUM;
}

/* For errdetail: says which mode it is, and what follows from it. */
static char *
mode_says(ScyllaSession *session, const ScyllaTableOptions *options, const char *what)
{
	return psprintf("Keyspace \"%s\" is strongly consistent (consistency = '%s'): %s", options->keyspace,
					mode_of(session, options), what);
}

static void
refuse_level(ScyllaSession *session, const ScyllaTableOptions *options, const char *relation, bool writes)
{
	int			level = writes ? options->write_consistency : options->read_consistency;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("foreign table \"%s\" cannot be %s at consistency %s", relation, writes ? "written" : "read",
					cql_consistency_name(level)),
			 errdetail_internal("%s", mode_says(session, options, writes ?
												"it is written at QUORUM and LOCAL_QUORUM." :
												"it is read at QUORUM, LOCAL_QUORUM, ONE and LOCAL_ONE."))));
}

void
scyllaCheckStrongRead(ScyllaSession *session, const ScyllaTableOptions *options, const char *relation, bool by_key)
{
	int			level = options->read_consistency;

	if (!scyllaIsStrong(session, options))
		return;
	if (!is_quorum(level) && level != CQL_ONE && level != CQL_LOCAL_ONE)
		refuse_level(session, options, relation, false);
	if (!by_key)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("foreign table \"%s\" cannot be read without its partition key", relation),
				 errdetail_internal("%s", mode_says(session, options, "each request is of one partition.")),
				 errhint("Rows are looked up by conditions that fix the partition key by = or IN.")));
}

void
scyllaRefuseStrongTimestamp(ScyllaSession *session, const ScyllaTableOptions *options, const char *relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("rows of foreign table \"%s\" cannot have timestamps of their own", relation),
			 errdetail_internal("%s", mode_says(session, options, "it gives each write its time."))));
	pg_unreachable();
}

void
scyllaCheckStrongWrite(ScyllaSession *session, const ScyllaTableOptions *options, const char *relation, bool conditional)
{
	if (!scyllaIsStrong(session, options))
		return;
	if (!is_quorum(options->write_consistency))
		refuse_level(session, options, relation, true);
	if (options->write_timestamp != 0)
		scyllaRefuseStrongTimestamp(session, options, relation);
	if (conditional)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("foreign table \"%s\" has no conditional writes", relation),
				 errdetail_internal("%s", mode_says(session, options, "it writes whether conditions are met or not."))));
}
