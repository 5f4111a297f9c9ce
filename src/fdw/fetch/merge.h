/*
 * fdw/fetch/merge.h
 *	  The rows of all requests of a fetch in one order, which the rows of each have.
 *
 * Backend thread.
 */
#ifndef FDW_FETCH_MERGE_H
#define FDW_FETCH_MERGE_H

#include "postgres.h"

#include "fdw/fetch/pager.h"

/* To the next row. Waits. Never SCYLLA_FETCH_PENDING. */
extern ScyllaFetchResult scyllaMergeNext(ScyllaFetch *fetch);

#endif							/* FDW_FETCH_MERGE_H */
