/*
 * cql/ring.c
 *	  Nodes and token ring as the core tells them to the backend.
 *
 * Thread: any; pure functions.
 * Owns: nothing.
 * Invariants: positions name only nodes that are there, in what is written as in
 * what is decoded, and nothing decoded claims more of anything than there are
 * bytes for.
 */
#include "cql/ring.h"

#define MIN_NODE_SIZE 27		/* key, five empty strings, local, two numbers */
#define POSITION_SIZE 10

/* What is not there is empty: nothing that may be missing is empty where it is there. */
static void
put_optional(CqlBuffer *b, const char *text)
{
	cql_put_string(b, text ? text : "");
}

void
cql_ring_put(CqlBuffer *b, const CqlRing *ring)
{
	cql_put_u32(b, ring->version);
	cql_put_u16(b, ring->nnodes);
	for (uint16_t i = 0; i < ring->nnodes; i++)
	{
		const CqlRingNode *node = &ring->node[i];

		cql_put_u64(b, node->key);
		cql_put_string(b, node->name);
		cql_put_string(b, node->dc);
		cql_put_string(b, node->rack);
		cql_put_u8(b, node->local);
		cql_put_u32(b, node->connections);
		cql_put_u32(b, node->shards);
		put_optional(b, node->tls);
		put_optional(b, node->cipher);
	}
	cql_put_u8(b, ring->has_tablets);
	cql_put_u8(b, ring->of_tablets);
	cql_put_u32(b, ring->npositions);
	for (uint32_t i = 0; i < ring->npositions; i++)
	{
		CORE_ASSERT(ring->position[i].owner < ring->nnodes);
		cql_put_u64(b, (uint64_t) ring->position[i].token);
		cql_put_u16(b, ring->position[i].owner);
	}
}

static const char *
get_text(CqlReader *r, CqlArena *arena)
{
	CqlString	text = cql_get_string(r);

	return r->failed ? NULL : cql_arena_strdup(arena, text.data, text.len);
}

static const char *
get_optional(CqlReader *r, CqlArena *arena)
{
	const char *text = get_text(r, arena);

	return text && text[0] != '\0' ? text : NULL;
}

static bool
get_nodes(CqlReader *r, CqlArena *arena, CqlRing *out)
{
	out->nnodes = cql_get_u16(r);
	if (r->failed || out->nnodes > cql_reader_left(r) / MIN_NODE_SIZE)
		return false;
	out->node = cql_arena_alloc(arena, out->nnodes * sizeof(*out->node));
	for (uint16_t i = 0; out->node && i < out->nnodes; i++)
	{
		CqlRingNode *node = &out->node[i];

		node->key = cql_get_u64(r);
		node->name = get_text(r, arena);
		node->dc = get_text(r, arena);
		node->rack = get_text(r, arena);
		node->local = cql_get_u8(r) != 0;
		node->connections = cql_get_u32(r);
		node->shards = cql_get_u32(r);
		node->tls = get_optional(r, arena);
		node->cipher = get_optional(r, arena);
	}
	return !r->failed && !arena->failed;
}

bool
cql_ring_get(CqlReader *r, CqlArena *arena, CqlRing *out)
{
	*out = (CqlRing) {.version = cql_get_u32(r)};
	if (!get_nodes(r, arena, out))
		return false;
	out->has_tablets = cql_get_u8(r) != 0;
	out->of_tablets = cql_get_u8(r) != 0;
	out->npositions = cql_get_u32(r);
	if (r->failed || out->npositions > cql_reader_left(r) / POSITION_SIZE)
		return false;
	out->position = cql_arena_alloc(arena, out->npositions * sizeof(*out->position));
	for (uint32_t i = 0; out->position && i < out->npositions; i++)
	{
		out->position[i].token = (int64_t) cql_get_u64(r);
		out->position[i].owner = cql_get_u16(r);
		if (out->position[i].owner >= out->nnodes)
			return false;
	}
	return !arena->failed;
}
