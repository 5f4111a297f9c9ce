-- Integers, numeric and floating point. Bytes are those that a server gave for the same values.
\set VERBOSITY terse
SELECT v, rt('tinyint', 'smallint', v) FROM unnest('{-128,-1,0,127,128,-129}'::text[]) v;
SELECT v, rt('smallint', 'smallint', v) FROM unnest('{-32768,-2,0,32767}'::text[]) v;
SELECT v, rt('int', 'integer', v) FROM unnest('{-2147483648,-1,0,2147483647}'::text[]) v;
SELECT v, rt('bigint', 'bigint', v) FROM unnest('{-9223372036854775808,-2,0,9223372036854775807}'::text[]) v;
SELECT rt('counter', 'bigint', '5');
-- any width over any other
SELECT c, t, v, rt(c, t, v)
  FROM unnest('{tinyint,smallint,int,bigint,varint}'::text[]) c,
       unnest('{smallint,integer,bigint,numeric}'::text[]) t, unnest('{-129,127,32767}'::text[]) v;
SELECT rt('int', 'bigint', '2147483648'), rt('int', 'numeric', '-2147483649'),
       rt('bigint', 'numeric', '9223372036854775808'), rt('bigint', 'numeric', '-9223372036854775808');
SELECT rt('int', 'numeric', '5.00'), rt('int', 'numeric', '5.01'), rt('int', 'numeric', 'NaN'),
       rt('varint', 'numeric', '5.5'), rt('varint', 'numeric', 'Infinity'), rt('varint', 'numeric', 'NaN');
SELECT rd('bigint', 'integer', '0000000080000000'), rd('bigint', 'smallint', '0000000000008000'),
       rd('varint', 'bigint', '010000000000000000'), rd('varint', 'smallint', '000001');
-- varint of any size
SELECT v, rt('varint', 'numeric', v)
  FROM unnest('{0,127,128,-1,-128,-129,32768,18446744073709551616,-18446744073709551616}'::text[]) v;
SELECT cql_roundtrip('varint', repeat('1234567890', 10)::numeric);
SELECT right(cql_roundtrip('varint', -('1' || repeat('0', 131070))::numeric), 4);
SELECT rd('varint', 'numeric', repeat('7f', 54429)), rd('varint', 'numeric', repeat('7f', 54428));
-- decimal keeps trailing zeros
SELECT v, rt('decimal', 'numeric', v)
  FROM unnest('{0,1.50,-1.5,1000,-0.01,128,-0.00,200,0.0000000000000000000000000000000001}'::text[]) v;
SELECT v, rt('decimal', 'numeric', v) FROM unnest('{NaN,Infinity,-Infinity}'::text[]) v;
SELECT right(cql_roundtrip('decimal', ('1e-400')::numeric), 2);
SELECT rd('decimal', 'numeric', 'fffffffd01'), rd('decimal', 'numeric', '00000001'),
       rd('decimal', 'numeric', '8000000001'), rd('decimal', 'numeric', '7fffffff01'),
       rd('decimal', 'numeric', 'fffe000001'), rd('decimal', 'numeric', '7fffffff00'),
       rd('decimal', 'numeric', '8000000000'), length(rd('decimal', 'numeric', '00003fff01')),
       rd('decimal', 'numeric', '0000400001');
-- floating point, bit for bit
SELECT v, rt('float', 'real', v), rt('double', 'double precision', v)
  FROM unnest('{0,-0,1.5,NaN,Infinity,-Infinity,1e-40,3.4028235e38,0.1}'::text[]) v;
SELECT rt('double', 'double precision', '5e-324'), rt('double', 'double precision', '1.7976931348623157e308');
-- a narrowing must be exact
SELECT v, rt('float', 'double precision', v) FROM unnest('{1.5,-0,NaN,Infinity,0.1,1e300,1e-300,3.4028235677973366e38}'::text[]) v;
SELECT v, rt('double', 'real', v) FROM unnest('{1.5,0.1,NaN,-Infinity}'::text[]) v;
SELECT rd('double', 'real', '3ff8000000000000'), rd('double', 'real', '3fb999999999999a'),
       rd('double', 'real', '7fefffffffffffff'), rd('double', 'real', '7ff8000000000000');
-- no bytes at all
SELECT c, t, rd(c, t, '') FROM (VALUES ('smallint', 'smallint'), ('tinyint', 'smallint'), ('int', 'integer'),
  ('int', 'numeric'), ('bigint', 'bigint'), ('varint', 'numeric'), ('varint', 'integer'), ('decimal', 'numeric'),
  ('float', 'real'), ('double', 'double precision'), ('float', 'double precision'), ('double', 'real')) p(c, t);
