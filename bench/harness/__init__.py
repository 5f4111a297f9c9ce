"""What bench/run runs; README.md explains it."""
