"""The image without an engine: its files in a folder, its packages in a virtual environment.

What the Dockerfile copies is installed as it says, into an environment in which nothing can be
imported but what those extras need. Paths and the port are this test's own; all else is as written.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from support.dockerfile import stages
from support.served import PATIENCE

ROOT = Path(__file__).parents[2]


class Image:
    """An image made in a folder.

    Args:
        folder: An empty one.
        port: What stands for the port 8000.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.build, self.last = stages(ROOT / "Dockerfile")
        (folder / "app" / "data").mkdir(parents=True)
        (folder / "tmp").mkdir()
        self._install()

    def here(self, written: str) -> str:
        """A text of the Dockerfile or a manifest, with this image's paths and port."""
        moved = re.sub(r"(?<![\w/])/(app|venv)\b", rf"{self.folder}/\1", written)
        return moved.replace("8000", str(self.port)).replace("0.0.0.0", "127.0.0.1")  # noqa: S104

    @property
    def environment(self) -> dict[str, str]:
        """The variables that are set in a container, and none of this process."""
        text = " ".join(item.text for item in self.last.all("ENV"))
        found = dict(pair.split("=", 1) for pair in text.split())
        found["PATH"] = found["PATH"].replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
        found["TMPDIR"] = str(self.folder / "tmp")
        return {name: self.here(value) for name, value in found.items()}

    def command(self, *arguments: str) -> list[str]:
        """What runs: the entry point with these arguments, those of the image without any."""
        (entry,) = self.last.last("ENTRYPOINT").words
        given = list(arguments) or [self.here(word) for word in self.last.last("CMD").words]
        return [str(self.folder / "venv" / "bin" / entry), *given]

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a container's process."""
        return subprocess.Popen(
            self.command(*arguments), env={**self.environment, **variables},
            cwd=self.folder / "app", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def healthy(self) -> bool:
        """What the image's own health check says."""
        words = self.last.last("HEALTHCHECK").text.partition("CMD ")[2]
        python, *rest = type(self.last.last("CMD"))("CMD", words).words
        command = [str(self.folder / "venv" / "bin" / python), *map(self.here, rest)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, timeout=PATIENCE, check=False
        )
        return done.returncode == 0

    def written(self) -> dict[str, int]:
        """When each file that must not be written to was written, but for /app/data and /tmp."""
        return {
            str(path): path.lstat().st_mtime_ns
            for top in ("venv", "app")
            for path in (self.folder / top).rglob("*")
            if not path.is_relative_to(self.folder / "app" / "data")
        }

    def _install(self) -> None:
        context = self.folder / "context"
        for item in self.build.all("COPY"):
            *names, target = item.words
            for name in names:
                _copy(ROOT / name, context / target)
        wheels = self.folder / "wheels"
        _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps",
             "--no-build-isolation", "--wheel-dir", str(wheels), str(context))  # fmt: skip
        venv.create(self.folder / "venv", with_pip=False, symlinks=True)
        python = self.folder / "venv" / "bin" / "python"
        (wheel,) = wheels.glob("*.whl")
        _run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet",
             "--no-index", "--no-deps", str(wheel))  # fmt: skip
        (site,) = (self.folder / "venv" / "lib").glob("python*/site-packages")
        install = next(i.text for i in self.build.all("RUN") if "pip install" in i.text)
        extras = install.partition("[")[2].partition("]")[0]
        for dist in _needed(Requirement(f"context-manager[{extras}]")):
            _link(dist, site)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr


def _needed(*wanted: Requirement) -> Iterable[Distribution]:
    """Every distribution that these need, not they themselves."""
    seen: set[tuple[str, str]] = set()
    found: dict[str, Distribution] = {}
    rest: list[Requirement] = list(wanted)
    while rest:
        asked = rest.pop()
        for extra in ("", *asked.extras):
            if (asked.name, extra) in seen:
                continue
            seen.add((asked.name, extra))
            try:
                dist = distribution(asked.name)
            except PackageNotFoundError as error:
                raise AssertionError(f"{asked} is not installed here") from error
            found[dist.name.lower()] = dist
            inner = map(Requirement, dist.requires or ())
            rest += [r for r in inner if r.marker is None or r.marker.evaluate({"extra": extra})]
    return [dist for name, dist in found.items() if name != "context-manager"]


def _link(dist: Distribution, site: Path) -> None:
    """Make a distribution importable in another environment."""
    home = Path(os.fspath(dist.locate_file("")))
    tops: Sequence[str] = sorted({file.parts[0] for file in dist.files or () if file.parts})
    for top in tops:
        if top not in ("..", "bin", "__pycache__") and not (site / top).exists():
            (site / top).symlink_to(home / top)
