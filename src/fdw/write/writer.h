/*
 * fdw/write/writer.h
 *	  Writing rows: values into requests, requests out, acknowledgements back.
 *
 * Backend thread. A write is one prepared statement on one foreign table and its
 * requests. A write lives in a memory context of its own below the one it was opened
 * in; when that goes early, what is on its way is abandoned.
 *
 * A row is encoded straight into the pipeline and the caller goes on. Its fate
 * comes back later and is looked at here, in the backend: while later rows are
 * written, and by scyllaDrainWrite.
 */
#ifndef FDW_WRITE_WRITER_H
#define FDW_WRITE_WRITER_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "fdw/report/report.h"
#include "fdw/session/session.h"
#include "fdw/write/encode.h"
#include "fdw/write/target.h"

typedef struct ScyllaWriteConfig
{
	Relation	rel;
	const ScyllaTableOptions *options;
	const char *cql;			/* UTF-8 */
	const ScyllaMarker *marker; /* in the order of the text */
	int			nmarkers;
	uint64		epoch;			/* when options and types were looked up */
	bool		keep;			/* others of the same text may follow in the transaction: scyllaKeepWrite ends it */
	bool		conditional;	/* the answer says whether it was applied, and the cluster tells the time */
	bool		counter;		/* no timestamps, and never twice */
	AttrNumber	timestamp_of;	/* the new row's attribute that has its timestamp; 0: none */
	const ScyllaTarget *target; /* keep: what the statement sets, by which another one finds the write */
	bool		batch;			/* rows of one partition go together; there is a marker for their timestamps */
	const void *statement;		/* the same for all writes of one */
} ScyllaWriteConfig;

typedef struct ScyllaWrite ScyllaWrite;

/* Copies what it needs of config, but of the options only if it is kept. */
extern ScyllaWrite *scyllaOpenWrite(ScyllaSession *session, const ScyllaWriteConfig *config);

/*
 * One that was kept in this transaction and nesting level for the same table and
 * columns, while no option or type has changed: it goes on, with a new statement's
 * rows. NULL: none.
 */
extern ScyllaWrite *scyllaFindKeptWrite(ScyllaSession *session, Relation rel, const ScyllaTarget *target);

/* rows: by ScyllaRowKind; NULL where no marker takes a value. Waits for room. */
extern void scyllaWriteRow(ScyllaWrite *write, TupleTableSlot *const rows[SCYLLA_ROW_KINDS]);

/*
 * Until all rows have their fate. The failure of the first in row order is raised,
 * and after that, should somebody have caught it, that the write is broken.
 */
extern void scyllaDrainWrite(ScyllaWrite *write);

#define SCYLLA_FATES 1024

/*
 * A conditional write: rows whose fates will be asked for together are announced
 * before the first of them, SCYLLA_FATES at most. After a drain: was row number n
 * of them, from 0, applied?
 */
extern void scyllaExpectFates(ScyllaWrite *write);
extern bool scyllaRowApplied(const ScyllaWrite *write, int n);

extern void scyllaCloseWrite(ScyllaWrite *write);	/* drains */

/* Of a statement that waits for nothing: drained at the end of the transaction or savepoint, or before a read. */
extern void scyllaKeepWrite(ScyllaWrite *write);

/* Under ANALYZE; drains. more: what wrote other rows of the statement; NULL: nothing did. */
extern void scyllaExplainWrite(ScyllaWrite *write, ScyllaWrite *more, ExplainState *es);

#endif							/* FDW_WRITE_WRITER_H */
