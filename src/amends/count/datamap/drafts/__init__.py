"""Drafts of a data map: from an API's description, from a browser's recording, from the logs. Each is one file."""
