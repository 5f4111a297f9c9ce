-- Every CQL type: least, greatest, zero, empty, NULL; there and back, and what the cluster itself says it holds.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET scylla_fdw.warn_on_rollback = off;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
CREATE SERVER types_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER types_cluster;
SELECT scylla_fdw_execute('types_cluster', 'DROP KEYSPACE IF EXISTS fdw_types');
SELECT scylla_fdw_execute('types_cluster', 'CREATE KEYSPACE fdw_types WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('types_cluster', 'CREATE TYPE fdw_types.address (street text, zip int)');
SELECT scylla_fdw_execute('types_cluster', $$CREATE TABLE fdw_types.scalars (id int PRIMARY KEY,
  ti tinyint, si smallint, i int, bi bigint, vi varint, de decimal, f float, d double, bo boolean, te text, aa ascii,
  bl blob, uu uuid, tu timeuuid, ts timestamp, da date, tm time, du duration, ip inet)$$);
SELECT scylla_fdw_execute('types_cluster', $$CREATE TABLE fdw_types.collections (id int PRIMARY KEY,
  li list<int>, st set<text>, ma map<text, int>, nested map<int, frozen<list<text>>>, lf frozen<list<int>>,
  tp tuple<int, text, boolean>, ud address, uf frozen<address>, ve vector<float, 3>, vt vector<text, 2>,
  lu list<frozen<address>>)$$);

CREATE FOREIGN TABLE types_scalars (id int, ti smallint, si smallint, i int, bi bigint, vi numeric, de numeric, f real,
  d double precision, bo boolean, te text, asc_ text OPTIONS (column_name 'aa'), bl bytea, uu uuid, tu uuid,
  ts timestamptz, da date, tm time, du interval, ip inet)
  SERVER types_cluster OPTIONS (keyspace 'fdw_types', "table" 'scalars');
-- every column as text: CQL's own literals
CREATE FOREIGN TABLE types_literals (id int, ti text, si text, i text, bi text, vi text, de text, f text, d text, bo text,
  bl text, uu text, tu text, ts text, da text, tm text, du text, ip text)
  SERVER types_cluster OPTIONS (keyspace 'fdw_types', "table" 'scalars');

\x on
INSERT INTO types_scalars VALUES (1, -128, -32768, -2147483648, -9223372036854775808,
  -1234567890123456789012345678901234567890, -0.00000000000000000000000000000000000000001, '-3.4028235e38', '-1.7976931348623157e308',
  false, '', '', '', '00000000-0000-0000-0000-000000000000', '00000000-0000-1000-8000-000000000000',
  '4713-01-01 00:00:00 BC', '4713-01-01 BC', '00:00', '-178000000 years -2147483648 days', '0.0.0.0');
INSERT INTO types_scalars VALUES (2, 127, 32767, 2147483647, 9223372036854775807,
  1234567890123456789012345678901234567890, 1e200, '3.4028235e38', '1.7976931348623157e308', true, 'zażółć gęślą jaźń 🐘',
  'aZ', '\x00ff', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'ffffffff-ffff-1fff-bfff-ffffffffffff',
  '294276-12-31 23:59:59.999', '5874897-12-31', '23:59:59.999999', '178000000 years 2147483647 days 2562047:47:16.854775',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
INSERT INTO types_scalars VALUES (3, 0, 0, 0, 0, 0, 0, 0, 0, false, 'x', 'x', '\x00', '8ac6d1dc-fbeb-11e4-b939-0800200c9a66',
  '8ac6d1dc-fbeb-11e4-b939-0800200c9a66', 'epoch', 'epoch', '00:00', '0', '::1');
INSERT INTO types_scalars (id) VALUES (4);
INSERT INTO types_scalars (id, f, d, de, vi, ts, da, te, du) VALUES (5, 'NaN', '-0', 1.50, -1, '1969-12-31 23:59:59.999', '1969-12-31',
  'quote '' backslash \ tab', '1 mon 2 days 00:00:00.000003');
INSERT INTO types_scalars (id, f, d, de, ts) VALUES (6, 'Infinity', '-Infinity', -12345.678900, '2024-02-29 12:34:56.789999');
SELECT * FROM types_scalars ORDER BY id;
SELECT * FROM types_literals ORDER BY id;
\x off
SELECT q - 'd' - 'f' - 'de' AS json FROM scylla_fdw_query('types_cluster', 'SELECT * FROM fdw_types.scalars') q ORDER BY q -> 'id';
SELECT q FROM scylla_fdw_query('types_cluster', 'SELECT id, f, d, de FROM fdw_types.scalars WHERE id IN (3, 5, 6)') q ORDER BY q -> 'id';

-- text columns take CQL's literals
INSERT INTO types_literals (id, i, vi, d, bl, uu, du, ts) VALUES (7, '42', '-12345678901234567890', '1.5e3', '0xcafe',
  '8ac6d1dc-fbeb-11e4-b939-0800200c9a66', '1y2mo3d4h5m6s', '2024-02-29T12:34:56.789Z');
SELECT i, vi, d, bl, uu, du, ts FROM types_scalars WHERE id = 7;
INSERT INTO types_literals (id, i) VALUES (7, 'forty-two');

-- what would lose information is refused, and names the column
INSERT INTO types_scalars (id, ti) VALUES (9, 128);
INSERT INTO types_scalars (id, vi) VALUES (9, 1.5);
INSERT INTO types_scalars (id, de) VALUES (9, 'NaN');
INSERT INTO types_scalars (id, de) VALUES (9, 'Infinity');
INSERT INTO types_scalars (id, asc_) VALUES (9, 'ż');
INSERT INTO types_scalars (id, tu) VALUES (9, '8ac6d1dc-fbeb-41e4-b939-0800200c9a66');
INSERT INTO types_scalars (id, ts) VALUES (9, 'infinity');
INSERT INTO types_scalars (id, da) VALUES (9, '-infinity');
INSERT INTO types_scalars (id, tm) VALUES (9, '24:00');
INSERT INTO types_scalars (id, du) VALUES (9, '1 mon -1 day');
INSERT INTO types_scalars (id, ip) VALUES (9, '10.0.0.0/8');
SELECT count(*) FROM types_scalars WHERE id = 9;

-- values that other clients wrote
SELECT scylla_fdw_execute('types_cluster', $$INSERT INTO fdw_types.scalars (id, tm, i, ts) VALUES (10, '12:00:00.123456789', 1, 1)$$);
SELECT id, i, ts FROM types_scalars WHERE id = 10;
SELECT tm FROM types_scalars WHERE id = 10;
SELECT scylla_fdw_execute('types_cluster', $$INSERT INTO fdw_types.scalars (id, i, ip, uu, vi) VALUES (11, blobasint(0x), blobasinet(0x), blobasuuid(0x), blobasvarint(0x))$$);
SELECT i, ip, uu, vi FROM types_scalars WHERE id = 11;
SELECT scylla_fdw_execute('types_cluster', $$INSERT INTO fdw_types.scalars (id, te) VALUES (12, blobastext(0x6100))$$);
SELECT te FROM types_scalars WHERE id = 12;

-- other PostgreSQL types over the same columns
CREATE TYPE types_mood AS ENUM ('sad', 'happy');
CREATE DOMAIN types_positive AS int CHECK (VALUE > 0);
CREATE FOREIGN TABLE types_other (id int, i types_positive, bi int, te types_mood, ts timestamp, asc_ varchar(3) OPTIONS (column_name 'aa'),
  de numeric(6,2)) SERVER types_cluster OPTIONS (keyspace 'fdw_types', "table" 'scalars');
SET timezone = 'America/New_York';
INSERT INTO types_other VALUES (20, 5, 6, 'happy', '2024-03-10 02:30:00.5', 'abc', 1.25);
SELECT * FROM types_other WHERE id = 20;
SELECT i, bi, te, ts, asc_, de FROM types_scalars WHERE id = 20;
RESET timezone;
SET timezone = 'UTC';
INSERT INTO types_scalars (id, i, bi, te, asc_, de) VALUES (21, -5, 3000000000, 'angry', 'abcd', 1.255);
SELECT i FROM types_other WHERE id = 21;
SELECT bi FROM types_other WHERE id = 21;
SELECT te FROM types_other WHERE id = 21;
SELECT asc_ FROM types_other WHERE id = 21;
SELECT de FROM types_other WHERE id = 21;

-- collections
CREATE TYPE types_address AS (street text, zip int);
CREATE FOREIGN TABLE types_collections (id int, li int[], st text[], ma jsonb, nested jsonb, lf int[], tp jsonb,
  ud types_address, uf jsonb, ve real[], vt text[], lu jsonb)
  SERVER types_cluster OPTIONS (keyspace 'fdw_types', "table" 'collections');
CREATE FOREIGN TABLE types_as_json (id int, li jsonb, st jsonb, tp jsonb, ud jsonb, ve jsonb, vt jsonb)
  SERVER types_cluster OPTIONS (keyspace 'fdw_types', "table" 'collections');
CREATE FOREIGN TABLE types_as_text (id int, li text, st text, ma text, nested text, tp text, ud text, ve text, lu text)
  SERVER types_cluster OPTIONS (keyspace 'fdw_types', "table" 'collections');
\x on
INSERT INTO types_collections VALUES (1, '{3,1,2}', '{b,a,a}', '{"x": 1, "y": 2}', '{"1": ["a", "b"], "2": []}', '{1}',
  '[1, "two", null]', '("Main St",12345)', '{"street": "Side \"St\"", "zip": null}', '{1,-2.5,0}', '{a,bc}',
  '[{"street": "one", "zip": 1}, {"street": "two"}]');
INSERT INTO types_collections VALUES (2, '{}', '{}', '{}', '{}', '{}', '[null, null, null]', '(,)', '{}', '{0,0,0}', '{"",""}', '[]');
INSERT INTO types_collections (id) VALUES (3);
SELECT * FROM types_collections ORDER BY id;
SELECT * FROM types_as_json ORDER BY id;
SELECT * FROM types_as_text ORDER BY id;
\x off
INSERT INTO types_as_json VALUES (4, '[1, 2]', '["z"]', '[5, "x", true]', '{"zip": 7}', '[1, 2, 3]', '["p", "q"]');
INSERT INTO types_as_text (id, li, ma, tp, ud) VALUES (5, '[4, 5]', '{''k'': 1}', '(1, ''x'', true)', '{street: ''s'', zip: 2}');
SELECT li, st, ma, tp, ud, ve, vt FROM types_collections WHERE id IN (4, 5) ORDER BY id;
INSERT INTO types_collections (id, li) VALUES (9, '{1,NULL}');
INSERT INTO types_collections (id, li) VALUES (9, '{{1,2},{3,4}}');
INSERT INTO types_collections (id, ve) VALUES (9, '{1,2}');
INSERT INTO types_collections (id, ma) VALUES (9, '[1]');
INSERT INTO types_collections (id, ma) VALUES (9, '{"x": "y"}');
INSERT INTO types_collections (id, tp) VALUES (9, '[1, 2, 3, 4]');
INSERT INTO types_collections (id, uf) VALUES (9, '{"nope": 1}');
INSERT INTO types_as_text (id, li) VALUES (9, '[1, 2');

-- a user type gets a field, and one is renamed: a composite type may lack the fields behind its own
SELECT scylla_fdw_execute('types_cluster', 'ALTER TYPE fdw_types.address ADD country text');
SELECT ud FROM types_collections WHERE id = 1;
INSERT INTO types_collections (id, ud) VALUES (10, '("New St",7)');
INSERT INTO types_as_json (id, ud) VALUES (11, '{"street": "s", "country": "c"}');
SELECT c.id, c.ud, j.ud AS whole FROM types_collections c JOIN types_as_json j USING (id) WHERE id IN (1, 10, 11) ORDER BY id;
SELECT id FROM types_collections WHERE id IN (10, 11) AND (ud).zip = 7;
UPDATE types_collections SET ud = '("Other St",8)' WHERE id = 11;
SELECT ud FROM types_as_json WHERE id = 11;
SELECT scylla_fdw_execute('types_cluster', 'ALTER TYPE fdw_types.address RENAME zip TO code');
SELECT ud FROM types_collections WHERE id = 1;
INSERT INTO types_collections (id, ud) VALUES (12, '("New St",7)');

SELECT scylla_fdw_execute('types_cluster', 'DROP KEYSPACE fdw_types');
DROP SERVER types_cluster CASCADE;
DROP TYPE types_address, types_mood;
DROP DOMAIN types_positive;
