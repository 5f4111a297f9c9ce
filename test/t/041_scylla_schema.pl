# What ScyllaDB has in its schema and Cassandra has not (test/node): helper tables, indexes of vectors.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_scylla_schema');

my @script = ('scylla 2', 'keyspace ks network dc1:1 tablets 4',
	'table ks.t (id int, n int, PRIMARY KEY (id))', 'table ks.t_scylla_cdc_log (id int, PRIMARY KEY (id))', 'table ks."t$paxos" (id int, PRIMARY KEY (id))',
	'table ks."u$paxos" (id int, PRIMARY KEY (id))',
	'view ks.by_n (n int, id int, PRIMARY KEY (n, id)) FROM t', 'view ks.i_n_index (n int, id int, PRIMARY KEY (n, id)) FROM t',
	q{row system_schema.indexes ('ks', 't', 'i_n', 'COMPOSITES', {'target': 'n'})}, 'row ks.by_n (7, 1)',
	'table ks.expiring (id int, s text, expiry timestamp, PRIMARY KEY (id))',
	'table ks.v (p int, c int, kind text, price double, e vector<float, 2>, PRIMARY KEY (p, c))');
my $node = ScyllaTest::Node->start(@script);

query(sprintf q{CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER s;
	CREATE SCHEMA here; CREATE SCHEMA named;}, server_options(host => $node->{address}, port => $node->{port}));

# ---- import ----

sub tables { return query("SELECT string_agg(relname, ' ' ORDER BY relname COLLATE \"C\") FROM pg_class WHERE relkind = 'f' AND relnamespace = '$_[0]'::regnamespace"); }

query('IMPORT FOREIGN SCHEMA ks FROM SERVER s INTO here');
is(tables('here'), 'by_n expiring t u$paxos v', 'tables and views, without what ScyllaDB keeps for itself');
query('IMPORT FOREIGN SCHEMA ks LIMIT TO (t_scylla_cdc_log, i_n_index, "t$paxos") FROM SERVER s INTO named');
is(tables('named'), 'i_n_index t$paxos t_scylla_cdc_log', 'which is imported by name');
like((psql("INSERT INTO $_"))[2], qr/ERROR:  55000: foreign table "\w+" does not allow inserts/, "no writes: $_")
	for 'named.t_scylla_cdc_log VALUES (1)', 'named.i_n_index VALUES (1, 1)', 'here.by_n VALUES (1, 1)';
is(query('SELECT id FROM here.by_n WHERE n = 7'), '1', 'a view is read');

# a row's expiry is a column like any other, and goes along with TTLs of cells
query(q{INSERT INTO here.expiring (id, s, expiry) VALUES (1, 'a', '2100-01-01 00:00:00Z'); UPDATE here.expiring SET expiry = NULL WHERE id = 1;
	ALTER FOREIGN TABLE here.expiring OPTIONS (ADD ttl '100'); INSERT INTO here.expiring (id, s, expiry) VALUES (2, 'b', '2100-01-01 00:00:00Z')});
is(query('SELECT id, expiry IS NULL FROM here.expiring ORDER BY id'), "1|t\n2|f", 'expiry of rows');

# ---- nearest vectors ----

SKIP: {
	skip 'needs pgvector', 1 unless eval { query('CREATE EXTENSION vector'); 1 };
	query('CREATE FOREIGN TABLE v (p int, c int, kind text, price float8, e vector(2)) SERVER s OPTIONS (keyspace \'ks\')');
	$node->order("row ks.v (" . $_ % 3 . ", $_, '" . ($_ % 2 ? 'odd' : 'even') . "', $_, [$_, " . (20 - $_) . '])') for 1 .. 20;

	my $near = "ORDER BY e <-> '[7.9,12.1]' LIMIT 3";
	sub explained { return query("EXPLAIN (VERBOSE, COSTS OFF) $_[0]"); }
	sub nearest { return query("SELECT string_agg(c::text, ' ') FROM (SELECT c FROM v $_[0] $near) x"); }
	sub asks { return explained("SELECT c FROM v $_[0] $near") =~ /^\s*Nearest: (.*)$/m ? $1 : 'not'; }
	sub why { return explained("SELECT c FROM v $_[0] $near") =~ /ORDER BY column "e": ([^;\n]*)/ ? $1 : 'no reason'; }

	is(why(''), 'no index finds nearest vectors', 'without an index');
	# nobody tells of it: what was learned of the table is forgotten by hand
	sub order { $node->order($_) for @_; query("SELECT scylla_fdw_disconnect_all()"); return; }

	order('vector_index every ks.v (e) EUCLIDEAN');
	is(asks(''), 'euclidean, index every, 3 rows', 'a global index');
	is(nearest(''), '8 7 9', 'and its rows');
	unlike(explained("SELECT c FROM v $near"), qr/ALLOW FILTERING/, 'without filtering');
	is(asks('WHERE c > 9'), 'euclidean, index every, 3 rows', 'it filters by any column of the primary key');
	like(explained("SELECT c FROM v WHERE c > 9 $near"), qr/CQL: SELECT "c", "e" FROM "ks"\."v" WHERE "c" > \? ORDER BY "e" ANN OF \? LIMIT \? ALLOW FILTERING/, 'its CQL');
	is(nearest('WHERE c > 9'), '10 11 12', 'and its rows');
	is(nearest('WHERE p = 2 AND c <= 5'), '5 2', 'by the whole partition key');
	is(nearest('WHERE p IN (1, 2)'), '8 7 10', 'by several partitions');
	is(asks("WHERE kind = 'odd'"), 'not', 'but by no other column');
	is(why("WHERE kind = 'odd'"), 'index every does not check all conditions', 'as EXPLAIN tells');
	is(nearest("WHERE kind = 'odd'"), '7 9 5', 'PostgreSQL finds them then');
	is(why('WHERE price > 3'), 'index every does not check all conditions', 'nor by types that it may compare differently');
	like(explained(q{SELECT c FROM v ORDER BY e <=> '[8,12]' LIMIT 3}), qr/index every goes by euclidean, operator <=> does not/, 'another similarity');

	order('vector_index kinds ks.v (e, kind, price) EUCLIDEAN');
	is(asks("WHERE kind = 'odd'"), 'euclidean, index kinds, 3 rows', 'an index with filtering columns');
	like(explained("SELECT c FROM v WHERE kind = 'odd' $near"), qr/Filter: \(v\.kind = 'odd'/, 'what is no key is checked once more: the index may be older than the row');
	is(nearest("WHERE kind = 'odd' AND c < 8"), '7 5 3', 'its rows');
	is(asks(''), 'euclidean, index every or kinds, 3 rows', 'without conditions either will do');
	is(why('WHERE price > 3'), 'index kinds does not check all conditions', 'floats stay local');

	order('vector_index parts ks.v ((p), e, kind) EUCLIDEAN');
	is(asks('WHERE p = 2'), 'euclidean, index parts, 3 rows', 'a local index');
	like(explained("SELECT c FROM v WHERE p = 2 $near"), qr/ANN OF \? LIMIT \?$/m, 'needs no filtering for what it is local to');
	is(nearest('WHERE p = 2'), '8 5 11', 'its rows');
	is(nearest("WHERE p = 2 AND kind = 'even'"), '8 2 14', 'with a filtering column');
	is(nearest("WHERE p IN (1, 2) AND kind = 'even'"), '8 10 4', 'of several partitions');
	is(query("PREPARE q (int, vector) AS SELECT c FROM v WHERE p = \$1 ORDER BY e <-> \$2 LIMIT 1; SET plan_cache_mode = force_generic_plan;
		EXECUTE q (2, '[8,12]'); EXECUTE q (1, '[8,12]'); EXECUTE q (1, NULL) \\g /dev/null"), "8\n7", 'values known at run time');

	order('vector_index cosine ks.v (e)');
	is(why(''), 'indexes cosine and every and kinds and parts go by different similarities', 'which of them would answer is not known');
	$node->stop;

	# local alone; at the level of the table
	$node = ScyllaTest::Node->start(@script, 'vector_index parts ks.v ((kind), e) EUCLIDEAN', 'row ks.v (1, 1, \'x\', 1, [1, 1])');
	query("ALTER SERVER s OPTIONS (SET host '$node->{address}', SET port '$node->{port}')");
	is(why(''), 'index parts is local, and needs = on column "kind"', 'a local index of a column that is no key');
	like(explained("SELECT c FROM v WHERE kind = 'x' $near"), qr/Consistency: LOCAL_QUORUM/, 'it is asked at the level of the table');
	is(nearest("WHERE kind = 'x'"), '1', 'and finds its rows');

	# loads do not go slow for its sake, as they do for Cassandra's
	query("INSERT INTO v (p, c, e) SELECT g, g, '[1,2]' FROM generate_series(1, 2000) g");
	cmp_ok($node->count('max_in_flight'), '>', 10, 'many vectors are under way');
}
$node->stop;

done_testing();
