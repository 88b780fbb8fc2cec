"""Benchmarks: `make bench` or `python -m tests.bench`. What each figure means is in docs/performance.md."""
