/*
 * fdw/modify/conflict.c
 *	  INSERT ... ON CONFLICT DO NOTHING, in the executor's batches.
 *
 * Backend thread. Owns the slots of batches until the executor drops them.
 * Invariants: there are as many slots as the next batch may have rows, `size` of
 * either kind, which never falls; bytes are those of the batch at hand.
 *
 * The executor copies each row, and the plan's row, into slots until there are
 * ri_BatchSize of them, and has no idea of their size. The executor makes the slots itself
 * where there are none, so there are always as many as a batch may have; they are
 * virtual ones whose copies count, and end the batch when they hold enough. A batch
 * begins small, and its successors double, as do the slots.
 *
 * No other statement has batches of the executor. Batches copy every slot, and the
 * pipeline saves already what they would save.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "executor/tuptable.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/compat.h"
#include "fdw/modify/conflict.h"

#define FIRST_BATCH 64

struct ScyllaHeld
{
	ResultRelInfo *rri;
	TupleDesc	desc;			/* of the rows, and of the plan's */
	TupleDesc	plan_desc;
	Size		bytes;			/* that the batch has so far */
	Size		limit;
	int			size;			/* slots of either kind; of rows, the next batch may have */
};

/* A virtual slot, and whose it is. */
typedef struct HeldSlot
{
	VirtualTupleTableSlot base;
	ScyllaHeld *held;
} HeldSlot;

/* The copy is one piece of memory, or none where all values are in the slot itself. */
static void
copy_and_count(TupleTableSlot *to, TupleTableSlot *from)
{
	HeldSlot   *slot = (HeldSlot *) to;
	ScyllaHeld *held = slot->held;

	TTSOpsVirtual.copyslot(to, from);
	if (slot->base.data != NULL)
		held->bytes += GetMemoryChunkSpace(slot->base.data);
	if (held->bytes >= held->limit)
		held->rri->ri_BatchSize = Min(held->rri->ri_BatchSize, Max(held->rri->ri_NumSlots + 1, 2));
}

static const TupleTableSlotOps *
held_slot_ops(void)
{
	static TupleTableSlotOps ops = {0};

	if (ops.base_slot_size == 0)
	{
		ops = TTSOpsVirtual;
		ops.copyslot = copy_and_count;
		ops.base_slot_size = sizeof(HeldSlot);
	}
	return &ops;
}

static TupleTableSlot *
make_slot(ScyllaHeld *held, TupleDesc desc)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, held_slot_ops());

	((HeldSlot *) slot)->held = held;
	return slot;
}

/* In the memory that the executor makes them in. */
static void
make_slots(ScyllaHeld *held, int size)
{
	ResultRelInfo *rri = held->rri;

	Assert(rri->ri_NumSlotsInitialized == held->size && size >= held->size && size <= SCYLLA_FATES);
	for (int i = rri->ri_NumSlotsInitialized; i < size; i++)
	{
		rri->ri_Slots[i] = make_slot(held, held->desc);
		rri->ri_PlanSlots[i] = make_slot(held, held->plan_desc);
		rri->ri_NumSlotsInitialized = i + 1;
	}
	held->size = size;
}

/* Rows that need their answers one by one are none of a batch. */
void
scyllaPrepareBatches(ScyllaModify *m, ResultRelInfo *rri)
{
	ScyllaHeld *held;

	if (!m->conditional || m->synchronous)
		return;
	held = m->held = palloc0(sizeof(*held));
	held->rri = rri;
	held->desc = CreateTupleDescCopy(RelationGetDescr(m->rel));
	held->plan_desc = CreateTupleDescCopy(ExecGetResultType(outerPlanState(&m->mtstate->ps)));
	held->limit = (Size) m->options->max_in_flight_bytes;
	rri->ri_Slots = palloc0_array(TupleTableSlot *, SCYLLA_FATES);
	rri->ri_PlanSlots = palloc0_array(TupleTableSlot *, SCYLLA_FATES);
	make_slots(held, FIRST_BATCH);
}

int
scyllaGetForeignModifyBatchSize(ResultRelInfo *rri)
{
	ScyllaModify *m = rri->ri_FdwState;

	return m != NULL && m->operation == CMD_INSERT && m->held != NULL ? m->held->size : 1;
}

/* The executor empties the slots behind this, and fills them again. */
static void
begin_next_batch(ScyllaHeld *held, EState *estate)
{
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);

	if (held->bytes < held->limit / 2)
		make_slots(held, Min(2 * held->size, SCYLLA_FATES));
	MemoryContextSwitchTo(old);
	held->rri->ri_BatchSize = held->size;
	held->bytes = 0;
}

/* Rows that were applied are counted. */
TupleTableSlot **
scyllaExecForeignBatchInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot **slots,
							 TupleTableSlot **plan_slots, int *nslots)
{
	ScyllaModify *m = rri->ri_FdwState;
	int			applied = 0;

	scyllaExpectFates(m->write);
	for (int i = 0; i < *nslots; i++)
	{
		TupleTableSlot *rows[SCYLLA_ROW_KINDS] = {slots[i], plan_slots[i], NULL};

		scyllaModifyCheck(m, rri, CMD_INSERT, slots[i]);
		(void) scyllaWriteRow(m->write, rows);
	}
	scyllaDrainWrite(m->write);
	for (int i = 0; i < *nslots; i++)
		applied += scyllaRowApplied(m->write, i);
	*nslots = applied;
	begin_next_batch(m->held, estate);
	return slots;
}
