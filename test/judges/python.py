"""The Python driver as a judge: python.py HOST PORT TABLE, see README.md."""
import os
import ssl
import sys

from cassandra.cluster import Cluster
from cassandra.concurrent import execute_concurrent_with_args

WINDOW = 64


def main(host, port, table):
    authority = os.environ.get("CA")
    context = ssl.create_default_context(cafile=authority) if authority else None
    cluster = Cluster([host], port=int(port), ssl_context=context)
    session = cluster.connect()
    statements = {"write": session.prepare("INSERT INTO %s (s, id) VALUES ('x', ?)" % table),
                  "lwt": session.prepare("INSERT INTO %s (s, id) VALUES ('x', ?) IF NOT EXISTS" % table),
                  "read": session.prepare("SELECT s FROM %s WHERE id = ?" % table)}
    print("ready", flush=True)
    for line in sys.stdin:
        verb, rows = line.split()
        for success, result in execute_concurrent_with_args(session, statements[verb], ((i,) for i in range(int(rows))),
                                                            concurrency=WINDOW, results_generator=True):
            if not success:
                raise result
        print("done", flush=True)
    cluster.shutdown()


main(*sys.argv[1:])
