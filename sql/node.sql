-- scylla_fdw_nodes: what a session knows of the nodes of a cluster.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
DROP ROLE IF EXISTS node_role;
CREATE SERVER node_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
\set VERBOSITY sqlstate
SELECT * FROM scylla_fdw_nodes('node_cluster');
SELECT * FROM scylla_fdw_nodes('nobody');
\set VERBOSITY default
CREATE USER MAPPING FOR PUBLIC SERVER node_cluster;

-- the session's first statement: it connects, and waits until it knows each node
SELECT count(*) > 0 AS some, bool_and(up) AS up, min(connections) > 0 AS connected, count(DISTINCT node) = count(*) AS distinct_nodes,
  bool_and(node ~ ':\d+$') AS named, bool_and(shards > 0) IS NOT false AS shards,
  bool_and(tls IS NULL AND cipher IS NULL) AS plain
FROM scylla_fdw_nodes('node_cluster');

-- each node as the cluster itself describes it
SELECT n.data_center = row->>'data_center' AS data_center, n.rack = row->>'rack' AS rack
FROM scylla_fdw_nodes('node_cluster') n
  JOIN scylla_fdw_query('node_cluster', 'SELECT rpc_address, data_center, rack FROM system.local') row
  ON n.node LIKE (row->>'rpc_address') || ':%';
SELECT (SELECT count(*) FROM scylla_fdw_nodes('node_cluster'))
  = 1 + (SELECT count(*) FROM scylla_fdw_query('node_cluster', 'SELECT peer FROM system.peers')) AS all_nodes;

-- who may not use the server may not ask either
CREATE ROLE node_role;
SET ROLE node_role;
\set VERBOSITY terse
SELECT * FROM scylla_fdw_nodes('node_cluster');
\set VERBOSITY default
RESET ROLE;

-- no cluster there
CREATE SERVER node_nowhere FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host '127.0.0.1', port '1');
CREATE USER MAPPING FOR CURRENT_USER SERVER node_nowhere;
\set VERBOSITY sqlstate
SELECT * FROM scylla_fdw_nodes('node_nowhere');
\set VERBOSITY default
DROP SERVER node_nowhere CASCADE;
DROP SERVER node_cluster CASCADE;
DROP ROLE node_role;
