# What the TAP tests share: a database of their own, psql, and scriptable nodes.
#
# Environment: PGHOST, PGPORT, PGUSER of a running server that has the extension; CQL_NODE, the program
# of `make node`; SCYLLA_HOST, SCYLLA_PORT, a cluster; RING_DIR and DEV, where its nodes may be killed;
# PYTHON, an interpreter with scylla-driver; SLOW_DNS=1, the server has slow_dns.so preloaded. A test that misses one of them skips.
package ScyllaTest;

use strict;
use warnings;

use Exporter 'import';
use File::Basename 'dirname';
use File::Temp ();
use IPC::Run ();
use Test::More;
use Time::HiRes qw(time sleep);

our @EXPORT = qw(database psql query background server_options certificates await within);

my $database;		# the latest
my @databases;
my @nodes;

# A new database with the extension in it, dropped at the end; with these options of CREATE DATABASE.
sub database
{
	my ($name, $options) = (@_, '');

	run_psql('postgres', "DROP DATABASE IF EXISTS $name WITH (FORCE)");
	my ($rc, undef, $err) = run_psql('postgres', "CREATE DATABASE $name $options");
	BAIL_OUT("cannot create a database: $err") if $rc;
	push @databases, $database = $name;
	query('CREATE EXTENSION scylla_fdw');
	return;
}

sub psql_command { return ('psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', '-d', $_[0]); }

sub run_psql
{
	my ($db, $sql) = @_;
	my ($out, $err) = ('', '');
	my $file = File::Temp->new;		# not a pipe: psql ends at an error, whatever is still to come

	print $file $sql;
	close $file;
	IPC::Run::run([ psql_command($db), '-f', "$file" ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout(300));
	chomp $out;
	return ($? >> 8, $out, $err);
}

# (exit status, output, errors with SQLSTATE)
sub psql { return run_psql($database, @_); }

# The output, of SQL that has to work.
sub query
{
	my ($rc, $out, $err) = psql(@_);

	die "$_[0]\nfailed: $err" if $rc;
	return $out;
}

# A psql that runs on its own: { harness, out, err, pid of its backend }.
sub background
{
	my ($sql) = @_;
	my %session = (out => '', err => '', in => "SELECT pg_backend_pid();\n");

	$session{harness} = IPC::Run::start([ psql_command($database) ], '<', \$session{in}, '>', \$session{out},
		'2>', \$session{err}, IPC::Run::timeout(300));
	$session{harness}->pump until $session{out} =~ /^(\d+)\n/;
	$session{pid} = $1;
	$session{out} = '';
	return (bless \%session, 'ScyllaTest::Session')->send($sql);
}

# Until a condition holds. What makes it hold was ordered before, so this only waits for it to travel.
sub await
{
	my ($what, $condition, $seconds) = @_;
	my $end = time + ($seconds // 60);

	until ($condition->())
	{
		if (time > $end)
		{
			diag("never came true: $what");
			return 0;
		}
		sleep 0.02;
	}
	return 1;
}

# Runs code, checks the time it took.
sub within
{
	my ($seconds, $what, $code) = @_;
	my $begun = time;
	my @result = $code->();
	my $took = time - $begun;

	cmp_ok($took, '<', $seconds, sprintf('%s: within %g s', $what, $seconds));
	return @result;
}

sub server_options
{
	my (%option) = @_;
	my $text = join ', ', map { (my $v = $option{$_}) =~ s/'/''/g; "$_ '$v'" } sort keys %option;

	return "OPTIONS ($text)";
}

# A folder of what test/tls/certificates makes, while it is referred to. Nothing, if the server cannot read these files: it runs
# as another user, or in a chroot.
sub certificates
{
	my $folder = File::Temp->newdir;

	system(dirname(__FILE__) . '/../tls/certificates', "$folder") == 0 or BAIL_OUT('no certificates');
	return (psql("SELECT pg_read_file('$folder/client.key')"))[0] == 0 ? $folder : undef;
}

END
{
	my $status = $?;

	$_->stop for @nodes;
	run_psql('postgres', "DROP DATABASE IF EXISTS $_ WITH (FORCE)") for @databases;
	$? = $status;
}

package ScyllaTest::Session;

# More SQL, without waiting for what it brings.
sub send
{
	my ($self, $sql) = @_;

	$self->{in} .= "$sql\n";
	$self->{harness}->pump_nb while length $self->{in};
	return $self;
}

# Until its output matches.
sub shows
{
	my ($self, $pattern) = @_;

	return ScyllaTest::await("output $pattern", sub { $self->{harness}->pump_nb; $self->{out} =~ $pattern });
}

# Waits for its end: (exit status, output, errors).
sub finish
{
	my ($self) = @_;

	unless (eval { $self->{harness}->finish; 1 })
	{
		my $why = $@;
		$self->{harness}->kill_kill(grace => 1);
		return (-1, $self->{out}, "$self->{err}psql does not end: $why");
	}
	return ($self->{harness}->result(0), $self->{out}, $self->{err});
}

package ScyllaTest::Node;

use Test::More;

# ->start("line", ...): the program with these lines as its script.
sub start
{
	my ($class, @lines) = @_;

	return $class->ring(0, @lines);
}

# ->ring(N, "line", ...): N nodes that are each other's peers; lines are for all of them, counters are added up.
sub ring
{
	my ($class, $n, @lines) = @_;
	my %node = (in => '', out => '', err => '');

	$node{harness} = IPC::Run::start([ $ENV{CQL_NODE}, $n ? ('--ring', $n) : (), map { ('-e', $_) } @lines ], '<', \$node{in}, '>', \$node{out},
		'2>', \$node{err}, IPC::Run::timeout(600));
	$node{harness}->pump until $node{out} =~ /^ready (\S+) (\d+)\n/ || !$node{harness}->pumpable;
	BAIL_OUT("the node does not start: $node{err}") unless $node{out} =~ /^ready (\S+) (\d+)\n/;
	@node{qw(address port)} = ($1, $2);
	$node{out} = '';
	my $self = bless \%node, $class;
	push @nodes, $self;
	return $self;
}

# One order; the lines it printed before its ok.
sub order
{
	my ($self, $line) = @_;

	$self->{out} = '';
	$self->{in} .= "$line\n";
	$self->{harness}->pump until $self->{out} =~ /^(ok|error: .*)\n/m;
	die "node: $line: $1" if $1 ne 'ok';
	return $self->{out};
}

sub count
{
	my ($self, $key) = @_;

	return $self->order('report') =~ /^\Q$key\E (\d+)$/m ? $1 : die "no counter $key";
}

sub stop
{
	my ($self) = @_;

	return unless $self->{harness};
	eval { $self->{harness}->kill_kill(grace => 2) };
	$self->{harness} = undef;
	return;
}

1;
