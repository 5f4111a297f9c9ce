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

/* Wait until nothing that was abandoned can land any more: before a write. */
extern void scyllaFence(ScyllaSession *session);

#endif							/* FDW_SESSION_WAIT_H */
