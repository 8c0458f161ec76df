"""What each kind of server writes for a request: one file a format.

A module has `lines(requests, day_ms)`: one line a request, line feed included, for requests of one day in Seoul.
"""
