"""The command line: one file a verb. Each parses, calls one room and returns an Answer; the frame does the rest."""

from amends.cli.frame import main

__all__ = ["main"]
