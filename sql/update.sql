-- UPDATE and DELETE: rows told by their whole primary key.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER update_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER update_cluster;
SELECT scylla_fdw_execute('update_cluster', 'DROP KEYSPACE IF EXISTS fdw_update');
SELECT scylla_fdw_execute('update_cluster', 'CREATE KEYSPACE fdw_update WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('update_cluster', 'CREATE TABLE fdw_update.t (a int, b text, c int, "V" text, n int, st text static, PRIMARY KEY ((a, b), c))');
CREATE FOREIGN TABLE upd_t (n int, c int, a int, b text, v text OPTIONS (column_name 'V'), st text)
  SERVER update_cluster OPTIONS (keyspace 'fdw_update', "table" 't');
INSERT INTO upd_t (a, b, c, v, n) SELECT g % 5, chr(97 + g % 3), g, 'v' || g, g FROM generate_series(1, 60) g;

-- exactly the rows meant, only the columns named
EXPLAIN (VERBOSE, COSTS OFF) UPDATE upd_t SET v = 'new' WHERE a = 1 AND b = 'b' AND c = 1;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM upd_t WHERE a = 1 AND b = 'b' AND n > 5;
UPDATE upd_t SET v = 'new' WHERE c = 7;
UPDATE upd_t SET v = v || '!', n = n * 10 WHERE a = 1 AND b = 'c' AND c < 20;
SELECT a, b, c, v, n FROM upd_t WHERE v !~ '^v\d+$' ORDER BY c;
SELECT q->>'c' AS c, q->>'V' AS v, q->>'n' AS n FROM scylla_fdw_query('update_cluster', 'SELECT c, "V", n, WRITETIME("V") AS wv, WRITETIME(n) AS wn FROM fdw_update.t WHERE a = 2 AND b = ''b''') q
  WHERE (q->>'wv')::bigint <> (q->>'wn')::bigint ORDER BY 1;
UPDATE upd_t SET v = NULL WHERE c = 8;
SELECT v, n FROM upd_t WHERE c = 8;
DELETE FROM upd_t WHERE c BETWEEN 10 AND 12;
SELECT count(*), count(*) FILTER (WHERE c BETWEEN 10 AND 12) FROM upd_t;

-- tags count rows
CREATE FUNCTION upd_count(cmd text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE cmd;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
SELECT upd_count('UPDATE upd_t SET n = 0 WHERE c = 9999'), upd_count('DELETE FROM upd_t WHERE c = 9999'),
  upd_count('UPDATE upd_t SET n = n WHERE c <= 5'), upd_count('DELETE FROM upd_t WHERE c = 13'), upd_count('UPDATE upd_t SET n = 1 WHERE false');

-- RETURNING, joins, CTEs
WITH w AS (UPDATE upd_t SET v = 'returned' WHERE c IN (1, 2) RETURNING c, v, n, upd_t) SELECT * FROM w ORDER BY c;
DELETE FROM upd_t WHERE c = 14 RETURNING *;
DELETE FROM upd_t WHERE false RETURNING *;
CREATE TABLE upd_local (c int, text text);
INSERT INTO upd_local VALUES (20, 'twenty'), (21, 'twenty-one'), (10000, 'none');
UPDATE upd_t SET v = l.text FROM upd_local l WHERE upd_t.c = l.c;
SELECT c, v FROM upd_t WHERE c IN (20, 21) ORDER BY c;
WITH w AS (DELETE FROM upd_t USING upd_local l WHERE upd_t.c = l.c + 10 RETURNING upd_t.c, l.text) SELECT * FROM w ORDER BY c;
WITH w AS (UPDATE upd_t SET n = -1 WHERE c = 22 RETURNING c, n), d AS (DELETE FROM upd_t WHERE c = 23 RETURNING c)
  SELECT w.c, w.n, d.c FROM w, d;
SELECT count(*) FROM upd_t WHERE c IN (22, 23);

-- keys, static columns
UPDATE upd_t SET c = 1 WHERE c = 2;
UPDATE upd_t SET a = a WHERE c = 2;
EXPLAIN (VERBOSE, COSTS OFF) UPDATE upd_t SET st = 'static' WHERE a = 1 AND b = 'b';
UPDATE upd_t SET st = 'static' WHERE a = 1 AND b = 'b' AND c = 1;
SELECT DISTINCT a, b, st FROM upd_t WHERE st IS NOT NULL;
UPDATE upd_t SET st = 'both', n = 77 WHERE a = 1 AND b = 'b' AND c = 1;
SELECT c, n, st FROM upd_t WHERE a = 1 AND b = 'b' AND c = 1;
CREATE FOREIGN TABLE upd_lacks (a int, b text, v text OPTIONS (column_name 'V')) SERVER update_cluster OPTIONS (keyspace 'fdw_update', "table" 't');
UPDATE upd_lacks SET v = 'x' WHERE a = 1;
DELETE FROM upd_lacks WHERE a = 1;
ALTER FOREIGN TABLE upd_lacks ADD COLUMN no_c int, ADD COLUMN "C" int;
UPDATE upd_lacks SET v = 'x' WHERE a = 1;
ALTER FOREIGN TABLE upd_lacks RENAME COLUMN "C" TO d;
ALTER FOREIGN TABLE upd_lacks ALTER COLUMN d OPTIONS (column_name 'C');
DELETE FROM upd_lacks WHERE a = 1;
CREATE FOREIGN TABLE upd_extra (a int, b text, c int, nope int) SERVER update_cluster OPTIONS (keyspace 'fdw_update', "table" 't');
UPDATE upd_extra SET nope = 1;

-- triggers: what they change is written, what they do not is left alone
CREATE FUNCTION upd_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RETURN CASE WHEN OLD.c = 31 THEN NULL ELSE OLD END;
  END IF;
  IF NEW.c = 32 THEN RETURN NULL; END IF;
  IF NEW.c = 33 THEN NEW.c := 34; END IF;
  NEW.v := NEW.v || ' by trigger';
  RETURN NEW;
END $$;
CREATE TRIGGER upd_before BEFORE UPDATE OR DELETE ON upd_t FOR EACH ROW EXECUTE FUNCTION upd_before();
EXPLAIN (VERBOSE, COSTS OFF) UPDATE upd_t SET n = 1 WHERE a = 0 AND b = 'a' AND c = 30;
UPDATE upd_t SET n = 1 WHERE c = 35;
UPDATE upd_t SET n = 1 WHERE c = 32;
UPDATE upd_t SET n = 1 WHERE c = 33;
SELECT upd_count('UPDATE upd_t SET n = 1 WHERE c IN (32, 36)');
SELECT c, v, n FROM upd_t WHERE c IN (32, 33, 35, 36) ORDER BY c;
SELECT upd_count('DELETE FROM upd_t WHERE c IN (30, 31, 37)');
DROP TRIGGER upd_before ON upd_t;
SELECT c FROM upd_t WHERE c IN (30, 31, 37);
CREATE TABLE upd_log (what text, old text, new text);
CREATE FUNCTION upd_after() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO upd_log VALUES (TG_OP, CASE WHEN TG_OP <> 'INSERT' THEN OLD::text END, CASE WHEN TG_OP <> 'DELETE' THEN NEW::text END);
  RETURN NULL;
END $$;
CREATE TRIGGER upd_after AFTER INSERT OR UPDATE OR DELETE ON upd_t FOR EACH ROW EXECUTE FUNCTION upd_after();
UPDATE upd_t SET v = 'after' WHERE c IN (40, 41);
DELETE FROM upd_t WHERE c = 42;
SELECT * FROM upd_log ORDER BY 1, 2;
DROP TRIGGER upd_after ON upd_t;

-- views, cursors, MERGE
CREATE VIEW upd_view AS SELECT * FROM upd_t WHERE n < 1000 WITH CHECK OPTION;
UPDATE upd_view SET n = 999 WHERE c = 43;
UPDATE upd_view SET n = 1001 WHERE c = 43;
SELECT n FROM upd_t WHERE c = 43;
DELETE FROM upd_view WHERE c = 43;
BEGIN;
DECLARE upd_c CURSOR FOR SELECT * FROM upd_t;
FETCH 0 FROM upd_c;
UPDATE upd_t SET n = 1 WHERE CURRENT OF upd_c;
ROLLBACK;
\set VERBOSITY sqlstate
MERGE INTO upd_t USING upd_local l ON upd_t.c = l.c WHEN MATCHED THEN DELETE;
\set VERBOSITY default

-- partitions: rows move from local ones to foreign ones; a foreign row does not move
CREATE TABLE upd_part (a int, b text, c int, n int) PARTITION BY RANGE (c);
CREATE TABLE upd_part_local PARTITION OF upd_part FOR VALUES FROM (0) TO (5000);
CREATE FOREIGN TABLE upd_part_foreign PARTITION OF upd_part FOR VALUES FROM (5000) TO (9000)
  SERVER update_cluster OPTIONS (keyspace 'fdw_update', "table" 't');
CREATE TABLE upd_part_other PARTITION OF upd_part FOR VALUES FROM (9000) TO (10000);
INSERT INTO upd_part VALUES (1, 'b', 100, -100), (1, 'b', 5001, 2), (1, 'b', 5002, 3);
UPDATE upd_part SET c = c + 5000 WHERE n = -100;
UPDATE upd_part SET n = n + 100 WHERE c > 50;
SELECT tableoid::regclass, * FROM upd_part WHERE c > 50 ORDER BY c;
UPDATE upd_part SET c = c + 4000 WHERE n = 103;
DELETE FROM upd_part WHERE c >= 5001;
SELECT tableoid::regclass, * FROM upd_part WHERE c > 50 ORDER BY c;

-- several foreign partitions, with their columns in other places
CREATE TABLE upd_parts (n int, c int, a int, b varchar(10)) PARTITION BY LIST (a);
CREATE FOREIGN TABLE upd_parts_1 (b varchar(10), n int, c int, a int) SERVER update_cluster OPTIONS (keyspace 'fdw_update', "table" 't');
SELECT scylla_fdw_execute('update_cluster', 'CREATE TABLE fdw_update.t2 (a int, b text, c int, n int, PRIMARY KEY ((a, b), c))');
CREATE FOREIGN TABLE upd_parts_2 (a int, b varchar(10), n int, c int) SERVER update_cluster OPTIONS (keyspace 'fdw_update', "table" 't2');
ALTER TABLE upd_parts ATTACH PARTITION upd_parts_1 FOR VALUES IN (1);
ALTER TABLE upd_parts ATTACH PARTITION upd_parts_2 FOR VALUES IN (2, 3);
INSERT INTO upd_parts (a, b, c, n) VALUES (1, 'b', 9001, 1), (2, 'b', 9002, 2), (3, 'b', 9003, 3);
WITH w AS (UPDATE upd_parts SET n = n * 100 WHERE c > 9000 AND n < 10 RETURNING tableoid::regclass, *) SELECT * FROM w ORDER BY c;
WITH w AS (DELETE FROM upd_parts WHERE c > 9000 AND n >= 100 RETURNING tableoid::regclass, *) SELECT * FROM w ORDER BY c;
DROP TABLE upd_parts;

-- a statement and itself: rows that it writes are not read again
UPDATE upd_t SET n = n + 1;
SELECT upd_count('UPDATE upd_t SET n = n + 1') = (SELECT count(*) FROM upd_t) AS each_once;

-- not updatable
ALTER FOREIGN TABLE upd_t OPTIONS (ADD updatable 'false');
UPDATE upd_t SET n = 1;
DELETE FROM upd_t;
SELECT is_updatable, is_insertable_into FROM information_schema.views WHERE table_name = 'upd_view';
ALTER FOREIGN TABLE upd_t OPTIONS (DROP updatable);

-- counters
SELECT scylla_fdw_execute('update_cluster', 'CREATE TABLE fdw_update.k (id text PRIMARY KEY, hits counter, misses counter)');
CREATE FOREIGN TABLE upd_k (id text, hits bigint, misses bigint) SERVER update_cluster OPTIONS (keyspace 'fdw_update', "table" 'k');
INSERT INTO upd_k VALUES ('a', 1, 10), ('b', 2, NULL);
INSERT INTO upd_k (hits, id) VALUES (5, 'a');
SELECT * FROM upd_k ORDER BY id;
UPDATE upd_k SET hits = hits + 100, misses = misses - 1 WHERE id = 'a';
UPDATE upd_k SET misses = misses + 1 WHERE id = 'b';
UPDATE upd_k SET hits = 5 + hits WHERE id = 'b' RETURNING hits;
UPDATE upd_k SET hits = 0 WHERE id = 'b';
UPDATE upd_k SET hits = misses + 1 WHERE id = 'b';
UPDATE upd_k SET hits = 5 - hits WHERE id = 'b';
UPDATE upd_k SET hits = NULL WHERE id = 'b';
UPDATE upd_k SET hits = hits - NULL WHERE id = 'b';
SELECT * FROM upd_k ORDER BY id;
INSERT INTO upd_k VALUES ('a', 1, 1) ON CONFLICT DO NOTHING;
INSERT INTO upd_k (id) VALUES ('c');
INSERT INTO upd_k VALUES (NULL, 1, 1);
DELETE FROM upd_k WHERE id = 'a';
SELECT * FROM upd_k ORDER BY id;
-- a load that is repeated counts twice, and after TRUNCATE once
INSERT INTO upd_k (id, hits) SELECT 'load', g FROM generate_series(1, 4) g;
INSERT INTO upd_k (id, hits) SELECT 'load', g FROM generate_series(1, 4) g;
SELECT hits FROM upd_k WHERE id = 'load';
TRUNCATE upd_k;
INSERT INTO upd_k (id, hits) SELECT 'load', g FROM generate_series(1, 4) g;
SELECT * FROM upd_k;

SELECT scylla_fdw_execute('update_cluster', 'DROP KEYSPACE fdw_update');
DROP VIEW upd_view;
DROP TABLE upd_part, upd_local, upd_log;
DROP SERVER update_cluster CASCADE;
DROP FUNCTION upd_count, upd_before, upd_after;
