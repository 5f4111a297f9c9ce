/*
 * test/node/system.c
 *	  system and system_schema: what a client reads to know the cluster.
 *
 * Thread: the node's. Owns: nothing; the tables are common ones.
 * Invariant: their rows are made anew for each SELECT, so they always tell the
 * node's settings and tables of that moment. What the node has nothing of, indexes
 * and views, has the rows that a script gives it.
 */
#include <stdlib.h>

#include "internal.h"

static const char *const definitions[] = {
	"system.local (key text PRIMARY KEY, bootstrapped text, broadcast_address inet, cluster_name text, "
	"cql_version text, data_center text, host_id uuid, listen_address inet, native_protocol_version text, "
	"partitioner text, rack text, release_version text, rpc_address inet, rpc_port int, schema_version uuid, "
	"tokens set<text>)",
	"system.peers (peer inet PRIMARY KEY, data_center text, host_id uuid, preferred_ip inet, rack text, "
	"release_version text, rpc_address inet, schema_version uuid, tokens set<text>)",
	"system.peers_v2 (peer inet, peer_port int, data_center text, host_id uuid, native_address inet, "
	"native_port int, preferred_ip inet, preferred_port int, rack text, release_version text, "
	"schema_version uuid, tokens set<text>, PRIMARY KEY (peer, peer_port))",
	"system.tablets (table_id uuid, last_token bigint, base_table uuid static, keyspace_name text static, table_name text "
	"static, tablet_count int static, new_replicas frozen<list<frozen<tuple<uuid, int>>>>, "
	"replicas frozen<list<frozen<tuple<uuid, int>>>>, stage text, transition text, PRIMARY KEY (table_id, last_token))",
	"system_schema.keyspaces (keyspace_name text PRIMARY KEY, durable_writes boolean, "
	"replication frozen<map<text, text>>)",
	"system_schema.scylla_keyspaces (keyspace_name text PRIMARY KEY, consistency text, initial_tablets int, "
	"storage_options map<text, text>, storage_type text)",
	"system_schema.tables (keyspace_name text, table_name text, comment text, default_time_to_live int, "
	"flags frozen<set<text>>, id uuid, PRIMARY KEY (keyspace_name, table_name))",
	"system_schema.scylla_tables (keyspace_name text, table_name text, cdc map<text, text>, committed_by_group0 boolean, "
	"in_memory boolean, large_data_guardrails_enabled boolean, partitioner text, storage_engine text, "
	"tablets map<text, text>, version uuid, PRIMARY KEY (keyspace_name, table_name))",
	"system_schema.columns (keyspace_name text, table_name text, column_name text, clustering_order text, "
	"kind text, position int, type text, PRIMARY KEY (keyspace_name, table_name, column_name))",
	"system_schema.types (keyspace_name text, type_name text, field_names frozen<list<text>>, "
	"field_types frozen<list<text>>, PRIMARY KEY (keyspace_name, type_name))",
	"system_schema.indexes (keyspace_name text, table_name text, index_name text, kind text, "
	"options frozen<map<text, text>>, PRIMARY KEY (keyspace_name, table_name, index_name))",
	"system_schema.views (keyspace_name text, view_name text, base_table_name text, id uuid, where_clause text, "
	"PRIMARY KEY (keyspace_name, view_name))",
	"system_schema.functions (keyspace_name text, function_name text, argument_types frozen<list<text>>, "
	"argument_names frozen<list<text>>, body text, called_on_null_input boolean, language text, return_type text, "
	"PRIMARY KEY (keyspace_name, function_name, argument_types))",
	"system_schema.aggregates (keyspace_name text, aggregate_name text, argument_types frozen<list<text>>, "
	"final_func text, initcond text, return_type text, state_func text, state_type text, "
	"PRIMARY KEY (keyspace_name, aggregate_name, argument_types))",
	"system_schema.triggers (keyspace_name text, table_name text, trigger_name text, options frozen<map<text, text>>, "
	"PRIMARY KEY (keyspace_name, table_name, trigger_name))"
};

/* What Cassandra has not. */
bool
node_scylla_only(const char *table)
{
	return strcmp(table, "tablets") == 0 || strncmp(table, "scylla_", 7) == 0;
}

#define SCHEMA_VERSION "00000000-0000-4000-8000-000000000001"

static const char *
release(const Node *node)
{
	return node->nr_shards > 0 ? "3.0.8" : "5.0.5";
}

/* ScyllaDB's system.local has no port (db/system_keyspace.cc, local). */
void
node_system_scylla(Node *node)
{
	NodeTable  *t = node_table(node, "system", "local");
	NodeLexer	x;

	node_lexer_start(&x, "rpc_port", strlen("rpc_port"), &node->scratch, false);
	if (node_table_column(t, "rpc_port") >= 0)
		node_table_shrink(node, t, &x);
}

/* One row, written as the literals of its columns. */
static void
add_row(Node *node, NodeTable *t, const char *literals)
{
	NodeLexer	x;

	node_lexer_start(&x, literals, strlen(literals), &node->scratch, false);
	if (!node_row_values(node, t, &x))
		abort();				/* a definition above and its row below disagree */
}

/* 'it''s' */
static const char *
quoted(Node *node, const char *s)
{
	char	   *out = node_arena(&node->scratch, 2 * strlen(s) + 3);
	char	   *p = out;

	*p++ = '\'';
	for (; *s; *p++ = *s++)
		if (*s == '\'')
			*p++ = '\'';
	*p = '\'';
	return out;
}

/* ---- nodes ---- */

static const char *
token_set(Node *node, const NodePeer *peer)
{
	CqlBuffer	b = {0};
	const char *text;

	for (int i = 0; i < peer->ntokens; i++)
	{
		const char *one = node_format(&node->scratch, "%s'%lld'", i ? ", " : "", (long long) peer->token[i]);

		cql_put_raw(&b, one, strlen(one));
	}
	text = node_format(&node->scratch, "{%.*s}", (int) b.len, b.len ? (char *) b.data : "");
	cql_buffer_free(&b);
	return text;
}

static void
fill_local(Node *node, NodeTable *t)
{
	NodePeer   *self = &node->self;
	const char *port;

	node_ring_know(node);
	port = node->nr_shards > 0 ? "" : node_format(&node->scratch, " %d,", self->port);
	add_row(node, t, node_format(&node->scratch, "('local', 'COMPLETED', '%s', 'Test Cluster', '%s', %s, %s, '%s', '%d', "
								 "'org.apache.cassandra.dht.Murmur3Partitioner', %s, '%s', '%s',%s " SCHEMA_VERSION ", %s)",
								 self->address, node->nr_shards > 0 ? "3.3.1" : "3.4.7", quoted(node, self->dc),
								 self->host_id, self->address, node->protocol, quoted(node, self->rack),
								 release(node), self->address, port, token_set(node, self)));
}

static void
fill_peers(Node *node, NodeTable *t)
{
	bool		v2 = strcmp(t->name, "peers_v2") == 0;

	node_ring_know(node);
	for (NodePeer *p = node->peers; p != NULL; p = p->next)
	{
		const char *dc = quoted(node, p->dc);
		const char *rack = quoted(node, p->rack);
		const char *tokens = token_set(node, p);

		if (v2)
			add_row(node, t, node_format(&node->scratch, "('%s', 7000, %s, %s, '%s', %d, null, null, %s, '%s', "
										 SCHEMA_VERSION ", %s)", p->address, dc, p->host_id, p->address, p->port, rack,
										 release(node), tokens));
		else
			add_row(node, t, node_format(&node->scratch, "('%s', %s, %s, null, %s, '%s', '%s', " SCHEMA_VERSION ", %s)",
										 p->address, dc, p->host_id, rack, release(node), p->address, tokens));
	}
}

/* ---- schema ---- */

static void
fill_keyspaces(Node *node, NodeTable *t)
{
	for (NodeKeyspace *k = node->keyspaces; k != NULL; k = k->next)
		add_row(node, t, node_format(&node->scratch, "(%s, true, %s)", quoted(node, k->name), k->replication));
}

static void
fill_tables(Node *node, NodeTable *t)
{
	for (NodeTable *u = node->tables; u != NULL; u = u->next)
		if (!u->view && node_table(node, u->keyspace, u->name) != NULL)
			add_row(node, t, node_format(&node->scratch, "(%s, %s, '', 0, {'compound'%s}, %s)", quoted(node, u->keyspace),
										 quoted(node, u->name), u->counter ? ", 'counter'" : "", node_table_id(node, u)));
}

/* A keyspace with vnodes has a row only if something else of ScyllaDB's is set. */
static void
fill_scylla_keyspaces(Node *node, NodeTable *t)
{
	for (NodeKeyspace *k = node->keyspaces; k != NULL; k = k->next)
		if (k->tablets > 0)
			add_row(node, t, node_format(&node->scratch, "(%s, %s, %d, null, null)", quoted(node, k->name),
										 k->consistency ? quoted(node, k->consistency) : "null", k->tablets));
}

static void
fill_scylla_tables(Node *node, NodeTable *t)
{
	for (NodeTable *u = node->tables; u != NULL; u = u->next)
		if (!u->system)
			add_row(node, t, node_format(&node->scratch, "(%s, %s, null, true, null, null, null, null, null, %s)",
										 quoted(node, u->keyspace), quoted(node, u->name), node_table_id(node, u)));
}

static void
fill_tablets(Node *node, NodeTable *t)
{
	node_tablets_fill(node, t, add_row);
}

static const char *
type_text(Node *node, const CqlType *type)
{
	CqlBuffer	b = {0};
	const char *text;

	cql_type_format(type, &b);
	text = node_format(&node->scratch, "%.*s", (int) b.len, (char *) b.data);
	cql_buffer_free(&b);
	return text;
}

static void
fill_columns(Node *node, NodeTable *t)
{
	static const char *const kind[] = {"partition_key", "clustering", "static", "regular"};

	for (NodeTable *u = node->tables; u != NULL; u = u->next)
		for (int i = 0; node_table(node, u->keyspace, u->name) != NULL && i < u->ncolumns; i++)
		{
			NodeColumn *c = &u->column[i];
			const char *order = c->kind != COLUMN_CLUSTERING ? "none" : c->descending ? "desc" : "asc";

			add_row(node, t, node_format(&node->scratch, "(%s, %s, %s, '%s', '%s', %d, %s)", quoted(node, u->keyspace),
										 quoted(node, u->name), quoted(node, c->name), order, kind[c->kind],
										 c->position, quoted(node, type_text(node, c->type))));
		}
}

static void
fill_types(Node *node, NodeTable *t)
{
	for (NodeUserType *u = node->types; u != NULL; u = u->next)
	{
		const char *names = "";
		const char *types = "";

		for (uint32_t i = 0; i < u->type->count; i++)
		{
			const char *comma = i > 0 ? ", " : "";

			names = node_format(&node->scratch, "%s%s%s", names, comma, quoted(node, u->type->field[i]));
			types = node_format(&node->scratch, "%s%s%s", types, comma,
								quoted(node, type_text(node, u->type->child[i])));
		}
		add_row(node, t, node_format(&node->scratch, "(%s, %s, [%s], [%s])", quoted(node, u->type->keyspace),
									 quoted(node, u->type->name), names, types));
	}
}

/* ---- */

void
node_system_init(Node *node)
{
	node_keyspace_add(node, "system", "{'class': 'org.apache.cassandra.locator.LocalStrategy'}");
	node_keyspace_add(node, "system_schema", "{'class': 'org.apache.cassandra.locator.LocalStrategy'}");
	for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++)
	{
		NodeLexer	x;
		NodeTable  *t;

		node_lexer_start(&x, definitions[i], strlen(definitions[i]), &node->scratch, false);
		if ((t = node_table_add(node, &x)) == NULL)
			abort();
		t->system = true;
	}
	cql_arena_free(&node->scratch);
}

void
node_system_fill(Node *node, NodeTable *t)
{
	static const struct
	{
		const char *name;
		void		(*fill) (Node *node, NodeTable *t);
	}			fillers[] = {
		{"local", fill_local}, {"peers", fill_peers}, {"peers_v2", fill_peers}, {"keyspaces", fill_keyspaces},
		{"tables", fill_tables}, {"columns", fill_columns}, {"types", fill_types}, {"tablets", fill_tablets},
		{"scylla_keyspaces", fill_scylla_keyspaces}, {"scylla_tables", fill_scylla_tables}
	};

	for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
		if (strcmp(t->name, fillers[i].name) == 0)
		{
			node_table_clear(t);
			fillers[i].fill(node, t);
		}
}
