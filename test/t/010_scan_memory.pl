# A scan takes as much memory as its pages in hand, however many rows there are, and however large.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
plan skip_all => 'needs /proc' unless -r '/proc/self/status';
database('scylla_tap_scan_memory');

my ($rows, $values) = (500_000, 12);		# the key 42 is in the first range: from then on it is known how large pages are
my $bytes = 16 * 1024 * 1024 - 1024;		# as much as fits into a request
my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'token -6148914691236517206 0 6148914691236517205',
	# nodes that are down make for more ranges at once
	(map { "peer 127.0.0.$_ 1 " . ($_ << 58) . ' -' . ($_ << 58) } 9 .. 13), 'table ks.small (id bigint, s text, PRIMARY KEY (id))',
	'table ks.large (id int, b blob, PRIMARY KEY (id))', 'table ks.wide (k int, c int, b blob, PRIMARY KEY (k, c))', 'table ks.narrow (k int, c int, PRIMARY KEY (k, c))',
	'table ks.partition (k int, id int, b blob, PRIMARY KEY (k, id))');
query('CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw ' . server_options(host => $node->{address}, port => $node->{port}));
# as a session's that has loaded much before
query('CREATE SERVER eager FOREIGN DATA WRAPPER scylla_fdw ' .
	server_options(host => $node->{address}, port => $node->{port}, max_in_flight => 4096));
query(qq{CREATE USER MAPPING FOR CURRENT_USER SERVER s;
CREATE USER MAPPING FOR CURRENT_USER SERVER eager;
CREATE FOREIGN TABLE small (id bigint, s text) SERVER s OPTIONS (keyspace 'ks');
CREATE FOREIGN TABLE large (id int, b bytea) SERVER s OPTIONS (keyspace 'ks', fetch_size '1');
CREATE FOREIGN TABLE wide (k int, c int, b bytea) SERVER eager OPTIONS (keyspace 'ks');
INSERT INTO small SELECT g, repeat('v', 100) FROM generate_series(1, $rows) g;
INSERT INTO large SELECT 30 + g, decode(repeat(to_hex(16 + g), $bytes), 'hex') FROM generate_series(1, $values) g;
CREATE FOREIGN TABLE partition (k int, id int, b bytea) SERVER s OPTIONS (keyspace 'ks', fetch_size '1');
INSERT INTO partition SELECT 1, id, b FROM large;
ANALYZE partition;
ALTER FOREIGN TABLE partition OPTIONS (DROP fetch_size);
INSERT INTO wide SELECT k, c, decode(repeat('7f', 65536), 'hex') FROM generate_series(1, 300) k, generate_series(1, 10) c});

# Memory of the backend's own, in MiB; or the most it had, what it shares with others included.
sub own_memory
{
	my ($pid, $which) = @_;

	open my $status, '<', "/proc/$pid/status" or die "status of $pid: $!";
	my %value = map { /^(\w+):\s+(\d+) kB/ ? ($1 => $2 / 1024) : () } <$status>;
	return $value{$which // 'RssAnon'};
}

my $large = q{SELECT count(*), sum(get_byte(b, 0) - 16), sum(length(b)) FROM %s get_byte(b, } . ($bytes - 1) . ') > 16';
my $answer = "$values|" . $values * ($values + 1) / 2 . '|' . $values * $bytes;
for my $case (
	[ 'small rows', 'SELECT count(*), sum(id), sum(length(s)) FROM small', "$rows|" . $rows * ($rows + 1) / 2 . '|' . 100 * $rows, 64 ],
	# the page being read, the value made of it, and the page on its way, twice while it is copied out of the connection
	[ 'values of 16 MiB', sprintf($large, 'large WHERE'), $answer, 160 ],
	# ANALYZE has told that one is a page
	[ 'values of 16 MiB in a partition', sprintf($large, 'partition WHERE k = 1 AND'), $answer, 160 ])
{
	my ($label, $sql, $expected, $limit) = @$case;
	my $session = background(q{SET max_parallel_workers_per_gather = 0; SELECT 'idle';});
	my $worst = 0;

	$session->shows(qr/idle/);
	my $idle = own_memory($session->{pid});
	$node->order('reset');
	$session->send("$sql;");
	ok(await($label, sub {
		my $now = own_memory($session->{pid});

		$worst = $now if $now > $worst;
		$session->{harness}->pump_nb;
		$session->{out} =~ /\|/ }, 200), "$label: are read");
	like($session->{out}, qr/^\Q$expected\E$/m, "$label: all of them");
	cmp_ok($worst - $idle, '<', $limit, sprintf '%s: at most %d MiB over the idle backend (%.1f)', $label, $limit, $worst - $idle);
	cmp_ok($node->count('max_in_flight'), '<=', 4, "$label: few pages are on their way") if $label =~ /values/;
	$session->finish;
}

# What conditions of joined rows need goes with each row, and not at the end of all.
query(q{CREATE FOREIGN TABLE narrow (k int, c int) SERVER s OPTIONS (keyspace 'ks'); INSERT INTO narrow SELECT k, c FROM generate_series(1, 10) k, generate_series(1, 500) c});
for my $sql (q{SELECT count(*) FROM generate_series(1, 400) g JOIN narrow n ON n.k = g % 10 + 1 AND length(repeat('x', 500 + g + n.c)) = -1},
	q{SELECT count(*) FROM generate_series(1, 400) g WHERE NOT EXISTS (SELECT FROM narrow n WHERE n.k = g % 10 + 1 AND length(repeat('x', 500 + g + n.c)) = -1)})
{
	my $session = background(q{SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off; SELECT 'idle';});

	$session->shows(qr/idle/);
	my $idle = own_memory($session->{pid}, 'VmHWM');
	$session->send("EXPLAIN $sql;\n$sql;\nSELECT 'done';");
	$session->shows(qr/done/);
	like($session->{out}, qr/ScyllaJoin/, 'joined by key');
	cmp_ok(own_memory($session->{pid}, 'VmHWM') - $idle, '<', 64, 'rows of a join that are rejected: little more than the idle backend');
	$session->finish;
}

# While nobody knows how large partitions are, few are asked for.
$answer = join '|', 3000, 10 * 300 * 301 / 2, 3000 * 65536;
$node->order($_) for 'reset', 'on EXECUTE text "wide" hold';
my $session = background(q{SELECT count(*), sum(k), sum(length(b)) FROM wide WHERE k = ANY (ARRAY(SELECT generate_series(1, 300)));});
ok(await('first requests', sub { $node->count('held') >= 2 }), 'large partitions by key: are asked for');
is($node->count('held'), 2, 'large partitions by key: not all of them');
$node->order($_) for 'clear', 'release';
$session->shows(qr/^\Q$answer\E$/m);
pass('large partitions by key: then all are read');
$session->finish;

# ---- a few rows first, until it is known how large they are; the next session does not know what this one has learned ----
# How many requests a query makes before anything is answered.
sub first_requests
{
	my ($sql, $label, $requests) = @_;

	$node->order($_) for 'clear', 'reset', 'on EXECUTE hold';
	my $held = background("SET max_parallel_workers_per_gather = 0; $sql;");
	ok(await("$label: first requests", sub { $node->count('held') >= $requests }), "$label: are asked for");
	is($node->count('held'), $requests, "$label: $requests at first");
	$node->order($_) for 'clear', 'release';
	$held->finish;
	return;
}
first_requests('SELECT count(*) FROM wide WHERE length(b) > 0', 'a scan', 1);
first_requests('SELECT count(*) FROM wide WHERE k = 1', 'a count looks at rows', 1);
first_requests('SELECT b FROM wide WHERE k IN (1, 2, 3, 4) ORDER BY c', 'a merge', 2);
first_requests('SELECT length(w.b) FROM generate_series(1, 100) g JOIN wide w ON w.k = g', 'a join', 2);

# Rows asked for, page by page: 10 rows of a partition, of 64 KiB.
$node->order('reset');
is(query(q{SELECT count(*), sum(length(b)) FROM wide WHERE k = 7; SELECT count(*), sum(length(b)) FROM wide WHERE k = 8}), "10|655360\n10|655360", 'two partitions');
is($node->count('executes'), 2 + 1, 'four rows, then what is left; then it is known');
# A page with room for all of a LIMIT would begin anew, on Cassandra: 16 rows are 1 MiB.
$node->order('reset');
is(query('SELECT count(*), count(DISTINCT (k, c)) FROM (SELECT k, c, b FROM wide WHERE k = 9 LIMIT 6) x'), '6|6', 'a LIMIT in two pages');
query('ANALYZE wide');
$node->order('reset');
query('SELECT count(*), sum(length(b)) FROM wide WHERE k = 7');
is($node->count('executes'), 1, 'ANALYZE tells the next session');

# ---- what a page costs in requests where rows are small: as many as ever, and one more where nobody knows their size ----
query(q{CREATE FOREIGN TABLE sized (id bigint, s text) SERVER s OPTIONS (keyspace 'ks', "table" 'small')});
for my $case ([ 1, 1 ], [ 50, 50 ], [ 1000, 1000 ])
{
	my ($keys, $requests) = @$case;

	$node->order('reset');
	is(query("SELECT count(s) FROM (SELECT * FROM sized WHERE id = ANY (ARRAY(SELECT generate_series(1, $keys))) OFFSET 0) x"), $keys, "$keys keys");
	is($node->count('executes'), $requests, "$keys keys: as many requests");
}

# ---- a page that a node is lost over, or fails to read, is asked for with fewer rows, not once more as it is ----
for my $fault ('close', 'error 0x1300 "broken" received 0 required 1', 'error 0x1200 "slow" received 1 required 1 data', 'error 0x0000 "out of memory"')
{
	$node->order($_) for 'clear', 'reset', qq{on EXECUTE text "small" times 1 $fault};
	is(query('SELECT count(s) FROM (SELECT * FROM sized WHERE id BETWEEN 1 AND 100000 OFFSET 0) x'), 100_000, "$fault: all rows");
	is($node->count('faults'), 1, "$fault: once");
}
$node->order($_) for 'clear', 'reset', 'on EXECUTE text "small" error 0x1300 "broken" received 0 required 1';
my ($failed) = psql('SELECT s FROM sized WHERE id = 1');
isnt($failed, 0, 'a node that cannot read even one row');
is($node->count('executes'), 2, 'asked for a few rows, then for one');
$node->order('clear');

# ---- pages of all partitions that are merged are not held: they are sorted here ----
my $merged = q{SELECT count(*), sum(length(b)), count(*) FILTER (WHERE c < before) FROM (SELECT b, c, lag(c) OVER () AS before FROM (SELECT b, c FROM wide WHERE k = ANY (ARRAY(SELECT generate_series(1, 300))) ORDER BY c OFFSET 0) x) y};
$session = background(q{SET work_mem = '4MB'; SELECT 'idle';});
$session->shows(qr/idle/);
my $idle = own_memory($session->{pid}, 'VmHWM');
$session->send("EXPLAIN (VERBOSE) $merged;\n$merged;\nSELECT 'done';");
$session->shows(qr/done/);
like($session->{out}, qr/ORDER BY "c" ASC/, 'merged by plan');
like($session->{out}, qr/^3000\|196608000\|0$/m, 'all rows of 300 partitions, in order');
my $most = own_memory($session->{pid}, 'VmHWM') - $idle;
cmp_ok($most, '<', 80, sprintf 'at most 80 MiB for 188 of rows (%.1f)', $most);
$session->finish;

done_testing();
