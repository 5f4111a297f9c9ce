from harness.workload import Read

# What a scan needs must not grow with its rows.
WORKLOAD = Read(
    "scan", "memory_scan", "memory_scan: ten million small rows are read",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"scylla_fdw": 10_000_000},
    targets=("null",),
    latencies=(0,),
    repeats=1,
    most_memory=64)
