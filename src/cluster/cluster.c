/*
 * cluster/cluster.c
 *	  Connecting, staying connected, and being down: the state of the whole.
 *
 * Submitter thread only; nothing here blocks.
 * Owns: the topology, the control connection, a pool for each local node, the
 * dispatch of requests, the questions about the cluster itself until they can be
 * answered, and the one timer that drives all of them.
 *
 *	 connecting --on_topology--> ready
 *	 connecting --on_failed--> down
 *	 ready --check_alone: none that is wanted is up for connect_timeout--> down
 *	 down --cluster_submit--> connecting
 *	 any --cluster_close--> closing --finish_closing--> freed
 *
 * Connections are opened by requests (cluster/route), and closed where nobody uses
 * them: after idle_timeout, or where max_connections leaves no room for one that is
 * wanted. The control connection stays.
 *
 * Invariants: connections are opened in state ready only; in state down no request is
 * held and no connection is wanted.
 *
 * Down is a state with a reason. When no node can be reached, all that waits fails
 * at once with the cluster's own failure, and no request has to wait for its
 * timeout. The next request tries again.
 */
#include "cluster/cluster.h"

#include "cluster/control.h"
#include "cluster/dispatch.h"
#include "cluster/pools.h"
#include "cluster/random.h"
#include "cluster/snapshot.h"
#include "cluster/tablet_query.h"
#include "cluster/trace.h"

#include <stdio.h>
#include <stdlib.h>

#define PACE_BUSY 25			/* ms between ticks: the resolution of deadlines */
#define PACE_IDLE 500			/* while nothing is in flight and nobody waits, but something has happened */
#define QUIET_TICKS 2			/* loop turns for libuv to let go of the last handles */

typedef enum ClusterState
{
	STATE_CONNECTING, STATE_READY, STATE_DOWN, STATE_CLOSING
} ClusterState;

struct Cluster
{
	CoreThread	thread;			/* that opened it */
	const ClusterConfig *config;
	const ClusterOps *ops;
	void	   *owner;
	ClusterState state;
	ClusterTopology topology;
	ClusterControl *control;
	ClusterTabletQuery tablets;
	ClusterDispatch dispatch;
	ClusterLane questions;
	uv_timer_t	timer;
	uint64_t	pace;			/* of the timer; more than PACE_IDLE: it rests until something is due */
	uint64_t	due;			/* uv_now ms, while it rests */
	bool		ticked;			/* the timer came, and nothing else since */
	bool		alone;			/* ready, but no node is up */
	uint64_t	alone_since;
	ClusterAccess access;
	uint64_t	random;
	ClusterFailure down;		/* in state down: why */
	void		(*closed) (void *owner);
	uint32_t	quiet;			/* ticks without an open connection while closing */
};

static void on_tick(uv_timer_t *timer);

static uint64_t
now_of(const Cluster *c)
{
	return uv_now(c->config->net.loop);
}

static void
set_pace(Cluster *c, uint64_t pace)
{
	if (c->pace == pace)
		return;
	c->pace = pace;
	uv_timer_start(&c->timer, on_tick, pace, pace);
}

/* ---- rest ---- */

/* Where no request is. */
static uint64_t
next_due(const Cluster *c, uint64_t now)
{
	uint64_t	due = cluster_control_due(c->control, now);

	for (uint32_t i = 0; i < c->topology.nnodes; i++)
	{
		const ClusterNode *node = c->topology.node[i];

		if (node->pool)
			due = net_sooner(due, cluster_pool_due(node->pool, now));
		else if (node->local && c->state == STATE_READY)
			return now;
	}
	return due;
}

/* A session that nobody uses costs nothing. */
static void
rest(Cluster *c, uint64_t now)
{
	c->due = next_due(c, now);
	set_pace(c, c->due > now + PACE_IDLE ? c->due - now : PACE_IDLE);
}

/* Whatever happened, there may be something to do earlier than was known. */
static void
stir(Cluster *c)
{
	if (c->pace > PACE_IDLE && !c->ticked && now_of(c) + PACE_IDLE < c->due)
		set_pace(c, PACE_IDLE);
	c->ticked = false;
}

/* ---- down ---- */

static void
stop_everything(Cluster *c)
{
	cluster_control_stop(c->control);
	cluster_pools_stop(&c->topology);
}

static void
answer(Cluster *c, ClusterRequest *request)
{
	request->latency = uv_hrtime() - request->started;
	CORE_NOTE(request->held = false);
	c->ops->on_complete(c->owner, request);
}

static void
fail_question(Cluster *c, ClusterRequest *request, ClusterFailureKind kind, const char *text)
{
	request->failed = true;
	request->failure = cluster_failure_new(request, kind, "%s", text);
	answer(c, request);
}

/* why NULL: the cluster closes. */
static void
fail_questions(Cluster *c, const ClusterFailure *why)
{
	ClusterRequest *request;

	while ((request = cluster_lane_take(&c->questions)))
		fail_question(c, request, why ? why->kind : CLUSTER_FAIL_ABANDONED, why ? why->message : "the session was closed");
}

static void
enter_down(Cluster *c, const ClusterReport *report)
{
	CORE_ASSERT(c->state == STATE_CONNECTING || c->state == STATE_READY);
	c->state = STATE_DOWN;
	c->dispatch.ready = false;
	c->alone = false;
	cluster_report_fill(report, &c->down);
	cluster_trace_add(c->config->trace, CLUSTER_EVENT_DOWN, "", "%s", c->down.message);
	stop_everything(c);
	cluster_dispatch_give_up(&c->dispatch, &c->down);
	fail_questions(c, &c->down);
	c->ops->on_down(c->owner, &c->down);
}

static void
on_failed(void *owner, const ClusterReport *report)
{
	enter_down(owner, report);
}

static void
lack_local_nodes(Cluster *c)
{
	const ClusterTopology *t = &c->topology;
	const char *other = "";
	ClusterReport report = {.kind = NET_FAIL_CONNECT};
	char		text[sizeof(report.text)];

	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		if (t->node[i]->present)
			other = t->node[i]->dc;
	}
	snprintf(text, sizeof(text), "the cluster has no node in data center \"%s\" (%s), but in \"%s\"", t->local_dc,
			 c->config->local_dc ? "option local_dc" : "that of the session's first node, as there is no option local_dc", other);
	cluster_failure_text(report.text, sizeof(report.text), text, strlen(text));
	enter_down(c, &report);
}

/* Requests wait for nodes, or the control connection does; as long as nobody wants one, none need be up. */
static bool
is_alone(const Cluster *c)
{
	return (!cluster_dispatch_idle(&c->dispatch) || !cluster_control_connection(c->control)) && !cluster_pools_some_up(&c->topology);
}

static void
note_alone(Cluster *c, uint64_t now)
{
	bool		alone = is_alone(c);

	if (alone && !c->alone)
		c->alone_since = now;
	c->alone = alone;
}

/* Nodes had their time to come back. */
static void
check_alone(Cluster *c, uint64_t now)
{
	ClusterReport report = {0};

	note_alone(c, now);
	if (!c->alone || now < c->alone_since + c->config->net.connect_timeout || cluster_pools_some_opening(&c->topology, c->alone_since + CLUSTER_PLACE_PATIENCE))
		return;
	cluster_pools_report(&c->topology, &report);
	if (report.kind != NET_FAIL_CREDENTIALS && cluster_credentials_paused(&c->access.credentials, now))
		cluster_credentials_report(&c->access.credentials, now, &report);
	enter_down(c, &report);
}

/* Whoever is the first to wait gets all of the time, and nodes that may be back are asked at once. */
static void
begin_waiting(Cluster *c)
{
	if (c->dispatch.in_flight > 0 || !cluster_dispatch_idle(&c->dispatch) || cluster_pools_some_up(&c->topology))
		return;
	c->alone_since = now_of(c);
	cluster_pools_forget_failures(&c->topology);
}

/* ---- pools ---- */

static void
on_up(ClusterPool *pool, const NetConnection *net)
{
	Cluster    *c = pool->owner;

	cluster_trace_connected(c->config->trace, net, "for requests");
	c->alone = false;
	cluster_dispatch_resume(&c->dispatch);
}

static void
on_down(ClusterPlace *place, bool was_up, const NetFailure *why)
{
	Cluster    *c = place->pool->owner;

	cluster_trace_closed(c->config->trace, place->node->name, was_up, why);
	if (!was_up && why->kind != NET_FAIL_NONE && why->kind != NET_FAIL_CREDENTIALS)
		cluster_topology_turn(&c->topology, place->node);
	cluster_dispatch_leave(&c->dispatch, place);
}

static void
on_moved(ClusterPlace *place)
{
	cluster_dispatch_leave(&((Cluster *) place->pool->owner)->dispatch, place);
}

/* Two nodes have changed their addresses, for example. */
static void
on_stranger(ClusterPool *pool)
{
	Cluster    *c = pool->owner;

	cluster_trace_add(c->config->trace, CLUSTER_EVENT_REFUSED, pool->node->name, "another node is at this address now");
	cluster_control_reread(c->control);
}

static const ClusterPoolOps pool_ops = {
	.on_up = on_up,
	.on_down = on_down,
	.on_moved = on_moved,
	.on_stranger = on_stranger,
};

/* Bring a local node's pool in line with what was read about it. */
static void
follow_node(Cluster *c, ClusterNode *node, bool nodes_up)
{
	if (!node->pool)
		node->pool = cluster_pool_new(&pool_ops, c, c->config, node, &c->access, &c->random);
	if (!node->pool)
		return;					/* without memory, it is not used until the next tick */
	cluster_pool_follow(node->pool);
	cluster_pool_start(node->pool);
	if (nodes_up && !cluster_pool_ready(node->pool))
		cluster_pool_hurry(node->pool);
}

static void
on_topology(void *owner, bool nodes_up)
{
	Cluster    *c = owner;

	CORE_ASSERT(c->state == STATE_CONNECTING || c->state == STATE_READY);
	if (c->topology.nlocal == 0)
	{
		lack_local_nodes(c);
		return;
	}
	for (uint32_t i = 0; i < c->topology.nnodes; i++)
	{
		ClusterNode *node = c->topology.node[i];

		if (node->local)
			follow_node(c, node, nodes_up);
		else if (node->pool)
			cluster_pool_retire(node->pool);
	}
	c->state = STATE_READY;
	c->dispatch.ready = true;
	cluster_dispatch_resume(&c->dispatch);
}

static const ClusterControlOps control_ops = {
	.on_topology = on_topology,
	.on_failed = on_failed,
};

/* ---- questions about the cluster itself ---- */

static void
take_question(Cluster *c, ClusterRequest *request)
{
	CORE_ASSERT(!request->held);
	CORE_NOTE(request->held = true);
	request->attempts = 0;
	request->failed = false;
	request->failure = NULL;
	request->place = NULL;
	request->node = 0;
	request->started = uv_hrtime();
	request->deadline = now_of(c) + request->timeout_ms;
	cluster_lane_append(&c->questions, request);
	if (request->kind == CLUSTER_NODES)
		cluster_pools_forget_failures(&c->topology);
}

/* What it wants to know is known, as far as it will be in time. */
static bool
is_answerable(Cluster *c, const ClusterRequest *request)
{
	const char *keyspace;
	const char *table;

	if (c->state != STATE_READY)
		return false;
	if (!cluster_snapshot_table(request, &keyspace, &table))
		return cluster_snapshot_ready(&c->topology, request);
	cluster_tablet_query_want(&c->tablets, cluster_control_connection(c->control), keyspace, table);
	return request->kind == CLUSTER_WARM || now_of(c) >= request->deadline ||
		!cluster_tablet_query_awaits(&c->tablets, keyspace, table);
}

static void
answer_questions(Cluster *c)
{
	ClusterLane all = cluster_lane_take_all(&c->questions);
	ClusterRequest *request;

	while ((request = cluster_lane_take(&all)))
	{
		if (is_answerable(c, request))
		{
			cluster_snapshot_answer(&c->topology, request);
			answer(c, request);
		}
		else if (!c->ops->is_wanted(c->owner, request))
			fail_question(c, request, CLUSTER_FAIL_ABANDONED, "abandoned before it was answered");
		else if (now_of(c) >= request->deadline)
			fail_question(c, request, CLUSTER_FAIL_TIMEOUT, "the cluster's nodes were not known in time");
		else
		{
			if (c->state == STATE_READY && request->kind == CLUSTER_NODES)
				cluster_pools_open_undecided(&c->topology);
			cluster_lane_append(&c->questions, request);
		}
	}
}

/* ---- time ---- */

static bool
all_closed(const Cluster *c)
{
	return cluster_pools_closed(&c->topology) && cluster_control_closed(c->control);
}

static void
free_cluster(Cluster *c)
{
	cluster_dispatch_free(&c->dispatch);	/* its lists are of places */
	cluster_pools_free(&c->topology);
	cluster_control_free(c->control);
	cluster_topology_free(&c->topology);
	free(c);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	Cluster    *c = handle->data;
	void		(*closed) (void *owner) = c->closed;
	void	   *owner = c->owner;

	CORE_ASSERT(all_closed(c) && !c->questions.first);
	free_cluster(c);
	closed(owner);
}

static void
finish_closing(Cluster *c)
{
	fail_questions(c, NULL);
	cluster_dispatch_give_up(&c->dispatch, NULL);
	if (!all_closed(c))
		c->quiet = 0;
	else if (++c->quiet >= QUIET_TICKS)
		uv_close((uv_handle_t *) &c->timer, on_timer_closed);
}

static bool
busy(const Cluster *c)
{
	return c->state == STATE_CONNECTING || c->alone || c->questions.first || c->dispatch.in_flight > 0 ||
		!cluster_dispatch_idle(&c->dispatch);
}

static void
on_tick(uv_timer_t *timer)
{
	Cluster    *c = timer->data;
	uint64_t	now = now_of(c);

	CORE_ASSERT(core_thread_is_mine(&c->thread));
	if (c->state == STATE_CLOSING)
	{
		finish_closing(c);
		return;
	}
	cluster_control_tick(c->control, now);
	for (uint32_t i = 0; i < c->topology.nnodes; i++)
	{
		ClusterNode *node = c->topology.node[i];

		if (node->pool)
			cluster_pool_tick(node->pool, now);
		else if (node->local && c->state == STATE_READY)
			follow_node(c, node, false);
	}
	cluster_pools_make_room(&c->topology, &c->access, now);
	if (c->state == STATE_READY)
		check_alone(c, now);
	if (c->state == STATE_DOWN) /* what connections that were closed have handed back since */
		cluster_dispatch_give_up(&c->dispatch, &c->down);
	cluster_dispatch_tick(&c->dispatch, now);
	cluster_dispatch_flush(&c->dispatch);
	if (busy(c))
		set_pace(c, PACE_BUSY);
	else
		rest(c, now);
	c->ticked = true;
}

/* ---- the submitter's ---- */

static void
connect_anew(Cluster *c)
{
	c->state = STATE_CONNECTING;
	cluster_control_discover(c->control);
	set_pace(c, PACE_BUSY);
}

Cluster *
cluster_open(const ClusterConfig *config, const ClusterOps *ops, void *owner)
{
	Cluster    *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	core_thread_take(&c->thread);
	c->config = config;
	c->access.config = config;
	c->ops = ops;
	c->owner = owner;
	c->random = (uv_hrtime() ^ (uintptr_t) c) | 1;
	c->tablets.topology = &c->topology;
	c->tablets.config = &config->net;
	cluster_dispatch_init(&c->dispatch, config, &c->topology);
	c->dispatch.ops = ops;
	c->dispatch.owner = owner;
	c->dispatch.random = &c->random;
	c->dispatch.spread = (uint32_t) (cluster_random(&c->random) >> 32);
	c->control = cluster_control_new(config, &c->topology, &control_ops, c, &c->access, &c->random);
	if (!cluster_topology_init(&c->topology, config->local_dc, config->local_rack) || !c->control)
	{
		free_cluster(c);
		return NULL;
	}
	uv_timer_init(config->net.loop, &c->timer);
	c->timer.data = c;
	connect_anew(c);
	return c;
}

void
cluster_submit(Cluster *c, ClusterRequest *request)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread) && c->state != STATE_CLOSING);
	if (c->state == STATE_DOWN)
		connect_anew(c);
	begin_waiting(c);
	cluster_control_use(c->control);
	set_pace(c, PACE_BUSY);
	if (cluster_snapshot_wanted(request))
		take_question(c, request);
	else
		cluster_dispatch_submit(&c->dispatch, request);
}

ClusterLoad
cluster_load(const Cluster *c)
{
	ClusterLoad load = {.in_flight = c->dispatch.in_flight, .answered = c->dispatch.answered};

	for (const ClusterPlace *place = c->dispatch.active; place; place = place->next_active)
		load.pressed |= cluster_place_is_pressed(place);
	return load;
}

void
cluster_limit(Cluster *c, uint32_t limit, bool fixed)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread) && limit > 0);
	cluster_dispatch_limit(&c->dispatch, limit, fixed);
}

uint32_t
cluster_strains(const Cluster *c)
{
	return c->dispatch.strained.strains;
}

void
cluster_begin(Cluster *c)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread));
	c->dispatch.began = uv_hrtime();
}

void
cluster_flush(Cluster *c)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread));
	stir(c);
	answer_questions(c);
	cluster_dispatch_flush(&c->dispatch);
}

ClusterVersions
cluster_versions(const Cluster *c)
{
	return (ClusterVersions) {c->topology.generation, cluster_control_changes(c->control)->version, c->topology.scylla};
}

void
cluster_answer_changes(const Cluster *c, ClusterRequest *request)
{
	cluster_changes_answer(cluster_control_changes(c->control), request);
}

void
cluster_close(Cluster *c, void (*done) (void *owner))
{
	CORE_ASSERT(core_thread_is_mine(&c->thread) && c->state != STATE_CLOSING);
	c->state = STATE_CLOSING;
	c->dispatch.closing = true;
	c->closed = done;
	stop_everything(c);
	uv_timer_start(&c->timer, on_tick, 0, 1);
}
