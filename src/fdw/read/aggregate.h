/*
 * fdw/read/aggregate.h
 *	  From what requests computed to what PostgreSQL's aggregates give.
 *
 * Backend thread. Lives in the memory context that was current at
 * scyllaMakeAggregate.
 */
#ifndef FDW_READ_AGGREGATE_H
#define FDW_READ_AGGREGATE_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "fdw/fetch/fetch.h"
#include "fdw/select/select.h"

typedef struct ScyllaAggregate ScyllaAggregate;

/* select has roles; desc: of the slots to be filled. */
extern ScyllaAggregate *scyllaMakeAggregate(const ScyllaSelect *select, TupleDesc desc);

/* The fetch's current row is a group of its own. Values go to row_context. */
extern void scyllaAggregateGroup(ScyllaAggregate *aggregate, const ScyllaFetch *fetch, MemoryContext row_context,
								 TupleTableSlot *slot);

/*
 * Without groups: the rows of all requests, from scyllaAggregateBegin on, make one
 * row; there is one even if there was no request.
 */
extern void scyllaAggregateBegin(ScyllaAggregate *aggregate);
extern void scyllaAggregateAdd(ScyllaAggregate *aggregate, const ScyllaFetch *fetch);
extern void scyllaAggregateResult(ScyllaAggregate *aggregate, MemoryContext row_context, TupleTableSlot *slot);

#endif							/* FDW_READ_AGGREGATE_H */
