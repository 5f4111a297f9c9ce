/*
 * fdw/select/source.h
 *	  Who says what to ask for next: the keys of an IN list, ranges of tokens, the keys
 *	  of a join's outer rows.
 *
 * Backend thread.
 */
#ifndef FDW_SELECT_SOURCE_H
#define FDW_SELECT_SOURCE_H

#include "postgres.h"

#include "cql/buffer.h"

/* What one request binds; the source fills it. */
typedef struct ScyllaValues
{
	CqlBuffer	bytes;			/* [short n] n x [value]; empty: the statement has no markers */
	bool		routed;
	int64		token;			/* of the partition, or of one in the range */
	uint64		tag;			/* the source's, given back with each row */
} ScyllaValues;

typedef struct ScyllaSource
{
	/* The next request's values, into an emptied *values. false: there are no more, */
	bool		(*next) (struct ScyllaSource *self, ScyllaValues *values);
	bool		later;			/* or not yet: it is asked again, and the fetch has no end */
} ScyllaSource;

#endif							/* FDW_SELECT_SOURCE_H */
