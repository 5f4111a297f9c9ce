/*
 * fdw/session/error.c
 *	  From a failed request to a PostgreSQL error that tells the truth.
 *
 * Backend thread. Owns nothing. Invariants: the server's text is shown as it
 * came, converted from UTF-8; CQL in contexts has no values. Whoever may call
 * somebody else's function sees the errors of the CQL in it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "cql/response.h"
#include "fdw/option/hide_literals.h"
#include "fdw/option/names.h"
#include "fdw/session/error.h"

static int
sqlstate_of_code(uint32_t code)
{
	switch (code)
	{
		case CQL_ERR_CREDENTIALS:
			return ERRCODE_INVALID_PASSWORD;
		case CQL_ERR_UNAVAILABLE:
		case CQL_ERR_BOOTSTRAPPING:
			return ERRCODE_CANNOT_CONNECT_NOW;
		case CQL_ERR_OVERLOADED:
		case CQL_ERR_RATE_LIMIT:
			return ERRCODE_INSUFFICIENT_RESOURCES;
		case CQL_ERR_WRITE_TIMEOUT:
		case CQL_ERR_WRITE_FAILURE:
		case CQL_ERR_CAS_WRITE_UNKNOWN:
		case CQL_ERR_CDC_WRITE_FAILURE:
			return ERRCODE_T_R_STATEMENT_COMPLETION_UNKNOWN;
		case CQL_ERR_READ_TIMEOUT:
		case CQL_ERR_READ_FAILURE:
		case CQL_ERR_TRUNCATE:
			return ERRCODE_SYSTEM_ERROR;
		case CQL_ERR_SYNTAX:
			return ERRCODE_SYNTAX_ERROR;
		case CQL_ERR_UNAUTHORIZED:
			return ERRCODE_INSUFFICIENT_PRIVILEGE;
		case CQL_ERR_ALREADY_EXISTS:
			return ERRCODE_DUPLICATE_TABLE;
		case CQL_ERR_PROTOCOL:
			return ERRCODE_PROTOCOL_VIOLATION;
		case CQL_ERR_FUNCTION_FAILURE:
			return ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
		default:
			return ERRCODE_FDW_ERROR;
	}
}

static int
sqlstate_of(const ClusterFailure *f)
{
	switch (f->kind)
	{
		case CLUSTER_FAIL_CQL:
			return sqlstate_of_code(f->code);
		case CLUSTER_FAIL_CONNECT:
			return ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION;
		case CLUSTER_FAIL_CREDENTIALS:
			return ERRCODE_INVALID_PASSWORD;
		case CLUSTER_FAIL_LOST:
		case CLUSTER_FAIL_TIMEOUT:
			return ERRCODE_CONNECTION_FAILURE;
		case CLUSTER_FAIL_PROTOCOL:
			return ERRCODE_PROTOCOL_VIOLATION;
		case CLUSTER_FAIL_STALE:
			return ERRCODE_FDW_INVALID_COLUMN_NAME;
		case CLUSTER_FAIL_MEMORY:
			return ERRCODE_OUT_OF_MEMORY;
		case CLUSTER_FAIL_ABANDONED:
			break;
	}
	return ERRCODE_FDW_ERROR;
}

char *
scyllaWrittenDetail(const ScyllaFates *fates, bool shared)
{
	uint64		rows = fates->acknowledged;
	char	   *more = "";

	if (fates->unknown > 0)
		more = psprintf(", " UINT64_FORMAT " more %s sent and may be written or not",
						fates->unknown, fates->unknown == 1 ? "was" : "were");
	return psprintf(UINT64_FORMAT " row%s of %s %s acknowledged before and %s written%s.",
					rows, rows == 1 ? "" : "s", shared ? "this and earlier statements" : "this statement",
					rows == 1 ? "was" : "were", rows == 1 ? "stays" : "stay", more);
}

/* Replicas may have done what the node did not hear of in time. */
static bool
is_unknown(uint32_t code)
{
	return code == CQL_ERR_WRITE_TIMEOUT || code == CQL_ERR_WRITE_FAILURE || code == CQL_ERR_CAS_WRITE_UNKNOWN;
}

/* An error is about the last attempt: one before may have come through. */
bool
scyllaMayBeWritten(const ClusterFailure *f)
{
	if (f == NULL || f->attempts > 1)
		return true;
	if (f->kind == CLUSTER_FAIL_CQL)
		return is_unknown(f->code) || f->code == CQL_ERR_SERVER;
	return f->kind != CLUSTER_FAIL_STALE && f->attempts > 0;
}

/* No node was reached: the message has an address, with its reason, for each one that was tried. */
static bool
tells_of_addresses(const ClusterFailure *f)
{
	return (f->kind == CLUSTER_FAIL_CONNECT || f->kind == CLUSTER_FAIL_CREDENTIALS) && f->node[0] == '\0' && f->message[0] != '\0';
}

static bool
ends_sentence(const char *text)
{
	char		last = text[strlen(text) - 1];

	return last == '.' || last == '?';
}

static char *
failure_message(const ClusterFailure *f)
{
	if (tells_of_addresses(f))
		return "could not connect to the cluster";
	return f->message[0] != '\0' ? scyllaTellUtf8(f->message) : "the request failed";
}

/* Addresses; or node, consistency, attempts, time; then what the statement did before. */
static char *
failure_detail(const ClusterFailure *f, const ScyllaErrorContext *context)
{
	StringInfoData detail;

	initStringInfo(&detail);
	if (tells_of_addresses(f))
		appendStringInfoString(&detail, scyllaTellUtf8(f->message));
	if (f->node[0] != '\0')
		appendStringInfo(&detail, "Node %s", f->node);
	if (f->counted)
		appendStringInfo(&detail, "%sconsistency %s reached %d of %d", detail.len > 0 ? ", " : "Needed: ",
						 cql_consistency_name(f->consistency), f->received, f->required);
	if (f->attempts > 0)
		appendStringInfo(&detail, "%s%u attempt%s, %u ms", detail.len > 0 ? ", " : "",
						 f->attempts, f->attempts == 1 ? "" : "s", f->elapsed_ms);
	if (detail.len > 0 && !ends_sentence(detail.data))
		appendStringInfoChar(&detail, '.');
	if (f->kind == CLUSTER_FAIL_CQL && is_unknown(f->code))
		appendStringInfoString(&detail, " The request may have been carried out or not.");
	if (context->writes)
		appendStringInfo(&detail, "%s%s", detail.len > 0 ? " " : "", scyllaWrittenDetail(&context->fates, context->statement > 0));
	return detail.data;
}

/*
 * What helps where Cassandra's guardrails forbid a request to ordinary users. Their
 * names are those of org.apache.cassandra.db.guardrails.Guardrails; the message
 * begins with "Guardrail NAME violated".
 */
typedef struct Guardrail
{
	const char *name;
	const char *hint;
	const char *for_vectors;	/* instead, of a search for nearest vectors; NULL: the same */
	bool		by_hand;		/* helps where the text is the user's own, too */
} Guardrail;

#define WITHOUT(word) "The option \"pushdown\" without " word " leaves this to PostgreSQL."

static const Guardrail guardrails[] = {
	{"page_size", "The option \"fetch_size\" sets the size of pages.", NULL, true},
	{"read_consistency_levels", "The options \"read_consistency\" and \"consistency\" set the level.",
	"Cassandra finds nearest vectors at ONE and LOCAL_ONE alone, by the option \"read_consistency\". " WITHOUT("vectors"), true},
	{"write_consistency_levels", "The options \"write_consistency\" and \"consistency\" set the level.", NULL, true},
	{"user_timestamps", "The option \"batch_mode\" as none sends rows without timestamps in their CQL.", NULL, false},
	{"allow_filtering", "The option \"allow_filtering\" as false leaves this to PostgreSQL.", NULL, false},
	{"intersect_filtering_query", "The option \"allow_filtering\" as false leaves this to PostgreSQL.", NULL, false},
	{"group_by", WITHOUT("aggregates"), NULL, false},
	{"non_partition_restricted_index_query_enabled", WITHOUT("indexes"), WITHOUT("vectors"), false},
	{"sai_sstable_indexes_per_query", WITHOUT("indexes"), WITHOUT("vectors"), false},
};

/* NULL: none. */
static const char *
guardrail_hint(const ClusterFailure *f, const ScyllaErrorContext *context)
{
	static const char prefix[] = "Guardrail ";
	const char *name = f->message + strlen(prefix);

	if (f->kind != CLUSTER_FAIL_CQL || strncmp(f->message, prefix, strlen(prefix)) != 0)
		return NULL;
	for (size_t i = 0; i < lengthof(guardrails); i++)
	{
		const Guardrail *g = &guardrails[i];
		size_t		length = strlen(g->name);

		if (strncmp(name, g->name, length) != 0 || name[length] != ' ' || (context->by_hand && !g->by_hand))
			continue;
		return g->for_vectors && context->cql && strstr(context->cql, " ANN OF ?") ? g->for_vectors : g->hint;
	}
	return NULL;
}

/* What helps; NULL: nobody knows. */
static const char *
failure_hint(const ClusterFailure *f, const ScyllaErrorContext *context)
{
	const char *hint;

	if (f->kind == CLUSTER_FAIL_STALE)
		return "Repeat the statement.";
	if (f->kind == CLUSTER_FAIL_CQL && f->code == CQL_ERR_UNPREPARED)
		return "The node forgets prepared statements before they are used: its cache for them is too small for what its clients prepare.";
	if (f->kind == CLUSTER_FAIL_CQL && f->code == CQL_ERR_WRITE_FAILURE)
		return "Fewer requests at a time may help: SET scylla_fdw.max_in_flight. An index on vectors is better created after the load.";
	hint = guardrail_hint(f, context);
	return hint ? hint : context->hint;
}

static int
add_context(const ScyllaErrorContext *c)
{
	const char *statement = "";
	const char *together = "";

	if (c->cql)
		errcontext("CQL: %s", scyllaTellUtf8(c->by_hand ? scyllaHideLiterals(c->cql) : c->cql));
	if (c->relation == NULL)
		return 0;
	if (c->statement > 0)
		statement = psprintf(" of statement " UINT64_FORMAT " of its kind", c->statement);
	if (c->rows > 1)
		together = psprintf(", first of %u rows that went together", c->rows);
	if (c->ordinal == 0)
		return errcontext("foreign table \"%s\"", c->relation);
	if (c->key == NULL)
		return errcontext("foreign table \"%s\", row " UINT64_FORMAT "%s%s", c->relation, c->ordinal, statement, together);
	return errcontext("foreign table \"%s\", row " UINT64_FORMAT "%s, key %s%s", c->relation, c->ordinal, statement, c->key,
					  together);
}

void
scyllaRaiseFailure(const ClusterFailure *failure, const ScyllaErrorContext *context)
{
	static const ScyllaErrorContext nothing = {0};
	const ScyllaErrorContext *c = context ? context : &nothing;
	const char *hint;
	char	   *message;
	char	   *detail;

	if (failure == NULL)
		scyllaRaiseOutOfMemory();
	message = failure_message(failure);
	detail = failure_detail(failure, c);
	hint = failure_hint(failure, c);
	ereport(ERROR,
			(errcode(sqlstate_of(failure)),
			 errmsg("%s", message),
			 detail[0] ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 add_context(c)));
	pg_unreachable();
}

void
scyllaRaiseOutOfMemory(void)
{
	ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	pg_unreachable();
}

void
scyllaRaiseMalformed(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("malformed %s from the cluster", what)));
	pg_unreachable();
}
