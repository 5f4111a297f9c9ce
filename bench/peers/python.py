"""The Python driver: python.py insert HOST PORT TABLE ROWS WINDOW COLUMN:TYPE...

Rows are made before the clock starts as far as they can be; each is a prepared statement executed on
its own by execute_concurrent_with_args. Its results are taken as they come: kept in a list, they
make the garbage collector the most expensive part of the load. It talks to the harness as every
peer does: bench/README.md.
"""
import datetime
import re
import sys

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.concurrent import execute_concurrent_with_args

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


def main(op, host, port, table, rows, window, *columns):
    assert op == "insert"
    names, types = zip(*(c.split(":", 1) for c in columns))
    makers = [maker(t) for t in types]
    meet("idle")

    profile = ExecutionProfile(consistency_level=ConsistencyLevel.LOCAL_QUORUM, request_timeout=60)
    cluster = Cluster([host], port=int(port), execution_profiles={EXEC_PROFILE_DEFAULT: profile},
                      schema_metadata_enabled=False)  # of functions, views ...: the null node has none
    session = cluster.connect()
    statement = session.prepare("INSERT INTO %s (%s) VALUES (%s)" % (table, ", ".join(names),
                                                                    ", ".join("?" * len(names))))
    statement.is_idempotent = True
    insert(session, statement, makers, 1, 1)
    meet("ready")
    insert(session, statement, makers, int(rows), int(window))
    meet("done")
    cluster.shutdown()


main(*sys.argv[1:])
