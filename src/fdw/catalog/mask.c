/*
 * fdw/catalog/mask.c
 *	  Which columns have masks, and whether this role sees behind them.
 *
 * Backend thread. Owns nothing. Masks are part of the schema, and kept with a table's
 * description. Rights are not, and the cluster tells nobody of their change: they are
 * asked for each time that it matters. Invariants: rights are never remembered, and
 * what is not known for certain is no right; masks_known is set when all masks of the
 * table are noted.
 */
#include "postgres.h"

#include "fdw/catalog/mask.h"
#include "fdw/catalog/system_query.h"
#include "fdw/option/names.h"
#include "fdw/option/resolve.h"

#define MASKS_CQL "SELECT table_name, column_name FROM system_schema.column_masks WHERE keyspace_name = ?"
#define KNOWS_MASKS_CQL "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system_schema' AND " \
	"table_name = 'column_masks'"
#define AUTHORIZER_CQL "SELECT name, value FROM system_views.settings WHERE name = 'authorizer'"

/* ---- masks ---- */

static char *
text_of(CqlBytes value)
{
	return pnstrdup((const char *) value.data, (Size) Max(value.len, 0));
}

static void
take_mask(const ScyllaRows *rows, void *context)
{
	List	  **masks = context;
	ScyllaMask *mask = palloc(sizeof(*mask));

	mask->table = text_of(rows->value[0]);
	mask->column = text_of(rows->value[1]);
	*masks = lappend(*masks, mask);
}

static void
take_any(const ScyllaRows *rows, void *context)
{
	*(bool *) context = true;
}

List *
scyllaReadMasks(ScyllaSession *session, const ScyllaTableOptions *options, const char *keyspace, const char *table)
{
	ScyllaSystemQuery query = {.cql = MASKS_CQL, .ncolumns = 2, .what = "masks", .take = take_mask};
	ScyllaSystemQuery knows = {.cql = KNOWS_MASKS_CQL, .ncolumns = 1, .what = "masks", .take = take_any};
	List	   *masks = NIL;
	bool		known = false;

	query.texts = list_make1(scyllaToUtf8(keyspace));
	if (table != NULL)
	{
		query.cql = MASKS_CQL " AND table_name = ?";
		query.texts = lappend(query.texts, scyllaToUtf8(table));
	}
	query.context = &masks;
	if (scyllaTrySystem(session, options, &query))
		return masks;
	/* it has failed, or there are none: ScyllaDB, and Cassandra before 5 */
	knows.context = &known;
	scyllaReadSystem(session, options, &knows);
	masks = NIL;
	if (known)
		scyllaReadSystem(session, options, &query);
	return masks;
}

/* ---- rights ---- */

static void
take_super(const ScyllaRows *rows, void *context)
{
	for (uint32_t i = 0; i < rows->metadata.count; i++)
	{
		if (strcmp(rows->metadata.column[i].name, "super") == 0 && rows->value[i].len == 1)
			*(bool *) context |= rows->value[i].data[0] != 0;
	}
}

/* Not set, it is the one that allows all. */
static void
take_authorizer(const ScyllaRows *rows, void *context)
{
	const char *name = text_of(rows->value[1]);

	*(bool *) context = name[0] == '\0' || strstr(name, "AllowAll") != NULL;
}

/* The role's own rights and those of what was granted to it; superusers have all. */
static ScyllaMasking
ask_for_rights(ScyllaSession *session, const ScyllaTableOptions *options, const char *role)
{
	ScyllaSystemQuery query = {.what = "rights of a role"};
	StringInfoData cql;
	bool		unmasks = false;

	initStringInfo(&cql);
	appendStringInfoString(&cql, "LIST UNMASK PERMISSION ON TABLE ");
	scyllaAppendTable(&cql, options);
	appendStringInfoString(&cql, " OF ");
	scyllaAppendIdentifier(&cql, role);
	query.cql = cql.data;
	query.context = &unmasks;
	query.take = take_any;
	if (!scyllaTrySystem(session, options, &query))
		return SCYLLA_MASKING_UNKNOWN;
	if (unmasks)
		return SCYLLA_UNMASKED;
	resetStringInfo(&cql);
	appendStringInfoString(&cql, "LIST ROLES OF ");
	scyllaAppendIdentifier(&cql, role);
	query.cql = cql.data;
	query.take = take_super;
	if (!scyllaTrySystem(session, options, &query))
		return SCYLLA_MASKING_UNKNOWN;
	return unmasks ? SCYLLA_UNMASKED : SCYLLA_MASKED;
}

/* UTF-8; NULL: it gives no name. */
static const char *
role_of(const ScyllaSession *session)
{
	ForeignServer *server = GetForeignServer(session->serverid);

	return scyllaConnectionOptions(server, GetUserMapping(session->owner, session->serverid))->core.net.username;
}

ScyllaMasking
scyllaMaskingOf(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaSystemQuery query = {.cql = AUTHORIZER_CQL, .ncolumns = 2, .what = "settings", .take = take_authorizer};
	const char *role = role_of(session);
	ScyllaMasking masking = role ? ask_for_rights(session, options, role) : SCYLLA_MASKING_UNKNOWN;
	bool		allows_all = false;

	if (masking != SCYLLA_MASKING_UNKNOWN)
		return masking;
	/* a cluster without roles or rights cannot list them, and lets everybody read its settings */
	query.context = &allows_all;
	return scyllaTrySystem(session, options, &query) && allows_all ? SCYLLA_UNMASKED : SCYLLA_MASKING_UNKNOWN;
}

/* ---- keys ---- */

static void
note_masks(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaTable *table)
{
	List	   *masks = scyllaReadMasks(session, options, options->keyspace, options->table);
	ListCell   *lc;

	foreach(lc, masks)
	{
		ScyllaTableColumn *column = scyllaTableColumn(table, ((ScyllaMask *) lfirst(lc))->column);

		if (column != NULL)
			column->masked = true;
	}
	table->masks_known = true;
}

static const ScyllaTableColumn *
masked_key(const ScyllaTable *table)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (table->column[i].masked && scyllaIsKeyColumn(&table->column[i]))
			return &table->column[i];
	}
	return NULL;
}

void
scyllaCheckMaskedKey(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaTable *table, const char *relation)
{
	const ScyllaTableColumn *column;
	const char *name;
	ScyllaMasking masking;

	if (!table->masks_known)
		note_masks(session, options, table);
	column = masked_key(table);
	if (column == NULL)
		return;
	name = scyllaTellUtf8(column->name);
	masking = scyllaMaskingOf(session, options);
	if (masking == SCYLLA_UNMASKED)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 masking == SCYLLA_MASKED ?
			 errmsg("key column \"%s\" of foreign table \"%s\" is masked for this role of the cluster", name, relation) :
			 errmsg("key column \"%s\" of foreign table \"%s\" may be masked for this role of the cluster", name, relation),
			 errdetail("UPDATE and DELETE write a row by the key that was read: that would be the mask."),
			 errhint("The role needs the permission UNMASK on table \"%s.%s\".", options->keyspace, options->table)));
}
