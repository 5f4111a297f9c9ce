# Tables change while a session knows them: others' changes are heard and noticed by the next statement, without
# asking at each one; a change between PREPARE and EXECUTE, or between two pages, is decoded as it is.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_schema');

my $node;

# A node, our server s, and another one, "elsewhere", with a client of its own.
sub start_node
{
	$node = ScyllaTest::Node->start('keyspace ks simple 1', @_);
	for my $server ('s', 'elsewhere')
	{
		query(sprintf 'DROP SERVER IF EXISTS %s CASCADE; CREATE SERVER %1$s FOREIGN DATA WRAPPER scylla_fdw %s',
			$server, server_options(host => $node->{address}, port => $node->{port}));
		query("CREATE USER MAPPING FOR CURRENT_USER SERVER $server");
	}
	return;
}

sub elsewhere
{
	query("SELECT scylla_fdw_execute('elsewhere', \$\$$_\$\$)") for @_;
	return;
}

# Events come in order: what follows from the last one is seen when the topology is read again.
sub events_are_heard
{
	my $queries = $node->count('QUERY');

	$node->order("event STATUS_CHANGE UP $node->{address} $node->{port}");
	return await('the topology is read again', sub { $node->count('QUERY') >= $queries + 3 });
}

# Runs SQL in a session to its end: what it printed.
my $marks = 0;
sub says
{
	my ($session, $sql) = @_;
	my $mark = 'mark ' . ++$marks;

	$session->{out} = '';
	$session->send("$sql\n\\echo $mark");
	eval { $session->shows(qr/^$mark$/m) } or return "no end: $session->{err}";
	return $session->{out} =~ s/^$mark\n//mr =~ s/\n\z//r;
}

# The same, and how often it had a table described. A warning changes nothing, and is counted.
my $count_descriptions = 'on QUERY text "system_schema.columns" warn "counted"';
sub describes
{
	my ($session, $sql, $expected, $times, $label) = @_;
	my $before = $node->count('faults');

	is(says($session, $sql), $expected, "$label: its result");
	is($node->count('faults') - $before, $times, "$label: described $times times");
	return;
}

# ---- what others change ----

start_node('table ks.t (id int PRIMARY KEY, s text)', "row ks.t (1, 'one')", $count_descriptions);
query(q{CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks')});
my $session = background('');
my $select = 'SELECT s FROM t WHERE id = 1;';

describes($session, $select, 'one', 1, 'first');
describes($session, $select, 'one', 0, 'again');
$node->order('event SCHEMA_CHANGE UPDATED TABLE ks t');
ok(events_are_heard(), 'an event');
describes($session, $select, 'one', 1, 'after an event');
describes($session, $select, 'one', 0, 'once');
ok(events_are_heard(), 'an event that is not of the schema');
describes($session, $select, 'one', 0, 'after that');

# only of what the event names, or may mean
for ([0, 'another table', 'TABLE ks other'], [0, 'another keyspace', 'KEYSPACE ks2'], [0, 'a type elsewhere', 'TYPE ks2 u'],
	[1, 'a type', 'TYPE ks u'], [1, 'the keyspace', 'KEYSPACE ks'], [1, 'something else', 'TRIGGER ks other'])
{
	my ($times, $label, $what) = @$_;

	$node->order("event SCHEMA_CHANGE UPDATED $what");
	ok(events_are_heard(), "an event of $label");
	describes($session, $select, 'one', $times, "after an event of $label");
}
$node->order("event SCHEMA_CHANGE UPDATED TABLE ks other$_") for 1 .. 60;
ok(events_are_heard(), 'events of many tables');
describes($session, $select, 'one', 0, 'after events of many tables');
$node->order("event SCHEMA_CHANGE UPDATED TABLE ks other$_") for 1 .. 70;
ok(events_are_heard(), 'events of more tables than are remembered');
describes($session, $select, 'one', 1, 'after events of more tables than are remembered');
describes($session, $select, 'one', 0, 'once for these');

# The key is another one: by the old description this would ask for a partition that the table cannot name any more.
elsewhere('DROP TABLE ks.t', 'CREATE TABLE ks.t (s text PRIMARY KEY, id int)', q{INSERT INTO ks.t (id, s) VALUES (1, 'new')});
ok(events_are_heard(), 'made anew elsewhere');
describes($session, $select, 'new', 1, 'made anew elsewhere');
like(says($session, q{EXPLAIN (COSTS OFF) SELECT id FROM t WHERE s = 'new';}), qr/Key: s$/m, 'with its new key');
is(says($session, q{INSERT INTO t VALUES (2, 'two'); SELECT id FROM t WHERE s = 'two';}), '2', 'and written by it');

# Our own DDL: forgotten at once, and once more for the event, not again and again.
is(says($session, q{SELECT scylla_fdw_execute('s', 'ALTER TABLE ks.t ADD n int');}), '', 'our own change');
ok(events_are_heard(), 'our own change is heard of');
describes($session, $select, 'new', 1, 'after our own change');
describes($session, $select, 'new', 0, 'and then');

# A connection lost: what was said meanwhile is not known.
$node->order('reset');
$node->order('disconnect');
ok(await('the control connection is back', sub { $node->count('REGISTER') == 1 }), 'the control connection is made again');
ok(events_are_heard(), 'the control connection is back');
describes($session, $select, 'new', 1, 'after a lost connection');
describes($session, $select, 'new', 0, 'once for that');
is(($session->finish)[2], '', 'and nothing was said');
$node->stop;

# ---- writes that others' changes concern ----

start_node('type ks.u (a int)', 'table ks.w (id int PRIMARY KEY, u u)', 'table ks.d (id int PRIMARY KEY, n int)', 'row ks.d (1, 1)', 'table ks.other (id int PRIMARY KEY)');
query(q{CREATE FOREIGN TABLE w (id int, u jsonb) SERVER s OPTIONS (keyspace 'ks');
CREATE FOREIGN TABLE d (id int, c int, n int) SERVER s OPTIONS (keyspace 'ks')});
$session = background('\set ON_ERROR_STOP off');
is(says($session, q{INSERT INTO w VALUES (1, '{"a": 1}'); UPDATE w SET u = '{"a": 2}' WHERE id = 1;}), '', 'prepared');

# Of a change that is none of theirs.
$node->order('reset');
elsewhere('ALTER TABLE ks.other ADD n int');
ok(events_are_heard(), 'a table is altered');
my $prepared = $node->count('PREPARE');
is(says($session, q{INSERT INTO w VALUES (2, '{"a": 1}'); INSERT INTO w VALUES (3, '{"a": 1}');}), '', 'another table was altered');
is($node->count('PREPARE') - $prepared, 0, 'another table was altered: nothing is asked');

elsewhere('ALTER TYPE ks.u ADD b text');
ok(events_are_heard(), 'a type is altered');
is(says($session, q{INSERT INTO w VALUES (4, '{"a": 4, "b": "four"}'); UPDATE w SET u = '{"a": 3, "b": "three"}' WHERE id = 3;
SELECT u FROM w WHERE id = 4; SELECT u FROM w WHERE id = 3;}), qq({"a": 4, "b": "four"}\n{"a": 3, "b": "three"}), 'a field more is written');

# in mid-load: the nodes ask to have the statement prepared again, and the values stay valid without the field
$node->order('reset');
$node->order('on EXECUTE text "INSERT" nth 10 hold');
$session->send(q{INSERT INTO w SELECT g, '{"a": 1}' FROM generate_series(100, 3099) g; SELECT 'lo' || 'aded';});
ok(await('rows are on their way', sub { $node->count('held') == 1 }), 'a load is under way');
elsewhere('ALTER TYPE ks.u ADD b1 text');
$node->order($_) for 'forget', 'clear', 'release';
ok($session->shows(qr/loaded/), 'a type is altered in mid-load');
is(says($session, q{SELECT count(*), min(u::text) FROM w WHERE id >= 100;}), '3000|{"a": 1, "b": null, "b1": null}', 'all rows are there');
cmp_ok($node->count('PREPARE'), '>', 0, 'the statement was prepared again');

# a write that is kept for the next statement
says($session, q{BEGIN; SET LOCAL scylla_fdw.flush_at = 'transaction'; INSERT INTO w VALUES (5, '{"a": 5, "b": "five"}');});
elsewhere('ALTER TYPE ks.u ADD c int');
ok(events_are_heard(), 'a type is altered within a transaction');
is(says($session, q{INSERT INTO w VALUES (6, '{"c": 6}'); COMMIT; SELECT u FROM w WHERE id = 5; SELECT u FROM w WHERE id = 6;}),
	qq({"a": 5, "b": "five", "c": null, "b1": null}\n{"a": null, "b": null, "c": 6, "b1": null}), 'within a transaction');
is(($session->finish)[2], '', 'and nothing was said');

# The plans of a function: by the old key, the rest of the partition would go with the row.
$session = background('\set ON_ERROR_STOP off');
is(says($session, q{CREATE FUNCTION pg_temp.clean() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM d WHERE n = 1; END $$;
SELECT pg_temp.clean();}), '', 'planned, and one row deleted');
elsewhere('DROP TABLE ks.d', 'CREATE TABLE ks.d (id int, c int, n int, PRIMARY KEY (id, c))',
	map { "INSERT INTO ks.d (id, c, n) VALUES (1, $_, $_)" } 1 .. 3);
ok(events_are_heard(), 'the key has grown');
says($session, 'SELECT pg_temp.clean();');
like($session->{err}, qr/ERROR: .*primary key of foreign table "d" has changed.*\nHINT:  Repeat the statement/, 'nothing is deleted by the old key');
is(says($session, 'SELECT pg_temp.clean(); SELECT c FROM d ORDER BY c;'), "\n2\n3", 'one row by the new one');
elsewhere('DROP TABLE ks.d', 'CREATE TABLE ks.d (n int, id int, c int, PRIMARY KEY (n, id))', 'INSERT INTO ks.d (n, id, c) VALUES (1, 1, 1)');
ok(events_are_heard(), 'the key is another one');
says($session, 'SELECT pg_temp.clean();');
is(says($session, 'SELECT pg_temp.clean(); SELECT count(*) FROM d;'), "\n0", 'another key');
$session->finish;
$node->stop;

# ---- between PREPARE and EXECUTE, and between pages ----

my @rows = map { "row ks.t ($_, {a: $_}, 't$_', $_)" } 1 .. 6;

for my $wire ('protocol 4', 'protocol 5', 'scylla 2')
{
	start_node($wire, 'type ks.u (a int)', 'table ks.t (id int PRIMARY KEY, u u, s text, n int)', @rows);
	query(q{CREATE FOREIGN TABLE t (id int, u jsonb, s text, n int) SERVER s OPTIONS (keyspace 'ks', fetch_size '2')});
	query(q{UPDATE pg_class SET reltuples = 1, relpages = 1 WHERE relname = 't'});	# small: read as a whole, page after page

	# prepared, and its answer is on its way
	my $prepare = 'on PREPARE text "SELECT" times 1 hold';
	$node->order($prepare);
	my $reader = background(q{SELECT string_agg(u::text, ' ' ORDER BY id) FROM t;});
	ok(await('prepared', sub { $node->count('held') == 1 }), "$wire: prepared");
	elsewhere('ALTER TYPE ks.u ADD b text', q{UPDATE ks.t SET u = {a: 0, b: 'new'} WHERE id = 3});
	$node->order('release');
	is(($reader->finish)[1], '{"a": 1, "b": null} {"a": 2, "b": null} {"a": 0, "b": "new"} '
		. join(' ', map { "{\"a\": $_, \"b\": null}" } 4 .. 6) . "\n", "$wire: altered between PREPARE and EXECUTE");

	# the first page is read, the second not asked for
	my $cursor = background('BEGIN; DECLARE c CURSOR FOR SELECT id, u, s FROM t;');
	my @before = split /\n/, says($cursor, 'FETCH 1 FROM c;');
	elsewhere('ALTER TYPE ks.u ADD c int', 'ALTER TABLE ks.t DROP s', 'ALTER TABLE ks.t ADD s blob',
		map { "UPDATE ks.t SET s = 0xfe WHERE id = $_" } 1 .. 6);
	my @after = split /\n/, says($cursor, 'FETCH ALL FROM c; COMMIT;');
	is(@before + @after, 6, "$wire: altered between pages: all rows");
	for my $row (@before, shift @after)
	{
		like($row, qr/^(\d)\|\{"a": \d, "b": (null|"new")\}\|t\1$/, "$wire: the first page as it was: $row");
	}
	for my $row (@after)
	{
		like($row, qr/^\d\|\{"a": \d, "b": (null|"new"), "c": null\}\|0xfe$/, "$wire: the others as they are: $row");
	}
	is(($cursor->finish)[2], '', "$wire: and nothing was said");

	# to a type that the column here cannot hold
	$cursor = background('\set ON_ERROR_STOP off' . "\nBEGIN; DECLARE c CURSOR FOR SELECT n FROM t;");
	like(says($cursor, 'FETCH 1 FROM c;'), qr/^\d$/, "$wire: a number");
	elsewhere('ALTER TABLE ks.t DROP n', 'ALTER TABLE ks.t ADD n blob');
	says($cursor, 'FETCH ALL FROM c; ROLLBACK;');
	like(($cursor->finish)[2], qr/ERROR: .*blob.*\n(?:.*\n)*CONTEXT:  column "n" of foreign table "t"/, "$wire: then none: the error names the column");
	$node->stop;
}

# CREATE INDEX is over when the nodes have built the index, and know of each other that they have; a cancel ends it at once
my $create = q{SELECT scylla_fdw_execute('s', 'CREATE INDEX i_n ON ks.i (n)');};
my $built = q{row system."IndexInfo" ('ks', 'i_n')};
my @indexed = ('table ks.i (id int PRIMARY KEY, n int)', q{row system_schema.indexes ('ks', 'i', 'i_n', 'COMPOSITES', {'target': 'n'})},
	'table system."IndexInfo" (table_name text, index_name text, PRIMARY KEY (table_name, index_name))',
	'keyspace system_views simple 1', 'table system_views.gossip_info (address text PRIMARY KEY, index_status text)', 'on QUERY text "IndexInfo" warn "looked"');
for my $status ('{"ks":{"other":1,"i_n":%d},"system":{"i_n":1}}', '{"ks.other":"FULL_REBUILD_STARTED","ks.i_n":"%s"}')
{
	my ($building, $failed, $done) = map { my $state = $_; "row system_views.gossip_info ('a', '" . sprintf($status, $state) . "')" }
		$status =~ /%d/ ? (1, 2, 3) : qw(FULL_REBUILD_STARTED BUILD_FAILED BUILD_SUCCEEDED);

	start_node(@indexed, $building);
	my $session = background($create);
	ok(await('looks at what is built', sub { $node->count('faults') > 3 }), 'waits until it is built');
	$node->order($_) for 'clear', 'on QUERY text "gossip_info" warn "looked"', $built;
	my $seen = $node->count('faults');
	ok(await('looks at what is heard', sub { $node->count('faults') > $seen + 3 }), 'waits until the others know');
	$node->order($done);
	is(join('|', $session->finish), "0|\n|", 'and is over then');
	$node->order($failed);
	like((psql($create))[2], qr/WARNING: .*an index of table "ks\.i" could not be built on a node/, 'failed: a warning');
	$node->order($building);
	like((psql("SET statement_timeout = '300ms'; $create"))[2], qr/57014/, 'a cancel ends the wait');
	$node->stop;
}
# who has no right to see that asks for rows
my @forbidden = (@indexed, 'clear', 'on QUERY text "IndexInfo" error 0x2100 "no"');
start_node(@forbidden, 'on QUERY text "WHERE ""n"" = 0 LIMIT 1" error 0x1300 "INDEX_NOT_AVAILABLE"');
my $asking = background($create);
ok(await('asks for rows', sub { $node->count('faults') > 5 }), 'without rights: waits until rows can be asked for');
$node->order($_) for 'clear', 'on QUERY text "IndexInfo" error 0x2100 "no"';
is(join('|', $asking->finish), "0|\n|", 'and is over then');
$node->stop;
start_node(@forbidden, 'on QUERY text "LIMIT 1" error 0x2100 "nor this"');
like((psql($create))[2], qr/WARNING: .*cannot see whether the indexes of table "ks\.i" are built/, 'and if they cannot: a warning');
$node->stop;
start_node(@indexed, $built, 'on QUERY text "gossip_info" error 0x2200 "no such table"');
is((psql($create))[2], '', 'before Cassandra 5, and in ScyllaDB, nodes tell only what they have built');
$node->stop;

done_testing();
