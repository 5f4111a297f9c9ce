-- Joins of many rows with those that a foreign table has for their keys.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
DROP ROLE IF EXISTS join_role;
CREATE SERVER join_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER join_cluster;
SELECT scylla_fdw_execute('join_cluster', cql) FROM unnest(ARRAY[
  'DROP KEYSPACE IF EXISTS fdw_join',
  'CREATE KEYSPACE fdw_join WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}',
  'CREATE TABLE fdw_join.k (k bigint PRIMARY KEY, v text)',
  'CREATE TABLE fdw_join.t (a int, b text, c int, d smallint, v text, PRIMARY KEY ((a, b), c, d))',
  'CREATE TABLE fdw_join.e (k int, at timestamp, n varint, PRIMARY KEY (k, at))']) cql;
CREATE FOREIGN TABLE join_f_k (k bigint, v text) SERVER join_cluster OPTIONS (keyspace 'fdw_join', "table" 'k');
CREATE FOREIGN TABLE join_f_t (v text, a int, b text, c int, d smallint) SERVER join_cluster OPTIONS (keyspace 'fdw_join', "table" 't', fetch_size '3');
CREATE FOREIGN TABLE join_f_e (k int, at timestamptz, n numeric) SERVER join_cluster OPTIONS (keyspace 'fdw_join', "table" 'e');
CREATE TABLE join_l_k AS SELECT g::bigint AS k, 'v' || g % 50 AS v FROM generate_series(1, 300) g;
CREATE TABLE join_l_t AS
  SELECT 'v' || a * c AS v, a, chr(97 + a % 3) AS b, c, d::smallint FROM generate_series(1, 20) a, generate_series(1, 5) c, generate_series(1, 2) d;
CREATE TABLE join_l_e AS
  SELECT k, timestamptz '2024-01-01 00:00:00+00' + n * interval '1 ms' AS at, n::numeric FROM generate_series(1, 10) k, generate_series(1, 30) n;
INSERT INTO join_f_k SELECT * FROM join_l_k;
INSERT INTO join_f_t SELECT * FROM join_l_t;
INSERT INTO join_f_e SELECT * FROM join_l_e;
-- keys of rows that are there, once, several times, not at all, NULL, out of range
CREATE TABLE join_o AS
  SELECT g AS id, CASE WHEN g % 10 > 0 THEN g % 400 END::bigint AS x, (g % 30)::int AS a, chr(97 + g % 4) AS b,
    (g % 7)::smallint AS s, CASE WHEN g % 100 = 0 THEN 3000000000 ELSE g % 12 END AS big,
    ARRAY[g % 40, g % 7, NULL, g % 7]::bigint[] AS many,
    timestamptz '2024-01-01 00:00:00+00' + (g % 35) * interval '1 ms' + (g % 3) * interval '1 us' AS since,
    CASE WHEN g % 50 = 0 THEN 'infinity' ELSE timestamptz '2024-01-01 00:00:00+00' + (g % 20 + 10) * interval '1 ms' + (g % 2) * interval '1 us' END AS upto
  FROM generate_series(1, 600) g;
ANALYZE join_o, join_l_k, join_l_t, join_l_e;

-- what is chosen, of itself and in place of others
EXPLAIN (VERBOSE, COSTS OFF) SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE o.id < 50;
SET scylla_fdw.enable_join = off;
EXPLAIN (COSTS OFF) SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE o.id < 50;
RESET scylla_fdw.enable_join;
EXPLAIN (COSTS OFF) SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off; SET jit = off;

-- as text: how many joins of this kind, how many rows, how many of them differ from a local copy's
CREATE FUNCTION join_check(query text, joins int DEFAULT 1) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  found int := 0;
  n bigint;
  differ bigint;
  local text := replace(query, 'join_f_', 'join_l_');
BEGIN
  FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
    found := found + (line LIKE '%Custom Scan (ScyllaJoin)%')::int;
  END LOOP;
  EXECUTE format('SELECT count(*) FROM (%s) q', query) INTO n;
  EXECUTE format('SELECT count(*) FROM (((%s) EXCEPT ALL (%s)) UNION ALL ((%s) EXCEPT ALL (%s))) d', query, local, local, query) INTO differ;
  RETURN format('%s rows%s%s', n, CASE WHEN differ > 0 THEN ', ' || differ || ' DIFFER' END,
    CASE WHEN found <> joins THEN ', ' || found || ' JOINS' END);
END $$;

SELECT join_check($$SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x$$);
SELECT join_check($$SELECT o, f::text FROM join_o o JOIN join_f_k f ON f.k = o.x$$);
SELECT join_check($$SELECT o.id, f::text, f IS NULL FROM join_o o LEFT JOIN join_f_k f ON f.k = o.x$$);
SELECT count(*) FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE f.tableoid = 'join_f_k'::regclass;
SELECT join_check($$SELECT o.id, f.v FROM join_f_k f RIGHT JOIN join_o o ON f.k = o.x AND o.id > 100 AND f.v < 'v3'$$);
SELECT join_check($$SELECT o.id, f.v FROM join_o o LEFT JOIN join_f_k f ON f.k = o.x WHERE f.v IS NULL OR f.v < 'v3'$$);
SELECT join_check($$SELECT o.id FROM join_o o WHERE EXISTS (SELECT FROM join_f_k f WHERE f.k = o.x)$$);
SELECT join_check($$SELECT o.id FROM join_o o WHERE EXISTS (SELECT FROM join_f_t f WHERE f.a = o.a AND f.b = o.b AND f.c + f.d > o.s)$$);
SELECT join_check($$SELECT o.id FROM join_o o WHERE NOT EXISTS (SELECT FROM join_f_k f WHERE f.k = o.x)$$);
SELECT join_check($$SELECT o.id FROM join_o o WHERE NOT EXISTS (SELECT FROM join_f_t f WHERE f.a = o.a AND f.b = o.b AND f.c + f.d > o.s)$$);
SELECT join_check($$SELECT f.k, f.v FROM join_f_k f WHERE k IN (SELECT x FROM join_o)$$);
SELECT join_check($$SELECT f.k, f.v FROM join_f_k f WHERE k IN (SELECT x FROM join_o) AND f.v LIKE '%1'$$);
-- both columns of a key, clustering columns, conditions that stay
SELECT join_check($$SELECT o.id, f.v FROM join_o o JOIN join_f_t f ON f.a = o.a AND f.b = o.b$$);
SELECT join_check($$SELECT o.id, f.* FROM join_o o JOIN join_f_t f ON f.a = o.a AND f.b = 'b' AND f.c = o.s$$);
SELECT join_check($$SELECT o.id, f.* FROM join_o o JOIN join_f_t f ON f.a = o.a AND f.b = 'b' AND f.c IN (2, 3) AND f.d = o.s$$);
SELECT join_check($$SELECT o.id, f.* FROM join_o o LEFT JOIN join_f_t f ON f.a = o.a AND f.b = 'b' AND f.c > o.s AND f.v <> o.b AND f.d = 1$$);
SELECT join_check($$SELECT count(*) FROM join_o o JOIN join_f_t f ON f.a = o.a AND f.b = o.b$$);
-- other types, expressions, ranges whose bounds CQL cannot hold
SELECT join_check($$SELECT o.id, f.n FROM join_o o JOIN join_f_e f ON f.k = o.big AND f.n = o.id % 30$$);
SELECT join_check($$SELECT o.id, f.v FROM join_o o LEFT JOIN join_f_k f ON f.k = o.s * 2 + 1$$);
SELECT join_check($$SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = coalesce(o.x, o.id % 5)$$);
SELECT join_check($$SELECT o.id, f.n FROM join_o o JOIN join_f_e f ON f.k = o.s AND f.at = o.since$$);
SELECT join_check($$SELECT o.id, f.n FROM join_o o JOIN join_f_e f ON f.k = o.s AND f.at > o.since AND f.at < o.upto$$);
SELECT join_check($$SELECT o.id, f.n FROM join_o o LEFT JOIN join_f_e f ON f.k = o.s AND f.at >= o.since AND f.at <= o.upto AND f.n > 5$$);
-- arrays
SELECT join_check($$SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = ANY (o.many)$$);
SELECT join_check($$SELECT o.id, f.v FROM join_o o LEFT JOIN join_f_k f ON f.k = ANY (o.many || o.x) AND f.v > 'v2'$$);
SELECT join_check($$SELECT o.id FROM join_o o WHERE EXISTS (SELECT FROM join_f_k f WHERE f.k = ANY (o.many))$$);
SELECT join_check($$SELECT o.id FROM join_o o WHERE NOT EXISTS (SELECT FROM join_f_k f WHERE f.k = ANY (o.many[3:4] || o.x))$$);
-- over joins, subselects, sets
SELECT join_check($$SELECT o.id, f.v, g.v FROM join_o o JOIN join_f_k f ON f.k = o.x LEFT JOIN join_f_t g ON g.a = f.k AND g.b = substr(f.v, 3)$$, 2);
SELECT join_check($$SELECT f.v, g.v FROM join_f_t f JOIN join_f_k g ON g.k = f.c * 10 + f.a$$);
SELECT join_check($$SELECT o.n, f.v FROM (SELECT x, count(*) AS n FROM join_o GROUP BY x) o LEFT JOIN join_f_k f ON f.k = o.x$$);
SELECT join_check($$SELECT o.id, f.v FROM (SELECT id, x FROM join_o ORDER BY id LIMIT 77) o JOIN join_f_k f ON f.k = o.x$$);
SELECT join_check($$SELECT g, f.v FROM generate_series(290, 310) g LEFT JOIN join_f_k f ON f.k = g$$);
SELECT join_check($$SELECT o.id, f.v FROM (SELECT id, x FROM join_o WHERE id < 50 UNION ALL SELECT -id, a FROM join_o WHERE id > 570) o JOIN join_f_k f ON f.k = o.x$$);
SELECT join_check($$WITH w AS MATERIALIZED (SELECT id, x FROM join_o) SELECT w.id, f.v FROM w JOIN join_f_k f ON f.k = w.x$$);
SELECT join_check($$SELECT o.id, q.y FROM join_o o LEFT JOIN (SELECT f.k, coalesce(f.v, 'none') AS y, 7 AS z FROM join_f_k f) q ON q.k = o.x AND q.y <> 'v3'$$);
SELECT join_check($$SELECT o.id FROM join_o o LEFT JOIN (SELECT f.k, coalesce(f.v, 'none') AS y, 7 AS z FROM join_f_k f) q ON q.k = o.x WHERE q.z IS NULL$$);
SELECT join_check($$SELECT o.id, q.y FROM join_o o LEFT JOIN LATERAL (SELECT f.v || o.b AS y FROM join_f_k f WHERE f.k = o.x) q ON true$$);
SELECT join_check($$SELECT o.id, coalesce(f.v, o.b) AS y FROM join_o o LEFT JOIN join_f_k f ON f.k = o.x LEFT JOIN join_l_k m ON m.v = coalesce(f.v, o.b) AND m.k < 5$$, 1);
-- what is computed of rows: after the conditions on them, also where it is made of what else is computed, or a condition is about it
SELECT join_check($$SELECT o.id, q.y FROM join_o o LEFT JOIN (SELECT k, coalesce(10 / (k % 3), 0) AS y FROM join_f_k WHERE k % 3 <> 0) q ON q.k = o.x$$);
SELECT join_check($$SELECT o.id, q.y FROM join_o o LEFT JOIN (SELECT k, coalesce(10 / (k % 3), 0) AS y FROM join_f_k WHERE k % 3 <> 0) q ON q.k = o.x AND q.y > 5$$);
SELECT join_check($$SELECT o.id, q.z, q.y FROM join_o o LEFT JOIN (SELECT a.k, a.y || '!' AS z, a.y FROM (SELECT 1 AS c) one
  LEFT JOIN (SELECT k, coalesce(v, 'none') AS y FROM join_f_k) a ON true WHERE a.k > 5) q ON q.k = o.x AND q.z <> 'v8!'$$);
-- no rows on either side
SELECT join_check($$SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE o.id < 0$$);
SELECT join_check($$SELECT o.id, f.v FROM join_o o LEFT JOIN join_f_k f ON f.k = o.x + 100000$$);

-- not by key: another operator, a part of the key, rows that the foreign table must preserve
SELECT join_check($$SELECT o.id FROM join_o o JOIN join_f_t f ON f.a = o.a$$, 0);
SELECT join_check($$SELECT o.id FROM join_o o JOIN join_f_k f ON f.k > o.x$$, 0);
SELECT join_check($$SELECT o.id, f.k FROM join_o o RIGHT JOIN join_f_k f ON f.k = o.x$$, 0);
-- conditions that stay, with their reasons
EXPLAIN (VERBOSE, COSTS OFF) SELECT o.id, f.v FROM join_o o LEFT JOIN join_f_t f ON f.a = o.a AND f.b = 'b' AND f.d = o.s AND f.v > 'v2' WHERE o.id + coalesce(f.c, 0) > 7;
-- one row of a partition tells that there is one
EXPLAIN (VERBOSE, COSTS OFF) SELECT o.id FROM join_o o WHERE NOT EXISTS (SELECT FROM join_f_t f WHERE f.a = o.a AND f.b = o.b);

-- parameters, InitPlans, generic plans, rescans
PREPARE join_p (bigint, text) AS SELECT count(*), min(f.v) FROM join_o o LEFT JOIN join_f_k f ON f.k = o.x + $1 AND f.v > $2 WHERE o.id < 100;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE join_p (1, 'v2');
EXECUTE join_p (1, 'v2');
EXECUTE join_p (100, 'v4');
EXECUTE join_p (NULL, 'v4');
RESET plan_cache_mode;
SELECT join_check($$SELECT o.id, f.c FROM join_o o JOIN join_f_t f ON f.a = o.a AND f.b = (SELECT min(b) FROM join_o WHERE b > 'a') AND f.c > (SELECT 3)$$);
SELECT join_check($$SELECT s.s, (SELECT count(f.v) FROM join_o o LEFT JOIN join_f_k f ON f.k = o.x AND f.v > 'v2' WHERE o.a = s.s) AS n FROM (SELECT DISTINCT s FROM join_o) s$$);
SELECT join_check($$SELECT s.s, q.* FROM (SELECT DISTINCT s FROM join_o) s, LATERAL (SELECT f.v FROM join_o o JOIN join_f_k f ON f.k = o.x + s.s WHERE o.a = s.s ORDER BY o.id LIMIT 2) q$$);
SET enable_nestloop = on; SET enable_material = off;
SELECT join_check($$SELECT s.s, q.id FROM (SELECT DISTINCT s FROM join_o) s LEFT JOIN (SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE o.id < 40 OFFSET 0) q ON q.id > s.s * 5$$);
SET enable_nestloop = off; RESET enable_material;

-- who stops after a few rows has looked few keys up
CREATE FUNCTION join_counted(query text, property text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan jsonb;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT json) ' || query INTO plan;
  RETURN jsonb_path_query_first(plan, format('$.**.%I', property)::jsonpath);
END $$;
SELECT join_counted('SELECT f.v FROM generate_series(1, 300) g JOIN join_f_k f ON f.k = g', 'Requests') AS all;
SELECT join_counted('SELECT f.v FROM generate_series(1, 300) g JOIN join_f_k f ON f.k = g LIMIT 3', 'Requests') <= 32 AS few;
SELECT join_counted('SELECT f.v FROM generate_series(1, 300) g JOIN join_f_k f ON f.k = g LIMIT 3', 'Batches') AS batches;
-- equal keys that wait together are one request; a partition of ten rows has four pages
SELECT join_counted('SELECT f.v FROM generate_series(1, 30) g JOIN join_f_k f ON f.k = g % 3', 'Requests') AS three;
SELECT join_counted('SELECT f.v FROM generate_series(1, 30) g JOIN join_f_k f ON f.k = CASE WHEN g > 30 THEN g END', 'Requests') AS none;
SELECT join_counted('SELECT f.v FROM generate_series(1, 5) g JOIN join_f_t f ON f.a = g AND f.b = chr(97 + g % 3)', 'Pages') AS pages;
SELECT join_counted('SELECT f.v FROM generate_series(1, 300) g JOIN join_f_k f ON f.k = g AND f.v <> ''v7''', 'Rows Removed by Inner Filter') AS filtered;
SELECT join_counted('SELECT f.v FROM generate_series(1, 300) g JOIN join_f_k f ON f.k = g AND f.v <> ''v'' || g', 'Rows Removed by Join Filter') AS filtered;

-- cursors
CREATE FUNCTION join_move(c refcursor, n int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  moved bigint;
BEGIN
  MOVE FORWARD n IN c;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END $$;
BEGIN;
DECLARE join_c CURSOR FOR SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x;
SELECT join_move('join_c', 100);
SAVEPOINT a;
SELECT join_move('join_c', 100);
ROLLBACK TO a;
SELECT join_move('join_c', 10000);
DECLARE join_s SCROLL CURSOR FOR SELECT g, f.v FROM generate_series(5, 7) g JOIN join_f_k f ON f.k = g;
SELECT join_move('join_s', 10000), join_move('join_s', -2), join_move('join_s', -2);
COMMIT;

-- a row that is written meanwhile is not met: by a cursor, INSERT ... SELECT, a function
BEGIN;
DECLARE join_c CURSOR FOR SELECT g, f.v, upper(f.v) FROM generate_series(295, 304) g JOIN join_f_k f ON f.k = g;
DECLARE join_d CURSOR FOR SELECT g, f.v, upper(f.v) FROM generate_series(295, 304) g JOIN join_f_k f ON f.k = g;
SELECT join_move('join_c', 1);
INSERT INTO join_f_k SELECT g, 'new' FROM generate_series(301, 304) g;
SELECT join_move('join_c', 10000), join_move('join_d', 10000);
COMMIT;
INSERT INTO join_f_k SELECT f.k + 1000, f.v || f.k FROM generate_series(1, 3000) g JOIN join_f_k f ON f.k = g;
SELECT count(*), count(*) FILTER (WHERE k > 1000) FROM join_f_k;
SELECT count(*) FROM join_f_k f JOIN join_f_k n ON n.k = f.k + 1000 AND n.v = f.v || f.k;
CREATE FUNCTION join_write(bigint, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO join_f_k VALUES ($1, $2); RETURN $2; END $$;
SELECT count(*), count(v), count(v) FILTER (WHERE id % 2 = 0) AS own, bool_and(w = coalesce(v, '-') || upper(b)) FROM
  (SELECT join_write(o.id + 10000, coalesce(f.v, '-') || upper(o.b)) AS w, f.v, o.b, o.id FROM join_o o LEFT JOIN join_f_k f ON f.k = CASE WHEN o.id % 2 = 0 THEN o.id + 9999 ELSE o.x END) q;
SELECT count(*) FROM join_f_k WHERE k > 10000;
-- outer rows that come from the write itself meet theirs
WITH w AS (INSERT INTO join_f_k SELECT g, 'own' FROM generate_series(20001, 20010) g RETURNING k)
  SELECT count(*), count(f.v) FROM w LEFT JOIN join_f_k f ON f.k = w.k;

-- local rows that are locked or changed by what they are joined with
BEGIN;
SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE o.id IN (7, 8) ORDER BY o.id FOR UPDATE;
EXPLAIN (COSTS OFF) SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE o.id IN (7, 8) ORDER BY o.id FOR NO KEY UPDATE;
EXPLAIN (COSTS OFF) SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE o.id IN (7, 8) ORDER BY o.id FOR UPDATE OF o;
UPDATE join_o o SET b = f.v FROM join_f_k f WHERE f.k = o.x AND o.id < 100;
SELECT count(*) FROM join_o WHERE b LIKE 'v%';
DELETE FROM join_o o USING join_f_k f WHERE f.k = o.x AND f.v = 'v7';
ROLLBACK;

-- foreign rows that are changed by what they are joined with
EXPLAIN (COSTS OFF) UPDATE join_f_k f SET v = 'w' || o.id FROM join_o o WHERE f.k = o.id + 10000 AND o.id <= 200;
WITH u AS (UPDATE join_f_k f SET v = 'w' || o.id FROM join_o o WHERE f.k = o.id + 10000 AND o.id <= 200 RETURNING f.k, f.v)
  SELECT count(*), bool_and(v = 'w' || (k - 10000)) FROM u;
SELECT count(*) FROM join_f_k WHERE v LIKE 'w%';
WITH u AS (DELETE FROM join_f_k f USING join_o o WHERE f.k = o.id + 10000 AND o.id <= 300 AND f.v LIKE 'w%' RETURNING f.k) SELECT count(*) FROM u;
SELECT count(*) FROM join_f_k WHERE v LIKE 'w%';

-- a view reads with its owner's mapping; conditions with functions that tell see only what its owner shows
CREATE ROLE join_role;
CREATE VIEW join_view WITH (security_barrier) AS SELECT o.id, f.k, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x WHERE f.v = 'v7';
CREATE FUNCTION join_tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN IF $1 <> 'v7' THEN RAISE 'told %', $1; END IF; RETURN true; END $$;
GRANT SELECT ON join_view TO join_role;
SET ROLE join_role;
SELECT count(*) FROM join_view WHERE join_tell(v);
RESET ROLE;

-- what a write has read ahead belongs to the cursor's own query: its buffers, direction, user
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_nestloop = off;
CREATE FUNCTION join_rest(c refcursor) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; seen int[];
BEGIN
  LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; seen := seen || r.id; END LOOP;
  RETURN format('%s rows, %s different', cardinality(seen), (SELECT count(DISTINCT x) FROM unnest(seen) x));
END $$;
BEGIN;
DECLARE c CURSOR FOR SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x;
MOVE 1 IN c;
INSERT INTO join_f_k VALUES (100001, 'n');
SELECT join_rest('c');
DECLARE d CURSOR FOR SELECT o.id, f.v FROM join_o o JOIN join_f_k f ON f.k = o.x;
SAVEPOINT a;
INSERT INTO join_f_k VALUES (100002, 'n');
ROLLBACK TO a;
SELECT join_rest('d');
COMMIT;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT o.id, f.v FROM join_o o LEFT JOIN join_f_k f ON f.k = o.x;
MOVE 40 IN c;
MOVE BACKWARD 10 IN c;
INSERT INTO join_f_k VALUES (100001, 'n');
MOVE ABSOLUTE 0 IN c;
SELECT join_rest('c');
COMMIT;
CREATE FUNCTION join_user(text) RETURNS boolean LANGUAGE plpgsql STABLE COST 1 AS $$
  BEGIN IF current_user <> 'join_role' THEN RAISE 'runs as %', current_user; END IF; RETURN true; END $$;
CREATE FUNCTION join_insert() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO join_f_k VALUES (100001, 'n') $$;
GRANT SELECT ON join_f_k TO join_role;
CREATE USER MAPPING FOR join_role SERVER join_cluster OPTIONS (password_required 'false');
SET ROLE join_role;
BEGIN;
DECLARE c CURSOR FOR SELECT g AS id, f.v FROM generate_series(1, 100) g JOIN join_f_k f ON f.k = g WHERE join_user(g::text);
MOVE 1 IN c;
DECLARE d CURSOR FOR SELECT k::int AS id FROM join_f_k WHERE k = CASE WHEN join_user('x') THEN 7 END;
SELECT join_insert();
SELECT join_rest('c'), join_rest('d');
COMMIT;
RESET ROLE;
DROP OWNED BY join_role;
DELETE FROM join_f_k WHERE k > 100000;
-- reading ahead fails, in a savepoint: what was read before is not read again
CREATE DOMAIN join_word AS text CHECK (VALUE <> 'bad');
CREATE SERVER join_single FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000', max_in_flight '1');
CREATE USER MAPPING FOR CURRENT_USER SERVER join_single;
CREATE FOREIGN TABLE join_words (k bigint, v join_word) SERVER join_single OPTIONS (keyspace 'fdw_join', "table" 'k');
CREATE FOREIGN TABLE join_texts (k bigint, v text) SERVER join_single OPTIONS (keyspace 'fdw_join', "table" 'k');
INSERT INTO join_texts VALUES (30, 'bad');
RESET enable_nestloop;
SET enable_material = off;
SET enable_memoize = off;
BEGIN;
DECLARE c CURSOR FOR SELECT x, q.k, q.v FROM (VALUES (0), (20), (100)) s (x), LATERAL (SELECT f.k, f.v FROM generate_series(1, 25) g JOIN join_words f ON f.k = g + s.x LIMIT 1) q;
FETCH 2 FROM c;
SAVEPOINT a;
\set VERBOSITY terse
INSERT INTO join_texts VALUES (100001, 'n');
\set VERBOSITY default
ROLLBACK TO a;
FETCH 2 FROM c;
ROLLBACK;
INSERT INTO join_texts VALUES (30, 'v30');
DROP SERVER join_single CASCADE;
SET enable_nestloop = off;
-- cursors that have failed in a savepoint are not read to their end
BEGIN;
DECLARE c1 CURSOR FOR SELECT 1 / (k - k) FROM join_f_k WHERE k = 1;
DECLARE c2 CURSOR FOR SELECT 1 / (k - k) FROM join_f_k WHERE k = 2;
DECLARE c3 CURSOR FOR SELECT 1 / (k - k) FROM join_f_k WHERE k = 3;
SAVEPOINT a;
FETCH c1;
ROLLBACK TO a;
FETCH c2;
ROLLBACK TO a;
FETCH c3;
ROLLBACK TO a;
INSERT INTO join_f_k VALUES (100001, 'n');
COMMIT;
DELETE FROM join_f_k WHERE k > 100000;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_nestloop;
RESET enable_material;
RESET enable_memoize;

-- an error names its column; the table changes under a session
CREATE FOREIGN TABLE join_bad (k bigint, v int) SERVER join_cluster OPTIONS (keyspace 'fdw_join', "table" 'k');
SELECT o.id, f.v FROM join_o o JOIN join_bad f ON f.k = o.x;
SELECT count(f.k) FROM join_o o JOIN join_bad f ON f.k = o.x;
ALTER FOREIGN TABLE join_bad RENAME v TO w;
SELECT o.id, f.w FROM join_o o JOIN join_bad f ON f.k = o.x;
SELECT scylla_fdw_execute('join_cluster', 'DROP TABLE fdw_join.k');
\set VERBOSITY terse
SELECT count(f.v) FROM join_o o JOIN join_f_k f ON f.k = o.x;
\set VERBOSITY default

SELECT scylla_fdw_execute('join_cluster', 'DROP KEYSPACE fdw_join');
DROP VIEW join_view;
DROP SERVER join_cluster CASCADE;
DROP TABLE join_o, join_l_k, join_l_t, join_l_e;
DROP FUNCTION join_check, join_counted, join_move, join_write, join_tell, join_rest, join_user, join_insert;
DROP DOMAIN join_word;
DROP ROLE join_role;
