# What the server of ScyllaDB says and wants: one of its nodes (test/node; the sources are in test/node/README.md).
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_dialect');

my $many = 110;
my $columns = join ', ', map { "c$_ int" } 1 .. $many;
my $node = ScyllaTest::Node->start('scylla 4', 'keyspace ks simple 1',
	'table ks.t (id int, c int, s text, PRIMARY KEY (id, c))', 'table ks.n (id int, n counter, PRIMARY KEY (id))',
	"table ks.w (id int, $columns, PRIMARY KEY (id))",
	'table ks.m (id int, a_column_whose_name_is_longer_than_its_values_are int, PRIMARY KEY (id))');
my $application = 'dialect "of" ScyllaDB';

query(sprintf q{CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (username 'me', password 'pass-phrase');
	CREATE FOREIGN TABLE t (id int, c int, s text) SERVER s OPTIONS (keyspace 'ks');
	CREATE FOREIGN TABLE n (id int, n bigint) SERVER s OPTIONS (keyspace 'ks');
	CREATE FOREIGN TABLE w (id int, %s) SERVER s OPTIONS (keyspace 'ks', allow_filtering 'true');
	CREATE FOREIGN TABLE m (id int, a_column_whose_name_is_longer_than_its_values_are int) SERVER s OPTIONS (keyspace 'ks');},
	server_options(host => $node->{address}, port => $node->{port}, request_timeout => 60000, local_dc => 'dc1'), $columns);

# Orders by which `faults` counts what matches, and nothing else happens.
sub counts
{
	my ($what, $sql, @orders) = @_;
	my @counted;

	for my $order (@orders)
	{
		$node->order('clear');
		$node->order('reset');
		$node->order("on $order delay 0");
		query($sql);
		push @counted, $node->count('faults');
	}
	$node->order('clear');
	return @counted;
}

# --- who connects: network/connection.rs and client/driver-config-schema.json of crate scylla 1.9; ScyllaDB shows it in system.clients
my $load = "SET application_name = '$application'; INSERT INTO t SELECT g, 0, 'x' FROM generate_series(1, 1000) g;";
$node->order('reset');
query($load);
my $connections = $node->count('connections');
cmp_ok($connections, '>', 1, 'several connections');
for my $option ('SESSION_ID=', 'DRIVER_NAME=scylla_fdw', 'DRIVER_VERSION=', "APPLICATION_NAME=$application", 'TABLETS_ROUTING_V1=',
	'SCYLLA_RATE_LIMIT_ERROR=', 'SCYLLA_USE_METADATA_ID=', 'SCYLLA_LWT_ADD_METADATA_MARK=LWT_OPTIMIZATION_META_BIT_MASK=2147483648')
{
	my ($told) = counts($option, $load, "STARTUP text '$option'");

	is($told, $node->count('STARTUP'), "all connections tell $option");
}
is_deeply([ counts('DRIVER_CONFIG', $load, q|STARTUP text 'DRIVER_CONFIG={"version":1,'|, q{STARTUP text '"consistency":"LOCAL_QUORUM"'},
	q{STARTUP text '"type":"dc","local-dc":"dc1"'}, q{STARTUP text 'pass-phrase'}, q{STARTUP text 'TABLETS_ROUTING_V2'}) ], [ 1, 1, 1, 0, 0 ],
	'the control connection alone tells of options, none tells a secret or asks for tablets v2');

# --- what nodes do not take: db/config.cc, cql3/restrictions/statement_restrictions.cc, cql3/statements/batch_statement.cc
query('INSERT INTO t SELECT g, c, repeat(\'x\', 20) FROM generate_series(1, 300) g, generate_series(1, 3) c;
	INSERT INTO w (id, c1, c110) SELECT g, g, g FROM generate_series(1, 3) g');
is(query('SELECT count(*), count(DISTINCT id) FROM t WHERE id IN (' . join(', ', 1 .. 200) . ') AND c > 0'), '600|200', 'a list of 200 partitions');
is(query('SELECT count(*) FROM t WHERE id IN (' . join(', ', 1 .. 50) . ') AND c IN (1, 2, 3, 4, 5)'), 150, 'lists with a product of 250');
is(query('SELECT count(*) FROM t WHERE id = 1 AND c IN (' . join(', ', 1 .. 200) . ')'), 3, 'a list of 200 rows of a partition');
is(query('SELECT count(*) FROM generate_series(1, 300) g JOIN t ON t.id = g AND t.c = 2'), 300, 'a join by 300 keys');
my $where = join ' AND ', 'c1 = 2', 'c110 >= 1', 'c110 <= 2', map { "c$_ < 1" } 2 .. $many - 1;
query('UPDATE w SET ' . join(', ', map { "c$_ = 0" } 2 .. $many - 1) . ' WHERE id = 2');
is(query("SELECT id FROM w WHERE $where"), 2, 'more conditions than a WHERE may have');
like(query("EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM w WHERE $where"), qr/a request has 98 conditions at most/, 'and why some of them are not sent');
query(q{ALTER FOREIGN TABLE t OPTIONS (ADD batch_mode 'partition'); INSERT INTO t SELECT 5000 + g % 2, g, repeat('y', 60000) FROM generate_series(1, 60) g ORDER BY 1;
	INSERT INTO t SELECT 6000 + g / 1000, g, repeat('y', 1000) FROM generate_series(1, 3000) g});
is(query('SELECT count(*), sum(length(s)) FROM t WHERE id >= 5000'), '3060|6600000', 'megabytes of batches');
query(q{ALTER FOREIGN TABLE t OPTIONS (DROP batch_mode)});

# --- one request of its kind at a time: service/storage_proxy.cc
my $ongoing = 'error 0x1003 "Error during truncate: exceptions::invalid_request_exception (Another global topology request is ongoing during attempt to truncate table ks.m, please retry.)"';
query('INSERT INTO m VALUES (1, 2)');
$node->order('reset');
$node->order("on QUERY text 'TRUNCATE' times 3 $ongoing");
query('TRUNCATE m');
cmp_ok($node->count('faults'), '>=', 3, 'TRUNCATE waits for another one');
is(query('SELECT count(*) FROM m'), 0, 'and works');
$node->order("on QUERY text 'TRUNCATE' $ongoing");
my (undef, undef, $error) = psql(q{SET statement_timeout = 1000; TRUNCATE m});
like($error, qr/ERROR:  57014: /, 'TRUNCATE that waits for another one may be cancelled');
$node->order('clear');

# --- conditional writes of which nobody knows whether they were done: transport/server.cc, make_mutation_write_timeout_error
$node->order('reset');
$node->order(q{on EXECUTE text 'IF NOT EXISTS' error 0x1100 "Operation timed out for ks.m" received 1 required 2 CAS});
(undef, undef, $error) = psql('INSERT INTO m VALUES (1, 2) ON CONFLICT DO NOTHING');
like($error, qr/ERROR:  40003: Operation timed out for ks\.m\n/, 'a conditional write that timed out');
like($error, qr/DETAIL:  Node 127\.0\.0\.1:\d+ shard [0-3], consistency \S+ reached 1 of 2, 1 attempt, \d+ ms\. The request may have been carried out or not\. 0 rows/,
	'its place, and that its fate is not known');
is($node->count('faults'), 1, 'it is not repeated');
$node->order('clear');
$node->order('reset');
$node->order(q{on QUERY text 'IF EXISTS' error 0x1100 "Operation timed out for ks.m" received 1 required 2 CAS});
(undef, undef, $error) = psql(q{SELECT scylla_fdw_execute('s', 'UPDATE ks.m SET a_column_whose_name_is_longer_than_its_values_are = 1 WHERE id = 1 IF EXISTS')});
like($error, qr/ERROR:  40003: .*DETAIL:  Node .* The request may have been carried out or not\./s, 'nor is that of one by hand');
is($node->count('faults'), 1, 'which is not repeated either');
$node->order('clear');

# reads at SERIAL are, and nothing makes them weaker
query(q{INSERT INTO m VALUES (1, 2)});
$node->order('reset');
$node->order(q{on EXECUTE text 'FROM "ks"."m"' times 1 error 0x1200 "Operation timed out for ks.m" received 1 required 2});
is(query(q{SET scylla_fdw.consistency = serial; SELECT * FROM m WHERE id = 1}), '1|2', 'a read at SERIAL that timed out is repeated');
cmp_ok($node->count('faults'), '>=', 1, 'it did');
$node->order('clear');

# --- SCYLLA_USE_METADATA_ID: transport/server.cc; pages leave their description out, and a change of the table brings it
my $explain = 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM m WHERE id = 1';
my ($bytes) = query($explain) =~ /Bytes: (\d+)/;
cmp_ok($bytes, '<', 50, 'a page of one row without the names of its columns');

# --- answers are read, whoever waits for them or not: the server holds a shard's memory for those that are not
my $idle = ScyllaTest::background(q{BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH 2 FROM c; \echo fetched});
ok($idle->shows(qr/^fetched$/m), 'a cursor has begun');
ok(ScyllaTest::await('all is read', sub { $node->count('in_flight') == 0 && !unread() }), 'what an idle cursor asked for is read');
$idle->send("FETCH ALL FROM c;\n\\echo all\n\\q");
$idle->finish;
is(() = $idle->{out} =~ /^\d+\|/mg, query('SELECT count(*) FROM t'), 'and the cursor has all rows');

# Bytes in sockets of the nodes' ports, sent or not.
sub unread
{
	my $port = sprintf ':%04X', $node->{port};
	my $bytes = 0;

	open my $sockets, '<', '/proc/net/tcp' or die "no sockets: $!";
	while (<$sockets>)
	{
		my (undef, $here, $there, $state, $queues) = split;

		next unless "$here $there" =~ /$port/ && $state eq '01';
		my ($out, $in) = split ':', $queues;
		$bytes += hex($out) + hex($in);
	}
	close $sockets;
	return $bytes;
}

# --- a connection that did REGISTER is in the drivers' scheduling group: transport/server.cc, update_control_connection_scheduling_group
$node->order('reset');
query(q{INSERT INTO t SELECT g, 0, 'x' FROM generate_series(1, 1000) g; INSERT INTO t VALUES (1, 0, 'y') ON CONFLICT DO NOTHING;
	UPDATE t SET s = s || 'z' WHERE id = 1; UPDATE t SET s = 'z' WHERE id = 1 AND c = 0; DELETE FROM t WHERE id = 2; DELETE FROM t WHERE id = 3 AND s = 'x';
	INSERT INTO n VALUES (1, 1); SELECT * FROM n; SELECT * FROM t WHERE id = 1; SELECT count(*) FROM t; SELECT * FROM t ORDER BY id, c LIMIT 5;
	SELECT count(*) FROM generate_series(1, 300) g JOIN t ON t.id = g; ANALYZE t; TRUNCATE t;
	SELECT scylla_fdw_execute('s', 'INSERT INTO ks.t (id, c) VALUES (1, 1)'); SELECT scylla_fdw_query('s', 'SELECT * FROM ks.t')});
is($node->count('on_control'), 0, 'no statement of users goes over the control connection');

# --- what a session sees of nodes
is(query(qq{$load SELECT node ~ '^127', shards, connections > 0, up FROM scylla_fdw_nodes('s')}), 't|4|t|t', 'nodes tell shards and connections');

done_testing();
