-- pgvector's vector, wherever it is installed.
\set VERBOSITY terse
CREATE SCHEMA apart;
CREATE EXTENSION vector SCHEMA apart;
SELECT rt('vector<float, 3>', 'apart.vector', '[1,2,3]'), rt('vector<float, 3>', 'apart.vector', '[1,2]'),
       rt('vector<float, 768>', 'apart.vector', '[1,2,3]');
SELECT rd('vector<float, 3>', 'apart.vector', '3f8000004000000040400000'), rd('vector<float, 3>', 'apart.vector(3)', '3f8000004000000040400000'),
       rd('vector<float, 3>', 'apart.vector(4)', '3f8000004000000040400000'), rd('vector<float, 1>', 'apart.vector', '7fc00000'),
       rd('vector<float, 1>', 'apart.vector', 'ff800000'), rd('vector<float, 3>', 'apart.vector', ''),
       rd('vector<float, 3>', 'apart.vector', '3f800000');
-- from a table: short header, compressed, out of line
CREATE TEMP TABLE v (n int, v apart.vector);
INSERT INTO v SELECT n, (SELECT array_agg((i % 7)::real) FROM generate_series(1, n) i)::apart.vector FROM unnest('{1,30,768,16000}'::int[]) n;
SELECT n, cql_decode(format('vector<float, %s>', n), cql_encode(format('vector<float, %s>', n), v), 'apart.vector')::apart.vector OPERATOR(apart.=) v AS same,
       md5(cql_encode(format('vector<float, %s>', n), v)) = md5(cql_encode(format('vector<float, %s>', n), v::real[])) AS as_array FROM v;
SELECT cql_match('vector<float, 16001>', 'apart.vector'), cql_match('vector<double, 3>', 'apart.vector'), cql_match('list<float>', 'apart.vector'),
       cql_match('vector<float, 3>', 'apart.halfvec');
-- a type of the same name that is not pgvector's
CREATE SCHEMA other;
CREATE TYPE other.vector AS (x real);
SELECT cql_match('vector<float, 3>', 'other.vector');
SET client_min_messages = warning;
DROP TABLE v;
DROP SCHEMA other, apart CASCADE;
