"""Reads the files that drafts are made from: of bounded size, as plain values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from amends.count.datamap.errors import BAD_DESCRIPTION
from amends.errors import InputError, Place

MOST_BYTES = 256 * 1024 * 1024


def read_json_or_yaml(file: Path) -> Any:
    """Raises: MAP-010 for what is neither, or too large; CAS-005, CLI-004 by the command's frame."""
    with file.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(BAD_DESCRIPTION, at=Place(str(file)), expected=f"at most {MOST_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text) if text.lstrip().startswith(("{", "[")) else yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:  # their texts may quote the file
        mark = getattr(error, "problem_mark", None)
        line = getattr(error, "lineno", mark.line + 1 if mark else None)
        raise InputError(BAD_DESCRIPTION, at=Place(str(file), line), expected="JSON or YAML in UTF-8") from error
