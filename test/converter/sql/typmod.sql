-- Domains and type modifiers hold for what is read; what would be rounded is refused.
\set VERBOSITY terse
SELECT rt('int', 'positive', '5'), rd('int', 'positive', '00000000'), rd('text', 'shout', encode('abc', 'hex')), rd('text', 'shout', encode('ABCDEF', 'hex')),
       rd('text', 'shout', encode('ABC', 'hex'));
SELECT rd('text', 'varchar(3)', encode('abc', 'hex')), rd('text', 'varchar(3)', encode('abcd', 'hex')), rd('text', 'char(5)', encode('ab', 'hex')) || '|',
       rd('text', 'varchar(2)[]', '0000');
SELECT rd('list<text>', 'varchar(2)[]', '0000000100000003616263'), rd('list<text>', 'varchar(3)[]', '0000000100000003616263');
SELECT rd('decimal', 'numeric(5,2)', '0000000203e7'), rd('decimal', 'numeric(5,2)', '0000000303e7'), rd('decimal', 'numeric(5,2)', '0000000001'),
       rd('decimal', 'numeric(5,2)', '000000000f4240'), rd('varint', 'numeric(3)', '03e8'), rd('int', 'numeric(10,2)', '00000001');
SET timezone = 'UTC';
SELECT rd('timestamp', 'timestamptz(0)', '0000018df4dc5495'), rd('timestamp', 'timestamp(3)', '0000018df4dc5495'), rd('time', 'time(3)', '00001ae5c31890c0'),
       rd('time', 'time(1)', '00001ae5c31890c0'), rd('duration', 'interval(0)', '0000f03b9aca00'), rd('duration', 'interval year to month', '1c0000');
SELECT rd('int', 'varchar(1)', '0000000a'), rd('int', 'varchar(2)', '0000000a');
-- nothing is cut without a word, be it spaces
SELECT rd('text', 'varchar(2)', encode('ab ', 'hex'));
SELECT rd('text', 'name', encode(repeat('x', 63)::bytea, 'hex')), rd('text', 'name', encode(repeat('x', 64)::bytea, 'hex'));
SELECT rd('list<int>', 'name', '000000010000000400000005'), rd('list<int>', 'name', '00000014' || repeat('000000047fffffff', 20));
-- NULL within a value
CREATE DOMAIN needed AS int NOT NULL;
CREATE TYPE with_needed AS (a int, b needed);
SELECT rd('list<int>', 'needed[]', '000000010000000400000005'), rd('list<int>', 'needed[]', '00000001ffffffff'), rd('list<int>', 'int[]', '00000001ffffffff');
SELECT rd('tuple<int, int>', 'with_needed', '00000004000000010000000400000002'), rd('tuple<int, int>', 'with_needed', '0000000400000001ffffffff'), rd('tuple<int, int>', 'with_needed', '0000000400000001');
