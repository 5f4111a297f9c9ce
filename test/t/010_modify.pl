# UPDATE, DELETE and TRUNCATE on a node that does wrong: what may have happened is not done twice.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_modify');

my $node;

sub start_node
{
	$node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, c int, s text, PRIMARY KEY (id, c))',
		'table ks.u (id int, PRIMARY KEY (id))', @_);
	query(sprintf 'DROP SERVER IF EXISTS s CASCADE; CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
		server_options(host => $node->{address}, port => $node->{port}, connect_timeout => 1000,
			request_timeout => 300));
	query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
	query(q{CREATE FOREIGN TABLE t (id int, c int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
	query(q{CREATE FOREIGN TABLE u (id int) SERVER s OPTIONS (keyspace 'ks', "table" 'u')});
	query(q{INSERT INTO t SELECT g % 5, g, 'x' FROM generate_series(1, 20) g});
	return;
}

# One error, which tells enough; the statement was sent so many times; the session goes on.
sub fails
{
	my ($label, $sql, $sqlstate, @text) = @_;
	my (undef, $out, $err) = within(10, $label, sub { psql("\\set ON_ERROR_STOP off\n$sql;\nSELECT 'goes on';") });

	like($err, qr/ERROR:  $sqlstate: /, "$label: its SQLSTATE");
	like($err, $_, "$label: its text") for @text;
	like($out, qr/goes on$/, "$label: the session goes on");
	return;
}

# TRUNCATE takes its time, and happens once
start_node('on QUERY text "TRUNCATE" delay 900');
query('TRUNCATE t, u');
is(query('SELECT count(*) FROM t'), 0, 'TRUNCATE waits longer than request_timeout');
$node->stop;
for my $fault ('error 0x1003 "no"', 'error 0x0000 "no"', 'error 0x1001 "no"', 'close')
{
	my $sqlstate = { c => '08006', 3 => '58000', 0 => 'HV000', 1 => '53000' }->{ $fault =~ /0x...(\d)/ ? $1 : 'c' };

	start_node("on QUERY text \"TRUNCATE\" $fault");
	fails("TRUNCATE: $fault", 'TRUNCATE t', $sqlstate, qr/TRUNCATE of foreign table "t"/);
	is($node->count('faults'), 1, "TRUNCATE: $fault: sent once");
	is(query('SELECT count(*) FROM t'), 20, "TRUNCATE: $fault: nothing was emptied");
	$node->stop;
}
start_node('on QUERY text "ks"".""u" error 0x1003 "no"');
fails('TRUNCATE of two', 'TRUNCATE t, u', '58000', qr/TRUNCATE of foreign table "u", after 1 other that stays empty/);
is(query('SELECT count(*) FROM t'), 0, 'TRUNCATE of two: the first is empty');
$node->stop;
start_node('on QUERY text "TRUNCATE" hold');
fails('TRUNCATE held up', q{SET statement_timeout = 300; TRUNCATE t}, '57014');
$node->stop;

done_testing;
