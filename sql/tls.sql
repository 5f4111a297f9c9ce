-- Options about TLS: validated where they are given, before any connection is made.
SET client_min_messages = warning;
DROP ROLE IF EXISTS tls_owner, tls_reader;
CREATE SERVER tls_server FOREIGN DATA WRAPPER scylla_fdw;

-- values
ALTER SERVER tls_server OPTIONS (ADD sslmode 'prefer');
ALTER SERVER tls_server OPTIONS (ADD sslmode 'allow');
ALTER SERVER tls_server OPTIONS (ADD sslmode 'Require');
ALTER SERVER tls_server OPTIONS (ADD sslmode '');
ALTER SERVER tls_server OPTIONS (ADD sslrootcert 'ca.pem');
ALTER SERVER tls_server OPTIONS (ADD sslrootcert '');
ALTER SERVER tls_server OPTIONS (ADD sslrootcert 'System');
ALTER SERVER tls_server OPTIONS (ADD sslcrl 'system');
ALTER SERVER tls_server OPTIONS (ADD sslcert 'system');
ALTER SERVER tls_server OPTIONS (ADD sslkey '~/key.pem');
ALTER SERVER tls_server OPTIONS (ADD ssl_min_protocol_version 'TLSv1.4');
ALTER SERVER tls_server OPTIONS (ADD ssl_max_protocol_version 'SSLv3');
ALTER SERVER tls_server OPTIONS (ADD sslsni '2');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_server OPTIONS (sslpassword '');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_server OPTIONS (sslcert 'system');

-- places: everybody can read the options of a server
ALTER SERVER tls_server OPTIONS (ADD sslpassword 'secret');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_server OPTIONS (sslmode 'require');
CREATE FOREIGN TABLE tls_table (id int) SERVER tls_server OPTIONS (keyspace 'ks', sslmode 'require');

-- what contradicts
ALTER SERVER tls_server OPTIONS (ADD sslmode 'verify-ca');
ALTER SERVER tls_server OPTIONS (ADD sslmode 'verify-full');
ALTER SERVER tls_server OPTIONS (ADD sslcrl '/nowhere/crl.pem');
ALTER SERVER tls_server OPTIONS (ADD sslrootcert 'system', ADD sslmode 'verify-ca');
ALTER SERVER tls_server OPTIONS (ADD sslrootcert 'system', ADD sslmode 'disable');
ALTER SERVER tls_server OPTIONS (ADD ssl_max_protocol_version 'TLSv1.1');
ALTER SERVER tls_server OPTIONS (ADD ssl_min_protocol_version 'TLSv1.3', ADD ssl_max_protocol_version 'TLSv1.2');
ALTER SERVER tls_server OPTIONS (ADD sslrootcert '/nowhere/ca.pem', ADD sslmode 'verify-full');
ALTER SERVER tls_server OPTIONS (DROP sslrootcert);
ALTER SERVER tls_server OPTIONS (DROP sslmode, DROP sslrootcert);

-- what would be idle: nothing says that connections are encrypted, or that they are not
ALTER SERVER tls_server OPTIONS (ADD ssl_min_protocol_version 'TLSv1.3');
ALTER SERVER tls_server OPTIONS (ADD sslsni 'true');
ALTER SERVER tls_server OPTIONS (ADD sslcert '/nowhere/cert.pem', ADD sslkey '/nowhere/key.pem');
ALTER SERVER tls_server OPTIONS (ADD sslmode 'disable', ADD ssl_min_protocol_version 'TLSv1.3');
ALTER SERVER tls_server OPTIONS (DROP sslmode);
ALTER SERVER tls_server OPTIONS (DROP sslmode, DROP ssl_min_protocol_version);
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_server OPTIONS (sslcert '/nowhere/cert.pem', sslkey '/nowhere/key.pem');
CREATE FOREIGN TABLE tls_table (id int) SERVER tls_server OPTIONS (keyspace 'ks');
SELECT * FROM tls_table;
DROP FOREIGN TABLE tls_table;
DROP USER MAPPING FOR CURRENT_USER SERVER tls_server;

-- all of them, as they should be
ALTER SERVER tls_server OPTIONS (ADD sslmode 'verify-full', ADD sslrootcert 'system', ADD sslcrl '/nowhere/crl.pem',
  ADD ssl_min_protocol_version 'TLSv1', ADD ssl_max_protocol_version 'TLSv1.1', ADD sslsni '0');
ALTER SERVER tls_server OPTIONS (SET ssl_min_protocol_version 'TLSv1.3', SET ssl_max_protocol_version 'TLSv1.3',
  SET sslsni 'true', SET sslrootcert '/nowhere/ca.pem', DROP sslmode);
ALTER SERVER tls_server OPTIONS (ADD sslmode 'disable');
ALTER SERVER tls_server OPTIONS (SET sslmode 'require');

-- a certificate and its key are of one place, which is seen where both can be seen: when a session begins
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_server OPTIONS (sslcert '/nowhere/cert.pem', sslpassword 'secret');
CREATE FOREIGN TABLE tls_table (id int) SERVER tls_server OPTIONS (keyspace 'ks');
SELECT * FROM tls_table;
ALTER SERVER tls_server OPTIONS (ADD sslkey '/nowhere/key.pem');
SELECT * FROM tls_table;
ALTER USER MAPPING FOR CURRENT_USER SERVER tls_server OPTIONS (DROP sslcert);
SELECT * FROM tls_table;
ALTER SERVER tls_server OPTIONS (ADD sslcert '/nowhere/cert.pem');
ALTER USER MAPPING FOR CURRENT_USER SERVER tls_server OPTIONS (ADD sslkey '/nowhere/key.pem');
SELECT * FROM tls_table;
DROP SERVER tls_server CASCADE;

-- a wrapper may have no validator
CREATE FOREIGN DATA WRAPPER tls_unchecked HANDLER scylla_fdw_handler;
CREATE SERVER tls_unchecked FOREIGN DATA WRAPPER tls_unchecked OPTIONS (sslmode 'verify-full');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_unchecked;
CREATE FOREIGN TABLE tls_unchecked (id int) SERVER tls_unchecked OPTIONS (keyspace 'ks');
SELECT * FROM tls_unchecked;
DROP FOREIGN DATA WRAPPER tls_unchecked CASCADE;

-- who may name files: on a server, who may read files of the server's machine
CREATE ROLE tls_owner;
CREATE ROLE tls_reader IN ROLE pg_read_server_files;
GRANT USAGE ON FOREIGN DATA WRAPPER scylla_fdw TO tls_owner, tls_reader;
GRANT CREATE ON SCHEMA public TO tls_reader;
SET ROLE tls_owner;
CREATE SERVER tls_owned FOREIGN DATA WRAPPER scylla_fdw OPTIONS (sslrootcert '/nowhere/ca.pem');
CREATE SERVER tls_owned FOREIGN DATA WRAPPER scylla_fdw OPTIONS (sslrootcert 'system');
ALTER SERVER tls_owned OPTIONS (ADD sslcrl '/nowhere/crl.pem');
ALTER SERVER tls_owned OPTIONS (ADD sslcert '/nowhere/cert.pem');
ALTER SERVER tls_owned OPTIONS (ADD sslkey '/nowhere/key.pem');
ALTER SERVER tls_owned OPTIONS (SET sslrootcert '/nowhere/ca.pem');
ALTER SERVER tls_owned OPTIONS (ADD ssl_min_protocol_version 'TLSv1.3');
SET ROLE tls_reader;
CREATE SERVER tls_read FOREIGN DATA WRAPPER scylla_fdw OPTIONS (sslrootcert '/nowhere/ca.pem', sslcrl '/nowhere/crl.pem',
  sslcert '/nowhere/cert.pem', sslkey '/nowhere/key.pem');
-- in a user mapping, superusers alone: a certificate does instead of a password there
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_read OPTIONS (sslcert '/nowhere/cert.pem');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_read OPTIONS (sslkey '/nowhere/key.pem');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_read OPTIONS (username 'u', sslpassword 'secret');
RESET ROLE;
-- what a superuser has given is not altered by others, but may be dropped
ALTER SERVER tls_owned OPTIONS (SET sslrootcert '/nowhere/ca.pem');
ALTER USER MAPPING FOR tls_reader SERVER tls_read OPTIONS (ADD sslcert '/nowhere/cert.pem', ADD sslkey '/nowhere/key.pem');
SET ROLE tls_owner;
ALTER SERVER tls_owned OPTIONS (ADD fetch_size '1');
ALTER SERVER tls_owned OPTIONS (SET sslrootcert 'system');
SET ROLE tls_reader;
ALTER USER MAPPING FOR CURRENT_USER SERVER tls_read OPTIONS (SET username 'other');
ALTER USER MAPPING FOR CURRENT_USER SERVER tls_read OPTIONS (DROP sslcert);
ALTER USER MAPPING FOR CURRENT_USER SERVER tls_read OPTIONS (DROP sslcert, DROP sslkey);
-- a certificate on the server is everybody's: no substitute for a password
CREATE FOREIGN TABLE tls_read (id int) SERVER tls_read OPTIONS (keyspace 'ks');
SELECT * FROM tls_read;
-- nor is one that no node can ask for
RESET ROLE;
ALTER USER MAPPING FOR tls_reader SERVER tls_read OPTIONS (ADD sslcert '/nowhere/cert.pem', ADD sslkey '/nowhere/key.pem');
ALTER SERVER tls_read OPTIONS (ADD sslmode 'disable');
SET ROLE tls_reader;
SELECT * FROM tls_read;
RESET ROLE;
DROP SERVER tls_owned CASCADE;
DROP SERVER tls_read CASCADE;
REVOKE CREATE ON SCHEMA public FROM tls_reader;
REVOKE USAGE ON FOREIGN DATA WRAPPER scylla_fdw FROM tls_owner, tls_reader;
DROP ROLE tls_owner, tls_reader;

-- a password on its way in plain text is warned of, once, when it comes to that
CREATE SERVER tls_plain FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host 'localhost, 127.0.0.2:9043, [::1]:9042');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_plain OPTIONS (username 'u', password 'secret');
ALTER SERVER tls_plain OPTIONS (SET host 'localhost, 127.0.0.2, example.org:9043');
ALTER SERVER tls_plain OPTIONS (ADD fetch_size '100');
ALTER USER MAPPING FOR CURRENT_USER SERVER tls_plain OPTIONS (SET password 'other');
CREATE USER MAPPING FOR PUBLIC SERVER tls_plain;
ALTER USER MAPPING FOR PUBLIC SERVER tls_plain OPTIONS (ADD password 'secret');
ALTER SERVER tls_plain OPTIONS (ADD sslmode 'require');
ALTER SERVER tls_plain OPTIONS (SET sslmode 'disable');
ALTER SERVER tls_plain OPTIONS (DROP host);
ALTER SERVER tls_plain OPTIONS (ADD host '::2');
DROP USER MAPPING FOR PUBLIC SERVER tls_plain;
DROP USER MAPPING FOR CURRENT_USER SERVER tls_plain;
ALTER SERVER tls_plain OPTIONS (SET host '10.0.0.1');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_plain OPTIONS (username 'u', password 'secret');
ALTER SERVER tls_plain OWNER TO CURRENT_USER;
DROP SERVER tls_plain CASCADE;
-- a transaction is told of what it leaves behind
BEGIN;
CREATE SERVER tls_plain FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host '10.0.0.1');
CREATE USER MAPPING FOR PUBLIC SERVER tls_plain OPTIONS (username 'u', password 'secret');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls_plain OPTIONS (username 'u', password 'secret');
COMMIT;
BEGIN;
ALTER SERVER tls_plain OPTIONS (ADD sslrootcert 'system');
ALTER SERVER tls_plain OPTIONS (DROP sslrootcert);
SAVEPOINT s;
DROP SERVER tls_plain CASCADE;
ROLLBACK TO s;
DROP SERVER tls_plain CASCADE;
CREATE SERVER tls_plain FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host '10.0.0.1');
CREATE USER MAPPING FOR PUBLIC SERVER tls_plain OPTIONS (username 'u', password 'secret');
ALTER SERVER tls_plain OPTIONS (ADD sslrootcert 'system');
COMMIT;
DROP SERVER tls_plain CASCADE;
-- of other wrappers nobody is told
CREATE FOREIGN DATA WRAPPER tls_idle;
CREATE SERVER tls_idle FOREIGN DATA WRAPPER tls_idle OPTIONS (host '10.0.0.1');
CREATE USER MAPPING FOR PUBLIC SERVER tls_idle OPTIONS (password 'secret');
ALTER SERVER tls_idle OPTIONS (SET host 'a,,b');
DROP FOREIGN DATA WRAPPER tls_idle CASCADE;
