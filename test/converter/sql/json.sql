-- jsonb and json over everything; keys of maps in text form.
\set VERBOSITY terse
SELECT rt('map<text, int>', 'jsonb', '{"a": 1, "b": 2}'), rt('map<int, text>', 'jsonb', '{"-1": "x"}'), rt('map<text, int>', 'jsonb', '{}'),
       rt('map<frozen<list<int>>, boolean>', 'jsonb', '{"[1, 2]": true}'), rt('map<timestamp, blob>', 'jsonb', '{"2024-02-29T12:34:56.789Z": "0xcafe"}'),
       rt('map<text, frozen<map<text, frozen<set<int>>>>>', 'jsonb', '{"a": {"b": [1]}}');
SELECT rt('list<frozen<list<int>>>', 'jsonb', '[[1], []]'), rt('set<text>', 'json', '["a", "ż\"\n"]'),
       rt('tuple<int, text, frozen<list<int>>>', 'jsonb', '[1, null, [2]]'), rt('tuple<int, text>', 'jsonb', '[1]'),
       rt('frozen<address>', 'jsonb', '{"street": "x", "Zip": 1, "tags": ["t"]}'), rt('frozen<address>', 'jsonb', '{"Zip": 1}'),
       rt('frozen<address>', 'jsonb', '{"Zip": 1, "zap": 2}');
SELECT rt('list<int>', 'jsonb', '[1, null]'), rt('map<text, int>', 'jsonb', '{"a": null}'), rt('list<int>', 'jsonb', '{"a": 1}'),
       rt('map<text, int>', 'jsonb', '[1]'), rt('list<int>', 'jsonb', '3'), rt('list<int>', 'jsonb', 'null'), rt('list<int>', 'jsonb', '["x"]'),
       rt('list<text>', 'jsonb', '[1]'), rt('list<int>', 'jsonb', '[true]'), rt('list<int>', 'jsonb', '[[1]]'), rt('list<int>', 'jsonb', '[1.5]'),
       rt('list<int>', 'jsonb', '[2147483648]'), rt('vector<float, 2>', 'jsonb', '[1]');
-- scalars
SELECT c, v, rt(c, 'jsonb', v) FROM (VALUES ('int', '-1'), ('bigint', '9223372036854775807'), ('varint', '18446744073709551616'),
  ('decimal', '1.50'), ('double', '1e300'), ('float', '0.1'), ('double', '"NaN"'), ('float', '"-Infinity"'), ('boolean', 'true'), ('blob', '"0x"'),
  ('uuid', '"8ac6d1dc-fbeb-11e4-b939-0800200c9a66"'), ('timeuuid', '"8ac6d1dc-fbeb-41e4-b939-0800200c9a66"'), ('inet', '"::1"'),
  ('inet', '"10.0.0.0/8"'), ('date', '"2024-02-29"'), ('date', '"-5877641-06-23"'), ('date', '"+5881580-07-11"'), ('date', '"+5881580-07-12"'),
  ('date', '"2023-02-29"'), ('time', '"08:12:54.123"'), ('time', '"24:00:00"'), ('timestamp', '"2024-02-29T12:34:56.789+02:00"'),
  ('timestamp', '"2024-02-29 12:34:56.7899-0130"'), ('timestamp', '"2024-02-29"'), ('timestamp', '0'), ('timestamp', '"-292275055-05-16T16:47:04.192Z"'),
  ('timestamp', '"+292278994-08-17T07:12:55.807Z"'), ('timestamp', '"+292278994-08-17T07:12:55.808Z"'), ('timestamp', '"soon"'),
  ('duration', '"P1Y2M3DT4H5M6S"'), ('duration', '"P-1M-2DT-0.000000003S"'), ('duration', '"1mo2d3ns"'), ('duration', '"PT0S"'),
  ('duration', '"P1M-1D"'), ('duration', '"P2W"'), ('duration', '"P1.5D"'), ('duration', '"PT0.5S"'), ('tinyint', '128')) p(c, v);
SELECT cql_json('list<int>', NULL), cql_json('double', '\x7ff8000000000000'), cql_json('text', '\x22'), cql_json('text', ''), cql_json('int', ''),
       cql_json('map<int, int>', '\x0000000100000000ffffffff'), cql_json('frozen<list<text>>', ''), cql_json('time', '\xffffffffffffffff');
-- the form that is wanted
\set VERBOSITY default
SELECT cql_encode('map<text, text>', '{"a": 1}'::jsonb);
SELECT cql_encode('map<text, text>', '{"a": 1.50}'::jsonb);
SELECT cql_encode('set<ascii>', '[true]'::jsonb);
SELECT cql_encode('text', '["a"]'::jsonb);
SELECT cql_encode('blob', '7'::jsonb);
SELECT cql_encode('boolean', '1'::jsonb);
SELECT cql_encode('map<int, int>', '[1]'::jsonb);
SELECT cql_encode('tuple<int, text>', '{"a": 1}'::jsonb);
SELECT cql_encode('list<int>', '1'::jsonb);
SELECT cql_encode('frozen<address>', '["x"]'::jsonb);
SELECT cql_encode('uuid', 'true'::jsonb);
