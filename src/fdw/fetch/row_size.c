/*
 * fdw/fetch/row_size.c
 *	  How large rows are, by types and statistics.
 *
 * Backend thread. Owns nothing. Invariant: `unknown` has columns only where `read` is
 * 0.
 *
 * A page of 5000 rows of 1 MB ends a node that would have sent 20 kB of keys. So
 * what nodes read counts for the size of a page. If types and ANALYZE do not tell,
 * the scan first looks at four rows with the columns in question, once for each
 * statement (row_look.c).
 */
#include "postgres.h"

#include "nodes/value.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/fetch/row_size.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"

#define COMPUTED_BYTES 64		/* a row of counts, sums and extremes */

/* Of a CQL type; 0: its values may have any size. */
static int
type_bytes(const char *type)
{
	static const struct
	{
		const char *type;
		int			bytes;
	}			types[] =
	{
		{"tinyint", 1}, {"smallint", 2}, {"int", 4}, {"bigint", 8}, {"counter", 8}, {"float", 4}, {"double", 8}, {"boolean", 1},
		{"uuid", 16}, {"timeuuid", 16}, {"empty", 1}, {"timestamp", 8}, {"date", 4}, {"time", 8}, {"inet", 16}, {"duration", 16},
		/* numbers of many digits are rare */
		{"varint", 16}, {"decimal", 16}
	};

	for (size_t i = 0; i < lengthof(types); i++)
	{
		if (strcmp(types[i].type, type) == 0)
			return types[i].bytes;
	}
	if (strncmp(type, "vector<float, ", 14) == 0)
		return 4 * (int) Min(strtoul(type + 14, NULL, 10), 1 << 16);
	return 0;
}

/* attnum 0: the foreign table has no such column. */
static int
column_bytes(Oid relid, AttrNumber attnum, const ScyllaTableColumn *column)
{
	int			bytes = type_bytes(column->type);

	return bytes > 0 || attnum == 0 ? bytes : get_attavgwidth(relid, attnum);
}

/* The column that an attribute shows; NULL: TTL or write time of one. */
static const ScyllaTableColumn *
column_of(Oid relid, AttrNumber attnum, const ScyllaTable *table)
{
	if (get_attname(relid, attnum, true) == NULL || scyllaPseudoColumn(relid, attnum) != SCYLLA_NO_PSEUDO)
		return NULL;
	return scyllaTableColumn(table, scyllaToUtf8(scyllaColumnName(relid, attnum)));
}

/* Of each column, the attribute that shows it; 0: none. */
static AttrNumber *
attributes_of(Oid relid, const ScyllaTable *table)
{
	AttrNumber	natts = scyllaCountAttributes(relid);
	AttrNumber *shown = palloc0_array(AttrNumber, table->ncolumns);

	for (AttrNumber attnum = 1; attnum <= natts; attnum++)
	{
		const ScyllaTableColumn *column = column_of(relid, attnum, table);

		if (column != NULL)
			shown[column - table->column] = attnum;
	}
	return shown;
}

/* Attributes that are selected, or that aggregates are about. */
static List *
attributes(const ScyllaSelect *select)
{
	return select->roles == NIL ? select->targets : select->aggregated;
}

static bool
selects_regular(const ScyllaSelect *select, const ScyllaTable *table)
{
	ListCell   *lc;

	foreach(lc, attributes(select))
	{
		const ScyllaTableColumn *column = lfirst_int(lc) > 0 ? column_of(select->relid, lfirst_int(lc), table) : NULL;

		if (column != NULL && column->kind == SCYLLA_REGULAR)
			return true;
	}
	return false;
}

/* One more column of which a row consists. */
static void
add_column(int bytes, const ScyllaTableColumn *column, int *sum, List **unknown)
{
	StringInfoData name;

	*sum += bytes;
	if (bytes > 0)
		return;
	initStringInfo(&name);
	scyllaAppendIdentifier(&name, column->name);
	*unknown = lappend(*unknown, makeString(name.data));
}

/* Of the attributes. */
static int
selected_bytes(const ScyllaSelect *select, const ScyllaTable *table, List **unknown)
{
	int			sum = 1;
	ListCell   *lc;

	foreach(lc, attributes(select))
	{
		const ScyllaTableColumn *column = lfirst_int(lc) > 0 ? column_of(select->relid, lfirst_int(lc), table) : NULL;

		if (column == NULL)
			sum += 8;
		else
			add_column(column_bytes(select->relid, lfirst_int(lc), column), column, &sum, unknown);
	}
	return *unknown == NIL ? sum : 0;
}

static int
whole_bytes(const ScyllaSelect *select, const ScyllaTable *table, List **unknown)
{
	AttrNumber *shown = attributes_of(select->relid, table);
	int			sum = 1;

	for (int i = 0; i < table->ncolumns; i++)
	{
		const ScyllaTableColumn *column = &table->column[i];

		if (column->kind == SCYLLA_REGULAR)
			add_column(column_bytes(select->relid, shown[i], column), column, &sum, unknown);
	}
	return *unknown == NIL ? sum : 0;
}

ScyllaRowSize
scyllaRowSize(const ScyllaSelect *select, const ScyllaTable *table)
{
	ScyllaRowSize size = {0};
	List	   *unknown = NIL;

	size.row = selected_bytes(select, table, &unknown);
	if (!selects_regular(select, table))
		size.read = whole_bytes(select, table, &size.unknown);
	else if (select->roles != NIL)
	{
		size.read = size.row;
		size.unknown = unknown;
	}
	if (select->roles != NIL)
		size.row = COMPUTED_BYTES;
	return size;
}
