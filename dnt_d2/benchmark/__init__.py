"""Benchmarks of each stage, against the floor of the machine at hand; ``tools/benchmark.py`` runs them."""
