# TLS: certificates are good for what psql takes them for, whatever goes wrong in a handshake or a record ends with one
# error in time, and no byte of a connection that shall be encrypted is plain.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use SslJudge;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
plan skip_all => 'needs a server with slow_dns.so' unless $ENV{SLOW_DNS};

database('scylla_tap_tls');
my $certificates = certificates() or plan skip_all => 'needs a server that reads files of this test';
my $judge = SslJudge->start($certificates) or plan skip_all => 'needs a PostgreSQL with OpenSSL: the judge';

my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))',
	"row ks.t (1, 'x')");
my @versions = ('TLSv1.2', 'TLSv1.3');

sub show
{
	my ($name, $words) = @_;

	$node->order(sprintf "tls '%s/%s.pem' '%s/%s.key' %s", ($certificates, $name) x 2, $words // '');
	return;
}

# Servers that differ in these options, each with a table of its name: [name, options, options of the mapping].
sub servers
{
	query(join "\n", map {
		my ($name, $options, $mapping) = @$_;
		(sprintf('CREATE SERVER %s FOREIGN DATA WRAPPER scylla_fdw %s;', $name,
			server_options(host => '127.0.0.1', port => $node->{port}, connect_timeout => 5000, %$options)),
		sprintf('CREATE USER MAPPING FOR CURRENT_USER SERVER %s %s;', $name, $mapping && %$mapping ? server_options(%$mapping) : ''),
		sprintf(q{CREATE FOREIGN TABLE %s (id int, s text) SERVER %1$s OPTIONS (keyspace 'ks', "table" 't');}, $name))
	} @_);
	return;
}

# Which of these servers a new session gets a row from; what was said to the others.
sub reach
{
	my (undef, $out, $err) = psql(join "\n", '\set ON_ERROR_STOP off', map { "\\echo $_\n\\warn == $_\nSELECT s FROM $_;" } @_);
	my %reached = map { ($_ => $out =~ /^$_\nx$/m ? 1 : 0) } @_;
	my %said = $err =~ /^== (\S+)\n(.*?)(?=^== |\z)/gms;

	return (\%reached, \%said);
}

# ours and psql's word on each of these servers
sub agree
{
	my ($label, @servers) = @_;
	my ($reached, $said) = reach(map { $_->[0] } @servers);

	for my $server (@servers)
	{
		my ($name, $options, $mapping) = @$server;
		my $accepted = $judge->accepts(host => '127.0.0.1', %$options, %{ $mapping // {} });

		is($reached->{$name}, $accepted, "$label, $name: " . ($accepted ? 'accepted' : 'refused'))
			or diag("$said->{$name}psql: $judge->{said}");
		next if $reached->{$name};
		is(join(' ', $said->{$name} =~ /ERROR:  (\w+):/g), '08001', "$label, $name: one error") or diag($said->{$name});
	}
	return;
}

# ---- certificates of nodes ----

my %root = (sslrootcert => "$certificates/ca.pem");
my %crl = (%root, sslcrl => "$certificates/ca.crl");
my %name = (host => 'node.here.invalid');
my @ways = (
	[ require => { sslmode => 'require' } ],
	[ require_root => { sslmode => 'require', %root } ],
	[ verify_ca => { sslmode => 'verify-ca', %root } ],
	[ verify_full => { sslmode => 'verify-full', %root } ],
	[ verify_full_name => { sslmode => 'verify-full', %root, %name } ],
	[ verify_full_crl => { sslmode => 'verify-full', %crl } ],
	[ verify_ca_crl => { sslmode => 'verify-ca', %crl } ]);
my @others = (
	[ other_crl => { sslmode => 'verify-ca', %root, sslcrl => "$certificates/other_ca.crl" } ],
	[ expired_crl => { sslmode => 'verify-ca', %root, sslcrl => "$certificates/expired.crl" } ],
	[ other_root => { sslmode => 'verify-ca', sslrootcert => "$certificates/other_ca.pem" } ],
	[ no_root => { sslmode => 'verify-ca', sslrootcert => "$certificates/nothing.pem" } ],
	[ capitals => { sslmode => 'verify-full', %root, host => 'NODE.here.invalid' } ],
	[ deep => { sslmode => 'verify-full', %root, host => 'a.node.here.invalid' } ],
	[ short => { sslmode => 'verify-full', %root, host => 'here.invalid' } ],
	[ localhost => { sslmode => 'verify-full', %root, host => 'localhost' } ]);

sub of_versions
{
	return map {
		my ($name, $options, $mapping) = @$_;
		map {
			my %version = (ssl_min_protocol_version => $_, ssl_max_protocol_version => $_);
			[ $name . ($_ =~ s/TLSv1./_/r), { %$options, %version }, $mapping ]
		} @versions
	} @_;
}

@ways = of_versions(@ways);
servers(@ways, @others);
for my $certificate (qw(server ip dns wildcard wildcard_part cn cn_ip cn_wildcard cn_hidden cn_ip_hidden cn_beside_ip
	ip_as_name wrong expired not_yet self_signed unknown revoked chain chain_missing wrong_use))
{
	show($certificate);
	$judge->show($certificate);
	agree($certificate, @ways);
	agree($certificate, @others) if $certificate =~ /^(server|wildcard|cn_wildcard)$/;
}

# ---- certificates of clients ----

my %verify = (sslmode => 'verify-full', %root);
my @clients = map {
	my ($name, $certificate, $key, %more) = @$_;
	[ "client_$name", \%verify, { sslcert => "$certificates/$certificate.pem", sslkey => "$certificates/$key", %more } ]
} ([ good => 'client', 'client.key' ], [ stranger => 'client_stranger', 'client_stranger.key' ],
	[ expired => 'client_expired', 'client_expired.key' ], [ unknown => 'client_unknown', 'client_unknown.key' ],
	[ password => 'client', 'client_password.key', sslpassword => 'open sesame' ],
	[ no_password => 'client', 'client_password.key' ],
	[ wrong_password => 'client', 'client_password.key', sslpassword => 'sesame' ],
	[ der => 'client', 'client.der' ], [ readable => 'client', 'client_open.key' ], [ of_other => 'client', 'server.key' ],
	[ no_key => 'client', 'nothing.key' ], [ no_certificate => 'nothing', 'client.key' ]);

push @clients, [ 'client_none', \%verify, {} ];
@clients = of_versions(@clients);
servers(@clients);
show('server', "ca '$certificates/ca.pem' client require");
$judge->show('server', client => 'ca');
agree('client required', @clients);

# ---- who a client is ----

my %tls_client = (sslcert => "$certificates/client.pem", sslkey => "$certificates/client.key");
my %stranger = (sslcert => "$certificates/client_stranger.pem", sslkey => "$certificates/client_stranger.key");
my %password = (username => 'certified', password => 'secret');

servers([ who_certificate => \%verify, \%tls_client ], [ who_stranger => \%verify, \%stranger ], [ who_nobody => \%verify ],
	[ who_password => \%verify, \%password ], [ who_both => \%verify, { %tls_client, %password } ]);
show('server', "ca '$certificates/ca.pem' client ask");
for my $case ([ 'auth certificate certified', 1, 0, 0, 0, 1 ], [ 'auth certified secret certificate', 1, 0, 0, 1, 1 ],
	[ 'auth certified secret', 0, 0, 0, 1, 1 ])
{
	my ($auth, @expected) = @$case;
	my @who = qw(who_certificate who_stranger who_nobody who_password who_both);

	$node->order($auth);
	my ($reached, $said) = reach(@who);
	is("@$reached{@who}", "@expected", $auth);
	for my $name (grep { !$reached->{$_} } @who)
	{
		like($said->{$name}, qr/ERROR:  28P01: /, "$auth: $name is refused");
	}
}

# ---- what was sent ----

is($node->count('plain_bytes'), 0, 'nothing was sent in plain text');
is($node->count('ticket_reused'), 0, 'no ticket was used twice');

done_testing();
