/*
 * test/node/internal.h
 *	  What the files of the node share. Everything here belongs to its thread.
 *
 *	 node.c       thread, loop, listeners, calls from other threads
 *	 conn.c       one connection: bytes in, frames, bytes out, late answers, closing
 *	 tls.c        TLS of one connection; tls_context.c what new ones get
 *	 ring.c       nodes that are each other's peers
 *	 place.c      which node and shard a request should have come to; tablet.c where tablets are
 *	 scylla.c     what ScyllaDB does that Cassandra does not; index.c its indexes, vector.c those of vectors, strong.c its strong consistency
 *	 rule.c       faults
 *	 queue.c      `capacity`: when a request would be served
 *	 respond.c    what each opcode is answered
 *	 message.c    metadata, types and errors as bytes
 *	 lexer.c      words of scripts and of CQL
 *	 statement.c  CQL text to a statement; clause.c its clauses
 *	 run.c        writes; select.c reads; ddl.c schema statements
 *	 table.c      keyspaces, types, tables; row.c their rows
 *	 literal.c    literals to values, values checked against types
 *	 system.c     system and system_schema tables
 *	 script.c     the script language
 *	 record.c     counters and the last requests
 *
 * Lack of memory aborts: a test without memory has nothing to prove.
 */
#ifndef NODE_INTERNAL_H
#define NODE_INTERNAL_H

#include <pthread.h>
#include <uv.h>

#include "cql/splitter.h"
#include "cql/request.h"
#include "cql/response.h"
#include "cql/type.h"
#include "node.h"

#define NODE_NEVER UINT64_MAX	/* a due time: until `release` */
#define NODE_MAX_BODY (16 * 1024 * 1024)	/* Cassandra's default */
#define NODE_NO_LIMIT UINT64_MAX
#define NODE_INBOX (64 * 1024)
#define NODE_UNSET (-2)			/* CqlBytes.len of an unset value */
#define NODE_NO_TIMESTAMP INT64_MIN
#define NODE_OLDEST_PROTOCOL 3
#define NODE_MAX_REPLICAS 64
#define NODE_MAX_WORKERS 1024
#define NODE_EVENT_TYPES 3		/* TOPOLOGY_CHANGE, STATUS_CHANGE, SCHEMA_CHANGE */

/* Why a script line or a statement was refused; code is an ERROR's. */
typedef struct NodeFailure
{
	int			code;
	char		message[256];
} NodeFailure;

/* ---- words ---- */

typedef enum NodeTokenKind
{
	TOKEN_END,
	TOKEN_NAME,					/* value: folded to lower case unless quoted */
	TOKEN_NUMBER,
	TOKEN_STRING,				/* value: without quotes */
	TOKEN_HEX,					/* 0x... */
	TOKEN_UUID,
	TOKEN_MARKER,				/* ? or :name (value: name or "") */
	TOKEN_SYMBOL,				/* one of ( ) , ; . = < > [ ] { } + - * : ! or <= >= != */
	TOKEN_BAD
} NodeTokenKind;

typedef struct NodeToken
{
	NodeTokenKind kind;
	const char *text;			/* as written */
	size_t		len;
	const char *value;			/* arena, NUL-terminated */
	bool		quoted;
} NodeToken;

/* The current token is `token`; next moves on. Borrows the text. */
typedef struct NodeLexer
{
	const char *at;
	const char *end;
	NodeToken	token;
	CqlArena   *arena;
	bool		words;			/* script: a word may hold . : / - */
} NodeLexer;

extern void node_lexer_start(NodeLexer *x, const char *text, size_t len, CqlArena *arena, bool words);
extern void node_lexer_next(NodeLexer *x);
extern bool node_lexer_is(const NodeLexer *x, const char *word);	/* keyword or symbol */
extern bool node_lexer_accept(NodeLexer *x, const char *word);	/* is, then next */
/* Source of one literal or type: a word, name<...> or a bracket and all in it; moves behind it. */
extern CqlString node_lexer_span(NodeLexer *x);

/* ---- tables ---- */

typedef enum NodeColumnKind
{
	COLUMN_PARTITION, COLUMN_CLUSTERING, COLUMN_STATIC, COLUMN_REGULAR
} NodeColumnKind;

typedef struct NodeColumn
{
	const char *name;
	CqlType    *type;
	NodeColumnKind kind;
	int			position;		/* in its part of the key; -1 otherwise */
	int			declared;		/* place in the definition */
	bool		descending;
} NodeColumn;

/* A cell keeps the newest write by timestamp, as a real node does. */
typedef struct NodeCell
{
	CqlBytes	value;			/* malloc'd */
	int64_t		timestamp;
	int32_t		ttl;			/* 0: none */
} NodeCell;

typedef struct NodeRow NodeRow;
struct NodeRow
{
	int64_t		token;
	uint64_t	hash;			/* of the primary key */
	NodeRow    *next;			/* in its bucket */
	bool		dead;			/* out of its bucket, freed by the next sort */
	NodeCell	cell[];			/* one per column */
};

/* ScyllaDB's; columns are numbers of the table's. */
typedef struct NodeVectorIndex NodeVectorIndex;
struct NodeVectorIndex
{
	const char *name;
	int			column;
	int		   *partition;		/* of a local one */
	int			npartition;
	int		   *filtering;		/* beside those and the primary key */
	int			nfiltering;
	char		similarity;		/* its first letter */
	NodeVectorIndex *next;
};

typedef struct NodeIndex NodeIndex;
struct NodeIndex
{
	const char *name;
	int			column;
	bool		local;			/* it answers for one partition */
	bool		stale;			/* it finds rows that had the value once: all of them */
	NodeIndex  *next;
};

typedef struct NodeTable NodeTable;
struct NodeTable
{
	const char *keyspace;
	const char *name;
	NodeColumn *column;			/* the primary key first, in order, then the others by name */
	int			ncolumns;
	int			npartition;
	int			nkey;			/* columns of the primary key */
	bool		counter;
	bool		system;			/* filled anew for every SELECT */
	bool		view;			/* a materialized view */
	NodeIndex  *indexes;
	NodeVectorIndex *vectors;
	struct NodeKeyspace *home;
	int			ntablets;		/* 0: vnodes */
	struct NodeTablet *tablet;	/* those that were put somewhere */
	NodeTable  *base;			/* NULL, or the table whose tablets are this one's too */
	size_t		repeat;			/* its one row stands for so many, with keys from 0; 0: as usual */
	NodeRow   **row;			/* by token and clustering once sorted */
	size_t		nrows;			/* dead ones included */
	size_t		cap;
	bool		sorted;
	NodeRow   **bucket;
	size_t		nbuckets;		/* power of two or 0 */
	NodeTable  *next;
};

/* So many replicas in a data center; dc NULL: on whatever nodes the ring has next. */
typedef struct NodeFactor
{
	const char *dc;
	int			replicas;
} NodeFactor;

typedef struct NodeReplica
{
	const char *host_id;
	int32_t		shard;
} NodeReplica;

/* A tablet that a script has put somewhere; the others stand where they are dealt to. */
typedef struct NodeTablet
{
	int			number;
	int			nreplicas;
	NodeReplica *replica;
	NodeReplica pending;		/* host_id NULL: it does not migrate */
	struct NodeTablet *next;
} NodeTablet;

typedef struct NodeKeyspace
{
	const char *name;
	const char *replication;	/* CQL map literal */
	NodeFactor *factor;			/* what it says */
	int			nfactors;
	int			tablets;		/* of each table to come; 0: vnodes */
	const char *consistency;	/* ScyllaDB's; NULL: none is set */
	struct NodeKeyspace *next;
} NodeKeyspace;

typedef struct NodeUserType
{
	CqlType    *type;			/* has keyspace and name */
	struct NodeUserType *next;
} NodeUserType;

/* ---- statements ---- */

typedef enum NodeStatementKind
{
	STATEMENT_SELECT, STATEMENT_INSERT, STATEMENT_UPDATE, STATEMENT_DELETE, STATEMENT_TRUNCATE
} NodeStatementKind;

/* A value in a statement: a marker, a literal in wire form, or nothing. */
typedef struct NodeOperand
{
	bool		given;
	int			marker;			/* -1: literal */
	CqlBytes	value;
} NodeOperand;

typedef struct NodeTerm
{
	int			column;			/* -1: token of the partition key */
	char		op;				/* = < > l(<=) g(>=) i(IN list) I(IN marker) */
	NodeOperand *operand;
	int			noperands;
} NodeTerm;

typedef struct NodeAssign
{
	int			column;
	bool		add;			/* c = c + x, of counters */
	bool		subtract;
	NodeOperand operand;
} NodeAssign;

typedef enum NodeSelectorKind
{
	SELECT_COLUMN, SELECT_COUNT, SELECT_WRITETIME, SELECT_TTL, SELECT_TOKEN
} NodeSelectorKind;

typedef struct NodeSelector
{
	NodeSelectorKind kind;
	int			column;
	const char *name;
	CqlType    *type;
} NodeSelector;

typedef struct NodeMarker
{
	const char *name;
	CqlType    *type;
	int			column;			/* the column that needs a value; -1: null and unset will do */
} NodeMarker;

typedef enum NodeCondition
{
	CONDITION_NONE, CONDITION_NOT_EXISTS, CONDITION_EXISTS
} NodeCondition;

#define NODE_MAX_TERMS 1024		/* columns, markers, terms of one statement */

typedef struct NodeStatement NodeStatement;
struct NodeStatement
{
	uint8_t		id[16];
	uint8_t		metadata_id[16];
	CqlArena	arena;			/* everything below */
	const char *text;
	size_t		text_len;
	NodeStatementKind kind;
	NodeTable  *table;
	NodeSelector *selector;		/* SELECT */
	int			nselectors;
	NodeTerm   *where;
	int			nwhere;
	NodeAssign *assign;			/* INSERT, UPDATE; DELETE: columns set to null */
	int			nassigns;
	NodeMarker *marker;
	int			nmarkers;
	NodeCondition condition;
	NodeOperand limit;
	NodeOperand timestamp;
	NodeOperand ttl;
	bool		reversed;		/* ORDER BY against the table's order */
	bool		ordered;		/* ORDER BY columns */
	bool		filtering;		/* ALLOW FILTERING */
	const NodeIndex *index;		/* of ScyllaDB, which answers; NULL: none */
	NodeOperand nearest;		/* ORDER BY ... ANN OF */
	int			nearest_column;
	NodeOperand *key;			/* per partition key column: its = value; NULL if one has none */
	uint16_t   *pk_index;		/* markers of key, if all are markers; else NULL */
	NodeStatement *next;
};

/* ---- faults ---- */

typedef enum NodeAction
{
	ACTION_SILENT, ACTION_CLOSE, ACTION_RESET, ACTION_CUT, ACTION_GARBAGE, ACTION_DELAY, ACTION_HOLD,
	ACTION_ERROR, ACTION_UNPREPARED, ACTION_OTHER_ID, ACTION_WARN, ACTION_WRONG_STREAM, ACTION_BAD_CRC,
	ACTION_VERSION, ACTION_BIG_FRAME, ACTION_DUPLICATE, ACTION_EMPTY_PAGE,
	ACTION_NO_METADATA, ACTION_STALL, ACTION_DRIBBLE, ACTION_TLS_FLIP, ACTION_TLS_CUT, ACTION_TLS_CLOSE,
	ACTION_KEY_UPDATE, ACTION_RENEGOTIATE, ACTION_PLAIN, ACTION_ALERT, ACTION_PAYLOAD
} NodeAction;

/* The counts of an ERROR that has some; -1: the code's usual ones. */
typedef struct NodeErrorDetail
{
	int			code;
	char	   *message;
	int32_t		received;
	int32_t		required;
	bool		data;
	char	   *write_type;		/* NULL: SIMPLE */
} NodeErrorDetail;

/* NodeRule.opcode of what is no request */
#define NODE_ON_CONNECT 256
#define NODE_ON_CLIENT_HELLO 257	/* TLS: the answer to it */
#define NODE_ON_CLIENT_FINISHED 258 /* what ends the handshake, and tickets */

typedef struct NodeRule
{
	int			opcode;			/* -1: any */
	char	   *text;			/* NULL: any */
	CqlBuffer	value;			/* bytes that must occur in the values; empty: any */
	int			shard;			/* of the connection; -1: any */
	uint64_t	over;			/* so many in flight with this one; 0: not given, as all below */
	uint64_t	nth, every, after, times;
	uint64_t	seen, fired;
	NodeAction	action;
	uint64_t	number;			/* of cut, delay, stall, alert, tls-flip; key-update: 1, an answer is wanted */
	NodeErrorDetail error;
	CqlBuffer	warning;		/* [string]s */
	uint16_t	nwarnings;
	CqlBuffer	payload;		/* bytes of tablets-routing-v1 */
	struct NodeRule *next;
} NodeRule;

/* ---- connections ---- */

typedef enum NodeState
{
	STATE_NEW, STATE_AUTHENTICATING, STATE_READY
} NodeState;

typedef enum NodeClose
{
	CLOSE_NO, CLOSE_NORMAL, CLOSE_RESET,
	CLOSE_LINGER				/* our side, and deaf until the client closes: it reads our last bytes */
} NodeClose;

/* Answers that leave later, in wire form. */
typedef struct NodeParcel NodeParcel;
struct NodeParcel
{
	uint64_t	due;			/* NODE_NEVER: held */
	CqlBuffer	bytes;
	CqlBuffer	streams;		/* native int16_t each; empty in null mode */
	uint64_t	count;			/* answers in it */
	NodeParcel *next;
};

typedef struct NodeTls NodeTls; /* tls.c */

typedef struct NodeConn NodeConn;
struct NodeConn
{
	uv_tcp_t	tcp;
	uv_write_t	write;
	Node	   *node;
	NodeConn   *next;
	uint64_t	number;
	uint16_t	source_port;
	int32_t		shard;			/* -1 without scylla */
	NodeState	state;
	uint8_t		version;		/* of the STARTUP; 0 before */
	bool		segments;		/* both directions are in v5 segments */
	bool		lz4;
	bool		metadata_id;	/* EXECUTE and PREPARED carry it */
	bool		lwt_mark;		/* PREPARED says what is conditional */
	bool		tablets;		/* answers tell where a tablet is */
	bool		rate_error;		/* knows the error of rate limits */
	uint32_t	registered;		/* bit per event type */
	bool		reading;
	bool		deaf;			/* swallows what comes */
	bool		closing;		/* uv_close called */
	NodeClose	close_when_written;
	CqlSplitter in;
	CqlBuffer	answer;			/* the one being made, a bare frame */
	CqlBuffer	frames;			/* answers of this read, bare frames */
	CqlBuffer	owed;			/* streams of what frames holds */
	uint64_t	nframes;
	CqlBuffer	wire;			/* to be written; with TLS: to be sealed */
	CqlBuffer	sealed;			/* TLS: records to be written */
	CqlBuffer	writing;		/* uv_write has it; len 0: none */
	size_t		written;		/* of writing: on its way */
	uint64_t	leave;			/* so many bytes may leave until `release`; NODE_NO_LIMIT */
	bool		dribble;		/* one byte a write */
	bool		queues;			/* `capacity`: the request at hand waits for a worker */
	uint64_t	first_due;		/* `capacity`: when the first of frames is served */
	uint64_t	due;			/* and the last one */
	NodeTls    *tls;			/* NULL: plain */
	bool		stray;			/* plain on a listener that knows TLS: optional */
	NodeParcel *late;			/* `latency` and `capacity`: by due time */
	NodeParcel *late_last;
	NodeParcel *parked;			/* `delay` and `hold`: any order */
	uint64_t	in_flight;
	uint64_t	busy[CQL_STREAM_MAX / 64];	/* streams whose answer is owed */
	uint64_t	used[CQL_STREAM_MAX / 64];
	NodeStatement *last;		/* statement of the last EXECUTE or row of a BATCH */
};

/* One request while it is answered. */
typedef struct NodeCall
{
	Node	   *node;
	NodeConn   *conn;
	const CqlFrame *frame;
	CqlString	text;			/* QUERY, PREPARE; EXECUTE, BATCH: the statement's */
	NodeStatement *statement;	/* EXECUTE; BATCH: of the row at hand */
	CqlBytes	id;
	CqlBytes	metadata_id;	/* len -1: not sent */
	uint16_t	consistency;
	uint16_t	serial;
	uint32_t	flags;
	int			nvalues;
	CqlBytes   *value;			/* node->value */
	const uint8_t *values_at;	/* n x [value]; BATCH: its rows */
	size_t		values_len;
	int			rows;			/* BATCH */
	CqlReader	batch;			/* at its first row */
	int32_t		page_size;
	CqlBytes	paging_state;	/* len -1: not sent */
	int64_t		timestamp;
	bool		malformed;
	bool		empty_page;		/* a fault */
	bool		no_metadata;	/* a fault */
	bool		other_id;		/* a fault: of PREPARE, or in what EXECUTE and BATCH are told to miss */
	bool		start_segments; /* when the answer is out */
	NodeTable  *teach;			/* the answer tells where this table's tablet is; NULL: nothing */
	int			tablet;
} NodeCall;

/* ---- the node ---- */

typedef struct NodePeer
{
	const char *address;
	int			port;
	const char *dc;
	const char *rack;
	char		host_id[37];
	int64_t    *token;
	int			ntokens;
	struct NodePeer *next;
} NodePeer;

/* A token of the ring and whose it is. */
typedef struct NodePlace
{
	int64_t		token;
	const NodePeer *owner;
} NodePlace;

typedef struct NodeListener
{
	uv_tcp_t	tcp;
	Node	   *node;
	bool		shard_aware;
	bool		own_tls;		/* of `tls_port`: the ports without it are plain */
} NodeListener;

#define NODE_LISTENERS 4		/* 1: shard-aware, 2: own_tls, 3: both */

/* `capacity` */
typedef struct NodeQueue
{
	int			workers;		/* 0: off */
	double		cost;			/* ns that a worker needs for a request */
	double		batching;		/* so many times that, if no queue is there */
	int			worker;			/* next in turn */
	double		idle_at[NODE_MAX_WORKERS];
	uint64_t   *due;			/* a ring: when each that is queued will be served */
	size_t		first;
	size_t		cap;			/* power of two or 0 */
} NodeQueue;

typedef struct NodeMail NodeMail;	/* a call from another thread; node.c */

struct Node
{
	pthread_t	thread;
	uv_loop_t	loop;
	uv_async_t	async;
	uv_check_t	check;
	uv_poll_t	clock;			/* a timerfd: libuv's timers count whole milliseconds */
	int			clock_fd;
	uint64_t	clock_due;		/* NODE_NEVER: not armed */
	pthread_mutex_t lock;		/* protects mail, stop and error */
	pthread_cond_t answered;
	NodeMail   *mail;
	NodeMail   *waiting;		/* awaits not fulfilled yet; node's thread */
	bool		stop;
	char		error[256];		/* of the last order */

	NodeListener *listener[NODE_LISTENERS];

	/* settings; addresses, names: schema arena */
	const char *address;
	int			port;
	int			shard_port;		/* -1: none */
	int			tls_port;		/* -1: TLS has no ports of its own */
	int			tls_shard_port;
	int			protocol;		/* the highest version spoken */
	int			oldest;			/* the lowest one */
	bool		lz4;			/* offered */
	const char *user;			/* NULL: no authentication */
	const char *password;		/* NULL: none will do */
	bool		certificates;	/* a client certificate with the user's name as its CN will do */
	int			nr_shards;		/* 0: Cassandra */
	int			ignore_msb;
	bool		shards_hidden;	/* SUPPORTED tells none of them */
	int			landing;		/* shard of every connection, or NODE_LANDING_* */
	int			dealt_shards;	/* of each node, when its tablets were dealt */
	NodePeer	self;
	NodePeer   *peers;
	bool		placed;			/* ring and host are of now */
	NodePlace  *ring;			/* tokens of all nodes, in order */
	size_t		nring;
	const NodePeer **host;		/* all nodes, by host id */
	int			nhosts;
	bool		null;
	bool		store;
	bool		checksum;
	uint64_t	latency;		/* ns */
	NodeQueue	queue;
	uint64_t	arrived;		/* when the requests of this read did */

	/* TLS of connections to come */
	struct ssl_ctx_st *tls;		/* NULL: none */
	bool		tls_optional;	/* the first byte decides */
	CqlBuffer	ticket_keys;
	uint32_t	forgotten;		/* how often `tls forget` was said */
	CqlBuffer	offered;		/* hashes of the tickets and session ids that clients came with, uint64_t each */
	uint8_t    *inbox;			/* scratch: NODE_INBOX bytes as they came */

	/* contents */
	CqlArena	schema;			/* keyspaces, types, tables and settings; grows until the end */
	NodeKeyspace *keyspaces;
	NodeUserType *types;
	NodeTable  *tables;			/* system tables too */
	NodeStatement *statements;
	uint64_t	other_ids;
	NodeRule   *rules;
	NodeFailure failure;

	/* connections */
	NodeConn   *conns;
	CqlBytes   *value;			/* scratch: values of the request at hand */
	CqlArena	scratch;		/* freed after each request and script line */

	/* records */
	NodeReport	report;
	NodeRequest *record;		/* NODE_RECORDS */
	uint64_t	nrecords;		/* ever */
};

/* node.c */
extern void *node_alloc(size_t size);	/* zeroed */
extern void *node_arena(CqlArena *arena, size_t size);
extern char *node_strdup(CqlArena *arena, const char *s, size_t len);
extern char *node_format(CqlArena *arena, const char *format,...) __attribute__((format(printf, 2, 3)));
extern bool node_fail(Node *node, int code, const char *format,...) __attribute__((format(printf, 3, 4)));
extern bool node_listen(Node *node);
extern void node_refuse(Node *node, bool shard_aware);	/* the shard-aware port alone, or both */
extern void node_clock_arm(Node *node, uint64_t due);

/* conn.c */
extern void node_conn_accept(NodeListener *listener);
extern void node_conn_close(NodeConn *c, NodeClose how);
extern void node_conn_close_when_written(NodeConn *c, NodeClose how);
extern void node_conn_received(NodeConn *c, const CqlFrame *frame); /* an answer is owed */
extern void node_conn_out(NodeConn *c, int16_t stream); /* c->answer joins the answers */
extern void node_conn_out_raw(NodeConn *c, int16_t stream, const uint8_t *data, size_t n);	/* these bytes instead */
extern void node_conn_out_late(NodeConn *c, int16_t stream, uint64_t due);
extern void node_conn_out_void(NodeConn *c, int16_t stream);	/* null mode: no stream is kept */
extern void node_conn_seal(NodeConn *c);	/* answers so far to wire form */
extern void node_conn_to_wire(NodeConn *c, CqlBuffer *out, const uint8_t *frames, size_t n);
extern void node_conn_push(NodeConn *c);	/* wire to the socket */
extern CqlBuffer *node_conn_leaving(NodeConn *c);	/* all that was answered, as the socket gets it */
extern void node_conn_stall(NodeConn *c, size_t n); /* so many of these bytes leave, the rest on `release` */
extern void node_conn_process(NodeConn *c); /* what c->in has */
extern void node_conn_event(NodeConn *c, const CqlBuffer *body);
extern void node_conns_tick(Node *node);
extern void node_conns_release(Node *node);

/* place.c */
extern void node_ring_know(Node *node);
extern void node_factors(Node *node, NodeKeyspace *k);
/* token(key) > a AND token(key) <= b: its tokens. false: it is no such SELECT. */
extern bool node_select_range(const NodeCall *call, const NodeStatement *s, int64_t *first, int64_t *last);
extern void node_route(NodeCall *call, const NodeStatement *s); /* counts what is misrouted */

/* tablet.c */
extern bool node_tablets_line(Node *node, NodeLexer *x);
extern bool node_tablet_line(Node *node, NodeLexer *x);
extern int	node_tablet_of(const NodeTable *t, int64_t token);
extern int64_t node_tablet_last(const NodeTable *t, int tablet);	/* its last token */
extern int	node_tablet_replicas(Node *node, const NodeTable *t, int tablet, NodeReplica *out);
extern void node_tablet_route(NodeCall *call, NodeTable *t, int64_t token);
extern void node_tablet_route_range(NodeCall *call, NodeTable *t, int64_t first, int64_t last);
extern void node_tablet_teach(NodeCall *call);
extern void node_payload(CqlBuffer *answer, const uint8_t *data, size_t n); /* as tablets-routing-v1 */
extern const char *node_table_id(Node *node, const NodeTable *t);
extern void node_tablets_fill(Node *node, NodeTable *t, void (*add) (Node *node, NodeTable *t, const char *literals));

/* scylla.c */
#define NODE_LANDING_ASKED (-1) /* the shard that the client's port asks for, else the emptiest */
#define NODE_LANDING_NAT (-2)	/* another one than it asks for */
extern bool node_scylla_line(Node *node, NodeLexer *x);
extern bool node_landing_line(Node *node, NodeLexer *x);
extern int32_t node_landing_shard(const Node *node, bool shard_aware, uint16_t source_port);
extern int	node_scylla_supported(NodeCall *call, CqlBuffer *b);	/* how many keys */
extern void node_scylla_option(NodeConn *c, CqlString key); /* of STARTUP */
extern bool node_scylla_relations(Node *node, const NodeStatement *s);
extern bool node_scylla_products(NodeCall *call, const NodeStatement *s);
extern bool node_scylla_batch(NodeCall *call);

/* index.c */
extern bool node_index_line(Node *node, NodeLexer *x);

/* vector.c */
extern bool node_vector_line(Node *node, NodeLexer *x);
extern int64_t node_vector_rank(NodeCall *call, const NodeStatement *s, const NodeRow **row, size_t n, uint64_t limit);

/* strong.c */
extern bool node_is_strong(const NodeTable *t);
extern bool node_strong_prepare(Node *node, const NodeStatement *s);
extern bool node_strong_check(NodeCall *call, const NodeStatement *s);
extern bool node_strong_batch(NodeCall *call, int64_t first, int64_t token);

/* queue.c */
extern bool node_queue_line(Node *node, NodeLexer *x);
extern uint64_t node_queue_take(Node *node, uint64_t now);
extern void node_queue_look(Node *node, uint64_t now);

/* rule.c */
extern bool node_rule_add(Node *node, NodeLexer *x);
extern NodeRule *node_rule_for(Node *node, const NodeCall *call, int opcode);
extern bool node_rule_before(NodeCall *call, NodeRule *rule);	/* true: no usual answer is to be made */
extern void node_rule_after(NodeCall *call, NodeRule *rule);
extern void node_rule_on_flight(NodeConn *c, size_t mark, NodeRule *rule);	/* the handshake's bytes from mark */
extern void node_rules_clear(Node *node);

/* tls.c */
extern void node_tls_begin(NodeConn *c);
extern void node_tls_free(NodeConn *c);
extern void node_tls_received(NodeConn *c, const uint8_t *data, size_t n);
extern void node_tls_seal(NodeConn *c); /* wire to sealed */
extern void node_tls_key_update(NodeConn *c, bool request);
extern void node_tls_renegotiate(NodeConn *c);
extern void node_tls_close_notify(NodeConn *c);
extern bool node_tls_client_name(const NodeConn *c, char *name, size_t size);	/* CN; false: no certificate */

/* tls_context.c */
extern bool node_tls_line(Node *node, NodeLexer *x);
extern void node_tls_off(Node *node);

/* respond.c */
extern void node_respond(NodeConn *c, const CqlFrame *frame);
extern void node_take_row(NodeCall *call, CqlReader *r);	/* of a BATCH: statement and values of the next row */
extern void node_forget(Node *node, const NodeTable *table);	/* what was prepared on it; NULL: all */
extern bool node_event(Node *node, NodeLexer *x);
extern void node_event_send(Node *node, int type, const CqlBuffer *body);

/* message.c */
extern void node_answer_begin(NodeCall *call, uint8_t opcode);
extern void node_answer_end(NodeCall *call);
extern void node_answer_error(NodeCall *call, const NodeErrorDetail *e);
extern void node_answer_refusal(NodeCall *call, int code, const char *format,...) __attribute__((format(printf, 3, 4)));
extern void node_answer_failure(NodeCall *call);	/* node->failure */
extern void node_answer_unprepared(NodeCall *call);
extern void node_answer_void(NodeCall *call);
extern void node_answer_prepared(NodeCall *call, const NodeStatement *s);
extern void node_put_columns(NodeCall *call, const NodeTable *t, const NodeSelector *column, int n);
extern void node_put_cell(CqlBuffer *b, CqlBytes value);
extern void node_metadata_id(NodeStatement *s);

/* statement.c, clause.c */
typedef struct NodeParse
{
	Node	   *node;
	NodeLexer	x;
	NodeStatement *s;
} NodeParse;

extern bool node_index_check(NodeParse *p); /* index.c: of a SELECT that was read */
extern bool node_vector_parse(NodeParse *p, int column);	/* vector.c */
extern bool node_vector_limited(NodeParse *p);

extern NodeStatement *node_statement_parse(Node *node, CqlString text); /* NULL: node->failure */
extern void node_statement_free(NodeStatement *s);
extern bool node_parse_syntax(NodeParse *p);	/* false, with 0x2000 */
extern bool node_parse_expect(NodeParse *p, const char *word);
extern const char *node_parse_name(NodeParse *p);	/* NULL: failed */
extern int	node_parse_column(NodeParse *p);	/* -1: failed */
extern bool node_parse_operand(NodeParse *p, NodeOperand *o, CqlType *type, const char *name, int column);
extern bool node_parse_where(NodeParse *p);
extern bool node_parse_using(NodeParse *p);
extern bool node_parse_using_timeout(NodeParse *p); /* or nothing */
extern bool node_parse_if(NodeParse *p);
extern bool node_parse_tail(NodeParse *p);	/* LIMIT, ORDER BY, ALLOW FILTERING */
extern bool node_parse_end(NodeParse *p);
extern CqlType *node_simple_type(CqlArena *arena, CqlTypeId id);

/* run.c, select.c, ddl.c */
extern void node_run(NodeCall *call, NodeStatement *s);
extern bool node_run_check(NodeCall *call, const NodeStatement *s); /* values against markers */
extern void node_run_select(NodeCall *call, const NodeStatement *s);
extern CqlBytes node_operand_value(const NodeCall *call, const NodeOperand *o);
extern bool node_row_matches(const NodeCall *call, const NodeStatement *s, const NodeRow *row);
extern bool node_statement_token(const NodeCall *call, const NodeStatement *s, int64_t *token);
extern bool node_is_ddl(CqlString text);
extern void node_run_ddl(NodeCall *call);

/* table.c */
extern NodeKeyspace *node_keyspace_add(Node *node, const char *name, const char *replication);
extern NodeKeyspace *node_keyspace(Node *node, const char *name);
extern bool node_type_add(Node *node, NodeLexer *x);	/* at the name */
extern NodeTable *node_table_add(Node *node, NodeLexer *x); /* at the name; NULL: failed */
extern NodeTable *node_table(Node *node, const char *keyspace, const char *name);
extern void node_table_drop(Node *node, NodeTable *t);
extern bool node_table_extend(Node *node, NodeTable *t, NodeLexer *x);	/* ADD: at the column's name */
extern bool node_table_shrink(Node *node, NodeTable *t, NodeLexer *x);	/* DROP: at the column's name */
extern bool node_type_extend(Node *node, CqlType *type, NodeLexer *x);	/* ADD: at the field's name */
extern int	node_table_column(const NodeTable *t, const char *name);	/* -1: none */
extern bool node_qualified(NodeLexer *x, const char **keyspace, const char **name);
extern CqlType *node_type_parse(Node *node, const char *keyspace, CqlString text);

/* row.c */
extern bool node_row_add(Node *node, NodeLexer *x); /* at the table's name */
extern bool node_row_repeat(Node *node, NodeTable *t, long long times);
extern bool node_row_values(Node *node, NodeTable *t, NodeLexer *x);	/* at the ( */
extern NodeRow *node_row_find(const NodeTable *t, const CqlBytes *key);
extern NodeRow *node_row_put(NodeTable *t, const CqlBytes *key);	/* find or make */
extern void node_row_remove(NodeTable *t, NodeRow *row);
extern void node_cell_set(NodeCell *cell, CqlBytes value, int64_t timestamp, int32_t ttl);
extern void node_table_clear(NodeTable *t);
extern void node_table_widen(NodeTable *t); /* rows get a cell for the column just added */
extern void node_table_narrow(NodeTable *t, int column);	/* they lose the cell of the one just dropped */
extern void node_table_sort(NodeTable *t);
extern size_t node_table_seek(const NodeTable *t, int64_t token);	/* first row at or behind it */
extern int64_t node_key_token(const CqlBytes *key, int n);
extern int	node_value_compare(const CqlType *type, CqlBytes a, CqlBytes b);

/* literal.c */
extern bool node_literal(CqlString text, const CqlType *type, CqlArena *arena, CqlBytes *value);
extern bool node_value_valid(const CqlType *type, CqlBytes value);

/* system.c */
extern void node_system_init(Node *node);
extern void node_system_fill(Node *node, NodeTable *t);
extern bool node_scylla_only(const char *table);
extern void node_system_scylla(Node *node); /* columns that Cassandra alone has go */

/* script.c */
extern bool node_script(Node *node, const char *script);
extern bool node_take_word(Node *node, NodeLexer *x, const char **word);
extern NodeLexer node_as_cql(const NodeLexer *x);
extern bool node_take_int(Node *node, NodeLexer *x, int low, int high, int *value);
extern bool node_starts_number(const NodeLexer *x);

/* record.c */
extern void node_record(const NodeCall *call, bool fault);
extern void node_on_shard(NodeConn *c, int n);	/* so many connections more that serve requests */
extern uint64_t node_report_get(const NodeReport *report, const char *key);
extern void node_report_add(NodeReport *sum, const NodeReport *report); /* counters; of maxima the sum too */
extern int	node_opcode_by_name(const char *name);	/* -1 */
extern int	node_records_copy(const Node *node, int opcode, NodeRequest *out, int max);
extern void node_report_lines(const NodeReport *report, CqlBuffer *out);

#endif							/* NODE_INTERNAL_H */
