from harness.workload import Read

WORKLOAD = Read(
    "sums", "sums", "sums: the rows of scan, added up by PostgreSQL's executor",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"scylla_fdw": 1_000_000})
