"""The Python driver as a judge: python.py HOST PORT TABLE, see README.md."""
import sys

from cassandra.cluster import Cluster
from cassandra.concurrent import execute_concurrent_with_args

WINDOW = 64


def main(host, port, table):
    cluster = Cluster([host], port=int(port))
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
