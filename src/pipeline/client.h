/*
 * pipeline/client.h
 *	  The backend's handle on the core: open, encode, submit, drain, abandon,
 *	  close. With chunk.h, all that fdw sees of it.
 *
 * Backend thread only. Nothing here blocks, but for client_close with its
 * deadline; to wait, poll client_wait_fd between client_sleep and client_awake
 * (PostgreSQL: WaitEventSetWait). Nothing here calls back.
 *
 *	 p = pipeline_open(client, kind, limit)
 *	 per row:	b = pipeline_begin(p); ... encode ...; pipeline_commit(p, ...)
 *				while (pipeline_full(p)) { wait; client_drain }
 *	 at end:	pipeline_submit(p); until pipeline_outstanding(p) == 0 { wait; client_drain }
 *	 each:		r = pipeline_next_done(p); look at it; pipeline_release(p, r)
 *	 then:		pipeline_close(p)		or at any time	pipeline_abandon(p)
 */
#ifndef PIPELINE_CLIENT_H
#define PIPELINE_CLIENT_H

#include "pipeline/chunk.h"

typedef struct Client Client;

/* A snapshot of the submitter's counters. */
typedef struct ClientStats
{
	uint64_t	requests;
	uint64_t	bytes;
	uint64_t	failures;
	uint64_t	retries;
	uint32_t	in_flight;
	uint32_t	window_peak;
	uint64_t	stalls;
} ClientStats;

/*
 * File descriptors of a client beside its connections: three eventfds, and of its
 * loop epoll's, an eventfd, a pipe for signals and a spare one.
 */
#define CLIENT_DESCRIPTORS 8

/*
 * Starts the thread; connecting begins with the first request. NULL: message in
 * error, NUL-terminated. config is copied. NULL in it is absent, and 0 of max_attempts
 * and of what a heartbeat takes is the default.
 */
extern Client *client_open(const ClusterConfig *config, char *error, size_t error_size);

/*
 * Before the first request: from now on a client opens so many sockets, and those that
 * it is given, and no others. It never needs more than it has, but works better with
 * those that it wants: then client_wait_fd becomes readable.
 */
extern void client_limit_sockets(Client *c, uint32_t sockets);
extern uint32_t client_sockets_wanted(const Client *c);
extern void client_forget_wanted(Client *c);
/* denied: there are no more for now. If not, whoever wants more asks again. */
extern void client_give_sockets(Client *c, uint32_t n, bool denied);
extern bool client_take_socket(Client *c);	/* false: all of its sockets are open */

/* Beats max_in_flight of all clients of the process from now on, in mid-load, too; 0: each goes by its own. */
extern void client_limit_all(uint32_t max_in_flight);

/*
 * Stops and joins, at most timeout_ms; abandons every pipeline first. Frees
 * everything, unless the thread did not end in time: then it is leaked on
 * purpose, and false is returned.
 */
extern bool client_close(Client *c, uint32_t timeout_ms);

/*
 * Readable once want completions (or a failed one) are there. client_sleep
 * returns false if they are there already: then do not wait. Call client_awake
 * after every client_sleep, also when the wait was interrupted. want is cut to
 * the number outstanding; everything submitted so far must have been
 * pipeline_submit'ed, or it would be waited for in vain.
 */
extern int	client_wait_fd(const Client *c);
extern bool client_sleep(Client *c, uint32_t want);
extern void client_awake(Client *c);

/*
 * For who waits on more than this client: the descriptor is readable when a
 * completion is there, or at once, if ready or one is there already. Several may
 * call it for the same wait, each with a duplicate of the descriptor. Call
 * client_awake when it was readable, and not between these calls and the wait.
 */
extern void client_arm(Client *c, bool ready);

/* Moves completions to their pipelines' done lists, drops those of abandoned ones. Number moved. */
extern uint32_t client_drain(Client *c);

/* What the requests of a pipeline do, and what that means for who comes behind an abandoned one. */
typedef enum PipelineKind
{
	PIPELINE_READS,				/* nothing */
	PIPELINE_TIMED,				/* write with timestamps of ours: the newest wins, whichever lands last */
	PIPELINE_ORDERED			/* write, and what lands last counts */
} PipelineKind;

/* Requests of abandoned pipelines of that kind, or a stricter one, that are not home yet: what the fence waits for. */
extern uint32_t client_abandoned(const Client *c, PipelineKind kind);
extern uint32_t client_outstanding(const Client *c);	/* of all pipelines, abandoned included */

extern void client_stats(const Client *c, ClientStats *stats);

/*
 * Another number than before: nodes and ring were read again; tables or types may
 * have changed. 0 at first. As new as the completions drained, or newer.
 */
extern uint32_t client_topology_version(const Client *c);
extern uint32_t client_schema_version(const Client *c);
extern bool client_is_scylla(const Client *c);	/* the cluster is ScyllaDB; false before anything was completed */

/* One statement's requests. A pipeline is its own generation. */
typedef struct PipelineLimit
{
	uint32_t	requests;		/* encoded and not yet drained; 0 = 8192 */
	size_t		bytes;			/* of their payloads; 0 = 16 MiB */
} PipelineLimit;

extern Pipeline *pipeline_open(Client *c, PipelineKind kind, const PipelineLimit *limit);	/* NULL: out of memory */

/* The buffer of the next request; NULL: out of memory. Uncommitted bytes of an earlier begin are dropped. */
extern CqlBuffer *pipeline_begin(Pipeline *p);
/*
 * Size of the request so far is pipeline_begin's buffer len minus its len at
 * begin. NULL: out of memory. The request may be submitted already when this
 * returns: it is a name to compare with, not to be looked into.
 */
extern Request *pipeline_commit(Pipeline *p, const RequestTemplate *t, const int64_t *token,
								uint64_t ordinal);
/*
 * commit submits a full chunk by itself, and a started one whenever the
 * submitter has nothing of this pipeline left or the pipeline is full with it
 */
extern void pipeline_submit(Pipeline *p);	/* what was begun, now */
/* The submitter has nothing of this pipeline to do: what is committed now leaves at once. */
extern bool pipeline_idle(const Pipeline *p);
extern bool pipeline_full(const Pipeline *p);
extern uint32_t pipeline_outstanding(const Pipeline *p);	/* committed, not yet on the done list */
extern size_t pipeline_outstanding_bytes(const Pipeline *p);
extern Request *pipeline_next_done(Pipeline *p);	/* NULL: none; the request is yours until release */
extern void pipeline_release(Pipeline *p, Request *r);	/* frees body, warnings and failure */
/* Everything must be released (what is not is abandoned). Its chunks return to the client. */
extern void pipeline_close(Pipeline *p);
/*
 * Send nothing more. Returns the rows of what was sent: with all that is home then,
 * and what comes home later, it is known how many have no fate yet. Only to be
 * drained and abandoned from here on.
 */
extern uint64_t pipeline_shut(Pipeline *p);
/*
 * Stop caring: unsent requests come back unsent, late answers are dropped, p and
 * every request of it, also one not released yet, are gone for the caller. Never
 * waits.
 */
extern void pipeline_abandon(Pipeline *p);

#endif							/* PIPELINE_CLIENT_H */
