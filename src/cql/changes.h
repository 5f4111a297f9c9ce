/*
 * cql/changes.h
 *	  Which parts of the schema have changed, as the core tells it to the backend: the
 *	  body of the answer to CLUSTER_CHANGES. No node ever sends or gets it.
 *
 * Pure; any thread.
 *
 *	 [int version] [int lost] [int n] n x ([int version] [string keyspace] [string table])
 *
 * Each change has a version, which is higher than those before. Of changes up to lost
 * some are not told any more: they may have been of anything.
 */
#ifndef CQL_CHANGES_H
#define CQL_CHANGES_H

#include "cql/buffer.h"

typedef struct CqlChange
{
	uint32_t	version;		/* of the last change of its kind */
	const char *keyspace;
	const char *table;			/* "": any of the keyspace */
} CqlChange;

/* version: of the last change of all. n: how many are put behind it. */
extern void cql_changes_put(CqlBuffer *b, uint32_t version, uint32_t lost, uint32_t n);
extern void cql_changes_put_one(CqlBuffer *b, const CqlChange *change);

/* Of the last change that is known here; 0 if malformed. */
extern uint32_t cql_changes_version(CqlReader r);
/* The table may have changed since that version. Also true if malformed. */
extern bool cql_changes_touch(CqlReader r, uint32_t since, const char *keyspace, const char *table);

#endif							/* CQL_CHANGES_H */
