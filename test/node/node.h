/*
 * test/node/node.h
 *	  A scriptable CQL node for tests: faults are ordered, never waited for.
 *
 * Thread: a node runs on one thread of its own, with its own libuv loop. All
 * functions here may be called from any other thread; each call is executed by
 * the node's thread between two of its events and returns when it is done, so
 * what it orders holds for every byte the node reads afterwards.
 * Owns: its sockets, tables, statements and records; node_stop frees them all.
 * Invariant: a report is a consistent snapshot; nothing in it changes later.
 *
 *	 char		error[256];
 *	 Node	   *node = node_start("keyspace ks simple 1\n"
 *								  "table ks.t (id int PRIMARY KEY, s text)\n",
 *								  error, sizeof(error));
 *
 *	 connect to node_address(node):node_port(node) ...
 *	 node_order(node, "on EXECUTE nth 3 error 0x1001 \"busy\"");
 *	 assert_true(node_await(node, "executes", 10, 5000));
 *	 assert_int_equal(node_count(node, "max_in_flight"), 4);
 *	 node_stop(node);
 *
 * The language of scripts and orders is described in README.md.
 */
#ifndef NODE_H
#define NODE_H

#include "cql/buffer.h"

typedef struct Node Node;

/*
 * Start a node and run the script (NULL: defaults only: 127.0.0.1, ephemeral
 * port, protocol 5, no authentication). NULL on failure, with the reason.
 */
extern Node *node_start(const char *script, char *error, size_t error_size);
extern void node_stop(Node *node);	/* closes everything, joins the thread; NULL is harmless */

/*
 * A ring of n nodes, each with this script: 127.0.0.1, .2 and so on, all with the
 * first one's port. They tell each other as peers; each has so many tokens, all
 * at equal distances. On failure none of them is left.
 */
#define NODE_MAX_RING 1000
#define NODE_MAX_SHARDS 256
extern bool node_ring_start(Node **nodes, int n, int tokens, const char *script, char *error, size_t error_size);

extern int	node_port(const Node *node);
extern int	node_shard_port(const Node *node);	/* ScyllaDB's shard-aware port, 0 if there is none */
extern int	node_tls_port(const Node *node);	/* those of `tls_port`, 0 if there are none */
extern int	node_tls_shard_port(const Node *node);
extern const char *node_address(const Node *node);

/*
 * One or more lines of the script language. False if one was refused: the rest
 * was not run, and node_error tells why (also printed to stderr).
 */
extern bool node_order(Node *node, const char *format,...) __attribute__((format(printf, 2, 3)));
extern const char *node_error(const Node *node);	/* of the caller's last node_order */

/*
 * Counters, in one snapshot. node_count takes the names of these fields, and
 * those of opcodes ("EXECUTE", "PREPARE" ... as received), and "shard N" for on_shard.
 */
typedef struct NodeReport
{
	uint64_t	requests;		/* frames received */
	uint64_t	opcode[17];		/* of them, by opcode */
	uint64_t	executes;		/* EXECUTEs of anything */
	uint64_t	rows_written;	/* by EXECUTE and BATCH: INSERTs, UPDATEs, DELETEs that were accepted */
	uint64_t	answers;		/* frames sent as answers, as a fault or not */
	uint64_t	errors;			/* of them, ERRORs */
	uint64_t	events;			/* EVENTs sent */
	uint64_t	faults;			/* rules that fired */
	uint64_t	connections;	/* accepted, ever */
	uint64_t	open;			/* connections open now */
	uint64_t	ready;			/* of them, through their handshake */
	uint64_t	in_flight;		/* requests received and not answered, now, all connections */
	uint64_t	max_in_flight;	/* its maximum since start or `reset` */
	uint64_t	max_conn_in_flight; /* the same of one connection */
	uint64_t	held;			/* answers kept by `hold`, now */
	uint64_t	queued;			/* `capacity`: requests that are not served yet, now */
	uint64_t	longest_queue;	/* its maximum since start or `reset` */
	uint64_t	served;			/* requests that left the queue */
	uint64_t	streams;		/* distinct stream ids used, summed over connections */
	uint64_t	stream_clashes; /* requests on a stream whose answer was still owed */
	uint64_t	bytes_in;
	uint64_t	bytes_out;
	uint64_t	wrong_node;		/* requests with a partition key that this node has no replica of */
	uint64_t	wrong_shard;	/* scylla: those it has a replica of, on another shard than the connection's */
	uint64_t	ranges;			/* SELECTs of tokens of a table with tablets */
	uint64_t	ranges_astray;	/* of them, those of tokens that are not all of one tablet that is on the connection's
								 * shard */
	uint64_t	on_control;		/* statements on users' tables that came on a connection that did REGISTER */
	uint64_t	payloads;		/* answers that told where the tablet is */
	uint64_t	not_owner;		/* EXECUTEs of keys whose first replica, by the ring or of the tablet, is another node */
	uint64_t	no_timestamp;	/* EXECUTEs and rows of BATCHes that write without a client timestamp */
	uint64_t	checksum;		/* sum of node_hash(values of an EXECUTE or of a BATCH's row), if `checksum on` */
	uint64_t	protocol_errors;	/* frames the node had to refuse */
	uint64_t	tls_handshakes; /* that were completed */
	uint64_t	tls_failed;		/* handshakes and records that were not, whoever gave up */
	uint64_t	tls_resumed;	/* of the completed: those of a known session */
	uint64_t	tls_client_certs;	/* and with a certificate of the client's */
	uint64_t	tls_tickets;	/* ClientHellos with a ticket or a session id */
	uint64_t	ticket_reused;	/* of them: one that was offered before */
	uint64_t	close_notifies; /* clients that said they close */
	uint64_t	plain_bytes;	/* received where TLS was expected, and no TLS */
	char		tls_sni[256];	/* the last name a client asked for; "" */
	uint64_t	on_shard[NODE_MAX_SHARDS];	/* ready connections of each shard that did not REGISTER: for requests */
} NodeReport;

extern void node_report(Node *node, NodeReport *report);
extern uint64_t node_count(Node *node, const char *key);	/* UINT64_MAX: no such key */

/* Wait until a counter is at least n; false after timeout_ms. */
extern bool node_await(Node *node, const char *key, uint64_t n, int timeout_ms);
/* The same, until it is at most n ("open", "in_flight"). */
extern bool node_await_below(Node *node, const char *key, uint64_t n, int timeout_ms);

/*
 * The last requests, oldest first (at most NODE_RECORDS are kept; none in null
 * mode). A text or values longer than the room here are cut; the length is true.
 */
#define NODE_RECORDS 512
#define NODE_RECORD_TEXT 512
#define NODE_RECORD_VALUES 1024

typedef struct NodeRequest
{
	uint64_t	number;			/* 1 is the first request this node received */
	uint64_t	connection;		/* 1 is the first connection it accepted */
	uint8_t		version;
	uint8_t		opcode;
	int16_t		stream;
	uint16_t	source_port;	/* of the connection */
	int32_t		shard;			/* of the connection; -1 without scylla */
	bool		known;			/* EXECUTE, BATCH: the statement was known */
	bool		fault;			/* a rule fired */
	uint16_t	consistency;	/* QUERY, EXECUTE, BATCH */
	uint16_t	serial_consistency; /* 0 where not sent */
	uint32_t	flags;			/* CQL_PARAM_* of QUERY, EXECUTE and BATCH */
	int32_t		page_size;		/* 0 where not sent */
	bool		has_paging_state;
	int64_t		timestamp;		/* INT64_MIN where not sent */
	uint16_t	nvalues;		/* BATCH: rows */
	uint32_t	values_len;		/* n x [value] as on the wire; BATCH: all between type, n and consistency */
	uint8_t		values[NODE_RECORD_VALUES];
	uint32_t	text_len;		/* of QUERY, PREPARE; EXECUTE, BATCH: the statement's */
	char		text[NODE_RECORD_TEXT]; /* NUL-terminated */
} NodeRequest;

/* Copies at most max, the newest ones; opcode -1 takes all. Returns how many. */
extern int	node_requests(Node *node, int opcode, NodeRequest *out, int max);
/* The i-th value; len -1 null, -2 unset, -3 not recorded. */
extern CqlBytes node_request_value(const NodeRequest *request, int i);

/* The hash the checksum sums up, over n x [value] as on the wire (without n). */
extern uint64_t node_hash(const uint8_t *data, size_t len);

#endif							/* NODE_H */
