/*
 * fdw/session/option_cache.c
 *	  Options of foreign tables, looked up once.
 *
 * Backend thread. Owns what was found, for the life of the process. A statement may
 * be as short as one row: catalogs are not read for each.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "fdw/compat.h"
#include "fdw/session/epoch.h"
#include "fdw/session/option.h"

typedef struct OptionEntry
{
	Oid			relid;			/* key */
	uint64		epoch;			/* when they were found */
	MemoryContext context;		/* of options */
	ScyllaTableOptions *options;
	ScyllaPseudo *pseudo;		/* of each column; NULL: none is one */
} OptionEntry;

static ScyllaPseudo *
look_up_pseudo_columns(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	int			natts = HeapTupleIsValid(tuple) ? ((Form_pg_class) GETSTRUCT(tuple))->relnatts : 0;
	ScyllaPseudo *pseudo = palloc_array(ScyllaPseudo, Max(natts, 1));
	bool		any = false;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	for (AttrNumber attnum = 1; attnum <= natts; attnum++)
	{
		pseudo[attnum - 1] = scyllaReadPseudo(relid, attnum);
		any |= pseudo[attnum - 1] != SCYLLA_NO_PSEUDO;
	}
	return any ? pseudo : NULL;
}

static ScyllaTableOptions *
look_up_table_options(Oid relid)
{
	ForeignTable *table = GetForeignTable(relid);
	ForeignServer *server = GetForeignServer(table->serverid);
	ScyllaTableOptions *o = scyllaResolveOptions(table->options, server->options);

	if (o->table == NULL)
		o->table = get_rel_name(relid);
	o->serverid = table->serverid;
	return o;
}

static OptionEntry *
find_entry(Oid relid)
{
	static HTAB *cache = NULL;
	uint64		epoch = scyllaEpoch();	/* before the look-up, which may hear of changes */
	HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(OptionEntry)};
	OptionEntry *entry;
	MemoryContext context;
	MemoryContext old;
	ScyllaTableOptions *options;
	ScyllaPseudo *pseudo;
	bool		found;

	if (cache == NULL)
		cache = hash_create("scylla_fdw options", 32, &ctl, HASH_ELEM | HASH_BLOBS);
	entry = hash_search(cache, &relid, HASH_FIND, NULL);
	if (entry != NULL && entry->epoch == epoch)
		return entry;

	context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw options", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	options = look_up_table_options(relid);
	pseudo = look_up_pseudo_columns(relid);
	MemoryContextSwitchTo(old);
	entry = hash_search(cache, &relid, HASH_ENTER, &found);
	if (found)
		MemoryContextDelete(entry->context);
	MemoryContextSetParent(context, CacheMemoryContext);
	*entry = (OptionEntry) {relid, epoch, context, options, pseudo};
	return entry;
}

ScyllaTableOptions *
scyllaTableOptions(Oid foreigntableid)
{
	const ScyllaTableOptions *options = find_entry(foreigntableid)->options;
	ScyllaTableOptions *copy = palloc(sizeof(*copy));

	if (options->keyspace == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("foreign table \"%s\" has no option \"keyspace\"", get_rel_name(foreigntableid)),
				 errhint("Use ALTER FOREIGN TABLE ... OPTIONS (ADD keyspace 'name').")));
	*copy = *options;
	copy->keyspace = pstrdup(options->keyspace);
	copy->table = pstrdup(options->table);
	return copy;
}

bool
scyllaIsUpdatable(Oid relid)
{
	return find_entry(relid)->options->updatable;
}

bool
scyllaHasPseudoColumns(Oid relid)
{
	return find_entry(relid)->pseudo != NULL;
}

ScyllaPseudo
scyllaPseudoColumn(Oid relid, AttrNumber attnum)
{
	const ScyllaPseudo *pseudo = find_entry(relid)->pseudo;

	return pseudo == NULL ? SCYLLA_NO_PSEUDO : pseudo[attnum - 1];
}

bool
scyllaIsWriteOnly(Oid relid, AttrNumber attnum)
{
	ScyllaPseudo pseudo = scyllaPseudoColumn(relid, attnum);

	return pseudo == SCYLLA_WRITE_TTL || pseudo == SCYLLA_WRITE_TIMESTAMP;
}
