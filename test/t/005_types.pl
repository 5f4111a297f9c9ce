# Every CQL type there and back with an independent client: what PostgreSQL writes the client reads, what the client
# writes PostgreSQL reads, exactly. Least, greatest, zero, empty and NULL of each.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use JSON::PP ();
use ScyllaTest;
use Test::More;

plan skip_all => 'needs SCYLLA_HOST' unless $ENV{SCYLLA_HOST};
plan skip_all => 'needs PYTHON, with scylla-driver' unless $ENV{PYTHON};
database('scylla_tap_types');

my $nan = q{float('nan')};
my $inf = q{float('inf')};
my $ascii = join '', map { chr } 1 .. 127;
(my $ascii_sql = $ascii) =~ s/'/''/g;
my $ascii_python = join '', map { sprintf '\\x%02x', $_ } 1 .. 127;

# CQL type, PostgreSQL type, values: SQL and Python of each. ">" before the SQL: only the client writes it.
my @types = (
	[ 'tinyint', 'smallint', '-128', '-128', '127', '127', '0', '0' ],
	[ 'smallint', 'smallint', '-32768', '-32768', '32767', '32767', '0', '0' ],
	[ 'int', 'integer', '-2147483648', '-2147483648', '2147483647', '2147483647', '0', '0', '>NULL', 'blob:' ],
	[ 'int', 'text', '-2147483648', '-2147483648', '0', '0' ],
	[ 'bigint', 'bigint', '-9223372036854775808', '-9223372036854775808', '9223372036854775807',
		'9223372036854775807', '0', '0', '>NULL', 'blob:' ],
	[ 'varint', 'numeric', '0', '0', '127', '127', '128', '128', '-128', '-128', '-129', '-129', '9' x 100, '10 ** 100 - 1',
		'-1' . '0' x 100, '-10 ** 100', '1' . '0' x 4000, '10 ** 4000', '>NULL', 'blob:' ],
	[ 'decimal', 'numeric', '0', q{Decimal('0')}, '0.00', q{Decimal('0.00')}, '1.50', q{Decimal('1.50')}, '-0.01',
		q{Decimal('-0.01')}, '200', q{Decimal('200')}, '-12345678901234567890.123456789',
		q{Decimal('-12345678901234567890.123456789')}, '1e-16383', q{Decimal('1e-16383')}, '1e4000', q{Decimal(10 ** 4000)},
		'>200', q{Decimal('2E+2')}, '>NULL', 'blob:' ],
	[ 'float', 'real', '-3.4028235e38', '-3.4028234663852886e+38', '3.4028235e38', '3.4028234663852886e+38', '0', '0.0',
		'-0', '-0.0', '1e-45', '1.401298464324817e-45', 'NaN', $nan, 'Infinity', $inf, '-Infinity', "-$inf", '>NULL', 'blob:' ],
	[ 'double', 'double precision', '-1.7976931348623157e308', '-1.7976931348623157e308', '1.7976931348623157e308',
		'1.7976931348623157e308', '0', '0.0', '-0', '-0.0', '5e-324', '5e-324', '0.1', '0.1', 'NaN', $nan, 'Infinity', $inf,
		'-Infinity', "-$inf", '>NULL', 'blob:' ],
	[ 'boolean', 'boolean', 'false', 'False', 'true', 'True', '>NULL', 'blob:' ],
	[ 'text', 'text', '', q{''}, q{zażółć 'gęślą' "jaźń" \\ 🐘}, q{'zażółć \'gęślą\' "jaźń" \\\\ 🐘'}, "\t\r\n",
		q{'\t\r\n'}, 'ż' x 500_000, q{'ż' * 500000} ],
	[ 'ascii', 'text', '', q{''}, $ascii, "'$ascii_python'" ],
	[ 'blob', 'bytea', '', q{b''}, '\x00', q{b'\x00'}, '\xff00ff', q{b'\xff\x00\xff'} ],
	[ 'uuid', 'uuid', '0' x 32, q{UUID(int=0)}, 'f' x 32, q{UUID('f' * 32)}, '>NULL', 'blob:' ],
	[ 'timeuuid', 'uuid', '00000000-0000-1000-8000-000000000000', q{UUID('00000000-0000-1000-8000-000000000000')},
		'ffffffff-ffff-1fff-bfff-ffffffffffff', q{UUID('ffffffff-ffff-1fff-bfff-ffffffffffff')}, '>NULL', 'blob:' ],
	[ 'timestamp', 'timestamptz', '4714-11-24 00:00:00+00 BC', '-210866803200000', '294276-12-31 23:59:59.999+00',
		'9224318015999999', '1970-01-01 00:00:00+00', '0', '1969-12-31 23:59:59.999+00', '-1', '>NULL', 'blob:' ],
	[ 'timestamp', 'timestamp', '4714-11-24 00:00:00 BC', '-210866803200000', '294276-12-31 23:59:59.999', '9224318015999999',
		'1970-01-01', '0' ],
	[ 'date', 'date', '4714-11-24 BC', 'Date(-2440588)', '5874897-12-31', 'Date(2145042905)', '1970-01-01', 'Date(0)',
		'1969-12-31', 'Date(-1)' ],
	[ 'time', 'time', '00:00', 'Time(0)', '23:59:59.999999', 'Time(86399999999000)', '00:00:00.000001', 'Time(1000)' ],
	[ 'duration', 'interval', '0', 'Duration(0, 0, 0)', '1 mon 2 days 00:00:00.000003', 'Duration(1, 2, 3000)',
		'-1 mon -2 days -00:00:00.000003', 'Duration(-1, -2, -3000)',
		'178000000 years 2147483647 days 2562047:47:16.854775', 'Duration(2136000000, 2147483647, 9223372036854775000)' ,
		'-178000000 years -2147483648 days -2562047:47:16.854775',
		'Duration(-2136000000, -2147483648, -9223372036854775000)' ],
	[ 'inet', 'inet', '0.0.0.0', q{'0.0.0.0'}, '255.255.255.255', q{'255.255.255.255'}, '::', q{'::'},
		join(':', ('ffff') x 8), q{'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'}, '::ffff:1.2.3.4', q{'::ffff:1.2.3.4'},
		'>NULL', 'blob:' ],
	[ 'list<int>', 'integer[]', '{-2147483648,0,2147483647}', '[-2147483648, 0, 2147483647]', '{7,7}', '[7, 7]' ],
	[ 'list<int>', 'jsonb', '[3, 1]', '[3, 1]' ],
	[ 'list<int>', 'text', '[3, 1]', '[3, 1]' ],
	[ 'frozen<list<int>>', 'integer[]', '{}', '[]', '{1}', '[1]' ],
	[ 'list<double>', 'double precision[]', '{-0,NaN,5e-324}', "[-0.0, $nan, 5e-324]" ],
	[ 'list<decimal>', 'numeric[]', '{0.00,-1e30}', q{[Decimal('0.00'), Decimal(-10 ** 30)]} ],
	[ 'list<varint>', 'numeric[]', '{0,-129}', '[0, -129]' ],
	[ 'list<boolean>', 'boolean[]', '{t,f}', '[True, False]' ],
	[ 'list<blob>', 'bytea[]', '{"\\\\x","\\\\x00ff"}', q{[b'', b'\x00\xff']} ],
	[ 'list<date>', 'date[]', '{1969-12-31,1970-01-01}', '[Date(-1), Date(0)]' ],
	[ 'list<time>', 'time[]', '{00:00:00,23:59:59.999999}', '[Time(0), Time(86399999999000)]' ],
	[ 'list<duration>', 'interval[]', '{"1 mon",-00:00:01}', '[Duration(1, 0, 0), Duration(0, 0, -10 ** 9)]' ],
	[ 'set<text>', 'text[]', '{"",a,"b c","ż"}', q{{'', 'a', 'b c', 'ż'}} ],
	[ 'set<text>', 'jsonb', '["a"]', q{{'a'}} ],
	[ 'frozen<set<smallint>>', 'smallint[]', '{}', 'set()', '{-32768,0,32767}', '{-32768, 0, 32767}' ],
	[ 'set<uuid>', 'uuid[]', '{00000000-0000-0000-0000-000000000000}', '{UUID(int=0)}' ],
	[ 'set<inet>', 'inet[]', '{1.2.3.4}', q{{'1.2.3.4'}} ],
	[ 'map<text, int>', 'jsonb', '{"": 0, "x": -1}', q({'': 0, 'x': -1}) ],
	[ 'map<text, int>', 'text', q({'x': -1}), q({'x': -1}) ],
	[ 'frozen<map<int, boolean>>', 'jsonb', '{}', '{}', '{"-1": true}', '{-1: True}' ],
	[ 'map<uuid, frozen<list<text>>>', 'jsonb', '{"00000000-0000-0000-0000-000000000000": ["a", ""]}', q({UUID(int=0): ['a', '']}) ],
	[ 'tuple<int, text, boolean>', 'jsonb', '[0, "", false]', q{(0, '', False)}, '[null, null, null]', '(None, None, None)' ],
	[ 'tuple<int, text, boolean>', 'tap_tuple', '(-1,"x y",t)', q{(-1, 'x y', True)}, '(,,)', '(None, None, None)' ],
	[ 'frozen<address>', 'jsonb', '{"street": "a", "zip": null}', q{('a', None)} ],
	[ 'frozen<address>', 'tap_address', '("Side ""St""",-1)', q{('Side "St"', -1)}, '("",)', q{('', None)} ],
	[ 'address', 'tap_address', '(x,0)', q{('x', 0)} ],
	[ 'list<frozen<address>>', 'jsonb', '[{"street": "one", "zip": 1}, {"street": "", "zip": null}]', q{[('one', 1), ('', None)]} ],
	[ 'vector<float, 3>', 'real[]', '{-0,1.5,3.4028235e38}', '[-0.0, 1.5, 3.4028234663852886e+38]' ],
	[ 'vector<double, 2>', 'double precision[]', '{0.1,-Infinity}', "[0.1, -$inf]" ],
	[ 'vector<int, 2>', 'integer[]', '{-2147483648,2147483647}', '[-2147483648, 2147483647]' ],
	[ 'vector<bigint, 1>', 'bigint[]', '{-1}', '[-1]' ],
	[ 'vector<text, 2>', 'text[]', '{"",' . 'x' x 200 . '}', q{['', 'x' * 200]} ],
	[ 'vector<varint, 2>', 'numeric[]', '{0,-129}', '[0, -129]' ],
	[ 'vector<frozen<vector<int, 2>>, 2>', 'jsonb', '[[1, 2], [3, 4]]', '[[1, 2], [3, 4]]' ],
);
unless ((psql('CREATE EXTENSION vector'))[0])
{
	push @types, [ 'vector<float, 3>', 'vector(3)', '[-0,1.5,3.4028235e+38]', '[-0.0, 1.5, 3.4028234663852886e+38]' ];
}

sub quoted { return join ', ', map { (my $v = $_) =~ s/'/''/g; "'$v'" } @_; }

sub cql { return query('SELECT scylla_fdw_execute(' . quoted('v5', @_) . ')'); }

# A column for each pair of types, here and there.
my (@columns, @fields, @cases);
for my $type (@types)
{
	my ($cql, $pg, @values) = @$type;
	my $field = 'f' . @fields;
	my $column = 'c_' . ($cql =~ /\W/ ? '' : "${cql}_") . @fields;

	push @columns, "$column $cql";
	push @fields, "$field $pg OPTIONS (column_name '$column')";
	while (my ($sql, $python) = splice @values, 0, 2)
	{
		my $only_read = $sql =~ s/^>//;

		push @cases, { label => "$cql, $pg: " . substr($sql, 0, 40) =~ s/[^ -~]/?/gr, field => $field, column => $column, pg => $pg,
			sql => $sql, value => $python, only_read => $only_read };
	}
	push @cases, { label => "$cql, $pg: NULL", field => $field, column => $column, pg => $pg, sql => 'NULL', value => 'None' };
}
$cases[$_]{id} = $_ for 0 .. $#cases;

# Both versions of the protocol, as types look different in them.
my %options = (v4 => { protocol_version => 4 }, v5 => { protocol_version => 5, compression => 'lz4' });
query('SET client_min_messages = warning; CREATE TYPE tap_address AS (street text, zip int); CREATE TYPE tap_tuple AS (a int, b text, c bool)');
for my $name (sort keys %options)
{
	query("CREATE SERVER $name FOREIGN DATA WRAPPER scylla_fdw "
		. server_options(host => $ENV{SCYLLA_HOST}, port => $ENV{SCYLLA_PORT}, consistency => 'all', insert_null => 'null',
			request_timeout => 60000, %{ $options{$name} }));
	query("CREATE USER MAPPING FOR CURRENT_USER SERVER $name");
}
cql('DROP KEYSPACE IF EXISTS fdw_values');
cql(q{CREATE KEYSPACE fdw_values WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}});
cql('CREATE TYPE fdw_values.address (street text, zip int)');

sub client
{
	my ($what, $table, @some) = @_;
	my ($out, $err) = ('', '');
	my $json = JSON::PP->new->latin1->encode([ map { { id => $_->{id}, column => $_->{column}, value => $_->{value} } } @some ]);

	IPC::Run::run([ $ENV{PYTHON}, "$FindBin::Bin/values.py", $what, $ENV{SCYLLA_HOST}, $ENV{SCYLLA_PORT}, $table ],
		'<', \$json, '>', \$out, '2>', \$err, IPC::Run::timeout(300)) or die "values.py $what: $err";
	return $out;
}

sub literal { return $_[0]{sql} eq 'NULL' ? "NULL::$_[0]{pg}" : quoted($_[0]{sql}) . "::$_[0]{pg}"; }

for my $name (sort keys %options)
{
	for my $table ('ours', 'theirs')
	{
		cql("CREATE TABLE fdw_values.${table}_$name (id int PRIMARY KEY, "
			. join(', ', @columns) . ')');
		query("CREATE FOREIGN TABLE ${table}_$name (id int, " . join(', ', @fields)
			. ") SERVER $name OPTIONS (keyspace 'fdw_values')");
	}

	# we write, the client reads
	my @written = grep { !$_->{only_read} } @cases;
	query(join '', map { "INSERT INTO ours_$name (id, $_->{field}) VALUES ($_->{id}, " . literal($_) . ");\n" } @written);
	my %seen = map { my @line = split /\t/; ($line[0] => \@line) } split /\n/, client('read', "fdw_values.ours_$name", @written);
	is($seen{ $_->{id} }[1], $seen{ $_->{id} }[2], "$name, written: $_->{label}") for @written;

	# the client writes, we read; equal as values and as text, as neither shows all
	client('write', "fdw_values.theirs_$name", @cases);
	my (undef, $out, $err) = psql("\\set ON_ERROR_STOP off\n" . join '', map { my $literal = literal($_);
		"SELECT id, $_->{field} IS NOT DISTINCT FROM $literal AND $_->{field}::text IS NOT DISTINCT FROM $literal\::text, "
			. "left($_->{field}::text, 100) FROM theirs_$name WHERE id = $_->{id};\n" } @cases);
	my %same = map { /^(\d+)\|(.*)/ ? ($1 => $2) : () } split /\n/, $out;
	is($err, '', "$name: everything can be read");
	like($same{ $_->{id} }, qr/^t\|/, "$name, read: $_->{label}") for @cases;
}

# NULL over a value
my @over = grep { $_->{sql} ne 'NULL' && !$_->{only_read} } @cases;
query(join '', map { "INSERT INTO ours_v5 (id, $_->{field}) VALUES ($_->{id}, NULL);\n" } @over);
$_->{value} = 'None' for @over;
my @left = grep { (split /\t/)[1] ne 'None' } split /\n/, client('read', 'fdw_values.ours_v5', @over);
is("@left", '', 'NULL over each value');

# counters, which only CQL writes
cql('CREATE TABLE fdw_values.counters (id int PRIMARY KEY, c counter)');
query(q{CREATE FOREIGN TABLE counters (id int, c bigint) SERVER v5 OPTIONS (keyspace 'fdw_values')});
my %count = (1 => '9223372036854775807', 2 => '-9223372036854775808', 3 => '0');
cql("UPDATE fdw_values.counters SET c = c + $count{$_} WHERE id = $_") for sort keys %count;
is(query("SELECT c FROM counters WHERE id = $_"), $count{$_}, "counter $count{$_}") for sort keys %count;

cql('DROP KEYSPACE fdw_values');
done_testing();
