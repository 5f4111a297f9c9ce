/*
 * fdw/option/nearest.c
 *	  The name that was meant, for hints.
 *
 * Backend thread. Owns nothing. Invariants: none; pure functions.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/varlena.h"

#include "fdw/option/nearest.h"

const char *
scyllaNearestName(const char *name, List *candidates)
{
	const char *best = NULL;
	int			best_distance = 5;
	ListCell   *lc;

	if (strlen(name) >= NAMEDATALEN)
		return NULL;
	foreach(lc, candidates)
	{
		const char *candidate = lfirst(lc);
		int			distance;

		if (pg_strcasecmp(name, candidate) == 0)
			return candidate;
		distance = varstr_levenshtein(name, strlen(name), candidate, strlen(candidate), 1, 1, 1, true);
		if (distance < best_distance && distance <= (int) strlen(name) / 2)
		{
			best = candidate;
			best_distance = distance;
		}
	}
	return best;
}
