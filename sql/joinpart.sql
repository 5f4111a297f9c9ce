-- Joins with partitioned tables whose partitions are foreign: keys are looked up by the columns that each partition is joined with.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
DROP ROLE IF EXISTS jp_role;
CREATE SERVER jp_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER jp_cluster;
SELECT scylla_fdw_execute('jp_cluster', cql) FROM unnest(ARRAY[
  'DROP KEYSPACE IF EXISTS fdw_joinpart',
  'CREATE KEYSPACE fdw_joinpart WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}',
  'CREATE TABLE fdw_joinpart.low (k int PRIMARY KEY, n int, v text)',
  'CREATE TABLE fdw_joinpart.mid (k int PRIMARY KEY, n int, v text)',
  'CREATE TABLE fdw_joinpart.high (k int PRIMARY KEY, n int, v text)',
  'CREATE TABLE fdw_joinpart.g (k int PRIMARY KEY, n int, v text)']) cql;
-- one level, and another one below it; columns at other places, one of them dropped
CREATE TABLE jp_f (k int, n int, v text) PARTITION BY RANGE (k);
CREATE FOREIGN TABLE jp_f_low PARTITION OF jp_f FOR VALUES FROM (0) TO (100) SERVER jp_cluster OPTIONS (keyspace 'fdw_joinpart', "table" 'low');
CREATE TABLE jp_f_rest (v text, k int, n int) PARTITION BY RANGE (k);
CREATE FOREIGN TABLE jp_f_mid (gone int, n int, v text, k int) SERVER jp_cluster OPTIONS (keyspace 'fdw_joinpart', "table" 'mid');
ALTER FOREIGN TABLE jp_f_mid DROP gone;
CREATE FOREIGN TABLE jp_f_high (n int, k int, v text) SERVER jp_cluster OPTIONS (keyspace 'fdw_joinpart', "table" 'high');
ALTER TABLE jp_f_rest ATTACH PARTITION jp_f_mid FOR VALUES FROM (100) TO (200);
ALTER TABLE jp_f_rest ATTACH PARTITION jp_f_high FOR VALUES FROM (200) TO (300);
ALTER TABLE jp_f ATTACH PARTITION jp_f_rest FOR VALUES FROM (100) TO (300);
CREATE TABLE jp_l (LIKE jp_f);
INSERT INTO jp_l SELECT g, g % 7, 'v' || g / 7 % 5 FROM generate_series(0, 299, 2) g;
INSERT INTO jp_f SELECT * FROM jp_l;
CREATE TABLE jp_o (x text, k int, a int) PARTITION BY RANGE (k);
CREATE TABLE jp_o_low PARTITION OF jp_o FOR VALUES FROM (0) TO (100);
CREATE TABLE jp_o_rest (a int, k int, x text) PARTITION BY RANGE (k);
CREATE TABLE jp_o_mid PARTITION OF jp_o_rest FOR VALUES FROM (100) TO (200);
CREATE TABLE jp_o_high (k int, x text, a int);
ALTER TABLE jp_o_rest ATTACH PARTITION jp_o_high FOR VALUES FROM (200) TO (300);
ALTER TABLE jp_o ATTACH PARTITION jp_o_rest FOR VALUES FROM (100) TO (300);
INSERT INTO jp_o SELECT 'x' || g, g, g * 3 % 300 FROM generate_series(0, 299, 15) g;
CREATE TABLE jp_p AS SELECT g AS id, g * 15 AS k FROM generate_series(1, 12) g;
ANALYZE jp_o, jp_l, jp_p;
-- as if they were large
UPDATE pg_class SET reltuples = 1000000, relpages = 10000 WHERE oid IN ('jp_f_low'::regclass, 'jp_f_mid'::regclass, 'jp_f_high'::regclass);

SET enable_partitionwise_join = on; SET enable_hashjoin = off; SET enable_mergejoin = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT o.x, f.v FROM jp_o o LEFT JOIN jp_f f ON f.k = o.k;
SET scylla_fdw.enable_join = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT o.x, f.v FROM jp_o o LEFT JOIN jp_f f ON f.k = o.k;
RESET enable_partitionwise_join;
EXPLAIN (COSTS OFF) SELECT p.id, f.v FROM jp_p p JOIN jp_f f ON f.k = p.k;
EXPLAIN (COSTS OFF) SELECT p.id, f.v FROM jp_p p JOIN (SELECT k, v FROM jp_f_low UNION ALL SELECT k, v FROM jp_f_high) f ON f.k = p.k;
RESET scylla_fdw.enable_join;

-- as text: how many rows, whether they are a local copy's, and which plans did not look all partitions up by key
CREATE FUNCTION jp_rows(query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  found text[];
BEGIN
  EXECUTE format('SELECT array_agg(q::text ORDER BY q::text) FROM (%s) q', query) INTO found;
  RETURN found;
END $$;
CREATE FUNCTION jp_check(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  keys int;
  report text := '';
  expected text[] := jp_rows(replace(query, 'jp_f', 'jp_l'));
BEGIN
  SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off;
  FOR partitionwise IN 0 .. 1 LOOP
    FOR by_join IN 0 .. 1 LOOP
      PERFORM set_config('enable_partitionwise_join', partitionwise::text, true), set_config('scylla_fdw.enable_join', by_join::text, true);
      keys := 0;
      FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        keys := keys + (line ~ '^ +Key: ')::int;
      END LOOP;
      report := report || CASE WHEN jp_rows(query) IS DISTINCT FROM expected THEN ', DIFFERENT' ELSE '' END ||
        CASE WHEN keys <> 3 THEN format(', %s keys with %s %s', keys, partitionwise, by_join) ELSE '' END;
    END LOOP;
  END LOOP;
  RETURN cardinality(expected) || ' rows' || report;
END $$;
SELECT jp_check($$SELECT o.x, f.v FROM jp_o o JOIN jp_f f ON f.k = o.k$$);
SELECT jp_check($$SELECT o.x, f.v FROM jp_o o LEFT JOIN jp_f f ON f.k = o.k$$);
SELECT jp_check($$SELECT o, f, f IS NULL AS none FROM jp_o o LEFT JOIN jp_f f ON f.k = o.k$$);
SELECT jp_check($$SELECT o.x, f.v FROM jp_o o LEFT JOIN jp_f f ON f.k = o.k AND f.n > 2 AND f.v <> o.x WHERE o.a < 200$$);
SELECT jp_check($$SELECT o.x, q.y FROM jp_o o LEFT JOIN (SELECT k, coalesce(v, 'none') || n AS y FROM jp_f WHERE n > 2) q ON q.k = o.k$$);
SELECT jp_check($$SELECT o.x FROM jp_o o WHERE EXISTS (SELECT FROM jp_f f WHERE f.k = o.k AND f.n < o.a)$$);
SELECT jp_check($$SELECT o.x FROM jp_o o WHERE NOT EXISTS (SELECT FROM jp_f f WHERE f.k = o.k AND f.n < o.a)$$);
SELECT jp_check($$SELECT f.v FROM jp_f f WHERE f.k IN (SELECT k FROM jp_o WHERE a > 20)$$);
SELECT jp_check($$SELECT o.x, f.v FROM jp_o o JOIN jp_f f ON f.k = o.a$$);
SELECT jp_check($$SELECT p.id, o.x, f.v FROM jp_p p JOIN jp_o o ON o.k = p.k JOIN jp_f f ON f.k = o.k$$);
SELECT jp_check($$SELECT p.id, f.v FROM jp_p p LEFT JOIN jp_f f ON f.k = p.k$$);
SELECT jp_check($$SELECT o.x, q.* FROM jp_o o LEFT JOIN LATERAL (SELECT f.v || o.x AS y, f.n + o.a AS z FROM jp_f f WHERE f.k = o.k) q ON true$$);
SELECT jp_check($$SELECT o.x, q.* FROM jp_o o, LATERAL (SELECT f.v, o.a + f.n AS z FROM jp_f f WHERE f.k = o.k AND f.n < o.a OFFSET 0) q$$);
SELECT jp_check($$SELECT p.id, f.k, f.v FROM jp_p p JOIN (SELECT k, v FROM jp_f UNION ALL SELECT k + 1, v FROM jp_l) f ON f.k = p.k$$);
PREPARE jp_p (int, text) AS SELECT count(*), min(f.v) FROM jp_o o LEFT JOIN jp_f f ON f.k = o.k AND f.n < $1 AND f.v > $2 WHERE o.a > $1;
SET enable_partitionwise_join = on; SET scylla_fdw.enable_join = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET plan_cache_mode = force_generic_plan;
EXECUTE jp_p (3, 'v1');
EXECUTE jp_p (6, 'v3');
RESET plan_cache_mode; RESET enable_partitionwise_join; RESET scylla_fdw.enable_join; RESET enable_hashjoin; RESET enable_mergejoin;

-- nobody is handed what a policy hides
CREATE ROLE jp_role;
CREATE USER MAPPING FOR jp_role SERVER jp_cluster OPTIONS (password_required 'false');
CREATE FUNCTION jp_told(n int, v text) RETURNS text LANGUAGE plpgsql STABLE COST 0.0001 AS $$
BEGIN
  IF n < 3 THEN
    RAISE EXCEPTION 'told %, %', n, v;
  END IF;
  RETURN v;
END $$;
ALTER TABLE jp_f ENABLE ROW LEVEL SECURITY;
CREATE POLICY jp_policy ON jp_f FOR SELECT TO jp_role USING (n >= 3);
GRANT SELECT ON jp_f, jp_o TO jp_role;
SET ROLE jp_role;
SET enable_partitionwise_join = on; SET enable_hashjoin = off; SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT o.k, s.t FROM jp_o o LEFT JOIN (SELECT k, coalesce(jp_told(n, v), 'none') AS t FROM jp_f WHERE jp_told(n, v) > 'v') s ON s.k = o.k;
SELECT count(*), count(s.t) FROM jp_o o LEFT JOIN (SELECT k, coalesce(jp_told(n, v), 'none') AS t FROM jp_f) s ON s.k = o.k;
SELECT count(*), count(s.t) FROM jp_o o LEFT JOIN (SELECT k, coalesce(jp_told(n, v), 'none') AS t FROM jp_f WHERE jp_told(n, v) > 'v') s ON s.k = o.k AND s.t <> 'x';
SELECT count(*) FROM jp_o o JOIN jp_f f ON f.k = o.k AND jp_told(f.n, f.v) > o.x;
SELECT count(*) FROM jp_o o WHERE NOT EXISTS (SELECT FROM jp_f f WHERE f.k = o.k AND jp_told(f.n, f.v) > 'v');
SELECT count(*) FROM jp_f f WHERE jp_told(f.n, f.v) > 'v' AND f.k = 30;
RESET enable_partitionwise_join;
RESET ROLE;
ALTER TABLE jp_f DISABLE ROW LEVEL SECURITY;

-- what is changed by what it is joined with, and whole rows of both: compared with local copies, what is returned as well
CREATE FOREIGN TABLE jp_fg (gone text, v text, k int, n int) SERVER jp_cluster OPTIONS (keyspace 'fdw_joinpart', "table" 'g');
ALTER FOREIGN TABLE jp_fg DROP gone;
CREATE TABLE jp_lg (gone text, v text, k int, n int);
ALTER TABLE jp_lg DROP gone;
INSERT INTO jp_lg SELECT 'g' || g, g, g + 2 FROM generate_series(1, 9) g;
INSERT INTO jp_fg SELECT * FROM jp_lg;
ANALYZE jp_lg;
UPDATE pg_class SET reltuples = 1000000, relpages = 10000 WHERE oid = 'jp_fg'::regclass;
CREATE FUNCTION jp_change(query text, joins int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  found int := 0;
  changed text[];
  expected text[];
BEGIN
  SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off;
  query := format('WITH u AS (%s) SELECT array_agg(u::text ORDER BY u::text) FROM u', query);
  FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
    found := found + (line LIKE '%Custom Scan (ScyllaJoin)%')::int;
  END LOOP;
  EXECUTE query INTO changed;
  EXECUTE replace(query, 'jp_f', 'jp_l') INTO expected;
  RETURN cardinality(changed) || ' rows' || CASE WHEN changed <> expected THEN ', DIFFERENT' ELSE '' END ||
    CASE WHEN jp_rows('SELECT k, n, v FROM jp_f') <> jp_rows('SELECT k, n, v FROM jp_l') OR jp_rows('SELECT * FROM jp_fg') <> jp_rows('SELECT * FROM jp_lg') THEN ', WRONG' ELSE '' END ||
    CASE WHEN found <> joins THEN ', ' || found || ' JOINS' ELSE '' END;
END $$;
SET enable_partitionwise_join = on; SET enable_hashjoin = off; SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) DELETE FROM jp_f f USING jp_o o WHERE f.k = o.k AND f.n < o.a - 200;
DELETE FROM jp_f f USING jp_o o WHERE f.k = o.k AND f.n < o.a - 200;
DELETE FROM jp_l f USING jp_o o WHERE f.k = o.k AND f.n < o.a - 200;
-- whole rows of a partitioned table are not joined partition by partition
SELECT jp_change($$UPDATE jp_f f SET n = f.n + o.a, v = o.x FROM jp_o o WHERE o.k = f.k AND o.a < 100 RETURNING f.k, f.v, o$$, 0);
SELECT jp_change($$UPDATE jp_f f SET v = length(f::text) || o.x FROM jp_o o WHERE o.k = f.k AND o.a < 100 RETURNING f, o$$, 0);
SELECT jp_change($$UPDATE jp_f f SET v = o.x FROM jp_o o WHERE o.k = f.k AND length(f::text) + o.a > 100 RETURNING f, o.k$$, 0);
SELECT jp_change($$DELETE FROM jp_f f USING jp_o o WHERE o.k = f.k AND o.a < 40 RETURNING f, f::text, o$$, 0);
SET scylla_fdw.enable_join = off;
SELECT jp_change($$UPDATE jp_f f SET v = length(f::text) || o.x FROM jp_o o WHERE o.k = f.k AND o.a > 99 RETURNING f, o$$, 0);
RESET enable_partitionwise_join;
SELECT jp_change($$DELETE FROM jp_f f USING jp_p p WHERE f.k = p.k AND p.id < 5 RETURNING f, p$$, 0);
RESET scylla_fdw.enable_join;
-- the changed one is looked up, or what it is joined with, or both
SELECT jp_change($$UPDATE jp_fg f SET v = length(f::text) || p::text FROM jp_p p WHERE f.k = p.id RETURNING f, p$$, 1);
SELECT jp_change($$UPDATE jp_fg f SET v = p.k FROM jp_p p WHERE f.k = p.id AND length(f::text) < p.k RETURNING f, p$$, 1);
SELECT jp_change($$UPDATE jp_fg f SET v = length(f::text) || s::text FROM jp_fg s WHERE s.k = f.n RETURNING f, s$$, 1);
SELECT jp_change($$UPDATE jp_fg f SET v = s.n FROM jp_fg s WHERE s.k = f.n AND length(f::text) < length(s::text) + s.k RETURNING f, s$$, 1);
SELECT jp_change($$UPDATE jp_fg f SET v = f || s.v FROM jp_p p JOIN jp_fg s ON s.k = p.id WHERE f.k = s.n RETURNING f, s, p$$, 2);
SELECT jp_change($$UPDATE jp_fg f SET v = length(f::text) FROM jp_fg s WHERE s.k = f.n AND EXISTS (SELECT FROM jp_fg t WHERE t.k = s.n AND t::text <> f::text) RETURNING f, s$$, 2);
SELECT jp_change($$DELETE FROM jp_fg f USING jp_fg s WHERE s.k = f.n AND f::text < s::text || 'x' AND s.n = 11 RETURNING f, s, f::text$$, 1);
SET scylla_fdw.enable_join = off;
SELECT jp_change($$UPDATE jp_fg f SET v = p.k FROM jp_p p WHERE f.k = p.id AND length(f::text) < p.k + 2 RETURNING f, p$$, 0);
RESET scylla_fdw.enable_join;
CREATE TABLE jp_m AS SELECT id, NULL::text AS t FROM jp_p;
MERGE INTO jp_m m USING (SELECT p.id, f, f::text AS t FROM jp_p p LEFT JOIN jp_fg f ON f.k = p.id) q ON q.id = m.id WHEN MATCHED THEN UPDATE SET t = q.t || length(q.f::text);
SELECT * FROM jp_m ORDER BY id;
RESET enable_partitionwise_join;

SELECT scylla_fdw_execute('jp_cluster', 'DROP KEYSPACE fdw_joinpart');
DROP TABLE jp_f, jp_l, jp_o, jp_p, jp_lg, jp_m;
DROP SERVER jp_cluster CASCADE;
DROP FUNCTION jp_rows, jp_check, jp_change, jp_told;
DROP ROLE jp_role;
