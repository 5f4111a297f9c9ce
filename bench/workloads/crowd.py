import time
from contextlib import ExitStack

from harness.report import number
from harness.scenario import Place, Scenario, find, middle

SECONDS = 20
PAUSE_US = 20_000               # of the second client, between two of its rows


class Crowd(Scenario):
    def run(self, stage, case):
        seconds = SECONDS * stage.settings.scale
        with ExitStack() as stack:
            sessions = [stack.enter_context(stage.session()) for _ in range(int(case))]
            for session in sessions:
                session.warm_up()
                session.run("SET scylla_fdw.progress_interval = '%gs'" % (seconds / 2))
            probe = stack.enter_context(stage.probe(PAUSE_US))
            for session in sessions:
                session.begin_load(seconds)
            time.sleep(0.5 * seconds)
            probe.begin()
            time.sleep(0.45 * seconds)
            p50, p99 = probe.end()
            loads = [session.end_load() for session in sessions]
        # the first line of progress is that of half the time
        last = [rows - find(r"(\d+) acknowledged", lines) for rows, lines in loads]
        return {"rate": sum(last) / (seconds / 2), "jain": sum(last) ** 2 / (len(last) * sum(x * x for x in last)),
                "p50": p50, "p99": p99}


WORKLOAD = Crowd(
    "crowd", "crowd: sessions that load the same node all at once; the second half of their time",
    [Place("null node that serves 20,000 a second, 1 ms", ("4", "16", "64"), orders=("latency 1000", "capacity 20000"))],
    [("sessions", None),
     ("rows/s of all", middle("rate", number)),
     ("Jain's index of their rows", middle("jain", "{:.2f}".format)),
     ("a further client's p50, ms", middle("p50", "{:.1f}".format)),
     ("p99, ms", middle("p99", "{:.1f}".format))],
    repeats=1)
