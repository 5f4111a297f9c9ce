from harness.workload import Loop

WORKLOAD = Loop(
    "loop_small", "loop_small: small rows, each by an INSERT of its own in a PL/pgSQL loop, flush_at = transaction",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"scylla_fdw": 100_000},
    gain=("small", 0, 1))
