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
ok(await('first requests', sub { $node->count('max_in_flight') >= 32 }), 'large partitions by key: are asked for');
is($node->count('max_in_flight'), 32, 'large partitions by key: not all of them');
$node->order($_) for 'clear', 'release';
$session->shows(qr/^\Q$answer\E$/m);
pass('large partitions by key: then all are read');
$session->finish;

done_testing();
