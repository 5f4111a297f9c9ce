/*
 * fdw/write/write.h
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
#ifndef FDW_WRITE_WRITE_H
#define FDW_WRITE_WRITE_H

#include "postgres.h"

#include "fdw/compat.h"
#include "fdw/write/conditional.h"
#include "fdw/write/write_config.h"

/* Copies what it needs of config, but of the options only if it is kept. */
extern ScyllaWrite *scyllaOpenWrite(ScyllaSession *session, const ScyllaWriteConfig *config);

/*
 * One that was kept in this transaction and nesting level for the same table and
 * columns, while no option or type has changed: it goes on, with a new statement's
 * rows. NULL: none.
 */
extern ScyllaWrite *scyllaFindKeptWrite(ScyllaSession *session, Relation rel, const ScyllaTarget *target);

/*
 * rows: by ScyllaRowKind; NULL where no marker takes a value. Waits for room. False:
 * a converter refused the row, and the write's rejects took it.
 */
extern bool scyllaWriteRow(ScyllaWrite *write, TupleTableSlot *const rows[SCYLLA_ROW_KINDS]);

/*
 * Until all rows have their fate. The failure of the first in row order is raised,
 * and after that, should somebody have caught it, that the write is broken.
 */
extern void scyllaDrainWrite(ScyllaWrite *write);

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

#endif							/* FDW_WRITE_WRITE_H */
