"""Amends: count every account, tell every person, mend what can be mended, weigh what it does, answer for it."""

__version__ = "0.1.0"
