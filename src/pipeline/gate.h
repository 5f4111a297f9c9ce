/*
 * pipeline/gate.h
 *	  All that both threads see of a pipeline: whether its requests may go to the
 *	  cluster, and how many rows went there.
 *
 * The backend shuts the gate, the submitter counts rows at it. Neither waits.
 * Both write before they read: whichever comes second sees what the other one has
 * written. So no row is sent behind the count that gate_shut returns.
 */
#ifndef PIPELINE_GATE_H
#define PIPELINE_GATE_H

#include "cql/invariant.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Gate
{
	_Atomic bool shut;			/* by the backend: nothing more goes to the cluster */
	_Atomic uint64_t sent;		/* by the submitter: rows of the requests that went there */
} Gate;

/* ---- backend ---- */

/* Returns the rows that were sent; no others will be. */
static inline uint64_t
gate_shut(Gate *g)
{
	atomic_store(&g->shut, true);
	return atomic_load(&g->sent);
}

/* The same for who does not ask for the rows. */
static inline void
gate_drop(Gate *g)
{
	atomic_store_explicit(&g->shut, true, memory_order_relaxed);
}

/* ---- submitter ---- */

static inline bool
gate_is_shut(const Gate *g)
{
	return atomic_load_explicit(&g->shut, memory_order_relaxed);
}

/* The submitter alone writes the count. */
static inline void
gate_set_sent(Gate *g, uint64_t sent)
{
	atomic_store_explicit(&g->sent, sent, memory_order_relaxed);
}

/* The rows count as sent. false: the gate was shut meanwhile, and they do not. */
static inline bool
gate_pass(Gate *g, uint32_t rows)
{
	uint64_t	before = atomic_load_explicit(&g->sent, memory_order_relaxed);

	atomic_store(&g->sent, before + rows);
	if (!atomic_load(&g->shut))
		return true;
	gate_set_sent(g, before);
	return false;
}

/* Rows that passed, and were not sent after all. */
static inline void
gate_take_back(Gate *g, uint32_t rows)
{
	uint64_t	sent = atomic_load_explicit(&g->sent, memory_order_relaxed);

	CORE_ASSERT(sent >= rows);
	gate_set_sent(g, sent - rows);
}

#endif							/* PIPELINE_GATE_H */
