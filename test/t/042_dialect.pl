# What the server of ScyllaDB says and wants: three of its nodes (test/node; the sources are in test/node/README.md).
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
my $ring = ScyllaTest::Node->ring(3, 'scylla 4', 'keyspace ks simple 3',
	'table ks.t (id int, c int, s text, PRIMARY KEY (id, c))', 'table ks.n (id int, n counter, PRIMARY KEY (id))',
	"table ks.w (id int, $columns, PRIMARY KEY (id))",
	'table ks.m (id int, a_column_whose_name_is_longer_than_its_values_are int, PRIMARY KEY (id))');
my $application = 'dialect "of" ScyllaDB';

query(sprintf q{CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (username 'me', password 'pass-phrase');
	CREATE FOREIGN TABLE t (id int, c int, s text) SERVER s OPTIONS (keyspace 'ks');
	CREATE FOREIGN TABLE n (id int, n bigint) SERVER s OPTIONS (keyspace 'ks');
	CREATE FOREIGN TABLE w (id int, %s) SERVER s OPTIONS (keyspace 'ks', allow_filtering 'true');
	CREATE FOREIGN TABLE m (id int, a_column_whose_name_is_longer_than_its_values_are int) SERVER s OPTIONS (keyspace 'ks');},
	server_options(host => $ring->{address}, port => $ring->{port}, request_timeout => 60000, local_dc => 'dc1'), $columns);

# Orders by which `faults` counts what matches, and nothing else happens.
sub counts
{
	my ($what, $sql, @orders) = @_;
	my @counted;

	for my $order (@orders)
	{
		$ring->order('clear');
		$ring->order('reset');
		$ring->order("on $order delay 0");
		query($sql);
		push @counted, $ring->count('faults');
	}
	$ring->order('clear');
	return @counted;
}

# --- who connects: network/connection.rs and client/driver-config-schema.json of crate scylla 1.9; ScyllaDB shows it in system.clients
my $load = "SET application_name = '$application'; INSERT INTO t SELECT g, 0, 'x' FROM generate_series(1, 1000) g;";
$ring->order('reset');
query($load);
my $connections = $ring->count('connections');
cmp_ok($connections, '>', 3, 'several connections');
for my $option ('SESSION_ID=', 'DRIVER_NAME=scylla_fdw', 'DRIVER_VERSION=', "APPLICATION_NAME=$application", 'TABLETS_ROUTING_V1=',
	'SCYLLA_RATE_LIMIT_ERROR=', 'SCYLLA_USE_METADATA_ID=', 'SCYLLA_LWT_ADD_METADATA_MARK=LWT_OPTIMIZATION_META_BIT_MASK=2147483648')
{
	my ($told) = counts($option, $load, "STARTUP text '$option'");

	is($told, $ring->count('STARTUP'), "all connections tell $option");
}
is_deeply([ counts('DRIVER_CONFIG', $load, q|STARTUP text 'DRIVER_CONFIG={"version":1,'|, q{STARTUP text '"consistency":"LOCAL_QUORUM"'},
	q{STARTUP text '"type":"dc","local-dc":"dc1"'}, q{STARTUP text 'pass-phrase'}, q{STARTUP text 'TABLETS_ROUTING_V2'}) ], [ 1, 1, 1, 0, 0 ],
	'the control connection alone tells of options, none tells a secret or asks for tablets v2');
done_testing();
