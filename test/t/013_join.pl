# Joins by keys: many requests on their way at once, few for who stops early; errors, cancel and waiting in mid-join;
# rows that are looked at again after a concurrent update.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_join');

my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))');

query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
	server_options(host => $node->{address}, port => $node->{port}, request_timeout => 60000));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
query(q{CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks')});
query('CREATE TABLE l AS SELECT g AS id, g % 15000 AS x FROM generate_series(1, 10000) g; ANALYZE l');
# nobody knows how large this one has become
query(q{CREATE FOREIGN TABLE late (id int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
query('ANALYZE late');
query(q{INSERT INTO t SELECT g, 's' || g FROM generate_series(1, 8000) g});

# nor may the whole table take the place of many keys
my $off = 'SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off; SET scylla_fdw.full_scan = refuse;';
my $join = 'SELECT count(*), count(t.s), sum(t.id) FROM l LEFT JOIN t ON t.id = l.x';
my $join_late = $join =~ s/JOIN t/JOIN late t/r;
my $all = '10000|8000|32004000';

# ---- how many at once ----

$node->order('latency 1000');
$node->order('reset');
is(query("$off $join"), $all, 'all keys are looked up');
is($node->count('executes'), 10000, 'each by one request');
cmp_ok($node->count('max_in_flight'), '>=', 32, 'many of them at once');

$node->order('reset');
is(query("SET scylla_fdw.enable_join = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
	SELECT count(*), count(t.s) FROM (SELECT * FROM l LIMIT 200) l LEFT JOIN LATERAL (SELECT * FROM t WHERE t.id = l.x OFFSET 0) t ON true"),
	'200|200', 'one by one, for comparison');
cmp_ok($node->count('max_in_flight'), '<=', 5, 'few at once, then');

$node->order('reset');
is(query("$off SELECT count(*) FROM (SELECT t.s FROM l JOIN t ON t.id = l.x LIMIT 10) q"), 10, 'the first ten');
cmp_ok($node->count('executes'), '<=', 64, 'look few keys up');

# ---- the whole table in place of many keys ----

$node->order('reset');
is(query("$off SET scylla_fdw.full_scan = allow; $join"), $all, 'where keys are too many, the whole table is read');
cmp_ok($node->count('executes'), '<', 5000, 'and other keys are not asked for');

$node->order('reset');
is(query("$off SET scylla_fdw.full_scan = allow; SET work_mem = '64kB'; SET hash_mem_multiplier = 1; $join_late"), $all, 'where it has no room in memory, all the same');
cmp_ok($node->count('executes'), '>', 10000, 'all keys are asked for, and it was tried');

# ---- what goes wrong ----

$node->order('latency 0');
# page after page of it: the first one that fails is asked for with fewer rows
$node->order('on EXECUTE after 5000 error 0x1200 "too slow" received 1 required 2 data');
my ($rc, undef, $err) = psql("$off $join");
like($err, qr/ERROR:  58000: .*too slow/, 'an error of one key ends the join');
like($err, qr/foreign table "t"/, 'and names the table');
$node->order('clear');
is(query("$off $join"), $all, 'the next one works');

$node->order('on EXECUTE every 3000 times 3 close');
is(query("$off $join"), $all, 'connections that are lost cost nothing');
$node->order('clear');

$node->order('reset');
$node->order('on EXECUTE value 0x00001388 hold');
my $session = background("$off $join;");
ok(await('all but one answered', sub { $node->count('held') == 1 && $node->count('in_flight') <= 1 && $node->count('executes') == 10000 }),
	'one key that is not answered holds none of the others up');
$node->order('release');
is(join('|', ($session->finish)[0, 1]), "0|$all\n", 'the join ends with its answer');

for my $how ('SELECT pg_cancel_backend(%d)', 'SELECT pg_terminate_backend(%d)')
{
	$node->order('clear');
	$node->order('reset');
	$node->order('on EXECUTE after 100 silent');
	$session = background("$off $join;");
	await('stuck', sub { $node->count('faults') > 0 });
	within(5, $how, sub { query(sprintf $how, $session->{pid}); $session->finish });
	like($session->{err}, qr/57014|57P01/, "$how: ends the join");
}
$node->order('clear');
is(query("$off $join"), $all, 'another session works');

# ---- looked at again ----

query('CREATE TABLE a (id int PRIMARY KEY, x int, note text)');

# The row of id 2 gets another x meanwhile: what the statement makes of it.
sub looks_again
{
	my ($label, $from, $to, $sql, $expected) = @_;

	query("TRUNCATE a; INSERT INTO a SELECT g, CASE WHEN g = 2 THEN $from ELSE g END FROM generate_series(1, 4) g");
	my $writer = background("BEGIN; UPDATE a SET x = $to WHERE id = 2; SELECT 'locked';");
	$writer->shows(qr/locked/);
	my $waiter = background("$off $sql;");
	ok(await("$label: waits", sub { query("SELECT count(*) FROM pg_stat_activity WHERE pid = $waiter->{pid} AND wait_event_type = 'Lock'") == 1 }),
		"$label: waits for the other transaction");
	$writer->send('COMMIT;');
	$writer->finish;
	is(($waiter->finish)[0], 0, "$label: ends");
	chomp(my $shown = $waiter->{out});
	is($shown || query("SELECT string_agg(concat_ws('|', id, x, note), ' ' ORDER BY id) FROM a"), $expected, "$label: its rows");
	return;
}

my $show = q{SELECT string_agg(concat_ws('|', q.id, q.s), ' ' ORDER BY q.id) FROM};

looks_again('UPDATE', 2, 9002, 'UPDATE a SET note = t.s FROM t WHERE t.id = a.x', '1|1|s1 2|9002 3|3|s3 4|4|s4');
looks_again('UPDATE by other conditions', 2, 9002, q{UPDATE a SET note = t.s FROM t WHERE t.id = a.x AND t.s <> 'x' AND a.x + length(t.s) > 0},
	'1|1|s1 2|9002 3|3|s3 4|4|s4');
looks_again('DELETE', 2, 9002, 'DELETE FROM a USING t WHERE t.id = a.x', '2|9002');
looks_again('FOR UPDATE', 2, 9002, "$show (SELECT a.id, t.s FROM a JOIN t ON t.id = a.x FOR UPDATE OF a) q", '1|s1 3|s3 4|s4');
looks_again('the same row again', 2, 2, "$show (SELECT a.id, t.s FROM a JOIN t ON t.id = a.x FOR UPDATE OF a) q", '1|s1 2|s2 3|s3 4|s4');
looks_again('left', 2, 9002, "$show (SELECT a.id, t.s FROM a LEFT JOIN t ON t.id = a.x FOR UPDATE OF a) q", '1|s1 2 3|s3 4|s4');
looks_again('semi', 2, 9002, "$show (SELECT a.id, note AS s FROM a WHERE EXISTS (SELECT FROM t WHERE t.id = a.x AND t.s <> '') FOR UPDATE OF a) q", '1 3 4');
looks_again('anti', 9002, 9003, "$show (SELECT a.id, note AS s FROM a WHERE NOT EXISTS (SELECT FROM t WHERE t.id = a.x AND t.s <> '') FOR UPDATE OF a) q", '2');

done_testing();
