/*
 * cql/changes.c
 *	  Which parts of the schema have changed, as the core tells it to the backend.
 *
 * Pure; any thread. Owns nothing. Invariant: whatever the bytes are, who is in doubt is
 * told that a table may have changed.
 *
 * The backend keeps the bytes as they are, and looks through them whenever it is about to
 * use what it knows of a table. They are few.
 */
#include "cql/changes.h"

void
cql_changes_put(CqlBuffer *b, uint32_t version, uint32_t lost, uint32_t n)
{
	cql_put_u32(b, version);
	cql_put_u32(b, lost);
	cql_put_u32(b, n);
}

void
cql_changes_put_one(CqlBuffer *b, const CqlChange *change)
{
	cql_put_u32(b, change->version);
	cql_put_string(b, change->keyspace);
	cql_put_string(b, change->table);
}

uint32_t
cql_changes_version(CqlReader r)
{
	uint32_t	version = cql_get_u32(&r);

	return r.failed ? 0 : version;
}

bool
cql_changes_touch(CqlReader r, uint32_t since, const char *keyspace, const char *table)
{
	uint32_t	lost;
	uint32_t	n;

	(void) cql_get_u32(&r);
	lost = cql_get_u32(&r);
	n = cql_get_u32(&r);
	if (r.failed || since < lost)
		return true;
	while (n-- > 0)
	{
		uint32_t	version = cql_get_u32(&r);
		CqlString	of_keyspace = cql_get_string(&r);
		CqlString	of_table = cql_get_string(&r);

		if (r.failed)
			return true;
		if (version > since && cql_string_equal(of_keyspace, keyspace)
			&& (of_table.len == 0 || cql_string_equal(of_table, table)))
			return true;
	}
	return false;
}
