-- What indexes of the cluster find, by themselves and beside keys and filtering, in pages of any size: compared with a local copy.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only
CREATE SERVER indexed_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000', allow_filtering 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER indexed_cluster;
CREATE FUNCTION indexed_cql(cql text) RETURNS void LANGUAGE sql AS $$SELECT scylla_fdw_execute('indexed_cluster', cql)$$;
CREATE SCHEMA indexed_f;
CREATE SCHEMA indexed_l;
SELECT indexed_cql(cql) FROM unnest(ARRAY['DROP KEYSPACE IF EXISTS fdw_indexed',
  $$CREATE KEYSPACE fdw_indexed WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}$$]) cql \g /dev/null

-- a table for each kind of column with a plain index, one with all of them, one with storage-attached ones
CREATE TABLE indexed_l.t AS SELECT p, q, c, d, (p + q) % 3 AS s, (c + d) % 3 AS v, (p + d) % 2 AS w, ARRAY[c, d] AS l
  FROM generate_series(0, 2) p, generate_series(0, 1) q, generate_series(0, 3) c, generate_series(0, 2) d;
SELECT indexed_cql(format('CREATE TABLE fdw_indexed.%s (p int, q int, c int, d int, s int static, v int, w int, l list<int>, PRIMARY KEY ((p, q), c, d)) WITH CLUSTERING ORDER BY (c ASC, d DESC)', t))
  FROM unnest('{p,s,d,v,every,sai}'::text[]) t \g /dev/null
SELECT indexed_cql(format('CREATE INDEX ON fdw_indexed.%s (%s)', t, t)) FROM unnest('{p,s,d,v}'::text[]) t \g /dev/null
SELECT indexed_cql(format('CREATE INDEX ON fdw_indexed.every (%s)', c)) FROM unnest('{q,s,c,d,v,l}'::text[]) c \g /dev/null
SELECT indexed_cql(format('CREATE INDEX ON fdw_indexed.sai (%s) USING ''sai''', c)) FROM unnest('{p,q,s,c,d,v,l}'::text[]) c \g /dev/null
SELECT format('CREATE FOREIGN TABLE indexed_f.%s (p int, q int, c int, d int, s int, v int, w int, l int[]) SERVER indexed_cluster OPTIONS (keyspace ''fdw_indexed'', fetch_size ''5000'')', t),
  format('INSERT INTO indexed_f.%s SELECT * FROM indexed_l.t', t),
  format('SELECT indexed_cql(''INSERT INTO fdw_indexed.%s (p, q, s) VALUES (3, 1, 2)'')', t)
  FROM unnest('{p,s,d,v,every,sai}'::text[]) t \gexec
INSERT INTO indexed_l.t (p, q, s) VALUES (3, 1, 2);

-- Every combination of conditions that has the indexed column, in pages of each size.
CREATE FUNCTION indexed_compare(t text, sizes int[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  conditions text;
  size int;
  f text;
  l text;
  q text := 'SELECT string_agg(r::text, '' '' ORDER BY r::text COLLATE "C") FROM (SELECT p, q, c, d, s, v, w, l FROM %s WHERE %s) r';
  n int := 0;
BEGIN
  FOREACH size IN ARRAY sizes LOOP
    EXECUTE format('ALTER FOREIGN TABLE indexed_f.%s OPTIONS (SET fetch_size ''%s'')', t, size);
    FOR conditions IN
      SELECT concat_ws(' AND ', k, c, d, s, v) FROM unnest('{p = 1,p = 1 AND q = 1,p = 3 AND q = 1,NULL}'::text[]) k, unnest('{c = 2,c <= 1,NULL}'::text[]) c,
        unnest('{d = 1,d > 0,NULL}'::text[]) d, unnest('{s = 2,NULL}'::text[]) s, unnest('{v = 1,w = 1 AND v > 0,NULL}'::text[]) v
        WHERE t IN ('every', 'sai') AND num_nulls(k, c, d, s, v) < 4 OR concat_ws(' ', k, c, d, s, v) ~ ('\m' || t || ' =') LOOP
      EXECUTE format(q, 'indexed_l.t', conditions) INTO l;
      BEGIN
        EXECUTE format(q, 'indexed_f.' || t, conditions) INTO f;
      EXCEPTION WHEN OTHERS THEN
        f := SQLERRM;
      END;
      n := n + 1;
      IF f IS DISTINCT FROM l THEN
        RETURN NEXT format('%s, pages of %s: %s: %s, copy: %s', t, size, conditions, f, l);
      END IF;
    END LOOP;
  END LOOP;
  RETURN NEXT format('%s: %s queries', t, n);
END $$;
SELECT indexed_compare(t, '{1,2,7,5000}') FROM unnest('{p,s,d,v}'::text[]) t;
SELECT indexed_compare(t, '{1,2,7}') FROM unnest('{every,sai}'::text[]) t;
SELECT count(*) FROM indexed_f.every WHERE p = 1 AND q = 1 AND l = '{1,2}';

-- Values that are too long for an index: constants, and values known when the scan begins; written before the plain indexes are made.
SELECT indexed_cql(cql) FROM unnest(ARRAY[
  'CREATE TABLE fdw_indexed.long (k int, c int, t text, a ascii, u text, b blob, v int, w int, z text, PRIMARY KEY (k, c))',
  $$CREATE INDEX ON fdw_indexed.long (t) USING 'sai'$$, $$CREATE INDEX ON fdw_indexed.long (a) USING 'sai'$$, $$CREATE INDEX ON fdw_indexed.long (v) USING 'sai'$$]) cql \g /dev/null
CREATE TABLE indexed_l.long AS SELECT k, n AS c, repeat('t', n) AS t, repeat('a', n) AS a, repeat('é', n / 2) AS u, repeat('b', n)::bytea AS b, n % 3 AS v, k AS w, repeat('z', n) AS z
  FROM generate_series(1, 2) k, unnest('{1,8192,8193,65535,65536,70000}'::int[]) n;
ALTER TABLE indexed_l.long ALTER t TYPE text COLLATE "C", ALTER z TYPE text COLLATE "C";
CREATE FOREIGN TABLE indexed_f.long (k int, c int, t text COLLATE "C", a text, u text, b bytea, v int, w int, z text COLLATE "C") SERVER indexed_cluster OPTIONS (keyspace 'fdw_indexed');
INSERT INTO indexed_f.long SELECT * FROM indexed_l.long;
SELECT indexed_cql(cql) FROM unnest('{CREATE INDEX ON fdw_indexed.long (u),CREATE INDEX ON fdw_indexed.long (b)}'::text[]) cql \g /dev/null
CREATE TABLE indexed_l.o AS SELECT DISTINCT t, u, z FROM indexed_l.long;
CREATE VIEW indexed_f.o AS SELECT * FROM indexed_l.o;

CREATE FUNCTION indexed_later(t text, n int) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN repeat(t, n); END';
CREATE FUNCTION indexed_rows(path text, q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r text;
BEGIN
  PERFORM set_config('search_path', path || ', public', true);
  EXECUTE format('SELECT string_agg(x::text, '' '' ORDER BY x::text) FROM (%s) x', q) INTO r;
  RETURN r;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLERRM;
END $$;
-- Values of each length, known when the query is planned, when it begins, and by a subquery, then up to longest.
CREATE FUNCTION indexed_long(q text, longest int DEFAULT 70000) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(x || ': ' || coalesce(f, '') || ', copy: ' || coalesce(l, ''), ', ') FILTER (WHERE f IS DISTINCT FROM l), count(*) || ' alike')
  FROM unnest('{1,8192,8193,65535,65536,70000}'::int[]) n, unnest('{repeat,indexed_later,(SELECT repeat}'::text[]) form,
    LATERAL (SELECT regexp_replace(q, '[$](.)', CASE WHEN q ~ 'é' THEN format('%s(''\1'', %s)', form, n / 2) ELSE format('%s(''\1'', %s)', form, n) END || CASE WHEN form ~ 'SELECT' THEN ')' ELSE '' END, 'g')) x(x),
    LATERAL (SELECT indexed_rows('indexed_f', x), indexed_rows('indexed_l', x)) r(f, l)
  WHERE n <= longest OR form = 'repeat'
$$;
SELECT indexed_long($$SELECT k, c FROM long WHERE t = $t$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE a = $a$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE u = $é$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE b = convert_to($b, 'UTF8')$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE t = $t AND v = 0$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE t = $t AND w = 2$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE u = $é AND w = 2$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE k = 1 AND t = $t$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE k = 1 AND u = $é AND w = 1$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE t > $t$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE t <= $t AND v = 0$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE t IN ($t, 'none')$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE z = $z$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE z > $z$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE z >= $y AND z < $z$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE z = $z AND w = 2$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE z = $z AND t = $t$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE z = $z AND v = 1$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE z IN ($z, 'none')$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE k = 1 AND z = $z$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE k IN (1, 2, 3) AND z <= $z ORDER BY c, k LIMIT 3$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE k = ANY (ARRAY(SELECT generate_series(1, 1200))) AND z = $z$$);
SELECT indexed_long($$SELECT c FROM long WHERE z = $z LIMIT 1$$);
SELECT indexed_long($$SELECT DISTINCT k FROM long WHERE z = $z$$);
SELECT indexed_long($$SELECT count(*), max(c) FROM long WHERE t = $t$$);
SELECT indexed_long($$SELECT k, count(*) FROM long WHERE t = $t GROUP BY k$$);
SELECT indexed_long($$SELECT c FROM long WHERE t = $t LIMIT 1$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE t = $t ORDER BY k, c$$);
SELECT indexed_long($$SELECT DISTINCT k FROM long WHERE t = $t$$);
SELECT indexed_long($$SELECT k, c FROM long WHERE t = $t UNION ALL SELECT k, c FROM long WHERE t = $t$$);
-- above a filter, aggregates are the cluster's, if the value turns out not to be too long
SELECT indexed_long($$SELECT count(*), max(c) FROM long WHERE z = $z$$, 65535);
SELECT indexed_long($$SELECT k, count(*) FROM long WHERE z < $z GROUP BY k$$, 65535);
SELECT indexed_long($$SELECT count(*), max(c) FROM (SELECT * FROM long WHERE z = $z OFFSET 0) s$$);
SELECT count(*) FROM indexed_f.long WHERE z = indexed_later('z', 65536);
-- by the rows of another table
SELECT indexed_rows('indexed_f', q) = indexed_rows('indexed_l', q) FROM unnest(ARRAY[
  'SELECT length(o.t), (SELECT sum(r.c) FROM long r WHERE r.t = o.t) FROM o', 'SELECT length(o.u), (SELECT sum(r.c) FROM long r WHERE r.u = o.u AND r.w = 1) FROM o',
  'SELECT length(o.t), r.c FROM o JOIN long r ON r.k = 1 AND r.t = o.t', 'SELECT length(o.t), r.c FROM o, LATERAL (SELECT * FROM long r WHERE r.t = o.t OFFSET 0) r',
  'SELECT length(o.u), r.c FROM o JOIN long r ON r.k = length(o.u) % 2 + 1 AND r.u = o.u',
  'SELECT length(o.z), (SELECT r.c FROM long r WHERE r.z = o.z AND r.w = 1) FROM o', 'SELECT length(o.z), r.c FROM o JOIN long r ON r.k = 1 AND r.z >= o.z']) q;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT q FROM unnest(ARRAY['SELECT length(o.z), r.c FROM o JOIN long r ON r.k = length(o.z) % 2 + 1 AND r.z = o.z', 'SELECT length(o.z), r.c FROM o LEFT JOIN long r ON r.k = length(o.z) % 2 + 1 AND r.z > o.z',
  'SELECT length(o.z) FROM o WHERE EXISTS (SELECT FROM long r WHERE r.k = length(o.z) % 2 + 1 AND r.z > o.z)', 'SELECT length(o.z) FROM o WHERE NOT EXISTS (SELECT FROM long r WHERE r.k = length(o.z) % 2 + 1 AND r.z > o.z)',
  'SELECT length(o.z), r.c FROM o JOIN long r ON r.k = length(o.z) % 2 + 1 AND r.z = indexed_later(''z'', 70000)']) q WHERE indexed_rows('indexed_f', q) IS DISTINCT FROM indexed_rows('indexed_l', q);
EXPLAIN (VERBOSE, COSTS OFF) SELECT o.t FROM indexed_f.o JOIN indexed_f.long r ON r.k = length(o.z) AND r.z > o.z;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop;
-- what is asked for, and how many rows came
SET search_path = indexed_f, public;
EXPLAIN (VERBOSE, COSTS OFF) SELECT c FROM long WHERE t = 'short';
EXPLAIN (VERBOSE, COSTS OFF) SELECT c FROM long WHERE a = 'short' AND k = 1 AND u = indexed_later('short', 1);
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM long WHERE t = indexed_later('short', 1);
SELECT count(*) FROM long WHERE t = indexed_later('short', 1);
-- rows that this session writes are none of a scan that is open, which checks what it reads ahead
BEGIN;
DECLARE c CURSOR FOR SELECT c FROM long WHERE t = indexed_later('t', 70000);
FETCH 1 FROM c;
UPDATE long SET w = 7 WHERE t = indexed_later('t', 70000);
FETCH ALL FROM c;
COMMIT;
SELECT k, c, w FROM long WHERE w = 7 ORDER BY k, c;
UPDATE long SET w = 8 WHERE z = indexed_later('z', 70000);
DELETE FROM long WHERE k = 2 AND z > indexed_later('z', 65536);
SELECT k, c, w FROM long WHERE w >= 7 ORDER BY k, c;
SET plan_cache_mode = force_generic_plan;
PREPARE indexed_by (text) AS SELECT k, c FROM long WHERE z = $1 AND w = 1;
EXECUTE indexed_by (repeat('z', 8192));
EXECUTE indexed_by (repeat('z', 65536));
DEALLOCATE indexed_by;
RESET plan_cache_mode;
-- an index finds the rows, or nothing does
SET scylla_fdw.full_scan = 'refuse';
SELECT k, c FROM long WHERE t = indexed_later('t', 65536) AND v = 1 ORDER BY k, c;
SELECT k, c FROM long WHERE v = 1 AND z = indexed_later('z', 65536) ORDER BY k, c;
SELECT k, c FROM long WHERE k = 1 AND z = indexed_later('z', 65536);
SELECT k, c FROM long WHERE t = indexed_later('t', 65536) AND z = indexed_later('z', 65536);
RESET scylla_fdw.full_scan;
RESET search_path;

SELECT indexed_cql('DROP KEYSPACE fdw_indexed') \g /dev/null
DROP SERVER indexed_cluster CASCADE;
DROP SCHEMA indexed_f, indexed_l CASCADE;
DROP FUNCTION indexed_compare, indexed_long, indexed_rows, indexed_later, indexed_cql;
