"""Waits until every node of a ring works with every other.

usage: ring_ready.py SECONDS AUTH PORT ADDRESS...

A node counts as ready when its system.peers lists all others, with its own version of the schema,
and a read that every node must answer succeeds through it: peers are listed some seconds before
gossip calls them alive.
"""
import logging
import os
import ssl
import sys
import time

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT
from cassandra.policies import WhiteListRoundRobinPolicy
from cassandra.query import SimpleStatement


def encryption():
    folder = os.environ.get("RING_CERTIFICATES")
    if not folder:
        return None
    context = ssl.create_default_context(cafile=folder + "/ca.pem")
    context.load_cert_chain(folder + "/client.pem", folder + "/client.key")
    return context


def connect(address, port, auth):
    profile = ExecutionProfile(
        load_balancing_policy=WhiteListRoundRobinPolicy([address]), request_timeout=5)
    provider = PlainTextAuthProvider("cassandra", "cassandra") if auth else None
    cluster = Cluster([address], port=port, auth_provider=provider, protocol_version=4, ssl_context=encryption(),
                      execution_profiles={EXEC_PROFILE_DEFAULT: profile}, connect_timeout=10,
                      schema_metadata_enabled=False, token_metadata_enabled=False)
    return cluster, cluster.connect()


# A keyspace that Cassandra itself keeps three times: reading it from all replicas needs no schema
# change, and a node killed in the middle of one may not start again.
def read_from_all(session):
    session.execute(SimpleStatement(
        "SELECT * FROM system_distributed.view_build_status "
        "WHERE keyspace_name = 'none' AND view_name = 'none'",
        consistency_level=ConsistencyLevel.ALL))


def check(address, port, auth, nodes):
    cluster, session = connect(address, port, auth)
    try:
        peers = list(session.execute("SELECT schema_version FROM system.peers"))
        own = session.execute("SELECT schema_version FROM system.local").one()
        if len(peers) != nodes - 1:
            raise RuntimeError("%s knows %d of %d peers" % (address, len(peers), nodes - 1))
        if any(peer != own for peer in peers):
            raise RuntimeError("%s has another schema than its peers" % address)
        if nodes > 1:
            read_from_all(session)
    finally:
        cluster.shutdown()


def main(seconds, auth, port, *addresses):
    logging.disable(logging.CRITICAL)
    auth, port = auth != "0", int(port)
    until = time.monotonic() + float(seconds)
    for address in addresses:
        while True:
            try:
                check(address, port, auth, len(addresses))
                break
            except Exception as error:  # whatever it is, only the deadline ends the waiting
                if time.monotonic() > until:
                    sys.exit("%s: %s" % (address, error))
                time.sleep(0.3)


main(*sys.argv[1:])
