from harness.workload import Update

WORKLOAD = Update(
    "update", "update: one column of 100,000 small rows",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"scylla_fdw": 100_000},
    gain=("lookup", 20, 1))
