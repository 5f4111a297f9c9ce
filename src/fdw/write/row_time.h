/*
 * fdw/write/row_time.h
 *	  TTL and timestamp that a row, or a statement, asks for.
 *
 * Backend thread. A row's own come from columns with the options write_ttl and
 * write_timestamp; a statement's from settings and options.
 */
#ifndef FDW_WRITE_ROW_TIME_H
#define FDW_WRITE_ROW_TIME_H

#include "postgres.h"

#include "utils/rel.h"

#include "fdw/option/option.h"

/* Takes the column of that kind out of a list of attributes (int); InvalidAttrNumber: it has none. Fails if it has two, or one of a type that is no integer. */
extern AttrNumber scyllaTakePseudoColumn(Relation rel, ScyllaPseudo kind, List **attnums);

/* type: that of the column, below domains. Fail if CQL has no such TTL or timestamp. */
extern int32 scyllaRowTtl(Datum value, Oid type);
extern int64 scyllaRowTimestamp(Datum value, Oid type);

typedef struct ScyllaTimedWrite
{
	bool		conditional;
	bool		counter;
	bool		deletes;
} ScyllaTimedWrite;

/* Fails if the statement's own cannot be in such a write. */
extern void scyllaCheckTimes(Relation rel, const ScyllaTableOptions *options, const ScyllaTimedWrite *write);

/* The same of a row's. */
extern void scyllaRefuseTimestamp(void) __attribute__((noreturn));
extern void scyllaRefuseCounterTimes(Relation rel) __attribute__((noreturn));

#endif							/* FDW_WRITE_ROW_TIME_H */
