/*
 * cluster/relief.h
 *	  What waits for a place while others have nothing to do goes there.
 *
 * Submitter thread only.
 *
 * A request joins a lane by what is known when it is submitted: how many are at each
 * place, and how many may be in flight there. How long that place will take turns out
 * later: a node that is a hundred times as slow as its peers has the same share of all
 * that was submitted at once, and would be at it long after the others are done.
 */
#ifndef CLUSTER_RELIEF_H
#define CLUSTER_RELIEF_H

#include "cluster/dispatch_state.h"

/* End of a turn: as many as there is room for at places where none waits. */
extern void cluster_relief_turn(ClusterDispatch *d);
/* Every now and then: some, to places that have had nothing to do for long, or are new. */
extern void cluster_relief_tick(ClusterDispatch *d);

#endif							/* CLUSTER_RELIEF_H */
