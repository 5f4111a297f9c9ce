# What ScyllaDB has in its schema and Cassandra has not (test/node): helper tables, indexes of vectors, strong consistency.
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

# ---- indexes ----

$node = ScyllaTest::Node->start('scylla 2', 'keyspace ks network dc1:1 tablets 4',
	'table ks.x (p int, c int, d int, v text, w int, n decimal, s int STATIC, PRIMARY KEY (p, c, d))',
	'table ks.one (p int, c int, v text, PRIMARY KEY (p, c))', 'table ks.two (p int, q int, v text, PRIMARY KEY ((p, q)))',
	(map { "index $_" } 'x_v ks.x (v) local', 'x_d ks.x (d) local', 'x_n ks.x (n) local', 'x_w ks.x (w)', 'x_c ks.x (c)', 'x_s ks.x (s)',
		'one_c ks.one (c)', 'one_v ks.one (v) local', 'two_q ks.two (q)', 'two_v ks.two (v) local'));
query("ALTER SERVER s OPTIONS (SET host '$node->{address}', SET port '$node->{port}'); CREATE SCHEMA x; IMPORT FOREIGN SCHEMA ks FROM SERVER s INTO x;
	INSERT INTO x.x (p, c, d, v, w, n, s) SELECT p, c, d, 'v' || d % 2, c, d, p FROM generate_series(1, 3) p, generate_series(1, 3) c, generate_series(1, 4) d;
	INSERT INTO x.one SELECT p, c, 'v' || c FROM generate_series(1, 3) p, generate_series(1, 3) c; INSERT INTO x.two SELECT p, p, 'v' FROM generate_series(1, 3) p");

# what is sent, behind WHERE; what is checked here, and why
sub shown { return query("EXPLAIN (VERBOSE, COSTS OFF) $_[0]"); }
sub sent { return shown($_[0]) =~ /CQL: SELECT [^\n]*? WHERE ([^\n]*)/ ? $1 =~ tr/"//dr : 'all'; }
sub filter { return shown($_[0]) =~ /^ *Filter: (.*)$/m ? $1 : 'none'; }
sub reason { return shown($_[0]) =~ /Local Filter Reason: (.*)$/m ? $1 : 'none'; }

sub finds
{
	my ($from, $cql, $rows, $what) = @_;
	is(sent("SELECT * FROM $from"), $cql, $what);
	is(query("SELECT count(*) FROM $from"), $rows, "$what: its rows");
	return;
}

finds("x.x WHERE p = 1 AND v = 'v1'", 'p = ? AND v = ?', 6, 'a local index, with the whole partition key');
is(filter("SELECT * FROM x.x WHERE p = 1 AND v = 'v1'"), "(x.v = 'v1'::text)", 'what it finds is checked here');
is(reason("SELECT * FROM x.x WHERE p = 1 AND v = 'v1'"), 'column "v": its index may be older than the row, which is checked once more', 'as EXPLAIN tells');
finds("x.x WHERE v = 'v1'", 'all', 18, 'not without the key');
is(reason("SELECT * FROM x.x WHERE v = 'v1'"), 'column "v": its index is local, and not all columns of the partition key are fixed', 'as EXPLAIN tells, too');
finds("x.x WHERE p IN (1, 2, 7) AND v = 'v1'", 'p IN ? AND v = ?', 12, 'of several partitions, one by one');
finds("x.x WHERE p = 1 AND c = 2 AND v = 'v1'", 'p = ? AND c = ? AND v = ?', 2, 'beside clustering columns');
finds("x.x WHERE p = 1 AND c IN (2, 3) AND v = 'v1'", 'p = ? AND c IN ? AND v = ?', 4, 'beside lists of them');
finds("x.x WHERE p = 1 AND c >= 2 AND c < 9 AND v = 'v1'", 'p = ? AND c >= ? AND c < ? AND v = ?', 4, 'beside a range of them');
is(sent("SELECT * FROM x.x WHERE p = 1 AND (c, d) > (2, 1) AND v = 'v1'"), 'p = ? AND (c, d) > (?, ?)', 'not beside rows that are compared');
finds("x.x WHERE p = 1 AND c = 2 AND d = 3 AND v = 'v1'", 'p = ? AND c = ? AND d = ?', 1, 'nor for one row');
finds("x.x WHERE p = 1 AND d = 3", 'p = ? AND d = ?', 3, 'a clustering column alone');
finds("x.x WHERE p = 1 AND c > 1 AND d = 3", 'p = ? AND c > ?', 2, 'but not beside others');
finds("x.x WHERE p = 1 AND d = 3 AND v = 'v1'", 'p = ? AND d = ?', 3, 'one index answers');
finds("x.x WHERE p = 1 AND v > 'v0'", 'p = ?', 6, 'no ranges');
finds("x.x WHERE p = 1 AND v IN ('v0', 'v1')", 'p = ?', 12, 'no lists');
finds('x.x WHERE p = 1 AND n = 2', 'p = ?', 3, 'nothing whose bytes differ');
finds("x.one WHERE p = 1 AND v = 'v1'", 'p = ? AND v = ?', 1, 'with one clustering column');
finds("x.two WHERE p = 1 AND q = 1 AND v = 'v'", 'p = ? AND q = ?', 1, 'without any, a partition is one row');
is(query("SELECT string_agg(c || ' ' || d, ', ') FROM (SELECT c, d FROM x.x WHERE p = 1 AND v = 'v1' ORDER BY c DESC, d DESC LIMIT 3) o"), '3 3, 3 1, 2 3', 'rows are sorted here');
is(query("SELECT count(*), min(d) FROM x.x WHERE p = 1 AND v = 'v1'"), '6|1', 'and aggregated');
is(query("SELECT DISTINCT s FROM x.x WHERE p = 1 AND c = 1 AND v = 'v1'"), '1', 'static columns');
is(query("SELECT sum(x.d) FROM (VALUES (1, 'v1'), (2, 'v0'), (3, 'v7'), (4, NULL)) k (p, v) JOIN x.x USING (p, v)"), '30', 'a join by keys and values');
like(shown("SELECT x.d FROM (VALUES (1, 'v1'), (2, 'v0')) k (p, v) JOIN x.x USING (p, v)"), qr/ScyllaJoin.*CQL: SELECT .* WHERE "p" = \? AND "v" = \?/s, 'by the index');
is(query("SET plan_cache_mode = force_generic_plan; PREPARE q (int, text) AS SELECT count(*) FROM x.x WHERE p = \$1 AND v = \$2;
	EXECUTE q (1, 'v1'); EXECUTE q (1, repeat('v', 70000)); EXECUTE q (1, NULL)"), "6\n0\n0", 'values known at run time, those that are too long for an index as well');
query("DELETE FROM x.one WHERE p = 1 AND v = 'v1'; UPDATE x.one SET v = 'new' WHERE p = 1 AND v = 'v2'");
is(query('SELECT c, v FROM x.one WHERE p = 1 ORDER BY c'), "2|new\n3|v3", 'DELETE and UPDATE change rows that are found by it');
$node->order($_) for 'index stale_v ks.one (v) local stale', 'forget';
is(query("SELECT c FROM x.one WHERE p = 2 AND v = 'v2'"), '2', 'rows that have changed are not among those that an old index finds');
is(query("SELECT c FROM x.one WHERE p = 2 AND v = 'v2' LIMIT 1"), '2', 'and LIMIT does not count them');
query("DELETE FROM x.one WHERE p = 2 AND v = 'v2'");
is(query('SELECT string_agg(c::text, \' \' ORDER BY c) FROM x.one WHERE p = 2'), '1 3', 'nor does DELETE delete them');

# global ones
finds('x.x WHERE w = 2', 'w = ?', 12, 'a global index');
is(filter('SELECT * FROM x.x WHERE w = 2'), '(x.w = 2)', 'what it finds is checked here');
finds("x.x WHERE w = 2 AND s = 1", 'w = ?', 4, 'two take filtering');
finds('x.x WHERE p = 1 AND w = 2', 'p = ?', 4, 'with the whole partition key, the partition is read');
finds("x.$_->[0] WHERE $_->[1] = 2", 'all', $_->[2], "not where entries stand for several rows: $_->[1]") for ['x', 'c', 12], ['x', 's', 12];
finds('x.one WHERE c = 3', 'c = ?', 3, 'but the last clustering column has one row a partition');
finds('x.two WHERE q = 2', 'q = ?', 1, 'as has a table without clustering columns');
is(reason('SELECT * FROM x.x WHERE s = 2'), 'column "s": its index loses rows where a page ends within a partition', 'as EXPLAIN tells');
query("ALTER FOREIGN TABLE x.x OPTIONS (ADD pushdown 'keys')");
finds("x.x WHERE p = 1 AND v = 'v1'", 'p = ?', 6, 'without indexes in pushdown');
query("ALTER FOREIGN TABLE x.x OPTIONS (DROP pushdown, ADD allow_filtering 'true')");
finds("x.x WHERE p = 1 AND v = 'v1' AND w > 1", 'p = ? AND v = ? AND w > ? ALLOW FILTERING', 4, 'what is found is filtered');
is(filter("SELECT * FROM x.x WHERE p = 1 AND v = 'v1' AND w > 1"), "(x.v = 'v1'::text)", 'what filters is not checked again');
finds('x.x WHERE p = 1 AND w = 2', 'p = ? AND w = ? ALLOW FILTERING', 4, 'a global index answers then');
is(filter('SELECT * FROM x.x WHERE p = 1 AND w = 2'), '(x.w = 2)', 'and is checked');
finds('x.x WHERE s = 2', 'all', 12, 'nor does filtering use an index that loses rows');
$node->stop;

# ---- strong consistency ----

$node = ScyllaTest::Node->start('scylla 2', 'keyspace st network dc1:1 tablets 4 consistency global', 'keyspace ev network dc1:1 tablets 4 consistency eventual',
	(map { ("table $_.t (id int, c int, n int, PRIMARY KEY (id, c))", "table $_.a (id int, n int, PRIMARY KEY (id))") } 'st', 'ev'));
query("ALTER SERVER s OPTIONS (SET host '$node->{address}', SET port '$node->{port}'); CREATE SCHEMA st; IMPORT FOREIGN SCHEMA st FROM SERVER s INTO st;
	CREATE SCHEMA ev; IMPORT FOREIGN SCHEMA ev FROM SERVER s INTO ev;");

sub refused
{
	my ($sql, $sqlstate, $message, $what) = @_;
	my $before = $node->count('executes');
	my $err = (psql($sql))[2];
	like($err, qr/ERROR:  $sqlstate: $message\nDETAIL:  Keyspace "st" is strongly consistent \(consistency = 'global'\): /, $what);
	is($node->count('executes') - $before, 0, 'nothing is sent');
	return;
}

# what is possible, without a word: no timestamps, one row of a partition after the other
$node->order('reset');
query('INSERT INTO st.a SELECT g, g FROM generate_series(1, 3000) g');
is($node->count('no_timestamp'), 3000, 'writes have no timestamps');
cmp_ok($node->count('max_in_flight'), '>', 10, 'and are pipelined');
$node->order($_) for 'latency 2000', 'on EXECUTE text "INSERT" over 1 error 0x2200 "two at a time"';
query('INSERT INTO st.t SELECT 1, g % 3, g FROM generate_series(1, 12) g');
$node->order('clear');
is(query('SELECT c, n FROM st.t WHERE id = 1 ORDER BY c'), "0|12\n1|10\n2|11", 'rows of one partition wait for each other, so the last one wins');
query(q{ALTER FOREIGN TABLE st.t OPTIONS (ADD batch_mode 'partition'); SET scylla_fdw.flush_at = transaction;
	BEGIN; INSERT INTO st.t VALUES (1, 0, 1); INSERT INTO st.t (id, n, c) VALUES (1, 2, 0); INSERT INTO st.t VALUES (1, 0, 3); COMMIT});
is(query('SELECT n FROM st.t WHERE id = 1 AND c = 0'), '3', 'across statements and batches, too');
$node->order('latency 0');
query('UPDATE st.t SET n = 20 WHERE id = 1 AND c = 1; DELETE FROM st.t WHERE id = 1 AND c = 2; DELETE FROM st.a WHERE id IN (5, 6)');
is(query('SELECT c, n FROM st.t WHERE id = 1 ORDER BY c DESC'), "1|20\n0|3", 'UPDATE and DELETE');
is(query('SELECT id FROM st.a WHERE id IN (4, 5, 6, 7) ORDER BY id'), "4\n7", 'several partitions take a request each');
is(query('SELECT count(*), sum(a.n) FROM generate_series(1, 2000) g JOIN st.a ON a.id = g'), '1998|2000989', 'so do joins, however many keys there are');
query("SET scylla_fdw.consistency = '$_'; SELECT * FROM st.a WHERE id = 1") for 'quorum', 'local_quorum', 'one', 'local_one';

# a write that may have happened is not repeated
$node->order($_) for 'reset', 'on EXECUTE text "INSERT" times 1 error 0x1100 "write timeout"';
like((psql('INSERT INTO st.a VALUES (1, 1)'))[2], qr/ERROR:  40003/, 'a write that timed out is not sent again');
is($node->count('executes'), 1, 'nor was it');
$node->order('clear');

refused('SELECT * FROM st.a', '0A000', 'foreign table "a" cannot be read without its partition key', 'a scan');
refused('SELECT count(*) FROM st.a', '0A000', 'foreign table "a" cannot be read without its partition key', 'an aggregate');
refused('SELECT * FROM st.t WHERE n = 1', '0A000', 'foreign table "t" cannot be read without its partition key', 'a condition that is not on the key');
refused('DELETE FROM st.a', '0A000', 'foreign table "a" cannot be read without its partition key', 'a DELETE of all');
refused('ANALYZE st.a', '0A000', 'foreign table "a" cannot be read without its partition key', 'ANALYZE');
refused("SET scylla_fdw.consistency = '$_'; SELECT * FROM st.a WHERE id = 1", '22023', 'foreign table "a" cannot be read at consistency \w+', "reads at $_") for 'two', 'all';
refused("SET scylla_fdw.consistency = '$_'; INSERT INTO st.a VALUES (1, 1)", '22023', 'foreign table "a" cannot be written at consistency \w+', "writes at $_") for 'one', 'all';
refused("SET scylla_fdw.consistency = 'one'; DELETE FROM st.a WHERE id = 1", '22023', 'foreign table "a" cannot be written at consistency ONE', 'a DELETE by key at one');
refused('INSERT INTO st.a VALUES (1, 1) ON CONFLICT DO NOTHING', '0A000', 'foreign table "a" has no conditional writes', 'a condition');
query('ALTER FOREIGN TABLE st.a OPTIONS (ADD update_mode \'if_exists\')');
refused('UPDATE st.a SET n = 1 WHERE id = 1', '0A000', 'foreign table "a" has no conditional writes', 'another one');
refused('DELETE FROM st.a WHERE id = 1', '0A000', 'foreign table "a" has no conditional writes', 'and of a DELETE');
query('ALTER FOREIGN TABLE st.a OPTIONS (DROP update_mode)');
refused('SET scylla_fdw.write_timestamp = 1; INSERT INTO st.a VALUES (1, 1)', '0A000', 'rows of foreign table "a" cannot have timestamps of their own', 'a timestamp by setting');
query('ALTER FOREIGN TABLE st.a ADD COLUMN ts bigint OPTIONS (write_timestamp \'true\')');
refused('INSERT INTO st.a (id, n, ts) VALUES (1, 1, 1)', '0A000', 'rows of foreign table "a" cannot have timestamps of their own', 'a timestamp of the row');
query('INSERT INTO st.a (id, n, ts) VALUES (1, 1, NULL)');
is(query('SELECT n FROM st.a WHERE id = 1'), '1', 'a row without one');

# a mode that is not told is asked for once more
$node->order($_) for 'reset', 'on QUERY text "consistency FROM" times 1 error 0x2200 "no"';
refused('INSERT INTO st.a (id) VALUES (1) ON CONFLICT DO NOTHING', '0A000', 'foreign table "a" has no conditional writes', 'the mode is known for certain');
is($node->count('faults'), 1, 'though a node did not tell it at first');

# the other keyspace is none of it
query("INSERT INTO ev.a VALUES (1, 1)");
is(query("SET scylla_fdw.consistency = 'one'; SELECT * FROM ev.a"), '1|1', 'eventual consistency is as ever');
$node->stop;

done_testing();
