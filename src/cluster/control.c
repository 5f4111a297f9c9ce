/*
 * cluster/control.c
 *	  The control connection.
 *
 * Submitter thread only.
 * Owns: name look-ups, candidates (addresses tried, one of which is the active
 * one), and the answers until they are committed to the topology.
 * Invariants: at most one candidate is active; candidates are freed in
 * cluster_control_tick and cluster_control_free only, so no callback frees what
 * another one still walks; whatever events come, the topology is read at most
 * once per REREAD_PAUSE.
 */
#include "cluster/control.h"

#include "cluster/backoff.h"
#include "cluster/trace.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#define STAGGER 100				/* ms until the next address is tried beside a silent one */
#define REREAD_PAUSE 1000		/* ms between two reads of the topology */

typedef enum ControlMode
{
	CONTROL_IDLE,
	CONTROL_DISCOVERING,
	CONTROL_KEEPING				/* settled or replacing */
} ControlMode;

typedef enum ReadKind
{
	READ_REGISTER, READ_LOCAL, READ_PEERS, READ_KEYSPACES, READ_KINDS
} ReadKind;

typedef struct Candidate Candidate;

/* One request of the control connection. */
typedef struct Read
{
	NetCall		call;			/* first */
	Candidate  *candidate;
	ReadKind	kind;
} Read;

struct Candidate
{
	NetOwner	owner;			/* first */
	ClusterControl *control;
	Candidate  *next;
	NetAddress	address;
	NetConnection *net;			/* NULL: not opened yet, or closed */
	bool		opened;
	bool		ready;			/* it is, or was */
	bool		dropped;		/* its end is of no interest any more */
	bool		peers_v1;		/* it has no system.peers_v2 */
	Read		read[READ_KINDS];
	int			pending;		/* reads in flight */
};

/* A contact point while its name is looked up. */
typedef struct Lookup
{
	ClusterControl *control;
	const ClusterContact *contact;
	NetResolve *resolve;		/* NULL: done */
} Lookup;

struct ClusterControl
{
	const ClusterConfig *config;
	ClusterTopology *topology;
	const ClusterControlOps *ops;
	void	   *owner;
	uint64_t   *random;
	ControlMode mode;
	Candidate  *candidates;		/* in the order to try them */
	Candidate  *active;
	Lookup	   *lookup;			/* one per contact point */
	ClusterReport report;		/* failures since discovering began */
	uint64_t	deadline;		/* of discovering */
	uint64_t	next_open;		/* when the next candidate may be opened */
	ClusterBackoff backoff;		/* of replacing */
	uint32_t	turn;			/* which node to replace with */
	bool		changed;		/* an event asks for a new read */
	bool		nodes_up;		/* ... and told of a node that is up */
	uint64_t	last_read;
	bool		registered;		/* ever */
	uint32_t	schema_version;
};

static void advance(ClusterControl *control);

static uint64_t
now_of(const ClusterControl *control)
{
	return uv_now(control->config->net.loop);
}

/* ---- failures ---- */

static void
report_candidate(const Candidate *candidate, const NetFailure *why)
{
	ClusterControl *control = candidate->control;
	char		name[64];

	net_address_format(&candidate->address, name, sizeof(name));
	cluster_report_add(&control->report, name, why);
	cluster_trace_closed(control->config->trace, name, candidate->ready, why);
}

static void
report_contact(ClusterControl *control, const ClusterContact *contact, NetFailureKind kind, const char *reason)
{
	char		name[300];
	NetFailure	why;

	net_failure_set(&why, kind, "%s", reason);
	snprintf(name, sizeof(name), "%s:%u", contact->host, contact->port);
	cluster_report_add(&control->report, name, &why);
	cluster_trace_closed(control->config->trace, name, false, &why);
}

/* Its connection works, what it says does not: on to another one. */
static void give_up(Candidate *candidate, NetFailureKind kind, const char *format,...)
	__attribute__((format(printf, 3, 4)));

static void
give_up(Candidate *candidate, NetFailureKind kind, const char *format,...)
{
	NetFailure	why;
	va_list		args;

	if (candidate->dropped)
		return;
	va_start(args, format);
	net_failure_setv(&why, kind, format, args);
	va_end(args);
	report_candidate(candidate, &why);
	candidate->dropped = true;
	net_connection_close(candidate->net);
}

/* ---- reading ---- */

static void on_read(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame);

static uint64_t
read_deadline(const ClusterControl *control)
{
	uint64_t	now = now_of(control);

	/* a node that took the connection and then says nothing must leave time for another one */
	if (control->mode == CONTROL_DISCOVERING && control->deadline > now)
		return now + (control->deadline - now) / 2 + 1;
	return now + control->config->net.connect_timeout;
}

static void
send_read(Candidate *candidate, ReadKind kind, uint8_t opcode, const CqlBuffer *body)
{
	Read	   *read = &candidate->read[kind];
	CqlBytes	bytes = {body->data, (int32_t) body->len};

	*read = (Read) {.candidate = candidate, .kind = kind};
	read->call.on_done = on_read;
	read->call.deadline = read_deadline(candidate->control);
	if (body->failed || !net_connection_send(candidate->net, &read->call, opcode, bytes, (CqlBytes) {NULL, 0}))
		give_up(candidate, NET_FAIL_MEMORY, "the topology could not be asked for");
	else
		candidate->pending++;
}

static void
send_query(Candidate *candidate, ReadKind kind, const char *text)
{
	CqlBuffer	body = {0};

	/* of tables that each node has a copy of its own of: one answers at any level, and nobody forbids this one */
	cql_request_query_head(&body, net_connection_version(candidate->net), text, strlen(text), CQL_LOCAL_QUORUM, 0);
	send_read(candidate, kind, CQL_OP_QUERY, &body);
	cql_buffer_free(&body);
}

static void
send_peers_query(Candidate *candidate)
{
	send_query(candidate, READ_PEERS, candidate->peers_v1 ? CLUSTER_SELECT_PEERS : CLUSTER_SELECT_PEERS_V2);
}

static void
start_reading(Candidate *candidate)
{
	ClusterControl *control = candidate->control;

	control->changed = false;
	control->last_read = now_of(control);
	cluster_topology_begin(control->topology);
	send_query(candidate, READ_LOCAL, CLUSTER_SELECT_LOCAL);
	send_peers_query(candidate);
	send_query(candidate, READ_KEYSPACES, CLUSTER_SELECT_KEYSPACES);
	net_connection_flush(candidate->net);
}

static void
start_registering(Candidate *candidate)
{
	static const char *const types[] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"};
	CqlBuffer	body = {0};

	cql_request_register(&body, types, 3);
	send_read(candidate, READ_REGISTER, CQL_OP_REGISTER, &body);
	cql_buffer_free(&body);
	net_connection_flush(candidate->net);
}

static uint16_t
port_of(const NetAddress *address)
{
	if (address->storage.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *) &address->storage)->sin6_port);
	return ntohs(((const struct sockaddr_in *) &address->storage)->sin_port);
}

static bool
take_rows(const Read *read, CqlReader r)
{
	const Candidate *candidate = read->candidate;
	ClusterTopology *t = candidate->control->topology;

	switch (read->kind)
	{
		case READ_LOCAL:
			return cluster_topology_read_local(t, r, &candidate->address);
		case READ_PEERS:
			return cluster_topology_read_peers(t, r, port_of(&candidate->address));
		case READ_KEYSPACES:
			return cluster_topology_read_keyspaces(t, r);
		default:
			return true;
	}
}

static void
drop(Candidate *candidate)
{
	candidate->dropped = true;
	if (candidate->net)
		net_connection_close(candidate->net);
}

/* Nobody else is needed: names and candidates not yet decided are let go. */
static void
drop_others(ClusterControl *control)
{
	for (int i = 0; i < control->config->ncontacts; i++)
	{
		if (control->lookup[i].resolve)
			net_resolve_cancel(control->lookup[i].resolve);
		control->lookup[i].resolve = NULL;
	}
	for (Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (candidate != control->active)
			drop(candidate);
	}
}

static void
finish_reading(Candidate *candidate)
{
	ClusterControl *control = candidate->control;
	bool		nodes_up = control->nodes_up;

	if (!cluster_topology_commit(control->topology))
	{
		give_up(candidate, NET_FAIL_MEMORY, "out of memory");
		return;
	}
	cluster_trace_add(control->config->trace, CLUSTER_EVENT_TOPOLOGY, net_connection_name(candidate->net),
					  "%u nodes in data center \"%s\"", control->topology->nlocal, control->topology->local_dc);
	control->nodes_up = false;
	control->mode = CONTROL_KEEPING;
	cluster_backoff_reset(&control->backoff);
	drop_others(control);
	control->ops->on_topology(control->owner, nodes_up);
}

static void
take_error(const Read *read, const CqlError *error)
{
	Candidate  *candidate = read->candidate;
	NetFailure	text;

	if (read->kind == READ_REGISTER)
		return;					/* without events the topology is merely older */
	if (read->kind == READ_PEERS && !candidate->peers_v1 && error->code == CQL_ERR_INVALID)
	{
		candidate->peers_v1 = true;
		send_peers_query(candidate);
		net_connection_flush(candidate->net);
		return;
	}
	net_failure_set(&text, NET_FAIL_PROTOCOL, "%.*s", (int) error->message.len, error->message.data);
	give_up(candidate, NET_FAIL_PROTOCOL, "reading the topology: %s", text.message);
}

static void
take_answer(const Read *read, const CqlFrame *frame)
{
	CqlPrefix	prefix;
	CqlReader	r;
	CqlError	error;
	bool		legible = cql_response_prefix(frame, &prefix, &r);

	if (legible && frame->opcode == CQL_OP_ERROR && cql_response_error(r, frame->version, &error))
		take_error(read, &error);
	else if (legible && frame->opcode == (read->kind == READ_REGISTER ? CQL_OP_READY : CQL_OP_RESULT)
			 && take_rows(read, r))
		return;
	else
		give_up(read->candidate, NET_FAIL_PROTOCOL, "the answer about the topology makes no sense");
}

static void
on_read(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	const Read *read = (const Read *) call;
	Candidate  *candidate = read->candidate;
	ClusterControl *control = candidate->control;

	candidate->pending--;
	if (candidate->dropped || control->active != candidate)
		return;
	if (loss == NET_TIMED_OUT)
		give_up(candidate, NET_FAIL_TIMEOUT, "no answer about the topology");
	else if (loss == NET_ANSWERED)
		take_answer(read, frame);
	if (candidate->dropped || loss != NET_ANSWERED)
		return;					/* on_closed goes on from here */
	if (read->kind == READ_REGISTER)
	{
		/* what changed since the connection before this one was lost, nobody heard */
		control->schema_version += control->registered;
		control->registered = true;
		start_reading(candidate);
	}
	else if (candidate->pending == 0)
		finish_reading(candidate);
}

/* ---- connections ---- */

static void
activate(Candidate *candidate)
{
	ClusterControl *control = candidate->control;

	control->active = candidate;
	cluster_trace_connected(control->config->trace, candidate->net, "control connection");
	candidate->peers_v1 = net_connection_shard(candidate->net)->scylla;
	start_registering(candidate);
}

static void
on_ready(NetOwner *owner, NetConnection *c)
{
	Candidate  *candidate = (Candidate *) owner;

	candidate->ready = true;
	if (!candidate->dropped && !candidate->control->active)
		activate(candidate);
}

static void
on_event(NetOwner *owner, NetConnection *c, const CqlFrame *frame)
{
	ClusterControl *control = ((Candidate *) owner)->control;
	CqlPrefix	prefix;
	CqlReader	r;
	CqlEvent	event;

	if (!cql_response_prefix(frame, &prefix, &r) || !cql_response_event(r, &event))
		return;
	if (event.kind == CQL_EVENT_SCHEMA)
	{
		control->schema_version++;
		cluster_trace_schema(control->config->trace, net_connection_name(c), &event);
	}
	/* of the schema only replication matters here, and DOWN is a hint that our own sockets know better */
	if (event.kind == CQL_EVENT_DOWN || event.kind == CQL_EVENT_OTHER
		|| (event.kind == CQL_EVENT_SCHEMA && !cql_string_equal(event.target, "KEYSPACE")))
		return;
	control->changed = true;
	control->nodes_up |= event.kind == CQL_EVENT_UP || event.kind == CQL_EVENT_NEW_NODE;
}

static void
on_writable(NetOwner *owner, NetConnection *c)
{
	/* a handful of requests never fills it */
}

static void
on_closed(NetOwner *owner, NetConnection *c, const NetFailure *why)
{
	Candidate  *candidate = (Candidate *) owner;
	ClusterControl *control = candidate->control;

	candidate->net = NULL;
	if (!candidate->dropped)
		report_candidate(candidate, why);
	candidate->dropped = true;
	if (control->active == candidate)
		control->active = NULL;
	if (control->mode == CONTROL_KEEPING && !control->active)
		cluster_backoff_failed(&control->backoff, now_of(control), control->random);
	advance(control);
}

static const NetOwnerOps owner_ops = {
	.on_ready = on_ready,
	.on_event = on_event,
	.on_writable = on_writable,
	.on_closed = on_closed,
};

/* ---- candidates ---- */

static void
add_candidate(ClusterControl *control, const NetAddress *address)
{
	Candidate **at = &control->candidates;
	Candidate  *candidate;

	for (; *at; at = &(*at)->next)
	{
		if (!(*at)->dropped && net_address_equal(&(*at)->address, address))
			return;				/* two names of one address */
	}
	candidate = calloc(1, sizeof(*candidate));
	if (!candidate)
		return;					/* one hope less */
	candidate->owner.ops = &owner_ops;
	candidate->control = control;
	candidate->address = *address;
	*at = candidate;
}

static void
open_candidate(ClusterControl *control, Candidate *candidate)
{
	NetFailure	why;

	candidate->opened = true;
	candidate->net = net_connection_open(&control->config->net, &candidate->address, &candidate->owner);
	if (candidate->net)
		return;
	candidate->dropped = true;
	net_failure_set(&why, NET_FAIL_MEMORY, "out of memory");
	report_candidate(candidate, &why);
}

/* Some candidate or name is not decided yet. */
static bool
hope_left(const ClusterControl *control)
{
	for (const Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (!candidate->dropped)
			return true;
	}
	for (int i = 0; i < control->config->ncontacts; i++)
	{
		if (control->lookup[i].resolve)
			return true;
	}
	return false;
}

static void
fail_discovery(ClusterControl *control)
{
	ClusterReport report = control->report;

	cluster_control_stop(control);
	control->ops->on_failed(control->owner, &report);
}

/* Something ended, or time went by: make another ready one the active one, or open the next. */
static void
advance(ClusterControl *control)
{
	Candidate  *unopened = NULL;
	bool		connecting = false;
	uint64_t	now = now_of(control);

	if (control->mode == CONTROL_IDLE || control->active)
		return;
	for (Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (candidate->dropped)
			continue;
		if (candidate->net && net_connection_ready(candidate->net))
		{
			activate(candidate);
			return;
		}
		connecting |= candidate->opened;
		if (!candidate->opened && !unopened)
			unopened = candidate;
	}
	if (unopened && (!connecting || now >= control->next_open))
	{
		control->next_open = now + STAGGER;
		open_candidate(control, unopened);
	}
	if (control->mode == CONTROL_DISCOVERING && !hope_left(control))
		fail_discovery(control);
}

/* ---- names ---- */

static void
on_resolved(void *owner, int status, const NetAddress *address, int n)
{
	Lookup	   *lookup = owner;
	ClusterControl *control = lookup->control;

	lookup->resolve = NULL;
	if (status != 0)
		report_contact(control, lookup->contact, NET_FAIL_CONNECT, gai_strerror(status));
	for (int i = 0; i < n && status == 0; i++)
		add_candidate(control, &address[i]);
	advance(control);
}

void
cluster_control_discover(ClusterControl *control)
{
	const ClusterConfig *config = control->config;

	control->mode = CONTROL_DISCOVERING;
	control->report = (ClusterReport) {0};
	control->deadline = now_of(control) + config->net.connect_timeout;
	control->next_open = 0;
	cluster_topology_restart(control->topology);
	for (int i = 0; i < config->ncontacts; i++)
	{
		Lookup	   *lookup = &control->lookup[i];

		*lookup = (Lookup) {.control = control, .contact = &config->contact[i]};
		lookup->resolve = net_resolve(config->net.loop, lookup->contact->host, lookup->contact->port,
									  on_resolved, lookup);
		if (!lookup->resolve)
			report_contact(control, lookup->contact, NET_FAIL_MEMORY, "out of memory");
	}
}

void
cluster_control_stop(ClusterControl *control)
{
	control->mode = CONTROL_IDLE;
	control->active = NULL;
	drop_others(control);
}

/* ---- time ---- */

static void
reap(ClusterControl *control)
{
	Candidate **at = &control->candidates;

	while (*at)
	{
		Candidate  *candidate = *at;

		if (!candidate->dropped || candidate->net)
		{
			at = &candidate->next;
			continue;
		}
		*at = candidate->next;
		free(candidate);
	}
}

/* Silence everywhere: each one still awaited is named. */
static void
time_out(ClusterControl *control)
{
	NetFailure	why;
	char		reason[64];

	snprintf(reason, sizeof(reason), "no answer within %u ms", control->config->net.connect_timeout);
	net_failure_set(&why, NET_FAIL_TIMEOUT, "%s", reason);
	for (const Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (!candidate->dropped)
			report_candidate(candidate, &why);
	}
	for (int i = 0; i < control->config->ncontacts; i++)
	{
		if (control->lookup[i].resolve)
			report_contact(control, control->lookup[i].contact, NET_FAIL_TIMEOUT, reason);
	}
	fail_discovery(control);
}

/* The next known node. */
static void
replace(ClusterControl *control)
{
	const ClusterTopology *t = control->topology;

	if (t->nlocal > 0)
		add_candidate(control, &t->local[control->turn++ % t->nlocal]->address);
	advance(control);
}

static void
tick_keeping(ClusterControl *control, uint64_t now)
{
	Candidate  *active = control->active;

	if (!active && !hope_left(control) && now >= control->backoff.due)
		replace(control);
	else if (active && control->changed && active->pending == 0 && now >= control->last_read + REREAD_PAUSE)
		start_reading(active);
}

void
cluster_control_tick(ClusterControl *control, uint64_t now)
{
	reap(control);
	for (Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (candidate->net)
			net_connection_tick(candidate->net, now);
	}
	if (control->mode == CONTROL_KEEPING)
		tick_keeping(control, now);
	else if (control->mode == CONTROL_DISCOVERING && now >= control->deadline)
		time_out(control);
	else
		advance(control);
}

/* ---- life ---- */

ClusterControl *
cluster_control_new(const ClusterConfig *config, ClusterTopology *topology, const ClusterControlOps *ops,
					void *owner, uint64_t *random)
{
	ClusterControl *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->lookup = calloc((size_t) config->ncontacts + 1, sizeof(*control->lookup));
	if (!control->lookup)
	{
		free(control);
		return NULL;
	}
	control->config = config;
	control->topology = topology;
	control->ops = ops;
	control->owner = owner;
	control->random = random;
	return control;
}

void
cluster_control_free(ClusterControl *control)
{
	if (!control)
		return;
	reap(control);
	free(control->lookup);
	free(control);
}

bool
cluster_control_closed(const ClusterControl *control)
{
	for (const Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (candidate->net)
			return false;
	}
	return true;
}

bool
cluster_control_settled(const ClusterControl *control)
{
	return control->mode == CONTROL_KEEPING && control->active && control->active->pending == 0
		&& !control->changed;
}

uint32_t
cluster_control_schema_version(const ClusterControl *control)
{
	return control->schema_version;
}
