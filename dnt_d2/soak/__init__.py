"""Faults on purpose: kills, broken files, overflows, hostile input; ``tools/soak.py`` counts what is lost."""
