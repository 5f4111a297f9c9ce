-- IMPORT FOREIGN SCHEMA: what it makes, and that this can be read and written at once.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET scylla_fdw.warn_on_rollback = off;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
DROP ROLE IF EXISTS import_role;
CREATE SERVER import_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER import_cluster;
-- while nodes of a ring build a view, Cassandra may keep them from agreeing on the schema for a minute
CREATE FUNCTION import_cql(VARIADIC cql text[]) RETURNS void LANGUAGE sql SET client_min_messages = error AS
  $$SELECT scylla_fdw_execute('import_cluster', c) FROM unnest(cql) WITH ORDINALITY AS u (c, n) ORDER BY n$$;
-- what there is in a schema, in the form of the statements that would make it
CREATE FUNCTION import_show(schema text) RETURNS TABLE (line text) LANGUAGE sql AS $$
  SELECT line FROM (
    SELECT c.oid, 0 AS n, format('%s: %s', c.relname, array_to_string(f.ftoptions, ' ')) AS line
      FROM pg_class c JOIN pg_foreign_table f ON f.ftrelid = c.oid WHERE c.relnamespace = schema::regnamespace
    UNION ALL
    SELECT c.oid, a.attnum, concat_ws(' ', '  ' || quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
        array_to_string(a.attfdwoptions, ' '), CASE WHEN a.attnotnull THEN 'NOT NULL' END)
      FROM pg_class c JOIN pg_foreign_table f ON f.ftrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      WHERE c.relnamespace = schema::regnamespace) AS lines
  JOIN pg_class c USING (oid) ORDER BY c.relname COLLATE "C", n $$;
CREATE FUNCTION import_cql_keyspace(name text) RETURNS void LANGUAGE sql AS $$
  SELECT import_cql(format('DROP KEYSPACE IF EXISTS %I', name),
    format('CREATE KEYSPACE %I WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}', name)) $$;
CREATE SCHEMA import_here;

-- nothing there
IMPORT FOREIGN SCHEMA fdw_import_nowhere FROM SERVER import_cluster INTO import_here;
SELECT import_cql_keyspace('Fdw_Import');
IMPORT FOREIGN SCHEMA fdw_import FROM SERVER import_cluster INTO import_here;
IMPORT FOREIGN SCHEMA "Fdw_Imprt" FROM SERVER import_cluster INTO import_here;
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here;
SELECT * FROM import_show('import_here');

-- options
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here OPTIONS (import_view 'true');
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here OPTIONS (import_collate 'true', unlike_all 'x');
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here OPTIONS (unlike_all 'x');
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here OPTIONS (import_views 'maybe');
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here OPTIONS (import_not_null '');
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here OPTIONS (case 'upper');
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here OPTIONS (udt 'json');
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_here OPTIONS (case 'keep', case 'lower');

-- every type, alone and nested; pgvector, which is not in this database, has a test of its own
SELECT import_cql_keyspace('fdw_import');
SELECT import_cql(
  'CREATE TYPE fdw_import.address (street text, zip int)',
  'CREATE TYPE fdw_import.person (name text, home frozen<address>, "Phones" list<text>, marks map<text, frozen<address>>)',
  $$CREATE TABLE fdw_import.scalars (id int PRIMARY KEY, ti tinyint, si smallint, i int, bi bigint, vi varint, de decimal,
    f float, d double, bo boolean, te text, vc varchar, aa ascii, bl blob, uu uuid, tu timeuuid, ts timestamp, da date, tm time,
    du duration, ip inet, cu 'org.apache.cassandra.db.marshal.LexicalUUIDType')$$,
  $$CREATE TABLE fdw_import.collections (k1 frozen<list<int>>, k2 uuid, c1 timestamp, c2 frozen<map<text, int>>,
    z list<bigint>, y set<uuid>, m map<text, int>, t tuple<int, text>, u address, uf frozen<person>, lu list<frozen<person>>,
    ll list<frozen<list<int>>>, lm frozen<set<frozen<map<int, frozen<list<text>>>>>>, vd vector<double, 2>, vt vector<text, 2>,
    vf vector<float, 3>, lv list<frozen<vector<float, 2>>>, vv vector<frozen<set<int>>, 1>, lt list<frozen<tuple<int, int>>>,
    PRIMARY KEY ((k1, k2), c1, c2)) WITH CLUSTERING ORDER BY (c1 DESC, c2 ASC)$$,
  'CREATE TABLE fdw_import.counters (id int PRIMARY KEY, hits counter)',
  'CREATE TABLE fdw_import.statics (z int, y int, x int, b int, a int, s2 int static, s1 text static, PRIMARY KEY ((z, y), x))',
  'CREATE TABLE fdw_import.keys_only (b int, a int, PRIMARY KEY (b, a))',
  'CREATE TABLE fdw_import.compact_row (id int PRIMARY KEY, v int, "W" text) WITH COMPACT STORAGE',
  'CREATE TABLE fdw_import.compact_dense (id int, c int, v int, PRIMARY KEY (id, c)) WITH COMPACT STORAGE',
  'CREATE TABLE fdw_import.compact_keys (id int, c int, PRIMARY KEY (id, c)) WITH COMPACT STORAGE',
  'CREATE TABLE fdw_import.dropped (id int PRIMARY KEY, gone int, stays int, back int)',
  'ALTER TABLE fdw_import.dropped DROP gone',
  'ALTER TABLE fdw_import.dropped DROP back',
  'ALTER TABLE fdw_import.dropped ADD back int',
  $$CREATE MATERIALIZED VIEW fdw_import.by_b AS SELECT b, z, y, x, a FROM fdw_import.statics
    WHERE b IS NOT NULL AND z IS NOT NULL AND y IS NOT NULL AND x IS NOT NULL PRIMARY KEY (b, z, y, x)$$);
IMPORT FOREIGN SCHEMA fdw_import FROM SERVER import_cluster INTO import_here;
SELECT * FROM import_show('import_here');

\x on
INSERT INTO import_here.scalars (id, ti, si, i, bi, vi, de, f, d, bo, te, vc, aa, bl, uu, tu, ts, da, tm, du, ip, cu)
  VALUES (1, 1, 2, 3, 4, 5, 6.50, 7, 8, true, 'text', 'varchar', 'ascii', '\xcafe', '8ac6d1dc-fbeb-11e4-b939-0800200c9a66',
  '8ac6d1dc-fbeb-11e4-b939-0800200c9a66', '2024-02-29 12:34:56.789', '2024-02-29', '12:34:56', '1 mon 2 days', '10.0.0.1',
  '\x00112233445566778899aabbccddeeff');
SELECT * FROM import_here.scalars;
INSERT INTO import_here.collections (k1, k2, c1, c2, z, y, m, t, u, uf, lu, ll, lm, vd, vt, vv, lt, vf, lv)
  VALUES ('{1,2}', '8ac6d1dc-fbeb-11e4-b939-0800200c9a66', '2024-02-29', '{"a": 1}', '{2,1}', '{8ac6d1dc-fbeb-11e4-b939-0800200c9a66}',
  '{"x": 1}', '[1, "one"]', '{"street": "Main St", "zip": 1}',
  '{"name": "Ann", "home": {"zip": 2}, "Phones": ["1", "2"], "marks": {"m": {"zip": 3}}}', '[{"name": "Bob"}]',
  '[[1, 2], []]', '[{"1": ["a"]}]', '{1,2}', '{p,q}', '[[1, 2]]', '[[1, null]]', '{1,2,3}', '[[1, 2]]');
SELECT * FROM import_here.collections;
\x off
SELECT import_cql('UPDATE fdw_import.counters SET hits = hits + 5 WHERE id = 1');
SELECT * FROM import_here.counters;
INSERT INTO import_here.statics VALUES (1, 2, 3, 's', 4, 5, 6);
-- a partition of static columns only: planning must not take x for never null
INSERT INTO import_here.statics (z, y, s1) VALUES (8, 9, 'alone');
SELECT * FROM import_here.statics WHERE x IS NULL;
SELECT * FROM import_here.by_b;
INSERT INTO import_here.by_b VALUES (1, 1, 1, 1, 1);
INSERT INTO import_here.keys_only VALUES (1, 2);
SELECT * FROM import_here.keys_only;
INSERT INTO import_here.compact_row VALUES (1, 'w', 2);
UPDATE import_here.compact_row SET v = v + 1 WHERE id = 1;
INSERT INTO import_here.compact_row (id, v) VALUES (2, 3), (3, 4);
UPDATE import_here.compact_row SET "W" = '5' WHERE id = 2 AND v = 3;
DELETE FROM import_here.compact_row WHERE id = 3 OR v = 100;
SELECT * FROM import_here.compact_row ORDER BY id;
INSERT INTO import_here.compact_dense VALUES (1, 2, 3);
SELECT * FROM import_here.compact_dense WHERE id = 1;
INSERT INTO import_here.compact_keys VALUES (1, 2);
SELECT * FROM import_here.compact_keys;
INSERT INTO import_here.dropped VALUES (1, 2, 3);
SELECT * FROM import_here.dropped;

-- without views, without NOT NULL
CREATE SCHEMA import_bare;
IMPORT FOREIGN SCHEMA fdw_import EXCEPT (scalars, collections, compact_row, compact_dense, compact_keys, dropped)
  FROM SERVER import_cluster INTO import_bare OPTIONS (import_views 'false', import_not_null 'off', udt 'jsonb', case 'keep');
SELECT * FROM import_show('import_bare');
-- there already
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_bare;

-- user-defined types as composite types, in a schema of any name
CREATE SCHEMA "Import ""Types""";
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (collections) FROM SERVER import_cluster INTO "Import ""Types""" OPTIONS (udt 'composite');
SELECT import_cql(
  'CREATE TYPE fdw_import.statics ("select" int)',
  'CREATE TYPE fdw_import."STATICS_type" (a int)',
  'CREATE TYPE fdw_import."aType" (a frozen<statics>, "b ""q"" é" frozen<"STATICS_type">, c frozen<list<frozen<person>>>, d frozen<tuple<int, frozen<address>>>)',
  format('CREATE TYPE fdw_import.wide (a int, %I int)', repeat('x', 64)),
  'CREATE TYPE fdw_import.holder (a frozen<wide>)',
  'CREATE TABLE fdw_import.typed (id int PRIMARY KEY, a frozen<"aType">, s statics, st set<frozen<"STATICS_type">>, w frozen<wide>, h frozen<holder>)');
SELECT scylla_fdw_udt_types('import_cluster', 'fdw_import');
SET search_path = '';
SELECT public.scylla_fdw_udt_types('import_cluster', 'fdw_import');
RESET search_path;
SELECT count(*) FROM scylla_fdw_udt_types(NULL, 'fdw_import', NULL);
SELECT scylla_fdw_udt_types('import_cluster', 'fdw_import', 'Import "Types"') \gexec
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (collections, typed, statics) FROM SERVER import_cluster INTO "Import ""Types""" OPTIONS (udt 'composite');
SELECT * FROM import_show('"Import ""Types"""');
SET search_path = "Import ""Types""", public;
SELECT u, uf, lu FROM collections;
INSERT INTO collections (k1, k2, c1, c2, u, uf, lu) VALUES ('{3}', '8ac6d1dc-fbeb-11e4-b939-0800200c9a66', '2024-03-01', '{}', ('S', 7),
  ('Zoe', ('T', 8), '{1}', '{}'), ARRAY[('Abe', NULL, '{}', NULL)]::person[]);
SELECT (u).zip, (uf).home.street, (lu[1]).name, lu FROM collections WHERE k1 = '{3}' AND k2 = '8ac6d1dc-fbeb-11e4-b939-0800200c9a66';
INSERT INTO typed (id, a, h, s, st, w) VALUES (1, ROW(ROW(1), ROW(2), '{}', '[3, {"zip": 4}]'), ROW('{"a": 5}'), ROW(6), ARRAY[ROW(7)::"STATICS_type"], '{"a": 8}');
SELECT * FROM typed;
RESET search_path;
-- a composite type that is not what the cluster has
ALTER TYPE "Import ""Types""".address DROP ATTRIBUTE zip CASCADE;
DROP FOREIGN TABLE "Import ""Types""".collections;
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (collections) FROM SERVER import_cluster INTO "Import ""Types""" OPTIONS (udt 'composite');

-- names: cases, reserved words, quotes, what is too long, what clashes
SELECT import_cql(
  'CREATE TABLE "Fdw_Import".items (id int PRIMARY KEY, v int)',
  'CREATE TABLE "Fdw_Import"."Items" ("Id" int PRIMARY KEY, "V" int, v int)',
  'CREATE TABLE "Fdw_Import"."ORDERS" ("ID" int PRIMARY KEY, "TOTAL" int, "unitPrice" int)',
  'CREATE TABLE "Fdw_Import"."select" ("from" int, "user" int, "Where" text, PRIMARY KEY ("from", "user"))',
  $$CREATE TABLE "Fdw_Import".odd ("a b" int PRIMARY KEY, "q""uote" int, "it's" int, "back\slash" int, "źdźbło" int, "CTID" int, ctid int, xmin int, xmin_ int)$$,
  'CREATE TABLE "Fdw_Import".keyed ("ID" int PRIMARY KEY, id int)',
  'CREATE TABLE "Fdw_Import".two_keys (a int, "A" int, b int, "B" int, PRIMARY KEY (a, "A"))',
  format('CREATE TABLE "Fdw_Import".%1$s (id int PRIMARY KEY, "%2$sx" int, "%2$sxy" int, "%2$sż" int)', repeat('t', 63), repeat('ż', 31)),
  format('CREATE TABLE "Fdw_Import".%s (id int PRIMARY KEY)', repeat('t', 64)),
  format('CREATE TABLE "Fdw_Import".%s (id int PRIMARY KEY)', repeat('u', 70)));
SELECT import_cql(format('CREATE TABLE "Fdw_Import".wide (id int PRIMARY KEY, %s)', string_agg('c' || g || ' int', ', '))) FROM generate_series(1, 1600) g;
CREATE SCHEMA import_keep;
IMPORT FOREIGN SCHEMA "Fdw_Import" FROM SERVER import_cluster INTO import_keep;
SELECT * FROM import_show('import_keep');
CREATE SCHEMA import_lower;
ALTER SERVER import_cluster OPTIONS (ADD fetch_size '3');  -- many pages
IMPORT FOREIGN SCHEMA "Fdw_Import" EXCEPT (wide) FROM SERVER import_cluster INTO import_lower OPTIONS (case 'lower');
SELECT * FROM import_show('import_lower');
ALTER SERVER import_cluster OPTIONS (DROP fetch_size);
CREATE SCHEMA import_smart;
IMPORT FOREIGN SCHEMA "Fdw_Import" LIMIT TO ("Items", items, orders, "ORDERS", odd, missing, itmes)
  FROM SERVER import_cluster INTO import_smart OPTIONS (case 'smart');
SELECT * FROM import_show('import_smart');

-- each can be written and read at once
CREATE FUNCTION import_try(schema text) RETURNS TABLE (name text, written bigint, equal bigint) LANGUAGE plpgsql AS $$
DECLARE
  columns text;
  vals text;
BEGIN
  FOR name, columns, vals IN
    SELECT c.relname, string_agg(quote_ident(attname), ', ' ORDER BY attnum), string_agg(quote_literal(attnum), ', ' ORDER BY attnum)
      FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0
      WHERE relnamespace = schema::regnamespace AND relkind = 'f' GROUP BY c.relname ORDER BY c.relname COLLATE "C"
  LOOP
    EXECUTE format('INSERT INTO %I.%I (%s) VALUES (%s)', schema, name, columns, vals);
    GET DIAGNOSTICS written = ROW_COUNT;
    EXECUTE format('SELECT count(*) FROM %I.%I WHERE (%s) = (%s)', schema, name, columns, vals) INTO equal;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM import_try('import_keep');
SELECT * FROM import_try('import_lower');
SELECT * FROM import_try('import_smart');

-- what a cluster keeps for itself: only by name
SELECT import_cql('CREATE TABLE "Fdw_Import".items_scylla_cdc_log (id int PRIMARY KEY)', 'CREATE INDEX by_v ON "Fdw_Import".items (v)',
  'CREATE MATERIALIZED VIEW "Fdw_Import".by_v_index AS SELECT v, id FROM "Fdw_Import".items WHERE v IS NOT NULL AND id IS NOT NULL PRIMARY KEY (v, id)',
  'CREATE TABLE "Fdw_Import".other_scylla_cdc_log (id int PRIMARY KEY)',
  'CREATE MATERIALIZED VIEW "Fdw_Import".other_index AS SELECT v, id FROM "Fdw_Import".items WHERE v IS NOT NULL AND id IS NOT NULL PRIMARY KEY (v, id)');
CREATE SCHEMA import_helpers;
IMPORT FOREIGN SCHEMA "Fdw_Import" EXCEPT (items, "Items", "ORDERS", "select", odd, keyed, two_keys, wide,
    ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt, uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu)
  FROM SERVER import_cluster INTO import_helpers;
IMPORT FOREIGN SCHEMA "Fdw_Import" LIMIT TO (items_scylla_cdc_log, by_v_index) FROM SERVER import_cluster INTO import_helpers;
SELECT line FROM import_show('import_helpers') WHERE line LIKE '%:%';

-- the order of columns: a local table's, or those of the same names in a schema
CREATE SCHEMA "import_Local";
CREATE TABLE "import_Local".statics (b int, gone int, x int, extra int, s2 int, z int);
ALTER TABLE "import_Local".statics DROP COLUMN gone;
CREATE VIEW "import_Local".other AS SELECT 1 AS v, 2 AS id;
CREATE SCHEMA import_order;
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (statics, counters) FROM SERVER import_cluster INTO import_order OPTIONS (like '"import_Local"');
SELECT * FROM import_show('import_order');
DROP FOREIGN TABLE import_order.statics, import_order.counters;
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (compact_row) FROM SERVER import_cluster INTO import_order OPTIONS (column_order 'like', like '"import_Local".other');
SET search_path = "import_Local", public;
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (statics) FROM SERVER import_cluster INTO import_order OPTIONS (like 'statics');
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_order OPTIONS (column_order 'cluster');
RESET search_path;
SELECT * FROM import_show('import_order');
INSERT INTO import_order.statics SELECT 1, 2, 3, 4, 5, 'by position', 6 FROM generate_series(1, 1);
SELECT b, x, s2, z, y, s1, a FROM import_here.statics WHERE z = 4 AND y = 5;
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_bare OPTIONS (like 'nothing');
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_bare OPTIONS (like 'nowhere.nothing');
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters, statics) FROM SERVER import_cluster INTO import_bare OPTIONS (like '"import_Local".statics');
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_bare OPTIONS (like 'a.b.c');
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_bare OPTIONS (like '');
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_bare OPTIONS (column_order 'like');
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_bare OPTIONS (column_order 'cluster', like 'import_here');
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_bare OPTIONS (like 'import_here', like 'import_bare');

-- text in byte order: ranges are the cluster's
SELECT import_cql('CREATE TABLE "Fdw_Import".notes ("Who" text, at ascii, note text, body text, tags list<text>, PRIMARY KEY ("Who", note, at))');
CREATE SCHEMA import_keys;
IMPORT FOREIGN SCHEMA "Fdw_Import" LIMIT TO (notes, items) FROM SERVER import_cluster INTO import_order OPTIONS (collate 'all', case 'lower');
IMPORT FOREIGN SCHEMA "Fdw_Import" LIMIT TO (notes) FROM SERVER import_cluster INTO import_keys OPTIONS (collate 'keys');
SELECT n.nspname, attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relname = 'notes' AND attnum > 0 AND attcollation = '"C"'::regcollation ORDER BY nspname, attnum;
INSERT INTO import_keys.notes ("Who", note, at) VALUES ('me', 'a', '1'), ('me', 'Z', '2'), ('me', 'b', '3');
EXPLAIN (VERBOSE, COSTS OFF) SELECT note FROM import_keys.notes WHERE "Who" = 'me' AND note >= 'a' AND note < 'c' ORDER BY note;
SELECT note FROM import_keys.notes WHERE "Who" = 'me' AND note >= 'a' AND note < 'c' ORDER BY note;
IMPORT FOREIGN SCHEMA "Fdw_Import" LIMIT TO (notes) FROM SERVER import_cluster INTO import_keys OPTIONS (collate 'C');

-- follow the cluster's table: renamed, dropped, added, of another type
SELECT import_cql('CREATE TABLE fdw_import.follow (k int, c text, "C2" int, v int, gone int, t int, u frozen<address>, us list<frozen<person>>, PRIMARY KEY (k, c, "C2"))');
CREATE SCHEMA import_follow;
SELECT scylla_fdw_udt_types('import_cluster', 'fdw_import', 'import_follow') \gexec
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (follow, statics) FROM SERVER import_cluster INTO import_follow OPTIONS (udt 'composite', case 'lower');
ALTER FOREIGN TABLE import_follow.follow ADD COLUMN age int OPTIONS (ttl_of 'gone'), ADD COLUMN life int OPTIONS (write_ttl 'true'),
  ADD COLUMN since bigint OPTIONS (writetime_of 'v'), ALTER COLUMN v TYPE int[];
SELECT scylla_fdw_refresh('import_follow.follow');
SELECT import_cql('ALTER TABLE fdw_import.follow RENAME c TO "Seq"', 'ALTER TABLE fdw_import.follow RENAME "C2" TO "From"', 'ALTER TABLE fdw_import.follow DROP gone',
  'ALTER TABLE fdw_import.follow ADD "New one" map<text, int>',
  'ALTER TABLE fdw_import.follow ADD xmin int', 'ALTER TABLE fdw_import.follow ADD life address', 'ALTER TYPE fdw_import.address ADD country frozen<set<text>>');
SELECT scylla_fdw_refresh('import_follow.follow');
SELECT scylla_fdw_refresh('import_follow.follow') \gexec
SELECT scylla_fdw_refresh('import_follow.follow');
SELECT line FROM import_show('import_follow') WHERE line !~ 'dropped' LIMIT 14;
INSERT INTO import_follow.follow ("Seq", k, c2, v, t, "New one", xmin_, u, us) VALUES ('s', 1, 2, 2, 3, '{"a": 1}', 4, ('S', 7, '{CH}'),
  ARRAY[ROW('Zoe', ROW('T', 8, '{AT,IT}'), '{1}', '{}')]::import_follow.person[]);
SELECT k, "Seq", c2, t, u, us, v, "New one", xmin_ FROM import_follow.follow;
-- fields that were renamed keep their values: one of them beside an added one; one that is a type with an added one; of two it only warns
SELECT import_cql('ALTER TYPE fdw_import.address RENAME zip TO "Code"', 'ALTER TYPE fdw_import.address ADD area int',
  'ALTER TYPE fdw_import.person RENAME home TO house');
SELECT u FROM import_follow.follow;
SELECT scylla_fdw_refresh('import_follow.follow') \gexec
SELECT scylla_fdw_refresh('import_follow.follow');
SELECT u, (u)."Code", us, us[1].house FROM import_follow.follow;
UPDATE import_follow.follow SET u = ('S', 9, '{DE}', 5);
SELECT u FROM import_follow.follow;
SELECT import_cql('ALTER TYPE fdw_import.address RENAME "Code" TO a', 'ALTER TYPE fdw_import.address RENAME area TO b');
SELECT scylla_fdw_refresh('import_follow.follow');
SELECT import_cql('ALTER TYPE fdw_import.address RENAME a TO zip', 'ALTER TYPE fdw_import.address RENAME b TO area');
-- keys that cannot be told apart are dropped and added
SELECT import_cql('ALTER TABLE fdw_import.statics RENAME z TO a1', 'ALTER TABLE fdw_import.statics RENAME y TO a2');
SELECT scylla_fdw_refresh('import_follow.statics');
SELECT import_cql('ALTER TABLE fdw_import.statics RENAME a1 TO z', 'ALTER TABLE fdw_import.statics RENAME a2 TO y');
SELECT scylla_fdw_refresh('import_follow.statics');
SELECT 'import_follow.statics'::regclass::oid AS statics \gset
-- what is none, and what is gone
SELECT scylla_fdw_refresh('pg_class');
SELECT import_cql('DROP TABLE fdw_import.follow');
SELECT scylla_fdw_refresh('import_follow.follow');

-- rights: those of the mapping of who imports
CREATE ROLE import_role;
CREATE SCHEMA import_theirs AUTHORIZATION import_role;
SET ROLE import_role;
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_theirs;
SELECT scylla_fdw_udt_types('import_cluster', 'fdw_import', 'x');
SELECT scylla_fdw_refresh(:statics);
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER import_cluster TO import_role;
SET ROLE import_role;
\set VERBOSITY sqlstate
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_theirs;
\set VERBOSITY default
RESET ROLE;
CREATE USER MAPPING FOR import_role SERVER import_cluster OPTIONS (password_required 'false');
SET ROLE import_role;
IMPORT FOREIGN SCHEMA fdw_import LIMIT TO (counters) FROM SERVER import_cluster INTO import_theirs;
SELECT * FROM import_theirs.counters;
SELECT count(*) FROM scylla_fdw_udt_types('import_cluster', 'fdw_import', 'x');
RESET ROLE;

-- another encoding: what it lacks is left out
SELECT import_cql('CREATE TYPE "Fdw_Import"."typé" ("né" int)', 'CREATE TYPE "Fdw_Import"."typź" (a int)',
  'CREATE TABLE "Fdw_Import".latin (id int PRIMARY KEY, "né" int, "źdźbło" int, t frozen<"typé">, u frozen<"typź">)',
  'CREATE TABLE "Fdw_Import".no_latin ("ź" int PRIMARY KEY)');
SELECT current_database() AS here \gset
DROP DATABASE IF EXISTS import_latin1;
CREATE DATABASE import_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c import_latin1
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
CREATE EXTENSION scylla_fdw;
CREATE SERVER import_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER import_cluster;
SELECT scylla_fdw_udt_types('import_cluster', 'Fdw_Import') \gexec
IMPORT FOREIGN SCHEMA "Fdw_Import" LIMIT TO (latin, no_latin) FROM SERVER import_cluster INTO public OPTIONS (udt 'composite');
INSERT INTO latin VALUES (1, 2, ROW(3), '{"a": 4}');
SELECT * FROM latin;
\c :here
SET client_min_messages = warning;
DROP DATABASE import_latin1;

SELECT import_cql('DROP KEYSPACE fdw_import', 'DROP KEYSPACE "Fdw_Import"');
DROP SERVER import_cluster CASCADE;
DROP SCHEMA import_here, import_bare, "Import ""Types""", import_keep, import_lower, import_smart, import_helpers, import_theirs, import_order, import_keys, import_follow, "import_Local" CASCADE;
DROP FUNCTION import_cql, import_cql_keyspace, import_show, import_try;
DROP ROLE import_role;
