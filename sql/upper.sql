-- LIMIT, orders of several partitions, DISTINCT and aggregates that the cluster takes over, and those that it does not.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
CREATE SERVER upper_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', fetch_size '3');
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
SELECT x FROM generate_series(1, 9) x WHERE EXISTS (SELECT FROM events WHERE device = x AND day = '2024-01-01' LIMIT 1);
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
