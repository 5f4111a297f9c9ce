# Connecting: what can go wrong gives one clear error within its timeout, and the session goes on.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use IO::Socket::INET;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_connect');

my @table = ('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))');
my $timeout = 700;    # ms

# server NAME, its options, options of the mapping
sub server
{
	my ($name, $options, $mapping) = @_;

	query(sprintf 'CREATE SERVER %s FOREIGN DATA WRAPPER scylla_fdw %s', $name,
		server_options(connect_timeout => $timeout, %$options));
	query(sprintf 'CREATE USER MAPPING FOR CURRENT_USER SERVER %s %s', $name,
		$mapping ? server_options(%$mapping) : '');
	query("CREATE FOREIGN TABLE $name (id int, s text) SERVER $name OPTIONS (keyspace 'ks', \"table\" 't')");
	return;
}

# An INSERT fails with this SQLSTATE and text, in time; the session then goes on.
sub fails
{
	my ($name, $sqlstate, $text, $label) = @_;
	my (undef, $out, $err) = within(5, $label,
		sub { psql("\\set ON_ERROR_STOP off\nINSERT INTO $name VALUES (1, 'x');\nSELECT 'goes on';") });

	like($err, qr/ERROR:  $sqlstate: .*$text/s, $label);
	is(() = $err =~ /ERROR:/g, 1, "$label: one error");
	is($out, 'goes on', "$label: the session goes on");
	return;
}

sub node_options { return { host => $_[0]{address}, port => $_[0]{port} }; }

# passwords
my $auth = ScyllaTest::Node->start(@table, 'auth cassandra secret');
server('good', node_options($auth), { username => 'cassandra', password => 'secret' });
is(query("INSERT INTO good VALUES (1, 'x') RETURNING s") , 'x', 'right password');
server('wrong', node_options($auth), { username => 'cassandra', password => 'hunter2' });
fails('wrong', '28P01', '', 'wrong password');
server('nothing', node_options($auth));
fails('nothing', '28P01', 'password', 'no password');
my (undef, undef, $err) = psql("INSERT INTO wrong VALUES (1, 'x')");
unlike($err, qr/hunter2/, 'the password is not shown');

# a session shows a node the wrong one once, and again when it is made anew
my $before = $auth->count('AUTH_RESPONSE');
(undef, undef, $err) = psql("\\set ON_ERROR_STOP off\n" . 'SELECT * FROM wrong;' x 3);
is(() = $err =~ /ERROR:  28P01: /g, 3, 'each statement fails');
is(() = $err =~ /\(the next try may be in \d+ s\)/g, 2, 'those behind the first say when the next try may be');
is($auth->count('AUTH_RESPONSE') - $before, 1, 'the node was shown the password once');
psql("\\set ON_ERROR_STOP off\nSELECT * FROM wrong; SELECT scylla_fdw_disconnect('wrong'); SELECT * FROM wrong;");
is($auth->count('AUTH_RESPONSE') - $before, 3, 'a client that is made anew tries anew');

# changed in one session: wrong, right, wrong
my (undef, $out, undef) = psql(q{
\set ON_ERROR_STOP off
SELECT count(*) FROM good;
ALTER USER MAPPING FOR CURRENT_USER SERVER good OPTIONS (SET password 'bad');
SELECT count(*) FROM good;
ALTER USER MAPPING FOR CURRENT_USER SERVER good OPTIONS (SET password 'secret');
SELECT count(*) FROM good;});
is($out, "1\n1", 'the mapping is followed within a session');

# a role without superuser rights must give a password, and the node must ask for it
my $open = ScyllaTest::Node->start(@table);
server('open', node_options($open));
query('CREATE ROLE scylla_tap_role; GRANT ALL ON open TO scylla_tap_role; GRANT USAGE ON FOREIGN SERVER open TO scylla_tap_role;');
query(q{CREATE USER MAPPING FOR scylla_tap_role SERVER open OPTIONS (username 'u', password 'p')});
(undef, undef, $err) = psql("SET ROLE scylla_tap_role; INSERT INTO open VALUES (1, 'x')");
like($err, qr/password/, 'a node that does not ask for the password is refused');
query(q{DROP USER MAPPING FOR scylla_tap_role SERVER open; CREATE USER MAPPING FOR scylla_tap_role SERVER open});
(undef, undef, $err) = psql("SET ROLE scylla_tap_role; INSERT INTO open VALUES (1, 'x')");
like($err, qr/2F003: password is required/, 'no password');
query(q{ALTER USER MAPPING FOR scylla_tap_role SERVER open OPTIONS (ADD password_required 'false')});
query("SET ROLE scylla_tap_role; INSERT INTO open VALUES (1, 'x')");
pass('password_required off');
query('DROP OWNED BY scylla_tap_role; DROP ROLE scylla_tap_role');

# nobody there
my $port = do { my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1'); $s->sockport };
server('dead', { host => '127.0.0.1', port => $port });
fails('dead', '08001', "127.0.0.1:$port.*refused", 'dead port');
server('nowhere', { host => 'no-such-host.invalid', port => $port });
fails('nowhere', '08001', 'no-such-host\.invalid', 'wrong host');

server('dead_ends', { host => "127.0.0.1:$port,no-such-host.invalid" });
(undef, undef, $err) = psql('SELECT * FROM dead_ends');
like($err, qr/ERROR:  08001: could not connect to the cluster\nDETAIL:  .*$_: \w/, "the detail has the reason of $_") for "127\\.0\\.0\\.1:$port", 'no-such-host\.invalid:9042';
like($err, qr/^DETAIL:  .*\w\.$/m, 'and is a sentence');

# dead and live contact points
server('one_alive', { host => "127.0.0.1:$port, $open->{address}:$open->{port}" });
is(query("INSERT INTO one_alive VALUES (2, 'x') RETURNING s"), 'x', 'one contact point of two is enough');

# two servers in one query have nothing in common
{
	my $other = ScyllaTest::Node->start(@table);

	server('other', node_options($other));
	query(q{INSERT INTO open VALUES (7, 'here'); INSERT INTO other VALUES (7, 'there'), (8, 'there')});
	is(query('SELECT o.s, t.s FROM open o JOIN other t USING (id)'), 'here|there', 'two servers in one query');
	query('INSERT INTO open SELECT id, s || 1 FROM other');
	is(query('SELECT id, s FROM open WHERE id > 2 ORDER BY id'), "7|there1\n8|there1", 'and from one to the other');
	is(query('SELECT count(*) FROM other'), '2', 'the other has what it had');
}

# silence, in every state of the handshake
my $mute = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1');
server('mute', { host => '127.0.0.1', port => $mute->sockport });
fails('mute', '08001', "no answer within $timeout ms", 'a port that accepts and says nothing');
my $full = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
listen $full, 0;
my $guest = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $full->sockport);
server('crowded', { host => '127.0.0.1', port => $full->sockport });
fails('crowded', '08001', "no answer within $timeout ms", 'a port that answers no SYN');
for my $state (qw(CONNECT OPTIONS STARTUP))
{
	my $node = ScyllaTest::Node->start(@table, "on $state silent");
	my $name = lc "silent_$state";

	server($name, node_options($node));
	fails($name, '08001', "no answer within $timeout ms", "silent after $state");
}
my $silent = ScyllaTest::Node->start(@table, 'auth u p', 'on AUTH_RESPONSE silent');
server('silent_auth', node_options($silent), { username => 'u', password => 'p' });
fails('silent_auth', '08001', "no answer within $timeout ms", 'silent after AUTH_RESPONSE');

# noise
for my $fault ('garbage', 'close', 'reset', 'cut 5', 'version', 'bigframe', 'wrong-stream')
{
	my $node = ScyllaTest::Node->start(@table, "on STARTUP $fault");
	(my $name = "startup_$fault") =~ s/\W/_/g;

	server($name, node_options($node));
	fails($name, '08\w\w\w', '', "STARTUP answered by $fault");
}
my $http = fork // die;
if ($http == 0)
{
	while (my $client = $mute->accept) { print $client "HTTP/1.1 400 Bad Request\r\n\r\n"; sysread $client, my $frame, 9; close $client; }
	exit;
}
server('http', { host => '127.0.0.1', port => $mute->sockport });
fails('http', '08001', 'an HTTP server answered: is this the right port\?\n', 'a server of another protocol');
kill 9, $http;
waitpid $http, 0;

# protocol versions and compression
for my $version (4, 5, '5 only')
{
	for my $compression (qw(none lz4))
	{
		my $node = ScyllaTest::Node->start(@table, "protocol $version");
		(my $name = "v${version}_$compression") =~ s/ /_/;

		server($name, { %{ node_options($node) }, compression => $compression });
		query("INSERT INTO $name SELECT g, repeat('x', g) FROM generate_series(1, 2000) g");
		is(query("SELECT count(*), sum(length(s)) FROM $name"), '2000|2001000', "protocol $version, compression $compression");
	}
}
my $four = ScyllaTest::Node->start(@table, 'protocol 4');
server('asks_for_five', { %{ node_options($four) }, protocol_version => 5 });
fails('asks_for_five', '08001', 'protocol version 5 is refused', 'a version that is not spoken');
my $strict = ScyllaTest::Node->start(@table, 'protocol 5 only');
server('says_five', { %{ node_options($strict) }, protocol_version => 5 });
query("INSERT INTO says_five VALUES (1, 'x')");
is($strict->count('protocol_errors'), 0, 'the version that is configured is that of the first frame');
server('says_four', { %{ node_options($strict) }, protocol_version => 4 });
fails('says_four', '08001', 'protocol version 4 is refused: Rejecting Protocol Version 4/v4', 'and is not changed');
my $scylla = ScyllaTest::Node->start(@table, 'scylla 2');
server('scylla', node_options($scylla));
query("INSERT INTO scylla SELECT g, 'x' FROM generate_series(1, 100) g");
is(query('SELECT count(*) FROM scylla'), '100', 'a ScyllaDB node');

done_testing();
