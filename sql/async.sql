-- Asynchronous scans: an Append asks all its foreign tables at the same time.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER async_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE SERVER async_other FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000', async_capable 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER async_cluster;
CREATE USER MAPPING FOR CURRENT_USER SERVER async_other;
SELECT scylla_fdw_execute('async_cluster', 'DROP KEYSPACE IF EXISTS fdw_async');
SELECT scylla_fdw_execute('async_cluster', 'CREATE KEYSPACE fdw_async WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
CREATE TABLE async_t (part int, k int, v text) PARTITION BY LIST (part);
SELECT scylla_fdw_execute('async_cluster', format('CREATE TABLE fdw_async.async_%s (k int PRIMARY KEY, part int, v text)', i)) FROM generate_series(0, 19) i;
DO $$
BEGIN
  FOR i IN 0..19 LOOP
    EXECUTE format('CREATE FOREIGN TABLE async_%s PARTITION OF async_t FOR VALUES IN (%1$s) SERVER %I OPTIONS (keyspace ''fdw_async'', fetch_size %L)',
      i, CASE WHEN i % 2 = 0 THEN 'async_cluster' ELSE 'async_other' END, 10 + i);
  END LOOP;
END $$;
CREATE TABLE async_l PARTITION OF async_t FOR VALUES IN (20);
INSERT INTO async_t SELECT g % 21, g, 'v' || g FROM generate_series(1, 2100) g;
ALTER FOREIGN TABLE async_3 OPTIONS (ADD async_capable 'true');

-- all but the server's, but for a table of it that may
EXPLAIN (COSTS OFF) SELECT * FROM async_t WHERE part IN (0, 1, 2, 3, 20);
SELECT count(*), sum(k), count(DISTINCT v) FROM async_t WHERE part IN (0, 1, 2, 3, 20);
ALTER SERVER async_other OPTIONS (SET async_capable 'true');
SELECT count(*), sum(k), count(DISTINCT v) FROM async_t;
SET enable_async_append = off;
SELECT count(*), sum(k), count(DISTINCT v) FROM async_t;
RESET enable_async_append;

-- conditions that are checked here: several rows are read for one; none for a whole partition
SELECT part, count(*) FROM async_t WHERE length(v) = 3 AND part <> 4 GROUP BY part ORDER BY part LIMIT 3;
SELECT count(*) FROM async_t WHERE v < 'a';
-- by key
SELECT * FROM async_t WHERE k = 44;
PREPARE async_p (int) AS SELECT * FROM async_t WHERE k = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE async_p (45); EXECUTE async_p (46); EXECUTE async_p (NULL); EXECUTE async_p (-1);
RESET plan_cache_mode;

-- early stops, cursors
SELECT count(*) FROM (SELECT * FROM async_t WHERE part < 20 LIMIT 7) x;
SELECT EXISTS (SELECT FROM async_t WHERE length(v) = 4);
DO $$
DECLARE
  c CURSOR FOR SELECT * FROM async_t;
  n int;
BEGIN
  OPEN c;
  MOVE FORWARD 500 FROM c;
  INSERT INTO async_t VALUES (0, 3000, 'new'), (1, 3001, 'new'), (7, 3002, 'new');
  MOVE FORWARD ALL FROM c;
  GET DIAGNOSTICS n = ROW_COUNT;
  RAISE WARNING '% rows behind the first 500', n;
END $$;
BEGIN;
DECLARE async_s SCROLL CURSOR FOR SELECT * FROM async_t;
MOVE ALL IN async_s;
MOVE BACKWARD ALL IN async_s;
CLOSE async_s;
COMMIT;
SELECT count(*) FROM async_t;

-- read again: with the same parameters, and others
SELECT x, (SELECT count(*) FROM async_t WHERE length(v) = x) FROM generate_series(2, 5) x;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SELECT count(*) FROM (VALUES (1), (2)) x (i) JOIN async_t ON k > i AND part < 4;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material;
SELECT x.k, y.n FROM (VALUES (7), (70)) x (k), LATERAL (SELECT count(*) AS n FROM async_t WHERE k < x.k) y ORDER BY 1;

-- other appends
SELECT count(*) FROM (SELECT * FROM async_0 UNION ALL SELECT * FROM async_1 UNION ALL SELECT * FROM async_l) x;
SELECT count(*) FROM async_t x JOIN async_t y USING (part, k);

-- one of them fails; the next statement works
CREATE FOREIGN TABLE async_bad (part int, k int, v inet) SERVER async_cluster OPTIONS (keyspace 'fdw_async', "table" 'async_6');
SELECT count(v) FROM (SELECT v::text FROM async_8 UNION ALL SELECT v::text FROM async_bad UNION ALL SELECT v::text FROM async_9) x;
SELECT count(*) FROM async_8;

DROP TABLE async_t;
SELECT scylla_fdw_execute('async_cluster', 'DROP KEYSPACE fdw_async');
DROP SERVER async_cluster, async_other CASCADE;
