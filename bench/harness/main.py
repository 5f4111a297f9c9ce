"""Runs every client on every workload and target, one after the other and round after round, so that
what else the machine does hits all of them alike; prints the median of the rounds."""
import argparse
import importlib
import os
import pkgutil
import signal
import sys
import time
from dataclasses import dataclass, field

import workloads
from harness.client import clients
from harness.measure import Peak, anonymous_kb, cpu_seconds
from harness.report import print_machine, print_scenario, print_table, rate
from harness.scenario import Scenario, Stage
from harness.sql import sql
from harness.target import TARGETS


@dataclass
class Run:
    rate: float                 # rows a second
    cpu: float                  # us a row
    memory: float               # MiB over idle, at the peak


@dataclass
class Series:
    """One client with one window on one workload, target and latency."""
    workload: object
    target: object
    latency: object             # ms; None: not ours to set
    client: object
    window: object
    runs: list = field(default_factory=list)


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def parse(arguments, known):
    def names(choices):
        def check(text):
            chosen = text.split(",")
            for name in chosen:
                if name not in choices:
                    raise argparse.ArgumentTypeError("%s is none of %s" % (name, ", ".join(choices)))
            return chosen
        return check

    parser = argparse.ArgumentParser(prog="bench/run")
    peers = list(clients())
    parser.add_argument("--workloads", type=names(known), default=list(known), help="of " + ",".join(known))
    parser.add_argument("--targets", type=names(TARGETS), default=list(TARGETS), help="of " + ",".join(TARGETS))
    parser.add_argument("--clients", type=names(peers), default=peers, help="of " + ",".join(peers))
    parser.add_argument("--latencies", type=lambda s: [float(x) for x in s.split(",")], default=[0.0, 1.0],
                        help="of the null node's answers, in ms; 0,1")
    parser.add_argument("--repeats", type=int, default=3, help="rounds, of which the median is shown; 3")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies all numbers of rows")
    parser.add_argument("--protocol", choices=("4", "5"), default="4",
                        help="the null node's highest CQL version; 4, which all clients speak")
    parser.add_argument("--pg", default=None, help="major of PostgreSQL: the distribution's, 16, 18")
    parser.add_argument("--tls", action="store_true", help="encrypted, nodes are verified; floor does without and is left out")
    settings = parser.parse_args(arguments)
    if settings.tls:
        settings.clients = [name for name in settings.clients if name != "floor"]
    settings.server_cpu, settings.client_cpu = os.environ.get("SERVER_CPU"), os.environ.get("CLIENT_CPU")
    return settings


WARM_UPS = 3


def load_workloads():
    names = sorted(m.name for m in pkgutil.iter_modules(workloads.__path__))
    return {name: importlib.import_module("workloads." + name).WORKLOAD for name in names}


def rows_of(settings, workload, target, client):
    most = target.most_rows if workload.op == "insert" else target.most_rows_read
    return max(1, int(min(workload.rows[client], most) * settings.scale))


def plan(settings, chosen, target):
    """The series of a round, in its order."""
    known = clients()
    for latency in settings.latencies if target.latencies is None else target.latencies:
        for workload in chosen:
            if latency not in (workload.latencies or (latency,)):
                continue
            for name in settings.clients:
                if name in workload.rows:
                    for window in known[name].windows[workload.op]:
                        yield Series(workload, target, latency, known[name], window)


def make_foreign_tables(chosen, target, server_options="request_timeout '60000'"):
    tls = ", sslmode 'verify-full', sslrootcert '%s'" % target.authority if target.authority else ""
    sql("SET client_min_messages = warning; DROP SERVER IF EXISTS bench_{name} CASCADE;"
        " CREATE SERVER bench_{name} FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host '{host}', port '{port}',"
        " {options}{tls}); CREATE USER MAPPING FOR CURRENT_USER SERVER bench_{name}"
        .format(name=target.name, host=target.host, port=target.port, options=server_options, tls=tls))
    for workload in chosen:
        target.define(workload)
        sql("CREATE FOREIGN TABLE {name}_{target} ({columns}) SERVER bench_{target} OPTIONS (keyspace 'bench',"
            " table '{name}'{options})".format(name=workload.name, target=target.name, columns=workload.sql_columns(),
                                              options=workload.options))


def run_once(settings, series):
    rows = rows_of(settings, series.workload, series.target, series.client.name)
    client = series.client
    series.target.set_latency(series.latency)
    series.workload.prepare(series.target, rows)
    client.idle(settings, series.workload, series.target, rows, series.window)
    try:
        idle = anonymous_kb(client.pid)
        client.ready()
        series.workload.before(series.target)
        with Peak(client.pid) as peak:
            cpu, began = cpu_seconds(client.pid), time.monotonic()
            client.done()
            seconds, cpu = time.monotonic() - began, cpu_seconds(client.pid) - cpu
        series.workload.check(series.target, rows)
    finally:
        client.close()
    return Run(rows / seconds, cpu * 1e6 / rows, (peak.kb - idle) / 1024)


def describe(series):
    where = series.target.name + ("" if series.latency is None else " %g ms" % series.latency)
    return "%s, %s, %s window %s" % (series.workload.name, where, series.client.name, series.window)


def measure(settings, target, all_series):
    if target.needs_warmth:
        say("warming %s up" % target.name)
        for series in WARM_UPS * all_series:
            if series.client.name in ("scylla_fdw", "rust"):
                run_once(settings, series)
    for repeat in range(settings.repeats):
        for series in all_series if repeat % 2 == 0 else all_series[::-1]:
            if repeat < (series.workload.repeats or settings.repeats):
                series.runs.append(run_once(settings, series))
                say("round %d: %s: %.0f rows/s" % (repeat + 1, describe(series), series.runs[-1].rate))


def measure_target(settings, kind, workloads):
    """One target at a time: Cassandra works on long after its clients are done."""
    chosen = [w for w in workloads if kind.name in w.targets]
    target = kind(settings)
    try:
        make_foreign_tables(chosen, target)
        all_series = list(plan(settings, chosen, target))
        measure(settings, target, all_series)
    finally:
        target.close()
    return all_series


def measure_scenario(settings, scenario, place):
    """{case: its runs}"""
    kind = TARGETS[place.target]
    target = kind(settings, place.nodes, place.replicas) if place.target == "null" else kind(settings)
    results = {case: [] for case in place.cases}
    try:
        make_foreign_tables([scenario], target, scenario.server_options)
        for line in place.orders:
            target.order(line)
        stage = Stage(settings, scenario, target, place)
        if target.needs_warmth:
            say("warming %s up" % target.name)
            scenario.warm_up(stage)
        for repeat in range(scenario.repeats or settings.repeats):
            for case in place.cases if repeat % 2 == 0 else place.cases[::-1]:
                results[case].append(scenario.run(stage, case))
                say("round %d: %s, %s, %s: %s" % (repeat + 1, scenario.name, place.title, case,
                                                  ", ".join("%s %.6g" % pair for pair in results[case][-1].items())))
    finally:
        target.close()
    return results


def measure_scenarios(settings, scenarios):
    """Only scylla_fdw takes part in them, and without TLS."""
    if "scylla_fdw" not in settings.clients or settings.tls:
        return
    for scenario in scenarios:
        for place in scenario.places:
            if place.target in settings.targets:
                yield scenario, place, measure_scenario(settings, scenario, place)


def exceeded(all_series):
    """Of scylla_fdw: the bounds that a workload sets."""
    for series in all_series:
        bound = series.workload.most_memory
        if bound and series.client.name == "scylla_fdw" and max(r.memory for r in series.runs) >= bound:
            yield "%s: %.0f MiB over idle, %d are allowed" % (describe(series),
                                                            max(r.memory for r in series.runs), bound)


def gains(all_series):
    """Of scylla_fdw: workloads that must be faster than another one."""
    rates = {(s.workload.name, s.target.name, s.latency): rate(s) for s in all_series if s.client.name == "scylla_fdw"}
    for series in all_series:
        if series.client.name == "scylla_fdw" and series.workload.gain:
            other, least, latency = series.workload.gain
            base = rates.get((other, series.target.name, series.latency))
            if base:
                factor = rate(series) / base
                yield ("%s: %.1f times as fast as %s" % (describe(series), factor, other),
                       series.latency == latency and factor < least)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    known = load_workloads()
    settings = parse(sys.argv[1:], known)
    if "BENCH_PLAN" in os.environ:
        print(" ".join(settings.targets + settings.clients), settings.pg or "", sep="\n")
        return
    chosen = [known[name] for name in settings.workloads if not isinstance(known[name], Scenario)]
    scenarios = [known[name] for name in settings.workloads if isinstance(known[name], Scenario)]
    sql("CREATE EXTENSION vector; CREATE EXTENSION scylla_fdw")
    for workload in chosen if "scylla_fdw" in settings.clients else ():
        say("making the source of %s" % workload.name)
        sql(workload.make_source(max(rows_of(settings, workload, TARGETS[t], "scylla_fdw") for t in settings.targets)))
    all_series = [s for name in settings.targets for s in measure_target(settings, TARGETS[name], chosen)] if chosen else []
    tables = list(measure_scenarios(settings, scenarios))
    print_machine(settings, float(os.environ["BENCH_LOAD"]))
    print_table(all_series)
    for table in tables:
        print_scenario(*table)
    failures = list(exceeded(all_series))
    for text, too_slow in gains(all_series):
        print("\n" + text)
        failures += [text] if too_slow else []
    if failures:
        sys.exit("bench: " + "; ".join(failures))


main()
