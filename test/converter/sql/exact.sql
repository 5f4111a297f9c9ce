-- What bytes read as, in each form of text, is written as the same bytes again.
\set VERBOSITY terse
CREATE FUNCTION exact(cql text, type text, hex text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	body bytea := decode(replace(hex, ' ', ''), 'hex');
	text text := cql_decode(cql, body, type);
	back bytea;
BEGIN
	EXECUTE format('SELECT cql_encode(%L, %L::%s)', cql, text, type) INTO back;
	RETURN left(text, 60) || CASE WHEN back = body THEN '' ELSE ' -> ' || left(encode(back, 'hex'), 40) END;
EXCEPTION WHEN OTHERS THEN
	RETURN left(text, 60) || ': ' || SQLERRM;
END $$;
SELECT c, h, exact(c, 'text', h) AS literal, exact(c, 'json', h) AS json, exact(c, 'jsonb', h) AS jsonb FROM (VALUES
  ('decimal', 'c465360001'), ('decimal', '3b9aca00ff'), ('decimal', '800000007b'), ('decimal', '7fffffff7b'), ('decimal', '8000000000'),
  ('decimal', '0000000201'), ('decimal', '0000000a7b'), ('decimal', 'fffe000101'), ('decimal', 'fffe000001'), ('decimal', '00003fff01'),
  ('decimal', '0000400001'), ('varint', '8000000000000000'), ('float', '00000001'), ('float', '7fc00000'), ('double', '8000000000000000'),
  ('timestamp', '8000000000000000'), ('timestamp', '7fffffffffffffff'), ('date', '00000000'), ('date', 'ffffffff'), ('time', '00004e94914effff'),
  ('duration', 'f0fffffffe f0fffffffe fffffffffffffffffe'), ('duration', '000001'), ('inet', '00000000000000000000ffff01020304'), ('blob', ''),
  ('list<decimal>', '00000002 00000005 c465360001 00000005 fffffffd01'), ('map<blob, int>', '00000001 00000000 00000004 00000001'),
  ('map<text, int>', '00000001 00000000 00000004 00000001'), ('map<decimal, int>', '00000002 00000005 c465360001 00000004 00000001 00000005 fffffffd01 00000004 00000002'),
  ('map<frozen<list<blob>>, int>', '00000001 00000008 00000001 00000000 00000004 00000001'), ('set<blob>', '00000001 00000000'),
  ('map<double, int>', '00000002 00000008 8000000000000000 00000004 00000001 00000008 0000000000000000 00000004 00000002'),
  ('map<duration, int>', '00000001 00000003 020406 00000004 00000001'), ('tuple<decimal, blob>', '00000005 c465360001 00000000'),
  ('vector<decimal, 2>', '05 c465360001 05 fffffffd01')) v(c, h);
-- numeric has no such numbers
SELECT c, h, rd(c, 'numeric', h) FROM (VALUES ('decimal', 'c465360001'), ('decimal', '3b9aca0001'), ('decimal', '0000400001')) v(c, h);
SELECT rd('list<decimal>', 'numeric[]', '0000000100000005c465360001');
