/*
 * fdw/fetch/row_size.h
 *	  How large the rows of a SELECT are, before any has come: by the types of
 *	  columns, and by ANALYZE.
 *
 * Backend thread. Owns nothing.
 *
 * Of a SELECT that names no regular column, as count(*) or one of keys alone,
 * Cassandra reads all columns of each row, to see that there is one: 5000 rows of a
 * page are then as large as the table's, whatever comes home.
 */
#ifndef FDW_FETCH_ROW_SIZE_H
#define FDW_FETCH_ROW_SIZE_H

#include "postgres.h"

#include "fdw/catalog/table.h"
#include "fdw/select/select.h"

typedef struct ScyllaRowSize
{
	int			row;			/* bytes that come home; 0: nobody knows */
	int			read;			/* bytes that a node reads for it; 0: no more, or nobody knows: */
	List	   *unknown;		/* String: CQL of columns that it reads beside what comes home, of unknown size */
} ScyllaRowSize;

#define SCYLLA_UNSEEN_BYTES 40000	/* a row's that nobody knows, and nobody has looked at */

extern ScyllaRowSize scyllaRowSize(const ScyllaSelect *select, const ScyllaTable *table);

#endif							/* FDW_FETCH_ROW_SIZE_H */
