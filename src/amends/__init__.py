"""Amends: count every account, tell every person, mend what can be mended, weigh what it does, answer for it."""

import os
from pathlib import Path

__version__ = "0.1.0"

# numpy sorts 64-bit numbers with AVX-512 where the processor has it. AMD's Zen 4 stores what a mask leaves, on which this leans,
# so slowly that AVX2 sorts six times as fast; nothing else of ours gets slower (docs/decisions/0050-how-scope-counts.md).
_processor = Path("/proc/cpuinfo")
if _processor.exists() and "AuthenticAMD" in _processor.read_text(errors="replace")[:200]:
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL")
