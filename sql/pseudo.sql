-- Columns that show what the cluster knows about a value, whole rows, system columns, row locks.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER pseudo_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER pseudo_cluster;
SELECT scylla_fdw_execute('pseudo_cluster', 'DROP KEYSPACE IF EXISTS fdw_pseudo');
SELECT scylla_fdw_execute('pseudo_cluster', 'CREATE KEYSPACE fdw_pseudo WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('pseudo_cluster', 'CREATE TABLE fdw_pseudo.t (id int PRIMARY KEY, "V" text, n int)');
CREATE FOREIGN TABLE pseudo_t (left_of_v int OPTIONS (ttl_of 'V'), id int, v text OPTIONS (column_name 'V'), n int,
  written_v bigint OPTIONS (writetime_of 'V')) SERVER pseudo_cluster OPTIONS (keyspace 'fdw_pseudo', "table" 't');
CREATE FOREIGN TABLE pseudo_plain (id int, v text OPTIONS (column_name 'V'), n int) SERVER pseudo_cluster
  OPTIONS (keyspace 'fdw_pseudo', "table" 't', ttl '1000');
SELECT scylla_fdw_execute('pseudo_cluster', 'INSERT INTO fdw_pseudo.t (id, "V", n) VALUES (1, ''one'', 1) USING TIMESTAMP 1700000000000000');
SELECT scylla_fdw_execute('pseudo_cluster', 'INSERT INTO fdw_pseudo.t (id, n) VALUES (2, 2)');
INSERT INTO pseudo_plain VALUES (3, 'three', 3);
SELECT id, v, n, left_of_v BETWEEN 900 AND 1000 AS expires, written_v = 1700000000000000 AS then,
  abs(written_v - extract(epoch FROM now()) * 1000000) < 3600000000 AS now FROM pseudo_t ORDER BY id;
EXPLAIN (VERBOSE, COSTS OFF) SELECT v, left_of_v FROM pseudo_t WHERE id = 1 AND written_v > 0;
SELECT id FROM pseudo_t WHERE written_v = 1700000000000000;
-- they are for reading
INSERT INTO pseudo_t (id, v) VALUES (4, 'four') RETURNING id, v, left_of_v;
INSERT INTO pseudo_t (id, left_of_v) VALUES (5, 5);
COPY pseudo_t FROM stdin;
1	5	x	1	1
\.
COPY pseudo_t (id, v) FROM stdin;
5	five
\.
CREATE FUNCTION pseudo_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.left_of_v := 1; NEW.n := 66; RETURN NEW; END $$;
CREATE TRIGGER pseudo_before BEFORE INSERT ON pseudo_t FOR EACH ROW EXECUTE FUNCTION pseudo_before();
INSERT INTO pseudo_t (id, v) VALUES (6, 'six');
DROP TRIGGER pseudo_before ON pseudo_t;
SELECT id, v, n FROM pseudo_t WHERE id >= 4 ORDER BY id;
-- keys have neither, and a column is one thing
CREATE FOREIGN TABLE pseudo_key (id int, w bigint OPTIONS (writetime_of 'id')) SERVER pseudo_cluster OPTIONS (keyspace 'fdw_pseudo', "table" 't');
\set VERBOSITY terse
SELECT w FROM pseudo_key;
\set VERBOSITY default
CREATE FOREIGN TABLE pseudo_none (id int, w bigint OPTIONS (writetime_of 'nope')) SERVER pseudo_cluster OPTIONS (keyspace 'fdw_pseudo', "table" 't');
SELECT w FROM pseudo_none;
ALTER FOREIGN TABLE pseudo_t ALTER v OPTIONS (ADD ttl_of 'V');
ALTER FOREIGN TABLE pseudo_t ALTER n OPTIONS (ADD ttl_of '');
-- a table of nothing else has rows all the same
CREATE FOREIGN TABLE pseudo_only (w bigint OPTIONS (writetime_of 'n')) SERVER pseudo_cluster OPTIONS (keyspace 'fdw_pseudo', "table" 't');
SELECT count(w) FROM pseudo_only;
SELECT count(*) FROM pseudo_only;

-- whole rows, with dropped and added columns; tableoid
ALTER FOREIGN TABLE pseudo_plain DROP COLUMN n;
ALTER FOREIGN TABLE pseudo_plain ADD COLUMN number int OPTIONS (column_name 'n');
SELECT p, p.number FROM pseudo_plain p WHERE id = 3;
SELECT tableoid::regclass, id FROM pseudo_plain WHERE id = 3;
SELECT count(*) FROM pseudo_plain p WHERE p IS NOT NULL;
-- row locks are the cluster's business: there are none
SELECT id FROM pseudo_plain WHERE id = 3 FOR UPDATE;
SELECT id FROM pseudo_plain WHERE id = 3 FOR SHARE SKIP LOCKED;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM pseudo_plain WHERE id = 3 FOR UPDATE;
EXPLAIN (COSTS OFF) SELECT id FROM pseudo_plain WHERE id = 3 FOR KEY SHARE;

SELECT scylla_fdw_execute('pseudo_cluster', 'DROP KEYSPACE fdw_pseudo');
DROP SERVER pseudo_cluster CASCADE;
DROP FUNCTION pseudo_before;
