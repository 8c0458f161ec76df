"""Scope: misuse and data map become the exposure, one row per subject, with bounds that can be checked."""
