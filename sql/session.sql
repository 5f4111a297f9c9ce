-- Sessions: made late, kept, invalidated, closed; functions; EXPLAIN ANALYZE.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
DROP ROLE IF EXISTS session_role;
CREATE SERVER session_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER session_cluster;
SELECT * FROM scylla_fdw_get_connections();
SELECT scylla_fdw_execute('session_cluster', 'DROP KEYSPACE IF EXISTS fdw_session');
SELECT scylla_fdw_execute('session_cluster', 'CREATE KEYSPACE fdw_session WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('session_cluster', 'CREATE TABLE fdw_session.t (id int PRIMARY KEY, m map<text, frozen<list<int>>>, u uuid)');
CREATE FOREIGN TABLE session_t (id int, u uuid) SERVER session_cluster OPTIONS (keyspace 'fdw_session', "table" 't');
SELECT server_name, valid, used_in_xact FROM scylla_fdw_get_connections();

-- CQL by hand
SELECT scylla_fdw_execute('session_cluster', $$INSERT INTO fdw_session.t (id, m, u) VALUES (1, {'a "quoted"': [1, 2]}, 8ac6d1dc-fbeb-11e4-b939-0800200c9a66)$$);
SELECT scylla_fdw_query('session_cluster', 'SELECT id, m, u FROM fdw_session.t');
SELECT scylla_fdw_query('session_cluster', 'SELECT id FROM fdw_session.t WHERE id = 99');
SELECT scylla_fdw_query('session_cluster', $$UPDATE fdw_session.t SET u = null WHERE id = 7 IF EXISTS$$);
SELECT count(*) > 10 AS several FROM scylla_fdw_query('session_cluster', 'SELECT keyspace_name, table_name FROM system_schema.tables');
\set VERBOSITY sqlstate
SELECT scylla_fdw_execute('session_cluster', 'SELEKT');
SELECT scylla_fdw_query('session_cluster', 'SELECT nope FROM fdw_session.t');
SELECT scylla_fdw_execute('session_cluster', 'CREATE TABLE fdw_session.t (id int PRIMARY KEY)');
\set VERBOSITY default
-- a name that is not there is told with the nearest one that is
CREATE FUNCTION hint_of(cql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  PERFORM scylla_fdw_execute('session_cluster', cql);
  RETURN 'no error';
EXCEPTION WHEN fdw_error THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN hint;
END;
$$;
SELECT scylla_fdw_execute('session_cluster', 'CREATE TABLE fdw_session."Orders" (id int PRIMARY KEY, amount int)');
SELECT cql, hint_of(cql) FROM unnest(ARRAY[
  'SELECT amuont FROM fdw_session."Orders"',
  'INSERT INTO fdw_session."Orders" (id, amuont) VALUES (1, 2)',
  'ALTER TABLE fdw_session."Orders" DROP amuont',
  'CREATE INDEX ON fdw_session."Orders" (amuont)',
  'SELECT * FROM fdw_session.orders',
  'DROP TABLE fdw_session.ordres',
  'TRUNCATE fdw_sesion."Orders"',
  'CREATE TABLE fdw_sesion.t (id int PRIMARY KEY)',
  'DROP KEYSPACE fdw_sesion',
  'SELECT quite_another FROM fdw_session."Orders"',
  'SELECT amuont(id) FROM fdw_session."Orders"']) AS cql;
DROP FUNCTION hint_of(text);

-- EXPLAIN ANALYZE shows what went over the wire; how it counts rows differs between versions of the server
CREATE FUNCTION session_explain(sql text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || sql LOOP
    RETURN NEXT regexp_replace(line, ' \(actual .*\)', '');
  END LOOP;
END $$;
SELECT session_explain('INSERT INTO session_t (id) SELECT g FROM generate_series(10, 19) g');
SELECT session_explain('SELECT * FROM session_t WHERE id = 10');
SELECT count(*) FROM session_t;

-- refused rows and CQL by hand leave nothing behind, in one transaction or in many
SELECT scylla_fdw_execute('session_cluster', 'CREATE TABLE fdw_session.k (k text PRIMARY KEY)');
CREATE FOREIGN TABLE session_k (k text) SERVER session_cluster OPTIONS (keyspace 'fdw_session', "table" 'k');
CREATE FUNCTION session_memory() RETURNS bigint LANGUAGE sql AS
  $$SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts WHERE name LIKE 'scylla_fdw%'$$;
CREATE PROCEDURE session_refuse(rounds int, committing bool) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..rounds LOOP
    BEGIN
      INSERT INTO session_k VALUES ('');  -- no key is empty
      RAISE 'was not refused';
    EXCEPTION WHEN fdw_error THEN
      PERFORM scylla_fdw_execute('session_cluster', $x$INSERT INTO fdw_session.k (k) VALUES ('x')$x$);
    END;
    IF committing THEN
      COMMIT;
    END IF;
  END LOOP;
END $$;
CALL session_refuse(2, true);
SELECT session_memory() AS before \gset
CALL session_refuse(40, false);
SELECT session_memory() <= :before AS kept;
CALL session_refuse(40, true);
SELECT session_memory() <= :before AS kept;

-- the schema changes elsewhere: what another session does, this one finds out
CREATE SERVER session_elsewhere FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER session_elsewhere;
SELECT count(*) FROM session_k;
ALTER FOREIGN TABLE session_k ADD a int, ADD b int, ADD c int;
SELECT scylla_fdw_execute('session_elsewhere', 'ALTER TABLE fdw_session.k ADD a int');
INSERT INTO session_k (k, a) VALUES ('a', 1);
SELECT scylla_fdw_execute('session_elsewhere', 'ALTER TABLE fdw_session.k ADD b int');
SELECT a, b FROM session_k WHERE k = 'a';
INSERT INTO session_k (k, c) VALUES ('c', 1);
SELECT c FROM session_k;
SELECT scylla_fdw_execute('session_elsewhere', 'ALTER TABLE fdw_session.k ADD c int');
INSERT INTO session_k (k, c) VALUES ('c', 1);
SELECT c FROM session_k WHERE k = 'c';
SELECT scylla_fdw_execute('session_elsewhere', 'ALTER TABLE fdw_session.k DROP c');
-- at first perhaps by the node, as the news may still be on its way; from then on by us
DO $$
BEGIN
  PERFORM b, c FROM session_k;
  RAISE 'the column is still there';
EXCEPTION WHEN fdw_error OR fdw_column_name_not_found THEN
END $$;
\set VERBOSITY sqlstate
SELECT b, c FROM session_k;
\set VERBOSITY default
SELECT scylla_fdw_execute('session_elsewhere', 'DROP TABLE fdw_session.k');
SELECT scylla_fdw_execute('session_elsewhere', 'CREATE TABLE fdw_session.k (a int PRIMARY KEY, k text, b int)');
INSERT INTO session_k (a, b) VALUES (5, 6);
SELECT a, b FROM session_k;
DROP SERVER session_elsewhere CASCADE;
-- descriptions of tables go when the schema has changed
SELECT scylla_fdw_execute('session_cluster', 'DROP TABLE fdw_session.k');
INSERT INTO session_t (id) VALUES (10);
SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'scylla_fdw table';

-- used inside a transaction: not closed there
BEGIN;
SELECT count(*) FROM session_t;
SELECT server_name, valid, used_in_xact FROM scylla_fdw_get_connections();
SELECT scylla_fdw_disconnect('session_cluster');
ALTER SERVER session_cluster OPTIONS (ADD fetch_size '10');
SELECT server_name, valid, used_in_xact FROM scylla_fdw_get_connections();
COMMIT;
SELECT count(*) FROM session_t;
SELECT scylla_fdw_disconnect('session_cluster');
SELECT scylla_fdw_disconnect('session_cluster');
SELECT server_name FROM scylla_fdw_get_connections();

-- keep_connections off
ALTER SERVER session_cluster OPTIONS (ADD keep_connections 'off');
SELECT count(*) FROM session_t;
SELECT server_name FROM scylla_fdw_get_connections();
-- after a transaction that failed, too: with rows that were kept, in the midst of a read, of one by a function, of a join
SET scylla_fdw.warn_on_rollback = off;
BEGIN;
SET LOCAL scylla_fdw.flush_at = 'transaction';
INSERT INTO session_t (id) VALUES (10);
SELECT 1 / 0;
ROLLBACK;
SELECT server_name FROM scylla_fdw_get_connections();
SELECT 1 / (id - id) FROM session_t;
SELECT server_name FROM scylla_fdw_get_connections();
CREATE FUNCTION session_run(sql text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE sql; END $$;
SELECT session_run('SELECT 1 / (id - id) FROM session_t');
SELECT server_name FROM scylla_fdw_get_connections();
SELECT session_run('SELECT 1 / (t.id - g) FROM generate_series(10, 13) g JOIN session_t t ON t.id = g');
SELECT server_name FROM scylla_fdw_get_connections();
SELECT session_run('INSERT INTO session_t (id) SELECT 10 + 0 / (g - 5) FROM generate_series(1, 9) g');
SELECT server_name FROM scylla_fdw_get_connections();
DROP FUNCTION session_run;
RESET scylla_fdw.warn_on_rollback;
ALTER SERVER session_cluster OPTIONS (DROP keep_connections);

-- nothing is kept of tables that are gone
CREATE PROCEDURE session_pass(tables int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..tables LOOP
    EXECUTE format('CREATE FOREIGN TABLE session_%s (a int) SERVER session_cluster OPTIONS (keyspace ''nowhere'', "table" ''t'')', i);
    EXECUTE format('SELECT pg_relation_is_updatable(%L, false)', 'session_' || i);
    EXECUTE format('DROP FOREIGN TABLE session_%s', i);
  END LOOP;
END $$;
CALL session_pass(2);
SELECT session_memory() AS before \gset
CALL session_pass(30);
SELECT session_memory() <= :before AS kept;
DROP PROCEDURE session_pass;

-- a wrong port and back, in one session
ALTER SERVER session_cluster OPTIONS (SET port '1');
\set VERBOSITY sqlstate
SELECT count(*) FROM session_t;
INSERT INTO session_t VALUES (1);
\set VERBOSITY default
ALTER SERVER session_cluster OPTIONS (SET port :'port');
SELECT count(*) FROM session_t;

-- a server dropped in the transaction that used it
BEGIN;
SELECT count(*) FROM session_t;
DROP SERVER session_cluster CASCADE;
SELECT server_name, valid FROM scylla_fdw_get_connections();
SELECT scylla_fdw_disconnect_all();
COMMIT;
SELECT server_name FROM scylla_fdw_get_connections();

CREATE SERVER session_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
-- no mapping
CREATE FOREIGN TABLE session_t (id int) SERVER session_cluster OPTIONS (keyspace 'fdw_session', "table" 't');
\set VERBOSITY sqlstate
SELECT * FROM session_t;
\set VERBOSITY default
CREATE USER MAPPING FOR PUBLIC SERVER session_cluster;
SELECT count(*) FROM session_t;
SELECT user_name FROM scylla_fdw_get_connections();

-- one mapping for all, but not one connection: who is not superuser must give a password each time
CREATE ROLE session_role;
GRANT SELECT ON session_t TO session_role;
SET ROLE session_role;
SELECT count(*) FROM session_t;
RESET ROLE;
BEGIN;
SELECT count(*) FROM session_t;
SET ROLE session_role;
SELECT count(*) FROM session_t;
COMMIT;
RESET ROLE;
-- a node that does not ask for the password is refused
ALTER USER MAPPING FOR PUBLIC SERVER session_cluster OPTIONS (ADD username 'u', ADD password 'p');
SELECT count(*) FROM session_t;
\set VERBOSITY sqlstate
SET ROLE session_role;
SELECT count(*) FROM session_t;
RESET ROLE;
\set VERBOSITY default
ALTER USER MAPPING FOR PUBLIC SERVER session_cluster OPTIONS (ADD password_required 'false');
SET ROLE session_role;
SELECT count(*) FROM session_t;
RESET ROLE;
-- whose mapping it is, not who asks
SELECT scylla_fdw_disconnect_all();
CREATE USER MAPPING FOR CURRENT_USER SERVER session_cluster;
SET ROLE session_role;
SELECT count(*) FROM session_t;
SELECT user_name FROM scylla_fdw_get_connections();
RESET ROLE;
SELECT count(*) FROM session_t;
SELECT user_name = current_user AS own, user_name = 'public' AS shared FROM scylla_fdw_get_connections() ORDER BY 1;
DROP USER MAPPING FOR CURRENT_USER SERVER session_cluster;
-- a node's list of clients leads to this session
SELECT scylla_fdw_disconnect_all();
SET application_name = 'it''s "me"';
SELECT DISTINCT options->>'APPLICATION_NAME' AS application_name, options->>'POSTGRES_ROLE' = session_user AS role,
  options->>'POSTGRES_DATABASE' = current_database() AS database, options->>'DRIVER_NAME' AS driver
FROM scylla_fdw_query('session_cluster', 'SELECT client_options FROM system_views.clients') AS row, LATERAL (SELECT row->'client_options') AS o (options)
WHERE options->>'POSTGRES_PID' = pg_backend_pid()::text;
SELECT scylla_fdw_execute('session_cluster', 'DROP KEYSPACE fdw_session');
DROP SERVER session_cluster CASCADE;
DROP PROCEDURE session_refuse;
DROP FUNCTION session_memory;
DROP FUNCTION session_explain;
DROP ROLE session_role;
