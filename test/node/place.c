/*
 * test/node/place.c
 *	  Which nodes a partition key belongs to, and whether a request came to one of them.
 *
 * Thread: the node's. Owns: the ring, which is made anew after each line of a script.
 * Invariant: `host` has every node once, by host id: all nodes that know each other have the same.
 *
 * Replicas of vnodes are those of Cassandra's and ScyllaDB's SimpleStrategy and NetworkTopologyStrategy
 * (scylladb locator/simple_strategy.cc and locator/network_topology_strategy.cc, calculate_natural_endpoints): along the
 * ring, each node once, and in a data center racks that have none yet before others.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cql/token.h"
#include "internal.h"

/* ---- the ring ---- */

static int
compare_places(const void *a, const void *b)
{
	const NodePlace *x = a;
	const NodePlace *y = b;

	return (x->token > y->token) - (x->token < y->token);
}

static int
compare_hosts(const void *a, const void *b)
{
	const NodePeer *const *x = a;
	const NodePeer *const *y = b;

	return strcmp((*x)->host_id, (*y)->host_id);
}

/* Without one of its own a node has an id made of address and port, the same wherever it is told. */
static void
name_host(NodePeer *peer)
{
	uint8_t		a[16] = {0};

	if (peer->host_id[0] != '\0')
		return;
	if (uv_inet_pton(AF_INET, peer->address, a) != 0)
		uv_inet_pton(AF_INET6, peer->address, a);
	snprintf(peer->host_id, sizeof(peer->host_id), "%02x%02x%02x%02x-%04x-4000-8000-%02x%02x%02x%02x%02x%02x", a[0], a[1],
			 a[2], a[3], (unsigned) peer->port & 0xffff, a[10], a[11], a[12], a[13], a[14], a[15]);
}

static void
add_host(Node *node, NodePeer *peer)
{
	name_host(peer);
	node->host[node->nhosts++] = peer;
	for (int i = 0; i < peer->ntokens; i++)
		node->ring[node->nring++] = (NodePlace) {peer->token[i], peer};
}

void
node_ring_know(Node *node)
{
	static int64_t zero;
	NodePeer   *self = &node->self;
	size_t		hosts = 1;
	size_t		tokens = 1;

	if (node->placed)
		return;
	self->address = node->address;
	self->port = node->port;
	if (self->ntokens == 0)
	{
		self->token = &zero;
		self->ntokens = 1;
	}
	for (NodePeer *p = node->peers; p != NULL; p = p->next, hosts++)
		tokens += (size_t) p->ntokens;
	tokens += (size_t) self->ntokens;
	free(node->ring);
	free(node->host);
	node->ring = node_alloc(tokens * sizeof(*node->ring));
	node->host = node_alloc(hosts * sizeof(*node->host));
	node->nring = 0;
	node->nhosts = 0;
	add_host(node, self);
	for (NodePeer *p = node->peers; p != NULL; p = p->next)
		add_host(node, p);
	qsort(node->ring, node->nring, sizeof(*node->ring), compare_places);
	qsort(node->host, (size_t) node->nhosts, sizeof(*node->host), compare_hosts);
	node->placed = true;
}

/* The first place at or behind the token; behind the last one comes the first. */
static size_t
place_of(const Node *node, int64_t token)
{
	size_t		low = 0;
	size_t		high = node->nring;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (node->ring[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low < node->nring ? low : 0;
}

/* ---- replicas ---- */

/* {'class': '...', 'dc1': '3'}: one factor for each data center, or one for all of them */
void
node_factors(Node *node, NodeKeyspace *k)
{
	NodeFactor	factor[NODE_MAX_REPLICAS];
	NodeLexer	x;

	k->nfactors = 0;
	node_lexer_start(&x, k->replication, strlen(k->replication), &node->scratch, false);
	node_lexer_accept(&x, "{");
	while (x.token.kind == TOKEN_STRING && k->nfactors < NODE_MAX_REPLICAS)
	{
		const char *key = x.token.value;

		node_lexer_next(&x);
		node_lexer_accept(&x, ":");
		if (strcmp(key, "class") != 0)
			factor[k->nfactors++] = (NodeFactor) {
				strcmp(key, "replication_factor") == 0 ? NULL : node_strdup(&node->schema, key, strlen(key)),
				(int) strtol(x.token.value, NULL, 10)
			};
		node_lexer_next(&x);
		node_lexer_accept(&x, ",");
	}
	k->factor = node_arena(&node->schema, sizeof(factor));
	memcpy(k->factor, factor, (size_t) k->nfactors * sizeof(*factor));
}

static bool
in_dc(const NodePeer *peer, const NodeFactor *f)
{
	return f->dc == NULL || strcmp(peer->dc, f->dc) == 0;
}

static bool
same_rack(const NodePeer *a, const NodePeer *b)
{
	return strcmp(a->rack, b->rack) == 0 && strcmp(a->dc, b->dc) == 0;
}

static bool
has(const NodePeer **list, int n, const NodePeer *peer, bool rack)
{
	for (int i = 0; i < n; i++)
		if (list[i] == peer || (rack && same_rack(list[i], peer)))
			return true;
	return false;
}

static int
count_racks(const Node *node, const NodeFactor *f)
{
	const NodePeer *seen[node->nhosts];
	int			n = 0;

	for (int i = 0; i < node->nhosts; i++)
		if (in_dc(node->host[i], f) && !has(seen, n, node->host[i], true))
			seen[n++] = node->host[i];
	return n;
}

/* This node is among those that the factor takes from the ring at this place on. */
static bool
takes_self(const Node *node, size_t place, const NodeFactor *f)
{
	const NodePeer *taken[node->nhosts];
	const NodePeer *passed[node->nhosts];	/* their rack has one already */
	int			ntaken = 0;
	int			npassed = 0;
	int			racks = f->dc != NULL ? count_racks(node, f) : 0;

	for (size_t i = 0; i < node->nring && ntaken < f->replicas; i++)
	{
		const NodePeer *owner = node->ring[(place + i) % node->nring].owner;

		if (!in_dc(owner, f) || has(taken, ntaken, owner, false))
			continue;
		if (racks > 0 && has(taken, ntaken, owner, true))
		{
			if (!has(passed, npassed, owner, false))
				passed[npassed++] = owner;
			continue;
		}
		taken[ntaken++] = owner;
		if (racks > 0 && --racks == 0)
			for (int k = 0; k < npassed && ntaken < f->replicas; k++)
				taken[ntaken++] = passed[k];
	}
	return has(taken, ntaken, &node->self, false);
}

static bool
is_replica(const Node *node, const NodeKeyspace *k, size_t place)
{
	for (int i = 0; i < k->nfactors; i++)
		if (takes_self(node, place, &k->factor[i]))
			return true;
	return k->nfactors == 0;	/* LocalStrategy, and what the node does not know */
}

/* ---- requests ---- */

/*
 * What has no whole partition key in its markers cannot be routed by clients, and is not counted. A vnode's shard is
 * told by the token (scylladb dht/token.cc, shard_of).
 */
void
node_route(NodeCall *call, const NodeStatement *s)
{
	Node	   *node = call->node;
	NodeTable  *t = s->table;
	int32_t		shard = call->conn->shard;
	int64_t		token;
	int64_t		last;
	size_t		place;

	if (s->kind == STATEMENT_SELECT && t->ntablets > 0 && node_select_range(call, s, &token, &last))
	{
		node_ring_know(node);
		node_tablet_route_range(call, t, token, last);
		return;
	}
	if (s->pk_index == NULL || t->system || !node_statement_token(call, s, &token))
		return;
	node_ring_know(node);
	if (t->ntablets > 0)
	{
		node_tablet_route(call, t, token);
		return;
	}
	place = place_of(node, token);
	node->report.not_owner += node->ring[place].owner != &node->self;
	if (!is_replica(node, t->home, place))
		node->report.wrong_node++;
	else if (shard >= 0)
		node->report.wrong_shard += shard !=
			(int32_t) cql_token_shard(token, (uint32_t) node->nr_shards, (uint32_t) node->ignore_msb);
}
