/*
 * cql/invariant.c
 *	  The end of a process whose core broke an invariant.
 *
 * Thread: any.
 * Owns: nothing.
 * Invariants: the condition is on stderr before the process ends.
 */
#include "cql/invariant.h"

#include <stdio.h>
#include <stdlib.h>

void
core_assert_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, condition);
	abort();
}
