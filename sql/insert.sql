-- INSERT: VALUES, SELECT, defaults, NULL, RETURNING, triggers, ON CONFLICT, views, partitions.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER insert_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER insert_cluster;
SELECT scylla_fdw_execute('insert_cluster', 'DROP KEYSPACE IF EXISTS fdw_insert');
SELECT scylla_fdw_execute('insert_cluster', 'CREATE KEYSPACE fdw_insert WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('insert_cluster', 'CREATE TABLE fdw_insert.t (id int PRIMARY KEY, s text, n bigint)');
SELECT scylla_fdw_execute('insert_cluster', 'CREATE TABLE fdw_insert.compound (a int, b text, c int, "V v" text, st text static, PRIMARY KEY ((a, b), c))');
CREATE FOREIGN TABLE ins_t (id int, s text, n bigint) SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');

-- one row, several rows, none
INSERT INTO ins_t VALUES (1, 'one', 10);
INSERT INTO ins_t VALUES (2, 'two', 20), (3, 'three', 30);
INSERT INTO ins_t SELECT 1, 'x', 1 WHERE false;
SELECT * FROM ins_t ORDER BY id;

-- INSERT is an upsert; the last row of one key wins
INSERT INTO ins_t SELECT 1, 's' || g, g FROM generate_series(1, 1000) g;
SELECT * FROM ins_t WHERE id = 1;

-- many rows, from a table, and back into the same table
INSERT INTO ins_t SELECT g, md5(g::text), g * 2 FROM generate_series(1, 10000) g;
SELECT count(*), sum(id), sum(n), min(s), max(s) FROM ins_t;
INSERT INTO ins_t SELECT id + 10000, s, n FROM ins_t WHERE id <= 100;
SELECT count(*) FROM ins_t;

-- an omitted column is not written, and neither is an explicit NULL: no tombstones
INSERT INTO ins_t (id, s) VALUES (1, 'kept n');
INSERT INTO ins_t VALUES (2, NULL, 5);
SELECT * FROM ins_t WHERE id IN (1, 2) ORDER BY id;
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO ins_t (id, s) VALUES (1, 'x');
ALTER FOREIGN TABLE ins_t OPTIONS (ADD insert_null 'null');
INSERT INTO ins_t VALUES (2, NULL, 6);
SELECT * FROM ins_t WHERE id = 2;
ALTER FOREIGN TABLE ins_t OPTIONS (DROP insert_null);

-- defaults, domains with defaults, generated columns, dropped columns
CREATE DOMAIN ins_domain AS text DEFAULT 'from the domain';
CREATE SEQUENCE ins_seq;
CREATE FOREIGN TABLE ins_default (gone int, id int DEFAULT nextval('ins_seq'), s ins_domain,
  n bigint GENERATED ALWAYS AS (id * 100) STORED) SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');
ALTER FOREIGN TABLE ins_default DROP COLUMN gone;
INSERT INTO ins_default DEFAULT VALUES;
INSERT INTO ins_default (s) VALUES ('given') RETURNING *;
SELECT * FROM ins_t WHERE id IN (1, 2) ORDER BY id;
INSERT INTO ins_default (id, n) VALUES (1, 1);

-- RETURNING
INSERT INTO ins_t VALUES (5, 'five', 50), (6, 'six', 60) RETURNING id, upper(s), ins_t;
WITH w AS (INSERT INTO ins_t VALUES (7, 'seven', 70) RETURNING *) SELECT w.n + 1 FROM w;

-- names: other columns, quotes, capitals
CREATE FOREIGN TABLE ins_compound (clustering int OPTIONS (column_name 'c'), first int OPTIONS (column_name 'a'),
  second text OPTIONS (column_name 'b'), v text OPTIONS (column_name 'V v'), st text)
  SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 'compound');
INSERT INTO ins_compound VALUES (1, 10, 'x', 'v1', 'static'), (2, 10, 'x', 'v2', NULL), (1, 10, 'y', 'v3', 'other');
SELECT first, second, clustering, v, st FROM ins_compound ORDER BY 1, 2, 3;
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO ins_compound VALUES (1, 10, 'x', 'v1', 'static');
-- a static column alone
INSERT INTO ins_compound (first, second, st) VALUES (10, 'x', 'changed');
SELECT DISTINCT first, second, st FROM ins_compound ORDER BY 1, 2;

-- keys: missing, NULL
INSERT INTO ins_compound (first, v) VALUES (1, 'x');
INSERT INTO ins_compound VALUES (NULL, 1, 'x', 'v', 's');
INSERT INTO ins_compound VALUES (1, 1, NULL, 'v', 's');
INSERT INTO ins_compound (first, second, v) VALUES (1, 'x', 'v');
INSERT INTO ins_compound (first, second) VALUES (1, 'x');
-- the session goes on
INSERT INTO ins_compound VALUES (3, 10, 'x', 'v3', NULL);

-- an error names its row, column and table; rows before it stay
INSERT INTO ins_t SELECT g, 'error', CASE WHEN g = 20003 THEN NULL ELSE g END FROM generate_series(20001, 20005) g;
CREATE FOREIGN TABLE ins_narrow (id bigint, s text) SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');
SET scylla_fdw.warn_on_rollback = off;
INSERT INTO ins_narrow SELECT 2147483645::bigint + g, 'x' FROM generate_series(1, 5) g RETURNING 1;
INSERT INTO ins_narrow SELECT g, 'x' FROM generate_series(30001, 30005) g;
RESET scylla_fdw.warn_on_rollback;

-- table or column missing in the cluster
CREATE FOREIGN TABLE ins_missing (id int) SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 'nope');
INSERT INTO ins_missing VALUES (1);
SELECT * FROM ins_missing;
CREATE FOREIGN TABLE ins_extra (id int, nope int) SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');
INSERT INTO ins_extra VALUES (1, 2);
SELECT * FROM ins_extra;
SELECT count(id) > 0 FROM ins_extra;
-- what is mistyped is told with what is there
CREATE FOREIGN TABLE ins_typo (a int, b text, c int, sst text) SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 'compuond');
INSERT INTO ins_typo VALUES (1, 'x', 1, 'y');
SELECT * FROM ins_typo;
ALTER FOREIGN TABLE ins_typo OPTIONS (SET "table" 'Compound');
DELETE FROM ins_typo;
ALTER FOREIGN TABLE ins_typo OPTIONS (SET keyspace 'fdw_isnert');
UPDATE ins_typo SET sst = 'x';
TRUNCATE ins_typo;
ALTER FOREIGN TABLE ins_typo OPTIONS (SET keyspace 'fdw_insert', SET "table" 'compound');
INSERT INTO ins_typo VALUES (1, 'x', 1, 'y');
SELECT sst FROM ins_typo;
UPDATE ins_typo SET sst = 'x';
ANALYZE ins_typo;
ALTER FOREIGN TABLE ins_typo ALTER sst OPTIONS (ADD column_name 'stt');
SELECT sst FROM ins_typo;
ALTER FOREIGN TABLE ins_typo ALTER sst OPTIONS (SET column_name 'something else');
SELECT sst FROM ins_typo;
CREATE FOREIGN TABLE ins_badtype (id int, s int[]) SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');
INSERT INTO ins_badtype VALUES (1, '{1}');
SELECT s FROM ins_badtype;
SELECT count(id) > 0 FROM ins_badtype;

-- ON CONFLICT
INSERT INTO ins_t VALUES (1, 'conflict', 0), (40001, 'new', 0) ON CONFLICT DO NOTHING;
INSERT INTO ins_t VALUES (1, 'conflict', 0), (40002, 'new', 0) ON CONFLICT DO NOTHING RETURNING id;
SELECT id, s FROM ins_t WHERE id IN (1, 40001, 40002) ORDER BY id;
INSERT INTO ins_t VALUES (1, 'x', 0) ON CONFLICT (id) DO NOTHING;
INSERT INTO ins_t VALUES (1, 'x', 0) ON CONFLICT (id) DO UPDATE SET s = 'y';
\set VERBOSITY terse
CREATE VIEW ins_upsert AS SELECT * FROM ins_t;
INSERT INTO ins_upsert VALUES (1, 'x', 0) ON CONFLICT (id) DO UPDATE SET s = 'y';
EXPLAIN INSERT INTO ins_t VALUES (1, 'x', 0) ON CONFLICT (id) DO NOTHING;
WITH w AS (INSERT INTO ins_t VALUES (1, 'x', 0) ON CONFLICT (id) DO UPDATE SET s = 'y' RETURNING id) SELECT * FROM w;
PREPARE ins_upsert AS INSERT INTO ins_t VALUES ($1, 'x', 0) ON CONFLICT (id) DO UPDATE SET s = 'y';
EXECUTE ins_upsert (1);
DO $$ BEGIN INSERT INTO ins_t VALUES (1, 'x', 0) ON CONFLICT (id) DO UPDATE SET s = 'y'; END $$;
CREATE TABLE ins_parted (id int, s text, n bigint) PARTITION BY RANGE (id);
CREATE TABLE ins_parted_local PARTITION OF ins_parted FOR VALUES FROM (0) TO (100);
CREATE TABLE ins_parted_sub PARTITION OF ins_parted FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);
INSERT INTO ins_parted VALUES (1, 'x', 0) ON CONFLICT (id) DO UPDATE SET s = 'y';
CREATE FOREIGN TABLE ins_parted_foreign PARTITION OF ins_parted_sub FOR VALUES FROM (100) TO (150)
  SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');
INSERT INTO ins_parted VALUES (1, 'x', 0) ON CONFLICT (id) DO UPDATE SET s = 'y';
INSERT INTO ins_parted VALUES (1, 'x', 0) ON CONFLICT (id) DO NOTHING;
-- tables of PostgreSQL's own
CREATE TABLE ins_local (id int PRIMARY KEY, s text);
INSERT INTO ins_local VALUES (1, 'x'), (2, 'x');
INSERT INTO ins_local VALUES (1, 'y') ON CONFLICT (id) DO UPDATE SET s = excluded.s RETURNING *;
INSERT INTO ins_local VALUES (1, 'y') ON CONFLICT (s) DO UPDATE SET s = excluded.s;
\set VERBOSITY default
DROP VIEW ins_upsert;
DROP TABLE ins_parted, ins_local;
DEALLOCATE ins_upsert;

-- triggers
CREATE FUNCTION ins_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id < 0 THEN RETURN NULL; END IF;
  NEW.s := coalesce(NEW.s, 'set by trigger') || ' ' || (SELECT count(*) FROM ins_t WHERE id = NEW.id - 1);
  RETURN NEW;
END $$;
CREATE TRIGGER ins_before BEFORE INSERT ON ins_t FOR EACH ROW EXECUTE FUNCTION ins_before();
INSERT INTO ins_t (id) VALUES (50001), (-1), (50002), (50003);
SELECT * FROM ins_t WHERE id IN (-1, 50001, 50002, 50003) ORDER BY id;
DROP TRIGGER ins_before ON ins_t;
CREATE TABLE ins_log (id int, n int);
CREATE FUNCTION ins_after() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ins_log SELECT NEW.id, count(*) FROM ins_t WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER ins_after AFTER INSERT ON ins_t FOR EACH ROW WHEN (NEW.n > 0) EXECUTE FUNCTION ins_after();
INSERT INTO ins_t VALUES (50004, 'a', 1), (50005, 'b', 0), (50006, 'c', 2);
SELECT * FROM ins_log ORDER BY id;
DROP TRIGGER ins_after ON ins_t;

-- views WITH CHECK OPTION
CREATE VIEW ins_view AS SELECT * FROM ins_t WHERE n > 0 WITH CHECK OPTION;
INSERT INTO ins_view VALUES (60001, 'ok', 1);
\set VERBOSITY terse
INSERT INTO ins_view VALUES (60002, 'not ok', 0);
\set VERBOSITY default

-- partitions: local and foreign
CREATE TABLE ins_part (id int, s text, n bigint) PARTITION BY RANGE (id);
CREATE TABLE ins_part_local PARTITION OF ins_part FOR VALUES FROM (0) TO (70000);
CREATE FOREIGN TABLE ins_part_foreign PARTITION OF ins_part FOR VALUES FROM (70000) TO (80000)
  SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');
INSERT INTO ins_part SELECT 69990 + g, 'part', g FROM generate_series(1, 20) g;
SELECT tableoid::regclass, count(*) FROM ins_part WHERE s = 'part' GROUP BY 1 ORDER BY 1;

-- inside functions, in prepared statements, in one statement with a read
PREPARE ins_p (int, text) AS INSERT INTO ins_t (id, s) VALUES ($1, $2);
EXECUTE ins_p (80001, 'a'); EXECUTE ins_p (80002, 'b'); EXECUTE ins_p (80003, 'c'); EXECUTE ins_p (80004, 'd');
EXECUTE ins_p (80005, 'e'); EXECUTE ins_p (80006, 'f'); EXECUTE ins_p (80007, 'g');
SELECT count(*) FROM ins_t WHERE id BETWEEN 80001 AND 80007;
DO $$
BEGIN
  FOR i IN 1..100 LOOP
    INSERT INTO ins_t VALUES (81000 + i, 'loop', i);
  END LOOP;
  BEGIN
    INSERT INTO ins_narrow VALUES (9999999999, 'x');
  EXCEPTION WHEN numeric_value_out_of_range THEN
    RAISE WARNING 'caught: %', SQLERRM;
  END;
  INSERT INTO ins_t VALUES (81101, 'after the error', 0);
END $$;
SELECT count(*) FROM ins_t WHERE id BETWEEN 81001 AND 81101;

-- transactions: what was written stays, and that is said once
BEGIN;
INSERT INTO ins_t VALUES (90001, 'rolled back', 0), (90002, 'rolled back', 0);
SAVEPOINT s;
INSERT INTO ins_t VALUES (90003, 'to savepoint', 0);
ROLLBACK TO s;
INSERT INTO ins_t VALUES (90004, 'rolled back', 0);
ROLLBACK;
SELECT id FROM ins_t WHERE id BETWEEN 90001 AND 90004 ORDER BY id;
SET scylla_fdw.warn_on_rollback = off;
BEGIN;
INSERT INTO ins_t VALUES (90005, 'prepared', 0);
PREPARE TRANSACTION 'ins';
BEGIN;
INSERT INTO ins_t VALUES (90006, 'x', 0);
ROLLBACK;
RESET scylla_fdw.warn_on_rollback;

-- time to live
ALTER FOREIGN TABLE ins_t OPTIONS (ADD ttl '86400');
INSERT INTO ins_t VALUES (91001, 'short-lived', 0);
SELECT q -> 'ttl(s)' <= '86400' AND q -> 'ttl(s)' > '86000' AS ttl
  FROM scylla_fdw_query('insert_cluster', 'SELECT ttl(s) FROM fdw_insert.t WHERE id = 91001') q;
ALTER FOREIGN TABLE ins_t OPTIONS (DROP ttl);

-- by position: what has the same names in another order
CREATE TABLE ins_source (n bigint, id int, s text);
CREATE TABLE ins_narrow_source (s text, id int);
INSERT INTO ins_source VALUES (92000, 92001, 'by name');
INSERT INTO ins_narrow_source VALUES ('narrow', 92003);
CREATE FOREIGN TABLE ins_numbers (n bigint, id int) SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');
CREATE FOREIGN TABLE ins_texts (id text OPTIONS (column_name 's'), s int OPTIONS (column_name 'id'))
  SERVER insert_cluster OPTIONS (keyspace 'fdw_insert', "table" 't');
CREATE VIEW ins_source_view AS SELECT id, n FROM ins_source;
EXPLAIN (COSTS OFF) INSERT INTO ins_numbers SELECT * FROM ins_source_view;
INSERT INTO ins_numbers SELECT id, n FROM (SELECT id, n FROM ins_source ORDER BY n LIMIT 1) AS sub;
INSERT INTO ins_numbers SELECT * FROM (SELECT id, n FROM ins_source) AS sub;
WITH w AS MATERIALIZED (SELECT id, n FROM ins_source) INSERT INTO ins_numbers SELECT * FROM w;
INSERT INTO ins_numbers TABLE ins_source_view UNION ALL TABLE ins_source_view;
INSERT INTO ins_texts SELECT * FROM ins_narrow_source;
INSERT INTO ins_numbers (n, id) SELECT * FROM ins_source_view;
WITH w AS (INSERT INTO ins_texts SELECT * FROM ins_narrow_source RETURNING 1) SELECT count(*) FROM w;
-- once in a loop, which may plan each time
DO $$ BEGIN FOR i IN 1 .. 3 LOOP INSERT INTO ins_numbers SELECT * FROM ins_source_view WHERE n >= i; END LOOP; END $$;
SELECT id, s, n FROM ins_t WHERE id BETWEEN 92000 AND 92003 ORDER BY id;
-- not: names agree, or are given in an order of their own, or are other ones
INSERT INTO ins_numbers (id, n) SELECT * FROM ins_source_view;
INSERT INTO ins_numbers SELECT n, id FROM ins_source_view;
INSERT INTO ins_numbers SELECT id, n FROM ins_source;
INSERT INTO ins_numbers (n, id) SELECT id, n FROM ins_source LIMIT 1;
INSERT INTO ins_numbers SELECT id, n FROM ins_source GROUP BY id, n;
INSERT INTO ins_numbers SELECT id, id FROM ins_source;
INSERT INTO ins_numbers SELECT a.id, b.n FROM ins_source a, ins_source b;
INSERT INTO ins_t (s, id) SELECT * FROM ins_narrow_source;
INSERT INTO ins_t (id, s, n) SELECT id, 'x', n FROM ins_source;

SELECT scylla_fdw_execute('insert_cluster', 'DROP KEYSPACE fdw_insert');
DROP TABLE ins_source, ins_narrow_source CASCADE;
DROP TABLE ins_log, ins_part;
DROP SERVER insert_cluster CASCADE;
DROP FUNCTION ins_before, ins_after;
DROP SEQUENCE ins_seq;
DROP DOMAIN ins_domain;
