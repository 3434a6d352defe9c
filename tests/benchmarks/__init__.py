"""Measurements against peers and limits, as ratios taken in one run: `python -m tests.benchmarks`."""
