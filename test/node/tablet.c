/*
 * test/node/tablet.c
 *	  Tablets: where they are, and what clients are told of it.
 *
 * Thread: the node's. Owns: where a script has put tablets, in the schema arena.
 * Invariant: nodes that know the same nodes and were told the same lines have the same tablets.
 *
 * Held to these sources of ScyllaDB:
 *	 who is told, and what     locator/tablets.cc, tablet_effective_replication_map::check_locality
 *	 for which statements      cql3/statements/select_statement.cc and modification_statement.cc, _may_use_token_aware_routing
 *	 as which bytes            transport/messages/result_message.cc, add_tablet_info; docs/dev/protocol-extensions.md
 *	 borders of tablets        dht/token.cc, get_uniform_tokens
 *	 columns of system.tablets replica/tablets.cc, make_tablets_schema; docs/dev/system_keyspace.md
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MAX_TABLETS 65536

/* ---- borders ---- */

/* Tablet i ends with this token, and begins behind the end of the one before: the first one behind the least token. */
int64_t
node_tablet_last(const NodeTable *t, int tablet)
{
	uint64_t	biased = (uint64_t) (((unsigned __int128) (tablet + 1) * UINT64_MAX) / (unsigned) t->ntablets);

	return (int64_t) (biased ^ (UINT64_C(1) << 63));
}

int
node_tablet_of(const NodeTable *t, int64_t token)
{
	uint64_t	biased = (uint64_t) token ^ (UINT64_C(1) << 63);
	int			tablet = (int) (((unsigned __int128) biased * (unsigned) t->ntablets) >> 64);

	if (tablet > 0 && token <= node_tablet_last(t, tablet - 1))
		tablet--;
	while (token > node_tablet_last(t, tablet))
		tablet++;
	return tablet;
}

/* ---- replicas ---- */

/* Tables of one base have its tablets (co-located). */
static const NodeTable *
base_of(const NodeTable *t)
{
	return t->base != NULL ? t->base : t;
}

static NodeTablet *
placed(const NodeTable *t, int tablet)
{
	NodeTablet *p = base_of(t)->tablet;

	while (p != NULL && p->number != tablet)
		p = p->next;
	return p;
}

/* Dealt in turn to the nodes of each data center, and to their shards; another factor leaves those there where they are. */
static int
deal(const Node *node, const NodeTable *t, int tablet, NodeReplica *out)
{
	int			n = 0;

	for (int f = 0; f < t->home->nfactors; f++)
	{
		const NodeFactor *factor = &t->home->factor[f];
		int			member[node->nhosts];
		int			members = 0;

		for (int i = 0; i < node->nhosts; i++)
			if (factor->dc == NULL || strcmp(node->host[i]->dc, factor->dc) == 0)
				member[members++] = i;
		for (int i = 0; i < factor->replicas && i < members && n < NODE_MAX_REPLICAS; i++)
		{
			int			k = (tablet + i) % members;

			out[n++] = (NodeReplica) {
				node->host[member[k]]->host_id, (tablet / members + 3 * k) % node->dealt_shards
			};
		}
	}
	return n;
}

int
node_tablet_replicas(Node *node, const NodeTable *t, int tablet, NodeReplica *out)
{
	const NodeTablet *p = placed(t, tablet);

	node_ring_know(node);
	if (p == NULL || p->nreplicas == 0)
		return deal(node, base_of(t), tablet, out);
	memcpy(out, p->replica, (size_t) p->nreplicas * sizeof(*out));
	return p->nreplicas;
}

/* ---- requests ---- */

/* A replica that comes is as right as those that are there, if the shard is: it gets no payload either. */
void
node_tablet_route(NodeCall *call, NodeTable *t, int64_t token)
{
	NodeReport *report = &call->node->report;
	int			tablet = node_tablet_of(t, token);
	const NodeTablet *p = placed(t, tablet);
	NodeReplica replica[NODE_MAX_REPLICAS];
	int			n = node_tablet_replicas(call->node, t, tablet, replica);
	const char *self = call->node->self.host_id;
	int32_t		shard = call->conn->shard;
	int			i = 0;

	while (i < n && strcmp(replica[i].host_id, self) != 0)
		i++;
	report->not_owner += i > 0;
	if (i < n && replica[i].shard == shard)
		return;
	if (i == n && p != NULL && p->pending.host_id != NULL && p->pending.shard == shard &&
		strcmp(p->pending.host_id, self) == 0)
		return;
	if (i < n)
		report->wrong_shard++;
	else
		report->wrong_node++;
	if (!call->conn->tablets || call->frame->opcode == CQL_OP_BATCH)
		return;
	call->teach = t;
	call->tablet = tablet;
}

/* No answer to a range tells where tablets are. */
void
node_tablet_route_range(NodeCall *call, NodeTable *t, int64_t first, int64_t last)
{
	NodeReport *report = &call->node->report;
	NodeReplica replica[NODE_MAX_REPLICAS];
	int			tablet = node_tablet_of(t, first);
	int			n = node_tablet_replicas(call->node, t, tablet, replica);

	report->ranges++;
	while (n > 0 && (replica[n - 1].shard != call->conn->shard || strcmp(replica[n - 1].host_id, call->node->self.host_id) != 0))
		n--;
	report->ranges_astray += n == 0 || node_tablet_of(t, last) != tablet;
}

static void
put_uuid(CqlBuffer *b, const char *text)
{
	cql_put_u32(b, 16);
	for (const char *c = text; *c != '\0'; c++)
	{
		char		digits[3] = {c[0], c[1], '\0'};

		if (*c == '-')
			continue;
		cql_put_u8(b, (uint8_t) strtoul(digits, NULL, 16));
		c++;
	}
}

/* tuple<bigint, bigint, list<tuple<uuid, int>>>: the first tablet begins behind the least token */
static void
put_tablet(CqlBuffer *b, const NodeTable *t, int tablet, const NodeReplica *replica, int n)
{
	cql_put_u32(b, 8);
	cql_put_u64(b, (uint64_t) node_tablet_last(t, tablet - 1));
	cql_put_u32(b, 8);
	cql_put_u64(b, (uint64_t) node_tablet_last(t, tablet));
	cql_put_u32(b, 4 + (uint32_t) n * 32);
	cql_put_u32(b, (uint32_t) n);
	for (int i = 0; i < n; i++)
	{
		cql_put_u32(b, 28);
		put_uuid(b, replica[i].host_id);
		cql_put_u32(b, 4);
		cql_put_u32(b, (uint32_t) replica[i].shard);
	}
}

/* In front of the answer's body, behind nothing but warnings, which come later. */
void
node_payload(CqlBuffer *answer, const uint8_t *data, size_t n)
{
	CqlBuffer	taught = {0};

	cql_put_raw(&taught, answer->data, CQL_FRAME_HEADER_SIZE);
	taught.data[1] |= CQL_FLAG_PAYLOAD;
	cql_put_u16(&taught, 1);
	cql_put_string(&taught, "tablets-routing-v1");
	cql_put_bytes(&taught, data, (int32_t) n);
	cql_put_raw(&taught, answer->data + CQL_FRAME_HEADER_SIZE, answer->len - CQL_FRAME_HEADER_SIZE);
	cql_frame_end(&taught, 0);
	cql_buffer_free(answer);
	*answer = taught;
}

void
node_tablet_teach(NodeCall *call)
{
	NodeReplica replica[NODE_MAX_REPLICAS];
	CqlBuffer  *answer = &call->conn->answer;
	CqlBuffer	value = {0};
	int			n;

	if (call->teach == NULL || answer->data[4] != CQL_OP_RESULT)
		return;
	n = node_tablet_replicas(call->node, call->teach, call->tablet, replica);
	put_tablet(&value, call->teach, call->tablet, replica, n);
	node_payload(answer, value.data, value.len);
	cql_buffer_free(&value);
	call->node->report.payloads++;
}

/* ---- system.tablets ---- */

/* The id of a table, the same on each node. */
const char *
node_table_id(Node *node, const NodeTable *t)
{
	const char *name = node_format(&node->scratch, "%s.%s", t->keyspace, t->name);
	uint64_t	hash = node_hash((const uint8_t *) name, strlen(name));

	return node_format(&node->scratch, "%08x-%04x-1000-8000-%012llx", (unsigned) (hash >> 32), (unsigned) hash & 0xffff,
					   (unsigned long long) (hash * 0x9E3779B97F4A7C15u >> 16));
}

static const char *
replica_list(Node *node, const NodeReplica *replica, int n)
{
	const char *text = "";

	for (int i = 0; i < n; i++)
		text = node_format(&node->scratch, "%s%s(%s, %d)", text, i > 0 ? ", " : "", replica[i].host_id, replica[i].shard);
	return node_format(&node->scratch, "[%s]", text);
}

static void
add_tablet(Node *node, NodeTable *t, const NodeTable *of, int tablet, void (*add) (Node *node, NodeTable *t, const char *literals))
{
	NodeReplica replica[NODE_MAX_REPLICAS];
	const NodeTablet *p = placed(of, tablet);
	int			n = node_tablet_replicas(node, of, tablet, replica);
	const char *coming = "null";
	const char *leaving = "null, null";

	if (p != NULL && p->pending.host_id != NULL)
	{
		NodeReplica after[NODE_MAX_REPLICAS];

		/* the last replica leaves when the one that comes is there */
		memcpy(after, replica, sizeof(after));
		after[n - 1] = p->pending;
		coming = replica_list(node, after, n);
		leaving = "'streaming', 'migration'";
	}
	add(node, t, node_format(&node->scratch, "(%s, %lld, null, '%s', '%s', %d, %s, %s, %s)", node_table_id(node, of),
							 (long long) node_tablet_last(of, tablet), of->keyspace, of->name, of->ntablets, coming,
							 replica_list(node, replica, n), leaving));
}

/* The map of a co-located table is empty, and names its base. */
void
node_tablets_fill(Node *node, NodeTable *t, void (*add) (Node *node, NodeTable *t, const char *literals))
{
	for (const NodeTable *of = node->tables; of != NULL; of = of->next)
	{
		if (of->ntablets > 0 && of->base != NULL)
			add(node, t, node_format(&node->scratch, "(%s, null, %s, '%s', '%s', %d, null, null, null, null)",
									 node_table_id(node, of), node_table_id(node, of->base), of->keyspace, of->name,
									 of->ntablets));
		for (int i = 0; of->base == NULL && i < of->ntablets; i++)
			add_tablet(node, t, of, i, add);
	}
}

/* ---- lines ---- */

/* ks.name at the beginning of what is CQL */
static NodeTable *
take_table(Node *node, NodeLexer *x)
{
	const char *keyspace;
	const char *name;
	NodeTable  *t = NULL;

	if (node_qualified(x, &keyspace, &name) && keyspace != NULL)
		t = node_table(node, keyspace, name);
	if (t == NULL)
		node_fail(node, 0, "the name of a table is missing");
	return t;
}

/* The words of a script join ks.name; this takes them apart. */
static NodeTable *
take_joined(Node *node, NodeLexer *x)
{
	NodeLexer	name;
	NodeTable  *t;

	node_lexer_start(&name, x->token.value, strlen(x->token.value), x->arena, false);
	if ((t = take_table(node, &name)) != NULL)
		node_lexer_next(x);
	return t;
}

/* ks.name N, or ks.name like ks.base */
bool
node_tablets_line(Node *node, NodeLexer *x)
{
	NodeTable  *t = take_joined(node, x);

	if (t == NULL)
		return false;
	if (node->nr_shards == 0)
		return node_fail(node, 0, "only ScyllaDB has tablets");
	t->tablet = NULL;
	t->base = NULL;
	if (!node_lexer_accept(x, "like"))
		return node_take_int(node, x, 1, MAX_TABLETS, &t->ntablets);
	if ((t->base = take_joined(node, x)) == NULL)
		return false;
	t->ntablets = t->base->ntablets;
	return true;
}

/* ADDRESS SHARD: an id that outlives the line */
static bool
take_replica(Node *node, NodeLexer *x, NodeReplica *replica)
{
	const char *address;

	node->placed = false;
	node_ring_know(node);
	if (!node_take_word(node, x, &address))
		return false;
	replica->host_id = NULL;
	for (int i = 0; i < node->nhosts; i++)
		if (strcmp(node->host[i]->address, address) == 0)
			replica->host_id = node_strdup(&node->schema, node->host[i]->host_id, 36);
	if (replica->host_id == NULL)
		return node_fail(node, 0, "there is no node %s", address);
	return node_take_int(node, x, 0, NODE_MAX_SHARDS - 1, &replica->shard);
}

static NodeTablet *
place_tablet(Node *node, NodeTable *t, int number)
{
	NodeTablet *p = placed(t, number);

	if (p == NULL)
	{
		p = node_arena(&node->schema, sizeof(*p));
		p->number = number;
		p->next = t->tablet;
		t->tablet = p;
	}
	*p = (NodeTablet) {.number = number, .next = p->next};
	return p;
}

/* ks.name I [at ADDRESS SHARD ...] [pending ADDRESS SHARD] */
bool
node_tablet_line(Node *node, NodeLexer *x)
{
	NodeReplica replica[NODE_MAX_REPLICAS];
	NodeTable  *t = take_joined(node, x);
	NodeTablet *p;
	int			number;
	int			n = 0;

	if (t == NULL || !node_take_int(node, x, 0, t->ntablets - 1, &number))
		return false;
	if (t->base != NULL)
		return node_fail(node, 0, "%s.%s has the tablets of %s", t->keyspace, t->name, t->base->name);
	p = place_tablet(node, t, number);
	if (node_lexer_accept(x, "at"))
		do
		{
			if (n == NODE_MAX_REPLICAS || !take_replica(node, x, &replica[n++]))
				return false;
		} while (x->token.kind == TOKEN_NAME && !node_lexer_is(x, "pending"));
	if (node_lexer_accept(x, "pending") && !take_replica(node, x, &p->pending))
		return false;
	p->replica = node_arena(&node->schema, (size_t) (n > 0 ? n : 1) * sizeof(*replica));
	memcpy(p->replica, replica, (size_t) n * sizeof(*replica));
	p->nreplicas = n;
	return true;
}
