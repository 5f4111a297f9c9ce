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
			request_timeout => 60000));
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
query(q{SELECT * FROM t, u LIMIT 1; SET scylla_fdw.request_timeout = '300ms'; TRUNCATE t, u});
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

# a direct DELETE: the rows of a partition are counted, those written after its timestamp survive
start_node('on EXECUTE text "count(*)" hold');
my $delete = background('DELETE FROM t WHERE id = 1; SELECT count(*) FROM t WHERE id = 1;');
await('the count is asked for', sub { $node->count('faults') == 1 });
query(q{INSERT INTO t VALUES (1, 100, 'later'), (1, 6, 'later')});
$node->order('clear');
$node->order('release');
my ($rc, $out, $err) = $delete->finish;
is("$rc$err", '0', 'DELETE of a partition while others write to it');
is($out, "2\n", 'DELETE of a partition: rows written after it began survive');
is(query('SELECT count(*) FROM t'), 18, 'DELETE of a partition: other rows as well');
$node->stop;

# a count that does not come to an end, where the DELETE would
start_node('on EXECUTE text "count(*)" error 0x1300 "too many tombstones"');
fails('DELETE of tombstones', 'DELETE FROM t WHERE id = 1', '58000', qr/too many tombstones/,
	qr/HINT:  SET scylla_fdw.delete_count = off deletes without counting/);
(undef, undef, $err) = psql('SET scylla_fdw.delete_count = off; DELETE FROM t WHERE id = 1');
like($err, qr/NOTICE:  00000: rows deleted from foreign table "t" were not counted/, 'DELETE without a count says so');
$node->order('clear');
is(query('SELECT count(*) FROM t'), 16, 'DELETE without a count deletes');
$node->stop;
start_node('on EXECUTE text "DELETE" error 0x1500 "no" received 1 required 2 SIMPLE');
(undef, undef, $err) = psql('DELETE FROM t WHERE id = 1');
unlike($err, qr/HINT:.*delete_count/, 'a DELETE that fails is no count that did');
$node->stop;

# of several, one fails: those before stay deleted, and are counted
start_node('on EXECUTE text "DELETE" value 0x00000003 error 0x1100 "too slow" received 1 required 2 SIMPLE');
fails('DELETE of three partitions', 'SET max_parallel_workers = 0; SET scylla_fdw.request_timeout = 1000; DELETE FROM t WHERE id IN (1, 2, 3)', '40003',
	qr/too slow/, qr/\d+ rows? of this statement w(as|ere) acknowledged before/, qr/foreign table "t"/);
$node->stop;
for my $fault ('error 0x1001 "no"', 'close', 'error 0x1100 "no" received 1 required 2 CAS')
{
	my $sqlstate = { 'close' => '08006', 1001 => '53000', 1100 => '40003' }->{ $fault =~ /0x(....)/ ? $1 : 'close' };

	start_node("on EXECUTE text \"IF EXISTS\" $fault");
	query(q{ALTER SERVER s OPTIONS (ADD update_mode 'if_exists')});
	fails("direct UPDATE by condition: $fault", q{UPDATE t SET s = 'n' WHERE id = 1 AND c = 6}, $sqlstate);
	is($node->count('faults'), 1, "direct UPDATE by condition: $fault: sent once");
	fails("UPDATE by condition: $fault", q{UPDATE t SET s = s || 'n' WHERE id = 1 AND c = 6}, $sqlstate);
	is($node->count('faults'), 2, "UPDATE by condition: $fault: sent once");
	$node->stop;
}

# cancelled while it counts, and while it deletes; the next write is not overtaken
for my $what ('count(*)', 'DELETE FROM')
{
	start_node("on EXECUTE text \"$what\" hold");
	fails("DELETE cancelled: $what", q{SET statement_timeout = 300; DELETE FROM t WHERE id = 1}, '57014');
	$node->stop;
}

# no text has a value that varies: a node keeps each text that it prepares
my %values = (
	'TTLs' => [ '', q{SET scylla_fdw.ttl = %1$d; INSERT INTO t VALUES (1, %1$d, 'x'); UPDATE t SET s = s || 'y' WHERE id = 1 AND c = %1$d} ],
	'TTLs of the table' => [ '', q{ALTER FOREIGN TABLE t OPTIONS (SET ttl '%1$d'); INSERT INTO t VALUES (2, %1$d, 'x')} ],
	'TTLs and timestamps of batches' => [ q{ALTER FOREIGN TABLE t OPTIONS (ADD batch_mode 'partition')},
		q{SET scylla_fdw.ttl = %1$d; SET scylla_fdw.write_timestamp = %1$d; INSERT INTO t VALUES (3, %1$d, 'x'), (3, 0, 'x')} ],
	'TTLs of direct writes' => [ q{ALTER FOREIGN TABLE t OPTIONS (ADD update_mode 'if_exists')},
		q{SET scylla_fdw.ttl = %1$d; UPDATE t SET s = '%1$d' WHERE id = 1 AND c = %1$d} ],
	'timestamps and keys of deletions' => [ '',
		q{SET scylla_fdw.write_timestamp = %1$d; DELETE FROM t WHERE id = %1$d; DELETE FROM t WHERE id = 4 AND c = %1$d} ],
	'limits, keys, ranges, sizes of pages' => [ '', q{ALTER FOREIGN TABLE t OPTIONS (SET fetch_size '%1$d');
		SELECT * FROM t WHERE id = %1$d LIMIT %1$d; SELECT * FROM t WHERE id IN (%1$d, 3) AND c < %1$d LIMIT 5; SELECT s FROM t; SELECT count(*) FROM t} ],
	'keys of joins' => [ '', q{SELECT * FROM generate_series(%1$d, %1$d) g JOIN t ON t.id = g} ],
	'samples' => [ '', q{SET default_statistics_target = %1$d; ANALYZE t} ],
);
for my $what (sort keys %values)
{
	my ($begin, $each) = @{ $values{$what} };
	my %prepared;

	start_node();
	for my $n (1, 4)
	{
		query(q{ALTER FOREIGN TABLE t OPTIONS (ADD ttl '5', ADD fetch_size '5')}) if $n == 1;
		query($begin) if $n == 1;
		$node->order('reset');
		query(join ';', map { sprintf $each, $_ } (1, 7, 50, 900)[ 0 .. $n - 1 ]);
		$prepared{$n} = $node->count('PREPARE');
	}
	cmp_ok($prepared{1}, '>', 0, "$what: texts are prepared");
	is($prepared{4}, $prepared{1}, "$what are no part of texts");
	$node->stop;
}

# Another wrapper in front of this one tells rows by ctid, where it does not leave the statement as a whole to this server.
SKIP:
{
	skip 'needs postgres_fdw', 6 unless query(q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'});
	start_node();
	query('CREATE EXTENSION postgres_fdw');
	query(sprintf 'CREATE SERVER front FOREIGN DATA WRAPPER postgres_fdw %s',
		server_options(host => $ENV{PGHOST}, port => $ENV{PGPORT}, dbname => 'scylla_tap_modify'));
	query(sprintf 'CREATE USER MAPPING FOR CURRENT_USER SERVER front %s', server_options(user => $ENV{PGUSER}));
	query(q{CREATE FOREIGN TABLE fronted (id int, c int, s text) SERVER front OPTIONS (table_name 't')});
	query(q{DELETE FROM fronted WHERE id = 1});
	is(query('SELECT count(*) FROM fronted'), 16, 'behind another wrapper: what it leaves to this one is done');
	fails('behind another wrapper', q{DELETE FROM fronted WHERE s = 'x' || (random() > 2)::text}, '0A000', qr/has no ctid/);
	is(query('SELECT count(*) FROM fronted'), 16, 'behind another wrapper: nothing else is');
	$node->stop;
}

done_testing;
