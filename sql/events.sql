-- scylla_fdw_events: what the client of this session has lived through.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
DROP ROLE IF EXISTS events_role;
CREATE SERVER events_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
\set VERBOSITY sqlstate
SELECT * FROM scylla_fdw_events('events_cluster');
SELECT * FROM scylla_fdw_events('nobody');
\set VERBOSITY default
CREATE USER MAPPING FOR PUBLIC SERVER events_cluster;

-- nothing yet, and nothing is connected for it
SELECT * FROM scylla_fdw_events('events_cluster');
SELECT * FROM scylla_fdw_events(NULL);
SELECT count(*) FROM scylla_fdw_get_connections() WHERE server_name = 'events_cluster';

-- a healthy client: connected to a node for what is asked about the cluster, and to each node for requests
SELECT count(*) > 0 AS nodes FROM scylla_fdw_nodes('events_cluster');
SELECT what, bool_and(node ~ ':\d+$') AS node, min(regexp_replace(detail, '\d+', 'N', 'g')) AS detail, bool_and(times = 1) AS once
FROM scylla_fdw_events('events_cluster') WHERE detail !~ 'requests' GROUP BY 1 ORDER BY 1;
SELECT count(*) = (SELECT count(*) FROM scylla_fdw_nodes('events_cluster')) AS each_node
FROM scylla_fdw_events('events_cluster') WHERE what = 'connected' AND detail ~ '^for requests, protocol version \d$';
SELECT bool_and("time" BETWEEN now() - interval '1 hour' AND clock_timestamp()) AS now, bool_and(last_time = "time") AS once
FROM scylla_fdw_events('events_cluster');
SELECT every("time" >= before) AS in_order
FROM (SELECT "time", lag("time") OVER () AS before FROM scylla_fdw_events('events_cluster')) e;

-- they go with the client
SELECT scylla_fdw_disconnect('events_cluster');
SELECT * FROM scylla_fdw_events('events_cluster');

-- who may not use the server may not ask either; who may has a client of its own, or none
CREATE ROLE events_role;
SET ROLE events_role;
\set VERBOSITY terse
SELECT * FROM scylla_fdw_events('events_cluster');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER events_cluster TO events_role;
SET ROLE events_role;
SELECT * FROM scylla_fdw_events('events_cluster');
RESET ROLE;
CREATE USER MAPPING FOR events_role SERVER events_cluster OPTIONS (username 'x', password 'y');
SET ROLE events_role;
SELECT * FROM scylla_fdw_events('events_cluster');
\set VERBOSITY default
RESET ROLE;

-- no cluster there: now one wants to read it, and asking does not try again
CREATE SERVER events_nowhere FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host '127.0.0.1', port '1');
CREATE USER MAPPING FOR CURRENT_USER SERVER events_nowhere;
\set VERBOSITY sqlstate
SELECT * FROM scylla_fdw_nodes('events_nowhere');
\set VERBOSITY default
SELECT node, what, detail, times FROM scylla_fdw_events('events_nowhere');
SELECT node, what, detail, times FROM scylla_fdw_events('events_nowhere');
DROP SERVER events_nowhere CASCADE;
DROP SERVER events_cluster CASCADE;
DROP ROLE events_role;
