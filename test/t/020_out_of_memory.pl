# Each allocation fails once, in turn: then the statement fails, or goes on as if nothing had happened. Never a
# signal, never a hang, never a leak, and the next statement of the same session brings what it should.
#
# build/plain/alloc.so is the extension with allocations that can be counted and failed (test/alloc). Each point in the
# code, told apart by its callers, fails once, and for some statements once more with all that follow it. In the
# environment: ALLOCATIONS=all fails each allocation of each statement; a number: that one, with all that psql prints;
# SUSTAINED=1: with all that follow, for all statements; ONLY=pattern: some statements; FRAMES: so many callers tell a
# point apart.
use strict;
use warnings;

use Cwd 'abs_path';
use File::Temp ();
use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;
use Time::HiRes 'time';

my $library = abs_path("$FindBin::Bin/../../build/plain/alloc.so");

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
plan skip_all => 'needs alloc.so of make node' unless $library && -e $library;

my $frames = $ENV{FRAMES} // 3;
my $slow = 500;					# ms from which on it is noted what failed
my $which = $ENV{ALLOCATIONS} // 'points';
my $sustained = 0;
my $verbosity = $which =~ /^\d/ ? 'default' : 'sqlstate';
my $limit = 10000;				# ms that a statement may take, with a cluster whose timeouts are 1 and 2 s

# ---- a database with that library ----

database('scylla_tap_alloc');
query('DROP EXTENSION scylla_fdw');
{
	open my $file, '<', "$FindBin::Bin/../../sql/scylla_fdw--1.0.sql" or die "no script: $!";
	my $script = join '', grep { !/^\\echo/ } <$file>;

	$script =~ s/MODULE_PATHNAME/$library/g;
	query($script);
}
query(<<"SQL");
CREATE FUNCTION alloc_begin(place text, n bigint, frames int) RETURNS void AS '$library' LANGUAGE C;
CREATE FUNCTION alloc_end() RETURNS bigint AS '$library' LANGUAGE C;
CREATE FUNCTION alloc_points() RETURNS SETOF bigint AS '$library' LANGUAGE C;
CREATE FUNCTION alloc_where() RETURNS text AS '$library' LANGUAGE C;
CREATE FUNCTION alloc_state() RETURNS text AS '$library' LANGUAGE C;
SQL

my $certificates = certificates() or plan skip_all => 'needs a server that reads files of this test';
my $node = ScyllaTest::Node->start("tls '$certificates/server.pem' '$certificates/server.key' ca '$certificates/ca.pem' client ask", 'tls optional',
	'keyspace ks simple 1', 'keyspace imported simple 1',
	'table ks.t (p int, c int, v text, PRIMARY KEY (p, c))',
	'table ks.r (p int, c int, v text, PRIMARY KEY (p, c))',
	'table ks.hits (id int, n counter, PRIMARY KEY (id))',
	'type ks.address (street text, zip int)',
	'table ks.types (a int, b text, l list<int>, m map<text, int>, d decimal, i varint, ts timestamp, dt date, u uuid,'
	. ' ad inet, bl blob, f float, bo boolean, t tuple<int, text>, ud address, PRIMARY KEY ((a, b)))',
	'type imported.place (lat double, lon double)',
	'table imported.one (id int, name text, PRIMARY KEY (id))',
	'table imported.two (id int, at place, tags set<text>, PRIMARY KEY (id))',
	map {; "row ks.r ($_, 1, 'a$_')", "row ks.r ($_, 2, 'b$_')" } 1 .. 5);

query(sprintf q{CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s}, server_options(host => $node->{address},
		port => $node->{port}, connect_timeout => 1000, request_timeout => 2000, fetch_size => 3));
query(sprintf q{CREATE SERVER encrypted FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER encrypted %s},
	server_options(host => 'localhost', port => $node->{port}, connect_timeout => 1000, request_timeout => 2000,
		sslrootcert => "$certificates/ca.pem", sslcrl => "$certificates/ca.crl"),
	server_options(username => 'x', password => 'y', sslcert => "$certificates/client.pem", sslkey => "$certificates/client.key"));
query(<<'SQL');
CREATE USER MAPPING FOR CURRENT_USER SERVER s;
CREATE FOREIGN TABLE e (p int, c int, v text) SERVER encrypted OPTIONS (keyspace 'ks', "table" 't');
CREATE FOREIGN TABLE t (p int, c int, v text) SERVER s OPTIONS (keyspace 'ks', "table" 't');
CREATE FOREIGN TABLE b (p int, c int, v text) SERVER s OPTIONS (keyspace 'ks', "table" 't', batch_mode 'partition');
CREATE FOREIGN TABLE r (p int, c int, v text) SERVER s OPTIONS (keyspace 'ks', "table" 'r');
CREATE FOREIGN TABLE hits (id int, n bigint) SERVER s OPTIONS (keyspace 'ks');
CREATE TYPE address AS (street text, zip int);
CREATE FOREIGN TABLE types (a int, b text, l int[], m jsonb, d numeric, i numeric, ts timestamptz, dt date, u uuid,
	ad inet, bl bytea, f real, bo boolean, t jsonb, ud address) SERVER s OPTIONS (keyspace 'ks');
CREATE TABLE parts (p int, c int, v text) PARTITION BY RANGE (c);
CREATE FOREIGN TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (2) SERVER s OPTIONS (keyspace 'ks', "table" 'r');
CREATE FOREIGN TABLE parts2 PARTITION OF parts FOR VALUES FROM (2) TO (9) SERVER s OPTIONS (keyspace 'ks', "table" 'r');
CREATE TABLE written (p int, c int, v text) PARTITION BY HASH (p);
SELECT format('CREATE FOREIGN TABLE written%s PARTITION OF written FOR VALUES WITH (MODULUS 8, REMAINDER %s) SERVER s '
	'OPTIONS (keyspace ''ks'', "table" ''t'')', g, g) FROM generate_series(0, 7) g \gexec
CREATE TABLE local AS SELECT g AS p, g AS c, 'l' || g AS v FROM generate_series(1, 4) g;
CREATE SCHEMA imp;
CREATE FOREIGN TABLE times (p int, c int, v text, s int OPTIONS (write_ttl 'true'), x int OPTIONS (ttl_of 'v'))
	SERVER s OPTIONS (keyspace 'ks', "table" 't');
CREATE FOREIGN TABLE mistyped (p int) SERVER s OPTIONS (keyspace 'ks', "table" 'tipes');
CREATE FOREIGN TABLE bad (v varchar(1)) SERVER s OPTIONS (keyspace 'ks', "table" 'r');
SQL

# ---- statements ----

my $rows = 'SELECT * FROM t ORDER BY p, c;';
my $empty = q{SELECT scylla_fdw_execute('s', 'TRUNCATE ks.t');};
my $some = "$empty INSERT INTO t SELECT p, c, 'x' FROM generate_series(1, 3) p, generate_series(1, 2) c;";
my $plan_joins = "SET enable_hashjoin = off; SET enable_mergejoin = off;";

# before: what is there; sql: the statement, whose output is compared; check: what it did; fresh: in a new session
# each time; sustained: fails with all that follow, too; fails: the SQLSTATE it has anyway; also: one that follows from its failure; volatile: its output differs
my @statements = (
	{ name => 'one row', before => $empty, sql => q{INSERT INTO t VALUES (1, 1, 'x');}, check => $rows },
	{ name => 'many rows', before => $empty,
		sql => q{INSERT INTO t SELECT g % 7, g, repeat('x', 1000) FROM generate_series(1, 600) g;},
		check => 'SELECT count(*), sum(c), sum(length(v)) FROM t;' },
	{ name => 'RETURNING', before => $empty, sql => q{INSERT INTO t VALUES (1, 1, 'x'), (2, 2, NULL) RETURNING *;},
		check => $rows },
	{ name => 'COPY', before => $empty, sql => "COPY t (p, c, v) FROM stdin;\n1\t1\tx\n1\t2\ty\n2\t1\t\\N\n\\.\n",
		check => $rows },
	{ name => 'partitions', sustained => 1, before => $empty, sql => q{INSERT INTO written SELECT g, 1, 'x' FROM generate_series(1, 40) g;},
		check => $rows },
	{ name => 'batches', before => $empty, sql => q{INSERT INTO b SELECT g / 5, g, 'x' FROM generate_series(1, 20) g;},
		check => $rows },
	{ name => 'ON CONFLICT', before => $some,
		sql => q{INSERT INTO t VALUES (1, 1, 'y'), (9, 1, 'z'), (9, 1, 'w') ON CONFLICT DO NOTHING;}, check => $rows },
	{ name => 'UPDATE', before => $some, sql => q{UPDATE t SET v = v || p WHERE c = 1;}, check => $rows },
	{ name => 'direct UPDATE', before => $some, sql => q{UPDATE t SET v = 'y' WHERE p = 1 AND c = 2;}, check => $rows },
	{ name => 'DELETE', before => $some, sql => q{DELETE FROM t WHERE v = 'x' AND c % 2 = 1;}, check => $rows },
	{ name => 'direct DELETE', before => $some, sql => q{DELETE FROM t WHERE p = 2 AND c = 1;}, check => $rows },
	{ name => 'DELETE of a partition', before => $some, sql => q{DELETE FROM t WHERE p = 2;}, check => $rows },
	{ name => 'TRUNCATE', before => $some, sql => 'TRUNCATE t;', check => $rows },
	{ name => 'flushed at commit', before => $empty, sql => q{SET scylla_fdw.flush_at = transaction; BEGIN;
		INSERT INTO t VALUES (1, 1, 'x'); INSERT INTO t VALUES (1, 2, 'x'); SELECT count(*) FROM t;
		INSERT INTO t VALUES (1, 3, 'x'); COMMIT;}, check => "SET scylla_fdw.flush_at = statement; $rows" },
	{ name => 'savepoints', before => $empty, sql => q{BEGIN; INSERT INTO t VALUES (1, 1, 'x'); SAVEPOINT a;
		INSERT INTO t VALUES (1, 2, 'x'); RELEASE a; SAVEPOINT b; INSERT INTO t VALUES (1, 3, 'x'); ROLLBACK TO b;
		INSERT INTO t VALUES (1, 4, 'x'); COMMIT;}, check => $rows },
	{ name => 'rollback', before => $empty, sql => q{BEGIN; INSERT INTO t VALUES (1, 1, 'x'); ROLLBACK;}, check => $rows },
	{ name => 'a failure told', before => $empty, fails => '23502', sql => q{INSERT INTO t VALUES (1, 1, 'x'), (2, NULL, 'x');} },
	{ name => 'counters', before => q{SELECT scylla_fdw_execute('s', 'TRUNCATE ks.hits');},
		sql => 'INSERT INTO hits VALUES (1, 5); UPDATE hits SET n = n + 2 WHERE id = 1;', check => 'SELECT * FROM hits;', adds => 1 },
	{ name => 'types', before => q{SELECT scylla_fdw_execute('s', 'TRUNCATE ks.types');}, sql => q{INSERT INTO types VALUES
		(1, 'k', '{1,2}', '{"a": 1, "b": 2}', 123.45, 12345678901234567890, '2024-01-01 10:00+00', '2024-01-01',
		'00000000-0000-0000-0000-000000000001', '10.0.0.1', '\x0102', 1.5, true, '[1, "x"]', ROW('street', 7));},
		check => 'SELECT * FROM types;' },
	{ name => 'scan', sql => 'SELECT count(*), sum(p), string_agg(v, $$ $$ ORDER BY v) FROM r WHERE length(v) > 1;' },
	{ name => 'keys', sql => q{SELECT * FROM r WHERE p = 3 AND c = 1; SELECT v FROM r WHERE p = 4 AND c > 1;} },
	{ name => 'IN', sql => q{SELECT string_agg(v, ' ' ORDER BY v) FROM r WHERE p IN (1, 2, 5);} },
	{ name => 'merged', sql => q{SELECT * FROM r WHERE p IN (1, 2, 5) ORDER BY c, p;} },
	{ name => 'aggregate', sql => q{SELECT count(*) FROM r; SELECT count(*) FROM r WHERE p = 1;} },
	{ name => 'cursor', sql => q{BEGIN; DECLARE k SCROLL CURSOR FOR SELECT p FROM r WHERE p IN (1, 2) AND c = 1; FETCH 1 FROM k;
		SAVEPOINT a; FETCH ALL FROM k; RELEASE a; FETCH BACKWARD ALL FROM k; CLOSE k; COMMIT;}, sorted => 1 },
	{ name => 'read before written', before => $some, sql => q{BEGIN; DECLARE k CURSOR FOR SELECT c FROM t WHERE p = 1;
		FETCH 1 FROM k; INSERT INTO t VALUES (1, 9, 'x'); FETCH ALL FROM k; COMMIT;}, check => $rows },
	{ name => 'PREPARE', sql => q{PREPARE q(int) AS SELECT v FROM r WHERE p = $1 ORDER BY c; EXECUTE q(1); EXECUTE q(2);
		DEALLOCATE q;}, after => 'DEALLOCATE ALL;' },
	{ name => 'Append', sql => 'SELECT count(*), sum(p) FROM parts WHERE length(v) > 1;' },
	{ name => 'join', sustained => 1, before => $plan_joins, sql => q{SELECT l.v, r.v FROM local l JOIN r ON r.p = l.p AND r.c = 1 ORDER BY 1;} },
	{ name => 'outer join', before => $plan_joins,
		sql => q{SELECT l.v, r.v FROM local l LEFT JOIN r ON r.p = l.p AND r.c = l.c AND r.v <> 'x' ORDER BY 1, 2;} },
	{ name => 'a value that is none', fails => '22001', sql => 'SELECT * FROM bad;' },
	{ name => 'TTL', before => $empty, sql => q{INSERT INTO times (p, c, v, s) VALUES (1, 1, 'x', 1000), (1, 2, 'y', NULL);
		SELECT c, v, x > 0 FROM times ORDER BY c;}, check => $rows },
	{ name => 'a table that is not there', fails => 'HV00R', sql => 'SELECT * FROM mistyped;' },
	{ name => 'refresh', sql => q{SELECT scylla_fdw_refresh('bad');} },
	{ name => 'EXPLAIN', sql => q{EXPLAIN (VERBOSE, ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM r WHERE p = 1;},
		volatile => 1 },
	{ name => 'ANALYZE', sql => 'ANALYZE r;', check => q{SELECT reltuples > 0 FROM pg_class WHERE oid = 'r'::regclass;},
		after => q{UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid = 'r'::regclass;} },
	{ name => 'import', before => q{DROP SCHEMA imp CASCADE; CREATE SCHEMA imp;},
		sql => q{IMPORT FOREIGN SCHEMA imported FROM SERVER s INTO imp;},
		check => q{SELECT relname FROM pg_class WHERE relnamespace = 'imp'::regnamespace ORDER BY 1;} },
	{ name => 'import with types', also => '42704', before => q{DROP SCHEMA imp CASCADE; CREATE SCHEMA imp;},
		sql => q{SELECT scylla_fdw_udt_types('s', 'imported', 'imp') \gexec
			IMPORT FOREIGN SCHEMA imported LIMIT TO (two) FROM SERVER s INTO imp OPTIONS (udt 'composite');},
		check => q{SELECT attname, atttypid::regtype FROM pg_attribute WHERE attrelid = to_regclass('imp.two') AND attnum > 0;} },
	{ name => 'functions', sql => q{SELECT scylla_fdw_execute('s', 'SELECT * FROM ks.r'); SELECT count(*)
		FROM scylla_fdw_query('s', 'SELECT * FROM ks.r'); SELECT data_center FROM scylla_fdw_nodes('s'); SELECT DISTINCT what FROM scylla_fdw_events('s') WHERE what = 'topology read';
		SELECT * FROM scylla_fdw_get_connections(); SELECT scylla_fdw_disconnect('s');} },
	{ name => 'TLS', sustained => 1, before => $empty, sql => q{INSERT INTO e SELECT g, 1, 'x' FROM generate_series(1, 3) g;
		SELECT p, c, v FROM e WHERE p IN (1, 2, 3) ORDER BY p; SELECT tls FROM scylla_fdw_nodes('encrypted');}, check => $rows },
	{ name => 'options', also => '42P01', before => 'DROP FOREIGN TABLE IF EXISTS o;', sql => q{CREATE FOREIGN TABLE o (a int OPTIONS (column_name 'b'))
		SERVER s OPTIONS (keyspace 'ks', consistency 'one', ttl '5'); ALTER FOREIGN TABLE o OPTIONS (SET consistency 'two');},
		check => q{SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = to_regclass('o');} },
	{ name => 'refused options', fails => 'HV00D', sql => q{ALTER FOREIGN TABLE r OPTIONS (ADD keyspase 'ks');} },
	# last: of their points only those that a session comes to once are left
	{ name => 'first read of a session', fresh => 1, sql => q{SELECT v FROM r WHERE p = 1 AND c = 1;} },
	{ name => 'first write of a session', fresh => 1, sustained => 1, sql => q{BEGIN; INSERT INTO t VALUES (1, 1, 'x'); SAVEPOINT a; RELEASE a;
		COMMIT; SELECT count(*) > 0 FROM t;} },
	{ name => 'first TRUNCATE of a session', fresh => 1, sql => q{BEGIN; TRUNCATE t; SAVEPOINT a; RELEASE a; COMMIT;},
		check => $rows },
);

# ---- the sweep ----

# One psql, whatever happens in it. Each statement has to open a client.
sub run_script
{
	my ($script) = @_;
	my ($out, $err) = ('', '');
	my $file = File::Temp->new;

	print $file "\\set VERBOSITY $verbosity\n$script";
	close $file;
	local $ENV{PGOPTIONS} = "-c client_min_messages=error -c statement_timeout=$limit";
	IPC::Run::run([ 'psql', '-XAtq', '-d', 'scylla_tap_alloc', '-f', "$file" ], '<', \undef, '>&', \$out, IPC::Run::timeout(3600));
	$out =~ s/^psql:\S+ //mg;
	return $out;
}

sub one_run
{
	my ($s, $place, $n) = @_;
	my $before = $s->{before} // '';
	my $check = $s->{check} // '';
	my $after = $s->{after} // '';
	my $session = $s->{fresh} ? '\connect' : '';
	my $failing = $sustained ? -$n : $n;	# with all that follow

	return <<"SQL";
$session
$before
\\echo == $n
SELECT scylla_fdw_disconnect_all() \\gset
SELECT alloc_begin('$place', $failing, $frames);
$s->{sql}
ROLLBACK;
SELECT alloc_end() AS points \\gset
SELECT alloc_where() AS "where" \\gset
\\echo -- did
$check
\\echo -- again
$after
$before
\\echo -- output
$s->{sql}
\\echo -- result
$check
$after
\\echo -- state
SELECT regexp_replace(alloc_state(), ', [^,]* blocks', '') AS open \\gset
SELECT scylla_fdw_disconnect_all() \\gset
SELECT :'open', alloc_state();
SELECT pg_backend_pid();
\\echo :where
SQL
}

sub parse
{
	my ($text) = @_;
	my %part;

	@part{qw(n armed did again output result state pid where)} = $text =~
		/\A(\d+)\n(.*?)-- did\n(.*?)-- again\n(.*?)-- output\n(.*?)-- result\n(.*?)-- state\n(.*)\n(\d+)\n(.*)\n\z/s or return;
	return \%part;
}

my (%seen, $failed, $where);
my ($points, $allocations) = (0, 0);

sub complain
{
	my ($r, $what) = @_;

	diag("$where, allocation $r->{n}, $r->{where}: $what") if ++$failed <= 20;
	return;
}

# What the statement brings without a failure, and the points that it comes to. The first run fills what a session keeps.
sub dry_run
{
	my ($s, $place) = @_;
	my $out = run_script(one_run($s, $place, 0) . one_run($s, $place, 0) . "SELECT alloc_points();\n");
	my (undef, undef, $second) = split /^== /m, $out;
	my ($run, $list) = ($second // '') =~ /\A(.*-- state\n[^\n]*\n\d+\n[^\n]*\n)((?:-?\d+\n)*)\z/s or BAIL_OUT("$where: $out");
	my $expected = parse($run);

	BAIL_OUT("$where: $out") if !$expected || ($run =~ /ERROR:/ && !$s->{fails});
	return ($expected, split /\n/, $list);
}

# It fails for want of memory, for want of the connection that had none, or not at all.
sub judge_statement
{
	my ($s, $r, $expected) = @_;
	my $allowed = join '|', '53200', '25P02', '3B001', '34000', '08\w\w\w', '57P03', grep { $_ } $s->{fails}, $s->{also};
	my @errors = $r->{armed} =~ /ERROR:  (\w+)/g;

	complain($r, "takes longer than $limit ms") if grep { $_ eq '57014' } @errors;
	complain($r, "fails with @errors") if grep { !/^($allowed)$/ } @errors;
	return if @errors;
	complain($r, "is no error, but brings $r->{armed}, not $expected->{armed}")
		if $r->{armed} ne $expected->{armed} && !$s->{volatile};
	complain($r, "is no error, but does $r->{did}, not $expected->{did}") if $r->{did} ne $expected->{did};
	return;
}

# The same statement once more, in the same session.
sub judge_session
{
	my ($s, $r, $expected) = @_;

	complain($r, "then $r->{again}") if $r->{again} =~ /ERROR/;
	complain($r, "then brings $r->{output}, not $expected->{output}")
		if $r->{output} ne $expected->{output} && !$s->{volatile};
	complain($r, "then does $r->{result}, not $expected->{result}") if $r->{result} ne $expected->{result};
	complain($r, "leaves $r->{state}, not $expected->{state}") if $r->{state} ne $expected->{state};
	return;
}

sub sweep
{
	my ($s, $place) = @_;
	my $begun = time;

	$where = "$s->{name}, $place" . ($sustained ? ', and all that follow' : '');
	my ($expected, @point) = dry_run($s, $place);
	my $new = sub { !$seen{join ' ', $place, $sustained, $point[$_[0] - 1]}++ };
	my @n = $which =~ /^\d+$/ ? ($which) : grep { $which eq 'all' || $new->($_) } 1 .. @point;
	my $out = run_script(join '', map { one_run($s, $place, $_) } @n);
	my %pid;

	note($out) if $verbosity eq 'default';
	for my $text (split /^== /m, $out)
	{
		next unless $text =~ /^(\d+)\n/;
		my $r = parse($text) or BAIL_OUT("$where, allocation $1: the session ends: $text");

		note("$where, allocation $r->{n}:$r->{where}") if $r->{where} =~ /^ (\d+) ms/ && $1 >= $slow;
		judge_statement($s, $r, $expected);
		judge_session($s, $r, $expected);
		$pid{$r->{pid}} = 1;
	}
	is(keys %pid, 1, "$where: one backend") if @n && !$s->{fresh};
	$allocations += @point;
	$points += @n;
	note(sprintf '%s: %d of %d allocations failed in %.1f s', $where, scalar @n, scalar @point, time - $begun);
	return;
}

for my $s (grep { !$ENV{ONLY} || $_->{name} =~ /$ENV{ONLY}/ } @statements)
{
	$failed = 0;
	$sustained = 0;
	sweep($s, $_) for 'backend', 'submitter';
	$sustained = 1;
	sweep($s, $_) for $ENV{SUSTAINED} ? ('backend', 'submitter') : $s->{sustained} ? 'backend' : ();
	is($failed, 0, "$s->{name}: out of memory at each allocation");
}
note(sprintf '%d statements, %d allocations, %d points', scalar @statements, $allocations, $points);
done_testing();
