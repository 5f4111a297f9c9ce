/*
 * test/node/statement.c
 *	  CQL text to a statement: SELECT, INSERT, UPDATE, DELETE, TRUNCATE.
 *
 * Thread: the node's. Owns: nothing; a statement lives in its own arena.
 * Invariant: a parse function returns false after it set node->failure, and is
 * left at once: the first failure is the one that is answered.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

/* ---- helpers of the clauses ---- */

bool
node_parse_syntax(NodeParse *p)
{
	if (p->x.token.kind == TOKEN_END)
		return node_fail(p->node, CQL_ERR_SYNTAX, "line 1:%d no viable alternative at input '<EOF>'",
						 (int) p->s->text_len);
	return node_fail(p->node, CQL_ERR_SYNTAX, "line 1:%d no viable alternative at input '%.*s'",
					 (int) (p->x.token.text - p->s->text), (int) p->x.token.len, p->x.token.text);
}

bool
node_parse_expect(NodeParse *p, const char *word)
{
	return node_lexer_accept(&p->x, word) || node_parse_syntax(p);
}

const char *
node_parse_name(NodeParse *p)
{
	const char *name = p->x.token.value;

	if (p->x.token.kind != TOKEN_NAME)
	{
		node_parse_syntax(p);
		return NULL;
	}
	node_lexer_next(&p->x);
	return name;
}

int
node_parse_column(NodeParse *p)
{
	const char *name = node_parse_name(p);
	int			column;

	if (name == NULL)
		return -1;
	column = node_table_column(p->s->table, name);
	if (column < 0)
		node_fail(p->node, CQL_ERR_INVALID, "Undefined column name %s in table %s.%s", name,
				  p->s->table->keyspace, p->s->table->name);
	return column;
}

CqlType *
node_simple_type(CqlArena *arena, CqlTypeId id)
{
	CqlType    *type = node_arena(arena, sizeof(*type));

	type->id = id;
	return type;
}

bool
node_parse_end(NodeParse *p)
{
	node_lexer_accept(&p->x, ";");
	return p->x.token.kind == TOKEN_END || node_parse_syntax(p);
}

static bool
parse_table(NodeParse *p)
{
	const char *keyspace;
	const char *name;

	if (!node_qualified(&p->x, &keyspace, &name))
		return node_parse_syntax(p);
	if (keyspace == NULL)
		return node_fail(p->node, CQL_ERR_INVALID, "No keyspace has been specified. USE a keyspace, or "
						 "explicitly specify keyspace.tablename");
	p->s->table = node_table(p->node, keyspace, name);
	if (p->s->table != NULL)
		return true;
	if (node_keyspace(p->node, keyspace) == NULL)
		return node_fail(p->node, CQL_ERR_INVALID, "keyspace %s does not exist", keyspace);
	return node_fail(p->node, CQL_ERR_INVALID, "table %s does not exist", name);
}

/* ---- SELECT ---- */

/* count(*), writetime(c), ttl(c), token(k, ...), or a column */
static bool
parse_selector(NodeParse *p, NodeSelector *s)
{
	NodeStatement *st = p->s;

	if (node_lexer_is(&p->x, "count"))
	{
		s->kind = SELECT_COUNT;
		s->name = "count";
		s->type = node_simple_type(&st->arena, CQL_TYPE_BIGINT);
		node_lexer_next(&p->x);
		return node_parse_expect(p, "(") && node_parse_expect(p, "*") && node_parse_expect(p, ")");
	}
	if (node_lexer_is(&p->x, "token") && p->x.at < p->x.end && *p->x.at == '(')
	{
		CqlString	columns;

		node_lexer_next(&p->x);
		columns = node_lexer_span(&p->x);
		s->kind = SELECT_TOKEN;
		s->name = node_format(&st->arena, "system.token%.*s", (int) columns.len, columns.data);
		s->type = node_simple_type(&st->arena, CQL_TYPE_BIGINT);
		return true;
	}
	if ((node_lexer_is(&p->x, "writetime") || node_lexer_is(&p->x, "ttl")) &&
		p->x.at < p->x.end && *p->x.at == '(')
	{
		s->kind = node_lexer_is(&p->x, "ttl") ? SELECT_TTL : SELECT_WRITETIME;
		s->type = node_simple_type(&st->arena, s->kind == SELECT_TTL ? CQL_TYPE_INT : CQL_TYPE_BIGINT);
		node_lexer_next(&p->x);
		node_lexer_next(&p->x);
		if ((s->column = node_parse_column(p)) < 0)
			return false;
		s->name = node_format(&st->arena, "%s(%s)", s->kind == SELECT_TTL ? "ttl" : "writetime",
							  st->table->column[s->column].name);
		return node_parse_expect(p, ")");
	}
	if ((s->column = node_parse_column(p)) < 0)
		return false;
	s->kind = SELECT_COLUMN;
	s->name = st->table->column[s->column].name;
	s->type = st->table->column[s->column].type;
	return true;
}

static void
select_all(NodeStatement *s)
{
	for (int i = 0; i < s->table->ncolumns; i++)
		s->selector[s->nselectors++] = (NodeSelector) {
			SELECT_COLUMN, i, s->table->column[i].name, s->table->column[i].type
		};
}

static bool
parse_selectors(NodeParse *p)
{
	NodeStatement *s = p->s;

	s->selector = node_arena(&s->arena, NODE_MAX_TERMS * sizeof(NodeSelector));
	if (node_lexer_accept(&p->x, "*"))
	{
		select_all(s);
		return true;
	}
	do
	{
		NodeSelector *selector = &s->selector[s->nselectors];

		if (s->nselectors == NODE_MAX_TERMS || !parse_selector(p, selector))
			return s->nselectors < NODE_MAX_TERMS ? false : node_parse_syntax(p);
		s->nselectors++;
		if (node_lexer_accept(&p->x, "AS") && (selector->name = node_parse_name(p)) == NULL)
			return false;
	} while (node_lexer_accept(&p->x, ","));
	return true;
}

/* The table stands behind the selectors that need it: look ahead for FROM. */
static bool
parse_select(NodeParse *p)
{
	NodeLexer	selectors;

	node_lexer_accept(&p->x, "DISTINCT");
	selectors = p->x;
	while (p->x.token.kind != TOKEN_END && !node_lexer_is(&p->x, "FROM"))
		node_lexer_next(&p->x);
	if (!node_parse_expect(p, "FROM") || !parse_table(p))
		return false;
	{
		NodeLexer	rest = p->x;

		p->x = selectors;
		if (!parse_selectors(p))
			return false;
		if (!node_lexer_is(&p->x, "FROM"))
			return node_parse_syntax(p);
		p->x = rest;
	}
	return node_parse_where(p) && node_parse_tail(p) && node_index_check(p);
}

/* ---- INSERT, UPDATE, DELETE ---- */

static NodeAssign *
new_assign(NodeParse *p, int column)
{
	NodeStatement *s = p->s;

	if (s->assign == NULL)
		s->assign = node_arena(&s->arena, NODE_MAX_TERMS * sizeof(NodeAssign));
	if (s->nassigns == NODE_MAX_TERMS)
	{
		node_fail(p->node, CQL_ERR_INVALID, "too many columns");
		return NULL;
	}
	s->assign[s->nassigns].column = column;
	return &s->assign[s->nassigns++];
}

static bool
parse_values(NodeParse *p)
{
	NodeStatement *s = p->s;
	NodeTable  *t = s->table;

	for (int i = 0; i < s->nassigns; i++)
	{
		int			column = s->assign[i].column;

		if (i > 0 && !node_parse_expect(p, ","))
			return false;
		if (!node_parse_operand(p, &s->assign[i].operand, t->column[column].type, t->column[column].name,
								column < t->nkey ? column : -1))
			return false;
	}
	return node_parse_expect(p, ")");
}

/* INSERT names every key column; each becomes a term of `where` as well. */
static bool
insert_key(NodeParse *p)
{
	NodeStatement *s = p->s;

	s->where = node_arena(&s->arena, (size_t) s->table->nkey * sizeof(NodeTerm));
	for (int k = 0; k < s->table->nkey; k++)
	{
		int			i = 0;

		while (i < s->nassigns && s->assign[i].column != k)
			i++;
		if (i == s->nassigns)
			return node_fail(p->node, CQL_ERR_INVALID, "Some partition key parts are missing: %s",
							 s->table->column[k].name);
		s->where[s->nwhere++] = (NodeTerm) {k, '=', &s->assign[i].operand, 1};
	}
	return true;
}

static bool
parse_insert(NodeParse *p)
{
	int			column;

	if (!node_parse_expect(p, "INTO") || !parse_table(p) || !node_parse_expect(p, "("))
		return false;
	do
	{
		if ((column = node_parse_column(p)) < 0 || new_assign(p, column) == NULL)
			return false;
	} while (node_lexer_accept(&p->x, ","));
	return node_parse_expect(p, ")") && node_parse_expect(p, "VALUES") && node_parse_expect(p, "(") &&
		parse_values(p) && insert_key(p) && node_parse_if(p) && node_parse_using(p);
}

/* c = x, c = c + x, c = c - x, c += x, c -= x */
static bool
parse_assignment(NodeParse *p)
{
	NodeTable  *t = p->s->table;
	int			column = node_parse_column(p);
	NodeAssign *a;

	if (column < 0 || (a = new_assign(p, column)) == NULL)
		return false;
	if (column < t->nkey)
		return node_fail(p->node, CQL_ERR_INVALID, "PRIMARY KEY part %s found in SET part", t->column[column].name);
	a->add = node_lexer_accept(&p->x, "+");
	a->subtract = !a->add && node_lexer_accept(&p->x, "-");
	if (!node_parse_expect(p, "="))
		return false;
	if (p->x.token.kind == TOKEN_NAME && strcmp(p->x.token.value, t->column[column].name) == 0)
	{
		node_lexer_next(&p->x);
		a->add = node_lexer_accept(&p->x, "+");
		a->subtract = !a->add;
		if (!a->add && !node_parse_expect(p, "-"))
			return false;
	}
	return node_parse_operand(p, &a->operand, t->column[column].type, t->column[column].name, -1);
}

static bool
need_key(NodeParse *p, int columns)
{
	NodeStatement *s = p->s;

	for (int k = 0; k < columns; k++)
	{
		int			i = 0;

		while (i < s->nwhere && (s->where[i].column != k || strchr("=iI", s->where[i].op) == NULL))
			i++;
		if (i == s->nwhere)
			return node_fail(p->node, CQL_ERR_INVALID, "Some partition key parts are missing: %s",
							 s->table->column[k].name);
	}
	return true;
}

static bool
parse_update(NodeParse *p)
{
	if (!parse_table(p) || !node_parse_using(p) || !node_parse_expect(p, "SET"))
		return false;
	do
	{
		if (!parse_assignment(p))
			return false;
	} while (node_lexer_accept(&p->x, ","));
	return node_parse_where(p) && need_key(p, p->s->table->nkey) && node_parse_if(p);
}

static bool
parse_delete(NodeParse *p)
{
	NodeLexer	columns = p->x;
	NodeLexer	rest;
	int			column;

	while (p->x.token.kind != TOKEN_END && !node_lexer_is(&p->x, "FROM"))
		node_lexer_next(&p->x);
	if (!node_parse_expect(p, "FROM") || !parse_table(p))
		return false;
	rest = p->x;
	p->x = columns;
	while (!node_lexer_is(&p->x, "FROM"))
	{
		if ((column = node_parse_column(p)) < 0 || new_assign(p, column) == NULL)
			return false;
		p->s->assign[p->s->nassigns - 1].operand = (NodeOperand) {true, -1, {NULL, -1}};
		node_lexer_accept(&p->x, ",");
	}
	p->x = rest;
	return node_parse_using(p) && node_parse_where(p) && need_key(p, p->s->table->npartition) && node_parse_if(p);
}

static bool
parse_truncate(NodeParse *p)
{
	node_lexer_accept(&p->x, "TABLE");
	return parse_table(p) && node_parse_using_timeout(p);
}

/* ---- the whole ---- */

/* key[i] and pk_index: where each partition key column is = one value. */
static void
find_key(NodeStatement *s)
{
	int			n = s->table->npartition;
	bool		markers = true;

	s->key = node_arena(&s->arena, (size_t) n * sizeof(NodeOperand));
	s->pk_index = node_arena(&s->arena, (size_t) n * sizeof(uint16_t));
	for (int k = 0; k < n; k++)
	{
		for (int i = 0; i < s->nwhere && !s->key[k].given; i++)
			if (s->where[i].column == k && s->where[i].op == '=')
				s->key[k] = s->where[i].operand[0];
		if (!s->key[k].given)
		{
			s->key = NULL;
			s->pk_index = NULL;
			return;
		}
		markers = markers && s->key[k].marker >= 0;
		s->pk_index[k] = (uint16_t) (s->key[k].marker < 0 ? 0 : s->key[k].marker);
	}
	if (!markers)
		s->pk_index = NULL;
}

static bool
parse_statement(NodeParse *p)
{
	static const struct
	{
		const char *word;
		NodeStatementKind kind;
		bool		(*parse) (NodeParse *p);
	}			kinds[] = {
		{"SELECT", STATEMENT_SELECT, parse_select}, {"INSERT", STATEMENT_INSERT, parse_insert},
		{"UPDATE", STATEMENT_UPDATE, parse_update}, {"DELETE", STATEMENT_DELETE, parse_delete},
		{"TRUNCATE", STATEMENT_TRUNCATE, parse_truncate}
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (node_lexer_accept(&p->x, kinds[i].word))
		{
			p->s->kind = kinds[i].kind;
			return kinds[i].parse(p) && node_parse_end(p) && node_strong_prepare(p->node, p->s);
		}
	return node_parse_syntax(p);
}

NodeStatement *
node_statement_parse(Node *node, CqlString text)
{
	NodeStatement *s = node_alloc(sizeof(*s));
	NodeParse	p = {.node = node, .s = s};

	s->text = node_strdup(&s->arena, text.data, text.len);
	s->text_len = text.len;
	s->marker = node_arena(&s->arena, NODE_MAX_TERMS * sizeof(NodeMarker));
	node_lexer_start(&p.x, s->text, s->text_len, &s->arena, false);
	if (!parse_statement(&p))
	{
		node_statement_free(s);
		return NULL;
	}
	find_key(s);
	return s;
}

void
node_statement_free(NodeStatement *s)
{
	if (s == NULL)
		return;
	cql_arena_free(&s->arena);
	free(s);
}
