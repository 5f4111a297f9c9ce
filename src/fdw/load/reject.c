/*
 * fdw/load/reject.c
 *	  A refused row ends its statement.
 *
 * Backend thread. Owns nothing. Invariants: none; pure functions.
 */
#include "postgres.h"

#include "fdw/load/reject.h"

static bool
stop(ScyllaRejects *self, const ScyllaRefusal *refusal)
{
	return false;
}

ScyllaRejects *
scyllaChooseRejects(const ScyllaTableOptions *options)
{
	static ScyllaRejects stopping = {.take = stop};

	return &stopping;
}
