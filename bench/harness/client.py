"""Who does the work. A client's life, which the harness paces:

    idle    has all it needs but a connection: memory is counted from here
    ready   connected, prepared, one row written: clock and CPU are counted from here
    done    every row was acknowledged
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Ended(Exception):
    pass


class Process:
    def start(self, command, **environment):
        self.program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
        self.pid = self.program.pid

    def say(self, line):
        self.program.stdin.write(line + "\n")
        self.program.stdin.flush()

    def read(self):
        line = self.program.stdout.readline()
        if not line:
            raise Ended("%s ended with status %d" % (self.program.args, self.program.wait()))
        return line.rstrip("\n")

    def expect(self, word):
        line = self.read()
        if line != word:
            raise Ended("%s says %r where %r is due" % (self.program.args, line, word))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Nothing is left behind, whatever happened."""
        try:
            self.say("")
            self.program.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.program.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.program.kill()
            self.program.wait()
        self.program.stdout.close()


class Peer(Process):
    """A program that says idle, ready and done, and waits for a line after each."""

    def __init__(self, name, command, windows):
        self.name, self.command, self.windows = name, command, windows

    def idle(self, settings, workload, target, rows, window):
        self.start(["taskset", "-c", settings.client_cpu, *self.command, workload.op, target.host, target.port,
                    workload.table, str(rows), str(window), *("%s:%s" % c for c in workload.columns)],
                   **({"SSLROOTCERT": target.authority} if target.authority else {}))
        self.expect("idle")

    def ready(self):
        self.say("")
        self.expect("ready")

    def done(self):
        self.say("")
        self.expect("done")


class Fdw(Process):
    """A backend of the private server, which runs on the client's core with all its processes."""
    name = "scylla_fdw"
    windows = {"insert": ("auto",), "scan": ("auto",), "sums": ("auto",), "lookup": (1,), "join": ("auto",), "update": ("auto",)}

    def idle(self, settings, workload, target, rows, window):
        self.start(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"])
        self.say("SELECT pg_backend_pid();")
        self.pid = int(self.read())
        self.foreign = "%s_%s" % (workload.name, target.name)
        self.workload, self.rows = workload, rows

    def ready(self):
        self.say(self.workload.warm_up(self.foreign) + ";")
        if self.workload.plan:
            self.say("EXPLAIN %s;" % self.workload.statement(self.rows, self.foreign))
        self.say("\\echo ready")
        lines = list(iter(self.read, "ready"))
        if self.workload.plan and not any(self.workload.plan in line for line in lines):
            raise Ended("%s is planned without %s:\n%s" % (self.foreign, self.workload.plan, "\n".join(lines)))

    def done(self):
        self.say(self.workload.statement(self.rows, self.foreign) + ";")
        self.say("\\echo done")
        if self.workload.answer(self.rows) is not None:
            self.expect(self.workload.answer(self.rows))
        self.expect("done")


def floor_command():
    return [os.environ.get("BENCH_FLOOR")]


def clients():
    python = [sys.executable, os.path.join(HERE, "peers", "python.py")]
    return {client.name: client for client in (
        Peer("floor", floor_command(), {"insert": (1024, 8192)}),
        Fdw(),
        Peer("rust", [os.environ.get("BENCH_RUST")], {"insert": (100, 1000), "scan": (4, 16), "lookup": (1,), "join": (100, 1000)}),
        Peer("python", python, {"insert": (50, 200), "scan": (4, 16), "lookup": (1,), "join": (50, 200)}))}
