-- Many keys at once: what they cost beside reading the whole table, and that the rows are right either way.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET timezone = 'UTC';
\pset format unaligned
\pset tuples_only
CREATE SERVER keys_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER keys_cluster;
CREATE FUNCTION keys_cql(cql text) RETURNS void LANGUAGE sql AS $$SELECT scylla_fdw_execute('keys_cluster', cql)$$;
SELECT keys_cql(cql) FROM unnest(ARRAY[
  'DROP KEYSPACE IF EXISTS fdw_keys',
  $$CREATE KEYSPACE fdw_keys WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}$$,
  'CREATE TABLE fdw_keys.large (k int PRIMARY KEY, v text)',
  'CREATE TABLE fdw_keys.events (device int, day date, at int, v text, PRIMARY KEY ((device, day), at))']) cql \g /dev/null
CREATE SCHEMA keys_f;
CREATE SCHEMA keys_l;
SET search_path = keys_l, public;
CREATE TABLE large AS SELECT g AS k, 'v' || g AS v FROM generate_series(1, 20000) g;
CREATE TABLE events AS SELECT device, date '2024-02-01' + day AS day, at, device || '-' || day || '-' || at AS v
  FROM generate_series(1, 10) device, generate_series(0, 59) day, generate_series(1, 5) at;
CREATE TABLE public.keys_o AS SELECT g AS id, g * 7 AS k, g % 12 AS device, date '2024-01-25' + g % 70 AS day FROM generate_series(1, 600) g;
CREATE FOREIGN TABLE keys_f.large (k int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.events (device int, day date, at int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
INSERT INTO keys_f.large SELECT * FROM keys_l.large;
INSERT INTO keys_f.events SELECT * FROM keys_l.events;
RESET search_path;

-- How the foreign table is read, and the rows, compared with the copy's.
CREATE FUNCTION keys(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  how text := '';
  f text[];
  l text[];
  aggregate text := 'SELECT array_agg(r::text' || CASE WHEN q ~ 'ORDER BY' THEN '' ELSE ' ORDER BY r::text COLLATE "C"' END || ') FROM (%s) r';
BEGIN
  PERFORM set_config('search_path', 'keys_l, public', true);
  EXECUTE format(aggregate, q) INTO l;
  PERFORM set_config('search_path', 'keys_f, public', true);
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || q LOOP
    IF line ~ 'ScyllaJoin|Key|CQL: |Filter: |Sort Key' THEN
      how := how || regexp_replace(line, '^( |->)*', '') || E'\n';
    END IF;
  END LOOP;
  EXECUTE format(aggregate, q) INTO f;
  RETURN how || CASE WHEN f IS DISTINCT FROM l THEN format('DIFFERENT: %s, copy: %s', f, l) ELSE coalesce(cardinality(f), 0) || ' rows, as the copy has' END;
END $$;

-- nobody has analyzed anything: a join looks keys up all the same
SELECT keys($$SELECT o.id, l.v FROM keys_o o JOIN large l ON l.k = o.k$$);
SELECT keys($$SELECT o.id, e.v FROM keys_o o JOIN events e ON e.device = o.device AND e.day = o.day WHERE o.id <= 100$$);

SELECT keys_cql('DROP KEYSPACE fdw_keys') \g /dev/null
DROP SERVER keys_cluster CASCADE;
DROP SCHEMA keys_f, keys_l CASCADE;
DROP TABLE keys_o;
DROP FUNCTION keys, keys_cql;
