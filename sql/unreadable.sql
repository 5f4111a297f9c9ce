-- Rows with a value that cannot be decoded: they break what reads them, and the error names their key, so that they can be
-- changed or deleted.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET scylla_fdw.warn_on_rollback = off;
CREATE SERVER unread_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER unread_cluster;
SELECT scylla_fdw_execute('unread_cluster', cql) FROM unnest(ARRAY['DROP KEYSPACE IF EXISTS fdw_unread',
  'CREATE KEYSPACE fdw_unread WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}',
  'CREATE TABLE fdw_unread.amounts (p int, "C" text, d decimal, n int, s decimal static, PRIMARY KEY (p, "C"))']) cql;
CREATE FOREIGN TABLE unread_amounts (p int, c text OPTIONS (column_name 'C'), d numeric, n int)
  SERVER unread_cluster OPTIONS (keyspace 'fdw_unread', "table" 'amounts');
CREATE FOREIGN TABLE unread_texts (p int, c text OPTIONS (column_name 'C'), d text, n int, s text)
  SERVER unread_cluster OPTIONS (keyspace 'fdw_unread', "table" 'amounts');
CREATE FOREIGN TABLE unread_values (d numeric, n int)
  SERVER unread_cluster OPTIONS (keyspace 'fdw_unread', "table" 'amounts', fetch_size '2');
CREATE FOREIGN TABLE unread_json (p int, c text OPTIONS (column_name 'C'), d jsonb)
  SERVER unread_cluster OPTIONS (keyspace 'fdw_unread', "table" 'amounts');
CREATE FOREIGN TABLE unread_statics (p int, s numeric) SERVER unread_cluster OPTIONS (keyspace 'fdw_unread', "table" 'amounts');
INSERT INTO unread_texts SELECT p, chr(96 + c), p || '.' || c, c FROM generate_series(1, 3) p, generate_series(1, 7) c;
INSERT INTO unread_texts VALUES (2, 'it''s', '1E+1000000000', 8);

-- as text, it comes back
SELECT d FROM unread_texts WHERE p = 2 AND n = 8;
SELECT d, jsonb_typeof(d) FROM unread_json WHERE p = 2 AND c >= 'f' ORDER BY c;
INSERT INTO unread_texts SELECT p, c, d, n FROM unread_texts WHERE p = 2 AND n = 8;
SELECT d FROM unread_texts WHERE p = 2 AND n = 8;

-- scans: with the key, with a part of it, without any of it, on a page behind the first, merged, in a cursor, read ahead
SELECT * FROM unread_amounts;
SELECT c, d FROM unread_amounts WHERE p = 2;
SELECT sum(d * 1.0) FROM unread_amounts;
SELECT d FROM unread_values;
SELECT d FROM unread_values UNION ALL SELECT d FROM unread_amounts WHERE p = 1;
SELECT d FROM unread_amounts WHERE p IN (1, 2, 3) ORDER BY c;
SELECT d FROM unread_amounts WHERE p = 2 ORDER BY c DESC LIMIT 3;
BEGIN;
DECLARE cur CURSOR FOR SELECT d FROM unread_amounts WHERE p = 2 ORDER BY c;
FETCH 2 FROM cur;
INSERT INTO unread_amounts VALUES (4, 'a', 1, 1);
ROLLBACK;
-- joins
SELECT v.p, a.d FROM (VALUES (1), (2)) v(p) JOIN unread_amounts a ON a.p = v.p;
EXPLAIN (COSTS OFF) SELECT v.p, a.d FROM (VALUES (1), (2)) v(p) JOIN unread_amounts a ON a.p = v.p;
-- aggregates
SELECT max(d) FROM unread_amounts WHERE p = 2;
SELECT p, max(d) FROM unread_amounts GROUP BY p;
SELECT max(d) FROM unread_amounts WHERE p IN (1, 2) GROUP BY p;
-- ANALYZE, RETURNING
ANALYZE unread_amounts;
ANALYZE unread_values;
UPDATE unread_amounts SET n = 80 WHERE n = 8 RETURNING d;
DELETE FROM unread_amounts WHERE p = 2 RETURNING p;
SELECT count(*) FROM unread_amounts WHERE p = 2;
-- an error that is caught leaves the session as it is
DO $$
DECLARE
  told text;
BEGIN
  PERFORM d FROM unread_values;
EXCEPTION WHEN numeric_value_out_of_range THEN
  GET STACKED DIAGNOSTICS told = PG_EXCEPTION_CONTEXT;
  RAISE WARNING '%', split_part(told, E'\n', 1);
END $$;
SELECT count(n) FROM unread_values;
-- a function that the column's domain calls: its own lines come first
CREATE FUNCTION unread_small(n int) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
  IF n = 8 THEN RAISE WARNING 'looked at'; END IF;
  RETURN 1 / (8 - n) IS NOT NULL;
END $$;
CREATE DOMAIN unread_n AS int CHECK (unread_small(VALUE));
CREATE FOREIGN TABLE unread_checked (n unread_n) SERVER unread_cluster OPTIONS (keyspace 'fdw_unread', "table" 'amounts');
SELECT count(n) FROM (SELECT n FROM unread_checked OFFSET 0) c;
-- static columns, of partitions that are told apart by less
INSERT INTO unread_texts (p, c, s) VALUES (3, 'a', '1E-20000');
SELECT DISTINCT p, s FROM unread_statics;
SELECT s FROM unread_statics WHERE p = 3;

-- what the message named can be deleted, or changed
DELETE FROM unread_amounts WHERE p = 2 AND c = 'it''s';
UPDATE unread_texts SET s = NULL WHERE (p, c) = (3, 'a');
SELECT count(*), sum(d * 1.0) FROM unread_amounts WHERE p = 2;
SELECT count(s) FROM unread_statics;

-- a key that is what cannot be decoded is shown as its bytes
SELECT scylla_fdw_execute('unread_cluster', 'INSERT INTO fdw_unread.amounts (p, "C", n) VALUES (7, blobastext(0x6100), 1)');
SELECT n, c FROM unread_amounts WHERE p = 7;
SELECT scylla_fdw_execute('unread_cluster', 'DELETE FROM fdw_unread.amounts WHERE p = 7 AND "C" = blobastext(0x6100)');
SELECT count(*) FROM unread_amounts WHERE p = 7;

SELECT scylla_fdw_execute('unread_cluster', 'DROP KEYSPACE fdw_unread');
DROP SERVER unread_cluster CASCADE;
DROP DOMAIN unread_n;
DROP FUNCTION unread_small;
