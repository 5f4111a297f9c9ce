/*
 * test/node/scylla.c
 *	  What ScyllaDB does that Cassandra does not: shards, extensions of the protocol, limits of its server.
 *
 * Thread: the node's. Owns: nothing.
 * Invariant: extensions belong to a connection: what its STARTUP did not name does not happen on it.
 *
 * Held to these sources of ScyllaDB:
 *	 keys of SUPPORTED         transport/server.cc, make_supported; transport/cql_protocol_extension.cc
 *	 shard-aware port          transport/generic_server.cc, load_balancing_algorithm::port; docs/dev/protocol-extensions.md
 *	 products of IN            cql3/restrictions/statement_restrictions.cc, error_if_exceeds_*_limit; db/config.cc
 *	 relations of WHERE        cql3/Cql.g, whereClause
 *	 size of a batch           cql3/statements/batch_statement.cc, verify_batch_size; db/config.cc
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MAX_PRODUCT 100			/* max_partition_key_restrictions_per_query, and that of clustering keys */
#define MAX_RELATIONS 100		/* max_relations_in_where_clause */
#define MAX_BATCH (1024 * 1024) /* batch_size_fail_threshold_in_kb */

/* ---- shards ---- */

/* SHARDS [MSB] [port N|none] [hidden] */
bool
node_scylla_line(Node *node, NodeLexer *x)
{
	if (!node_take_int(node, x, 1, NODE_MAX_SHARDS, &node->nr_shards) ||
		(node_starts_number(x) && !node_take_int(node, x, 0, 63, &node->ignore_msb)))
		return false;
	if (node->dealt_shards == 0)
		node->dealt_shards = node->nr_shards;
	node->protocol = 4;
	node->oldest = NODE_OLDEST_PROTOCOL;
	if (node->listener[1] == NULL)
		node->shard_port = 0;
	if (node_lexer_accept(x, "port"))
	{
		node->shard_port = -1;
		if (!node_lexer_accept(x, "none") && !node_take_int(node, x, 0, 65535, &node->shard_port))
			return false;
	}
	node->shards_hidden = node_lexer_accept(x, "hidden");
	node_system_scylla(node);
	return true;
}

/* asked, nat, or a shard */
bool
node_landing_line(Node *node, NodeLexer *x)
{
	if (node_lexer_accept(x, "asked"))
		node->landing = NODE_LANDING_ASKED;
	else if (node_lexer_accept(x, "nat"))
		node->landing = NODE_LANDING_NAT;
	else
		return node_take_int(node, x, 0, NODE_MAX_SHARDS - 1, &node->landing);
	return true;
}

static int32_t
emptiest_shard(const Node *node)
{
	int			count[NODE_MAX_SHARDS] = {0};
	int			best = 0;

	for (const NodeConn *c = node->conns; c != NULL; c = c->next)
		if (c->shard >= 0 && c->shard < node->nr_shards)
			count[c->shard]++;
	for (int i = 1; i < node->nr_shards; i++)
		if (count[i] < count[best])
			best = i;
	return best;
}

int32_t
node_landing_shard(const Node *node, bool shard_aware, uint16_t source_port)
{
	int			asked = node->nr_shards > 0 ? source_port % node->nr_shards : -1;

	if (node->nr_shards == 0)
		return -1;
	if (node->landing >= 0)
		return node->landing % node->nr_shards;
	if (!shard_aware)
		return emptiest_shard(node);
	if (node->landing == NODE_LANDING_NAT && node->nr_shards > 1)
		asked += 1 + (int) (node->report.connections % (uint64_t) (node->nr_shards - 1));
	return asked % node->nr_shards;
}

/* ---- extensions ---- */

static void
put_pair(CqlBuffer *b, const char *key, const char *value)
{
	cql_put_string(b, key);
	cql_put_u16(b, 1);
	cql_put_string(b, value);
}

static void
put_number(CqlBuffer *b, const char *key, int value)
{
	char		text[16];

	snprintf(text, sizeof(text), "%d", value);
	put_pair(b, key, text);
}

static int
put_shards(NodeCall *call, CqlBuffer *b)
{
	Node	   *node = call->node;
	int			port = node->tls == NULL || node->tls_optional || node->tls_port >= 0 ? node->shard_port : 0;
	int			tls_port = node->tls == NULL ? 0 : node->tls_port >= 0 ? node->tls_shard_port : node->shard_port;

	put_number(b, "SCYLLA_SHARD", call->conn->shard);
	put_number(b, "SCYLLA_NR_SHARDS", node->nr_shards);
	put_number(b, "SCYLLA_SHARDING_IGNORE_MSB", node->ignore_msb);
	put_pair(b, "SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin");
	put_pair(b, "SCYLLA_PARTITIONER", "org.apache.cassandra.dht.Murmur3Partitioner");
	if (port > 0)
		put_number(b, "SCYLLA_SHARD_AWARE_PORT", port);
	if (tls_port > 0)
		put_number(b, "SCYLLA_SHARD_AWARE_PORT_SSL", tls_port);
	return 5 + (port > 0) + (tls_port > 0);
}

/* TABLETS_ROUTING_V2_EXPERIMENTAL is not offered, as by a server without strongly-consistent-tables. */
int
node_scylla_supported(NodeCall *call, CqlBuffer *b)
{
	Node	   *node = call->node;

	node_ring_know(node);
	put_pair(b, "CLIENT_OPTIONS", "");
	put_pair(b, "SCYLLA_HOST_ID", node->self.host_id);
	put_pair(b, "SCYLLA_LWT_ADD_METADATA_MARK", "LWT_OPTIMIZATION_META_BIT_MASK=2147483648");
	put_pair(b, "SCYLLA_RATE_LIMIT_ERROR", "ERROR_CODE=61440");
	put_pair(b, "SCYLLA_USE_METADATA_ID", "");
	put_pair(b, "TABLETS_ROUTING_V1", "");
	return 6 + (node->shards_hidden ? 0 : put_shards(call, b));
}

/* The server looks at the keys alone. */
void
node_scylla_option(NodeConn *c, CqlString key)
{
	c->metadata_id |= cql_string_equal(key, "SCYLLA_USE_METADATA_ID");
	c->lwt_mark |= cql_string_equal(key, "SCYLLA_LWT_ADD_METADATA_MARK");
	c->tablets |= cql_string_equal(key, "TABLETS_ROUTING_V1");
	c->rate_error |= cql_string_equal(key, "SCYLLA_RATE_LIMIT_ERROR");
}

/* ---- limits ---- */

/* Of the WHERE that was just read. */
bool
node_scylla_relations(Node *node, const NodeStatement *s)
{
	return node->nr_shards == 0 || s->nwhere <= MAX_RELATIONS ||
		node_fail(node, CQL_ERR_SYNTAX, "line 1:0 : too many relations in WHERE clause");
}

static uint64_t
list_length(CqlBytes list)
{
	return list.len >= 4 ? cql_load_u32(list.data) : 0;
}

/* How many keys the INs of these columns make. */
static uint64_t
product(const NodeCall *call, const NodeStatement *s, int first, int end)
{
	uint64_t	n = 1;

	for (int i = 0; i < s->nwhere && n <= MAX_PRODUCT; i++)
	{
		const NodeTerm *term = &s->where[i];

		if (term->column < first || term->column >= end)
			continue;
		if (term->op == 'i')
			n *= (uint64_t) term->noperands;
		else if (term->op == 'I')
			n *= list_length(node_operand_value(call, &term->operand[0]));
	}
	return n;
}

/* The server throws a plain exception, which is answered as a server error. */
bool
node_scylla_products(NodeCall *call, const NodeStatement *s)
{
	static const char *const kind[] = {"partition", "clustering"};
	const NodeTable *t = s->table;

	if (call->node->nr_shards == 0)
		return true;
	for (int i = 0; i < 2; i++)
	{
		uint64_t	n = product(call, s, i == 0 ? 0 : t->npartition, i == 0 ? t->npartition : t->nkey);

		if (n > MAX_PRODUCT)
			return node_fail(call->node, CQL_ERR_SERVER, "size of %s-key IN list or %s-key cartesian product of IN list %llu "
							 "is greater than maximum %d", kind[i], kind[i], (unsigned long long) n, MAX_PRODUCT);
	}
	return true;
}

/*
 * A batch of one partition may be as large as it will. The server measures the memory of the mutations; here the values
 * on the wire are taken for it.
 */
bool
node_scylla_batch(NodeCall *call)
{
	CqlReader	r = call->batch;
	NodeCall	row = *call;
	size_t		size = 0;
	int64_t		first = 0;
	bool		several = false;

	if (call->node->nr_shards == 0)
		return true;
	for (int i = 0; i < call->rows; i++)
	{
		int64_t		token = 0;

		node_take_row(&row, &r);
		size += row.values_len;
		node_statement_token(&row, row.statement, &token);
		if (i == 0)
			first = token;
		several |= token != first;
		if (!node_strong_batch(&row, first, token))
			return false;
	}
	return !several || size <= MAX_BATCH || node_fail(call->node, CQL_ERR_INVALID, "Batch too large");
}
