# Random sequences of INSERT, UPDATE, DELETE, ON CONFLICT and savepoints end in the same rows, and count the same, on
# a foreign table and on a model of it: a table of PostgreSQL to which the decided semantics are applied, statement by
# statement, as if each were a transaction of its own. Conditional writes have a table to themselves (k), as CQL does not
# order them against plain ones (t) of the same key within the same milliseconds. SEED and STATEMENTS in the environment repeat a run, or make a longer one.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs SCYLLA_HOST' unless $ENV{SCYLLA_HOST};

my $seed = $ENV{SEED} // 19700101;
my $statements = $ENV{STATEMENTS} // 3000;
my $round = 500;				# statements between two looks at the rows

diag("SEED=$seed STATEMENTS=$statements");
srand $seed;
database('scylla_tap_model');
query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
	server_options(host => $ENV{SCYLLA_HOST}, port => $ENV{SCYLLA_PORT}, request_timeout => 60000));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
query("SELECT scylla_fdw_execute('s', \$c\$$_\$c\$)") for (
	'DROP KEYSPACE IF EXISTS fdw_model',
	q{CREATE KEYSPACE fdw_model WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}},
	map { "CREATE TABLE fdw_model.$_ (a int, b text, c int, v text, n bigint, l list<int>, PRIMARY KEY ((a, b), c))" } qw(t k));
query(q{
CREATE SCHEMA f;
CREATE SCHEMA m;
CREATE FOREIGN TABLE f.t (a int, b text, c int, v text, n bigint, l int[]) SERVER s OPTIONS (keyspace 'fdw_model');
CREATE FOREIGN TABLE f.k (a int, b text, c int, v text, n bigint, l int[]) SERVER s OPTIONS (keyspace 'fdw_model', update_mode 'if_exists');
CREATE TABLE m.t (a int, b text, c int, v text, n bigint, l int[], PRIMARY KEY (a, b, c));
CREATE TABLE m.k (LIKE m.t INCLUDING ALL);

-- INSERT is an upsert: what it names and is not NULL is set, row by row
CREATE FUNCTION m.upsert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE m.t SET v = coalesce(NEW.v, t.v), n = coalesce(NEW.n, t.n), l = coalesce(NEW.l, t.l)
    WHERE (t.a, t.b, t.c) = (NEW.a, NEW.b, NEW.c);
  IF FOUND THEN
    PERFORM set_config('model.upserts', (current_setting('model.upserts')::int + 1)::text, false);
    RETURN NULL;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER upsert BEFORE INSERT ON m.t FOR EACH ROW EXECUTE FUNCTION m.upsert();
-- an empty list is none
CREATE FUNCTION m.empty() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.l := nullif(NEW.l, '{}'); RETURN NEW; END $$;
CREATE TRIGGER z_empty BEFORE INSERT OR UPDATE ON m.t FOR EACH ROW EXECUTE FUNCTION m.empty();
CREATE TRIGGER z_empty BEFORE INSERT OR UPDATE ON m.k FOR EACH ROW EXECUTE FUNCTION m.empty();

-- Run a statement, return its count. An upsert counts as well.
CREATE FUNCTION run_model(statement text) RETURNS text LANGUAGE plpgsql SET search_path = m, public AS $$
DECLARE n bigint;
BEGIN
  PERFORM set_config('model.upserts', '0', false);
  EXECUTE statement;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n + current_setting('model.upserts')::int;
END $$;
CREATE FUNCTION run_foreign(statement text) RETURNS text LANGUAGE plpgsql SET search_path = f, public AS $$
DECLARE n bigint;
BEGIN
  EXECUTE statement;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
});

# ---- statements ----

sub any_of { return $_[ int rand @_ ]; }
sub number { return int rand $_[0]; }
sub text { return any_of('NULL', map { "'" . any_of(qw(x yy zzz it''s ż)) . number(9) . "'" } 1 .. 3); }
sub list { return any_of('NULL', q{'{}'}, sprintf q{'{%d,%d}'}, number(5), number(5)); }
sub integer { return any_of('NULL', number(100), -number(100)); }
sub key { return (number(3), any_of(q{'p'}, q{'q'}), number(8)); }

my %value = (v => \&text, n => \&integer, l => \&list);

sub some_columns
{
	my @columns = grep { rand() < 0.6 } qw(v n l);

	return @columns ? @columns : ('v');
}

# On one key, one partition, part of one, or anything.
sub condition
{
	my ($a, $b, $c) = key();

	return any_of("a = $a AND b = $b AND c = $c", "a = $a AND b = $b", "a = $a AND b = $b AND c >= $c", "a = $a AND b = $b AND c BETWEEN $c AND " . ($c + 2),
		"a IN ($a, 1) AND b = $b AND c = $c", "c = $c", 'n > ' . number(100), 'v IS NULL', "a = $a AND n < " . number(100));
}

sub insert
{
	my @columns = some_columns();
	my @rows = map { '(' . join(', ', key(), map { $value{$_}->() } @columns) . ')' } 1 .. any_of(1, 1, 1, 2, 5, 20);

	return sprintf 'INSERT INTO %s (%s) VALUES %s', $_[0], join(', ', 'a', 'b', 'c', @columns), join ', ', @rows;
}

sub insert_select
{
	return sprintf q{INSERT INTO t (a, b, c, v, n) SELECT g %% %d, CASE g %% 2 WHEN 0 THEN 'p' ELSE 'q' END, g %% 8, 's' || g, g FROM generate_series(1, %d) g},
		any_of(1, 2, 3), any_of(1, 10, 40);
}

sub assignment
{
	my ($column) = @_;

	return 'n = n + 1' if $column eq 'n' && rand() < 0.4;
	return "v = v || '.'" if $column eq 'v' && rand() < 0.4;
	return "$column = " . $value{$column}->();
}

sub update { return sprintf 'UPDATE %s SET %s WHERE %s', $_[0], join(', ', map { assignment($_) } some_columns()), condition(); }
sub remove { return "DELETE FROM $_[0] WHERE " . condition(); }

sub statement
{
	my $dice = rand;

	return insert('t') if $dice < 0.35;
	return insert_select() if $dice < 0.4;
	return insert('k') . ' ON CONFLICT DO NOTHING' if $dice < 0.5;
	return update(any_of(qw(t t t k))) if $dice < 0.85;
	return remove(any_of(qw(t t t k)));
}

# A rollback leaves to chance what becomes of rows that nobody has waited for: a read waits.
my $wait = q{DO 'BEGIN PERFORM FROM f.t WHERE a = 0 AND b = $b$p$b$ AND c = 0; END'; };

# The statements among transactions and savepoints that end either way. A savepoint's name says how deep it is.
sub in_transactions
{
	my (@sql) = @_;
	my @lines;
	my $depth = 0;

	for my $sql (@sql)
	{
		my $dice = rand;
		if ($depth == 0 && $dice < 0.15) { push @lines, 'BEGIN;'; $depth = 1; }
		elsif ($depth > 0 && $depth < 4 && $dice < 0.15) { push @lines, 'SAVEPOINT s' . $depth++ . ';'; }
		elsif ($depth > 1 && $dice < 0.3) { $depth--; push @lines, any_of('RELEASE', "${wait}ROLLBACK TO") . " s$depth;"; }
		elsif ($depth > 0 && $dice < 0.4) { $depth = 0; push @lines, any_of('COMMIT;', "${wait}ROLLBACK;"); }
		push @lines, $sql;
	}
	push @lines, 'COMMIT;' if $depth;
	return join "\n", @lines;
}

# ---- comparing ----

my $rows = q{SELECT string_agg(x::text, E'\n' ORDER BY which, a, b, c) FROM (SELECT 1 AS which, * FROM %1$s.t UNION ALL SELECT 2, * FROM %1$s.k) x};

my $json = JSON::PP->new->utf8->canonical;
sub sorted { return join "\n", sort map { $json->encode($json->decode($_)) } split /\n/, $_[0]; }

# What another client finds.
sub independently
{
	my ($name) = @_;

  SKIP: {
		skip 'needs PYTHON', 1 unless $ENV{PYTHON};
		my ($found, $wanted) = map { my $from = $_; join "\n", map { $from->($_) } qw(t k) }
			sub { sorted(scalar `$ENV{PYTHON} $FindBin::Bin/cql.py $ENV{SCYLLA_HOST} $ENV{SCYLLA_PORT} "SELECT JSON a, b, c, v, n, l FROM fdw_model.$_[0]"`) },
			sub { sorted(query("SELECT to_jsonb(x) FROM m.$_[0] x")) };
		return is($found, $wanted, "$name: for another client as well");
	}
	return 1;
}

sub compare
{
	my ($name, @settings) = @_;
	my @statements = map { statement() } 1 .. $round;
	my $foreign = query(join "\n", 'SET scylla_fdw.warn_on_rollback = off;', @settings,
		in_transactions(map { "SELECT run_foreign(\$s\$$_\$s\$);" } @statements));
	my $model = query(join "\n", map { "SELECT run_model(\$s\$$_\$s\$);" } @statements);
	my @foreign = split /\n/, $foreign;
	my @model = split /\n/, $model;

	is(scalar @foreign, $round, "$name: every statement was counted");
	for my $i (0 .. $#model)
	{
		next if ($foreign[$i] // 'nothing') eq $model[$i];
		fail("$name: statement $i counts $foreign[$i], not $model[$i]: $statements[$i]");
		last;
	}
	my $same = is(query(sprintf $rows, 'f'), query(sprintf $rows, 'm'), "$name: the same rows");
	return $same && independently($name);
}

for my $i (1 .. $statements / $round)
{
	compare("round $i, " . ($i % 2 ? 'flushed with each statement' : 'flushed with the transaction'),
		$i % 2 ? () : "SET scylla_fdw.flush_at = 'transaction';") or last;
}
query("SELECT scylla_fdw_execute('s', 'DROP KEYSPACE fdw_model')");
done_testing();
