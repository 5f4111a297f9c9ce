-- Values of no bytes, which read as NULL and are less than all others in the cluster: orders that are merged, extremes, and who relies on the order.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only
\pset null NULL
CREATE SERVER nobytes_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER nobytes_cluster;
CREATE FUNCTION nobytes_cql(cql text) RETURNS void LANGUAGE sql AS $$SELECT scylla_fdw_execute('nobytes_cluster', cql)$$;
SELECT nobytes_cql(cql) FROM unnest(ARRAY['DROP KEYSPACE IF EXISTS fdw_nobytes',
  $$CREATE KEYSPACE fdw_nobytes WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}$$,
  'CREATE TABLE fdw_nobytes.i (p int, c int, d bigint, s int static, PRIMARY KEY (p, c, d))',
  'CREATE TABLE fdw_nobytes.t (p int, c timestamp, b boolean, PRIMARY KEY (p, c, b)) WITH CLUSTERING ORDER BY (c DESC, b ASC)']) cql \g /dev/null
CREATE FOREIGN TABLE nobytes_i (p int, c int, d bigint, s int) SERVER nobytes_cluster OPTIONS (keyspace 'fdw_nobytes', "table" 'i');
CREATE FOREIGN TABLE nobytes_t (p int, c timestamptz, b boolean) SERVER nobytes_cluster OPTIONS (keyspace 'fdw_nobytes', "table" 't');
INSERT INTO nobytes_i VALUES (1, -5, 0), (1, 5, 0), (2, 1, 0), (2, 7, 0), (2, 7, -1);
INSERT INTO nobytes_t SELECT p, 'epoch'::timestamptz + p * interval '1 day', true FROM generate_series(1, 2) p;
INSERT INTO nobytes_t VALUES (1, '1950-01-01', false), (2, '1960-01-01', false);
SELECT nobytes_cql(cql) FROM unnest(ARRAY['INSERT INTO fdw_nobytes.i (p, c, d) VALUES (1, blobAsInt(0x), 0)', 'INSERT INTO fdw_nobytes.i (p, c, d) VALUES (2, 7, blobAsBigint(0x))',
  'INSERT INTO fdw_nobytes.i (p, s) VALUES (3, 3)', 'INSERT INTO fdw_nobytes.t (p, c, b) VALUES (1, blobAsTimestamp(0x), true)',
  $$INSERT INTO fdw_nobytes.t (p, c, b) VALUES (2, '1950-01-01 00:00:00+0000', blobAsBoolean(0x))$$]) cql \g /dev/null
SET timezone = 'UTC';

-- in one partition and of several: as the cluster orders, a partition of static columns alone where NULL comes
CREATE FUNCTION nobytes(q text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || q LOOP
    IF line ~ 'CQL: |Merge Append' THEN
      RETURN NEXT btrim(line);
    END IF;
  END LOOP;
  EXECUTE format('SELECT string_agg(r::text, '' '') FROM (%s) r', q) INTO line;
  RETURN NEXT line;
END $$;
SELECT nobytes('SELECT c FROM nobytes_i WHERE p = 1 ORDER BY c');
SELECT nobytes('SELECT c FROM nobytes_i WHERE p = 1 ORDER BY c DESC');
SELECT nobytes('SELECT c, d FROM nobytes_i WHERE p IN (1, 2) ORDER BY c, d');
SELECT nobytes('SELECT c, d FROM nobytes_i WHERE p IN (1, 2) ORDER BY c DESC, d DESC');
SELECT nobytes('SELECT p, c, d FROM nobytes_i WHERE p IN (1, 2, 3) ORDER BY c, d');
SELECT nobytes('SELECT p, c, d FROM nobytes_i WHERE p IN (1, 2, 3) ORDER BY c DESC, d DESC');
SELECT nobytes('SELECT c, d FROM nobytes_i WHERE p IN (1, 2) ORDER BY c, d LIMIT 2');
SELECT nobytes('SELECT c, d FROM nobytes_i WHERE p IN (1, 2) ORDER BY c DESC, d DESC LIMIT 4');
SELECT nobytes('SELECT c, b FROM nobytes_t WHERE p IN (1, 2) ORDER BY c DESC, b');
SELECT nobytes('SELECT c, b FROM nobytes_t WHERE p IN (1, 2) ORDER BY c, b DESC');
SELECT nobytes('SELECT DISTINCT ON (p) p, c FROM nobytes_i WHERE p IN (1, 2) ORDER BY p, c');
-- extremes: of one request, of several, of the table
SELECT nobytes('SELECT min(c), max(c), count(c) FROM nobytes_i WHERE p = 1');
SELECT nobytes('SELECT min(c), max(c), min(d), max(d), count(*) FROM nobytes_i WHERE p IN (1, 2)');
SELECT nobytes('SELECT min(c), max(c), min(d), max(d), count(*) FROM nobytes_i WHERE p IN (2, 3)');
SELECT nobytes('SELECT min(c), max(c) FROM nobytes_i');
SELECT nobytes('SELECT p, min(c), max(c) FROM nobytes_i WHERE p IN (1, 2) GROUP BY p ORDER BY p');

-- who merges by an order needs NULL at its end: PostgreSQL sorts, unless a column has none, or NULLs are wanted where they come
CREATE TABLE nobytes_local AS SELECT g AS c FROM generate_series(-5, 7) g;
ANALYZE nobytes_local;
CREATE VIEW nobytes_twice AS SELECT p, c FROM nobytes_i UNION ALL SELECT p, c FROM nobytes_i;
SET enable_hashjoin = off;
SET enable_nestloop = off;
SET enable_sort = off;
SET scylla_fdw.enable_join = off;
SELECT nobytes('SELECT l.c FROM nobytes_local l JOIN nobytes_i i ON i.c = l.c WHERE i.p = 1 ORDER BY l.c');
SELECT nobytes('SELECT i.c FROM nobytes_i i LEFT JOIN nobytes_local l ON i.c = l.c WHERE i.p = 1 ORDER BY i.c');
SELECT nobytes('SELECT c FROM nobytes_twice WHERE p = 1 ORDER BY c');
SELECT nobytes('SELECT c FROM nobytes_twice WHERE p = 1 ORDER BY c DESC LIMIT 3');
SELECT nobytes('SELECT c FROM nobytes_twice WHERE p = 1 ORDER BY c NULLS FIRST');
ALTER FOREIGN TABLE nobytes_i ALTER c SET NOT NULL;
SELECT nobytes('SELECT c FROM nobytes_twice WHERE p = 2 ORDER BY c');
RESET enable_hashjoin;
RESET enable_nestloop;
RESET enable_sort;
RESET scylla_fdw.enable_join;

SELECT nobytes_cql('DROP KEYSPACE fdw_nobytes') \g /dev/null
DROP SERVER nobytes_cluster CASCADE;
DROP TABLE nobytes_local;
DROP FUNCTION nobytes, nobytes_cql;
