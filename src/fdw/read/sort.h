/*
 * fdw/read/sort.h
 *	  Rows of many keys, sorted here: where so many pages cannot be held at once as
 *	  it takes to merge them.
 *
 * Backend thread. Takes work_mem, then temporary files. Lives in the memory context
 * that was current at scyllaBeginSort, and ends with scyllaEndSort.
 */
#ifndef FDW_READ_SORT_H
#define FDW_READ_SORT_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/resowner.h"

#include "fdw/select/select.h"

typedef struct ScyllaSort ScyllaSort;

/* By the keys that the select's requests were to be merged by; desc: of its rows; owner: of temporary files. */
extern ScyllaSort *scyllaBeginSort(const ScyllaSelect *select, TupleDesc desc, ResourceOwner owner);
extern void scyllaSortRow(ScyllaSort *sort, TupleTableSlot *slot);

/* The next row; the first call ends the input. false: there is none. The row is valid until the next call. */
extern bool scyllaNextSorted(ScyllaSort *sort, TupleTableSlot *slot);
extern void scyllaEndSort(ScyllaSort *sort);

#endif							/* FDW_READ_SORT_H */
