/*
 * fdw/check/duplicate_column.h
 *	  Two columns of a foreign table that stand for one of the cluster's.
 *
 * Backend thread.
 */
#ifndef FDW_CHECK_DUPLICATE_COLUMN_H
#define FDW_CHECK_DUPLICATE_COLUMN_H

#include "postgres.h"

/* A foreign table, of any wrapper, or one that is gone. */
extern void scyllaWarnOfDuplicateColumns(Oid relid);

#endif							/* FDW_CHECK_DUPLICATE_COLUMN_H */
