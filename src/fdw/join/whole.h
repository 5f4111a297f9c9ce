/*
 * fdw/join/whole.h
 *	  All rows of a foreign table in memory, in place of look-ups that turn out to be
 *	  too many.
 *
 * Backend thread. Lives in a memory context of its own below the one that was
 * current at scyllaReadWhole.
 */
#ifndef FDW_JOIN_WHOLE_H
#define FDW_JOIN_WHOLE_H

#include "postgres.h"

#include "access/htup_details.h"

#include "fdw/join/lookup_config.h"

typedef struct ScyllaWholeRow
{
	struct ScyllaWholeRow *next;	/* of the same key */
	MinimalTuple tuple;			/* of the foreign table */
} ScyllaWholeRow;

typedef struct ScyllaWhole ScyllaWhole;

/* Reads it. NULL: there is no room for it. */
extern ScyllaWhole *scyllaReadWhole(const ScyllaLookupConfig *config);

/* The rows that a request which binds these bytes would find; NULL: none. */
extern const ScyllaWholeRow *scyllaWholeRows(ScyllaWhole *whole, const uint8_t *bytes, Size length);

#endif							/* FDW_JOIN_WHOLE_H */
