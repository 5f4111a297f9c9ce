/*
 * fdw/select/request_list.h
 *	  What a scan asks for: one request, one for each combination of key values, or
 *	  one for each range of tokens.
 *
 * Backend thread. Lives in the memory context that was current at scyllaBeginSource.
 *
 *	 source = scyllaBeginSource(conditions, npartition);
 *	 scyllaSourceValue(source, condition, body, length) ... for each condition; none: it is left out
 *	 scyllaSourceRanges, scyllaSourceLimit, where wanted
 *	 n = scyllaEndSource(source);	then it may be fetched from
 */
#ifndef FDW_SELECT_REQUEST_LIST_H
#define FDW_SELECT_REQUEST_LIST_H

#include "postgres.h"

#include "port/atomics.h"

#include "cql/range.h"
#include "fdw/select/source.h"
#include "fdw/select/stride.h"

typedef struct ScyllaKeySource ScyllaKeySource;

/* The first npartition conditions are the partition key. */
extern ScyllaKeySource *scyllaBeginSource(int nconditions, int npartition);

/* A value in wire form; equal ones count once. */
extern void scyllaSourceValue(ScyllaKeySource *source, int condition, const uint8_t *body, size_t length);

/* Its values go with those of another condition before it, of which it has as many: the n-th with the n-th. */
extern void scyllaSourceTogether(ScyllaKeySource *source, int condition, int leader);

/* The statement's first two markers; a range's number is its rows' tag. range is borrowed. shared: counts ranges taken by all processes that read them; NULL: this one alone. */
extern void scyllaSourceRanges(ScyllaKeySource *source, const CqlTokenRange *range, int nranges,
							   pg_atomic_uint32 *shared);

/* The same, by ranges that are made as requests go. The stride is borrowed. */
extern void scyllaSourceStride(ScyllaKeySource *source, ScyllaStride *stride);

/* The statement's last marker. */
extern void scyllaSourceLimit(ScyllaKeySource *source, int32 limit);

/* Requests to come; at most INT_MAX. */
extern int	scyllaEndSource(ScyllaKeySource *source);

extern ScyllaSource *scyllaSourceOf(ScyllaKeySource *source);

#endif							/* FDW_SELECT_REQUEST_LIST_H */
