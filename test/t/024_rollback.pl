# What a rollback tells of rows that stay: by what was sent and what was answered, not by what the backend has looked at.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_rollback');

my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, s text, PRIMARY KEY (id))',
	'table ks.c (id int, c int, PRIMARY KEY (id, c))');
query(sprintf 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s',
	server_options(host => $node->{address}, port => $node->{port}, max_in_flight => 100, keep_connections => 'false'));
query('CREATE USER MAPPING FOR CURRENT_USER SERVER s');
query(q{CREATE FOREIGN TABLE t (id int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't')});
query(q{CREATE FOREIGN TABLE b (id int, s text) SERVER s OPTIONS (keyspace 'ks', "table" 't', batch_mode 'partition')});
query(q{CREATE FOREIGN TABLE c (id int, c int) SERVER s OPTIONS (keyspace 'ks', "table" 'c')});
query(q{CREATE FUNCTION waits(ok bool) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
	IF ok THEN RETURN 'x'; END IF;
	PERFORM pg_advisory_xact_lock(1);
	RETURN repeat('x', 10)::varchar(5)::text || (1 / 0);
END $$});

# Runs SQL while answers behind the first n are held until the node has so many of them: what the session's end was like.
sub while_held
{
	my ($rule, $held, $sql, $then) = @_;

	$node->order('reset');
	$node->order("on EXECUTE $rule hold");
	my $session = background($sql);
	await("$held answers are held", sub { $node->count('held') == $held });
	$then->($session);
	my ($rc, $out, $err) = $session->finish;
	$node->order('clear');
	$node->order('release');
	return $out, $err;
}

# Errors first: psql may print them behind warnings that come later.
sub warnings_of { return join "\n", ($_[0] =~ /ERROR:  \w+: (.*)$/mg), ($_[0] =~ /WARNING:  \w+: (.*)$/mg); }

my ($out, $err);

# rows that nobody has looked at
(undef, $err) = while_held('text "INSERT" after 1050', 100,
	q{SET scylla_fdw.flush_at = 'transaction'; BEGIN; INSERT INTO t SELECT g, 'x' FROM generate_series(1, 4000) g;},
	sub { $_[0]->send('ROLLBACK; SELECT count(*) FROM scylla_fdw_get_connections();') });
is(warnings_of($err), 'the transaction is rolled back, but 1050 rows written to the cluster stay', 'rollback of a kept write');
like($err, qr/DETAIL:  CQL has no transactions: .* 100 more were sent and may be written or not\.$/m, 'and of what was on its way');
(undef, $err) = while_held('text "INSERT"', 100,
	q{SET scylla_fdw.flush_at = 'transaction'; BEGIN; INSERT INTO t SELECT g, 'x' FROM generate_series(1, 4000) g;},
	sub { $_[0]->send('ROLLBACK;') });
is(warnings_of($err), 'the transaction is rolled back, but 100 rows sent to the cluster may be written or not', 'nothing was acknowledged');
(undef, $err) = while_held('text "INSERT" after 10', 1,
	q{SET scylla_fdw.flush_at = 'transaction'; BEGIN; INSERT INTO t SELECT g, 'x' FROM generate_series(1, 10) g; SELECT count(*) FROM t;
	INSERT INTO t VALUES (11, 'x'); INSERT INTO t SELECT g, 'x' FROM generate_series(12, 100) g;}, sub { $_[0]->send('ROLLBACK;') });
is(warnings_of($err), 'the transaction is rolled back, but 10 rows written to the cluster stay', 'what waits in the backend was not sent');
like($err, qr/ 1 more was sent and may be written or not\.$/m, 'what was, was');

# an error tells it, and no warning does
query('CREATE VIEW bad AS SELECT g AS id, waits(g < 3) AS s FROM generate_series(1, 5) g');
for my $case ([ 'the query fails', 'SELECT id, s FROM bad', 'division by zero', 'the transaction is rolled back, but 1 row sent to the cluster may be written or not' ],
	[ 'a row fails', q{SELECT CASE id WHEN 3 THEN NULL ELSE id END, CASE id WHEN 3 THEN locked() ELSE s END FROM (SELECT g AS id, 'x' AS s FROM generate_series(1, 5) g) x},
		'null value in key column "id" of foreign table "t"' ])
{
	my ($label, $rows, @messages) = @$case;

	query(q{CREATE OR REPLACE FUNCTION locked() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT pg_advisory_xact_lock(1)::text $$});
	my $lock = background('BEGIN; SELECT pg_advisory_xact_lock(1);');
	await('the lock is held', sub { query('SELECT count(*) FROM pg_locks WHERE locktype = \'advisory\' AND granted') == 1 });
	(undef, $err) = while_held('text "INSERT"', 1, "INSERT INTO t $rows;", sub { $lock->send('COMMIT;')->finish });
	is(warnings_of($err), join("\n", @messages), "$label: its messages");
	like($err, qr/0 rows of this statement were acknowledged before and stay written, 1 more was sent and may be written or not\./,
		"$label: its detail") if @messages == 1;
}

# batches count their rows; a refused row tells of the others
(undef, $err) = while_held('text "INSERT"', 1,
	q{SET scylla_fdw.flush_at = 'transaction'; BEGIN; INSERT INTO b SELECT 1, 'x' FROM generate_series(1, 101) g;}, sub { $_[0]->send('ROLLBACK;') });
is(warnings_of($err), 'the transaction is rolled back, but 1 row sent to the cluster may be written or not', 'a batch that waits was not sent');
$node->order('on EXECUTE value 0x00000005 error 0x2200 "no"');
(undef, undef, $err) = psql('INSERT INTO t SELECT g, NULL FROM generate_series(1, 5) g');
like($err, qr/ERROR:  HV000: no\nDETAIL:  .*\d+ rows? of this statement w(as|ere) acknowledged/, 'a refused row');
unlike($err, qr/WARNING/, 'a refused row is no row that may be written');
$node->order('clear');

# a row that was refused when it was repeated may be there all the same
$node->order('reset');
$node->order('on EXECUTE text "INSERT" nth 1 close');
$node->order('on EXECUTE text "INSERT" error 0x2200 "no"');
my $repeated = background(q{SET scylla_fdw.flush_at = 'transaction'; BEGIN; INSERT INTO t VALUES (1, 'x');});
await('it is repeated', sub { $node->count('faults') == 2 });
(undef, undef, $err) = $repeated->send('ROLLBACK;')->finish;
is(warnings_of($err), 'the transaction is rolled back, but 1 row sent to the cluster may be written or not', 'a row that was repeated, and refused');
$node->order('clear');

# a DELETE of partitions
query('INSERT INTO c SELECT g % 3, g FROM generate_series(1, 30) g');
(undef, $err) = while_held('text "DELETE"', 2, q{DELETE FROM c WHERE id IN (1, 2);},
	sub { query("SELECT pg_cancel_backend($_[0]->{pid})") });
is(warnings_of($err), "canceling statement due to user request\nthe transaction is rolled back, but 20 rows sent to the cluster may be written or not",
	'DELETE by two requests');

# PREPARE TRANSACTION goes by what was sent, wherever it was rolled back to
$node->order('on EXECUTE text "INSERT" value 0x0000002a error 0x2200 "no"');
(undef, undef, $err) = psql(q{\set ON_ERROR_STOP off
BEGIN; SAVEPOINT a; INSERT INTO t SELECT g, 'x' FROM generate_series(40, 42) g; ROLLBACK TO a; PREPARE TRANSACTION 'scylla_tap';});
like($err, qr/cannot PREPARE a transaction that has written/, 'PREPARE TRANSACTION after ROLLBACK TO');
(undef, undef, $err) = psql(q{\set ON_ERROR_STOP off
BEGIN; SAVEPOINT a; INSERT INTO t VALUES (42, 'x'); ROLLBACK TO a; PREPARE TRANSACTION 'scylla_tap';});
like($err, qr/cannot PREPARE a transaction that has written/, 'PREPARE TRANSACTION after a row that was refused');
$node->order('clear');
(undef, undef, $err) = psql(q{\set ON_ERROR_STOP off
BEGIN; SAVEPOINT a; INSERT INTO t VALUES (NULL, 'x'); ROLLBACK TO a; PREPARE TRANSACTION 'scylla_tap'; COMMIT PREPARED 'scylla_tap';});
is(scalar(() = $err =~ /ERROR/g), 1, 'PREPARE TRANSACTION where nothing was sent');

# thousands of subtransactions: one message for the first, and one for all others
for my $end ('COMMIT', 'ROLLBACK')
{
	($out, undef, $err) = psql(qq{BEGIN; DO \$\$ BEGIN
		FOR i IN 1..1000 LOOP
			BEGIN INSERT INTO t VALUES (i, 'x'); PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN END;
		END LOOP;
	END \$\$; $end;});
	is(warnings_of($err), "a subtransaction is rolled back, but 1 row written to the cluster stays\n"
		. '999 more subtransactions are rolled back, but 999 rows written to the cluster stay', "a loop of subtransactions, $end");
}
$node->stop;
done_testing;
