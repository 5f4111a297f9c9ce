-- CQL literals in text columns.
\set VERBOSITY terse
SELECT c, v, rt(c, 'text', v) FROM (VALUES ('int', '-1'), ('int', ' 42 '), ('int', 'x'), ('int', ''), ('int', '1 2'), ('tinyint', '128'), ('double', 'NaN'),
  ('double', '-Infinity'), ('double', '1.5'), ('double', '0x10'), ('double', '1e400'), ('float', '1e39'), ('double', '1e-400'), ('boolean', 'TRUE'),
  ('varint', '18446744073709551616'), ('decimal', '1E+3'), ('decimal', 'NaN'), ('blob', '0xCAFE'), ('blob', '0xC'), ('blob', 'cafe'), ('blob', '0xzz'),
  ('uuid', '8ac6d1dc-fbeb-11e4-b939-0800200c9a66'), ('inet', '''::1'''), ('inet', '::1'), ('date', '''2024-02-29'''), ('date', '2024-02-29'),
  ('date', '2147483648'), ('time', '''08:12'''), ('time', '1000'), ('timestamp', '2024-02-29 12:34'), ('timestamp', '''1969-12-31T23:59:59.999Z'''),
  ('timestamp', '-1'), ('duration', '1y2mo3w4d5h6m7s8ms9us10ns'), ('duration', '-1mo2d3ns'), ('duration', '89h4m48s'), ('duration', '1x'), ('duration', '')) p(c, v);
SELECT c, v, rt(c, 'text', v) FROM (VALUES ('list<int>', '[1, 2]'), ('list<int>', '[]'), ('list<int>', '[1,]'), ('list<int>', '[,1]'), ('list<int>', '[1'),
  ('list<int>', '[1] x'), ('list<int>', '[1 2]'), ('list<int>', '[null]'), ('set<text>', E'{''a'', ''it''''s''}'), ('set<text>', E'{''a}'), ('set<text>', '{a}'),
  ('map<text, int>', E'{''a'': 1, ''b'': 2}'), ('map<text, int>', '{}'), ('map<text, int>', E'{''a'' 1}'), ('map<text, int>', E'{''a'': null}'),
  ('tuple<int, text>', E'(1, ''x'')'), ('tuple<int, text>', '(1, NULL)'), ('tuple<int, text>', '(1)'), ('tuple<int, text>', E'(1, ''x'', 2)'),
  ('frozen<address>', E'{street: ''x, }'', "Zip": 1, tags: {''a'', ''b''}}'), ('frozen<address>', E'{"Zip": 1}'), ('frozen<address>', E'{Zip: 1}'),
  ('frozen<address>', E'{"Zip": 1, "Zip": 2}'), ('frozen<address>', E'{tags: {''b''}, street: null}'), ('frozen<address>', '{street: ''a'' ''b''}'), ('frozen<address>', '{'),
  ('vector<float, 3>', '[1, 2.5, -3]'), ('vector<float, 3>', '[1, 2]'), ('vector<text, 2>', E'[''a'', ''bc'']'),
  ('list<frozen<map<uuid, frozen<list<timestamp>>>>>', E'[{8ac6d1dc-fbeb-11e4-b939-0800200c9a66: [''1970-01-01'', 0]}]')) p(c, v);
SELECT rt('duration', 'varchar', '1mo'), rt('list<int>', 'char(8)', '[1, 2]');
SELECT cql_literal('list<text>', NULL), cql_literal('text', '\x27'), cql_literal('blob', ''), cql_literal('int', ''), cql_literal('tuple<int, text>', '\x0000000400000001');
