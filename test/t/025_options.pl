# The tables of options and settings in doc tell names, places, values and defaults as scylla_fdw_options does.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

database('scylla_tap_options');

# What a table says where an option may stand, by the headings above it.
my %context = (
	'Server' => '{server}', 'Server and foreign table' => '{server,table}', 'Foreign table' => '{table}',
	'Column' => '{column}', 'Server and user mapping' => '{server,"user mapping"}', 'User mapping' => '{"user mapping"}', 'Settings' => '{setting}', 'IMPORT' => '{import}');

# "name context", with values and default, of each row of a file's tables of options.
sub rows_of
{
	my ($name, $heading) = @_;
	my %rows;
	my $in_table = 0;

	open my $file, '<', "$FindBin::Bin/../../doc/$name" or die "$name: $!";
	while (my $line = <$file>)
	{
		$heading = $1 if $name eq 'options.md' && $line =~ /^## (.*)$/;
		$in_table = 1 if $line =~ /^(Option|Setting) \| Values \| Default \| Description$/;
		$in_table = 0 if $line !~ / \| /;
		next unless $in_table && $line =~ /^`([^`]+)` \| ([^|]*) \| ([^|]*?) ?\| ./;
		my ($option, $values, $default) = ($1, $2, $3);
		tr/`//d for $values, $default;
		$rows{"$option $context{$heading}"} = "$values; $default";
	}
	close $file;
	return %rows;
}

my %told = map { my ($option, @is) = split /\t/, $_, -1; ($option => join '; ', @is) } split /\n/,
	query(q{SELECT concat_ws(E'\t', name || ' ' || context::text, valid_values, coalesce(default_value, '')) FROM scylla_fdw_options()});
my %written = (rows_of('options.md', ''), rows_of('import.md', 'IMPORT'));

cmp_ok(scalar keys %told, '>', 50, 'there are options and settings');
is_deeply(\%written, \%told, 'doc has each of them, as it is');

done_testing();
