/*
 * fdw/session/wait.h
 *	  Where the backend waits for the cluster.
 *
 * Backend thread. Nothing else in the extension blocks.
 */
#ifndef FDW_SESSION_WAIT_H
#define FDW_SESSION_WAIT_H

#include "fdw/session/session.h"

/*
 * Sleep until want completions, or a failed one, are there (0 and more than
 * outstanding: what is outstanding), then drain. The one blocking wait: cancel,
 * timeouts and termination end it at once.
 */
extern void scyllaWait(ScyllaSession *session, uint32 want);

/* Take completions, and give the client descriptors for connections that it wants. */
extern void scyllaDrain(ScyllaSession *session);

/*
 * Before a write: wait until nothing of that kind, or a stricter one, that was abandoned can land any more.
 * PIPELINE_ORDERED: all that is written has timestamps, and does not depend on what the cluster has.
 * PIPELINE_TIMED: it does, or has the cluster's time.
 */
extern void scyllaFence(ScyllaSession *session, PipelineKind kind);

#endif							/* FDW_SESSION_WAIT_H */
