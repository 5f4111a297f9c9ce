# What can go wrong with TLS: in each handshake and each record. Either nothing is lost and nothing is said, or one error
# comes in bounded time; the session goes on, and nothing ever leaves in plain text.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};

database('scylla_tap_tls_faults');
my $certificates = certificates() or plan skip_all => 'needs a server that reads files of this test';

my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))',
	'auth cassandra secret', "tls '$certificates/server.pem' '$certificates/server.key'");
my @versions = ('TLSv1.2', 'TLSv1.3');
my $insert = q{INSERT INTO t SELECT g, 'x' || g FROM generate_series(1, 500) g};

sub use_version
{
	my ($version, %more) = @_;

	query('DROP SERVER IF EXISTS s CASCADE; CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw ' . server_options(host => '127.0.0.1',
		port => $node->{port}, connect_timeout => 1000, request_timeout => 3000, sslmode => 'verify-full',
		sslrootcert => "$certificates/ca.pem", ssl_min_protocol_version => $version, ssl_max_protocol_version => $version, %more));
	query('CREATE USER MAPPING FOR CURRENT_USER SERVER s ' . server_options(username => 'cassandra', password => 'secret'));
	query(q{CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
	return;
}

sub is_loaded
{
	my ($label) = @_;

	is(query('SELECT count(*), sum(id), count(DISTINCT s) FROM t'), '500|125250|500', "$label: nothing is lost");
	return;
}

# One error, in time; the session goes on, and the next one loads everything.
sub fails
{
	my ($label, $rule, $sqlstate) = @_;

	$node->order($rule);
	my (undef, $out, $err) = within(10, $label, sub { psql("\\set ON_ERROR_STOP off\n$insert;\nSELECT 'goes on';") });
	is(join(' ', $err =~ /ERROR:  (\w+):/g), $sqlstate, "$label: one error") or diag($err);
	is($out, 'goes on', "$label: the session goes on");
	$node->order('clear');
	$node->order('release');
	within(10, $label, sub { query($insert) });
	is_loaded($label);
	return;
}

# All is well, maybe on another connection.
sub works
{
	my ($label, $rule) = @_;

	$node->order('reset');
	$node->order($rule);
	within(20, $label, sub { query("TRUNCATE t; $insert") });
	cmp_ok($node->count('faults'), '>', 0, "$label: it happened");
	$node->order('clear');
	$node->order('release');
	is_loaded($label);
	is($node->count('plain_bytes'), 0, "$label: nothing was plain");
	return;
}

for my $version (@versions)
{
	use_version($version);

	for my $action ('silent', 'close', 'reset', 'garbage', 'plain', 'alert 40', 'cut 0', 'cut 3', 'cut 60', 'stall 0', 'stall 60',
		'tls-flip', 'tls-flip 0')
	{
		fails("$version, $action for the ClientHello", "on CLIENT_HELLO $action", '08001');
	}
	for my $action ('silent', 'close', 'reset', 'garbage', 'cut 3', 'stall 3', 'tls-flip')
	{
		fails("$version, $action at the handshake's end", "on CLIENT_FINISHED $action", '08001');
	}

	# a connection that breaks in a load is made again, and what was under way is sent again
	for my $action ('close', 'reset', 'tls-close', 'tls-cut 0', 'tls-cut 3', 'tls-cut 20', 'tls-flip', 'tls-flip 0', 'tls-flip 10')
	{
		works("$version, $action in a load", qq(on EXECUTE text "INSERT" nth 20 $action));
	}
	works("$version, bytes that dribble", 'on CLIENT_HELLO dribble');
	fails("$version, half a record in a load", 'on EXECUTE text "INSERT" nth 20 stall 10', '08006');
}

# ---- keys that change, and what TLS 1.2 had instead ----

works('TLSv1.3, new keys of the node', 'on EXECUTE every 7 key-update');
works('TLSv1.3, new keys on both sides', 'on EXECUTE every 7 key-update request');
use_version('TLSv1.2');
works('TLSv1.2, renegotiation is refused', 'on EXECUTE nth 20 renegotiate');

# ---- frames over many records ----

$node->order("tls '$certificates/server.pem' '$certificates/server.key' fragment 512");
for my $version (@versions)
{
	use_version($version);
	query("TRUNCATE t; INSERT INTO t SELECT g, repeat(md5(g::text), 100) FROM generate_series(1, 500) g");
	is(query('SELECT count(*), sum(length(s)), count(DISTINCT s) FROM t'), '500|1600000|500', "$version: small records");
}

# ---- cancel and terminate ----

for my $version (@versions)
{
	for my $flight ('CLIENT_HELLO stall 0', 'CLIENT_HELLO stall 40', 'CLIENT_FINISHED stall 0')
	{
		for my $how ([ cancel => '57014' ], [ terminate => '57P01' ])
		{
			my ($verb, $sqlstate) = @$how;
			my $label = "$version, $verb at $flight";

			use_version($version, connect_timeout => 60000, request_timeout => 60000);
			$node->order("on $flight");
			my $session = background("$insert;");
			await($flight, sub { $node->count('held') > 0 });
			query("SELECT pg_${verb}_backend($session->{pid})");
			my (undef, undef, $err) = within(1, $label, sub { $session->finish });
			like($err, qr/(ERROR|FATAL):  $sqlstate: /, $label);
			$node->order('clear');
			$node->order('disconnect');
		}
	}
}

# ---- sessions that go on ----

for my $version (@versions)
{
	for my $case ([ '', 1 ], [ 'tickets 1', 1 ], [ 'tickets 0', 0 ], [ 'ids', 1 ])
	{
		my ($setting, $resumes) = @$case;
		my $label = $setting ? "$version, $setting" : $version;

		$node->order("tls '$certificates/server.pem' '$certificates/server.key' $setting");
		use_version($version);
		$node->order('reset');
		my $session = background('');
		for my $i (1 .. 5)
		{
			ok($session->send("$insert; SELECT 'done $i';")->shows(qr/^done $i$/m), "$label: connection $i");
			$node->order('tls forget') if $i == 3;
			$node->order('disconnect');
		}
		my (undef, undef, $err) = $session->finish;
		is($err, '', "$label: nothing is said");
		is($node->count('tls_resumed') > 0 ? 1 : 0, $resumes, "$label: " . ($resumes ? 'resumed' : 'never resumed'));
		is($node->count('ticket_reused'), 0, "$label: no ticket was used twice");
		is($node->count('plain_bytes'), 0, "$label: nothing was plain");
	}
}

done_testing();
