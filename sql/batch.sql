-- batch_mode = partition: rows of one partition travel together, and nothing else changes.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER batch_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000', batch_mode 'partition');
CREATE USER MAPPING FOR CURRENT_USER SERVER batch_cluster;
SELECT scylla_fdw_execute('batch_cluster', 'DROP KEYSPACE IF EXISTS fdw_batch');
SELECT scylla_fdw_execute('batch_cluster', 'CREATE KEYSPACE fdw_batch WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('batch_cluster', 'CREATE TABLE fdw_batch.t (k int, d text, c int, s text, n int, st text static, PRIMARY KEY ((k, d), c))');
SELECT scylla_fdw_execute('batch_cluster', 'CREATE TABLE fdw_batch.one (k text PRIMARY KEY, s text)');
SELECT scylla_fdw_execute('batch_cluster', 'CREATE TABLE fdw_batch.hits (k text, c int, hits counter, PRIMARY KEY (k, c))');
CREATE FOREIGN TABLE batch_t (k int, d text, c int, s text, n int, st text) SERVER batch_cluster OPTIONS (keyspace 'fdw_batch', "table" 't');
CREATE FOREIGN TABLE batch_plain (k int, d text, c int, s text, n int) SERVER batch_cluster OPTIONS (keyspace 'fdw_batch', "table" 't', batch_mode 'none');
CREATE FOREIGN TABLE batch_one (k text, s text) SERVER batch_cluster OPTIONS (keyspace 'fdw_batch', "table" 'one');
CREATE FOREIGN TABLE batch_hits (k text, c int, hits bigint) SERVER batch_cluster OPTIONS (keyspace 'fdw_batch', "table" 'hits');
CREATE TABLE batch_local (k int, d text, c int, s text, n int, PRIMARY KEY (k, d, c));

-- What EXPLAIN ANALYZE counts: rows, and whether there were fewer requests, at least so many times.
CREATE FUNCTION batch_counts(statement text, OUT rows_sent bigint, OUT together boolean) LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, FORMAT json) ' || statement INTO plan;
  rows_sent := plan->0->'Plan'->>'Rows Sent';
  together := (plan->0->'Plan'->>'Requests')::bigint * 4 <= rows_sent;
END $$;
CREATE FUNCTION batch_difference() RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM (SELECT k, d, c, s, n FROM batch_t) f FULL JOIN batch_local l USING (k, d, c)
  WHERE (f.s, f.n) IS DISTINCT FROM (l.s, l.n) OR f IS NULL OR l IS NULL $$;

-- the statements, each row at its own time
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO batch_t (k, d, c, s) VALUES (1, 'a', 1, 'x');
EXPLAIN (VERBOSE, COSTS OFF) UPDATE batch_t SET s = 'x' WHERE k = 1 AND d = 'a' AND s > 'a';
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM batch_t WHERE k = 1 AND d = 'a' AND s > 'a';
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO batch_plain (k, d, c, s) VALUES (1, 'a', 1, 'x');
ALTER FOREIGN TABLE batch_t OPTIONS (ADD ttl '86400');
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO batch_t (k, d, c, s) VALUES (1, 'a', 1, 'x');
EXPLAIN (VERBOSE, COSTS OFF) UPDATE batch_t SET s = 'x' WHERE k = 1 AND d = 'a' AND s > 'a';
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM batch_t WHERE k = 1 AND d = 'a' AND s > 'a';
ALTER FOREIGN TABLE batch_t OPTIONS (DROP ttl);
-- what needs each row's own answer goes alone, and so do counters
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO batch_t (k, d, c, s) VALUES (1, 'a', 1, 'x') RETURNING c;
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO batch_t (k, d, c, s) VALUES (1, 'a', 1, 'x') ON CONFLICT DO NOTHING;
EXPLAIN (VERBOSE, COSTS OFF) UPDATE batch_hits SET hits = hits + 1;

-- wide partitions, more rows than a batch holds; narrow ones; partitions in turn
INSERT INTO batch_local SELECT g / 450, 'd', g % 450, 's' || g, g FROM generate_series(0, 4499) g;
SELECT * FROM batch_counts($$INSERT INTO batch_t (k, d, c, s, n) SELECT * FROM batch_local ORDER BY k, d, c$$);
SELECT batch_difference();
INSERT INTO batch_local SELECT 100 + g / 3, 'e', g, repeat('x', g % 3000), g FROM generate_series(0, 599) g;
INSERT INTO batch_t (k, d, c, s, n) SELECT * FROM batch_local WHERE k >= 100 ORDER BY k, d, c;
INSERT INTO batch_local SELECT 1000 + g % 2, 'f', g, 's' || g, NULL FROM generate_series(0, 299) g;
INSERT INTO batch_t (k, d, c, s, n) SELECT * FROM batch_local WHERE k >= 1000 ORDER BY c;
SELECT batch_difference();
-- rows larger than a batch: alone, among small ones
INSERT INTO batch_local SELECT 2000, 'g', g, repeat('y', CASE WHEN g % 3 = 0 THEN 20000 ELSE g END), g FROM generate_series(1, 30) g;
INSERT INTO batch_t (k, d, c, s, n) SELECT * FROM batch_local WHERE k = 2000 ORDER BY c;
SELECT batch_difference();
COPY batch_t (k, d, c, s, n) FROM stdin;
3000	h	1	copied	1
3000	h	2	copied	\N
3001	h	1	\N	3
\.
INSERT INTO batch_local VALUES (3000, 'h', 1, 'copied', 1), (3000, 'h', 2, 'copied', NULL), (3001, 'h', 1, NULL, 3);
SELECT batch_difference();

-- UPDATE and DELETE
SELECT * FROM batch_counts($$UPDATE batch_t SET n = n + 1, s = NULL WHERE c % 2 = 0 AND k < 100$$);
UPDATE batch_local SET n = n + 1, s = NULL WHERE c % 2 = 0 AND k < 100;
SELECT batch_difference();
SELECT * FROM batch_counts($$DELETE FROM batch_t WHERE c % 3 = 0 AND k < 100$$);
DELETE FROM batch_local WHERE c % 3 = 0 AND k < 100;
SELECT batch_difference();
UPDATE batch_t SET n = 7 WHERE k = 2000 AND d = 'g';
UPDATE batch_local SET n = 7 WHERE k = 2000 AND d = 'g';
DELETE FROM batch_t WHERE k >= 1000 AND k < 2000;
DELETE FROM batch_local WHERE k >= 1000 AND k < 2000;
SELECT batch_difference();

-- the last row of a key wins, though another value is the greater one; and so of a static column
INSERT INTO batch_t (k, d, c, s, n, st) VALUES (1, 'twice', 1, 'z', 9, 'z'), (1, 'twice', 1, 'y', 8, 'y'), (1, 'twice', 2, 'b', 1, 'x'),
  (1, 'twice', 1, 'a', 1, 'b'), (1, 'twice', 2, NULL, 2, 'a');
SELECT * FROM batch_t WHERE k = 1 AND d = 'twice' ORDER BY c;
-- of several statements that write in turn, too
SET scylla_fdw.flush_at = 'transaction';
BEGIN;
INSERT INTO batch_t (k, d, c, s) VALUES (1, 'turns', 1, 'first');
INSERT INTO batch_t (k, d, c, s) VALUES (1, 'turns', 2, 'first');
DELETE FROM batch_t WHERE k = 1 AND d = 'turns' AND c = 1;
INSERT INTO batch_t (k, d, c, s) VALUES (1, 'turns', 1, 'again');
INSERT INTO batch_plain (k, d, c, s) VALUES (1, 'turns', 2, 'again');
INSERT INTO batch_t (k, d, c, s) VALUES (1, 'turns', 1, 'and again');
COMMIT;
SELECT k, d, c, s FROM batch_t WHERE k = 1 AND d = 'turns' ORDER BY c;
-- rows of many statements go together, and a failed one leaves them as they were
DO $$
BEGIN
  FOR g IN 1..500 LOOP
    BEGIN
      INSERT INTO batch_t (k, d, c, s) VALUES (2, 'loop', CASE WHEN g % 100 = 0 THEN NULL ELSE g END, g::text);
    EXCEPTION WHEN not_null_violation THEN NULL;
    END;
  END LOOP;
  FOR g IN 501..1000 LOOP
    INSERT INTO batch_t (k, d, c, s) VALUES (2, 'loop', g, g::text);
  END LOOP;
END $$;
SELECT count(*), sum(c), sum(s::int) FROM batch_t WHERE k = 2 AND d = 'loop';
RESET scylla_fdw.flush_at;

-- a session reads its own writes: what waits for others is sent first
BEGIN;
WITH w AS (INSERT INTO batch_t (k, d, c, s) SELECT 3, 'read', g, 'x' FROM generate_series(1, 250) g) SELECT 1;
SELECT count(*) FROM batch_t WHERE k = 3 AND d = 'read';
COMMIT;
CREATE FUNCTION batch_look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.n := (SELECT count(*) FROM batch_t WHERE k = NEW.k AND d = NEW.d);
  RETURN NEW;
END $$;
CREATE TRIGGER look BEFORE INSERT ON batch_t FOR EACH ROW EXECUTE FUNCTION batch_look();
INSERT INTO batch_t (k, d, c) SELECT 4, 'look', g FROM generate_series(1, 5) g;
SELECT c, n FROM batch_t WHERE k = 4 AND d = 'look' ORDER BY c;
DROP TRIGGER look ON batch_t;

-- TTL and timestamp: of the row, of the setting, of the option, of the table, in this order, and each row of a batch its own
SELECT scylla_fdw_execute('batch_cluster', 'CREATE TABLE fdw_batch.time (k int, c int, v text, n int, PRIMARY KEY (k, c)) WITH default_time_to_live = 90000');
CREATE FOREIGN TABLE batch_time (k int, c int, v text, n int, expires_in int OPTIONS (write_ttl 'true'), written bigint OPTIONS (write_timestamp 'true'))
  SERVER batch_cluster OPTIONS (keyspace 'fdw_batch', "table" 'time');
CREATE FOREIGN TABLE batch_times (k int, c int, v text, n int, left_of_v int OPTIONS (ttl_of 'v'), time_of_v bigint OPTIONS (writetime_of 'v'), left_of_n int OPTIONS (ttl_of 'n'))
  SERVER batch_cluster OPTIONS (keyspace 'fdw_batch', "table" 'time');
-- TTLs to the nearest thousand, timestamps unless they are the clock's
CREATE FUNCTION batch_shown(which int) RETURNS TABLE (c int, v text, ttl int, written bigint, n int, ttl_of_n int) LANGUAGE sql AS $$
  SELECT t.c, t.v, round(left_of_v, -3)::int, CASE WHEN abs(time_of_v / 1000000 - extract(epoch FROM now())) > 3600 THEN time_of_v END, t.n, round(left_of_n, -3)::int
    FROM batch_times t WHERE t.k = which ORDER BY c
$$;
CREATE TABLE batch_given AS SELECT 1 + g / 200 AS k, g AS c, (ARRAY[NULL, 0, 2000, 3000, 4000])[1 + g % 5] AS expires_in,
  CASE WHEN g % 3 > 0 THEN 1500000000000000 + g END AS written FROM generate_series(0, 599) g;
SELECT * FROM batch_counts($$INSERT INTO batch_time (k, c, v, n, expires_in, written) SELECT k, c, 'row', c, expires_in, written FROM batch_given ORDER BY k, c$$);
SELECT count(*), count(*) FILTER (WHERE (s.ttl, s.written, s.ttl_of_n) IS DISTINCT FROM (NULLIF(COALESCE(expires_in, 90000), 0), g.written, s.ttl)) AS other
  FROM batch_given g JOIN (SELECT * FROM generate_series(1, 3) k, batch_shown(k)) s USING (k, c);
SELECT * FROM batch_counts($$UPDATE batch_time SET v = 'updated', expires_in = CASE WHEN c % 2 = 0 THEN 7000 + c / 100 * 1000 END, written = 1500000000001000 + c$$);
SELECT count(*) FILTER (WHERE g.written IS NULL) AS newer, count(*) FILTER (WHERE g.written IS NULL AND (s.v, s.ttl) IS DISTINCT FROM ('row', s.ttl_of_n)) AS other_newer,
    count(*) FILTER (WHERE (s.v, s.ttl, s.written) IS DISTINCT FROM ('updated', CASE WHEN c % 2 = 0 THEN 7000 + c / 100 * 1000 ELSE 90000 END, 1500000000001000 + c)) AS not_updated,
    count(*) FILTER (WHERE (s.n, s.ttl_of_n) IS DISTINCT FROM (c, NULLIF(COALESCE(expires_in, 90000), 0))) AS other_n
  FROM batch_given g JOIN (SELECT * FROM generate_series(1, 3) k, batch_shown(k)) s USING (k, c);
-- option and settings: what a row says beats them
ALTER FOREIGN TABLE batch_time OPTIONS (ADD ttl '5000');
INSERT INTO batch_time (k, c, v, expires_in, written) VALUES (4, 1, 'option', NULL, NULL), (4, 2, 'row', 2000, NULL), (4, 3, 'never', 0, 1500000000000003), (4, 4, 'option', NULL, 1500000000000004);
SET scylla_fdw.ttl = 6000;
INSERT INTO batch_time (k, c, v, expires_in) VALUES (4, 5, 'setting', NULL), (4, 6, 'row', 2000), (4, 7, 'never', 0);
INSERT INTO batch_time (k, c, v) VALUES (4, 8, 'setting'), (4, 9, 'setting');
SET scylla_fdw.write_timestamp = 1600000000000000;
INSERT INTO batch_time (k, c, v, expires_in, written) VALUES (4, 10, 'settings', NULL, NULL), (4, 11, 'row', 2000, 1500000000000011), (4, 12, 'settings', NULL, NULL);
SET scylla_fdw.ttl = 0;
INSERT INTO batch_time (k, c, v) VALUES (4, 13, 'never'), (4, 14, 'never');
SELECT c, v, ttl, written FROM batch_shown(4);
-- UPDATE and DELETE count what is older than what is there, and leave it
SET scylla_fdw.ttl = 8000;
SELECT * FROM batch_counts($$UPDATE batch_time SET n = c WHERE k = 4 AND v <> ''$$);
RESET scylla_fdw.ttl;
SET scylla_fdw.write_timestamp = 1600000000000002;
SELECT * FROM batch_counts($$UPDATE batch_time SET v = v || '!', expires_in = c * 1000, written = CASE WHEN c < 5 THEN 1500000000000005 END WHERE k = 4 AND v <> ''$$);
SELECT * FROM batch_shown(4);
SET scylla_fdw.write_timestamp = 1600000000000001;
SELECT * FROM batch_counts($$DELETE FROM batch_time WHERE k = 4 AND v <> ''$$);
SELECT c, v, ttl, written FROM batch_shown(4);
RESET scylla_fdw.write_timestamp;
SELECT * FROM batch_counts($$DELETE FROM batch_time WHERE k = 4 AND (v <> '' OR n > 0)$$);
SELECT count(*) FROM batch_times WHERE k = 4;
-- twice in one batch: the later timestamp wins, whichever comes first, and brings its TTL along
INSERT INTO batch_time (k, c, v, expires_in, written) VALUES (5, 1, 'later', 2000, 1500000000000002), (5, 1, 'sooner', 3000, 1500000000000001),
  (5, 2, 'sooner', 2000, 1500000000000001), (5, 2, 'later', 3000, 1500000000000002), (5, 3, 'clock', 4000, NULL), (5, 3, 'long ago', 2000, 1500000000000000);
-- a statement has what is set when it runs, also if rows of several go together
SET scylla_fdw.flush_at = 'transaction';
BEGIN;
INSERT INTO batch_time (k, c, v, n) VALUES (5, 11, 'option', 1);
SET LOCAL scylla_fdw.ttl = 6000;
INSERT INTO batch_time (k, c, v, n) VALUES (5, 12, 'ttl', 1);
SET LOCAL scylla_fdw.write_timestamp = 1600000000000000;
INSERT INTO batch_time (k, c, v, n) VALUES (5, 13, 'ttl and time', 1), (5, 14, 'ttl and time', 1);
SET LOCAL scylla_fdw.ttl = -1;
INSERT INTO batch_time (k, c, v, n, expires_in) VALUES (5, 15, 'row and time', 1, 2000);
INSERT INTO batch_time (k, c, v, n) VALUES (5, 16, 'option and time', 1);
ALTER FOREIGN TABLE batch_time OPTIONS (SET ttl '10000');
INSERT INTO batch_time (k, c, v, n) VALUES (5, 17, 'other option and time', 1);
COMMIT;
RESET scylla_fdw.flush_at;
SELECT c, v, ttl, written FROM batch_shown(5);
SET scylla_fdw.warn_on_rollback = off;
\set VERBOSITY sqlstate
INSERT INTO batch_time (k, c, v, expires_in) SELECT 6, g, 'x', CASE g WHEN 3 THEN -1 ELSE 2000 END FROM generate_series(1, 5) g;
\set VERBOSITY default
RESET scylla_fdw.warn_on_rollback;

-- rows that cannot be encoded, and those that the cluster refuses
\set VERBOSITY sqlstate
INSERT INTO batch_t (k, d, c, s) SELECT 5, 'bad', CASE WHEN g < 4 THEN g END, 'x' FROM generate_series(1, 5) g;
INSERT INTO batch_one SELECT CASE WHEN g < 50 THEN 'k' ELSE '' END, 'x' || g FROM generate_series(1, 60) g;
\set VERBOSITY default
-- a table of one row a partition is written as before
SELECT rows_sent FROM batch_counts($$INSERT INTO batch_one SELECT 'k' || g, 'x' FROM generate_series(1, 300) g$$);
SELECT count(*) FROM batch_one WHERE s = 'x';

-- counters, conditions, RETURNING and triggers after the row are as without
INSERT INTO batch_hits SELECT 'a', g % 2, g FROM generate_series(1, 10) g;
UPDATE batch_hits SET hits = hits + 5;
SELECT * FROM batch_hits ORDER BY k, c;
INSERT INTO batch_t (k, d, c, s) SELECT 6, 'if', g % 5, 'x' || g FROM generate_series(1, 10) g ON CONFLICT DO NOTHING;
SELECT c, s FROM batch_t WHERE k = 6 AND d = 'if' ORDER BY c;
INSERT INTO batch_t (k, d, c, s) SELECT 7, 'ret', g, 'x' || g FROM generate_series(1, 3) g RETURNING c, s;
ALTER FOREIGN TABLE batch_t OPTIONS (ADD insert_null 'null');
INSERT INTO batch_t (k, d, c, s) SELECT 7, 'ret', g, NULL FROM generate_series(1, 2) g;
SELECT c, s FROM batch_t WHERE k = 7 AND d = 'ret' ORDER BY c;

SELECT scylla_fdw_execute('batch_cluster', 'DROP KEYSPACE fdw_batch');
DROP FUNCTION batch_counts, batch_difference, batch_shown;
DROP SERVER batch_cluster CASCADE;
DROP FUNCTION batch_look;
DROP TABLE batch_local, batch_given;
