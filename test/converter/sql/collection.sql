-- Lists, sets, tuples, user types as arrays and composite types.
\set VERBOSITY terse
SELECT rt('list<int>', 'integer[]', '{1,2}'), rt('set<text>', 'text[]', '{a,b}'), rt('list<int>', 'integer[]', '{}');
SELECT rt('list<int>', 'integer[]', '{1,NULL}'), rt('list<int>', 'integer[]', '{{1,2},{3,4}}'), rt('list<int>', 'bigint[]', '{1,2147483648}');
SELECT rt('list<tinyint>', 'smallint[]', '{-128,127}'), rt('set<uuid>', 'uuid[]', '{8ac6d1dc-fbeb-11e4-b939-0800200c9a66}'),
       rt('list<timestamp>', 'timestamptz[]', '{1970-01-01 00:00:00+00}'), rt('list<blob>', 'bytea[]', '{"",NULL}'),
       rt('list<text>', 'varchar[]', '{"","a b"}'), rt('list<text>', 'mood[]', '{sad,happy}'),
       rt('list<decimal>', 'numeric[]', '{1.50,NaN}'), rt('list<boolean>', 'boolean[]', '{t,f}');
-- nulls come back; no bytes at all are an empty collection
SELECT rd('list<int>', 'integer[]', '0000000200000004' || '00000001' || 'ffffffff'), rd('list<int>', 'integer[]', ''),
       rd('list<int>', 'integer[]', '00000000'), rd('list<int>', 'integer[]', '0000000100000000');
-- nested
SELECT rt('list<frozen<list<int>>>', 'jsonb[]', '{"[1, 2]","[]"}'), rt('list<frozen<map<text, int>>>', 'text[]', E'{"{''a'': 1}"}');
SELECT rt('list<int>', 'few', '{1,2,3}'), rd('list<int>', 'few', '00000004' || repeat('0000000400000001', 4)),
       rt('list<int>', 'positive[]', '{1,2}'), rd('list<int>', 'positive[]', '000000010000000400000000');
-- tuples by position
SELECT rt('tuple<int, text>', 'pair', '(1,x)'), rt('tuple<int, text>', 'pair', '(1,)'), rt('tuple<int, text>', 'pair', '(,)'),
       rt('list<frozen<tuple<int, text>>>', 'pair[]', '{"(1,x)","(2,\"a b\")"}');
SELECT rd('tuple<int, text>', 'pair', '0000000400000001'), rd('tuple<int, text>', 'pair', ''),
       rd('tuple<int, text>', 'pair', '0000000400000001ffffffff00000001ff');
-- user types by name, in another order, in another case
SELECT rt('frozen<address>', 'address', '("{b,a}",12345,"Main St")'), rt('frozen<address>', 'address', '(,,)'),
       rd('frozen<address>', 'address', '0000000178');
SELECT cql_encode('list<int>', 7);
