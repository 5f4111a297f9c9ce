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
  'CREATE TABLE fdw_keys.pairs (a int, b bigint, c smallint, v text, PRIMARY KEY ((a, b), c))',
  'CREATE TABLE fdw_keys.events (device int, day date, at int, v text, PRIMARY KEY ((device, day), at))']) cql \g /dev/null
CREATE SCHEMA keys_f;
CREATE SCHEMA keys_l;
SET search_path = keys_l, public;
CREATE TABLE large AS SELECT g AS k, 'v' || g AS v FROM generate_series(1, 20000) g;
CREATE TABLE events AS SELECT device, date '2024-02-01' + day AS day, at, device || '-' || day || '-' || at AS v
  FROM generate_series(1, 10) device, generate_series(0, 59) day, generate_series(1, 5) at;
CREATE TABLE pairs AS SELECT a, b::bigint, c::smallint, a || '/' || b || '/' || c AS v FROM generate_series(1, 20) a, generate_series(1, 10) b, generate_series(1, 2) c;
CREATE TABLE public.keys_o AS SELECT g AS id, g * 7 AS k, g % 12 AS device, date '2024-01-25' + g % 70 AS day FROM generate_series(1, 600) g;
CREATE FOREIGN TABLE keys_f.large (k int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.pairs (a int, b bigint, c smallint, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.events (device int, day date, at int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
INSERT INTO keys_f.large SELECT * FROM keys_l.large;
INSERT INTO keys_f.events SELECT * FROM keys_l.events;
INSERT INTO keys_f.pairs SELECT * FROM keys_l.pairs;
RESET search_path;

-- How the foreign table is read, by plan or, with ran, in fact, and the rows, compared with the copy's.
CREATE FUNCTION keys(q text, ran boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  how text := '';
  wanted text := CASE WHEN ran THEN 'Full Scan' ELSE 'ScyllaJoin|Key|CQL: |Filter: |Sort Key|Reason' END;
  f text[];
  l text[];
  aggregate text := 'SELECT array_agg(r::text' || CASE WHEN q ~ 'ORDER BY' THEN '' ELSE ' ORDER BY r::text COLLATE "C"' END || ') FROM (%s) r';
BEGIN
  PERFORM set_config('search_path', 'keys_l, public', true);
  EXECUTE format(aggregate, q) INTO l;
  PERFORM set_config('search_path', 'keys_f, public', true);
  FOR line IN EXECUTE CASE WHEN ran THEN 'EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) ' ELSE 'EXPLAIN (VERBOSE, COSTS OFF) ' END || q LOOP
    IF line ~ wanted THEN
      how := how || regexp_replace(line, '^( |->)*', '') || E'\n';
    END IF;
  END LOOP;
  EXECUTE format(aggregate, q) INTO f;
  RETURN regexp_replace(how, '{[0-9,]*}', '{...}', 'g') || CASE WHEN f IS DISTINCT FROM l THEN format('DIFFERENT: %s, copy: %s', f, l) ELSE coalesce(cardinality(f), 0) || ' rows, as the copy has' END;
END $$;

-- nobody has analyzed anything: a join looks keys up all the same
SELECT keys($$SELECT o.id, l.v FROM keys_o o JOIN large l ON l.k = o.k$$);
SELECT keys($$SELECT o.id, e.v FROM keys_o o JOIN events e ON e.device = o.device AND e.day = o.day WHERE o.id <= 100$$);

-- lists: each request costs, and the whole table may cost less
CREATE FUNCTION keys_two(n int, more text DEFAULT '', ran boolean DEFAULT false) RETURNS text LANGUAGE sql AS $$
  SELECT keys(format('SELECT * FROM pairs WHERE a = ANY (%1$L::int[]) AND b = ANY (%1$L::bigint[])' || more, (SELECT array_agg(g) FROM generate_series(3, n) g)), ran) $$;
SELECT keys_two(7);
SELECT keys_two(300);
SELECT keys_two(300, ' ORDER BY a, b, c LIMIT 7');
SELECT keys_two(300, ' AND c = 2');
-- how long they are is known when the scan begins: a subquery, a parameter of a generic plan
CREATE FUNCTION keys_late(what text, n int, more text DEFAULT '', ran boolean DEFAULT true) RETURNS text LANGUAGE sql AS $$
  SELECT keys(format('SELECT %s FROM pairs WHERE a = ANY ((SELECT array_agg(g::int) FROM generate_series(3, %s) g)::int[]) '
    'AND b = ANY ((SELECT array_agg(g::bigint) || NULL FROM generate_series(0, %2$s) g)::bigint[]) ', what, n) || more, ran) $$;
SELECT keys_late('*', 300, '', false);
SELECT keys_late('*', 7);
SELECT keys_late('*', 300);
SELECT keys_late('v', 300);
SELECT keys_late('c', 300, 'AND c = 2 AND v LIKE ''%1%''');
SELECT keys_late('1', 300, 'AND c > 1');
SELECT keys_late('count(*)', 40);
SELECT keys_late('*', 40, 'ORDER BY c, a, b');
SELECT keys($$SELECT count(*) FROM (SELECT * FROM pairs WHERE a = ANY ((SELECT array_agg(g::int) FROM generate_series(3, 300) g)::int[])
  AND b = ANY ((SELECT array_agg(g::bigint) || NULL FROM generate_series(0, 300) g)::bigint[]) LIMIT 17) x$$, true);
-- again with other lists, and with none; ahead of a write, and of a savepoint's end
SELECT keys($$SELECT n, x.* FROM (VALUES (3), (300), (0), (250)) n (n), LATERAL (SELECT * FROM pairs WHERE a = ANY (ARRAY(SELECT generate_series(1, n))) AND b = ANY (ARRAY(SELECT generate_series(1, n)::bigint)) OFFSET 0) x$$, true);
SET plan_cache_mode = force_generic_plan;
SET search_path = keys_f, public;
CREATE FUNCTION public.keys_move(c refcursor, n int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  moved bigint;
BEGIN
  MOVE FORWARD n IN c;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END $$;
SET scylla_fdw.warn_on_rollback = off;
BEGIN;
DECLARE keys_c CURSOR FOR SELECT * FROM pairs WHERE a = ANY (ARRAY(SELECT generate_series(1, 300))) AND b = ANY (ARRAY(SELECT generate_series(1, 300)::bigint));
SELECT keys_move('keys_c', 10);
SAVEPOINT a;
INSERT INTO pairs VALUES (1, 1, 77, 'new'), (77, 1, 1, 'new');
ROLLBACK TO a;
SELECT keys_move('keys_c', 1000);
COMMIT;
DELETE FROM pairs WHERE v = 'new';
SET search_path = keys_l, public;
SELECT count(*) FROM pairs;
RESET plan_cache_mode;
RESET search_path;

SELECT keys_cql('DROP KEYSPACE fdw_keys') \g /dev/null
DROP SERVER keys_cluster CASCADE;
DROP SCHEMA keys_f, keys_l CASCADE;
DROP TABLE keys_o;
DROP FUNCTION keys, keys_move, keys_two, keys_late, keys_cql;
