"""An independent client for values: what it wrote another reads, what another wrote it reads, exactly.

Usage: values.py read|write HOST PORT TABLE < CASES

CASES are JSON: [{"id": 1, "column": "c_int_7", "value": "-1"}...], each value a Python expression, or
blob:HEX for bytes that CQL's own functions turn into the type. `write` makes each case a row of that id; `read`
prints, case by case, the tab-separated id, what the row holds, and what the expression is.
"""
import json
import sys
from datetime import timezone  # noqa: F401 for expressions
from decimal import Decimal  # noqa: F401
from uuid import UUID  # noqa: F401

from cassandra import ConsistencyLevel, util
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.query import tuple_factory

Date, Duration, Time = util.Date, util.Duration, util.Time


def plain(value):
    """A form that two values share only if they are the same: type, sign of zero and scale included."""
    if isinstance(value, (set, frozenset, util.SortedSet)):
        return "{%s}" % ", ".join(sorted(plain(v) for v in value))
    if isinstance(value, (dict, util.OrderedMap)):
        return "{%s}" % ", ".join(sorted("%s: %s" % (plain(k), plain(v)) for k, v in value.items()))
    if isinstance(value, tuple):
        return "(%s)" % ", ".join(plain(v) for v in value)
    if isinstance(value, list):
        return "[%s]" % ", ".join(plain(v) for v in value)
    if isinstance(value, str) and len(value) > 1000:
        return "%d characters, hash %d" % (len(value), hash(value))
    return ascii(value)


def selected(column):
    """Python's datetime ends long before CQL's does: the milliseconds instead."""
    return 'tounixtimestamp("%s")' % column if column.startswith("c_timestamp") else '"%s"' % column


def read(session, table, case):
    row = session.execute('SELECT %s FROM %s WHERE id = %d' % (selected(case["column"]), table, case["id"])).one()
    print(case["id"], plain(row[0]) if row else "no row", plain(eval(case["value"])), sep="\t")


def write(session, table, case):
    column = case["column"]
    if case["value"].startswith("blob:"):
        session.execute('INSERT INTO %s (id, "%s") VALUES (%d, blobas%s(0x%s))' % (
            table, column, case["id"], column.split("_")[1], case["value"][5:]))
        return
    insert = session.prepare('INSERT INTO %s (id, "%s") VALUES (?, ?)' % (table, column))
    session.execute(insert, (case["id"], eval(case["value"])))


def main(what, host, port, table):
    profile = ExecutionProfile(consistency_level=ConsistencyLevel.ALL, row_factory=tuple_factory, request_timeout=60)
    cluster = Cluster([host], port=int(port), execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    session = cluster.connect()
    for case in json.load(sys.stdin):
        {"read": read, "write": write}[what](session, table, case)
    cluster.shutdown()


main(*sys.argv[1:])
