/*
 * fdw/read/system_columns.c
 *	  System columns of foreign tables.
 *
 * Backend thread. Owns nothing. Invariant: the tuple with system columns lies in the
 * slot's memory, and the slot frees it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/read/system_columns.h"

bool
scyllaNeedsHeapTuple(const Bitmapset *attnums)
{
	static const AttrNumber columns[] = {MinTransactionIdAttributeNumber, MaxTransactionIdAttributeNumber,
	MinCommandIdAttributeNumber, MaxCommandIdAttributeNumber};

	for (size_t i = 0; i < lengthof(columns); i++)
	{
		if (bms_is_member(columns[i] - FirstLowInvalidHeapAttributeNumber, attnums))
			return true;
	}
	return false;
}

void
scyllaPutSystemColumns(TupleTableSlot *from, TupleTableSlot *to)
{
	MemoryContext old = MemoryContextSwitchTo(to->tts_mcxt);
	HeapTuple	tuple = ExecCopySlotHeapTuple(from);

	HeapTupleHeaderSetXmin(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetXmax(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetCmin(tuple->t_data, FirstCommandId);
	ExecForceStoreHeapTuple(tuple, to, true);
	MemoryContextSwitchTo(old);
}

bool
scyllaAsksForCtid(Node *expr, Index varno)
{
	Bitmapset  *attnums = NULL;

	pull_varattnos(expr, varno, &attnums);
	return bms_is_member(SelfItemPointerAttributeNumber - FirstLowInvalidHeapAttributeNumber, attnums);
}

void
scyllaRefuseCtid(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("foreign table \"%s\" has no ctid", get_rel_name(relid)),
			 errdetail("Rows of the cluster have no place that tells them apart."),
			 errhint("Use the columns of the primary key.")));
}
