# README's statements work as they stand there, one after the other, from "Five minutes" to the end. Those of doc's chapters work
# after them, chapter by chapter. Replaced are only the host, by the cluster's, and the name of a file that COPY reads; the role is
# dropped at the end. Statements that belong to another server begin with "-- on".
use strict;
use warnings;

use File::Temp ();
use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs SCYLLA_HOST' unless $ENV{SCYLLA_HOST} && $ENV{SCYLLA_PORT};
database('scylla_tap_readme');

# In this order: recipes go on with what the chapters leave.
my @chapters = qw(writing reading import options types functions monitoring problems security tls recipes);
my $top = "$FindBin::Bin/../..";

my $csv = File::Temp->new(TEMPLATE => 'readme.XXXXXX', SUFFIX => '.csv', TMPDIR => 1);
print $csv qq{101,"[1, 2, 3]"\n102,"[4, 5, 6]"\n};
close $csv;
chmod 0644, "$csv";

# [line, statements] of each block of a file.
sub blocks
{
	my ($name, $from) = @_;
	my ($started, $block, @blocks);
	local $_;

	open my $file, '<', "$top/$name" or die "$name: $!";
	while (<$file>)
	{
		$started ||= /$from/;
		next unless $started;
		if (/^\s*```sql$/) { push @blocks, $block = [ "$name:$.", '' ]; }
		elsif (/^\s*```$/) { undef $block; }
		elsif ($block) { $block->[1] .= $_; }
	}
	close $file;
	return @blocks;
}

sub clean
{
	query('DROP EXTENSION IF EXISTS scylla_fdw CASCADE; CREATE EXTENSION scylla_fdw; CREATE SERVER clean FOREIGN DATA WRAPPER scylla_fdw '
		. server_options(host => $ENV{SCYLLA_HOST}, port => $ENV{SCYLLA_PORT}) . q{; CREATE USER MAPPING FOR CURRENT_USER SERVER clean;
		SELECT scylla_fdw_execute('clean', 'DROP KEYSPACE IF EXISTS shop'); DROP EXTENSION scylla_fdw CASCADE; DROP ROLE IF EXISTS analyst;});
	return;
}

my @blocks = grep { $_->[1] !~ /^-- on / } blocks('README.md', qr/^## Five minutes$/), map { blocks("doc/$_.md", qr/^/) } @chapters;
my $sql = join '', map { "\\echo at $_->[0]\n$_->[1]" } @blocks;

is_deeply([ sort(map { m{([^/]+)\.md$} } glob("$top/doc/*.md")) ], [ sort @chapters ], 'each chapter has its place');
cmp_ok(scalar @blocks, '>', 50, 'there are statements');
for ([ q{host '10.0.0.1, 10.0.0.2'}, "host '$ENV{SCYLLA_HOST}', port '$ENV{SCYLLA_PORT}'" ], [ '/tmp/items.csv', "$csv" ])
{
	my ($stands, $here) = @$_;

	ok($sql =~ s/\Q$stands\E/$here/g, "README says $stands");
}
clean();
my ($rc, $out, $err) = psql($sql);
my ($last) = reverse $out =~ /^at (\S+)$/mg;
is($rc, 0, 'and all of them work') or diag("$last: $err");
my @warnings = $err =~ /WARNING:  (.*)$/mg;
is_deeply([ grep { !/^01000: SAI ANN indexes on vector columns are experimental/ } @warnings ], [], 'without a warning, but for what Cassandra says of its indexes');

# not only without an error
is(query('SELECT count(*) FROM local_events') - query('SELECT count(*) FROM events'),
	query(q{SELECT count(*) FROM local_events WHERE device = 7 AND day = '2024-02-29'}), 'what was loaded is there, but for what was deleted');
is(query('SELECT count(*) FROM shop_typed.items'), '1000', 'foreign tables are those of the cluster');
is(query(q{SELECT count(*) FROM (SELECT 1 FROM items ORDER BY embedding <=> '[1, 2, 3]' LIMIT 10) AS nearest}), '10', 'vectors are found');
is(query(q{SELECT string_agg(id || coalesce(name, ''), ' ' ORDER BY id) FROM customers}), '1 2', 'a copy is in step');
is(query('SELECT count(*) FROM readings'), '1000', 'rows have a bucket');
like(query(q{EXPLAIN (COSTS OFF) SELECT * FROM readings WHERE sensor = 7 AND month = ANY (months('2024-02-20', '2024-03-10'))}),
	qr/Key: sensor, month/, 'and are found by it');
is(query(q{SELECT views FROM page_views WHERE page = '/device/7'}), '110', 'counters count');
query('DROP OWNED BY analyst; DROP EXTENSION scylla_fdw CASCADE');
clean();

done_testing();
