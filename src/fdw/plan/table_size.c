/*
 * fdw/plan/table_size.c
 *	  The size of a table, asked of the cluster where a plan depends on it.
 *
 * Backend thread. Owns nothing. Invariant: the cluster is asked only about a table
 * that has no statistics, or no rows by them, and its answer never makes the guess
 * smaller.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"

#include "fdw/catalog/size.h"
#include "fdw/compat.h"
#include "fdw/fetch/fetch_config.h"
#include "fdw/plan/cost.h"
#include "fdw/plan/table_size.h"

#define GUESSED_PAGES 10		/* as postgres_fdw and PostgreSQL guess */
#define FEW_REQUESTS 64			/* are better than most scans: the size need not be known */

/* Pages of the protocol that it takes to read all. */
static int
count_pages(const RelOptInfo *rel, const ScyllaTableOptions *options)
{
	double		rows = Min(options->fetch_size, Max(SCYLLA_PAGE_BYTES / Max(rel->reltarget->width, 1), 1));

	return (int) Min(ceil(Max(rel->tuples, 1) / rows), PG_INT32_MAX);
}

/* One look-up does not depend on it. */
static bool
depends_on_size(PlannerInfo *root, const ScyllaRelation *info, bool by_joins)
{
	return info->table != NULL &&
		(info->access->npartition == 0 || by_joins || scyllaCountRequests(root, info->access) > FEW_REQUESTS);
}

/* More than guess, if the cluster says so: as for PostgreSQL's own tables, few rows are rather a table that is still to grow. */
static void
ask_size(RelOptInfo *rel, ScyllaRelation *info, double guess)
{
	double		row_bytes = get_relation_data_width(info->relid, NULL) + MAXALIGN(SizeofHeapTupleHeader);
	ScyllaSize	size = scyllaTableSizeFor(scyllaGetSession(info->userid, info->serverid), info->options, row_bytes, guess);
	double		rows = scyllaSizeInRows(&size, info->table, row_bytes);

	if (rows <= 0)
		return;
	if (rows > guess)
	{
		rel->tuples = rows;
		rel->pages = (BlockNumber) Min(ceil(rows * row_bytes / BLCKSZ), MaxBlockNumber);
	}
	if (size.partitions > 0)
		info->partition_rows = Max(rows / size.partitions, 1);
	info->rows = (int) Min(rows, PG_INT32_MAX);
	info->pages = count_pages(rel, info->options);
}

void
scyllaEstimateSize(PlannerInfo *root, RelOptInfo *rel, bool by_joins)
{
	ScyllaRelation *info = rel->fdw_private;
	bool		was_empty = rel->tuples <= 0;	/* or nobody has looked: what was empty may be full now */

	if (rel->tuples < 0)
	{
		rel->tuples = GUESSED_PAGES * BLCKSZ / (rel->reltarget->width + MAXALIGN(SizeofHeapTupleHeader));
		rel->pages = GUESSED_PAGES;
	}
	else
	{
		info->pages = count_pages(rel, info->options);
		info->rows = (int) Min(Max(rel->tuples, 1), PG_INT32_MAX);
	}
	if (was_empty && depends_on_size(root, info, by_joins))
		ask_size(rel, info, rel->tuples);
	set_baserel_size_estimates(root, rel);
	rel->rows = Min(rel->rows, scyllaMostRows(root, info, info->access));
}
