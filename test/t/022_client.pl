# What a session's clients are to others: to the server they take descriptors from, and to the nodes that list them.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_client');

my @table = ('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))');
my $node = ScyllaTest::Node->start(@table);

sub server
{
	my ($name) = @_;

	return sprintf(q{CREATE SERVER %s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER %s;
		CREATE FOREIGN TABLE %s (id int, s text) SERVER %s OPTIONS (keyspace 'ks', "table" 't');},
		$name, server_options(host => $node->{address}, port => $node->{port}), ($name) x 3);
}

# many servers in one session, up to what the server allows a session; what it has open by then goes on
my $servers = 100;
query(join "\n", map { server("s$_") } 1 .. $servers);
my $descriptors = q{SELECT count(*) FROM pg_ls_dir('/proc/' || pg_backend_pid() || '/fd');};
my $opens = join "\n", map { "SELECT 'opened' FROM s$_ WHERE id = 1 UNION ALL SELECT 'opened';" } 1 .. $servers;
my (undef, $out, $err) = within(120, 'a hundred servers',
	sub { psql("\\set ON_ERROR_STOP off\n$descriptors\n$opens\n$descriptors\nSELECT count(*) FROM s1;") });
my @lines = split /\n/, $out;
my $opened = grep { $_ eq 'opened' } @lines;
my $used = ($lines[-2] - $lines[0]) / $opened;
cmp_ok($opened, '>=', 25, "many servers in one session: $opened");
cmp_ok($used, '<=', 11.5, "descriptors of a client: $used");	# as many as are accounted for, and one for all
my $refused = () = $err =~ /ERROR:  08001: could not connect to server "s\d+"\n.*DETAIL:  There are too many open files on the local server/g;
is($refused, $servers - $opened, 'the others are refused') or diag($err);
like($err, qr/HINT:  Raise the server's max_files_per_process/, 'with a hint') if $refused;
is($lines[-1], '0', 'and the session goes on');

# they come back
my $rounds = join "\n", map { "SELECT 'opened' FROM s$_ WHERE id = 1 UNION ALL SELECT 'opened'; SELECT scylla_fdw_disconnect_all();" } 1 .. $servers;
(undef, $out, $err) = within(120, 'one after the other', sub { psql("$descriptors\n$rounds\n$descriptors") });
@lines = split /\n/, $out;
is((grep { $_ eq 'opened' } @lines) . $err, $servers, 'a hundred servers, one after the other');
cmp_ok($lines[-1] - $lines[0], '<=', 3, 'all descriptors are given back');

# requests in flight: the setting beats the option, for what is running, too
query(q{ALTER SERVER s1 OPTIONS (ADD max_in_flight '3')});
$node->order('latency 2000');
sub most_in_flight
{
	my ($sql) = @_;

	$node->order('reset');
	query("BEGIN; SET scylla_fdw.flush_at = 'transaction'; SELECT 1 FROM s1 WHERE id = -1; $sql COMMIT;");
	return $node->count('max_in_flight');
}
my $rows = q{INSERT INTO s1 SELECT g, 'x' FROM generate_series(1, 100) g;};
my $more = q{SET LOCAL scylla_fdw.max_in_flight = 30;};
cmp_ok(most_in_flight($rows), '<=', 3, 'as many in flight as the option says');
my $most = most_in_flight("$more $rows");
ok($most > 10 && $most <= 30, "as many as the setting says: $most");
$most = most_in_flight("$rows $more $rows");
ok($most > 10 && $most <= 30, "a client that is open already: $most");
cmp_ok(most_in_flight("$more SET LOCAL scylla_fdw.max_in_flight = 0; $rows"), '<=', 3, 'and as the option says again');
$most = most_in_flight(q{INSERT INTO s1 SELECT g, set_config('scylla_fdw.max_in_flight', CASE WHEN g < 50 THEN '0' ELSE '30' END, true)
	FROM generate_series(1, 200) g;});
ok($most > 10 && $most <= 30, "in the middle of a statement: $most");

# progress goes to whoever asked for the command, and to the server's log where that is wanted
query(q{ALTER SERVER s1 OPTIONS (ADD request_timeout '60000')});
my $load = q{INSERT INTO s1 SELECT g, 'x' FROM generate_series(1, 10) g;};
my $log = q{encode(pg_read_binary_file(current_setting('data_directory') || '/../log'), 'escape')}; # other tests' bytes are in it
for my $level ('warning', 'info')
{
	my $told = qr/INFO:  .*: 10 rows sent, 10 acknowledged, 0 failed, \d+ rows\/s/;
	my (undef, $written, $progress) = psql(<<"SQL");
CREATE TEMP TABLE before AS SELECT length($log) AS size;
SET log_min_messages = $level; SET scylla_fdw.progress_interval = '1s'; $load
SELECT substr($log, size + 1) FROM before;
SQL
	like($progress, $told, "log_min_messages = $level: the client sees progress");
	($level eq 'info' ? \&like : \&unlike)->($written, $told, "log_min_messages = $level: the log");
}

# of statements that share a write, all rows are counted
my (undef, undef, $progress) = psql(q{SET scylla_fdw.progress_interval = '1s'; BEGIN; SET LOCAL scylla_fdw.flush_at = 'transaction';
	INSERT INTO s1 VALUES (1, 'x'); INSERT INTO s1 VALUES (2, 'x'); COMMIT});
like($progress, qr/INFO:  .*: 2 rows sent, 2 acknowledged/, 'progress of single rows');

# what the client has lived through: each request that had to be sent again is counted, and no value told
my $other = ScyllaTest::Node->start(@table);
my $there = "$other->{address}:$other->{port}";
sub other
{
	my ($name, $options, $mapping) = @_;

	query(sprintf q{CREATE SERVER %s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER %s %s;
		CREATE FOREIGN TABLE %s (id int, s text) SERVER %s OPTIONS (keyspace 'ks', "table" 't');},
		$name, server_options(host => $other->{address}, port => $other->{port}, %$options), $name, $mapping, $name, $name);
	return "SELECT what, node, detail, times FROM scylla_fdw_events('$name');";
}
my $events = other('e', { connect_timeout => 1000 }, '');
$other->order('on EXECUTE times 10 error 0x1001 "busy with key 4711"');
$other->order('on EXECUTE nth 15 unprepared');
my $told = query("INSERT INTO e SELECT g, 'x' FROM generate_series(1, 100) g; $events");
like($told, qr/^connected\|\Q$there\E\|control connection, protocol version 5\|1$/m, 'events: the control connection');
like($told, qr/^connected\|\Q$there\E\|for requests, protocol version 5\|1$/m, 'events: one for requests');
like($told, qr/^topology read\|\Q$there\E\|nodes: 1, in data center "dc1"\|1$/m, 'events: the topology');
like($told, qr/^request retried\|\Q$there\E\|overloaded \(0x1001\)\|10$/m, 'events: retries are counted');
like($told, qr/^request retried\|\Q$there\E\|unprepared \(0x2500\)\|1$/m, 'events: and told by their reason');
like($told, qr/^prepared again\|\Q$there\E\|the node had forgotten the statement\|1$/m, 'events: a statement that was forgotten');
unlike($told, qr/4711/, 'events: no text of a node about a request');
is(() = grep({ !/^window moved/ } $told =~ /^.+$/mg), 6, 'events: nothing else');
$other->order('clear');

# of a connection that is lost, and of a cluster that is gone; who asks does not try again
my $loses = ScyllaTest::background("SELECT count(*) FROM e WHERE id = 1;");
$loses->shows(qr/^1$/m);
$other->order('event SCHEMA_CHANGE UPDATED TABLE ks t');
$other->order('refuse');
$other->order('disconnect');
sub until_told { return "DO \$\$ BEGIN WHILE NOT EXISTS (SELECT FROM scylla_fdw_events('e') WHERE what = '$_[0]') LOOP PERFORM pg_sleep(0.01); END LOOP; END \$\$;" }
$loses->send(join ' ', until_told('connection lost'), until_told('cluster down'), $events, '\q');
(undef, $told, undef) = $loses->finish;
like($told, qr/^schema changed\|\Q$there\E\|TABLE ks\.t UPDATED\|1$/m, 'events: the schema');
like($told, qr/^connection lost\|\Q$there\E\|.*(closed|reset).*\|2$/m, 'events: both connections are lost');
like($told, qr/^unreachable\|\Q$there\E\|connection refused\|\d+$/m, 'events: and are not made again');
like($told, qr/^cluster down\|\|\Q$there\E: .*\|1$/m, 'events: so the cluster is down');
$other->stop;

# of a node that lets nobody in; and no password
$other = ScyllaTest::Node->start(@table, 'auth joe secret');
$there = "$other->{address}:$other->{port}";
$events = other('refusing', { connect_timeout => 1000 }, q{OPTIONS (username 'joe', password 'geheim')});
(undef, $told, undef) = psql("\\set ON_ERROR_STOP off\nSELECT * FROM refusing WHERE id = 1; $events");
like($told, qr/^handshake refused\|\Q$there\E\|.+\|1$/m, 'events: a handshake that was refused');
unlike($told, qr/geheim|secret/, 'events: no password');
$other->stop;

# the CQL of each statement in the server's log, once, without values
$other = ScyllaTest::Node->start(@table);
other('lg', {}, '');
sub logged
{
	my ($sql) = @_;
	my (undef, $text, $errors) = psql(<<"SQL");
\\set ON_ERROR_STOP off
CREATE TEMP TABLE before AS SELECT length($log) AS size;
SET log_min_messages = log; SET scylla_fdw.log_cql = on; $sql;
RESET scylla_fdw.log_cql; SELECT 'log:', substr($log, size + 1) FROM before;
SQL
	$text =~ s/.*^log:\|//ms;
	return join "\n", $text =~ /LOG:  CQL for server "lg": (.*)/g;
}
is(logged(q{INSERT INTO lg SELECT g, 'geheim' || g FROM generate_series(1, 500) g}), 'INSERT INTO "ks"."t" ("id", "s") VALUES (?, ?)', 'log_cql: INSERT of many rows');
like(logged(q{SELECT * FROM lg}), qr/^SELECT "id", "s" FROM "ks"\."t" WHERE token\("id"\) > \? AND token\("id"\) <= \?$/, 'log_cql: SELECT, of many ranges and pages');
is(logged(q{SELECT s FROM lg WHERE id IN (4711, 4712)}), 'SELECT "s" FROM "ks"."t" WHERE "id" = ?', 'log_cql: SELECT of some keys');
is(logged(q{SELECT (SELECT s FROM lg WHERE id = g) FROM generate_series(4711, 4790) g}), 'SELECT "s" FROM "ks"."t" WHERE "id" = ?', 'log_cql: one that is executed for each row');
is(logged(q{UPDATE lg SET s = 'geheim' WHERE id = 4711}), qq{UPDATE "ks"."t" SET "s" = ? WHERE "id" = ?\nSELECT "id", "s" FROM "ks"."t" WHERE "id" = ?}, 'log_cql: UPDATE, which reads');
is(logged(q{DELETE FROM lg WHERE id = 4711}), qq{DELETE FROM "ks"."t" WHERE "id" = ?\nSELECT count(*) FROM "ks"."t" WHERE "id" = ?}, 'log_cql: DELETE, which counts');
is(logged(q{BEGIN; SET LOCAL scylla_fdw.flush_at = 'transaction'; INSERT INTO lg VALUES (1, 'x'); INSERT INTO lg VALUES (2, 'x'); COMMIT}),
	join("\n", ('INSERT INTO "ks"."t" ("id", "s") VALUES (?, ?)') x 2), 'log_cql: each of the statements that share a write');
is(logged('TRUNCATE lg'), 'TRUNCATE TABLE "ks"."t"', 'log_cql: TRUNCATE');
is(logged(q{SELECT scylla_fdw_execute('lg', $$INSERT INTO ks.t (id, s) VALUES (4711, 'geheim''s') -- geheim, too
$$)}), 'INSERT INTO ks.t (id, s) VALUES (?, ?)  ', 'log_cql: by hand, without literals') ;
is(logged(q{SELECT scylla_fdw_execute('lg', $x$CREATE ROLE "4711" WITH PASSWORD = 'ge''heim' AND OPTIONS = {'a': 1.5e-7, 'b': 0xfe} /* geheim */ AND u = a1b2c3d4-0000-1000-8000-a1b2c3d4e5f6 AND d = P1Y2M AND t = $$geheim$$ AND p1 = p1$x$)}),
	'CREATE ROLE "4711" WITH PASSWORD = ? AND OPTIONS = {?: ?, ?: ?}   AND u = ? AND d = ? AND t = ? AND p1 = p1', 'log_cql: by hand, of each kind');
is(logged(q{SELECT scylla_fdw_execute('lg', 'INSERT INTO "ks"."t (id, s) VALUES (4711, ''geheim'')')}), 'INSERT INTO "ks".?', 'log_cql: by hand, where a quote is forgotten');
is(logged(q{SELECT scylla_fdw_execute('lg', 'CREATE ROLE "R" WITH PASSWORD = ‘geheim’ AND a = b')}), 'CREATE ROLE "R" WITH PASSWORD = ? AND a = b', 'log_cql: by hand, in quotes that are none');
is(logged(q{SELECT * FROM scylla_fdw_query('lg', 'SELECT s FROM ks.t WHERE id = 4711')}), 'SELECT s FROM ks.t WHERE id = ?', 'log_cql: by hand, rows');
is(logged(q{EXPLAIN SELECT * FROM lg; SET scylla_fdw.log_cql = off; SELECT * FROM lg WHERE id = 1}), '', 'log_cql: nothing of what is not executed, or not wanted');
my (undef, undef, $denied) = psql(q{SELECT scylla_fdw_version(); CREATE ROLE tap_client_role; SET ROLE tap_client_role; SET scylla_fdw.log_cql = on});
like($denied, qr/ERROR:  42501: permission denied to set parameter "scylla_fdw\.log_cql"/, 'log_cql: superusers set it');

# CQL by hand: a name that is not there is told with the nearest one that is, in whichever words the node says it
$other->order($_) for 'keyspace warehouse simple 1', 'table warehouse.orders (id int, amount int, "Weight" int, PRIMARY KEY (id))',
	'table warehouse.parts (id int, colour text, PRIMARY KEY (id))';
sub by_hand
{
	my ($said, $cql, $code, $function) = @_;

	$other->order(sprintf q{on QUERY text "by_hand" error %s "%s"}, $code // '0x2200', $said =~ s/"/""/gr);
	my (undef, undef, $errors) = psql(sprintf q{SELECT %s('lg', $cql$%s AND by_hand = 'geheim'$cql$)}, $function // 'scylla_fdw_execute', $cql);
	$other->order('clear');
	like($errors, qr/ERROR:  HV000: \Q$said\E\n/, "by hand: $said") if !$code;
	unlike($errors, qr/geheim/, 'and no literal');
	return $errors =~ /^HINT:  Perhaps you meant the (.*)\.$/m ? $1 : '';
}
my ($orders, $misnamed) = ('SELECT amuont FROM warehouse.orders WHERE x = 1', 'SELECT * FROM warehouse.order WHERE x = 1');
for (['keyspace warehous does not exist', 'SELECT * FROM warehous.orders WHERE x = 1', 'keyspace "warehouse"'],
	['Keyspace warehous does not exist', 'SELECT * FROM warehous.orders WHERE x = 1', 'keyspace "warehouse"'],
	["Keyspace 'warehous' doesn't exist", 'DROP KEYSPACE warehous', 'keyspace "warehouse"'],
	['Cannot create a table in a non-existent keyspace: warehous', 'CREATE TABLE warehous.t (id int PRIMARY KEY)', 'keyspace "warehouse"'],
	["Cannot drop non existing keyspace 'warehous'.", 'DROP KEYSPACE warehous', 'keyspace "warehouse"', '0x2300'],
	['table order does not exist', $misnamed, 'table "orders"'],
	['unconfigured table order', $misnamed, 'table "orders"'],
	["Table 'warehouse.order' doesn't exist", 'DROP TABLE "warehouse" . "order"', 'table "orders"'],
	["Base table 'order' doesn't exist", 'CREATE MATERIALIZED VIEW warehouse.v AS SELECT * FROM warehouse.order', 'table "orders"'],
	["Table 'order' not found in keyspace 'warehouse'", 'DESCRIBE TABLE warehouse.order', 'table "orders"'],
	["Cannot drop non existing table 'order' in keyspace 'warehouse'.", 'DROP TABLE warehouse.order', 'table "orders"', '0x2300'],
	["Resource <table warehouse.order> doesn't exist.", 'GRANT SELECT ON warehouse.order TO joe', 'table "orders"'],
	['table part does not exist', 'BEGIN BATCH UPDATE warehouse.orders SET amount = 1 WHERE id = 1; UPDATE warehouse.part SET x = 1', 'table "parts"'],
	['Undefined column name amuont in table warehouse.orders', $orders, 'column "amount"'],
	['Undefined column name "weight" in table warehouse.orders', $orders, 'column "Weight"'],
	['Undefined column name color in table warehouse.parts', "BEGIN BATCH $orders; DELETE color FROM warehouse.parts WHERE id = 1", 'column "colour"'],
	["Column amuont was not found in table 'warehouse.orders'", 'ALTER TABLE warehouse.orders DROP amuont', 'column "amount"'],
	["Column with name 'amuont' doesn't exist on table 'orders'", 'ALTER TABLE warehouse.orders ALTER amuont MASKED', 'column "amount"'],
	["Unknown column 'amuont' referenced in PRIMARY KEY for materialized view 'v'", 'CREATE MATERIALIZED VIEW warehouse.v AS SELECT * FROM warehouse.orders', 'column "amount"'],
	['Cannot rename unknown column amuont in table orders', 'ALTER TABLE warehouse.orders RENAME amuont TO a', 'column "amount"'],
	['Unrecognized name amuont', $orders, 'column "amount"'],
	['Undefined name amuont in selection clause', $orders, 'column "amount"'],
	['Unknown identifier amuont', 'UPDATE warehouse.orders SET amuont = 1 WHERE id = 1', 'column "amount"'],
	['Unknown identifier amuont', 'INSERT INTO warehouse.orders /* FROM a.b */ (id, amuont) VALUES (1, $$ FROM a.b $$)', 'column "amount"'],

	# nobody knows
	['Unrecognized name amuont', 'BEGIN BATCH UPDATE warehouse.orders SET amuont = 1; UPDATE warehouse.parts SET colour = 1', ''],
	['Undefined column name entirely_else in table warehouse.orders', $orders, ''],
	['Undefined column name amount in table warehouse.orders', $orders, ''],
	['Column amuont is re-added', $orders, ''],
	['table order does not exist', q{SELECT ' FROM warehouse.order '}, ''],
	["Keyspace '", $orders, ''],
	['table', $orders, ''],
	['unknown table ', '', ''],
	['unknown column', $orders, ''],
	['Unknown function amuont', $orders, ''],
	['Unknown identifier amuont', $orders, '', '0x1003'])
{
	my ($said, $cql, $hint, $code) = @$_;
	is(by_hand($said, $cql, $code), $hint, $hint ? "hint: $hint" : 'no hint');
}
is(by_hand('Unrecognized name amuont', $orders, undef, 'scylla_fdw_query'), 'column "amount"', 'hint: of rows by hand');
for my $fault ('error 0x0000 "no"', 'close')
{
	$other->order(qq{on QUERY text "system_schema.columns" $fault});
	is(by_hand('Unrecognized name amuont', $orders), '', "names cannot be looked up, $fault: the error stays");
}

# errors: who may call somebody else's function does not see the values in its CQL
query(q{CREATE FUNCTION by_hand() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
	DECLARE cql text := 'SELECT s FROM ks.t WHERE id = ' || current_setting('scylla_tap.key') || ' AND s = ' || quote_literal(current_setting('scylla_tap.value'));
	BEGIN PERFORM scylla_fdw_execute('lg', cql); END$$});
$other->order('on QUERY text "geheim" error 0x2200 "no"');
my (undef, undef, $context) = psql(q{SET scylla_tap.key = 4711; SET scylla_tap.value = 'geheim'; SET ROLE tap_client_role; SELECT by_hand()});
$other->order('clear');
like($context, qr/CONTEXT:  CQL: SELECT s FROM ks\.t WHERE id = \? AND s = \?$/m, 'an error of CQL by hand: its text without literals');
unlike($context, qr/4711|geheim/, 'and nowhere else');
query('DROP ROLE tap_client_role');

done_testing();
