/*
 * fdw/session/transaction.h
 *	  Open writes of a transaction, and what is told of their rows when it is rolled
 *	  back: CQL takes nothing back.
 *
 * Backend thread. Callbacks of the end of a transaction or subtransaction neither
 * wait nor fail.
 */
#ifndef FDW_SESSION_TRANSACTION_H
#define FDW_SESSION_TRANSACTION_H

#include "postgres.h"

#include "lib/ilist.h"

#include "fdw/session/error.h"
#include "fdw/session/session.h"

/*
 * An open write: of a running statement, or kept open for others of its
 * transaction. A read of the same session has it drained first.
 */
typedef struct ScyllaWriter
{
	dlist_node	node;
	ScyllaSession *session;
	bool		kept;
	int			level;			/* of the transaction's nesting */
	const void *statement;		/* tells writes of one statement from others; NULL: it belongs to several */
	ScyllaPipeline *pipeline;	/* NULL: none yet */
	uint64		answered;		/* rows that were sent and are home */
	ScyllaFates fates;			/* of those; and of those on their way once nobody waits for them any more */
	bool		broken;			/* a row's failure was raised, or nobody waits any more: all that is left is to say so */
	void		(*drain) (struct ScyllaWriter *writer);
	void		(*close) (struct ScyllaWriter *writer); /* drains, and is gone; NULL: it is never kept */
	/* Rows that an answered request has written, -1: nobody can say. Raises nothing. */
	int64		(*rows) (struct ScyllaWriter *writer, const Request *r);
} ScyllaWriter;

extern void scyllaWatchTransactions(void);	/* from _PG_init */

/* Session, statement and functions are set. A write that is open when its memory goes has to leave. */
extern void scyllaJoinWriters(ScyllaWriter *writer);
extern void scyllaLeaveWriters(ScyllaWriter *writer);

/*
 * Of a request that came home: it is counted, and a rollback will tell of it unless
 * scyllaTellFates does. told: an error tells what became of it. Returns the rows written.
 */
extern int64 scyllaNoteFate(ScyllaWriter *writer, const Request *r, bool told);

/* Somebody has sent rows in this transaction: there is no way back, and no PREPARE TRANSACTION. */
extern void scyllaNoteSent(ScyllaSession *session);

/*
 * For an error that ends the statement of this write: nothing more of it is sent, and
 * the error tells what these are.
 */
extern ScyllaFates scyllaTellFates(ScyllaWriter *writer);

/* Drain the open writes of this server's sessions, but for one (NULL: none): before a read, or a write that is not ordered by timestamps. */
extern void scyllaDrainWriters(const ScyllaSession *session, const ScyllaWriter *except);

#endif							/* FDW_SESSION_TRANSACTION_H */
