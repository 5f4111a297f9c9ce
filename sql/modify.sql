-- What an INSERT writes, what it reads meanwhile, and what is told of it when it fails or is rolled back.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER modify_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER modify_cluster;
SELECT scylla_fdw_execute('modify_cluster', 'DROP KEYSPACE IF EXISTS fdw_modify');
SELECT scylla_fdw_execute('modify_cluster', 'CREATE KEYSPACE fdw_modify WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('modify_cluster', 'CREATE TABLE fdw_modify.t (id int PRIMARY KEY, s text, n bigint)');
CREATE FOREIGN TABLE mod_t (id int, s text, n bigint) SERVER modify_cluster OPTIONS (keyspace 'fdw_modify', "table" 't');

-- a row that moves to a foreign partition takes all its columns along
CREATE TABLE mod_part (s text DEFAULT 'root', id int, n bigint) PARTITION BY RANGE (id);
CREATE TABLE mod_local PARTITION OF mod_part FOR VALUES FROM (0) TO (1000);
CREATE FOREIGN TABLE mod_foreign (gone int, id int, n bigint, s text) SERVER modify_cluster OPTIONS (keyspace 'fdw_modify', "table" 't');
ALTER FOREIGN TABLE mod_foreign DROP COLUMN gone;
ALTER TABLE mod_part ATTACH PARTITION mod_foreign FOR VALUES FROM (1000) TO (2000);
INSERT INTO mod_part VALUES ('moved', 1, 10), (NULL, 2, 20);
UPDATE mod_part SET id = id + 1000 WHERE id < 1000;
SELECT tableoid::regclass, * FROM mod_part ORDER BY id;

-- values that come from the partitioned table: its defaults and identity, by INSERT and COPY
INSERT INTO mod_part (id, n) VALUES (1003, 30);
COPY mod_part (id) FROM stdin;
1004
\.
SELECT id, s, n FROM mod_t WHERE id IN (1003, 1004) ORDER BY id;
CREATE TABLE mod_identity (n int GENERATED ALWAYS AS IDENTITY, id int, s text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE mod_identity_foreign (n int NOT NULL, id int, s text DEFAULT 'of the partition') SERVER modify_cluster
  OPTIONS (keyspace 'fdw_modify', "table" 't', insert_null 'null');
ALTER TABLE mod_identity ATTACH PARTITION mod_identity_foreign FOR VALUES FROM (0) TO (2000);
INSERT INTO mod_t VALUES (1005, 'kept', 0), (1006, 'kept', 0), (1007, 'kept', 0);
INSERT INTO mod_identity (id) VALUES (1005), (1006);
COPY mod_identity (id) FROM stdin;
1007
\.
SELECT * FROM mod_t WHERE id BETWEEN 1005 AND 1007 ORDER BY id;
DROP TABLE mod_identity;

-- and from a view; what nothing sets is left alone
CREATE VIEW mod_view AS SELECT n, id, s FROM mod_t;
ALTER VIEW mod_view ALTER s SET DEFAULT 'view';
INSERT INTO mod_view (id) VALUES (1), (2);
INSERT INTO mod_view (id, s) VALUES (3, DEFAULT), (4, 'given');
SELECT * FROM mod_t WHERE id <= 4 ORDER BY id;
CREATE DOMAIN mod_domain AS bigint CHECK (VALUE > 0);
CREATE FOREIGN TABLE mod_null (id int, s text DEFAULT NULL, n mod_domain) SERVER modify_cluster
  OPTIONS (keyspace 'fdw_modify', "table" 't', insert_null 'null');
INSERT INTO mod_t VALUES (5, 'kept', 5);
INSERT INTO mod_null (id) SELECT 5 FROM generate_series(1, 1) g ORDER BY g;
SELECT * FROM mod_t WHERE id = 5;
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO mod_null (id) VALUES (5);

-- a statement does not read the rows that it writes
SELECT scylla_fdw_execute('modify_cluster', 'CREATE TABLE fdw_modify.h (id int PRIMARY KEY, n int)');
CREATE FOREIGN TABLE mod_h (id int, n int) SERVER modify_cluster OPTIONS (keyspace 'fdw_modify', "table" 'h', fetch_size '10');
INSERT INTO mod_h SELECT g, 7 FROM generate_series(1, 1000) g;
INSERT INTO mod_h SELECT id + 1000, n FROM mod_h;
SELECT count(*), max(id), sum(n) FROM mod_h;
-- also what it begins to read later, and through a partitioned table
INSERT INTO mod_h SELECT g, 0 FROM generate_series(2001, 2050) g UNION ALL SELECT id + 10000, n FROM mod_h;
SELECT count(*), max(id) FROM mod_h;
CREATE TABLE mod_h_part (n int, id int) PARTITION BY LIST (n);
CREATE FOREIGN TABLE mod_h_foreign PARTITION OF mod_h_part DEFAULT SERVER modify_cluster OPTIONS (keyspace 'fdw_modify', "table" 'h');
INSERT INTO mod_h_part (id, n) SELECT id + 100000, n FROM mod_h WHERE id <= 2000;
SELECT count(*), max(id) FROM mod_h;
-- a cursor does not see what is written after it was opened; what it still has to read outlives a savepoint
SET work_mem = '64kB';
BEGIN;
DECLARE mod_c CURSOR FOR SELECT row_number() OVER () FROM mod_h;
DECLARE mod_d CURSOR FOR SELECT id FROM mod_h WHERE id = 1000001;
MOVE 10 FROM mod_c;
SAVEPOINT s;
INSERT INTO mod_h SELECT 1000000 + g, 0 FROM generate_series(1, 100) g;
ROLLBACK TO s;
MOVE 6039 FROM mod_c;
FETCH 2 FROM mod_c;
FETCH mod_d;
COMMIT;
RESET work_mem;
DO $$
DECLARE r record; read int := 0;
BEGIN
  FOR r IN SELECT * FROM mod_h WHERE n = 0 LOOP
    read := read + 1;
    BEGIN
      INSERT INTO mod_h VALUES (r.id + 10000000, r.n);
    EXCEPTION WHEN division_by_zero THEN
    END;
  END LOOP;
  RAISE WARNING '% rows read', read;
END $$;
-- LIMIT, values by reference, and reading twice
INSERT INTO mod_t SELECT g, repeat(g::text, 100), g FROM generate_series(1, 50) g;
ALTER FOREIGN TABLE mod_t OPTIONS (ADD fetch_size '3');
INSERT INTO mod_t SELECT id + 100, s, n FROM mod_t WHERE id <= 50 LIMIT 20;
SELECT count(*) FROM mod_t WHERE id BETWEEN 101 AND 150 AND s = repeat((id - 100)::text, 100) AND n = id - 100;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
INSERT INTO mod_t SELECT x.id + 200, y.s, y.n FROM mod_t x JOIN mod_t y ON x.n = y.n WHERE x.id <= 50 AND y.id <= 50;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material;
SELECT count(*) FROM mod_t WHERE id BETWEEN 201 AND 250 AND s = repeat((id - 200)::text, 100) AND n = id - 200;
ALTER FOREIGN TABLE mod_t OPTIONS (DROP fetch_size);
DROP TABLE mod_h_part;

-- ON CONFLICT takes no memory per row
CREATE TABLE mod_used (g int, used bigint);
CREATE FUNCTION mod_note(g int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF g IN (4000, 6000) THEN
    INSERT INTO mod_used SELECT g, sum(used_bytes) FROM pg_backend_memory_contexts WHERE name = 'ExecutorState';
  END IF;
  RETURN 'x';
END $$;
INSERT INTO mod_t SELECT 700000 + g, mod_note(g), g FROM generate_series(1, 6100) g ON CONFLICT DO NOTHING;
SELECT max(used) - min(used) < 10000 AS flat FROM mod_used;

-- rows of a statement that failed in a function are those of its own transaction
BEGIN;
SET LOCAL scylla_fdw.warn_on_rollback = off;
DO $$
DECLARE n int;
BEGIN
  WITH w AS (INSERT INTO mod_t SELECT g / (4 - g), 'x' FROM generate_series(1, 4) g RETURNING 1) SELECT count(*) INTO n FROM w;
END $$;
ROLLBACK;
BEGIN;
SELECT 1;
ROLLBACK;
-- a savepoint tells of its rows, the transaction of the rest
BEGIN;
INSERT INTO mod_t VALUES (301), (302);
SAVEPOINT a;
INSERT INTO mod_t VALUES (303);
SAVEPOINT b;
INSERT INTO mod_t VALUES (304);
RELEASE b;
ROLLBACK TO a;
INSERT INTO mod_t VALUES (305);
RELEASE a;
SAVEPOINT c;
INSERT INTO mod_t SELECT g FROM generate_series(306, 309) g;
ROLLBACK;
-- an exception block too, unless the error has told; nothing is forgotten for PREPARE TRANSACTION
SELECT scylla_fdw_execute('modify_cluster', 'CREATE TABLE fdw_modify.k (k text PRIMARY KEY)');
CREATE FOREIGN TABLE mod_k (k text) SERVER modify_cluster OPTIONS (keyspace 'fdw_modify', "table" 'k');
DO $$
DECLARE n int;
BEGIN
  WITH w AS (INSERT INTO mod_t SELECT g / (4 - g), 'x' FROM generate_series(1, 4) g RETURNING 1) SELECT count(*) INTO n FROM w;
EXCEPTION WHEN division_by_zero THEN
END $$;
BEGIN;
DO $$
DECLARE n int; message text; detail text;
BEGIN
  WITH w AS (INSERT INTO mod_k VALUES ('a'), ('b'), ('') RETURNING 1) SELECT count(*) INTO n FROM w;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  RAISE WARNING '%; %', message, substring(detail FROM 'ms. (.*)');
END $$;
PREPARE TRANSACTION 'mod';

-- a key that another client has changed since the table was described
CREATE SERVER modify_other FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER modify_other;
SELECT scylla_fdw_execute('modify_cluster', 'CREATE TABLE fdw_modify.c (a int PRIMARY KEY, b int, c int)');
CREATE FOREIGN TABLE mod_c (a int, b int, c int) SERVER modify_cluster OPTIONS (keyspace 'fdw_modify', "table" 'c');
INSERT INTO mod_c (a) VALUES (1);
SELECT scylla_fdw_execute('modify_other', 'DROP TABLE fdw_modify.c');
SELECT scylla_fdw_execute('modify_other', 'CREATE TABLE fdw_modify.c (a int, b int, c int, PRIMARY KEY ((b, c)))');
INSERT INTO mod_c VALUES (1, 1, 1), (1, NULL, 1) RETURNING 1;
INSERT INTO mod_c VALUES (1, 1, 1), (2, 2, NULL) RETURNING 1;

-- an error of a row names its key, where that was known, and counts what stays; after that no warning is due
CREATE FOREIGN TABLE mod_wide (s text, id bigint, n numeric) SERVER modify_cluster OPTIONS (keyspace 'fdw_modify', "table" 't');
INSERT INTO mod_wide VALUES ('x', 1, 1), ('x', 2, 0.5) RETURNING 1;
INSERT INTO mod_wide VALUES ('x', 1, 1), ('x', 3000000000, 1) RETURNING 1;
INSERT INTO mod_wide VALUES ('x', 1, 0.5);
DO $$
DECLARE n int; detail text; context text;
BEGIN
  WITH w AS (INSERT INTO mod_wide SELECT 'x', g, CASE g WHEN 4 THEN 0.5 ELSE g END FROM generate_series(1, 9) g RETURNING 1)
    SELECT count(*) INTO n FROM w;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
  RAISE WARNING '%; %; %', SQLERRM, detail, split_part(context, E'\n', 1);
END $$;
CREATE FOREIGN TABLE mod_long (b text, c text, v text) SERVER modify_cluster OPTIONS (keyspace 'fdw_modify', "table" 'l');
SELECT scylla_fdw_execute('modify_cluster', 'CREATE TABLE fdw_modify.l (b text, c text, v text, PRIMARY KEY ((b, c)))');
INSERT INTO mod_long VALUES ('a', 'b', 'c'), ('a', repeat('b', 70000), 'c') RETURNING 1;
INSERT INTO mod_c VALUES (NULL, 1, 2);
SELECT * FROM mod_c WHERE b = 1 AND c = 2;

SELECT scylla_fdw_execute('modify_cluster', 'DROP KEYSPACE fdw_modify');
DROP VIEW mod_view;
DROP TABLE mod_part, mod_used;
DROP SERVER modify_cluster, modify_other CASCADE;
DROP FUNCTION mod_note;
DROP DOMAIN mod_domain;
