-- The largest and the strangest: values, names, windows; and the forms of INSERT that no foreign table takes.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET scylla_fdw.warn_on_rollback = off;
CREATE SERVER limits_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER limits_cluster;
SELECT scylla_fdw_execute('limits_cluster', 'DROP KEYSPACE IF EXISTS "fdw_Limits"');
SELECT scylla_fdw_execute('limits_cluster', 'CREATE KEYSPACE "fdw_Limits" WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('limits_cluster', 'CREATE TABLE "fdw_Limits".t (id int PRIMARY KEY, s text, b blob)');
CREATE FOREIGN TABLE limits_t (id int, s text, b bytea) SERVER limits_cluster OPTIONS (keyspace 'fdw_Limits', "table" 't');

-- values: none, 1 MB, 4 MB, more than the node takes, more than the protocol takes
INSERT INTO limits_t VALUES (1, '', ''), (2, repeat('ż', 500000), NULL), (3, NULL, convert_to(repeat('0123456789abcdef', 262144), 'UTF8'));
SELECT id, length(s), octet_length(b), md5(s) = md5(repeat('ż', 500000)) AS s, md5(b) = md5(repeat('0123456789abcdef', 262144)) AS b
  FROM limits_t ORDER BY id;
\set VERBOSITY sqlstate
INSERT INTO limits_t (id, s) VALUES (4, repeat('x', 17 * 1024 * 1024));
\set VERBOSITY default
INSERT INTO limits_t (id, s) VALUES (5, repeat('x', 256 * 1024 * 1024));
INSERT INTO limits_t (id, s) VALUES (6, 'the session goes on');
SELECT id, s FROM limits_t WHERE id IN (4, 5, 6);

-- keys: no partition has one of more than 65535 bytes
SELECT scylla_fdw_execute('limits_cluster', 'CREATE TABLE "fdw_Limits".keys (a text, b text, v int, PRIMARY KEY ((a, b)))');
CREATE FOREIGN TABLE limits_keys (a text, b text, v int) SERVER limits_cluster OPTIONS (keyspace 'fdw_Limits', "table" 'keys');
INSERT INTO limits_keys VALUES ('a', 'b', 1), (repeat('x', 40000), 'b', 2);
SELECT v FROM limits_keys WHERE a = repeat('x', 40000) AND b = repeat('y', 40000);
SELECT v FROM limits_keys WHERE a IN ('a', repeat('x', 40000)) AND b IN (repeat('y', 40000), 'b', repeat('y', 70000)) ORDER BY v;
SELECT f.v FROM (VALUES (repeat('x', 40000), repeat('y', 40000)), (repeat('x', 40000), 'b')) k (a, b) JOIN limits_keys f USING (a, b);

-- windows: one request, one row's bytes; what is no window
ALTER SERVER limits_cluster OPTIONS (ADD max_in_flight '1', ADD max_in_flight_bytes '64kB');
INSERT INTO limits_t SELECT 100 + g, repeat('y', 1000 * g) FROM generate_series(1, 100) g;
SELECT count(*), sum(length(s)) FROM limits_t WHERE id > 100;
ALTER SERVER limits_cluster OPTIONS (SET max_in_flight '-1');
SET scylla_fdw.max_in_flight = 32001;
SET scylla_fdw.max_in_flight = -1;
ALTER SERVER limits_cluster OPTIONS (SET max_in_flight 'abc');
ALTER SERVER limits_cluster OPTIONS (SET max_in_flight '1e10');
ALTER SERVER limits_cluster OPTIONS (SET max_in_flight '32001');
ALTER SERVER limits_cluster OPTIONS (SET max_in_flight_bytes '-1');
ALTER SERVER limits_cluster OPTIONS (DROP max_in_flight, DROP max_in_flight_bytes);

-- names: capitals, spaces, quotes, reserved words, longer than PostgreSQL's
SELECT scylla_fdw_execute('limits_cluster', format('CREATE TABLE "fdw_Limits"."Select" ("Group" int, "order by" text, "say ""hi""" text, %I text, "żółw" text,
  PRIMARY KEY ("Group", "order by"))', repeat('long', 25)));
SELECT format($$CREATE FOREIGN TABLE "limits Names" ("Group" int, "order by" text, "say ""hi""" text, "user" text OPTIONS (column_name %L), "żółw" text)
  SERVER limits_cluster OPTIONS (keyspace 'fdw_Limits', "table" 'Select')$$, repeat('long', 25)) \gexec
INSERT INTO "limits Names" VALUES (1, 'a', 'b', 'c', 'd');
SELECT * FROM "limits Names" WHERE "Group" = 1;
INSERT INTO "limits Names" ("Group", "user") VALUES (1, 'no clustering column');

-- views on views
CREATE VIEW limits_outer AS SELECT * FROM limits_t WHERE id < 2000 WITH LOCAL CHECK OPTION;
CREATE VIEW limits_inner AS SELECT * FROM limits_outer WHERE id > 1000 WITH CASCADED CHECK OPTION;
INSERT INTO limits_inner (id, s) VALUES (1001, 'ok') RETURNING id;
\set VERBOSITY terse
INSERT INTO limits_inner (id, s) VALUES (1002, 'sent'), (3000, 'too large');
INSERT INTO limits_inner (id, s) VALUES (999, 'too small');
\set VERBOSITY default
SELECT id FROM limits_t WHERE id IN (999, 1001, 1002, 3000) ORDER BY id;

-- ON CONFLICT through partitions
CREATE TABLE limits_part (id int, s text, b bytea) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE limits_foreign PARTITION OF limits_part FOR VALUES FROM (5000) TO (6000)
  SERVER limits_cluster OPTIONS (keyspace 'fdw_Limits', "table" 't');
INSERT INTO limits_part (id, s) VALUES (5001, 'first'), (5002, 'first');
WITH w AS (INSERT INTO limits_part (id, s) VALUES (5002, 'second'), (5003, 'second') ON CONFLICT DO NOTHING RETURNING id) SELECT * FROM w;
SELECT id, s FROM limits_part WHERE id > 5000 ORDER BY id;
\set VERBOSITY sqlstate
INSERT INTO limits_part (id, s) VALUES (5001, 'x') ON CONFLICT (id) DO UPDATE SET s = 'x';

-- MERGE, transition tables
MERGE INTO limits_t USING (SELECT 1 AS id) AS m ON limits_t.id = m.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1);
CREATE FUNCTION limits_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER limits_new AFTER INSERT ON limits_t REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION limits_trigger();
\set VERBOSITY default

SELECT scylla_fdw_execute('limits_cluster', 'DROP KEYSPACE "fdw_Limits"');
DROP TABLE limits_part;
DROP FUNCTION limits_trigger;
DROP SERVER limits_cluster CASCADE;
