-- Every way into a foreign table, and which columns it writes: with insert_null 'null', what a row does not name stays.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET scylla_fdw.warn_on_rollback = off;
CREATE SERVER ways_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER ways_cluster;
SELECT scylla_fdw_execute('ways_cluster', 'DROP KEYSPACE IF EXISTS fdw_ways');
SELECT scylla_fdw_execute('ways_cluster', 'CREATE KEYSPACE fdw_ways WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('ways_cluster', 'CREATE TABLE fdw_ways.t (id int PRIMARY KEY, a text, b text, c text)');
-- the partitioned table, the foreign table itself, another one with a trigger, a view, a rule; columns in another order
CREATE TABLE ways (id int, a text, b text, c text) PARTITION BY RANGE (id);
CREATE TABLE ways_local PARTITION OF ways FOR VALUES FROM (1000) TO (2000);
CREATE FOREIGN TABLE ways_t (c text, b text, id int, a text) SERVER ways_cluster OPTIONS (keyspace 'fdw_ways', "table" 't', insert_null 'null');
ALTER TABLE ways ATTACH PARTITION ways_t FOR VALUES FROM (0) TO (1000);
CREATE FOREIGN TABLE ways_trigger (id int, a text, b text, c text) SERVER ways_cluster OPTIONS (keyspace 'fdw_ways', "table" 't', insert_null 'null');
CREATE FUNCTION ways_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := NEW.a || '+'; RETURN NEW; END $$;
CREATE TRIGGER ways_before BEFORE INSERT ON ways_trigger FOR EACH ROW EXECUTE FUNCTION ways_before();
CREATE VIEW ways_view AS SELECT id, a, b FROM ways_t;
CREATE TABLE ways_ruled (id int, a text);
CREATE RULE ways_rule AS ON INSERT TO ways_ruled DO INSTEAD INSERT INTO ways_t (id, a) VALUES (NEW.id, NEW.a);

-- each row is there before, with all columns
INSERT INTO ways_t (id, a, b, c) SELECT g, 'old', 'old', 'old' FROM generate_series(1, 30) g;
CREATE TABLE ways_how (id int, how text);
INSERT INTO ways_how VALUES (1, 'a'), (2, 'a, b NULL'), (3, 'partitioned: a'), (4, 'partitioned: a, b NULL'), (5, 'trigger: a'),
  (6, 'trigger: a, b NULL'), (7, 'view: a'), (8, 'view: a, b NULL'), (9, 'rule: a'), (10, 'COPY: a'), (11, 'COPY: a, b NULL'),
  (12, 'partitioned COPY: a'), (13, 'partitioned COPY: a, b NULL'), (14, 'COPY, trigger: a, b NULL'), (15, 'plpgsql: a'),
  (16, 'MERGE: a'), (17, 'MERGE: a, b NULL'), (18, 'MERGE by two actions: a'), (19, 'MERGE by two actions: a, c'),
  (20, 'moved by UPDATE: a'), (21, 'moved by MERGE: a'), (22, 'MERGE that also moves: a'), (23, 'transaction: a'),
  (24, 'transaction: a, b NULL'), (25, 'transaction, trigger: a'), (26, 'transaction, trigger: a, b NULL'), (27, 'prepared: a, b NULL');
INSERT INTO ways_t (id, a) VALUES (1, 'new');
INSERT INTO ways_t (id, a, b) VALUES (2, 'new', NULL);
INSERT INTO ways (id, a) VALUES (3, 'new');
INSERT INTO ways (id, a, b) VALUES (4, 'new', NULL);
INSERT INTO ways_trigger (id, a) VALUES (5, 'new');
INSERT INTO ways_trigger (id, a, b) VALUES (6, 'new', NULL);
INSERT INTO ways_view (id, a) VALUES (7, 'new');
INSERT INTO ways_view VALUES (8, 'new', NULL);
INSERT INTO ways_ruled VALUES (9, 'new');
COPY ways_t (id, a) FROM stdin;
10	new
\.
COPY ways_t (id, a, b) FROM stdin;
11	new	\N
\.
COPY ways (id, a) FROM stdin;
12	new
\.
COPY ways (id, a, b) FROM stdin;
13	new	\N
\.
COPY ways_trigger (id, a, b) FROM stdin;
14	new	\N
\.
DO $$ BEGIN INSERT INTO ways (id, a) VALUES (15, 'new'); END $$;
MERGE INTO ways USING (VALUES (16, 'new')) AS s (id, a) ON ways.id = s.id AND ways.id >= 1000
  WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a);
MERGE INTO ways USING (VALUES (17, 'new')) AS s (id, a) ON ways.id = s.id AND ways.id >= 1000
  WHEN NOT MATCHED THEN INSERT (id, a, b) VALUES (s.id, s.a, NULL);
MERGE INTO ways USING (VALUES (18, 'new', NULL), (19, 'new', 'new')) AS s (id, a, c) ON ways.id = s.id AND ways.id >= 1000
  WHEN NOT MATCHED AND s.c IS NULL THEN INSERT (id, a) VALUES (s.id, s.a)
  WHEN NOT MATCHED THEN INSERT (id, a, c) VALUES (s.id, s.a, s.c);
INSERT INTO ways (id, a) VALUES (1020, 'new'), (1021, 'new');
UPDATE ways SET id = 20 WHERE id = 1020;
MERGE INTO ways USING (VALUES (1021, 'new'), (22, 'new')) AS s (id, a) ON ways.id = s.id AND ways.id >= 1000
  WHEN MATCHED THEN UPDATE SET id = 21
  WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a);
-- rows that are there cannot be changed by MERGE: PostgreSQL's own limit
MERGE INTO ways USING (VALUES (16)) AS s (id) ON ways.id = s.id WHEN MATCHED THEN DELETE;
BEGIN;
SET LOCAL scylla_fdw.flush_at = 'transaction';
INSERT INTO ways_t (id, a) VALUES (23, 'new');
INSERT INTO ways_t (id, a, b) VALUES (24, 'new', NULL);
INSERT INTO ways_trigger (id, a) VALUES (25, 'new');
INSERT INTO ways_trigger (id, a, b) VALUES (26, 'new', NULL);
COMMIT;
PREPARE ways_p AS INSERT INTO ways (id, a, b) VALUES ($1, $2, $3);
EXECUTE ways_p (27, 'new', NULL);
SELECT id, how, a, b, c FROM ways_how LEFT JOIN ways_t USING (id) ORDER BY id;
SELECT * FROM ways_local;

-- columns that show what the cluster knows are refused where a statement sets them, whatever else it may set
CREATE FOREIGN TABLE ways_pseudo (id int, a text, written bigint OPTIONS (writetime_of 'a')) SERVER ways_cluster
  OPTIONS (keyspace 'fdw_ways', "table" 't');
CREATE TRIGGER ways_before BEFORE INSERT ON ways_pseudo FOR EACH ROW EXECUTE FUNCTION ways_before();
INSERT INTO ways_pseudo (id, a) VALUES (28, 'new');
INSERT INTO ways_pseudo (id, a, written) VALUES (29, 'new', 1);
SELECT id, a FROM ways_t WHERE id IN (28, 29) ORDER BY id;

SELECT scylla_fdw_execute('ways_cluster', 'DROP KEYSPACE fdw_ways');
DROP TABLE ways, ways_how, ways_ruled CASCADE;
DROP SERVER ways_cluster CASCADE;
DROP FUNCTION ways_before;
