-- What PostgreSQL checks or refuses is checked and refused before anything is sent: CQL takes nothing back.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET scylla_fdw.warn_on_rollback = off;
DROP ROLE IF EXISTS checks_user;
CREATE ROLE checks_user;
CREATE SERVER checks_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER checks_cluster;
CREATE USER MAPPING FOR checks_user SERVER checks_cluster OPTIONS (password_required 'false');
SELECT scylla_fdw_execute('checks_cluster', 'DROP KEYSPACE IF EXISTS fdw_checks');
SELECT scylla_fdw_execute('checks_cluster', 'CREATE KEYSPACE fdw_checks WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('checks_cluster', 'CREATE TABLE fdw_checks.t (id int PRIMARY KEY, owner text, n int)');
CREATE TABLE checks (id int, owner text, n int) PARTITION BY RANGE (id);
CREATE TABLE checks_local PARTITION OF checks FOR VALUES FROM (100) TO (200);
CREATE FOREIGN TABLE checks_t PARTITION OF checks FOR VALUES FROM (0) TO (100) SERVER checks_cluster OPTIONS (keyspace 'fdw_checks', "table" 't');
CREATE FOREIGN TABLE checks_all (id int, owner text, n int) SERVER checks_cluster OPTIONS (keyspace 'fdw_checks', "table" 't');
INSERT INTO checks SELECT g, 'checks_user', 0 FROM generate_series(1, 5) g;
INSERT INTO checks SELECT g, 'checks_user', 0 FROM generate_series(101, 107) g;

-- policies of the partitioned table: WITH CHECK, of INSERT and of UPDATE, for rows moved as well
ALTER TABLE checks ENABLE ROW LEVEL SECURITY;
CREATE POLICY checks_select ON checks FOR SELECT USING (true);
CREATE POLICY checks_insert ON checks FOR INSERT WITH CHECK (owner = current_user);
CREATE POLICY checks_update ON checks FOR UPDATE USING (true) WITH CHECK (owner IN (current_user, 'shared'));
CREATE POLICY checks_delete ON checks FOR DELETE USING (true);
GRANT ALL ON checks TO checks_user;
SET ROLE checks_user;
INSERT INTO checks VALUES (10, 'other', 1);
INSERT INTO checks VALUES (11, 'checks_user', 1), (12, 'other', 1);
INSERT INTO checks VALUES (13, 'shared', 1) ON CONFLICT DO NOTHING;
INSERT INTO checks VALUES (14, 'shared', 1) RETURNING id;
PREPARE checks_p AS INSERT INTO checks VALUES ($1, $2, 1);
EXECUTE checks_p (15, 'other');
EXECUTE checks_p (16, 'checks_user');
UPDATE checks SET owner = 'other' WHERE id = 1;
UPDATE checks SET owner = 'shared' WHERE id = 2;
UPDATE checks SET owner = 'other' WHERE id IN (3, 4);
UPDATE checks SET id = 20, owner = 'other' WHERE id = 101;
UPDATE checks SET id = 21, owner = 'shared' WHERE id = 101;
MERGE INTO checks USING (VALUES (22, 'other')) AS s (id, owner) ON checks.id = s.id AND checks.id >= 100
  WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.owner);
MERGE INTO checks USING (VALUES (23, 'shared')) AS s (id, owner) ON checks.id = s.id AND checks.id >= 100
  WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.owner);
MERGE INTO checks USING (VALUES (102, 'other')) AS s (id, owner) ON checks.id = s.id AND checks.id >= 100
  WHEN MATCHED THEN UPDATE SET id = 24, owner = s.owner WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.owner);
MERGE INTO checks USING (VALUES (102, 'shared'), (26, 'checks_user')) AS s (id, owner) ON checks.id = s.id AND checks.id >= 100
  WHEN MATCHED THEN UPDATE SET id = 25, owner = s.owner WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.owner);
RESET ROLE;
SELECT * FROM checks_all ORDER BY id;
ALTER TABLE checks DISABLE ROW LEVEL SECURITY;

-- the partition's bound, where nothing has routed the row, and where a trigger has changed it
INSERT INTO checks_t VALUES (100, 'bound', 1);
COPY checks_t FROM stdin;
101	bound	1
\.
UPDATE checks_t SET n = 1 WHERE id = 5;
CREATE FUNCTION checks_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := NEW.id + 100; RETURN NEW; END $$;
CREATE TRIGGER checks_move BEFORE INSERT ON checks_t FOR EACH ROW EXECUTE FUNCTION checks_move();
INSERT INTO checks VALUES (32, 'bound', 1);
DROP TRIGGER checks_move ON checks_t;
SELECT * FROM checks_all WHERE id >= 30 OR n <> 0 ORDER BY id;

-- transition tables: rows of foreign partitions cannot be in them
CREATE FUNCTION checks_count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'rows: %', (SELECT count(*) FROM changed); RETURN NULL; END $$;
CREATE TRIGGER checks_inserted AFTER INSERT ON checks REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION checks_count();
INSERT INTO checks VALUES (40, 'transition', 1);
INSERT INTO checks VALUES (41, 'transition', 1) ON CONFLICT DO NOTHING;
COPY checks FROM stdin;
42	transition	1
\.
MERGE INTO checks USING (VALUES (43, 'transition')) AS s (id, owner) ON checks.id = s.id AND checks.id >= 100
  WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.owner);
UPDATE checks SET id = 44 WHERE id = 103;
INSERT INTO checks VALUES (140, 'transition', 1);
INSERT INTO checks_t VALUES (45, 'not named', 1);
DROP TRIGGER checks_inserted ON checks;
CREATE TRIGGER checks_updated AFTER UPDATE ON checks REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION checks_count();
UPDATE checks SET n = 2 WHERE id = 1;
UPDATE checks SET id = 46 WHERE id = 104;
UPDATE checks SET n = 2 WHERE id = 105;
ALTER FOREIGN TABLE checks_t OPTIONS (ADD update_mode 'if_exists');
UPDATE checks SET n = 2 WHERE id = 1;
ALTER FOREIGN TABLE checks_t OPTIONS (DROP update_mode);
DROP TRIGGER checks_updated ON checks;
CREATE TRIGGER checks_deleted AFTER DELETE ON checks REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION checks_count();
DELETE FROM checks WHERE id = 1;
DELETE FROM checks WHERE n = 0 AND id < 100;
DELETE FROM checks WHERE id = 106;
DROP TRIGGER checks_deleted ON checks;
SELECT * FROM checks_all WHERE n <> 1 OR id >= 40 ORDER BY id;

-- CQL by hand: the right to use the server, and what writes is a write
GRANT EXECUTE ON FUNCTION scylla_fdw_query(text, text), scylla_fdw_execute(text, text) TO checks_user;
SET ROLE checks_user;
SELECT scylla_fdw_query('checks_cluster', 'SELECT id FROM fdw_checks.t WHERE id = 1');
SELECT scylla_fdw_execute('checks_cluster', 'INSERT INTO fdw_checks.t (id) VALUES (50)');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER checks_cluster TO checks_user;
SET ROLE checks_user;
SELECT scylla_fdw_query('checks_cluster', 'SELECT id FROM fdw_checks.t WHERE id = 1');
RESET ROLE;
START TRANSACTION READ ONLY;
SELECT scylla_fdw_query('checks_cluster', E'-- one\n// two\n/* three\n*/ select id FROM fdw_checks.t WHERE id = 1');
SELECT scylla_fdw_execute('checks_cluster', 'SELECT id FROM fdw_checks.t');
SAVEPOINT s;
SELECT scylla_fdw_execute('checks_cluster', 'INSERT INTO fdw_checks.t (id) VALUES (51)');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
SELECT scylla_fdw_query('checks_cluster', 'INSERT INTO fdw_checks.t (id) VALUES (52) IF NOT EXISTS');
ROLLBACK TO s;
SELECT scylla_fdw_query('checks_cluster', '/* SELECT */ -- SELECT');
ROLLBACK;
BEGIN;
SELECT scylla_fdw_query('checks_cluster', 'SELECT id FROM fdw_checks.t WHERE id = 1');
PREPARE TRANSACTION 'checks';
COMMIT PREPARED 'checks';
BEGIN;
SELECT scylla_fdw_execute('checks_cluster', 'INSERT INTO fdw_checks.t (id) VALUES (53)');
PREPARE TRANSACTION 'checks';
BEGIN;
SAVEPOINT s;
SELECT scylla_fdw_query('checks_cluster', 'INSERT INTO fdw_checks.t (id) VALUES (53) IF NOT EXISTS');
ROLLBACK TO s;
PREPARE TRANSACTION 'checks';
BEGIN;
PREPARE TRANSACTION 'checks';
COMMIT PREPARED 'checks';
SELECT id FROM checks_all WHERE id >= 50 ORDER BY id;

SELECT scylla_fdw_execute('checks_cluster', 'DROP KEYSPACE fdw_checks');
DROP TABLE checks;
DROP SERVER checks_cluster CASCADE;
REVOKE ALL ON FUNCTION scylla_fdw_query(text, text), scylla_fdw_execute(text, text) FROM checks_user;
DROP ROLE checks_user;
DROP FUNCTION checks_move, checks_count;
