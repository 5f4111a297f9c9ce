/*
 * pipeline/chunk.c
 *	  The block of memory that carries encoded requests over and back.
 *
 * Thread: backend (the submitter reads and writes the requests in between).
 * Owns: its bytes and its array of requests.
 * Invariants: bytes of requests [0, count) are bytes.data[0, committed); what
 * lies behind belongs to the request being encoded and does not exist yet;
 * home <= count. bytes.data may move until the chunk is submitted, so requests
 * know an offset, not a pointer.
 */
#include "pipeline/chunk.h"

#include <stdlib.h>

/* A buffer grown past this by large rows is not kept for the next use. */
#define CHUNK_BYTES_KEPT (2 * CHUNK_BYTES)

Chunk *
chunk_create(void)
{
	Chunk	   *c = malloc(sizeof(*c));

	/* The requests are zeroed one by one when committed, where they are hot. */
	if (c)
		memset(&c->bytes, 0, sizeof(c->bytes));
	return c;
}

void
chunk_reset(Chunk *c, Pipeline *p, Gate *gate)
{
	if (c->bytes.cap > CHUNK_BYTES_KEPT)
		cql_buffer_free(&c->bytes);
	cql_buffer_reset(&c->bytes);
	c->next = NULL;
	c->pipeline = p;
	c->gate = gate;
	c->committed = 0;
	c->count = 0;
	c->home = 0;
}

void
chunk_destroy(Chunk *c)
{
	cql_buffer_free(&c->bytes);
	free(c);
}

bool
chunk_full(const Chunk *c)
{
	return c->count == CHUNK_REQUESTS || c->committed >= CHUNK_BYTES;
}

CqlBuffer *
chunk_begin_request(Chunk *c)
{
	CORE_ASSERT(!chunk_full(c));
	c->bytes.len = c->committed;
	c->bytes.failed = false;
	/* So that also an empty payload has an address. */
	cql_buffer_reserve(&c->bytes, 1);
	return &c->bytes;
}

Request *
chunk_commit_request(Chunk *c, const RequestTemplate *t, const int64_t *token,
					 uint64_t ordinal)
{
	Request    *r = &c->request[c->count];

	CORE_ASSERT(c->count < CHUNK_REQUESTS && (c->bytes.failed || c->committed <= c->bytes.len));
	if (c->bytes.failed)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->chunk = c;
	r->ordinal = ordinal;
	r->rows = t->rows;
	r->offset = c->committed;
	r->core.length = (uint32_t) (c->bytes.len - c->committed);	/* CQL_BUFFER_MAX fits */
	r->core.statement = t->statement;
	r->core.timeout_ms = t->timeout_ms;
	r->core.kind = t->kind;
	r->core.consistency = t->consistency;
	r->core.flags = t->flags;
	r->core.idempotent = t->idempotent;
	r->core.divisible = t->divisible;
	if (token)
	{
		r->core.token = *token;
		r->core.routed = true;
	}
	c->committed = c->bytes.len;
	c->count++;
	return r;
}
