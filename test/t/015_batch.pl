# Rows that travel together: which ones do, how many, and what becomes of them when a node does wrong.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_batch');

my $node;

sub start_node
{
	$node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (k int, c int, s text, PRIMARY KEY (k, c))', @_);
	query(sprintf 'DROP SERVER IF EXISTS s CASCADE; CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
		server_options(host => $node->{address}, port => $node->{port}, connect_timeout => 1000,
			batch_mode => 'partition'));
	query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
	query(q{CREATE FOREIGN TABLE t (k int, c int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
	return;
}

# While the first row is not answered, the others wait for each other; so it is known which of them go together.
my $held = 'on EXECUTE text "INSERT" nth 1 hold';

# Until the node has so many rows of what runs in a session.
sub has_rows
{
	my ($session, $rows) = @_;

	return await("$rows rows", sub { $session->{harness}->pump_nb; $node->count('rows_written') >= $rows });
}

# ($rows, EXECUTEs, BATCHes): of an INSERT whose first row is held until the last one has come.
sub travels
{
	my ($label, $select, $rows, $executes, $batches) = @_;

	start_node($held);
	my $session = background("INSERT INTO t $select;");
	ok(has_rows($session, $rows), "$label: all rows come");
	is($node->count('EXECUTE') . '+' . $node->count('BATCH'), "$executes+$batches", "$label: by so many requests");
	is($node->count('no_timestamp'), 0, "$label: with timestamps");
	$node->order('release');
	is(($session->finish)[2], '', "$label: works");
	is(query('SELECT count(*) FROM t'), $rows, "$label: nothing is lost");
	$node->stop;
	return;
}

travels('one row', 'VALUES (1, 1, NULL)', 1, 1, 0);
travels('two rows', 'SELECT 1, g FROM generate_series(1, 2) g', 2, 2, 0);
travels('three rows', 'SELECT 1, g FROM generate_series(1, 3) g', 3, 1, 1);
travels('as many rows as go together', 'SELECT 1, g FROM generate_series(1, 101) g', 101, 1, 1);
travels('one more', 'SELECT 1, g FROM generate_series(1, 102) g', 102, 2, 1);
travels('many more', 'SELECT 1, g FROM generate_series(1, 251) g', 251, 1, 3);
travels('partitions one after the other', 'SELECT 1 + g / 10, g FROM generate_series(0, 99) g', 100, 1, 10);
travels('partitions in turn', 'SELECT g % 2, g FROM generate_series(1, 20) g', 20, 20, 0);
# 40 rows of 1000 bytes: 16 KiB hold 15 of them
travels('rows of some size', q{SELECT 1, g, repeat('x', 1000) FROM generate_series(1, 41) g}, 41, 1, 3);
travels('rows too large', q{SELECT 1, g, repeat('x', 9000) FROM generate_series(1, 5) g}, 5, 5, 0);

# statements of a transaction that share the window share batches, too
start_node($held);
my $loop = background(q{SET scylla_fdw.flush_at = 'transaction';
	DO $$ BEGIN FOR g IN 1..100 LOOP INSERT INTO t VALUES (1, g, 'x'); END LOOP; END $$;});
ok(has_rows($loop, 100), 'a loop: all rows come');
is($node->count('EXECUTE') . '+' . $node->count('BATCH'), '1+1', 'a loop: by two requests');
$node->order('release');
is(($loop->finish)[2], '', 'a loop: works');
$node->stop;

# One error, which names the first row and tells how many went with it; the session goes on.
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

my $insert = 'INSERT INTO t SELECT 1 + g / 10, g FROM generate_series(0, 29) g';
for my $case (
	[ 'refused', 'error 0x2200 "not that"', 'HV000', qr/not that/ ],
	[ 'a statement of somebody else', 'other-id', 'HV000' ])
{
	my ($label, $fault, $sqlstate, @text) = @$case;

	# row 1 is held; nine others of its partition, ten of the next, which fail
	start_node($held, "on BATCH value 0x0000000a $fault");
	fails($label, $insert, $sqlstate, @text,
		qr/foreign table "t", row 11, key \(k, c\) = \(2, 10\), first of 10 rows that went together/,
		qr/\d+ rows? of this statement w(as|ere) acknowledged before/);
	$node->order('release');
	$node->order('clear');
	query($insert);
	is(query('SELECT count(*), sum(c) FROM (SELECT c FROM t OFFSET 0) x'), '30|435', "$label, cleared: nothing is lost");
	$node->stop;
}

# again and again until its time is over, while row 1 comes home
start_node('on EXECUTE text "INSERT" nth 1 delay 500',
	'on BATCH value 0x0000000a error 0x1100 "too slow" received 1 required 2 UNLOGGED_BATCH');
fails('write timeout', "SET scylla_fdw.request_timeout = '2s';\n$insert", '40003', qr/reached 1 of 2, [3-9] attempts/,
	qr/foreign table "t", row 11, key \(k, c\) = \(2, 10\), first of 10 rows that went together/);
$node->stop;
start_node('on EXECUTE text "INSERT" nth 1 delay 500', 'on BATCH value 0x0000000a unprepared');
fails('never prepared', "SET scylla_fdw.request_timeout = '2s';\n$insert", 'HV000', qr/not found/,
	qr/foreign table "t", row 11, key \(k, c\) = \(2, 10\), first of 10 rows that went together/);
$node->stop;

# a row alone is told of as ever
start_node('on EXECUTE text "INSERT" error 0x2200 "not that"');
fails('alone', 'INSERT INTO t VALUES (7, 1, NULL), (8, 2, NULL)', 'HV000', qr/row 1, key \(k, c\) = \(7, 1\)$/m);
$node->stop;

# rows of several statements: the one that was first among them
start_node($held, 'on BATCH error 0x2200 "not that"');
fails('of several statements', q{SET scylla_fdw.flush_at = 'transaction';
	BEGIN; INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (1, 2); INSERT INTO t VALUES (1, 3), (1, 4); COMMIT},
	'HV000', qr/row 1 of statement 2 of its kind, key \(k, c\) = \(1, 2\), first of 3 rows that went together/);
$node->stop;

# faults that a retry heals: nothing is said, nothing is lost, and rows are counted one by one
for my $fault ('unprepared', 'close', 'reset', 'garbage', 'duplicate', 'delay 300', 'error 0x1001 "x"')
{
	start_node("on BATCH nth 3 $fault", 'on EXECUTE text "INSERT" nth 1 delay 100');
	my ($rc, $out, $err) = psql(q{EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
		INSERT INTO t SELECT g / 100, g, 'x' FROM generate_series(0, 1999) g});
	is($err, '', "one answer in mid-load: $fault");
	like($out, qr/^ *Rows Sent: 2000$/m, "one answer in mid-load: $fault: all rows were acknowledged");
	is($node->count('faults') >= 1, 1, "one answer in mid-load: $fault: happened");
	is(query('SELECT count(*), sum(c), count(DISTINCT (k, c)) FROM (SELECT k, c FROM t OFFSET 0) x'), '2000|1999000|2000',
		"one answer in mid-load: $fault: nothing is lost");
	$node->stop;
}

# UPDATE and DELETE, and the rows of one key that travel together: each has its own time
start_node();
query(q{INSERT INTO t SELECT 1, g, 'x' FROM generate_series(1, 50) g});
$node->order('reset');
$node->order('on EXECUTE text "UPDATE" nth 1 delay 1000');
query(q{UPDATE t SET s = 'y'});
is($node->count('BATCH'), 1, 'UPDATE: rows travel together');
$node->order('on EXECUTE text "DELETE" nth 1 delay 1000');
query(q{DELETE FROM t WHERE c > 10 AND s = 'y'});
is($node->count('BATCH'), 2, 'DELETE: rows travel together');
is(query('SELECT count(*), min(s), max(s) FROM (SELECT s FROM t OFFSET 0) x'), '10|y|y', 'UPDATE and DELETE: as without');
$node->order('on EXECUTE text "INSERT" nth 1 delay 1000');
query(q{INSERT INTO t VALUES (2, 0, ''), (2, 1, 'z'), (2, 1, 'y'), (2, 1, 'a'), (2, 1, 'b'), (2, 1, NULL)});
is($node->count('BATCH'), 3, 'rows of one key travel together');
is(query('SELECT s FROM t WHERE k = 2 AND c = 1'), 'b', 'rows of one key: the last one wins');

# what a row says of its own time and TTL is what it has after a retry, alone or together with others
for my $mode ('none', 'partition')
{
	my $kind = $mode eq 'none' ? 'EXECUTE text "INSERT"' : 'BATCH';

	for my $fault ('unprepared', 'close', 'error 0x1001 "x"', 'duplicate')
	{
		start_node("on $kind nth 3 $fault", $mode eq 'none' ? () : $held);
		query(qq{CREATE FOREIGN TABLE timed (k int, c int, s text, expires_in int OPTIONS (write_ttl 'true'),
			written bigint OPTIONS (write_timestamp 'true'), ttl int OPTIONS (ttl_of 's'), time bigint OPTIONS (writetime_of 's'))
			SERVER s OPTIONS (keyspace 'ks', "table" 't', batch_mode '$mode')});
		my $session = background(q{INSERT INTO timed (k, c, s, expires_in, written)
			SELECT g / 10, g, 'x', nullif(g, 7) + 1000, nullif(g, 8) + 5000 FROM generate_series(0, 49) g;});
		if ($mode ne 'none')
		{
			ok(has_rows($session, 49), "$mode, $fault: all rows come");
			$node->order('release');
		}
		is(($session->finish)[2], '', "$mode, $fault: nothing is said");
		is($node->count('faults'), $mode eq 'none' ? 1 : 2, "$mode, $fault: happened");
		is(query(q{SELECT count(*), count(*) FILTER (WHERE ttl = c + 1000), count(*) FILTER (WHERE time = c + 5000) FROM timed}),
			'50|49|49', "$mode, $fault: each row has its own TTL and time");
		is(query(q{SELECT ttl IS NULL, time FROM timed WHERE k = 0 AND c = 7}) . ' ' .
			query(q{SELECT ttl, time > 5058 FROM timed WHERE k = 0 AND c = 8}), 't|5007 1008|t', "$mode, $fault: or the usual one");
		$node->stop;
	}
}
# a setting's, in the same way
start_node($held);
my $session = background(q{SET scylla_fdw.ttl = '77s'; SET scylla_fdw.write_timestamp = 4711; INSERT INTO t SELECT 1, g, 'x' FROM generate_series(1, 5) g;});
ok(has_rows($session, 5), 'settings: all rows come');
is($node->count('BATCH'), 1, 'settings: together');
$node->order('release');
$session->finish;
query(q{CREATE FOREIGN TABLE timed (ttl int OPTIONS (ttl_of 's'), time bigint OPTIONS (writetime_of 's')) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
is(query('SELECT count(*), min(ttl), max(ttl), min(time), max(time) FROM timed'), '5|77|77|4711|4711', 'settings: TTL and time of each row');
$node->stop;

# each row's answer is waited for: none waits for another
start_node();
$node->order('reset');
query(q{INSERT INTO t SELECT 3, g, 'x' FROM generate_series(1, 5) g RETURNING c});
is($node->count('EXECUTE') . '+' . $node->count('BATCH'), '5+0', 'RETURNING: each row alone');
$node->stop;

done_testing;
