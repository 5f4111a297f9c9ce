from harness.workload import Insert

WORKLOAD = Insert(
    "small", "small rows: id bigint, s text (32), n int, d double, ts timestamp",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"floor": 4_000_000, "scylla_fdw": 1_000_000, "rust": 200_000, "python": 20_000})
