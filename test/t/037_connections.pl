# Connections for who needs them: on a ring of a hundred nodes a session opens few, keeps to its options, and closes what it does not use.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_connections');

my $nodes = 100;
my $ring = ScyllaTest::Node->ring($nodes, 'keyspace ks simple 3', 'table ks.t (id int, s text, PRIMARY KEY (id))',
	'keyspace one simple 1', 'table one.t (id int, s text, PRIMARY KEY (id))');

sub foreign_table
{
	my ($name, %option) = @_;

	query(sprintf q{CREATE SERVER %s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER %s;
		CREATE FOREIGN TABLE %s (id int, s text) SERVER %s OPTIONS (keyspace 'ks', "table" 't');},
		$name, server_options(host => $ring->{address}, port => $ring->{port}, %option), ($name) x 3);
	return;
}

# A session that has run this.
sub session
{
	my ($sql) = @_;
	my $session = ScyllaTest::background("$sql\n\\echo done");

	$session->shows(qr/^done$/m) or BAIL_OUT("$sql: $session->{err}");
	return $session;
}

sub ends
{
	$_->send('\q') for @_;
	$_->finish for @_;
	return ScyllaTest::await('connections end', sub { $ring->count('open') == 0 });
}

foreign_table('t');
query(q{CREATE FOREIGN TABLE one (id int, s text) SERVER t OPTIONS (keyspace 'one', "table" 't')});
my %statement = ('SELECT' => 'SELECT * FROM one WHERE id = 1;', 'INSERT' => q{INSERT INTO one VALUES (1, 'x');});
for my $what (sort keys %statement)
{
	my $before = $ring->count('connections');
	my $session = session($statement{$what});
	cmp_ok($ring->count('connections') - $before, '<=', 3, "a first $what opens at most three connections");
	is($ring->count('not_owner'), 0, 'one of them to a replica');
	ends($session);
}
my $load = q{INSERT INTO t SELECT g, 'x' FROM generate_series(1, 20000) g;};
$ring->order('reset');
my $session = session($load);
my $open = $ring->count('open');
cmp_ok($open, '<=', $nodes + 1, "a load opens what it uses: $open");
is($ring->count('rows_written'), 20000, 'all rows are written');
ends($session);

# who asks for nodes wants to know of each
is(query(q{SELECT count(*) FILTER (WHERE up), count(*) FROM scylla_fdw_nodes('t')}), "$nodes|$nodes", 'all nodes are up');

# a bound for each session
my $most = 5;
foreign_table('few', max_connections => $most);
$ring->order('reset');
$session = session($load =~ s/INTO t/INTO few/r);
cmp_ok($ring->count('open'), '<=', $most, "max_connections = $most");
is($ring->count('rows_written'), 20000, 'all rows are written');
ends($session);
my @sessions = map { ScyllaTest::background(q{INSERT INTO few SELECT g, 'x' FROM generate_series(1, 2000) g;} . "\n\\echo done") } 1 .. 64;
$_->shows(qr/^done$/m) or BAIL_OUT("a session of many: $_->{err}") for @sessions;
cmp_ok($ring->count('open'), '<=', $most * @sessions, 'max_connections of 64 sessions');
ends(@sessions);

# what is not used is closed, but for one
foreign_table('idle', idle_timeout => 200);
my $one = q{SELECT count(*) FROM idle WHERE id = 1;};
$session = session(($load =~ s/INTO t/INTO idle/r) . $one);
ok(ScyllaTest::await('one connection is left', sub { $ring->count('open') == 1 }), 'an idle session holds one connection');
$session->{out} = '';
$session->send("$one\n\\echo again");
ok($session->shows(qr/^\d\nagain$/m), 'and goes on');
is($session->{err}, '', 'without an error');

# that one is lost as well
ScyllaTest::await('one connection is left', sub { $ring->count('open') == 1 });
$ring->order('disconnect');
$session->{out} = '';
$session->send("$one\n\\echo again");
ok($session->shows(qr/^\d\nagain$/m), 'a session that lost its last connection goes on');
is($session->{err}, '', 'without an error');
ends($session);

done_testing();
