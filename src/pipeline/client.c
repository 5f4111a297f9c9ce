/*
 * pipeline/client.c
 *	  The backend's handle on the core: open, encode, submit, drain, abandon, close.
 *
 * Thread: backend.
 * Owns: the channel, the submitter's handle, the copied configuration, every
 * pipeline, every chunk that is not on its way.
 * Invariants: client->outstanding is the sum over all pipelines, abandoned ones
 * included; a pipeline's outstanding requests are in its filling chunk or
 * submitted. An abandoned pipeline has neither filling chunk, done nor taken
 * requests and lives until its last submitted request is home. A chunk is kept
 * aside once its last request is released.
 *
 * A pipeline is its own age mark. Abandoning sets one flag on it. No counter of
 * generations is compared: a request knows its pipeline through its chunk.
 *
 * Abandoning never waits, as it runs in abort, where waiting and raising are
 * forbidden. The fence makes up for that: before the session's next write it waits, and
 * may be interrupted, for what could still do harm (PipelineKind). A request that its
 * timeout gave up is not waited for any more.
 */
#include "pipeline/client.h"

#include "pipeline/client_config.h"
#include "pipeline/spare.h"
#include "pipeline/submitter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_LIMIT_REQUESTS 8192
#define ANY_NUMBER (UINT32_MAX / 2) /* of sockets */
#define DEFAULT_LIMIT_BYTES ((size_t) 16 * 1024 * 1024)

struct Pipeline
{
	Client	   *client;
	Pipeline   *prev;			/* client->pipelines; not once abandoned */
	Pipeline   *next;
	bool		abandoned;
	PipelineKind kind;
	PipelineLimit limit;
	Chunk	   *filling;		/* NULL: none begun */
	uint32_t	outstanding;	/* committed, not yet drained */
	size_t		outstanding_bytes;
	uint32_t	submitted;		/* of the outstanding: those not in the filling chunk */
	ClusterLane done;			/* drained, not yet asked for */
	ClusterLane taken;			/* in the caller's hands until released */
	char		apart[64];		/* the submitter's writes leave alone what the backend has in its cache */
	Gate		gate;
};

struct Client
{
	CoreThread	thread;			/* the backend's */
	Channel		channel;
	SubmitterCounters counters;
	NetSockets	sockets;
	ClusterConfig config;
	CqlArena	strings;		/* config's */
	Submitter  *submitter;
	Pipeline   *pipelines;		/* those not abandoned */
	Spare		spare;
	uint32_t	outstanding;
	uint32_t	abandoned[PIPELINE_ORDERED + 1];	/* of the outstanding: those of abandoned pipelines, by kind */
	uint64_t	submitted_ever;
	uint64_t	drained_ever;
};

static inline Request *
request_of(ClusterRequest *core)
{
	return (Request *) core;	/* core is its first member */
}

/* ---- invariants ---- */

static uint32_t
filling_count(const Pipeline *p)
{
	return p->filling ? p->filling->count : 0;
}

/* Of one pipeline: what is not drained is being filled or submitted. */
static bool
pipeline_adds_up(const Pipeline *p)
{
	return p->outstanding == p->submitted + filling_count(p) && p->outstanding <= p->client->outstanding &&
		(p->outstanding > 0 || p->outstanding_bytes == 0);
}

/* Of all pipelines. */
static bool
client_adds_up(const Client *c)
{
	uint32_t	outstanding = client_abandoned(c, PIPELINE_READS);

	for (const Pipeline *p = c->pipelines; p; p = p->next)
		outstanding += p->outstanding;
	return outstanding == c->outstanding && c->drained_ever <= c->submitted_ever &&
		c->submitted_ever - c->drained_ever <= c->outstanding;
}

/* What an abandoned pipeline still has is on its way. */
static bool
is_bare(const Pipeline *p)
{
	return !p->filling && !p->done.first && !p->taken.first && p->submitted == p->outstanding;
}

static bool
is_listed(const Pipeline *p)
{
	const Pipeline *before = p->prev;

	return !p->abandoned && (before ? before->next : p->client->pipelines) == p;
}

/* The door of all that is done with a pipeline. */
static bool
may_use(const Pipeline *p)
{
	return core_thread_is_mine(&p->client->thread) && is_listed(p);
}

/* ---- open and close ---- */

static void
free_client(Client *c)
{
	cql_arena_wipe(&c->strings);	/* passwords are among them */
	cql_arena_free(&c->strings);
	free(c);
}

Client *
client_open(const ClusterConfig *config, char *error, size_t error_size)
{
	Client	   *c;

	if (config->ncontacts < 1)
	{
		snprintf(error, error_size, "no contact point");
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c || !client_config_copy(config, &c->config, &c->strings))
	{
		snprintf(error, error_size, "out of memory");
		if (c)
			free_client(c);
		return NULL;
	}
	core_thread_take(&c->thread);
	atomic_init(&c->sockets.free, ANY_NUMBER);
	if (!channel_init(&c->channel))
	{
		snprintf(error, error_size, "could not create an event descriptor: %s", uv_strerror(-errno));
		free_client(c);
		return NULL;
	}
	c->submitter = submitter_start(&c->config, &c->channel, &c->counters, &c->sockets);
	if (!c->submitter)
	{
		snprintf(error, error_size, "could not start a thread: %s", uv_strerror(-errno));
		channel_destroy(&c->channel);
		free_client(c);
		return NULL;
	}
	return c;
}

void
client_limit_all(uint32_t max_in_flight)
{
	submitter_limit_all(max_in_flight);
}

bool
client_close(Client *c, uint32_t timeout_ms)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread));
	while (c->pipelines)
		pipeline_abandon(c->pipelines);
	channel_stop(&c->channel);
	if (!submitter_join(c->submitter, timeout_ms))
		return false;
	/* The submitter published all it had; all of it is abandoned, so this frees it. */
	client_drain(c);
	CORE_ASSERT(c->outstanding == 0 && c->submitted_ever == c->drained_ever);
	spare_free(&c->spare);
	channel_destroy(&c->channel);
	free_client(c);
	return true;
}

/* ---- wait ---- */

int
client_wait_fd(const Client *c)
{
	return c->channel.backend_fd;
}

static uint32_t
submitted_not_drained(const Client *c)
{
	return (uint32_t) (c->submitted_ever - c->drained_ever);
}

bool
client_sleep(Client *c, uint32_t want)
{
	uint32_t	due = submitted_not_drained(c);

	if (want > due)
		want = due;
	return want > 0 && channel_sleep(&c->channel, want);
}

void
client_awake(Client *c)
{
	channel_awake(&c->channel);
}

void
client_arm(Client *c, bool ready)
{
	if (ready || !client_sleep(c, 1))
		channel_poke(&c->channel);
}

/* ---- requests come home ---- */

/* Most requests have none. */
static void
free_rare(Request *r)
{
	free(r->core.failure);
	free(r->core.warnings);
}

static void
release_request(Client *c, Request *r)
{
	Chunk	   *chunk = r->chunk;

	CORE_ASSERT(chunk->home < chunk->count);
	spare_keep(&c->spare, r->core.room, r->core.room_size);
	spare_keep(&c->spare, r->core.body, r->core.body_room);
	if (r->core.failure || r->core.warnings)
		free_rare(r);
	if (++chunk->home == chunk->count)
		spare_keep_chunk(&c->spare, chunk);
}

/* false: nobody cares for it any more */
static bool
bring_home(Client *c, ClusterRequest *core)
{
	Request    *r = request_of(core);
	Pipeline   *p = r->chunk->pipeline;

	CORE_ASSERT(p->client == c && p->submitted > 0 && pipeline_adds_up(p));
	c->outstanding--;
	p->outstanding--;
	p->submitted--;
	p->outstanding_bytes -= core->length;
	if (!p->abandoned)
	{
		cluster_lane_append(&p->done, core);
		return true;
	}
	CORE_ASSERT(is_bare(p));
	c->abandoned[p->kind]--;
	release_request(c, r);
	if (p->outstanding == 0)
		free(p);
	return false;
}

static bool
nothing_published(const Client *c)
{
	return atomic_load_explicit(&c->channel.published, memory_order_relaxed) == c->drained_ever;
}

uint32_t
client_drain(Client *c)
{
	ClusterLane home = {0};
	ClusterRequest *core;
	uint32_t	moved = 0;

	CORE_ASSERT(core_thread_is_mine(&c->thread));
	/* Called for every row: the common answer must not cost a mutex. */
	if (nothing_published(c))
		return 0;
	c->drained_ever += channel_drain(&c->channel, &home);
	while ((core = cluster_lane_take(&home)))
		moved += bring_home(c, core);
	CORE_ASSERT(client_adds_up(c));
	return moved;
}

uint32_t
client_abandoned(const Client *c, PipelineKind kind)
{
	uint32_t	n = 0;

	for (int i = (int) kind; i <= PIPELINE_ORDERED; i++)
		n += c->abandoned[i];
	return n;
}

uint32_t
client_outstanding(const Client *c)
{
	return c->outstanding;
}

void
client_stats(const Client *c, ClientStats *stats)
{
	const SubmitterCounters *from = &c->counters;

	stats->requests = atomic_load_explicit(&from->requests, memory_order_relaxed);
	stats->bytes = atomic_load_explicit(&from->bytes, memory_order_relaxed);
	stats->failures = atomic_load_explicit(&from->failures, memory_order_relaxed);
	stats->retries = atomic_load_explicit(&from->retries, memory_order_relaxed);
	stats->in_flight = atomic_load_explicit(&from->in_flight, memory_order_relaxed);
	stats->window_peak = atomic_load_explicit(&from->window_peak, memory_order_relaxed);
	stats->stalls = atomic_load_explicit(&from->stalls, memory_order_relaxed);
}

void
client_limit_sockets(Client *c, uint32_t sockets)
{
	CORE_ASSERT(c->submitted_ever == 0);
	atomic_store(&c->sockets.free, sockets);
}

uint32_t
client_sockets_wanted(const Client *c)
{
	return atomic_load_explicit(&c->sockets.wanted, memory_order_relaxed);
}

void
client_forget_wanted(Client *c)
{
	atomic_store_explicit(&c->sockets.wanted, 0, memory_order_relaxed);
}

void
client_give_sockets(Client *c, uint32_t n, bool denied)
{
	atomic_store(&c->sockets.denied, denied);
	if (!denied)
		client_forget_wanted(c);
	net_sockets_give(&c->sockets, n);
}

bool
client_take_socket(Client *c)
{
	return net_sockets_take(&c->sockets);
}

uint32_t
client_topology_version(const Client *c)
{
	return atomic_load_explicit(&c->counters.topology_version, memory_order_relaxed);
}

uint32_t
client_schema_version(const Client *c)
{
	return atomic_load_explicit(&c->counters.schema_version, memory_order_relaxed);
}

bool
client_is_scylla(const Client *c)
{
	return atomic_load_explicit(&c->counters.scylla, memory_order_relaxed);
}

/* ---- a pipeline's way out ---- */

Pipeline *
pipeline_open(Client *c, PipelineKind kind, const PipelineLimit *limit)
{
	Pipeline   *p = calloc(1, sizeof(*p));

	CORE_ASSERT(core_thread_is_mine(&c->thread));
	if (!p)
		return NULL;
	p->client = c;
	p->kind = kind;
	p->limit.requests = limit->requests ? limit->requests : DEFAULT_LIMIT_REQUESTS;
	p->limit.bytes = limit->bytes ? limit->bytes : DEFAULT_LIMIT_BYTES;
	p->next = c->pipelines;
	if (p->next)
		p->next->prev = p;
	c->pipelines = p;
	spare_set_busy(&c->spare, true);
	return p;
}

static void
begin_chunk(Pipeline *p)
{
	p->filling = spare_take_chunk(&p->client->spare);
	if (p->filling)
		chunk_reset(p->filling, p, &p->gate);
}

CqlBuffer *
pipeline_begin(Pipeline *p)
{
	CORE_ASSERT(may_use(p) && !gate_is_shut(&p->gate));
	if (!p->filling)
		begin_chunk(p);
	return p->filling ? chunk_begin_request(p->filling) : NULL;
}

/*
 * The submitter has nothing of this pipeline: as far as we drained, or, without
 * a drain, because it has published everything it ever got.
 */
bool
pipeline_idle(const Pipeline *p)
{
	const Client *c = p->client;

	return p->submitted == 0 ||
		atomic_load_explicit(&c->channel.published, memory_order_relaxed) == c->submitted_ever;
}

Request *
pipeline_commit(Pipeline *p, const RequestTemplate *t, const int64_t *token, uint64_t ordinal)
{
	Request    *r = chunk_commit_request(p->filling, t, token, ordinal);

	CORE_ASSERT(may_use(p) && !gate_is_shut(&p->gate));
	CORE_ASSERT(p->kind == PIPELINE_ORDERED || (t->idempotent && (p->kind == PIPELINE_TIMED || t->rows == 0)));
	if (!r)
		return NULL;
	spare_give_room(&p->client->spare, &r->core);
	p->client->outstanding++;
	p->outstanding++;
	p->outstanding_bytes += r->core.length;
	if (chunk_full(p->filling) || pipeline_idle(p) || pipeline_full(p))
		pipeline_submit(p);
	return r;
}

void
pipeline_submit(Pipeline *p)
{
	ChunkList	list;

	CORE_ASSERT(may_use(p) && pipeline_adds_up(p));
	if (!p->filling || p->filling->count == 0)
		return;
	p->submitted += p->filling->count;
	p->client->submitted_ever += p->filling->count;
	chunk_list_init(&list);
	chunk_list_append(&list, p->filling);
	p->filling = NULL;
	channel_submit(&p->client->channel, &list);
}

bool
pipeline_full(const Pipeline *p)
{
	return p->outstanding >= p->limit.requests || p->outstanding_bytes >= p->limit.bytes;
}

uint32_t
pipeline_outstanding(const Pipeline *p)
{
	return p->outstanding;
}

size_t
pipeline_outstanding_bytes(const Pipeline *p)
{
	return p->outstanding_bytes;
}

/* ---- and back ---- */

Request *
pipeline_next_done(Pipeline *p)
{
	ClusterRequest *core = cluster_lane_take(&p->done);

	CORE_ASSERT(may_use(p));
	if (!core)
		return NULL;
	cluster_lane_append(&p->taken, core);
	return request_of(core);
}

void
pipeline_release(Pipeline *p, Request *r)
{
	CORE_ASSERT(may_use(p) && r->chunk->pipeline == p);
	cluster_lane_remove(&p->taken, &r->core);	/* at the head, or nearly: they are released as they were taken */
	release_request(p->client, r);
}

static void
release_all(Client *c, ClusterLane *lane)
{
	ClusterRequest *core;

	while ((core = cluster_lane_take(lane)))
		release_request(c, request_of(core));
}

static void
unlink_pipeline(Pipeline *p)
{
	Client	   *c = p->client;

	if (p->prev)
		p->prev->next = p->next;
	else
		c->pipelines = p->next;
	if (p->next)
		p->next->prev = p->prev;
	if (!c->pipelines)
		spare_set_busy(&c->spare, false);
}

uint64_t
pipeline_shut(Pipeline *p)
{
	CORE_ASSERT(may_use(p));
	return gate_shut(&p->gate);
}

void
pipeline_abandon(Pipeline *p)
{
	Client	   *c = p->client;

	CORE_ASSERT(may_use(p) && pipeline_adds_up(p));
	release_all(c, &p->done);
	release_all(c, &p->taken);
	if (p->filling)
	{
		/* Never left this thread: home already. */
		p->outstanding -= p->filling->count;
		c->outstanding -= p->filling->count;
		for (uint32_t i = 0; i < p->filling->count; i++)
			spare_keep(&c->spare, p->filling->request[i].core.room, p->filling->request[i].core.room_size);
		spare_keep_chunk(&c->spare, p->filling);
		p->filling = NULL;
	}
	unlink_pipeline(p);
	if (p->outstanding == 0)
	{
		free(p);
		return;
	}
	/*
	 * No wake-up: the submitter sees the flag when it comes to the requests, or
	 * at the next look through its queue.
	 */
	c->abandoned[p->kind] += p->outstanding;
	p->abandoned = true;
	gate_drop(&p->gate);
	CORE_ASSERT(is_bare(p) && client_adds_up(c));
}

void
pipeline_close(Pipeline *p)
{
	pipeline_abandon(p);
}
