/*
 * cluster/request.h
 *	  The vocabulary of the cluster layer: a request, how it ends, whom to tell,
 *	  and what a cluster is opened with.
 *
 * Types only. Whoever holds a request may read this header; the door, cluster.h,
 * belongs to the submitter.
 *
 * Submitter thread, but for the caller's part of a request and its fate: these are
 * the backend's before the request is submitted and after its completion.
 */
#ifndef CLUSTER_REQUEST_H
#define CLUSTER_REQUEST_H

#include "cql/request.h"
#include "net/connection.h"

typedef struct ClusterRequest ClusterRequest;

typedef enum ClusterRequestKind
{
	CLUSTER_QUERY,				/* payload: [long string] text, then the parameter tail */

	/*
	 * payload: text; defines request.statement for EXECUTEs to come. Asked once more,
	 * with other markers found, it does not define it anew: they fail as stale.
	 */
	CLUSTER_PREPARE,

	CLUSTER_EXECUTE,			/* payload: the parameter tail */

	/*
	 * Rows of one partition that travel together: an UNLOGGED BATCH of one statement.
	 * payload: [short n], n x [bytes], each of which holds a row's [short m] m x
	 * [value]; then what flags announce (no values).
	 */
	CLUSTER_BATCH,

	/*
	 * Answered here, by what cql/ring.h decodes, once the topology was read. No payload, or keyspace and table, each with a
	 * NUL behind it: where the table has tablets, the ring is that of their borders, as far as they are known, once
	 * they were read or could not be. Both are to be there before the timeout.
	 */
	CLUSTER_RING,
	CLUSTER_NODES,				/* no payload; the same, once each local node was connected to or could not be */
	CLUSTER_WARM,				/* such a payload; the table's tablets begin to be read. No answer */

	/* no payload; answered by the submitter at once, whatever the state, by what cql/trace.h decodes */
	CLUSTER_TRACE,
	CLUSTER_CHANGES				/* the same, by what cql/changes.h decodes */
} ClusterRequestKind;

typedef enum ClusterFailureKind
{
	CLUSTER_FAIL_CQL,			/* the server's ERROR: code and the fields below */
	CLUSTER_FAIL_CONNECT,		/* no node could be reached */
	CLUSTER_FAIL_CREDENTIALS,	/* while connecting */
	CLUSTER_FAIL_LOST,			/* connection lost; the write may or may not have been applied */
	CLUSTER_FAIL_TIMEOUT,		/* the request's own deadline */
	CLUSTER_FAIL_PROTOCOL,		/* an answer that makes no sense */
	CLUSTER_FAIL_STALE,			/* the statement's bind markers changed since it was prepared */
	CLUSTER_FAIL_ABANDONED,		/* given back unsent */
	CLUSTER_FAIL_MEMORY
} ClusterFailureKind;

typedef struct ClusterFailure
{
	ClusterFailureKind kind;
	uint32_t	code;			/* CqlErrorCode when kind is CLUSTER_FAIL_CQL */
	uint16_t	consistency;	/* CqlError's, for unavailable, timeouts, failures */
	int32_t		received;
	int32_t		required;
	bool		counted;		/* consistency, received, required are set */
	uint32_t	attempts;		/* times it was sent */
	uint32_t	elapsed_ms;		/* since cluster_submit */
	char		node[80];		/* address, and shard where it has several; "" when no node was involved */
	char		message[1024];	/* server's text, cut; UTF-8 valid, NUL-terminated */
} ClusterFailure;

/* What the node that answered warns of. One block of malloc, of so many bytes; texts are bounded in number and length. */
typedef struct ClusterWarnings
{
	uint32_t	size;
	uint16_t	count;
	char		node[64];
	char		text[];			/* one behind another, each valid UTF-8 and NUL-terminated */
} ClusterWarnings;

/*
 * One request and its fate. The caller owns the memory and fills the first part;
 * from cluster_submit until on_complete it must not move or change. Zero the
 * rest.
 */
struct ClusterRequest
{
	NetCall		call;			/* first; the connection's */
	ClusterRequest *next;		/* of the lane that it is on: queue, retry, done */

	/* the caller's */
	const uint8_t *payload;
	uint32_t	length;
	uint32_t	statement;		/* PREPARE, EXECUTE, BATCH: number chosen by the backend, never reused */
	int64_t		token;			/* valid if routed */
	uint32_t	timeout_ms;		/* > 0; from when it is first sent to its fate, or without any answer of the cluster */
	uint8_t		kind;			/* ClusterRequestKind */
	uint8_t		consistency;	/* CqlConsistency */
	uint8_t		flags;			/* CQL_PARAM_*: what the tail holds */
	bool		routed;
	bool		idempotent;
	bool		divisible;		/* it asks for much: where that may be why a node was lost, or failed, it comes home to
								 * be divided */
	uint8_t    *room;			/* malloc'd, or NULL: becomes the body where that fits in. The caller frees it. */
	size_t		room_size;

	/* the cluster's */
	uint8_t		attempts;		/* times it was sent; no more than UINT8_MAX are counted */
	uint8_t		paced;			/* of these, answered by what only time mends: not bounded but by the deadline */
	uint8_t		spent;			/* the once-only verdicts already spent, CLUSTER_SPENT_* of route.h */
	uint32_t	spread;			/* where its plan starts */
	uint32_t	generation;		/* EXECUTE, BATCH: which preparation it was sent with */
	uint64_t	tried;			/* nodes of its plan already tried, a bit each */
	uint64_t	started;		/* uv_hrtime when it was first sent, ns; 0: it was not */
	uint64_t	deadline;		/* uv_now ms, from then on */
	uint64_t	due;			/* uv_now ms: of the next try; of cluster_submit, as long as it was not sent */
	bool		there;			/* it counts as in flight at its place */
	bool		out;			/* a strained write that is on its way again, see strained.h */
	bool		held;			/* the cluster has it: from cluster_submit to on_complete; kept by CORE_NOTE */
	bool		listed;			/* on a lane; kept by CORE_NOTE */
	struct ClusterPlace *place; /* last one it was sent to */
	struct ClusterSecond *second;	/* in flight beside it, or when the first attempt is over; NULL: none */
	struct ClusterDispatch *dispatch;

	/* its fate, valid from on_complete */
	uint64_t	latency;		/* ns from when it was first sent */
	uint8_t    *body;			/* malloc'd copy of the RESULT message behind the header prefix; NULL for Void. The
								 * caller frees it. */
	uint32_t	body_length;
	size_t		body_room;		/* what the body may be used for later; 0: not known */
	uint8_t		version;		/* protocol version of the answering connection */
	bool		has_metadata_id;	/* needed to decode PREPARED */
	bool		strained;		/* it failed on a replica, though another try may have worked */
	bool		misrouted;		/* some attempt went to a shard, or a node with tablets, that does not have its row */
	bool		failed;
	uint32_t	shard;			/* of the node that it was sent to last; 0: it has none */
	uint64_t	node;			/* that node's key, CqlRingNode's; 0: it was not sent */
	ClusterWarnings *warnings;	/* malloc'd; of its last answer, be it an error. NULL: none, or out of memory */
	ClusterFailure *failure;	/* malloc'd; NULL although failed: out of memory. Before: why it waits for another
								 * attempt */
};

typedef struct ClusterOps
{
	/* exactly once per submitted request; from the loop or cluster_flush, never from inside cluster_submit */
	void		(*on_complete) (void *owner, ClusterRequest *request);
	/* the request is about to be sent, for the first time or again. false: it is not, and is given back */
	bool		(*may_send) (void *owner, ClusterRequest *request);
	/* the request waits. false: nobody wants it any more, and it is given back */
	bool		(*is_wanted) (void *owner, const ClusterRequest *request);
	/* no node can be reached: all requests fail with this. The next cluster_submit connects anew */
	void		(*on_down) (void *owner, const ClusterFailure *why);
} ClusterOps;

typedef struct ClusterContact
{
	const char *host;
	uint16_t	port;
} ClusterContact;

#define CLUSTER_CONNECTIONS_MIN 2	/* one hears of changes, the other carries requests */

/* What most requests go by. They bring it along: here it is for nodes to be told, see cluster/driver_config.h. */
typedef struct ClusterDefaults
{
	uint16_t	consistency;	/* CqlConsistency */
	uint16_t	serial_consistency;
	uint32_t	page_size;		/* rows */
	uint32_t	request_timeout;	/* ms */
	uint32_t	schema_timeout; /* ms until all nodes are to know of a changed schema */
} ClusterDefaults;

/*
 * How a cluster is spoken to: from the options of a session down to each connection.
 * client_open copies it, strings and all, and says what its defaults are; the copy is
 * read-only and alive until cluster_close is done.
 */
typedef struct ClusterConfig
{
	NetConfig	net;			/* loop and connections are set by the submitter */
	const ClusterContact *contact;
	int			ncontacts;
	const char *local_dc;		/* NULL: that of the first node reached */
	const char *local_rack;		/* of it; NULL: all racks are as good */
	uint32_t	refresh_interval;	/* ms between two reads of the topology while it is used, without events; 0: none
									 * is read */
	uint32_t	max_attempts;	/* global cap per request, e.g. 5 */
	uint32_t	max_in_flight;	/* the submitter's: requests that the cluster has at a time; 0: each place finds out */
	uint32_t	max_connections;	/* of the cluster, the control connection counts; 0: no limit */
	uint32_t	idle_timeout;	/* ms without a request until a connection is closed; 0: never */
	ClusterDefaults defaults;
	struct ClusterTrace *trace; /* told of what happens; NULL: nobody wants to know */
} ClusterConfig;

#endif							/* CLUSTER_REQUEST_H */
