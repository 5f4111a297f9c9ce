"""What is measured; harness/workload.py explains it."""
