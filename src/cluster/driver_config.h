/*
 * cluster/driver_config.h
 *	  What a node is told of how its client is configured: DRIVER_CONFIG of STARTUP.
 *
 * Any thread; pure.
 */
#ifndef CLUSTER_DRIVER_CONFIG_H
#define CLUSTER_DRIVER_CONFIG_H

#include "cluster/request.h"

/* JSON, and valid UTF-8 where the texts of config are; no addresses and no secrets. NULL: out of memory, or it would be too large. */
extern const char *cluster_driver_config(const ClusterConfig *config, CqlArena *strings);

#endif							/* CLUSTER_DRIVER_CONFIG_H */
