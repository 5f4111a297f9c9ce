-- Bytes that are no value: an error each, no crash, in every form of output.
\set VERBOSITY terse
CREATE FUNCTION outcome(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE query INTO result;
	RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || CASE WHEN SQLSTATE = 'XX001' THEN '' ELSE ' ' || SQLERRM END;
END $$;
SELECT c, h, rd(c, t, h) AS typed, outcome(format('SELECT cql_json(%L, %L)', c, '\x' || h)) AS json,
       outcome(format('SELECT cql_literal(%L, %L)', c, '\x' || h)) AS literal
  FROM (VALUES ('int', 'integer', '000000'), ('int', 'numeric', '0000000000'), ('bigint', 'bigint', '00'), ('smallint', 'smallint', '0000000000'), ('tinyint', 'smallint', '0000'),
  ('float', 'real', '00'), ('double', 'double precision', '00000000'), ('boolean', 'boolean', '0101'), ('uuid', 'uuid', '00'), ('timestamp', 'timestamptz', '00'),
  ('date', 'date', '00'), ('time', 'time', '00'), ('inet', 'inet', '000000'), ('duration', 'interval', 'ff'), ('duration', 'interval', '020104'), ('decimal', 'numeric', '0000'),
  ('ascii', 'text', '80'), ('list<int>', 'integer[]', '7fffffff'), ('list<int>', 'integer[]', 'ffffffff'), ('list<int>', 'integer[]', '00000001'),
  ('list<int>', 'integer[]', '000000010000000200'), ('list<int>', 'integer[]', '00000001000000020000'), ('list<int>', 'integer[]', '000000010000000400000001ff'),
  ('tuple<int, text>', 'pair', '0000'), ('tuple<int, text>', 'pair', '00000009'), ('vector<float, 2>', 'real[]', '0000'), ('vector<text, 2>', 'text[]', '0161'),
  ('vector<text, 1>', 'text[]', 'ffffffffffffffffff'), ('vector<int, 2>', 'integer[]', '000000010000000200')) p(c, t, h);
SELECT outcome($$SELECT cql_json('map<text, int>', '\x0000000100000001')$$), outcome($$SELECT cql_literal('map<text, int>', '\x0000000200000001610000000400000001')$$),
       outcome(format($$SELECT cql_json('varint', %L)$$, '\x' || repeat('7f', 54429))), outcome($$SELECT cql_literal('decimal', '\x8000000001')$$);
