/*
 * fdw/join/lookup.h
 *	  Many rows' keys looked up in a foreign table side by side.
 *
 * Backend thread. Lives in a memory context of its own below the one that was
 * current at scyllaLookupOpen.
 *
 * Rows come in by scyllaLookupAdd as long as the lookup is hungry, are kept until
 * all their keys are answered, and go out as done, in any order. Equal keys that
 * wait together are asked for once. When keys turn out to be more work than the
 * whole table, that is read once, if there is room for it, and serves the others.
 *
 *	 lookup = scyllaLookupOpen(config)
 *	 for (;;) switch (scyllaLookupNext(lookup))
 *		 HUNGRY		add rows; scyllaLookupEnd after the last one
 *		 FOUND		a row of the foreign table, and rows that asked for it
 *		 DONE		a row about which all is known
 *		 END
 *	 scyllaLookupClose(lookup)
 */
#ifndef FDW_JOIN_LOOKUP_H
#define FDW_JOIN_LOOKUP_H

#include "postgres.h"

#include "access/htup_details.h"
#include "lib/ilist.h"
#include "nodes/execnodes.h"

#include "fdw/fetch/fetch.h"
#include "fdw/join/lookup_config.h"

typedef struct ScyllaLookupRow
{
	slist_node	node;			/* of the list of rows that are done */
	MinimalTuple tuple;
	int			keys;			/* that are not answered yet */
	bool		matched;		/* the caller's */
	bool		held;			/* the caller's: kept beyond DONE, until scyllaLookupFree */
} ScyllaLookupRow;

typedef enum ScyllaLookupEvent
{
	SCYLLA_LOOKUP_HUNGRY,
	SCYLLA_LOOKUP_FOUND,
	SCYLLA_LOOKUP_DONE,
	SCYLLA_LOOKUP_END
} ScyllaLookupEvent;

typedef struct ScyllaLookup ScyllaLookup;

/* Everything in config is borrowed. */
extern ScyllaLookup *scyllaLookupOpen(const ScyllaLookupConfig *config);
extern void scyllaLookupClose(ScyllaLookup *lookup);

/* econtext: where the conditions' values come from. The tuple is copied from slot. */
extern void scyllaLookupAdd(ScyllaLookup *lookup, ExprContext *econtext, TupleTableSlot *slot);
extern bool scyllaLookupIsHungry(const ScyllaLookup *lookup);
extern void scyllaLookupEnd(ScyllaLookup *lookup);

/* Waits. What the event before told of is gone, if it was DONE and the row is not held. */
extern ScyllaLookupEvent scyllaLookupNext(ScyllaLookup *lookup);

/* After FOUND: the rows that asked for it; the row itself, or NULL: it is the fetch's current one. */
extern ScyllaLookupRow **scyllaLookupRows(const ScyllaLookup *lookup, int *n);
extern MinimalTuple scyllaLookupTuple(const ScyllaLookup *lookup);
extern const ScyllaFetch *scyllaLookupFetch(const ScyllaLookup *lookup);

/* After DONE. */
extern ScyllaLookupRow *scyllaLookupDone(const ScyllaLookup *lookup);
extern void scyllaLookupFree(ScyllaLookup *lookup, ScyllaLookupRow *row);

#endif							/* FDW_JOIN_LOOKUP_H */
