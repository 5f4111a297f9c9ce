/*
 * fdw/session/single_request.h
 *	  Single requests, each waited for: statements to prepare, the schema, CQL by hand.
 *
 * Backend thread. Interruptible, as scyllaWait is; what an error or a cancel leaves
 * behind is abandoned.
 */
#ifndef FDW_SESSION_SINGLE_REQUEST_H
#define FDW_SESSION_SINGLE_REQUEST_H

#include "postgres.h"

#include "fdw/session/session.h"

/* The answer of a single request, palloc'd in CurrentMemoryContext. */
typedef struct ScyllaResponse
{
	uint8_t    *body;			/* NULL: Void */
	uint32		length;
	bool		has_metadata_id;
	bool		failed;			/* of scyllaTryQuery alone: the others raise */
	uint32		code;			/* CqlErrorCode, if it failed by the cluster's answer */
	ClusterWarnings *warnings;	/* a copy, palloc'd; NULL: none */
	ClusterFailure *failure;	/* a copy, palloc'd; NULL: it did not fail, or out of memory */
} ScyllaResponse;

/* Send one request and wait for its answer; a failure is raised with the CQL text. */
extern ScyllaResponse scyllaRequest(ScyllaSession *session, const RequestTemplate *request,
									const CqlBuffer *payload, const char *cql);

/* A buffer over palloc'd memory: for contents whose size is known before, as it cannot grow. */
extern CqlBuffer scyllaPallocBuffer(Size size);

/* What the client itself knows, by one of the requests that no node sees. payload: NULL, or its own. Its bytes are palloc'd. */
extern CqlReader scyllaAskClient(ScyllaSession *session, const ScyllaTableOptions *options, ClusterRequestKind kind,
								 const CqlBuffer *payload);

/*
 * The table of the options may have been changed by others since the session's schema_version was that one. Asks the client,
 * unless it has told already.
 */
extern bool scyllaChangedSince(ScyllaSession *session, const ScyllaTableOptions *options, uint32 version);

/* One CQL text, executed unprepared; values may be NULL (none) or hold [short n] n x [value]. */
extern ScyllaResponse scyllaQuery(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql,
								  const CqlBuffer *values, CqlBytes paging_state);

/* The same for what can be done without: a failure is no error. */
extern ScyllaResponse scyllaTryQuery(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql,
									 const CqlBuffer *values, CqlBytes paging_state);

/* Raises what scyllaTryQuery did not, of CQL by hand. hint: NULL, or what helps. */
extern void scyllaRaiseByHand(ScyllaSession *session, const ScyllaResponse *response, const char *cql, const char *hint)
	__attribute__((noreturn));

/* A copy of its failure, palloc'd; what that tells about the schema is learned. The failed request is released. NULL: out of memory. */
extern ClusterFailure *scyllaTakeFailure(ScyllaSession *session, ScyllaPipeline *pipeline, Request *r);

#endif							/* FDW_SESSION_SINGLE_REQUEST_H */
