/*
 * test/node/run.c
 *	  Running a statement: values checked, writes done.
 *
 * Thread: the node's. Owns: nothing.
 * Invariant: node_run is called only after node_run_check agreed.
 */
#include <time.h>

#include "cql/value.h"
#include "internal.h"

/* ---- values ---- */

CqlBytes
node_operand_value(const NodeCall *call, const NodeOperand *o)
{
	return o->marker >= 0 ? call->value[o->marker] : o->value;
}

static bool
check_value(NodeCall *call, const NodeStatement *s, int i)
{
	const NodeMarker *m = &s->marker[i];
	CqlBytes	v = call->value[i];

	if (m->column >= 0 && v.len < 0)
		return node_fail(call->node, CQL_ERR_INVALID, "Invalid %s value for column %s",
						 v.len == NODE_UNSET ? "unset" : "null", m->name);
	if (m->column == 0 && v.len == 0 && s->table->npartition == 1)
		return node_fail(call->node, CQL_ERR_INVALID, "Key may not be empty");
	if (!node_value_valid(m->type, v))
		return node_fail(call->node, CQL_ERR_INVALID, "Invalid value of %d bytes for %s", v.len, m->name);
	return true;
}

bool
node_run_check(NodeCall *call, const NodeStatement *s)
{
	if (call->nvalues != s->nmarkers)
		return node_fail(call->node, CQL_ERR_INVALID, "Invalid amount of bind variables: %d, expected %d",
						 call->nvalues, s->nmarkers);
	for (int i = 0; i < s->nmarkers; i++)
		if (!check_value(call, s, i))
			return false;
	if (s->kind != STATEMENT_SELECT && s->table->view)
		return node_fail(call->node, CQL_ERR_INVALID, "Cannot directly modify a materialized view");
	return node_strong_check(call, s) && node_scylla_products(call, s);
}

bool
node_statement_token(const NodeCall *call, const NodeStatement *s, int64_t *token)
{
	CqlBytes	key[s->table->npartition];

	if (s->key == NULL)
		return false;
	for (int i = 0; i < s->table->npartition; i++)
		key[i] = node_operand_value(call, &s->key[i]);
	*token = node_key_token(key, s->table->npartition);
	return true;
}

/* The whole primary key, where WHERE gives it by = alone. */
static bool
row_key(const NodeCall *call, const NodeStatement *s, CqlBytes *key)
{
	for (int k = 0; k < s->table->nkey; k++)
	{
		int			i = 0;

		while (i < s->nwhere && (s->where[i].column != k || s->where[i].op != '='))
			i++;
		if (i == s->nwhere)
			return false;
		key[k] = node_operand_value(call, &s->where[i].operand[0]);
	}
	return true;
}

/* ---- conditions ---- */

static bool
compare_holds(char op, int c)
{
	switch (op)
	{
		case '=':
			return c == 0;
		case '<':
			return c < 0;
		case '>':
			return c > 0;
		case 'l':
			return c <= 0;
		default:
			return c >= 0;
	}
}

static bool
in_list(const CqlType *type, CqlBytes cell, CqlBytes list)
{
	CqlType    *child[] = {(CqlType *) type};
	CqlType		list_type = {.id = CQL_TYPE_LIST, .count = 1, .child = child};
	const CqlType *element;
	CqlElements it;
	CqlBytes	v;

	if (list.len < 0 || !cql_elements_begin(&it, &list_type, list))
		return false;
	while (cql_elements_next(&it, &element, &v))
		if (v.len >= 0 && node_value_compare(type, cell, v) == 0)
			return true;
	return false;
}

static bool
term_holds(const NodeCall *call, const NodeTable *t, const NodeTerm *term, const NodeRow *row)
{
	CqlBytes	first = node_operand_value(call, &term->operand[0]);
	CqlBytes	cell;
	const CqlType *type;

	if (term->column < 0)
	{
		int64_t		bound = first.len == 8 ? (int64_t) cql_load_u64(first.data) : 0;

		return first.len == 8 && compare_holds(term->op, (row->token > bound) - (row->token < bound));
	}
	cell = row->cell[term->column].value;
	type = t->column[term->column].type;
	if (cell.len < 0)
		return false;
	if (term->op == 'I')
		return in_list(type, cell, first);
	for (int i = 0; i < term->noperands; i++)
		if (compare_holds(term->op == 'i' ? '=' : term->op,
						  node_value_compare(type, cell, node_operand_value(call, &term->operand[i]))))
			return true;
	return false;
}

bool
node_row_matches(const NodeCall *call, const NodeStatement *s, const NodeRow *row)
{
	for (int i = 0; i < s->nwhere; i++)
		if (!(s->index && s->index->stale && s->where[i].column == s->index->column) && !term_holds(call, s->table, &s->where[i], row))
			return false;
	return true;
}

/* ---- writes ---- */

static int64_t
write_timestamp(const NodeCall *call, const NodeStatement *s)
{
	CqlBytes	v = s->timestamp.given ? node_operand_value(call, &s->timestamp) : (CqlBytes) {NULL, -1};
	struct timespec now;

	if (v.len == 8)
		return (int64_t) cql_load_u64(v.data);
	if (call->timestamp != NODE_NO_TIMESTAMP && !node_is_strong(s->table))
		return call->timestamp;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int32_t
write_ttl(const NodeCall *call, const NodeStatement *s)
{
	CqlBytes	v = s->ttl.given ? node_operand_value(call, &s->ttl) : (CqlBytes) {NULL, -1};

	return v.len == 4 ? (int32_t) cql_load_u32(v.data) : 0;
}

/* A counter has no timestamps to compare: each write counts. */
static void
count_cell(NodeCell *cell, const NodeAssign *a, CqlBytes delta)
{
	uint8_t		sum[8];
	uint64_t	was = cell->value.len == 8 ? cql_load_u64(cell->value.data) : 0;
	uint64_t	by = delta.len == 8 ? cql_load_u64(delta.data) : 0;

	cql_store_u64(sum, a->subtract ? was - by : was + by);
	node_cell_set(cell, (CqlBytes) {sum, 8}, cell->timestamp, 0);
}

static void
assign(const NodeCall *call, const NodeStatement *s, NodeRow *row)
{
	int64_t		timestamp = write_timestamp(call, s);
	int32_t		ttl = write_ttl(call, s);

	for (int i = 0; i < s->nassigns; i++)
	{
		const NodeAssign *a = &s->assign[i];
		CqlBytes	v = node_operand_value(call, &a->operand);

		if (v.len == NODE_UNSET || a->column < s->table->nkey)
			continue;
		if (a->add || a->subtract)
			count_cell(&row->cell[a->column], a, v);
		else
			node_cell_set(&row->cell[a->column], v, timestamp, ttl);
	}
}

/* [applied], and what is there if an INSERT found it */
static void
answer_applied(NodeCall *call, const NodeStatement *s, bool applied, const NodeRow *found)
{
	CqlBuffer  *b = &call->conn->answer;
	const NodeTable *t = s->table;
	int			n = found ? t->ncolumns : 0;
	NodeSelector *column = node_arena(&call->node->scratch, (size_t) (n + 1) * sizeof(NodeSelector));

	column[0] = (NodeSelector) {
		SELECT_COLUMN, -1, "[applied]", node_simple_type(&call->node->scratch, CQL_TYPE_BOOLEAN)
	};
	for (int i = 0; i < n; i++)
		column[i + 1] = (NodeSelector) {SELECT_COLUMN, i, t->column[i].name, t->column[i].type};
	node_answer_begin(call, CQL_OP_RESULT);
	cql_put_u32(b, CQL_RESULT_ROWS);
	cql_put_u32(b, CQL_METADATA_GLOBAL);
	cql_put_u32(b, (uint32_t) n + 1);
	node_put_columns(call, t, column, n + 1);
	cql_put_u32(b, 1);
	cql_put_u32(b, 1);
	cql_put_u8(b, applied);
	for (int i = 0; i < n; i++)
		node_put_cell(b, found->cell[i].value);
	node_answer_end(call);
}

/* What was written later stays. */
static void
remove_row(NodeCall *call, const NodeStatement *s, NodeRow *row)
{
	int64_t		timestamp = write_timestamp(call, s);
	bool		later = false;

	for (int i = s->table->nkey; i < s->table->ncolumns; i++)
	{
		if (row->cell[i].value.len >= 0 && row->cell[i].timestamp > timestamp && !s->table->counter)
			later = true;
		else
			node_cell_set(&row->cell[i], (CqlBytes) {NULL, -1}, timestamp, 0);
	}
	if (!later)
		node_row_remove(s->table, row);
}

static void
remove_rows(NodeCall *call, const NodeStatement *s)
{
	NodeTable  *t = s->table;

	for (size_t i = 0; i < t->nrows; i++)
		if (!t->row[i]->dead && node_row_matches(call, s, t->row[i]))
		{
			if (s->nassigns > 0)
				assign(call, s, t->row[i]);
			else
				remove_row(call, s, t->row[i]);
		}
}

static bool
served(NodeCall *call, const NodeStatement *s, bool whole_key)
{
	if (s->kind == STATEMENT_UPDATE && !whole_key)
		return node_fail(call->node, CQL_ERR_INVALID, "IN in the WHERE of an UPDATE is not served");
	for (int i = 0; i < s->nassigns; i++)
		if ((s->assign[i].add || s->assign[i].subtract) && !s->table->counter)
			return node_fail(call->node, CQL_ERR_INVALID, "only counters can be added to here");
	return true;
}

static void
store(NodeCall *call, const NodeStatement *s, const CqlBytes *key, NodeRow *found)
{
	if (s->kind == STATEMENT_INSERT || s->kind == STATEMENT_UPDATE)
		assign(call, s, found ? found : node_row_put(s->table, key));
	else if (found == NULL)
		return;
	else if (s->nassigns > 0)
		assign(call, s, found);
	else
		remove_row(call, s, found);
}

static void
run_write(NodeCall *call, const NodeStatement *s)
{
	CqlBytes	key[s->table->nkey];
	bool		whole_key = row_key(call, s, key);
	NodeRow    *found = whole_key ? node_row_find(s->table, key) : NULL;
	NodeCondition condition = node_is_strong(s->table) ? CONDITION_NONE : s->condition;
	bool		applied = condition == CONDITION_NONE || (condition == CONDITION_EXISTS) == (found != NULL);

	if (!served(call, s, whole_key))
	{
		node_answer_failure(call);
		return;
	}
	if (condition != CONDITION_NONE)
		answer_applied(call, s, applied, condition == CONDITION_NOT_EXISTS ? found : NULL);
	else
		node_answer_void(call);
	call->node->report.rows_written += call->statement != NULL;
	if (!call->node->store || !applied)
		return;
	if (whole_key)
		store(call, s, key, found);
	else
		remove_rows(call, s);
}

void
node_run(NodeCall *call, NodeStatement *s)
{
	if (s->table->system)
		call->conn->queues = false;
	else
		call->node->report.on_control += call->conn->registered != 0;
	switch (s->kind)
	{
		case STATEMENT_SELECT:
			node_run_select(call, s);
			break;
		case STATEMENT_TRUNCATE:
			node_table_clear(s->table);
			node_answer_void(call);
			break;
		default:
			run_write(call, s);
			break;
	}
}
