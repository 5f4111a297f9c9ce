/*
 * test/node/clause.c
 *	  Clauses that statements share: operands, WHERE, USING, IF, LIMIT.
 *
 * Thread: the node's. Owns: nothing; results live in the statement's arena.
 * Invariant: markers are numbered in the order they stand in the text.
 */
#include "internal.h"

/* ---- operands ---- */

/* With ScyllaDB's cql_duplicate_bind_variable_names_refer_to_same_variable, which is on, one name is one marker. */
static bool
same_marker(NodeParse *p, NodeOperand *o)
{
	for (int i = 0; i < p->s->nmarkers; i++)
		if (strcmp(p->s->marker[i].name, p->x.token.value) == 0)
		{
			o->marker = i;
			node_lexer_next(&p->x);
			return true;
		}
	return false;
}

static bool
new_marker(NodeParse *p, NodeOperand *o, CqlType *type, const char *name, int column)
{
	NodeStatement *s = p->s;

	if (s->nmarkers == NODE_MAX_TERMS)
		return node_fail(p->node, CQL_ERR_INVALID, "too many bind markers");
	if (*p->x.token.value != '\0')
		name = p->x.token.value;
	if (p->node->nr_shards > 0 && *p->x.token.value != '\0' && same_marker(p, o))
		return true;
	o->marker = s->nmarkers;
	s->marker[s->nmarkers++] = (NodeMarker) {name, type, column};
	node_lexer_next(&p->x);
	return true;
}

/* A marker or a literal; column is one of the key that must get a value, else -1. */
bool
node_parse_operand(NodeParse *p, NodeOperand *o, CqlType *type, const char *name, int column)
{
	CqlString	span;

	o->given = true;
	if (p->x.token.kind == TOKEN_MARKER)
		return new_marker(p, o, type, name, column);
	o->marker = -1;
	span = node_lexer_span(&p->x);
	if (span.len == 0)
		return node_parse_syntax(p);
	if (!node_literal(span, type, &p->s->arena, &o->value))
		return node_fail(p->node, CQL_ERR_INVALID, "Invalid constant (%.*s) for \"%s\"", (int) span.len,
						 span.data, name);
	if (column >= 0 && o->value.len < 0)
		return node_fail(p->node, CQL_ERR_INVALID, "Invalid null value in condition for column %s", name);
	return true;
}

/* ---- WHERE ---- */

static NodeTerm *
new_term(NodeParse *p)
{
	NodeStatement *s = p->s;

	if (s->where == NULL)
		s->where = node_arena(&s->arena, NODE_MAX_TERMS * sizeof(NodeTerm));
	if (s->nwhere == NODE_MAX_TERMS)
	{
		node_fail(p->node, CQL_ERR_INVALID, "too many conditions");
		return NULL;
	}
	return &s->where[s->nwhere++];
}

static bool
parse_in(NodeParse *p, NodeTerm *term, CqlType *type, const char *name)
{
	const char *in = node_format(&p->s->arena, p->node->nr_shards > 0 ? "IN(%s)" : "in(%s)", name);

	if (p->x.token.kind == TOKEN_MARKER)
	{
		CqlType    *list = node_simple_type(&p->s->arena, CQL_TYPE_LIST);

		list->count = 1;
		list->child = node_arena(&p->s->arena, sizeof(CqlType *));
		list->child[0] = type;
		term->op = 'I';
		term->noperands = 1;
		term->operand = node_arena(&p->s->arena, sizeof(NodeOperand));
		return node_parse_operand(p, term->operand, list, in, term->column);
	}
	term->op = 'i';
	term->operand = node_arena(&p->s->arena, NODE_MAX_TERMS * sizeof(NodeOperand));
	if (!node_parse_expect(p, "("))
		return false;
	do
	{
		if (term->noperands == NODE_MAX_TERMS)
			return node_fail(p->node, CQL_ERR_INVALID, "too many values");
		if (!node_parse_operand(p, &term->operand[term->noperands++], type, name, term->column))
			return false;
	} while (node_lexer_accept(&p->x, ","));
	return node_parse_expect(p, ")");
}

static bool
parse_operator(NodeParse *p, NodeTerm *term)
{
	static const struct
	{
		const char *word;
		char		op;
	}			operators[] = {{"<=", 'l'}, {">=", 'g'}, {"=", '='}, {"<", '<'}, {">", '>'}};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (node_lexer_accept(&p->x, operators[i].word))
		{
			term->op = operators[i].op;
			return true;
		}
	return node_parse_syntax(p);
}

/* token(k, ...) op x; the columns must be the partition key */
static bool
parse_token_term(NodeParse *p, NodeTerm *term)
{
	CqlType    *bigint = node_simple_type(&p->s->arena, CQL_TYPE_BIGINT);

	term->column = -1;
	for (int i = 0; i < p->s->table->npartition; i++)
	{
		int			column;

		if (!node_parse_expect(p, i == 0 ? "(" : ",") || (column = node_parse_column(p)) < 0)
			return false;
		if (column != i)
			return node_fail(p->node, CQL_ERR_INVALID, "The token function arguments must be in the partition key "
							 "order");
	}
	term->noperands = 1;
	term->operand = node_arena(&p->s->arena, sizeof(NodeOperand));
	return node_parse_expect(p, ")") && parse_operator(p, term) &&
		node_parse_operand(p, term->operand, bigint, "partition key token", -1);
}

static bool
parse_term(NodeParse *p)
{
	NodeTerm   *term = new_term(p);
	NodeColumn *column;

	if (term == NULL)
		return false;
	if (node_lexer_is(&p->x, "token") && p->x.at < p->x.end && *p->x.at == '(')
	{
		node_lexer_next(&p->x);
		return parse_token_term(p, term);
	}
	if ((term->column = node_parse_column(p)) < 0)
		return false;
	column = &p->s->table->column[term->column];
	if (node_lexer_accept(&p->x, "IN"))
		return parse_in(p, term, column->type, column->name);
	if (!parse_operator(p, term))
		return false;
	term->noperands = 1;
	term->operand = node_arena(&p->s->arena, sizeof(NodeOperand));
	return node_parse_operand(p, term->operand, column->type, column->name, term->column);
}

bool
node_parse_where(NodeParse *p)
{
	if (!node_lexer_accept(&p->x, "WHERE"))
		return true;
	do
	{
		if (!parse_term(p))
			return false;
	} while (node_lexer_accept(&p->x, "AND"));
	return node_scylla_relations(p->node, p->s);
}

/* ---- the rest ---- */

/* ScyllaDB's TIMEOUT 2000ms, which nothing is made of */
static bool
parse_timeout(NodeParse *p)
{
	NodeOperand timeout = {0};

	if (p->node->nr_shards == 0 || !node_lexer_accept(&p->x, "TIMEOUT"))
		return node_parse_syntax(p);
	if (p->x.token.kind == TOKEN_MARKER)
		return node_parse_operand(p, &timeout, node_simple_type(&p->s->arena, CQL_TYPE_DURATION), "[timeout]", -1);
	return node_lexer_span(&p->x).len > 0 || node_parse_syntax(p);
}

bool
node_parse_using_timeout(NodeParse *p)
{
	return !node_lexer_accept(&p->x, "USING") || parse_timeout(p);
}

/* USING TTL x AND TIMESTAMP y AND TIMEOUT z */
bool
node_parse_using(NodeParse *p)
{
	NodeStatement *s = p->s;

	if (!node_lexer_accept(&p->x, "USING"))
		return true;
	do
	{
		bool		ok;

		if (node_lexer_accept(&p->x, "TTL"))
			ok = node_parse_operand(p, &s->ttl, node_simple_type(&s->arena, CQL_TYPE_INT), "[ttl]", -1);
		else if (node_lexer_accept(&p->x, "TIMESTAMP"))
			ok = node_parse_operand(p, &s->timestamp, node_simple_type(&s->arena, CQL_TYPE_BIGINT),
									"[timestamp]", -1);
		else
			ok = parse_timeout(p);
		if (!ok)
			return false;
	} while (node_lexer_accept(&p->x, "AND"));
	return true;
}

bool
node_parse_if(NodeParse *p)
{
	if (!node_lexer_accept(&p->x, "IF"))
		return true;
	p->s->condition = node_lexer_accept(&p->x, "NOT") ? CONDITION_NOT_EXISTS : CONDITION_EXISTS;
	return node_parse_expect(p, "EXISTS");
}

/* ORDER BY c [ASC|DESC], ...: all of them with the table's order, or all against it; or v ANN OF x */
static bool
parse_order(NodeParse *p)
{
	do
	{
		int			column = node_parse_column(p);
		bool		descending;

		if (column < 0)
			return false;
		if (node_lexer_accept(&p->x, "ANN"))
			return node_vector_parse(p, column);
		if (p->s->table->column[column].kind != COLUMN_CLUSTERING)
			return node_fail(p->node, CQL_ERR_INVALID, "Order by is currently only supported on the clustered "
							 "columns of the PRIMARY KEY");
		p->s->ordered = true;
		descending = node_lexer_accept(&p->x, "DESC");
		if (!descending)
			node_lexer_accept(&p->x, "ASC");
		p->s->reversed = descending != p->s->table->column[column].descending;
	} while (node_lexer_accept(&p->x, ","));
	return true;
}

bool
node_parse_tail(NodeParse *p)
{
	NodeStatement *s = p->s;

	if (node_lexer_accept(&p->x, "ORDER") && (!node_parse_expect(p, "BY") || !parse_order(p)))
		return false;
	if (node_lexer_accept(&p->x, "LIMIT") &&
		!node_parse_operand(p, &s->limit, node_simple_type(&s->arena, CQL_TYPE_INT), "[limit]", -1))
		return false;
	if (!node_vector_limited(p))
		return false;
	s->filtering = node_lexer_accept(&p->x, "ALLOW");
	if (s->filtering && !node_parse_expect(p, "FILTERING"))
		return false;
	if (p->node->nr_shards > 0 && node_lexer_accept(&p->x, "BYPASS") && !node_parse_expect(p, "CACHE"))
		return false;
	return node_parse_using_timeout(p);
}
