/*
 * cluster/topology.c
 *	  The nodes by host id, the token ring and where each keyspace's rows live.
 *
 * Submitter thread; no I/O.
 * Owns: nodes, ring, placements, and the rows of a read that is not committed.
 * Invariants: node[i]->number is i; ring, local and keyspace all come from one
 * commit; incomplete rows make no node; nothing read is trusted for its counts.
 */
#include "cluster/topology.h"

#include <stdlib.h>

#define MAX_NODES 8192			/* far over any real cluster; bounds what a broken answer costs */
#define MAX_FACTOR 1000000
#define MAX_COLUMNS 16

struct ClusterTopologyRow
{
	ClusterTopologyRow *next;
	uint8_t		host_id[16];
	NetAddress	address;
	const char *dc;
	const char *rack;
	int64_t    *token;
	uint32_t	ntokens;
	bool		foreign;		/* tokens of another partitioner */
};

struct ClusterReplication
{
	ClusterReplication *next;
	const char *keyspace;
	const char *class;			/* without its package */
	const char **option;		/* name, value, ... */
	uint32_t	noptions;
};

bool
cluster_topology_init(ClusterTopology *t, const char *local_dc)
{
	*t = (ClusterTopology) {0};
	if (!local_dc)
		return true;
	t->dc_given = true;
	t->local_dc = strdup(local_dc);
	return t->local_dc != NULL;
}

static void
free_placements(ClusterTopology *t)
{
	while (t->placements)
	{
		ClusterPlacement *next = t->placements->next;

		cluster_placement_free(t->placements);
		t->placements = next;
	}
}

void
cluster_topology_begin(ClusterTopology *t)
{
	cql_arena_free(&t->arena);
	t->arena = (CqlArena) {0};
	t->rows = NULL;
	t->contacted = NULL;
	t->replications = NULL;
	t->nreplications = 0;
}

void
cluster_topology_free(ClusterTopology *t)
{
	cluster_topology_begin(t);
	free_placements(t);
	cluster_ring_free(&t->ring);
	cql_arena_free(&t->keyspaces);
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		free(t->node[i]->dc);
		free(t->node[i]->rack);
		free(t->node[i]);
	}
	free(t->node);
	free(t->local);
	free(t->local_dc);
	*t = (ClusterTopology) {0};
}

void
cluster_topology_restart(ClusterTopology *t)
{
	if (t->dc_given)
		return;
	free(t->local_dc);
	t->local_dc = NULL;
}

/* ---- reading ---- */

/* A Rows answer, row by row: cell[i] is the value of the i-th wanted column, null if there is none. */
typedef struct RowReader
{
	CqlReader	r;
	uint32_t	left;
	uint32_t	ncolumns;
	int			wanted[MAX_COLUMNS];	/* wanted column -> its place in the row, -1: absent */
	CqlBytes	cell[MAX_COLUMNS];
	uint32_t	nwanted;
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
read_tokens(CqlBytes set, CqlArena *arena, ClusterTopologyRow *row)
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
static ClusterTopologyRow *
read_node(ClusterTopology *t, const CqlBytes *cell)
{
	ClusterTopologyRow *row;

	if (cell[NODE_HOST_ID].len != 16 || cell[NODE_DC].len < 0 || cell[NODE_RACK].len < 0)
		return NULL;
	row = cql_arena_alloc(&t->arena, sizeof(*row));
	if (!row)
		return NULL;
	memcpy(row->host_id, cell[NODE_HOST_ID].data, 16);
	row->dc = cql_arena_strdup(&t->arena, (const char *) cell[NODE_DC].data, (size_t) cell[NODE_DC].len);
	row->rack = cql_arena_strdup(&t->arena, (const char *) cell[NODE_RACK].data, (size_t) cell[NODE_RACK].len);
	if (!row->dc || !row->rack)
		return NULL;
	if (cell[NODE_TOKENS].len >= 0 && !read_tokens(cell[NODE_TOKENS], &t->arena, row))
		return NULL;
	return row;
}

bool
cluster_topology_read_local(ClusterTopology *t, CqlReader r, const NetAddress *address)
{
	static const char *const names[] = {"host_id", "data_center", "rack", "tokens"};
	RowReader	rows;

	if (!rows_open(&rows, r, &t->arena, names, 4) || !rows_next(&rows))
		return false;
	t->contacted = read_node(t, rows.cell);
	if (!t->contacted)
		return false;
	t->contacted->address = *address;
	return true;
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
cluster_topology_read_peers(ClusterTopology *t, CqlReader r, uint16_t port)
{
	static const char *const v1[] = {"host_id", "data_center", "rack", "tokens", "rpc_address",
	"native_port", "peer"};
	static const char *const v2[] = {"host_id", "data_center", "rack", "tokens", "native_address",
	"native_port", "peer"};
	RowReader	rows;

	if (!rows_open(&rows, r, &t->arena, v2, NODE_COLUMNS))
		return false;
	if (rows.wanted[NODE_ADDRESS] < 0 && !rows_open(&rows, r, &t->arena, v1, NODE_COLUMNS))
		return false;
	t->rows = NULL;
	while (rows_next(&rows))
	{
		NetAddress	address;
		ClusterTopologyRow *row;

		if (!peer_address(rows.cell, port, &address))
			continue;
		row = read_node(t, rows.cell);
		if (!row || (row->ntokens == 0 && !row->foreign))
			continue;
		row->address = address;
		row->next = t->rows;
		t->rows = row;
	}
	return !rows.r.failed && !t->arena.failed;
}

/* A map<text, text>. */
static bool
read_options(CqlBytes map, CqlArena *arena, ClusterReplication *replication)
{
	CqlReader	r = cql_reader(map.data, (size_t) (map.len < 0 ? 0 : map.len));
	uint32_t	n = cql_get_u32(&r);

	if (r.failed || n > cql_reader_left(&r) / 8)
		return false;
	replication->noptions = n;
	replication->option = cql_arena_alloc(arena, (2 * (size_t) n + 1) * sizeof(*replication->option));
	for (uint32_t i = 0; replication->option && i < 2 * n; i++)
	{
		CqlBytes	text = cql_get_bytes(&r);

		replication->option[i] = cql_arena_strdup(arena, (const char *) text.data,
												  (size_t) (text.len < 0 ? 0 : text.len));
	}
	return !r.failed && !arena->failed;
}

static const char *
find_option(const ClusterReplication *replication, const char *name)
{
	for (uint32_t i = 0; i < replication->noptions; i++)
	{
		if (strcmp(replication->option[2 * i], name) == 0)
			return replication->option[2 * i + 1];
	}
	return NULL;
}

bool
cluster_topology_read_keyspaces(ClusterTopology *t, CqlReader r)
{
	static const char *const names[] = {"keyspace_name", "replication"};
	RowReader	rows;

	if (!rows_open(&rows, r, &t->arena, names, 2))
		return false;
	while (rows_next(&rows))
	{
		ClusterReplication *k;
		const char *class;

		if (rows.cell[0].len < 0 || rows.cell[1].len < 0)
			continue;
		k = cql_arena_alloc(&t->arena, sizeof(*k));
		if (!k || !read_options(rows.cell[1], &t->arena, k))
			return false;
		k->keyspace = cql_arena_strdup(&t->arena, (const char *) rows.cell[0].data, (size_t) rows.cell[0].len);
		class = find_option(k, "class");
		k->class = class && strrchr(class, '.') ? strrchr(class, '.') + 1 : class;
		k->next = t->replications;
		t->replications = k;
		t->nreplications++;
	}
	return !rows.r.failed && !t->arena.failed;
}

/* ---- committing ---- */

static ClusterNode *
find_node(const ClusterTopology *t, const uint8_t *host_id)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		if (memcmp(t->node[i]->host_id, host_id, 16) == 0)
			return t->node[i];
	}
	return NULL;
}

static ClusterNode *
add_node(ClusterTopology *t, const uint8_t *host_id)
{
	ClusterNode *node = calloc(1, sizeof(*node));
	ClusterNode **all = realloc(t->node, (t->nnodes + 1) * sizeof(*all));

	if (all)
		t->node = all;
	if (!node || !all)
	{
		free(node);
		return NULL;
	}
	memcpy(node->host_id, host_id, 16);
	node->number = (uint16_t) t->nnodes;
	t->node[t->nnodes++] = node;
	return node;
}

static bool
replace_text(char **to, const char *text)
{
	char	   *copy;

	if (*to && strcmp(*to, text) == 0)
		return true;
	copy = strdup(text);
	if (!copy)
		return false;
	free(*to);
	*to = copy;
	return true;
}

static void
set_address(ClusterNode *node, const NetAddress *address)
{
	node->address = *address;
	net_address_format(address, node->name, sizeof(node->name));
}

void
cluster_topology_move(ClusterNode *node)
{
	node->dialled = false;
	set_address(node, &node->advertised);
}

/* The node of one row: found or made, and brought up to date. false: out of memory. */
static bool
apply_row(ClusterTopology *t, const ClusterTopologyRow *row)
{
	ClusterNode *node = find_node(t, row->host_id);

	if (node && node->present)
		return true;			/* a second row of one node */
	if (!node && t->nnodes >= MAX_NODES)
		return true;
	if (!node)
		node = add_node(t, row->host_id);
	if (!node || !replace_text(&node->dc, row->dc) || !replace_text(&node->rack, row->rack))
		return false;
	node->present = true;
	if (row == t->contacted)
	{
		node->dialled = true;
		set_address(node, &row->address);
		return true;
	}
	node->advertised = row->address;
	if (!node->dialled)
		set_address(node, &row->address);
	return true;
}

static bool
apply_rows(ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
		t->node[i]->present = false;
	if (!apply_row(t, t->contacted))
		return false;
	for (const ClusterTopologyRow *row = t->rows; row; row = row->next)
	{
		if (!apply_row(t, row))
			return false;
	}
	return true;
}

/* Equal names get the number of the first node that has them. */
static void
number_places(const ClusterTopology *t, ClusterRingNode *place)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		const ClusterNode *node = t->node[i];

		place[i].dc = place[i].rack = i;
		for (uint32_t j = i; j-- > 0;)
		{
			const ClusterNode *other = t->node[j];

			if (!node->rack || !other->rack || strcmp(node->dc, other->dc) != 0)
				continue;
			place[i].dc = place[j].dc;
			if (strcmp(node->rack, other->rack) == 0)
				place[i].rack = place[j].rack;
		}
	}
}

static uint32_t
add_tokens(const ClusterTopology *t, ClusterRing *ring, const ClusterTopologyRow *row)
{
	const ClusterNode *node = find_node(t, row->host_id);

	if (!node || ring->node[node->number].member)
		return 0;
	for (uint32_t i = 0; i < row->ntokens; i++)
		ring->position[ring->npositions++] = (ClusterRingPosition) {row->token[i], node->number};
	ring->node[node->number].member = row->ntokens > 0;
	return row->foreign;
}

static bool
build_ring(ClusterTopology *t, ClusterRing *ring)
{
	size_t		ntokens = t->contacted->ntokens;
	uint32_t	foreign;

	for (const ClusterTopologyRow *row = t->rows; row; row = row->next)
		ntokens += row->ntokens;
	*ring = (ClusterRing) {.nnodes = t->nnodes};
	ring->node = calloc(t->nnodes + 1, sizeof(*ring->node));
	ring->position = malloc((ntokens + 1) * sizeof(*ring->position));
	if (!ring->node || !ring->position)
	{
		cluster_ring_free(ring);
		return false;
	}
	number_places(t, ring->node);
	foreign = add_tokens(t, ring, t->contacted);
	for (const ClusterTopologyRow *row = t->rows; row; row = row->next)
		foreign += add_tokens(t, ring, row);
	if (foreign > 0)
		ring->npositions = 0;	/* another partitioner: our tokens mean nothing there */
	cluster_ring_sort(ring);
	return true;
}

static bool
build_local(ClusterTopology *t)
{
	ClusterNode **local = realloc(t->local, (t->nnodes + 1) * sizeof(*local));

	if (!local || (!t->local_dc && !replace_text(&t->local_dc, t->contacted->dc)))
	{
		t->local = local ? local : t->local;
		return false;
	}
	t->local = local;
	t->nlocal = 0;
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		ClusterNode *node = t->node[i];

		node->local = node->present && strcmp(node->dc, t->local_dc) == 0;
		if (node->local)
			t->local[t->nlocal++] = node;
	}
	return true;
}

/* "3", or "3/1" where one of three is transient. 0: none, or nonsense. */
static uint32_t
parse_factor(const char *text)
{
	uint32_t	factor = 0;

	for (; text && *text >= '0' && *text <= '9' && factor < MAX_FACTOR; text++)
		factor = factor * 10 + (uint32_t) (*text - '0');
	return factor;
}

static void
set_keyspace(const ClusterTopology *t, const ClusterReplication *k, ClusterKeyspace *out)
{
	bool		simple = k->class && strcmp(k->class, "SimpleStrategy") == 0;

	out->network = k->class && strcmp(k->class, "NetworkTopologyStrategy") == 0;
	out->any = !simple && !out->network;
	if (!out->any)
		out->factor = parse_factor(find_option(k, simple ? "replication_factor" : t->local_dc));
}

static bool
build_keyspaces(const ClusterTopology *t, CqlArena *arena, ClusterKeyspace **out)
{
	ClusterKeyspace *all = cql_arena_alloc(arena, (t->nreplications + 1) * sizeof(*all));
	uint32_t	n = 0;

	for (const ClusterReplication *k = t->replications; all && k; k = k->next, n++)
	{
		all[n].name = cql_arena_strdup(arena, k->keyspace, strlen(k->keyspace));
		set_keyspace(t, k, &all[n]);
	}
	*out = all;
	return !arena->failed;
}

bool
cluster_topology_commit(ClusterTopology *t)
{
	ClusterRing ring;
	CqlArena	arena = {0};
	ClusterKeyspace *keyspace;

	if (!t->contacted || !apply_rows(t) || !build_local(t))
		return false;
	if (!build_ring(t, &ring))
		return false;
	if (!build_keyspaces(t, &arena, &keyspace))
	{
		cql_arena_free(&arena);
		cluster_ring_free(&ring);
		return false;
	}
	free_placements(t);
	cluster_ring_free(&t->ring);
	cql_arena_free(&t->keyspaces);
	t->ring = ring;
	t->keyspaces = arena;
	t->keyspace = keyspace;
	t->nkeyspaces = t->nreplications;
	t->local_dc_number = t->nlocal > 0 ? ring.node[t->local[0]->number].dc : UINT32_MAX;
	t->generation++;
	cluster_topology_begin(t);
	return true;
}

/* ---- looking up ---- */

static const ClusterPlacement *
placement_of(ClusterTopology *t, const ClusterKeyspace *k)
{
	ClusterPlacement *p;

	for (p = t->placements; p; p = p->next)
	{
		if (p->network == k->network && p->factor == k->factor)
			return p;
	}
	p = cluster_ring_place(&t->ring, k->network, k->factor, t->local_dc_number);
	if (!p)
		return NULL;
	p->next = t->placements;
	t->placements = p;
	return p;
}

const ClusterPlacement *
cluster_topology_placement(ClusterTopology *t, const char *keyspace)
{
	if (t->ring.npositions == 0)
		return NULL;
	for (uint32_t i = 0; i < t->nkeyspaces; i++)
	{
		ClusterKeyspace *k = &t->keyspace[i];

		if (strcmp(k->name, keyspace) != 0)
			continue;
		if (!k->any && !k->placement)
			k->placement = placement_of(t, k);
		return k->placement;
	}
	return NULL;
}
