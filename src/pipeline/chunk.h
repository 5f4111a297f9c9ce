/*
 * pipeline/chunk.h
 *	  The block of memory that carries encoded requests over and back.
 *
 * Backend thread while filling and after draining, submitter thread between
 * submit and publish; never both. A chunk is malloc'd by the backend and
 * recycled by the backend when its last request is home.
 */
#ifndef PIPELINE_CHUNK_H
#define PIPELINE_CHUNK_H

#include "cluster/request.h"
#include "pipeline/gate.h"

#define CHUNK_REQUESTS 256
#define CHUNK_BYTES (256 * 1024)	/* submitted when it holds this much; one large row may exceed it */

typedef struct Chunk Chunk;
typedef struct Pipeline Pipeline;

/* A request and its fate. Belongs to its chunk. */
typedef struct Request
{
	ClusterRequest core;		/* first; core.next links it in whichever list it is on */
	Chunk	   *chunk;
	uint64_t	ordinal;		/* the caller's: row number, page number */
	uint32_t	rows;			/* that it writes */
	bool		counted;		/* among those sent */
	size_t		offset;			/* of its payload in chunk->bytes, which may move until submitted */
	uint64_t	queued;			/* uv_now, ms, when the submitter took it: its deadline counts from here */
} Request;

struct Chunk
{
	Chunk	   *next;			/* submission queue, or the client's free list */
	Pipeline   *pipeline;		/* backend's */
	Gate	   *gate;			/* the pipeline's */
	CqlBuffer	bytes;
	size_t		committed;		/* bytes of committed requests; what lies behind is overwritten */
	uint32_t	count;			/* requests committed */
	uint32_t	home;			/* requests released by the backend */
	Request		request[CHUNK_REQUESTS];
};

/* What every request of a statement has in common. */
typedef struct RequestTemplate
{
	uint32_t	statement;
	uint32_t	timeout_ms;
	uint8_t		kind;			/* ClusterRequestKind */
	uint8_t		consistency;
	uint8_t		flags;			/* CQL_PARAM_* */
	bool		idempotent;
	bool		divisible;
	uint32_t	rows;			/* that one writes; 0: it reads */
} RequestTemplate;

extern Chunk *chunk_create(void);	/* NULL: out of memory */
/* Empty it for the pipeline that fills it next; gives back an oversize buffer. */
extern void chunk_reset(Chunk *c, Pipeline *p, Gate *gate);
extern void chunk_destroy(Chunk *c);
extern bool chunk_full(const Chunk *c);

/*
 * The buffer at the chunk's tail; drops what an interrupted encoding left there,
 * its failure included. Not on a full chunk.
 */
extern CqlBuffer *chunk_begin_request(Chunk *c);

/*
 * Fix the request's length: from here on it exists. NULL when the buffer failed
 * (out of memory), and then nothing was added. token NULL: not routed.
 */
extern Request *chunk_commit_request(Chunk *c, const RequestTemplate *t, const int64_t *token,
									 uint64_t ordinal);

#endif							/* PIPELINE_CHUNK_H */
