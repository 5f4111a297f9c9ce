# What is not set leaves no tombstone: the node itself tells how many its reads have met.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs SCYLLA_HOST' unless $ENV{SCYLLA_HOST};
database('scylla_tap_tombstones');
query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
	server_options(host => $ENV{SCYLLA_HOST}, port => $ENV{SCYLLA_PORT}, consistency => 'all'));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');

sub cql { return query("SELECT scylla_fdw_execute('s', \$c\$$_[0]\$c\$)"); }

my ($probe) = psql(q{SELECT scylla_fdw_query('s', 'SELECT max FROM system_views.tombstones_per_read LIMIT 1')});
plan skip_all => 'the cluster does not count tombstones' if $probe;
my $nodes = query('SELECT count(*) FROM scylla_fdw_nodes(\'s\')');

cql('DROP KEYSPACE IF EXISTS fdw_tombstones');
cql("CREATE KEYSPACE fdw_tombstones WITH replication = {'class': 'SimpleStrategy', 'replication_factor': $nodes}");

# Writes to a new table, reads it, and returns the most tombstones that a read of it has met, on any node.
sub tombstones
{
	my ($name, $options, @sql) = @_;

	cql("CREATE TABLE fdw_tombstones.$name (a int, c int, v text, n int, l list<int>, f frozen<list<int>>, PRIMARY KEY (a, c))");
	query("CREATE FOREIGN TABLE $name (a int, c int, v text, n int, l int[], f int[]) SERVER s OPTIONS (keyspace 'fdw_tombstones' $options)");
	query(join ";\n", map { s/TABLE/$name/gr } @sql);
	is(query("SELECT count(*) FROM (SELECT * FROM $name WHERE a = 1) x"), 100, "$name: the rows are there");
	my $max = 0;
	# every node has all rows; three times as many requests as nodes reach each one
	for (1 .. 3 * $nodes)
	{
		query("SELECT * FROM $name WHERE a = 1");
		my $seen = query("SELECT coalesce(max((q->>'max')::numeric), 0) FROM scylla_fdw_query('s', 'SELECT max FROM system_views.tombstones_per_read WHERE keyspace_name = ''fdw_tombstones'' AND table_name = ''$name''') q");
		$max = $seen if $seen > $max;
	}
	return $max;
}

my $rows = 'SELECT 1, g';
my $none = 1;					# the node's histograms have no zero

cmp_ok(tombstones('omitted', '', "INSERT INTO TABLE (a, c, v) $rows, 'x' FROM generate_series(1, 100) g"), '<=', $none, 'omitted columns leave none');
cmp_ok(tombstones('unset', '', "INSERT INTO TABLE $rows, NULL, NULL, NULL, NULL FROM generate_series(1, 100) g"), '<=', $none, 'NULL leaves none');
cmp_ok(tombstones('copied', '', "COPY TABLE FROM PROGRAM 'seq 1 100 | sed \"s/.*/1,&,,,,/\"' (FORMAT csv)"), '<=', $none, 'COPY leaves none');
cmp_ok(tombstones('updated', '', "INSERT INTO TABLE $rows, 'x', 1, NULL, '{1}' FROM generate_series(1, 100) g", "UPDATE TABLE SET n = 2 WHERE a = 1"), '<=', $none,
	'UPDATE of one column leaves none');
cmp_ok(tombstones('deleted', ", insert_null 'null'", "INSERT INTO TABLE $rows, NULL, NULL, NULL, NULL FROM generate_series(1, 100) g"), '>=', 100,
	q{insert_null 'null' leaves some: they are seen});
cql('DROP KEYSPACE fdw_tombstones');
done_testing();
