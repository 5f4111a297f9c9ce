/*
 * fdw/modify/direct_write.h
 *	  The requests of an UPDATE or DELETE that does not read the rows it writes.
 *
 * Backend thread. The state is direct.c's, and known to no one else.
 */
#ifndef FDW_MODIFY_DIRECT_WRITE_H
#define FDW_MODIFY_DIRECT_WRITE_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "fdw/fetch/fetch.h"
#include "fdw/report/report.h"
#include "fdw/select/condition.h"
#include "fdw/session/statement.h"
#include "fdw/session/transaction.h"

/* What one request writes. */
typedef struct ScyllaRun
{
	uint8_t    *values;			/* [short n] n x [value] of the conditions; NULL: sent */
	size_t		length;
	int64		token;
	int64		timestamp;
	int64		rows;			/* by the count */
} ScyllaRun;

typedef struct ScyllaDirect
{
	ForeignScanState *node;
	CmdType		operation;
	Relation	rel;
	ScyllaTableOptions *options;
	ScyllaSelect *select;
	List	   *set;			/* int: attributes */
	bool		set_processed;
	bool		counter;
	bool		has_ttl;		/* the new values have one */
	bool		counted;		/* the rows of a run are known before it is written, or by its answer */
	int			nvalues;		/* in front of the conditions': a TTL, if there is one, and those of set */
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaWriter writer;
	ScyllaConditions *conditions;
	List	   *set_states;		/* ExprState, of set */
	ScyllaReport report;

	/* while it runs */
	ScyllaSource counting;		/* hands the keys to the fetch of counts, and notes them */
	ScyllaSource *keys;
	ScyllaValues values;		/* conditional: of the next row */
	ScyllaRun  *run;
	uint64		nruns;
	uint64		allocated;
	ScyllaStatement *statement; /* that writes */
	RequestTemplate request;
	CqlBuffer	assignments;	/* these values */
	ScyllaPipeline *pipeline;
	int64		last_token;		/* conditional: of the partition that was written last */
	int			current;		/* of set, while it is encoded */
	MemoryContextCallback callback;
	MemoryContextCallback leave;
} ScyllaDirect;

/* The text of what is written. operators NULL: as planned, for EXPLAIN. */
extern char *scyllaDirectText(const ScyllaDirect *direct, const ScyllaOperator *operators);

/* Prepare it, encode the new values, and open the pipeline. */
extern void scyllaOpenDirect(ScyllaDirect *direct, const ScyllaOperator *operators);

/* number: of the run, from 1. */
extern void scyllaWriteRun(ScyllaDirect *direct, ScyllaRun *run, uint64 number);

/* Until all that was written is acknowledged. A failure is raised. */
extern void scyllaDrainDirect(ScyllaDirect *direct);

#endif							/* FDW_MODIFY_DIRECT_WRITE_H */
