from harness.workload import Insert

WORKLOAD = Insert(
    "vectors", "vectors: id int, e vector<float, 768>",
    [("id", "int"), ("e", "vector<float, 768>")],
    rows={"floor": 400_000, "scylla_fdw": 200_000, "rust": 100_000, "python": 10_000})
