"""The Python driver: python.py insert|scan|lookup|join HOST PORT TABLE ROWS WINDOW COLUMN:TYPE...

Rows are made before the clock starts as far as they can be; each is a prepared statement executed on
its own by execute_concurrent_with_args. Its results are taken as they come: kept in a list, they
make the garbage collector the most expensive part of the load. A scan reads WINDOW ranges of tokens
side by side, page after page, in the callbacks of their futures. Rows are tuples, the cheapest form
the driver has. It talks to the harness as every peer does: bench/README.md.
"""
import datetime
import os
import re
import ssl
import sys
import threading

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.query import tuple_factory

POOL = 64
EPOCH = datetime.datetime(2024, 1, 1)


def meet(word):
    print(word, flush=True)
    if not sys.stdin.readline():
        sys.exit("the harness is gone")


def maker(cql_type):
    """Function from a row's number to a value; what is costly to make comes from a pool."""
    if cql_type in ("int", "bigint"):
        return int
    if cql_type == "double":
        return float
    if cql_type == "text":
        pool = ["%032d" % i for i in range(POOL)]
    elif cql_type == "timestamp":
        pool = [EPOCH + datetime.timedelta(seconds=i) for i in range(POOL)]
    else:
        n = int(re.fullmatch(r"vector<float, (\d+)>", cql_type).group(1))
        pool = [[(i * 31 + k * 7) % 1000 / 1000 for k in range(n)] for i in range(POOL)]
    return lambda i: pool[i % POOL]


def insert(session, statement, columns, rows, window):
    args = (tuple(make(i) for make in columns) for i in range(rows))
    for success, result in execute_concurrent_with_args(session, statement, args, concurrency=window,
                                                        results_generator=True):
        if not success:
            raise result


class Range:
    """A range of tokens while it is read; ends says that it was."""

    def __init__(self, session, statement, bounds):
        self.rows = self.sum = self.bytes = 0
        self.failure = None
        self.ended = threading.Event()
        self.future = session.execute_async(statement, bounds)
        self.future.add_callbacks(self.take, self.fail)

    def take(self, rows):
        self.rows += len(rows)
        self.sum += sum(row[0] for row in rows)
        self.bytes += sum(len(row[1]) for row in rows)
        if self.future.has_more_pages:
            self.future.start_fetching_next_page()
        else:
            self.ended.set()

    def fail(self, failure):
        self.failure = failure
        self.ended.set()


def scan(session, statement, rows, window):
    bounds = [-2**63 + (2**64 - 1) * i // window for i in range(window + 1)]
    ranges = [Range(session, statement, pair) for pair in zip(bounds, bounds[1:])]
    for r in ranges:
        r.ended.wait()
        if r.failure:
            raise r.failure
    if sum(r.bytes for r in ranges) != 32 * rows:
        sys.exit("not every text was read")
    return sum(r.rows for r in ranges), sum(r.sum for r in ranges)


def keys(rows):
    """As harness/workload.py."""
    return (i * 7919 % rows for i in range(rows))


def lookup(session, statement, rows, window):
    found = [session.execute(statement, (key,)).one() for key in keys(rows)]
    return len(found), sum(row[0] for row in found)


def join(session, statement, rows, window):
    n = total = 0
    for success, result in execute_concurrent_with_args(session, statement, ((key,) for key in keys(rows)),
                                                        concurrency=window, results_generator=True):
        if not success:
            raise result
        n, total = n + 1, total + result.one()[0]
    return n, total


WHERE = {"scan": "token({key}) > ? AND token({key}) <= ?", "lookup": "{key} = ?", "join": "{key} = ?"}
READ = {"scan": scan, "lookup": lookup, "join": join}


def read(session, op, table, names, rows, window):
    statement = session.prepare("SELECT %s FROM %s WHERE %s" % (", ".join(names), table,
                                                               WHERE[op].format(key=names[0])))
    statement.is_idempotent = True
    if op != "scan":
        READ[op](session, statement, 1, 1)
    meet("ready")
    if READ[op](session, statement, rows, window) != (rows, rows * (rows - 1) // 2):
        sys.exit("not every row was read once")


def write(session, table, names, types, rows, window):
    makers = [maker(t) for t in types]
    statement = session.prepare("INSERT INTO %s (%s) VALUES (%s)" % (table, ", ".join(names),
                                                                    ", ".join("?" * len(names))))
    statement.is_idempotent = True
    insert(session, statement, makers, 1, 1)
    meet("ready")
    insert(session, statement, makers, rows, window)


def main(op, host, port, table, rows, window, *columns):
    names, types = zip(*(c.split(":", 1) for c in columns))
    meet("idle")

    profile = ExecutionProfile(consistency_level=ConsistencyLevel.LOCAL_QUORUM, request_timeout=60,
                               row_factory=tuple_factory)
    authority = os.environ.get("SSLROOTCERT")
    context = ssl.create_default_context(cafile=authority) if authority else None
    cluster = Cluster([host], port=int(port), ssl_context=context, execution_profiles={EXEC_PROFILE_DEFAULT: profile},
                      schema_metadata_enabled=False)  # of functions, views ...: the null node has none
    session = cluster.connect()
    if op == "insert":
        write(session, table, names, types, int(rows), int(window))
    else:
        read(session, op, table, names, int(rows), int(window))
    meet("done")
    cluster.shutdown()


main(*sys.argv[1:])
