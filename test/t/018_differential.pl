# A foreign table answers what a local copy answers: thousands of random queries, in several ways to plan and
# run them. SEED and QUERIES in the environment repeat a run, or make a longer one.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use QueryGenerator;
use ScyllaTest;
use Test::More;
use Time::HiRes 'time';

plan skip_all => 'needs SCYLLA_HOST' unless $ENV{SCYLLA_HOST};

my $seed = $ENV{SEED} // 20240229;
my $queries = $ENV{QUERIES} // 3000;
my $chunk = 500;				# queries a psql

diag("SEED=$seed QUERIES=$queries");
srand $seed;
database('scylla_tap_differential');
query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
	server_options(host => $ENV{SCYLLA_HOST}, port => $ENV{SCYLLA_PORT}, request_timeout => 60000));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');

sub execute { my ($cql) = @_; return "SELECT scylla_fdw_execute('s', \$c\$$cql\$c\$);\n"; }

# ---- tables: schema f has the foreign ones, schema l the copies; X_f is X with allow_filtering ----

# What no collation provider is there for is like C.
sub collations
{
	if (query(q{SELECT count(*) FROM pg_collation WHERE collname = 'en-x-icu'}))
	{
		query(q{CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)});
		return (linguistic => '"en-x-icu"', caseless => 'public.caseless');
	}
	return (linguistic => '"C"', caseless => '"C"');
}

my %collation = collations();
query(q{CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN small AS int CHECK (VALUE < 100)});
query(q{CREATE SCHEMA f; CREATE SCHEMA l});

sub remote { my ($t, $name) = @_; return $t->{name} eq 'single' ? uc $name : $name; }
sub pg_type { my ($c) = @_; return sprintf $QueryGenerator::type{ $c->{type} }{pg}, $collation{ $c->{type} } // (); }

sub remote_table
{
	my ($t) = @_;
	my @columns = map { sprintf '"%s" %s%s', remote($t, $_->{name}), $QueryGenerator::type{ $_->{type} }{cql}, $_->{part} eq 'static' ? ' static' : '' } @{ $t->{columns} };
	my $key = sub { my ($part) = @_; return join ', ', map { sprintf '"%s"', remote($t, $_->{name}) } grep { $_->{part} eq $part } @{ $t->{columns} }; };
	my $order = join ', ', map { sprintf '"%s" %s', remote($t, $_->{name}), $_->{down} ? 'DESC' : 'ASC' } grep { $_->{part} eq 'clustering' } @{ $t->{columns} };
	my $clustering = $key->('clustering');

	return execute("CREATE TABLE fdw_differential.$t->{name} (" . join(', ', @columns) . ', PRIMARY KEY ((' . $key->('partition') . ')' .
		($clustering && ", $clustering") . '))' . ($order && " WITH CLUSTERING ORDER BY ($order)")) .
		join '', map { execute("CREATE INDEX ON fdw_differential.$t->{name} ($_) $t->{index}{$_}") } sort keys %{ $t->{index} // {} };
}

# Columns of the foreign tables come the other way round, those of the copies as they are made.
sub local_tables
{
	my ($t) = @_;
	my $names = join ', ', map { $_->{name} } @{ $t->{columns} };
	my $sql = "CREATE TABLE l.$t->{name} (" . join(', ', map { "$_->{name} " . pg_type($_) } @{ $t->{columns} }) . ");\n";

	$sql .= "CREATE VIEW l.$t->{name}_f AS SELECT * FROM l.$t->{name};\n";
	for my $filtering ('false', 'true')
	{
		$sql .= sprintf "CREATE FOREIGN TABLE f.%s (%s) SERVER s OPTIONS (keyspace 'fdw_differential', \"table\" '%s', allow_filtering '%s', fetch_size '%d');\n",
			$t->{name} . ($filtering eq 'true' ? '_f' : ''),
			join(', ', map { "$_->{name} " . (pg_type($_) =~ s/( COLLATE|$)/" OPTIONS (column_name '" . remote($t, $_->{name}) . "')$1"/er) } reverse @{ $t->{columns} }),
			$t->{name}, $filtering, $t->{rows} ? 50 : 5000;
	}
	$sql .= join '', map { "INSERT INTO l.$t->{name} VALUES (" . join(', ', @$_) . ");\n" } QueryGenerator::rows($t);
	return $sql . "INSERT INTO f.$t->{name} ($names) SELECT $names FROM l.$t->{name};\n";
}

# A partition that has static columns only shows as one row.
sub lonely_statics
{
	my ($t) = @_;
	my ($names, $values) = map { my $part = $_; join ', ', map { $part eq 'name' ? $_->{name} : $_->{name} eq 's' ? 2 : $_->{type} eq 'text' ? "'a'" : 3 }
		grep { $_->{part} =~ /partition|static/ } @{ $t->{columns} } } 'name', 'value';

	return "INSERT INTO l.$t->{name} ($names) VALUES ($values);\n" . execute("INSERT INTO fdw_differential.$t->{name} ($names) VALUES ($values)");
}

sub make_tables
{
	my $sql = execute('DROP KEYSPACE IF EXISTS fdw_differential') .
		execute("CREATE KEYSPACE fdw_differential WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");

	for my $t (map { $QueryGenerator::table{$_} } sort keys %QueryGenerator::table)
	{
		$sql .= remote_table($t) . local_tables($t);
		$sql .= lonely_statics($t) if $t->{static};
	}
	query($sql . "ANALYZE;\nANALYZE f.long, f.ints, f.secondary_f, f.statics, f.times_f, f.decimals;\n");
	return;
}

make_tables();

# ---- comparing, in the server ----

query(<<'SQL');
CREATE FUNCTION volatile_same(anyelement) RETURNS anyelement LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION stable_same(anyelement) RETURNS anyelement LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END';

-- The rows of a query as texts. mode: row by row from a cursor, the whole at once, or prepared: custom, generic, seven times.
CREATE FUNCTION rows_of(path text, q text, mode text, types text, args text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  r record;
  result text[] := '{}';
  call text := q;
BEGIN
  PERFORM set_config('search_path', path || ', public', true);
  IF types <> '' THEN
    PERFORM set_config('plan_cache_mode', CASE mode WHEN 'custom' THEN 'force_custom_plan' WHEN 'generic' THEN 'force_generic_plan' ELSE 'auto' END, true);
    EXECUTE format('PREPARE differential (%s) AS %s', types, q);
    call := format('EXECUTE differential (%s)', args);
    FOR i IN 1 .. CASE mode WHEN 'seven' THEN 6 ELSE 0 END LOOP
      EXECUTE call;
    END LOOP;
  END IF;
  IF mode = 'whole' THEN
    EXECUTE format('SELECT coalesce(array_agg(whole_row::text), ''{}'') FROM (%s) whole_row', q) INTO result;
  ELSE
    FOR r IN EXECUTE call LOOP
      result := result || r::text;
    END LOOP;
  END IF;
  IF types <> '' THEN
    DEALLOCATE differential;
  END IF;
  RETURN result;
END $$;

CREATE FUNCTION explain_of(q text, mode text, types text, args text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  result text := '';
BEGIN
  PERFORM set_config('search_path', 'f, public', true);
  IF types <> '' THEN
    EXECUTE format('PREPARE differential (%s) AS %s', types, q);
  END IF;
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || CASE types WHEN '' THEN q ELSE format('EXECUTE differential (%s)', args) END LOOP
    result := result || line || E'\n';
  END LOOP;
  DEALLOCATE ALL;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  DEALLOCATE ALL;
  RETURN 'no plan: ' || SQLERRM;
END $$;

CREATE FUNCTION sorted(text[]) RETURNS text[] LANGUAGE sql AS 'SELECT ARRAY(SELECT unnest($1) COLLATE "C" ORDER BY 1)';
CREATE FUNCTION without(text[], text[]) RETURNS text[] LANGUAGE sql AS 'SELECT ARRAY(SELECT unnest($1) EXCEPT ALL SELECT unnest($2) LIMIT 5)';

-- Nothing if both answer alike; "local: ..." if the query fails on the copy; else what is wrong.
CREATE FUNCTION differ(q text, ordered bool, mode text, types text, args text, settings text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  setting text;
  l text[];
  f text[];
BEGIN
  BEGIN
    l := rows_of('l', q, mode, types, args);
  EXCEPTION WHEN OTHERS THEN
    DEALLOCATE ALL;
    RETURN 'local: ' || SQLERRM;
  END;
  FOREACH setting IN ARRAY settings LOOP
    PERFORM set_config(split_part(setting, ' = ', 1), split_part(setting, ' = ', 2), true);
  END LOOP;
  BEGIN
    f := rows_of('f', q, mode, types, args);
  EXCEPTION WHEN OTHERS THEN
    DEALLOCATE ALL;
    RETURN 'raised ' || SQLERRM || E'\n' || explain_of(q, mode, types, args);
  END;
  IF NOT ordered THEN
    l := sorted(l);
    f := sorted(f);
  END IF;
  IF l IS DISTINCT FROM f THEN
    RETURN format(E'%s rows, local has %s; missing %s, too many %s\n', cardinality(f), cardinality(l), without(l, f), without(f, l)) ||
      explain_of(q, mode, types, args);
  END IF;
  RETURN NULL;
END $$;

CREATE TABLE result (number int, failure text, plan text);
SQL

for my $t (map { $QueryGenerator::table{$_} } sort keys %QueryGenerator::table)
{
	my $names = join ', ', map { QueryGenerator::out('a', $_) } @{ $t->{columns} };

	is(query("SELECT differ('SELECT $names FROM $t->{name} a', false, 'rows', '', '', '{}')"), '', "$t->{name} holds what was written");
}

# ---- queries ----

my @query;
my $generator = QueryGenerator->new;

sub run_query
{
	my ($number, $q) = @_;
	my $params = $q->{params} // [];
	my $arguments = sprintf '$q$%s$q$, %s', $q->{sql}, join ', ',
		map { "\$a\$$_\$a\$" } $q->{mode}, join(', ', map { $_->[0] } @$params), join(', ', map { $_->[1] } @$params);
	my $call = $arguments =~ s/(\$q\$), /"$1, " . ($q->{ordered} ? 'true' : 'false') . ', '/er;

	return sprintf "INSERT INTO result SELECT %d, differ(%s, '{%s}'), %s;\n", $number, $call, join(',', map { "\"$_\"" } @{ $q->{settings} }),
		$number % 5 ? 'NULL' : "explain_of($arguments)";
}

my $begun = time;
for (my $n = 0; $n < $queries; $n += $chunk)
{
	my @part = map { $generator->query } 1 .. ($queries - $n < $chunk ? $queries - $n : $chunk);

	push @query, @part;
	query(join '', map { run_query($n + $_, $part[$_]) } 0 .. $#part);
}
my $took = time - $begun;

# ---- what came out ----

my @failed = grep { length } split /\n/, query(q{SELECT number FROM result WHERE failure IS NOT NULL AND failure NOT LIKE 'local: %' ORDER BY number});

is(scalar @failed, 0, "$queries queries answer alike");
for my $number (@failed[ 0 .. (@failed > 10 ? 9 : $#failed) ])
{
	my $q = $query[$number];

	diag("query $number of SEED=$seed, $q->{mode}" . ($q->{params} ? ' (' . join(', ', map { $_->[1] } @{ $q->{params} }) . ')' : '') .
		join('', map { ", SET $_" } @{ $q->{settings} }) . ":\n$q->{sql}\n" . query("SELECT failure FROM result WHERE number = $number"));
}

# Too few plans of a kind, and the test has become hollow.
sub share
{
	my ($what, $least, $condition) = @_;
	my $share = query("SELECT round(100.0 * count(*) FILTER (WHERE $condition) / count(*), 1) FROM result WHERE plan IS NOT NULL");

	cmp_ok($share, '>=', $least, "$what: $share % of the plans");
	return;
}

share('conditions', 30, q{plan LIKE '%CQL:%WHERE%'});
share('keys', 20, q{plan LIKE '%Key:%'});
share('ORDER BY', 3, q{plan LIKE '%CQL:%ORDER BY%'});
share('ORDER BY of several partitions', 0.2, q{plan ~ 'CQL:[^\n]* IN \?[^\n]* ORDER BY'});
share('LIMIT', 1, q{plan LIKE '%CQL:% LIMIT ?%'});
share('aggregates', 2, q{plan LIKE '%Aggregate on%'});
share('first rows of partitions', 0.3, q{plan ~ 'SELECT DISTINCT "|PER PARTITION LIMIT'});
share('ALLOW FILTERING', 10, q{plan LIKE '%ALLOW FILTERING%'});
share('local conditions', 10, q{plan LIKE '%Local Filter Reason%'});
my $avoided = query(q{SELECT count(*) FROM result WHERE failure LIKE 'local: %'});
cmp_ok($avoided, '<=', $queries / 50, 'few queries fail in PostgreSQL alone');
diag(query(q{SELECT failure, count(*), min(number) FROM result WHERE failure LIKE 'local: %' GROUP BY 1})) if $avoided;
diag(sprintf '%d queries in %.0f s', $queries, $took);
query(execute('DROP KEYSPACE fdw_differential'));

done_testing();
