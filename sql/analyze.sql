-- ANALYZE: how many rows there are, and what is in them, by ranges of tokens.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER analyze_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER analyze_cluster;
SELECT scylla_fdw_execute('analyze_cluster', 'DROP KEYSPACE IF EXISTS fdw_analyze');
SELECT scylla_fdw_execute('analyze_cluster', 'CREATE KEYSPACE fdw_analyze WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('analyze_cluster', 'CREATE TABLE fdw_analyze.narrow (k int PRIMARY KEY, kind int, v text)');
SELECT scylla_fdw_execute('analyze_cluster', 'CREATE TABLE fdw_analyze.wide (a int, b text, c int, v text, PRIMARY KEY ((a, b), c))');
SELECT scylla_fdw_execute('analyze_cluster', 'CREATE TABLE fdw_analyze.empty (k int PRIMARY KEY)');
CREATE FOREIGN TABLE analyze_narrow (v text, gone int, kind int, k int) SERVER analyze_cluster OPTIONS (keyspace 'fdw_analyze', "table" 'narrow');
ALTER FOREIGN TABLE analyze_narrow DROP gone;
CREATE FOREIGN TABLE analyze_wide (a int, b text, c int, v text) SERVER analyze_cluster OPTIONS (keyspace 'fdw_analyze', "table" 'wide', fetch_size '700');
CREATE FOREIGN TABLE analyze_empty (k int) SERVER analyze_cluster OPTIONS (keyspace 'fdw_analyze', "table" 'empty');
INSERT INTO analyze_narrow (k, kind, v) SELECT g, g % 4, repeat('v', 100) FROM generate_series(1, 12000) g;
INSERT INTO analyze_wide SELECT g % 800, 'b', g, CASE WHEN g % 10 > 0 THEN 'v' || g END FROM generate_series(1, 8000) g;

-- a table that fits into the sample is counted
SET default_statistics_target = 1000;
ANALYZE analyze_narrow, analyze_wide, analyze_empty;
SELECT relname, reltuples, relpages BETWEEN reltuples / 300 AND reltuples / 40 + 1 AS pages FROM pg_class WHERE relname LIKE 'analyze\_%' ORDER BY 1;
SELECT tablename, attname, round(null_frac::numeric, 2) AS nulls, avg_width, n_distinct FROM pg_stats WHERE tablename LIKE 'analyze\_%' ORDER BY 1, 2;

-- of a larger one, a part is read
SET default_statistics_target = 10;
ANALYZE analyze_narrow (kind, k), analyze_wide;
SELECT relname, abs(reltuples - CASE WHEN relname = 'analyze_wide' THEN 8000 ELSE 12000 END) < 4000 AS near FROM pg_class WHERE relname IN ('analyze_narrow', 'analyze_wide') ORDER BY 1;
SELECT attname, n_distinct, array_length(most_common_vals::text::text[], 1) AS common FROM pg_stats WHERE tablename = 'analyze_narrow' AND attname = 'kind';
SELECT array_length(histogram_bounds::text::text[], 1) AS bounds FROM pg_stats WHERE tablename = 'analyze_narrow' AND attname = 'k';
RESET default_statistics_target;
-- a large partition
INSERT INTO analyze_wide SELECT 800, 'b', g, 'v' FROM generate_series(1, 3000) g;
SET default_statistics_target = 1000;
ANALYZE analyze_wide;
SELECT reltuples FROM pg_class WHERE relname = 'analyze_wide';
RESET default_statistics_target;
VACUUM ANALYZE analyze_empty;

-- the planner goes by it
EXPLAIN SELECT FROM analyze_empty;

-- partitions
CREATE TABLE analyze_parent (k int, kind int, v text) PARTITION BY LIST (kind);
CREATE TABLE analyze_local PARTITION OF analyze_parent FOR VALUES IN (1);
CREATE FOREIGN TABLE analyze_part PARTITION OF analyze_parent FOR VALUES IN (0) SERVER analyze_cluster OPTIONS (keyspace 'fdw_analyze', "table" 'part');
SELECT scylla_fdw_execute('analyze_cluster', 'CREATE TABLE fdw_analyze.part (k int PRIMARY KEY, kind int, v text)');
INSERT INTO analyze_parent SELECT g, g % 2, 'v' FROM generate_series(1, 2000) g;
ANALYZE analyze_parent;
SELECT relname, reltuples FROM pg_class WHERE relname IN ('analyze_parent', 'analyze_local', 'analyze_part') ORDER BY 1;
SELECT attname, inherited, n_distinct FROM pg_stats WHERE tablename = 'analyze_parent' ORDER BY 1;

-- what is not there
CREATE FOREIGN TABLE analyze_missing (k int) SERVER analyze_cluster OPTIONS (keyspace 'fdw_analyze', "table" 'missing');
ANALYZE analyze_missing;
CREATE FOREIGN TABLE analyze_few (k int, other text) SERVER analyze_cluster OPTIONS (keyspace 'fdw_analyze', "table" 'empty');
ANALYZE analyze_few;
CREATE FOREIGN TABLE analyze_bad (k int, v inet) SERVER analyze_cluster OPTIONS (keyspace 'fdw_analyze', "table" 'narrow');
ANALYZE analyze_bad;

-- as the owner, whoever it is called by
CREATE ROLE analyze_role;
CREATE USER MAPPING FOR analyze_role SERVER analyze_cluster OPTIONS (username 'nobody', password 'wrong');
GRANT USAGE ON FOREIGN SERVER analyze_cluster TO analyze_role;
CREATE FOREIGN TABLE analyze_owned (k int) SERVER analyze_cluster OPTIONS (keyspace 'fdw_analyze', "table" 'empty');
ALTER FOREIGN TABLE analyze_owned OWNER TO analyze_role;
\set VERBOSITY sqlstate
ANALYZE analyze_owned;
\set VERBOSITY default

DROP TABLE analyze_parent;
SELECT scylla_fdw_execute('analyze_cluster', 'DROP KEYSPACE fdw_analyze');
DROP SERVER analyze_cluster CASCADE;
DROP ROLE analyze_role;
