# A row that another transaction updates meanwhile is looked at anew, conditions that the cluster checked included.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs SCYLLA_HOST' unless $ENV{SCYLLA_HOST};
database('scylla_tap_recheck');
query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
	server_options(host => $ENV{SCYLLA_HOST}, port => $ENV{SCYLLA_PORT}, request_timeout => 60000,
		fdw_startup_cost => 0, fdw_tuple_cost => 10));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
query("SELECT scylla_fdw_execute('s', '$_')") for 'DROP KEYSPACE IF EXISTS fdw_recheck',
	q(CREATE KEYSPACE fdw_recheck WITH replication = {''class'': ''SimpleStrategy'', ''replication_factor'': 1}),
	'CREATE TABLE fdw_recheck.f (k int, c int, v text, PRIMARY KEY (k, c))';
query(q{CREATE FOREIGN TABLE f (k int, c int, v text) SERVER s OPTIONS (keyspace 'fdw_recheck');
INSERT INTO f VALUES (1, 1, 'one'), (2, 1, 'two');
CREATE TABLE l (id int, k int, c int, v text);
INSERT INTO l VALUES (1, 1, 1, 'none')});

my $nested = 'SET scylla_fdw.enable_join = off; SET enable_hashjoin = off; SET enable_mergejoin = off';

# One session holds the row, another waits for it with the values of before, and goes on with those of after.
sub race
{
	my ($label, $change, $statement, $expected) = @_;

	query("UPDATE l SET k = 1, c = 1, v = 'none'");
	my $holder = background("BEGIN; $change; SELECT 'holds';");
	ok($holder->shows(qr/holds/), "$label: the row is held");
	my $waiter = background("$nested; $statement;");
	ok(await('a waiting session', sub { query("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = $waiter->{pid}") > 0 }), "$label: the other one waits");
	$holder->send('COMMIT;')->finish;
	is(($waiter->finish)[0], 0, "$label: it goes on");
	is(query('SELECT k, c, v FROM l'), $expected, "$label: by what the row is now");
	return;
}

my $looked_up = 'UPDATE l SET v = f.v FROM f WHERE f.k = l.k AND f.c >= l.c';
like(query("$nested; EXPLAIN (VERBOSE) $looked_up"), qr/"k" = \? AND "c" >= \?/, 'keys are looked up');
race('unchanged', 'UPDATE l SET id = 1', $looked_up, '1|1|one');
race('key', 'UPDATE l SET k = 2', $looked_up, '2|1|none');
race('clustering column', 'UPDATE l SET c = 2', $looked_up, '1|2|none');
query(q{SELECT scylla_fdw_execute('s', 'DROP KEYSPACE fdw_recheck')});

done_testing();
