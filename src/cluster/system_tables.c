/*
 * cluster/system_tables.c
 *	  Rows of the tables in which a node describes its cluster.
 *
 * Any thread; pure.
 * Owns: nothing.
 * Invariant: no count in an answer is believed before as many bytes are there.
 */
#include "cluster/system_tables.h"

#define MAX_COLUMNS 16

/* ---- answers ---- */

/* A Rows answer, row by row: cell[i] is the value of the i-th wanted column, null if there is none. */
typedef struct RowReader
{
	CqlReader	r;
	uint32_t	left;
	uint32_t	ncolumns;
	int			wanted[MAX_COLUMNS];	/* wanted column -> its place in the row, -1: absent */
	CqlBytes	cell[MAX_COLUMNS];
	uint32_t	nwanted;
	CqlBytes	paging_state;
} RowReader;

static bool
rows_open(RowReader *rows, CqlReader r, CqlArena *arena, const char *const *names, uint32_t n)
{
	CqlMetadata metadata;

	if (cql_response_result_kind(&r) != CQL_RESULT_ROWS
		|| !cql_response_rows(&r, arena, &metadata, &rows->left)
		|| !metadata.column || metadata.count == 0 || metadata.count > MAX_COLUMNS)
		return false;
	rows->r = r;
	rows->paging_state = metadata.paging_state;
	rows->ncolumns = metadata.count;
	rows->nwanted = n;
	for (uint32_t i = 0; i < n; i++)
	{
		rows->wanted[i] = -1;
		for (uint32_t j = 0; j < metadata.count; j++)
		{
			if (strcmp(metadata.column[j].name, names[i]) == 0)
				rows->wanted[i] = (int) j;
		}
	}
	return true;
}

static bool
rows_next(RowReader *rows)
{
	CqlBytes	value[MAX_COLUMNS];

	if (rows->left == 0)
		return false;
	rows->left--;
	for (uint32_t i = 0; i < rows->ncolumns; i++)
		value[i] = cql_get_bytes(&rows->r);
	for (uint32_t i = 0; i < rows->nwanted; i++)
		rows->cell[i] = rows->wanted[i] < 0 ? (CqlBytes) {NULL, -1} : value[rows->wanted[i]];
	return !rows->r.failed;
}

/* ---- nodes ---- */

/* Decimal text of an int64, nothing before or behind it. */
static bool
parse_int64(CqlBytes text, int64_t *out)
{
	bool		negative = text.len > 0 && text.data[0] == '-';
	int64_t		value = 0;

	if (text.len <= negative)
		return false;
	for (int32_t i = negative; i < text.len; i++)
	{
		int64_t		digit = text.data[i] - '0';

		if (digit < 0 || digit > 9
			|| __builtin_mul_overflow(value, 10, &value)
			|| __builtin_sub_overflow(value, digit, &value))
			return false;
	}
	/* summed up negative: INT64_MIN has no positive twin */
	if (!negative && value == INT64_MIN)
		return false;
	*out = negative ? value : -value;
	return true;
}

/* A set<text> of tokens. false: malformed or out of memory. */
static bool
read_tokens(CqlBytes set, CqlArena *arena, ClusterNodeRow *row)
{
	CqlReader	r = cql_reader(set.data, (size_t) set.len);
	uint32_t	n = cql_get_u32(&r);

	if (r.failed || n > cql_reader_left(&r) / 4)
		return false;
	row->token = cql_arena_alloc(arena, (n + 1) * sizeof(*row->token));
	if (!row->token)
		return false;
	for (uint32_t i = 0; i < n; i++)
	{
		if (!parse_int64(cql_get_bytes(&r), &row->token[row->ntokens]))
			row->foreign = true;
		else
			row->ntokens++;
	}
	return !r.failed;
}

enum
{
	NODE_HOST_ID, NODE_DC, NODE_RACK, NODE_TOKENS, NODE_ADDRESS, NODE_PORT, NODE_PEER, NODE_COLUMNS
};

/* What local and peers have in common. NULL: incomplete or malformed. */
static ClusterNodeRow *
read_node(const CqlBytes *cell, CqlArena *arena)
{
	ClusterNodeRow *row;

	if (cell[NODE_HOST_ID].len != 16 || cell[NODE_DC].len < 0 || cell[NODE_RACK].len < 0)
		return NULL;
	row = cql_arena_alloc(arena, sizeof(*row));
	if (!row)
		return NULL;
	memcpy(row->host_id, cell[NODE_HOST_ID].data, 16);
	row->dc = cql_arena_strdup(arena, (const char *) cell[NODE_DC].data, (size_t) cell[NODE_DC].len);
	row->rack = cql_arena_strdup(arena, (const char *) cell[NODE_RACK].data, (size_t) cell[NODE_RACK].len);
	if (!row->dc || !row->rack)
		return NULL;
	if (cell[NODE_TOKENS].len >= 0 && !read_tokens(cell[NODE_TOKENS], arena, row))
		return NULL;
	return row;
}

ClusterNodeRow *
cluster_system_local(CqlReader r, CqlArena *arena)
{
	static const char *const names[] = {"host_id", "data_center", "rack", "tokens"};
	RowReader	rows;

	if (!rows_open(&rows, r, arena, names, 4) || !rows_next(&rows))
		return NULL;
	return read_node(rows.cell, arena);
}

static bool
any_address(CqlBytes inet)
{
	if (inet.len <= 0)
		return false;
	for (int32_t i = 0; i < inet.len; i++)
	{
		if (inet.data[i] != 0)
			return false;
	}
	return true;
}

static bool
peer_address(const CqlBytes *cell, uint16_t port, NetAddress *out)
{
	CqlBytes	inet = any_address(cell[NODE_ADDRESS]) ? cell[NODE_PEER] : cell[NODE_ADDRESS];
	uint32_t	own_port = cell[NODE_PORT].len == 4 ? cql_load_u32(cell[NODE_PORT].data) : port;

	if (inet.len <= 0 || own_port == 0 || own_port > UINT16_MAX)
		return false;
	return net_address_from_bytes(inet.data, inet.len, (uint16_t) own_port, out);
}

bool
cluster_system_peers(CqlReader r, uint16_t port, CqlArena *arena, ClusterNodeRow **out)
{
	static const char *const v1[] = {"host_id", "data_center", "rack", "tokens", "rpc_address",
	"native_port", "peer"};
	static const char *const v2[] = {"host_id", "data_center", "rack", "tokens", "native_address",
	"native_port", "peer"};
	RowReader	rows;

	if (!rows_open(&rows, r, arena, v2, NODE_COLUMNS))
		return false;
	if (rows.wanted[NODE_ADDRESS] < 0 && !rows_open(&rows, r, arena, v1, NODE_COLUMNS))
		return false;
	*out = NULL;
	while (rows_next(&rows))
	{
		NetAddress	address;
		ClusterNodeRow *row;

		if (!peer_address(rows.cell, port, &address))
			continue;
		row = read_node(rows.cell, arena);
		if (!row || (row->ntokens == 0 && !row->foreign))
			continue;
		row->address = address;
		row->port_guessed = rows.cell[NODE_PORT].len != 4;
		row->next = *out;
		*out = row;
	}
	return !rows.r.failed && !arena->failed;
}

/* ---- keyspaces ---- */

/* A map<text, text>. */
static bool
read_options(CqlBytes map, CqlArena *arena, ClusterKeyspaceRow *row)
{
	CqlReader	r = cql_reader(map.data, (size_t) (map.len < 0 ? 0 : map.len));
	uint32_t	n = cql_get_u32(&r);

	if (r.failed || n > cql_reader_left(&r) / 8)
		return false;
	row->noptions = n;
	row->option = cql_arena_alloc(arena, (2 * (size_t) n + 1) * sizeof(*row->option));
	for (uint32_t i = 0; row->option && i < 2 * n; i++)
	{
		CqlBytes	text = cql_get_bytes(&r);

		row->option[i] = cql_arena_strdup(arena, (const char *) text.data,
										  (size_t) (text.len < 0 ? 0 : text.len));
	}
	return !r.failed && !arena->failed;
}

const char *
cluster_system_option(const ClusterKeyspaceRow *row, const char *name)
{
	for (uint32_t i = 0; i < row->noptions; i++)
	{
		if (strcmp(row->option[2 * i], name) == 0)
			return row->option[2 * i + 1];
	}
	return NULL;
}

bool
cluster_system_keyspaces(CqlReader r, CqlArena *arena, ClusterKeyspaceRow **out)
{
	static const char *const names[] = {"keyspace_name", "replication"};
	RowReader	rows;

	if (!rows_open(&rows, r, arena, names, 2))
		return false;
	*out = NULL;
	while (rows_next(&rows))
	{
		ClusterKeyspaceRow *row;
		const char *class;

		if (rows.cell[0].len < 0 || rows.cell[1].len < 0)
			continue;
		row = cql_arena_alloc(arena, sizeof(*row));
		if (!row || !read_options(rows.cell[1], arena, row))
			return false;
		row->keyspace = cql_arena_strdup(arena, (const char *) rows.cell[0].data, (size_t) rows.cell[0].len);
		class = cluster_system_option(row, "class");
		row->class = class && strrchr(class, '.') ? strrchr(class, '.') + 1 : class;
		row->next = *out;
		*out = row;
	}
	return !rows.r.failed && !arena->failed;
}

bool
cluster_system_tablets(CqlReader r, CqlArena *arena, ClusterKeyspaceRow **out)
{
	static const char *const names[] = {"keyspace_name", "initial_tablets"};
	RowReader	rows;

	if (!rows_open(&rows, r, arena, names, 2))
		return false;
	*out = NULL;
	while (rows_next(&rows))
	{
		ClusterKeyspaceRow *row;

		if (rows.cell[0].len < 0 || rows.cell[1].len < 0)
			continue;			/* its tables are on the ring */
		row = cql_arena_alloc(arena, sizeof(*row));
		if (!row)
			return false;
		*row = (ClusterKeyspaceRow) {.next = *out};
		row->keyspace = cql_arena_strdup(arena, (const char *) rows.cell[0].data, (size_t) rows.cell[0].len);
		*out = row;
	}
	return !rows.r.failed && !arena->failed;
}

/* ---- tablets ---- */

bool
cluster_system_id(CqlReader r, CqlArena *arena, uint8_t *id)
{
	static const char *const names[] = {"id"};
	RowReader	rows;

	if (!rows_open(&rows, r, arena, names, 1) || !rows_next(&rows) || rows.cell[0].len != 16)
		return false;
	memcpy(id, rows.cell[0].data, 16);
	return true;
}

/* What makes no sense is left out: rows that go there tell where they belong. */
static void
take_tablet(const CqlBytes *cell, ClusterTabletPage *page, void (*take) (void *owner, const CqlTablet *tablet), void *owner)
{
	CqlTablet	tablet = {.first = page->above};

	if (cell[0].len != 8)
		return;					/* a row without tablet has what is static alone */
	tablet.last = (int64_t) cql_load_u64(cell[0].data);
	if (tablet.last <= page->above)
		return;
	page->above = tablet.last;
	if (cell[1].len > 0 && cql_tablet_replicas(cql_reader(cell[1].data, (size_t) cell[1].len), &tablet))
		take(owner, &tablet);
}

bool
cluster_system_tablet_page(CqlReader r, CqlArena *arena, ClusterTabletPage *page,
						   void (*take) (void *owner, const CqlTablet *tablet), void *owner)
{
	static const char *const names[] = {"last_token", "replicas", "base_table"};
	RowReader	rows;

	if (!rows_open(&rows, r, arena, names, 3))
		return false;
	page->paging_state = rows.paging_state;
	while (rows_next(&rows))
	{
		page->has_base = rows.cell[2].len == 16;
		if (page->has_base)
			memcpy(page->base, rows.cell[2].data, 16);
		take_tablet(rows.cell, page, take, owner);
	}
	return !rows.r.failed;
}
