# Connections by TLS in all ways of talking: what breaks one loses no row, whatever a statement waits for it can be
# interrupted, a node without TLS hears nothing, and no session of TLS goes on for somebody else.
use strict;
use warnings;

use File::Copy 'copy';
use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};

database('scylla_tap_tls_ends');
my $certificates = certificates() or plan skip_all => 'needs a server that reads files of this test';

my $tls = "tls '$certificates/server.pem' '$certificates/server.key' ca '$certificates/ca.pem' client ask";
my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))', 'auth cassandra secret', $tls);
my @versions = ('TLSv1.2', 'TLSv1.3');
my $insert = q{INSERT INTO t SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 300) g};
my $sums = 'SELECT count(*), sum(id), sum(length(s)), count(DISTINCT s) FROM (SELECT * FROM t OFFSET 0) every';
my $all = '300|45150|192000|300';

sub create_server
{
	my (%more) = @_;

	query('DROP SERVER IF EXISTS s CASCADE; CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw ' . server_options(host => '127.0.0.1',
		port => $node->{port}, connect_timeout => 1500, request_timeout => 3000, sslmode => 'verify-full',
		sslrootcert => "$certificates/ca.pem", %more));
	query('CREATE USER MAPPING FOR CURRENT_USER SERVER s ' . server_options(username => 'cassandra', password => 'secret'));
	query(q{CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't', fetch_size '50')});
	return;
}

sub use_version { return create_server(ssl_min_protocol_version => $_[0], ssl_max_protocol_version => $_[0], @_[1 .. $#_]); }

# One error, in time, then all is well in the same session, once the node is ordered so.
sub fails
{
	my ($label, $sqlstate, $sql, @orders) = @_;
	my $session = background("\\set ON_ERROR_STOP off\n$sql; SELECT 'failed';");

	ok($session->shows(qr/^failed$/m), "$label: an end");
	$node->order($_) for @orders;
	my (undef, $out, $err) = within(5, $label, sub { $session->send("$insert; $sums;")->finish });
	is(join(' ', $err =~ /ERROR:  (\w+):/g), $sqlstate, "$label: one error") or diag($err);
	like($out, qr/^\Q$all\E$/m, "$label: the next statement");
	return $err;
}

# ---- records, in all ways of talking ----

for my $case ([ 4, 'none', 0 ], [ 4, 'lz4', 1 ], [ 5, 'none', 1 ], [ 5, 'lz4', 0 ])
{
	my ($protocol, $compression, $i) = @$case;
	my $way = "v$protocol, $compression, $versions[$i]";
	my @orders = (qq(text "INSERT" nth 7 %s), qq(text "FROM" nth 3 %s));

	use_version($versions[$i], protocol_version => $protocol, compression => $compression);
	for my $fault ('close', 'tls-close', 'tls-cut 9', 'tls-flip 30', $i ? 'key-update request' : 'renegotiate', 'dribble', 'duplicate')
	{
		$node->order('reset');
		$node->order("on EXECUTE " . sprintf($_, $fault)) for @orders;
		my ($brought) = within(10, "$way, $fault", sub { query("TRUNCATE t; $insert; $sums") });
		is($brought, $all, "$way, $fault: nothing is lost or doubled");
		is($node->count('faults'), 2, "$way, $fault: it happened twice");
		$node->order('clear');
	}

	# answers that waited leave in one record
	$node->order('on EXECUTE text "INSERT" times 12 hold');
	my $session = background("$insert; $sums;");
	ok(await('answers to be held', sub { $node->count('held') >= 12 }), "$way: answers are held");
	$node->order('clear');
	$node->order('release');
	is(($session->finish)[1], "$all\n", "$way: many frames in one record");

	$node->order("$tls fragment 512");
	is(query("TRUNCATE t; $insert; $sums"), $all, "$way: small records");
	is(query("INSERT INTO t SELECT 0, repeat(md5('x'), 100000); SELECT s = repeat(md5('x'), 100000) FROM t WHERE id = 0; DELETE FROM t WHERE id = 0"), 't',
		"$way: a large value in small records");
	$node->order($tls);

	$node->order(qq(on EXECUTE text "FROM" nth 3 stall 40));
	fails("$way, half a record of a page", '08006', $sums, 'clear', 'release');
}

# ---- a node that takes one version only hangs up on the other ----

for my $version (@versions)
{
	$node->order('protocol 5 only');
	use_version($version);
	is(query("TRUNCATE t; $insert; $sums"), $all, "$version, v5 only");
	$node->order('protocol 5');
}

# ---- a node without TLS ----

for my $version (@versions)
{
	for my $how ('off', 'optional')
	{
		use_version($version);
		my $session = background("\\set ON_ERROR_STOP off\n$insert; SELECT 'loaded';");
		ok($session->shows(qr/^loaded$/m), "$version, $how: loaded");
		$node->order('reset');
		$node->order("tls $how");
		$node->order('on CLIENT_HELLO plain') if $how eq 'optional';
		$node->order('disconnect');
		$session->send("$insert; SELECT 'failed';");
		ok($session->shows(qr/^failed$/m), "$version, $how: an end");
		like($session->{err}, qr/ERROR:  0800[16]: /, "$version, $how: refused");
		like((psql($insert))[2], qr/ERROR:  08001: .*(does this port speak TLS|within \d+ ms)/s, "$version, $how: a new session is told why");
		my $report = $node->order('report');
		unlike($report, qr/^(OPTIONS|STARTUP|AUTH_RESPONSE) [1-9]/m, "$version, $how: nothing is asked");
		like($report, qr/^plain_bytes 0$/m, "$version, $how: nothing is plain");
		$node->order('clear');
		$node->order($tls);
		is(($session->send("$insert; $sums;")->finish)[1] =~ /^\Q$all\E$/m, 1, "$version, $how: the next statement");
	}
}

# ---- cancel and terminate ----

# Whether bytes wait in the server's sockets for a node that does not read: what is sent next waits, too.
sub is_blocked
{
	open my $table, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!";
	return scalar grep { /^\s*\d+: \S+ \S+:(\S+) 01 (\S+):/ && hex $1 == $node->{port} && hex $2 > 100000 } <$table>;
}

my $load = q{INSERT INTO t SELECT g, repeat(md5(g::text), 30000) FROM generate_series(1, 40) g};

for my $version (@versions)
{
	my %state = (
		'half a record of a page' => [ q{on EXECUTE text "FROM" nth 3 stall 9}, $sums, sub { $node->count('held') > 0 } ],
		'half a record in a load' => [ q{on EXECUTE text "INSERT" nth 7 stall 9}, $insert, sub { $node->count('held') > 0 } ],
		'a node that does not read' => [ undef, $load, \&is_blocked ]);

	for my $state (sort keys %state)
	{
		my ($rule, $sql, $is_stuck) = @{ $state{$state} };

		for my $how ([ cancel => '57014' ], [ terminate => '57P01' ])
		{
			my ($verb, $sqlstate) = @$how;
			my $label = "$version, $verb, $state";

			use_version($version, connect_timeout => 60000, request_timeout => 60000);
			my $session = background("\\set ON_ERROR_STOP off\n$insert; SELECT 'loaded';");
			$session->shows(qr/^loaded$/m);
			$rule ? $node->order($rule) : $node->{harness}->signal('STOP');
			$session->send("$sql; SELECT 'ended';");
			ok(await('the statement to be stuck', $is_stuck), "$label: stuck");
			within(1, $label, sub {
				query("SELECT pg_${verb}_backend($session->{pid})");
				$verb eq 'cancel' ? $session->shows(qr/^ended$/m) : $session->finish;
			});
			like($session->{err}, qr/(ERROR|FATAL):  $sqlstate: /, $label);
			$node->{harness}->signal('CONT') unless $rule;
			$node->order('clear');
			$node->order('release');
			is(($session->send("$insert; $sums;")->finish)[1] =~ /^\Q$all\E$/m, 1, "$label: the next statement") if $verb eq 'cancel';
		}
	}
}

# ---- sessions of TLS ----

copy("$certificates/ca.pem", "$certificates/again.pem") or die 'no copy';
for my $version (@versions)
{
	my @own = map { "sslcert '$certificates/$_.pem', sslkey '$certificates/$_.key'" } qw(client client_stranger);
	my @changes = (q{SERVER s OPTIONS (SET sslmode 'verify-ca')}, q{SERVER s OPTIONS (DROP sslmode)},
		qq{SERVER s OPTIONS (SET sslrootcert '$certificates/again.pem')}, qq{SERVER s OPTIONS (ADD sslcrl '$certificates/ca.crl')},
		'USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (' . $own[0] =~ s/ssl/ADD ssl/gr . ')',
		'USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (' . $own[1] =~ s/ssl/SET ssl/gr . ')',
		q{USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (SET username 'other', SET password 'else')});

	use_version($version);
	$node->order('reset');
	my $session = background("\\set ON_ERROR_STOP off\n$insert; SELECT 'change 0';");
	$session->shows(qr/^change 0$/m);
	for my $i (1 .. @changes)
	{
		my ($handshakes, $resumed) = map { $node->count($_) } qw(tls_handshakes tls_resumed);

		$node->order('auth other else') if $changes[$i - 1] =~ /else/;
		$session->send("ALTER $changes[$i - 1]; SELECT count(*) FROM t WHERE id = 1; SELECT 'change $i';");
		ok($session->shows(qr/^change $i$/m), "$version, change $i");
		cmp_ok($node->count('tls_handshakes') - $handshakes - $node->count('tls_resumed') + $resumed, '>=', 1,
			"$version: a handshake in full behind $changes[$i - 1]");
	}
	my (undef, undef, $err) = $session->finish;
	is($err, '', "$version, changes: nothing is said");
	cmp_ok($node->count('tls_resumed'), '>', 0, "$version, changes: else sessions go on");
	is($node->count('ticket_reused'), 0, "$version, changes: no ticket was used twice");
	$node->order('auth cassandra secret');

	# many tickets, of which few are kept
	$node->order("$tls tickets 100");
	use_version($version);
	my $many = background('');
	for my $i (1 .. 20)
	{
		$many->send("SELECT count(*) FROM t WHERE id = 1; SELECT 'connection $i';");
		ok($many->shows(qr/^connection $i$/m), "$version, many tickets, connection $i");
		$node->order('disconnect');
	}
	is(($many->finish)[2], '', "$version, many tickets: nothing is said");
	is($node->count('ticket_reused'), 0, "$version, many tickets: none was used twice");
	$node->order($tls);
}

done_testing();
