"""The record: what rooms queue here becomes, in order, the entries of a public log that nobody can rewrite."""

from amends.record.queue import Entry, queue_entry, queued

__all__ = ["Entry", "queue_entry", "queued"]
