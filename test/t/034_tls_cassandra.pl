# TLS on Cassandra: all kinds of connections carry the same rows, certificates and passwords say who a client is, and what
# changes during a session is told, and followed once it is put right.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp ();
use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs RING_DIR: nodes that may be started' unless $ENV{RING_DIR};
plan skip_all => 'needs a server with slow_dns.so' unless $ENV{SLOW_DNS};
database('scylla_tap_tls_cassandra');

# One node speaks TLS alone and wants passwords; the other one takes plain clients with passwords beside those of TLS, whose
# certificates say who they are. Rights that are changed hold at once: Cassandra remembers them for two seconds else.
my $work = File::Temp->newdir;
my $fresh = "permissions_validity: 0ms\nroles_validity: 0ms\ncredentials_validity: 0ms\n";
my %ring = (tls => { TLS => 'on', AUTH => 1 }, mutual => { TLS => 'optional', AUTH => 'certificate' });
my %node;

sub ring { return system("$ENV{DEV}/cassandra $_[0] $work/$_[1] >>$work/$_[1].log 2>&1") == 0; }

sub start
{
	my ($name) = @_;
	my $pid = fork // die;

	return $pid if $pid;
	%ENV = (%ENV, VOLATILE_SCHEMA => 1, YAML_EXTRA => $fresh, %{ $ring{$name} });
	exec "$ENV{DEV}/cassandra start $work/$name >$work/$name.log 2>&1";
}

my %starting = map { ($_ => start($_)) } sort keys %ring;
END { if ($work) { my $status = $?; ring('stop', $_) for keys %ring; $? = $status; } }
for my $name (sort keys %starting)
{
	waitpid $starting{$name}, 0;
	BAIL_OUT("no Cassandra: " . `cat $work/$name.log`) if $?;
	$node{$name} = { certificates => "$work/$name/tls", `cat $work/$name/env` =~ /SCYLLA_(HOST)=(\S+) SCYLLA_(PORT)=(\d+)/ };
}

sub options { return map { (lc $_ => $node{ $_[0] }{$_}) } qw(HOST PORT); }
sub root { return (sslrootcert => "$node{$_[0]}{certificates}/ca.pem"); }
sub certificate { my $file = "$node{mutual}{certificates}/$_[0]"; return (sslcert => "$file.pem", sslkey => "$file.key"); }
my %boss = (username => 'cassandra', password => 'cassandra');

# A server and a mapping, for me or for somebody else.
sub server
{
	my ($name, $options, $mapping, $user) = @_;

	query(sprintf 'CREATE SERVER %s FOREIGN DATA WRAPPER scylla_fdw %s', $name, server_options(request_timeout => 30000, %$options));
	mapping($name, $user // 'CURRENT_USER', $mapping);
	return;
}

sub mapping
{
	my ($name, $user, $mapping) = @_;

	query(sprintf 'DROP USER MAPPING IF EXISTS FOR %s SERVER %s; CREATE USER MAPPING FOR %1$s SERVER %2$s %s', $user, $name,
		%$mapping ? server_options(%$mapping) : '');
	return;
}

sub cql { my ($server, @cql) = @_; return query(join '', map { (my $v = $_) =~ s/'/''/g; "SELECT scylla_fdw_execute('$server', '$v');\n" } @cql); }

# ---- all kinds of connections ----

my @rows = ('PRIMARY KEY (kind, id)', 'kind int, id int, s text');
query(q{CREATE TABLE source AS SELECT id, CASE id WHEN 1000 THEN (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 32768) i) ELSE md5(id::text) END AS s
	FROM generate_series(1, 2000) id});
my $kind = 0;
my $same = 0;
server('boss', { options('tls'), root('tls') }, \%boss);
server('plain', { options('mutual') }, \%boss);
cql($_, q{CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}},
	"CREATE TABLE k.t ($rows[1], $rows[0])", "CREATE TABLE k.secret ($rows[1], $rows[0])") for qw(boss plain);
for my $tls ('TLSv1.2', 'TLSv1.3', '')
{
	for my $version (4, 5)
	{
		for my $compression ('none', 'lz4')
		{
			my $name = 'kind' . ++$kind;
			my %versions = map { ($_ => $tls) } $tls ? qw(ssl_min_protocol_version ssl_max_protocol_version) : ();

			server($name, { $tls ? (options('tls'), root('tls'), %versions) : options('mutual'),
				protocol_version => $version, compression => $compression }, \%boss);
			my $out = query(<<"SQL");
CREATE FOREIGN TABLE $name ($rows[1]) SERVER $name OPTIONS (keyspace 'k', "table" 't');
INSERT INTO $name SELECT $kind, id, s FROM source;
SELECT count(*), sum(length(s)) FROM $name WHERE kind = $kind;
SELECT count(*) FROM (SELECT id, s FROM source EXCEPT SELECT id, s FROM $name WHERE kind = $kind) missing;
SELECT DISTINCT concat_ws(' ', row->>'ssl_protocol', row->>'protocol_version', coalesce(row->'client_options'->>'COMPRESSION', 'none'))
FROM scylla_fdw_query('$name', 'SELECT * FROM system_views.clients') row WHERE row->'client_options'->>'POSTGRES_PID' = pg_backend_pid()::text;
SQL
			is($out, join("\n", '2000|1112544', '0', join(' ', $tls || (), $version, $compression)), "rows by " . ($tls || "no TLS") . ", v$version, $compression");
		}
	}
}

# ---- who the node is ----

# The first error of SQL in a new session, or what it tells.
sub tells
{
	my (undef, $out, $err) = psql(@_);

	return $err =~ /ERROR:/ ? $err : $out;
}

sub like_told
{
	my ($sql, $pattern, $label) = @_;

	return ref $pattern ? like(tells($sql), $pattern, $label) : is(tells($sql), $pattern, $label);
}

my %wrong = (host => 'wrong.invalid.here.invalid');
my %other = (sslrootcert => "$node{tls}{certificates}/other_ca.pem");
for my $case ([ 'require', {}, 1 ], [ 'require with a root', { root('tls') }, 1 ], [ 'require with another root', { %other }, qr/ERROR:  08001: .*DETAIL:  .*not trusted/s ],
	[ 'verify-ca', { root('tls') }, 1 ], [ 'verify-ca with another root', { %other }, qr/ERROR:  08001: .*DETAIL:  .*not trusted: self-signed certificate in/s ],
	[ 'verify-ca of another name', { root('tls'), %wrong }, 1 ], [ 'verify-full', { root('tls') }, 1 ],
	[ 'verify-full of a name', { root('tls'), host => 'node.here.invalid' }, 1 ],
	[ 'verify-full of another name', { root('tls'), %wrong }, qr/ERROR:  08001: .*DETAIL:  .*is of .*"node\.here\.invalid".*not of host "wrong\.invalid\.here\.invalid"/s ])
{
	my ($label, $options, $expected) = @$case;
	my ($mode) = $label =~ /^(\S+)/;

	server('node', { options('tls'), sslmode => $mode, %$options }, \%boss);
	like_told(q{SELECT count(*) FROM scylla_fdw_nodes('node')}, $expected, $label);
	query('DROP SERVER node CASCADE');
}

# plain and encrypted, where it is not expected
server('plain_to_tls', { options('tls') }, \%boss);
like_told(q{SELECT scylla_fdw_nodes('plain_to_tls')}, qr/ERROR:  08001: .*DETAIL:  .*does it want TLS/s, 'plain to a node that speaks TLS');
server('tls_to_plain', { host => $ENV{SCYLLA_HOST}, port => $ENV{SCYLLA_PORT}, root('tls') }, {});
like_told(q{SELECT scylla_fdw_nodes('tls_to_plain')}, qr/ERROR:  08001: .*DETAIL:  .*does this port speak TLS/s, 'TLS to a node that does not speak it');

# ---- who a client is ----

my $spiffe = 'spiffe://here.invalid';
cql('plain', 'CREATE ROLE certified WITH LOGIN = true', "ADD IDENTITY '$spiffe/certified' TO ROLE 'certified'", 'GRANT ALL ON TABLE k.secret TO certified',
	'INSERT INTO k.secret (kind, id) VALUES (1, 1)');
server('mutual', { options('mutual'), root('mutual') }, { certificate('client') });
query(qq{CREATE FOREIGN TABLE secret ($rows[1]) SERVER mutual OPTIONS (keyspace 'k')});
my $select = 'SELECT id FROM secret;';
is(query($select), '1', 'a certificate with a known identity');
for my $case ([ 'no certificate', {}, '08001: .*DETAIL:  .*asks for a client certificate' ], [ 'an unknown identity', { certificate('client_stranger') }, '28P01: .*DETAIL:  .*not authorized' ],
	[ 'no identity', { certificate('client_plain') }, '28P01: .*DETAIL:  .*Spiffe' ], [ 'an expired certificate', { certificate('client_expired') }, '08001: .*DETAIL:  .*alert certificate expired.*are given' ],
	[ 'a certificate of another CA', { certificate('client_unknown') }, '08001: .*DETAIL:  .*the node refuses: .* alert .*are given' ])
{
	my ($label, $mapping, $pattern) = @$case;

	mapping('mutual', 'CURRENT_USER', $mapping);
	like_told($select, qr/ERROR:  $pattern/s, "a client with $label");
}
mapping('mutual', 'CURRENT_USER', { certificate('client'), %boss });
like_told(qq{$select SELECT DISTINCT row->>'username' FROM scylla_fdw_query('plain', 'SELECT * FROM system_views.clients') row
	WHERE row->>'ssl_enabled' = 'true' AND row->'client_options'->>'POSTGRES_PID' = pg_backend_pid()::text}, "1\ncertified", 'the certificate beats the password');
mapping('mutual', 'CURRENT_USER', { certificate('client') });
server('wrong', { options('mutual') }, { %boss, password => 'wrong' });
like_told(q{SELECT scylla_fdw_nodes('wrong')}, qr/ERROR:  28P01: .*DETAIL:  .*incorrect/s, 'a wrong password without TLS');
query(q{DROP USER MAPPING FOR CURRENT_USER SERVER boss; CREATE USER MAPPING FOR CURRENT_USER SERVER boss OPTIONS (username 'cassandra', password 'wrong')});
like_told(q{SELECT scylla_fdw_nodes('boss')}, qr/ERROR:  28P01: .*DETAIL:  .*incorrect/s, 'a wrong password by TLS');
mapping('boss', 'CURRENT_USER', \%boss);

# who is no superuser
query('DROP ROLE IF EXISTS scylla_tap_tls_role; CREATE ROLE scylla_tap_tls_role; GRANT SELECT ON secret TO scylla_tap_tls_role');
server('servers', { options('mutual'), root('mutual'), certificate('client') }, {});
server('by_password', { options('tls'), root('tls') }, {}, 'scylla_tap_tls_role');
query(qq{CREATE FOREIGN TABLE servers_$_ ($rows[1]) SERVER $_ OPTIONS (keyspace 'k', "table" 'secret'); GRANT SELECT ON servers_$_ TO scylla_tap_tls_role})
	for qw(servers by_password);
for my $case ([ 'a certificate of its own', mutual => { certificate('client') }, 1 ], [ 'nothing', mutual => {}, '2F003: password is required' ],
	[ "the server's certificate", servers => {}, '2F003: password is required' ],
	[ "the server's certificate beside a password", servers => { username => 'x', password => 'y' }, '28P01: .*DETAIL:  .*does not ask for a password' ],
	[ "the server's certificate, as it may", servers => { password_required => 'false' }, 1 ],
	[ 'a password', by_password => \%boss, '' ], [ 'a wrong password', by_password => { %boss, password => 'wrong' }, '28P01: .*DETAIL:  .*incorrect' ],
	[ 'a certificate nobody asks for', by_password => { certificate('client') }, '28P01: .*DETAIL:  .*asks for a user name' ])
{
	my ($label, $name, $mapping, $expected) = @$case;
	my $table = $name eq 'mutual' ? 'secret' : "servers_$name";

	mapping($name, 'scylla_tap_tls_role', $mapping);
	like_told("SET ROLE scylla_tap_tls_role; SELECT id FROM $table", $expected =~ /:/ ? qr/ERROR:  $expected/s : $expected, "no superuser, $label");
}
query('DROP OWNED BY scylla_tap_tls_role; DROP ROLE scylla_tap_tls_role');

# ---- what changes during a session ----

# A session goes on: each statement's output or error, in one.
my $session;
sub now
{
	my ($sql, $expected, $label) = @_;

	$session->{out} = $session->{err} = '';
	$session->send("$sql\n\\echo == done");
	$session->shows(qr/== done/) or BAIL_OUT($label);
	await('psql tells errors, too', sub { $session->{harness}->pump_nb; $session->{err} =~ /$expected/ }) if ref $expected;
	return ref $expected ? like($session->{err}, $expected, $label) : is($session->{err} . $session->{out} =~ s/== done\n//r, $expected, $label);
}

my $anew = q{SELECT scylla_fdw_disconnect('%s');};
my $forgets = q{SELECT scylla_fdw_disconnect('mutual') IS NOT NULL;};	# behind a refusal there is a pause, but for who asks anew
cql('boss', q{CREATE ROLE u WITH PASSWORD = 'first secret' AND LOGIN = true}, 'GRANT ALL ON TABLE k.secret TO u', 'INSERT INTO k.secret (kind, id) VALUES (1, 2)');
server('u', { options('tls'), root('tls') }, { username => 'u', password => 'first secret' });
query(qq{CREATE FOREIGN TABLE u ($rows[1]) SERVER u OPTIONS (keyspace 'k', "table" 'secret')});
$session = background('\set ON_ERROR_STOP off');
now('SELECT id FROM u;', "2\n", 'a password');
cql('boss', q{ALTER ROLE u WITH PASSWORD = 'second secret'});
now('SELECT id FROM u;', "2\n", 'is changed: connections that are open go on');
now(sprintf($anew, 'u'), "t\n", 'connections are closed');
now('SELECT id FROM u;', qr/ERROR:  28P01: .*DETAIL:  .*incorrect/s, 'new ones are refused');
query(q{ALTER USER MAPPING FOR CURRENT_USER SERVER u OPTIONS (SET password 'second secret')});
now('SELECT id FROM u;', "2\n", 'until the mapping has it');
cql('boss', 'REVOKE ALL ON TABLE k.secret FROM u');
now('SELECT id FROM u;', qr/ERROR:  42501: .*no SELECT permission/, 'a permission is revoked');
cql('boss', 'GRANT SELECT ON TABLE k.secret TO u');
now('SELECT id FROM u;', "2\n", 'and granted');
now('INSERT INTO u VALUES (1, 3);', qr/ERROR:  42501: .*no MODIFY permission/, 'but for reading alone');

# Another certificate takes the file's name.
sub renew
{
	my ($name) = @_;

	for my $end (qw(key pem))
	{
		copy("$node{mutual}{certificates}/$name.$end", "$work/new.$end") or die $!;
		chmod 0600, "$work/new.$end";
		rename "$work/new.$end", "$work/mine.$end" or die $!;
	}
	return;
}

renew('client');
mapping('mutual', 'CURRENT_USER', { sslcert => "$work/mine.pem", sslkey => "$work/mine.key" });
$session->finish;
$session = background('\set ON_ERROR_STOP off');
now($select, "1\n", 'a certificate');
for my $case ([ client_expired => qr/ERROR:  08001: .*DETAIL:  .*certificate expired/s, 'expires' ], [ client_stranger => qr/ERROR:  28P01: .*DETAIL:  .*not authorized/s, 'is of another' ])
{
	my ($name, $error, $label) = @$case;

	renew($name);
	now($select, "1\n", "it $label: connections that are open go on");
	now(sprintf($anew, 'mutual'), "t\n", 'connections are closed');
	now($select, $error, 'new ones are refused');
	renew('client');
	now($forgets, "t\n", 'the next try need not wait');
	now($select, "1\n", 'until the file is renewed');
}
cql('plain', "DROP IDENTITY '$spiffe/certified'");
now($select, "1\n", 'its identity is dropped: connections that are open go on');
now(sprintf($anew, 'mutual'), "t\n", 'connections are closed');
now($select, qr/ERROR:  28P01: .*DETAIL:  .*not authorized/s, 'new ones are refused');
cql('plain', "ADD IDENTITY '$spiffe/certified' TO ROLE 'certified'");
now($forgets, "t\n", 'the next try need not wait');
now($select, "1\n", 'until it is added again');
$session->finish;

# ---- secrets ----

my $log = q{encode(pg_read_binary_file(current_setting('data_directory') || '/../log'), 'escape')};
my $size = query("SELECT length($log)");
my %locked = (sslcert => "$node{mutual}{certificates}/client.pem", sslkey => "$node{mutual}{certificates}/client_password.key");
my $told = '';
mapping('mutual', 'CURRENT_USER', { %locked, sslpassword => 'open sesame', username => 'x', password => 'unasked secret' });
for my $change ('', q{ALTER USER MAPPING FOR CURRENT_USER SERVER mutual OPTIONS (SET sslpassword 'close sesame');},
	q{ALTER USER MAPPING FOR CURRENT_USER SERVER u OPTIONS (SET password 'third secret');})
{
	query($change);
	my (undef, $out, $err) = psql('\set ON_ERROR_STOP off' . "\nSET log_min_messages = debug5; SET client_min_messages = debug5; SET scylla_fdw.log_cql = on; $select SELECT id FROM u;
		SELECT * FROM scylla_fdw_events('mutual'); SELECT * FROM scylla_fdw_events('u');");
	$told .= "$out$err";
}
$told .= query("SELECT substr($log, $size + 1)");
is(() = $told =~ /could not decrypt private key file/g, 2 * 4, 'a key is not decrypted: told to the client, twice by its events, and to the log');
like($told, qr/ERROR:  28P01: .*DETAIL:  .*incorrect/s, 'a password is refused');
like($told, qr/DEBUG/, 'everything is told');
unlike($told, qr/sesame|(first|second|third|unasked) secret/, 'but no secret');

# ---- nodes with other certificates ----

# A stranger is refused once the node is taken for who it says.
my %shown = (tls => 'chain', mutual => 'expired');
my %restarting;
for my $name (sort keys %shown)
{
	my $files = $node{$name}{certificates};

	copy("$files/$shown{$name}.keystore", "$files/server.keystore") or die $!;
	$restarting{$name} = fork // die;
	exec "$ENV{DEV}/cassandra restart $work/$name 1 >>$work/$name.log 2>&1" unless $restarting{$name};
}
for my $name (sort keys %restarting)
{
	waitpid $restarting{$name}, 0;
	BAIL_OUT("no Cassandra with another certificate: " . `cat $work/$name.log`) if $?;
}
like(scalar `openssl s_client -connect $node{tls}{HOST}:$node{tls}{PORT} </dev/null 2>/dev/null`, qr/^issuer=.*intermediate/m, 'a chain is shown');
my $stranger = qr/ERROR:  28P01: .*DETAIL:  .*not authorized/s;
my $expired = qr/ERROR:  08001: .*DETAIL:  .*not trusted: certificate has expired \(code 10 at depth 0; subject "CN=server", .* to 2021-01-01 00:00:00 UTC\)/s;
for my $case ([ 'tls', 'require', 1 ], [ 'tls', 'verify-ca', 1 ], [ 'tls', 'verify-full', 1 ],
	[ 'mutual', 'require', $stranger ], [ 'mutual', 'verify-ca', $expired ], [ 'mutual', 'verify-full', $expired ])
{
	my ($name, $mode, $expected) = @$case;

	server('shown', { options($name), sslmode => $mode, $mode eq 'require' ? () : root($name) }, $name eq 'tls' ? \%boss : { certificate('client_stranger') });
	like_told(q{SELECT count(*) FROM scylla_fdw_nodes('shown')}, $expected, "$shown{$name}, $mode");
	query('DROP SERVER shown CASCADE');
}

done_testing();
