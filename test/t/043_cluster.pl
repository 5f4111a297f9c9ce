# The cluster as it is: rows are loaded, counted by another driver, read and removed, and where requests went is reported. On ScyllaDB
# with vnodes and with tablets. dev/scylla runs this on a cluster that somebody has, with more rows, and prints the report.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;
use Time::HiRes 'time';

plan skip_all => 'needs SCYLLA_HOST' unless $ENV{SCYLLA_HOST};
my $rows = $ENV{ROWS} // 20000;
my $first = 10000;		# of a session that knows nothing yet
my @report;

database('scylla_tap_cluster');
query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER s;',
	server_options(host => $ENV{SCYLLA_HOST}, port => $ENV{SCYLLA_PORT}, request_timeout => 60000));

sub cql { return query(join '', map { "SELECT scylla_fdw_execute('s', \$c\$$_\$c\$);" } @_); }

sub counted
{
	my ($table) = @_;
	chomp(my $n = `$ENV{PYTHON} $FindBin::Bin/cql.py $ENV{SCYLLA_HOST} $ENV{SCYLLA_PORT} "SELECT count(*) FROM $table"`);
	return $n;
}

# What EXPLAIN (ANALYZE) of a statement tells of requests that went elsewhere, in a session that has run others before, and its time.
sub misrouted
{
	my ($sql, @before) = @_;
	my $out = query(join ";\n", @before, "EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, FORMAT JSON) $sql");
	my ($ms) = $out =~ /"Execution Time": ([\d.]+)/;
	my $n = 0;
	$n += $1 while $out =~ /"Misrouted": (\d+)/g;
	return ($n, $ms);
}

my $scylla = query(q{SELECT count(shards) > 0 FROM scylla_fdw_nodes('s')}) eq 't';
my ($name, $where) = $scylla ? ('ScyllaDB', 'version FROM system.versions') : ('Cassandra', 'release_version FROM system.local');
my $version = query(sprintf q{SELECT row->>'%s' FROM scylla_fdw_query('s', 'SELECT %s') row LIMIT 1}, $where =~ /^(\w+)/, $where);
my $nodes = query(q{SELECT count(*) FROM scylla_fdw_nodes('s') WHERE up});
my $copies = $nodes < 3 ? $nodes : 3;

push @report, "cluster: $name $version, $nodes nodes, $copies replicas", 'nodes: '
	. join ', ', split /\n/, query(q{SELECT node || ' ' || coalesce(shards || ' shards', 'no shards') FROM scylla_fdw_nodes('s') ORDER BY node});

for my $kind ($scylla ? qw(vnodes tablets) : 'plain')
{
	my $keyspace = "fdw_cluster_$kind";
	my $tablets = { vnodes => "AND tablets = {'enabled': false}", tablets => "AND tablets = {'enabled': true}", plain => '' }->{$kind};
	my $fill = sub { my ($from, $n) = @_; return sprintf q{INSERT INTO %s SELECT g, md5(g::text) FROM generate_series(%d, %d) g}, $kind, $from, $from + $n - 1; };

	cql("DROP KEYSPACE IF EXISTS $keyspace",
		"CREATE KEYSPACE $keyspace WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': $copies} $tablets",
		"CREATE TABLE $keyspace.t (id bigint PRIMARY KEY, s text)");
	query("CREATE FOREIGN TABLE $kind (id bigint, s text) SERVER s OPTIONS (keyspace '$keyspace', \"table\" 't')");

	# a session that has loaded the table before knows where rows belong
	my ($elsewhere, $ms) = misrouted($fill->(1, $rows), $fill->(1, $rows));
	cmp_ok($elsewhere, '<=', $kind eq 'tablets' ? $rows / 1000 : 0, "$kind: misrouted requests of a load: $elsewhere of $rows");
	push @report, sprintf '%s: %d rows in %.1f s, %.0f rows/s, %d misrouted', $kind, $rows, $ms / 1000, $rows / $ms * 1000, $elsewhere;
	is(counted("$keyspace.t"), $rows, "$kind: all rows are there");

	($elsewhere) = misrouted($fill->(1, $first));
	push @report, "$kind: $elsewhere of the first $first writes of a session misrouted";

	($elsewhere, $ms) = misrouted("SELECT * FROM $kind");
	push @report, sprintf '%s: scan of %d rows in %.1f s, %d misrouted', $kind, $rows, $ms / 1000, $elsewhere;
	is(query("SELECT count(*), count(*) FILTER (WHERE s = md5(id::text)), sum(id) FROM $kind OFFSET 0"),
		join('|', $rows, $rows, $rows * ($rows + 1) / 2), "$kind: a scan reads what was written");
	is(query("SELECT count(*) FROM generate_series(1, $rows, 100) g JOIN $kind t ON t.id = g AND t.s = md5(g::text)"),
		$rows / 100, "$kind: so do look-ups");

	my $conditional = "WITH i AS (INSERT INTO $kind SELECT -g, '' FROM generate_series(1, 500) g ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM i;";
	is(query($conditional x 2), "500\n0", "$kind: conditional writes: each row once");
	query("UPDATE $kind SET s = 'changed' WHERE id < 0; DELETE FROM $kind WHERE id < -250;");
	is(query("SELECT count(*) FROM $kind WHERE id < 0 AND s = 'changed'"), 250, "$kind: changed and deleted");
	query("TRUNCATE $kind");
	is(counted("$keyspace.t"), 0, "$kind: truncated");
	push @report, "$kind: connections: " . join ', ', split /\n/,
		query("SET client_min_messages = warning;" . $fill->(1, $first) . q{; SELECT node || ' ' || connections FROM scylla_fdw_nodes('s') ORDER BY node});
	cql("DROP KEYSPACE $keyspace");
}

if ($ENV{REPORT})
{
	open my $file, '>', $ENV{REPORT} or BAIL_OUT("$ENV{REPORT}: $!");
	print $file "$_\n" for @report;
	close $file;
}
note($_) for @report;
done_testing();
