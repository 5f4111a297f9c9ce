import time
from statistics import median

from harness.report import number
from harness.scenario import Place, Scenario, against, middle, spread

ALONE, ADAPTS = "no load", "adapts"
SECONDS = 3
PAUSE_US = 10_000               # of the second client, between two of its rows


class Neighbour(Scenario):
    def run(self, stage, case):
        seconds = SECONDS * stage.settings.scale
        with stage.session() as session, stage.probe(PAUSE_US) as probe:
            session.warm_up()
            session.run("SET scylla_fdw.max_in_flight = %s" % (case if case.isdigit() else 0))
            probe.begin()
            rows, began = 0, time.monotonic()
            if case == ALONE:
                time.sleep(seconds)
            else:
                session.begin_load(seconds)
                rows, _ = session.end_load()
            rate = rows / (time.monotonic() - began)
            p50, p99 = probe.end()
        return {"rate": rate, "p50": p50, "p99": p99}

    def warm_up(self, stage):
        for _ in range(5):
            self.run(stage, ADAPTS)

    def base(self, results):
        """The best fixed window: the smallest with 97 % of the highest rate."""
        rates = {case: median(run["rate"] for run in runs) for case, runs in results.items() if case not in (ALONE, ADAPTS)}
        return next(case for case, rate in rates.items() if rate >= 0.97 * max(rates.values()))


def windows(*limits):
    return (ALONE, *(str(limit) for limit in limits), ADAPTS)


def ms(x):
    return "%.2f" % x


WORKLOAD = Neighbour(
    "neighbour", "neighbour: one session loads, a second client writes a row now and then",
    [Place("null node that serves 6,000 a second, 1 ms", windows(4, 8, 16, 32, 64, 256), orders=("latency 1000", "capacity 6000")),
     Place("null node that serves 100,000 a second, 1 ms", windows(32, 64, 128, 256, 512, 1024),
           orders=("latency 1000", "capacity 100000")),
     Place("Cassandra", windows(16, 32, 64, 128, 256, 1024), target="cassandra")],
    [("max_in_flight", None),
     ("rows/s", middle("rate", number)),
     ("min .. max", spread("rate", number)),
     ("of the best fixed", against("rate", "{:.0%}".format)),
     ("second client's p50, ms", middle("p50", ms)),
     ("p99, ms", middle("p99", ms)),
     ("p50 divided by that beside the best fixed", against("p50", "{:.1f} x".format))])
