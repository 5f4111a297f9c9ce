-- scylla_fdw.flush_at = transaction: INSERTs of one transaction share the window across statements.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER flush_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER flush_cluster;
SELECT scylla_fdw_execute('flush_cluster', 'DROP KEYSPACE IF EXISTS fdw_flush');
SELECT scylla_fdw_execute('flush_cluster', 'CREATE KEYSPACE fdw_flush WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('flush_cluster', 'CREATE TABLE fdw_flush.t (id int PRIMARY KEY, s text)');
-- a key that the cluster refuses, and PostgreSQL does not
SELECT scylla_fdw_execute('flush_cluster', 'CREATE TABLE fdw_flush.k (k text PRIMARY KEY, n int)');
CREATE FOREIGN TABLE flush_t (id int, s text) SERVER flush_cluster OPTIONS (keyspace 'fdw_flush', "table" 't');
CREATE FOREIGN TABLE flush_k (k text, n int) SERVER flush_cluster OPTIONS (keyspace 'fdw_flush', "table" 'k');
SET scylla_fdw.flush_at = 'now';
SET scylla_fdw.flush_at = 'transaction';
SHOW scylla_fdw.flush_at;

-- alone, in a transaction, in a loop, by COPY; the last row of a key wins
INSERT INTO flush_t VALUES (1, 'alone');
BEGIN;
INSERT INTO flush_t VALUES (2, 'first'), (2, 'second');
INSERT INTO flush_t VALUES (2, 'third');
INSERT INTO flush_t (s, id) VALUES ('fourth', 2);
INSERT INTO flush_t (id) VALUES (3);
COPY flush_t FROM stdin;
4	copied
\.
COMMIT;
DO $$ BEGIN FOR g IN 1001..3000 LOOP INSERT INTO flush_t VALUES (g, 'loop ' || g); END LOOP; END $$;
SELECT * FROM flush_t WHERE id <= 4 ORDER BY id;
SELECT count(*), sum(id) FROM flush_t WHERE id > 1000;

-- a session reads its own writes: in a trigger, a function, a CTE, by hand
BEGIN;
INSERT INTO flush_t VALUES (5, 'read back');
SELECT s FROM flush_t WHERE id = 5;
INSERT INTO flush_t VALUES (5, 'again');
SELECT scylla_fdw_query('flush_cluster', 'SELECT s FROM fdw_flush.t WHERE id = 5');
INSERT INTO flush_t VALUES (5, 'updated');
UPDATE flush_t SET s = s || '!' WHERE id = 5;
INSERT INTO flush_t VALUES (6, 'deleted');
DELETE FROM flush_t WHERE id = 6;
INSERT INTO flush_t VALUES (7, 'x');
INSERT INTO flush_t VALUES (7, 'conflict') ON CONFLICT DO NOTHING;
COMMIT;
SELECT * FROM flush_t WHERE id BETWEEN 5 AND 7 ORDER BY id;
CREATE FUNCTION flush_seen(i int) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT s FROM flush_t WHERE id = i $$;
BEGIN;
INSERT INTO flush_t VALUES (8, 'seen');
SELECT flush_seen(8);
WITH w AS (INSERT INTO flush_t VALUES (9, 'cte') RETURNING id) SELECT w.id, flush_seen(8) FROM w;
COMMIT;
CREATE TABLE flush_local (id int);
CREATE FUNCTION flush_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO flush_t VALUES (NEW.id, 'trigger, 20: ' || coalesce((SELECT s FROM flush_t WHERE id = 20), 'none'));
  RETURN NULL;
END $$;
CREATE TRIGGER flush_trigger AFTER INSERT ON flush_local FOR EACH ROW EXECUTE FUNCTION flush_trigger();
INSERT INTO flush_local VALUES (20), (21);
SELECT * FROM flush_t WHERE id IN (20, 21) ORDER BY id;

-- an error names its row and statement; it comes at the latest with COMMIT, which fails
\set VERBOSITY terse
BEGIN;
INSERT INTO flush_k VALUES ('a', 1);
INSERT INTO flush_k VALUES ('b', 2), ('', 3);
INSERT INTO flush_k VALUES ('c', 4);
SELECT count(*) FROM flush_t WHERE id = 1;
ROLLBACK;
\set VERBOSITY default
DO $$
DECLARE detail text; context text;
BEGIN
  INSERT INTO flush_k VALUES ('a', 1);
  INSERT INTO flush_k VALUES ('b', 2), ('', 3);
  INSERT INTO flush_k VALUES ('d', 4);
  PERFORM count(*) FROM flush_t WHERE id = 1;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
  RAISE WARNING '%; %; %', SQLERRM, substring(detail FROM 'of this and earlier statements'), split_part(context, E'\n', 1);
END $$;
SET scylla_fdw.warn_on_rollback = off;
CREATE TABLE flush_committed (n int);
BEGIN;
INSERT INTO flush_committed VALUES (1);
INSERT INTO flush_k VALUES ('', 5);
\set VERBOSITY terse
COMMIT;
\set VERBOSITY default
SELECT count(*) FROM flush_committed;
INSERT INTO flush_t VALUES (30, 'the session goes on');
SELECT s FROM flush_t WHERE id = 30;

-- savepoints: what fails in one is known at its end
BEGIN;
INSERT INTO flush_k VALUES ('d', 1);
SAVEPOINT a;
INSERT INTO flush_k VALUES ('', 2);
\set VERBOSITY terse
RELEASE a;
\set VERBOSITY default
ROLLBACK;
BEGIN;
INSERT INTO flush_k VALUES ('e', 1);
SAVEPOINT a;
INSERT INTO flush_k VALUES ('', 2);
\set VERBOSITY terse
SELECT count(*) FROM flush_k;
\set VERBOSITY default
ROLLBACK TO a;
INSERT INTO flush_k VALUES ('f', 3);
SAVEPOINT b;
INSERT INTO flush_k VALUES ('g', 4);
RELEASE b;
SAVEPOINT c;
INSERT INTO flush_k VALUES ('h', 5);
ROLLBACK TO c;
INSERT INTO flush_k VALUES ('i', 6);
COMMIT;
SELECT k FROM flush_k WHERE k IN ('e', 'f', 'g', 'i') ORDER BY k;
DO $$
BEGIN
  BEGIN
    INSERT INTO flush_k VALUES ('', 7);
  EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'caught inside';
  END;
  INSERT INTO flush_k VALUES ('j', 8);
END $$;
SELECT count(*) FROM flush_k WHERE k = 'j';
-- a failure that a block around a read catches is not forgotten
DO $$
BEGIN
  INSERT INTO flush_k VALUES ('', 9);
  BEGIN
    PERFORM count(*) FROM flush_k;
  EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'caught by a reader';
  END;
END $$;

-- the table, its options and settings change in between
BEGIN;
INSERT INTO flush_t VALUES (40, NULL);
ALTER FOREIGN TABLE flush_t OPTIONS (ADD insert_null 'null');
INSERT INTO flush_t VALUES (41, NULL);
SET LOCAL scylla_fdw.consistency = 'all';
INSERT INTO flush_t VALUES (42, 'all');
ALTER FOREIGN TABLE flush_t ALTER s TYPE varchar(100);
INSERT INTO flush_t VALUES (43, 'varchar');
ALTER FOREIGN TABLE flush_t OPTIONS (SET "table" 'nope');
INSERT INTO flush_t VALUES (44, 'nope');
ROLLBACK;
SELECT id, s FROM flush_t WHERE id BETWEEN 40 AND 44 ORDER BY id;
BEGIN;
INSERT INTO flush_t VALUES (50, 'prepared');
PREPARE TRANSACTION 'flush';
BEGIN;
DECLARE flush_c CURSOR FOR SELECT count(*) FROM flush_t WHERE id = 61;
INSERT INTO flush_t VALUES (60, 'cursor'), (61, 'cursor');
FETCH flush_c;
COMMIT;
RESET scylla_fdw.flush_at;
BEGIN;
SET LOCAL scylla_fdw.flush_at = 'transaction';
INSERT INTO flush_t VALUES (70, 'transaction');
SET LOCAL scylla_fdw.flush_at = 'statement';
INSERT INTO flush_t VALUES (70, 'statement');
COMMIT;
SELECT s FROM flush_t WHERE id = 70;

-- what another role's mapping has written, in a function or by a view, is the same session's
CREATE ROLE flush_role;
CREATE USER MAPPING FOR flush_role SERVER flush_cluster OPTIONS (password_required 'false');
GRANT ALL ON flush_t TO flush_role;
CREATE FUNCTION flush_log(i int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN INSERT INTO flush_t VALUES (i, 'log'); END $$;
CREATE VIEW flush_view AS SELECT * FROM flush_t;
ALTER FUNCTION flush_log(int) OWNER TO flush_role;
ALTER VIEW flush_view OWNER TO flush_role;
TRUNCATE flush_t;
SET scylla_fdw.flush_at = 'transaction';
BEGIN;
SELECT count(flush_log(g)) FROM generate_series(1, 3000) g;
SELECT count(*) FROM flush_t;
SELECT count(flush_log(g)) FROM generate_series(1, 3000) g;
TRUNCATE flush_t;
COMMIT;
SELECT count(*) FROM flush_t;
BEGIN;
INSERT INTO flush_view SELECT g, 'view' FROM generate_series(1, 3000) g;
UPDATE flush_t SET s = s || '!';
COMMIT;
SELECT s, count(*) FROM flush_t GROUP BY s;
-- a conditional row comes after all that was written before it, in its own statement, too
CREATE FUNCTION flush_plain(i int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO flush_t VALUES (i, 'plain'); RETURN 'conditional'; END $$;
TRUNCATE flush_t;
BEGIN;
WITH w AS (INSERT INTO flush_t SELECT g, flush_plain(g) FROM generate_series(1, 500) g ON CONFLICT DO NOTHING RETURNING id) SELECT count(*) FROM w;
INSERT INTO flush_t SELECT g, flush_plain(g) FROM generate_series(501, 1000) g ON CONFLICT DO NOTHING;
COMMIT;
SELECT s, count(*) FROM flush_t GROUP BY s;
RESET scylla_fdw.flush_at;
-- one row is named, not the one that waits behind it
DO $$ DECLARE c text; BEGIN INSERT INTO flush_k VALUES ('x', 1), ('', 1), ('', 2), ('y', 1) ON CONFLICT DO NOTHING;
EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS c = PG_EXCEPTION_CONTEXT; RAISE INFO '%', (SELECT string_agg(l, ' ') FROM regexp_split_to_table(c, E'\n') l WHERE l ~ 'row'); END $$;
-- rows of all partitions of a statement are counted
CREATE TABLE flush_parts (id int, k text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE flush_low (id int, k text OPTIONS (column_name 's')) SERVER flush_cluster OPTIONS (keyspace 'fdw_flush', "table" 't');
CREATE FOREIGN TABLE flush_high (id int OPTIONS (column_name 'n'), k text) SERVER flush_cluster OPTIONS (keyspace 'fdw_flush', "table" 'k');
ALTER TABLE flush_parts ATTACH PARTITION flush_low FOR VALUES FROM (0) TO (10000);
ALTER TABLE flush_parts ATTACH PARTITION flush_high FOR VALUES FROM (10000) TO (20000);
CREATE FUNCTION flush_wait(i int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
  IF i < 10000 THEN RETURN 'low'; END IF;
  PERFORM count(*) FROM flush_t;  -- has those below written
  RETURN NULL;
END $$;
INSERT INTO flush_parts SELECT g, flush_wait(g) FROM generate_series(9801, 10000) g;

-- nor is one that is caught while the statement goes on: with no row of its table to follow, with rows of another partition
CREATE FUNCTION flush_look(caught bool) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
  IF caught THEN
    BEGIN
      PERFORM count(*) FROM flush_t;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'caught by a function';
    END;
  END IF;
  RETURN caught;
END $$;
INSERT INTO flush_k SELECT k, 1 FROM (VALUES ('', false), ('z', true)) v(k, last) WHERE NOT flush_look(last);
RESET scylla_fdw.flush_at;
INSERT INTO flush_parts SELECT n, k FROM (VALUES (1, 'a', false), (10001, '', false), (2, 'b', true)) v(n, k, last)
WHERE flush_look(last) IS NOT NULL;

SELECT scylla_fdw_execute('flush_cluster', 'DROP KEYSPACE fdw_flush');
DROP TABLE flush_parts;
DROP OWNED BY flush_role;
DROP ROLE flush_role;
DROP TABLE flush_local, flush_committed;
DROP SERVER flush_cluster CASCADE;
DROP FUNCTION flush_seen, flush_trigger, flush_plain, flush_wait, flush_look;
