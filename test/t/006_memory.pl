# A load takes as much memory as its window, however many rows it has.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
plan skip_all => 'needs /proc' unless -r '/proc/self/status';
database('scylla_tap_memory');

my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.small (id bigint, s text, n int, PRIMARY KEY (id))',
	'table ks.large (id int, e vector<float, 768>, b blob, PRIMARY KEY (id))', 'null on');
query('CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw ' . server_options(host => $node->{address}, port => $node->{port}));
query(q{CREATE USER MAPPING FOR CURRENT_USER SERVER s;
CREATE FOREIGN TABLE small (id bigint, s text, n int) SERVER s OPTIONS (keyspace 'ks');
CREATE FOREIGN TABLE large (id int, e real[], b bytea) SERVER s OPTIONS (keyspace 'ks');
CREATE UNLOGGED TABLE source AS SELECT g AS id, array_fill(1.5::real, '{768}') AS e, sha256(g::text::bytea) || sha256(g::text::bytea) AS b
  FROM generate_series(1, 2000) g;
ALTER TABLE source ALTER e SET STORAGE EXTERNAL});

# Memory of the backend's own, its peak, in MiB.
sub own_memory
{
	my ($pid) = @_;

	open my $status, '<', "/proc/$pid/status" or die "status of $pid: $!";
	my %value = map { /^(\w+):\s+(\d+) kB/ ? ($1 => $2 / 1024) : () } <$status>;
	return $value{RssAnon};
}

# Each load runs while its memory is looked at; the worst that was seen counts.
for my $case (
	[ 'small rows', q{INSERT INTO small SELECT g, 'value ' || g, g FROM generate_series(1, %d) g;}, 50_000, 10_000_000 ],
	[ 'small rows by COPY', q{COPY small FROM PROGRAM 'seq -f "%%.0f	value	1" %d';}, 50_000, 1_000_000 ],
	[ 'vectors out of line', q{INSERT INTO large SELECT id + n, e, b FROM source, generate_series(1, %d / 2000) n;}, 10_000, 200_000 ],
	[ 'vectors, each by a statement of its own', q{SET scylla_fdw.flush_at = 'transaction';
		DO $$ DECLARE r record; BEGIN
		  FOR r IN SELECT id + n AS id, e, b FROM source, generate_series(1, %d / 2000) n LOOP INSERT INTO large VALUES (r.id, r.e, r.b); END LOOP;
		END $$;}, 10_000, 100_000 ])
{
	my ($label, $sql, $few, $many) = @$case;
	my $session = background(q{SELECT 'idle';});
	my $worst = 0;

	$session->shows(qr/idle/);
	my $idle = own_memory($session->{pid});
	my $before = $node->count('executes');

	$session->send(sprintf "$sql SELECT 'few';", $few);
	$session->shows(qr/few/);
	my $after_few = own_memory($session->{pid});
	$session->send(sprintf "$sql SELECT 'many';", $many);
	ok(await($label, sub {
		my $now = own_memory($session->{pid});

		$worst = $now if $now > $worst;
		$session->{harness}->pump_nb;
		$session->{out} =~ /many/ }, 200), "$label: $many rows are loaded");
	is($node->count('executes') - $before, $few + $many, "$label: all of them");
	cmp_ok($worst - $idle, '<', 64, sprintf '%s: at most 64 MiB over the idle backend (%.1f; %.1f after %d rows)', $label,
		$worst - $idle, $after_few - $idle, $few);
	$session->finish;
}

# Each block of PL/pgSQL that catches errors is a savepoint, which looks at the open writes when it ends.
my $session = background(q{SELECT 'idle';});
$session->shows(qr/idle/);
my $idle = own_memory($session->{pid});
$session->send(q{BEGIN; SET LOCAL scylla_fdw.flush_at = 'transaction'; INSERT INTO small VALUES (1, 'x', 1);
DO $$ DECLARE x int; BEGIN FOR g IN 1 .. 20000 LOOP BEGIN x := g; EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$; SELECT 'done';});
$session->shows(qr/done/);
cmp_ok(own_memory($session->{pid}) - $idle, '<', 64, 'savepoints beside an open write take nothing that stays');
$session->finish;

# Rows of ON CONFLICT DO NOTHING wait for a batch of them: however large they are, small ones before or not.
my $applied = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.large (id int, b blob, PRIMARY KEY (id))', 'store off');
query('CREATE SERVER c FOREIGN DATA WRAPPER scylla_fdw ' . server_options(host => $applied->{address}, port => $applied->{port}));
query(q{CREATE USER MAPPING FOR CURRENT_USER SERVER c;
CREATE FOREIGN TABLE conditional (id int, b bytea) SERVER c OPTIONS (keyspace 'ks', "table" 'large')});
for my $few (0, 3000)
{
	my $rows = "SELECT g, CASE WHEN g > $few THEN decode(repeat('00', 524288), 'hex') END FROM generate_series(1, $few + 300) g";
	my $conditional = background(q{SELECT 'idle';});
	my $worst = 0;

	$conditional->shows(qr/idle/);
	my $before = own_memory($conditional->{pid});
	$conditional->send("WITH w AS (INSERT INTO conditional $rows ON CONFLICT DO NOTHING) SELECT 'done';");
	ok(await('conditional rows', sub {
		my $now = own_memory($conditional->{pid});

		$worst = $now if $now > $worst;
		$conditional->{harness}->pump_nb;
		$conditional->{out} =~ /done/ }, 100), "$few small rows, then large ones: they are inserted");
	cmp_ok($worst - $before, '<', 96, sprintf '%d small rows, then large ones: at most 96 MiB (%.1f)', $few, $worst - $before);
	$conditional->finish;
}

done_testing();
