-- Which conditions and orders the cluster is asked for, which stay in PostgreSQL and why; and that the rows are right.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
SET timezone = 'UTC';
\pset format unaligned
\pset tuples_only
CREATE SERVER push_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000');
CREATE USER MAPPING FOR CURRENT_USER SERVER push_cluster;
CREATE FUNCTION push_cql(cql text) RETURNS void LANGUAGE sql AS $$SELECT scylla_fdw_execute('push_cluster', cql)$$;
SELECT push_cql(cql) FROM unnest(ARRAY[
  'DROP KEYSPACE IF EXISTS fdw_push',
  $$CREATE KEYSPACE fdw_push WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}$$,
  'CREATE TABLE fdw_push.one (k bigint PRIMARY KEY, v int)',
  'CREATE TABLE fdw_push.rows (p int, q text, c int, d bigint, e int, v int, PRIMARY KEY ((p, q), c, d, e)) WITH CLUSTERING ORDER BY (c ASC, d DESC, e ASC)',
  'CREATE TABLE fdw_push.times (p int, t timestamp, n timestamp, PRIMARY KEY (p, t)) WITH CLUSTERING ORDER BY (t DESC)',
  'CREATE TABLE fdw_push.numbers (p int, d decimal, n varint, s smallint, PRIMARY KEY (p, n, d, s))',
  'CREATE TABLE fdw_push.amounts (d decimal PRIMARY KEY, v int)',
  'CREATE TABLE fdw_push.texts (p text, c text, l text, PRIMARY KEY (p, c))',
  'CREATE TABLE fdw_push.ids (u uuid, t timeuuid, i inet, b boolean, a ascii, x blob, PRIMARY KEY ((u, b), t, i))',
  'CREATE TABLE fdw_push.flags (b boolean, c boolean, d date, t time, PRIMARY KEY (b, c, d, t))',
  'CREATE TABLE fdw_push.others (k int PRIMARY KEY, f double, e text, n int, c text, i int, l list<int>, w text)',
  'CREATE TABLE fdw_push.statics (p int, c int, s int static, v int, PRIMARY KEY (p, c))',
  'CREATE TABLE fdw_push.second (p int, q int, c int, v int, d decimal, s int static, PRIMARY KEY ((p, q), c))',
  'CREATE INDEX ON fdw_push.second (v)', 'CREATE INDEX ON fdw_push.second (d)', 'CREATE INDEX ON fdw_push.second (s)', 'CREATE INDEX ON fdw_push.second (q)',
  'CREATE TABLE fdw_push.sai (p int, c int, v int, t text, n text, b boolean, d date, i inet, PRIMARY KEY (p, c))',
  $$CREATE INDEX ON fdw_push.sai (v) USING 'sai'$$, $$CREATE INDEX ON fdw_push.sai (t) USING 'sai'$$, $$CREATE INDEX ON fdw_push.sai (b) USING 'sai'$$,
  $$CREATE INDEX ON fdw_push.sai (d) USING 'sai'$$, $$CREATE INDEX ON fdw_push.sai (i) USING 'sai'$$, $$CREATE INDEX ON fdw_push.sai (n) USING 'sai' WITH OPTIONS = {'case_sensitive': 'false'}$$,
  'CREATE TABLE fdw_push."Mixed" ("Key" int, "a b" int, "Val" text, PRIMARY KEY ("Key", "a b"))']) cql \g /dev/null

-- the same tables twice: foreign ones in push_f, local copies in push_l
CREATE SCHEMA push_f;
CREATE SCHEMA push_l;
CREATE TYPE push_mood AS ENUM ('sad', 'ok');
CREATE DOMAIN push_small AS int CHECK (VALUE < 1000);
SET search_path = push_l, public;
CREATE TABLE one AS SELECT g::bigint AS k, g % 5 AS v FROM generate_series(-3, 30) g;
CREATE TABLE rows AS SELECT p, chr(97 + p) AS q, c, d::bigint, e, p * c + e AS v
  FROM generate_series(0, 3) p, generate_series(1, 5) c, generate_series(1, 4) d, generate_series(1, 2) e;
CREATE TABLE times AS SELECT 1 AS p, timestamptz '1970-01-01 00:00:00+00' + g * interval '1 ms' AS t, timestamp '1969-12-31 23:59:59.999' + g * interval '1 ms' AS n
  FROM generate_series(-3, 3) g;
CREATE TABLE numbers AS SELECT 1 AS p, d / 2.0 AS d, n::numeric, s::smallint FROM generate_series(-2, 2) d, generate_series(-2, 2) n, generate_series(-1, 1) s;
CREATE TABLE amounts (d numeric, v int);
INSERT INTO amounts VALUES (1.0, 1), (1.00, 2), (2, 3);
CREATE TABLE texts (p text COLLATE "C", c text COLLATE "C", l text COLLATE "C.utf8");
INSERT INTO texts SELECT 'p', c, c FROM unnest('{"",a,A,b,B,é,Z,｡,😀}'::text[]) c;
CREATE TABLE ids (u uuid, t uuid, i inet, b boolean, a text, x bytea);
INSERT INTO ids VALUES
  ('00000000-0000-4000-8000-000000000000', '00000000-0000-1000-8000-000000000000', '1.2.3.4', true, 'a', '\x00'),
  ('00000000-0000-4000-8000-000000000000', '00000000-0000-1000-8000-000000000001', '::ffff:1.2.3.4', true, '', '\x'),
  ('00000000-0000-4000-8000-000000000000', '00000000-0000-1000-8000-000000000001', '::1', false, 'b', '\xff');
CREATE TABLE flags AS SELECT b, c, date '2024-02-28' + d AS d, time '00:00' + t * interval '6 hours' AS t
  FROM unnest('{t,f}'::bool[]) b, unnest('{t,f}'::bool[]) c, generate_series(0, 2) d, generate_series(0, 3) t;
CREATE TABLE others (k int, f double precision, e push_mood, n push_small, c char(5), i numeric, l int[], w varchar(10) COLLATE "C");
INSERT INTO others VALUES (1, -0.0, 'sad', 1, 'a', 1, '{1}', 'a'), (2, 0, 'ok', 2, 'b', 2, '{2}', 'b'), (3, 'NaN', NULL, 3, NULL, 3, NULL, NULL);
CREATE TABLE statics (p int, c int, s int, v int);
INSERT INTO statics VALUES (1, 1, 10, 1), (1, 2, 10, 2), (2, 1, NULL, 3);
CREATE TABLE second AS SELECT g % 3 AS p, g % 2 AS q, g AS c, g % 4 AS v, CASE g % 3 WHEN 0 THEN 1.0 WHEN 1 THEN 1.00 ELSE 2 END AS d, g % 6 AS s FROM generate_series(1, 40) g;
CREATE TABLE sai AS SELECT g % 3 AS p, g AS c, g % 7 AS v, chr(97 + g % 3) AS t, CASE g % 3 WHEN 0 THEN 'A' WHEN 1 THEN 'a' END AS n, g % 2 = 0 AS b, date '2024-01-01' + g AS d,
  CASE g % 2 WHEN 0 THEN inet '1.2.3.4' ELSE '::ffff:1.2.3.4' END AS i FROM generate_series(1, 40) g;
CREATE TABLE mixed AS SELECT g % 3 AS "Key", g AS second, 'v' || g AS "Val" FROM generate_series(1, 20) g;

CREATE TABLE public.push_o AS SELECT g AS id, g % 4 AS p, chr(97 + g % 5) AS q, (g % 3)::bigint AS k FROM generate_series(1, 12) g;
ANALYZE public.push_o;
SET search_path = push_f, public;
CREATE FOREIGN TABLE one (k bigint, v int) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE rows (p int, q text, c int, d bigint, e int, v int) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE times (p int, t timestamptz, n timestamp) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE numbers (p int, d numeric, n numeric, s smallint) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE amounts (d numeric, v int) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE texts (p text COLLATE "C", c text COLLATE "C", l text COLLATE "C.utf8") SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE ids (u uuid, t uuid, i inet, b boolean, a text, x bytea) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE flags (b boolean, c boolean, d date, t time) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE others (k int, f double precision, e push_mood, n push_small, c char(5), i numeric, l int[], w varchar(10) COLLATE "C")
  SERVER push_cluster OPTIONS (keyspace 'fdw_push', allow_filtering 'true');
CREATE FOREIGN TABLE statics (p int, c int, s int, v int) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE second (p int, q int, c int, v int, d numeric, s int) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE sai (p int, c int, v int, t text, n text, b boolean, d date, i inet) SERVER push_cluster OPTIONS (keyspace 'fdw_push');
CREATE FOREIGN TABLE mixed ("Val" text, second int OPTIONS (column_name 'a b'), unknown int, "Key" int) SERVER push_cluster OPTIONS (keyspace 'fdw_push', "table" 'Mixed');
SELECT set_config('search_path', 'push_f, public', false) \g /dev/null
INSERT INTO one SELECT * FROM push_l.one;
INSERT INTO rows SELECT * FROM push_l.rows;
INSERT INTO times SELECT * FROM push_l.times;
INSERT INTO numbers SELECT * FROM push_l.numbers;
INSERT INTO amounts SELECT * FROM push_l.amounts;
INSERT INTO texts SELECT * FROM push_l.texts;
INSERT INTO ids SELECT * FROM push_l.ids;
INSERT INTO flags SELECT * FROM push_l.flags;
INSERT INTO others SELECT * FROM push_l.others;
INSERT INTO statics SELECT * FROM push_l.statics;
INSERT INTO second SELECT * FROM push_l.second;
UPDATE push_l.second a SET s = (SELECT b.s FROM push_l.second b WHERE b.p = a.p AND b.q = a.q ORDER BY b.c DESC LIMIT 1);
INSERT INTO sai SELECT * FROM push_l.sai;
INSERT INTO mixed ("Key", second, "Val") SELECT * FROM push_l.mixed;
INSERT INTO push_l.statics VALUES (3, NULL, 30, NULL);
SELECT push_cql('INSERT INTO fdw_push.statics (p, s) VALUES (3, 30)') \g /dev/null
RESET search_path;

-- What the cluster is asked for, what stays, and the rows, in order if the query has one, compared with the copy's.
CREATE FUNCTION push(q text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  f text[];
  l text[];
  aggregate text := 'SELECT array_agg(r::text' || CASE WHEN q ~ 'ORDER BY' THEN '' ELSE ' ORDER BY r::text COLLATE "C"' END || ') FROM (%s) r';
BEGIN
  PERFORM set_config('search_path', 'push_l, public', true);
  EXECUTE format(aggregate, q) INTO l;
  PERFORM set_config('search_path', 'push_f, public', true);
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || q LOOP
    IF line ~ '(CQL|Filter|Sort Key|Local Filter Reason): |One-Time Filter: ' THEN
      RETURN NEXT btrim(line);
    END IF;
  END LOOP;
  EXECUTE format(aggregate, q) INTO f;
  RETURN NEXT CASE WHEN f IS DISTINCT FROM l THEN format('DIFFERENT: %s, copy: %s', f, l) ELSE coalesce(cardinality(f), 0) || ' rows, as the copy has' END;
END $$;
SELECT push('SELECT * FROM ' || t) FROM unnest('{one,rows,times,numbers,texts,ids,flags,statics,second,sai}'::text[]) t;

-- the partition key: equality, from either side, of other types, beyond them
SELECT push($$SELECT * FROM one WHERE k = 5$$);
SELECT push($$SELECT v FROM one WHERE 5::smallint = k$$);
SELECT count(*) FROM push_f.one WHERE k = 5 AND k = 6;
SELECT push($$SELECT * FROM one WHERE k = 5 AND k = 5$$);
SELECT push($$SELECT * FROM one WHERE k = 5 AND v = 0$$);
SELECT push($$SELECT * FROM one WHERE k = NULL$$);
SELECT push($$SELECT * FROM one WHERE k = 5 AND false$$);
SELECT push($$SELECT * FROM rows WHERE p = 3000000000 AND q = 'a'$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b'$$);
-- lists
SELECT push($$SELECT * FROM one WHERE k IN (1, 3, 4, 3, 1000)$$);
SELECT push($$SELECT * FROM one WHERE k = ANY ('{1,NULL,2,2}'::int[])$$);
SELECT push($$SELECT * FROM one WHERE k = ANY ('{1,2}'::smallint[])$$);
SELECT push($$SELECT * FROM one WHERE k = ANY ('{}'::bigint[])$$);
SELECT push($$SELECT * FROM one WHERE k = ANY (NULL::bigint[])$$);
SELECT push($$SELECT * FROM one WHERE k = ANY ('{{1,2},{3,NULL}}'::bigint[])$$);
SELECT push($$SELECT * FROM one WHERE k IN (1, 2) AND k IN (2, 3)$$);
SELECT push($$SELECT * FROM one WHERE k IN (1, 2) AND k = 2$$);
SELECT push($$SELECT * FROM rows WHERE p IN (1, 2, 7, 3000000000) AND q = 'b'$$);
SELECT push($$SELECT * FROM rows WHERE p IN (1, 2) AND q IN ('b', 'c') AND c IN (1, 5)$$);
-- what is no condition on the key
SELECT push($$SELECT * FROM rows WHERE p = 1$$);
SELECT push($$SELECT * FROM one WHERE k > 25$$);
SELECT push($$SELECT * FROM one WHERE k <> 5 AND v = 1$$);
SELECT k FROM push_f.one WHERE k NOT IN (SELECT v FROM push_f.one) AND k BETWEEN 0 AND 5;
SELECT push($$SELECT * FROM one WHERE k NOT IN (1, 2) AND v = 1$$);
SELECT push($$SELECT * FROM one WHERE k = 1 OR k = -1$$);
SELECT push($$SELECT * FROM one WHERE k = 1 OR v = 2$$);
SELECT push($$SELECT * FROM one WHERE k IS NULL$$);
SELECT push($$SELECT * FROM one WHERE v IS NOT NULL AND abs(k) = 3$$);
SELECT push($$SELECT * FROM one WHERE k = v$$);
SELECT push($$SELECT * FROM one WHERE k = 5.0$$);
SELECT push($$SELECT * FROM one WHERE k = 5::float8$$);
SELECT push($$SELECT * FROM one WHERE k IS NOT DISTINCT FROM 5$$);

-- clustering columns: a prefix by = and IN, then a range
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c = 2$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c = 2 AND d = 3 AND e = 1$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c IN (1, 2, 2) AND d IN (3, 1) AND e > 1$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c > 2$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND 2 < c AND 4 >= c$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c BETWEEN 2 AND 3 AND d = 4$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c > 2 AND c > 3$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c > 3 AND c < 2$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c = 3 AND c < 2$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND d > 2$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c = 1 AND e = 2$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND (c, d) > (2, 3)$$);
SELECT push($$SELECT * FROM rows WHERE (p, q, c) = (1, 'b', 2)$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c < 3000000000 AND c > -3000000000$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c > 3000000000$$);
SELECT push($$SELECT * FROM rows WHERE c = 1$$);

-- timestamps: CQL has milliseconds
SELECT push($$SELECT * FROM times WHERE p = 1 AND t = '1970-01-01 00:00:00.001+00'$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t = '1970-01-01 00:00:00.0011+00'$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t > '1970-01-01 00:00:00.0011+00'$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t >= '1970-01-01 00:00:00.0011+00'$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t < '1969-12-31 23:59:59.9991+00'$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t <= '1969-12-31 23:59:59.9991+00'$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t < 'infinity' AND t > '-infinity'$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t > 'infinity'$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t IN ('infinity', '1970-01-01 00:00:00+00', '1970-01-01 00:00:00.0001+00')$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t > timestamp '1970-01-01 00:00:00'$$);
-- numbers without end, fractions, NaN
SELECT push($$SELECT * FROM numbers WHERE p = 1 AND n = 1.0$$);
SELECT push($$SELECT * FROM numbers WHERE p = 1 AND n = 0.5$$);
SELECT push($$SELECT * FROM numbers WHERE p = 1 AND n > -0.5 AND n <= 1.5$$);
SELECT push($$SELECT * FROM numbers WHERE p = 1 AND n < 'NaN' AND n >= '-Infinity'$$);
SELECT push($$SELECT * FROM numbers WHERE p = 1 AND n = 1 AND d < 'Infinity' AND d > '-Infinity'$$);
SELECT push($$SELECT * FROM numbers WHERE p = 1 AND n IN ('NaN', 0, 1.0, 1.00) AND d IN (0.5, 0.50, 0.500)$$);
SELECT push($$SELECT * FROM numbers WHERE p = 1 AND n = 1 AND d = 1 AND s < 100000$$);
SELECT push($$SELECT * FROM numbers WHERE p = 1 AND n = 1 AND d < 1e131071 AND d > -1e131071$$);
SELECT push($$SELECT v FROM amounts WHERE d = 1$$);
-- texts
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND c > 'B' AND c <= 'é'$$);
SELECT push($$SELECT * FROM texts WHERE p = '' AND c = ''$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND c = ''$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND c COLLATE "C.utf8" > 'B'$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND c = 'a' COLLATE "C.utf8"$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND c = 'a'::varchar$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND c = 'a  '::char(3)$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND c = 'a'::name$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND c LIKE 'a%'$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' AND upper(c) = 'A'$$);
-- uuid and inet: = alone
SELECT push($$SELECT * FROM ids WHERE u = '00000000-0000-4000-8000-000000000000' AND b AND t = '00000000-0000-1000-8000-000000000001' AND i = '::ffff:1.2.3.4'$$);
SELECT push($$SELECT * FROM ids WHERE u = '00000000-0000-4000-8000-000000000000' AND NOT b AND t > '00000000-0000-1000-8000-000000000000'$$);
SELECT push($$SELECT * FROM ids WHERE u = '00000000-0000-4000-8000-000000000000' AND b AND t IN ('00000000-0000-4000-8000-000000000000', '00000000-0000-1000-8000-000000000001') AND i < '2.0.0.0'$$);
SELECT push($$SELECT * FROM ids WHERE u = '00000000-0000-4000-8000-000000000000' AND b = true AND t = '00000000-0000-1000-8000-000000000000' AND i = '1.2.3.0/24'$$);
SELECT push($$SELECT * FROM ids WHERE u = '00000000-0000-4000-8000-000000000000' AND b IS TRUE$$);
-- booleans, dates, times
SELECT push($$SELECT * FROM flags WHERE b AND NOT c AND d >= '2024-02-29' AND d < 'infinity'$$);
SELECT push($$SELECT * FROM flags WHERE NOT b AND c > false AND d = '2024-02-29'$$);
SELECT push($$SELECT * FROM flags WHERE b <> true AND c AND d = '2024-02-28' AND t > '06:00' AND t <= '24:00'$$);
SELECT push($$SELECT * FROM flags WHERE b IS NOT FALSE AND c$$);
SELECT push($$SELECT * FROM flags WHERE b AND c AND d = timestamp '2024-02-29'$$);

-- allow_filtering, and what never goes there
SELECT push($$SELECT * FROM others WHERE f = 0$$);
SELECT push($$SELECT * FROM others WHERE e = 'sad'$$);
SELECT push($$SELECT * FROM others WHERE c = 'a'$$);
SELECT push($$SELECT * FROM others WHERE i = 1$$);
SELECT push($$SELECT * FROM others WHERE l = '{1}'$$);
SELECT push($$SELECT * FROM others WHERE n = 2 AND w >= 'b'$$);
SELECT push($$SELECT * FROM others WHERE n < 3000000000 AND w IN ('a', 'b')$$);
SELECT push($$SELECT * FROM others WHERE w < 'b' AND w < 'c' AND w > ''$$);
SELECT push($$SELECT * FROM others WHERE k > 1 AND w = 'b'$$);
ALTER SERVER push_cluster OPTIONS (ADD allow_filtering 'true');
SELECT push($$SELECT * FROM rows WHERE p = 1 AND d > 2 AND v = 3$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND e = 1 AND v > 3 ORDER BY c DESC, d, e$$);
SELECT push($$SELECT * FROM rows WHERE p IN (1, 2) AND q = 'b' AND c > 3 AND e = 1$$);
SELECT push($$SELECT * FROM amounts WHERE d = 1$$);
ALTER FOREIGN TABLE push_f.rows OPTIONS (ADD allow_filtering 'false');
SELECT push($$SELECT * FROM rows WHERE p = 1 AND d > 2 AND v = 3$$);
ALTER FOREIGN TABLE push_f.rows OPTIONS (DROP allow_filtering);
ALTER SERVER push_cluster OPTIONS (DROP allow_filtering);

-- indexes
SELECT push($$SELECT * FROM second WHERE v = 2$$);
SELECT push($$SELECT * FROM second WHERE v = 2 AND q = 1$$);
SELECT push($$SELECT * FROM second WHERE v > 2$$);
SELECT push($$SELECT * FROM second WHERE v IN (1, 2)$$);
SELECT push($$SELECT * FROM second WHERE d = 1$$);
SELECT push($$SELECT p, s FROM second WHERE s = 4$$);
SELECT push($$SELECT * FROM second WHERE p = 1 AND q = 1 AND v = 2 ORDER BY c$$);
ALTER FOREIGN TABLE push_f.second OPTIONS (ADD allow_filtering 'true');
SELECT push($$SELECT * FROM second WHERE p = 1 AND q = 1 AND v = 3 ORDER BY c$$);
SELECT push($$SELECT * FROM second WHERE p = 1 AND q = 1 AND d = 1$$);
SELECT push($$SELECT * FROM second WHERE p = 1 AND q = 1 AND s = 1 AND c > 10$$);
SELECT push($$SELECT * FROM second WHERE s = 4 AND c > 10$$);
SELECT push($$SELECT * FROM second WHERE v = 2 AND d > 1 AND c > 10$$);
SELECT push($$SELECT * FROM sai WHERE v > 2 AND v < 5 AND t = 'a'$$);
SELECT push($$SELECT * FROM sai WHERE d BETWEEN '2024-01-05' AND '2024-01-07' AND b$$);
SELECT push($$SELECT * FROM sai WHERE v = 2 AND c > 10$$);
SELECT push($$SELECT * FROM sai WHERE t > 'a'$$);
SELECT push($$SELECT * FROM sai WHERE b > false$$);
SELECT push($$SELECT * FROM sai WHERE n = 'a'$$);
SELECT push($$SELECT * FROM sai WHERE p = 1 AND c > 5 ORDER BY c DESC$$);
SELECT push($$SELECT * FROM sai WHERE i = '1.2.3.4'$$);
ALTER FOREIGN TABLE push_f.sai OPTIONS (ADD allow_filtering 'true');
SELECT push($$SELECT * FROM sai WHERE t > 'a' AND v = 2$$);
SELECT push($$SELECT * FROM sai WHERE n = 'a' AND v = 2$$);
SELECT push($$SELECT * FROM sai WHERE p = 1 AND v > 2 ORDER BY c$$);

-- order
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' ORDER BY c, d DESC, e$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' ORDER BY c DESC, d, e DESC$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' ORDER BY c NULLS FIRST, d DESC NULLS LAST, e$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c = 2 ORDER BY d, e DESC$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c = 2 ORDER BY p, c, d DESC, e$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' ORDER BY c, d, e$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' ORDER BY d, c, e$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' ORDER BY v, c, d, e$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' ORDER BY c + 0, c, d, e$$);
SELECT push($$SELECT * FROM rows ORDER BY p, q, c, d, e$$);
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND v > 3 ORDER BY c, d DESC, e$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' ORDER BY c$$);
SELECT push($$SELECT * FROM texts WHERE p = 'p' ORDER BY c COLLATE "C.utf8" DESC$$);
SELECT push($$SELECT * FROM ids WHERE u = '00000000-0000-4000-8000-000000000000' AND b ORDER BY t, i$$);
SELECT push($$SELECT * FROM times WHERE p = 1 ORDER BY t$$);
SELECT push($$SELECT * FROM numbers WHERE p = 1 ORDER BY n DESC, d DESC, s DESC$$);
SELECT push($$SELECT * FROM statics WHERE p = 3 ORDER BY c DESC NULLS LAST$$);
SELECT push($$SELECT DISTINCT c FROM rows WHERE p = 1 AND q = 'b' ORDER BY c$$);

-- what the option leaves to the cluster; a table's beats the server's
ALTER SERVER push_cluster OPTIONS (ADD pushdown 'none');
SELECT push($$SELECT * FROM rows WHERE p = 1 AND q = 'b' AND c = 2 ORDER BY d DESC, e$$);
SELECT push($$SELECT * FROM second WHERE v = 2$$);
SELECT push($$SELECT * FROM sai WHERE v > 2 AND t = 'a'$$);
SELECT push($$SELECT count(*) FROM one$$);
SELECT push($$SELECT p, q, count(*) FROM rows GROUP BY p, q$$);
SELECT push($$SELECT DISTINCT p, q FROM rows$$);
ALTER FOREIGN TABLE push_f.rows OPTIONS (ADD pushdown 'keys , aggregates');
ALTER FOREIGN TABLE push_f.sai OPTIONS (ADD pushdown 'keys,filtering');
ALTER FOREIGN TABLE push_f.second OPTIONS (ADD pushdown 'indexes');
SELECT push($$SELECT p, q, count(*) FROM rows WHERE p = 1 AND q = 'b' AND c > 2 GROUP BY p, q$$);
SELECT push($$SELECT * FROM sai WHERE v > 2 AND c = 10$$);
SELECT push($$SELECT * FROM sai WHERE p = 1 AND c > 5 AND v > 2$$);
SELECT push($$SELECT * FROM second WHERE v = 2 AND c > 10$$);
SELECT push($$SELECT * FROM second WHERE p = 1 AND q = 1$$);
SELECT push($$SELECT one.* FROM generate_series(1, 3) g JOIN one ON k = g$$);
EXPLAIN (COSTS OFF) DELETE FROM push_f.second WHERE p = 1 AND q = 1;
EXPLAIN (COSTS OFF) DELETE FROM push_f.rows WHERE p = 1 AND q = 'b';
ALTER FOREIGN TABLE push_f.rows OPTIONS (DROP pushdown);
ALTER FOREIGN TABLE push_f.sai OPTIONS (DROP pushdown);
ALTER FOREIGN TABLE push_f.second OPTIONS (DROP pushdown);
ALTER SERVER push_cluster OPTIONS (DROP pushdown);

-- static columns, partitions that have nothing else
SELECT push($$SELECT * FROM statics WHERE p IN (1, 2, 3)$$);
SELECT push($$SELECT p, s FROM statics WHERE p = 1 AND c = 2$$);
SELECT push($$SELECT s FROM statics WHERE p = 3 AND c < 3000000000$$);
SELECT push($$SELECT max(s), count(*) FROM statics WHERE p = 1 AND c >= 2$$);
SELECT push($$SELECT count(*) FROM statics WHERE p = 3 AND c >= 2$$);
SELECT push($$SELECT p, sum(s) FROM statics WHERE p IN (1, 2) AND c = 1 GROUP BY p$$);
SELECT push($$SELECT s FROM statics WHERE s = 10$$);
SELECT push($$SELECT 1 FROM statics$$);

-- names, and columns that the table does not have
SELECT push($$SELECT "Val", second FROM mixed WHERE "Key" = 1 AND second > 10$$);
SELECT push($$SELECT second FROM mixed WHERE "Key" = 2 ORDER BY second DESC$$);
SET search_path = push_f, public;
\set VERBOSITY terse
SELECT sum(second) FROM mixed;
SELECT * FROM mixed;
SELECT 1 FROM mixed WHERE unknown = 1;
\set VERBOSITY default

-- parameters: custom plans, and after five of them a generic one
PREPARE push_p (int, text, int, bigint[], timestamptz, numeric, smallint, text, bigint, int) AS
  SELECT count(*), min(c), max(d) FROM rows WHERE p = $1 AND q = $2 AND c >= $3 AND d = ANY ($4) AND $5 IS NOT NULL AND v < $6 AND e > $7 AND q <> $8 AND d <> $9 AND v <> $10;
EXECUTE push_p (1, 'b', 2, '{1,2,NULL}', now(), 100, 0, 'z', 0, 0);
EXECUTE push_p (2, 'c', 2, '{1,2,NULL}', now(), 100, 0, 'z', 0, 0);
EXECUTE push_p (3, 'd', 2, '{1,2}', now(), 100, 1, 'z', 2, 0);
EXECUTE push_p (1, 'b', 6, '{1,2}', now(), 100, 0, 'z', 0, 0);
EXECUTE push_p (1, 'b', 2, '{}', now(), 100, 0, 'z', 0, 0);
EXECUTE push_p (1, 'b', NULL, '{1}', now(), 100, 0, 'z', 0, 0);
EXECUTE push_p (1, 'b', 2, NULL, now(), 100, 0, 'z', 0, 0);
EXECUTE push_p (1, 'b', 2, '{4,4,4}', now(), 100, 0, 'z', 0, 0);
PREPARE push_array (bigint[]) AS SELECT count(*), sum(v) FROM one WHERE k = ANY ($1);
EXECUTE push_array ('{1,2}'); EXECUTE push_array ('{3}'); EXECUTE push_array ('{}'); EXECUTE push_array (NULL);
EXECUTE push_array ('{NULL,5}'); EXECUTE push_array ('{6,6,7}'); EXECUTE push_array ('{8,9}'); EXECUTE push_array ('{}');
SET plan_cache_mode = force_generic_plan;
PREPARE push_rows (int, text, bigint[]) AS SELECT v FROM rows WHERE p = $1 AND q = $2 AND c IN (1, $1) AND d = ANY ($3) AND e < $1;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE push_rows (2, 'c', '{4,3,4}');
PREPARE push_time (timestamptz) AS SELECT count(*) FROM times WHERE p = 1 AND t <= $1;
EXECUTE push_time ('1970-01-01 00:00:00+00'); EXECUTE push_time ('1970-01-01 00:00:00.0005+00'); EXECUTE push_time ('infinity'); EXECUTE push_time ('-infinity'); EXECUTE push_time (NULL);
RESET plan_cache_mode;
RESET search_path;
-- what is known when the scan begins: InitPlan, stable functions; what is not: volatile ones
SELECT push($$SELECT * FROM one WHERE k = (SELECT max(id) FROM push_o)$$);
SELECT push($$SELECT * FROM one WHERE k = ANY (ARRAY(SELECT DISTINCT v::bigint FROM one))$$);
SELECT push($$SELECT * FROM times WHERE p = 1 AND t < now() AND n < localtimestamp$$);
SELECT push($$SELECT * FROM one WHERE k = (random() * 0)::bigint$$);
SELECT push($$SELECT * FROM one WHERE k = coalesce(current_setting('scylla_fdw.none', true)::bigint, 4)$$);

-- look-ups for each row of another table; the requests they took
CREATE FUNCTION push_requests(q text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  PERFORM set_config('search_path', 'push_f, public', true);
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || q LOOP
    IF line ~ 'CQL: |Requests: ' THEN
      RETURN NEXT btrim(line);
    END IF;
  END LOOP;
END $$;
SELECT push($$SELECT o.id, ARRAY(SELECT r.v FROM rows r WHERE r.p = o.p AND r.q = o.q AND r.c < o.id ORDER BY r.c DESC, r.d, r.e DESC) FROM push_o o$$);
SELECT push($$SELECT o.id, x.* FROM push_o o, LATERAL (SELECT r.c, r.v FROM rows r WHERE r.p = o.p AND r.q = o.q ORDER BY r.c, r.d DESC, r.e OFFSET 1) x$$);
SELECT push($$SELECT o.id, x.n FROM push_o o LEFT JOIN LATERAL (SELECT sum(r.v + o.id) AS n FROM rows r WHERE r.p = o.p AND r.q = o.q AND r.c = ANY (ARRAY[o.id, 1])) x ON true$$);
SELECT push_requests($$SELECT o.id, (SELECT r.v FROM one r WHERE r.k = o.id) FROM push_o o$$);
-- joins in nested loops of PostgreSQL's own
ALTER SERVER push_cluster OPTIONS (ADD fdw_startup_cost '0', ADD fdw_tuple_cost '10');
SET scylla_fdw.enable_join = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_memoize = off;
SELECT push($$SELECT o.id, r.v FROM push_o o JOIN one r ON r.k = o.id$$);
SELECT push_requests($$SELECT o.id, r.v FROM push_o o JOIN one r ON r.k = o.id$$);
SELECT push($$SELECT o.id, r.c, r.v FROM push_o o JOIN rows r ON r.p = o.p AND o.q = r.q AND r.c > o.id$$);
SELECT push($$SELECT o.id, r.c, r.v FROM push_o o LEFT JOIN rows r ON r.p = o.p AND o.q = r.q AND r.c = 2 AND r.v > o.id$$);
SELECT push($$SELECT o.id, r.v FROM push_o o JOIN rows r ON r.p = o.p AND r.q = 'b' AND r.c = 1 AND r.e = 1$$);
SELECT push($$SELECT a.k, b.k FROM one a JOIN one b ON b.k = a.v WHERE a.k IN (1, 7, 14)$$);
SELECT push($$SELECT o.id FROM push_o o WHERE NOT EXISTS (SELECT FROM one r WHERE r.k = o.id + 20)$$);
ALTER SERVER push_cluster OPTIONS (DROP fdw_startup_cost, DROP fdw_tuple_cost);
-- an inner side that is read again for nothing new is not asked for again
SET enable_material = off;
CREATE FUNCTION push_count(q text) RETURNS int LANGUAGE sql AS $$SELECT max(substring(line FROM 'Requests: (\d+)')::int) FROM push_requests(q) line$$;
SELECT push_count($$SELECT count(*) FROM push_o o JOIN one r ON r.v > o.p$$) > 0 AS known; -- how large the table is
SELECT push_count($$SELECT v FROM one$$) >= push_count($$SELECT count(*) FROM push_o o JOIN one r ON r.v > o.p$$) AS once;
SELECT push($$SELECT count(*) FROM one a JOIN one b ON a.v < b.v$$);
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_memoize;
RESET enable_material;
-- merge joins of sorted scans: of a column that has no NULL, which a join takes for the end
ALTER FOREIGN TABLE push_f.rows ALTER c SET NOT NULL;
SET enable_hashjoin = off;
SET enable_nestloop = off;
SELECT push($$SELECT a.t, b.n FROM times a JOIN times b ON a.t = b.t WHERE a.p = 1 AND b.p = 1$$);
SELECT push($$SELECT c, count(*) FROM (SELECT a.c FROM rows a JOIN rows b ON a.c = b.c WHERE a.p = 1 AND a.q = 'b' AND b.p = 2 AND b.q = 'c') x GROUP BY c ORDER BY c$$);

SELECT push_cql('DROP KEYSPACE fdw_push') \g /dev/null
DROP SERVER push_cluster CASCADE;
DROP SCHEMA push_f, push_l CASCADE;
DROP TABLE push_o;
DROP TYPE push_mood;
DROP DOMAIN push_small;
DROP FUNCTION push, push_cql, push_count, push_requests;
