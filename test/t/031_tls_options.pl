# Options about TLS do what they say, from one statement to the next; a certificate is as good as a password where it is the user's own.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_tls_options');

my $files = certificates() or plan skip_all => 'needs a server that reads files of this test';
my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, PRIMARY KEY (id))', 'row ks.t (1)');

# The node's certificate, and what it asks of clients, from the next connection on.
sub node_has
{
	my ($certificate, $rest) = @_;

	$node->order("tls $files/$certificate.pem $files/$certificate.key ca $files/ca.pem $rest");
	return;
}

# One session: after each change of the server what the next statement tells, an error's first words among them.
sub follow
{
	my @changes = @_;
	my $tells = q{SELECT tls FROM scylla_fdw_nodes('s');};
	my (undef, $out, $err) = psql(join "\n", '\set ON_ERROR_STOP off', 'SET client_min_messages = error; \set VERBOSITY default', $tells,
		map { ("\\warn $_", "ALTER SERVER s OPTIONS ($_);", $tells) } @changes);

	return ($out, $err);
}

node_has('server', 'client none');
query('CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw ' . server_options(host => $node->{address}, port => $node->{port},
	connect_timeout => 2000, sslrootcert => "$files/ca.pem") . q{; CREATE USER MAPPING FOR CURRENT_USER SERVER s;
	CREATE FOREIGN TABLE t (id int) SERVER s OPTIONS (keyspace 'ks')});
is(query('SELECT id FROM t'), '1', 'sslrootcert alone encrypts');
like(query(q{SELECT tls, cipher FROM scylla_fdw_nodes('s')}), qr/^TLSv1\.3\|TLS_\w+$/, 'and nodes tell so');
$node->order('reset');
query('SELECT id FROM t; SELECT id FROM t;');
is($node->count('tls_handshakes'), 2, 'a handshake for the node, and one to hear of changes');
is($node->count('tls_resumed'), 1, 'of which the second goes on with a session of the first');
is(query(q{EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) SELECT id FROM t}) =~ /TLS/i, '', 'EXPLAIN tells nothing of it');

# each option, from one statement to the next
my ($out, $err) = follow(q{ADD ssl_max_protocol_version 'TLSv1.2'}, q{ADD ssl_min_protocol_version 'TLSv1.2'},
	q{SET ssl_min_protocol_version 'TLSv1.3', DROP ssl_max_protocol_version}, q{DROP ssl_min_protocol_version});
is($out, "TLSv1.3\nTLSv1.2\nTLSv1.2\nTLSv1.3\nTLSv1.3", 'versions');
is($err =~ /ERROR/, '', 'versions: no error');
($out, $err) = follow(qq{SET sslrootcert '$files/other_ca.pem'}, q{ADD sslmode 'require'}, q{DROP sslrootcert},
	qq{ADD sslrootcert '$files/ca.pem', ADD sslcrl '$files/ca.crl'}, q{DROP sslcrl, DROP sslmode});
is($out, "TLSv1.3\nTLSv1.3\nTLSv1.3\nTLSv1.3", 'roots');
is(() = $err =~ /^psql.*ERROR:/mg, 2, 'roots: the wrong one is refused by verify-full and by require') or diag($err);
node_has('revoked', 'client none');
($out, $err) = follow(qq{ADD sslcrl '$files/ca.crl'}, q{DROP sslcrl});
is($out, "TLSv1.3\nTLSv1.3", 'a certificate is revoked');
like($err, qr/revoked/, 'and the error says so');
node_has('wrong', 'client none');
($out, $err) = follow(q{ADD sslmode 'verify-ca'}, q{SET sslmode 'verify-full'}, q{DROP sslmode});
is($out, 'TLSv1.3', 'verify-ca takes any name');
is(() = $err =~ /^psql.*ERROR:/mg, 3, 'verify-full does not') or diag($err);
node_has('server', 'client none');
is($node->count('plain_bytes'), 0, 'nothing was said in plain text so far');
($out, $err) = follow(q{ADD sslmode 'disable'}, q{DROP sslmode});
is($out, "TLSv1.3\nTLSv1.3", 'disable does without');

# the name of the node, as it was reached
follow(q{SET host 'localhost', ADD sslsni '0'});
unlike($node->order('report'), qr/^tls_sni/m, 'sslsni off: no name is told');
follow(q{SET sslsni '1'});
like($node->order('report'), qr/^tls_sni localhost$/m, 'sslsni: the name is told');
query(qq{ALTER SERVER s OPTIONS (SET host '$node->{address}', DROP sslsni)});

# who is no superuser needs a password, or a certificate of the user's own for which the node asks
query('DROP ROLE IF EXISTS scylla_tap_tls; CREATE ROLE scylla_tap_tls; GRANT SELECT ON t TO scylla_tap_tls; CREATE USER MAPPING FOR scylla_tap_tls SERVER s');
sub as_role { return psql("SET ROLE scylla_tap_tls; SELECT id FROM t"); }
sub own { return "$_[0] sslcert '$files/$_[1].pem', $_[0] sslkey '$files/$_[1].key'"; }
node_has('server', 'client require');
(undef, undef, $err) = as_role();
like($err, qr/2F003: password is required.*HINT:.*sslcert/s, 'no certificate');
query("ALTER SERVER s OPTIONS (${\own('ADD', 'client')})");
is(query('SELECT id FROM t'), '1', 'the certificate of the server');
(undef, undef, $err) = as_role();
like($err, qr/2F003: password is required/, 'is no substitute for a password');
query("ALTER USER MAPPING FOR scylla_tap_tls SERVER s OPTIONS (${\own('ADD', 'client')})");
(undef, $out, $err) = as_role();
is("$out$err", '1', "the user's own is, as the node asks for it");
node_has('server', 'client none');
(undef, undef, $err) = as_role();
like($err, qr/ERROR.*password/s, 'a node that does not ask for it is refused');
query(q{ALTER SERVER s OPTIONS (ADD sslmode 'disable')});
(undef, undef, $err) = as_role();
like($err, qr/2F003: password is required/, 'without TLS nobody can ask');
query("ALTER SERVER s OPTIONS (DROP sslmode, ${\own('SET', 'client_stranger')})");
node_has('server', 'client require');
$node->order('auth certificate certified');
(undef, $out, $err) = as_role();
is("$out$err", '1', "the user's own certificate beats the server's");
(undef, undef, $err) = psql('SELECT id FROM t');
like($err, qr/ERROR/, "the server's is that of another role");

# the key's password, which nobody is told
my $loud = q{SET ROLE scylla_tap_tls; SET client_min_messages = debug5; SELECT id FROM t; SELECT * FROM scylla_fdw_events('s');};
query("GRANT USAGE ON FOREIGN SERVER s TO scylla_tap_tls;
	ALTER USER MAPPING FOR scylla_tap_tls SERVER s OPTIONS (SET sslkey '$files/client_password.key', ADD sslpassword 'open sesame')");
(undef, $out, $err) = psql($loud);
like($out, qr/^1$/m, 'a key with a password');
unlike("$out$err", qr/open sesame/, 'which is not told');
query(q{ALTER USER MAPPING FOR scylla_tap_tls SERVER s OPTIONS (SET sslpassword 'close sesame')});
(undef, $out, $err) = psql($loud);
like($err, qr/ERROR:  08001: .*client_password\.key/s, 'the wrong one: the error names the file');
unlike("$out$err", qr/sesame/, 'and not the password');

query('DROP OWNED BY scylla_tap_tls; DROP ROLE scylla_tap_tls');
done_testing();
