-- Scans: all rows page by page, or the rows of a full partition key.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
DROP ROLE IF EXISTS scan_role;
CREATE SERVER scan_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER scan_cluster;
SELECT scylla_fdw_execute('scan_cluster', 'DROP KEYSPACE IF EXISTS fdw_scan');
SELECT scylla_fdw_execute('scan_cluster', 'CREATE KEYSPACE fdw_scan WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('scan_cluster', 'CREATE TABLE fdw_scan.t (a int, b text, c int, v text, PRIMARY KEY ((a, b), c))');
SELECT scylla_fdw_execute('scan_cluster', 'CREATE TABLE fdw_scan.k (k bigint PRIMARY KEY, v text)');
CREATE FOREIGN TABLE scan_t (v text, a int, b text, c int) SERVER scan_cluster OPTIONS (keyspace 'fdw_scan', "table" 't');
CREATE FOREIGN TABLE scan_k (k bigint, v text) SERVER scan_cluster OPTIONS (keyspace 'fdw_scan', "table" 'k');
CREATE TABLE scan_local AS
  SELECT 'v' || g AS v, g % 10 AS a, chr(97 + g % 3) AS b, g AS c FROM generate_series(1, 1000) g;
INSERT INTO scan_t SELECT * FROM scan_local;
INSERT INTO scan_k SELECT g, 'v' || g FROM generate_series(1, 100) g;

-- the same as a local copy
SELECT count(*) FROM ((SELECT * FROM scan_t EXCEPT ALL SELECT * FROM scan_local)
  UNION ALL (SELECT * FROM scan_local EXCEPT ALL SELECT * FROM scan_t)) d;
-- page sizes around the number of rows
DO $$
DECLARE n int;
BEGIN
  FOREACH n IN ARRAY ARRAY[1, 2, 333, 999, 1000, 1001] LOOP
    EXECUTE format('ALTER FOREIGN TABLE scan_t OPTIONS (%s fetch_size %L)', CASE WHEN n = 1 THEN 'ADD' ELSE 'SET' END, n);
    IF (SELECT (count(*), sum(c), count(DISTINCT v)) FROM scan_t) <> (1000::bigint, 500500::bigint, 1000::bigint) THEN
      RAISE 'fetch_size %', n;
    END IF;
  END LOOP;
END $$;
ALTER FOREIGN TABLE scan_t OPTIONS (SET fetch_size '7');

-- zero columns, whole rows, system columns, subsets
SELECT count(*) FROM scan_t;
SELECT EXISTS (SELECT FROM scan_t);
SELECT 1 FROM scan_k LIMIT 2;
-- where nothing of the rows is wanted, columns that the cluster lacks do no harm
CREATE FOREIGN TABLE scan_more (gone text, v text) SERVER scan_cluster OPTIONS (keyspace 'fdw_scan', "table" 'k');
CREATE FOREIGN TABLE scan_none () SERVER scan_cluster OPTIONS (keyspace 'fdw_scan', "table" 'k');
EXPLAIN (VERBOSE, COSTS OFF) SELECT FROM scan_more;
SELECT count(*) FROM (SELECT FROM scan_more OFFSET 0) x;
SELECT EXISTS (SELECT FROM scan_none), (SELECT count(*) FROM scan_none, scan_more WHERE scan_more.v = 'v1');
SELECT count(gone) FROM scan_more;
SELECT t FROM scan_t t WHERE c = 5;
SELECT tableoid::regclass, c FROM scan_t WHERE c = 5;
SELECT v FROM scan_t WHERE a = 5 AND c < 50 ORDER BY c;
EXPLAIN (VERBOSE, COSTS OFF) SELECT v FROM scan_t WHERE a = 5 AND c < 50;

-- by full partition key: either side, parameters, other integer types
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM scan_t WHERE a = 3 AND b = 'b' AND c > 500;
SELECT * FROM scan_t WHERE a = 3 AND 'b' = b AND c > 900 ORDER BY c;
SELECT * FROM scan_k WHERE 5 = k;
SELECT * FROM scan_k WHERE k = 5::smallint;
SELECT * FROM scan_k WHERE k = 5 AND k = 6;
SELECT * FROM scan_k WHERE k = NULL;
SELECT * FROM scan_k WHERE k IS NULL;
SELECT * FROM scan_k WHERE k = (SELECT max(c) / 100 FROM scan_local);
SELECT * FROM scan_k WHERE k = 9223372036854775807;
SELECT * FROM scan_t WHERE a = 3000000000 AND b = 'b';
SELECT * FROM scan_k WHERE false;
PREPARE scan_p (bigint) AS SELECT * FROM scan_k WHERE k = $1;
EXECUTE scan_p (1); EXECUTE scan_p (2); EXECUTE scan_p (3); EXECUTE scan_p (4);
EXECUTE scan_p (5); EXECUTE scan_p (6); EXECUTE scan_p (NULL); EXECUTE scan_p (1000);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE scan_p (1);
EXECUTE scan_p (7);
RESET plan_cache_mode;
-- one column of two is no key
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM scan_t WHERE b = 'b';
-- not by CQL's equality
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM scan_k WHERE k = 5.0;
SELECT * FROM scan_k WHERE k = 5.0;

-- correlated, rescanned, joined
SELECT l.c, (SELECT v FROM scan_k WHERE k = l.c) FROM scan_local l WHERE l.c IN (5, 50, 500) ORDER BY 1;
SELECT l.c, x.n FROM scan_local l, LATERAL (SELECT count(*) AS n FROM scan_t WHERE a = l.a AND b = l.b) x WHERE l.c < 4 ORDER BY 1;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SELECT count(*) FROM scan_k x JOIN scan_k y USING (v);
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material;

-- cursors, LIMIT: what is not read is not asked for
BEGIN;
DECLARE scan_c CURSOR FOR SELECT c FROM scan_t WHERE a = 1 AND b = 'b' ORDER BY c;
FETCH 3 FROM scan_c;
MOVE 10 IN scan_c;
FETCH 2 FROM scan_c;
CLOSE scan_c;
DECLARE scan_h CURSOR WITH HOLD FOR SELECT k FROM scan_k WHERE k < 4 ORDER BY k;
COMMIT;
FETCH ALL FROM scan_h;
CLOSE scan_h;
SELECT count(*) FROM (SELECT * FROM scan_t LIMIT 20) x;
SELECT count(*) FROM (SELECT * FROM scan_t LIMIT 0) x;

-- other sinks
CREATE MATERIALIZED VIEW scan_mv AS SELECT * FROM scan_k;
SELECT count(*) FROM scan_mv;
CREATE TABLE scan_ctas AS SELECT * FROM scan_t WHERE c % 100 = 0;
SELECT count(*) FROM scan_ctas;
SELECT * FROM scan_k WHERE k = 5 FOR UPDATE;
ANALYZE scan_k;

-- a view reads with its owner's mapping
CREATE ROLE scan_role;
CREATE VIEW scan_view AS SELECT * FROM scan_k WHERE k = 7;
GRANT SELECT ON scan_view, scan_k TO scan_role;
SET ROLE scan_role;
SELECT * FROM scan_view;
\set VERBOSITY sqlstate
SELECT * FROM scan_k WHERE k = 7;
\set VERBOSITY default
RESET ROLE;

-- fewer columns and other names than the table has; a wrong type only where it is used
CREATE FOREIGN TABLE scan_few (value text OPTIONS (column_name 'v')) SERVER scan_cluster OPTIONS (keyspace 'fdw_scan', "table" 'k');
SELECT count(DISTINCT value) FROM scan_few;
CREATE FOREIGN TABLE scan_bad (k bigint, v inet) SERVER scan_cluster OPTIONS (keyspace 'fdw_scan', "table" 'k');
SELECT count(k) FROM scan_bad;
SELECT v FROM scan_bad;

-- the table changes under a session
SELECT v FROM scan_k WHERE k = 1;
SELECT scylla_fdw_execute('scan_cluster', 'ALTER TABLE fdw_scan.k ADD extra int');
INSERT INTO scan_k VALUES (1001, 'after');
SELECT v FROM scan_k WHERE k = 1001;
SELECT scylla_fdw_execute('scan_cluster', 'ALTER TABLE fdw_scan.k DROP v');
SELECT v FROM scan_k WHERE k = 1;
SELECT k FROM scan_k WHERE k = 1;
SELECT scylla_fdw_execute('scan_cluster', 'DROP TABLE fdw_scan.k');
SELECT k FROM scan_k WHERE k = 1;

DROP MATERIALIZED VIEW scan_mv;
DROP VIEW scan_view;
SELECT scylla_fdw_execute('scan_cluster', 'DROP KEYSPACE fdw_scan');
DROP SERVER scan_cluster CASCADE;
DROP TABLE scan_local, scan_ctas;
DROP ROLE scan_role;
