from harness.workload import Read

WORKLOAD = Read(
    "lookup", "lookup", "lookup: small rows by key, one after the other",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"scylla_fdw": 2_000, "rust": 2_000, "python": 2_000})
