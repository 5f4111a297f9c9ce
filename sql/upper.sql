-- LIMIT, orders of several partitions, DISTINCT and aggregates that the cluster takes over, and those that it does not.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER upper_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000', fetch_size '3');
CREATE USER MAPPING FOR CURRENT_USER SERVER upper_cluster;
SELECT scylla_fdw_execute('upper_cluster', 'DROP KEYSPACE IF EXISTS fdw_upper');
SELECT scylla_fdw_execute('upper_cluster', 'CREATE KEYSPACE fdw_upper WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}');
SELECT scylla_fdw_execute('upper_cluster', 'CREATE TABLE fdw_upper.events (device int, day date, at timestamp, kind text, n bigint, v int, d decimal, f double,
  note text, shared int static, PRIMARY KEY ((device, day), at, kind)) WITH CLUSTERING ORDER BY (at DESC, kind ASC)');
CREATE FOREIGN TABLE events (device int, day date, at timestamptz, kind text COLLATE "C", n bigint, v int, d numeric, f float8, note text, shared int)
  SERVER upper_cluster OPTIONS (keyspace 'fdw_upper');
-- every row of the cluster is here as well: what comes from one is compared with what comes from the other
CREATE TABLE local_events (LIKE events);
INSERT INTO local_events SELECT device, date '2024-01-01' + day, timestamptz '2024-01-01 00:00Z' + make_interval(hours => at / 2, secs => at * 1.5),
    (ARRAY['', 'alarm', 'Ärger', 'b'])[at % 4 + 1], CASE WHEN at % 5 > 0 THEN 3000000000000000000 + at END,
    CASE WHEN at % 3 > 0 THEN 2000000000 + at END, CASE WHEN at % 4 > 0 THEN at / 8.0 END, at / 10.0,
    CASE WHEN at % 2 > 0 THEN chr(97 + at) END, CASE WHEN device % 2 = 0 THEN device + day END
  FROM generate_series(1, 4) device, generate_series(0, 1) day, generate_series(1, 3 * device + day) at;
INSERT INTO events SELECT * FROM local_events;
-- a partition of a static column alone
SELECT scylla_fdw_execute('upper_cluster', 'INSERT INTO fdw_upper.events (device, day, shared) VALUES (9, ''2024-01-01'', 99)');
INSERT INTO local_events (device, day, shared) VALUES (9, '2024-01-01', 99);
SET timezone = 'UTC';

-- runs a query on the foreign table and on the local one: how many rows, and whether they are the same, in the order that it asks for
CREATE FUNCTION compare(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  far text[]; near text[]; unordered text := CASE WHEN query ILIKE '%order by%' THEN '' ELSE ' ORDER BY 1' END;
BEGIN
  EXECUTE 'SELECT array(SELECT q::text FROM (' || query || ') q' || unordered || ')' INTO far;
  EXECUTE 'SELECT array(SELECT q::text FROM (' || replace(query, 'events', 'local_events') || ') q' || unordered || ')' INTO near;
  RETURN cardinality(far) || CASE WHEN far = near THEN ' rows, the same' ELSE ' rows, differ: ' || far::text || ' from ' || near::text END;
END $$;

-- LIMIT
EXPLAIN (VERBOSE, COSTS OFF) SELECT device FROM events LIMIT 2;
SELECT count(*) FROM (SELECT device FROM events LIMIT 2) q;
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM events WHERE device = 3 AND day = '2024-01-01' LIMIT 2 OFFSET 1;
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at DESC, kind LIMIT 2 OFFSET 1');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at, kind DESC LIMIT 4 OFFSET 3');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at LIMIT 100 OFFSET 8');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at OFFSET 8');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at LIMIT 0');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at LIMIT NULL');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at LIMIT ALL OFFSET NULL');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at LIMIT 1 + length(''abc'') OFFSET 2 - 1');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at LIMIT (SELECT 3)');
SELECT compare('SELECT * FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at LIMIT 9000000000000000000 OFFSET 9000000000000000000');
SELECT * FROM events LIMIT -1;
SELECT * FROM events LIMIT 1 OFFSET -1;
-- the numbers of requests, pages and rows tell what was asked for
CREATE FUNCTION work(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
    IF line ~ '(Requests|Pages|Rows|Foreign Scan)' THEN
      RETURN NEXT regexp_replace(trim(line), '\(actual rows=(\d+)\.?0* ', '(actual rows=\1 ');
    END IF;
  END LOOP;
END $$;
SELECT work('SELECT * FROM events LIMIT 1');
SELECT work('SELECT * FROM events WHERE device = 4 AND day = ''2024-01-01'' LIMIT 5');
SELECT work('SELECT * FROM events WHERE device = 4 AND day = ''2024-01-01''');
-- parameters: custom and generic plans, NULL and negative ones
PREPARE page (int, bigint, bigint) AS SELECT at FROM events WHERE device = $1 AND day = '2024-01-01' ORDER BY at LIMIT $2 OFFSET $3;
EXECUTE page (3, 2, 1);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE page (3, 2, 1);
EXECUTE page (3, 2, 1);
EXECUTE page (2, 1, NULL);
EXECUTE page (1, NULL, 2);
EXECUTE page (1, 0, 0);
EXECUTE page (1, -1, 0);
RESET plan_cache_mode;
DEALLOCATE page;
-- in subqueries, with a limit from the outer row
EXPLAIN (VERBOSE, COSTS OFF) SELECT x, (SELECT string_agg(kind, ',') FROM (SELECT kind FROM events WHERE device = 4 AND day = '2024-01-01' ORDER BY at LIMIT x) q)
  FROM generate_series(0, 3) x;
SELECT x, (SELECT string_agg(kind, ',') FROM (SELECT kind FROM events WHERE device = 4 AND day = '2024-01-01' ORDER BY at LIMIT x) q)
  FROM generate_series(0, 3) x;
SELECT x FROM generate_series(1, 9) x WHERE EXISTS (SELECT FROM events WHERE device = x AND day = '2024-01-01' LIMIT 1) ORDER BY x;
SELECT x, at FROM generate_series(1, 3) x, LATERAL (SELECT at FROM events WHERE device = x AND day = '2024-01-01' ORDER BY at LIMIT 2) q ORDER BY 1, 2;
SELECT compare('(SELECT at FROM events WHERE device = 3 AND day = ''2024-01-01'' ORDER BY at LIMIT 2) UNION ALL (SELECT at FROM events WHERE device = 2 AND day = ''2024-01-01'' ORDER BY at LIMIT 1)');
-- IN: each key's request has it
EXPLAIN (VERBOSE, COSTS OFF) SELECT device FROM events WHERE device IN (1, 2, 3) AND day = '2024-01-01' LIMIT 4;
SELECT count(*) FROM (SELECT device FROM events WHERE device IN (1, 2, 3) AND day = '2024-01-01' LIMIT 4) q;
-- what keeps LIMIT in PostgreSQL: conditions and orders that stay there, ties, row locks, set-returning functions, values that change, joins
EXPLAIN (VERBOSE, COSTS OFF) SELECT device FROM events WHERE v > 0 LIMIT 2;
EXPLAIN (VERBOSE, COSTS OFF) SELECT device FROM events ORDER BY v LIMIT 2;
EXPLAIN (VERBOSE, COSTS OFF) SELECT at FROM events WHERE device = 1 AND day = '2024-01-01' ORDER BY at FETCH FIRST 2 ROWS WITH TIES;
EXPLAIN (VERBOSE, COSTS OFF) SELECT device FROM events LIMIT 2 FOR UPDATE;
EXPLAIN (VERBOSE, COSTS OFF) SELECT generate_series(1, v) FROM events LIMIT 2;
EXPLAIN (VERBOSE, COSTS OFF) SELECT device FROM events LIMIT (random() * 10)::int;
EXPLAIN (COSTS OFF) SELECT e.device FROM events e JOIN local_events l USING (n) LIMIT 2;

-- sorted partitions are merged
EXPLAIN (VERBOSE, COSTS OFF) SELECT at, kind FROM events WHERE device IN (1, 2, 3) AND day = '2024-01-01' ORDER BY at DESC, kind LIMIT 5;
SELECT compare('SELECT at, kind, device FROM events WHERE device IN (1, 2, 3, 9, 77) AND day = ''2024-01-01'' ORDER BY at DESC, kind, device');
SELECT compare('SELECT at, kind, device FROM events WHERE device IN (1, 2, 3, 9, 77) AND day = ''2024-01-01'' ORDER BY at, kind DESC, device');
SELECT compare('SELECT at FROM events WHERE device IN (1, 2, 3, 9, 77) AND day = ''2024-01-01'' ORDER BY at LIMIT 7');
SELECT compare('SELECT at FROM events WHERE device IN (1, 2, 3, 9, 77) AND day = ''2024-01-01'' ORDER BY at DESC LIMIT 7 OFFSET 3');
SELECT compare('SELECT device, day, at FROM events WHERE device IN (4, 2, 9, 3) AND day IN (''2024-01-02'', ''2024-01-01'') ORDER BY day DESC, device, at DESC');
SELECT compare('SELECT kind, device, n FROM events WHERE device IN (4, 2) AND day IN (''2024-01-02'', ''2024-01-01'') AND at = ''2024-01-01 01:00:03Z'' ORDER BY kind, device, day');
SELECT compare('SELECT at, kind, n FROM events WHERE device IN (4, 2) AND day = ''2024-01-02'' AND at IN (''2024-01-01 01:00:03Z'', ''2024-01-01 01:00:04.5Z'', ''2024-01-01 00:00:01.5Z'') ORDER BY at, kind, device');
SELECT work('SELECT at FROM events WHERE device IN (1, 2, 3, 9, 77) AND day = ''2024-01-01'' ORDER BY at LIMIT 1');
-- the order of a partition, not of all columns; columns that are not selected
EXPLAIN (VERBOSE, COSTS OFF) SELECT n FROM events WHERE device IN (1, 2) AND day = '2024-01-01' ORDER BY at;
SELECT compare('SELECT n FROM events WHERE device IN (1, 2) AND day = ''2024-01-01'' ORDER BY at, kind, device');
-- mixed directions, NULLS elsewhere than by default, and columns that do not follow are sorted in PostgreSQL
EXPLAIN (VERBOSE, COSTS OFF) SELECT at FROM events WHERE device IN (1, 2) AND day = '2024-01-01' ORDER BY at, kind;
EXPLAIN (VERBOSE, COSTS OFF) SELECT at FROM events WHERE device IN (1, 2) AND day = '2024-01-01' ORDER BY at NULLS FIRST;
EXPLAIN (VERBOSE, COSTS OFF) SELECT at FROM events WHERE device IN (1, 2) AND day = '2024-01-01' ORDER BY kind;
SELECT compare('SELECT at FROM events WHERE device IN (1, 2, 9) AND day = ''2024-01-01'' ORDER BY at NULLS FIRST, kind, device');
-- keys by a parameter; a scan that is read again; a cursor
PREPARE newest (int[], int) AS SELECT at FROM events WHERE device = ANY ($1) AND day = '2024-01-01' ORDER BY at DESC LIMIT $2;
SET plan_cache_mode = force_generic_plan;
EXECUTE newest ('{3,2,1}', 2);
EXECUTE newest ('{3,NULL,3}', 2);
EXECUTE newest ('{}', 2);
EXECUTE newest (NULL, 2);
RESET plan_cache_mode;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT at FROM events WHERE device IN (1, 2) AND day = '2024-01-01' ORDER BY at;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH 1 FROM c;
COMMIT;

-- DISTINCT of the partition key, and of static columns beside it
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device, day FROM events;
SELECT compare('SELECT DISTINCT device, day FROM events');
SELECT compare('SELECT DISTINCT day, device, shared, device FROM events ORDER BY device DESC, day');
SELECT compare('SELECT DISTINCT day + 1, device FROM events');
SELECT compare('SELECT DISTINCT device, day FROM events WHERE device IN (1, 3, 9, 77) AND day = ''2024-01-01''');
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device FROM events WHERE device IN (1, 3, 9, 77) AND day = '2024-01-01' LIMIT 2;
SELECT compare('SELECT DISTINCT device FROM events WHERE device IN (1, 3, 9, 77) AND day = ''2024-01-01'' ORDER BY device LIMIT 2');
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device, day FROM events LIMIT 3;
SELECT count(*) FROM (SELECT DISTINCT device, day FROM events LIMIT 3) q;
-- conditions within partitions: their first rows are asked for
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device FROM events WHERE device IN (1, 2, 3) AND day = '2024-01-01' AND at > '2024-01-01 02:00Z';
SELECT compare('SELECT DISTINCT device FROM events WHERE device IN (1, 2, 3) AND day = ''2024-01-01'' AND at > ''2024-01-01 02:00Z''');
-- DISTINCT ON: the first row of each partition
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT ON (device, day) device, day, at, v * 2 AS twice, shared FROM events ORDER BY device, day, at DESC;
SELECT compare('SELECT DISTINCT ON (device, day) device, day, at, v, shared FROM events ORDER BY device, day, at DESC');
SELECT compare('SELECT DISTINCT ON (day, device) n, d FROM events ORDER BY device, day DESC, at DESC, kind, v');
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT ON (device) device, at, kind FROM events WHERE device = ANY ('{1,2,3,9}') AND day = '2024-01-01' ORDER BY device, at, kind DESC;
SELECT compare('SELECT DISTINCT ON (device) device, at, kind FROM events WHERE device = ANY (''{1,2,3,9}'') AND day = ''2024-01-01'' ORDER BY device, at, kind DESC');
SELECT compare('SELECT DISTINCT ON (device) device, at, kind FROM events WHERE device = ANY (''{1,2,3,9}'') AND day = ''2024-01-01'' AND at > ''2024-01-01 02:00Z'' ORDER BY device, at LIMIT 2');
SELECT compare('SELECT DISTINCT ON (device) device, at, kind FROM events WHERE device = ANY (''{1,2,3,9}'') AND day = ''2024-01-01'' AND at = ''2024-01-01 01:00:03Z'' ORDER BY device, kind');
SELECT count(*) FROM (SELECT DISTINCT ON (device, day) device, kind FROM events) q;
-- what is left to PostgreSQL: other columns, a part of the key, other orders, IN within partitions, conditions that stay
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device, day, v FROM events;
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device FROM events;
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device + 1, day FROM events;
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT ON (device, day) at FROM events ORDER BY device, day, at;
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT ON (device, day) at FROM events ORDER BY device, day, v;
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT ON (device, day) at FROM events ORDER BY device, day, at DESC, kind DESC;
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device FROM events WHERE device IN (1, 2) AND day = '2024-01-01' AND at IN ('2024-01-01 01:00:03Z', '2024-01-01 02:00Z');
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device, day FROM events WHERE v > 0;
SELECT compare('SELECT DISTINCT device, day, v FROM events');
SELECT compare('SELECT DISTINCT ON (device, day) device, at FROM events ORDER BY device, day, at');
SELECT compare('SELECT DISTINCT device FROM events WHERE device IN (1, 2) AND day = ''2024-01-01'' AND at IN (''2024-01-01 01:00:03Z'', ''2024-01-01 00:00:01.5Z'')');

-- aggregates over a table, and over partitions
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*), count(1), count(v), sum(v), avg(v), min(v), max(v), sum(n), avg(n), sum(d), avg(d), max(kind), min(at), max(day) FROM events;
SELECT count(*), count(1), count(v), sum(v), avg(v), min(v), max(v), sum(n), avg(n), sum(d), avg(d), max(kind), min(at), max(day) FROM events;
SELECT compare('SELECT count(*), count(1), count(v), sum(v), avg(v), min(v), max(v), sum(n), avg(n), sum(d), avg(d), max(kind), min(at), max(day) FROM events');
SELECT compare('SELECT count(shared), sum(shared), count(kind), count(device) + 1, sum(v) / 2 AS half FROM events WHERE device IN (1, 2, 9) AND day = ''2024-01-01''');
SELECT compare('SELECT count(shared), count(*) FROM events WHERE device IN (1, 2, 9) AND day = ''2024-01-01'' AND at > ''2024-01-01 01:00Z''');
SELECT compare('(SELECT count(*) FROM events WHERE device = 2 AND day = ''2024-01-01'') UNION ALL (SELECT count(v) FROM events) UNION ALL (SELECT count(kind) FROM events WHERE device = 1 AND day = ''2024-01-01'')');
SELECT compare('SELECT count(*), sum(v), avg(d), min(kind), max(at) FROM events WHERE device = 77 AND day = ''2024-01-01''');
SELECT compare('SELECT count(*), sum(v), avg(d), min(kind), max(at) FROM events WHERE device = 9 AND day = ''2024-01-01''');
SELECT compare('SELECT count(*), sum(v), avg(d), min(kind), max(at) FROM events WHERE device = NULL AND day = ''2024-01-01''');
SELECT compare('SELECT count(*), max(kind) FROM events WHERE device IN (1, 4) AND day IN (''2024-01-02'', ''2024-01-01'') AND at >= ''2024-01-01 01:00:03Z'' HAVING count(*) > 3');
SELECT compare('SELECT count(*) FROM events WHERE device IN (1, 4) AND day = ''2024-01-02'' HAVING max(v) < 0');
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*), min(at) FROM events WHERE device IN (1, 4) AND day = '2024-01-01' HAVING count(*) > 3 LIMIT 1;
-- GROUP BY the partition key, and clustering columns after it
EXPLAIN (VERBOSE, COSTS OFF) SELECT device, day, count(*), sum(n), avg(v) FROM events GROUP BY device, day;
SELECT compare('SELECT device, day, count(*), sum(n), avg(v), min(d), max(kind) FROM events GROUP BY device, day');
SELECT compare('SELECT count(*) * 2, day + 1, max(v) - min(v) FROM events GROUP BY day, device');
SELECT compare('SELECT day, device, at, count(*), min(kind) FROM events GROUP BY day, device, at');
SELECT compare('SELECT device, day FROM events GROUP BY day, device ORDER BY device, day DESC LIMIT 3');
EXPLAIN (VERBOSE, COSTS OFF) SELECT device, max(v) FROM events GROUP BY device, day HAVING count(*) > 5 AND device < 4 ORDER BY 1;
SELECT compare('SELECT device, max(v) FROM events GROUP BY device, day HAVING count(*) > 5 AND device < 4 ORDER BY 1, 2');
EXPLAIN (VERBOSE, COSTS OFF) SELECT device, max(v) FROM events GROUP BY device, day HAVING count(*) > 5 AND sum(n) IS NOT NULL LIMIT 1;
SELECT compare('SELECT device, max(v) FROM events GROUP BY device, day HAVING count(*) > 5 AND sum(n) IS NOT NULL ORDER BY 2 LIMIT 3');
SELECT compare('SELECT device, max(v) FROM events WHERE device IN (1, 4, 77) AND day = ''2024-01-01'' GROUP BY device');
EXPLAIN (VERBOSE, COSTS OFF) SELECT at, count(*) FROM events WHERE device = 4 AND day = '2024-01-01' GROUP BY at ORDER BY at LIMIT 3;
SELECT compare('SELECT at, count(*) FROM events WHERE device = 4 AND day = ''2024-01-01'' GROUP BY at ORDER BY at LIMIT 3');
SELECT compare('SELECT at, kind, count(*) FROM events WHERE device = 4 AND day = ''2024-01-01'' AND at > ''2024-01-01 01:30Z'' GROUP BY device, at, kind ORDER BY at DESC, kind LIMIT 3 OFFSET 1');
SELECT compare('SELECT kind, count(*) FROM events WHERE device = 4 AND day = ''2024-01-01'' AND at = ''2024-01-01 01:00:03Z'' GROUP BY kind');
SELECT compare('SELECT device, sum(c) FROM (SELECT device, count(*) AS c FROM events GROUP BY device, day) q GROUP BY device');
SELECT x, (SELECT count(*) FROM events WHERE device = x AND day = '2024-01-01') FROM generate_series(1, 3) x;
SELECT x, (SELECT max(at) FROM events WHERE device = x AND day = '2024-01-01' AND kind = 'b') FROM generate_series(1, 3) x;
-- overflow is PostgreSQL's: none where it has none, an error where it raises one
SELECT scylla_fdw_execute('upper_cluster', 'CREATE TABLE fdw_upper.large (p int, c int, b bigint, i int, t tinyint, x varint, PRIMARY KEY (p, c))');
CREATE FOREIGN TABLE large (p int, c int, b bigint, i int, t smallint, x numeric) SERVER upper_cluster OPTIONS (keyspace 'fdw_upper');
CREATE FOREIGN TABLE narrow (p int, c int, b int, x bigint) SERVER upper_cluster OPTIONS (keyspace 'fdw_upper', "table" 'large');
INSERT INTO large SELECT p, c, 9223372036854775807, 2147483647, 127, 1e30::numeric + c FROM generate_series(1, 2) p, generate_series(1, 3) c;
SELECT sum(b), avg(b), sum(i), avg(i), sum(t), avg(t), sum(x), avg(x) FROM large;
SELECT p, sum(b), avg(b), sum(i), avg(i), sum(t), avg(t), sum(x), avg(x) FROM large GROUP BY p ORDER BY p;
EXPLAIN (VERBOSE, COSTS OFF) SELECT sum(x) FROM narrow;
EXPLAIN (VERBOSE, COSTS OFF) SELECT sum(b) FROM narrow;
-- a scan that is read again, a cursor both ways, a write to the table while an aggregate is open
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT count(*) FROM large GROUP BY p;
FETCH ALL FROM c;
FETCH BACKWARD 1 FROM c;
DECLARE d CURSOR FOR SELECT count(*) FROM large;
INSERT INTO large (p, c) VALUES (3, 1);
FETCH ALL FROM d;
COMMIT;
SELECT count(*) FROM large;
-- what is left to PostgreSQL, and why
EXPLAIN (VERBOSE, COSTS OFF) SELECT sum(f) FROM events;
EXPLAIN (VERBOSE, COSTS OFF) SELECT max(f) FROM events;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FILTER (WHERE v > 0) FROM events;
-- (plans differ between majors)
CREATE FUNCTION reason(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
    IF line ~ '(CQL|Reason):' THEN RETURN NEXT trim(line); END IF;
  END LOOP;
END $$;
SELECT reason('SELECT count(DISTINCT v) FROM events');
SELECT reason($$SELECT string_agg(kind, ',' ORDER BY kind) FROM events$$);
EXPLAIN (VERBOSE, COSTS OFF) SELECT sum(v + 1) FROM events;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM events WHERE v > 0;
EXPLAIN (VERBOSE, COSTS OFF) SELECT device, count(*) FROM events GROUP BY device;
EXPLAIN (VERBOSE, COSTS OFF) SELECT device, day, kind, count(*) FROM events GROUP BY device, day, kind;
EXPLAIN (VERBOSE, COSTS OFF) SELECT v, count(*) FROM events GROUP BY v;
EXPLAIN (VERBOSE, COSTS OFF) SELECT kind, count(*) FROM events WHERE device = 1 AND day = '2024-01-01' AND at IN ('2024-01-01 01:00:03Z', '2024-01-01 02:00Z') GROUP BY kind;
EXPLAIN (VERBOSE, COSTS OFF) SELECT at, count(*) FROM events WHERE device IN (1, 2) AND day = '2024-01-01' GROUP BY at;
EXPLAIN (VERBOSE, COSTS OFF) SELECT device, day, count(*) FROM events GROUP BY ROLLUP (device, day);
SELECT compare('SELECT max(f), max(note COLLATE "C"), count(DISTINCT v), count(*) FILTER (WHERE v > 0), sum(v + 1) FROM events');
SELECT compare('SELECT at, count(*) FROM events WHERE device IN (1, 2) AND day = ''2024-01-01'' GROUP BY at');
SELECT compare('SELECT kind, count(*) FROM events WHERE device IN (3, 2) AND day = ''2024-01-01'' AND at = ''2024-01-01 01:00:03Z'' GROUP BY kind');
SELECT compare('SELECT device, day, kind, count(*) FROM events GROUP BY ROLLUP (device, day, kind)');
-- with filters in the cluster
ALTER FOREIGN TABLE events OPTIONS (ADD allow_filtering 'true');
EXPLAIN (VERBOSE, COSTS OFF) SELECT device, day, count(*) FROM events WHERE v > 2000000003 GROUP BY device, day;
SELECT compare('SELECT count(*), sum(v), max(at) FROM events WHERE v > 2000000003');
SELECT compare('SELECT device, day, count(*) FROM events WHERE v > 2000000003 GROUP BY device, day');
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT device, day FROM events WHERE v > 2000000003;
ALTER FOREIGN TABLE events OPTIONS (DROP allow_filtering);
-- casts to types that compare otherwise, and collations
SELECT scylla_fdw_execute('upper_cluster', 'CREATE TABLE fdw_upper.casts (p text, c int, t text, v int, PRIMARY KEY (p, c, t))');
CREATE FOREIGN TABLE cast_events (p text COLLATE "C", c int, t text COLLATE "C", v int) SERVER upper_cluster OPTIONS (keyspace 'fdw_upper', "table" 'casts');
CREATE TABLE cast_local_events (LIKE cast_events);
INSERT INTO cast_local_events SELECT p, c, t, nullif(c, 2) FROM unnest(ARRAY['a', 'a ', 'b']) p, generate_series(-2, 2) c, unnest(ARRAY[E'b', 'b ', E'b\t', 'B']) t;
INSERT INTO cast_events SELECT * FROM cast_local_events;
SELECT compare($$SELECT c FROM cast_events WHERE p = 'a' AND c IN (-1, 0, 1) ORDER BY c::oid LIMIT 5$$);
SELECT compare($$SELECT c FROM cast_events WHERE p IN ('a', 'b') ORDER BY c::oid LIMIT 11$$);
SELECT compare($$SELECT t::bpchar FROM cast_events WHERE p = 'a' AND c = 1 ORDER BY t::bpchar, t LIMIT 2$$);
SELECT compare($$SELECT c::oid::bigint, count(*) FROM cast_events WHERE p = 'a' GROUP BY c::oid ORDER BY c::oid LIMIT 2$$);
SELECT compare($$SELECT length(p::bpchar), count(*) FROM cast_events GROUP BY p::bpchar$$);
SELECT compare($$SELECT count(*) FROM (SELECT DISTINCT p::bpchar FROM cast_events) x$$);
SELECT compare($$SELECT max(v::oid), min(v::oid), max(t::bpchar COLLATE "C"), count(v::oid) FROM cast_events$$);
SELECT compare($$SELECT t::varchar, count(*) FROM cast_events WHERE p = 'a' AND c = 1 GROUP BY t::varchar$$);
EXPLAIN (VERBOSE, COSTS OFF) SELECT t::varchar, count(*) FROM cast_events WHERE p = 'a' AND c = 1 GROUP BY t::varchar;
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT ON (p) p, c, t FROM cast_events ORDER BY p, c, t COLLATE "C.utf8";
EXPLAIN (VERBOSE, COSTS OFF) SELECT c FROM cast_events WHERE p = 'a' ORDER BY c::oid;
-- each partition's groups by its own table
SELECT count(scylla_fdw_execute('upper_cluster', format('CREATE TABLE fdw_upper.part_%s (p text, c int, t text, v int, PRIMARY KEY (p, c, t))', x))) FROM unnest(ARRAY['a', 'b']) x;
CREATE TABLE part_events (LIKE cast_events) PARTITION BY LIST (p);
CREATE FOREIGN TABLE part_a PARTITION OF part_events FOR VALUES IN ('a', 'a ') SERVER upper_cluster OPTIONS (keyspace 'fdw_upper');
CREATE FOREIGN TABLE part_b PARTITION OF part_events FOR VALUES IN ('b') SERVER upper_cluster OPTIONS (keyspace 'fdw_upper');
CREATE VIEW part_local_events AS SELECT * FROM cast_local_events;
INSERT INTO part_events SELECT * FROM part_local_events;
SET enable_partitionwise_aggregate = on;
EXPLAIN (VERBOSE, COSTS OFF) SELECT p, count(*), max(v) FROM part_events GROUP BY p HAVING count(*) > 2;
SELECT compare($$SELECT p, count(*), max(v) FROM part_events GROUP BY p HAVING count(*) > 2$$);
SELECT compare($$SELECT sum(v), c FROM part_events GROUP BY c, p$$);
RESET enable_partitionwise_aggregate;
-- many more keys than a plan was made for
PREPARE merged (int[], date[]) AS SELECT count(*), count(*) FILTER (WHERE at > before) AS unordered
  FROM (SELECT at, lag(at) OVER () AS before FROM (SELECT device, at FROM events WHERE device = ANY ($1) AND day = ANY ($2) ORDER BY at DESC OFFSET 0) x) y;
SET plan_cache_mode = force_generic_plan;
SELECT array_agg(g) AS devices, array_agg(date '2024-01-01' + g) AS days FROM generate_series(0, 120) g \gset
EXECUTE merged (:'devices', :'days');
RESET plan_cache_mode;
DEALLOCATE merged;
-- no worker has the aggregates done: it would not see what this session has written
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
EXPLAIN (COSTS OFF) SELECT count(*) FROM events;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
-- columns that PostgreSQL computes when it reads
INSERT INTO events (device, day, at, kind, v) VALUES (77, '2024-01-01', '2024-01-01 00:00Z', 'virtual', 1), (77, '2024-01-01', '2024-01-01 00:00Z', 'w', 2);
DO $$ DECLARE r record; BEGIN
  IF current_setting('server_version_num')::int < 180000 THEN RETURN; END IF;
  EXECUTE 'CREATE FOREIGN TABLE computed (device int, day date, at timestamptz, kind text, v int, twice int GENERATED ALWAYS AS (v * 2) VIRTUAL) SERVER upper_cluster OPTIONS (keyspace ''fdw_upper'', "table" ''events'')';
  ANALYZE computed;
  UPDATE computed SET v = 21 WHERE device = 77 AND v = 1 RETURNING twice INTO r;
  ASSERT r.twice = 42, 'UPDATE';
  SELECT * FROM computed WHERE device = 77 AND kind = 'virtual' FOR UPDATE INTO r;
  ASSERT r.twice = 42, 'FOR UPDATE';
  DELETE FROM computed WHERE device = 77 AND v = 21 RETURNING * INTO r;
  ASSERT r.twice = 42, 'DELETE';
END $$;
DELETE FROM events WHERE device = 77;
-- a view is read with its owner's mapping
CREATE ROLE upper_reader;
CREATE VIEW per_partition AS SELECT device, day, count(*) FROM events GROUP BY device, day;
CREATE VIEW first_rows AS SELECT DISTINCT device, day FROM events LIMIT 100;
GRANT SELECT ON per_partition, first_rows TO upper_reader;
SET ROLE upper_reader;
SELECT count(*), sum(count) FROM per_partition;
SELECT count(*) FROM first_rows;
SELECT count(*) FROM events;
RESET ROLE;
DROP OWNED BY upper_reader;
DROP ROLE upper_reader;

SELECT scylla_fdw_execute('upper_cluster', 'DROP KEYSPACE fdw_upper');
DROP SERVER upper_cluster CASCADE;
DROP TABLE part_events;
DROP TABLE local_events, cast_local_events CASCADE;
DROP FUNCTION compare, work, reason;
