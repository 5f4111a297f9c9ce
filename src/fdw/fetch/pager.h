/*
 * fdw/fetch/pager.h
 *	  The requests of a fetch, each read page after page.
 *
 * Backend thread. Known to fetch.c and merge.c alone: who fetches sees rows.
 *
 * Invariant: an open pager is current, or on the ready list (a page of it has come
 * home), or a request of it is on its way, or, when merging, in the heap.
 */
#ifndef FDW_FETCH_PAGER_H
#define FDW_FETCH_PAGER_H

#include "postgres.h"

#include "lib/binaryheap.h"
#include "lib/ilist.h"

#include "fdw/fetch/fetch_config.h"
#include "fdw/fetch/page_size.h"
#include "fdw/session/rows.h"

#define SCYLLA_HELD_BYTES (16 * 1024 * 1024)	/* of pages at home */

/* How a page was asked for: a row of it may have to be asked for again. */
typedef struct ScyllaAsked
{
	CqlBuffer	state;			/* empty: the first page */
	int			rows;
	uint64		spent;			/* ns, on larger pages that failed */
} ScyllaAsked;

typedef struct ScyllaPager
{
	dlist_node	node;			/* of the ready list, or of the free list */
	uint32		number;
	MemoryContext context;		/* of the page being read; NULL before the first */
	ScyllaValues values;
	Request    *page;			/* being read; NULL: none */
	ScyllaRows *rows;
	uint64		entered;		/* number of this page */
	uint64		row;			/* of this page */
	Request    *next;			/* has come home; NULL: not yet */
	bool		asked;			/* it is on its way */
	ScyllaAsked now;			/* the page being read */
	ScyllaAsked then;			/* the next one */
	bool		more;			/* the page being read is not the last */
} ScyllaPager;

struct ScyllaFetch
{
	ScyllaFetchConfig config;
	MemoryContext context;
	MemoryContextCallback callback;
	ScyllaPipeline *pipeline;
	RequestTemplate request;
	ScyllaPager *pager;
	int			open;
	int			allowed;		/* pagers, so far; merging takes all at once, with small first pages */
	dlist_head	free;
	dlist_head	ready;
	ScyllaPager *current;
	bool		exhausted;		/* the source */
	Size		held;			/* bytes of pages at home */
	ScyllaPageSize size;
	binaryheap *heap;			/* merging */
};

/* As many as there is room for, and the source has values for. */
extern void scyllaOpenPagers(ScyllaFetch *fetch);
extern void scyllaClosePager(ScyllaFetch *fetch, ScyllaPager *pager);

/* Hand what came home to the pagers. */
extern void scyllaDeliver(ScyllaFetch *fetch);

/* Somebody has read a page's second row, and may want more. */
extern void scyllaPagerGoOn(ScyllaFetch *fetch, ScyllaPager *pager);

/* To the next page, if it is home. */
extern bool scyllaPagerTurn(ScyllaFetch *fetch, ScyllaPager *pager);

/* To the next row of this request. Inline: each row read comes through here. */
static inline ScyllaFetchResult
scyllaPagerNext(ScyllaFetch *fetch, ScyllaPager *pager)
{
	while (pager->page == NULL || !scyllaRowsNext(pager->rows))
	{
		if (!scyllaPagerTurn(fetch, pager))
			return pager->asked ? SCYLLA_FETCH_PENDING : SCYLLA_FETCH_END;
	}
	if (++pager->row == 2)
		scyllaPagerGoOn(fetch, pager);
	return SCYLLA_FETCH_ROW;
}

#endif							/* FDW_FETCH_PAGER_H */
