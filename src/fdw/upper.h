/*
 * fdw/upper.h
 *	  Planning what comes above a scan.
 *
 * Backend thread. See foreign/fdwapi.h for the contract.
 */
#ifndef FDW_UPPER_H
#define FDW_UPPER_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern void scyllaGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
									   RelOptInfo *output_rel, void *extra);

#endif							/* FDW_UPPER_H */
