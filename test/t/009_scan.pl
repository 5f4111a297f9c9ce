# Full scans by ranges of tokens: each is asked of its owner, several at once; who wants one row reads one page.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_scan');

# A ring of two nodes that share no data: what one is not the owner of, it does not have.
my @table = ('keyspace ks simple 1', 'table ks.t (k int PRIMARY KEY, v text)', 'table ks.w (k int PRIMARY KEY, v blob)');
my @tokens = map { use integer; [ map { $_ * (1 << 58) } @$_ ] } [ -31, -17, -3, 9, 22 ], [ -25, -10, 2, 16, 30 ];
my $one = ScyllaTest::Node->start(@table, 'address 127.0.0.1', "token @{$tokens[0]}");
my $two = ScyllaTest::Node->start(@table, 'address 127.0.0.2', "port $one->{port}", "token @{$tokens[1]}",
	"peer 127.0.0.1 $one->{port} @{$tokens[0]}");
$one->order("peer 127.0.0.2 $one->{port} @{$tokens[1]}");

query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s', server_options(host => $one->{address}, port => $one->{port}));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
query(q{CREATE FOREIGN TABLE t (k int, v text) SERVER s OPTIONS (keyspace 'ks', fetch_size '10')});

# A client that is connected to both, and no others: else what one of them owns would be asked of the other.
my $both = q{SET max_parallel_workers_per_gather = 0; DO $$ BEGIN WHILE (SELECT count(*) FROM scylla_fdw_nodes('s') WHERE up) < 2 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;};
query(qq{$both INSERT INTO t SELECT g, repeat('v', g % 7) FROM generate_series(1, 1000) g});

# What the nodes were asked for, while code ran.
sub executes
{
	my ($sql, $expected, $label) = @_;

	$_->order('reset') for $one, $two;
	is(query("$both $sql"), $expected, $label);
	return ($one->count('executes'), $two->count('executes'));
}

sub estimate { query("UPDATE pg_class SET reltuples = $_[0], relpages = $_[0] / 100 WHERE relname = 't'"); return; }

my ($first, $second);
for my $rows (-1, 1000, 1e9)
{
	estimate($rows);
	($first, $second) = executes('SELECT count(*), sum(k), count(DISTINCT k) FROM t WHERE length(v) >= 0', '1000|500500|1000', "all of an estimated $rows rows");
	cmp_ok($_, '>', 40, 'requests to each node') for $first, $second;
}
cmp_ok($first + $second, '>', 8000, 'many ranges of a large table');

# ---- early stops ----
estimate(1000);
for my $sql ('SELECT count(*) FROM (SELECT FROM t WHERE length(v) >= 0 LIMIT 1) x', 'SELECT 1 WHERE EXISTS (SELECT FROM t WHERE length(v) >= 0)')
{
	my ($first, $second) = executes($sql, 1, $sql);
	is($first + $second, 1, 'one page');
}
($first, $second) = executes('SELECT count(*) FROM (SELECT FROM t WHERE length(v) >= 0 LIMIT 50) x', 50, 'a few rows');
cmp_ok($first + $second, '<', 25, 'a few pages');

# ---- a large table: requests go side by side, and no more than a few per node ----
$_->order('reset') for $one, $two;
$_->order('on EXECUTE text "token" hold') for $one, $two;
my $session = background("$both SELECT count(*) FROM t WHERE length(v) >= 0;");
ok(await('the first request', sub { $one->count('held') + $two->count('held') == 1 }), 'one request at first');
$_->order('clear') for $one, $two;
$_->order('release') for $one, $two;
my ($rc, $out) = $session->finish;
is($out, "1000\n", 'all rows');

# ---- without statistics: what the cluster estimates ----
my ($least, $quarter, $last) = ('-9223372036854775808', '-4611686018427387904', '4611686018427387904');
my @sizes = map { sprintf "row system.size_estimates ('ks', '%s', '%s', '%s', %d, %d)", @$_ }
	# half of the ring, in two ranges, one of which wraps around
	[ 'large', $last, $least, 100, 1000 ], [ 'large', $least, $quarter, 100, 1000 ],
	[ 'whole', $least, $least, 1000, 5000 ], [ 'broken', 'x', 'y', 1000, 5000 ], [ 'none', 0, $last, 0, 0 ], [ 'huge', $least, $least, 100, 1000000 ];
my $sized = ScyllaTest::Node->start(@table, "token @{$tokens[0]}", 'keyspace system simple 1',
	'table system.size_estimates (keyspace_name text, table_name text, range_start text, range_end text, '
	. 'mean_partition_size bigint, partitions_count bigint, PRIMARY KEY (keyspace_name, table_name, range_start, range_end))',
	(map { "table ks.$_ (k int PRIMARY KEY, v text)" } qw(large broken none huge fresh)),
	'table ks.whole (k int, c int, v text, PRIMARY KEY (k, c))', @sizes);
query(sprintf 'CREATE SERVER sized FOREIGN DATA WRAPPER scylla_fdw %s', server_options(host => $sized->{address}, port => $sized->{port}, fetch_size => 10));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER sized');
query(qq{CREATE FOREIGN TABLE $_ (k int, v text) SERVER sized OPTIONS (keyspace 'ks')}) for qw(large broken none whole huge fresh);

# What the planner takes a table for: a 200th of the rows, as it knows nothing of the values.
sub planned
{
	my ($table) = @_;

	return query("EXPLAIN SELECT * FROM $table WHERE v = 'x'") =~ /rows=(\d+)/ ? 200 * $1 : 0;
}

is(planned('large'), 4000, 'half of the ring has 2000 partitions');
cmp_ok(planned('whole'), '>', 50000, 'large partitions have many rows');
is(planned($_), planned('none'), "$_: a guess") for 'broken';
cmp_ok(planned('none'), '<', 2000, 'none: a guess');
is(query('EXPLAIN SELECT * FROM large') =~ /rows=(\d+)/ && $1 < 2000, 1, 'without a condition, nobody is asked');

# A join knows the size before it is planned. Rows that the estimates do not know of yet show in the table's own tokens.
my $join = 'EXPLAIN SELECT * FROM generate_series(1, 1000) g JOIN %s t ON t.k = g';
like(query(sprintf $join, 'huge'), qr/ScyllaJoin/, 'a join with a large table looks keys up');
unlike(query(sprintf $join, 'none'), qr/ScyllaJoin/, 'with a small one it does not');
query(q{INSERT INTO fresh SELECT g, 'v' FROM generate_series(1, 20000) g});
like(query(sprintf $join, 'fresh'), qr/ScyllaJoin/, 'a table that was just loaded is a large one');
cmp_ok(abs(planned('fresh') - 20000), '<', 8000, 'as large as its tokens tell');
like(query("EXPLAIN SELECT * FROM fresh WHERE v = 'x'; INSERT INTO none SELECT g, 'v' FROM generate_series(1, 20000) g; " . sprintf $join, 'none'),
	qr/ScyllaJoin/, 'what the session has written meanwhile is looked at');
query('TRUNCATE none');
$sized->order('on QUERY text "SELECT token" error 0x1200 "tombstones"');
is(planned('fresh'), planned('none'), 'a guess, where the tokens cannot be read');
$sized->order('clear');
$sized->order('on QUERY text "SELECT token" warn "counted"');
$sized->order('reset');
query("EXPLAIN SELECT * FROM huge WHERE v = 'x'; EXPLAIN SELECT * FROM fresh WHERE k = 7");
is($sized->count('faults'), 0, 'nor are they where estimates are large, or one key is looked up');

# Once in a session, for the number of ranges, too.
$sized->order('reset');
$sized->order('on QUERY text "size_estimates" warn "counted"');
query("EXPLAIN SELECT * FROM large WHERE v = 'x'; SELECT count(*) FROM large WHERE length(v) > 0; SELECT count(*) FROM large WHERE length(v) > 0");
is($sized->count('faults'), 1, 'asked once');
cmp_ok($sized->count('executes'), '>=', 2 * 4000 / 10 / 8, 'ranges by the estimated size');
$sized->order('reset');
query("UPDATE pg_class SET reltuples = 5, relpages = 1 WHERE relname = 'large'");
query("EXPLAIN SELECT * FROM large WHERE v = 'x'; SELECT count(*) FROM large WHERE length(v) > 0");
is($sized->count('faults'), 0, 'not with statistics');
$sized->order('clear');

# ---- a bound of many digits: its zeros go into the scale, as a node compares all digits with each row; those of a key stay ----
my $decimals = ScyllaTest::Node->start('keyspace ks simple 1', "token @{$tokens[0]}", 'table ks.d (k int, d decimal, v int, PRIMARY KEY (k, d))', 'table ks.k (d decimal PRIMARY KEY)');
query(sprintf 'CREATE SERVER decimals FOREIGN DATA WRAPPER scylla_fdw %s', server_options(host => $decimals->{address}, port => $decimals->{port}));
query(q{CREATE USER MAPPING FOR CURRENT_USER SERVER decimals; CREATE FOREIGN TABLE d (k int, d numeric, v int) SERVER decimals OPTIONS (keyspace 'ks');
CREATE FOREIGN TABLE k (d numeric) SERVER decimals OPTIONS (keyspace 'ks')});
for my $case ([ 'd < 1e131071', 'fffe000101' ], [ 'd > -1500', 'fffffffef1' ], [ 'd = 0', '0000000000' ], [ 'd >= 10.50', '0000000169' ], [ 'd = 1000', 'fffffffd01' ], [ 'd = 7', '0000000007' ])
{
	my ($condition, $bytes) = @$case;

	$decimals->order($_) for 'clear', 'reset', qq{on EXECUTE text "SELECT" value 0x$bytes warn "seen"};
	query("SELECT * FROM d WHERE k = 1 AND $condition");
	is($decimals->count('faults'), 1, "$condition: is sent as 0x$bytes");
}
$decimals->order($_) for 'clear', 'reset', 'on EXECUTE text "INSERT" value 0x0000000003e8 warn "seen"';
query('INSERT INTO k VALUES (1000); INSERT INTO d VALUES (1, 1000, 1)');
is($decimals->count('faults'), 2, '1000 is written as the key that it always was');

# ---- parallel workers: of a ring of one, as a worker reads before it is connected to all ----
my $single = ScyllaTest::Node->start(@table, "token @{$tokens[0]}");
query(sprintf 'CREATE SERVER single FOREIGN DATA WRAPPER scylla_fdw %s', server_options(host => $single->{address}, port => $single->{port}));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER single');
query(q{CREATE FOREIGN TABLE p (k int, v text) SERVER single OPTIONS (keyspace 'ks', "table" 't', fetch_size '10');
INSERT INTO p SELECT g, 'v' FROM generate_series(1, 1000) g;
UPDATE pg_class SET reltuples = 1000, relpages = 10 WHERE relname = 'p'});
# A cursor that has failed is not read to its end before a write.
my $cursor = background(qq{\\set ON_ERROR_STOP off\nBEGIN; DECLARE c CURSOR FOR SELECT * FROM p WHERE k = 1; SAVEPOINT a; SELECT 'ready';});
$cursor->shows(qr/ready/);
$single->order('on EXECUTE text "SELECT" times 1 error 0x2200 "no"');
$cursor->send(q{FETCH 1 FROM c; ROLLBACK TO a; INSERT INTO p VALUES (1, 'v'); COMMIT; SELECT 'written';});
ok(eval { $cursor->shows(qr/written/) }, 'a write after a failed cursor');
$cursor->finish;
my $parallel = 'SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET parallel_leader_participation = off;';

# What a session printed, its errors, and how many connections the node accepted meanwhile: a client has two.
sub connects
{
	my ($sql) = @_;
	my $before = $single->count('connections');
	my (undef, $out, $err) = psql("$parallel $sql");

	return ($out, $err, $single->count('connections') - $before);
}

my $err;
($out, $err, my $connections) = connects('SELECT count(*), sum(k) FROM p WHERE length(v) >= 0');
is($out, '1000|500500', 'workers read it');
cmp_ok($connections, '>', 2, 'on connections of their own');

# Counted there: by ranges that grow, as nobody knows how many rows they have; a table of a page by one request, and a look at how large rows are, as nodes read them whole.
for my $rows (-1, 1e9, 1000, 10)
{
	query("UPDATE pg_class SET reltuples = $rows, relpages = 10 WHERE relname = 'p'");
	$single->order('reset');
	is(query('SELECT count(*) FROM p'), 1000, "counted, of an estimated $rows rows");
	cmp_ok($single->count('executes'), $rows == 10 ? '==' : '>', 2, 'requests');
	cmp_ok($single->count('executes'), '<', 200, 'and not too many');
}
query("UPDATE pg_class SET reltuples = 1000, relpages = 10 WHERE relname = 'p'");

# A row is under way while a trigger of the next one has workers read.
query(q{CREATE FUNCTION look() RETURNS SETOF bigint LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT count(*) FROM p WHERE length(v) >= 0; END $$;
CREATE FUNCTION look_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.k = 2002 THEN NEW.v := look(); END IF; RETURN NEW; END $$;
CREATE TRIGGER look BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION look_first();});
my $insert = q{INSERT INTO p VALUES (2001, 'x'), (2002, 'x');};
($out, $err, $connections) = connects("$insert SELECT v FROM p WHERE k = 2002");
is($out, 1001, 'a row under way is read');
cmp_ok($connections, '>', 2, 'by workers');
$single->order('on EXECUTE text "INSERT" error 0x2200 "no"');
($out, $err, $connections) = connects($insert);
like($err, qr/HV000: no/, 'a row under way fails');
cmp_ok($connections, '<=', 2, 'before workers begin');
$single->order('clear');

# ---- a value that cannot be read: the row's key is asked for, or the error goes without ----
query(q{CREATE FOREIGN TABLE short (v varchar(5)) SERVER single OPTIONS (keyspace 'ks', "table" 't'); INSERT INTO p VALUES (1, 'too long');});
my $read = 'SET statement_timeout = 20000; SELECT v FROM short;';
like((psql($read))[2], qr/22001: value too long .*\n(?:.*\n)*CONTEXT:  column "v" of foreign table "short", key \(k\) = \(\d+\)\n/, 'the key of the row');
for my $fault ('error 0x1300 "no" received 0 required 1', 'garbage', 'empty-page')
{
	$single->order("on QUERY text \"SELECT \"\"k\"\" FROM\" $fault");
	like((psql($read))[2], qr/22001: value too long .*\n(?:.*\n)*CONTEXT:  column "v" of foreign table "short"\n/, "$fault: without the key");
	cmp_ok($single->count('faults'), '>', 0, "$fault: it was asked for");
	$single->order('clear');
	$single->order('reset');
}
$single->order('on QUERY text "SELECT ""k"" FROM" hold');
like((psql("SET statement_timeout = 500; SELECT v FROM short;"))[2], qr/ERROR:  57014/, 'cancelled while it is asked for');
$single->order('clear');
$single->order('release');

done_testing();
