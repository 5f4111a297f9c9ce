/*
 * test/node/index.c
 *	  Indexes of ScyllaDB, and which SELECT needs ALLOW FILTERING with them.
 *
 * Thread: the node's. Owns: nothing; indexes live in the schema arena.
 * Invariant: a node of ScyllaDB prepares only what it could answer without filtering, or what has ALLOW FILTERING.
 *
 * Held to these sources:
 *	 which index answers       scylladb cql3/restrictions/statement_restrictions.cc, constructor, do_find_idx
 *	 what is to be filtered    the same, need_filtering; cql3/statements/select_statement.cc, check_needs_filtering
 *	 ORDER BY                  the same, verify_ordering_is_allowed
 *	 target of an index        index/secondary_index.cc, serialize_targets
 */
#include "internal.h"

/* ---- script ---- */

static const char *
target(Node *node, const NodeTable *t, const NodeIndex *index)
{
	const char *names = "";

	if (!index->local)
		return t->column[index->column].name;
	for (int i = 0; i < t->npartition; i++)
		names = node_format(&node->scratch, "%s%s\"%s\"", names, i > 0 ? "," : "", t->column[i].name);
	return node_format(&node->scratch, "{\"pk\":[%s],\"ck\":[\"%s\"]}", names, t->column[index->column].name);
}

/* NAME ks.t (v) [local] [stale] */
bool
node_index_line(Node *node, NodeLexer *x)
{
	NodeIndex  *index = node_arena(&node->schema, sizeof(*index));
	const char *keyspace;
	const char *name;
	NodeTable  *t = NULL;
	NodeLexer	cql;
	NodeLexer	row;

	if (!node_take_word(node, x, &name))
		return false;
	index->name = name;
	cql = node_as_cql(x);
	if (node_qualified(&cql, &keyspace, &name) && keyspace != NULL)
		t = node_table(node, keyspace, name);
	if (t == NULL || !node_lexer_accept(&cql, "(") || (index->column = node_table_column(t, cql.token.value)) < 0)
		return node_fail(node, 0, "a table and one of its columns are missing at \"%.40s\"", cql.token.text);
	node_lexer_next(&cql);
	if (!node_lexer_accept(&cql, ")"))
		return node_fail(node, 0, ") is missing at \"%.40s\"", cql.token.text);
	index->local = node_lexer_accept(&cql, "local");
	index->stale = node_lexer_accept(&cql, "stale");
	index->next = t->indexes;
	t->indexes = index;
	name = node_format(&node->scratch, "system_schema.indexes ('%s', '%s', '%s', 'COMPOSITES', {'target': '%s'})",
					   t->keyspace, t->name, index->name, target(node, t, index));
	node_lexer_start(&row, name, strlen(name), &node->scratch, false);
	x->token.kind = TOKEN_END;
	return node_row_add(node, &row);
}

/* ---- what restricts columns ---- */

/* How many of the columns from first up to end have conditions, all of them with one of these operators; NULL: any. */
static int
count(const NodeStatement *s, int first, int end, const char *operators)
{
	int			n = 0;

	for (int column = first; column < end; column++)
	{
		bool		any = false;
		bool		all = true;

		for (int i = 0; i < s->nwhere; i++)
			if (s->where[i].column == column)
			{
				any = true;
				all &= operators == NULL || strchr(operators, s->where[i].op) != NULL;
			}
		n += any && all;
	}
	return n;
}

/* Clustering columns from the first one on that make a slice: the first range ends it. */
static int
prefix(const NodeStatement *s)
{
	const NodeTable *t = s->table;
	int			n = 0;

	while (t->npartition + n < t->nkey && count(s, t->npartition + n, t->npartition + n + 1, "=iI") == 1)
		n++;
	return n + (t->npartition + n < t->nkey && count(s, t->npartition + n, t->npartition + n + 1, NULL) == 1);
}

/* ---- what ScyllaDB makes of it ---- */

typedef struct Restrictions
{
	const NodeStatement *s;
	int			npartition;		/* columns that have conditions */
	int			nclustering;
	int			nothers;
	bool		token;
	bool		partition_known;	/* by "=" */
	bool		in;				/* of the partition key */
	bool		scattered;		/* conditions on clustering columns make no slice */
	bool		ranged;			/* many partitions */
	const NodeIndex *partition; /* that could find these columns */
	const NodeIndex *clustering;
	const NodeIndex *other;
} Restrictions;

/* Rather a local one. */
static const NodeIndex *
find_index(const Restrictions *r, int first, int end)
{
	const NodeIndex *found = NULL;

	for (const NodeIndex *i = r->s->table->indexes; i != NULL; i = i->next)
		if (i->column >= first && i->column < end && count(r->s, i->column, i->column + 1, "=") == 1 &&
			(found == NULL || (i->local && !found->local)) && (!i->local || r->partition_known))
			found = i;
	return found;
}

static Restrictions
restrictions(const NodeStatement *s)
{
	const NodeTable *t = s->table;
	Restrictions r = {.s = s};
	bool		partly;

	r.npartition = count(s, 0, t->npartition, NULL);
	r.nclustering = count(s, t->npartition, t->nkey, NULL);
	r.nothers = count(s, t->nkey, t->ncolumns, NULL);
	r.token = s->nwhere > 0 && s->where[0].column < 0;
	r.partition_known = count(s, 0, t->npartition, "=") == t->npartition;
	r.in = count(s, 0, t->npartition, "iI") > 0;
	r.scattered = prefix(s) < r.nclustering;
	partly = r.npartition > 0 && count(s, 0, t->npartition, "=iI") < t->npartition;
	r.ranged = r.npartition == 0 || partly;
	r.partition = r.token ? NULL : find_index(&r, 0, t->npartition);
	r.clustering = find_index(&r, t->npartition, t->nkey);
	r.other = find_index(&r, t->nkey, t->ncolumns);
	return r;
}

/* NULL: none. */
static const NodeIndex *
choose_index(const Restrictions *r)
{
	const NodeIndex *partition = r->ranged ? r->partition : NULL;
	const NodeIndex *clustering = r->scattered || r->ranged ? r->clustering : NULL;
	const NodeIndex *other = r->in ? NULL : r->other;

	if (partition != NULL && !(clustering && clustering->local) && !(other && other->local))
		return partition;
	return clustering != NULL && !(other && other->local) ? clustering : other;
}

static bool
needs_filtering(const Restrictions *r, const NodeIndex *index)
{
	if (index != NULL && r->token)
		return r->nclustering + r->nothers > 1;
	if (r->npartition > 0 && r->ranged)
		return !(r->npartition == 1 && r->partition != NULL && r->nclustering + r->nothers == 0);
	if (r->nothers > 1 || (r->nothers == 1 && r->other == NULL))
		return true;
	if (r->nothers == 1)
		return r->npartition + r->nclustering > 0 && (!r->partition_known || r->scattered);
	if (index != NULL && r->clustering != NULL)
		return r->nclustering > 1;
	return r->scattered || (r->npartition == 0 && r->nclustering > 0);
}

bool
node_index_check(NodeParse *p)
{
	NodeStatement *s = p->s;
	Restrictions r = restrictions(s);
	const NodeIndex *index = choose_index(&r);

	if (p->node->nr_shards == 0 || s->table->system || s->nearest.given)
		return true;
	if (index != NULL && r.in && !s->filtering)
		return node_fail(p->node, CQL_ERR_INVALID, "Index cannot be used if the partition key is restricted with IN clause. "
						 "This query would require filtering instead.");
	if (!s->filtering && needs_filtering(&r, index))
		return node_fail(p->node, CQL_ERR_INVALID, "Cannot execute this query as it might involve data filtering and thus may "
						 "have unpredictable performance. If you want to execute this query despite the performance "
						 "unpredictability, use ALLOW FILTERING");
	if (index != NULL && s->ordered)
		return node_fail(p->node, CQL_ERR_INVALID, "ORDER BY with 2ndary indexes is not supported.");
	s->index = index;
	return true;
}
