-- COPY into foreign tables, directly and through partitions.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER copy_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER copy_cluster;
SELECT scylla_fdw_execute('copy_cluster', 'DROP KEYSPACE IF EXISTS fdw_copy');
SELECT scylla_fdw_execute('copy_cluster', 'CREATE KEYSPACE fdw_copy WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('copy_cluster', 'CREATE TABLE fdw_copy.t (id int PRIMARY KEY, s text, d double)');
SELECT scylla_fdw_execute('copy_cluster', 'CREATE TABLE fdw_copy.u (id int PRIMARY KEY, s text, d double)');
CREATE FOREIGN TABLE copy_t (id int, s text, d double precision) SERVER copy_cluster OPTIONS (keyspace 'fdw_copy', "table" 't');

COPY copy_t FROM stdin;
1	one	1.5
2	\N	2.5
3	with\ttab	-0
\.
COPY copy_t (s, id) FROM stdin WITH (FORMAT csv, HEADER);
s,id
"four, quoted",4
,5
\.
COPY copy_t FROM stdin;
\.
SELECT * FROM copy_t ORDER BY id;

-- WHERE, and a bad line at the end: our message counts rows, COPY's counts lines
COPY copy_t FROM stdin WHERE id > 10;
9	skipped	0
11	taken	0
\.
COPY copy_t (id, s) FROM stdin WHERE s <> 'good';
12	good
\N	bad
\.
SET scylla_fdw.warn_on_rollback = off;
COPY copy_t FROM stdin;
13	good	1
x	bad	1
\.
RESET scylla_fdw.warn_on_rollback;
SELECT id FROM copy_t WHERE id > 5 AND s <> 'good' ORDER BY id;

-- twenty thousand rows through a file, and back
CREATE TEMP TABLE copy_source AS SELECT g AS id, md5(g::text) AS s, g / 7.0::float8 AS d FROM generate_series(1, 20000) g;
COPY copy_source TO PROGRAM 'cat > scylla_fdw_copy.bin' WITH (FORMAT binary);
COPY copy_t FROM PROGRAM 'cat scylla_fdw_copy.bin; rm scylla_fdw_copy.bin' WITH (FORMAT binary);
SELECT count(*) FROM copy_t;
SELECT count(*) FROM (SELECT * FROM copy_source EXCEPT SELECT * FROM copy_t) missing;
COPY (SELECT id FROM copy_t WHERE id = 17777) TO stdout;

-- triggers
CREATE FUNCTION copy_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id % 2 = 0 THEN RETURN NULL; END IF;
  NEW.s := 'trigger';
  RETURN NEW;
END $$;
CREATE TRIGGER copy_before BEFORE INSERT ON copy_t FOR EACH ROW EXECUTE FUNCTION copy_before();
COPY copy_t FROM stdin;
200001	a	1
200002	b	2
200003	c	3
\.
SELECT id, s FROM copy_t WHERE id IN (200001, 200002, 200003) ORDER BY id;
DROP TRIGGER copy_before ON copy_t;
CREATE TABLE copy_log (id int);
CREATE FUNCTION copy_after() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO copy_log VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER copy_after AFTER INSERT ON copy_t FOR EACH ROW EXECUTE FUNCTION copy_after();
COPY copy_t FROM stdin;
200004	a	1
200005	b	2
\.
SELECT * FROM copy_log ORDER BY id;
DROP TRIGGER copy_after ON copy_t;

-- partitions: two foreign, one local, columns in another order
CREATE TABLE copy_part (s text, d float8, id int) PARTITION BY LIST (abs(id % 3));
CREATE TABLE copy_part_local PARTITION OF copy_part FOR VALUES IN (0);
CREATE FOREIGN TABLE copy_part_t (id int, s text, d float8) SERVER copy_cluster OPTIONS (keyspace 'fdw_copy', "table" 't');
ALTER TABLE copy_part ATTACH PARTITION copy_part_t FOR VALUES IN (1);
CREATE FOREIGN TABLE copy_part_u PARTITION OF copy_part FOR VALUES IN (2) SERVER copy_cluster OPTIONS (keyspace 'fdw_copy', "table" 'u');
COPY copy_part (id, s, d) FROM stdin;
300000	local	0
300001	t	1
300002	u	2
300003	local	3
300004	t	4
300005	u	5
\.
SELECT tableoid::regclass, id, s, d FROM copy_part WHERE id >= 300000 ORDER BY id;
ALTER TABLE copy_part DETACH PARTITION copy_part_u;
\set VERBOSITY terse
COPY copy_part (id, s, d) FROM stdin;
300008	nowhere	0
\.
\set VERBOSITY default
INSERT INTO copy_part (id, s) VALUES (300006, 'local'), (300007, 't');
SELECT tableoid::regclass, id, s FROM copy_part WHERE id > 300005 ORDER BY id;

SELECT scylla_fdw_execute('copy_cluster', 'DROP KEYSPACE fdw_copy');
DROP TABLE copy_part, copy_log;
DROP SERVER copy_cluster CASCADE;
DROP FUNCTION copy_before, copy_after;
