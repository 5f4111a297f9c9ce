-- TTL and timestamp of what is written: by option, by setting, by row.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER time_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER time_cluster;
SELECT scylla_fdw_execute('time_cluster', 'DROP KEYSPACE IF EXISTS fdw_time');
SELECT scylla_fdw_execute('time_cluster', 'CREATE KEYSPACE fdw_time WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('time_cluster', 'CREATE TABLE fdw_time.t (a int, c int, v text, n int, st text static, PRIMARY KEY (a, c)) WITH default_time_to_live = 10000');
-- a column for each, that is only written; one that shows
CREATE FOREIGN TABLE time_t (a int, expires_in int OPTIONS (write_ttl 'true'), c int, v text, n int, st text, written bigint OPTIONS (write_timestamp 'true'),
  left_of_v int OPTIONS (ttl_of 'v'), time_of_v bigint OPTIONS (writetime_of 'v')) SERVER time_cluster OPTIONS (keyspace 'fdw_time', "table" 't');
CREATE FOREIGN TABLE time_plain (a int, c int, v text, n int, left_of_v int OPTIONS (ttl_of 'v'), time_of_v bigint OPTIONS (writetime_of 'v'))
  SERVER time_cluster OPTIONS (keyspace 'fdw_time', "table" 't');
-- what the cluster has: TTLs to the nearest thousand, times unless they are the clock's
CREATE FUNCTION time_shown(which int) RETURNS TABLE (a int, c int, v text, n int, ttl int, written bigint) LANGUAGE sql AS $$
  SELECT p.a, p.c, p.v, p.n, round(left_of_v, -3)::int, CASE WHEN abs(time_of_v / 1000000 - extract(epoch FROM now())) > 3600 THEN time_of_v END
    FROM time_plain p WHERE p.a = which ORDER BY c
$$;

-- by row
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO time_t (a, c, v, expires_in, written) VALUES (1, 1, 'x', 1000, 5);
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO time_t (a, c, v) VALUES (1, 1, 'x');
INSERT INTO time_t (a, c, v, expires_in, written) VALUES (1, 1, 'both', 2000, 1500000000000001), (1, 2, 'ttl', 3000, NULL), (1, 3, 'time', NULL, 1500000000000003),
  (1, 4, 'neither', NULL, NULL), (1, 5, 'never', 0, NULL);
INSERT INTO time_t (a, c, v) VALUES (1, 6, 'not named');
INSERT INTO time_t (a, c, v, written, expires_in) VALUES (1, 7, 'returned', 1500000000000007, 4000) RETURNING expires_in, written, v;
COPY time_t (written, a, c, v, expires_in) FROM stdin;
1500000000000008	1	8	copied	5000
\N	1	9	copied	\N
\.
SELECT * FROM time_shown(1);
-- a row's timestamp is kept by what comes later with an older one, and by a retry
INSERT INTO time_t (a, c, v, written) VALUES (1, 1, 'older', 1500000000000000), (1, 2, 'older', 1500000000000000), (1, 3, 'newer', 1500000000000004);
SELECT c, v FROM time_shown(1) WHERE c <= 3;
-- they are only written
SELECT expires_in, written, c FROM time_t WHERE a = 1 AND c < 3 ORDER BY c;
EXPLAIN (VERBOSE, COSTS OFF) SELECT expires_in, t FROM time_t t WHERE expires_in IS NULL AND a = 1 AND written = 5;
SELECT count(*), count(expires_in), count(time_t) FROM time_t WHERE expires_in IS NULL;

-- UPDATE
EXPLAIN (VERBOSE, COSTS OFF) UPDATE time_t SET v = 'x', expires_in = 5, written = 6 WHERE a = 1;
UPDATE time_t SET v = 'updated', n = 1, expires_in = 6000 WHERE a = 1 AND c = 4;
UPDATE time_t SET v = 'updated', written = 1500000000000009, expires_in = c * 1000 WHERE a = 1 AND c IN (7, 8);
UPDATE time_t SET n = 2 WHERE a = 1 AND c = 7;
SELECT * FROM time_shown(1) WHERE c IN (4, 7, 8);
UPDATE time_t SET st = 'static', expires_in = 6000 WHERE a = 1 AND c = 4;
UPDATE time_t SET expires_in = 5 WHERE a = 1;
UPDATE time_t SET left_of_v = 5 WHERE a = 1;
-- triggers, defaults, generated values, partitions
CREATE FUNCTION time_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.expires_in := 7000; RETURN NEW; END $$;
CREATE TRIGGER time_trigger BEFORE INSERT OR UPDATE ON time_t FOR EACH ROW EXECUTE FUNCTION time_trigger();
INSERT INTO time_t (a, c, v) VALUES (2, 1, 'trigger');
INSERT INTO time_t (a, c, v, expires_in) VALUES (2, 2, 'trigger', 1);
UPDATE time_t SET v = 'by trigger' WHERE a = 1 AND c = 5;
DROP TRIGGER time_trigger ON time_t;
ALTER FOREIGN TABLE time_t ALTER expires_in SET DEFAULT 8000;
INSERT INTO time_t (a, c, v) VALUES (2, 3, 'default');
COPY time_t (a, c, v) FROM stdin;
2	4	default
\.
ALTER FOREIGN TABLE time_t ALTER expires_in DROP DEFAULT;
CREATE TABLE time_part (c int, v text, ttl smallint, a int) PARTITION BY LIST (a);
CREATE FOREIGN TABLE time_part_2 PARTITION OF time_part FOR VALUES IN (2) SERVER time_cluster OPTIONS (keyspace 'fdw_time', "table" 't');
ALTER FOREIGN TABLE time_part_2 ALTER ttl OPTIONS (ADD write_ttl 'true');
CREATE TABLE time_part_3 PARTITION OF time_part FOR VALUES IN (3);
INSERT INTO time_part (a, c, v, ttl) VALUES (2, 5, 'routed', 9000), (3, 6, 'moved', 4000);
UPDATE time_part SET a = 2 WHERE a = 3;
SELECT * FROM time_shown(2);
SELECT * FROM time_shown(1) WHERE c = 5;

-- by setting, which beats the option; by row beats both
ALTER FOREIGN TABLE time_t OPTIONS (ADD ttl '2000');
INSERT INTO time_t (a, c, v, expires_in) VALUES (4, 1, 'option', NULL), (4, 2, 'row', 3000);
SET scylla_fdw.ttl = '5000s';
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO time_t (a, c, v) VALUES (4, 3, 'x');
INSERT INTO time_t (a, c, v, expires_in) VALUES (4, 3, 'setting', NULL), (4, 4, 'row', 3000);
INSERT INTO time_t (a, c, v) VALUES (4, 5, 'setting');
SET scylla_fdw.ttl = 0;
INSERT INTO time_t (a, c, v) VALUES (4, 6, 'never');
SET scylla_fdw.ttl = -1;
INSERT INTO time_t (a, c, v) VALUES (4, 7, 'option');
\set VERBOSITY sqlstate
SET scylla_fdw.ttl = -2;
SET scylla_fdw.ttl = 630720001;
\set VERBOSITY default
SET scylla_fdw.write_timestamp = 1600000000000000;
SHOW scylla_fdw.write_timestamp;
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO time_t (a, c, v) VALUES (4, 8, 'x');
INSERT INTO time_t (a, c, v) VALUES (4, 8, 'setting');
INSERT INTO time_t (a, c, v, written) VALUES (4, 9, 'row', 1600000000000009), (4, 10, 'setting', NULL);
SELECT * FROM time_shown(4);
-- what is older than what is there changes nothing, and is counted all the same
CREATE FUNCTION time_count(cmd text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE cmd;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
SELECT time_count('UPDATE time_t SET v = v || ''!'' WHERE a = 4 AND c IN (1, 8)'), time_count('DELETE FROM time_t WHERE a = 4 AND c >= 8'), time_count('DELETE FROM time_t WHERE a = 4 AND c < 7 AND v <> ''''');
SELECT c, v FROM time_shown(4);
SET scylla_fdw.write_timestamp = 1600000000000010;
SELECT time_count('DELETE FROM time_t WHERE a = 4 AND c = 9'), time_count('DELETE FROM time_t WHERE a = 4 AND c = 9');
SET scylla_fdw.write_timestamp = -5;
SET scylla_fdw.write_timestamp = 'now';
SET scylla_fdw.write_timestamp = 99999999999999999999;
SET scylla_fdw.write_timestamp = 0;
RESET scylla_fdw.ttl;
-- rows that go together keep their own; so do those that share the window
ALTER FOREIGN TABLE time_t OPTIONS (ADD batch_mode 'partition');
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO time_t (a, c, v, expires_in) VALUES (5, 1, 'x', 5);
EXPLAIN (VERBOSE, COSTS OFF) UPDATE time_t SET v = 'x', expires_in = 5 WHERE a = 5;
INSERT INTO time_t (a, c, v, expires_in, written) SELECT 5, g, 'batch', g * 1000, CASE WHEN g % 2 = 0 THEN 1500000000000000 + g END FROM generate_series(1, 5) g;
UPDATE time_t SET v = 'changed', expires_in = 8000, written = CASE WHEN c = 3 THEN 1500000000000000 ELSE 1500000000000100 END WHERE a = 5;
SELECT * FROM time_shown(5);
ALTER FOREIGN TABLE time_t OPTIONS (DROP batch_mode);
SET scylla_fdw.flush_at = 'transaction';
DO $$
BEGIN
  FOR i IN 1..4 LOOP
    INSERT INTO time_t (a, c, expires_in, v, written) VALUES (6, i, i * 1000, 'flush', 1500000000000000 + i);
    INSERT INTO time_t (a, c, v) VALUES (6, i + 4, 'flush');
  END LOOP;
END $$;
RESET scylla_fdw.flush_at;
SELECT * FROM time_shown(6);

-- what cannot be
INSERT INTO time_t (a, c, v, expires_in) VALUES (7, 1, 'x', -1);
INSERT INTO time_t (a, c, v, expires_in) VALUES (7, 1, 'x', 630720001);
INSERT INTO time_t (a, c, v, written) VALUES (7, 1, 'x', -9223372036854775808);
INSERT INTO time_t (a, c, v, expires_in, written) VALUES (7, 1, 'x', 2000, NULL) ON CONFLICT DO NOTHING;
INSERT INTO time_t (a, c, v, written) VALUES (7, 2, 'x', 5) ON CONFLICT DO NOTHING;
SET scylla_fdw.write_timestamp = 5;
INSERT INTO time_t (a, c, v) VALUES (7, 2, 'x') ON CONFLICT DO NOTHING;
ALTER FOREIGN TABLE time_t OPTIONS (ADD update_mode 'if_exists');
UPDATE time_t SET v = 'y' WHERE a = 7 AND c = 1;
UPDATE time_t SET v = v || 'y' WHERE a = 7 AND c = 1;
RESET scylla_fdw.write_timestamp;
UPDATE time_t SET v = 'y', written = 5 WHERE a = 7 AND c = 1;
UPDATE time_t SET v = 'y', expires_in = 3000 WHERE a = 7 AND c = 1;
SELECT * FROM time_shown(7);
SELECT scylla_fdw_execute('time_cluster', 'CREATE TABLE fdw_time.k (id int PRIMARY KEY, n counter)');
CREATE FOREIGN TABLE time_k (id int, n bigint, ttl int OPTIONS (write_ttl 'true')) SERVER time_cluster OPTIONS (keyspace 'fdw_time', "table" 'k');
INSERT INTO time_k (id, n) VALUES (1, 1);
INSERT INTO time_k VALUES (1, 1, 1);
UPDATE time_k SET n = n + 1, ttl = 5;
SET scylla_fdw.ttl = 5;
INSERT INTO time_k (id, n) VALUES (1, 1);
UPDATE time_k SET n = n + 1;
RESET scylla_fdw.ttl;
SET scylla_fdw.write_timestamp = 5;
DELETE FROM time_k;
DELETE FROM time_k WHERE id = 1;
RESET scylla_fdw.write_timestamp;
ALTER FOREIGN TABLE time_k OPTIONS (ADD ttl '5');
UPDATE time_k SET n = n + 1;
DELETE FROM time_k WHERE id = 1;
CREATE FOREIGN TABLE time_bad (a int, c int, v text, t text OPTIONS (write_ttl 'true')) SERVER time_cluster OPTIONS (keyspace 'fdw_time', "table" 't');
INSERT INTO time_bad VALUES (1, 1, 'x', '5');
ALTER FOREIGN TABLE time_bad DROP t, ADD t int OPTIONS (write_timestamp 'true');
INSERT INTO time_bad VALUES (1, 1, 'x', 5);
ALTER FOREIGN TABLE time_bad DROP t, ADD t int OPTIONS (write_ttl 'true'), ADD u int OPTIONS (write_ttl 'true');
INSERT INTO time_bad VALUES (1, 1, 'x', 5, 6);
ALTER FOREIGN TABLE time_bad ALTER t OPTIONS (SET write_ttl 'false');
INSERT INTO time_bad VALUES (1, 1, 'x', 5, 6);
ALTER FOREIGN TABLE time_bad ALTER t OPTIONS (ADD column_name 'n');
ALTER FOREIGN TABLE time_bad ALTER t OPTIONS (SET write_ttl 'soon');
CREATE FOREIGN TABLE time_only (t int OPTIONS (write_ttl 'true')) SERVER time_cluster OPTIONS (keyspace 'fdw_time', "table" 't');
SELECT DISTINCT t FROM time_only;
-- ANALYZE of these tables, of a partitioned one, of all that it knows itself: columns that are only written are NULL
ALTER FOREIGN TABLE time_bad DROP t;
ANALYZE time_t;
ANALYZE time_only;
ANALYZE time_part;
ANALYZE;
SELECT relname FROM pg_class WHERE relname IN ('time_t', 'time_only', 'time_part', 'time_part_2') AND reltuples > 0 ORDER BY 1;
SELECT tablename, attname FROM pg_stats WHERE tablename IN ('time_t', 'time_only', 'time_part', 'time_part_2') AND null_frac = 1
  AND attname IN ('expires_in', 'written', 't', 'ttl') ORDER BY 1, 2;

SELECT scylla_fdw_execute('time_cluster', 'DROP KEYSPACE fdw_time');
DROP TABLE time_part;
DROP SERVER time_cluster CASCADE;
DROP FUNCTION time_shown, time_trigger, time_count;
