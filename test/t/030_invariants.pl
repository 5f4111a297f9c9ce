# Who breaks an invariant of the extension ends there: one or two of each folder that the tests of the converters do not reach.
#
# build/plain/aborts.so is the extension with functions that break them, each in a process of its own (test/aborts).
use strict;
use warnings;

use Cwd 'abs_path';
use FindBin;
use lib $FindBin::Bin;
use ScyllaTest;
use Test::More;

my $library = abs_path("$FindBin::Bin/../../build/plain/aborts.so");

plan skip_all => 'needs aborts.so of make node' unless $library && -e $library;

database('scylla_tap_invariants');
query("CREATE FUNCTION fdw_aborts() RETURNS text AS '$library' LANGUAGE C");
my @line = split /\n/, query('SELECT fdw_aborts()');

plan skip_all => 'needs a build with ASSERTS=1' unless @line;
like($_, qr/: aborts$/, $_ =~ s/: [^:]*$//r) for @line;

done_testing();
