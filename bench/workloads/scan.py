from harness.workload import Read

WORKLOAD = Read(
    "scan", "scan", "scan: all of a table of small rows: id bigint, s text (32), n int, d double, ts timestamp",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"scylla_fdw": 1_000_000, "rust": 1_000_000, "python": 1_000_000})
