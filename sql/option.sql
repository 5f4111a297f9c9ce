-- Options: validated where they are given, before any connection is made.
SET client_min_messages = warning;
DROP ROLE IF EXISTS option_role;

-- unknown names, at each of the five places
CREATE FOREIGN DATA WRAPPER option_fdw HANDLER scylla_fdw_handler VALIDATOR scylla_fdw_validator OPTIONS (host 'x');
CREATE SERVER option_bad FOREIGN DATA WRAPPER scylla_fdw OPTIONS (hots '127.0.0.1');
CREATE SERVER option_bad FOREIGN DATA WRAPPER scylla_fdw OPTIONS (keyspace 'ks');
CREATE SERVER option_bad FOREIGN DATA WRAPPER scylla_fdw OPTIONS (nothing_like_it 'x');
CREATE SERVER option_server FOREIGN DATA WRAPPER scylla_fdw;
CREATE USER MAPPING FOR CURRENT_USER SERVER option_server OPTIONS (user 'x');
CREATE FOREIGN TABLE option_table (a int) SERVER option_server OPTIONS (keyspce 'ks');
CREATE FOREIGN TABLE option_table (a int OPTIONS (column 'b')) SERVER option_server OPTIONS (keyspace 'ks');

-- values
ALTER SERVER option_server OPTIONS (ADD host '');
ALTER SERVER option_server OPTIONS (ADD host 'a,,b');
ALTER SERVER option_server OPTIONS (ADD host '[::1');
ALTER SERVER option_server OPTIONS (ADD host 'a:65536');
ALTER SERVER option_server OPTIONS (ADD host 'a:b:c d, [::1]:9043, b:9042, c');
ALTER SERVER option_server OPTIONS (SET host ' one , two:9043,[::1]:9044,::2');
ALTER SERVER option_server OPTIONS (ADD port '65536');
ALTER SERVER option_server OPTIONS (ADD port '-1');
ALTER SERVER option_server OPTIONS (ADD port 'abc');
ALTER SERVER option_server OPTIONS (ADD protocol_version '3');
ALTER SERVER option_server OPTIONS (ADD compression 'snappy');
ALTER SERVER option_server OPTIONS (ADD connect_timeout '0');
ALTER SERVER option_server OPTIONS (ADD request_timeout '1e10');
ALTER SERVER option_server OPTIONS (ADD max_in_flight '0');
ALTER SERVER option_server OPTIONS (ADD max_in_flight_bytes '1kB');
ALTER SERVER option_server OPTIONS (ADD max_in_flight_bytes 'much');
ALTER SERVER option_server OPTIONS (ADD max_connections '1');
ALTER SERVER option_server OPTIONS (ADD idle_timeout '-1');
ALTER SERVER option_server OPTIONS (ADD keep_connections 'abc');
ALTER SERVER option_server OPTIONS (ADD consistency 'most');
ALTER SERVER option_server OPTIONS (ADD serial_consistency 'quorum');
ALTER SERVER option_server OPTIONS (ADD fetch_size '0');
ALTER SERVER option_server OPTIONS (ADD fetch_size '-5');
ALTER SERVER option_server OPTIONS (ADD fetch_size 'abc');
ALTER SERVER option_server OPTIONS (ADD fetch_size '99999999999');
ALTER SERVER option_server OPTIONS (ADD updatable 'abc');
ALTER SERVER option_server OPTIONS (ADD insert_null 'maybe');
ALTER SERVER option_server OPTIONS (ADD batch_mode 'rows');
ALTER SERVER option_server OPTIONS (ADD pushdown '');
ALTER SERVER option_server OPTIONS (ADD pushdown 'keys, index');
ALTER SERVER option_server OPTIONS (ADD pushdown 'all, keys');
ALTER SERVER option_server OPTIONS (ADD pushdown 'keys,');
ALTER SERVER option_server OPTIONS (ADD fdw_startup_cost '-1');
ALTER SERVER option_server OPTIONS (ADD fdw_tuple_cost 'abc');
ALTER SERVER option_server OPTIONS (ADD local_dc '');
ALTER SERVER option_server OPTIONS (ADD local_rack '');

-- times have units, as settings have them, and a few more names for these
ALTER SERVER option_server OPTIONS (ADD connect_timeout '5 parsecs');
ALTER SERVER option_server OPTIONS (ADD connect_timeout '0.4ms');
ALTER SERVER option_server OPTIONS (ADD request_timeout '2h');
CREATE FOREIGN TABLE option_time (a int) SERVER option_server OPTIONS (keyspace 'ks', ttl '30 years');
CREATE FOREIGN TABLE option_time (a int) SERVER option_server OPTIONS (keyspace 'ks', ttl '400ms');
CREATE FOREIGN TABLE option_time (a int) SERVER option_server OPTIONS (keyspace 'ks', ttl '');
CREATE FOREIGN TABLE option_time (a int) SERVER option_server OPTIONS (keyspace 'ks', ttl '1 day', request_timeout '1.5 s');
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO option_time VALUES (1);
ALTER FOREIGN TABLE option_time OPTIONS (SET ttl '2 Hours', SET request_timeout '010');
ALTER FOREIGN TABLE option_time OPTIONS (SET ttl '0100');
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO option_time VALUES (1);
ALTER FOREIGN TABLE option_time OPTIONS (SET ttl '90min', SET request_timeout '250 milliseconds');
ALTER FOREIGN TABLE option_time OPTIONS (SET ttl '0', SET request_timeout '1 minute');
DROP FOREIGN TABLE option_time;

-- all of them, as they should be
ALTER SERVER option_server OPTIONS (ADD port '9042', ADD local_dc 'dc1', ADD local_rack 'rack1', ADD protocol_version '4',
  ADD compression 'lz4', ADD connect_timeout '5000', ADD request_timeout '12000', ADD max_in_flight '1024',
  ADD max_in_flight_bytes '16MB', ADD max_connections '2', ADD idle_timeout '1 min', ADD keep_connections 'off', ADD consistency 'QUORUM',
  ADD read_consistency 'one', ADD write_consistency 'local_quorum', ADD serial_consistency 'serial',
  ADD fetch_size '100', ADD updatable 'true', ADD insert_null 'null', ADD batch_mode 'partition', ADD pushdown 'keys, vectors', ADD fdw_startup_cost '10',
  ADD fdw_tuple_cost '0.5');
CREATE USER MAPPING FOR CURRENT_USER SERVER option_server
  OPTIONS (username 'u', password 'p', password_required 'true');
CREATE FOREIGN TABLE option_table (a int OPTIONS (column_name 'A')) SERVER option_server
  OPTIONS (keyspace 'ks', "table" 't', request_timeout '1', consistency 'one', read_consistency 'two',
  write_consistency 'three', serial_consistency 'local_serial', fetch_size '1', updatable 'false',
  insert_null 'unset', batch_mode 'none', pushdown 'aggregates', ttl '86400', fdw_startup_cost '0', fdw_tuple_cost '0');
ALTER FOREIGN TABLE option_table OPTIONS (SET ttl '-1');

-- an empty password is refused without showing anything
ALTER USER MAPPING FOR CURRENT_USER SERVER option_server OPTIONS (SET password '');

-- only a superuser may do without a password
CREATE ROLE option_role;
GRANT USAGE ON FOREIGN SERVER option_server TO option_role;
SET ROLE option_role;
CREATE USER MAPPING FOR option_role SERVER option_server OPTIONS (password_required 'false');
CREATE USER MAPPING FOR option_role SERVER option_server;
RESET ROLE;
ALTER FOREIGN TABLE option_table OPTIONS (SET updatable 'true');
GRANT ALL ON option_table TO option_role;
SET ROLE option_role;
INSERT INTO option_table VALUES (1);
RESET ROLE;

-- a table must know its keyspace, also if nobody checks its options
CREATE FOREIGN TABLE option_lost (a int) SERVER option_server;
CREATE FOREIGN TABLE option_lost (a int) SERVER option_server OPTIONS ("table" 't');
CREATE FOREIGN TABLE option_lost (a int) SERVER option_server OPTIONS (keyspace 'ks');
ALTER FOREIGN TABLE option_lost OPTIONS (DROP keyspace);
ALTER FOREIGN TABLE option_lost OPTIONS (SET keyspace 'other', ADD "table" 't');
CREATE FOREIGN DATA WRAPPER option_unchecked HANDLER scylla_fdw_handler;
CREATE SERVER option_unchecked FOREIGN DATA WRAPPER option_unchecked;
CREATE FOREIGN TABLE option_unfinished (id int) SERVER option_unchecked;
SELECT * FROM option_unfinished;

-- a column of the cluster's table is one of the foreign table
CREATE FOREIGN TABLE option_twins (a int, b int OPTIONS (column_name 'a'), c int, d int OPTIONS (writetime_of 'c'),
  e int OPTIONS (writetime_of 'c')) SERVER option_server OPTIONS (keyspace 'ks');
-- a transaction may pass such a state
BEGIN;
ALTER FOREIGN TABLE option_twins ALTER b OPTIONS (SET column_name 'c');
ALTER FOREIGN TABLE option_twins ALTER c OPTIONS (ADD column_name 'b');
COMMIT;
ALTER FOREIGN TABLE option_twins ALTER c OPTIONS (DROP column_name), ALTER b OPTIONS (SET column_name 'a');
SELECT c FROM option_twins;
EXPLAIN SELECT c FROM option_twins;
INSERT INTO option_twins (c) VALUES (1);
ALTER FOREIGN TABLE option_twins ALTER a OPTIONS (ADD column_name 'b');
EXPLAIN (VERBOSE, COSTS OFF) SELECT a, b, c FROM option_twins;
ALTER FOREIGN TABLE option_twins ALTER c OPTIONS (ADD column_name 'b');
EXPLAIN SELECT 1 FROM option_twins;
ALTER FOREIGN TABLE option_twins DROP a;
EXPLAIN (VERBOSE, COSTS OFF) SELECT b, c FROM option_twins;
-- another wrapper's tables, which may have no handler, are none of ours
CREATE FOREIGN DATA WRAPPER option_idle;
CREATE SERVER option_idle FOREIGN DATA WRAPPER option_idle;
CREATE FOREIGN TABLE option_idle (a int) SERVER option_idle;
ALTER FOREIGN TABLE option_idle RENAME a TO b;
DROP FOREIGN DATA WRAPPER option_idle CASCADE;

-- not updatable: refused here, and said so
ALTER FOREIGN TABLE option_table OPTIONS (SET updatable 'false');
INSERT INTO option_table VALUES (1);
COPY option_table FROM stdin;
\.
SELECT is_insertable_into FROM information_schema.tables WHERE table_name = 'option_table';
SELECT is_insertable_into FROM information_schema.tables WHERE table_name = 'option_unfinished';

-- plans show the CQL without a connection
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM option_table;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM option_table;
ALTER FOREIGN TABLE option_table OPTIONS (SET updatable 'true');
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO option_table VALUES (1);
SELECT * FROM scylla_fdw_get_connections();

-- settings
SET scylla_fdw.consistency = 'most';
SET scylla_fdw.consistency = 'all';
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM option_table;
RESET scylla_fdw.consistency;
SET scylla_fdw.no_such_setting = 1;
\set VERBOSITY sqlstate
SET scylla_fdw.request_timeout = '-1';
\set VERBOSITY default

-- all of them, in the order of messages: what each may be where nothing else is said
SELECT name, context, default_value, valid_values FROM scylla_fdw_options();
SELECT name, meaning FROM scylla_fdw_options() WHERE meaning !~ '^[A-Z].*\.$';
SELECT o.name FROM scylla_fdw_options() o FULL JOIN pg_settings s ON s.name = o.name
  WHERE coalesce(s.name, o.name) LIKE 'scylla\_fdw.%' AND o.default_value IS DISTINCT FROM s.boot_val;

-- functions
SELECT scylla_fdw_version();
SELECT scylla_fdw_disconnect('no_such_server');
SELECT scylla_fdw_disconnect_all();
SELECT scylla_fdw_execute('no_such_server', 'x');
SET ROLE option_role;
SELECT scylla_fdw_execute('option_server', 'x');
SELECT scylla_fdw_query('option_server', 'x');
RESET ROLE;

DROP FOREIGN DATA WRAPPER option_unchecked CASCADE;
DROP SERVER option_server CASCADE;
DROP ROLE option_role;
