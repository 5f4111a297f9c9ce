-- Vectors as arrays; pgvector.sql has the others.
\set VERBOSITY terse
SELECT rt('vector<float, 3>', 'real[]', '{1,2,3}'), rt('vector<double, 2>', 'double precision[]', '{1.5,-0}'),
       rt('vector<float, 2>', 'double precision[]', '{1.5,0.1}'), rt('vector<int, 2>', 'integer[]', '{1,-1}'),
       rt('vector<float, 2>', 'real[]', '{NaN,-Infinity}');
SELECT rt('vector<text, 2>', 'text[]', '{a,bc}'), rt('vector<varint, 2>', 'numeric[]', '{1,128}'),
       rt('vector<date, 2>', 'date[]', '{1970-01-01,1970-01-02}'), rt('vector<smallint, 2>', 'smallint[]', '{1,2}'),
       rt('vector<boolean, 2>', 'boolean[]', '{t,f}');
SELECT rt('vector<float, 3>', 'real[]', '{1,2}'), rt('vector<float, 3>', 'real[]', '{}'), rt('vector<int, 3>', 'integer[]', '{1,2,3,4}'),
       rt('vector<float, 3>', 'real[]', '{1,NULL,3}'), rt('vector<int, 1>', 'integer[]', '{NULL}'),
       rt('vector<float, 4>', 'real[]', '{{1,2},{3,4}}');
SELECT rd('vector<float, 3>', 'real[]', ''), rd('vector<float, 3>', 'real[]', '3f800000'), rd('vector<text, 1>', 'text[]', '82'),
       rd('vector<text, 1>', 'text[]', '0161ff');
SELECT rt('vector<vector<int, 2>, 2>', 'jsonb', '[[1, 2], [3, 4]]');
SELECT left(rt('vector<text, 1>', 'text[]', format('{%s}', repeat('x', 130))), 6);
-- toasted
CREATE TEMP TABLE t AS SELECT array_agg(i::real) AS v FROM generate_series(1, 4000) i;
SELECT length(cql_encode('vector<float, 4000>', v)), cql_decode('vector<float, 4000>', cql_encode('vector<float, 4000>', v), 'real[]')::real[] = v FROM t;
