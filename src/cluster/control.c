/*
 * cluster/control.c
 *	  The control connection.
 *
 * Submitter thread only.
 * Owns: candidates, which are addresses that are tried; one of them is the active one:
 * that which has told the topology, or, as long as none has, one that was asked.
 * Invariants: at most one candidate is active; candidates are freed in
 * cluster_control_tick and cluster_control_free only, so no callback frees what
 * another one still walks; whatever events come, the topology is read when
 * cluster/reread says so.
 */
#include "cluster/control.h"

#include "cluster/candidate.h"
#include "cluster/contacts.h"
#include "cluster/random.h"
#include "cluster/reread.h"
#include "cluster/trace.h"

#include <stddef.h>
#include <stdlib.h>

#define RETURN_WITHIN 500		/* ms in which a lost one is made again: all sessions lose theirs at once */
#define STAGGER 100				/* ms until the next address is tried beside a silent one */
#define PATIENCE 500			/* ms until another node is asked beside one that took the connection and does not
								 * answer */
#define ASKED_MAX 3				/* at a time */

typedef enum ControlMode
{
	CONTROL_IDLE, CONTROL_DISCOVERING,
	CONTROL_KEEPING				/* settled or replacing */
} ControlMode;

typedef ClusterCandidate Candidate;

struct ClusterControl
{
	const ClusterConfig *config;
	ClusterTopology *topology;
	const ClusterControlOps *ops;
	void	   *owner;
	ClusterAccess *access;
	uint64_t   *random;
	ControlMode mode;
	Candidate  *candidates;		/* in the order to try them */
	Candidate  *active;
	ClusterContacts contacts;
	ClusterReport report;		/* failures since discovering began */
	uint64_t	deadline;		/* of discovering */
	uint64_t	next_open;		/* when the next candidate may be opened */
	uint64_t	next_ask;		/* ... asked beside another one */
	ClusterBackoff backoff;		/* of replacing */
	uint32_t	turn;			/* which node to replace with */
	ClusterReread reread;
	bool		used;			/* requests came since the topology was last read */
	bool		nodes_up;		/* an event told of a node that is up */
	bool		registered;		/* ever, where the topology was read */
	ClusterChanges changes;
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
on_contact_failed(void *owner, const char *contact, const NetFailure *why)
{
	ClusterControl *control = owner;

	cluster_report_add(&control->report, contact, why);
	cluster_trace_closed(control->config->trace, contact, false, why);
}

/* Its connection works, what the node says does not: on to another one. */
static void
give_up(Candidate *candidate, const NetFailure *why)
{
	if (candidate->dropped)
		return;
	report_candidate(candidate, why);
	cluster_candidate_close(candidate);
}

/* ---- reading ---- */

static Candidate *
candidate_of(ClusterTopologyQuery *q)
{
	return (Candidate *) ((char *) q - offsetof(Candidate, query));
}

static uint64_t
answer_deadline(ClusterTopologyQuery *q)
{
	const ClusterControl *control = candidate_of(q)->control;

	return now_of(control) + control->config->net.connect_timeout;
}

static void
start_reading(Candidate *candidate)
{
	ClusterControl *control = candidate->control;

	control->used = false;
	cluster_reread_began(&control->reread, now_of(control));
	cluster_topology_query_all(&candidate->query);
}

static void
on_registered(ClusterTopologyQuery *q)
{
	Candidate  *candidate = candidate_of(q);
	ClusterControl *control = candidate->control;

	/* what changed since the connection before this one was lost, nobody heard */
	if (control->registered)
		cluster_changes_add_unknown(&control->changes);
	start_reading(candidate);
}

static void
on_answered(ClusterTopologyQuery *q)
{
	Candidate  *candidate = candidate_of(q);
	ClusterControl *control = candidate->control;
	bool		nodes_up = control->nodes_up;

	if (!cluster_topology_commit(control->topology))
	{
		NetFailure	why;

		net_failure_set(&why, NET_FAIL_MEMORY, "out of memory");
		give_up(candidate, &why);
		return;
	}
	cluster_trace_topology(control->config->trace, net_connection_name(candidate->net), control->topology);
	control->nodes_up = false;
	control->registered = true;
	control->active = candidate;
	control->mode = CONTROL_KEEPING;
	cluster_backoff_reset(&control->backoff);
	if (control->config->net.tls.mode != NET_SSL_VERIFY_FULL)
		cluster_contacts_cancel(&control->contacts);	/* else certificates are to be of these names */
	cluster_candidates_close_others(control->candidates, candidate);
	control->ops->on_topology(control->owner, nodes_up);
}

static void
on_query_failed(ClusterTopologyQuery *q, const NetFailure *why)
{
	give_up(candidate_of(q), why);
}

static const ClusterTopologyQueryOps query_ops = {
	.on_registered = on_registered,
	.on_answered = on_answered,
	.on_failed = on_query_failed,
	.deadline = answer_deadline,
};

/* ---- connections ---- */

static void
ask(Candidate *candidate)
{
	ClusterControl *control = candidate->control;

	CORE_ASSERT(candidate->net && !candidate->asked);
	candidate->asked = true;
	control->next_ask = now_of(control) + PATIENCE;
	cluster_trace_connected(control->config->trace, candidate->net, "control connection");
	cluster_topology_query_register(&candidate->query, candidate->net);
}

static void
on_ready(NetOwner *owner, NetConnection *c)
{
	Candidate  *candidate = (Candidate *) owner;

	candidate->ready = true;
	cluster_credentials_accepted(&candidate->control->access->credentials);
	if (!candidate->dropped)
		advance(candidate->control);
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
		cluster_changes_add(&control->changes, &event);
		cluster_trace_schema(control->config->trace, net_connection_name(c), &event);
		cluster_topology_heed(control->topology, &event);
	}
	/* of the schema only replication matters here, and DOWN is a hint that our own sockets know better */
	if (event.kind == CQL_EVENT_DOWN || event.kind == CQL_EVENT_OTHER
		|| (event.kind == CQL_EVENT_SCHEMA && !cql_string_equal(event.target, "KEYSPACE")))
		return;
	cluster_reread_event(&control->reread, now_of(control));
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
	cluster_access_closed_control(control->access);
	cluster_credentials_failed(&control->access->credentials, &candidate->address, why, now_of(control), control->random);
	if (!candidate->dropped)
		report_candidate(candidate, why);
	cluster_candidate_drop(candidate);
	if (control->active == candidate)
		control->active = NULL;
	if (control->mode == CONTROL_KEEPING && !control->active && candidate->ready)
		cluster_backoff_lost(&control->backoff, now_of(control), RETURN_WITHIN, control->random);
	else if (control->mode == CONTROL_KEEPING && !control->active)
		cluster_backoff_failed(&control->backoff, now_of(control), control->random);
	advance(control);
}

static const NetOwnerOps owner_ops = {
	.on_ready = on_ready, .on_event = on_event,
	.on_writable = on_writable, .on_closed = on_closed,
	.reports = true,
};

/* ---- candidates ---- */

static void
add_candidate(ClusterControl *control, const NetAddress *address)
{
	Candidate  *candidate = cluster_candidates_add(&control->candidates, address);

	if (!candidate)
		return;
	candidate->owner.ops = &owner_ops;
	candidate->control = control;
	candidate->query.ops = &query_ops;
	candidate->query.topology = control->topology;
}

static void
open_candidate(ClusterControl *control, Candidate *candidate)
{
	NetFailure	why;

	candidate->opened = true;
	candidate->net = net_connection_open(&control->config->net, &candidate->address, 0, &candidate->owner);
	if (candidate->net)
		return;
	cluster_access_closed_control(control->access);
	cluster_candidate_drop(candidate);
	net_failure_set(&why, NET_FAIL_MEMORY, "out of memory");
	report_candidate(candidate, &why);
}

/* Some candidate or name is not decided yet, and may be tried. */
static bool
hope_left(const ClusterControl *control)
{
	bool		paused = cluster_credentials_paused(&control->access->credentials, now_of(control));

	for (const Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (!candidate->dropped && (candidate->opened || !paused))
			return true;
	}
	return !paused && cluster_contacts_pending(&control->contacts);
}

static bool
is_doubted(const Candidate *candidate)
{
	return cluster_credentials_doubted(&candidate->control->access->credentials, &candidate->address);
}

static void
fail_discovery(ClusterControl *control)
{
	ClusterReport report = control->report;

	cluster_control_stop(control);
	control->ops->on_failed(control->owner, &report);
}

static bool
may_ask(const ClusterControl *control, uint64_t now)
{
	int			asked = 0;

	if (!control->active)
		return true;
	for (const Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
		asked += candidate->asked && !candidate->dropped;
	return control->mode == CONTROL_DISCOVERING && now >= control->next_ask && asked < ASKED_MAX;
}

/* Something ended, got ready, or time went by: ask another one that is ready, or open the next. */
static void
advance(ClusterControl *control)
{
	Candidate  *unopened = NULL;
	bool		connecting = false;
	uint64_t	now = now_of(control);

	if (control->mode == CONTROL_IDLE || !may_ask(control, now))
		return;
	for (Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (candidate->dropped)
			continue;
		if (candidate->net && net_connection_ready(candidate->net) && (!candidate->asked || !control->active))
		{
			if (!control->active)
				control->active = candidate;
			if (!candidate->asked)
				ask(candidate);
			return;
		}
		connecting |= candidate->opened && !candidate->asked;
		if (!candidate->opened && (!unopened || is_doubted(unopened)))
			unopened = candidate;
	}
	if (unopened && (!connecting || now >= control->next_open) && cluster_access_take_control(control->access, now))
	{
		control->next_open = now + STAGGER;
		open_candidate(control, unopened);
	}
	if (control->mode == CONTROL_DISCOVERING && !hope_left(control))
		fail_discovery(control);
}

/* ---- names ---- */

/* Sessions spread over the contact points, unless the first one is to say which data center is the local one. NULL then. */
static uint64_t *
spreading(const ClusterControl *control)
{
	return control->topology->local_dc ? control->random : NULL;
}

static void
on_resolved(void *owner, const NetAddress *address, int n)
{
	ClusterControl *control = owner;
	uint64_t   *random = spreading(control);
	uint32_t	first = random && n > 0 ? cluster_random_below(random, (uint32_t) n) : 0;

	for (int i = 0; i < n; i++)
	{
		cluster_topology_name(control->topology, &address[i]);
		if (control->mode == CONTROL_DISCOVERING)
			add_candidate(control, &address[(first + (uint32_t) i) % (uint32_t) n]);
	}
	advance(control);
}

static const ClusterContactsOps contacts_ops = {
	.on_resolved = on_resolved,
	.on_failed = on_contact_failed,
};

/* In the pause behind a refusal the next tick finds nothing to hope for. */
void
cluster_control_discover(ClusterControl *control)
{
	control->mode = CONTROL_DISCOVERING;
	control->report = (ClusterReport) {0};
	control->deadline = now_of(control) + control->config->net.connect_timeout;
	control->next_open = 0;
	cluster_topology_restart(control->topology);
	if (cluster_credentials_paused(&control->access->credentials, now_of(control)))
		cluster_credentials_report(&control->access->credentials, now_of(control), &control->report);
	else
		cluster_contacts_look_up(&control->contacts, spreading(control));
}

void
cluster_control_stop(ClusterControl *control)
{
	control->mode = CONTROL_IDLE;
	control->active = NULL;
	cluster_contacts_cancel(&control->contacts);
	cluster_candidates_close_others(control->candidates, NULL);
}

/* ---- time ---- */

/* Silence everywhere: each one still awaited is named. */
static void
time_out(ClusterControl *control)
{
	NetFailure	why;

	net_failure_set(&why, NET_FAIL_TIMEOUT, "no answer within %u ms", control->config->net.connect_timeout);
	for (const Candidate *candidate = control->candidates; candidate; candidate = candidate->next)
	{
		if (!candidate->dropped)
			report_candidate(candidate, &why);
	}
	cluster_contacts_time_out(&control->contacts, why.message);
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

	if (!active && !hope_left(control) && now >= control->backoff.due
		&& !cluster_credentials_paused(&control->access->credentials, now))
		replace(control);
	else if (active && active->query.pending == 0 && cluster_reread_wanted(&control->reread, now, control->used))
		start_reading(active);
}

void
cluster_control_tick(ClusterControl *control, uint64_t now)
{
	cluster_candidates_reap(&control->candidates);
	cluster_candidates_tick(control->candidates, now);
	if (control->mode == CONTROL_KEEPING)
		tick_keeping(control, now);
	else if (control->mode == CONTROL_DISCOVERING && now >= control->deadline)
		time_out(control);
	else
		advance(control);
}

uint64_t
cluster_control_due(const ClusterControl *control, uint64_t now)
{
	const Candidate *active = control->active;

	if (control->mode == CONTROL_IDLE && !control->candidates)
		return UINT64_MAX;
	if (control->mode != CONTROL_KEEPING || !active || !active->net || control->candidates->next)
		return now;
	return net_sooner(net_connection_due(active->net), cluster_reread_due(&control->reread, control->used));
}

/* ---- life ---- */

ClusterControl *
cluster_control_new(const ClusterConfig *config, ClusterTopology *topology, const ClusterControlOps *ops,
					void *owner, ClusterAccess *access, uint64_t *random)
{
	ClusterControl *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	if (!cluster_contacts_init(&control->contacts, config, &contacts_ops, control))
	{
		free(control);
		return NULL;
	}
	control->config = config;
	control->topology = topology;
	control->ops = ops;
	control->owner = owner;
	control->access = access;
	control->random = control->reread.random = random;
	control->reread.interval = config->refresh_interval;
	return control;
}

void
cluster_control_free(ClusterControl *control)
{
	if (!control)
		return;
	cluster_candidates_reap(&control->candidates);
	cluster_contacts_free(&control->contacts);
	free(control);
}

bool
cluster_control_closed(const ClusterControl *control)
{
	return cluster_candidates_closed(control->candidates);
}

void
cluster_control_use(ClusterControl *control)
{
	control->used = true;
}

void
cluster_control_reread(ClusterControl *control)
{
	cluster_reread_event(&control->reread, now_of(control));
}

NetConnection *
cluster_control_connection(const ClusterControl *control)
{
	return control->active ? control->active->net : NULL;
}

const ClusterChanges *
cluster_control_changes(const ClusterControl *control)
{
	return &control->changes;
}
