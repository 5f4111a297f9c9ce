# Who decides what a certificate is good for: psql, connected to a private PostgreSQL server that shows it.
#
#   my $judge = SslJudge->start($certificates) or skip;	# there is no PostgreSQL with TLS
#   $judge->show('server', client => 'ca');				# NAME.pem and NAME.key; asks for client certificates of this CA
#   $judge->accepts(host => '...', sslmode => 'verify-full', ...)
package SslJudge;

use strict;
use warnings;

use File::Temp ();
use IO::Socket::INET;
use IPC::Run ();
use ScyllaTest;

my @judges;

# Of the server under test, or the system's: one that was built with OpenSSL.
sub bindir
{
	for my $pg_config (grep { $_ && -x $_ } $ENV{PG_CONFIG}, glob '/usr/lib/postgresql/*/bin/pg_config')
	{
		return `$pg_config --bindir` =~ s/\n//r if `$pg_config --configure` =~ /--with-(ssl=)?openssl/;
	}
	return;
}

sub free_port
{
	return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
}

sub run
{
	my ($self, $program, @arguments) = @_;
	my $output = '';
	local $ENV{LD_LIBRARY_PATH} = '';	# of another major's server

	IPC::Run::run([ "$self->{bin}/$program", @arguments ], '<', \undef, '>&', \$output, IPC::Run::timeout(120));
	return ($? == 0, $output);
}

sub must
{
	my ($self, @command) = @_;
	my ($ok, $output) = $self->run(@command);

	die "@command: $output" . (-f "$self->{folder}/log" ? `cat $self->{folder}/log` : "") unless $ok;
	return;
}

sub append
{
	my ($self, $name, @lines) = @_;

	open my $file, '>>', "$self->{data}/$name" or die "$name: $!";
	print $file map { "$_\n" } @lines;
	close $file;
	return;
}

sub start
{
	my ($class, $certificates) = @_;
	my $bin = bindir() or return;
	my $self = bless { bin => $bin, certificates => $certificates, port => free_port(),
		folder => File::Temp->newdir('ssl_judge_XXXXXX', TMPDIR => 1) }, $class;

	$self->{data} = "$self->{folder}/data";
	$self->must('initdb', '-D', $self->{data}, '-U', 'postgres', '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8');
	$self->append('postgresql.conf', "listen_addresses = '127.0.0.1'", "port = $self->{port}", 'ssl = on', 'fsync = off',
		"unix_socket_directories = '$self->{folder}'", "shared_buffers = '16MB'", "include_if_exists = 'tls.conf'");
	$self->show('server', start => 1);
	$self->must('pg_ctl', '-D', $self->{data}, '-w', '-l', "$self->{folder}/log", 'start');
	push @judges, $self;
	return $self;
}

# What the server shows now; it reads its files when it likes.
sub shown
{
	my ($self) = @_;

	my $pem = `openssl s_client -starttls postgres -connect 127.0.0.1:$self->{port} </dev/null 2>/dev/null`;

	return $pem =~ /(-----BEGIN CERTIFICATE.*?END CERTIFICATE-----)/s ? $1 : '';
}

sub show
{
	my ($self, $name, %how) = @_;
	my $files = "$self->{certificates}/$name";
	my $ca = $how{client} ? "$self->{certificates}/$how{client}.pem" : '';
	my $line = 'hostssl all all 127.0.0.1/32 trust' . ($how{client} ? ' clientcert=verify-ca' : '');
	my $pem = `openssl x509 -in $files.pem`;

	unlink "$self->{data}/tls.conf", "$self->{data}/pg_hba.conf";
	$self->append('tls.conf', "ssl_cert_file = '$files.pem'", "ssl_key_file = '$files.key'", "ssl_ca_file = '$ca'");
	$self->append('pg_hba.conf', $line);
	return if $how{start};
	$self->must('pg_ctl', '-D', $self->{data}, 'reload');
	die "the server does not show $name" unless await("$name is shown", sub { $self->shown . "\n" eq $pem });
	return;
}

# Whether psql connects with these parameters.
sub accepts
{
	my ($self, %parameter) = @_;
	my %all = (hostaddr => '127.0.0.1', port => $self->{port}, user => 'postgres', dbname => 'postgres',
		gssencmode => 'disable', %parameter);
	my $info = join ' ', map { (my $v = $all{$_}) =~ s/(['\\])/\\$1/g; "$_='$v'" } sort keys %all;
	my ($ok, $output) = $self->run('psql', '-XAtq', '-d', $info, '-c', 'SELECT 1');

	$self->{said} = $output;
	return $ok ? 1 : 0;
}

END
{
	my $status = $?;

	$_->run('pg_ctl', '-D', $_->{data}, '-m', 'immediate', '-w', 'stop') for @judges;
	$? = $status;
}

1;
