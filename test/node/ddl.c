/*
 * test/node/ddl.c
 *	  Schema statements: CREATE and DROP of keyspaces and tables, CREATE TYPE,
 *	  ALTER KEYSPACE, ALTER TABLE ADD and DROP, ALTER TYPE ADD, CREATE INDEX.
 *
 * Thread: the node's. Owns: nothing.
 * Invariant: a statement that changed something answers SCHEMA_CHANGE and sends
 * the same as an event; what was prepared on a changed table is forgotten.
 */
#include "internal.h"

/* What a statement changed, in the words of the protocol. */
typedef struct Change
{
	const char *change;			/* NULL: nothing */
	const char *target;
	const char *keyspace;
	const char *name;			/* NULL for a keyspace */
} Change;

bool
node_is_ddl(CqlString text)
{
	CqlArena	arena = {0};
	NodeLexer	x;
	bool		ddl;

	node_lexer_start(&x, text.data, text.len < 64 ? text.len : 64, &arena, false);
	ddl = node_lexer_is(&x, "CREATE") || node_lexer_is(&x, "DROP") || node_lexer_is(&x, "ALTER");
	cql_arena_free(&arena);
	return ddl;
}

static bool
syntax(Node *node, const NodeLexer *x)
{
	return node_fail(node, CQL_ERR_SYNTAX, "no viable alternative at input '%.*s'", (int) x->token.len, x->token.text);
}

/* IF NOT EXISTS, IF EXISTS */
static bool
take_if(NodeLexer *x)
{
	if (!node_lexer_accept(x, "IF"))
		return false;
	node_lexer_accept(x, "NOT");
	return node_lexer_accept(x, "EXISTS");
}

/* name WITH replication = {...} */
static bool
take_keyspace(Node *node, NodeLexer *x, const char **name, const char **map)
{
	CqlString	span;

	*name = x->token.value;
	if (x->token.kind != TOKEN_NAME)
		return syntax(node, x);
	node_lexer_next(x);
	if (!node_lexer_accept(x, "WITH") || !node_lexer_accept(x, "replication") || !node_lexer_accept(x, "="))
		return syntax(node, x);
	span = node_lexer_span(x);
	*map = node_format(&node->scratch, "%.*s", (int) span.len, span.data);
	return true;
}

static bool
create_keyspace(Node *node, NodeLexer *x, Change *change)
{
	bool		conditional = take_if(x);
	const char *name;
	const char *map;

	if (!take_keyspace(node, x, &name, &map))
		return false;
	if (node_keyspace(node, name) != NULL)
		return conditional || node_fail(node, CQL_ERR_ALREADY_EXISTS, "Cannot add existing keyspace \"%s\"", name);
	node_keyspace_add(node, name, map);
	*change = (Change) {"CREATED", "KEYSPACE", name, NULL};
	return true;
}

static bool
alter_keyspace(Node *node, NodeLexer *x, Change *change)
{
	const char *name;
	const char *map;

	if (!take_keyspace(node, x, &name, &map))
		return false;
	if (node_keyspace(node, name) == NULL)
		return node_fail(node, CQL_ERR_CONFIG, "Keyspace '%s' doesn't exist", name);
	node_keyspace_add(node, name, map);
	*change = (Change) {"UPDATED", "KEYSPACE", name, NULL};
	return true;
}

/* The table named at x, which is not moved; NULL if there is none. */
static NodeTable *
peek_table(Node *node, const NodeLexer *x)
{
	NodeLexer	ahead = *x;
	const char *keyspace;
	const char *name;

	if (!node_qualified(&ahead, &keyspace, &name) || keyspace == NULL)
		return NULL;
	return node_table(node, keyspace, name);
}

static bool
create_table(Node *node, NodeLexer *x, Change *change)
{
	bool		conditional = take_if(x);
	NodeTable  *t = peek_table(node, x);

	if (t != NULL)
		return conditional || node_fail(node, CQL_ERR_ALREADY_EXISTS, "Cannot add already existing table \"%s\" "
										"to keyspace \"%s\"", t->name, t->keyspace);
	if ((t = node_table_add(node, x)) == NULL)
		return false;
	*change = (Change) {"CREATED", "TABLE", t->keyspace, t->name};
	return true;
}

static bool
create_type(Node *node, NodeLexer *x, Change *change)
{
	take_if(x);
	if (!node_type_add(node, x))
		return false;
	*change = (Change) {"CREATED", "TYPE", node->types->type->keyspace, node->types->type->name};
	return true;
}

static bool
drop_table(Node *node, NodeLexer *x, Change *change)
{
	bool		conditional = take_if(x);
	NodeTable  *t = peek_table(node, x);

	if (t == NULL)
		return conditional || node_fail(node, CQL_ERR_INVALID, "table does not exist");
	*change = (Change) {"DROPPED", "TABLE", t->keyspace, t->name};
	node_table_drop(node, t);
	return true;
}

static bool
drop_keyspace(Node *node, NodeLexer *x, Change *change)
{
	bool		conditional = take_if(x);
	NodeKeyspace *k = node_keyspace(node, x->token.value);

	if (k == NULL)
		return conditional || node_fail(node, CQL_ERR_CONFIG, "Keyspace '%s' doesn't exist", x->token.value);
	for (NodeTable *t = node->tables, *next; t != NULL; t = next)
	{
		next = t->next;
		if (strcmp(t->keyspace, k->name) == 0)
			node_table_drop(node, t);
	}
	for (NodeKeyspace **at = &node->keyspaces; *at != NULL; at = &(*at)->next)
		if (*at == k)
		{
			*at = k->next;
			break;
		}
	*change = (Change) {"DROPPED", "KEYSPACE", k->name, NULL};
	return true;
}

/* ks.t ADD name type, ks.t DROP name */
static bool
alter_table(Node *node, NodeLexer *x, Change *change)
{
	NodeTable  *t = peek_table(node, x);
	const char *keyspace;
	const char *name;

	if (t == NULL)
		return node_fail(node, CQL_ERR_INVALID, "table does not exist");
	node_qualified(x, &keyspace, &name);
	if (node_lexer_accept(x, "ADD"))
	{
		if (!node_table_extend(node, t, x))
			return false;
	}
	else if (!node_lexer_accept(x, "DROP"))
		return syntax(node, x);
	else if (!node_table_shrink(node, t, x))
		return false;
	*change = (Change) {"UPDATED", "TABLE", t->keyspace, t->name};
	return true;
}

/* [name] ON ks.t (column): nothing is kept of it, system_schema.indexes has the rows that a script gives it. */
static bool
create_index(Node *node, NodeLexer *x, Change *change)
{
	NodeTable  *t;

	if (!node_lexer_is(x, "ON"))
		node_lexer_next(x);
	if (!node_lexer_accept(x, "ON"))
		return syntax(node, x);
	t = peek_table(node, x);
	if (t == NULL)
		return node_fail(node, CQL_ERR_INVALID, "table does not exist");
	*change = (Change) {"UPDATED", "TABLE", t->keyspace, t->name};
	return true;
}

/* ks.u ADD name type */
static bool
alter_type(Node *node, NodeLexer *x, Change *change)
{
	NodeUserType *u = node->types;
	const char *keyspace;
	const char *name;

	if (!node_qualified(x, &keyspace, &name) || keyspace == NULL || !node_lexer_accept(x, "ADD"))
		return syntax(node, x);
	while (u != NULL && (strcmp(u->type->keyspace, keyspace) != 0 || strcmp(u->type->name, name) != 0))
		u = u->next;
	if (u == NULL)
		return node_fail(node, CQL_ERR_INVALID, "Type '%s.%s' doesn't exist", keyspace, name);
	if (!node_type_extend(node, u->type, x))
		return false;
	*change = (Change) {"UPDATED", "TYPE", u->type->keyspace, u->type->name};
	return true;
}

static bool
run(Node *node, NodeLexer *x, Change *change)
{
	static const struct
	{
		const char *verb;
		const char *noun;
		bool		(*run) (Node *node, NodeLexer *x, Change *change);
	}			statements[] = {
		{"CREATE", "KEYSPACE", create_keyspace}, {"CREATE", "TABLE", create_table}, {"CREATE", "TYPE", create_type},
		{"DROP", "KEYSPACE", drop_keyspace}, {"DROP", "TABLE", drop_table}, {"ALTER", "TABLE", alter_table},
		{"ALTER", "TYPE", alter_type}, {"CREATE", "INDEX", create_index}, {"ALTER", "KEYSPACE", alter_keyspace}
	};
	NodeLexer	verb = *x;

	node_lexer_next(x);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (node_lexer_is(&verb, statements[i].verb) && node_lexer_accept(x, statements[i].noun))
			return statements[i].run(node, x, change);
	return syntax(node, x);
}

static void
put_change(CqlBuffer *b, const Change *change)
{
	cql_put_string(b, change->change);
	cql_put_string(b, change->target);
	cql_put_string(b, change->keyspace);
	if (change->name != NULL)
		cql_put_string(b, change->name);
}

void
node_run_ddl(NodeCall *call)
{
	Node	   *node = call->node;
	Change		change = {0};
	CqlBuffer	event = {0};
	NodeLexer	x;

	node_lexer_start(&x, call->text.data, call->text.len, &node->scratch, false);
	if (!run(node, &x, &change))
	{
		node_answer_failure(call);
		return;
	}
	if (change.change == NULL)
	{
		node_answer_void(call);
		return;
	}
	cql_put_string(&event, "SCHEMA_CHANGE");
	put_change(&event, &change);
	node_event_send(node, 2, &event);
	cql_buffer_free(&event);
	node_answer_begin(call, CQL_OP_RESULT);
	cql_put_u32(&call->conn->answer, CQL_RESULT_SCHEMA_CHANGE);
	put_change(&call->conn->answer, &change);
	node_answer_end(call);
}
