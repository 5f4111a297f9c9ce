/*
 * fdw/select/stride.h
 *	  The whole token ring in ranges that grow as long as requests are quick.
 *
 * Backend thread. For requests whose work does not end with a page: an aggregate
 * is answered when all rows of its range were read, within the time that a
 * request has, and nobody knows how many rows there are.
 */
#ifndef FDW_SELECT_STRIDE_H
#define FDW_SELECT_STRIDE_H

#include "postgres.h"

#include "cql/range.h"

typedef struct ScyllaStride ScyllaStride;

/* at_once: requests under way at once. palloc'd in CurrentMemoryContext. */
extern ScyllaStride *scyllaMakeStride(int at_once);

/* The next range; each call is taken for the end of an earlier request. false: the ring is done. */
extern bool scyllaNextStride(ScyllaStride *stride, CqlTokenRange *range);

#endif							/* FDW_SELECT_STRIDE_H */
