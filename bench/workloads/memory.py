from harness.workload import Insert

# Ten million rows that no table holds: what a load needs must not grow with its rows.
WORKLOAD = Insert(
    "memory", "memory: ten million small rows",
    [("id", "bigint"), ("s", "text"), ("n", "int"), ("d", "double"), ("ts", "timestamp")],
    rows={"scylla_fdw": 10_000_000},
    targets=("null",),
    latencies=(0,),
    repeats=1,
    make="SELECT i, 'a text of thirty-two characters.', (i % 1000)::int, i::double precision, "
         "timestamptz '2024-01-01' FROM generate_series(1::bigint, {rows}) AS i",
    most_memory=64)
