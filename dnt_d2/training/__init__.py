"""What keeps a training safe: checkpoints, signals, records, a watch over its numbers, what it skipped."""
