"""The size on disk of Amends with its core packages and no extra, installed into an environment that is thrown away.

Bar: under 400 MB (10^6 bytes), byte-compiled as pip leaves it, without pip itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

BAR_BYTES = 400_000_000
ROOT = Path(__file__).resolve().parent.parent


def run_pip(*arguments: str | Path) -> None:
    """This interpreter's own pip, quiet but for errors."""
    subprocess.run([sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", *map(str, arguments)], check=True)


def install_core(environment: Path) -> None:
    """Install requirements/core.txt and Amends into a new environment without a pip of its own."""
    venv.create(environment, with_pip=False)
    into = ("--python", environment / "bin" / "python", "install")
    run_pip(*into, "--require-hashes", "--requirement", ROOT / "requirements" / "core.txt")
    # built by the hatchling that is here: the environment holds the core alone
    with tempfile.TemporaryDirectory() as wheels:
        run_pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, ROOT)
        run_pip(*into, "--no-deps", *Path(wheels).glob("*.whl"))


def sizes(environment: Path) -> dict[str, int]:
    """Bytes by top folder or file of site-packages."""
    (site,) = (environment / "lib").glob("python*/site-packages")
    return {
        entry.name: sum(path.lstat().st_size for path in (entry.rglob("*") if entry.is_dir() else [entry]) if path.is_file())
        for entry in site.iterdir()
    }


def bar(total: int) -> dict[str, object]:
    """The figure in the form that every benchmark prints; sizes do not vary between runs."""
    return {
        "name": "core-only install, MB on disk",
        "value": round(total / 1e6, 1),
        "goal": BAR_BYTES / 1e6,
        "holds": total < BAR_BYTES,
        "beside": None,
        "noise": 0,
    }


def main(arguments: list[str]) -> int:
    """`--json` prints one object; `--quick` is taken and changes nothing."""
    with tempfile.TemporaryDirectory(prefix="amends-core-") as folder:
        install_core(Path(folder))
        found = sizes(Path(folder))
    total = sum(found.values())
    if "--json" in arguments:
        print(json.dumps({"bars": [bar(total)]}))
    else:
        for name, size in sorted(found.items(), key=lambda pair: -pair[1])[:6]:
            print(f"{size / 1e6:8.1f} MB  {name}")
        verdict = "holds" if total < BAR_BYTES else "DOES NOT HOLD"
        print(f"{total / 1e6:8.1f} MB  core-only install; bar: under {BAR_BYTES / 1e6:.0f} MB ({verdict})")
    return 0 if total < BAR_BYTES else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
