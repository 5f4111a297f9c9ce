-- Servers whose encoding is not UTF-8: the wire is UTF-8 all the same.
\set VERBOSITY terse
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set module :srcdir '/converter'
\set home :DBNAME
CREATE DATABASE converter_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE converter_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C';
\c converter_latin1
SET client_encoding = 'UTF8';
CREATE FUNCTION cql_encode(cql text, value anyelement) RETURNS bytea AS :'module', 'cql_encode' LANGUAGE c STRICT;
CREATE FUNCTION cql_decode(cql text, body bytea, type text) RETURNS text AS :'module', 'cql_decode' LANGUAGE c STRICT;
CREATE FUNCTION cql_json(cql text, body bytea) RETURNS text AS :'module', 'cql_json' LANGUAGE c;
CREATE FUNCTION cql_literal(cql text, body bytea) RETURNS text AS :'module', 'cql_literal' LANGUAGE c;
SELECT cql_encode('text', 'ñandú'::text), cql_encode('list<text>', '{ñ,a}'::text[]), cql_encode('set<text>', '["ñ"]'::jsonb),
       cql_encode('set<text>', '{''ñ''}'::text);
SELECT cql_decode('text', '\xc3b1616e64c3ba', 'text'), cql_json('list<text>', '\x0000000100000002c3b1'), cql_literal('text', '\xc3b1');
SELECT cql_decode('text', '\xc582', 'text');
SELECT cql_decode('text', '\xf1', 'text');
SELECT cql_encode('ascii', 'ñ'::text);
\c converter_ascii
CREATE FUNCTION cql_encode(cql text, value anyelement) RETURNS bytea AS :'module', 'cql_encode' LANGUAGE c STRICT;
CREATE FUNCTION cql_decode(cql text, body bytea, type text) RETURNS text AS :'module', 'cql_decode' LANGUAGE c STRICT;
SELECT cql_encode('text', E'\xc3\xb1'::text), cql_encode('text', 'a'::text);
SELECT cql_encode('text', E'\xf1'::text);
SELECT cql_decode('text', '\xc3b1', 'text')::bytea, cql_decode('text', '\x6100', 'text');
SELECT cql_decode('text', '\xff', 'text');
\c :home
DROP DATABASE converter_latin1;
DROP DATABASE converter_ascii;
