from harness.workload import Read

WORKLOAD = Read(
    "join", "join", "join: 10,000 keys at once, with small rows",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"scylla_fdw": 10_000, "rust": 10_000, "python": 10_000},
    table_rows=200_000,
    plan="Custom Scan (ScyllaJoin)",
    gain=("lookup", 20, 1))
