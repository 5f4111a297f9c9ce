/*
 * fdw/write/conditional.c
 *	  A table of partitions by token, and the fates that were announced.
 *
 * Backend thread. Owns both.
 *
 * Invariant: fewer rows are in flight than the table has places, as their fates are
 * asked for before there are more.
 */
#include "postgres.h"

#include "fdw/write/conditional.h"

#define FLIGHTS (4 * SCYLLA_FATES)	/* a table with room to find them by token */

/* A row that may be in flight; it is not if its ordinal is not behind the last drain's. */
typedef struct Flight
{
	int64		token;
	uint64		row;
} Flight;

struct ScyllaConditional
{
	bool	   *applied;		/* fates of the rows announced */
	uint64		announced;		/* ordinal of the last row before them */
	Flight	   *flight;			/* partitions of rows in flight, by token */
};

ScyllaConditional *
scyllaMakeConditional(void)
{
	ScyllaConditional *c = palloc0(sizeof(*c));

	c->applied = palloc0(sizeof(bool) * SCYLLA_FATES);
	c->flight = palloc0(sizeof(Flight) * FLIGHTS);
	return c;
}

bool
scyllaIsInFlight(ScyllaConditional *c, int64 token, uint64 row, uint64 drained)
{
	uint32		first = (uint32) ((uint64) token >> 32) % FLIGHTS;
	uint32		i = first;

	while (c->flight[i].row > drained)
	{
		if (c->flight[i].token == token)
			return true;
		i = (i + 1) % FLIGHTS;
		Assert(i != first);
	}
	c->flight[i] = (Flight) {token, row};
	return false;
}

void
scyllaAnnounceFates(ScyllaConditional *c, uint64 row)
{
	c->announced = row;
}

void
scyllaNoteApplied(ScyllaConditional *c, uint64 row, bool applied)
{
	Assert(row > c->announced && row - c->announced <= SCYLLA_FATES);
	c->applied[row - c->announced - 1] = applied;
}

bool
scyllaWasApplied(const ScyllaConditional *c, int n)
{
	Assert(n >= 0 && n < SCYLLA_FATES);
	return c->applied[n];
}
