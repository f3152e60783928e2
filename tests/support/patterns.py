"""Every regular expression that the package holds, found by introspection.

Decides where patterns may hide: in module globals, also inside tables, in functions that make one
when it is first needed, and in literal calls of ``re`` inside functions.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import context_manager

SOURCE = Path(context_manager.__file__).parent
_CACHED = type(cache(len))
_MAKES_ONE = ({"return": re.Pattern[str]}, {"return": "re.Pattern[str]"})
LATE = ("anthropic", "openai", "sentence_transformers", "torch", "fastapi", "flask", "psycopg")


def patterns() -> dict[str, re.Pattern[str]]:
    """Every compiled pattern by module and name."""
    found: dict[str, re.Pattern[str]] = {}
    for module in _modules():
        for name, value in vars(module).items():
            for number, pattern in enumerate(_inside(value, 0)):
                if isinstance(pattern.pattern, str):
                    found.setdefault(f"{module.__name__}:{name}[{number}]", pattern)
    return {name: found[name] for name in _distinct(found)}


def inline_patterns() -> Iterator[tuple[str, str]]:
    """Literal patterns handed to functions of ``re`` where they are used: place and source."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr not in ("compile", "escape")
            ):
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", ast.unparse(node.args[0])


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages([str(SOURCE)], "context_manager."):
        if info.name.endswith("__main__"):
            continue
        try:
            yield importlib.import_module(info.name)
        except ImportError as error:
            if not any(name in str(error) for name in LATE):
                raise


def _inside(value: Any, depth: int) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif type(value) is _CACHED and value.__annotations__ in _MAKES_ONE:
        yield value()
    elif depth < 4 and isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _inside(item, depth + 1)
    elif depth < 4 and isinstance(value, dict):
        for item in value.values():
            yield from _inside(item, depth + 1)
    elif depth < 4 and is_dataclass(type(value)):
        for field in fields(value):
            yield from _inside(getattr(value, field.name, None), depth + 1)


def _distinct(found: dict[str, re.Pattern[str]]) -> list[str]:
    first: dict[tuple[str, int], str] = {}
    for name, pattern in found.items():
        first.setdefault((pattern.pattern, pattern.flags), name)
    return sorted(first.values())
