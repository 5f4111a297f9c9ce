# statement_timeout, pg_cancel_backend and pg_terminate_backend end every wait within a second.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_cancel');

my @table = ('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))');

# A state: what the node does, the statement that gets stuck there, and how the node tells that it is.
my %state = (
	connect => [ 'on CONNECT silent', q{INSERT INTO t VALUES (1, 'x')}, connections => 1 ],
	handshake => [ 'on STARTUP silent', q{INSERT INTO t VALUES (1, 'x')}, STARTUP => 1 ],
	prepare => [ 'on PREPARE silent', q{INSERT INTO t VALUES (1, 'x')}, PREPARE => 1 ],
	window => [ 'on EXECUTE silent', q{INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000000) g}, EXECUTE => 64 ],
	drain => [ 'on EXECUTE nth 10 silent', q{INSERT INTO t SELECT g, 'x' FROM generate_series(1, 10) g}, EXECUTE => 10 ],
	page => [ 'on EXECUTE text "SELECT" silent', q{SELECT * FROM t}, EXECUTE => 1 ],
	query => [ 'on QUERY text "ks.t" silent', q{SELECT scylla_fdw_query('s', 'SELECT id FROM ks.t')}, QUERY => 4 ],
);

sub start_node
{
	my ($fault) = @_;
	my $node = ScyllaTest::Node->start(@table, $fault);

	query(sprintf 'DROP SERVER IF EXISTS s CASCADE; CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
		server_options(host => $node->{address}, port => $node->{port}, max_in_flight => 64,
			connect_timeout => 60000, request_timeout => 60000));
	query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
	query(q{CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
	return $node;
}

for my $name (sort keys %state)
{
	my ($fault, $statement, $counter, $reached) = @{ $state{$name} };

	for my $how (qw(cancel terminate timeout))
	{
		my $node = start_node($fault);
		my $session = background(($how eq 'timeout' ? "SET statement_timeout = '1500ms';\n" : '') . "$statement;");

		ok(await("$name reached", sub { $node->count($counter) >= $reached }), "$name, $how: is stuck");
		my $begun = time;
		query("SELECT pg_${how}_backend($session->{pid})") unless $how eq 'timeout';
		my (undef, undef, $err) = $session->finish;
		cmp_ok(time - $begun, '<', $how eq 'timeout' ? 2.5 : 1, "$name, $how: ends in time");
		like($err, $how eq 'terminate' ? qr/57P01/ : qr/57014/, "$name, $how: with PostgreSQL's own error");
		ok(await('the backend is gone', sub { query("SELECT count(*) FROM pg_stat_activity WHERE pid = $session->{pid}") eq '0' }, 5),
			"$name, $how: the backend is gone");
		ok(await('connections are closed', sub { $node->count('open') == 0 }, 5), "$name, $how: its connections too");
		$node->stop;
	}
}

# After a cancel the same session works again at once, and nothing is mixed up.
my $node = start_node('on EXECUTE after 100 times 64 hold');
my $session = background(q{\set ON_ERROR_STOP off
INSERT INTO t SELECT g, 'first' FROM generate_series(1, 100000) g;
INSERT INTO t SELECT g, 'second' FROM generate_series(1, 500) g;
SELECT count(*), min(s), max(s) FROM t WHERE id <= 500;});
ok(await('the window is full', sub { $node->count('held') == 64 }), 'the window is full');
query("SELECT pg_cancel_backend($session->{pid})");
ok(await('the cancel arrived', sub { $session->{harness}->pump_nb; $session->{err} =~ /57014/ }), 'cancelled');
$node->order('release');
my (undef, $out, undef) = $session->finish;
is($out, "500|second|second\n", 'what was abandoned does not land after what came later');

done_testing();
