/*
 * fdw/session/session.h
 *	  The backend's cached client of one user mapping.
 *
 * Backend thread. A session lives until its server or mapping changes, until
 * scylla_fdw_disconnect, or until the end of the transaction where
 * keep_connections is off. Statements hold it by pointer: it is never closed while
 * a pipeline of it is open or the current transaction has used it.
 */
#ifndef FDW_SESSION_SESSION_H
#define FDW_SESSION_SESSION_H

#include "postgres.h"

#include "lib/ilist.h"
#include "utils/hsearch.h"

#include "fdw/option/option.h"
#include "pipeline/client.h"

/* Who must give a password never gets a client that was opened for someone who need not. */
typedef struct ScyllaSessionKey
{
	Oid			umid;			/* user mapping */
	uint32		require_auth;	/* the nodes must ask for the password; no bool: a key has no padding */
} ScyllaSessionKey;

typedef struct ScyllaSession
{
	ScyllaSessionKey key;
	Oid			serverid;
	Oid			owner;			/* of the mapping; InvalidOid: PUBLIC */
	Client	   *client;			/* NULL: not open */
	int			descriptors;	/* of it, that the server's accounting knows of */
	MemoryContext context;		/* statements, tables; dies with the client, or is emptied between uses */
	HTAB	   *statements;		/* prepared, by text */
	HTAB	   *tables;			/* described, by name */
	uint32		schema;			/* one more with each sign of our own that tables are not as described */
	uint32		tables_schema;	/* when tables was last rid of those that are not so any more */
	uint32		tables_version; /* the same, of what others have changed */
	uint32		schema_version; /* the client's, when this session last looked */
	CqlReader	changes;		/* of the schema, as far as they were asked for; at NULL: they were not */
	struct ScyllaRing *ring;	/* catalog/ring's; NULL: not asked for */
	bool		forgotten;		/* context holds statements that are in no hash any more */
	uint32		next_statement; /* number of the next one prepared */
	dlist_head	pipelines;		/* ScyllaPipeline, open */
	bool		keep;			/* keep_connections */
	int			max_in_flight;	/* 0: the client finds out */
	uint32		server_hash;	/* of server and mapping in the system caches: invalidations name them so */
	uint32		mapping_hash;
	bool		invalidated;	/* server or mapping changed */
	bool		used;			/* by the current transaction */
	bool		by_hand;		/* CQL by hand that may write was sent in it */
	uint64		acknowledged;	/* rows, since the session began */
	struct ScyllaWritten *written;	/* transaction.c's; NULL: nothing yet */
	dlist_head	writers;		/* ScyllaWriter (transaction.h): what reads must wait for */
	struct ScyllaSession *next; /* scyllaSessions' */
	struct WaitEventSet *events;	/* that end a wait */
} ScyllaSession;

/*
 * A pipeline that cannot leak: it lives in a memory context and is abandoned when
 * that context goes before scyllaClosePipeline was called.
 */
typedef struct ScyllaPipeline
{
	Pipeline   *core;			/* NULL once closed */
	ScyllaSession *session;
	dlist_node	node;			/* of the session's, while it is open */
	MemoryContextCallback callback;
} ScyllaPipeline;

extern ScyllaSession *scyllaGetSession(Oid userid, Oid serverid);

/* The same one, where it is open already: nothing is opened, closed or connected. NULL: it is not. */
extern ScyllaSession *scyllaFindSession(Oid userid, Oid serverid);

/* Tables may not be as described: they are described, and what was planned by that is planned, anew next time. */
extern void scyllaSchemaChanged(ScyllaSession *session);

/* The same, and statements are no more what they were: they are prepared anew. */
extern void scyllaForgetSchema(ScyllaSession *session);

extern ScyllaPipeline *scyllaOpenPipeline(ScyllaSession *session, PipelineKind kind, uint32 requests, size_t bytes);
extern void scyllaClosePipeline(ScyllaPipeline *pipeline);	/* everything was released */
extern void scyllaAbandonPipeline(ScyllaPipeline *pipeline);	/* whatever is still on its way */

/* All that ever were, open or not, by their next. */
extern ScyllaSession *scyllaSessions(void);

/* All of a session, when its transaction is aborted: their memory may go only later, but nobody uses them. */
extern void scyllaAbandonPipelines(ScyllaSession *session);

/* No transaction uses it any more: it may be closed. */
extern void scyllaReleaseSession(ScyllaSession *session);

/* By the current transaction, or a pipeline of it is open: it must not be closed. */
extern bool scyllaSessionInUse(const ScyllaSession *session);
extern void scyllaCloseSession(ScyllaSession *session);

#endif							/* FDW_SESSION_SESSION_H */
