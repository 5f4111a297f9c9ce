# What a node can do wrong in mid-load: either nothing is lost and nothing is said, or one error tells the
# row, in bounded time, and the session goes on.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_faults');

my @table = ('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))');
my $node;

sub start_node
{
	$node = ScyllaTest::Node->start(@table, @_);
	query(sprintf 'DROP SERVER IF EXISTS s CASCADE; CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
		server_options(host => $node->{address}, port => $node->{port}, connect_timeout => 1000,
			request_timeout => 1000));
	query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
	query(q{CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
	return;
}

my $insert = q{INSERT INTO t SELECT g, 'x' || g FROM generate_series(1, %d) g};
my $row_ten = 'on EXECUTE text "INSERT" value 0x0000000a';

# One error, in time; after it, and without the fault, the same session loads everything.
sub fails
{
	my ($label, $sql, $sqlstate, @text) = @_;
	my (undef, $out, $err) = within(10, $label, sub { psql("\\set ON_ERROR_STOP off\n$sql;\nSELECT 'goes on';") });

	like($err, qr/ERROR:  $sqlstate: /, "$label: its SQLSTATE");
	like($err, $_, "$label: its text") for @text;
	is(() = $err =~ /ERROR:/g, 1, "$label: one error");
	like($out, qr/goes on$/, "$label: the session goes on");
	return;
}

sub works
{
	my ($label, $rows) = @_;

	within(10, $label, sub { query(sprintf $insert, $rows) });
	is(query('SELECT count(*), sum(id), count(DISTINCT s) FROM t'),
		join('|', $rows, $rows * ($rows + 1) / 2, $rows), "$label: nothing is lost");
	return;
}

# slow, and nothing more: 800 rows, eight at a time, take longer than any of them may
start_node('latency 20000');
query(q{ALTER SERVER s OPTIONS (ADD max_in_flight '8')});
works('a slow node and a narrow window', 800);
$node->stop;

# errors of one row, for good
for my $case (
	[ 'unavailable', 'error 0x1000 "not enough" received 1 required 2', '57P03', qr/not enough/, qr/reached 1 of 2/ ],
	[ 'overloaded', 'error 0x1001 "too much"', '53000', qr/too much/ ],
	[ 'bootstrapping', 'error 0x1002 "starting"', '57P03', qr/starting/ ],
	[ 'write timeout', 'error 0x1100 "too slow" received 1 required 2 SIMPLE', '40003', qr/too slow/, qr/reached 1 of 2/ ],
	[ 'write failure', 'error 0x1500 "broken" received 1 required 2 SIMPLE', '40003', qr/broken/, qr/[2-5] attempts/,
		qr/HINT:  Fewer requests at a time may help: SET scylla_fdw.max_in_flight/ ],
	[ 'unauthorized', 'error 0x2100 "not you"', '42501', qr/not you/ ],
	[ 'invalid', 'error 0x2200 "not that"', 'HV000', qr/not that/ ],
	[ 'syntax', 'error 0x2000 "not so"', '42601', qr/not so/ ],
	[ 'unprepared', 'unprepared', 'HV000', qr/HINT:  The node forgets prepared statements/, qr/[3-6] attempts/ ],
	[ 'no answer', 'silent', '08006', qr/within 1000 ms/ ])
{
	my ($label, $action, $sqlstate, @text) = @$case;

	start_node("$row_ten $action");
	fails($label, sprintf($insert, 20), $sqlstate, @text, qr/foreign table "t", row 10, key \(id\) = \(10\)/,
		qr/\d+ rows? of this statement w(as|ere) acknowledged before/);
	$node->order('clear');
	works("$label, cleared", 20);
	$node->stop;
}

# the first, the last, several, all: one error, of the first in row order
for my $case ([ 'first', [1], 1 ], [ 'last', [20], 20 ], [ 'several', [ 15, 3, 9 ], 3 ], [ 'all', [ 1 .. 20 ], 1 ])
{
	my ($label, $rows, $ordinal) = @$case;

	start_node(map { sprintf 'on EXECUTE text "INSERT" value 0x%08x error 0x2200 "not that"', $_ } @$rows);
	fails("$label refused", sprintf($insert, 20), 'HV000', qr/foreign table "t", row $ordinal, key \(id\) = \($ordinal\)/);
	$node->order('clear');
	works("$label refused, cleared", 20);
	$node->stop;
}

# numbers of rows around those of a chunk, one in flight at a time
start_node();
query(q{ALTER SERVER s OPTIONS (ADD max_in_flight '1')});
for my $rows (1, 255, 256, 257, 513)
{
	query(q{SELECT scylla_fdw_execute('s', 'TRUNCATE ks.t')});
	works("$rows rows in a window of one", $rows);
}
$node->stop;

# a replica that fails where more than three rows come at once, as a vector index of Cassandra does
start_node('on EXECUTE text "INSERT" over 3 error 0x1500 "too many" received 0 required 1 SIMPLE', 'latency 500');
query(q{ALTER SERVER s OPTIONS (SET request_timeout '60000')});
works('a replica that takes few at a time', 2000);
cmp_ok($node->count('faults'), '<', 400, 'failures end soon');
like((psql(sprintf $insert, 500))[2], qr/WARNING:  01000: \d+ rows of foreign table "t" failed on a replica before they were written\n.*DETAIL:  An index on vectors/,
	'a replica that takes few at a time: a warning');
query(q{SET scylla_fdw.max_in_flight = 3; } . sprintf $insert, 500);
$node->stop;

# what must not be done twice is not repeated
start_node('table ks.c (id int PRIMARY KEY, n counter)', 'on EXECUTE error 0x1500 "broken" received 0 required 1 SIMPLE');
query(q{CREATE FOREIGN TABLE c (id int, n bigint) SERVER s OPTIONS (keyspace 'ks', "table" 'c')});
for my $case ([ 'counter', 'INSERT INTO c VALUES (1, 1)' ], [ 'conditional', q{INSERT INTO t VALUES (1, 'x') ON CONFLICT DO NOTHING} ])
{
	$node->order('reset');
	fails("write failure, $case->[0]", $case->[1], '40003', qr/broken/, qr/1 attempt,/);
	is($node->count('executes'), 1, "write failure, $case->[0]: sent once");
}
$node->stop;

# a node whose cache of prepared statements is too small forgets some again and again: nothing is said
start_node('on EXECUTE text "INSERT" every 2 times 500 unprepared');
query(q{ALTER SERVER s OPTIONS (SET request_timeout '60000')});
works('a statement that is forgotten again and again', 1000);
is($node->count('faults'), 500, 'it was');
$node->stop;

# faults of one answer, or of one connection, that a retry heals: nothing is said
for my $fault ('unprepared', 'close', 'reset', 'cut 3', 'garbage', 'badcrc', 'bigframe', 'version', 'wrong-stream',
	'duplicate', 'delay 300', 'error 0x1001 "x"')
{
	start_node("on EXECUTE text \"INSERT\" nth 500 $fault");
	works("one answer in mid-load: $fault", 2000);
	is($node->count('faults'), 1, "one answer in mid-load: $fault: happened");
	$node->stop;
}

# the same, always: one error
for my $fault ('close', 'garbage', 'cut 3', 'bigframe')
{
	start_node("$row_ten $fault");
	fails("always: $fault", sprintf($insert, 20), '08006|40003|08P01', qr/ERROR/);
	$node->order('clear');
	works("always: $fault, cleared", 20);
	$node->stop;
}

# statements that cannot be prepared
for my $case ([ 'error 0x2200 "no such thing"', 'HV000' ], [ 'other-id', 'HV000' ], [ 'garbage', '08\w\w\w' ], [ 'silent', '08006' ])
{
	my ($fault, $sqlstate) = @$case;

	start_node("on PREPARE text \"INSERT\" $fault");
	fails("PREPARE: $fault", sprintf($insert, 20), $sqlstate);
	$node->order('clear');
	works("PREPARE: $fault, cleared", 20);
	$node->stop;
}

# pages, of a query that counts here and not in the cluster
my $every_row = 'SELECT count(*), sum(id) FROM (SELECT * FROM t OFFSET 0) every';
start_node();
query('ALTER FOREIGN TABLE t OPTIONS (ADD fetch_size \'100\')');
works('pages', 1000);
for my $case ([ 'error 0x1200 "slow" received 0 required 1', '58000' ], [ 'error 0x1300 "broken" received 0 required 1', '58000' ],
	[ 'garbage', '08\w\w\w' ], [ 'silent', '08006' ])
{
	my ($fault, $sqlstate) = @$case;

	$node->order("on EXECUTE text 'FROM \"ks\"' after 3 $fault");
	fails("page: $fault", $every_row, $sqlstate);
	$node->order('clear');
}
for my $fault ('close', 'unprepared', 'empty-page', 'duplicate', 'delay 300')
{
	my $faults = $node->count('faults');

	$node->order("on EXECUTE text 'FROM \"ks\"' nth 4 $fault");
	is(query($every_row), '1000|500500', "one page: $fault: no row is lost or doubled");
	is($node->count('faults'), $faults + 1, "one page: $fault: happened");
	$node->order('clear');
}

# rows without their description are good where it was left out as asked
$node->order("on EXECUTE text 'FROM \"ks\"' no-metadata");
is(query($every_row), '1000|500500', 'pages without metadata, by a version whose nodes tell when it has changed');
$node->stop;
start_node('protocol 4', "on EXECUTE text 'FROM \"ks\"' no-metadata");
fails('pages without metadata, by one whose nodes do not', $every_row, '08P01');
$node->stop;
start_node();
works('once more', 1000);

# what was prepared is forgotten, the node goes away and comes back
$node->order('forget');
is(query("INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b'); SELECT count(*) FROM t"), '1000', 'prepared again');
$node->order('refuse');
$node->order('disconnect');
fails('refused', "INSERT INTO t VALUES (1, 'a')", '08001', qr/refused/);
$node->order('listen');
works('listening again', 1000);
$node->stop;

# after a change of the schema: a node that does not say what it knows of it
start_node('on QUERY text "schema_version FROM system.local" silent');
fails('schema agreement', q{SELECT scylla_fdw_execute('s', 'CREATE TABLE ks.u (id int PRIMARY KEY)')}, '08006', qr/within 1000 ms/);
$node->order('clear');
is(query(q{SELECT scylla_fdw_execute('s', 'CREATE TABLE ks.v (id int PRIMARY KEY)')}), '', 'schema agreement, cleared');
$node->stop;

# a node that is still being connected to is waited for, and asked
start_node();
{
	my $late = ScyllaTest::Node->start('address 127.0.0.2', "port $node->{port}", @table, 'on OPTIONS delay 700');

	$node->order("peer 127.0.0.2 $node->{port} 0");
	query(q{SELECT scylla_fdw_execute('s', 'CREATE TABLE ks.w (id int PRIMARY KEY)')});
	cmp_ok($late->order('report') =~ /^QUERY (\d+)$/m ? $1 : 0, '>=', 1, 'schema agreement: of all nodes');
	$late->stop;
	$node->stop;
}

# between statements of one session
{
	start_node();
	my $session = background(q{INSERT INTO t VALUES (1, 'a') RETURNING 'first';});
	ok($session->shows(qr/first/), 'the first row');
	$node->order('disconnect');
	$node->order('forget');
	$session->send(q{INSERT INTO t VALUES (2, 'b') RETURNING 'second';});
	my (undef, $out, $err) = $session->finish;
	like($out, qr/second/, 'a connection lost between statements is made again');
	is($err, '', 'and nothing is said');
	$node->stop;
}

# values as large as a request may be, whole and through both framings
for my $version (4, 5)
{
	start_node("protocol $version");
	query(q{INSERT INTO t SELECT 1, repeat(md5('x'), 500000)});
	is(query(q{SELECT length(s), s = repeat(md5('x'), 500000) FROM t}), '16000000|t', "16 MB at protocol $version");
	$node->stop;
}

done_testing();
