"""What the documentation's build does by itself (see mkdocs.yml), so that it cannot go stale.

It draws the layers as the import contract of pyproject.toml has them, lists what each is by the
first sentence of its module, and puts pages that nobody named into the navigation. A line that is a
link to an example becomes the example; other links to files outside docs/ become their paths, for
the site holds no other files.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "context_manager"
HERE = "<!-- layers -->"
PICTURE = "pictures/layers.svg"
EXAMPLE = re.compile(r"^\[[^\]]*\]\((?:\.\./)+(examples/[\w/]+\.(py|toml))\)$", re.MULTILINE)
OUTSIDE = re.compile(r"\[([^\]]*)\]\((?:\.\./)+([^)#]+)\)")
WIDTH, HEIGHT, GAP, EDGE = 720, 40, 10, 8

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>The layers of the package; imports go down only</title>
<style>
rect {{ fill: #e9ebfa; stroke: #7a80c9; }}
text {{ font: 600 15px ui-sans-serif, system-ui, sans-serif; fill: #23264d; text-anchor: middle; }}
path {{ fill: none; stroke: #8a8fa8; stroke-width: 1.5; }}
</style>
"""


def on_config(config: Any) -> Any:
    """Put pages that the navigation does not name under its guides, so that none is lost."""
    named = set(re.findall(r"[\w/-]+\.md", repr(config.nav)))
    docs = ROOT / "docs"
    found = sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))
    (guides,) = [section["Guides"] for section in config.nav if "Guides" in section]
    guides += [path for path in found if path not in named]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the picture to the files of the site."""
    files.append(File.generated(config, PICTURE, content=picture(layers())))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put layers and examples in their places, and paths where links would lead out of the site."""
    folder = (ROOT / "docs" / page.file.src_uri).parent
    drawn = f"![The layers of the package]({PICTURE})\n\n{table(layers())}"
    told = EXAMPLE.sub(_example, markdown.replace(HERE, drawn))
    return OUTSIDE.sub(lambda link: _path(link, folder), told)


def _example(link: re.Match[str]) -> str:
    code = (ROOT / link[1]).read_text("utf-8")
    language = {"py": "python", "toml": "toml"}[link[2]]
    return f'```{language} title="{link[1]}"\n{code}```'


def _path(link: re.Match[str], folder: Path) -> str:
    """A link into docs/ as it is; any other as its words and the path from the root."""
    target = link[0][link[0].index("](") + 2 : -1]
    path = (folder / target).resolve()
    if path.is_relative_to(ROOT / "docs") or not path.exists():
        return link[0]
    return f"{link[1]} (`{path.relative_to(ROOT)}`)"


def layers() -> list[list[str]]:
    """The names in each layer that exist, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = [found for found in contracts if found["type"] == "layers"]
    named = [re.findall(r"\b[a-z]\w*", layer) for layer in contract["layers"]]
    there = [[name for name in names if about(name)] for names in named]
    return [names for names in there if names]


def picture(rows: list[list[str]]) -> str:
    """The layers as SVG, with an arrow for the way that imports go."""
    drawn = [_row(names, number) for number, names in enumerate(rows)]
    height = len(rows) * (HEIGHT + GAP) - GAP + 2 * EDGE
    arrow = f'<path d="M{WIDTH - 16} {EDGE}V{height - EDGE}m-5 -8 5 8 5-8"/>\n'
    return HEAD.format(width=WIDTH, height=height) + "".join(drawn) + arrow + "</svg>\n"


def _row(names: list[str], number: int) -> str:
    room = WIDTH - 2 * EDGE - 32
    width = (room - GAP * (len(names) - 1)) / len(names)
    top = EDGE + number * (HEIGHT + GAP)
    return "".join(_box(name, EDGE + place * (width + GAP), top, width)
                   for place, name in enumerate(names))  # fmt: skip


def _box(name: str, left: float, top: float, width: float) -> str:
    middle = f'x="{left + width / 2:.0f}" y="{top + HEIGHT / 2 + 5:.0f}"'
    box = f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{HEIGHT}" rx="7"/>'
    return f"{box}<text {middle}>{escape(name)}</text>\n"


def table(rows: list[list[str]]) -> str:
    """The layers as a table."""
    lines = [f"| `{name}` | {about(name)} |" for names in rows for name in names]
    return "\n".join(["| layer | what it is |", "|---|---|", *lines, ""])


def about(name: str) -> str:
    """The first sentence of a layer's module; "" where there is none."""
    module = ROOT / "src" / PACKAGE / name
    path = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    if not path.exists():
        return ""
    told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    sentence = re.split(r"(?<=[.])\s", " ".join(told.split("\n\n")[0].split()))[0]
    return sentence.replace("|", "\\|")
