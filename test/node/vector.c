/*
 * test/node/vector.c
 *	  Nearest vectors, as ScyllaDB finds them with the service that keeps its indexes.
 *
 * Thread: the node's. Owns: nothing; indexes live in the schema arena.
 * Invariant: rows come in the order of their similarity; a column without an index is refused when the statement is
 * prepared, conditions that no index checks when it is executed.
 *
 * Held to these sources:
 *	 targets of an index       scylladb index/vector_index.cc, serialize_targets
 *	 statement                 scylladb cql3/statements/external_search/vector_indexed_table_select_statement.cc
 *	 which index answers       scylladb/vector-store crates/vector-store/src/indexes.rs, score_index, best_index; httproutes.rs
 */
#include <stdlib.h>

#include "internal.h"

#define MAX_NEAREST 1000
#define MAX_INDEXED 16

/* ---- script ---- */

static bool
take_columns(Node *node, NodeLexer *x, const NodeTable *t, int *column, int *n)
{
	do
	{
		int			c = node_table_column(t, x->token.value);

		if (c < 0 || *n == MAX_INDEXED)
			return node_fail(node, 0, "a column is missing at \"%.40s\"", x->token.text);
		column[(*n)++] = c;
		node_lexer_next(x);
	} while (node_lexer_accept(x, ","));
	return node_lexer_accept(x, ")") || node_fail(node, 0, ") is missing at \"%.40s\"", x->token.text);
}

/* ((p, q), v, f), or (v, f), or (v) */
static bool
take_targets(Node *node, NodeLexer *x, const NodeTable *t, NodeVectorIndex *index)
{
	int			column[MAX_INDEXED];
	int			n = 0;

	index->partition = node_arena(&node->schema, sizeof(column));
	index->filtering = node_arena(&node->schema, sizeof(column));
	if (!node_lexer_accept(x, "("))
		return node_fail(node, 0, "( is missing at \"%.40s\"", x->token.text);
	if (node_lexer_accept(x, "(") && (!take_columns(node, x, t, index->partition, &index->npartition) || !node_lexer_accept(x, ",")))
		return node_fail(node, 0, "the columns of a local index are missing");
	if (!take_columns(node, x, t, column, &n))
		return false;
	index->column = column[0];
	index->nfiltering = n - 1;
	memcpy(index->filtering, column + 1, (size_t) (n - 1) * sizeof(int));
	return t->column[index->column].type->id == CQL_TYPE_VECTOR || node_fail(node, 0, "no column of vectors");
}

static const char *
json_names(Node *node, const NodeTable *t, const char *key, const int *column, int n)
{
	const char *names = "";

	for (int i = 0; i < n; i++)
		names = node_format(&node->scratch, "%s%s\"%s\"", names, i > 0 ? "," : "", t->column[column[i]].name);
	return n > 0 ? node_format(&node->scratch, ",\"%s\":[%s]", key, names) : "";
}

static const char *
target(Node *node, const NodeTable *t, const NodeVectorIndex *index)
{
	const char *name = t->column[index->column].name;

	if (index->npartition + index->nfiltering == 0)
		return name;
	return node_format(&node->scratch, "{\"tc\":\"%s\"%s%s}", name, json_names(node, t, "pk", index->partition, index->npartition),
					   json_names(node, t, "fc", index->filtering, index->nfiltering));
}

/* NAME ks.t (v) [SIMILARITY] */
bool
node_vector_line(Node *node, NodeLexer *x)
{
	NodeVectorIndex *index = node_arena(&node->schema, sizeof(*index));
	const char *keyspace;
	const char *name;
	const char *similarity = "COSINE";
	NodeTable  *t = NULL;
	NodeLexer	cql;
	NodeLexer	row;

	if (!node_take_word(node, x, &index->name))
		return false;
	cql = node_as_cql(x);
	if (node_qualified(&cql, &keyspace, &name) && keyspace != NULL)
		t = node_table(node, keyspace, name);
	if (t == NULL)
		return node_fail(node, 0, "the name of a table is missing");
	if (!take_targets(node, &cql, t, index))
		return false;
	if (cql.token.kind == TOKEN_NAME)
	{
		similarity = node_strdup(&node->schema, cql.token.value, strlen(cql.token.value));
		node_lexer_next(&cql);
	}
	index->similarity = *similarity;
	index->next = t->vectors;
	t->vectors = index;
	name = node_format(&node->scratch, "system_schema.indexes ('%s', '%s', '%s', 'CUSTOM', {'class_name': 'vector_index', "
					   "'similarity_function': '%s', 'target': '%s'})", t->keyspace, t->name, index->name, similarity, target(node, t, index));
	node_lexer_start(&row, name, strlen(name), &node->scratch, false);
	x->token.kind = TOKEN_END;
	return node_row_add(node, &row);
}

/* ---- statement ---- */

/* At OF, behind "ORDER BY column ANN". */
bool
node_vector_parse(NodeParse *p, int column)
{
	NodeStatement *s = p->s;
	const NodeVectorIndex *index = s->table->vectors;

	while (index != NULL && index->column != column)
		index = index->next;
	if (index == NULL)
		return node_fail(p->node, CQL_ERR_INVALID, "ANN ordering by vector requires the column to be indexed using 'vector_index'");
	s->nearest_column = column;
	return node_parse_expect(p, "OF") &&
		node_parse_operand(p, &s->nearest, s->table->column[column].type, s->table->column[column].name, -1);
}

bool
node_vector_limited(NodeParse *p)
{
	return !p->s->nearest.given || p->s->limit.given ||
		node_fail(p->node, CQL_ERR_INVALID, "Vector ANN queries must have a limit specified");
}

static bool
is_in(int column, const int *columns, int n)
{
	for (int i = 0; i < n; i++)
		if (columns[i] == column)
			return true;
	return false;
}

static bool
is_fixed(const NodeStatement *s, int column)
{
	for (int i = 0; i < s->nwhere; i++)
		if (s->where[i].column == column && strchr("=iI", s->where[i].op))
			return true;
	return false;
}

/* How many conditions it leaves; -1: it cannot be asked. */
static int
score(const NodeStatement *s, const NodeVectorIndex *index)
{
	for (int i = 0; i < s->nwhere; i++)
	{
		int			column = s->where[i].column;

		if (column < 0 || (column >= s->table->nkey && !is_in(column, index->partition, index->npartition) &&
						   !is_in(column, index->filtering, index->nfiltering)))
			return -1;
	}
	for (int i = 0; i < index->npartition; i++)
		if (!is_fixed(s, index->partition[i]))
			return -1;
	return s->nwhere - index->npartition;
}

static bool
refuse(NodeCall *call, const char *why)
{
	return node_fail(call->node, CQL_ERR_INVALID, "Vector Store error: HTTP status 400 Bad Request, message: %s", why);
}

static const NodeVectorIndex *
choose_index(NodeCall *call, const NodeStatement *s)
{
	const NodeVectorIndex *best = NULL;
	int			least = 0;

	for (const NodeVectorIndex *i = s->table->vectors; i != NULL; i = i->next)
	{
		int			left = i->column == s->nearest_column ? score(s, i) : -1;

		if (left < 0 || (best != NULL && left >= least))
			continue;
		best = i;
		least = left;
	}
	if (best == NULL)
		refuse(call, "Global ANN query is not supported when only a local vector index is available");
	else if (least > 0 && !s->filtering)
	{
		refuse(call, "Index requires ALLOW FILTERING for this query");
		return NULL;
	}
	return best;
}

/* ---- rows ---- */

typedef struct Ranked
{
	double		distance;
	const NodeRow *row;
} Ranked;

static double
number_at(CqlBytes vector, int32_t i)
{
	union
	{
		uint32_t	bits;
		float		number;
	}			x = {cql_load_u32(vector.data + 4 * i)};

	return (double) x.number;
}

/* What orders alike. */
static double
distance(char similarity, CqlBytes a, CqlBytes b)
{
	double		dot = 0;
	double		aa = 0;
	double		bb = 0;

	for (int32_t i = 0; i < a.len / 4 && i < b.len / 4; i++)
	{
		dot += number_at(a, i) * number_at(b, i);
		aa += number_at(a, i) * number_at(a, i);
		bb += number_at(b, i) * number_at(b, i);
	}
	if (similarity == 'e' || similarity == 'E')
		return aa + bb - 2 * dot;
	return similarity == 'd' || similarity == 'D' ? -dot : dot > 0 ? -dot * dot / (aa * bb) : dot * dot / (aa * bb);
}

static int
compare_ranked(const void *a, const void *b)
{
	double		x = ((const Ranked *) a)->distance;
	double		y = ((const Ranked *) b)->distance;

	return (x > y) - (x < y);
}

/* Of n rows that match, those that are nearest: how many they are, -1: refused. Paging is not supported. */
int64_t
node_vector_rank(NodeCall *call, const NodeStatement *s, const NodeRow **row, size_t n, uint64_t limit)
{
	CqlBytes	wanted = node_operand_value(call, &s->nearest);
	const NodeVectorIndex *index;
	Ranked	   *ranked = node_arena(&call->node->scratch, (n + 1) * sizeof(*ranked));
	int64_t		found = 0;

	if (wanted.len < 0)
		return node_fail(call->node, CQL_ERR_INVALID, "Unsupported null value for column %s", s->table->column[s->nearest_column].name) - 1;
	if (limit > MAX_NEAREST)
		return node_fail(call->node, CQL_ERR_INVALID, "Use of ANN OF in an ORDER BY clause requires a LIMIT that is not greater "
						 "than %d. LIMIT was %llu", MAX_NEAREST, (unsigned long long) limit) - 1;
	if ((index = choose_index(call, s)) == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (row[i]->cell[s->nearest_column].value.len > 0)
			ranked[found++] = (Ranked) {distance(index->similarity, row[i]->cell[s->nearest_column].value, wanted), row[i]};
	qsort(ranked, (size_t) found, sizeof(*ranked), compare_ranked);
	found = found < (int64_t) limit ? found : (int64_t) limit;
	for (int64_t i = 0; i < found; i++)
		row[i] = ranked[i].row;
	return found;
}
