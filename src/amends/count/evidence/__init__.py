"""Evidence: raw logs become events, rejects and repeats, and for every source `lines = events + rejects + repeats`."""
