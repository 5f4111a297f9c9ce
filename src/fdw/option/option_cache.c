/*
 * fdw/option/option_cache.c
 *	  Options of foreign tables, looked up once.
 *
 * Backend thread. Owns what was found, until catalogs change: then all of it is
 * stale, and goes, so that nothing is kept of tables that are gone. A statement may
 * be as short as one row: catalogs are not read for each. Invariant: all that is kept
 * was found in one epoch, even where the look-up itself hears of a change.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "fdw/compat.h"
#include "fdw/option/epoch.h"
#include "fdw/option/option_cache.h"
#include "fdw/option/resolve.h"

/* Two columns of a foreign table that stand for one of the cluster's. */
typedef struct ColumnPair
{
	AttrNumber	first;			/* 0: there are none */
	AttrNumber	second;
} ColumnPair;

typedef struct OptionEntry
{
	Oid			relid;			/* key */
	ScyllaTableOptions *options;
	ScyllaPseudo *pseudo;		/* of each column; NULL: none is one */
	ColumnPair	twins;
} OptionEntry;

AttrNumber
scyllaCountAttributes(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	AttrNumber	natts = HeapTupleIsValid(tuple) ? ((Form_pg_class) GETSTRUCT(tuple))->relnatts : 0;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return natts;
}

static ScyllaPseudo *
look_up_pseudo_columns(Oid relid, AttrNumber natts)
{
	ScyllaPseudo *pseudo = palloc_array(ScyllaPseudo, Max(natts, 1));
	bool		any = false;

	for (AttrNumber attnum = 1; attnum <= natts; attnum++)
	{
		pseudo[attnum - 1] = scyllaReadPseudo(relid, attnum);
		any |= pseudo[attnum - 1] != SCYLLA_NO_PSEUDO;
	}
	return any ? pseudo : NULL;
}

/* A column and the name of the one that it stands for. */
typedef struct ColumnName
{
	const char *name;
	AttrNumber	attnum;
} ColumnName;

static int
compare_names(const void *a, const void *b)
{
	const ColumnName *x = a;
	const ColumnName *y = b;
	int			order = strcmp(x->name, y->name);

	return order != 0 ? order : x->attnum - y->attnum;
}

/* Not one that is dropped, shows something else, or is computed when it is read. */
static bool
stands_for_value(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(attnum));
	bool		stands = false;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_attribute att = (Form_pg_attribute) GETSTRUCT(tuple);

		stands = !att->attisdropped && !scyllaIsVirtual(att);
		ReleaseSysCache(tuple);
	}
	return stands && scyllaReadPseudo(relid, attnum) == SCYLLA_NO_PSEUDO;
}

static ColumnPair
find_twins(Oid relid, AttrNumber natts)
{
	ColumnName *column = palloc_array(ColumnName, Max(natts, 1));
	int			n = 0;

	for (AttrNumber attnum = 1; attnum <= natts; attnum++)
	{
		if (stands_for_value(relid, attnum))
			column[n++] = (ColumnName) {scyllaColumnName(relid, attnum), attnum};
	}
	qsort(column, n, sizeof(*column), compare_names);
	for (int i = 1; i < n; i++)
	{
		if (strcmp(column[i - 1].name, column[i].name) == 0)
			return (ColumnPair) {column[i - 1].attnum, column[i].attnum};
	}
	return (ColumnPair) {0, 0};
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

/* Of one epoch, with all that was found in it. */
static struct
{
	uint64		epoch;
	MemoryContext context;		/* NULL: nothing was looked up yet */
	HTAB	   *entries;
}			cache;

static void
begin_epoch(uint64 epoch)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(OptionEntry)};

	if (cache.context == NULL)
		cache.context = AllocSetContextCreate(CacheMemoryContext, "scylla_fdw options", ALLOCSET_SMALL_SIZES);
	cache.entries = NULL;
	MemoryContextReset(cache.context);
	ctl.hcxt = cache.context;
	cache.entries = hash_create("scylla_fdw option entries", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	cache.epoch = epoch;
}

/* Valid until the next call. */
static const OptionEntry *
find_entry(Oid relid)
{
	uint64		epoch = scyllaEpoch();	/* before the look-up, which may hear of changes */
	OptionEntry *entry;
	MemoryContext context;
	MemoryContext old;
	ScyllaTableOptions *options;
	ScyllaPseudo *pseudo;
	ColumnPair	twins;
	AttrNumber	natts;

	if (cache.entries == NULL || cache.epoch != epoch)
		begin_epoch(epoch);
	entry = hash_search(cache.entries, &relid, HASH_FIND, NULL);
	if (entry != NULL)
		return entry;

	context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw options of a table", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	options = look_up_table_options(relid);
	natts = scyllaCountAttributes(relid);
	pseudo = look_up_pseudo_columns(relid, natts);
	twins = find_twins(relid, natts);
	MemoryContextSwitchTo(old);
	entry = hash_search(cache.entries, &relid, HASH_ENTER, NULL);
	Assert(cache.epoch == epoch);	/* looking up forgets nothing, whatever it hears of */
	MemoryContextSetParent(context, cache.context);
	*entry = (OptionEntry) {relid, options, pseudo, twins};
	return entry;
}

void
scyllaCheckColumns(Oid relid, int elevel)
{
	ColumnPair	twins = find_entry(relid)->twins;

	if (twins.first == 0)
		return;
	ereport(elevel,
			(errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
			 errmsg("columns \"%s\" and \"%s\" of foreign table \"%s\" both stand for column \"%s\" of the cluster's table",
					get_attname(relid, twins.first, false), get_attname(relid, twins.second, false), get_rel_name(relid),
					scyllaColumnName(relid, twins.first)),
			 errhint("Drop one of them, or give it another option column_name.")));
}

ScyllaTableOptions *
scyllaTableOptions(Oid foreigntableid)
{
	const OptionEntry *entry = find_entry(foreigntableid);
	const ScyllaTableOptions *options = entry->options;
	ScyllaTableOptions *copy = palloc(sizeof(*copy));

	if (options->keyspace == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("foreign table \"%s\" has no option \"keyspace\"", get_rel_name(foreigntableid)),
				 errhint("Use ALTER FOREIGN TABLE ... OPTIONS (ADD keyspace 'name').")));
	scyllaCheckColumns(foreigntableid, ERROR);
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
