-- update_mode if_exists: UPDATE and DELETE of rows that are still there.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER cond_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER cond_cluster;
SELECT scylla_fdw_execute('cond_cluster', 'DROP KEYSPACE IF EXISTS fdw_cond');
SELECT scylla_fdw_execute('cond_cluster', 'CREATE KEYSPACE fdw_cond WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('cond_cluster', 'CREATE TABLE fdw_cond.t (a int, c int, v text, n int, st text static, PRIMARY KEY (a, c))');
CREATE FOREIGN TABLE cond_t (a int, c int, v text, n int, st text) SERVER cond_cluster
  OPTIONS (keyspace 'fdw_cond', "table" 't', update_mode 'if_exists', serial_consistency 'serial');
CREATE FOREIGN TABLE cond_upsert (a int, c int, v text, n int) SERVER cond_cluster OPTIONS (keyspace 'fdw_cond', "table" 't', update_mode 'upsert');
CREATE FOREIGN TABLE cond_bad (a int) SERVER cond_cluster OPTIONS (keyspace 'fdw_cond', update_mode 'insert');
INSERT INTO cond_t (a, c, v, n) SELECT g / 10, g % 10, 'v' || g, g FROM generate_series(0, 39) g;
CREATE FUNCTION cond_count(cmd text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE cmd;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
-- someone else deletes the row between its reading and its writing
CREATE FUNCTION cond_vanish(a int, c int, v text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM scylla_fdw_execute('cond_cluster', format('DELETE FROM fdw_cond.t WHERE a = %s AND c = %s', a, c)) WHERE c % 2 = 0;
  RETURN v;
END $$;

EXPLAIN (VERBOSE, COSTS OFF) UPDATE cond_t SET v = upper(v) WHERE a = 1;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM cond_t WHERE a = 1 AND n > 5;
SELECT cond_count('UPDATE cond_t SET v = upper(v) WHERE a = 1'), cond_count('UPDATE cond_t SET v = upper(v) WHERE a = 99'),
  cond_count('DELETE FROM cond_t WHERE a = 1 AND n > 17'), cond_count('DELETE FROM cond_t WHERE a = 99 AND n > 17');
SELECT string_agg(v, ' ' ORDER BY c) FROM cond_t WHERE a = 1;
-- a row that is gone stays gone, and is neither counted nor returned; with upsert it comes back
SELECT cond_count('UPDATE cond_t SET v = cond_vanish(a, c, ''x'') WHERE a = 2 AND c < 5');
SELECT c, v, n FROM cond_t WHERE a = 2 AND c < 5 ORDER BY c;
UPDATE cond_t SET v = cond_vanish(a, c, 'y') WHERE a = 2 AND c > 6 RETURNING c, v, n;
UPDATE cond_upsert SET v = cond_vanish(a, c, 'z') WHERE a = 3 AND c < 2 RETURNING c, v;
SELECT c, v, n FROM cond_t WHERE a = 3 AND c < 2 ORDER BY c;
SELECT cond_count('DELETE FROM cond_t WHERE a = 3 AND c > 1 AND c < 6 AND cond_vanish(a, c, v) IS NOT NULL');
DELETE FROM cond_t WHERE a = 3 AND c > 5 AND cond_vanish(a, c, v) IS NOT NULL RETURNING c, v;
SELECT count(*) FROM cond_t WHERE a = 3;
-- joins, triggers
CREATE TABLE cond_local (c int, v text);
INSERT INTO cond_local VALUES (0, 'zero'), (1, 'one'), (50, 'none');
UPDATE cond_t SET v = l.v FROM cond_local l WHERE cond_t.c = l.c AND a = 0 RETURNING cond_t.*;
CREATE FUNCTION cond_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% % %', TG_WHEN, TG_OP, COALESCE(NEW.c, OLD.c);
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER cond_after AFTER UPDATE OR DELETE ON cond_t FOR EACH ROW EXECUTE FUNCTION cond_told();
UPDATE cond_t SET v = cond_vanish(a, c, 'after') WHERE a = 0 AND c IN (2, 3);
DELETE FROM cond_t WHERE a = 0 AND c IN (4, 5) AND cond_vanish(a, c, v) IS NOT NULL;
DROP TRIGGER cond_after ON cond_t;
-- static columns: the row's existence counts, not theirs
EXPLAIN (VERBOSE, COSTS OFF) UPDATE cond_t SET st = 'static' WHERE a = 0 AND c = 1;
SELECT cond_count('UPDATE cond_t SET st = ''static'' WHERE a = 0 AND c = 1'), cond_count('UPDATE cond_t SET st = cond_vanish(a, c, ''gone'') WHERE a = 0 AND c = 0');
SELECT c, v, n, st FROM cond_t WHERE a = 0 AND c < 3;
CREATE FOREIGN TABLE cond_static (a int, c int, st text) SERVER cond_cluster OPTIONS (keyspace 'fdw_cond', "table" 't', update_mode 'if_exists');
UPDATE cond_static SET st = 'x' WHERE a = 0 AND c = 1;
-- by the server; TTL; counters have none
ALTER SERVER cond_cluster OPTIONS (ADD update_mode 'if_exists');
CREATE FOREIGN TABLE cond_ttl (a int, c int, v text) SERVER cond_cluster OPTIONS (keyspace 'fdw_cond', "table" 't', ttl '1000');
EXPLAIN (VERBOSE, COSTS OFF) UPDATE cond_ttl SET v = v || '!' WHERE a = 0;
SELECT cond_count('UPDATE cond_ttl SET v = v || ''!'' WHERE a = 0');
CREATE FOREIGN TABLE cond_left (a int, c int, v text, n int, left_of_v int OPTIONS (ttl_of 'v')) SERVER cond_cluster OPTIONS (keyspace 'fdw_cond', "table" 't', ttl '5000');
EXPLAIN (VERBOSE, COSTS OFF) UPDATE cond_left SET v = 'direct', n = 7 WHERE a = 0 AND c = 1;
UPDATE cond_left SET v = 'direct', n = 7 WHERE a = 0 AND c = 1;
SELECT c, v, n, left_of_v BETWEEN 4000 AND 5000 AS expires FROM cond_left WHERE a = 0 AND c = 1;
EXPLAIN (VERBOSE, COSTS OFF) UPDATE cond_upsert SET v = v || '!' WHERE a = 0;
SELECT scylla_fdw_execute('cond_cluster', 'CREATE TABLE fdw_cond.k (id int PRIMARY KEY, n counter)');
CREATE FOREIGN TABLE cond_k (id int, n bigint) SERVER cond_cluster OPTIONS (keyspace 'fdw_cond', "table" 'k');
UPDATE cond_k SET n = n + 1;
DELETE FROM cond_k;

SELECT scylla_fdw_execute('cond_cluster', 'DROP KEYSPACE fdw_cond');
DROP TABLE cond_local;
DROP SERVER cond_cluster CASCADE;
DROP FUNCTION cond_count, cond_vanish, cond_told;
