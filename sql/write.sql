-- What is written from where: collections, views, domains, generated columns, triggers, CTEs, moves between partitions, other roles.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET scylla_fdw.warn_on_rollback = off;
DROP ROLE IF EXISTS write_role;
CREATE SERVER write_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER write_cluster;
SELECT scylla_fdw_execute('write_cluster', 'DROP KEYSPACE IF EXISTS fdw_write');
SELECT scylla_fdw_execute('write_cluster', 'CREATE KEYSPACE fdw_write WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT count(scylla_fdw_execute('write_cluster', 'CREATE ' || what)) FROM unnest(ARRAY['TYPE fdw_write.address (street text, zip int)',
  'TABLE fdw_write.t (id int PRIMARY KEY, s text, n int)', 'TABLE fdw_write.other (id int PRIMARY KEY, s text, n int)', 'TABLE fdw_write.m (id int PRIMARY KEY, s text, n int)',
  'TABLE fdw_write.c (id int PRIMARY KEY, li list<int>, se set<text>, ma map<text, int>, fl frozen<list<int>>, ud address, fu frozen<address>, lu list<frozen<address>>)',
  'TABLE fdw_write.d (id int PRIMARY KEY, code text, needed text, mood text, pad text, short ascii, doc text, docb text, li list<int>, ud address)',
  'TABLE fdw_write.g (id int, k int, a int, b int, total int, s text, PRIMARY KEY (id, k))', 'TABLE fdw_write.k (id int PRIMARY KEY, b counter, n counter)',
  'TABLE fdw_write.p (a int, c int, n int, v text, st text static, st2 int static, PRIMARY KEY (a, c))']) what;
CREATE FOREIGN TABLE write_t (id int, s text, n int) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 't');
CREATE FOREIGN TABLE write_other (id int, s text, n int) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'other');
CREATE FOREIGN TABLE write_p (a int, c int, n int, v text, st text, st2 int) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'p');
CREATE FUNCTION write_count(cmd text) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN EXECUTE cmd; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END $$;
-- what the cluster itself says that it has
CREATE FUNCTION write_there(which text, ids int[]) RETURNS SETOF jsonb LANGUAGE sql AS $$
  SELECT q FROM scylla_fdw_query('write_cluster', format('SELECT * FROM fdw_write.%I', which)) q WHERE (q->>'id')::int = ANY (ids) ORDER BY (q->>'id')::int
$$;

-- whole collections and user-defined types: replaced by smaller ones, of which nothing of the old ones is left
CREATE TYPE write_address AS (street text, zip int);
CREATE FOREIGN TABLE write_c (id int, li int[], se text[], ma jsonb, fl int[], ud write_address, fu write_address, lu write_address[])
  SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'c');
CREATE FOREIGN TABLE write_json (id int, li jsonb, se jsonb, ma jsonb, fl jsonb, ud jsonb, fu jsonb, lu jsonb)
  SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'c');
INSERT INTO write_c SELECT g, '{1,2,3}', '{a,b,c}', '{"x": 1, "y": 2, "z": 3}', '{1,2,3}', '(street,1)', '(street,1)', '{"(one,1)","(two,2)"}' FROM generate_series(1, 12) g;
UPDATE write_c SET li = '{9}', se = '{z}', ma = '{"w": 0}', fl = '{9}', ud = '(,2)', fu = '(,2)', lu = '{"(three,)"}' WHERE id = 1;
INSERT INTO write_c VALUES (2, '{9}', '{z}', '{"w": 0}', '{9}', '(,2)', '(,2)', '{"(three,)"}');
UPDATE write_json SET li = '[9]', se = '["z"]', ma = '{"w": 0}', fl = '[9]', ud = '{"zip": 2}', fu = '{"zip": 2}', lu = '[{"street": "three"}]' WHERE id = 3;
INSERT INTO write_json VALUES (4, '[9]', '["z"]', '{"w": 0}', '[9]', '{"zip": 2}', '{"zip": 2}', '[{"street": "three"}]');
SELECT write_there('c', '{1,2,3,4}');
-- by empty ones: those that are not frozen are then nothing
UPDATE write_c SET li = '{}', se = '{}', ma = '{}', fl = '{}', ud = '(,)', fu = '(,)', lu = '{}' WHERE id = 5;
INSERT INTO write_json VALUES (6, '[]', '[]', '{}', '[]', '{}', '{}', '[]');
-- by NULL: UPDATE takes them away, INSERT leaves them alone
UPDATE write_c SET li = NULL, se = NULL, ma = NULL, fl = NULL, ud = NULL, fu = NULL, lu = NULL WHERE id = 7;
UPDATE write_json SET li = NULL, ud = NULL, fu = NULL WHERE id = 8;
INSERT INTO write_c (id, li, se, ma, ud) VALUES (9, NULL, NULL, NULL, NULL);
-- by what is computed from themselves, a part of them, and twice in one statement
UPDATE write_c SET li = li || li, se = array_remove(se, 'b'), ma = ma - 'x' || '{"v": 5}', ud.zip = NULL, fu.street = 'other', lu[1] = '(zero,0)' WHERE id = 10;
UPDATE write_json SET li = li - 0, se = se || '["a", "d"]', ma = jsonb_set(ma, '{y}', '22'), ud = ud - 'street', lu = jsonb_set(lu, '{1,zip}', 'null') WHERE id = 11;
INSERT INTO write_c (id, li, se, ma, ud) VALUES (12, '{5,6,7}', '{p,q}', '{"k": 1}', '(first,1)'), (12, '{8}', '{r}', '{"l": 2}', '(,2)');
SELECT write_there('c', '{5,6,7,8,9,10,11,12}');
SELECT * FROM write_c WHERE id >= 10 ORDER BY id;
-- rows go with all of theirs, and the next one of the key has none of it
DELETE FROM write_c WHERE 'z' = ANY (se);
INSERT INTO write_c (id, li, ud) VALUES (1, '{4}', '(,4)');
SELECT write_there('c', '{1,2,3,4}');

-- nested views: LOCAL checks its own condition only, CASCADED those below, too; what violates is never there
CREATE VIEW write_positive AS SELECT * FROM write_t WHERE n > 0;
CREATE VIEW write_small AS SELECT * FROM write_positive WHERE n < 100 WITH LOCAL CHECK OPTION;
CREATE VIEW write_even AS SELECT * FROM write_small WHERE n % 2 = 0 WITH CASCADED CHECK OPTION;
CREATE VIEW write_renamed AS SELECT n AS number, id AS key FROM write_even WHERE n <> 50;
INSERT INTO write_small VALUES (1, 'out of sight', -1);
INSERT INTO write_even VALUES (2, 'even', 2);
INSERT INTO write_renamed VALUES (50, 3);
UPDATE write_even SET n = n + 2 WHERE id = 2;
\set VERBOSITY terse
INSERT INTO write_small VALUES (4, 'x', 100);
INSERT INTO write_even VALUES (5, 'x', -2);
INSERT INTO write_renamed VALUES (4, 7), (5, 8), (6, 9);
UPDATE write_even SET n = -2 WHERE id = 2;
UPDATE write_even SET n = 102 WHERE id = 2;
UPDATE write_even SET n = 3 WHERE id = 2 RETURNING *;
UPDATE write_renamed SET number = number + 1 WHERE key = 2;
-- what a trigger makes of a row is checked
CREATE FUNCTION write_add() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := NEW.n + 1; RETURN NEW; END $$;
CREATE TRIGGER write_add BEFORE INSERT OR UPDATE ON write_t FOR EACH ROW EXECUTE FUNCTION write_add();
INSERT INTO write_even VALUES (10, 'x', 2);
INSERT INTO write_even VALUES (11, 'made even', 3);
UPDATE write_even SET n = 8 WHERE id = 2;
UPDATE write_even SET n = 9 WHERE id = 2;
\set VERBOSITY default
DROP TRIGGER write_add ON write_t;
SELECT write_there('t', ARRAY(SELECT generate_series(1, 11)));
SELECT write_count('DELETE FROM write_even WHERE id IN (1, 2, 11)');
SELECT id FROM write_t ORDER BY id;

-- domains, enums, char(n) and JSON over text; domains over collections and user-defined types
CREATE TYPE write_mood AS ENUM ('sad', 'happy');
CREATE DOMAIN write_code AS text CHECK (VALUE ~ '^[a-z]+$');
CREATE DOMAIN write_needed AS text NOT NULL;
CREATE DOMAIN write_list AS int[] CHECK (cardinality(VALUE) <= 3);
CREATE DOMAIN write_zip AS write_address CHECK ((VALUE).zip > 0);
CREATE FOREIGN TABLE write_d (id int, code write_code, needed write_needed, mood write_mood, pad char(5), short varchar(3), doc json, docb jsonb, li write_list, ud write_zip)
  SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'd');
INSERT INTO write_d VALUES (1, 'abc', 'x', 'sad', 'ab', 'abc', '{"b" :  1,"a":2}', '{"b" :  1,"a":2}', '{1,2}', '(s,1)'), (2, 'abc', '', 'happy', '', '', '[]', 'null', '{}', '(,2)');
UPDATE write_d SET code = code || 'd', mood = 'happy', pad = 'x    ', short = 'q', doc = '[1,  2]', docb = docb || '{"c": null}', li = li || 3, ud.zip = 7 WHERE id = 1;
UPDATE write_d SET code = NULL, mood = NULL, pad = NULL, doc = NULL, li = NULL, ud = NULL WHERE id = 2;
SELECT write_there('d', '{1,2}');
SELECT * FROM write_d WHERE mood = 'happy' AND pad = 'x' AND docb ? 'c';
\set VERBOSITY terse
INSERT INTO write_d (id, needed, code) VALUES (3, 'x', 'ABC');
INSERT INTO write_d (id) VALUES (3);
INSERT INTO write_d (id, needed, li) VALUES (3, 'x', '{1,2,3,4}');
UPDATE write_d SET code = code || '1' WHERE id = 1;
UPDATE write_d SET needed = NULL WHERE id = 1;
UPDATE write_d SET ud.zip = 0 WHERE id = 1;
UPDATE write_d SET mood = 'angry' WHERE id = 1;
UPDATE write_d SET pad = 'abcdef' WHERE id = 1;
COPY write_d (id, needed, code) FROM stdin;
3	x	ABC
\.
UPDATE write_d SET doc = '{"a"' WHERE id = 1;
\set VERBOSITY default
SELECT write_there('d', '{1,3}');

-- generated columns follow what is set and what a trigger changes, in keys, too; serial and identity
CREATE FOREIGN TABLE write_g (id int, k int GENERATED ALWAYS AS (id * 10) STORED, a int, b int, total int GENERATED ALWAYS AS (a + b) STORED, s text)
  SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'g');
INSERT INTO write_g (id, a, b) VALUES (1, 1, 1), (2, 2, 2), (3, NULL, 3) RETURNING *;
EXPLAIN (VERBOSE, COSTS OFF) UPDATE write_g SET a = 10 WHERE id = 1 AND k = 10;
UPDATE write_g SET a = 10 WHERE id = 1 RETURNING *;
UPDATE write_g SET b = NULL, total = DEFAULT WHERE id = 2;
UPDATE write_g SET s = 'x' WHERE id = 3;
SELECT write_there('g', '{1,2,3}');
UPDATE write_g SET total = 5 WHERE id = 1;
UPDATE write_g SET k = DEFAULT WHERE id = 1;
CREATE FUNCTION write_hundred() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := 100; RETURN NEW; END $$;
CREATE TRIGGER hundred BEFORE INSERT OR UPDATE ON write_g FOR EACH ROW EXECUTE FUNCTION write_hundred();
UPDATE write_g SET s = 'by trigger' WHERE id IN (2, 3);
INSERT INTO write_g (id, a) VALUES (4, 4);
COPY write_g (id, a) FROM stdin;
5	5
\.
SELECT write_there('g', '{2,3,4,5}');
CREATE FOREIGN TABLE write_serial (id serial, n int GENERATED ALWAYS AS IDENTITY (START 100), s text) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'other');
INSERT INTO write_serial (s) VALUES ('first'), ('second');
INSERT INTO write_serial (s) SELECT 'third' RETURNING id, n, s;
COPY write_serial (s) FROM stdin;
fourth
\.
INSERT INTO write_serial (n, s) OVERRIDING SYSTEM VALUE VALUES (7, 'fifth');
INSERT INTO write_serial (n, s) VALUES (7, 'x');
UPDATE write_serial SET n = 8 WHERE id = 1;
SELECT * FROM write_other ORDER BY id;
DELETE FROM write_other;

-- AFTER triggers: rows and their values in the order of the statement, triggers in that of their names; WHEN and OF; statements
CREATE TABLE write_log (at serial, id int, told text);
CREATE FUNCTION write_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO write_log (id, told) VALUES (COALESCE(NEW.id, OLD.id), concat_ws(' ', TG_NAME, TG_OP, OLD, NEW, (SELECT s FROM write_t WHERE id = COALESCE(NEW.id, OLD.id))));
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER c_all AFTER INSERT OR UPDATE OR DELETE ON write_t FOR EACH ROW EXECUTE FUNCTION write_tell();
CREATE TRIGGER b_when AFTER UPDATE ON write_t FOR EACH ROW WHEN (OLD.n IS DISTINCT FROM NEW.n) EXECUTE FUNCTION write_tell();
CREATE TRIGGER a_of AFTER UPDATE OF s ON write_t FOR EACH ROW EXECUTE FUNCTION write_tell();
CREATE TRIGGER d_when AFTER DELETE ON write_t FOR EACH ROW WHEN (OLD.n > 20) EXECUTE FUNCTION write_tell();
CREATE TRIGGER before BEFORE INSERT OR UPDATE OR DELETE ON write_t FOR EACH STATEMENT EXECUTE FUNCTION write_tell();
CREATE TRIGGER after AFTER INSERT OR UPDATE OR DELETE ON write_t FOR EACH STATEMENT EXECUTE FUNCTION write_tell();
INSERT INTO write_t VALUES (22, 'b', 2), (21, 'a', 1);
UPDATE write_t SET s = upper(s) WHERE id = 21;
UPDATE write_t SET n = n * 20 WHERE id = 22;
UPDATE write_t SET n = n WHERE id = 21;
UPDATE write_t SET n = 0 WHERE id = 23;
DELETE FROM write_t WHERE id IN (21, 22);
DELETE FROM write_t WHERE false;
SELECT id, told FROM write_log WHERE at < (SELECT max(at) FROM write_log WHERE told = 'before UPDATE') ORDER BY at;
SELECT id, told FROM write_log WHERE at >= (SELECT max(at) FROM write_log WHERE told = 'before UPDATE') ORDER BY id, at;
DROP TRIGGER c_all ON write_t; DROP TRIGGER b_when ON write_t; DROP TRIGGER a_of ON write_t; DROP TRIGGER d_when ON write_t; DROP TRIGGER before ON write_t; DROP TRIGGER after ON write_t;
-- BEFORE triggers that read the table see what the statement has changed and deleted before
CREATE FUNCTION write_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RETURN CASE WHEN NOT EXISTS (SELECT FROM write_p WHERE a = OLD.a AND c = OLD.c - 1) THEN OLD END; END IF;
  NEW.n := COALESCE((SELECT n FROM write_p WHERE a = NEW.a AND c = NEW.c - 1), 0) + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER write_before BEFORE UPDATE OR DELETE ON write_p FOR EACH ROW EXECUTE FUNCTION write_before();
INSERT INTO write_p (a, c, n) SELECT 1, g, 100 FROM generate_series(1, 5) g;
UPDATE write_p SET v = 'x' WHERE a = 1 AND c <= 4;
SELECT c, n FROM write_p WHERE a = 1 ORDER BY c;
SELECT write_count('DELETE FROM write_p WHERE a = 1 AND c < 3');
SELECT c, n FROM write_p WHERE a = 1 ORDER BY c;
DROP TRIGGER write_before ON write_p;

-- a trigger of a local table copies each change, as a subscriber of logical replication would: then both are the same
CREATE TABLE write_source (id int PRIMARY KEY, s text, n int);
CREATE FUNCTION write_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.id = NEW.id THEN UPDATE write_other SET s = NEW.s, n = NEW.n WHERE id = NEW.id; RETURN NULL; END IF;
  IF TG_OP <> 'INSERT' THEN DELETE FROM write_other WHERE id = OLD.id; END IF;
  IF TG_OP <> 'DELETE' THEN INSERT INTO write_other VALUES (NEW.*); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER write_copy AFTER INSERT OR UPDATE OR DELETE ON write_source FOR EACH ROW EXECUTE FUNCTION write_copy();
CREATE PROCEDURE write_change(base int) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO write_source SELECT base + g, 's' || g, NULLIF(g % 7, 0) FROM generate_series(1, 2000) g;
  UPDATE write_source SET s = s || '!', n = n + 10 WHERE id BETWEEN base + 1 AND base + 200;
  DELETE FROM write_source WHERE id % 10 = 3 AND id BETWEEN base + 101 AND base + 1500;
  UPDATE write_source SET s = NULL WHERE id % 50 = 4 AND id > base;
  UPDATE write_source SET id = id + 5000 WHERE id BETWEEN base + 301 AND base + 350;
  INSERT INTO write_source SELECT base + g, 'again', g FROM generate_series(301, 320) g;
  UPDATE write_source SET n = -1 WHERE id BETWEEN base + 315 AND base + 325;
END $$;
CREATE VIEW write_differs AS
  SELECT (SELECT count(*) FROM write_source) AS local, count(*) FILTER (WHERE f.id IS NOT NULL) AS there, count(*) FILTER (WHERE f IS DISTINCT FROM l) AS different
  FROM (SELECT id, s, n FROM write_other) f FULL JOIN (SELECT id, s, n FROM write_source) l ON f.id = l.id;
CALL write_change(0);
SELECT * FROM write_differs;
SET scylla_fdw.flush_at = 'transaction';
CALL write_change(10000);
SELECT * FROM write_differs;
RESET scylla_fdw.flush_at;

-- a session reads its own writes: in a function, in a loop over what it writes to, behind a CTE and a trigger
CREATE FUNCTION write_look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.s := NEW.s || (SELECT count(*) FROM write_t WHERE id = NEW.n); RETURN NEW; END $$;
CREATE TRIGGER write_look BEFORE INSERT ON write_t FOR EACH ROW WHEN (NEW.s = 'look') EXECUTE FUNCTION write_look();
CREATE FUNCTION write_seen(base int) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT string_agg(s, ' ' ORDER BY id) FROM write_t WHERE id BETWEEN base AND base + 9 $$;
CREATE FUNCTION write_mix(base int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  INSERT INTO write_t VALUES (base, 'a', 1), (base + 1, 'b', 2);
  RETURN NEXT write_seen(base);
  INSERT INTO write_t VALUES (base, 'c', 3);
  UPDATE write_t SET s = s || s WHERE id IN (base, base + 1);
  INSERT INTO write_t (id, n) VALUES (base, 4);
  RETURN NEXT write_seen(base);
  DELETE FROM write_t WHERE id = base;
  INSERT INTO write_t (id, s) VALUES (base, 'again');
  DELETE FROM write_t WHERE s = 'bb' AND id = base + 1;
  RETURN NEXT write_seen(base) || (SELECT n IS NULL FROM write_t WHERE id = base);
  INSERT INTO write_t VALUES (base + 1, 'look', base), (base + 2, 'look', base + 1), (base + 3, 'look', base + 4);
  RETURN NEXT write_seen(base);
  FOR r IN SELECT * FROM write_t WHERE id BETWEEN base AND base + 9 ORDER BY id LOOP
    INSERT INTO write_t VALUES (r.id + 5, 'copy of ' || r.id - base);
  END LOOP;
  RETURN NEXT write_seen(base);
  WITH w AS (INSERT INTO write_t VALUES (base + 9, 'cte', 1) RETURNING id, s) SELECT w.s || ', ' || write_seen(w.id) INTO r FROM w;
  RETURN NEXT r::text;
  -- what nothing waits for in a CTE is done at the end of the statement, and seen by the next
  RETURN QUERY WITH w AS (INSERT INTO write_t SELECT base + 10 + g, 'unread' FROM generate_series(1, 80) g) SELECT 'meanwhile ' || count(*) FROM write_t WHERE id > base + 10;
  RETURN QUERY SELECT 'then ' || count(*) FROM write_t WHERE id > base + 10;
END $$;
SELECT write_mix(200);
SET scylla_fdw.flush_at = 'transaction';
BEGIN;
SELECT write_mix(400);
COMMIT;
RESET scylla_fdw.flush_at;

-- what one part of a statement returns feeds the next: foreign tables, local ones, and none
INSERT INTO write_p (a, c, n, v) SELECT 2, g, g, 'v' || g FROM generate_series(1, 6) g;
WITH gone AS (DELETE FROM write_t WHERE id IN (411, 412, 413) RETURNING id, s),
  put AS (INSERT INTO write_p (a, c, v) SELECT 2, id, s || ' moved' FROM gone RETURNING c, v),
  changed AS (UPDATE write_p SET v = put.v || ', ' || write_p.v, n = n * 10 FROM put WHERE a = 2 AND write_p.c = put.c - 410 RETURNING write_p.c, write_p.v),
  told AS (INSERT INTO write_log (id, told) SELECT c, v FROM changed RETURNING id, told)
  SELECT told.*, (SELECT count(*) FROM put) AS put, (SELECT count(*) FROM gone) AS gone FROM told ORDER BY id;
SELECT c, n, v FROM write_p WHERE a = 2 ORDER BY c;
WITH l AS (DELETE FROM write_log WHERE id IN (1, 2) RETURNING id), d AS (DELETE FROM write_p USING l WHERE a = 2 AND c = l.id RETURNING c, v, l.id AS log_id)
  SELECT * FROM d ORDER BY c;
WITH u AS (UPDATE write_p SET n = -1 WHERE a = 2 AND c >= 400 RETURNING *), l AS (INSERT INTO write_log (id, told) SELECT c, u::text FROM u) SELECT sum(n) FROM u;
SELECT id, told FROM write_log WHERE id > 400 ORDER BY id;
-- every part sees the table as it was before the statement
WITH u AS (UPDATE write_p SET n = 99 WHERE a = 2 AND c = 3), d AS (DELETE FROM write_p WHERE a = 2 AND c = 4 AND v <> '')
  SELECT c, n FROM write_p WHERE a = 2 AND c < 400 ORDER BY c;
SELECT c, n FROM write_p WHERE a = 2 AND c < 400 ORDER BY c;
UPDATE write_p SET n = 0 WHERE false RETURNING *;
WITH u AS (UPDATE write_p SET n = 0 WHERE a = 77 RETURNING *), d AS (DELETE FROM write_p WHERE a = 77 AND a = 78 RETURNING c) SELECT (SELECT count(*) FROM u), (SELECT count(*) FROM d);

-- rows move into a foreign partition that is changed itself, and are not changed once more there; none moves out of it
CREATE TABLE write_part (id int, s text, n int) PARTITION BY RANGE (id);
CREATE TABLE write_part_1 PARTITION OF write_part FOR VALUES FROM (0) TO (1000);
CREATE FOREIGN TABLE write_part_2 PARTITION OF write_part FOR VALUES FROM (1000) TO (2000) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'm');
CREATE TABLE write_part_3 PARTITION OF write_part FOR VALUES FROM (2000) TO (3000);
INSERT INTO write_part SELECT b + g, s, 1 FROM (VALUES (0, 'a'), (1500, 'b'), (2200, 'c')) v (b, s), generate_series(1, 100) g;
SELECT write_count('UPDATE write_part SET id = CASE WHEN s = ''b'' THEN id ELSE 1000 + id % 1000 END, n = n + 1');
SELECT tableoid::regclass, s, count(*), min(id), max(id), min(n), max(n) FROM write_part GROUP BY 1, 2 ORDER BY 2;
INSERT INTO write_part VALUES (1, 'moves', 5), (2, 'stays', 6), (2001, 'moves', 7);
CREATE TRIGGER told BEFORE INSERT OR UPDATE OR DELETE ON write_part FOR EACH ROW EXECUTE FUNCTION write_tell();
WITH u AS (UPDATE write_part SET id = 1000 + id % 1000 WHERE s = 'moves' AND n = 7 RETURNING tableoid::regclass, *) SELECT * FROM u;
SELECT told FROM write_log WHERE told LIKE 'told%' ORDER BY at;
DROP TRIGGER told ON write_part;
UPDATE write_part SET id = 5 WHERE id = 1501;
UPDATE write_part SET id = id + 1000 WHERE id = 1502;
\set VERBOSITY sqlstate
MERGE INTO write_part p USING (VALUES (1501)) v (id) ON p.id = v.id WHEN MATCHED THEN DELETE;
\set VERBOSITY default
SELECT tableoid::regclass, s, count(*), min(id), max(id) FROM write_part GROUP BY 1, 2 ORDER BY 2, 1;
-- nor by a column that is no key in the cluster
CREATE TABLE write_moved (id int, s text, n int) PARTITION BY LIST (n);
CREATE TABLE write_moved_1 PARTITION OF write_moved FOR VALUES IN (1);
CREATE FOREIGN TABLE write_moved_2 PARTITION OF write_moved FOR VALUES IN (2, 3) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'other', update_mode 'if_exists');
INSERT INTO write_moved VALUES (-1, 'a', 1), (-2, 'b', 2);
UPDATE write_moved SET n = 3 WHERE id = -2;
UPDATE write_moved SET n = 1 WHERE id = -2;
UPDATE write_moved_2 SET n = 4 WHERE id = -2;
UPDATE write_moved SET n = 2 WHERE id = -1;
SELECT tableoid::regclass, * FROM write_moved WHERE id < 0 ORDER BY id;

-- static columns: the last row of a partition tells; a partition that has nothing else
INSERT INTO write_p (a, c, n) SELECT 3, g, g FROM generate_series(1, 4) g;
INSERT INTO write_p (a, st) VALUES (4, 'alone');
UPDATE write_p SET st = 'of ' || c, st2 = n WHERE a = 3;
UPDATE write_p SET st = st || '!', st2 = COALESCE(st2, 0) + 1 WHERE a IN (3, 4) AND (c = 2 OR c IS NULL);
SELECT * FROM write_p WHERE a IN (3, 4) ORDER BY a, c;
UPDATE write_p SET n = 5 WHERE a = 4;
UPDATE write_p SET st = NULL, n = 7 WHERE a = 3 AND c = 1;
DELETE FROM write_p WHERE a = 3 AND n > 0;
SELECT * FROM write_p WHERE a IN (3, 4) ORDER BY a, c;
-- they are gone when that row is deleted, and rows of other partitions with them or not
INSERT INTO write_p (a, c, n, st) VALUES (5, 1, 1, 'with rows'), (6, 1, 1, NULL);
SELECT write_count($$DELETE FROM write_p WHERE a IN (3, 4, 5, 6) AND st <> 'x'$$);
SELECT * FROM write_p WHERE a IN (3, 4, 5, 6) ORDER BY a, c;
WITH d AS (DELETE FROM write_p WHERE st = 'with rows' OR n = 1 AND a = 6 RETURNING *) SELECT * FROM d ORDER BY a;
SELECT * FROM write_p WHERE a IN (3, 4, 5, 6) ORDER BY a, c;
-- and counted
INSERT INTO write_p (a, st) VALUES (3, 'alone'), (4, 'alone');
INSERT INTO write_p (a, c, n) VALUES (5, 1, 1);
DO $$ DECLARE plan json; BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM write_p WHERE a IN (3, 4, 5) AND n IS DISTINCT FROM 0' INTO plan;
  RAISE INFO '% rows', plan->0->'Plan'->>'Rows Sent';
END $$;

-- with static columns alone, too, a key does not change
INSERT INTO write_p (a, c, n, st) VALUES (7, 1, 1, 'old');
UPDATE write_p SET c = c + 1, st = 'new' WHERE a = 7;
CREATE FUNCTION write_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.c := 99; RETURN NEW; END $$;
CREATE FOREIGN TABLE write_narrow (a int, c int, st text) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'p');
CREATE TRIGGER move BEFORE UPDATE ON write_narrow FOR EACH ROW EXECUTE FUNCTION write_move();
UPDATE write_narrow SET st = 'new' WHERE a = 7 RETURNING *;
SELECT a, c, st FROM write_p WHERE a = 7;
-- a key must come back as it was
SELECT scylla_fdw_execute('write_cluster', 'CREATE TABLE fdw_write.amounts (k decimal PRIMARY KEY, v int)');
CREATE FOREIGN TABLE write_amounts (k numeric(6, 2), v int) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'amounts');
SELECT scylla_fdw_execute('write_cluster', 'INSERT INTO fdw_write.amounts (k, v) VALUES (1.5, 1)');
UPDATE write_amounts SET v = 2;
DELETE FROM write_amounts WHERE v = 1;
ALTER FOREIGN TABLE write_amounts ALTER k TYPE numeric;
UPDATE write_amounts SET v = 2;
SELECT * FROM write_amounts;
ALTER FOREIGN TABLE write_amounts ALTER k TYPE jsonb;
UPDATE write_amounts SET v = 3;
SELECT scylla_fdw_execute('write_cluster', 'CREATE TABLE fdw_write.words (k text PRIMARY KEY, v int)');
CREATE FOREIGN TABLE write_words (k varchar(2), v int) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'words');
SELECT scylla_fdw_execute('write_cluster', 'INSERT INTO fdw_write.words (k, v) VALUES (''ab '', 1)');
DELETE FROM write_words WHERE v = 1;

-- counters: what a trigger or a view makes of them is added, too; what else cannot be
CREATE FOREIGN TABLE write_k (id int, b bigint, n bigint) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 'k');
CREATE VIEW write_few AS SELECT * FROM write_k WHERE b < 1000 WITH CHECK OPTION;
INSERT INTO write_few VALUES (1, 1, 1), (2, 2, 2);
UPDATE write_k SET b = b + v.n FROM (VALUES (1, 5), (2, -7)) v (id, n) WHERE v.id = write_k.id;
UPDATE write_few SET b = b - (-10) WHERE id = 2;
\set VERBOSITY terse
UPDATE write_few SET b = b + 2000;
INSERT INTO write_few VALUES (2, 1000, 0);
UPDATE write_k SET b = b, n = n + 1;
UPDATE write_k SET b = DEFAULT;
UPDATE write_k SET (b, n) = (SELECT 1, 2);
\set VERBOSITY default
CREATE TRIGGER hundred BEFORE UPDATE ON write_k FOR EACH ROW EXECUTE FUNCTION write_hundred();
UPDATE write_k SET n = n + 1 WHERE id = 1;
SELECT write_there('k', '{1,2}');

-- behind a view, with its owner's mapping; without a view there is none
CREATE ROLE write_role;
CREATE VIEW write_view AS SELECT * FROM write_t WHERE id BETWEEN 1001 AND 1999 WITH CHECK OPTION;
CREATE VIEW write_invoker WITH (security_invoker) AS SELECT * FROM write_t;
CREATE FOREIGN TABLE write_if (id int, s text, n int) SERVER write_cluster OPTIONS (keyspace 'fdw_write', "table" 't', update_mode 'if_exists');
CREATE VIEW write_if_view AS SELECT * FROM write_if;
GRANT ALL ON write_view, write_invoker, write_if_view, write_t TO write_role;
SET ROLE write_role;
INSERT INTO write_view VALUES (1001, 'one', 1), (1002, 'two', 2), (1003, 'three', 3);
INSERT INTO write_view VALUES (1003, 'x', 0), (1004, 'four', 4) ON CONFLICT DO NOTHING;
UPDATE write_view SET s = s || ' by a role' WHERE id = 1001 RETURNING *;
DELETE FROM write_view WHERE id = 1002;
DELETE FROM write_view WHERE n = 3 RETURNING *;
UPDATE write_if_view SET s = 'direct' WHERE id = 1004;
SELECT * FROM write_view ORDER BY id;
\set VERBOSITY sqlstate
INSERT INTO write_t VALUES (1005, 'x', 5);
DELETE FROM write_t WHERE id = 1001;
UPDATE write_invoker SET s = 'x' WHERE id = 1001;
DELETE FROM write_invoker WHERE id = 1001;
RESET ROLE;
-- and with it, too, if that is the one that has none
ALTER VIEW write_view OWNER TO write_role;
UPDATE write_view SET s = 'x' WHERE id = 1001;
\set VERBOSITY default
SELECT write_there('t', '{1001,1002,1003,1004,1005}');

SELECT scylla_fdw_execute('write_cluster', 'DROP KEYSPACE fdw_write');
DROP SERVER write_cluster CASCADE;
DROP TABLE write_log, write_source, write_part, write_moved;
DROP ROUTINE write_change, write_count, write_there, write_add, write_tell, write_before, write_copy, write_look, write_seen, write_mix, write_hundred, write_move;
DROP TYPE write_address, write_mood, write_code, write_needed, write_list, write_zip;
DROP ROLE write_role;
