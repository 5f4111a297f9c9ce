"""An independent client: prints the rows of a CQL query, columns as Python shows them, separated by "|"; those of SELECT JSON as they are.

Usage: cql.py HOSTS PORT QUERY...   each query's rows; HOSTS separated by commas
"""
import sys

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.query import tuple_factory


def main(hosts, port, *queries):
    profile = ExecutionProfile(
        consistency_level=ConsistencyLevel.QUORUM, row_factory=tuple_factory, request_timeout=60)
    cluster = Cluster(hosts.split(","), port=int(port), execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    session = cluster.connect()
    for query in queries:
        for row in session.execute(query):
            print(row[0] if query.startswith("SELECT JSON") else "|".join(repr(value) for value in row))
    cluster.shutdown()


main(*sys.argv[1:])
