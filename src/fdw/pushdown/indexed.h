/*
 * fdw/pushdown/indexed.h
 *	  Which rows the cluster's indexes find, and which they lose.
 *
 * Backend thread. Owns nothing. An index answers even where ALLOW FILTERING would
 * do without it.
 */
#ifndef FDW_PUSHDOWN_INDEXED_H
#define FDW_PUSHDOWN_INDEXED_H

#include "postgres.h"

#include "fdw/pushdown/access.h"

/*
 * Where the value is not known yet, and may turn out to be longer: bytes of the longest one that the column's index has,
 * and that nodes filter by; else 0. Cassandra leaves longer ones out, or refuses to look for them.
 */
extern int	scyllaLongestFound(const ScyllaCondition *condition);
extern int	scyllaLongestFiltered(const ScyllaCondition *condition);

extern bool scyllaIndexFindsRanges(const ScyllaTableColumn *column);

extern bool scyllaIndexIsView(const ScyllaTableColumn *column);

/* Beside the conditions that are pushed. NULL: it finds the rows that the condition means; else why not. */
extern const char *scyllaIndexDiffers(const ScyllaAccess *access, const ScyllaCondition *condition);

/* The same of one more condition, with ALLOW FILTERING. */
extern const char *scyllaIndexKeepsFromFiltering(const ScyllaAccess *access, const ScyllaCondition *condition);

#endif							/* FDW_PUSHDOWN_INDEXED_H */
