-- Parallel scans: leader and workers take ranges of tokens one after the other.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER parallel_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER parallel_cluster;
SELECT scylla_fdw_execute('parallel_cluster', 'DROP KEYSPACE IF EXISTS fdw_parallel');
SELECT scylla_fdw_execute('parallel_cluster', 'CREATE KEYSPACE fdw_parallel WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('parallel_cluster', 'CREATE TABLE fdw_parallel.t (a int, c int, v text, PRIMARY KEY (a, c))');
CREATE FOREIGN TABLE parallel_t (a int, c int, v text) SERVER parallel_cluster OPTIONS (keyspace 'fdw_parallel', "table" 't', fetch_size '100');
CREATE TABLE parallel_local AS SELECT g % 5000 AS a, g AS c, 'v' || g AS v FROM generate_series(1, 20000) g;
INSERT INTO parallel_t SELECT * FROM parallel_local;
-- without statistics, or of a small table: alone
EXPLAIN (COSTS OFF) SELECT count(*) FROM parallel_t WHERE length(v) > 0;
ANALYZE parallel_t;
EXPLAIN (COSTS OFF) SELECT count(*) FROM parallel_t WHERE length(v) > 0;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM parallel_t WHERE length(v) > 0;
SELECT count(*), sum(c), count(DISTINCT v) FROM parallel_t WHERE length(v) > 0;
SELECT count(*) FROM ((SELECT * FROM parallel_t EXCEPT ALL SELECT * FROM parallel_local)
  UNION ALL (SELECT * FROM parallel_local EXCEPT ALL SELECT * FROM parallel_t)) d;

-- workers alone; the leader alone
SET parallel_leader_participation = off;
SELECT count(*), sum(c) FROM parallel_t WHERE length(v) > 0;
RESET parallel_leader_participation;
SET max_parallel_workers = 0;
SELECT count(*), sum(c) FROM parallel_t WHERE length(v) > 0;
RESET max_parallel_workers;

-- counted for all processes
CREATE FUNCTION parallel_pages(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT json) ' || query INTO plan;
  RETURN (jsonb_path_query_first(plan::jsonb, '$.**.Pages'))::int BETWEEN 200 AND 800;
END $$;
SELECT parallel_pages('SELECT sum(c) FROM parallel_t WHERE length(v) > 0');
SET parallel_leader_participation = off;
SELECT parallel_pages('SELECT sum(c) FROM parallel_t WHERE length(v) > 0');
RESET parallel_leader_participation;

-- filtered there, by a constant and by a value that is known when it runs
ALTER FOREIGN TABLE parallel_t OPTIONS (ADD allow_filtering 'true');
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM parallel_t WHERE c > 19000 AND length(v) > 0;
SELECT count(*) FROM parallel_t WHERE c > 19000 AND length(v) > 0;
SELECT count(*), sum(c) FROM parallel_t WHERE c > (SELECT max(c) - 100 FROM parallel_local) AND length(v) > 0;
ALTER FOREIGN TABLE parallel_t OPTIONS (DROP allow_filtering);

-- by key: alone, in workers never
EXPLAIN (COSTS OFF) SELECT * FROM parallel_t WHERE a = 1 AND c < 100;

-- read again and again
SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SELECT x, (SELECT count(*) FROM parallel_t WHERE length(v) = x) FROM generate_series(4, 6) x;
SELECT count(*) FROM (VALUES (1), (2), (3)) x (i) JOIN (SELECT count(*) AS n FROM parallel_t WHERE length(v) > 0) y ON y.n > x.i;
RESET enable_material; RESET enable_hashjoin; RESET enable_mergejoin;
SELECT count(*) FROM parallel_t t JOIN parallel_local l USING (a, c, v);
SELECT count(*) FROM parallel_t x JOIN parallel_t y USING (a, c);

-- early stops, cursors
SELECT count(*) FROM (SELECT * FROM parallel_t WHERE length(v) > 1 LIMIT 7) x;
BEGIN;
DECLARE parallel_c CURSOR FOR SELECT * FROM parallel_t;
MOVE 5000 IN parallel_c;
INSERT INTO parallel_t VALUES (-1, -1, 'new');
MOVE ALL IN parallel_c;
COMMIT;
SELECT count(*) FROM parallel_t WHERE length(v) > 0;

-- what a statement under way has written is there, also where workers alone read
SET parallel_leader_participation = off;
CREATE FUNCTION parallel_count() RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT count(*) FROM parallel_t WHERE length(v) > 0;
END $$;
CREATE FUNCTION parallel_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.v := (SELECT * FROM parallel_count());
  RETURN NEW;
END $$;
CREATE TRIGGER parallel_before BEFORE INSERT ON parallel_t FOR EACH ROW EXECUTE FUNCTION parallel_trigger();
INSERT INTO parallel_t SELECT -2, g FROM generate_series(1, 3) g;
SELECT * FROM parallel_t WHERE a = -2 ORDER BY c;

-- an error of a worker is the query's
CREATE FOREIGN TABLE parallel_bad (a smallint, c smallint, v text) SERVER parallel_cluster OPTIONS (keyspace 'fdw_parallel', "table" 't', fetch_size '100');
UPDATE pg_class SET reltuples = 20000, relpages = 200 WHERE relname = 'parallel_bad';
INSERT INTO parallel_t VALUES (-3, 1000000, 'x');
\set VERBOSITY sqlstate
SELECT count(*) FROM parallel_bad WHERE length(v) > 0 AND c > 0;
\set VERBOSITY default

SELECT scylla_fdw_execute('parallel_cluster', 'DROP KEYSPACE fdw_parallel');
DROP SERVER parallel_cluster CASCADE;
DROP FUNCTION parallel_pages, parallel_count, parallel_trigger;
DROP TABLE parallel_local;
