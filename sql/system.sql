-- System columns: rows of the cluster have none. ctid, which would not tell them apart, is refused when a statement is planned.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER system_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER system_cluster;
SELECT scylla_fdw_execute('system_cluster', cql) FROM unnest(ARRAY[
  'DROP KEYSPACE IF EXISTS fdw_system',
  'CREATE KEYSPACE fdw_system WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}',
  'CREATE TABLE fdw_system.kv (k int PRIMARY KEY, v text)',
  'CREATE TABLE fdw_system.part (k int PRIMARY KEY, v text)']) cql;
CREATE FOREIGN TABLE system_kv (k int, v text) SERVER system_cluster OPTIONS (keyspace 'fdw_system', "table" 'kv');
INSERT INTO system_kv SELECT g, 'v' || g FROM generate_series(1, 9) g;
CREATE TABLE system_local AS SELECT g AS k, 'l' || g AS v, '(0,1)'::tid AS t FROM generate_series(1, 3) g;
CREATE VIEW system_view AS SELECT k, v, ctid AS c FROM system_kv;
CREATE VIEW system_checked AS SELECT k, v FROM system_kv WHERE ctid IS NOT NULL WITH CHECK OPTION;
-- trees of local and foreign tables
CREATE TABLE system_part (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE system_part_local PARTITION OF system_part FOR VALUES FROM (0) TO (100);
CREATE TABLE system_part_sub PARTITION OF system_part FOR VALUES FROM (100) TO (200) PARTITION BY LIST (k);
CREATE FOREIGN TABLE system_part_foreign PARTITION OF system_part_sub DEFAULT SERVER system_cluster OPTIONS (keyspace 'fdw_system', "table" 'part');
INSERT INTO system_part SELECT g, 'p' || g FROM generate_series(1, 101, 50) g UNION SELECT g, 'p' || g FROM generate_series(101, 103) g;

DELETE FROM system_kv WHERE ctid IN (SELECT ctid FROM system_kv LIMIT 2);
CREATE FUNCTION system_plan(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'EXPLAIN ' || query;
  RETURN 'planned';
EXCEPTION WHEN feature_not_supported THEN
  RETURN SQLERRM;
END $$;
SELECT query, system_plan(query) FROM unnest(ARRAY[
  'SELECT ctid FROM system_kv',
  'SELECT k FROM system_kv WHERE ctid = ''(0,1)''',
  'SELECT k FROM system_kv WHERE k = 3 AND ctid > ''(0,1)''',
  'SELECT k FROM system_kv ORDER BY ctid',
  'SELECT count(DISTINCT ctid) FROM system_kv',
  'SELECT count(*) FROM system_kv GROUP BY ctid',
  'SELECT count(*) FROM system_kv HAVING max(ctid) IS NULL',
  'SELECT row_number() OVER (ORDER BY ctid) FROM system_kv',
  'SELECT * FROM system_view',
  'SELECT c FROM (SELECT k, c FROM system_view OFFSET 0) q',
  'WITH q AS MATERIALIZED (SELECT ctid FROM system_kv) SELECT * FROM q',
  'SELECT l.k FROM system_local l JOIN system_kv f ON f.k = l.k AND f.ctid = l.t',
  'SELECT l.k, f.ctid FROM system_local l LEFT JOIN system_kv f ON f.k = l.k',
  'SELECT l.k, q.c FROM system_local l LEFT JOIN (SELECT k, coalesce(c::text, ''none'') AS c FROM system_view) q ON q.k = l.k',
  'SELECT l.k FROM system_local l WHERE l.t IN (SELECT ctid FROM system_kv)',
  'SELECT (SELECT count(*) FROM system_local l WHERE l.t = f.ctid) FROM system_kv f',
  'SELECT q.* FROM system_kv f, LATERAL (SELECT f.ctid OFFSET 0) q',
  'SELECT ctid FROM system_local UNION ALL SELECT ctid FROM system_kv',
  'SELECT q.c FROM (SELECT k, ctid AS c FROM system_local UNION ALL SELECT k, ctid FROM system_kv) q WHERE q.k = 3',
  'UPDATE system_kv SET v = ''x'' WHERE ctid = ''(4294967295,0)''',
  'UPDATE system_kv SET v = ctid::text',
  'UPDATE system_kv SET v = ''x'' FROM (SELECT ctid AS c FROM system_kv LIMIT 1) q WHERE system_kv.ctid = q.c',
  'UPDATE system_kv SET v = ''x'' RETURNING k, ctid',
  'UPDATE system_checked SET v = ''x'' WHERE k = 3',
  'DELETE FROM system_kv WHERE k = 3 RETURNING ctid::text',
  'DELETE FROM system_local l USING system_kv f WHERE f.k = l.k RETURNING f.ctid',
  'INSERT INTO system_kv VALUES (10, ''x'') RETURNING ctid',
  'INSERT INTO system_kv VALUES (10, ''x'') ON CONFLICT DO NOTHING RETURNING ctid',
  'INSERT INTO system_checked VALUES (10, ''x'')',
  'INSERT INTO system_local SELECT k, v, ctid FROM system_kv',
  'MERGE INTO system_local l USING system_view f ON f.k = l.k WHEN MATCHED THEN UPDATE SET t = f.c',
  'SELECT ctid FROM system_part',
  'SELECT k FROM system_part WHERE ctid > ''(0,1)'' FOR UPDATE',
  'SELECT ctid FROM system_part FOR UPDATE',
  'SELECT p.k FROM system_local l JOIN system_part p ON p.ctid = l.t FOR UPDATE',
  'SELECT q.* FROM system_part p, LATERAL (SELECT p.ctid OFFSET 0) q FOR UPDATE OF p',
  'UPDATE system_part SET v = ''x'' WHERE ctid = ''(0,1)''',
  'UPDATE system_part SET v = ''x'' RETURNING ctid',
  'UPDATE system_local l SET t = p.ctid FROM system_part p WHERE p.k = l.k',
  'DELETE FROM system_part RETURNING ctid',
  -- the local table's own, and none that is wanted
  'SELECT ctid FROM system_part WHERE k < 50',
  'UPDATE system_part SET v = ''x'' WHERE k < 50 AND ctid = ''(0,1)'' RETURNING ctid',
  'SELECT l.ctid FROM system_local l JOIN system_kv f ON f.k = l.k',
  'SELECT l.k FROM system_local l WHERE EXISTS (SELECT ctid FROM system_kv f WHERE f.k = l.k)',
  'SELECT k FROM system_part FOR UPDATE']) query;
SELECT count(*), min(v), max(v) FROM system_kv;

-- trees are changed and locked as if all were local
SELECT * FROM system_part WHERE k > 50 ORDER BY k FOR UPDATE;
WITH u AS (UPDATE system_part SET v = v || '!' WHERE k > 50 RETURNING tableoid::regclass, k, v) SELECT * FROM u ORDER BY k;
UPDATE system_local l SET v = p.v FROM system_part p WHERE p.k = l.k + 100;
SELECT k, v FROM system_local ORDER BY k;
DELETE FROM system_part p USING system_local l WHERE p.k = l.k + 100 AND l.k > 1;
SELECT tableoid::regclass, k, v FROM system_part ORDER BY k;
-- what the partitioned table routes to a foreign one: when the first row comes there
INSERT INTO system_part VALUES (7, 'local') RETURNING k, ctid IS NOT NULL AS has;
INSERT INTO system_part VALUES (107, 'foreign') RETURNING k, ctid IS NOT NULL AS has;
INSERT INTO system_part VALUES (108, 'foreign') RETURNING tableoid::regclass, k, xmin, cmax;
SELECT k FROM system_part WHERE k > 103 ORDER BY k;

-- the others are 0, as those of other foreign tables: of scans, joins, cursors that a write has read ahead, RETURNING
SELECT xmin, xmax, cmin, cmax, tableoid::regclass, k FROM system_kv WHERE k = 3 AND xmin = 0;
SELECT count(*), count(xmax) FROM system_kv WHERE cmin = '0';
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT f.xmin, f.cmax, f.tableoid::regclass, f.v FROM system_local l LEFT JOIN system_kv f ON f.k = l.k * 4;
SELECT f.xmin, f.cmax, f.tableoid::regclass, f.v FROM system_local l LEFT JOIN system_kv f ON f.k = l.k * 4 ORDER BY l.k;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop;
BEGIN;
DECLARE c CURSOR FOR SELECT xmin, tableoid::regclass, v LIKE 'v_' AS old FROM system_kv WHERE k IN (1, 2);
FETCH c;
INSERT INTO system_kv VALUES (1, 'new'), (2, 'new') RETURNING xmin, xmax, cmin, cmax, tableoid::regclass, v;
FETCH c;
COMMIT;
WITH u AS (UPDATE system_kv SET v = 'u' WHERE k < 3 RETURNING xmin, xmax, cmin, cmax, tableoid::regclass, k, v) SELECT * FROM u ORDER BY k;
DELETE FROM system_kv WHERE k = 2 RETURNING xmin, xmax, cmin, cmax, tableoid::regclass, v;

SELECT scylla_fdw_execute('system_cluster', 'DROP KEYSPACE fdw_system');
DROP TABLE system_local, system_part;
DROP SERVER system_cluster CASCADE;
DROP FUNCTION system_plan;
