/*
 * fdw/check/duplicate_column.h
 *	  What no validator sees of a foreign table: two columns that stand for one of
 *	  the cluster's.
 *
 * Backend thread.
 */
#ifndef FDW_CHECK_DUPLICATE_COLUMN_H
#define FDW_CHECK_DUPLICATE_COLUMN_H

/* Once, when the library is loaded: from then on a WARNING tells of them when a transaction commits that made them. */
extern void scyllaWatchDuplicateColumns(void);

#endif							/* FDW_CHECK_DUPLICATE_COLUMN_H */
