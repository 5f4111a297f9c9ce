# Asynchronous Append: who has rows gives them while others wait; nobody waits in vain or spins; ends at any time.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_async');

my $tables = 20;				# more than an Append looks at in one go
my %node;
for my $server ('a', 'b')
{
	$node{$server} = ScyllaTest::Node->start('keyspace ks simple 1', map { "table ks.$server$_ (k int PRIMARY KEY, part int)" } 1 .. $tables);
	query(sprintf 'CREATE SERVER %s FOREIGN DATA WRAPPER scylla_fdw %s', $server,
		server_options(host => $node{$server}{address}, port => $node{$server}{port}, fetch_size => 3));
	query("CREATE USER MAPPING FOR CURRENT_USER SERVER $server");
}
query('CREATE TABLE t (k int, part int) PARTITION BY LIST (part)');
for my $i (1 .. $tables)
{
	query(qq{CREATE FOREIGN TABLE a$i PARTITION OF t FOR VALUES IN ($i) SERVER a OPTIONS (keyspace 'ks');
CREATE FOREIGN TABLE b$i PARTITION OF t FOR VALUES IN (-$i) SERVER b OPTIONS (keyspace 'ks')});
}
query("INSERT INTO t SELECT g, CASE WHEN g / $tables % 2 = 0 THEN -1 ELSE 1 END * (1 + g % $tables) FROM generate_series(1, 1000) g");
my $whole = '1000|500500';
is(query('SELECT count(*), sum(k) FROM t'), $whole, 'all rows of all tables');
like(query('EXPLAIN (COSTS OFF) SELECT * FROM t'), qr/Async Foreign Scan on a1 /, 'asynchronously');

sub clear { $_->order('clear'), $_->order('release') for values %node; return; }

# ---- one table's answer is held: the others' rows come, then nobody spins, then its own come ----

my ($session, $rest);
for my $i (1, $tables)
{
	my $of_it = query("SELECT count(*) FROM a$i");

	$node{a}->order(qq{on EXECUTE text '"a$i"' hold});
	$session = background("BEGIN; DECLARE c CURSOR FOR SELECT k FROM t;\nFETCH " . (1000 - $of_it) . " FROM c;\n\\echo got them");
	ok($session->shows(qr/got them/), "a$i is held: all other rows come");
	is($node{a}->count('held'), 1, 'while one answer is held');
	$session->{out} = '';
	$session->send("FETCH ALL FROM c;\n\\echo end");
	ok(await('it waits', sub { query("SELECT wait_event = 'AppendReady' FROM pg_stat_activity WHERE pid = $session->{pid}") eq 't' }), 'it waits');
	my $ticks = ticks($session->{pid});
	query('SELECT 1') for 1 .. 20;
	cmp_ok(ticks($session->{pid}) - $ticks, '<', 3, 'without spinning');
	clear();
	ok($session->shows(qr/end/), 'goes on');
	is(scalar(() = $session->{out} =~ /^\d+$/mg), $of_it, 'with its rows');
	$session->finish;
}

# User and system time of a process, in ticks.
sub ticks
{
	my ($pid) = @_;

	open(my $stat, '<', "/proc/$pid/stat") or return 0;
	my @field = split ' ', <$stat> =~ s/^.*\) //r;
	return $field[11] + $field[12];
}

# ---- a whole server is silent ----

$node{b}->order('on EXECUTE hold');
$session = background("BEGIN; DECLARE c CURSOR FOR SELECT k FROM t WHERE part IN (1, 2, -1, -2);\nFETCH 50 FROM c;\n\\echo got them\nFETCH ALL FROM c;\n\\echo end");
ok($session->shows(qr/got them/), 'one server is silent: the other one is read');
ok(await('it waits', sub { query("SELECT wait_event = 'AppendReady' FROM pg_stat_activity WHERE pid = $session->{pid}") eq 't' }), 'it waits');
within(2, 'cancelled', sub {
	query("SELECT pg_cancel_backend($session->{pid})");
	my ($rc, $out, $err) = $session->finish;
	like($err, qr/57014/, 'cancelled');
});
clear();

# ---- LIMIT, rescan, errors ----

$node{b}->order('on EXECUTE hold');
is(query('SELECT count(*) FROM (SELECT * FROM t WHERE part IN (1, -1) LIMIT 10) x'), 10, 'LIMIT leaves the silent one behind');
clear();
is(query('SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
	SELECT count(*) FROM (VALUES (1), (2), (3)) x (i) JOIN t ON k > i'), 997 + 998 + 999, 'read again');
$node{a}->order(q{on EXECUTE text '"a7"' error 0x1200 "slow"});
my ($rc, $out, $err) = psql('SELECT count(*), sum(k) FROM t');
like($err, qr/58000: slow/, 'one of them fails');
clear();
($rc, $out) = psql(qq{\\set ON_ERROR_STOP off
SELECT count(*) / 0 FROM t;
SELECT count(*), sum(k) FROM t});
is($out, $whole, 'the next statement of the session reads all');

# ---- with tables that are read one after the other ----
query(q{ALTER FOREIGN TABLE a1 OPTIONS (ADD async_capable 'false'); ALTER FOREIGN TABLE b2 OPTIONS (ADD async_capable 'false')});
like(query('EXPLAIN (COSTS OFF) SELECT * FROM t'), qr/-> {2}Foreign Scan on a1 /, 'one is not asynchronous');
is(query('SELECT count(*), sum(k) FROM t'), $whole, 'all rows');

done_testing();
