/*
 * fdw/pushdown/relation.c
 *	  What the planner learns of a foreign table from the cluster.
 *
 * Backend thread. Owns nothing. Invariant: the table is copied once, into the memory
 * of info, and never replaced, as conditions point to its columns.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "fdw/catalog/index.h"
#include "fdw/catalog/vector_index.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/pushdown/relation.h"
#include "fdw/session/session.h"

/* Joins may be planned in memory that goes before the plan is made (GEQO): the table stays as long as info. */
void
scyllaDescribeRelation(ScyllaRelation *info)
{
	ScyllaSession *session;
	MemoryContext old;

	if (info->table != NULL)
		return;
	session = scyllaGetSession(info->userid, info->serverid);
	old = MemoryContextSwitchTo(GetMemoryChunkContext(info));
	info->table = scyllaCopyTable(scyllaDescribeTable(session, info->options));
	MemoryContextSwitchTo(old);
}

/* Into the copy: conditions point to its columns. */
void
scyllaDescribeIndexesOf(ScyllaRelation *info)
{
	ScyllaSession *session;
	ScyllaTable *table;
	MemoryContext old;

	if (info->table->indexes_known)
		return;
	session = scyllaGetSession(info->userid, info->serverid);
	table = scyllaDescribeTable(session, info->options);
	scyllaDescribeIndexes(session, info->options, table);
	old = MemoryContextSwitchTo(GetMemoryChunkContext(info));
	for (int i = 0; i < table->ncolumns; i++)
	{
		ScyllaTableColumn *column = scyllaTableColumn(info->table, table->column[i].name);

		if (column != NULL)
		{
			column->index = table->column[i].index;
			column->local_index = table->column[i].local_index;
			column->vector_indexes = scyllaCopyVectorIndexes(table->column[i].vector_indexes);
		}
	}
	MemoryContextSwitchTo(old);
	info->table->indexes_known = true;
}

const ScyllaTableColumn *
scyllaColumnOf(const ScyllaRelation *info, AttrNumber attnum)
{
	if (scyllaPseudoColumn(info->relid, attnum) != SCYLLA_NO_PSEUDO)
		return NULL;
	return scyllaTableColumn(info->table, scyllaToUtf8(scyllaColumnName(info->relid, attnum)));
}
