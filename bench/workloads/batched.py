from harness.workload import Insert

WORKLOAD = Insert(
    "batched", "batched: the rows of sorted, with batch_mode = partition",
    [("p", "bigint"), ("c", "int"), ("s", "text"), ("d", "double")],
    key="p, c",
    options=", batch_mode 'partition'",
    rows={"scylla_fdw": 1_000_000},
    make="SELECT i / 100, (i % 100)::int, 'a text of thirty-two characters.', i::double precision "
         "FROM generate_series(1::bigint, {rows}) AS i",
    gain=("sorted", 0, 1))
