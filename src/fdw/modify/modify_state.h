/*
 * fdw/modify/modify_state.h
 *	  What a statement that writes a foreign table knows of it, and what INSERT,
 *	  UPDATE and DELETE do alike.
 *
 * Backend thread. One ScyllaModify per foreign table and statement, in the
 * executor's query context, which also ends what is on its way if nobody else does.
 */
#ifndef FDW_MODIFY_MODIFY_STATE_H
#define FDW_MODIFY_MODIFY_STATE_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/execnodes.h"

#include "fdw/modify/target.h"
#include "fdw/write/write.h"
#include "fdw/write/write_cql.h"

/* A column that tells the row. */
typedef struct ScyllaKeyColumn
{
	AttrNumber	attnum;
	AttrNumber	junk;			/* in the plan's row; 0: not there, EXPLAIN only */
} ScyllaKeyColumn;

typedef struct ScyllaHeld ScyllaHeld;

typedef struct ScyllaModify
{
	CmdType		operation;
	ModifyTableState *mtstate;
	Relation	rel;
	EState	   *estate;
	uint64		epoch;			/* when options and types were looked up */
	ScyllaTableOptions *options;
	char	   *cql;			/* UTF-8 */
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaWrite *write;			/* NULL: that, or nothing is written */
	bool		conditional;
	bool		synchronous;	/* each row's fate is awaited */
	bool		counter;		/* it adds to counters */
	bool		strong;			/* the cluster gives rows their time: they are not batched, nor kept */
	bool		batch;			/* rows of one partition go together */
	bool		keep;			/* the write is not ended with the statement */
	ScyllaHeld *held;			/* INSERT: conflict.c's, where the executor makes batches; NULL: it does not */
	ScyllaTarget target;		/* INSERT: what it sets */
	AttrNumber	ttl_of;			/* the new row's attributes that have its TTL and timestamp; 0: none */
	AttrNumber	timestamp_of;
	ScyllaKeyColumn *key;		/* UPDATE and DELETE */
	int			nkeys;			/* of the whole primary key */
	int			nwritten;		/* of them, those that are in the text: static columns belong to a partition */
	AttrNumber	whole_row;		/* junk: the old row; 0: none */
	TupleTableSlot *old;		/* holds it */
	HeapTupleData old_tuple;
	TupleTableSlot *returned;	/* the row for RETURNING; NULL: none yet */
	bool		may_leave;		/* UPDATE: rows may come to belong to other partitions, which they cannot be moved to */
	int			npartition;		/* of the keys, those of the partition key */
	List	   *statics;		/* DELETE: String, static columns */
	struct ScyllaModify *moved; /* of UPDATE or MERGE: for rows that it moves here from other partitions; NULL: none
								 * yet; itself: for nothing else */
	struct ScyllaModify *alone; /* of a DELETE: for partitions that have nothing but static columns; NULL: none yet */
} ScyllaModify;

extern ScyllaModify *scyllaModifyMake(ModifyTableState *mtstate, ResultRelInfo *rri, CmdType operation);

/* Takes those out by which a row tells how it is written. attnums: int list */
extern void scyllaModifyPseudoColumns(ScyllaModify *m, List **attnums);

/* In the cluster, UTF-8: list of char *. */
extern List *scyllaModifyNames(Relation rel, List *attnums);

extern void scyllaModifyConnect(ScyllaModify *m, ResultRelInfo *rri, EState *estate);

/* Of this statement, whose condition, TTL and timestamp are filled in. */
extern char *scyllaModifyText(const ScyllaModify *m, ScyllaWriteText *text);

/* Markers for TTL and timestamp are added. */
extern void scyllaModifyOpen(ScyllaModify *m, const ScyllaMarker *markers, int nmarkers);

/*
 * What PostgreSQL checks where it stores a row itself, or after a foreign table has:
 * what is sent cannot be taken back. action: INSERT, UPDATE, also of a row that is
 * moved here, or DELETE; slot: the new row.
 */
extern void scyllaModifyCheckRow(const ScyllaModify *m, ResultRelInfo *rri, CmdType action, TupleTableSlot *slot);

/* Most tables that rows are inserted into have nothing to check. */
static inline void
scyllaModifyCheck(const ScyllaModify *m, ResultRelInfo *rri, CmdType action, TupleTableSlot *slot)
{
	if (m->operation != CMD_INSERT || rri->ri_WithCheckOptions != NIL || m->rel->rd_rel->relispartition ||
		m->mtstate->mt_transition_capture != NULL)
		scyllaModifyCheckRow(m, rri, action, slot);
}

/* False: there was a condition that it did not meet, or the row was refused and put aside. */
extern bool scyllaModifyRow(ScyllaModify *m, TupleTableSlot *const rows[SCYLLA_ROW_KINDS]);

/* The row as RETURNING may ask for it: of a partition, the executor's slot holds no system columns. */
extern TupleTableSlot *scyllaModifyReturn(ScyllaModify *m, const ResultRelInfo *rri, TupleTableSlot *slot);

/* All is acknowledged, or kept for more. NULL: nothing. */
extern void scyllaModifyEnd(ScyllaModify *m);

#endif							/* FDW_MODIFY_MODIFY_STATE_H */
