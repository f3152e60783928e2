"""One call of the program: where the store is, whose memory it is about, how to answer.

This file decides how options, environment and defaults become a manager in a scope, and that an
answer is either JSON or something to look at. It knows no command.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from context_manager.cli.text import harmless
from context_manager.errors import InputError, NotFoundError, ScopeError
from context_manager.records import DEFAULT_SCOPE

if TYPE_CHECKING:
    from rich.console import Console

    from context_manager.manager import ContextManager

DEFAULT_DB = "context_manager.db"
DB_VARIABLE = "CONTEXT_MANAGER_DB"
REDIS_VARIABLE = "CONTEXT_MANAGER_REDIS_URL"
SHOWN_USERS = 8
"""Users listed in an error; more are only counted."""
TURN = 0.0005
"""Seconds for which one thread computes while two load: much of what they do is done without the
interpreter, for which it would otherwise wait longer than it takes."""
SCOPE_OPTIONS = ("tenant", "user", "agent", "session")


def open_manager(place: Path | str) -> ContextManager:
    """The manager on the store at a path or an address, made if it is not there."""
    from context_manager.manager import ContextManager

    return ContextManager.open(place)


def load_models() -> None:
    """Load what embeds questions and counts tokens, unless the settings name something else."""
    from context_manager.embedding.provider import EmbeddingProvider
    from context_manager.tokens import TokenCounter

    EmbeddingProvider(cache_size=0).embed_single("")
    TokenCounter().count_tokens("")


def place_of(told: str) -> Path | str:
    """The path of a store, or the address of one in a database."""
    path = told.removeprefix("sqlite:///")
    return told if "://" in path else Path(path)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the program takes from outside; a test may hand in another.

    Args:
        open: Opens the store at a path or an address.
        environment: The environment variables.
        warm: Loads what a prompt needs; called in a thread of its own.
    """

    open: Callable[[Path | str], ContextManager] = open_manager
    environment: Mapping[str, str] = field(default_factory=dict)
    warm: Callable[[], object] | None = None


@dataclass(frozen=True)
class Invocation:
    """One call.

    Args:
        db: Where the store lies: the path of a file, or the address of a database.
        given: The identifiers of the scope that the caller wrote, by their option's name.
        json: Answer with JSON.
        surroundings: What comes from outside.
    """

    db: Path | str
    given: Mapping[str, str]
    json: bool
    surroundings: Surroundings

    @classmethod
    def of(cls, options: Mapping[str, Any], surroundings: Surroundings) -> Invocation:
        """The call with these options; those that were left out are None."""
        environment = surroundings.environment
        db = options.get("db") or environment.get(DB_VARIABLE) or DEFAULT_DB
        given = {name: options[name] for name in SCOPE_OPTIONS if options.get(name) is not None}
        return cls(place_of(str(db)), given, bool(options.get("json")), surroundings)

    @property
    def where(self) -> str:
        """The place of the store as it may be shown: without user and password."""
        if isinstance(self.db, Path):
            return str(self.db)
        address = urlsplit(self.db)
        return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"

    @property
    def file(self) -> Path:
        """The file of the store.

        Raises:
            InputError: It is in a database.
        """
        if isinstance(self.db, Path):
            return self.db
        raise InputError(f"{self.where} is no file; use the tools of its database for this")

    @cached_property
    def out(self) -> Console:
        """Standard output."""
        from rich.console import Console

        return Console(highlight=False)

    @cached_property
    def err(self) -> Console:
        """Standard error: progress, questions and faults."""
        from rich.console import Console

        return Console(stderr=True, highlight=False)

    @property
    def interactive(self) -> bool:
        """Whether somebody is there who could answer a question."""
        return sys.stdin.isatty() and self.err.is_terminal

    @contextmanager
    def manager(
        self, *, create: bool = False, session: str = "", builds: bool = False
    ) -> Iterator[ContextManager]:
        """The manager in the scope of this call, closed at the end.

        Where the caller names no user, it is the default one, or else the only one that the store
        knows.

        Args:
            create: Make the store if it is not there; a user unknown so far is none to complain
                about then.
            session: The session where the caller names none.
            builds: Whether a prompt will be built: what that needs is loaded meanwhile.

        Raises:
            NotFoundError: There is no such store, or no such user in it, and none is to be made.
            ScopeError: The store knows several users, none of them the default one.
        """
        with self.store(create=create, builds=builds) as root:
            named = {f"{name}_id": value for name, value in self.given.items()}
            scope = {"session_id": session or None, **named}
            known = _users(root.scoped(**scope))
            user = self.given.get("user") or _assumed(known)
            if known and user not in known and not create:
                raise NotFoundError(f"nothing is remembered of user {user!r}; {_known(known)}")
            yield root.scoped(**{**scope, "user_id": user})

    @contextmanager
    def store(self, *, create: bool = False, builds: bool = False) -> Iterator[ContextManager]:
        """A manager in no particular scope, closed at the end.

        Args:
            create, builds: As for `manager`.

        Raises:
            NotFoundError: There is no store, and it is not to be made.
        """
        if not create and isinstance(self.db, Path) and not self.db.exists():
            raise NotFoundError(
                f"there is no store at {self.db}; fill one with `context-manager import FILE`, or "
                "name another with --db"
            )
        with self._warming(builds), self.surroundings.open(self.db) as root:
            # Every command: what is forgotten by hand must leave Redis too.
            redis_url = self.surroundings.environment.get(REDIS_VARIABLE, "").strip()
            if redis_url:
                root.share_questions(redis_url)
            yield root

    @contextmanager
    def _warming(self, builds: bool) -> Iterator[None]:
        """Load what a prompt needs while the store is opened."""
        if not builds or self.surroundings.warm is None:
            yield
            return
        usual = sys.getswitchinterval()
        sys.setswitchinterval(TURN)
        try:
            with ThreadPoolExecutor(1) as aside:
                aside.submit(self.surroundings.warm)  # what fails there fails where it is needed
                yield
        finally:
            sys.setswitchinterval(usual)

    def answer(self, data: Any, show: Callable[[Console], object]) -> None:
        """Answer with ``data`` as JSON if that is asked for, else with what ``show`` prints."""
        if self.json:
            self.write_json(data)
        else:
            show(self.out)

    def write_json(self, data: Any) -> None:
        """Write JSON."""
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")

    def write(self, text: str) -> None:
        """Write a text as it is; on a terminal without what could steer it."""
        sys.stdout.write((harmless(text) if sys.stdout.isatty() else text) + "\n")


def _users(manager: ContextManager) -> list[str]:
    """Users of whom something is remembered for this tenant and agent."""
    scope = manager.scope
    found = manager.archive.store.partitions(scope.tenant_id)
    return [whose.user_id for whose in found if whose.agent_id == scope.agent_id]


def _assumed(known: list[str]) -> str:
    """The user where none is named."""
    if not known or DEFAULT_SCOPE.user_id in known:
        return DEFAULT_SCOPE.user_id
    if len(known) == 1:
        return known[0]
    raise ScopeError(f"whose memory? Name a user with --user; {_known(known)}")


def _known(names: list[str]) -> str:
    shown = ", ".join(names[:SHOWN_USERS])
    more = len(names) - SHOWN_USERS
    return f"this store knows {shown}" + (f" and {more:,} more" if more > 0 else "")
