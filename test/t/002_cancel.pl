# statement_timeout, pg_cancel_backend and pg_terminate_backend end every wait within a second.
use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_cancel');

my @table = ('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))');

# A state: what the node does, the statement that gets stuck there, and how many requests are stuck then.
my %state = (
	connect => [ 'on CONNECT silent', q{INSERT INTO t VALUES (1, 'x')}, 1 ],
	handshake => [ 'on STARTUP silent', q{INSERT INTO t VALUES (1, 'x')}, 1 ],
	prepare => [ 'on PREPARE silent', q{INSERT INTO t VALUES (1, 'x')}, 1 ],
	window => [ 'on EXECUTE text "INSERT" silent', q{INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000000) g}, 64 ],
	drain => [ 'on EXECUTE text "INSERT" nth 10 silent', q{INSERT INTO t SELECT g, 'x' FROM generate_series(1, 10) g}, 1 ],
	page => [ q{on EXECUTE text 'FROM "ks"' silent}, q{SELECT * FROM t}, 1 ],
	query => [ 'on QUERY text "ks.t" silent', q{SELECT scylla_fdw_query('s', 'SELECT id FROM ks.t')}, 1 ],
);

# A server object s for a node, and its table t.
sub server
{
	my ($host, $port) = @_;

	query(sprintf 'DROP SERVER IF EXISTS s CASCADE; CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
		server_options(host => $host, port => $port, max_in_flight => 64, connect_timeout => 60000,
			request_timeout => 120000));
	query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
	query(q{CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
	return;
}

sub start_node
{
	my $node = ScyllaTest::Node->start(@table, @_);

	server($node->{address}, $node->{port});
	return $node;
}

# Whether anyone waits for an answer to a SYN to this port.
sub connecting
{
	my ($port) = @_;

	open my $table, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!";
	return scalar grep { /^\s*\d+: \S+ \S+:(\S+) 02 / && hex $1 == $port } <$table>;
}

# $is_stuck tells when the statement waits where it should; $is_left, when it waits there no longer.
sub interrupt
{
	my ($name, $how, $statement, $is_stuck, $is_left) = @_;
	my $session = background(($how eq 'timeout' ? "SET statement_timeout = '1500ms';\n" : '') . "$statement;");

	ok(await("$name reached", $is_stuck), "$name, $how: is stuck");
	my $begun = time;
	query("SELECT pg_${how}_backend($session->{pid})") unless $how eq 'timeout';
	my (undef, undef, $err) = $session->finish;
	cmp_ok(time - $begun, '<', $how eq 'timeout' ? 2.5 : 1, "$name, $how: ends in time");
	like($err, $how eq 'terminate' ? qr/57P01/ : qr/57014/, "$name, $how: with PostgreSQL's own error");
	ok(await('the backend is gone', sub { query("SELECT count(*) FROM pg_stat_activity WHERE pid = $session->{pid}") eq '0' }, 5),
		"$name, $how: the backend is gone");
	ok(await('connections are closed', $is_left, 5), "$name, $how: its connections too");
	return;
}

for my $how (qw(cancel terminate timeout))
{
	for my $name (sort keys %state)
	{
		my ($fault, $statement, $stuck) = @{ $state{$name} };
		my $node = start_node($fault);

		interrupt($name, $how, $statement, sub { $node->count('faults') >= $stuck }, sub { $node->count('open') == 0 });
		$node->stop;
	}
	# A socket whose queue of connections is full answers no SYN.
	my $full = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
	listen $full, 0;
	my $guest = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $full->sockport);
	server('127.0.0.1', $full->sockport);
	interrupt('syn', $how, q{INSERT INTO t VALUES (1, 'x')}, sub { connecting($full->sockport) }, sub { !connecting($full->sockport) });
	SKIP:
	{
		skip 'a server without slow_dns.so', 5 unless $ENV{SLOW_DNS};
		my $service = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
		my $lookup;
		server($service->sockport . '.slow.invalid', 9042);
		interrupt('dns', $how, q{INSERT INTO t VALUES (1, 'x')}, sub { $lookup = $service->accept }, sub { !$lookup->sysread(my $byte, 1) });
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

$node->stop;

# A row that is not answered holds up no newer row, which wins by its timestamp, and no read; what reads before it writes waits for the row.
# An answer is held until the session has shown what it does meanwhile.
sub leave
{
	my ($fault, $statement) = @_;

	$node = start_node("on EXECUTE text \"$fault\" nth 1 hold");
	$session = background("\\set ON_ERROR_STOP off\n$statement;");
	await('it is held', sub { $node->count('held') == 1 });
	query("SELECT pg_cancel_backend($session->{pid})");
	await('the cancel arrived', sub { $session->{harness}->pump_nb; $session->{err} =~ /57014/ });
	return;
}
sub waits
{
	my ($statement) = @_;

	$session->send("$statement; SELECT 'it is over';");
	await('it waits', sub { query(qq{SELECT wait_event FROM pg_stat_activity WHERE pid = $session->{pid} AND query = \$q\$$statement;\$q\$}) eq 'Extension' });
	query(q{SELECT scylla_fdw_query('s', 'SELECT id FROM ks.t')});	# of another session
	$session->{harness}->pump_nb;
	unlike($session->{out}, qr/it is over/, "$statement waits");
	$node->order('release');
	ok($session->shows(qr/it is over/), "$statement ends");
	$session->finish;
	$node->stop;
	return;
}
leave('INSERT', q{INSERT INTO t VALUES (1, 'first')});
$session->send(q{INSERT INTO t VALUES (1, 'second'); SELECT s FROM t WHERE id = 1; COPY t FROM STDIN;
2	copied
\.
SELECT s FROM t WHERE id = 2;});
ok($session->shows(qr/second\ncopied\n/), 'rows behind a row that is not answered');
waits(q{UPDATE t SET s = 'third' WHERE id = 1});
leave('SELECT', 'SELECT * FROM t WHERE id = 1');
$session->send(q{UPDATE t SET s = 'third' WHERE id = 2; SELECT 'it is over';});
ok($session->shows(qr/it is over/), 'an UPDATE behind a read that is not answered');
$session->finish;
$node->stop;
leave('INSERT', q{INSERT INTO t VALUES (1, 'first') ON CONFLICT DO NOTHING});
waits('INSERT INTO t VALUES (2)');
leave('INSERT', q{INSERT INTO t VALUES (1, 'first')});
waits('INSERT INTO t VALUES (2) ON CONFLICT DO NOTHING');
leave('INSERT', q{INSERT INTO t VALUES (1, 'first')});
waits('TRUNCATE t');

# Other timeouts of PostgreSQL mean locks and idleness, not a wait for the cluster; transaction_timeout means all.
$node = start_node('on EXECUTE text "INSERT" nth 5 delay 700');
my $sql = q{SET lock_timeout = '100ms'; SET idle_in_transaction_session_timeout = '100ms'; SET idle_session_timeout = '100ms';
BEGIN; INSERT INTO t SELECT g, 'x' FROM generate_series(1, 10) g; COMMIT;};
is((psql($sql))[2], '', 'timeouts of locks and idleness do not fire');
is($node->count('faults'), 1, 'there was a wait');
$node->stop;
SKIP:
{
	skip 'no transaction_timeout before 17', 1 if query(q{SELECT current_setting('server_version_num')}) < 170000;
	$node = start_node('on EXECUTE text "INSERT" silent');
	my (undef, undef, $err) = within(5, 'transaction_timeout', sub { psql(q{SET transaction_timeout = '300ms'; INSERT INTO t VALUES (1, 'x')}) });
	like($err, qr/FATAL:  25P04/, 'transaction_timeout fires');
}

done_testing();
