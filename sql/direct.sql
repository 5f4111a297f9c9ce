-- Direct UPDATE and DELETE: without reading the rows, where the count of rows stays right.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER direct_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER direct_cluster;
SELECT scylla_fdw_execute('direct_cluster', 'DROP KEYSPACE IF EXISTS fdw_direct');
SELECT scylla_fdw_execute('direct_cluster', 'CREATE KEYSPACE fdw_direct WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('direct_cluster', 'CREATE TABLE fdw_direct.t (a int, b text, c int, d int, v text, n int, st text static, PRIMARY KEY ((a, b), c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC)');
CREATE FOREIGN TABLE direct_t (a int, b text, c int, d int, v text, n int, st text) SERVER direct_cluster OPTIONS (keyspace 'fdw_direct', "table" 't');
CREATE FUNCTION direct_fill() RETURNS void LANGUAGE sql AS $$
  INSERT INTO direct_t (a, b, c, d, v, n) SELECT a, b, c, d, a || b || c || d, c * 10 + d
    FROM generate_series(1, 3) a, unnest(ARRAY['x', 'y']) b, generate_series(1, 5) c, generate_series(1, 4) d;
$$;
CREATE FUNCTION direct_count(cmd text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE cmd;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
-- which way it goes
CREATE FUNCTION direct_way(cmd text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || cmd LOOP
    IF line ~ 'Foreign (Update|Delete)' THEN RETURN 'direct'; END IF;
  END LOOP;
  RETURN 'by row';
END $$;
CREATE FUNCTION direct_requests(cmd text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; result text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || cmd LOOP
    IF line ~ 'Requests|Rows Sent' THEN result := result || line; END IF;
  END LOOP;
  RETURN regexp_replace(result, '\s+', ' ', 'g');
END $$;
SELECT direct_fill();

-- without a count: the tag does not know, and says so
SET client_min_messages = notice;
SET scylla_fdw.delete_count = off;
SELECT direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''x''');
SELECT direct_count('DELETE FROM direct_t WHERE a IN (2, 3) AND b = ''x'' AND c > 3');
SELECT direct_count('DELETE FROM direct_t WHERE a = 2 AND b = ''x'' AND n = 31');
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x';
ALTER FOREIGN TABLE direct_t OPTIONS (ADD update_mode 'if_exists');
SELECT direct_count('DELETE FROM direct_t WHERE a = 2 AND b = ''x'' AND c = 1 AND d IN (1, 100)');
ALTER FOREIGN TABLE direct_t OPTIONS (DROP update_mode);
RESET scylla_fdw.delete_count;
SET client_min_messages = warning;
SELECT a, count(*) FROM direct_t WHERE b = 'x' GROUP BY a ORDER BY a;
SELECT direct_fill();

-- direct: a partition, a prefix, a range, a row, several of them
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x';
EXPLAIN (COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x';
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND c = 2;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND c > 2 AND c <= 4;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND c = 2 AND d >= 3;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND c = 2 AND d = 3;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a IN (1, 2) AND b = 'x' AND c IN (2, 3);
-- row by row: what is read, what is checked here, what comes from elsewhere
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x' RETURNING c;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND n > 5;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND d = 2;
SELECT direct_way($$DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND c > random()$$) AS volatile,
  direct_way($$DELETE FROM direct_t USING pg_class k WHERE direct_t.a = k.relpages AND b = 'x'$$) AS joined,
  direct_way($$DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND c IN (SELECT relpages FROM pg_class)$$) AS semijoin,
  direct_way($$DELETE FROM direct_t WHERE a = 1$$) AS half_a_key, direct_way($$DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND NOT false$$) AS still;
EXPLAIN (VERBOSE, COSTS OFF) UPDATE direct_t SET v = 'x' WHERE a = 1 AND b = 'x' AND c = 2 AND d = 3;
ALTER FOREIGN TABLE direct_t OPTIONS (ADD allow_filtering 'true');
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 1 AND b = 'x' AND n = 5;
ALTER FOREIGN TABLE direct_t OPTIONS (DROP allow_filtering);

-- the rows meant, and their number
SELECT direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''x'' AND c = 2 AND d = 3') AS row, direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''x'' AND c = 2 AND d = 3') AS again,
  direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''x'' AND c = 2') AS prefix, direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''x'' AND c > 2 AND c <= 4') AS range,
  direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''x'' AND c = 1 AND d >= 3') AS tail;
SELECT string_agg(c || ':' || d, ' ' ORDER BY c, d) FROM direct_t WHERE a = 1 AND b = 'x';
SELECT direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''x''') AS partition, direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''x''') AS again,
  direct_count('DELETE FROM direct_t WHERE a IN (2, 3, 2, NULL, 99) AND b IN (''y'', ''z'') AND c IN (5, 4, 77) AND d < 3') AS several;
SELECT a, b, count(*) FROM direct_t GROUP BY a, b ORDER BY a, b;
SELECT string_agg(c || ':' || d, ' ' ORDER BY c, d) FROM direct_t WHERE a = 3 AND b = 'y';
-- values that no key can have, NULL, values that mean something else there
SELECT direct_count('DELETE FROM direct_t WHERE a = 3000000000 AND b = ''y''') AS none, direct_count('DELETE FROM direct_t WHERE a = 3 AND b = NULL') AS null,
  direct_count('DELETE FROM direct_t WHERE a = 3 AND b = ''y'' AND c > 3000000000') AS above, direct_count('DELETE FROM direct_t WHERE a = 3 AND b = ''y'' AND c > -3000000000 AND c < 3') AS below,
  direct_count('DELETE FROM direct_t WHERE a = 3 AND b = ''y'' AND c < 3000000000') AS rest;
SELECT a, b, count(*) FROM direct_t GROUP BY a, b ORDER BY a, b;
-- parameters, generic plans, subqueries
PREPARE direct_delete(int, text, int[]) AS DELETE FROM direct_t WHERE a = $1 AND b = $2 AND c = ANY ($3);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE direct_delete(1, 'y', '{1,2}');
EXECUTE direct_delete(1, 'y', '{1,2}');
EXECUTE direct_delete(1, 'y', '{}');
EXECUTE direct_delete(NULL, 'y', '{3}');
RESET plan_cache_mode;
SELECT direct_way('DELETE FROM direct_t WHERE a = (SELECT 1) AND b = ''y'' AND c = 3');
SELECT direct_count('DELETE FROM direct_t WHERE a = (SELECT 1) AND b = ''y'' AND c = 3');
WITH d AS (DELETE FROM direct_t WHERE a = 1 AND b = 'y' AND c = 4) SELECT 'in a CTE' AS deleted;
SELECT string_agg(c || ':' || d, ' ' ORDER BY c, d) FROM direct_t WHERE a = 1 AND b = 'y';
-- nothing is deleted where nothing was: only counts are asked for
SELECT direct_requests($$DELETE FROM direct_t WHERE a = 1 AND b = 'y' AND c IN (4, 5, 6)$$) AS first, direct_requests($$DELETE FROM direct_t WHERE a = 1 AND b = 'y' AND c IN (4, 5, 6)$$) AS again;
INSERT INTO direct_t (a, b, c, d) VALUES (1, 'y', 5, 1), (1, 'y', 6, 1);
-- rows written before in the transaction are counted and deleted, later ones are not; a cursor has read ahead
BEGIN;
DECLARE direct_cursor CURSOR FOR SELECT c, d FROM direct_t WHERE a = 1 AND b = 'y' ORDER BY c, d;
INSERT INTO direct_t (a, b, c, d) SELECT 1, 'y', 1, g FROM generate_series(1, 1000) g;
SELECT direct_count('DELETE FROM direct_t WHERE a = 1 AND b = ''y''');
INSERT INTO direct_t (a, b, c, d) SELECT 1, 'y', 1, g FROM generate_series(1, 10) g;
SELECT count(*) FROM direct_t WHERE a = 1 AND b = 'y';
FETCH ALL FROM direct_cursor;
COMMIT;
-- many keys at once
INSERT INTO direct_t (a, b, c, d) SELECT g, 'many', 1, 1 FROM generate_series(1, 3000) g;
SELECT direct_count('DELETE FROM direct_t WHERE b = ''many'' AND a = ANY (ARRAY(SELECT generate_series(-1000, 2900)))');
SELECT a FROM direct_t WHERE b = 'many' ORDER BY a LIMIT 2;
DELETE FROM direct_t WHERE b = 'many' AND a = ANY (ARRAY(SELECT generate_series(2901, 3000)));
-- a partition of static columns is a row, too
INSERT INTO direct_t (a, b, c, d, st) VALUES (7, 'x', 1, 1, 'static');
SELECT direct_count('DELETE FROM direct_t WHERE a = 7 AND b = ''x'' AND c = 1 AND d = 1');
SELECT * FROM direct_t WHERE a = 7 AND b = 'x';
SELECT direct_count('DELETE FROM direct_t WHERE a = 7 AND b = ''x'' AND c > 0'), direct_count('DELETE FROM direct_t WHERE a = 7 AND b = ''x''');
SELECT * FROM direct_t WHERE a = 7 AND b = 'x';

-- triggers and checks: each row is looked at
CREATE FUNCTION direct_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% % %', TG_WHEN, TG_OP, TG_LEVEL;
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER direct_row BEFORE DELETE ON direct_t FOR EACH ROW EXECUTE FUNCTION direct_told();
SELECT direct_way($$DELETE FROM direct_t WHERE a = 2 AND b = 'x' AND c = 1$$);
DROP TRIGGER direct_row ON direct_t;
CREATE TRIGGER direct_statement AFTER DELETE ON direct_t FOR EACH STATEMENT EXECUTE FUNCTION direct_told();
DELETE FROM direct_t WHERE a = 2 AND b = 'x' AND c = 1;
DROP TRIGGER direct_statement ON direct_t;
CREATE VIEW direct_view AS SELECT * FROM direct_t WHERE a = 2 AND b = 'x' WITH CHECK OPTION;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_view WHERE c = 2;
SELECT direct_count('DELETE FROM direct_view WHERE c = 2'), count(*) FROM direct_view;
-- partitions
CREATE TABLE direct_part (a int, b text, c int, d int, n int) PARTITION BY LIST (b);
CREATE FOREIGN TABLE direct_part_x PARTITION OF direct_part FOR VALUES IN ('x', 'y') SERVER direct_cluster OPTIONS (keyspace 'fdw_direct', "table" 't');
CREATE TABLE direct_part_z PARTITION OF direct_part FOR VALUES IN ('z');
INSERT INTO direct_part VALUES (2, 'z', 1, 1, 1), (2, 'z', 3, 1, 1);
EXPLAIN (COSTS OFF) DELETE FROM direct_part WHERE a = 2 AND b IN ('x', 'z') AND c = 3;
SELECT direct_count('DELETE FROM direct_part WHERE a = 2 AND b IN (''x'', ''z'') AND c = 3');
SELECT tableoid::regclass, count(*) FROM direct_part WHERE a = 2 GROUP BY 1 ORDER BY 1;
-- counters
SELECT scylla_fdw_execute('direct_cluster', 'CREATE TABLE fdw_direct.k (a int, c int, n counter, PRIMARY KEY (a, c))');
CREATE FOREIGN TABLE direct_k (a int, c int, n bigint) SERVER direct_cluster OPTIONS (keyspace 'fdw_direct', "table" 'k');
INSERT INTO direct_k SELECT 1, g, g FROM generate_series(1, 5) g;
SELECT direct_count('DELETE FROM direct_k WHERE a = 1 AND c > 2'), count(*) FROM direct_k;
SELECT count(*) FROM direct_k;

-- update_mode if_exists
ALTER FOREIGN TABLE direct_t OPTIONS (ADD update_mode 'if_exists');
EXPLAIN (VERBOSE, COSTS OFF) UPDATE direct_t SET v = 'new', n = 1 + 1 WHERE a = 3 AND b = 'x' AND c = 1 AND d = 1;
EXPLAIN (VERBOSE, COSTS OFF) UPDATE direct_t SET v = 'new', st = now()::text, n = NULL WHERE a IN (3, 4) AND b = 'x' AND c IN (1, 2) AND d = 1;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM direct_t WHERE a = 3 AND b = 'x' AND c = 5 AND d = 1;
SELECT direct_way($$DELETE FROM direct_t WHERE a = 3 AND b = 'x' AND c = 5$$) AS range, direct_way($$UPDATE direct_t SET v = v || '!' WHERE a = 3 AND b = 'x' AND c = 1 AND d = 1$$) AS of_the_row,
  direct_way($$UPDATE direct_t SET n = random() WHERE a = 3 AND b = 'x' AND c = 1 AND d = 1$$) AS volatile, direct_way($$UPDATE direct_t SET st = 'static' WHERE a = 3 AND b = 'x' AND c = 1 AND d = 1$$) AS static,
  direct_way($$UPDATE direct_t SET v = 'new' WHERE a = 3 AND b = 'x' AND c = 1$$) AS several, direct_way($$UPDATE direct_t SET v = 'new' WHERE a = 3 AND b = 'x' AND c = 1 AND d = 1 RETURNING v$$) AS returned,
  direct_way($$UPDATE direct_t SET v = (SELECT 'x') WHERE a = 3 AND b = 'x' AND c = 1 AND d = 1$$) AS initplan;
SELECT direct_count('UPDATE direct_t SET v = ''new'', n = 1 + 1 WHERE a = 3 AND b = ''x'' AND c = 1 AND d = 1') AS one,
  direct_count('UPDATE direct_t SET v = ''new'', n = 1 WHERE a = 3 AND b = ''x'' AND c = 1 AND d = 99') AS none,
  direct_count('UPDATE direct_t SET v = ''several'', st = (SELECT ''sub''), n = NULL WHERE a IN (3, 4) AND b = ''x'' AND c IN (2, 3, 77) AND d IN (1, 2)') AS several,
  direct_count('DELETE FROM direct_t WHERE a = 3 AND b = ''x'' AND c = 5 AND d IN (1, 2, 88)') AS deleted;
SELECT a, b, c, d, v, n, st FROM direct_t WHERE a = 3 AND b = 'x' AND (v !~ '\d' OR c = 5) ORDER BY c, d;
SELECT count(*) FROM direct_t WHERE a = 4;
PREPARE direct_update(text, int) AS UPDATE direct_t SET v = $1, n = $2 WHERE a = 3 AND b = 'x' AND c = $2 AND d = 4;
SET plan_cache_mode = force_generic_plan;
EXECUTE direct_update('by parameter', 4);
EXECUTE direct_update('by parameter', 44);
RESET plan_cache_mode;
SELECT v, n FROM direct_t WHERE a = 3 AND b = 'x' AND c = 4 AND d = 4;
UPDATE direct_t SET c = 5 WHERE a = 3 AND b = 'x' AND c = 4 AND d = 4;
-- one error, that counts what was written
SELECT scylla_fdw_execute('direct_cluster', 'ALTER TABLE fdw_direct.t DROP n');
\set VERBOSITY sqlstate
UPDATE direct_t SET n = 5 WHERE a = 3 AND b = 'x' AND c = 4 AND d = 4;
\set VERBOSITY default
BEGIN;
UPDATE direct_t SET v = 'kept' WHERE a = 3 AND b = 'x' AND c = 4 AND d IN (3, 4);
ROLLBACK;

SELECT scylla_fdw_execute('direct_cluster', 'DROP KEYSPACE fdw_direct');
DROP VIEW direct_view;
DROP TABLE direct_part;
DROP SERVER direct_cluster CASCADE;
DROP FUNCTION direct_fill, direct_count, direct_way, direct_requests, direct_told;
