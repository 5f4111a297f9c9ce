/*
 * test/node/table.c
 *	  Keyspaces, user types and tables.
 *
 * Thread: the node's. Owns: names and types live in the schema arena until the
 * node ends; a dropped table leaves its definition there.
 * Invariant: a table's columns stand as Cassandra answers SELECT *: partition
 * key, clustering columns, then the others by name.
 */
#include <stdlib.h>

#include "cql/type_text.h"
#include "internal.h"

#define MAX_COLUMNS 1600

/* A table while it is read. */
typedef struct Draft
{
	Node	   *node;
	NodeLexer  *x;
	NodeTable  *table;
	const char *key[MAX_COLUMNS];	/* names of the primary key */
	int			nkey;
	int			npartition;
} Draft;

/* ---- keyspaces ---- */

NodeKeyspace *
node_keyspace(Node *node, const char *name)
{
	NodeKeyspace *k = node->keyspaces;

	while (k != NULL && strcmp(k->name, name) != 0)
		k = k->next;
	return k;
}

NodeKeyspace *
node_keyspace_add(Node *node, const char *name, const char *replication)
{
	NodeKeyspace *k = node_keyspace(node, name);

	if (k == NULL)
	{
		k = node_arena(&node->schema, sizeof(*k));
		k->name = node_strdup(&node->schema, name, strlen(name));
		k->next = node->keyspaces;
		node->keyspaces = k;
	}
	k->replication = node_strdup(&node->schema, replication, strlen(replication));
	node_factors(node, k);
	return k;
}

/* name, or keyspace.name; *keyspace is NULL without one */
bool
node_qualified(NodeLexer *x, const char **keyspace, const char **name)
{
	*keyspace = NULL;
	*name = x->token.value;
	if (x->token.kind != TOKEN_NAME)
		return false;
	node_lexer_next(x);
	if (!node_lexer_accept(x, "."))
		return true;
	*keyspace = *name;
	*name = x->token.value;
	if (x->token.kind != TOKEN_NAME)
		return false;
	node_lexer_next(x);
	return true;
}

static bool
fail_at(Node *node, const NodeLexer *x, const char *what)
{
	return node_fail(node, CQL_ERR_SYNTAX, "%s at \"%.40s\"", what, x->token.text);
}

/* ---- types ---- */

typedef struct TypeScope
{
	Node	   *node;
	const char *keyspace;
} TypeScope;

static CqlType *
resolve(const char *name, void *context, CqlArena *arena)
{
	TypeScope  *scope = context;

	for (NodeUserType *u = scope->node->types; u != NULL; u = u->next)
		if (strcmp(u->type->name, name) == 0 && strcmp(u->type->keyspace, scope->keyspace) == 0)
			return u->type;
	return NULL;
}

/* No user type in it is unknown. */
static bool
resolved(const CqlType *type)
{
	if (type->id == CQL_TYPE_UDT && type->count == 0)
		return false;
	for (uint32_t i = 0; i < type->count; i++)
		if (!resolved(type->child[i]))
			return false;
	return true;
}

CqlType *
node_type_parse(Node *node, const char *keyspace, CqlString text)
{
	TypeScope	scope = {node, keyspace};
	CqlType    *type = cql_type_from_schema(text.data, text.len, &node->schema, resolve, &scope);

	if (type != NULL && resolved(type))
		return type;
	node_fail(node, CQL_ERR_INVALID, "Unknown type %.*s", (int) text.len, text.data);
	return NULL;
}

/* name (field type, ...) */
bool
node_type_add(Node *node, NodeLexer *x)
{
	NodeUserType *u = node_arena(&node->schema, sizeof(*u));
	CqlType    *type = node_simple_type(&node->schema, CQL_TYPE_UDT);
	const char *keyspace;
	const char *name;

	if (!node_qualified(x, &keyspace, &name) || keyspace == NULL || !node_lexer_accept(x, "("))
		return fail_at(node, x, "keyspace.name ( is missing");
	type->keyspace = node_strdup(&node->schema, keyspace, strlen(keyspace));
	type->name = node_strdup(&node->schema, name, strlen(name));
	type->child = node_arena(&node->schema, MAX_COLUMNS * sizeof(CqlType *));
	type->field = node_arena(&node->schema, MAX_COLUMNS * sizeof(char *));
	do
	{
		if (x->token.kind != TOKEN_NAME || type->count == MAX_COLUMNS)
			return fail_at(node, x, "a field is missing");
		type->field[type->count] = node_strdup(&node->schema, x->token.value, strlen(x->token.value));
		node_lexer_next(x);
		type->child[type->count] = node_type_parse(node, keyspace, node_lexer_span(x));
		if (type->child[type->count++] == NULL)
			return false;
	} while (node_lexer_accept(x, ","));
	if (!node_lexer_accept(x, ")"))
		return fail_at(node, x, ") is missing");
	u->type = type;
	u->next = node->types;
	node->types = u;
	return true;
}

/* ---- tables ---- */

NodeTable *
node_table(Node *node, const char *keyspace, const char *name)
{
	NodeTable  *t = node->tables;

	if (node->nr_shards > 0 ? strcmp(name, "peers_v2") == 0 : node_scylla_only(name))
		return NULL;
	while (t != NULL && (strcmp(t->name, name) != 0 || strcmp(t->keyspace, keyspace) != 0))
		t = t->next;
	return t;
}

int
node_table_column(const NodeTable *t, const char *name)
{
	for (int i = 0; i < t->ncolumns; i++)
		if (strcmp(t->column[i].name, name) == 0)
			return i;
	return -1;
}

void
node_table_drop(Node *node, NodeTable *t)
{
	NodeTable **at = &node->tables;

	node_forget(node, t);
	node_table_clear(t);
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
}

static bool
add_key(Draft *d)
{
	if (d->x->token.kind != TOKEN_NAME || d->nkey == MAX_COLUMNS)
		return fail_at(d->node, d->x, "a column of the key is missing");
	d->key[d->nkey++] = d->x->token.value;
	node_lexer_next(d->x);
	return true;
}

/* KEY ((a, b), c) behind PRIMARY */
static bool
read_key(Draft *d)
{
	NodeLexer  *x = d->x;

	if (!node_lexer_accept(x, "KEY") || !node_lexer_accept(x, "("))
		return fail_at(d->node, x, "KEY ( is missing");
	if (node_lexer_accept(x, "("))
	{
		do
		{
			if (!add_key(d))
				return false;
		} while (node_lexer_accept(x, ","));
		if (!node_lexer_accept(x, ")"))
			return fail_at(d->node, x, ") is missing");
	}
	else if (!add_key(d))
		return false;
	d->npartition = d->nkey;
	while (node_lexer_accept(x, ","))
		if (!add_key(d))
			return false;
	return node_lexer_accept(x, ")") || fail_at(d->node, x, ") is missing");
}

/* name type [STATIC] [PRIMARY KEY] */
static bool
read_column(Draft *d)
{
	NodeLexer  *x = d->x;
	NodeColumn *c = &d->table->column[d->table->ncolumns];

	if (x->token.kind != TOKEN_NAME || d->table->ncolumns == MAX_COLUMNS)
		return fail_at(d->node, x, "a column is missing");
	c->name = node_strdup(&d->node->schema, x->token.value, strlen(x->token.value));
	node_lexer_next(x);
	c->type = node_type_parse(d->node, d->table->keyspace, node_lexer_span(x));
	if (c->type == NULL)
		return false;
	c->kind = node_lexer_accept(x, "STATIC") ? COLUMN_STATIC : COLUMN_REGULAR;
	c->position = -1;
	c->declared = d->table->ncolumns;
	d->table->counter |= c->type->id == CQL_TYPE_COUNTER;
	d->table->ncolumns++;
	if (!node_lexer_accept(x, "PRIMARY"))
		return true;
	if (!node_lexer_accept(x, "KEY"))
		return fail_at(d->node, x, "KEY is missing");
	d->key[0] = c->name;
	d->nkey = d->npartition = 1;
	return true;
}

static bool
set_key(Draft *d)
{
	for (int i = 0; i < d->nkey; i++)
	{
		int			column = node_table_column(d->table, d->key[i]);

		if (column < 0)
			return node_fail(d->node, CQL_ERR_INVALID, "Unknown definition %s referenced in PRIMARY KEY", d->key[i]);
		d->table->column[column].kind = i < d->npartition ? COLUMN_PARTITION : COLUMN_CLUSTERING;
		d->table->column[column].position = i < d->npartition ? i : i - d->npartition;
	}
	if (d->nkey == 0)
		return node_fail(d->node, CQL_ERR_INVALID, "No PRIMARY KEY specifed for table '%s' (exactly one required)",
						 d->table->name);
	d->table->nkey = d->nkey;
	d->table->npartition = d->npartition;
	return true;
}

static int
compare_columns(const void *a, const void *b)
{
	const NodeColumn *x = a;
	const NodeColumn *y = b;
	int			x_kind = x->kind < COLUMN_STATIC ? (int) x->kind : COLUMN_REGULAR;
	int			y_kind = y->kind < COLUMN_STATIC ? (int) y->kind : COLUMN_REGULAR;

	if (x_kind != y_kind)
		return x_kind - y_kind;
	return x_kind < COLUMN_STATIC ? x->position - y->position : strcmp(x->name, y->name);
}

/* WITH CLUSTERING ORDER BY (c DESC, ...) AND anything else, which is not looked at */
static bool
read_options(Draft *d)
{
	NodeLexer  *x = d->x;

	if (!node_lexer_accept(x, "WITH"))
		return true;
	while (x->token.kind != TOKEN_END && !node_lexer_is(x, "CLUSTERING"))
		node_lexer_next(x);
	if (!node_lexer_accept(x, "CLUSTERING"))
		return true;
	if (!node_lexer_accept(x, "ORDER") || !node_lexer_accept(x, "BY") || !node_lexer_accept(x, "("))
		return fail_at(d->node, x, "ORDER BY ( is missing");
	do
	{
		int			column = node_table_column(d->table, x->token.value);

		if (column < 0)
			return fail_at(d->node, x, "a clustering column is missing");
		node_lexer_next(x);
		d->table->column[column].descending = node_lexer_accept(x, "DESC");
		node_lexer_accept(x, "ASC");
	} while (node_lexer_accept(x, ","));
	while (x->token.kind != TOKEN_END)
		node_lexer_next(x);
	return true;
}

static bool
read_table(Draft *d)
{
	do
	{
		if (!(node_lexer_accept(d->x, "PRIMARY") ? read_key(d) : read_column(d)))
			return false;
	} while (node_lexer_accept(d->x, ","));
	if (!node_lexer_accept(d->x, ")"))
		return fail_at(d->node, d->x, ", or ) is missing");
	return set_key(d) && read_options(d);
}

/* Those read so far, with room for some more. */
static void
keep_columns(Node *node, NodeTable *t, int more)
{
	NodeColumn *kept = node_arena(&node->schema, (size_t) (t->ncolumns + more) * sizeof(NodeColumn));

	memcpy(kept, t->column, (size_t) t->ncolumns * sizeof(NodeColumn));
	t->column = kept;
}

NodeTable *
node_table_add(Node *node, NodeLexer *x)
{
	Draft		d = {.node = node, .x = x};
	NodeTable  *t = node_arena(&node->schema, sizeof(*t));
	const char *keyspace;
	const char *name;

	d.table = t;
	if (!node_qualified(x, &keyspace, &name) || keyspace == NULL || !node_lexer_accept(x, "("))
	{
		fail_at(node, x, "keyspace.name ( is missing");
		return NULL;
	}
	if (node_keyspace(node, keyspace) == NULL)
	{
		node_fail(node, CQL_ERR_CONFIG, "Keyspace '%s' doesn't exist", keyspace);
		return NULL;
	}
	t->keyspace = node_strdup(&node->schema, keyspace, strlen(keyspace));
	t->name = node_strdup(&node->schema, name, strlen(name));
	t->column = node_arena(&node->scratch, MAX_COLUMNS * sizeof(NodeColumn));
	t->sorted = true;
	t->home = node_keyspace(node, keyspace);
	t->ntablets = t->home->tablets;
	if (!read_table(&d))
		return NULL;
	keep_columns(node, t, 0);
	qsort(t->column, (size_t) t->ncolumns, sizeof(NodeColumn), compare_columns);
	t->next = node->tables;
	node->tables = t;
	return t;
}

/* ALTER TABLE ADD name type: the column stands last until the node ends. */
bool
node_table_extend(Node *node, NodeTable *t, NodeLexer *x)
{
	Draft		d = {.node = node, .x = x, .table = t};

	if (node_table_column(t, x->token.value) >= 0)
		return node_fail(node, CQL_ERR_INVALID, "Column with name '%s' already exists", x->token.value);
	keep_columns(node, t, 1);
	if (!read_column(&d))
		return false;
	node_table_widen(t);
	node_forget(node, t);
	return true;
}

/* ALTER TABLE DROP name */
bool
node_table_shrink(Node *node, NodeTable *t, NodeLexer *x)
{
	int			column = node_table_column(t, x->token.value);

	if (column < t->nkey)
		return node_fail(node, CQL_ERR_INVALID, "Cannot drop column %s", x->token.value);
	node_lexer_next(x);
	for (int i = 0; i < t->ncolumns; i++)
		t->column[i].declared -= t->column[i].declared > t->column[column].declared;
	t->ncolumns--;
	memmove(&t->column[column], &t->column[column + 1], (size_t) (t->ncolumns - column) * sizeof(NodeColumn));
	node_table_narrow(t, column);
	node_forget(node, t);
	return true;
}

/* ALTER TYPE ADD name type: values that are there already are shorter, as in a real node. */
bool
node_type_extend(Node *node, CqlType *type, NodeLexer *x)
{
	if (x->token.kind != TOKEN_NAME || type->count == MAX_COLUMNS)
		return fail_at(node, x, "a field is missing");
	type->field[type->count] = node_strdup(&node->schema, x->token.value, strlen(x->token.value));
	node_lexer_next(x);
	type->child[type->count] = node_type_parse(node, type->keyspace, node_lexer_span(x));
	if (type->child[type->count] == NULL)
		return false;
	type->count++;
	node_forget(node, NULL);
	return true;
}
