# A subscription to a partitioned table with a foreign partition: its first copy has no plan and lists no columns.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
plan skip_all => 'needs wal_level = logical' if do { database('scylla_tap_publisher'); query('SHOW wal_level') ne 'logical' };

query('CREATE TABLE p (id int PRIMARY KEY, a text, b text)');
query(q{INSERT INTO p SELECT g, 'a' || g, nullif('b' || g, 'b2') FROM generate_series(1, 3) g});
query('CREATE PUBLICATION scylla_tap FOR TABLE p');
query(q{SELECT pg_create_logical_replication_slot('scylla_tap', 'pgoutput')});

database('scylla_tap_subscriber');
my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, a text, b text, d int, PRIMARY KEY (id))');
query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s', server_options(host => $node->{address}, port => $node->{port}));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
query('CREATE TABLE p (id int, b text, d int DEFAULT 7, a text) PARTITION BY RANGE (id)');
query(q{CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES FROM (1) TO (1000) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
query(sprintf q{CREATE SUBSCRIPTION scylla_tap CONNECTION 'host=%s port=%s user=%s dbname=scylla_tap_publisher' PUBLICATION scylla_tap
	WITH (create_slot = false, slot_name = scylla_tap)}, $ENV{PGHOST}, $ENV{PGPORT}, $ENV{PGUSER});
await('the table is copied', sub { query('SELECT count(*) FROM t') == 3 }, 20);
is(query('SELECT id, a, b, d FROM t ORDER BY id'), "1|a1|b1|7\n2|a2||7\n3|a3|b3|7",
	'the first copy writes all columns, with their defaults');
query('ALTER SUBSCRIPTION scylla_tap DISABLE');
query('ALTER SUBSCRIPTION scylla_tap SET (slot_name = NONE)');
query('DROP SUBSCRIPTION scylla_tap');
await('nobody uses the slot', sub {
	query(q{SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'scylla_tap' AND active}) == 0 });
query(q{SELECT pg_drop_replication_slot('scylla_tap')});
$node->stop;
done_testing;
