/*
 * cluster/tablet_query.c
 *	  Reads all tablets of a table.
 *
 * Submitter thread only.
 * Owns: its question in flight. What is read goes to the topology at once.
 * Invariants: unless idle, exactly one question is in flight; a table that is awaited is
 * the one under way, or comes behind it; of a table that was forgotten meanwhile, nothing
 * more is learned.
 *
 * While a tablet moves, its row has the replicas from before, to which requests are passed on.
 */
#include "cluster/tablet_query.h"

#include "cluster/locate.h"
#include "cql/request.h"

#include <string.h>

#define PAGE_TABLETS 1000		/* so that no turn is long */
#define TIMEOUT 2000			/* ms for each answer: the work goes on without it */

static void on_answer(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame);

/* The table under way. NULL: it was forgotten. */
static ClusterTablets *
tablets_of(const ClusterTabletQuery *q)
{
	return cluster_tablets_of(&q->topology->tablets, q->keyspace, q->table);
}

/* Nobody answers, or nobody may know: all tables do without. */
static void
give_up(ClusterTabletQuery *q)
{
	q->step = CLUSTER_TABLETS_IDLE;
	for (ClusterTablets *t = q->topology->tablets.tables; t; t = t->next)
		t->awaited = false;
}

/* ---- questions ---- */

static void
put_text(CqlBuffer *b, const char *text)
{
	cql_put_long_string(b, text, strlen(text));
}

/* values: [short n] n x [value] */
static void
ask(ClusterTabletQuery *q, NetConnection *c, const char *text, const CqlBuffer *values, CqlBytes paging_state)
{
	uint8_t		flags = CQL_PARAM_VALUES | CQL_PARAM_PAGE_SIZE;
	CqlBuffer	body = {0};

	if (paging_state.len >= 0)
		flags |= CQL_PARAM_PAGING_STATE;
	/* each node has a copy of its own, as of all that the topology is read from */
	cql_request_query_head(&body, net_connection_version(c), text, strlen(text), CQL_LOCAL_QUORUM, flags);
	cql_put_raw(&body, values->data, values->len);
	cql_request_tail(&body, flags, PAGE_TABLETS, paging_state, 0, 0);
	q->call = (NetCall) {.on_done = on_answer, .deadline = uv_now(q->config->loop) + TIMEOUT};
	if (body.failed || values->failed ||
		!net_connection_send(c, &q->call, CQL_OP_QUERY, (CqlBytes) {body.data, (int32_t) body.len}, (CqlBytes) {NULL, 0}))
		give_up(q);
	else
		net_connection_flush(c);
	cql_buffer_free(&body);
}

static void
ask_for_id(ClusterTabletQuery *q, NetConnection *c, ClusterTabletStep step)
{
	CqlBuffer	values = {0};

	q->step = step;
	cql_put_u16(&values, 2);
	put_text(&values, q->keyspace);
	put_text(&values, q->table);
	ask(q, c, step == CLUSTER_TABLETS_ID ? CLUSTER_SELECT_TABLE_ID : CLUSTER_SELECT_VIEW_ID, &values, (CqlBytes) {NULL, -1});
	cql_buffer_free(&values);
}

static void
ask_for_page(ClusterTabletQuery *q, NetConnection *c, CqlBytes paging_state)
{
	CqlBuffer	values = {0};

	q->step = CLUSTER_TABLETS_MAP;
	cql_put_u16(&values, 1);
	cql_put_bytes(&values, q->id, sizeof(q->id));
	ask(q, c, q->alone ? CLUSTER_SELECT_MAP_ALONE : CLUSTER_SELECT_MAP, &values, paging_state);
	cql_buffer_free(&values);
}

static void
ask_for_map(ClusterTabletQuery *q, NetConnection *c, const uint8_t *id)
{
	memcpy(q->id, id, sizeof(q->id));
	q->above = INT64_MIN;
	ask_for_page(q, c, (CqlBytes) {NULL, -1});
}

/* ---- tables ---- */

static void
begin_next(ClusterTabletQuery *q, NetConnection *c)
{
	const ClusterTablets *t = q->topology->tablets.tables;

	q->step = CLUSTER_TABLETS_IDLE;
	while (t && !t->awaited)
		t = t->next;
	if (!t)
		return;
	memcpy(q->keyspace, t->keyspace, strlen(t->keyspace) + 1);	/* cluster_tablet_query_want has let in none that is
																 * longer */
	memcpy(q->table, t->table, strlen(t->table) + 1);
	q->base = false;
	ask_for_id(q, c, CLUSTER_TABLETS_ID);
}

/* As much as will be known of it is. */
static void
finish(ClusterTabletQuery *q, NetConnection *c)
{
	ClusterTablets *t = tablets_of(q);

	if (t)
		t->awaited = false;
	begin_next(q, c);
}

void
cluster_tablet_query_want(ClusterTabletQuery *q, NetConnection *c, const char *keyspace, const char *table)
{
	ClusterTablets *t;

	if (!c || q->refused || strlen(keyspace) >= sizeof(q->keyspace) || strlen(table) >= sizeof(q->table) ||
		!cluster_locate_in_tablets(q->topology, keyspace))
		return;
	t = cluster_tablets_make(&q->topology->tablets, keyspace, table);
	if (!t || t->asked)
		return;
	t->asked = t->awaited = true;
	if (q->step == CLUSTER_TABLETS_IDLE)
		begin_next(q, c);
}

bool
cluster_tablet_query_awaits(const ClusterTabletQuery *q, const char *keyspace, const char *table)
{
	const ClusterTablets *t = cluster_tablets_of(&q->topology->tablets, keyspace, table);

	return t && t->awaited;
}

/* ---- answers ---- */

static void
learn(void *query, const CqlTablet *tablet)
{
	ClusterTabletQuery *q = query;

	(void) cluster_topology_learn(q->topology, q->keyspace, q->table, tablet);
}

static void
take_page(ClusterTabletQuery *q, NetConnection *c, CqlReader r, CqlArena *arena)
{
	ClusterTabletPage page = {.above = q->above};

	if (!cluster_system_tablet_page(r, arena, &page, learn, q))
		finish(q, c);
	else if (page.has_base && !q->base)
	{
		q->base = true;			/* a base table has none */
		ask_for_map(q, c, page.base);
	}
	else if (page.paging_state.len >= 0 && page.above > q->above)
	{
		q->above = page.above;
		ask_for_page(q, c, page.paging_state);
	}
	else
		finish(q, c);
}

static void
take_rows(ClusterTabletQuery *q, NetConnection *c, CqlReader r)
{
	CqlArena	arena = {0};
	uint8_t		id[16];

	if (!tablets_of(q))
		begin_next(q, c);
	else if (q->step == CLUSTER_TABLETS_MAP)
		take_page(q, c, r, &arena);
	else if (cluster_system_id(r, &arena, id))
		ask_for_map(q, c, id);
	else if (q->step == CLUSTER_TABLETS_ID)
		ask_for_id(q, c, CLUSTER_TABLETS_VIEW_ID);
	else
		finish(q, c);
	cql_arena_free(&arena);
}

static void
take_error(ClusterTabletQuery *q, NetConnection *c, uint32_t code)
{
	if (code == CQL_ERR_INVALID && q->step == CLUSTER_TABLETS_MAP && !q->alone)
	{
		q->alone = true;
		ask_for_map(q, c, q->id);
	}
	else if (code == CQL_ERR_INVALID || code == CQL_ERR_UNAUTHORIZED)
	{
		q->refused = true;
		give_up(q);
	}
	else
		finish(q, c);
}

static void
on_answer(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	ClusterTabletQuery *q = (ClusterTabletQuery *) call;
	CqlPrefix	prefix;
	CqlReader	r;
	CqlError	error;

	CORE_ASSERT(q->step != CLUSTER_TABLETS_IDLE);
	if (loss != NET_ANSWERED)
		give_up(q);
	else if (!cql_response_prefix(frame, &prefix, &r))
		finish(q, c);
	else if (frame->opcode == CQL_OP_RESULT)
		take_rows(q, c, r);
	else if (frame->opcode == CQL_OP_ERROR && cql_response_error(r, frame->version, &error))
		take_error(q, c, error.code);
	else
		finish(q, c);
}
