# A ring of three with replicas on all of them, and a node that does not work in mid-load. It is stopped (SIGSTOP): its connections live,
# and nothing is answered there. Or it is killed, and started again, one node after the other. A load with QUORUM goes on after a dip,
# and nobody is told of anything; other sessions read meanwhile; the node is used again when it is back.
#
# Rates are compared with those of the same load before. How long a load runs is up to the test: it ends when told to.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;
use Time::HiRes qw(time sleep);

plan skip_all => 'needs RING_DIR, the directory of a ring that may be killed' unless $ENV{RING_DIR};
database('scylla_tap_bad_node');

my $timeout = 60;				# s, request_timeout: nobody shall wait for it
my $hosts = $ENV{RING_HOSTS};
my $paused;

sub ring
{
	my ($how, $n) = @_;

	system("$ENV{DEV}/cassandra", $how, $ENV{RING_DIR}, $n) == 0 or BAIL_OUT("cassandra $how $n");
	$paused = $how eq 'pause' ? $n : undef;
	return;
}
END { my $status = $?; ring('resume', $paused) if $paused; $? = $status; }

sub cql { return query(sprintf 'SELECT scylla_fdw_execute(%s, %s)', map { (my $v = $_) =~ s/'/''/g; "'$v'" } 'ring', @_); }

query(sprintf 'CREATE SERVER ring FOREIGN DATA WRAPPER scylla_fdw %s', server_options(host => $hosts, port => $ENV{SCYLLA_PORT},
	consistency => 'quorum', connect_timeout => 5000, request_timeout => $timeout * 1000, max_in_flight_bytes => '256kB'));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER ring');
cql('DROP KEYSPACE IF EXISTS fdw_bad');
cql("CREATE KEYSPACE fdw_bad WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}");
# a coordinator that waits for the node that is stopped asks another one soon: without samples it would in 5 s
cql("CREATE TABLE fdw_bad.$_ (id bigint PRIMARY KEY, s text) WITH speculative_retry = '50ms'") for qw(stopped killed few other);
cql('DROP TABLE fdw_bad.other'); # where changes of the schema are not flushed (VOLATILE_SCHEMA), they are now
query(qq{CREATE FOREIGN TABLE $_ (id bigint, s text) SERVER ring OPTIONS (keyspace 'fdw_bad', "table" '$_')}) for qw(stopped killed few);
query(q{INSERT INTO few SELECT g, 'value ' || g FROM generate_series(1, 1000) g});

# ---- a load that ends when told to ----

my $load = q{EXPLAIN (ANALYZE, COSTS off, TIMING off) INSERT INTO %1$s WITH RECURSIVE made (id) AS (SELECT nextval('made_%1$s') UNION ALL
	SELECT nextval('made_%1$s') FROM made WHERE id %% 100 <> 0 OR NOT pg_try_advisory_xact_lock_shared(1)) SELECT id, 'value ' || id FROM made;
	SELECT node, detail, sum(times) || ' times' FROM scylla_fdw_events('ring') WHERE what IN ('node suspect', 'request retried', 'connection lost')
	GROUP BY node, detail ORDER BY max(time); SELECT 'the end';};
my $table;
my $gate;
my $session;

# Rows that were made. When as many are outstanding as may be, one is made for each that is acknowledged.
sub made { return query("SELECT last_value FROM made_$table"); }

# Rows a second, over so many seconds.
sub rate
{
	my ($seconds) = @_;
	my ($began, $before) = (time, made());

	sleep $seconds;
	my $after = made();
	return ($after - $before) / (time - $began);
}

sub begin_load
{
	($table) = @_;

	query("CREATE SEQUENCE made_$table");
	$gate = background(q{SELECT pg_advisory_lock(1), 'closed';});
	$gate->shows(qr/closed/) or BAIL_OUT('no gate');
	$session = background('\set ON_ERROR_STOP off');
	$session->send(sprintf $load, $table);
	ok(await('rows are written', sub { made() > 20_000 }), "$table: a load runs");
	return;
}

# What the load's session has printed.
sub end_load
{
	$gate->send('SELECT pg_advisory_unlock(1);');
	$session->shows(qr/the end/);
	$gate->finish;
	my (undef, $out, $err) = $session->finish;
	note($out);
	is($err, '', "$table: nothing is raised");
	my $rows = made();
	my $complete = join '|', $rows, $rows * ($rows + 1) / 2;
	is(query("SET scylla_fdw.consistency = 'all'; SELECT count(*), sum(id), count(DISTINCT s) FROM $table"), "$complete|$rows", "$table: none of $rows rows is lost");
	SKIP:
	{
		skip 'needs PYTHON, with scylla-driver', 1 unless $ENV{PYTHON};
		my ($count, $sum) = (0, 0);
		$count++, $sum += $_ for `$ENV{PYTHON} $FindBin::Bin/cql.py $hosts $ENV{SCYLLA_PORT} "SELECT id FROM fdw_bad.$table"`;
		is("$count|$sum", $complete, "$table: so says an independent client");
	}
	return $out;
}

# Half of that rate is there again: the seconds until then.
sub dip
{
	my ($healthy) = @_;
	my $began = time;
	my $dip;

	await('the load goes on', sub { rate(0.5) > $healthy / 2 or return 0; $dip = time - $began; return 1 });
	return $dip // 60;
}

# ---- stopped ----

my $look = q{SELECT s FROM few WHERE id = %d;};
my $reader = background(sprintf $look, 1);
$reader->shows(qr/value 1\n/) or BAIL_OUT('no reader');
begin_load('stopped');
my $healthy = rate(5);
ring('pause', 1);				# the one with the control connection
my $dip = dip($healthy);
note(sprintf '%d rows/s; one node is stopped: half of that again after %.1f s', $healthy, $dip);
cmp_ok($dip, '<', 3 + 0.5, 'the dip ends');
note(sprintf 'without the node: %d rows/s', rate(4));

# others meanwhile
my $soon = $timeout / 3;
within($soon, 'look-ups of a session that was there before', sub {
	$reader->send(join '', map { sprintf $look, $_ } 2 .. 60);
	$reader->shows(qr/value 60\n/) });
within($soon, 'a look-up of a new session', sub { is(query(sprintf $look, 7), 'value 7', 'a new session') });
within($soon, 'a join', sub {
	is(query('SELECT count(*), min(f.s) FROM generate_series(1, 500) g JOIN few f ON f.id = g'), '500|value 1', 'a join') });
within($soon, 'an UPDATE that reads', sub {
	is(query(q{WITH u AS (UPDATE few SET s = s || '' WHERE id < 100 RETURNING id) SELECT count(*) FROM u}), 99, 'an UPDATE that reads') });

# of ranges no coordinator asks anyone else, so they are to know that the node is down
ok(await('they know', sub { (psql(q{SET scylla_fdw.consistency = 'all'; SET scylla_fdw.request_timeout = '1s'; INSERT INTO few VALUES (1, 'value 1')}))[2] =~ /57P03/ }),
	'the others know that a node is down');
within($soon, 'a scan', sub { is(query('SELECT count(*), sum(id) FROM few'), '1000|500500', 'a scan') });
ring('resume', 1);
note(sprintf 'with the node again: %d rows/s', rate(4));
my $told = end_load();
like($told, qr/\|\d+ requests are not answered/, 'the node was suspect');
like($told, qr/it answers again/, 'and has answered again');

# ---- killed, one after the other ----

begin_load('killed');
$healthy = rate(3);
for my $n (1 .. 3)
{
	ring('kill', $n);
	note(sprintf 'node %d is killed: half of %d rows/s again after %.1f s', $n, $healthy, dip($healthy));
	ring('restart', $n);
	note(sprintf 'node %d is back: %d rows/s', $n, rate(3));
}
end_load();
cql('DROP KEYSPACE fdw_bad');

done_testing();
