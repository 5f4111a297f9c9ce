# Where a server lets its processes open few files, a session has fewer connections, and its own files are in nobody's way.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use File::Temp;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE and DEV' unless $ENV{CQL_NODE} && $ENV{DEV};

my $ring = ScyllaTest::Node->ring(20, 'keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))');
my $rows = 50000;
my $load = "INSERT INTO t SELECT g, 'x' FROM generate_series(1, $rows) g;";

sub foreign_table
{
	my ($name, $cluster) = @_;

	query(sprintf q{CREATE SERVER %s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER %s;
		CREATE FOREIGN TABLE %s (id int, s text) SERVER %s OPTIONS (keyspace 'ks', "table" 't');},
		$name, server_options(host => $cluster->{address}, port => $cluster->{port}), ($name) x 3);
	return;
}

database('scylla_tap_descriptors');
foreign_table('t', $ring);
my $session = ScyllaTest::background("$load \\echo loaded\n");
$session->shows(qr/loaded/) or BAIL_OUT("no load: $session->{err}");
is($ring->count('rows_written'), $rows, 'with files as usual');
cmp_ok($ring->count('open'), '>=', 20, 'a load opens connections to all nodes');
$session->send('\q');
$session->finish;

# another server of the same kind
my $limit = 80;
my $same = query(q{SELECT name || ' = ' || quote_literal(setting) FROM pg_settings WHERE name IN ('dynamic_library_path', 'extension_destdir')});
my $dir = File::Temp->newdir('/tmp/scylla_fdw_XXXXXX');
chmod 0755, "$dir";
system("$ENV{DEV}/postgres", 'start', "$dir/pg", $ENV{PG_CONFIG}, split(/\n/, $same), "max_files_per_process = $limit") == 0
	or BAIL_OUT('no server');
END { if ($dir) { my $status = $?; system("$ENV{DEV}/postgres stop $dir/pg >/dev/null 2>&1"); $? = $status; } }
{
	local $ENV{PGHOST} = "$dir/pg";

	database('scylla_tap_few');
	foreign_table($_, $ring) for qw(t u);

	# local tables, as many as a session would like to have open at a time
	my $files = 100;
	query("CREATE TABLE file_$_ AS SELECT $_ AS n") for 1 .. $files;
	my $all = 'SELECT sum(n) FROM (' . join(' UNION ALL ', map { "SELECT n FROM file_$_" } 1 .. $files) . ') f;';
	my $sum = $files * ($files + 1) / 2;
	$ring->order('reset');
	my $descriptors = q{SELECT count(*) FROM pg_ls_dir('/proc/' || pg_backend_pid() || '/fd');};
	$session = ScyllaTest::background("$load $all $descriptors $load $all \\echo loaded\n");
	$session->shows(qr/loaded/) or BAIL_OUT("no load: $session->{err}");
	my $open = $ring->count('open');
	like($session->{out}, qr/^$sum\n\d+\n$sum\nloaded$/m, "max_files_per_process = $limit: files are read");
	is($ring->count('rows_written'), 2 * $rows, 'rows are written');
	cmp_ok(($session->{out} =~ /^$sum\n(\d+)$/m)[0], '<=', $limit, 'with as many descriptors as there may be');
	cmp_ok($open, '>', 2, "several connections: $open");
	cmp_ok($open, '<=', ($limit - 10) / 3 - 8, 'which are fewer than nodes');
	$session->{out} = '';
	$session->send("SELECT count(*), count(*) FILTER (WHERE up) FROM scylla_fdw_nodes('t');\n\\echo nodes\n");
	within(5, 'nodes', sub { $session->shows(qr/^nodes$/m) });
	like($session->{out}, qr/^20\|(\d+)$/m, 'nodes without a connection are told of');
	$session->send("SELECT * FROM u WHERE id = 1;\n\\q");
	my (undef, undef, $err) = $session->finish;
	like($err, qr/ERROR:  08001: could not connect to server "u"\n.*DETAIL:  There are too many open files on the local server.*HINT:  Raise the server's max_files_per_process/s,
		'another client is refused');
	is(() = $err =~ /ERROR:/g, 1, 'and nothing else');
	open my $log, '<', "$dir/pg/log" or die "$dir/pg/log: $!";
	is((grep { /out of file descriptors|Too many open files/ } <$log>), 0, 'the server never met with its limit');
	close $log;
}

# whatever is left for the last client: it is refused, or works, as far as waiting for several tables at once
my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))');
my @servers = map { "few_$_" } 1 .. 6;
for my $few (map { $limit + 3 * $_ } 0 .. 11)	# a third of them
{
	local $ENV{PGHOST} = "$dir/pg";

	system("$ENV{DEV}/postgres", 'restart', "$dir/pg", "max_files_per_process = $few") == 0 or BAIL_OUT('no server');
	if ($few == $limit)
	{
		database('scylla_tap_last');
		foreign_table($_, $node) for @servers;
	}
	my (undef, $out, $err) = psql(join "\n", '\set ON_ERROR_STOP off', map { "SELECT 'opened' FROM $_ WHERE id = 1 UNION ALL SELECT 'opened';" } @servers);
	my $opened = () = $out =~ /^opened$/mg;
	cmp_ok($opened, '>=', 1, "max_files_per_process = $few: opened");
	my $refused = () = $err =~ /ERROR:  08001: could not connect to server "few_\d"\n.*DETAIL:  There are too many open files on the local server/g;
	is($refused, @servers - $opened, 'the others are refused') or diag($err);
}

# in single-user mode there is no postmaster to wait for
chomp(my $bin = `$ENV{PG_CONFIG} --bindir`);
system("$bin/pg_ctl -D $dir/pg/data -m fast -w stop >/dev/null") == 0 or BAIL_OUT('the server does not stop');
$node->order('reset');
my $said = `echo "INSERT INTO few_1 VALUES (1, 'x')" | $bin/postgres --single -D $dir/pg/data scylla_tap_last 2>&1`;
unlike($said, qr/ERROR|FATAL/, 'single-user mode');
is($node->count('rows_written'), 1, 'a row is written');

done_testing();
