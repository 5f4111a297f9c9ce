/*
 * fdw/session/client_start.h
 *	  Starting a client: its configuration, what nodes show of it, and the file
 *	  descriptors that the server's accounting knows of.
 *
 * Backend thread.
 */
#ifndef FDW_SESSION_CLIENT_START_H
#define FDW_SESSION_CLIENT_START_H

#include "postgres.h"

#include "fdw/option/option.h"
#include "pipeline/client.h"

#define SCYLLA_CLOSE_TIMEOUT 500	/* ms; a terminated backend must be gone within a second */

/* Raises what is in the way. descriptors: how many are accounted for; 0 before. events: what the backend waits for the client with. */
extern Client *scyllaStartClient(ForeignServer *server, const ScyllaConnectionOptions *o, bool require_auth,
								 int *descriptors, struct WaitEventSet **events);

/* For connections that the client wants, as far as the server has some to spare. */
extern void scyllaHandOutDescriptors(Client *client, int *descriptors);
/* Those of connections that were closed. */
extern void scyllaTakeBackDescriptors(Client *client, int *descriptors);
extern void scyllaReleaseDescriptors(int *descriptors);

#endif							/* FDW_SESSION_CLIENT_START_H */
