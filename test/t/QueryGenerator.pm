# Random queries over a few tables, for 008_differential.pl: which tables there are, their rows, and queries
# whose result SQL determines, row order aside where they say so.
#
# All that is random comes from Perl's rand: srand before use repeats everything.
package QueryGenerator;

use strict;
use warnings;

# ---- types: PostgreSQL's and CQL's, values that rows have, more values that only conditions have ----

my @text = ('', 'a', 'A', 'b', 'B', 'ab', 'a b', ' a', 'z', 'Z', "it''s", '\\', '%', '"', "\t", 'é', 'É', 'ä', '€', '｡', '😀');
my @big = ('123456789012345678901234567890123456789012345678901234567890', '123456789012345678901234567890123456789012345678901234567891');
my @time = ('4713-01-01 00:00:00.001+00 BC', '0001-01-01 00:00+00', '1969-12-31 23:59:59.999+00', '1970-01-01 00:00+00',
	'1970-01-01 00:00:00.001+00', '2024-02-29 12:00:00.123+00', '294276-12-31 23:59:59.999+00');
my @odd_time = ('infinity', '-infinity', '1970-01-01 00:00:00.0005+00', '1969-12-31 23:59:59.9995+00', '2024-02-29 12:00:00.123001+00');
my @naive_time = map { s/\+00//r } @time;

our %type = (
	tinyint => { pg => 'smallint', cql => 'tinyint', values => [ -128, -1, 0, 1, 7, 127 ], odd => [ 128, -129, 300 ] },
	int => { pg => 'integer', cql => 'int', values => [ -2147483648, -7, -1, 0, 1, 2, 3, 2147483647 ], odd => [ 4 ] },
	narrow => { pg => 'bigint', cql => 'int', values => [ -2147483648, -1, 0, 1, 2147483647 ], odd => [ 2147483648, -2147483649, '9223372036854775807' ] },
	bigint => { pg => 'bigint', cql => 'bigint', values => [ '-9223372036854775808', -300, -1, 0, 1, 2, '9223372036854775807' ], odd => [ 5 ] },
	varint => { pg => 'numeric', cql => 'varint', values => [ '-' . $big[0], -256, -1, 0, 1, 127, 128, @big ],
		odd => [ 0.5, -0.5, '1.0', 'NaN', 'Infinity', '-Infinity', '1e-30' ] },
	whole => { pg => 'bigint', cql => 'varint', values => [ '-9223372036854775808', -129, -128, 0, 1, 255, '9223372036854775807' ], odd => [ 5 ] },
	decimal => { pg => 'numeric', cql => 'decimal', values => [ -100, -1.5, '-0.01', 0, '1.0', '1.00', '1e-20', '2.5', '123456789.123456789', "$big[0].5", "$big[0].6" ],
		odd => [ '0.00', 1, '1.000', 'NaN', 'Infinity', '-Infinity' ], out => 'trim_scale(%s)' },
	real => { pg => 'double precision', cql => 'double', values => [ '-1.5', '-0', 0, '1.5', 'NaN', 'Infinity' ], odd => [ '-Infinity', 2 ], out => '(%s + 0)' },
	text => { pg => 'text COLLATE "C"', cql => 'text', values => [ @text ], odd => [ 'c', 'ab ', 'á' ] },
	linguistic => { pg => 'text COLLATE %s', cql => 'text', values => [ @text ], odd => [ 'c' ] },
	caseless => { pg => 'text COLLATE %s', cql => 'text', values => [ 'a', 'A', 'b', 'B', 'ab', 'AB' ], odd => [ 'c', 'Ab' ], out => 'lower(%s)', no_minimum => 1 },
	varchar => { pg => 'varchar COLLATE "C"', cql => 'varchar', values => [ @text ], odd => [ 'c' ] },
	ascii => { pg => 'text COLLATE "C"', cql => 'ascii', values => [ '', 'a', 'A', 'b', "it''s", '~', ' ' ], odd => [ 'ä', '😀', 'c' ] },
	padded => { pg => 'char(3)', cql => 'text', values => [ 'a', 'ab', 'abc', ' a' ], odd => [ 'b', 'a ' ] },
	mood => { pg => 'mood', cql => 'text', values => [ 'sad', 'ok', 'happy' ], odd => [], no_minimum => 0 },
	small => { pg => 'small', cql => 'int', values => [ -5, 0, 5 ], odd => [ 9 ] },
	uuid => { pg => 'uuid', cql => 'uuid', values => [ map { "$_-0000-4000-8000-000000000000" } '00000000', '00000001', '80000000', 'ffffffff' ],
		odd => [ '00000000-0000-0000-0000-000000000000' ], no_minimum => 1 },
	timeuuid => { pg => 'uuid', cql => 'timeuuid', values => [ '00000000-0000-1000-8000-000000000000', '00000001-0000-1000-8000-000000000000',
			'00000000-0001-1000-8000-000000000001', '00000000-0000-1000-bfff-ffffffffffff' ], odd => [ '00000000-0000-4000-8000-000000000000' ], no_minimum => 1 },
	inet => { pg => 'inet', cql => 'inet', values => [ '0.0.0.0', '1.2.3.4', '::ffff:1.2.3.4', '::1', '255.255.255.255', 'fe80::1' ], odd => [ '1.2.3.0/24', '9.9.9.9' ] },
	boolean => { pg => 'boolean', cql => 'boolean', values => [ 'true', 'false' ], odd => [], no_minimum => 1 },
	blob => { pg => 'bytea', cql => 'blob', values => [ map { "\\x$_" } '', '00', '0001', '00ff', '7f', '80', 'ff', 'deadbeef' ], odd => [ '\\x01' ], no_minimum => 1 },
	date => { pg => 'date', cql => 'date', values => [ '4714-11-24 BC', '0001-01-01', '1969-12-31', '1970-01-01', '2024-02-29', '5874897-12-31' ], odd => [ 'infinity', '-infinity', '2000-01-01' ] },
	time => { pg => 'time', cql => 'time', values => [ '00:00', '00:00:00.000001', '12:34:56.789', '23:59:59.999999' ], odd => [ '24:00', '12:00' ] },
	timestamptz => { pg => 'timestamptz', cql => 'timestamp', values => [ @time ], odd => [ @odd_time ] },
	timestamp => { pg => 'timestamp', cql => 'timestamp', values => [ @naive_time ], odd => [ map { s/\+00//r } @odd_time ] });

my %integer = map { $_ => 1 } qw(tinyint int narrow bigint whole);
my %number = (%integer, map { $_ => 1 } qw(varint decimal small));

# ---- tables: columns as "name type", d for a descending one ----

our %table = (
	ints => { partition => [ 'p int', 'q tinyint' ], clustering => [ 'c bigint', 'd varint d' ], rest => [ 'v narrow', 'w whole', 'x decimal', 'y real', 'z small' ] },
	texts => { partition => ['p text'], clustering => [ 'c text', 'd varchar d', 'e linguistic' ], rest => [ 'v ascii', 'w padded', 'x mood', 'y caseless', 'z linguistic' ] },
	times => { partition => ['p date'], clustering => [ 'c timestamptz d', 'd time' ], rest => [ 'v timestamp', 'w date', 'x time', 'y timestamptz' ] },
	ids => { partition => ['p uuid'], clustering => [ 'c timeuuid', 'd inet d' ], rest => [ 'v blob', 'w inet', 'x uuid', 'y boolean' ] },
	decimals => { partition => ['p varint'], clustering => [ 'c decimal', 'd boolean d', 'e blob' ], rest => [ 'v decimal', 'w varint', 'x tinyint', 'y real' ] },
	mixed => { partition => [ 'p boolean', 'q timestamptz', 'r blob' ], clustering => [ 'c date d', 'd int' ], rest => [ 'v text', 'w boolean' ] },
	statics => { partition => ['p int'], clustering => [ 'c narrow d', 'd text' ], static => [ 's int', 't text' ], rest => [ 'v int', 'w text' ] },
	single => { partition => ['p text'], clustering => [], rest => [ 'v int', 'w decimal', 'x text', 'y real' ] },
	secondary => { partition => [ 'p int', 'q int' ], clustering => [ 'c int', 'd text' ], static => ['s int'], rest => [ 'v int', 'w text', 'x decimal', 'y boolean', 'z timestamptz' ],
		index => { map { $_ => '' } qw(q d s v w x y z) } },
	attached => { partition => [ 'p int', 'q int' ], clustering => [ 'c int', 'd text' ], static => ['s int'],
		rest => [ 'v int', 'w text', 'x decimal', 'y varint', 'z timestamptz', 'i inet', 'j date', 'k text', 'l boolean' ],
		index => { (map { $_ => "USING 'sai'" } qw(q c s v w x y z i j l)), k => q(USING 'sai' WITH OPTIONS = {'case_sensitive': 'false'}) } },
	long => { partition => ['p tinyint'], clustering => ['c int d'], rest => [ 'v int', 'w text' ], rows => 600, counted => 1 });

for my $name (keys %table)
{
	my $t = $table{$name};

	$t->{name} = $name;
	for my $part (qw(partition clustering static rest))
	{
		for my $text (@{ $t->{$part} // [] })
		{
			my ($column, $type, $down) = split ' ', $text;
			push @{ $t->{columns} }, { name => $column, type => $type, part => $part, down => $down };
		}
	}
	$t->{key} = [ grep { $_->{part} =~ /partition|clustering/ } @{ $t->{columns} } ];
}

my @names = map { ($_, "${_}_f") } sort keys %table;

sub pick { return $_[ int rand @_ ]; }
sub chance { return rand() < $_[0]; }
sub some { my $n = shift; my @list = sort { $a->[1] <=> $b->[1] } map { [ $_, rand ] } @_; return map { $_->[0] } @list[ 0 .. ($n < @list ? $n : @list) - 1 ]; }
sub columns { my ($t, @part) = @_; my $parts = join '|', @part; return grep { $_->{part} =~ /^(?:$parts)$/ } @{ $t->{columns} }; }
sub bare { return $_[0] =~ s/ COLLATE .*//r; }

# ---- rows: SQL literals, NULL among them; no two with the same key ----

sub literal { my ($type, $value) = @_; return defined $value ? "'$value'::" . bare($type{$type}{pg}) : 'NULL::' . bare($type{$type}{pg}); }

# The value of the n-th row, if the table counts; of equal decimals, one only in a key.
sub row_value
{
	my ($t, $c, $n) = @_;
	my @values = @{ $type{ $c->{type} }{values} };

	return $n if $t->{counted} && $c->{part} eq 'clustering';
	@values = grep { $_ ne '1.00' } @values if $c->{part} ne 'rest';
	@values = grep { $_ ne '' && $_ ne '\\x' } @values if $c->{part} eq 'partition' && @{ $t->{partition} } == 1;
	@values = @values[ 0 .. 2 ] if $t->{counted} && $c->{part} eq 'partition';
	return $c->{part} =~ /static|rest/ && chance(0.15) ? undef : pick(@values);
}

sub rows
{
	my ($t) = @_;
	my (%seen, %static, @rows);

	for my $n (1 .. $t->{rows} // 150)
	{
		my %row = map { $_->{name} => row_value($t, $_, $n) } @{ $t->{columns} };
		my $partition = join "\0", map { $row{ $_->{name} } } columns($t, 'partition');

		next if $t->{static} && $row{p} eq 3;	# this partition has no rows
		next if $seen{ join "\0", map { $row{ $_->{name} } } @{ $t->{key} } }++;
		$static{$partition} //= { map { $_->{name} => $row{ $_->{name} } } columns($t, 'static') };
		push @rows, [ map { literal($_->{type}, $_->{part} eq 'static' ? $static{$partition}{ $_->{name} } : $row{ $_->{name} }) } @{ $t->{columns} } ];
	}
	return @rows;
}

# ---- constants ----

sub new
{
	my ($class) = @_;
	return bless { params => undef }, $class;
}

# A literal, or a parameter of the prepared statement that is being written.
sub value
{
	my ($self, $sql, $type) = @_;
	return $sql unless $self->{params} && chance(0.8);
	push @{ $self->{params} }, [ $type, $sql ];
	return '$' . @{ $self->{params} };
}

sub constant
{
	my ($self, $type) = @_;
	my @odd = @{ $type{$type}{odd} };
	my $value = chance(0.04) ? undef : @odd && chance(0.2) ? pick(@odd) : pick(@{ $type{$type}{values} });
	my $pg = bare($type{$type}{pg});
	my @wider = !$integer{$type} || !defined $value ? () : abs($value) < 100 ? qw(smallint integer bigint) : $type eq 'tinyint' ? qw(integer bigint) : ();

	$pg = pick(@wider) if @wider && chance(0.4);
	$pg = 'text' if $pg eq 'varchar' && chance(0.5);
	$pg = 'integer' if $pg eq 'small';
	$pg = 'bigint' if $type eq 'tinyint' && defined $value && abs($value) > 127 && $pg eq 'smallint';
	return $self->value(defined $value ? "'$value'::$pg" : "NULL::$pg", $pg) unless chance(0.1);
	my $plain = defined $value ? "'$value'::$pg" : "NULL::$pg";
	return pick("(SELECT $plain)", "coalesce($plain, $plain)", "volatile_same($plain)", "stable_same($plain)");
}

sub array
{
	my ($self, $type) = @_;
	my $pg = bare($type{$type}{pg});
	my @values = map { my $v = pick(@{ $type{$type}{values} }, @{ $type{$type}{odd} }); chance(0.07) ? 'NULL' : "'$v'" } 1 .. int rand 5;

	$pg = 'bigint' if $integer{$type} || $type eq 'small';
	return $self->value("ARRAY[" . join(', ', @values) . "]::${pg}[]", "${pg}[]");
}

# ---- conditions ----

sub comparison
{
	my ($self, $a, $c) = @_;
	my $op = pick('=', '=', '<', '<=', '>', '>=', '<>');

	return chance(0.8) ? "$a.$c->{name} $op " . $self->constant($c->{type}) : $self->constant($c->{type}) . " $op $a.$c->{name}";
}

sub list { my ($self, $type) = @_; return join ', ', map { $self->constant($type) } 1 .. 1 + int rand 4; }

sub odd_condition
{
	my ($self, $a, $t, $c) = @_;
	my $column = "$a.$c->{name}";
	my @twin = grep { $_->{type} eq $c->{type} || $number{ $_->{type} } && $number{ $c->{type} } } @{ $t->{columns} };

	return pick($column, "NOT $column", "$column IS TRUE", "$column IS NOT FALSE") if $c->{type} eq 'boolean' && chance(0.7);
	return "abs($column % 7) = " . int(rand 4) if $integer{ $c->{type} } && chance(0.3);
	return "$column = 1.0" if $integer{ $c->{type} } && chance(0.3);
	return pick("upper($column) = 'A'", "$column LIKE 'a%'", "length($column) < 2", "${column}::text = 'a'") if $c->{type} =~ /^(?:text|varchar|ascii)$/;
	return "$column " . pick('=', '<', '>=') . " $a." . pick(@twin)->{name} if chance(0.6);
	return "$column IS DISTINCT FROM " . $self->constant($c->{type});
}

sub condition
{
	my ($self, $a, $t, $c) = @_;
	my $column = "$a.$c->{name}";
	my $kind = rand;

	return $self->comparison($a, $c) if $kind < 0.45;
	return "$column BETWEEN " . $self->constant($c->{type}) . ' AND ' . $self->constant($c->{type}) if $kind < 0.53;
	return "$column IN (" . $self->list($c->{type}) . ')' if $kind < 0.63;
	return "$column = ANY (" . $self->array($c->{type}) . ')' if $kind < 0.72;
	return "$column NOT IN (" . $self->list($c->{type}) . ')' if $kind < 0.75;
	return "$column IS " . pick('NULL', 'NOT NULL') if $kind < 0.82;
	return $self->odd_condition($a, $t, $c);
}

sub fixing
{
	my ($self, $a, $c) = @_;
	my $kind = rand;
	my $column = "$a.$c->{name}";

	return "$column = " . $self->constant($c->{type}) if $kind < 0.6;
	return "$column IN (" . $self->list($c->{type}) . ')' if $kind < 0.8;
	return "$column = ANY (" . $self->array($c->{type}) . ')';
}

# The whole partition key, some clustering columns, a range on the next one. one: a single partition.
sub by_key
{
	my ($self, $a, $t, $one) = @_;
	my @quals = map { $one ? "$a.$_->{name} = " . $self->constant($_->{type}) : $self->fixing($a, $_) } columns($t, 'partition');

	for my $c (columns($t, 'clustering'))
	{
		if (chance($one ? 0.1 : 0.45)) { push @quals, $self->fixing($a, $c); next; }
		push @quals, map { "$a.$c->{name} $_ " . $self->constant($c->{type}) } some(int rand 3, pick('<', '<='), pick('>', '>='));
		last;
	}
	return @quals;
}

sub quals
{
	my ($self, $a, $t) = @_;
	my @quals = chance(0.5) ? $self->by_key($a, $t) : ();

	push @quals, $self->condition($a, $t, pick(@{ $t->{columns} })) for 1 .. int rand(@quals ? 2 : 4);
	push @quals, '(' . $self->condition($a, $t, pick(@{ $t->{columns} })) . pick(' OR ', ' AND ') . $self->condition($a, $t, pick(@{ $t->{columns} })) . ')' if chance(0.15);
	push @quals, 'NOT (' . $self->condition($a, $t, pick(@{ $t->{columns} })) . ')' if chance(0.07);
	return some(scalar @quals, @quals);
}

sub where { my @quals = @_; return @quals ? ' WHERE ' . join(' AND ', @quals) : ''; }

# ---- what is selected ----

sub out { my ($a, $c) = @_; return sprintf $type{ $c->{type} }{out} // '%s', "$a.$c->{name}"; }
sub outs { my ($a, @columns) = @_; return join ', ', map { out($a, $_) } @columns; }
sub name_of { return $_[0] =~ s/_f$//r; }
sub choose { my $name = pick(@names); return ($name, $table{ name_of($name) }); }

# Along or against the clustering order, or anything; in the end the whole key, so that it is total.
sub order
{
	my ($a, $t) = @_;
	my @clustering = columns($t, 'clustering');
	my $down = chance(0.5);
	my @terms = chance(0.6) ? map { "$a.$_->{name}" . (($_->{down} xor $down) ? ' DESC' : '') } @clustering[ 0 .. int(rand(@clustering + 1)) - 1 ] :
		map { "$a.$_->{name}" . pick('', ' DESC') . pick('', '', ' NULLS FIRST', ' NULLS LAST') } some(1 + int rand 2, @{ $t->{columns} });

	unshift @terms, map { "$a.$_->{name}" } columns($t, 'partition') if chance(0.2);
	return ' ORDER BY ' . join ', ', @terms, map { "$a.$_->{name}" } @{ $t->{key} };
}

sub limit
{
	my ($self) = @_;
	my $text = chance(0.8) ? ' LIMIT ' . pick(0, 1, 2, 5, 50, 1000, 'ALL', 'NULL', $self->value(7, 'bigint')) : '';

	return $text . (chance(0.3) ? ' OFFSET ' . pick(0, 1, 3, $self->value(2, 'bigint')) : '');
}

sub aggregate
{
	my ($a, $t) = @_;
	my $c = pick(@{ $t->{columns} });
	my $type = $c->{type};
	my $filter = chance(0.1) ? " FILTER (WHERE $a.$c->{name} IS NOT NULL)" : '';
	my @calls = ("count(*)$filter", "count($a.$c->{name})$filter", "count(DISTINCT $a.$c->{name})$filter");

	push @calls, map { sprintf $type{$type}{out} // '%s', "$_($a.$c->{name})$filter" } qw(min max) unless $type{$type}{no_minimum};
	push @calls, map { "trim_scale(($_($a.$c->{name})$filter)::numeric)" } qw(sum avg) if $number{$type};
	push @calls, "bool_or($a.$c->{name})$filter" if $type eq 'boolean';
	return pick(@calls);
}

# ---- queries: each gives (SQL, whether its order counts) ----

sub plain
{
	my ($self) = @_;
	my ($name, $t) = choose();

	return ('SELECT ' . outs('a', some(1 + int rand 4, @{ $t->{columns} })) . " FROM $name a" . where($self->quals('a', $t)), 0);
}

sub ordered
{
	my ($self) = @_;
	my ($name, $t) = choose();
	my @quals = chance(0.4) ? $self->by_key('a', $t, 1) : $self->quals('a', $t);

	return ('SELECT ' . outs('a', some(1 + int rand 4, @{ $t->{columns} })) . " FROM $name a" . where(@quals) . order('a', $t) . $self->limit, 1);
}

sub limited
{
	my ($self) = @_;
	my ($name, $t) = choose();

	return ("SELECT count(*) FROM (SELECT 1 FROM $name a" . where($self->quals('a', $t)) . $self->limit . ') x', 1);
}

sub aggregated
{
	my ($self) = @_;
	my ($name, $t) = choose();
	my @call = map { aggregate('a', $t) } 1 .. 1 + int rand 3;

	return ('SELECT ' . join(', ', @call) . " FROM $name a" . where($self->quals('a', $t)), 1);
}

sub grouped
{
	my ($self) = @_;
	my ($name, $t) = choose();
	my @by = chance(0.6) ? columns($t, 'partition') : chance(0.3) ? @{ $t->{key} } : some(1 + int rand 2, @{ $t->{columns} });
	my @call = map { aggregate('a', $t) } 1 .. 1 + int rand 2;
	my $having = chance(0.3) ? ' HAVING ' . aggregate('a', $t) . ' IS NOT NULL AND count(*) > ' . int rand 3 : '';

	return ('SELECT ' . outs('a', @by) . ', ' . join(', ', @call) . " FROM $name a" . where($self->quals('a', $t)) .
		' GROUP BY ' . join(', ', map { "a.$_->{name}" } @by) . $having, 0);
}

sub distinct
{
	my ($self) = @_;
	my ($name, $t) = choose();
	my @by = chance(0.6) ? columns($t, 'partition') : some(1 + int rand 2, @{ $t->{columns} });

	return ('SELECT DISTINCT ' . outs('a', @by) . " FROM $name a" . where($self->quals('a', $t)), 0) if chance(0.5);
	return ('SELECT DISTINCT ON (' . join(', ', map { "a.$_->{name}" } @by) . ') ' . outs('a', @{ $t->{columns} }) . " FROM $name a" . where($self->quals('a', $t)) .
		' ORDER BY ' . join(', ', map { "a.$_->{name}" } @by) . ', ' . (order('a', $t) =~ s/ ORDER BY //r) . $self->limit, 1);
}

# Two copies of a table, foreign or local each, by the partition key and what may follow, or by any column.
sub pairing
{
	my ($name, $t) = choose();
	my $other = pick($t->{name}, "$t->{name}_f", "l.$t->{name}");
	my @clustering = columns($t, 'clustering');
	my @by = chance(0.75) ? (columns($t, 'partition'), @clustering[ 0 .. int(rand(@clustering + 1)) - 1 ]) : pick(grep { $_->{type} ne 'caseless' } @{ $t->{columns} });

	($name, $other) = ($other, $name) if chance(0.5);
	return ($t, $name, $other, map { chance(0.5) ? "a.$_->{name} = b.$_->{name}" : "b.$_->{name} = a.$_->{name}" } @by);
}

sub joined
{
	my ($self) = @_;
	my ($t, $left, $right, @on) = pairing();
	my $join = pick('JOIN', 'JOIN', 'JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN');
	my @where = ($self->quals('a', $t), chance(0.3) ? $self->quals('b', $t) : ());

	push @on, $self->condition('b', $t, pick(@{ $t->{columns} })) if chance(0.2) && $join ne 'FULL JOIN';
	return ('SELECT ' . outs('a', some(2, @{ $t->{columns} })) . ', ' . outs('b', some(2, @{ $t->{columns} })) . " FROM $left a $join $right b ON " .
		join(' AND ', @on) . where(@where), 0) if chance(0.7);
	return ('SELECT ' . join(', ', aggregate('a', $t), aggregate('b', $t)) . " FROM $left a $join $right b ON " . join(' AND ', @on) . where(@where), 1);
}

sub nested
{
	my ($self) = @_;
	my ($t, $left, $right, @on) = pairing();
	my ($c, @key) = (pick(@{ $t->{columns} }), columns($t, 'partition'));
	my $inner = where(@on, chance(0.5) ? $self->condition('b', $t, pick(@{ $t->{columns} })) : ());
	my $head = 'SELECT ' . outs('a', @{ $t->{key} });
	my @quals = $self->quals('a', $t);

	return ("$head FROM $left a" . where(@quals, pick('', 'NOT ') . "EXISTS (SELECT 1 FROM $right b$inner)"), 0) if chance(0.3);
	return ("$head FROM $left a" . where(@quals, "a.$c->{name} " . pick('IN', 'IN', 'NOT IN') . " (SELECT b.$c->{name} FROM $right b" . where($self->quals('b', $t)) . ')'), 0) if chance(0.3);
	return ("$head, (SELECT " . aggregate('b', $t) . " FROM $right b$inner) FROM $left a" . where(@quals), 0) if chance(0.4);
	return ("$head, lateral_rows.* FROM $left a" . pick(', LATERAL', ' LEFT JOIN LATERAL') . ' (SELECT ' . outs('b', @{ $t->{columns} }) . " FROM $right b$inner" . order('b', $t) . $self->limit . ') lateral_rows' .
		'%ON%' . where(@quals), 0);
}

sub united
{
	my ($self) = @_;
	my ($name, $t) = choose();
	my @columns = some(1 + int rand 3, @{ $t->{columns} });
	my @parts = map { 'SELECT ' . outs('a', @columns) . " FROM $_ a" . where($self->quals('a', $t)) } $name, pick($t->{name}, "l.$t->{name}");

	return (join(pick(' UNION ALL ', ' UNION ALL ', ' UNION ', ' EXCEPT ', ' INTERSECT ALL '), @parts), 0);
}

sub windowed
{
	my ($self) = @_;
	my ($name, $t) = choose();
	my $by = join ', ', map { "a.$_->{name}" } columns($t, 'partition');

	return ('SELECT ' . outs('a', @{ $t->{key} }) . ", row_number() OVER (PARTITION BY $by" . order('a', $t) . ") FROM $name a" . where($self->quals('a', $t)), 0);
}

my @shapes = (\&plain, \&plain, \&plain, \&ordered, \&ordered, \&ordered, \&limited, \&aggregated, \&grouped, \&grouped, \&distinct, \&joined, \&joined, \&joined, \&nested, \&nested, \&united, \&windowed);

my @settings = ((map { "enable_$_ = off" } qw(hashjoin mergejoin nestloop sort material hashagg memoize incremental_sort)),
	'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0', 'work_mem = 64kB', 'cursor_tuple_fraction = 1', 'scylla_fdw.enable_join = off');

# { sql, ordered, mode: how it is run, params: undef or [ type, SQL ] each, settings: "name = value" }
sub query
{
	my ($self) = @_;

	$self->{params} = chance(0.4) ? [] : undef;
	my ($sql, $ordered) = pick(@shapes)->($self);
	$sql =~ s/%ON%/$sql =~ m{LEFT JOIN LATERAL} ? ' ON true' : ''/e;
	my $params = $self->{params};
	my $mode = $params && @$params ? pick('custom', 'generic', 'generic', 'seven') : pick('rows', 'whole');
	my @set = chance(0.4) ? some(1 + int rand 4, @settings) : ();

	return { sql => $sql, ordered => $ordered, params => $params && @$params ? $params : undef, mode => $mode, settings => \@set };
}

1;
