/*
 * pipeline/client_config.h
 *	  The copy of what a client is opened with, by which the submitter and its
 *	  cluster go.
 *
 * Backend thread.
 */
#ifndef PIPELINE_CLIENT_CONFIG_H
#define PIPELINE_CLIENT_CONFIG_H

#include "cluster/request.h"

/* With defaults for what is not given; all that from points to goes to the arena. false: out of memory. */
extern bool client_config_copy(const ClusterConfig *from, ClusterConfig *into, CqlArena *strings);

#endif							/* PIPELINE_CLIENT_CONFIG_H */
