import time

from harness.measure import cpu_seconds
from harness.report import number
from harness.scenario import Place, Scenario, middle, spread
from harness.sql import sql

LIMITS = {"no limit": 10_000, "8": 8}
IDLE_MS = 2000


class ManyNodes(Scenario):
    rows_sent = 2_000_000

    def run(self, stage, case):
        sql("ALTER SERVER bench_%s OPTIONS (SET max_connections '%d')" % (stage.target.name, LIMITS[case]))
        rows = int(self.rows_sent * stage.settings.scale)
        before = stage.target.report()["connections"]
        with stage.session() as session:
            session.run("SELECT scylla_fdw_version()")
            cpu, began = cpu_seconds(session.pid), time.monotonic()
            session.warm_up()
            first = time.monotonic() - began
            time.sleep(0.5)     # what it began goes on in the background
            first_cpu, opened = cpu_seconds(session.pid) - cpu, stage.target.report()["connections"] - before
            began = time.monotonic()
            session.run(self.statement(rows, stage.foreign))
            seconds = time.monotonic() - began
            opened_by_load = stage.target.report()["connections"] - before
            time.sleep(2 * IDLE_MS / 1000)
            idle = stage.target.report()["open"]
        return {"first": first * 1000, "first_cpu": first_cpu * 1000, "opened": opened, "rate": rows / seconds,
                "opened_by_load": opened_by_load, "idle": idle}


def count(x):
    return "%.0f" % x


def ms(x):
    return "%.1f" % x


WORKLOAD = ManyNodes(
    "many_nodes", "many_nodes: a ring of 100 nodes of 1 ms, three replicas, QUORUM",
    [Place("null nodes, 1 ms", tuple(LIMITS), nodes=100, replicas=3, orders=("latency 1000",))],
    [("max_connections", None),
     ("first row, ms", middle("first", ms)),
     ("its CPU, ms", middle("first_cpu", ms)),
     ("connections opened by it", middle("opened", count)),
     ("rows/s of a load", middle("rate", number)),
     ("min .. max", spread("rate", number)),
     ("connections opened up to its end", middle("opened_by_load", count)),
     ("connections when idle", middle("idle", count))],
    server_options="consistency 'quorum', max_connections '10000', idle_timeout '%d'" % IDLE_MS)
