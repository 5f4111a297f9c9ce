/*
 * pipeline/submitter.h
 *	  The background thread: a libuv loop that hands requests to the cluster, and
 *	  their fates back.
 *
 *	 one turn:	wake-up -> take chunks -> queue		replies -> on_complete -> done
 *				then, once: queue -> (ceiling) cluster_submit ..., cluster_flush,
 *				publish done
 *
 * on_complete appends, nothing more: the freed slots are refilled by the submit
 * step of the same turn, never from inside the callback.
 */
#ifndef PIPELINE_SUBMITTER_H
#define PIPELINE_SUBMITTER_H

#include "pipeline/channel.h"
#include "pipeline/counters.h"

typedef struct Submitter Submitter;

/* Backend. Beats max_in_flight of every submitter's configuration, those that run included; 0: does not. */
extern void submitter_limit_all(uint32_t max_in_flight);

/* Backend. Starts the thread with all signals blocked. NULL: errno tells. what it is given outlives it. */
extern Submitter *submitter_start(const ClusterConfig *config, Channel *ch, SubmitterCounters *counters,
								  NetSockets *sockets);

/*
 * Backend. After channel_stop: joins, at most timeout_ms. false: the thread did
 * not end in time; then nothing it may touch is ever freed.
 */
extern bool submitter_join(Submitter *s, uint32_t timeout_ms);

#endif							/* PIPELINE_SUBMITTER_H */
