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
  'CREATE TABLE fdw_keys.log (device int, at timestamp, seq int, n varint, v text, PRIMARY KEY (device, at, seq, n))',
  'CREATE TABLE fdw_keys.log_desc (device int, at timestamp, seq int, n varint, v text, PRIMARY KEY (device, at, seq, n)) WITH CLUSTERING ORDER BY (at DESC, seq DESC, n ASC)',
  'CREATE TABLE fdw_keys.steps (k int, u timeuuid, t text, c int, d int, v text, PRIMARY KEY (k, u, t, c, d)) WITH CLUSTERING ORDER BY (u DESC, t DESC, c DESC, d DESC)',
  'CREATE TABLE fdw_keys.buckets (b smallint, n bigint, v text, PRIMARY KEY ((b, n)))',
  'CREATE TABLE fdw_keys.days (day date PRIMARY KEY, v text)',
  'CREATE TABLE fdw_keys.tiny (t tinyint PRIMARY KEY, v text)',
  'CREATE TABLE fdw_keys.wide (n varint PRIMARY KEY, v text)',
  'CREATE TABLE fdw_keys.events (device int, day date, at int, v text, PRIMARY KEY ((device, day), at))']) cql \g /dev/null
CREATE SCHEMA keys_f;
CREATE SCHEMA keys_l;
SET search_path = keys_l, public;
CREATE TABLE large AS SELECT g AS k, 'v' || g AS v FROM generate_series(1, 20000) g;
CREATE TABLE events AS SELECT device, date '2024-02-01' + day AS day, at, device || '-' || day || '-' || at AS v
  FROM generate_series(1, 10) device, generate_series(0, 59) day, generate_series(1, 5) at;
CREATE TABLE pairs AS SELECT a, b::bigint, c::smallint, a || '/' || b || '/' || c AS v FROM generate_series(1, 20) a, generate_series(1, 10) b, generate_series(1, 2) c;
CREATE TABLE log AS SELECT device, timestamptz '2024-02-29 12:00+00' + at * interval '1 ms' AS at, seq, n::numeric, device || '/' || at || '/' || seq || '/' || n AS v
  FROM generate_series(1, 2) device, generate_series(-3, 3) at, unnest('{-2147483648,-1,0,7,2147483647}'::int[]) seq, generate_series(0, 1) n;
CREATE TABLE log_desc AS TABLE log;
CREATE TABLE steps AS SELECT k, ('00000000-0000-1000-8000-00000000000' || u)::uuid AS u, t, c, d, concat(u, t, c, d) AS v
  FROM generate_series(1, 2) k, generate_series(1, 3) u, unnest('{"",a,b,B}'::text[]) t, generate_series(1, 3) c, generate_series(1, 3) d;
CREATE TABLE buckets AS SELECT b::smallint, n::bigint, b || '/' || n AS v FROM unnest('{-32768,-1,0,1,2,32767}'::int[]) b, unnest('{-9223372036854775808,-1,0,1,9223372036854775806,9223372036854775807}'::bigint[]) n;
CREATE TABLE days AS SELECT date '2024-02-01' + day AS day, 'v' || day AS v FROM generate_series(0, 3000, 3) day;
INSERT INTO days VALUES ('4713-01-01 BC', 'first'), ('5874897-12-31', 'last');
CREATE TABLE tiny AS SELECT t::int, 'v' || t AS v FROM generate_series(-128, 127) t;
CREATE TABLE wide AS SELECT n::numeric, 'v' || n AS v FROM unnest('{-9223372036854775809,-9223372036854775808,-2,-1,0,1,2,9223372036854775807,9223372036854775808,9223372036854775809,1e30}'::numeric[]) n;
CREATE TABLE public.keys_o AS SELECT g AS id, g * 7 AS k, g % 12 AS device, date '2024-01-25' + g % 70 AS day FROM generate_series(1, 600) g;
CREATE FOREIGN TABLE keys_f.large (k int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.pairs (a int, b bigint, c smallint, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.log (device int, at timestamptz, seq int, n numeric, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.log_desc (device int, at timestamptz, seq int, n numeric, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.steps (k int, u uuid, t text, c int, d int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.buckets (b smallint, n bigint, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.days (day date, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.tiny (t int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.wide (n numeric, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.events (device int, day date, at int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys');
CREATE FOREIGN TABLE keys_f.late (k int, v text) SERVER keys_cluster OPTIONS (keyspace 'fdw_keys', "table" 'large');
CREATE VIEW late AS TABLE large;
ANALYZE keys_f.late;
INSERT INTO keys_f.large SELECT * FROM keys_l.large;
INSERT INTO keys_f.events SELECT * FROM keys_l.events;
INSERT INTO keys_f.log SELECT * FROM keys_l.log;
INSERT INTO keys_f.log_desc SELECT * FROM keys_l.log;
INSERT INTO keys_f.steps SELECT * FROM keys_l.steps;
INSERT INTO keys_f.buckets SELECT * FROM keys_l.buckets;
INSERT INTO keys_f.days SELECT * FROM keys_l.days;
INSERT INTO keys_f.wide SELECT * FROM keys_l.wide;
INSERT INTO keys_f.tiny SELECT * FROM keys_l.tiny;
INSERT INTO keys_f.pairs SELECT * FROM keys_l.pairs;
RESET search_path;

-- How the foreign table is read, by plan or, with ran, in fact, and the rows, compared with the copy's.
CREATE FUNCTION keys(q text, ran boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  how text := '';
  wanted text := CASE WHEN ran THEN 'Full Scan' ELSE 'ScyllaJoin|Key|CQL: |^ *Filter: |Sort Key|Reason' END;
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
-- a table that was empty when it was analyzed
SELECT keys($$SELECT o.id, l.v FROM keys_o o JOIN late l ON l.k = o.k$$);

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
SELECT keys_late('count(*)', 300);
SELECT keys_late('count(*)', 300, '', false);
SELECT keys($$SELECT count(*), max(v) FROM large WHERE k = ANY (ARRAY(SELECT generate_series(1, 300)))$$);
SELECT keys($$SELECT count(*), max(c) FROM pairs WHERE a = 3 AND b = ANY (ARRAY(SELECT generate_series(1, 300)::bigint))$$);
SELECT keys_late('*', 40, 'ORDER BY c, a, b');
SELECT keys($$SELECT count(*) FROM (SELECT * FROM pairs WHERE a = ANY ((SELECT array_agg(g::int) FROM generate_series(3, 300) g)::int[])
  AND b = ANY ((SELECT array_agg(g::bigint) || NULL FROM generate_series(0, 300) g)::bigint[]) LIMIT 17) x$$, true);
SELECT keys($$SELECT a, b, c, v FROM pairs WHERE a = ANY (ARRAY(SELECT generate_series(1, 300))) AND b = ANY ((SELECT array_agg(g::bigint) || NULL FROM generate_series(0, 300) g)::bigint[]) ORDER BY c DESC, a, b$$, true);
SELECT keys($$SELECT c FROM pairs WHERE a = ANY (ARRAY(SELECT generate_series(1, 300))) AND b = ANY (ARRAY(SELECT generate_series(1, 300)::bigint)) ORDER BY c LIMIT 250$$, true);
-- again with other lists, and with none; ahead of a write, and of a savepoint's end
SELECT keys($$SELECT n, x.* FROM (VALUES (3), (300), (0), (250)) n (n), LATERAL (SELECT c FROM pairs WHERE a = ANY (ARRAY(SELECT generate_series(1, n))) AND b = ANY (ARRAY(SELECT generate_series(1, n)::bigint)) ORDER BY c DESC LIMIT 30) x ORDER BY 1, 2$$, true);
SELECT keys($$SELECT n, x.* FROM (VALUES (3), (300), (0), (250)) n (n), LATERAL (SELECT * FROM pairs WHERE a = ANY (ARRAY(SELECT generate_series(1, n))) AND b = ANY (ARRAY(SELECT generate_series(1, n)::bigint)) OFFSET 0) x$$, true);
-- what is made of one list goes before the next: each of these takes half a MB
CREATE FUNCTION keys_memory() RETURNS bigint LANGUAGE sql AS 'SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts';
SELECT count(*), sum(n), max(bytes) - min(bytes) < 4000000 AS same FROM (SELECT x.n, CASE WHEN i IN (10, 30) THEN keys_memory() END AS bytes
  FROM generate_series(1, 30) i, LATERAL (SELECT count(v) AS n FROM
    (SELECT * FROM keys_f.pairs WHERE a = ANY (ARRAY(SELECT generate_series(i, i + 20000))) AND b = 1 OFFSET 0) y) x OFFSET 0) z;
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

-- alternatives: exactly the combinations that are asked for
SELECT keys($$SELECT * FROM large WHERE k = 1 OR k = 3 OR 5 = k OR k = NULL$$);
SELECT keys($$SELECT * FROM large WHERE k = 1 OR k IN (3, 5) OR k = ANY ('{7,3,NULL}') OR k = 3000000000$$);
SELECT keys($$SELECT * FROM large WHERE k = 1 OR (k = 3 AND v = 'v3') OR (k = 4 AND v = 'no')$$);
SELECT keys($$SELECT * FROM large WHERE k = 1 OR v = 'v3'$$);
SELECT keys($$SELECT * FROM large WHERE (k = 1 OR k = 3) AND (k = 3 OR k = 5)$$);
SELECT keys($$SELECT * FROM large WHERE k = 1 OR k > 19998$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, b) IN ((1, 2), (3, 4), (1, 2), (3, 40), (NULL, 1), (2, 3000000000))$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, b, c) IN ((1, 2, 1), (3, 4, 2), (5, 6, 100000))$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, b) IN ((1, 2), (3, 4)) AND c > 1 AND v LIKE '%/2'$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, b) IN ((1, 2), (3, 4)) AND c IN (1, 2)$$);
SELECT keys($$SELECT * FROM pairs WHERE b = 2 AND (a, c) IN ((1, 2), (3, 1), (4, 7))$$);
SELECT keys($$SELECT * FROM pairs WHERE (a = 1 AND b IN (2, 3)) OR (b = 4 AND a = ANY ('{5,6}') AND c = 1)$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, b, v) IN ((1, 2, '1/2/1'), (3, 4, 'no'))$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, c) IN ((1, 2), (3, 1))$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, b) IN ((1, 2), (3, 4)) ORDER BY c DESC, a LIMIT 3$$);
SELECT keys($$SELECT a, b, count(*), max(c) FROM pairs WHERE (a, b) IN ((1, 2), (3, 4), (30, 4)) GROUP BY a, b$$);
SELECT keys($$SELECT count(*) FROM pairs WHERE (a, b) IN ((1, 2), (3, 4), (30, 4))$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, b) IN ((NULL, 1), (1, NULL))$$);
SELECT keys($$SELECT * FROM pairs WHERE (a, b) IN (VALUES (1, 2), (3, 4), (3, 4))$$);
SELECT keys($$SELECT p.* FROM pairs p JOIN (VALUES (1, 2, 1), (3, 4, 2), (NULL, 4, 2)) x (a, b, c) ON p.a = x.a AND p.b = x.b AND p.c = x.c$$);
SELECT keys($$SELECT o.id, p.* FROM keys_o o JOIN pairs p ON (p.a = o.device AND p.b = o.device + 1) OR (p.a = o.device + 1 AND p.b = o.device) WHERE o.id < 40$$);
SELECT keys($$SELECT o.id, p.* FROM keys_o o JOIN pairs p ON (o.id = 1 AND p.a = 1 AND p.b = 2) OR (o.id = 2 AND p.a = 3 AND p.b = 4)$$);
SELECT keys($$SELECT o.id, p.* FROM keys_o o JOIN pairs p ON (p.a = o.device AND p.b = o.device + 1 AND p.v <> 'x') OR (p.a = o.device + 1 AND p.b = o.device AND o.k > 70) WHERE o.id < 20$$);
-- values that are known later
SET search_path = keys_f, public;
PREPARE keys_pairs (int, bigint, int, bigint) AS SELECT count(*), min(v), max(v) FROM pairs WHERE (a, b) IN (($1, $2), ($3, $4));
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE keys_pairs (1, 2, 3, 4);
EXECUTE keys_pairs (1, 2, 3, 4);
EXECUTE keys_pairs (1, 2, NULL, 4);
EXECUTE keys_pairs (1, 2, 1, 2);
EXECUTE keys_pairs (1, NULL, NULL, 4);
RESET search_path;
RESET plan_cache_mode;
-- rows that are written by the same keys
SET search_path = keys_f, public;
EXPLAIN (COSTS OFF) DELETE FROM pairs WHERE (a, b, c) IN ((21, 1, 1), (21, 2, 2));
INSERT INTO pairs SELECT 21, b, c, 'x' FROM generate_series(1, 2) b, generate_series(1, 2) c;
WITH u AS (UPDATE pairs SET v = 'y' WHERE (a, b, c) IN ((21, 1, 1), (21, 2, 2)) RETURNING b, c) SELECT * FROM u ORDER BY b;
DELETE FROM pairs WHERE (a, b) IN ((21, 1), (22, 2)) AND c = 2;
DELETE FROM pairs WHERE (a, b, c) IN ((21, 1, 1), (21, 2, 2));
SELECT * FROM pairs WHERE a = 21 AND b IN (1, 2);
DELETE FROM pairs WHERE a = 21 AND (b = 1 OR b = 2);
RESET search_path;

-- comparisons of rows, as pages of a partition are asked for
SELECT keys($$SELECT * FROM log WHERE device = 1 AND (at, seq) > ('2024-02-29 12:00:00.001+00', 0) ORDER BY at, seq, n LIMIT 9$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND ('2024-02-29 12:00:00.001+00', 0) > (at, seq) ORDER BY at DESC, seq DESC, n DESC LIMIT 9$$);
SELECT keys($$SELECT * FROM log_desc WHERE device = 1 AND (at, seq) < ('2024-02-29 12:00:00.001+00', 0) ORDER BY at DESC, seq DESC, n LIMIT 9$$);
SELECT keys($$SELECT * FROM log_desc WHERE device = 1 AND (at, seq) >= ('2024-02-29 12:00:00.001+00', 0)$$);
SELECT keys($$SELECT * FROM log_desc WHERE device IN (1, 2, 7) AND (at, seq) >= ('2024-02-29 12:00:00.001+00', 0) ORDER BY at, seq, n DESC, device$$);
SELECT keys($$SELECT * FROM log_desc WHERE device = 1 AND (at, seq, n) > ('2024-02-29 12:00:00.001+00', 0, 0) ORDER BY at, seq, n DESC$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND (at, seq) > ('2024-02-29 12:00:00.001+00', 0) AND at <= '2024-02-29 12:00:00.002+00'$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND (at, seq, n) > ('2024-02-29 12:00:00.001+00', 0, 0) AND (at, seq) <= ('2024-02-29 12:00:00.002+00', 7)$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND (at, seq) > ('2024-02-29 12:00:00.001+00', 0) AND at > '2024-02-29 12:00:00.002+00'$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND at = '2024-02-29 12:00:00.001+00' AND (seq, n) > (0, 0) ORDER BY seq, n$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND at = '2024-02-29 12:00:00.001+00' AND (seq, n) <= (0, 0) ORDER BY seq DESC, n DESC LIMIT 3$$);
SELECT keys($$SELECT * FROM log WHERE device IN (1, 2) AND at = '2024-02-29 12:00:00.001+00' AND (seq, n) > (-1, 0) AND seq < 2147483647 ORDER BY seq, n, device$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND at = '2024-02-29 12:00:00.001+00' AND (seq, n) > (-1, 0) AND (seq, n) <= (7, 0)$$);
SELECT keys($$SELECT seq, n, count(*), max(v) FROM log WHERE device = 1 AND at = '2024-02-29 12:00:00.001+00' AND (seq, n) > (0, 0) GROUP BY seq, n ORDER BY seq, n$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND at IN ('2024-02-29 12:00:00.001+00', '2024-02-29 12:00:00.002+00') AND (seq, n) > (0, 0)$$);
SELECT keys($$SELECT * FROM log_desc WHERE device = 1 AND at = '2024-02-29 12:00:00.001+00' AND (seq, n) > (0, 0)$$);
SELECT keys($$SELECT * FROM steps WHERE k = 1 AND u = '00000000-0000-1000-8000-000000000002' AND t = 'b' AND (c, d) > (2, 2) ORDER BY c DESC, d DESC$$);
SELECT keys($$SELECT * FROM steps WHERE k = 1 AND u = '00000000-0000-1000-8000-000000000002' AND t = 'b' AND (c, d) < (2, 2) AND c >= 1 ORDER BY c, d$$);
SELECT keys($$SELECT * FROM steps WHERE k = 1 AND u = '00000000-0000-1000-8000-000000000002' AND (t, c, d) > ('b', 2, 2)$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND (seq, at) > (0, '2024-02-29 12:00:00.001+00')$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND (at, n) > ('2024-02-29 12:00:00.001+00', 0)$$);
SELECT keys($$SELECT * FROM log WHERE device = 1 AND (at, n) > ('2024-02-29 12:00:00.001+00', seq)$$);
SELECT keys($$SELECT * FROM log WHERE (at, seq) > ('2024-02-29 12:00:00.001+00', 0)$$);
SELECT keys($$SELECT count(*), max(seq) FROM log WHERE device = 1 AND (at, seq) <= ('2024-02-29 12:00:00.001+00', 0)$$);
-- with values that CQL cannot hold, at each place, in each direction
SELECT count(*), count(*) FILTER (WHERE r ~ 'Filter|DIFFERENT') AS wrong FROM unnest('{log,log_desc}'::text[]) t, unnest('{<,<=,>,>=}'::text[]) op, unnest('{"at, seq, n","at, seq"}'::text[]) row, unnest(ARRAY[
  $$'2024-02-29 12:00:00.0011+00', 0, 0$$, $$'2024-02-29 12:00:00.001+00', 3000000000, 0$$, $$'2024-02-29 12:00:00.001+00', -3000000000, 0$$,
  $$'2024-02-29 12:00:00.001+00', 7, 0.5$$, $$'2024-02-29 12:00:00.001+00', 7, 'NaN'$$, $$'infinity', 7, 0$$, $$'-infinity', 7, 0$$, $$'2024-02-29 12:00:00.001+00', 2147483647, '-Infinity'$$]) x,
  keys(format('SELECT * FROM %s WHERE device = 1 AND (%s) %s (%s)', t, row, op, CASE WHEN row ~ 'n' THEN x ELSE regexp_replace(x, ', [^,]*$', '') END)) r WHERE t = 'log' OR row = 'at, seq';
-- the same behind a column that has one value
SELECT count(*), count(*) FILTER (WHERE r ~ 'Filter|DIFFERENT') AS wrong FROM unnest('{<,<=,>,>=}'::text[]) op, unnest('{2024-02-29 12:00:00.001+00,2024-02-29 12:00:00.0011+00,infinity,-infinity}'::text[]) at,
  unnest(ARRAY['7, 0', '3000000000, 0', '-3000000000, 0', '7, 0.5', $$7, 'NaN'$$, $$0, '-Infinity'$$]) x, unnest('{"","AND seq >= 0","AND seq < 7"}'::text[]) other,
  keys(format('SELECT * FROM log WHERE device = 1 AND at = %L AND (seq, n) %s (%s) %s', at, op, x, other)) r WHERE (other ~ '>') <> (op ~ '>') OR other = '';
SET plan_cache_mode = force_generic_plan;
CREATE FUNCTION keys_page(timestamptz, bigint, numeric, OUT here text, OUT there text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('search_path', 'keys_l, public', true);
  EXECUTE 'SELECT count(*) || md5(string_agg(l::text, '','' ORDER BY at, seq, n)) FROM log l WHERE device = 1 AND (at, seq, n) > ($1, $2, $3)' INTO here USING $1, $2, $3;
  PERFORM set_config('search_path', 'keys_f, public', true);
  EXECUTE 'SELECT count(*) || md5(string_agg(l::text, '','' ORDER BY at, seq, n)) FROM log l WHERE device = 1 AND (at, seq, n) > ($1, $2, $3)' INTO there USING $1, $2, $3;
END $$;
SELECT count(*), count(*) FILTER (WHERE here IS DISTINCT FROM there) AS different FROM
  unnest(ARRAY[NULL, 'infinity', '-infinity', '2024-02-29 12:00:00+00', '2024-02-29 12:00:00.00055+00']::timestamptz[]) at, unnest('{NULL,0,7,2147483647,-3000000000,3000000000}'::bigint[]) seq,
  unnest('{NULL,0,0.5,-Infinity,NaN}'::numeric[]) n, keys_page(at, seq, n);
CREATE FUNCTION keys_page_at(timestamptz, bigint, numeric, OUT here text, OUT there text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('search_path', 'keys_l, public', true);
  EXECUTE 'SELECT count(*) || md5(string_agg(l::text, '','' ORDER BY at, seq, n)) FROM log l WHERE device = 1 AND at = $1 AND (seq, n) > ($2, $3)' INTO here USING $1, $2, $3;
  PERFORM set_config('search_path', 'keys_f, public', true);
  EXECUTE 'SELECT count(*) || md5(string_agg(l::text, '','' ORDER BY at, seq, n)) FROM log l WHERE device = 1 AND at = $1 AND (seq, n) > ($2, $3)' INTO there USING $1, $2, $3;
END $$;
SELECT count(*), count(*) FILTER (WHERE here IS DISTINCT FROM there) AS different FROM
  unnest(ARRAY[NULL, 'infinity', '2024-02-29 12:00:00+00', '2024-02-29 12:00:00.00055+00']::timestamptz[]) at, unnest('{NULL,0,-3000000000,3000000000}'::bigint[]) seq,
  unnest('{NULL,0,0.5,NaN}'::numeric[]) n, keys_page_at(at, seq, n);
RESET plan_cache_mode;
-- of a join
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT keys($$SELECT o.id, l.* FROM keys_o o JOIN log l ON l.device = o.device AND (l.at, l.seq) > ('2024-02-29 12:00+00'::timestamptz + o.id * interval '0.7 ms', o.k) WHERE o.id < 50$$);
SELECT keys($$SELECT o.id, l.* FROM keys_o o JOIN log l ON l.device = o.device AND l.at = '2024-02-29 12:00+00'::timestamptz + o.id % 3 * interval '0.5 ms' AND (l.seq, l.n) > (o.id % 2, 0) WHERE o.id < 50$$);
SELECT keys($$SELECT o.id, l.* FROM keys_o o LEFT JOIN log l ON l.device = o.device AND (l.at, l.v) > ('2024-02-29 12:00+00'::timestamptz + o.id * interval '0.7 ms', 'x') WHERE o.id < 50$$);
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop;
SET search_path = keys_f, public;
BEGIN;
DELETE FROM log_desc WHERE device = 2 AND (at, seq) > ('2024-02-29 12:00:00.001+00', 0);
SELECT count(*) FROM log_desc WHERE device = 2;
DELETE FROM log WHERE device = 2 AND at = '2024-02-29 12:00:00.001+00' AND (seq, n) > (0, 0);
SELECT count(*), count(*) FILTER (WHERE at = '2024-02-29 12:00:00.001+00') FROM log WHERE device = 2;
COMMIT;
RESET search_path;

-- many more outer rows than the planner takes a join to have: after some keys the whole table is read
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;
CREATE FUNCTION keys_outer(n int, OUT id int, OUT k int, OUT a int, OUT b bigint, OUT c int) RETURNS SETOF record LANGUAGE plpgsql STABLE ROWS 10 AS
  'BEGIN RETURN QUERY SELECT g, CASE WHEN g % 100 > 0 THEN g * 7 % 25000 END, g % 23, (g / 23 % 100)::bigint, g % 4 FROM generate_series(1, n) g; END';
CREATE FUNCTION keys_far(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  how text := '';
  f text;
  l text;
  aggregate text := 'SELECT count(*) || '' rows '' || md5(string_agg(r::text, '','' ORDER BY r::text COLLATE "C")) FROM (%s) r';
BEGIN
  PERFORM set_config('search_path', 'keys_l, public', true);
  EXECUTE format(aggregate, q) INTO l;
  PERFORM set_config('search_path', 'keys_f, public', true);
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) ' || q LOOP
    how := how || coalesce(substring(line, 'ScyllaJoin|Full Scan: after') || ', ', '');
  END LOOP;
  EXECUTE format(aggregate, q) INTO f;
  RETURN how || CASE WHEN f IS DISTINCT FROM l THEN format(' DIFFERENT: %s, copy: %s', f, l) ELSE substring(f, ' ?.* rows') END;
END $$;
SELECT keys_far(q) FROM unnest(ARRAY['SELECT o.id, l.v FROM keys_outer(4000) o JOIN large l ON l.k = o.k', 'SELECT o.id, l.v FROM keys_outer(4000) o LEFT JOIN large l ON l.k = o.k AND length(l.v) > o.c + 2',
  'SELECT o.id FROM keys_outer(4000) o WHERE EXISTS (SELECT FROM large l WHERE l.k = o.k)', 'SELECT o.id FROM keys_outer(4000) o WHERE NOT EXISTS (SELECT FROM large l WHERE l.k = o.k AND length(l.v) < 6)',
  'SELECT o.id, l FROM keys_outer(3500) o JOIN pairs l ON l.a = o.a AND l.b = o.b', 'SELECT o.id, l.v FROM keys_outer(3500) o LEFT JOIN pairs l ON l.a = o.a AND l.b = o.b AND l.c = o.c',
  'SELECT o.id, l.v FROM keys_outer(3500) o JOIN pairs l ON l.a = ANY (ARRAY[o.a, o.c, NULL]) AND l.b = o.b AND l.c = 1', 'SELECT o.id FROM keys_outer(3500) o WHERE EXISTS (SELECT FROM pairs l WHERE l.a = o.a AND l.b = o.b AND l.c = o.c)']) q;
-- not where a request binds more than keys, where the table is too large for work_mem, nor where nobody wants it read
SELECT keys_far('SELECT o.id, l.v FROM keys_outer(3500) o JOIN pairs l ON l.a = o.a AND l.b = o.b AND l.c <= o.c');
SET work_mem = '64kB'; SET hash_mem_multiplier = 1;
SELECT keys_far(format('SELECT o.id, l.v FROM keys_outer(4000) o JOIN %s l ON l.k = o.k', t)) FROM unnest('{large,late}'::text[]) t;
RESET work_mem; RESET hash_mem_multiplier;
SET scylla_fdw.full_scan = 'refuse';
SELECT keys_far('SELECT o.id, l.v FROM keys_outer(3500) o JOIN pairs l ON l.a = o.a AND l.b = o.b');
SET scylla_fdw.full_scan = 'warn';
SELECT keys_far('SELECT o.id, l.v FROM keys_outer(3500) o JOIN pairs l ON l.a = o.a AND l.b = o.b');
RESET scylla_fdw.full_scan;
-- rows that the session writes meanwhile are not among them
SET search_path = keys_f, public;
BEGIN;
DECLARE far CURSOR FOR SELECT l.v = 'w' FROM keys_outer(3500) o JOIN pairs l ON l.a = o.a AND l.b = o.b;
MOVE 500 FROM far;
UPDATE pairs SET v = 'w' WHERE a <= 20;
FETCH 1 FROM far;
MOVE ALL FROM far;
CLOSE far;
DECLARE far CURSOR FOR SELECT l.v FROM keys_outer(3500) o JOIN pairs l ON l.a = o.a AND l.b = o.b;
FETCH 1 FROM far;
UPDATE pairs SET v = a || '/' || b || '/' || c WHERE a <= 20;
MOVE 500 FROM far;
FETCH 1 FROM far;
COMMIT;
RESET search_path;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop;

-- a range of a partition key's column is so many keys
SELECT keys($$SELECT * FROM events WHERE device = 3 AND day BETWEEN '2024-02-28' AND '2024-03-02'$$);
SELECT keys($$SELECT * FROM events WHERE device IN (3, 4) AND day >= '2024-02-28' AND '2024-03-02' > day AND at > 2$$);
SELECT keys($$SELECT * FROM events WHERE device = 3 AND day > '2024-03-29'$$);
SELECT keys($$SELECT * FROM events WHERE device = 3 AND day BETWEEN '2024-02-28' AND '2028-03-02'$$);
SELECT keys($$SELECT * FROM events WHERE device = 3 AND day BETWEEN '2024-03-02' AND '2024-02-28'$$);
SELECT keys($$SELECT * FROM events WHERE device BETWEEN 3 AND 5 AND day BETWEEN '2024-02-28' AND '2024-03-02' ORDER BY at, device, day LIMIT 7$$);
SELECT keys($$SELECT device, day, count(*) FROM events WHERE device = 3 AND day BETWEEN '2024-02-28' AND '2024-03-02' GROUP BY device, day$$);
SELECT keys($$SELECT count(*), max(at) FROM events WHERE device = 3 AND day BETWEEN '2024-02-28' AND '2024-03-02'$$);
SELECT keys($$SELECT DISTINCT device, day FROM events WHERE device = 3 AND day BETWEEN '2024-02-28' AND '2024-03-02'$$);
SELECT keys($$SELECT DISTINCT ON (device, day) * FROM events WHERE device = 3 AND day BETWEEN '2024-02-28' AND '2024-03-02' ORDER BY device, day, at DESC$$);
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT keys($$SELECT o.id, e.v FROM keys_o o JOIN events e ON e.device = o.device AND e.day BETWEEN '2024-02-28' AND '2024-03-02' WHERE o.id < 5$$);
SELECT keys($$SELECT o.id, e.v FROM keys_o o JOIN events e ON e.device = o.device AND e.day BETWEEN o.day AND o.day + 1 WHERE o.id < 50$$);
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop;
SELECT keys($$SELECT * FROM days WHERE day BETWEEN '2024-02-28' AND '2024-03-12' AND day <> '2024-03-02'$$);
SELECT keys($$SELECT * FROM days WHERE day BETWEEN '2024-02-28' AND timestamp '2024-03-12 00:00'$$);
-- where the whole key is not fixed after all, and the cluster filters, a range is a range
ALTER FOREIGN TABLE keys_f.events OPTIONS (ADD allow_filtering 'true');
SELECT keys($$SELECT * FROM events WHERE device BETWEEN 3 AND 5 AND at > 2 AND v LIKE '3-%'$$);
SELECT keys($$SELECT * FROM events WHERE device BETWEEN 3 AND 5 AND day BETWEEN '2024-02-28' AND '2024-03-02' AND v > '3-27-4' COLLATE "C"$$);
SELECT keys($$SELECT * FROM events WHERE device = 3 AND day BETWEEN '2024-02-28' AND '2024-03-02' AND day >= '2024-02-29' AND day < '2024-03-01'$$);
ALTER FOREIGN TABLE keys_f.events OPTIONS (DROP allow_filtering);
-- the ends of types, bounds beyond them
SELECT count(*), count(*) FILTER (WHERE r !~ '\d rows, as the copy has') AS wrong, count(*) FILTER (WHERE r ~ 'Key Range') AS ranges
  FROM unnest('{>,>=}'::text[]) ge, unnest('{<,<=}'::text[]) le, unnest(ARRAY['b %s -32769 AND b %s -32766', 'b %s 32766 AND b %s 99999', 'b %s -1 AND b %s 2', 'b %s 1 AND b %s 1', 'b %s 32767 AND b %s 32768', 'b %s -32769 AND b %s 32768']) b,
  unnest(ARRAY['n = 1', 'n > 9223372036854775800 AND n <= 9223372036854775807', 'n > 9223372036854775807 AND n <= 9223372036854775807', 'n BETWEEN -9223372036854775808 AND 9223372036854775807']) n, keys(format('SELECT * FROM buckets WHERE ' || b || ' AND ' || n, ge, le)) r;
SELECT count(*), count(*) FILTER (WHERE r !~ '\d rows, as the copy has') AS wrong, count(*) FILTER (WHERE r ~ 'Key Range') AS ranges
  FROM unnest('{>,>=}'::text[]) ge, unnest('{<,<=}'::text[]) le, unnest('{-129,127,128}'::bigint[]) l, unnest('{-128,127,128,3000000000}'::bigint[]) u, keys(format('SELECT * FROM tiny WHERE t %s %s AND t %s %s', ge, l, le, u)) r;
SELECT count(*), count(*) FILTER (WHERE r !~ '\d rows, as the copy has') AS wrong, count(*) FILTER (WHERE r ~ 'Key Range') AS ranges
  FROM unnest('{>,>=}'::text[]) ge, unnest('{<,<=}'::text[]) le, unnest('{-infinity,4713-01-01 BC,2024-02-02,5874897-12-30}'::text[]) l, unnest('{4713-01-03 BC,2024-02-09,5874897-12-31,infinity}'::text[]) u,
    keys(format('SELECT * FROM days WHERE day %s %L AND day %s %L', ge, l, le, u)) r;
-- of a varint as numeric, by constants and by what is known when the scan begins; far from 0 they are no keys
SELECT keys($$SELECT * FROM wide WHERE n > -1.5 AND n <= 1.5$$);
SELECT keys($$SELECT * FROM wide WHERE n BETWEEN 9223372036854775808 AND 9223372036854775809$$);
SELECT count(*), count(*) FILTER (WHERE r !~ '\d rows, as the copy has') AS wrong, count(*) FILTER (WHERE r ~ 'Key Range') AS ranges
  FROM unnest('{>,>=}'::text[]) ge, unnest('{<,<=}'::text[]) le, unnest('{-Infinity,-1e30,-9223372036854775809,-9223372036854775808,-1,-0.5,9223372036854775806.5,9223372036854775807,9223372036854775808,NaN}'::text[]) l,
    unnest('{-9223372036854775807,-1.5,1,9223372036854775807,9223372036854775809,1e30,Infinity,NaN}'::text[]) u, unnest('{%L,"(SELECT %L::numeric)"}'::text[]) form,
    keys(format('SELECT * FROM wide WHERE n ' || ge || form || ' AND n ' || le || form, l, u)) r;
-- bounds that are known when the scan begins
PREPARE keys_days_f (date, date) AS SELECT count(*) || coalesce(min(v), '') || coalesce(max(v), ''), count(*) FROM (SELECT * FROM keys_f.days WHERE day BETWEEN $1 AND $2 OFFSET 0) x;
PREPARE keys_days_l (date, date) AS SELECT count(*) || coalesce(min(v), '') || coalesce(max(v), '') FROM (SELECT * FROM keys_l.days WHERE day BETWEEN $1 AND $2 OFFSET 0) x;
CREATE FUNCTION keys_between(low date, high date, OUT plan text, OUT n bigint, OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE
  line text;
  l text;
  f text;
BEGIN
  EXECUTE format('EXECUTE keys_days_l (%L, %L)', low, high) INTO l;
  EXECUTE format('EXECUTE keys_days_f (%L, %L)', low, high) INTO f, n;
  same := l = f;
  plan := '';
  FOR line IN EXECUTE format('EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, COSTS OFF, SUMMARY OFF) EXECUTE keys_days_f (%L, %L)', low, high) LOOP
    IF line ~ 'Key|Full Scan|CQL' THEN
      plan := plan || btrim(line) || ' ';
    END IF;
  END LOOP;
END $$;
SET plan_cache_mode = force_generic_plan;
SELECT * FROM keys_between('2024-02-28', '2024-03-12');
SELECT * FROM keys_between('2024-03-12', '2024-02-28');
SELECT * FROM keys_between('2024-02-28', '2027-03-12');
SELECT * FROM keys_between('-infinity', 'infinity');
SELECT * FROM keys_between(NULL, '2024-03-12');
SELECT * FROM keys_between('2024-02-28', NULL);
RESET plan_cache_mode;
SELECT keys($$SELECT * FROM days WHERE day >= (SELECT date '2024-02-28') AND day < (SELECT date '2024-03-12')$$);
SELECT keys($$SELECT * FROM days WHERE day >= (SELECT date '2024-02-28') AND day < (SELECT date '2024-03-12') ORDER BY day$$);
SELECT keys($$SELECT count(*) FROM days WHERE day >= (SELECT date '2024-02-28') AND day < (SELECT date '2024-03-12')$$);
SELECT keys($$SELECT count(*) FROM days WHERE day >= (SELECT date '2024-02-28') AND day < (SELECT date '2034-03-12')$$, true);
SELECT keys($$SELECT x.n, d.* FROM (VALUES (1), (40), (2000), (-1)) x (n), LATERAL (SELECT * FROM days WHERE day BETWEEN '2024-02-01' AND date '2024-02-01' + x.n OFFSET 0) d$$, true);
SELECT keys($$SELECT * FROM days WHERE day BETWEEN CURRENT_DATE - 20000 AND CURRENT_DATE + 20000$$);
-- writes
SET search_path = keys_f, public;
EXPLAIN (COSTS OFF) DELETE FROM days WHERE day BETWEEN '2024-02-01' AND '2024-02-20';
DELETE FROM days WHERE day BETWEEN '2024-02-01' AND '2024-02-20';
DELETE FROM days WHERE day BETWEEN (SELECT date '2024-02-21') AND '2024-02-27';
UPDATE days SET v = 'new' WHERE day BETWEEN '2024-02-20' AND '2024-03-03';
SELECT day, v FROM days WHERE day BETWEEN '2024-02-01' AND '2024-03-04' ORDER BY day;
RESET search_path;

-- a setting guards against reads of whole tables that nobody has asked for as such
CREATE FUNCTION keys_try(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
  detail text;
  hint text;
BEGIN
  EXECUTE q;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n || ' rows';
EXCEPTION WHEN configuration_limit_exceeded THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' / ', sqlerrm, nullif(detail, ''), hint);
END $$;
SET search_path = keys_f, public;
SET scylla_fdw.full_scan = 'refuse';
SELECT keys_try($$SELECT * FROM events WHERE v = '1-1-1'$$);
SELECT keys_try($$SELECT * FROM events WHERE device = 1 AND day > '2024-03-01'$$);
SELECT keys_try($$SELECT * FROM events WHERE v = '1-1-1' LIMIT 1$$);
SELECT keys_try($$SELECT count(*) FROM events WHERE v IS NOT NULL$$);
SELECT keys_try($$SELECT * FROM keys_o o JOIN events e ON e.at = o.id$$);
SELECT keys_try($$UPDATE events SET v = 'x' WHERE v = 'no'$$);
SELECT keys_try($$DELETE FROM days WHERE v = 'no'$$);
SELECT keys_try($$SELECT * FROM days WHERE day BETWEEN (SELECT date '2024-02-01') AND '2034-02-01'$$);
-- asked for as such, or not whole
SELECT keys_try($$SELECT * FROM events$$);
SELECT keys_try($$SELECT count(*) FROM events$$);
SELECT keys_try($$SELECT * FROM events WHERE current_setting('port')::int > 0$$);
SELECT keys_try($$SELECT * FROM events LIMIT 3$$);
SELECT keys_try($$SELECT * FROM events WHERE device = 1 AND day = '2024-03-01' AND v <> 'no'$$);
SELECT keys_try($$SELECT * FROM days WHERE day BETWEEN (SELECT date '2024-02-01') AND '2024-03-12'$$);
SELECT keys_try($$ANALYZE days$$);
SELECT keys_try($$EXPLAIN SELECT * FROM events WHERE v = '1-1-1'$$) ~ 'rows$';
SELECT keys_try($$SELECT CASE WHEN g = 0 THEN (SELECT count(*) FROM events WHERE v = 'x') END FROM generate_series(1, 3) g$$);
-- the planner does it by keys, if it can: a join with a large outer side, long lists
SELECT keys_try($$SELECT * FROM keys_o o JOIN pairs p ON p.a = o.device AND p.b = o.id$$);
SELECT keys_try($$SELECT * FROM pairs WHERE a = ANY (ARRAY(SELECT generate_series(1, 60))) AND b = ANY (ARRAY(SELECT generate_series(1, 40)::bigint))$$);
SELECT keys_try(format('SELECT * FROM pairs WHERE a = ANY (%L) AND b = ANY (%1$L)', (SELECT array_agg(g) FROM generate_series(1, 40) g)));
SET scylla_fdw.full_scan = 'warn';
SELECT count(*) FROM events WHERE v = '1-1-1';
SELECT count(*) FROM (VALUES (1), (2)) x (n), LATERAL (SELECT * FROM events WHERE v = x.n::text OFFSET 0) e;
SELECT count(*) FROM events;
SET scylla_fdw.full_scan = 'no';
RESET scylla_fdw.full_scan;
SELECT keys_try($$SELECT * FROM events WHERE v = '1-1-1'$$);
RESET search_path;
-- by what ANALYZE has found, nobody asks the cluster
ANALYZE keys_f.pairs;
SELECT keys($$SELECT count(*), max(c) FROM pairs WHERE a = 3 AND b = ANY (ARRAY(SELECT generate_series(1, 300)::bigint))$$);

SELECT keys_cql('DROP KEYSPACE fdw_keys') \g /dev/null
DROP SERVER keys_cluster CASCADE;
DROP SCHEMA keys_f, keys_l CASCADE;
DROP TABLE keys_o;
DROP FUNCTION keys, keys_try, keys_move, keys_between, keys_page, keys_page_at, keys_outer, keys_far, keys_two, keys_late, keys_cql;
