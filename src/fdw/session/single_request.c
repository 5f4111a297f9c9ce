/*
 * fdw/session/single_request.c
 *	  One request, and its answer; what a failed one tells.
 *
 * Backend thread. Owns nothing: a request has a pipeline of its own as long as it is
 * waited for. Invariants: the pipeline is closed or abandoned when the function
 * returns or raises; a response is a copy in the caller's memory.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "cql/changes.h"
#include "cql/request.h"
#include "fdw/compat.h"
#include "fdw/session/error.h"
#include "fdw/session/single_request.h"
#include "fdw/session/wait.h"

/* ---- what failures tell ---- */

/* Refused rows and texts are no reason to prepare anew: only that a statement's markers are not what they were is. */
static void
learn_from_failure(ScyllaSession *session, const ClusterFailure *failure)
{
	if (failure->kind == CLUSTER_FAIL_STALE)
		scyllaForgetSchema(session);
	else if (failure->kind == CLUSTER_FAIL_CQL &&
			 (failure->code == CQL_ERR_INVALID || failure->code == CQL_ERR_SYNTAX ||
			  failure->code == CQL_ERR_UNPREPARED))
		scyllaSchemaChanged(session);
}

ClusterFailure *
scyllaTakeFailure(ScyllaSession *session, ScyllaPipeline *pipeline, Request *r)
{
	ClusterFailure *failure = NULL;

	if (r->core.failure)
	{
		failure = palloc(sizeof(*failure));
		*failure = *r->core.failure;
		learn_from_failure(session, failure);
	}
	pipeline_release(pipeline->core, r);
	return failure;
}

/* ---- requests ---- */

static ScyllaResponse
copy_response(const Request *r)
{
	const ClusterFailure *failure = r->core.failure;
	ScyllaResponse response = {NULL, r->core.body_length, r->core.has_metadata_id, r->core.failed,
	failure && failure->kind == CLUSTER_FAIL_CQL ? failure->code : 0, NULL, NULL};

	if (r->core.body != NULL)
	{
		response.body = MemoryContextAllocHuge(CurrentMemoryContext, Max(r->core.body_length, 1));
		memcpy(response.body, r->core.body, r->core.body_length);
	}
	if (r->core.warnings)
		response.warnings = memcpy(palloc(r->core.warnings->size), r->core.warnings, r->core.warnings->size);
	if (failure)
		response.failure = memcpy(palloc(sizeof(*failure)), failure, sizeof(*failure));
	return response;
}

static void
raise_failure(ScyllaSession *session, const ClusterFailure *failure, const ScyllaErrorContext *context)
{
	if (failure)
		learn_from_failure(session, failure);
	scyllaRaiseFailure(failure, context);
}

void
scyllaRaiseByHand(ScyllaSession *session, const ScyllaResponse *response, const char *cql, const char *hint)
{
	ScyllaErrorContext context = {.cql = cql, .by_hand = true, .hint = hint};

	raise_failure(session, response->failure, &context);
	pg_unreachable();
}

static void
raise_request(ScyllaSession *s, const Request *r, const RequestTemplate *request, const char *cql)
{
	/* a QUERY is CQL by hand, or about the cluster's own tables */
	ScyllaErrorContext context = {.cql = cql, .by_hand = request->kind == CLUSTER_QUERY};

	raise_failure(s, r->core.failure, &context);
}

static ScyllaResponse
exchange(ScyllaPipeline *p, const RequestTemplate *request, const CqlBuffer *payload, const char *cql, bool raise)
{
	CqlBuffer  *b = pipeline_begin(p->core);
	Request    *r = NULL;
	ScyllaResponse response;

	if (b != NULL)
	{
		cql_put_raw(b, payload->data, payload->len);
		r = pipeline_commit(p->core, request, NULL, 1);
	}
	if (r == NULL)
		scyllaRaiseOutOfMemory();
	pipeline_submit(p->core);
	while ((r = pipeline_next_done(p->core)) == NULL)
		scyllaWait(p->session, 1);
	if (r->core.failed && raise)
		raise_request(p->session, r, request, cql);
	response = copy_response(r);
	pipeline_release(p->core, r);
	return response;
}

static ScyllaResponse
send_alone(ScyllaSession *session, const RequestTemplate *request, const CqlBuffer *payload, const char *cql,
		   bool raise)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(caller, "scylla_fdw request", ALLOCSET_SMALL_SIZES);
	ScyllaPipeline *p;
	ScyllaResponse response;

	MemoryContextSwitchTo(scratch);
	p = scyllaOpenPipeline(session, request->idempotent ? PIPELINE_READS : PIPELINE_ORDERED, 1, 0);
	PG_TRY();
	{
		MemoryContextSwitchTo(caller);
		response = exchange(p, request, payload, cql, raise);
		scyllaClosePipeline(p);
	}
	PG_FINALLY();
	{
		MemoryContextDelete(scratch);	/* abandons what is still open */
	}
	PG_END_TRY();
	return response;
}

ScyllaResponse
scyllaRequest(ScyllaSession *session, const RequestTemplate *request, const CqlBuffer *payload, const char *cql)
{
	return send_alone(session, request, payload, cql, true);
}

CqlBuffer
scyllaPallocBuffer(Size size)
{
	CqlBuffer	b = {.data = palloc(size), .cap = size};

	return b;
}

CqlReader
scyllaAskClient(ScyllaSession *session, const ScyllaTableOptions *options, ClusterRequestKind kind, const CqlBuffer *payload)
{
	RequestTemplate request = {.kind = (uint8_t) kind, .timeout_ms = (uint32_t) options->request_timeout, .idempotent = true};
	CqlBuffer	nothing = {0};
	ScyllaResponse response = scyllaRequest(session, &request, payload ? payload : &nothing, NULL);

	return cql_reader(response.body, response.length);
}

static void
ask_for_changes(ScyllaSession *s, const ScyllaTableOptions *options)
{
	CqlReader	told = scyllaAskClient(s, options, CLUSTER_CHANGES, NULL);
	size_t		size = cql_reader_left(&told);
	uint8	   *bytes = MemoryContextAlloc(s->context, Max(size, 1));

	memcpy(bytes, told.at, size);
	if (s->changes.at != NULL)
		pfree(unconstify(uint8 *, s->changes.at));
	s->changes = cql_reader(bytes, size);
}

bool
scyllaChangedSince(ScyllaSession *s, const ScyllaTableOptions *options, uint32 version)
{
	if (version == s->schema_version)
		return false;
	if (s->changes.at == NULL || cql_changes_version(s->changes) < s->schema_version)
		ask_for_changes(s, options);
	return cql_changes_touch(s->changes, version, options->keyspace, options->table);
}

static ScyllaResponse
send_query(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql,
		   const CqlBuffer *values, CqlBytes paging_state, bool raise)
{
	RequestTemplate request = {.kind = CLUSTER_QUERY, .flags = CQL_PARAM_PAGE_SIZE};
	Size		size = strlen(cql) + (values ? values->len : 0) + Max(paging_state.len, 0) + 32;
	CqlBuffer	payload = scyllaPallocBuffer(size);

	request.timeout_ms = (uint32_t) options->request_timeout;
	request.consistency = (uint8_t) options->read_consistency;
	request.idempotent = pg_strncasecmp(cql, "SELECT ", 7) == 0;	/* a node that hangs holds up nothing that reads */
	if (values)
		request.flags |= CQL_PARAM_VALUES;
	if (paging_state.len >= 0)
		request.flags |= CQL_PARAM_PAGING_STATE;
	cql_put_long_string(&payload, cql, strlen(cql));
	if (values)
		cql_put_raw(&payload, values->data, values->len);
	cql_request_tail(&payload, request.flags, options->fetch_size, paging_state, 0, 0);
	return send_alone(session, &request, &payload, cql, raise);
}

ScyllaResponse
scyllaQuery(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql,
			const CqlBuffer *values, CqlBytes paging_state)
{
	return send_query(session, options, cql, values, paging_state, true);
}

ScyllaResponse
scyllaTryQuery(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql,
			   const CqlBuffer *values, CqlBytes paging_state)
{
	return send_query(session, options, cql, values, paging_state, false);
}
