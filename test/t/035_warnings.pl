# What the cluster warns of reaches the user: each text once a statement, of whatever the statement did, in bounded number.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};

my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))',
	'table ks.c (id int, c int, s text, PRIMARY KEY (id, c))');
my $there = "$node->{address}:$node->{port}";

sub tables
{
	database('scylla_tap_warnings', @_);
	query(sprintf q{CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER s;
		CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks', fetch_size '10');
		CREATE FOREIGN TABLE c (id int, c int, s text) SERVER s OPTIONS (keyspace 'ks', batch_mode 'partition');},
		server_options(host => $node->{address}, port => $node->{port}));
	return;
}

# The texts of the WARNINGs that SQL brings, with the node under these orders.
sub warned
{
	my ($orders, $sql) = @_;

	$node->order($_) for 'clear', 'reset', @$orders;
	my (undef, undef, $err) = psql("SET client_encoding = 'UTF8'; $sql");
	$node->order('clear');
	return wantarray ? ($err =~ /WARNING:  01000: (.*)$/mg) : $err;
}

sub warns
{
	my ($orders, $sql, $expected, $label) = @_;
	my @texts = warned($orders, $sql);

	is_deeply(\@texts, $expected, $label) or diag(join "\n", @texts);
	return;
}

tables();
my $load = "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 3000) g;";
query($load);
query("INSERT INTO c SELECT g % 10, g, 'x' FROM generate_series(1, 100) g");

# ---- whatever the statement does: once ----

my $execute = 'on EXECUTE warn "mind the gap"';
warns([$execute], $load, ['mind the gap'], 'a load whose every answer warns');
warns([$execute], "$load $load", [ ('mind the gap') x 2 ], 'two statements');
warns([ 'on BATCH warn "large batch"' ], "INSERT INTO c SELECT g / 100, g, 'x' FROM generate_series(1, 1000) g;", ['large batch'], 'batches');
warns([$execute], 'SELECT count(*) FROM (SELECT * FROM t OFFSET 0) x;', ['mind the gap'], 'many pages');
warns([$execute], 'SELECT count(*) FROM t JOIN generate_series(1, 100) g ON g = id WHERE length(s) > 0;', ['mind the gap'], 'a join');
warns([$execute], q{UPDATE t SET s = 'y' WHERE id < 5;}, ['mind the gap'], 'UPDATE');
warns([$execute], 'DELETE FROM c WHERE id IN (1, 2, 3);', ['mind the gap'], 'DELETE of partitions');
warns([$execute], 'ANALYZE t;', ['mind the gap'], 'ANALYZE');
warns([$execute], q{INSERT INTO t VALUES (1, 'x') ON CONFLICT DO NOTHING;}, ['mind the gap'], 'a conditional write');
warns([ 'on QUERY text "SELECT id" warn "by hand"' ], q{SELECT count(*) FROM scylla_fdw_query('s', 'SELECT id FROM ks.t');}, ['by hand'], 'CQL by hand');
warns([ 'on QUERY text "INSERT" warn "by hand"' ], q{SELECT scylla_fdw_execute('s', 'INSERT INTO ks.t (id) VALUES (1)');}, ['by hand'],
	'CQL by hand that writes');
warns([ 'on QUERY text "TRUNCATE" warn "all of it"' ], 'TRUNCATE c;', ['all of it'], 'TRUNCATE');
warns([ 'on PREPARE text "SELECT" warn "prepared"' ], 'SELECT FROM t WHERE id = 1; SELECT FROM t WHERE id = 1;', ['prepared'], 'PREPARE');
warns([$execute], q{DO $$ BEGIN FOR i IN 1 .. 20 LOOP INSERT INTO t VALUES (i, 'x'); END LOOP; END $$;}, ['mind the gap'], 'statements within one');

my $kept = q{SET scylla_fdw.flush_at = 'transaction'; BEGIN; %s INSERT INTO t VALUES (-1, 'x'); %s;};
warns([ 'on EXECUTE text "INSERT" nth 1 delay 100', 'on EXECUTE text "INSERT" value 0xffffffff warn "late"' ],
	sprintf($kept, q{INSERT INTO t VALUES (-2, 'x');}, 'COMMIT'), ['late'], 'a row that COMMIT waits for');

# ---- of the cluster's own tables, nothing ----

warns([ 'on QUERY warn "system"' ], 'SELECT count(*) FROM t WHERE id = 1; SELECT count(*) FROM scylla_fdw_nodes(\'s\');', [], 'what the extension asks for itself');
warns([ 'on EXECUTE warn "Aggregation query used without partition key on table ks.t, aggregation type: AGGREGATE_EVERYTHING" "other"' ],
	'SELECT count(*) FROM t;', ['other'], 'what only the extension does');
warns([ 'on QUERY text "SELECT id" warn "Aggregation query used without partition key"' ], q{SELECT count(*) FROM scylla_fdw_query('s', 'SELECT id FROM ks.t');},
	['Aggregation query used without partition key'], 'by hand it is told');

# ---- many texts ----

my $batch = 'Batch for [ks.t] is of size %s, exceeding specified threshold of 5.000KiB by %s.';
warns([ sprintf("on EXECUTE every 2 warn \"$batch\"", '5.123KiB', '0.123KiB'), sprintf("on EXECUTE warn \"$batch\"", '6KiB', '1KiB') ], $load,
	[ sprintf $batch, '6KiB', '1KiB' ], 'texts that differ in numbers are one');
warns([ 'on EXECUTE every 2 warn "token 42"', 'on EXECUTE warn "token -1"' ], $load, ['token -1'], 'signs are of numbers');
warns([ q{on EXECUTE every 2 warn "key 'abc' of t1, 0x0aff"}, q{on EXECUTE nth 3 warn "key 'abc' of t2, 0x1"}, q{on EXECUTE warn "key 'x' of t1, 0x0bff"} ],
	$load, [ q{key 'x' of t1, 0x0bff}, q{key 'abc' of t2, 0x1} ], 'texts that differ in values are one, those that differ in names are not');
my @many = map { chr(ord('a') + $_) } 0 .. 19;
my @first = (@many[ 0 .. 15 ], 'the cluster has warned of more than 16 things');
warns([ map { "on EXECUTE nth " . ($_ + 1) . " warn \"$many[$_]\"" } 0 .. 19 ], "SET scylla_fdw.max_in_flight = 1; $load", \@first,
	'many texts of a statement');
warns([ 'on EXECUTE warn ' . join ' ', map { "\"$_\"" } @many ], $load, [ @many[ 0 .. 15 ] ], 'many texts of an answer');
my $long = 'long ' . 'é' x 600;
my ($cut) = warned([ "on EXECUTE warn \"$long\"" ], 'SELECT FROM t WHERE id = 1;');
is($cut, substr($long, 0, 1023), 'a long text is cut between two characters');

# ---- who does not want to know ----

warns([$execute], "SET scylla_fdw.warnings = off; $load", [], 'off');
warns([$execute], "SET client_min_messages = error; $load", [], 'client_min_messages');

# ---- with errors, and none behind the end ----

my $err = warned([ 'on EXECUTE error 0x2200 "no" warn "why not"' ], 'SELECT * FROM t WHERE id = 1;');
like($err, qr/WARNING:  01000: why not\nDETAIL:  Node \Q$there\E\.\n.*ERROR:  HV000: no$/ms, 'an error with a warning: the node is told');
$err = warned([ 'on EXECUTE error 0x2200 "no" warn "why not"' ], q{INSERT INTO t VALUES (1, 'x');});
like($err, qr/WARNING:  01000: why not\n.*ERROR:  HV000: no$/ms, 'a row that is refused');
$err = warned([ 'on QUERY text "nothing" error 0x2200 "no" warn "why not"' ], q{SELECT scylla_fdw_execute('s', 'SELECT nothing FROM ks.t');});
like($err, qr/WARNING:  01000: why not\n.*ERROR:  HV000: no$/ms, 'CQL by hand that is refused');
warns([ 'on EXECUTE nth 1 error 0x1001 "busy" warn "first"' ], 'SELECT FROM t WHERE id = 1;', [], 'of an attempt that was repeated, nothing');

$node->order('on EXECUTE text "INSERT" warn "abandoned"');
(undef, my $out, $err) = psql(qq{\\set ON_ERROR_STOP off\n} . sprintf($kept, $load, 'ROLLBACK') . q{ INSERT INTO t VALUES (1 / 0, 'x');
	RESET scylla_fdw.flush_at; SELECT 'goes on';});
is($out, 'goes on', 'answers that nobody waits for');
$node->order('clear');

# ---- a database that lacks characters ----

tables(q{ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
warns([ 'on EXECUTE warn "日é, ☃"' ], 'SELECT FROM t WHERE id = 1;', ['?é, ?'], 'LATIN1');

done_testing();
