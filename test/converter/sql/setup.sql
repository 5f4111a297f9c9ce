-- The functions that the other scripts call, from the module in this directory.
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set module :srcdir '/converter'
CREATE FUNCTION cql_encode(cql text, value anyelement) RETURNS bytea
	AS :'module', 'cql_encode' LANGUAGE c STRICT;
CREATE FUNCTION cql_decode(cql text, body bytea, type text) RETURNS text
	AS :'module', 'cql_decode' LANGUAGE c STRICT;
CREATE FUNCTION cql_json(cql text, body bytea) RETURNS text AS :'module', 'cql_json' LANGUAGE c;
CREATE FUNCTION cql_literal(cql text, body bytea) RETURNS text AS :'module', 'cql_literal' LANGUAGE c;
CREATE FUNCTION cql_match(cql text, type regtype) RETURNS boolean
	AS :'module', 'cql_match' LANGUAGE c STRICT;

-- Wire bytes, and what they read back as; an error is its SQLSTATE and message.
CREATE FUNCTION cql_roundtrip(cql text, value anyelement) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	body bytea;
	back text;
BEGIN
	body := cql_encode(cql, value);
	-- "character" alone would be character(1)
	back := cql_decode(cql, body, regexp_replace(pg_typeof(value)::text, '^character$', 'bpchar'));
	RETURN encode(body, 'hex') || CASE WHEN back IS NULL THEN ' = NULL' WHEN back = format('%s', value) THEN ' ='
		ELSE ' -> ' || back END;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- The same for a value given as text of a type.
CREATE FUNCTION rt(cql text, type text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT cql_roundtrip(%L, %L::%s)', cql, value, type) INTO result;
	RETURN result;
END $$;

-- What bytes read as.
CREATE FUNCTION rd(cql text, type text, hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN coalesce(cql_decode(cql, decode(hex, 'hex'), type), 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE TYPE mood AS ENUM ('sad', 'happy', 'so ''so''');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN shout AS varchar(5) CHECK (VALUE = upper(VALUE));
CREATE DOMAIN few AS integer[] CHECK (cardinality(VALUE) < 4);
CREATE TYPE address AS (tags text[], gone bigint, "ZIP" integer, street text);
ALTER TYPE address DROP ATTRIBUTE gone;
CREATE TYPE pair AS (a integer, b text);
CREATE TYPE part AS (street text, zip integer);
CREATE TYPE hole AS (street text, tags text[]);

-- Breaks an invariant in a child process: true if that is seen and ends the process.
CREATE FUNCTION cql_aborts(what text) RETURNS boolean AS :'module', 'cql_aborts' LANGUAGE c STRICT;
