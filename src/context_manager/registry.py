"""Names to factories: every kind of back end is chosen by name and imported on first use.

This file decides how a name becomes an object. It knows no back end.
A factory is a callable, or the text ``"package.module:attribute"`` that is imported when first
needed. Installed packages add names through entry points of the registry's group.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from context_manager.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

T = TypeVar("T")


class Registry(Generic[T]):
    """A table of named factories of one kind.

    Args:
        group: Entry-point group that third-party packages use, e.g. ``context_manager.embedders``.
        builtin: Names that come with this package.

    Example:
        >>> shapes = Registry[str]("example.shapes", {"empty": "builtins:str"})
        >>> shapes.create("empty")
        ''
    """

    def __init__(self, group: str, builtin: dict[str, str | Callable[..., T]]) -> None:
        self.group = group
        self._factories: dict[str, str | Callable[..., T]] = dict(builtin)

    def register(self, name: str, factory: str | Callable[..., T]) -> None:
        """Add or replace a name. The factory is called with the keywords given to `create`."""
        self._factories[name] = factory

    def names(self) -> list[str]:
        """Every known name, sorted, those of installed packages included."""
        return sorted({*self._factories, *(point.name for point in self._entry_points())})

    def __contains__(self, name: object) -> bool:
        return name in self._factories or name in self.names()

    def create(self, name: str, /, *args: Any, **kwargs: Any) -> T:
        """Make the object called ``name``.

        Raises:
            ConfigError: No such name; the message lists those that exist.
        """
        return self._load(name)(*args, **kwargs)

    def _load(self, name: str) -> Callable[..., T]:
        factory = self._factories.get(name)
        if factory is None:
            factory = self._from_entry_point(name)
        if isinstance(factory, str):
            module, _, attribute = factory.partition(":")
            factory = cast(Callable[..., T], getattr(import_module(module), attribute))
            self._factories[name] = factory
        return factory

    def _from_entry_point(self, name: str) -> Callable[..., T]:
        for point in self._entry_points().select(name=name):
            return cast(Callable[..., T], point.load())
        known = ", ".join(self.names())
        raise ConfigError(f"unknown name {name!r} in {self.group}; known: {known}")

    def _entry_points(self) -> EntryPoints:
        from importlib.metadata import entry_points  # most programs use built-in names only

        return entry_points(group=self.group)
