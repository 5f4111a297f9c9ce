from harness.workload import Insert

WORKLOAD = Insert(
    "sorted", "sorted: small rows, a hundred of each partition one after the other",
    [("p", "bigint"), ("c", "int"), ("s", "text"), ("d", "double")],
    key="p, c",
    rows={"scylla_fdw": 1_000_000},
    make="SELECT i / 100, (i % 100)::int, 'a text of thirty-two characters.', i::double precision "
         "FROM generate_series(1::bigint, {rows}) AS i")
