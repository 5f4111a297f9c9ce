/*
 * fdw/write/write_config.h
 *	  What a write is opened with.
 *
 * Backend thread.
 */
#ifndef FDW_WRITE_WRITE_CONFIG_H
#define FDW_WRITE_WRITE_CONFIG_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/rel.h"

#include "fdw/option/option.h"
#include "fdw/write/encode.h"
#include "fdw/write/refusal.h"

/* What a statement sets: attributes of the foreign table, in its order; int lists, palloc'd. */
typedef struct ScyllaTarget
{
	List	   *attnums;		/* what is written */
	List	   *unnamed;		/* of them, those in which a NULL says nothing: no value was given */
} ScyllaTarget;

typedef struct ScyllaWriteConfig
{
	Relation	rel;
	const ScyllaTableOptions *options;
	const char *cql;			/* UTF-8 */
	const ScyllaMarker *marker; /* in the order of the text */
	int			nmarkers;
	uint64		epoch;			/* when options and types were looked up */
	bool		keep;			/* others of the same text may follow in the transaction: scyllaKeepWrite ends it */
	bool		conditional;	/* the answer says whether it was applied, and the cluster tells the time */
	bool		counter;		/* no timestamps, and never twice */
	bool		strong;			/* the same, and rows of one partition one after the other: the cluster's time orders
								 * them */
	AttrNumber	timestamp_of;	/* the new row's attribute that has its timestamp; 0: none */
	const ScyllaTarget *target; /* keep: what the statement sets, by which another one finds the write */
	bool		by_place;		/* EXPLAIN may ask where requests went */
	bool		batch;			/* rows of one partition go together; there is a marker for their timestamps */
	const void *statement;		/* the same for all writes of one */
	ScyllaRejects *rejects;		/* borrowed; keep: lives as long as the transaction */
} ScyllaWriteConfig;

typedef struct ScyllaWrite ScyllaWrite;

#endif							/* FDW_WRITE_WRITE_CONFIG_H */
