-- What indexes of the cluster find, by themselves and beside keys and filtering, in pages of any size: compared with a local copy.
\getenv host SCYLLA_HOST
\getenv port SCYLLA_PORT
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only
CREATE SERVER indexed_cluster FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host :'host', port :'port', request_timeout '60000', allow_filtering 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER indexed_cluster;
CREATE FUNCTION indexed_cql(cql text) RETURNS void LANGUAGE sql AS $$SELECT scylla_fdw_execute('indexed_cluster', cql)$$;
CREATE SCHEMA indexed_f;
CREATE SCHEMA indexed_l;
SELECT indexed_cql(cql) FROM unnest(ARRAY['DROP KEYSPACE IF EXISTS fdw_indexed',
  $$CREATE KEYSPACE fdw_indexed WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}$$]) cql \g /dev/null

-- a table for each kind of column with a plain index, one with all of them, one with storage-attached ones
CREATE TABLE indexed_l.t AS SELECT p, q, c, d, (p + q) % 3 AS s, (c + d) % 3 AS v, (p + d) % 2 AS w, ARRAY[c, d] AS l
  FROM generate_series(0, 2) p, generate_series(0, 1) q, generate_series(0, 3) c, generate_series(0, 2) d;
SELECT indexed_cql(format('CREATE TABLE fdw_indexed.%s (p int, q int, c int, d int, s int static, v int, w int, l list<int>, PRIMARY KEY ((p, q), c, d)) WITH CLUSTERING ORDER BY (c ASC, d DESC)', t))
  FROM unnest('{p,s,d,v,every,sai}'::text[]) t \g /dev/null
SELECT indexed_cql(format('CREATE INDEX ON fdw_indexed.%s (%s)', t, t)) FROM unnest('{p,s,d,v}'::text[]) t \g /dev/null
SELECT indexed_cql(format('CREATE INDEX ON fdw_indexed.every (%s)', c)) FROM unnest('{q,s,c,d,v,l}'::text[]) c \g /dev/null
SELECT indexed_cql(format('CREATE INDEX ON fdw_indexed.sai (%s) USING ''sai''', c)) FROM unnest('{p,q,s,c,d,v,l}'::text[]) c \g /dev/null
SELECT format('CREATE FOREIGN TABLE indexed_f.%s (p int, q int, c int, d int, s int, v int, w int, l int[]) SERVER indexed_cluster OPTIONS (keyspace ''fdw_indexed'', fetch_size ''5000'')', t),
  format('INSERT INTO indexed_f.%s SELECT * FROM indexed_l.t', t),
  format('SELECT indexed_cql(''INSERT INTO fdw_indexed.%s (p, q, s) VALUES (3, 1, 2)'')', t)
  FROM unnest('{p,s,d,v,every,sai}'::text[]) t \gexec
INSERT INTO indexed_l.t (p, q, s) VALUES (3, 1, 2);

-- Every combination of conditions that has the indexed column, in pages of each size.
CREATE FUNCTION indexed_compare(t text, sizes int[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  conditions text;
  size int;
  f text;
  l text;
  q text := 'SELECT string_agg(r::text, '' '' ORDER BY r::text COLLATE "C") FROM (SELECT p, q, c, d, s, v, w, l FROM %s WHERE %s) r';
  n int := 0;
BEGIN
  FOREACH size IN ARRAY sizes LOOP
    EXECUTE format('ALTER FOREIGN TABLE indexed_f.%s OPTIONS (SET fetch_size ''%s'')', t, size);
    FOR conditions IN
      SELECT concat_ws(' AND ', k, c, d, s, v) FROM unnest('{p = 1,p = 1 AND q = 1,p = 3 AND q = 1,NULL}'::text[]) k, unnest('{c = 2,c <= 1,NULL}'::text[]) c,
        unnest('{d = 1,d > 0,NULL}'::text[]) d, unnest('{s = 2,NULL}'::text[]) s, unnest('{v = 1,w = 1 AND v > 0,NULL}'::text[]) v
        WHERE t IN ('every', 'sai') AND num_nulls(k, c, d, s, v) < 4 OR concat_ws(' ', k, c, d, s, v) ~ ('\m' || t || ' =') LOOP
      EXECUTE format(q, 'indexed_l.t', conditions) INTO l;
      BEGIN
        EXECUTE format(q, 'indexed_f.' || t, conditions) INTO f;
      EXCEPTION WHEN OTHERS THEN
        f := SQLERRM;
      END;
      n := n + 1;
      IF f IS DISTINCT FROM l THEN
        RETURN NEXT format('%s, pages of %s: %s: %s, copy: %s', t, size, conditions, f, l);
      END IF;
    END LOOP;
  END LOOP;
  RETURN NEXT format('%s: %s queries', t, n);
END $$;
SELECT indexed_compare(t, '{1,2,7,5000}') FROM unnest('{s,d}'::text[]) t;
SELECT indexed_compare(t, '{2}') FROM unnest('{p,v,every,sai}'::text[]) t;
SELECT count(*) FROM indexed_f.every WHERE p = 1 AND q = 1 AND l = '{1,2}';

SELECT indexed_cql('DROP KEYSPACE fdw_indexed') \g /dev/null
DROP SERVER indexed_cluster CASCADE;
DROP SCHEMA indexed_f, indexed_l CASCADE;
DROP FUNCTION indexed_compare, indexed_cql;
