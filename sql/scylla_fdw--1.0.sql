/* sql/scylla_fdw--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION scylla_fdw" to load this file. \quit

CREATE FUNCTION scylla_fdw_handler()
RETURNS fdw_handler
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

CREATE FUNCTION scylla_fdw_validator(text[], oid)
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

CREATE FOREIGN DATA WRAPPER scylla_fdw
  HANDLER scylla_fdw_handler
  VALIDATOR scylla_fdw_validator;

COMMENT ON FOREIGN DATA WRAPPER scylla_fdw IS 'ScyllaDB and Apache Cassandra';

CREATE FUNCTION scylla_fdw_version()
RETURNS text
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION scylla_fdw_execute(server text, cql text)
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

CREATE FUNCTION scylla_fdw_query(server text, cql text)
RETURNS SETOF jsonb
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

-- of the server: as for IMPORT FOREIGN SCHEMA, whoever has USAGE; without a schema, where search_path is empty, an error
CREATE FUNCTION scylla_fdw_udt_types(server text, keyspace text, schema name DEFAULT current_schema())
RETURNS SETOF text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;

CREATE FUNCTION scylla_fdw_refresh(foreign_table regclass)
RETURNS SETOF text
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

CREATE FUNCTION scylla_fdw_nodes(server text)
RETURNS TABLE (node text, data_center text, rack text, up boolean, shards integer, connections integer,
  tls text, cipher text)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

CREATE FUNCTION scylla_fdw_events(server text)
RETURNS TABLE ("time" timestamptz, node text, what text, detail text, times integer, last_time timestamptz)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

CREATE FUNCTION scylla_fdw_options()
RETURNS TABLE (name text, context text[], default_value text, valid_values text, meaning text)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE FUNCTION scylla_fdw_get_connections(
  OUT server_name text, OUT user_name text, OUT valid boolean, OUT used_in_xact boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT PARALLEL RESTRICTED;

CREATE FUNCTION scylla_fdw_disconnect(server text)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT PARALLEL RESTRICTED;

CREATE FUNCTION scylla_fdw_disconnect_all()
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT PARALLEL RESTRICTED;

-- any CQL at all, with the mapping's rights
REVOKE ALL ON FUNCTION scylla_fdw_execute(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION scylla_fdw_query(text, text) FROM PUBLIC;
