from harness.workload import Loop

WORKLOAD = Loop(
    "loop", "loop: vectors, each by an INSERT of its own in a PL/pgSQL loop, flush_at = transaction",
    [("id", "int"), ("e", "vector<float, 768>")],
    rows={"scylla_fdw": 100_000},
    most_memory=64,
    gain=("vectors", 1 / 3, 1))
