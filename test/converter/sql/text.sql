-- Text, blob, boolean, uuid, inet.
\set VERBOSITY terse
SELECT v, rt('text', 'text', v) FROM unnest(ARRAY['', 'a', 'zażółć', 'it''s "so" \x', '😀']) v;
SELECT rt('ascii', 'text', 'aZ'), rt('ascii', 'text', ''), rt('ascii', 'text', 'ż');
SELECT rt('varchar', 'varchar', 'abc'), rt('text', 'name', 'abc'), rt('text', 'char(5)', 'ab');
SELECT rt('text', 'mood', 'so ''so'''), rd('text', 'mood', encode('mad', 'hex')), rt('text', 'json', '{"a" : 1}'),
       rt('text', 'jsonb', '{"b": 1, "a": [null]}'), rd('text', 'jsonb', encode('{oops', 'hex'));
SELECT rd('text', 'text', '610062'), rd('text', 'text', 'ff'), rd('text', 'text', 'eda080'),
       rd('ascii', 'text', 'c3b3'), rd('text', 'text', '');
SELECT length(rt('text', 'text', repeat('ż', 1000000)));
SELECT rt('blob', 'bytea', '\xcafe'), rt('blob', 'bytea', ''), rt('''org.example.Own''', 'bytea', '\x0001');
SELECT rt('boolean', 'boolean', 't'), rt('boolean', 'boolean', 'f'), rd('boolean', 'boolean', '02'), rd('boolean', 'boolean', '');
SELECT rt('uuid', 'uuid', '8ac6d1dc-fbeb-11e4-b939-0800200c9a66'), rt('timeuuid', 'uuid', '8ac6d1dc-fbeb-11e4-b939-0800200c9a66'),
       rt('timeuuid', 'uuid', '8ac6d1dc-fbeb-41e4-b939-0800200c9a66'), rd('uuid', 'uuid', '');
SELECT v, rt('inet', 'inet', v)
  FROM unnest('{1.2.3.4,::1,::ffff:1.2.3.4,10.0.0.0/8,10.0.0.1/32,fe80::/64,0.0.0.0,255.255.255.255}'::text[]) v;
SELECT rd('inet', 'inet', ''), rd('inet', 'inet', '0102030405');
-- what has nothing in common
SELECT c, t, cql_match(c, t::regtype) FROM (VALUES ('int', 'text'), ('int', 'boolean'), ('int', 'jsonb'), ('text', 'integer'),
  ('text', 'uuid'), ('inet', 'cidr'), ('map<text, int>', 'integer'), ('decimal', 'integer'), ('double', 'numeric'),
  ('blob', 'text'), ('text', 'bytea'), ('time', 'timetz'), ('date', 'timestamp'), ('list<int>', 'integer[]'),
  ('list<int>', 'text[]'), ('list<int>', 'boolean[]'), ('list<frozen<list<int>>>', 'integer[]'),
  ('list<frozen<list<int>>>', 'jsonb[]'), ('frozen<address>', 'address'), ('frozen<address>', 'part'), ('frozen<address>', 'hole'),
  ('frozen<unknown>', 'jsonb'), ('tuple<int, text>', 'pair'), ('tuple<text, text>', 'pair'), ('tuple<int>', 'pair'),
  ('map<text, int>', 'text[]')) p(c, t);
SELECT cql_encode('map<text, int>', 1);
SELECT cql_encode('frozen<address>', row('a', 1)::part);
\set VERBOSITY default
SELECT cql_encode('frozen<address>', row('a', '{b}')::hole);
SELECT cql_encode('tuple<text, text>', row(1, 'x')::pair);
SELECT cql_encode('tuple<int>', row(1, 'x')::pair);
SELECT cql_encode('tuple<int, text, int>', row(1, 'x')::pair);
CREATE TYPE deep AS (n integer, at hole);
SELECT cql_encode('list<frozen<tuple<int, frozen<address>>>>', '{}'::deep[]);
