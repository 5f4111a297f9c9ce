/*
 * fdw/fetch/token_ranges.c
 *	  In how many ranges of tokens a table is read, and which.
 *
 * Backend thread. Owns nothing. Invariant: ranges that were chosen hold each token of
 * the ring once; no ranges: the table is one request.
 *
 * Each range is a request of its own, to a replica of it, read page after page. A
 * small table is one request. A large one has as many ranges as the ring has
 * parts, each cut further where it holds many pages, so that nodes and workers
 * end at about the same time; where the parts are many more than the pages,
 * neighbours go together.
 *
 * A range of a full scan does not span a position of the ring, or a border of the
 * table's tablets, unless there are far more of these than the table has pages. So one
 * replica has all of the range, and the request goes there, and to its shard.
 *
 * Ranges are taken in steps of the golden section, so that the ranges under way at
 * one time lie all over the ring. A scan begins with one range. Each page that is
 * read beyond its first row adds one, which doubles them each round trip. So a scan
 * that stops early has asked for little more than was read.
 */
#include "postgres.h"

#include "nodes/value.h"

#include "fdw/catalog/ring.h"
#include "fdw/catalog/size.h"
#include "fdw/catalog/table.h"
#include "fdw/compat.h"
#include "fdw/fetch/fetch.h"
#include "fdw/fetch/token_ranges.h"

#define RANGES_PER_NODE 16		/* for its shards */
#define STRIDES_PER_NODE 4		/* each keeps its node busy */
#define GUESSED_PAGES_PER_NODE 4
#define MAX_AT_ONCE 256
#define MAX_RANGES 8192
#define PAGES_PER_RANGE 8		/* of a large table */
#define ROW_BYTES 100			/* as the cluster stores a row, if nobody knows */

/* Of a table without statistics: by the cluster's own estimate, or so that nodes can work at the same time. */
static int
guess_pages(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaRing *ring)
{
	ScyllaSize	size = scyllaTableSize(session, options);
	double		rows = scyllaSizeInRows(&size, scyllaDescribeTable(session, options), ROW_BYTES);

	if (rows <= 0)
		return ring->nnodes * GUESSED_PAGES_PER_NODE;
	return (int) Min(Max(Max(rows / options->fetch_size, size.bytes / SCYLLA_PAGE_BYTES), ring->nnodes), PG_INT32_MAX);
}

int
scyllaStridesAtOnce(ScyllaSession *session, const ScyllaTableOptions *options, int pages)
{
	ScyllaRing *ring = scyllaRing(session, options);

	if (ring->ntokens == 0 || pages == 1)
		return 0;
	scyllaWarmTablets(session, options);
	return Min(ring->nnodes * STRIDES_PER_NODE, MAX_AT_ONCE);
}

ScyllaRanges *
scyllaChooseRanges(ScyllaSession *session, const ScyllaTableOptions *options, int pages, int at_least)
{
	ScyllaRanges *ranges = palloc0(sizeof(*ranges));
	ScyllaRing *ring = scyllaRing(session, options);
	int			at_once = ring->nnodes * RANGES_PER_NODE;
	CqlTokenRange *cut;
	int			want;
	bool		merge;

	if (pages == 0)
		pages = guess_pages(session, options, ring);
	if (ring->ntokens == 0 || pages <= 1)
		return ranges;
	ring = scyllaTableRing(session, options);
	merge = ring->ntokens > 4 * (int64) Max(pages, at_least);
	want = merge ? pages : Max(pages / PAGES_PER_RANGE, Min(pages, at_once));
	want = Min(Max(want, at_least), MAX_RANGES);
	cut = palloc_array(CqlTokenRange, (Size) ring->ntokens + 1 + want);
	ranges->n = (int) cql_range_cut(ring->token, ring->ntokens, want, merge, cut);
	ranges->range = palloc_array(CqlTokenRange, ranges->n);
	cql_range_spread(cut, ranges->n, ranges->range);
	ranges->at_once = Min(Min(at_once, MAX_AT_ONCE), ranges->n);
	pfree(cut);
	return ranges;
}

List *
scyllaTokenColumns(ScyllaSession *session, const ScyllaTableOptions *options)
{
	const ScyllaTable *table = scyllaDescribeTable(session, options);
	List	   *names = NIL;

	for (int i = 0; i < table->npartition; i++)
		names = lappend(names, makeString(pstrdup(scyllaPartitionColumn(table, i)->name)));
	return names;
}
