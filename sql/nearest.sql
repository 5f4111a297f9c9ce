-- Nearest vectors: ORDER BY embedding <=> value LIMIT k, by the cluster's index or not.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE EXTENSION vector;
-- Cassandra 5 fails rows when more threads than cores write to a vector index, so few are sent at a time
CREATE SERVER nearest_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER nearest_cluster;
SELECT scylla_fdw_execute('nearest_cluster', 'DROP KEYSPACE IF EXISTS fdw_nearest');
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE KEYSPACE fdw_nearest WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE TABLE fdw_nearest.t (id int PRIMARY KEY, kind text, n int, "Ec" vector<float, 3>, l2 vector<float, 3>, dot vector<float, 3>, plain vector<float, 3>, m int)');
SET scylla_fdw.warnings = off;
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE INDEX t_cosine ON fdw_nearest.t ("Ec") USING ''sai''');
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE INDEX t_l2 ON fdw_nearest.t (l2) USING ''sai'' WITH OPTIONS = {''similarity_function'': ''euclidean''}');
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE INDEX t_dot ON fdw_nearest.t (dot) USING ''sai'' WITH OPTIONS = {''similarity_function'': ''DOT_PRODUCT''}');
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE INDEX t_kind ON fdw_nearest.t (kind) USING ''sai''');
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE INDEX t_m ON fdw_nearest.t (m)');
RESET scylla_fdw.warnings;
CREATE FOREIGN TABLE nearest_t (id int, kind text, n int, e vector(3) OPTIONS (column_name 'Ec'), l2 vector(3), dot vector(3), plain vector(3), m int)
  SERVER nearest_cluster OPTIONS (keyspace 'fdw_nearest', "table" 't');
CREATE TABLE nearest_local AS
  SELECT g AS id, CASE g % 2 WHEN 0 THEN 'even' ELSE 'odd' END AS kind, g % 7 AS n,
    format('[%s,%s,%s]', cos(g), sin(g), g % 5 / 10.0)::vector(3) AS e FROM generate_series(1, 200) g;
INSERT INTO nearest_t SELECT id, kind, n, e, e, e, e, n FROM nearest_local;
INSERT INTO nearest_t (id, kind) VALUES (1000, 'none');
-- an index of rows that are there already can be asked once CREATE INDEX is over
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE TABLE fdw_nearest.late (id int PRIMARY KEY, e vector<float, 3>, n int)');
CREATE FOREIGN TABLE nearest_late (id int, e vector(3), n int) SERVER nearest_cluster OPTIONS (keyspace 'fdw_nearest', "table" 'late');
INSERT INTO nearest_late SELECT id, e, n FROM nearest_local;
SET scylla_fdw.warnings = off;
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE INDEX late_e ON fdw_nearest.late (e) USING ''sai''');
RESET scylla_fdw.warnings;
SELECT id FROM nearest_late ORDER BY e <=> '[1,0,0]' LIMIT 3;
SET scylla_fdw.warnings = off;
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE INDEX ON fdw_nearest.late (n)');
RESET scylla_fdw.warnings;
SELECT count(*) FROM nearest_late WHERE n = 3;

-- each similarity by its operator, the answer exact
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]' LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, l2 <-> '[1,0,0]' AS distance FROM nearest_t ORDER BY l2 <-> '[1,0,0]' LIMIT 5 OFFSET 2;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY '[1,0,0]' <#> dot LIMIT 5;
SELECT (SELECT array_agg(id) FROM (SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]' LIMIT 5) x) =
  (SELECT array_agg(id) FROM (SELECT id FROM nearest_local ORDER BY e <=> '[1,0,0]' LIMIT 5) x) AS same;
SELECT (SELECT array_agg(id) FROM (SELECT id FROM nearest_t ORDER BY l2 <-> '[1,0,0]' LIMIT 5 OFFSET 2) x) =
  (SELECT array_agg(id) FROM (SELECT id FROM nearest_local ORDER BY e <-> '[1,0,0]' LIMIT 5 OFFSET 2) x) AS same;
SELECT (SELECT array_agg(id) FROM (SELECT id FROM nearest_t ORDER BY '[1,0,0]' <#> dot LIMIT 5) x) =
  (SELECT array_agg(id) FROM (SELECT id FROM nearest_local ORDER BY e <#> '[1,0,0]' LIMIT 5) x) AS same;
-- how rows are counted differs between versions of the server
CREATE FUNCTION nearest_explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
    RETURN NEXT regexp_replace(line, '(actual rows=\d+)\.00', '\1');
  END LOOP;
END $$;
SELECT nearest_explain($$SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]' LIMIT 5$$);

-- vectors that are too large for an index
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE TABLE fdw_nearest.large (id int PRIMARY KEY, e vector<float, 8193>)');
SET scylla_fdw.warnings = off;
SELECT scylla_fdw_execute('nearest_cluster', 'CREATE INDEX ON fdw_nearest.large (e) USING ''sai''');
RESET scylla_fdw.warnings;
CREATE FOREIGN TABLE nearest_large (id int, e vector(8193)) SERVER nearest_cluster OPTIONS (keyspace 'fdw_nearest', "table" 'large');
CREATE FUNCTION nearest_ones() RETURNS vector LANGUAGE plpgsql STABLE AS 'BEGIN RETURN array_fill(1, ARRAY[8193])::vector; END';
INSERT INTO nearest_large VALUES (1, nearest_ones());
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_large ORDER BY e <=> nearest_ones() LIMIT 1;
SELECT id FROM nearest_large ORDER BY e <=> nearest_ones() LIMIT 1;

-- with conditions that keys and indexes serve
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t WHERE kind = 'even' ORDER BY e <=> '[1,0,0]' LIMIT 5;
SELECT (SELECT array_agg(id) FROM (SELECT id FROM nearest_t WHERE kind = 'even' ORDER BY e <=> '[1,0,0]' LIMIT 5) x) =
  (SELECT array_agg(id) FROM (SELECT id FROM nearest_local WHERE kind = 'even' ORDER BY e <=> '[1,0,0]' LIMIT 5) x) AS same;
SELECT id FROM nearest_t WHERE id = 7 ORDER BY e <=> '[1,0,0]' LIMIT 5;

-- parameters, NULL, how many
PREPARE nearest_p (vector, bigint) AS SELECT id FROM nearest_t ORDER BY e <=> $1 LIMIT $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE nearest_p ('[1,0,0]', 5);
EXECUTE nearest_p ('[1,0,0]', 3);
EXECUTE nearest_p ('[0,1,0]', 3);
SELECT count(*) FROM (SELECT 1 FROM nearest_t ORDER BY e <=> NULL LIMIT 1000) x;
CREATE TEMP TABLE nearest_all AS EXECUTE nearest_p ('[1,0,0]', NULL);
SELECT count(*) FROM nearest_all;
CREATE TEMP TABLE nearest_many AS EXECUTE nearest_p ('[1,0,0]', 2000);
SELECT count(*) FROM nearest_many;
EXECUTE nearest_p (NULL, 0);
CREATE TEMP TABLE nearest_null AS EXECUTE nearest_p (NULL, 1000);
SELECT count(*) FROM nearest_null;
EXECUTE nearest_p ('[1,0,0]', -1);
EXECUTE nearest_p ('[1,0]', 5);
RESET plan_cache_mode;
SELECT id FROM nearest_t ORDER BY e <=> (SELECT e FROM nearest_local WHERE id = 50) LIMIT 1;

-- why not
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY plain <=> '[1,0,0]' LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <-> '[1,0,0]' LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <+> '[1,0,0]' LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]';
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]' LIMIT 990 OFFSET 11;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]' DESC LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]', id LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]' FETCH FIRST 5 ROWS WITH TIES;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t WHERE n = 3 ORDER BY e <=> '[1,0,0]' LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <=> plain LIMIT 5;
SELECT (SELECT array_agg(id) FROM (SELECT id FROM nearest_t WHERE n = 3 ORDER BY e <=> '[1,0,0]' LIMIT 5) x) =
  (SELECT array_agg(id) FROM (SELECT id FROM nearest_local WHERE n = 3 ORDER BY e <=> '[1,0,0]' LIMIT 5) x) AS same;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t WHERE m = 3 ORDER BY e <=> '[1,0,0]' LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]' LIMIT (random() * 5)::int;
ALTER FOREIGN TABLE nearest_t OPTIONS (ADD allow_filtering 'true');
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM nearest_t WHERE n = 3 ORDER BY e <=> '[1,0,0]' LIMIT 5;
SELECT (SELECT array_agg(id) FROM (SELECT id FROM nearest_t WHERE n = 3 ORDER BY e <=> '[1,0,0]' LIMIT 5) x) =
  (SELECT array_agg(id) FROM (SELECT id FROM nearest_local WHERE n = 3 ORDER BY e <=> '[1,0,0]' LIMIT 5) x) AS same;
ALTER FOREIGN TABLE nearest_t OPTIONS (DROP allow_filtering);
-- values that Cassandra does not search by
SELECT count(*) FROM (SELECT id FROM nearest_t ORDER BY e <=> '[0,0,0]' LIMIT 5) x;
SELECT nearest_explain($$SELECT id FROM nearest_t ORDER BY l2 <-> '[0,0,0]' LIMIT 5$$);
SELECT count(*) FROM (SELECT id FROM nearest_t ORDER BY l2 <-> '[3e38,3e38,3e38]' LIMIT 5) x;
-- no rows, or children
SELECT id FROM nearest_t WHERE false ORDER BY e <=> '[1,0,0]' LIMIT 5;
SELECT id FROM nearest_t WHERE id = NULL ORDER BY e <=> '[1,0,0]' LIMIT 5;
CREATE TABLE nearest_child () INHERITS (nearest_t);
SELECT array_agg(id) FROM (SELECT id FROM nearest_t ORDER BY e <=> '[1,0,0]' LIMIT 2) x;
DROP TABLE nearest_child;
-- what comes above it
INSERT INTO nearest_t (id, n, e) SELECT id + 2000, 1, e FROM nearest_t ORDER BY e <=> '[1,0,0]' LIMIT 2;
SELECT count(*) FROM nearest_t WHERE id > 2000;
SELECT id FROM nearest_t WHERE id IN (44, 5) ORDER BY e <=> '[1,0,0]' LIMIT 2 FOR UPDATE;
SELECT l.id, x.id IS NOT NULL AS found FROM nearest_local l, LATERAL (SELECT id FROM nearest_t t ORDER BY t.e <=> l.e LIMIT 1) x WHERE l.id <= 3 ORDER BY l.id;

SELECT scylla_fdw_execute('nearest_cluster', 'DROP KEYSPACE fdw_nearest');
DROP SERVER nearest_cluster CASCADE;
DROP TABLE nearest_local;
DROP FUNCTION nearest_explain, nearest_ones;
DROP EXTENSION vector;
