"""Reads a table of the demo back and prints "COUNT CHECKSUM", by a client that shares no code with
the extension.

usage: verify.py HOST PORT items|events; by TLS where SSLROOTCERT names a file

The checksum is the sum, over all rows, of the first 60 bits of the MD5 of the row's values in
binary form; it does not depend on the order of the rows. dev/demo computes the same in SQL.
"""
import datetime
import hashlib
import os
import ssl
import struct
import sys

from cassandra import cqltypes
from cassandra.cluster import Cluster
from cassandra.query import SimpleStatement

EPOCH = datetime.datetime(1970, 1, 1)
MILLISECOND = datetime.timedelta(milliseconds=1)


# Unpacking 768 floats in Python takes longer than loading them did: leave vectors as they came.
def keep_bytes(cls, data, protocol_version):
    return data


def item(row):
    return struct.pack(">i", row.id) + row.e


def event(row):
    return (struct.pack(">q", row.id) + row.s.encode()
            + struct.pack(">idq", row.n, row.d, (row.ts - EPOCH) // MILLISECOND))


TABLES = {"items": ("SELECT id, e FROM scylla_fdw_demo.items", item),
          "events": ("SELECT id, s, n, d, ts FROM scylla_fdw_demo.events", event)}


def main(host, port, table):
    cqltypes.VectorType.deserialize = classmethod(keep_bytes)
    query, binary = TABLES[table]
    authority = os.environ.get("SSLROOTCERT")
    cluster = Cluster([host], port=int(port), ssl_context=authority and ssl.create_default_context(cafile=authority))
    session = cluster.connect()
    count = checksum = 0
    for row in session.execute(SimpleStatement(query, fetch_size=2000), timeout=60):
        count += 1
        checksum += int(hashlib.md5(binary(row)).hexdigest()[:15], 16)
    cluster.shutdown()
    print(count, checksum)


main(*sys.argv[1:])
