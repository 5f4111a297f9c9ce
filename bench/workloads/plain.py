from harness.workload import Insert

# As vectors, but kept in the row: without it pgvector's vectors of this size lie in a TOAST table.
WORKLOAD = Insert(
    "plain", "vectors, STORAGE PLAIN",
    [("id", "int"), ("e", "vector<float, 768>")],
    rows={"floor": 400_000, "scylla_fdw": 200_000, "rust": 100_000, "python": 10_000},
    targets=("null",),
    latencies=(0,),
    storage=[("e", "PLAIN")])
