# What Cassandra's guardrails forbid an ordinary role: it works by another way, or an option leaves it to PostgreSQL, and the
# error's hint names the option.
use strict;
use warnings;

use File::Temp ();
use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs RING_DIR: nodes that may be started' unless $ENV{RING_DIR};
database('scylla_tap_guardrails');

my $dir = File::Temp->newdir;
# rights that are changed hold at once: Cassandra remembers them for two seconds else
my %ring = (AUTH => 1, YAML_EXTRA => <<'YAML');
page_size_fail_threshold: 600
non_partition_restricted_index_query_enabled: false
group_by_enabled: false
read_consistency_levels_disallowed: [ONE, LOCAL_ONE]
write_consistency_levels_disallowed: [ANY]
user_timestamps_enabled: false
in_select_cartesian_product_fail_threshold: 2
partition_keys_in_select_fail_threshold: 2
allow_filtering_enabled: false
dynamic_data_masking_enabled: true
permissions_validity: 0ms
roles_validity: 0ms
YAML
{
	local @ENV{ keys %ring } = values %ring;
	system("$ENV{DEV}/cassandra start $dir >$dir/log 2>&1") == 0 or BAIL_OUT("no Cassandra: " . `cat $dir/log`);
}
END { if ($dir) { my $status = $?; system("$ENV{DEV}/cassandra stop $dir >/dev/null 2>&1"); $? = $status; } }
my ($host, $port) = `cat $dir/env` =~ /SCYLLA_HOST=(\S+) SCYLLA_PORT=(\d+)/;

my %user = (boss => [ 'cassandra', 'cassandra' ], plain => [ 'plain', 'secret' ]);
for my $server (sort keys %user)
{
	query("CREATE SERVER $server FOREIGN DATA WRAPPER scylla_fdw "
		. server_options(host => $host, port => $port, request_timeout => 30000, max_in_flight => 1)); # a vector index fails beside others' writes
	query("CREATE USER MAPPING FOR CURRENT_USER SERVER $server "
		. server_options(username => $user{$server}[0], password => $user{$server}[1]));
}
sub cql { return query(join '', map { (my $v = $_) =~ s/'/''/g; "SELECT scylla_fdw_execute('boss', '$v');\n" } @_); }

cql(q{CREATE KEYSPACE g WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}},
	(map { "CREATE TABLE g.a$_ (p int PRIMARY KEY)" } 1 .. 3),
	'CREATE TABLE g.t (p int, c int, v int, w int, e vector<float, 2>, PRIMARY KEY (p, c))',
	'CREATE TABLE g.large (p int, c int, b blob, PRIMARY KEY (p, c))',
	q{CREATE INDEX ON g.t (v) USING 'sai'}, q{CREATE INDEX ON g.t (e) USING 'sai'},
	q{CREATE ROLE plain WITH PASSWORD = 'secret' AND LOGIN = true}, 'GRANT ALL ON KEYSPACE g TO plain');

# its own requests, for the topology, the schema and estimates
my $vector = !(psql('CREATE EXTENSION vector'))[0];
query('CREATE SCHEMA g; IMPORT FOREIGN SCHEMA g FROM SERVER plain INTO g');
is(query(q{SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'g'::regnamespace}), 'a1 a2 a3 large t',
	'more tables are imported than an IN may list');
query(q{INSERT INTO g.t (p, c, v, w, e) SELECT p, c, p, c, ARRAY[p, c]::real[] FROM generate_series(1, 3) p, generate_series(1, 3) c});

# Options of the table are set for some SQL.
sub with_options
{
	my ($options, $sql) = @_;
	my @name = $options =~ /(\w+) '/g;
	my @done = psql('ALTER FOREIGN TABLE g.t OPTIONS (' . join(', ', map { "ADD $_" } $options =~ /\w+ '[^']*'/g) . "); $sql");

	query('ALTER FOREIGN TABLE g.t OPTIONS (' . join(', ', map { "DROP $_" } @name) . ')');
	return @done;
}

# It fails with some options, and the hint names one; with others there is the answer.
sub guarded
{
	my ($what, $sql, $failing, $hint, $working, $answer) = @_;

	like((with_options($failing, $sql))[2], qr/Guardrail .* violated.*\n(?:.*\n)*HINT: .*"$hint"/, "$what: the hint names $hint");
	is((with_options($working, $sql))[1], $answer, "$what: with $working");
	return;
}

my $page = "fetch_size '600'";
guarded('pages', 'SELECT count(w) FROM (SELECT w FROM g.t OFFSET 0) t', "fetch_size '601'", 'fetch_size', $page, 9);
guarded('an index', 'SELECT count(*) FROM g.t WHERE v = 1', $page, 'pushdown', "$page, pushdown 'keys, filtering, aggregates, vectors'", 3);
guarded('groups', 'SELECT p, count(*) FROM g.t GROUP BY p ORDER BY p', $page, 'pushdown', "$page, pushdown 'keys'", "1|3\n2|3\n3|3");
guarded('filtering', 'SELECT count(*) FROM g.t WHERE w = 2', "$page, allow_filtering 'true'", 'allow_filtering',
	"$page, allow_filtering 'true', pushdown 'keys, indexes'", 3);
guarded('filtering of keys', 'SELECT count(*) FROM g.t WHERE c = 2', "$page, allow_filtering 'true'", 'allow_filtering',
	"$page, allow_filtering 'false'", 3);
guarded('the level of reads', 'SELECT count(*) FROM g.t', "$page, read_consistency 'one'", 'read_consistency', $page, 9);
guarded('the level of writes', 'INSERT INTO g.t (p, c) VALUES (1, 1) RETURNING p', "$page, write_consistency 'any'", 'write_consistency', $page, 1);
guarded('batches', 'WITH w AS (INSERT INTO g.t (p, c) VALUES (1, 1), (1, 2)) SELECT 1', "$page, batch_mode 'partition'", 'batch_mode',
	"$page, batch_mode 'none'", 1);
SKIP:
{
	skip 'needs pgvector', 2 unless $vector;
	guarded('nearest vectors', q{SELECT p, c FROM g.t ORDER BY e <=> '[1, 2]' LIMIT 1}, $page, 'pushdown', "$page, pushdown 'none'", '1|2');
}

# what is not about text and options at all
query("ALTER FOREIGN TABLE g.t OPTIONS (ADD $page)");
is(query('SELECT count(*) FROM g.t WHERE p IN (1, 2, 3, 4) AND c IN (1, 2, 3)'), '9', 'lists are requests of their own');
is(query(q{SET scylla_fdw.write_timestamp = 1; INSERT INTO g.t (p, c, w) VALUES (1, 1, 100); RESET scylla_fdw.write_timestamp;
	UPDATE g.t SET w = 10 * c WHERE p = 3; DELETE FROM g.t WHERE p = 2 AND c > 1; SELECT p, c, w FROM g.t ORDER BY p, c}),
	"1|1|1\n1|2|2\n1|3|3\n2|1|1\n3|1|10\n3|2|20\n3|3|30", 'timestamps of a request are none of its text');
is(query(q{ANALYZE g.t; SELECT reltuples FROM pg_class WHERE oid = 'g.t'::regclass}), '7', 'ANALYZE');
is(query(q{INSERT INTO g.t (p, c, w) VALUES (1, 1, 5) ON CONFLICT DO NOTHING; TRUNCATE g.t; SELECT count(*) FROM g.t}), '0',
	'conditions, TRUNCATE');

# as large as they are, a page of 600 would be too much for a node: so many are never asked for
query(q{INSERT INTO g.large SELECT 1, c, decode(repeat('00', 100000), 'hex') FROM generate_series(1, 5) c});
is(query(q{DELETE FROM g.large WHERE p = 1 AND c > 4; DELETE FROM g.large WHERE p = 1 AND c > 3; SELECT count(*) FROM g.large WHERE p = 1}),
	"3", 'large rows are counted by small pages');

# by hand, a hint about the planner would help nobody
unlike((psql(q{SELECT scylla_fdw_query('plain', 'SELECT * FROM g.t WHERE w = 1 ALLOW FILTERING')}))[2], qr/HINT/, 'CQL by hand');

# keys that are masked for a role: its rows cannot be written back, and nothing is sent
cql(q{CREATE KEYSPACE m WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}},
	'GRANT SELECT ON KEYSPACE m TO plain', 'GRANT MODIFY ON KEYSPACE m TO plain', 'GRANT SELECT_MASKED ON KEYSPACE m TO plain',
	q{CREATE TABLE m.masked (k text MASKED WITH mask_replace('****') PRIMARY KEY, n int)},
	q{CREATE TABLE m.value (k text PRIMARY KEY, n int MASKED WITH DEFAULT)});
query("ALTER SERVER plain OPTIONS (ADD $page)");
my ($rc, $out, $err) = psql('CREATE SCHEMA m; IMPORT FOREIGN SCHEMA m FROM SERVER plain INTO m');
is(scalar(() = $err =~ /WARNING/g), 1, 'import warns of a masked key, and of no other column') or diag($err);
like($err, qr/key column "k" of table "m.masked" is masked for this role/, 'import names it');
query(q{CREATE FOREIGN TABLE m.of_boss (k text, n int) SERVER boss OPTIONS (keyspace 'm', "table" 'masked')});
query(q{INSERT INTO m.masked VALUES ('alice', 1), ('bob', 2); INSERT INTO m.value VALUES ('carol', 3)});
is(query('SELECT k FROM m.masked LIMIT 1'), '****', 'the role sees masks');
for my $sql (q{UPDATE m.masked SET n = 77 WHERE n = 1}, q{DELETE FROM m.masked WHERE n = 1}, q{DELETE FROM m.masked WHERE k = 'alice'},
	q{UPDATE m.masked SET n = 77 WHERE k = 'alice' RETURNING n})
{
	($rc, $out, $err) = psql($sql);
	like($err, qr/42501: key column "k" of foreign table "masked" is masked for this role of the cluster/, $sql);
	like($err, qr/HINT:  The role needs the permission UNMASK on table "m.masked"/, "$sql: hint");
}
is(query('SELECT k, n FROM m.of_boss ORDER BY k'), "alice|1\nbob|2", 'nothing was written');
is(query(q{UPDATE m.of_boss SET n = 10 WHERE k = 'alice' RETURNING k, n}), 'alice|10', 'a superuser of the cluster works on');
is(query(q{UPDATE m.value SET n = 30 WHERE k = 'carol' RETURNING k}), 'carol', 'a masked value is no key');
my $planned = background(q{PREPARE p AS UPDATE m.masked SET n = n + 1 WHERE n > 0;});
cql('CREATE ROLE seers', 'GRANT UNMASK ON TABLE m.masked TO seers', 'GRANT seers TO plain');
ok(await('the right is there', sub { (psql('UPDATE m.masked SET n = n + 1 WHERE n > 0'))[0] == 0 }), 'UNMASK that was granted to a role of the role');
is(query('SELECT k, n FROM m.of_boss ORDER BY k'), "alice|11\nbob|3", 'its rows are written');
$planned->send('SET plan_cache_mode = force_generic_plan; EXECUTE p;');
await('the plan is made', sub { query('SELECT n FROM m.of_boss WHERE k = \'bob\'') == 4 });
cql('REVOKE UNMASK ON TABLE m.masked FROM seers');
await('the right is gone', sub { query('SELECT min(k) FROM m.masked') eq '****' });
($rc, $out, $err) = $planned->send('EXECUTE p;')->finish;
like($err, qr/is masked for this role/, 'a plan that was made before');
is(query('SELECT k, n FROM m.of_boss ORDER BY k'), "alice|12\nbob|4", 'wrote nothing');

done_testing();
