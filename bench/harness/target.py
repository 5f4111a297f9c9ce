"""What clients are pointed at. A target has host, port, and knows a workload's table.

authority     the file with whom to trust, where connections are encrypted; else None
latencies     those it is measured at, in ms; None: those of the command; (None,): not ours to set
most_rows     that one run writes; most_rows_read: that it reads
needs_warmth  what it did before makes it faster
define     makes the table of a workload
empty      makes it empty, or forgets what came
count      rows that arrived since
fill       makes it hold rows with the keys from 0 to n - 1, if it does not yet, and lets PostgreSQL know its size
"""
import os
import re
import ssl
import subprocess

from cassandra.cluster import Cluster

from harness.sql import sql


class Null:
    """test/node's program: answers every write and stores nothing, and reads of repeated rows; one thread a node, on
    the server's core."""
    name = "null"
    latencies = None
    most_rows = most_rows_read = 1_000_000_000
    needs_warmth = False

    def __init__(self, settings, nodes=1, replicas=1):
        self.seen = 0
        self.filled = set()
        self.authority, tls = None, []
        if settings.tls:
            folder = os.environ["BENCH_CERTIFICATES"]
            self.authority = folder + "/ca.pem"
            tls = ["-e", "tls '{0}/server.pem' '{0}/server.key'".format(folder)]
        self.program = subprocess.Popen(
            ["taskset", "-c", settings.server_cpu, os.environ["CQL_NODE"], "--null",
             *(("--ring", str(nodes)) if nodes > 1 else ()),
             "-e", "protocol %s" % settings.protocol, "-e", "keyspace bench simple %d" % replicas, *tls],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        _, self.host, self.port = self.program.stdout.readline().split()

    def order(self, line):
        """Lines that came before "ok"."""
        self.program.stdin.write(line + "\n")
        self.program.stdin.flush()
        lines = []
        while True:
            answer = self.program.stdout.readline().rstrip("\n")
            if answer == "ok":
                return lines
            if not answer or answer.startswith("error:"):
                raise RuntimeError("cql_node: %s: %s" % (line, answer))
            lines.append(answer)

    def set_latency(self, ms):
        self.order("latency %d" % (ms * 1000))

    def define(self, workload):
        self.order("table " + workload.definition())

    def report(self):
        return {name: int(value) for name, value in (line.split() for line in self.order("report"))}

    def written(self):
        return self.report()["rows_written"]

    def empty(self, workload):
        self.seen = self.written()

    def count(self, workload):
        return self.written() - self.seen

    def fill(self, workload, rows):
        if workload.name not in self.filled:
            self.order("row %s (%s)" % (workload.table, workload.literals()))
        self.order("repeat %s %d" % (workload.table, rows))
        if workload.name not in self.filled:
            sql("ANALYZE %s_%s" % (workload.name, self.name))
            self.filled.add(workload.name)

    def close(self):
        self.program.stdin.close()
        self.program.wait()


class Cassandra:
    """A node of its own, or SCYLLA_HOST's cluster; its latency is what it is."""
    name = "cassandra"
    latencies = (None,)
    most_rows = 50_000
    most_rows_read = 200_000
    needs_warmth = True

    def __init__(self, settings):
        self.ring = None
        self.filled = {}
        self.host, self.port = os.environ.get("SCYLLA_HOST"), os.environ.get("SCYLLA_PORT", "9042")
        self.authority = os.environ["SSLROOTCERT"] if settings.tls and self.host else None
        if not self.host:
            self.start_node(settings)
        context = ssl.create_default_context(cafile=self.authority) if self.authority else None
        self.cluster = Cluster([self.host], port=int(self.port), ssl_context=context)
        self.session = self.cluster.connect()
        self.session.default_timeout = 120
        self.session.execute("DROP KEYSPACE IF EXISTS bench")
        self.session.execute("CREATE KEYSPACE bench WITH replication = "
                             "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}")

    def start_node(self, settings):
        """bench/run stops it too, should we not come to it. It gives up a write after 2 s if not told
        otherwise; a machine with all of this on two cores may stall for longer."""
        self.ring = os.environ["BENCH_RING"]
        subprocess.run(["taskset", "-c", settings.server_cpu, os.environ["DEV"] + "/cassandra", "start", self.ring],
                       env={**os.environ, "BENCH": "1", "TLS": "on" if settings.tls else "",
                            "YAML_EXTRA": "write_request_timeout: 30s"}, check=True)
        with open(self.ring + "/env") as env:
            self.port = re.search(r"SCYLLA_PORT=(\d+)", env.read()).group(1)
        self.host = "127.0.0.1"
        if settings.tls:
            self.authority = self.ring + "/tls/ca.pem"

    def set_latency(self, ms):
        pass

    def define(self, workload):
        self.session.execute("CREATE TABLE " + workload.definition())

    def empty(self, workload):
        self.session.execute("TRUNCATE " + workload.table)

    def count(self, workload):
        key = workload.columns[0][0]
        return sum(1 for _ in self.session.execute("SELECT %s FROM %s" % (key, workload.table)))

    def fill(self, workload, rows):
        if self.filled.get(workload.name) != rows:
            foreign = "%s_%s" % (workload.name, self.name)
            sql(workload.fill(foreign, rows) + "; ANALYZE " + foreign)
            self.filled[workload.name] = rows

    def close(self):
        self.session.execute("DROP KEYSPACE IF EXISTS bench")
        self.cluster.shutdown()
        if self.ring:
            subprocess.run([os.environ["DEV"] + "/cassandra", "stop", self.ring], check=True)


TARGETS = {target.name: target for target in (Null, Cassandra)}
