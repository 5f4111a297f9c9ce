# What the cluster tells, in a database whose encoding lacks some of it: errors keep their SQLSTATE and their reason,
# and what cannot be shown is a question mark.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};

my $node = ScyllaTest::Node->start('dc "日é"', 'keyspace ks simple 1', 'table ks.t ("日" int, "sé" text, v int, PRIMARY KEY ("日"))',
	'table ks.u ("ké" int, v text, PRIMARY KEY ("ké"))', 'row ks.t (1, \'x\', 1)', 'row ks.u (1, \'x\')');

# The one error of a statement; verbose, in UTF-8.
sub refused
{
	my ($sql) = @_;
	my (undef, undef, $err) = psql("SET client_encoding = 'UTF8'; $sql");

	return $err;
}

for my $case ([ 'LATIN1', '?' ], [ 'EUC_JP', '日' ])
{
	my ($encoding, $lacking) = @$case;
	my $all = "${lacking}é";

	database('scylla_tap_encoding', "ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	query(sprintf q{SET client_encoding = 'UTF8'; CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw %s; CREATE USER MAPPING FOR CURRENT_USER SERVER s;
		CREATE FOREIGN TABLE t (id int, "sé" text) SERVER s OPTIONS (keyspace 'ks');
		CREATE FOREIGN TABLE u ("ké" int, v text) SERVER s OPTIONS (keyspace 'ks');},
		server_options(host => $node->{address}, port => $node->{port}));

	# a text of a node
	$node->order('on EXECUTE error 0x1000 "日é, ☃"');
	my $err = refused('SELECT * FROM u WHERE "ké" = 1');
	like($err, qr/ERROR:  57P03: \Q$all\E, \?/, "$encoding: a node's text");
	like($err, qr/CONTEXT:  CQL: SELECT "ké", "v" FROM "ks"\."u" WHERE "ké" = \?/, "$encoding: and the CQL of a read");
	$err = refused('UPDATE u SET v = \'y\' WHERE "ké" = 1');
	like($err, qr/CONTEXT:  CQL: .*"ké" = \?/, "$encoding: the CQL of a write");
	$node->order('clear');
	$node->order('on PREPARE error 0x2200 "é"');
	like(refused('SELECT * FROM u WHERE "ké" = 1 AND v = \'é\''), qr/CONTEXT:  CQL: .*"ké" = \?/, "$encoding: the CQL of a PREPARE");
	$node->order('clear');
	like(refused(q{SELECT scylla_fdw_execute('s', 'INSERT INTO ks."é" ("é") VALUES (1)')}), qr/CONTEXT:  CQL: INSERT INTO ks\."é" \("é"\) VALUES \(\?\)/,
		"$encoding: CQL by hand");

	# names of the cluster's
	like(refused('SELECT id FROM t'), qr/ERROR:  HV005: .*"id".* does not exist in table "ks\.t"/, "$encoding: a column that is not there");
	like(refused('UPDATE t SET "sé" = \'y\''), qr/ERROR:  HV005: .* lacks key column "\Q$lacking\E"/, "$encoding: a key that is not there");
	like(refused('INSERT INTO t ("sé") VALUES (\'y\')'), qr/ERROR:  23502: .* does not set key column "\Q$lacking\E"/,
		"$encoding: a key that is not set");
	my $nodes = query(q{SET client_encoding = 'UTF8'; SELECT data_center FROM scylla_fdw_nodes('s')});
	is($nodes, $all, "$encoding: a data center");
	like(query(q{SET client_encoding = 'UTF8'; SELECT count(*) FROM u; SELECT detail FROM scylla_fdw_events('s') WHERE what = 'topology read'}),
		qr/nodes: 1, in data center "\Q$all\E"/, "$encoding: an event");
}

done_testing();
