/*
 * fdw/session/error.h
 *	  The one place that turns a failed request into a PostgreSQL error.
 *
 * Backend thread.
 */
#ifndef FDW_SESSION_ERROR_H
#define FDW_SESSION_ERROR_H

#include "postgres.h"

#include "pipeline/client.h"

/* Rows of statements that no transaction takes back. */
typedef struct ScyllaFates
{
	uint64		acknowledged;
	uint64		unknown;		/* sent, and nobody knows whether they were written */
} ScyllaFates;

/* What the caller knows beyond the failure itself. NULL and 0 where there is nothing to say. */
typedef struct ScyllaErrorContext
{
	const char *relation;		/* foreign table */
	const char *cql;			/* UTF-8 */
	bool		by_hand;		/* it is the user's own */
	const char *hint;			/* where the failure has none */
	uint64		ordinal;		/* row of the statement, from 1; 0: none */
	uint16		rows;			/* that went as one request, this the first of them; 0 and 1: it went alone */
	uint64		statement;		/* of several that share a write, from 1; 0: it has its own */
	const char *key;			/* "(id) = (42)" */
	ScyllaFates fates;			/* of other rows of this statement, or of these */
	bool		writes;			/* they are worth telling */
} ScyllaErrorContext;

/* Raises ERROR. failure NULL: out of memory in the core. Copies what it needs first. */
extern void scyllaRaiseFailure(const ClusterFailure *failure, const ScyllaErrorContext *context)
	__attribute__((noreturn));

/* "3 rows of this statement were acknowledged before and stay written.", palloc'd. shared: of statements that share a write. */
extern char *scyllaWrittenDetail(const ScyllaFates *fates, bool shared);

/* Of a write: it may have been carried out all the same. NULL: out of memory, and the reason is lost. */
extern bool scyllaMayBeWritten(const ClusterFailure *failure);

extern void scyllaRaiseOutOfMemory(void) __attribute__((noreturn));

/* A response that cannot be decoded. */
extern void scyllaRaiseMalformed(const char *what) __attribute__((noreturn));

#endif							/* FDW_SESSION_ERROR_H */
