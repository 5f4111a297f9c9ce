-- vector<float, n> as pgvector's type, found by its extension's name wherever it is installed.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET scylla_fdw.warn_on_rollback = off;
CREATE SCHEMA vector_home;
CREATE EXTENSION vector SCHEMA vector_home;
CREATE SERVER vector_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER vector_cluster;
SELECT scylla_fdw_execute('vector_cluster', 'DROP KEYSPACE IF EXISTS fdw_vector');
SELECT scylla_fdw_execute('vector_cluster', 'CREATE KEYSPACE fdw_vector WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('vector_cluster', 'CREATE TABLE fdw_vector.t (id int PRIMARY KEY, e vector<float, 3>, w vector<double, 2>)');
CREATE FOREIGN TABLE vector_t (id int, e vector_home.vector(3), w float8[]) SERVER vector_cluster OPTIONS (keyspace 'fdw_vector', "table" 't');
CREATE FOREIGN TABLE vector_array (id int, e real[]) SERVER vector_cluster OPTIONS (keyspace 'fdw_vector', "table" 't');
CREATE FOREIGN TABLE vector_any (id int, e vector_home.vector) SERVER vector_cluster OPTIONS (keyspace 'fdw_vector', "table" 't');

INSERT INTO vector_t VALUES (1, '[1,-2.5,0]', '{1,2}'), (2, '[3.4028235e38,1e-45,-0]', NULL), (3, NULL, NULL);
SELECT * FROM vector_t ORDER BY id;
INSERT INTO vector_array VALUES (4, '{1,2,NaN}');
SELECT * FROM vector_array ORDER BY id;
SELECT q FROM scylla_fdw_query('vector_cluster', 'SELECT id, e FROM fdw_vector.t WHERE id = 1') q;

-- wrong dimensions, what the type cannot hold
INSERT INTO vector_any VALUES (5, '[1,2]');
INSERT INTO vector_any VALUES (5, '[1,2,3,4]');
INSERT INTO vector_array VALUES (5, '{1,2}');
INSERT INTO vector_array VALUES (5, '{1,2,NULL}');
SELECT e FROM vector_t WHERE id = 4;
SELECT count(*) FROM vector_t WHERE id = 5;

-- 768 dimensions
SELECT scylla_fdw_execute('vector_cluster', 'CREATE TABLE fdw_vector.big (id int PRIMARY KEY, e vector<float, 768>)');
CREATE FOREIGN TABLE vector_big (id int, e vector_home.vector(768)) SERVER vector_cluster OPTIONS (keyspace 'fdw_vector', "table" 'big');
CREATE TABLE vector_source AS SELECT g AS id, (SELECT array_agg(sin(g * 1000 + i)::real ORDER BY i) FROM generate_series(1, 768) i)::vector_home.vector(768) AS e
  FROM generate_series(1, 1000) g;
INSERT INTO vector_big SELECT * FROM vector_source;
SELECT count(*) FROM vector_big b JOIN vector_source s USING (id) WHERE b.e::text = s.e::text;

-- IMPORT FOREIGN SCHEMA takes the type from where the extension is
SELECT scylla_fdw_execute('vector_cluster', 'CREATE TYPE fdw_vector.point (at frozen<vector<float, 2>>)');
SELECT scylla_fdw_execute('vector_cluster', $$CREATE TABLE fdw_vector.kinds (id int PRIMARY KEY, f vector<float, 3>, d vector<double, 3>, huge vector<float, 16001>,
  l list<frozen<vector<float, 2>>>, v vector<vector<float, 2>, 2>, m map<int, frozen<vector<float, 2>>>, p frozen<point>)$$);
CREATE SCHEMA vector_import;
SELECT scylla_fdw_udt_types('vector_cluster', 'fdw_vector', 'vector_import') \gexec
IMPORT FOREIGN SCHEMA fdw_vector LIMIT TO (kinds) FROM SERVER vector_cluster INTO vector_import OPTIONS (udt 'composite');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'vector_import.kinds'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO vector_import.kinds (id, f, d, l, v, m, p)
  VALUES (1, '[1,2,3]', '{1,2,3}', '{"[1,2]","[3,4]"}', '{"[5,6]","[7,8]"}', '{"1": [9, 10]}', ROW('[11,12]'));
INSERT INTO vector_import.kinds (id, huge) SELECT 2, array_agg(g) FROM generate_series(1, 16001) g;
SELECT id, f, d, l, v, m, p, huge[16001] FROM vector_import.kinds ORDER BY id;

SELECT scylla_fdw_execute('vector_cluster', 'DROP KEYSPACE fdw_vector');
DROP SERVER vector_cluster CASCADE;
DROP TABLE vector_source;
DROP SCHEMA vector_import CASCADE;
DROP EXTENSION vector;
DROP SCHEMA vector_home;
