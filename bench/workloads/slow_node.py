import time

from harness.measure import cpu_seconds
from harness.report import number
from harness.scenario import Place, Scenario, against, find, middle, spread

THIRD = {"healthy": "latency 1000", "100 ms": "latency 100000", "1 s": "latency 1000000", "hangs": "on EXECUTE silent"}


class SlowNode(Scenario):
    rows_sent = 5_000_000

    def run(self, stage, case):
        rows = int(self.rows_sent * stage.settings.scale)
        with stage.session() as session:
            session.warm_up()
            stage.target.order("at 3 " + THIRD[case])
            began, cpu = time.monotonic(), cpu_seconds(session.pid)
            lines = session.run(self.statement(rows, stage.foreign), allowed="")
            seconds, cpu = time.monotonic() - began, cpu_seconds(session.pid) - cpu
            stage.target.order("at 3 clear")
            stage.target.order("at 3 latency 1000")
        failed = find(r"(\d+) more were sent", lines)
        acknowledged = find(r"(\d+) rows? of this statement w", lines) if failed else rows
        if any(line.startswith("ERROR") for line in lines) and not failed:
            raise RuntimeError("\n".join(lines))
        return {"rate": acknowledged / seconds, "cpu": cpu * 1e6 / rows, "failed": failed}


WORKLOAD = SlowNode(
    "slow_node", "slow_node: three nodes of 1 ms, three replicas, QUORUM; the third node is not well",
    [Place("null nodes, 1 ms", tuple(THIRD), nodes=3, replicas=3, orders=("latency 1000",))],
    [("third node", None),
     ("rows/s", middle("rate", number)),
     ("min .. max", spread("rate", number)),
     ("of healthy", against("rate", "{:.0%}".format)),
     ("CPU us/row", middle("cpu", "{:.2f}".format)),
     ("rows failed", middle("failed", "{:.0f}".format))],
    server_options="consistency 'quorum'")
