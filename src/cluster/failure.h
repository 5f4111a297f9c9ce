/*
 * cluster/failure.h
 *	  What to tell of a request or of a cluster that failed.
 *
 * Submitter thread; pure but for malloc. Texts of a server are made valid UTF-8
 * here and nowhere else.
 */
#ifndef CLUSTER_FAILURE_H
#define CLUSTER_FAILURE_H

#include "cluster/request.h"

/* Copy n bytes as valid UTF-8 without NUL ('?' for what is not), cut at a character; out is NUL-terminated. */
extern void cluster_failure_text(char *out, size_t size, const char *text, size_t n);

/*
 * A failure of a request: attempts, elapsed time and node are taken from it;
 * without a node of its own, node is "". NULL: out of memory.
 */
extern ClusterFailure *cluster_failure_new(const ClusterRequest *request, ClusterFailureKind kind,
										   const char *format,...) __attribute__((format(printf, 3, 4)));
extern ClusterFailure *cluster_failure_from_error(const ClusterRequest *request, const CqlError *error);

/* Addresses tried in vain, the most telling reason first. Zero-initialise. */
typedef struct ClusterReport
{
	NetFailureKind kind;		/* of the most telling one; NET_FAIL_NONE: empty */
	char		text[1024];		/* "a: reason; b: reason" */
} ClusterReport;

extern void cluster_report_add(ClusterReport *report, const char *address, const NetFailure *why);
extern void cluster_report_fill(const ClusterReport *report, ClusterFailure *failure);

#endif							/* CLUSTER_FAILURE_H */
