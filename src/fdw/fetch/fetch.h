/*
 * fdw/fetch/fetch.h
 *	  One SELECT with many sets of values: requests side by side, each read page
 *	  after page.
 *
 * Backend thread. A fetch lives in a memory context of its own below the one it
 * was opened in, and is abandoned when that one goes.
 *
 * A source says what to ask for next: the keys of an IN list, ranges of tokens,
 * the keys of a join's outer rows. Each such request and its pages are a lane.
 * Rows come in whatever order pages come home, or merged by an order that each
 * lane has.
 */
#ifndef FDW_FETCH_FETCH_H
#define FDW_FETCH_FETCH_H

#include "postgres.h"

#include "fdw/fetch/select.h"
#include "fdw/report/report.h"
#include "fdw/session/rows.h"
#include "fdw/session/session.h"
#include "fdw/session/statement.h"

/* What one request binds; the source fills it. */
typedef struct ScyllaValues
{
	CqlBuffer	bytes;			/* [short n] n x [value]; empty: the statement has no markers */
	bool		routed;
	int64		token;			/* of the partition, or of one in the range */
	uint64		tag;			/* the source's, given back with each row */
} ScyllaValues;

typedef struct ScyllaSource
{
	/* The next request's values, into an emptied *values. false: there are no more, */
	bool		(*next) (struct ScyllaSource *self, ScyllaValues *values);
	bool		later;			/* or not yet: it is asked again, and the fetch has no end */
} ScyllaSource;

/* A selected column that all lanes are ordered by. */
typedef struct ScyllaMergeKey
{
	int			item;			/* its place in the rows */
	bool		is_signed;		/* a number in two's complement; else bytes are compared */
	bool		descending;
} ScyllaMergeKey;

#define SCYLLA_PAGE_BYTES (4 * 1024 * 1024)	/* aimed at, of one page of each lane together */

typedef struct ScyllaFetchConfig
{
	ScyllaSession *session;
	const ScyllaTableOptions *options;
	const char *relation;		/* for messages */
	const char *cql;			/* for messages, UTF-8 */
	const ScyllaSelect *select; /* what the text was made of, */
	ScyllaSelectForm form;		/* and how */
	ScyllaStatement *statement;
	ScyllaSource *source;
	ScyllaReport *report;
	int			page_rows;		/* at most */
	int			row_bytes;		/* by estimate, if statement has not seen any; 0: nobody knows */
	int			read_bytes;		/* that a node reads for a row, at least; 0: it reads what comes home */
	int			limit;			/* the text's LIMIT; 0: none */
	int			first_rows;		/* at most, of each request's first page; 0: page_rows */
	int			lanes;			/* at once; with merge keys: all that the source has, a few first */
	bool		slow_start;		/* one lane at first, and one more with each page that is read further than its first row */
	const ScyllaMergeKey *merge;
	int			nmerge;
} ScyllaFetchConfig;

typedef struct ScyllaFetch ScyllaFetch;

typedef enum ScyllaFetchResult
{
	SCYLLA_FETCH_ROW,
	SCYLLA_FETCH_LANE_END,	/* the last row of one request was given; not when merging */
	SCYLLA_FETCH_END,
	SCYLLA_FETCH_TOO_LARGE,		/* merging, and the first thing told: pages of all lanes are too much to hold; close it */
	SCYLLA_FETCH_PENDING		/* nothing has come home yet; or nothing is asked for, and the source may have more later */
} ScyllaFetchResult;

/* Where the current row is: of the page that the request with these values and this state is answered by. */
typedef struct ScyllaFetchPlace
{
	const CqlBuffer *values;	/* empty: none */
	CqlBytes	paging_state;	/* len -1: the first page */
	int			page_rows;
	uint64		row;			/* from 1 */
} ScyllaFetchPlace;

/* Strings, options, select, source and merge keys are borrowed. Nothing is sent before the first row is wanted. */
extern ScyllaFetch *scyllaFetchOpen(const ScyllaFetchConfig *config);

/* wait: until there is something to tell. A failed request is raised. */
extern ScyllaFetchResult scyllaFetchNext(ScyllaFetch *fetch, bool wait);

/* After PENDING: something has come home since. */
extern bool scyllaFetchArrived(ScyllaFetch *fetch);

/* After ROW: its values, and its metadata, which may differ from page to page. After LANE_END: the tag alone. */
extern const CqlBytes *scyllaFetchRow(const ScyllaFetch *fetch);
extern const CqlMetadata *scyllaFetchMetadata(const ScyllaFetch *fetch);
extern uint64 scyllaFetchTag(const ScyllaFetch *fetch);

/* Changes whenever the metadata may have changed: the number of the page that the row is from, among those of all fetches. */
extern uint64 scyllaFetchPage(const ScyllaFetch *fetch);

extern const ScyllaFetchConfig *scyllaFetchConfigOf(const ScyllaFetch *fetch);
extern ScyllaFetchPlace scyllaFetchPlaceOf(const ScyllaFetch *fetch);

/* The metadata again, in an arena of the caller's, to keep it longer than the page. */
extern void scyllaFetchKeepMetadata(const ScyllaFetch *fetch, CqlArena *arena, CqlMetadata *metadata);

/* Whatever is still on its way is abandoned. */
extern void scyllaFetchClose(ScyllaFetch *fetch);

#endif							/* FDW_FETCH_FETCH_H */
