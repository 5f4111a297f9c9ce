/*
 * cluster/statement.c
 *	  Statements by the backend's number, and each of them on each node.
 *
 * Submitter thread only.
 * Owns: texts, ids, and the PREPAREs it sends. Requests that wait for one
 * are its own until on_prepared hands them back.
 * Invariants: a prepared entry is on the pending list exactly while its PREPARE
 * is in flight; nothing is freed before the end, so entries never move.
 *
 * The backend gives each statement its number (fdw/session/statement.c). A node
 * prepares a statement when the first EXECUTE goes there. Requests wait on the
 * statement's list, and one PREPARE is in flight per node and statement.
 *
 * At every later PREPARE the bind markers are compared, by name and type, with the
 * fields of user-defined types. A row that was encoded for other types would be
 * written as garbage that no one notices, so it fails as stale instead. A field that
 * a type has got behind the others is no reason: values without it stay valid, and a
 * load goes on.
 *
 * The metadata id of the first preparation is sent to every node, whatever they
 * answered since. So an answer without metadata can only mean the metadata that the
 * backend has. Today no request sets the skip-metadata flag: every page brings its
 * metadata, and a column that was altered in between is decoded by its new type.
 */
#include "cluster/statement.h"

#include "cluster/place.h"

#include <stdlib.h>

#define MAX_STATEMENTS (1u << 24)	/* numbers count up from small ones; more is a broken caller */

/* ---- memory ---- */

static bool
copy_bytes(CqlBytes *to, CqlBytes from)
{
	size_t		n = from.len > 0 ? (size_t) from.len : 0;
	uint8_t    *copy = malloc(n + 1);

	if (!copy)
		return false;
	if (n > 0)
		memcpy(copy, from.data, n);
	free((void *) to->data);
	*to = (CqlBytes) {copy, (int32_t) n};
	return true;
}

static void
free_prepared(ClusterPrepared *p)
{
	if (!p)
		return;
	free((void *) p->id.data);
	free(p);
}

static void
free_statement(ClusterStatement *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->non; i++)
		free_prepared(s->on[i]);
	free(s->on);
	free(s->text);
	free((void *) s->metadata_id.data);
	cql_arena_free(&s->arena);
	free(s);
}

void
cluster_statements_free(ClusterStatements *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		free_statement(set->statement[i]);
	free(set->statement);
	cql_buffer_free(&set->scratch);
}

/* ---- PREPARED ---- */

static ClusterPrepareOutcome
compare_markers(const ClusterStatement *s, const CqlMetadata *now)
{
	const CqlMetadata *before = &s->bind;

	if (now->count != before->count)
		return CLUSTER_PREPARE_STALE;
	for (uint32_t i = 0; i < now->count; i++)
	{
		if (strcmp(now->column[i].name, before->column[i].name) != 0 ||
			!cql_type_accepts(now->column[i].type, before->column[i].type))
			return CLUSTER_PREPARE_STALE;
	}
	return CLUSTER_PREPARE_READY;
}

/* r at [int kind]. */
static ClusterPrepareOutcome
decode(CqlReader r, bool has_metadata_id, CqlArena *arena, CqlPrepared *prepared)
{
	if (cql_response_result_kind(&r) == CQL_RESULT_PREPARED
		&& cql_response_prepared(&r, has_metadata_id, arena, prepared)
		&& (prepared->bind.column || prepared->bind.count == 0))
		return CLUSTER_PREPARE_READY;
	return arena->failed ? CLUSTER_PREPARE_MEMORY : CLUSTER_PREPARE_MALFORMED;
}

/* A lightweight transaction; Cassandra does not tell. */
static bool
is_marked(const NetConnection *c, const CqlPrepared *prepared)
{
	uint32_t	mask = net_connection_lwt_mask(c);

	return mask != 0 && (prepared->bind.flags & mask) == mask;
}

/* Nodes that have prepared the text for other markers take an EXECUTE for the former ones: it is compared before. */
static void
forget_everywhere(ClusterStatement *s)
{
	s->doubts++;
	for (uint32_t i = 0; i < s->non; i++)
	{
		if (s->on[i])
			(void) cluster_statement_forget(s->on[i], s->on[i]->generation);
	}
}

static bool
make_ready(ClusterPrepared *p, CqlBytes id)
{
	if (!copy_bytes(&p->id, id))
		return false;
	p->state = CLUSTER_PREPARED_READY;
	p->generation++;
	return true;
}

static bool
reserve_number(ClusterStatements *set, uint32_t number)
{
	uint32_t	n = set->n ? set->n : 16;
	ClusterStatement **all;

	if (number < set->n)
		return true;
	while (n <= number)
		n *= 2;
	all = realloc(set->statement, n * sizeof(*all));
	if (!all)
		return false;
	memset(all + set->n, 0, (n - set->n) * sizeof(*all));
	set->statement = all;
	set->n = n;
	return true;
}

/* A statement with all that the first preparation tells, whose arena it takes over; NULL: out of memory. */
static ClusterStatement *
make_statement(const ClusterRequest *request, const CqlPrepared *prepared, CqlArena *arena)
{
	ClusterStatement *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->text = malloc(request->length + 1);
	s->length = request->length;
	if (!s->text || !copy_bytes(&s->metadata_id, prepared->metadata_id))
	{
		free_statement(s);
		return NULL;
	}
	memcpy(s->text, request->payload, request->length);
	s->bind = prepared->bind;
	if (s->bind.count > 0)
		s->table = (ClusterTable) {.keyspace = s->bind.column[0].keyspace, .name = s->bind.column[0].table};
	s->arena = *arena;
	*arena = (CqlArena) {0};
	return s;
}

static ClusterPrepareOutcome
define(ClusterStatements *set, const ClusterRequest *request, const NetConnection *c, const CqlPrepared *prepared,
	   CqlArena *arena)
{
	ClusterStatement *s = NULL;
	ClusterPrepared *p = NULL;

	if (reserve_number(set, request->statement))
		s = make_statement(request, prepared, arena);
	if (s)
		s->conditional = is_marked(c, prepared);
	if (s)
		p = cluster_statement_on(set, s, request->place->node);
	if (p && make_ready(p, prepared->id))
	{
		set->statement[request->statement] = s;
		return CLUSTER_PREPARE_READY;
	}
	free_statement(s);
	return CLUSTER_PREPARE_MEMORY;
}

/* Asked once more. Who asked compares the markers, too. */
static ClusterPrepareOutcome
confirm(ClusterStatements *set, ClusterStatement *s, const ClusterRequest *request, const CqlPrepared *prepared)
{
	ClusterPrepareOutcome outcome = compare_markers(s, &prepared->bind);
	ClusterPrepared *p;

	if (s->length != request->length || memcmp(s->text, request->payload, s->length) != 0)
		return CLUSTER_PREPARE_MALFORMED;
	if (outcome == CLUSTER_PREPARE_STALE)
		forget_everywhere(s);
	if (outcome != CLUSTER_PREPARE_READY)
		return outcome == CLUSTER_PREPARE_STALE ? CLUSTER_PREPARE_READY : outcome;
	p = cluster_statement_on(set, s, request->place->node);
	if (!p || (p->state != CLUSTER_PREPARED_PENDING && !make_ready(p, prepared->id)))
		return CLUSTER_PREPARE_MEMORY;
	return CLUSTER_PREPARE_READY;
}

ClusterPrepareOutcome
cluster_statement_define(ClusterStatements *set, const ClusterRequest *request, const NetConnection *c,
						 CqlReader r)
{
	CqlArena	arena = {0};
	CqlPrepared prepared;
	ClusterStatement *known = cluster_statement_find(set, request->statement);
	ClusterPrepareOutcome outcome = decode(r, net_connection_has_metadata_id(c), &arena, &prepared);

	if (outcome == CLUSTER_PREPARE_READY && request->statement >= MAX_STATEMENTS)
		outcome = CLUSTER_PREPARE_MALFORMED;
	else if (outcome == CLUSTER_PREPARE_READY)
		outcome = known ? confirm(set, known, request, &prepared) : define(set, request, c, &prepared, &arena);
	cql_arena_free(&arena);
	return outcome;
}

ClusterPrepared *
cluster_statement_on(ClusterStatements *set, ClusterStatement *s, ClusterNode *node)
{
	ClusterPrepared *p;

	if (node->number < s->non && s->on[node->number])
	{
		CORE_ASSERT(s->on[node->number]->node == node);
		return s->on[node->number];
	}
	if (node->number >= s->non)
	{
		uint32_t	n = node->number + 4u;
		ClusterPrepared **on = realloc(s->on, n * sizeof(*on));

		if (!on)
			return NULL;
		memset(on + s->non, 0, (n - s->non) * sizeof(*on));
		s->on = on;
		s->non = n;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->set = set;
	p->statement = s;
	p->node = node;
	s->on[node->number] = p;
	return p;
}

/* ---- preparing on another node, or again ---- */

static ClusterPrepareOutcome
take_result(ClusterPrepared *p, const NetConnection *c, CqlReader r)
{
	CqlArena	arena = {0};
	CqlPrepared prepared;
	ClusterPrepareOutcome outcome = decode(r, net_connection_has_metadata_id(c), &arena, &prepared);

	if (outcome == CLUSTER_PREPARE_READY)
		outcome = compare_markers(p->statement, &prepared.bind);
	if (outcome == CLUSTER_PREPARE_STALE)
		forget_everywhere(p->statement);
	if (outcome == CLUSTER_PREPARE_READY && !make_ready(p, prepared.id))
		outcome = CLUSTER_PREPARE_MEMORY;
	if (outcome == CLUSTER_PREPARE_READY && p->doubts != p->statement->doubts)
		p->state = CLUSTER_PREPARED_NONE;	/* sent before it was doubted */
	cql_arena_free(&arena);
	return outcome;
}

static ClusterPrepareOutcome
take_answer(ClusterPrepared *p, const NetConnection *c, const CqlFrame *frame, CqlError *error)
{
	CqlPrefix	prefix;
	CqlReader	r;

	if (!cql_response_prefix(frame, &prefix, &r))
		return CLUSTER_PREPARE_MALFORMED;
	if (frame->opcode == CQL_OP_RESULT)
		return take_result(p, c, r);
	if (frame->opcode == CQL_OP_ERROR && cql_response_error(r, frame->version, error))
		return CLUSTER_PREPARE_ERROR;
	return CLUSTER_PREPARE_MALFORMED;
}

static void
leave_pending(ClusterPrepared *p)
{
	ClusterPrepared **at = &p->set->pending;

	while (*at != p)
	{
		CORE_ASSERT(*at);
		at = &(*at)->next;
	}
	*at = p->next;
	p->next = NULL;
}

static void
on_done(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	ClusterPrepared *p = (ClusterPrepared *) call;
	ClusterLane waiting = cluster_lane_take_all(&p->waiting);
	ClusterPrepareOutcome outcome = CLUSTER_PREPARE_LOST;
	CqlError	error = {0};

	CORE_ASSERT(p->state == CLUSTER_PREPARED_PENDING);
	leave_pending(p);
	p->state = CLUSTER_PREPARED_NONE;
	if (loss == NET_ANSWERED)
		outcome = take_answer(p, c, frame, &error);
	p->set->on_prepared(p->set->owner, p, c, waiting, outcome, &error);
}

bool
cluster_statement_prepare(ClusterPrepared *p, NetConnection *c, uint64_t now, uint64_t deadline)
{
	ClusterStatements *set = p->set;
	CqlBytes	body;

	CORE_ASSERT(p->state == CLUSTER_PREPARED_NONE);
	cql_buffer_reset(&set->scratch);
	cql_request_prepare(&set->scratch, net_connection_version(c), p->statement->text, p->statement->length);
	if (set->scratch.failed)
		return false;
	body = (CqlBytes) {set->scratch.data, (int32_t) set->scratch.len};
	p->call = (NetCall) {.on_done = on_done, .deadline = deadline, .sent = (uint32_t) now};
	if (!net_connection_send(c, &p->call, CQL_OP_PREPARE, body, (CqlBytes) {NULL, 0}))
		return false;
	net_connection_flush(c);
	p->state = CLUSTER_PREPARED_PENDING;
	p->doubts = p->statement->doubts;
	p->next = set->pending;
	set->pending = p;
	return true;
}

bool
cluster_statement_forget(ClusterPrepared *p, uint32_t generation)
{
	if (p->state != CLUSTER_PREPARED_READY || p->generation != generation)
		return false;
	p->state = CLUSTER_PREPARED_NONE;
	return true;
}
