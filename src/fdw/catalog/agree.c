/*
 * fdw/catalog/agree.c
 *	  Waiting until a change of the schema is there on all nodes.
 *
 * Backend thread. Owns nothing. Invariants: a node's answer counts once, by its host
 * id, and an index counts as built only when so many answers in a row say so; a wait
 * that takes too long ends with a WARNING.
 *
 * Nodes are asked for what they know themselves: what one knows of the others is
 * older. No request can name its node, but requests go around the nodes: as many in
 * a row as there are nodes, twice, meet each one that this session may send its next
 * request to.
 *
 * CREATE INDEX is waited for, too. An index that a node has not built yet makes
 * queries fail, and on ScyllaDB find less. system."IndexInfo" is what each node has
 * built. Cassandra 5 nodes choose replicas by what they have heard of them by
 * gossip: they do not ask a replica of which "building" is the last they heard.
 * Ordinary users may read neither. For them, a row is asked for by the index, until
 * that works.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "fdw/catalog/agree.h"
#include "fdw/catalog/index.h"
#include "fdw/catalog/ring.h"
#include "fdw/catalog/schema.h"
#include "fdw/catalog/system_query.h"
#include "fdw/catalog/vector_index.h"
#include "fdw/option/names.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"

#define AGREEMENT_INTERVAL 20

static const CqlBytes no_state = {NULL, -1};

/* Between two looks; false: this has taken too long. */
static bool
pause_until(TimestampTz begun, int timeout)
{
	if (TimestampDifferenceExceeds(begun, GetCurrentTimestamp(), timeout))
		return false;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, AGREEMENT_INTERVAL, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return true;
}

/* ---- the schema ---- */

/* What a node says of itself; zeros where it does not. */
typedef struct SelfDescription
{
	uint8		host_id[16];
	uint8		schema_version[16];
} SelfDescription;

static SelfDescription *
ask_a_node(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaResponse response = scyllaQuery(session, options, "SELECT host_id, schema_version FROM system.local", NULL, no_state);
	ScyllaRows *rows = scyllaRowsBegin(response.body, response.length);
	SelfDescription *self = palloc0(sizeof(*self));

	if (scyllaRowsNext(rows) && rows->metadata.count == 2 && rows->value[0].len == 16 && rows->value[1].len == 16)
	{
		memcpy(self->host_id, rows->value[0].data, 16);
		memcpy(self->schema_version, rows->value[1].data, 16);
	}
	scyllaRowsEnd(rows);
	return self;
}

static bool
schema_agrees(ScyllaSession *session, const ScyllaTableOptions *options)
{
	int			nodes = scyllaConnectedNodes(session, options);
	List	   *met = NIL;

	for (int asked = 0; list_length(met) < nodes && asked < 3 * nodes; asked++)
	{
		SelfDescription *self = ask_a_node(session, options);
		bool		known = false;
		ListCell   *lc;

		foreach(lc, met)
		{
			const SelfDescription *other = lfirst(lc);

			if (memcmp(self->schema_version, other->schema_version, sizeof(self->schema_version)) != 0)
				return false;
			known |= memcmp(self->host_id, other->host_id, sizeof(self->host_id)) == 0;
		}
		if (!known)
			met = lappend(met, self);
	}
	return list_length(met) >= nodes;
}

void
scyllaAwaitSchema(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaTableOptions local = *options;
	TimestampTz begun = GetCurrentTimestamp();

	local.read_consistency = SCYLLA_SYSTEM_CONSISTENCY;
	while (!schema_agrees(session, &local))
	{
		if (!pause_until(begun, SCYLLA_AGREEMENT_TIMEOUT))
		{
			ereport(WARNING, (errmsg("the nodes of the cluster do not agree on the schema yet")));
			return;
		}
	}
}

/* ---- indexes ---- */

/* Worse ones last. */
typedef enum IndexState
{
	INDEX_BUILT,
	INDEX_BUILDING,
	INDEX_FAILED,
	INDEX_HIDDEN				/* cannot be found out so */
} IndexState;

typedef struct IndexWait
{
	ScyllaKeyspace keyspace;
	const char *utf8_keyspace;
	List	   *indexes;		/* names (String *), UTF-8 */
	List	   *probes;			/* char *: queries that need one of them each */
} IndexWait;

typedef IndexState (*AskNode) (const IndexWait *wait);

static void
take_text(const ScyllaRows *rows, void *context)
{
	List	  **texts = context;

	if (rows->value[0].len > 0)
		*texts = lappend(*texts, makeString(pnstrdup((const char *) rows->value[0].data, rows->value[0].len)));
}

/* The texts of a column, as one node has them (String *); value: of the marker, NULL: there is none. False: an error. */
static bool
try_read_texts(const IndexWait *wait, const char *cql, const char *value, List **texts)
{
	ScyllaSystemQuery query = {.cql = cql, .texts = value ? list_make1(unconstify(char *, value)) : NIL, .ncolumns = 1,
		.take = take_text, .context = texts};

	*texts = NIL;
	return scyllaTrySystem(wait->keyspace.session, wait->keyspace.options, &query);
}

/* What one node has built of them. ScyllaDB has this table, too. */
static IndexState
ask_what_is_built(const IndexWait *wait)
{
	List	   *built;

	if (!try_read_texts(wait, "SELECT index_name FROM system.\"IndexInfo\" WHERE table_name = ?", wait->utf8_keyspace, &built))
		return INDEX_HIDDEN;
	return list_difference(wait->indexes, built) == NIL ? INDEX_BUILT : INDEX_BUILDING;
}

/*
 * {"shop":{"by_name":3}}, from 5.0.0 to 5.0.2 {"shop.by_name":"BUILD_SUCCEEDED"}, of
 * names made of letters, digits and _. What is not told is on its way or built:
 * Cassandra asks such an index.
 */
static IndexState
gossiped_state(const char *told, const char *keyspace, const char *index)
{
	const char *here = strstr(told, psprintf("\"%s.%s\":\"", keyspace, index));
	const char *end;

	if (here)
	{
		here = strchr(here, ':') + 2;
		return strncmp(here, "FULL", 4) == 0 ? INDEX_BUILDING : strncmp(here, "BUILD_FAILED", 12) == 0 ? INDEX_FAILED : INDEX_BUILT;
	}
	here = strstr(told, psprintf("\"%s\":{", keyspace));
	end = here ? strchr(here, '}') : NULL;
	here = here ? strstr(here, psprintf("\"%s\":", index)) : NULL;
	if (here == NULL || end == NULL || here > end)
		return INDEX_BUILT;
	here = strchr(here, ':') + 1;
	return *here == '1' ? INDEX_BUILDING : *here == '2' ? INDEX_FAILED : INDEX_BUILT;
}

/* What a node has heard of all nodes, by which it chooses those that it asks. Only Cassandra 5 gossips of indexes. */
static IndexState
ask_what_is_heard(const IndexWait *wait)
{
	IndexState	worst = INDEX_BUILT;
	List	   *heard;
	ListCell   *lc;
	ListCell   *lc2;

	if (!try_read_texts(wait, "SELECT index_status FROM system_views.gossip_info", NULL, &heard))
		return INDEX_BUILT;
	foreach(lc, heard)
	{
		foreach(lc2, wait->indexes)
			worst = Max(worst, gossiped_state(strVal(lfirst(lc)), wait->utf8_keyspace, strVal(lfirst(lc2))));
	}
	return worst;
}

/* Who may not read the nodes' tables finds out by asking for rows. */
static IndexState
ask_for_rows(const IndexWait *wait)
{
	ListCell   *lc;

	foreach(lc, wait->probes)
	{
		ScyllaResponse response = scyllaTryQuery(wait->keyspace.session, wait->keyspace.options, lfirst(lc), NULL, (CqlBytes) {NULL, -1});

		if (response.failed)
			return response.code == CQL_ERR_READ_FAILURE ? INDEX_BUILDING : INDEX_HIDDEN;
	}
	return INDEX_BUILT;
}

/* A value of a type that has an order or is equal to others; NULL: of another type. */
static const char *
any_literal(const char *type)
{
	static const char *const literals[][2] = {
		{"tinyint", "0"}, {"smallint", "0"}, {"int", "0"}, {"bigint", "0"}, {"varint", "0"}, {"decimal", "0"}, {"float", "0"},
		{"double", "0"}, {"timestamp", "0"}, {"boolean", "false"}, {"text", "'a'"}, {"varchar", "'a'"}, {"ascii", "'a'"},
		{"uuid", "00000000-0000-0000-0000-000000000000"}, {"timeuuid", "00000000-0000-1000-8000-000000000000"},
		{"date", "'1970-01-01'"}, {"time", "'00:00:00'"}, {"inet", "'0.0.0.0'"}, {"blob", "0x00"}
	};

	for (size_t i = 0; i < lengthof(literals); i++)
	{
		if (strcmp(literals[i][0], type) == 0)
			return literals[i][1];
	}
	return NULL;
}

/* " ORDER BY "c" ANN OF [1, 1, ...]" of vector<float, n> */
static void
append_nearest(StringInfo cql, const ScyllaTableColumn *column)
{
	long		n = strtol(strchr(column->type, ',') + 1, NULL, 10);

	appendStringInfoString(cql, " ORDER BY ");
	scyllaAppendIdentifier(cql, column->name);
	appendStringInfoString(cql, " ANN OF [1");
	while (--n > 0)
		appendStringInfoString(cql, ", 1");
	appendStringInfoChar(cql, ']');
}

static List *
make_probes(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaTable *table = scyllaDescribeTable(session, options);
	List	   *probes = NIL;

	scyllaDescribeIndexes(session, options, table);
	for (int i = 0; i < table->ncolumns; i++)
	{
		const ScyllaTableColumn *column = &table->column[i];
		const char *literal = any_literal(column->type);
		StringInfoData cql;

		initStringInfo(&cql);
		appendStringInfoString(&cql, "SELECT ");
		scyllaAppendIdentifier(&cql, scyllaPartitionColumn(table, 0)->name);
		appendStringInfoString(&cql, " FROM ");
		scyllaAppendTable(&cql, options);
		if (scyllaHasAttached(column->vector_indexes) && strncmp(column->type, "vector<float,", 13) == 0)
			append_nearest(&cql, column);
		else if (column->index != SCYLLA_NO_INDEX && literal)
		{
			appendStringInfoString(&cql, " WHERE ");
			scyllaAppendIdentifier(&cql, column->name);
			appendStringInfo(&cql, " = %s", literal);
		}
		else
			continue;
		appendStringInfoString(&cql, " LIMIT 1");
		probes = lappend(probes, cql.data);
	}
	return probes;
}

/* Until all nodes in a row say so, or for good that it will not be. */
static IndexState
ask_all_nodes(const IndexWait *wait, AskNode ask, TimestampTz begun)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(caller, "scylla_fdw look at indexes", ALLOCSET_DEFAULT_SIZES);
	int			timeout = Max(SCYLLA_AGREEMENT_TIMEOUT, wait->keyspace.options->request_timeout);
	int			needed = 2 * Max(scyllaConnectedNodes(wait->keyspace.session, wait->keyspace.options), 1);
	IndexState	state = INDEX_BUILDING;

	for (int agreed = 0; agreed < needed;)
	{
		MemoryContextSwitchTo(scratch);
		state = ask(wait);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(scratch);
		agreed = state == INDEX_BUILT ? agreed + 1 : 0;
		if (state > INDEX_BUILDING || (state == INDEX_BUILDING && !pause_until(begun, timeout)))
			break;
	}
	MemoryContextDelete(scratch);
	return state;
}

static void
warn_of_indexes(IndexState state, const char *keyspace, const char *table)
{
	if (state == INDEX_BUILDING)
		ereport(WARNING,
				(errmsg("indexes of table \"%s.%s\" are not built on all nodes yet", keyspace, table),
				 errhint("Until they are, queries that need them fail or find less.")));
	else if (state == INDEX_FAILED)
		ereport(WARNING,
				(errmsg("an index of table \"%s.%s\" could not be built on a node", keyspace, table),
				 errhint("The node's log tells why. Drop the index and create it anew.")));
	else
		ereport(WARNING,
				(errmsg("cannot see whether the indexes of table \"%s.%s\" are built", keyspace, table),
				 errdetail("That needs the right to read system.\"IndexInfo\".")));
}

void
scyllaAwaitIndexes(ScyllaSession *session, const ScyllaTableOptions *options, CqlString keyspace, CqlString table)
{
	ScyllaTableOptions local = *options;
	IndexWait	wait = {.keyspace = {.session = session, .options = &local}};
	const char *name = pnstrdup(table.data, table.len);
	TimestampTz begun = GetCurrentTimestamp();
	IndexState	state = INDEX_BUILT;

	wait.utf8_keyspace = pnstrdup(keyspace.data, keyspace.len);
	wait.keyspace.name = scyllaFromUtf8(unconstify(char *, wait.utf8_keyspace));
	wait.indexes = scyllaReadIndexes(&wait.keyspace, name);
	if (wait.indexes != NIL)
		state = ask_all_nodes(&wait, ask_what_is_built, begun);
	if (wait.indexes != NIL && state == INDEX_BUILT)
		state = ask_all_nodes(&wait, ask_what_is_heard, begun);
	if (state == INDEX_HIDDEN)
	{
		local.keyspace = unconstify(char *, wait.keyspace.name);
		local.table = scyllaFromUtf8(unconstify(char *, name));
		local.read_consistency = CQL_LOCAL_ONE; /* Cassandra takes no more for nearest vectors */
		wait.probes = make_probes(session, &local);
		state = wait.probes ? ask_all_nodes(&wait, ask_for_rows, begun) : INDEX_HIDDEN;
	}
	if (state != INDEX_BUILT)
		warn_of_indexes(state, wait.keyspace.name, scyllaTellUtf8(name));
}
