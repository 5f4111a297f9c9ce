-- TRUNCATE: one table, several, of several servers, of partitions; refused; rolled back.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER trunc_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE SERVER trunc_other FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER trunc_cluster;
CREATE USER MAPPING FOR CURRENT_USER SERVER trunc_other;
SELECT scylla_fdw_execute('trunc_cluster', 'DROP KEYSPACE IF EXISTS fdw_trunc');
SELECT scylla_fdw_execute('trunc_cluster', 'CREATE KEYSPACE fdw_trunc WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT count(scylla_fdw_execute('trunc_cluster', format('CREATE TABLE fdw_trunc.%I (id int PRIMARY KEY, v text)', t))) FROM unnest(ARRAY['a', 'B', 'c', 'd']) t;
CREATE FOREIGN TABLE trunc_a (id int, v text) SERVER trunc_cluster OPTIONS (keyspace 'fdw_trunc', "table" 'a');
CREATE FOREIGN TABLE trunc_b (id serial, v text) SERVER trunc_cluster OPTIONS (keyspace 'fdw_trunc', "table" 'B');
CREATE FOREIGN TABLE trunc_c (id int, v text) SERVER trunc_other OPTIONS (keyspace 'fdw_trunc', "table" 'c');
CREATE TABLE trunc_local (id int);
CREATE FUNCTION trunc_fill() RETURNS void LANGUAGE sql AS $$
  INSERT INTO trunc_a SELECT g, 'a' FROM generate_series(1, 3) g;
  INSERT INTO trunc_b (v) SELECT 'b' FROM generate_series(1, 3) g;
  INSERT INTO trunc_c SELECT g, 'c' FROM generate_series(1, 3) g;
  INSERT INTO trunc_local SELECT generate_series(1, 3);
$$;
CREATE VIEW trunc_counts AS SELECT (SELECT count(*) FROM trunc_a) AS a, (SELECT count(*) FROM trunc_b) AS b,
  (SELECT count(*) FROM trunc_c) AS c, (SELECT count(*) FROM trunc_local) AS local;
SELECT trunc_fill();

-- one; several, foreign and local, of two servers
TRUNCATE trunc_a;
SELECT * FROM trunc_counts;
SELECT trunc_fill();
TRUNCATE trunc_a, trunc_b, trunc_c, trunc_local;
SELECT * FROM trunc_counts;
-- CASCADE finds nothing more in the cluster; identities are PostgreSQL's own
SELECT trunc_fill();
TRUNCATE trunc_b CASCADE;
TRUNCATE trunc_a, trunc_b RESTART IDENTITY;
INSERT INTO trunc_b (v) VALUES ('first');
SELECT * FROM trunc_b;
SELECT trunc_fill();

-- refused: nothing is emptied
ALTER FOREIGN TABLE trunc_b OPTIONS (ADD truncatable 'false');
TRUNCATE trunc_a, trunc_b;
SELECT a, b FROM trunc_counts;
ALTER SERVER trunc_cluster OPTIONS (ADD truncatable 'false');
TRUNCATE trunc_a;
ALTER FOREIGN TABLE trunc_b OPTIONS (SET truncatable 'true');
TRUNCATE trunc_b;
ALTER SERVER trunc_cluster OPTIONS (SET truncatable 'true');
ALTER SERVER trunc_cluster OPTIONS (SET truncatable 'perhaps');
SELECT a, b FROM trunc_counts;
CREATE ROLE trunc_role;
SET ROLE trunc_role;
TRUNCATE trunc_a;
RESET ROLE;
DROP ROLE trunc_role;

-- a table that is not there: none is emptied
CREATE FOREIGN TABLE trunc_none (id int) SERVER trunc_cluster OPTIONS (keyspace 'fdw_trunc', "table" 'none');
\set VERBOSITY terse
TRUNCATE trunc_none;
\set VERBOSITY default
CREATE FUNCTION trunc_error(cmd text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE context text;
BEGIN
  EXECUTE cmd;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
  RETURN SQLSTATE || ': ' || coalesce(substring(context from '(TRUNCATE of foreign.*?)\n'), SQLERRM);
END $$;
SELECT trunc_error('TRUNCATE trunc_a, trunc_none');
SELECT a FROM trunc_counts;
-- one that the cluster does not empty: those before stay empty
SET scylla_fdw.warnings = off;
SELECT scylla_fdw_execute('trunc_cluster', $$CREATE MATERIALIZED VIEW fdw_trunc.a_view AS SELECT * FROM fdw_trunc.a
  WHERE id IS NOT NULL PRIMARY KEY (id)$$);
RESET scylla_fdw.warnings;
CREATE FOREIGN TABLE trunc_view (id int) SERVER trunc_cluster OPTIONS (keyspace 'fdw_trunc', "table" 'a_view');
SELECT trunc_error('TRUNCATE trunc_a, trunc_view');
SELECT scylla_fdw_execute('trunc_cluster', 'DROP MATERIALIZED VIEW fdw_trunc.a_view');
SELECT a FROM trunc_counts;
SELECT trunc_fill();

-- written before, in the same transaction; a cursor over another foreign table of the same cluster table goes on
CREATE FOREIGN TABLE trunc_a2 (id int, v text) SERVER trunc_cluster OPTIONS (keyspace 'fdw_trunc', "table" 'a', fetch_size '1');
BEGIN;
SET LOCAL scylla_fdw.warn_on_rollback = off;
DECLARE trunc_cursor CURSOR FOR SELECT row_number() OVER () AS n FROM trunc_a2;
MOVE 1 FROM trunc_cursor;
INSERT INTO trunc_a VALUES (10, 'ten');
TRUNCATE trunc_a;
FETCH ALL FROM trunc_cursor;
INSERT INTO trunc_a VALUES (11, 'eleven');
SELECT * FROM trunc_a;
TRUNCATE trunc_a2;
COMMIT;
BEGIN;
DECLARE trunc_cursor CURSOR FOR SELECT id FROM trunc_a;
FETCH 0 FROM trunc_cursor;
TRUNCATE trunc_a;
ROLLBACK;

-- rolled back: told of, once
SELECT trunc_fill();
BEGIN;
TRUNCATE trunc_a;
ROLLBACK;
BEGIN;
SAVEPOINT s;
TRUNCATE trunc_a, trunc_b;
ROLLBACK TO s;
SAVEPOINT s;
TRUNCATE trunc_c;
RELEASE s;
ROLLBACK;
SET scylla_fdw.warn_on_rollback = off;
BEGIN;
TRUNCATE trunc_a;
ROLLBACK;
BEGIN;
TRUNCATE trunc_a;
PREPARE TRANSACTION 'trunc';
RESET scylla_fdw.warn_on_rollback;
SELECT a, b, c FROM trunc_counts;

-- a tree of partitions
CREATE TABLE trunc_part (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE trunc_part_local PARTITION OF trunc_part FOR VALUES FROM (0) TO (10);
CREATE FOREIGN TABLE trunc_part_d PARTITION OF trunc_part FOR VALUES FROM (10) TO (20) SERVER trunc_cluster OPTIONS (keyspace 'fdw_trunc', "table" 'd');
INSERT INTO trunc_part SELECT g, 'p' FROM generate_series(5, 15) g;
SELECT count(*) FROM trunc_part;
TRUNCATE trunc_part;
SELECT count(*) FROM trunc_part;

-- counters, views of the cluster
SELECT scylla_fdw_execute('trunc_cluster', 'CREATE TABLE fdw_trunc.k (id int PRIMARY KEY, n counter)');
CREATE FOREIGN TABLE trunc_k (id int, n bigint) SERVER trunc_cluster OPTIONS (keyspace 'fdw_trunc', "table" 'k');
INSERT INTO trunc_k VALUES (1, 5);
TRUNCATE trunc_k;
SELECT count(*) FROM trunc_k;

SELECT scylla_fdw_execute('trunc_cluster', 'DROP KEYSPACE fdw_trunc');
DROP VIEW trunc_counts;
DROP TABLE trunc_part, trunc_local;
DROP SERVER trunc_cluster CASCADE;
DROP SERVER trunc_other CASCADE;
DROP FUNCTION trunc_fill, trunc_error;
