/*
 * fdw/upper.c
 *	  Planning what comes above a scan.
 *
 * Backend thread. Owns nothing.
 */
#include "postgres.h"

#include "fdw/upper.h"
#include "fdw/vector.h"

void
scyllaGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
						   RelOptInfo *output_rel, void *extra)
{
	if (stage == UPPERREL_ORDERED)
		scyllaAddNearestPath(root, input_rel, output_rel);
}
