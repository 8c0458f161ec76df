"""Errors of the command line itself."""

from __future__ import annotations

from amends.errors import Code

WRONG_COMMAND = Code("CLI-001", "the command line is wrong", "see amends --help, or amends VERB --help")
INTERRUPTED = Code("CLI-002", "interrupted", "run the same command again: what was finished is kept, the rest is done anew")
OUR_FAULT = Code(
    "CLI-003", "a fault in Amends itself", "run it again with AMENDS_DEBUG=1 for the details, and report them without the data"
)
NO_SUCH_FILE = Code("CLI-004", "no such file or folder", "check the path; * and ~ are expanded by the shell, not here")
FILE_EXISTS = Code("CLI-005", "the file is there already", "name a new file, or add --force")
NOT_TEXT = Code("CLI-007", "this is not text", "save the list as UTF-8, then run this again")
NOT_A_FILE = Code("CLI-008", "this is not a regular file", "name a new file: a folder, a device or a pipe is not replaced")
DISK_FAULT = Code(
    "CLI-009",
    "a disk or a share failed",
    "look into the machine's log for this disk or share, then run this again",
)
STEP_FAILED = Code("CLI-006", "a step of the demo failed", "see what the step said, just above")
