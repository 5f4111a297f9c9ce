/*
 * fdw/option/nearest.h
 *	  The name that was meant, for hints.
 *
 * Backend thread.
 */
#ifndef FDW_OPTION_NEAREST_H
#define FDW_OPTION_NEAREST_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* The candidate (char *) that takes the fewest edits, NULL if none is near. */
extern const char *scyllaNearestName(const char *name, List *candidates);

#endif							/* FDW_OPTION_NEAREST_H */
