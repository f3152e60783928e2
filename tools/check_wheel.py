"""Checks a built wheel against the source tree: all of the package, nothing else, and how big.

Usage: python tools/check_wheel.py DIST_FOLDER

A data file that is missing from the wheel works in a clone and fails for everybody else, so each
file under ``src`` must be in the wheel byte for byte, and the wheel must hold no other file.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
MAX_MEGABYTES = 60
"""Package indexes take up to 100 MB a file; this much still installs in seconds."""


def differences(wheel: zipfile.ZipFile) -> list[str]:
    """What is missing from the wheel, differs in it, or should not be there."""
    files = {path.relative_to(SOURCE).as_posix(): path for path in _package_files()}
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    missing = [f"missing: {name}" for name in sorted(files.keys() - packed)]
    surplus = [f"not in src: {name}" for name in sorted(packed - files.keys())]
    changed = [
        f"differs: {name}"
        for name in sorted(packed & files.keys())
        if wheel.read(name) != files[name].read_bytes()
    ]
    return missing + surplus + changed


def _package_files() -> list[Path]:
    return [
        path
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
    ]


def main(folder: str) -> int:
    """Print what is in the one wheel of this folder; the exit code says whether it is right."""
    (path,) = Path(folder).glob("*.whl")
    (sdist,) = Path(folder).glob("*.tar.gz")
    with zipfile.ZipFile(path) as wheel:
        wrong = differences(wheel)
        largest = sorted(wheel.infolist(), key=lambda info: -info.compress_size)[:5]
        count = len(wheel.namelist())
    megabytes = path.stat().st_size / 1e6
    print(f"{path.name}: {megabytes:.1f} MB, {count} files; {sdist.name}: ", end="")
    print(f"{sdist.stat().st_size / 1e6:.1f} MB")
    for info in largest:
        print(f"  {info.compress_size / 1e6:7.2f} MB  {info.filename}")
    if megabytes > MAX_MEGABYTES:
        wrong.append(f"the wheel is larger than {MAX_MEGABYTES} MB")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
