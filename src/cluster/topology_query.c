/*
 * cluster/topology_query.c
 *	  Asks one node for the topology.
 *
 * Submitter thread only.
 * Owns: its questions in flight, and answers until all are there; then they go to the
 * topology, which keeps them until they are committed. So several nodes may be asked
 * at the same time.
 * Invariant: once stopped, nothing goes to the topology, and nobody is called.
 *
 * Whoever asks registers for events first and reads then, so no change is missed in
 * between.
 */
#include "cluster/topology_query.h"

#include "cql/request.h"

#include <netinet/in.h>
#include <stdarg.h>

static void on_answer(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame);

/* The connection works, what the node says does not. */
static void fail(ClusterTopologyQuery *q, NetFailureKind kind, const char *format,...)
	__attribute__((format(printf, 3, 4)));

static void
forget_answers(ClusterTopologyQuery *q)
{
	for (int i = 0; i < CLUSTER_QUESTIONS; i++)
		cql_buffer_free(&q->question[i].answer);
}

static void
fail(ClusterTopologyQuery *q, NetFailureKind kind, const char *format,...)
{
	NetFailure	why;
	va_list		args;

	if (q->stopped)
		return;
	cluster_topology_query_stop(q);
	va_start(args, format);
	net_failure_setv(&why, kind, format, args);
	va_end(args);
	q->ops->on_failed(q, &why);
}

/* ---- questions ---- */

static void
ask(ClusterTopologyQuery *q, ClusterQuestionKind kind, uint8_t opcode, const CqlBuffer *body)
{
	ClusterQuestion *question = &q->question[kind];
	CqlBytes	bytes = {body->data, (int32_t) body->len};

	*question = (ClusterQuestion) {.query = q, .kind = kind};
	question->call.on_done = on_answer;
	question->call.deadline = q->ops->deadline(q);
	if (body->failed || !net_connection_send(q->net, &question->call, opcode, bytes, (CqlBytes) {NULL, 0}))
		fail(q, NET_FAIL_MEMORY, "the topology could not be asked for");
	else
		q->pending++;
}

static void
ask_for_rows(ClusterTopologyQuery *q, ClusterQuestionKind kind, const char *text)
{
	CqlBuffer	body = {0};

	/* of tables that each node has a copy of its own of: one answers at any level, and nobody forbids this one */
	cql_request_query_head(&body, net_connection_version(q->net), text, strlen(text), CQL_LOCAL_QUORUM, 0);
	ask(q, kind, CQL_OP_QUERY, &body);
	cql_buffer_free(&body);
}

static void
ask_for_peers(ClusterTopologyQuery *q)
{
	ask_for_rows(q, CLUSTER_ASK_PEERS, q->peers_v1 ? CLUSTER_SELECT_PEERS : CLUSTER_SELECT_PEERS_V2);
}

void
cluster_topology_query_register(ClusterTopologyQuery *q, NetConnection *c)
{
	static const char *const types[] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"};
	CqlBuffer	body = {0};

	q->net = c;
	q->topology->scylla = q->peers_v1 = net_connection_shard(c)->scylla;
	cql_request_register(&body, types, 3);
	ask(q, CLUSTER_ASK_REGISTER, CQL_OP_REGISTER, &body);
	cql_buffer_free(&body);
	net_connection_flush(c);
}

void
cluster_topology_query_all(ClusterTopologyQuery *q)
{
	ask_for_rows(q, CLUSTER_ASK_LOCAL, CLUSTER_SELECT_LOCAL);
	ask_for_peers(q);
	ask_for_rows(q, CLUSTER_ASK_KEYSPACES, CLUSTER_SELECT_KEYSPACES);
	if (net_connection_shard(q->net)->scylla)
		ask_for_rows(q, CLUSTER_ASK_TABLETS, CLUSTER_SELECT_TABLETS);
	net_connection_flush(q->net);
}

void
cluster_topology_query_stop(ClusterTopologyQuery *q)
{
	q->stopped = true;
	forget_answers(q);
}

/* ---- answers ---- */

static uint16_t
port_of(const NetAddress *address)
{
	if (address->storage.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *) &address->storage)->sin6_port);
	return ntohs(((const struct sockaddr_in *) &address->storage)->sin_port);
}

static bool
take_rows(const ClusterQuestion *question)
{
	const ClusterTopologyQuery *q = question->query;
	CqlReader	r = cql_reader(question->answer.data, question->answer.len);

	if (!question->answered)
		return true;			/* not asked for, or a node need not know */
	switch (question->kind)
	{
		case CLUSTER_ASK_LOCAL:
			return cluster_topology_read_local(q->topology, r, q->address);
		case CLUSTER_ASK_PEERS:
			return cluster_topology_read_peers(q->topology, r, port_of(q->address));
		case CLUSTER_ASK_KEYSPACES:
			return cluster_topology_read_keyspaces(q->topology, r);
		case CLUSTER_ASK_TABLETS:
			return cluster_topology_read_tablets(q->topology, r);
		default:
			return true;
	}
}

static void
take_error(const ClusterQuestion *question, const CqlError *error)
{
	ClusterTopologyQuery *q = question->query;
	NetFailure	text;

	if (question->kind == CLUSTER_ASK_REGISTER)
		return;					/* without events the topology is merely older */
	if (question->kind == CLUSTER_ASK_TABLETS)
		return;					/* versions before tablets do not have that table */
	if (question->kind == CLUSTER_ASK_PEERS && !q->peers_v1 && error->code == CQL_ERR_INVALID)
	{
		q->peers_v1 = true;
		ask_for_peers(q);
		net_connection_flush(q->net);
		return;
	}
	net_failure_set(&text, NET_FAIL_PROTOCOL, "%.*s", (int) error->message.len, error->message.data);
	fail(q, NET_FAIL_PROTOCOL, "reading the topology: %s", text.message);
}

static void
take_all(ClusterTopologyQuery *q)
{
	bool		good = true;

	cluster_topology_begin(q->topology);
	for (int i = 0; i < CLUSTER_QUESTIONS; i++)
		good = good && take_rows(&q->question[i]);
	forget_answers(q);
	if (good)
		q->ops->on_answered(q);
	else
		fail(q, NET_FAIL_PROTOCOL, "the answer about the topology makes no sense");
}

static void
take_answer(ClusterQuestion *question, const CqlFrame *frame)
{
	CqlPrefix	prefix;
	CqlReader	r;
	CqlError	error;
	bool		legible = cql_response_prefix(frame, &prefix, &r);

	if (legible && frame->opcode == CQL_OP_ERROR && cql_response_error(r, frame->version, &error))
		take_error(question, &error);
	else if (legible && frame->opcode == (question->kind == CLUSTER_ASK_REGISTER ? CQL_OP_READY : CQL_OP_RESULT))
	{
		question->answered = true;
		cql_put_raw(&question->answer, r.at, cql_reader_left(&r));
		if (question->answer.failed)
			fail(question->query, NET_FAIL_MEMORY, "out of memory");
	}
	else
		fail(question->query, NET_FAIL_PROTOCOL, "the answer about the topology makes no sense");
}

static void
on_answer(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	ClusterQuestion *question = (ClusterQuestion *) call;
	ClusterTopologyQuery *q = question->query;

	CORE_ASSERT(q->pending > 0);
	q->pending--;
	if (q->stopped)
		return;
	if (loss == NET_TIMED_OUT)
		fail(q, NET_FAIL_TIMEOUT, "no answer about the topology");
	else if (loss == NET_ANSWERED)
		take_answer(question, frame);
	if (q->stopped || loss != NET_ANSWERED)
		return;					/* the connection's end goes on from here */
	if (question->kind == CLUSTER_ASK_REGISTER)
		q->ops->on_registered(q);
	else if (q->pending == 0)
		take_all(q);
}
