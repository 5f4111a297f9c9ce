# What a dump holds of servers, mappings and foreign tables works where it is restored; the extension in any schema,
# dropped and made again under a session that uses it.
use strict;
use warnings;

use FindBin;
use IPC::Run ();
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

plan skip_all => 'needs CQL_NODE' unless $ENV{CQL_NODE};
database('scylla_tap_dump');

my $node = ScyllaTest::Node->start('keyspace ks simple 1', 'table ks.t (id int, s text, "Odd one" int, PRIMARY KEY (id))', 'auth u p');
my $objects = 'CREATE SERVER s FOREIGN DATA WRAPPER scylla_fdw '
	. server_options(host => "nowhere.invalid:9, $node->{address}:$node->{port}", port => 9043, connect_timeout => 60000,
		max_in_flight_bytes => '1MB', consistency => 'one', keep_connections => 'false')
	. q{; CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (username 'u', password 'p');
CREATE FOREIGN TABLE t (id int, s text, o int OPTIONS (column_name 'Odd one')) SERVER s OPTIONS (keyspace 'ks', fetch_size '2', insert_null 'null');};

# dropped in mid-session, and made again in a schema of its own
is(query("$objects INSERT INTO t VALUES (1, 'a', 1); DROP EXTENSION scylla_fdw CASCADE; CREATE SCHEMA apart;
	CREATE EXTENSION scylla_fdw SCHEMA apart; $objects INSERT INTO t VALUES (2, 'b', 2); SELECT count(*) FROM t;"), '2',
	'dropped and made again');
is(query('SELECT count(*) FROM apart.scylla_fdw_get_connections()'), '0', 'functions are where the extension is');

my ($version) = `pg_dump --version` =~ / (\d+)/;
SKIP:
{
	skip 'pg_dump is older than the server', 6 if $version < int(query(q{SELECT current_setting('server_version_num')}) / 10000);
	my @dump = qw(pg_dump --schema-only -d);
	my ($first, $second, $noise) = ('', '', '');

	IPC::Run::run([ @dump, 'scylla_tap_dump' ], '>', \$first) or die 'pg_dump';
	database('scylla_tap_restore');
	query('DROP EXTENSION scylla_fdw');
	IPC::Run::run([ qw(psql -Xq -v ON_ERROR_STOP=1 -d scylla_tap_restore) ], '<', \$first, '>', \$noise) or die 'psql';
	IPC::Run::run([ @dump, 'scylla_tap_restore' ], '>', \$second) or die 'pg_dump';
	s/^\\(un)?restrict .*$//mg for $first, $second; # a word of each dump's own
	is($second, $first, 'a restored dump is the same again');
	query("INSERT INTO t VALUES (3, 'c', 3), (4, NULL, 4), (5, 'e', 5)");
	is(query('SELECT id, s, o FROM t WHERE id > 2 ORDER BY id'), "3|c|3\n4||4\n5|e|5", 'and works');
	like($first, qr/password 'p'/, 'with its password');

	# with data: COPY has all columns, also those that can only be read, or only be written
	query(q{DROP FOREIGN TABLE t; CREATE FOREIGN TABLE t (id int, left_of_s int OPTIONS (ttl_of 's'), s text, expires_in int OPTIONS (write_ttl 'true'),
		time_of_s bigint OPTIONS (writetime_of 's'), written bigint OPTIONS (write_timestamp 'true')) SERVER s OPTIONS (keyspace 'ks')});
	$first = '';
	IPC::Run::run([ qw(pg_dump --include-foreign-data=s -d scylla_tap_restore) ], '>', \$first) or die 'pg_dump';
	like($first, qr/^COPY public\.t \(id, left_of_s, s, expires_in, time_of_s, written\) FROM stdin;$/m, 'a dump has all columns');
	query('TRUNCATE t');
	database('scylla_tap_restore_data');
	query('DROP EXTENSION scylla_fdw');
	IPC::Run::run([ qw(psql -Xq -v ON_ERROR_STOP=1 -d scylla_tap_restore_data) ], '<', \$first, '>', \$noise, '2>', \my $warnings) or die 'psql';
	is(query('SELECT id, s FROM t ORDER BY id'), "1|a\n2|b\n3|c\n4|\n5|e", 'rows of a dump are restored');
	is(join(' ', $warnings =~ /WARNING:  values for column "(\w+)" of foreign table "t" are left out/g), 'left_of_s time_of_s',
		'and it is told what is left out');
}

done_testing();
