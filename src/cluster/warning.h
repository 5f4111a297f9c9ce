/*
 * cluster/warning.h
 *	  What a node warns of with an answer.
 *
 * Submitter thread; pure but for malloc.
 */
#ifndef CLUSTER_WARNING_H
#define CLUSTER_WARNING_H

#include "cluster/request.h"
#include "cql/response.h"

#define CLUSTER_WARNINGS_MOST 16	/* of one answer; what comes behind them is left out */
#define CLUSTER_WARNING_SIZE 1024	/* of one text and its NUL; longer ones are cut at a character */

/* The texts of a prefix that is well formed, as valid UTF-8, malloc'd. node: where they are from. NULL: out of memory. */
extern ClusterWarnings *cluster_warnings_new(const CqlPrefix *prefix, const char *node);

#endif							/* CLUSTER_WARNING_H */
