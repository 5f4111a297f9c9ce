"""Questions with more than one node, or more than one client: what a load does to others, or others to it.

Each case of a scenario is run in turn, round after round. A run gives numbers by name; figures say which of
them the table shows.
"""
import re
from dataclasses import dataclass
from statistics import median

from harness.client import Process, floor_command
from harness.workload import Insert

SMALL = [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")]


@dataclass(frozen=True)
class Place:
    """Where a scenario is run: a ring of null nodes, or Cassandra."""
    title: str
    cases: tuple                # the first is what others are compared with, if the scenario does not choose
    target: str = "null"
    nodes: int = 1
    replicas: int = 1
    orders: tuple = ()          # lines for all nodes


class Scenario(Insert):
    """rows of generate_series go to small's table; loads that are not counted end by the clock.

    places    where it is run, one after the other
    figures   [(heading, function of a case's runs and those of the case it is compared with)]
    server_options  of scylla_fdw's server
    """
    op = None
    server_options = "consistency 'local_quorum'"
    make = ("SELECT i, 'a text of thirty-two characters.', (i % 1000)::int, i::double precision, timestamptz '2024-01-01'"
            " FROM (SELECT generate_series(1::bigint, {rows}) AS i) AS rows")    # in FROM itself all were made first

    def __init__(self, name, title, places, figures, **settings):
        super().__init__(name, title, SMALL, {}, **settings)
        self.places, self.figures = places, figures

    def run(self, stage, case):
        """{name: number} of one run."""
        raise NotImplementedError

    def base(self, results):
        """The case that others are compared with."""
        return next(iter(results))

    def warm_up(self, stage):
        """Before the first run, where what the target did before makes it faster."""


@dataclass
class Stage:
    """What run() works on."""
    settings: object
    scenario: Scenario
    target: object
    place: Place

    @property
    def foreign(self):
        return "%s_%s" % (self.scenario.name, self.target.name)

    def session(self):
        return Session(self)

    def probe(self, pause_us):
        return Probe(self, pause_us)


class Session(Process):
    """psql, of whose errors the scenario makes something."""

    def __init__(self, stage):
        self.start(["sh", "-c", "exec psql -XqAt 2>&1"])
        self.stage = stage
        self.pid = int(self.run("SELECT pg_backend_pid()")[0])

    def begin(self, statement):
        self.say(statement + ";\n\\echo done")

    def end(self, allowed="^$"):
        """Lines until the statement's end; an error that is not allowed ends the benchmark."""
        lines = list(iter(self.read, "done"))
        for line in lines:
            if line.startswith("ERROR:") and not re.search(allowed, line):
                raise RuntimeError("\n".join(lines))
        return lines

    def run(self, statement, allowed="^$"):
        self.begin(statement)
        return self.end(allowed)

    def warm_up(self):
        """Connected, prepared, one row written."""
        self.run(self.stage.scenario.statement(1, self.stage.foreign))

    def begin_load(self, seconds):
        """Ended by the clock."""
        self.begin("SET statement_timeout = '%gs'; %s; RESET statement_timeout"
                   % (seconds, self.stage.scenario.statement(10**12, self.stage.foreign)))

    def end_load(self):
        """Rows that were acknowledged, and what it said on the way."""
        lines = self.end("statement timeout")
        return find(r"but (\d+) rows? written", lines), lines


class Probe(Process):
    """A second client, which hardly does anything."""

    def __init__(self, stage, pause_us):
        workload = stage.scenario
        self.start(["taskset", "-c", stage.settings.client_cpu, *floor_command(), "probe", stage.target.host, stage.target.port,
                    workload.table, str(pause_us), "1", *("%s:%s" % c for c in workload.columns)])
        self.expect("idle")
        self.say("")
        self.expect("ready")

    def begin(self):
        self.say("")

    def end(self):
        """ms that half of its rows took at most, and 99 % of them."""
        self.say("")
        half, most, _ = (float(x) for x in self.read().split())
        self.expect("done")
        return half / 1000, most / 1000


def find(pattern, lines):
    """The number in the first line that has it; 0: none has."""
    return next((int(m.group(1)) for m in (re.search(pattern, line) for line in lines) if m), 0)


# ---- figures ----

def middle(key, form):
    return lambda runs, base: form(median(run[key] for run in runs))


def spread(key, form):
    return lambda runs, base: "%s .. %s" % (form(min(run[key] for run in runs)), form(max(run[key] for run in runs)))


def against(key, form):
    """The median over the rounds: what slows a whole round down does not count."""
    return lambda runs, base: form(median(run[key] / other[key] for run, other in zip(runs, base)))
