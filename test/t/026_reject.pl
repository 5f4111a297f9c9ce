# Rows that a converter or the cluster refuses: who takes them has their write go on.
#
# build/plain/reject.so is the extension with a test that takes rows (test/reject). The extension itself takes none.
use strict;
use warnings;

use Cwd 'abs_path';
use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

my $library = abs_path("$FindBin::Bin/../../build/plain/reject.so");

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
plan skip_all => 'needs reject.so of make node' unless $library && -e $library;

database('scylla_tap_reject');
query('DROP EXTENSION scylla_fdw');
{
	open my $file, '<', "$FindBin::Bin/../../sql/scylla_fdw--1.0.sql" or die "no script: $!";
	my $script = join '', grep { !/^\\echo/ } <$file>;

	$script =~ s/MODULE_PATHNAME/$library/g;
	query($script);
}
query(<<"SQL");
CREATE FUNCTION reject_begin(n int) RETURNS void AS '$library' LANGUAGE C;
CREATE FUNCTION reject_end() RETURNS text AS '$library' LANGUAGE C;
SQL

my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, c int, s tinyint, PRIMARY KEY (id, c))');

query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s', server_options(host => $node->{address}, port => $node->{port}));
query(<<'SQL');
CREATE USER MAPPING FOR CURRENT_USER SERVER s;
CREATE FOREIGN TABLE t (id int, c int, s int) SERVER s OPTIONS (keyspace 'ks', "table" 't');
CREATE FOREIGN TABLE b (id int, c int, s int) SERVER s OPTIONS (keyspace 'ks', "table" 't', batch_mode 'partition');
SQL

# What a statement does while n refused rows are taken: what was taken, how it ended, and what is there then.
sub taking
{
	my ($n, $sql) = @_;
	my ($rc, $out, $err) = psql("SELECT scylla_fdw_execute('s', 'TRUNCATE ks.t'); SELECT reject_begin($n);\n"
		. "\\set ON_ERROR_STOP 0\n$sql\n\\set ON_ERROR_STOP 1\nSELECT reject_end(); SELECT coalesce(string_agg(format('%s.%s', id, c), ' ' ORDER BY id, c), 'none') FROM t;");
	my @line = grep { length } split /\n/, $out;
	my $there = pop @line;

	return { taken => \@line, there => $there, error => join "\n", $err =~ /(?:ERROR|DETAIL|CONTEXT):\s+(.*)$/mg };
}

my $rows = 'INSERT INTO %s SELECT CASE WHEN g <> 3 THEN g %% 4 END, g, CASE g WHEN 5 THEN 300 ELSE g END FROM generate_series(1, 8) g;';
my $result;

# ---- nobody takes rows ----

$result = taking(0, sprintf $rows, 't');
is_deeply($result->{taken}, [], 'a refused row that nobody takes');
like($result->{error}, qr/^23502: null value in key column "id" of foreign table "t"/m, 'ends its statement');
like($result->{error}, qr/foreign table "t", row 3\b/, 'and the error names the row');

# ---- a converter's ----

$result = taking(9, sprintf $rows, 't');
is_deeply($result->{taken}, [
		't 3 - column id, 23502: null value in key column "id" of foreign table "t", id is null',
		't 5 (id, c) = (1, 5) column s, 22003: integer value 300 is out of range for CQL type tinyint'],
	'rows that a converter refuses are taken, with key, column, SQLSTATE and message');
is($result->{there}, '0.4 0.8 1.1 2.2 2.6 3.7', 'all others are written');
is($result->{error}, '', 'and nothing is raised');

$result = taking(1, sprintf $rows, 't');
is(scalar @{ $result->{taken} }, 1, 'one is taken');
like($result->{error}, qr/^22003: integer value 300 is out of range/m, 'the next ends the statement');
like($result->{error}, qr/column "s" of foreign table "t", row 5, key \(id, c\) = \(1, 5\)/, 'and its error has all its context');
like($result->{error}, qr/of this statement/, 'and tells of the rows that stay');

$result = taking(9, 'INSERT INTO t SELECT g, g, g * 100 FROM generate_series(1, 3) g ON CONFLICT DO NOTHING;');
is(scalar @{ $result->{taken} }, 2, 'rows of an INSERT with a condition');
is($result->{there}, '1.1', 'are taken as well');

# ---- the cluster's ----

$node->order('on EXECUTE value 0x00000006 error 0x2200 "no sixes"');
$result = taking(9, sprintf $rows, 't');
is_deeply([ sort @{ $result->{taken} } ], [
		't 3 - column id, 23502: null value in key column "id" of foreign table "t", id is null',
		't 5 (id, c) = (1, 5) column s, 22003: integer value 300 is out of range for CQL type tinyint',
		't 6 (id, c) = (2, 6) 2200: no sixes'],
	'rows that the cluster refuses are taken, with key, code and message');
is($result->{there}, '0.4 0.8 1.1 2.2 3.7', 'all others are written');

$result = taking(2, sprintf $rows, 't');
like($result->{error}, qr/^HV000: .*no sixes/m, 'a row that is not taken ends the statement');
$node->order('clear');

# ---- of a batch ----

$node->order('on BATCH error 0x2200 "no batches"');
$result = taking(9, 'INSERT INTO b SELECT 1, g, g % 100 FROM generate_series(1, 200) g;');
like(join("\n", @{ $result->{taken} }), qr/^b \d+ \(id, c\) = \(1, \d+\) 2200: no batches; with \(id, c\) = \(1, \d+\)/m, 'rows of a batch are taken together');
my $put_aside = () = join("\n", @{ $result->{taken} }) =~ /\(id, c\) = /g;
my $there = () = $result->{there} =~ /\./g;
is($put_aside + $there, 200, 'and each row is there or was taken');
$node->order('clear');

done_testing();
