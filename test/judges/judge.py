"""Has drivers judge the ScyllaDB nodes of test/node, and prints a table: README.md tells what it means.

usage: judge.py CQL_NODE NAME=COMMAND...
COMMAND is a program of one driver with its first arguments; HOST PORT TABLE are added. CERTIFICATES in the environment, a
folder that test/tls/certificates made, lets all of them speak TLS.
"""
import os
import shlex
import subprocess
import sys
import time

NODES = 3
SHARDS = 8
TABLETS = 64
WARM_UP = 20000
REQUESTS = 100000
CONDITIONAL = 10000
FIRST = 10000
SESSIONS = 5
OURS = "scylla_fdw"
POOLS_SECONDS = 30
SCRIPT = ["scylla %d" % SHARDS,
          "keyspace vnodes network dc1:2",
          "keyspace tablets network dc1:2 tablets %d" % TABLETS,
          "table vnodes.t (id bigint PRIMARY KEY, s text)",
          "table tablets.t (id bigint PRIMARY KEY, s text)",
          "store off"]
CERTIFICATES = os.environ.get("CERTIFICATES")
TLS = ['tls "%s/server.pem" "%s/server.key"' % (CERTIFICATES, CERTIFICATES), "tls_port 0"] if CERTIFICATES else []


class Program:
    """A process that answers lines with lines."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("it ended with status %d" % self.process.wait())
        return line.strip()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Ring(Program):
    def __init__(self, program):
        command = [program, "--ring", str(NODES), "--tokens", "16"]
        for line in SCRIPT + TLS:
            command += ["-e", line]
        super().__init__(command)
        _, self.address, *ports = self.line().split()
        self.port = ports[-1]  # with TLS its port comes last

    def order(self, line):
        """What was answered before `ok`, as a dictionary of counters."""
        self.ask(line)
        lines = []
        while (answer := self.line()) != "ok":
            if answer.startswith("error: "):
                raise RuntimeError(answer)
            lines.append(answer)
        return {key: int(value) for key, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("tls_sni"))}

    def shards(self):
        """Connections for requests of each shard of each node."""
        reports = [self.order("at %d report" % (node + 1)) for node in range(NODES)]
        return [report.get("shard %d" % shard, 0) for report in reports for shard in range(SHARDS)]

    def await_pools(self):
        """Pools are filled in the background: they are looked at when every shard has a connection."""
        end = time.monotonic() + POOLS_SECONDS
        while min(self.shards()) == 0 and time.monotonic() < end:
            time.sleep(0.05)

    def move_tablets(self):
        """Each tablet to two other nodes of the three, and other shards."""
        for tablet in range(TABLETS):
            places = ["127.0.0.%d %d" % ((tablet + i) % NODES + 1, (5 * tablet + i) % SHARDS) for i in (1, 2)]
            self.order("tablet tablets.t %d at %s" % (tablet, " ".join(places)))


def run(driver, requests, verbs=("write", "read")):
    for verb in verbs:
        driver.ask("%s %d" % (verb, requests // len(verbs)))
        while driver.line() != "done":
            pass


def measure(ring, driver):
    """Payloads of the warm-up, counters of the requests, and those of conditional ones."""
    ring.order("reset")
    run(driver, WARM_UP)
    ring.await_pools()
    run(driver, WARM_UP)
    learned = ring.order("report")["payloads"]
    ring.order("reset")
    run(driver, REQUESTS)
    report = ring.order("report")
    if report["EXECUTE"] != REQUESTS:
        raise RuntimeError("%d requests came instead of %d" % (report["EXECUTE"], REQUESTS))
    ring.order("reset")
    run(driver, CONDITIONAL, ["lwt"])
    return learned, report, ring.order("report")


def connect(ring, command, placement):
    driver = Program(shlex.split(command) + [ring.address, ring.port, placement + ".t"])
    while driver.line() != "ready":
        pass
    return driver


def second_session(ring, command):
    """Its first rows: it may read where tablets are, and nothing has told it."""
    driver = connect(ring, command, "tablets")
    try:
        ring.order("reset")
        run(driver, FIRST, ["write"])
        report = ring.order("report")
        return "first rows", "", "", report["wrong_node"], report["wrong_shard"], "", report["payloads"], ""
    finally:
        driver.end()


def first_rows(ring, command):
    """Of the best of some sessions: a machine that is busy connects late."""
    return min((second_session(ring, command) for _ in range(SESSIONS)), key=lambda line: line[3] + line[4])


def judge(program, name, command, placement):
    """Lines of the table."""
    ring = Ring(program)
    driver = connect(ring, command, placement)
    try:
        if name != OURS:  # which opens connections as they are needed
            ring.await_pools()
        report = ring.order("report")
        if CERTIFICATES and report["tls_handshakes"] != report["connections"]:
            raise RuntimeError("%(tls_handshakes)d of %(connections)d connections are encrypted" % report)
        for measured in [placement] + (["moved"] if placement == "tablets" else []):
            if measured == "moved":
                ring.move_tablets()
            learned, report, conditional = measure(ring, driver)
            shards = ring.shards()
            yield (measured, "%d" % min(shards) if min(shards) == max(shards) else "%d-%d" % (min(shards), max(shards)),
                   report["connections"], report["wrong_node"], report["wrong_shard"], learned, report["payloads"],
                   conditional["not_owner"])
        if name == OURS and placement == "tablets":
            yield first_rows(ring, command)
    finally:
        driver.end()
        ring.end()


def is_good(line, name):
    astray = line[3] + line[4]
    if line[0] == "first rows":
        return astray <= FIRST // 100
    return line[1] == "1" and astray <= (REQUESTS // 1000 if name == OURS and line[0] != "vnodes" else 0)


def main(program, *judges):
    if CERTIFICATES:
        os.environ["CA"] = CERTIFICATES + "/ca.pem"
    titles = ("driver", "placement", "per shard", "opened", "wrong node", "wrong shard", "learned", "payloads", "not first")
    form = "%-10s %-10s %9s %7s %10s %11s %8s %8s %9s"
    good = True
    print(form % titles, flush=True)
    for argument in judges:
        name, command = argument.split("=", 1)
        for placement in ("vnodes", "tablets"):
            for line in judge(program, name, command, placement):
                print(form % (name, *line), flush=True)
                good = good and is_good(line, name)
    return 0 if good else 1


sys.exit(main(*sys.argv[1:]))
