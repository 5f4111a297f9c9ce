/*
 * test/node/select.c
 *	  SELECT: rows in the order of the table, one page at a time.
 *
 * Thread: the node's. Owns: nothing.
 * Invariants: the table is sorted while it is read; a paging state is the place
 * of the next row in that order and the rows already given.
 *
 * A repeated row is served as fast as bytes are copied: it is encoded once a page,
 * and each copy gets its number as its key. Tokens of the copies are not those of
 * their keys: they stand on the ring at equal distances.
 */
#include <stdlib.h>

#include "cql/value.h"
#include "internal.h"

#define PAGING_MAGIC 0x4E4F4445 /* "NODE" */
#define PAGING_SIZE 12

/* One page while it is gathered. */
typedef struct Page
{
	const NodeStatement *s;
	size_t		low;			/* rows low .. high - 1 can match */
	size_t		high;
	size_t		at;				/* how many of them were looked at */
	uint64_t	given;			/* rows of this and earlier pages */
	uint64_t	limit;			/* of all pages */
	uint64_t	size;			/* of this page */
	const NodeRow **row;
	size_t		nrows;
	size_t		cap;
	size_t		first;			/* of a repeated row: number of the first copy */
	bool		more;
} Page;

/* ---- where ---- */

static void
token_bounds(const NodeCall *call, const NodeStatement *s, int64_t *low, int64_t *high)
{
	*low = INT64_MIN;
	*high = INT64_MAX;
	if (node_statement_token(call, s, low))
	{
		*high = *low;
		return;
	}
	for (int i = 0; i < s->nwhere; i++)
	{
		CqlBytes	v = node_operand_value(call, &s->where[i].operand[0]);

		if (s->where[i].column >= 0 || v.len != 8)
			continue;
		if (strchr("=>g", s->where[i].op))
			*low = (int64_t) cql_load_u64(v.data);
		if (strchr("=<l", s->where[i].op))
			*high = (int64_t) cql_load_u64(v.data);
	}
}

bool
node_select_range(const NodeCall *call, const NodeStatement *s, int64_t *first, int64_t *last)
{
	if (s->nwhere < 2 || s->where[0].column >= 0 || s->where[0].op != '>' || s->where[1].column >= 0 || s->where[1].op != 'l')
		return false;
	token_bounds(call, s, first, last);
	(*first)++;
	return true;
}

static void
find_bounds(const NodeCall *call, Page *page)
{
	int64_t		low;
	int64_t		high;

	token_bounds(call, page->s, &low, &high);
	page->low = node_table_seek(page->s->table, low);
	page->high = high == INT64_MAX ? page->s->table->nrows : node_table_seek(page->s->table, high + 1);
	if (page->high < page->low)
		page->high = page->low;
}

/* ---- of a repeated row ---- */

/* How many of the copies have tokens up to this one. */
static size_t
copies_upto(const NodeTable *t, int64_t token)
{
	uint64_t	from_first = (uint64_t) token - ((uint64_t) INT64_MIN + 1);
	uint64_t	n;

	if (token == INT64_MIN)
		return 0;
	n = from_first / (UINT64_MAX / t->repeat) + 1;
	return n < t->repeat ? (size_t) n : t->repeat;
}

/* The least token but one is where copies begin, so one before the bound never leaves the ring's numbers unnoticed. */
static size_t
copies_below(const NodeTable *t, int64_t token)
{
	return token == INT64_MIN ? 0 : copies_upto(t, token - 1);
}

static uint64_t
key_number(CqlBytes key)
{
	return key.len == 8 ? cql_load_u64(key.data) : key.len == 4 ? cql_load_u32(key.data) : UINT64_MAX;
}

static bool
narrow(Page *page, const NodeTerm *term, CqlBytes v)
{
	const NodeTable *t = page->s->table;
	size_t		low = 0;
	size_t		high = t->repeat;

	if (term->column == 0 && term->op == '=')
	{
		low = key_number(v) < t->repeat ? (size_t) key_number(v) : t->repeat;
		high = low < t->repeat ? low + 1 : low;
	}
	else if (term->column < 0 && v.len == 8 && strchr(">g", term->op))
		low = term->op == '>' ? copies_upto(t, (int64_t) cql_load_u64(v.data)) : copies_below(t, (int64_t) cql_load_u64(v.data));
	else if (term->column < 0 && v.len == 8 && strchr("<l", term->op))
		high = term->op == 'l' ? copies_upto(t, (int64_t) cql_load_u64(v.data)) : copies_below(t, (int64_t) cql_load_u64(v.data));
	else
		return false;
	page->low = low > page->low ? low : page->low;
	page->high = high < page->high ? high : page->high;
	return true;
}

/* false: asked for something else than columns of one key, of a range of tokens, or of all. */
static bool
find_copies(const NodeCall *call, Page *page)
{
	const NodeStatement *s = page->s;
	bool		served = !s->reversed;

	page->low = 0;
	page->high = s->table->repeat;
	for (int i = 0; i < s->nselectors; i++)
		served &= s->selector[i].kind == SELECT_COLUMN || s->selector[i].kind == SELECT_TOKEN;
	for (int i = 0; i < s->nwhere && served; i++)
		served = narrow(page, &s->where[i], node_operand_value(call, &s->where[i].operand[0]));
	if (page->high < page->low)
		page->high = page->low;
	return served || node_fail(call->node, CQL_ERR_INVALID, "of a repeated row only columns and tokens are served, by key or tokens");
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
count_copies(Page *page)
{
	page->nrows = least(least(page->size, page->limit - page->given), page->high - page->low - page->at);
	page->first = page->low + page->at;
	page->at += page->nrows;
	page->given += page->nrows;
	page->more = page->nrows == page->size && page->given < page->limit;
}

/* ---- pages ---- */

static bool
take_paging_state(const NodeCall *call, Page *page)
{
	CqlReader	r = cql_reader(call->paging_state.data, (size_t) call->paging_state.len);

	if (call->paging_state.len != PAGING_SIZE || cql_get_u32(&r) != PAGING_MAGIC)
		return node_fail(call->node, CQL_ERR_PROTOCOL, "Invalid value for the paging state");
	page->at = cql_get_u32(&r);
	page->given = cql_get_u32(&r);
	return true;
}

static void
gather(const NodeCall *call, Page *page)
{
	const NodeTable *t = page->s->table;

	for (; page->at < page->high - page->low && page->nrows < page->size && page->given < page->limit; page->at++)
	{
		size_t		i = page->s->reversed ? page->high - 1 - page->at : page->low + page->at;

		if (!node_row_matches(call, page->s, t->row[i]))
			continue;
		if (page->nrows == page->cap)
		{
			const NodeRow **old = page->row;

			page->cap = page->cap > 0 ? page->cap * 2 : 64;
			page->row = node_arena(&call->node->scratch, page->cap * sizeof(NodeRow *));
			if (page->nrows > 0)
				memcpy(page->row, old, page->nrows * sizeof(NodeRow *));
		}
		page->row[page->nrows++] = t->row[i];
		page->given++;
	}
	/* As Cassandra: a full page says that there is more, even if there is not. */
	page->more = page->nrows == page->size && page->given < page->limit;
}

/* ---- the answer ---- */

static void
put_metadata(NodeCall *call, const Page *page)
{
	const NodeStatement *s = page->s;
	CqlBuffer  *b = &call->conn->answer;
	bool		changed = call->metadata_id.len >= 0 &&
		(call->metadata_id.len != 16 || memcmp(call->metadata_id.data, s->metadata_id, 16) != 0);
	bool		skip = call->no_metadata ||
		((call->flags & CQL_PARAM_SKIP_METADATA) && call->statement != NULL && !changed);

	cql_put_u32(b, CQL_METADATA_GLOBAL | (skip ? CQL_METADATA_NONE : 0) |
				(page->more ? CQL_METADATA_MORE_PAGES : 0) | (changed ? CQL_METADATA_CHANGED : 0));
	cql_put_u32(b, (uint32_t) s->nselectors);
	if (page->more)
	{
		cql_put_u32(b, PAGING_SIZE);
		cql_put_u32(b, PAGING_MAGIC);
		cql_put_u32(b, (uint32_t) page->at);
		cql_put_u32(b, (uint32_t) page->given);
	}
	if (changed)
		cql_put_short_bytes(b, s->metadata_id, 16);
	if (!skip)
		node_put_columns(call, s->table, s->selector, s->nselectors);
}

static void
put_selected(CqlBuffer *b, const NodeSelector *selector, const NodeRow *row, uint64_t count)
{
	const NodeCell *cell = row ? &row->cell[selector->column] : NULL;

	switch (selector->kind)
	{
		case SELECT_COLUMN:
			node_put_cell(b, cell->value);
			return;
		case SELECT_COUNT:
			cql_put_u32(b, 8);
			cql_put_u64(b, count);
			return;
		case SELECT_TOKEN:
			cql_put_u32(b, 8);
			cql_put_u64(b, (uint64_t) row->token);
			return;
		case SELECT_WRITETIME:
			cql_put_u32(b, cell->value.len < 0 ? CQL_NULL_LENGTH : 8);
			if (cell->value.len >= 0)
				cql_put_u64(b, (uint64_t) cell->timestamp);
			return;
		case SELECT_TTL:
			cql_put_u32(b, cell->value.len < 0 || cell->ttl == 0 ? CQL_NULL_LENGTH : 4);
			if (cell->value.len >= 0 && cell->ttl != 0)
				cql_put_u32(b, (uint32_t) cell->ttl);
			return;
	}
}

/* count(*) makes one row of all: of the first row, or of a row without values. */
static void
put_rows(NodeCall *call, const Page *page, bool count)
{
	CqlBuffer  *b = &call->conn->answer;
	const NodeStatement *s = page->s;
	size_t		n = count ? 1 : page->nrows;

	cql_put_u32(b, (uint32_t) n);
	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < s->nselectors; c++)
			if (page->nrows == 0 && s->selector[c].kind != SELECT_COUNT)
				cql_put_null(b);
			else
				put_selected(b, &s->selector[c], page->nrows > 0 ? page->row[i] : NULL, page->nrows);
}

static void
put_copies(NodeCall *call, const Page *page)
{
	CqlBuffer  *b = &call->conn->answer;
	const NodeStatement *s = page->s;
	CqlBuffer	row = {0};
	size_t		place[NODE_MAX_TERMS];	/* of the values that differ, in the row */
	uint64_t	step[NODE_MAX_TERMS];
	uint64_t	first[NODE_MAX_TERMS];
	int			n = 0;
	bool		narrow_key = s->table->column[0].type->id == CQL_TYPE_INT;

	for (int c = 0; c < s->nselectors; c++)
	{
		bool		token = s->selector[c].kind == SELECT_TOKEN;

		if (token || s->selector[c].column == 0)
		{
			place[n] = row.len + 4;
			step[n] = token ? UINT64_MAX / s->table->repeat : 1;
			first[n++] = token ? (uint64_t) INT64_MIN + 1 : 0;
		}
		put_selected(&row, &s->selector[c], s->table->row[0], 0);
	}
	cql_put_u32(b, (uint32_t) page->nrows);
	if (row.failed || !cql_buffer_reserve(b, page->nrows * row.len))
		abort();
	for (size_t i = page->first; i < page->first + page->nrows; i++, b->len += row.len)
	{
		uint8_t    *p = memcpy(b->data + b->len, row.data, row.len);

		for (int k = 0; k < n; k++)
			if (step[k] == 1 && narrow_key)
				cql_store_u32(p + place[k], (uint32_t) i);
			else
				cql_store_u64(p + place[k], first[k] + i * step[k]);
	}
	cql_buffer_free(&row);
}

static bool
take_limits(const NodeCall *call, Page *page, bool count)
{
	CqlBytes	limit = page->s->limit.given ? node_operand_value(call, &page->s->limit) : (CqlBytes) {NULL, -1};

	page->limit = page->size = UINT64_MAX;
	if (call->page_size > 0 && !count)
		page->size = (uint64_t) call->page_size;
	if (call->empty_page)
		page->size = 0;
	if (limit.len != 4)
		return true;
	if ((int32_t) cql_load_u32(limit.data) <= 0)
		return node_fail(call->node, CQL_ERR_INVALID, "LIMIT must be strictly positive");
	if (!count)
		page->limit = cql_load_u32(limit.data);
	return true;
}

/* All that match, and of them the nearest, in one page. */
static bool
gather_nearest(NodeCall *call, Page *page)
{
	uint64_t	limit = page->limit;
	int64_t		found;

	page->limit = page->size = UINT64_MAX;
	gather(call, page);
	found = node_vector_rank(call, page->s, page->row, page->nrows, limit);
	page->nrows = found > 0 ? (size_t) found : 0;
	return found >= 0;
}

void
node_run_select(NodeCall *call, const NodeStatement *s)
{
	Page		page = {.s = s};
	bool		count = false;
	bool		repeated;

	for (int i = 0; i < s->nselectors; i++)
		count |= s->selector[i].kind == SELECT_COUNT;
	if (!take_limits(call, &page, count) ||
		(call->paging_state.len >= 0 && !take_paging_state(call, &page)))
	{
		node_answer_failure(call);
		return;
	}
	if (s->table->system)
		node_system_fill(call->node, s->table);
	node_table_sort(s->table);
	repeated = s->table->repeat > 0 && s->table->nrows > 0;
	if (!repeated)
	{
		find_bounds(call, &page);
		if (!s->nearest.given)
			gather(call, &page);
		else if (!gather_nearest(call, &page))
		{
			node_answer_failure(call);
			return;
		}
	}
	else if (find_copies(call, &page))
		count_copies(&page);
	else
	{
		node_answer_failure(call);
		return;
	}
	node_answer_begin(call, CQL_OP_RESULT);
	cql_put_u32(&call->conn->answer, CQL_RESULT_ROWS);
	put_metadata(call, &page);
	if (repeated)
		put_copies(call, &page);
	else
		put_rows(call, &page, count);
	node_answer_end(call);
}
