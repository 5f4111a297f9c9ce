/*
 * fdw/session/warning.h
 *	  What the cluster warns of, told to the user.
 *
 * Backend thread. To be called where an answer is looked at for the statement that
 * runs, and not in an abort or on the way to an error of another request.
 */
#ifndef FDW_SESSION_WARNING_H
#define FDW_SESSION_WARNING_H

#include "postgres.h"

#include "fdw/session/session.h"

/* Each text once a statement. by_hand: the CQL is the user's own. */
extern void scyllaTellWarnings(const ClusterWarnings *warnings, bool by_hand);

/* Those of an answer, if there are any. Called for every row. */
static inline void
scyllaTellWarningsOf(const Request *r)
{
	if (unlikely(r->core.warnings != NULL))
		scyllaTellWarnings(r->core.warnings, false);
}

#endif							/* FDW_SESSION_WARNING_H */
