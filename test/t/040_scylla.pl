# Three ScyllaDB nodes of eight shards each (test/node): one connection a shard, and rows where they belong, on the ring and in tablets.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_scylla');

my $shards = 8;
my $rows = 20000;
my $ring = ScyllaTest::Node->ring(3, "scylla $shards", 'keyspace vnodes simple 2', 'table vnodes.t (id int, s text, PRIMARY KEY (id))',
	'keyspace tablets network dc1:2 tablets 64', 'table tablets.t (id int, s text, PRIMARY KEY (id))');

query(sprintf q{CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER s;
	CREATE FOREIGN TABLE vnodes (id int, s text) SERVER s OPTIONS (keyspace 'vnodes', "table" 't');
	CREATE FOREIGN TABLE tablets (id int, s text) SERVER s OPTIONS (keyspace 'tablets', "table" 't');},
	server_options(host => $ring->{address}, port => $ring->{port}));

# What a session shows for a statement, behind all that it has shown before.
my $session = ScyllaTest::background('SET scylla_fdw.warn_on_rollback = off;');
my $number = 0;
sub runs
{
	my ($sql) = @_;
	$number++;
	$session->send("$sql\n\\echo done $number");
	$session->shows(qr/^done $number$/m) or BAIL_OUT("$sql: $session->{err}");
	return;
}

for my $keyspace ('vnodes', 'tablets')
{
	my $load = "INSERT INTO $keyspace SELECT g, 'x' FROM generate_series(1, $rows) g;";

	# until each shard has its connection, and tablets are known
	ScyllaTest::await("$keyspace: all shards have connections", sub {
		runs($load);
		return $shards == grep { $ring->count("shard $_") == 3 } 0 .. $shards - 1;
	});
	runs($load);
	$ring->order('reset');
	runs($load);
	is($ring->count('executes'), $rows, "$keyspace: each row is sent once");
	is($ring->count($_), 0, "$keyspace: no $_") for 'wrong_node', 'wrong_shard', 'payloads', 'on_control';
	is($ring->count("shard $_"), 3, "$keyspace: one connection to shard $_ of each node") for 0 .. $shards - 1;
	is($ring->count('open'), 3 * $shards + 1, "$keyspace: and the control connection");

	# look-ups by key go there, too (the nodes do not replicate: the row may be on the other one)
	$ring->order('reset');
	runs("DO \$\$ BEGIN FOR i IN 1 .. 200 LOOP PERFORM * FROM $keyspace WHERE id = i; END LOOP; END \$\$;");
	is($ring->count($_), 0, "$keyspace: look-ups, no $_") for 'wrong_node', 'wrong_shard';
}

# tablets that have moved are told by EXPLAIN, and learned
$ring->order("tablet tablets.t $_ at 127.0.0.1 5 127.0.0.2 6") for 0 .. 63;
$session->send("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO tablets SELECT g, 'x' FROM generate_series(1, $rows) g;\n\\echo moved");
ok($session->shows(qr/Misrouted: \d+[\s\S]*^moved$/m), 'EXPLAIN tells of misrouted requests');
runs("INSERT INTO tablets SELECT g, 'x' FROM generate_series(1, $rows) g;");
$ring->order('reset');
runs("INSERT INTO tablets SELECT g, 'x' FROM generate_series(1, $rows) g;");
cmp_ok($ring->count('payloads'), '<=', $rows / 1000, 'at least 99.9 % are where the tablets are now');
# EXPLAIN tells where requests went
$session->send("EXPLAIN (ANALYZE, VERBOSE, COSTS OFF) $_;") for "INSERT INTO vnodes SELECT g, 'x' FROM generate_series(1, 1000) g", 'SELECT * FROM vnodes WHERE id = 1',
	"UPDATE vnodes SET s = 'y' WHERE id = 1", 'SELECT * FROM generate_series(1, 100) g JOIN vnodes ON id = g';
$session->send('\echo explained');
$session->shows(qr/^explained$/m) or BAIL_OUT($session->{err});
my @told = $session->{out} =~ /^ *Nodes: (.*)/mg;
is(@told, 5, 'EXPLAIN VERBOSE tells nodes and shards, of the UPDATE twice');
my %places = $told[0] =~ /(127\.0\.0\.\d:\d+ shard [0-7]): (\d+)/g;
is(keys %places, 3 * $shards, 'all of them of a load');
my $requests = 0;
$requests += $_ for values %places;
is($requests, 1000, 'with all requests');
like($told[1], qr/^127\.0\.0\.\d:\d+ shard [0-7]: 1$/, 'one of a look-up');
$session->send('\q');
$session->finish;

# a session that may read where tablets are does so before its first rows; on a machine that has no time for that another one does
my $first = 10000;
my $astray;
sub first_rows
{
	$ring->order('reset');
	query("INSERT INTO tablets SELECT g, 'x' FROM generate_series(1, $first) g");
	$astray = $ring->count('wrong_node') + $ring->count('wrong_shard');
	return $astray;
}
for (1 .. 20)
{
	last if first_rows() <= $first / 100;
}
cmp_ok($astray, '<=', $first / 100, '99 % of a session\'s first rows are where they belong');

# a table is read tablet by tablet, each from a shard that has it: in one process, in several, and by ANALYZE
sub reads
{
	my ($what, $sql, $astray) = @_;	# until there are connections, and where ANALYZE has no ranges yet
	for (1 .. 20)
	{
		$ring->order('reset');
		query($sql);
		last if $ring->count('ranges_astray') <= $astray;
	}
	cmp_ok($ring->count('ranges'), '>=', 64, "$what: all tablets are read");
	cmp_ok($ring->count('ranges_astray'), '<=', $astray, "$what: from where they are");
	return;
}
query("ALTER FOREIGN TABLE tablets OPTIONS (fetch_size '100')");
reads('ANALYZE', 'ANALYZE tablets', 64);
reads('a scan', 'SET max_parallel_workers_per_gather = 0; SELECT count(md5(s)) FROM tablets', 16);
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my $sum = q{SELECT count(md5(s)) FROM tablets};
like(query("$parallel EXPLAIN $sum"), qr/Gather/, 'several processes');
reads('a parallel scan', "$parallel $sum", 48);

# one row alone is not worth it
my $asked = 'on QUERY text "system.tablets" error 0x2100 "User u has no SELECT permission on <table system.tablets>"';
$ring->order($asked);
$ring->order('reset');
query("INSERT INTO tablets VALUES (1, 'x')");
is($ring->count('faults'), 0, 'one row asks for no tablets');

# who may not read it is not told so
is(query("INSERT INTO tablets SELECT g, 'x' FROM generate_series(1, 1000) g; INSERT INTO tablets SELECT g, 'x' FROM generate_series(1, 1000) g;"), '', 'nothing is said without the right to read');
is($ring->count('faults'), 1, 'and it is asked for once');
$ring->order('clear');

done_testing();
