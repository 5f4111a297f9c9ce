/*
 * A topology filled with made-up answers of its nodes.
 */
#ifndef TOPOLOGY_INC_H
#define TOPOLOGY_INC_H

#include "cluster/topology.h"
#include "rows.inc.h"

static inline NetAddress
address_of(uint8_t last, uint16_t port)
{
	const uint8_t bytes[4] = {127, 0, 0, last};
	NetAddress	a;

	assert_true(net_address_from_bytes(bytes, 4, port, &a));
	return a;
}

/* Read node[0] as the contacted one, the rest as its peers, and commit. */
static inline void
read_all(ClusterTopology *t, const RowNode *node, uint32_t n, const char *const *keyspaces)
{
	NetAddress	dialled = address_of(99, 9999);
	CqlBuffer	local = rows_local(&node[0]);
	CqlBuffer	peers = rows_peers(node + 1, n - 1, true);
	CqlBuffer	schema = rows_keyspaces(keyspaces);

	cluster_topology_begin(t);
	assert_true(cluster_topology_read_local(t, cql_reader(local.data, local.len), &dialled));
	assert_true(cluster_topology_read_peers(t, cql_reader(peers.data, peers.len), 9042));
	assert_true(cluster_topology_read_keyspaces(t, cql_reader(schema.data, schema.len)));
	assert_true(cluster_topology_commit(t));
	cql_buffer_free(&local);
	cql_buffer_free(&peers);
	cql_buffer_free(&schema);
}

static const char *const simple_one[] = {"ks", "SimpleStrategy", "replication_factor", "1", NULL, NULL};

#endif							/* TOPOLOGY_INC_H */
