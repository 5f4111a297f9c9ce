/*
 * fdw/session/open_reads.h
 *	  Open reads of foreign tables, which a write of the same table has to wait for.
 *
 * Backend thread. Before a table is written to, its open reads read what they have
 * not read yet, so that they do not meet the new rows. Of all sessions of a server.
 */
#ifndef FDW_SESSION_OPEN_READS_H
#define FDW_SESSION_OPEN_READS_H

#include "postgres.h"

#include "lib/ilist.h"
#include "nodes/execnodes.h"
#include "utils/resowner.h"

#include "fdw/session/session.h"

typedef struct ScyllaOpenRead
{
	dlist_node	node;
	Oid			serverid;		/* the caller's, as are the next two */
	const ScyllaTableOptions *options;
	void		(*collect) (struct ScyllaOpenRead *open_read);	/* as a part of its own query: see below */

	/* of the query */
	EState	   *estate;
	ResourceOwner owner;		/* NULL: it has failed in a savepoint, and will not go on */
	Oid			userid;
	int			security;
} ScyllaOpenRead;

/* When the query begins. Gone by dlist_delete. */
extern void scyllaAddOpenRead(ScyllaOpenRead *open_read, EState *estate);

/*
 * Before a write: have each open read of this table collect its rows. Collecting runs as a
 * part of the query that reads, not of the query that writes: with its memory context,
 * resource owner, snapshot and user, forwards.
 */
extern void scyllaCollectOpenReads(ScyllaSession *session, const ScyllaTableOptions *options);

#endif							/* FDW_SESSION_OPEN_READS_H */
