/*
 * test/node/row.c
 *	  Rows: found by primary key, read in the order of tokens and clustering.
 *
 * Thread: the node's. Owns: rows and the bytes of their cells (malloc).
 * Invariants: a living row is in `row` once and in one bucket; `sorted` says
 * that no row was added or removed since the last sort.
 */
#define _GNU_SOURCE				/* qsort_r */
#include <stdlib.h>

#include "cql/token.h"
#include "internal.h"

/* ---- keys ---- */

int64_t
node_key_token(const CqlBytes *key, int n)
{
	CqlBuffer	joined = {0};
	int64_t		token;

	if (n == 1)
		return cql_token_murmur3(key[0].data, (size_t) key[0].len);
	for (int i = 0; i < n; i++)
		cql_token_put_component(&joined, key[i].data, (size_t) key[i].len);
	token = cql_token_murmur3(joined.data, joined.len);
	cql_buffer_free(&joined);
	return token;
}

static uint64_t
key_hash(const CqlBytes *key, int n)
{
	uint64_t	h = 0;

	for (int i = 0; i < n; i++)
		h = h * 31 + node_hash(key[i].data, key[i].len < 0 ? 0 : (size_t) key[i].len);	/* null: a partition without
																						 * rows */
	return h;
}

static bool
same(CqlBytes a, CqlBytes b)
{
	return a.len == b.len && (a.len <= 0 || memcmp(a.data, b.data, (size_t) a.len) == 0);
}

/* ---- one row ---- */

/* A write older than what is there changes nothing. */
void
node_cell_set(NodeCell *cell, CqlBytes value, int64_t timestamp, int32_t ttl)
{
	uint8_t    *copy = NULL;

	if (timestamp < cell->timestamp)
		return;
	if (value.len >= 0)
	{
		copy = node_alloc((size_t) value.len + 1);
		if (value.len > 0)
			memcpy(copy, value.data, (size_t) value.len);
	}
	free((void *) cell->value.data);
	cell->value = (CqlBytes) {copy, value.len};
	cell->timestamp = timestamp;
	cell->ttl = ttl;
}

static void
free_row(const NodeTable *t, NodeRow *row)
{
	for (int i = 0; i < t->ncolumns; i++)
		free((void *) row->cell[i].value.data);
	free(row);
}

static NodeRow *
find(const NodeTable *t, const CqlBytes *key, uint64_t hash)
{
	NodeRow    *row = t->nbuckets > 0 ? t->bucket[hash & (t->nbuckets - 1)] : NULL;

	for (; row != NULL; row = row->next)
	{
		int			i = 0;

		while (row->hash == hash && i < t->nkey && same(row->cell[i].value, key[i]))
			i++;
		if (i == t->nkey)
			return row;
	}
	return NULL;
}

NodeRow *
node_row_find(const NodeTable *t, const CqlBytes *key)
{
	return find(t, key, key_hash(key, t->nkey));
}

static void
link_row(NodeTable *t, NodeRow *row)
{
	NodeRow   **bucket = &t->bucket[row->hash & (t->nbuckets - 1)];

	row->next = *bucket;
	*bucket = row;
}

static void
grow(NodeTable *t)
{
	t->cap = t->cap > 0 ? t->cap * 2 : 16;
	t->row = realloc(t->row, t->cap * sizeof(NodeRow *));
	free(t->bucket);
	t->nbuckets = t->cap;
	t->bucket = node_alloc(t->nbuckets * sizeof(NodeRow *));
	if (t->row == NULL)
		abort();
	for (size_t i = 0; i < t->nrows; i++)
		if (!t->row[i]->dead)
			link_row(t, t->row[i]);
}

NodeRow *
node_row_put(NodeTable *t, const CqlBytes *key)
{
	uint64_t	hash = key_hash(key, t->nkey);
	NodeRow    *row = find(t, key, hash);

	if (row != NULL)
		return row;
	if (t->nrows == t->cap)
		grow(t);
	row = node_alloc(sizeof(NodeRow) + (size_t) t->ncolumns * sizeof(NodeCell));
	row->hash = hash;
	row->token = node_key_token(key, t->npartition);
	for (int i = 0; i < t->ncolumns; i++)
	{
		row->cell[i].value.len = -1;
		row->cell[i].timestamp = INT64_MIN;
		if (i < t->nkey)
			node_cell_set(&row->cell[i], key[i], 0, 0);
	}
	link_row(t, row);
	t->row[t->nrows++] = row;
	t->sorted = false;
	return row;
}

void
node_row_remove(NodeTable *t, NodeRow *row)
{
	NodeRow   **at = &t->bucket[row->hash & (t->nbuckets - 1)];

	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
	row->dead = true;
	t->sorted = false;
}

void
node_table_clear(NodeTable *t)
{
	for (size_t i = 0; i < t->nrows; i++)
		free_row(t, t->row[i]);
	free(t->row);
	free(t->bucket);
	t->row = NULL;
	t->bucket = NULL;
	t->nrows = t->cap = t->nbuckets = t->repeat = 0;
	t->sorted = true;
}

void
node_table_widen(NodeTable *t)
{
	size_t		size = sizeof(NodeRow) + (size_t) t->ncolumns * sizeof(NodeCell);

	if (t->nbuckets > 0)
		memset(t->bucket, 0, t->nbuckets * sizeof(NodeRow *));
	for (size_t i = 0; i < t->nrows; i++)
	{
		NodeRow    *row = realloc(t->row[i], size);

		if (row == NULL)
			abort();
		row->cell[t->ncolumns - 1] = (NodeCell) {{NULL, -1}, INT64_MIN, 0};
		t->row[i] = row;
		if (!row->dead)
			link_row(t, row);
	}
}

void
node_table_narrow(NodeTable *t, int column)
{
	for (size_t i = 0; i < t->nrows; i++)
	{
		NodeCell   *cell = t->row[i]->cell;

		free((void *) cell[column].value.data);
		memmove(&cell[column], &cell[column + 1], (size_t) (t->ncolumns - column) * sizeof(NodeCell));
	}
}

/* ---- order ---- */

static int
compare_double(double a, double b)
{
	return (a > b) - (a < b);
}

static int
compare_floating(CqlBytes a, CqlBytes b)
{
	double		x[2];

	for (int i = 0; i < 2; i++)
	{
		CqlBytes	v = i == 0 ? a : b;

		if (v.len == 4)
		{
			uint32_t	bits = cql_load_u32(v.data);
			float		f;

			memcpy(&f, &bits, 4);
			x[i] = f;
		}
		else
		{
			uint64_t	bits = cql_load_u64(v.data);

			memcpy(&x[i], &bits, 8);
		}
	}
	return compare_double(x[0], x[1]);
}

/* Bytes by memcmp and then length; signed numbers with the sign turned. */
int
node_value_compare(const CqlType *type, CqlBytes a, CqlBytes b)
{
	int32_t		n = a.len < b.len ? a.len : b.len;
	int			c;

	if (n <= 0)
		return (a.len > b.len) - (a.len < b.len);
	switch (type->id)
	{
		case CQL_TYPE_FLOAT:
		case CQL_TYPE_DOUBLE:
			if (a.len == b.len)
				return compare_floating(a, b);
			break;
		case CQL_TYPE_INT:
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
		case CQL_TYPE_SMALLINT:
		case CQL_TYPE_TINYINT:
		case CQL_TYPE_TIMESTAMP:
			if ((a.data[0] ^ b.data[0]) & 0x80)
				return a.data[0] & 0x80 ? -1 : 1;
			break;
		default:
			break;
	}
	c = memcmp(a.data, b.data, (size_t) n);
	return c != 0 ? c : a.len - b.len;
}

static int
compare_rows(const void *a, const void *b, void *table)
{
	const NodeTable *t = table;
	const NodeRow *x = *(NodeRow *const *) a;
	const NodeRow *y = *(NodeRow *const *) b;
	int			c = (x->token > y->token) - (x->token < y->token);

	for (int i = 0; c == 0 && i < t->nkey; i++)
	{
		c = node_value_compare(t->column[i].type, x->cell[i].value, y->cell[i].value);
		if (t->column[i].descending)
			c = -c;
	}
	return c;
}

void
node_table_sort(NodeTable *t)
{
	size_t		n = 0;

	if (t->sorted)
		return;
	for (size_t i = 0; i < t->nrows; i++)
		if (t->row[i]->dead)
			free_row(t, t->row[i]);
		else
			t->row[n++] = t->row[i];
	t->nrows = n;
	qsort_r(t->row, n, sizeof(NodeRow *), compare_rows, t);
	t->sorted = true;
}

size_t
node_table_seek(const NodeTable *t, int64_t token)
{
	size_t		low = 0;
	size_t		high = t->nrows;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (t->row[middle]->token < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- script ---- */

static bool
take_values(Node *node, const NodeTable *t, NodeLexer *x, CqlBytes *value)
{
	for (int i = 0; i < t->ncolumns; i++)
	{
		int			c = 0;
		CqlString	span;

		while (t->column[c].declared != i)
			c++;
		if (!node_lexer_accept(x, i == 0 ? "(" : ","))
			return node_fail(node, 0, "%s.%s has %d columns", t->keyspace, t->name, t->ncolumns);
		span = node_lexer_span(x);
		if (!node_literal(span, t->column[c].type, &node->scratch, &value[c]) ||
			(c < (t->system ? t->npartition : t->nkey) && value[c].len < 0))
			return node_fail(node, 0, "no value of column %s: %.*s", t->column[c].name, (int) span.len, span.data);
	}
	return node_lexer_accept(x, ")") ||
		node_fail(node, 0, "%s.%s has %d columns", t->keyspace, t->name, t->ncolumns);
}

/* (value, ...) in the order of the table's definition */
bool
node_row_values(Node *node, NodeTable *t, NodeLexer *x)
{
	CqlBytes   *value = node_arena(&node->scratch, (size_t) t->ncolumns * sizeof(CqlBytes));
	NodeRow    *row;

	if (!take_values(node, t, x, value))
		return false;
	row = node_row_put(t, value);
	for (int i = t->nkey; i < t->ncolumns; i++)
		node_cell_set(&row->cell[i], value[i], 0, 0);
	return true;
}

/* keyspace.name (value, ...) */
bool
node_row_add(Node *node, NodeLexer *x)
{
	const char *keyspace;
	const char *name;
	NodeTable  *t;

	if (!node_qualified(x, &keyspace, &name) || keyspace == NULL ||
		(t = node_table(node, keyspace, name)) == NULL)
		return node_fail(node, 0, "no such table: \"%.40s\"", name);
	return node_row_values(node, t, x);
}

bool
node_row_repeat(Node *node, NodeTable *t, long long times)
{
	CqlTypeId	id = t->column[0].type->id;

	node_table_sort(t);
	if (times < 0 || times > UINT32_MAX || (times > 0 && t->nrows != 1))
		return node_fail(node, 0, "one row can be repeated, up to %u times", UINT32_MAX);
	if (t->nkey != 1 || (id != CQL_TYPE_INT && id != CQL_TYPE_BIGINT))
		return node_fail(node, 0, "rows can be repeated whose key is one int or bigint");
	t->repeat = (size_t) times;
	return true;
}
