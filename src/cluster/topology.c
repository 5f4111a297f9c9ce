/*
 * cluster/topology.c
 *	  The nodes by host id, the token ring and where each keyspace's rows live.
 *
 * Submitter thread; no I/O.
 * Owns: nodes, ring, placements, and the rows of a read that is not committed.
 * Invariants: node[i]->number is i; ring, local and keyspace all come from one
 * commit; incomplete rows make no node; local_dc, once known, stays what it is.
 */
#include "cluster/topology.h"

#include "cluster/ring.h"

#include <netinet/in.h>
#include <stdlib.h>

#define MAX_NODES 8192			/* far over any real cluster; bounds what a broken answer costs */
#define MAX_NAMED 1024			/* more addresses than contact points have */
#define MAX_FACTOR 1000000

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

bool
cluster_topology_init(ClusterTopology *t, const char *local_dc, const char *local_rack)
{
	*t = (ClusterTopology) {.local_rack = local_rack};
	return !local_dc || replace_text(&t->local_dc, local_dc);
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
	t->peers = NULL;
	t->contacted = NULL;
	t->keyspace_rows = NULL;
	t->tablet_rows = NULL;
}

void
cluster_topology_free(ClusterTopology *t)
{
	cluster_topology_begin(t);
	cluster_tablets_free(&t->tablets);
	free_placements(t);
	cluster_ring_free(t->ring);
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
	free(t->named);
	*t = (ClusterTopology) {0};
}

void
cluster_topology_restart(ClusterTopology *t)
{
	t->nnamed = 0;
}

/* ---- reading ---- */

bool
cluster_topology_read_local(ClusterTopology *t, CqlReader r, const NetAddress *address)
{
	t->contacted = cluster_system_local(r, &t->arena);
	if (!t->contacted)
		return false;
	t->contacted->address = *address;
	return true;
}

bool
cluster_topology_read_peers(ClusterTopology *t, CqlReader r, uint16_t port)
{
	return cluster_system_peers(r, port, &t->arena, &t->peers);
}

bool
cluster_topology_read_keyspaces(ClusterTopology *t, CqlReader r)
{
	return cluster_system_keyspaces(r, &t->arena, &t->keyspace_rows);
}

bool
cluster_topology_read_tablets(ClusterTopology *t, CqlReader r)
{
	return cluster_system_tablets(r, &t->arena, &t->tablet_rows);
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

static uint64_t
key_of(const uint8_t *host_id)
{
	uint64_t	half[2];

	memcpy(half, host_id, sizeof(half));
	return (half[0] ^ half[1]) | 1;
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
	node->key = key_of(host_id);
	node->number = (uint16_t) t->nnodes;
	t->node[t->nnodes++] = node;
	return node;
}

static void
take_name(ClusterNode *node, const NetAddress *named)
{
	if (!node->address.host && net_address_equal(&node->address, named))
		node->address.host = named->host;
}

static void
set_address(const ClusterTopology *t, ClusterNode *node, const NetAddress *address)
{
	node->address = *address;
	for (uint32_t i = 0; i < t->nnamed; i++)
		take_name(node, &t->named[i]);
	net_address_format(address, node->name, sizeof(node->name));
}

static bool
is_known(const NetAddress *address)
{
	return address->storage.ss_family != AF_UNSPEC;
}

static void
dial(const ClusterTopology *t, ClusterNode *node, bool contacted)
{
	node->dialled = contacted;
	set_address(t, node, contacted ? &node->contacted : &node->advertised);
}

/* It is where its peers say, and nowhere else. */
static void
move(const ClusterTopology *t, ClusterNode *node)
{
	node->contacted = (NetAddress) {0};
	dial(t, node, false);
}

void
cluster_topology_turn(const ClusterTopology *t, ClusterNode *node)
{
	if (is_known(&node->contacted) && is_known(&node->advertised))
		dial(t, node, !node->dialled);
}

void
cluster_topology_name(ClusterTopology *t, const NetAddress *address)
{
	NetAddress *all;

	for (uint32_t i = 0; i < t->nnamed; i++)
	{
		if (net_address_equal(&t->named[i], address))
			return;				/* the first name of it */
	}
	all = t->nnamed < MAX_NAMED ? realloc(t->named, (t->nnamed + 1) * sizeof(*all)) : NULL;
	if (!all)
		return;					/* it stays without a name */
	t->named = all;
	t->named[t->nnamed++] = *address;
	for (uint32_t i = 0; i < t->nnodes; i++)
		take_name(t->node[i], address);
}

static bool
same_host(const NetAddress *a, const NetAddress *b)
{
	char		x[INET6_ADDRSTRLEN];
	char		y[INET6_ADDRSTRLEN];

	net_address_format_ip(a, x, sizeof(x));
	net_address_format_ip(b, y, sizeof(y));
	return strcmp(x, y) == 0;
}

/* A port that was guessed is that of the node which was asked: another one next time, and no sign of anything. */
static void
take_advertised(const ClusterTopology *t, ClusterNode *node, const ClusterNodeRow *row)
{
	bool		known = is_known(&node->advertised);

	if (known && (row->port_guessed ? same_host : net_address_equal) (&node->advertised, &row->address))
		return;
	node->advertised = row->address;
	if (known || !node->dialled)
		move(t, node);
}

/* The node of one row: found or made, and brought up to date. false: out of memory. */
static bool
apply_row(ClusterTopology *t, const ClusterNodeRow *row)
{
	ClusterNode *node = find_node(t, row->host_id);

	if (node && node->present)
	{
		/* a second row of one node: it has moved, and is where it answers */
		if (!is_known(&node->contacted) && !net_address_equal(&node->advertised, &row->address))
			node->contacted = row->address;
		return true;
	}
	if (!node && t->nnodes >= MAX_NODES)
		return true;
	if (!node)
		node = add_node(t, row->host_id);
	if (!node || !replace_text(&node->dc, row->dc) || !replace_text(&node->rack, row->rack))
		return false;
	node->present = true;
	if (row == t->contacted)
	{
		node->contacted = row->address;
		dial(t, node, true);
		return true;
	}
	take_advertised(t, node, row);
	return true;
}

static bool
taken_by_another(const ClusterTopology *t, const ClusterNode *node)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		const ClusterNode *other = t->node[i];

		if (other != node && other->present && net_address_equal(&other->address, &node->contacted))
			return true;
	}
	return false;
}

/* Where a node was contacted, another one is now. The one that was contacted last is where it is. */
static void
give_way(const ClusterTopology *t)
{
	const ClusterNode *contacted = find_node(t, t->contacted->host_id);

	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		ClusterNode *node = t->node[i];

		if (node != contacted && is_known(&node->contacted) && is_known(&node->advertised) && taken_by_another(t, node))
			move(t, node);
	}
}

static bool
apply_rows(ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
		t->node[i]->present = false;
	if (!apply_row(t, t->contacted))
		return false;
	for (const ClusterNodeRow *row = t->peers; row; row = row->next)
	{
		if (!apply_row(t, row))
			return false;
	}
	give_way(t);
	return true;
}

/* Equal names get the number of the first node that has them. */
static void
number_racks(const ClusterTopology *t, ClusterRingNode *at)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		const ClusterNode *node = t->node[i];

		at[i].dc = at[i].rack = i;
		for (uint32_t j = i; j-- > 0;)
		{
			const ClusterNode *other = t->node[j];

			if (!node->rack || !other->rack || strcmp(node->dc, other->dc) != 0)
				continue;
			at[i].dc = at[j].dc;
			if (strcmp(node->rack, other->rack) == 0)
				at[i].rack = at[j].rack;
		}
	}
}

static uint32_t
add_tokens(const ClusterTopology *t, ClusterRing *ring, const ClusterNodeRow *row)
{
	const ClusterNode *node = find_node(t, row->host_id);

	if (!node || ring->node[node->number].member)
		return 0;
	for (uint32_t i = 0; i < row->ntokens; i++)
		ring->position[ring->npositions++] = (ClusterRingPosition) {row->token[i], node->number};
	ring->node[node->number].member = row->ntokens > 0;
	return row->foreign;
}

/* NULL: out of memory. */
static ClusterRing *
build_ring(const ClusterTopology *t)
{
	size_t		ntokens = t->contacted->ntokens;
	uint32_t	foreign;
	ClusterRing *ring;

	for (const ClusterNodeRow *row = t->peers; row; row = row->next)
		ntokens += row->ntokens;
	ring = cluster_ring_new(t->nnodes, ntokens);
	if (!ring)
		return NULL;
	number_racks(t, ring->node);
	foreign = add_tokens(t, ring, t->contacted);
	for (const ClusterNodeRow *row = t->peers; row; row = row->next)
		foreign += add_tokens(t, ring, row);
	if (foreign > 0)
		ring->npositions = 0;	/* another partitioner: our tokens mean nothing there */
	cluster_ring_sort(ring);
	return ring;
}

/*
 * The local rack is a matter of speed alone: while no node is there, all are as good. Else a rack whose nodes are all being
 * replaced would end what goes well without it.
 */
static void
prefer_rack(ClusterTopology *t)
{
	t->nrack = 0;
	for (uint32_t i = 0; i < t->nlocal && t->local_rack; i++)
		t->nrack += strcmp(t->local[i]->rack, t->local_rack) == 0;
	for (uint32_t i = 0; i < t->nnodes; i++)
		t->node[i]->near = t->node[i]->local && (t->nrack == 0 || strcmp(t->node[i]->rack, t->local_rack) == 0);
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
	prefer_rack(t);
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

static bool
has_tablets(const ClusterTopology *t, const char *keyspace)
{
	for (const ClusterKeyspaceRow *k = t->tablet_rows; k; k = k->next)
	{
		if (strcmp(k->keyspace, keyspace) == 0)
			return true;
	}
	return false;
}

static void
set_keyspace(const ClusterTopology *t, const ClusterKeyspaceRow *k, ClusterKeyspace *out)
{
	bool		simple = k->class && strcmp(k->class, "SimpleStrategy") == 0;

	out->network = k->class && strcmp(k->class, "NetworkTopologyStrategy") == 0;
	out->any = !simple && !out->network;
	if (!out->any)
		out->factor = parse_factor(cluster_system_option(k, simple ? "replication_factor" : t->local_dc));
	out->tablets = has_tablets(t, k->keyspace);
	out->any |= out->tablets;
}

static uint32_t
count_keyspaces(const ClusterTopology *t)
{
	uint32_t	n = 0;

	for (const ClusterKeyspaceRow *k = t->keyspace_rows; k; k = k->next)
		n++;
	return n;
}

static bool
build_keyspaces(const ClusterTopology *t, CqlArena *arena, ClusterKeyspace **out)
{
	ClusterKeyspace *all = cql_arena_alloc(arena, ((size_t) count_keyspaces(t) + 1) * sizeof(*all));
	uint32_t	n = 0;

	for (const ClusterKeyspaceRow *k = t->keyspace_rows; all && k; k = k->next, n++)
	{
		all[n].name = cql_arena_strdup(arena, k->keyspace, strlen(k->keyspace));
		set_keyspace(t, k, &all[n]);
	}
	*out = all;
	return !arena->failed;
}

static bool
numbers_are_places(const ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		if (t->node[i]->number != i)
			return false;
	}
	return true;
}

/* ---- tablets ---- */

static uint16_t
number_of(const void *topology, const uint8_t *host_id)
{
	const ClusterNode *node = find_node(topology, host_id);

	return node && node->local ? node->number : CLUSTER_RING_NONE;
}

static bool
is_present(const void *topology, const uint8_t *host_id)
{
	const ClusterNode *node = find_node(topology, host_id);

	return node && node->present;
}

bool
cluster_topology_learn(ClusterTopology *t, const char *keyspace, const char *table, const CqlTablet *told)
{
	return cluster_tablets_learn(&t->tablets, keyspace, table, told, number_of, t);
}

/* ALTER TABLE leaves them. */
void
cluster_topology_heed(ClusterTopology *t, const CqlEvent *event)
{
	char		keyspace[64];
	char		table[256];

	if (!cql_string_equal(event->target, "TABLE") || cql_string_equal(event->change, "UPDATED")
		|| event->keyspace.len >= sizeof(keyspace) || event->name.len >= sizeof(table))
		return;
	snprintf(keyspace, sizeof(keyspace), "%.*s", (int) event->keyspace.len, event->keyspace.data);
	snprintf(table, sizeof(table), "%.*s", (int) event->name.len, event->name.data);
	cluster_tablets_forget(&t->tablets, keyspace, table);
}

/* Nobody tells of a replica that a tablet gets more: where replication has changed, tablets are learned anew. */
static void
forget_changed(ClusterTopology *t, const ClusterKeyspace *now, uint32_t n)
{
	for (uint32_t i = 0; i < t->nkeyspaces; i++)
	{
		const ClusterKeyspace *before = &t->keyspace[i];
		uint32_t	j = 0;

		while (j < n && strcmp(now[j].name, before->name) != 0)
			j++;
		if (j == n || now[j].factor != before->factor || now[j].network != before->network || now[j].tablets != before->tablets)
			cluster_tablets_forget(&t->tablets, before->name, NULL);
	}
}

/* ---- in force ---- */

bool
cluster_topology_commit(ClusterTopology *t)
{
	ClusterRing *ring;
	CqlArena	arena = {0};
	ClusterKeyspace *keyspace;

	if (!t->contacted || !apply_rows(t) || !build_local(t))
		return false;
	ring = build_ring(t);
	if (!ring)
		return false;
	if (!build_keyspaces(t, &arena, &keyspace))
	{
		cql_arena_free(&arena);
		cluster_ring_free(ring);
		return false;
	}
	forget_changed(t, keyspace, count_keyspaces(t));
	free_placements(t);
	cluster_ring_free(t->ring);
	cql_arena_free(&t->keyspaces);
	t->ring = ring;
	t->keyspaces = arena;
	t->keyspace = keyspace;
	t->nkeyspaces = count_keyspaces(t);
	t->local_dc_number = t->nlocal > 0 ? ring->node[t->local[0]->number].dc : UINT32_MAX;
	t->generation++;
	cluster_tablets_renumber(&t->tablets, number_of, t, is_present);
	CORE_ASSERT(numbers_are_places(t));
	cluster_topology_begin(t);
	return true;
}
