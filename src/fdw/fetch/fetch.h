/*
 * fdw/fetch/fetch.h
 *	  One SELECT with many sets of values: requests side by side, each read page
 *	  after page.
 *
 * Backend thread. A fetch lives in a memory context of its own below the one it
 * was opened in, and is abandoned when that one goes.
 *
 * A source says what to ask for next: the keys of an IN list, ranges of tokens,
 * the keys of a join's outer rows. Rows come in whatever order pages come home, or
 * merged by an order that the rows of each request have.
 */
#ifndef FDW_FETCH_FETCH_H
#define FDW_FETCH_FETCH_H

#include "postgres.h"

#include "fdw/fetch/fetch_config.h"

/* Where the current row is: of the page that the request with these values and this state is answered by. */
typedef struct ScyllaFetchPosition
{
	const CqlBuffer *values;	/* empty: none */
	CqlBytes	paging_state;	/* len -1: the first page */
	int			page_rows;
	uint64		row;			/* from 1 */
} ScyllaFetchPosition;

/* Strings, options, select, source and merge keys are borrowed. Nothing is sent before the first row is wanted. */
extern ScyllaFetch *scyllaFetchOpen(const ScyllaFetchConfig *config);

/* wait: until there is something to tell. A failed request is raised. */
extern ScyllaFetchResult scyllaFetchNext(ScyllaFetch *fetch, bool wait);

/* After PENDING: something has come home since. */
extern bool scyllaFetchArrived(ScyllaFetch *fetch);

/* After ROW: its values, and its metadata, which may differ from page to page. After REQUEST_END: the tag alone. */
extern const CqlBytes *scyllaFetchRow(const ScyllaFetch *fetch);
extern const CqlMetadata *scyllaFetchMetadata(const ScyllaFetch *fetch);
extern uint64 scyllaFetchTag(const ScyllaFetch *fetch);

/* Changes whenever the metadata may have changed: the number of the page that the row is from, among those of all fetches. */
extern uint64 scyllaFetchPage(const ScyllaFetch *fetch);

extern const ScyllaFetchConfig *scyllaFetchConfigOf(const ScyllaFetch *fetch);
extern ScyllaFetchPosition scyllaFetchPositionOf(const ScyllaFetch *fetch);

/* The metadata again, in an arena of the caller's, to keep it longer than the page. */
extern void scyllaFetchKeepMetadata(const ScyllaFetch *fetch, CqlArena *arena, CqlMetadata *metadata);

/* Whatever is still on its way is abandoned. */
extern void scyllaFetchClose(ScyllaFetch *fetch);

#endif							/* FDW_FETCH_FETCH_H */
