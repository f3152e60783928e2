"""Threads, secrets and endings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from context_manager.errors import (
    ContextManagerError,
)
from context_manager.store.protocol import (
    Change,
    Store,
)
from context_manager.testing.store_promises.samples import (
    HERE,
    HOME,
    MODEL,
    exchange,
    note,
    run_together,
)


class LifetimePromises:
    """Threads, secrets and endings."""

    def open(self, place: Path) -> Store:
        """A store whose data lie below this empty or already used directory."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """An empty store, closed after the test."""
        made = self.open(tmp_path)
        yield made
        made.close()

    def test_threads_lose_nothing_and_keep_their_order(self, store: Store) -> None:
        """Eight threads write to four sessions while two read."""
        errors: list[BaseException] = []

        def write(worker: int) -> None:
            scope = replace(HOME, session_id=f"s{worker % 4}")
            for number in range(20):
                name = f"{worker}/{number}"
                store.apply(HERE, Change(turns=(exchange(name, name, "ok", scope=scope),)))

        def read(_: int) -> None:
            for _ in range(40):
                rows = store.rows(HERE, MODEL)
                assert len(rows.entries) == len(rows.passages) == 2 * rows.version.change

        run_together(errors, [*((write, n) for n in range(8)), (read, 0), (read, 1)])
        assert errors == []
        for session in range(4):
            turns = store.turns(replace(HOME, session_id=f"s{session}"))
            assert [turn.seq for turn in turns] == list(range(40))
            for worker in (session, session + 4):
                mine = [turn.user_input for turn in turns if turn.id.startswith(f"{worker}/")]
                assert mine == [f"{worker}/{number}" for number in range(20)]

    def test_the_secret_is_long_and_stays(self, store: Store) -> None:
        assert len(store.secret()) == 32
        assert store.secret() == store.secret()

    def test_two_stores_have_two_secrets(self, tmp_path: Path) -> None:
        places = [tmp_path / "one", tmp_path / "two"]
        for place in places:
            place.mkdir()
        stores = [self.open(place) for place in places]
        assert stores[0].secret() != stores[1].secret()
        for made in stores:
            made.close()

    def test_closing_twice_does_nothing_and_use_after_it_is_an_error(self, store: Store) -> None:
        store.close()
        store.close()
        with pytest.raises(ContextManagerError, match="closed"):
            store.version(HERE)
        with pytest.raises(ContextManagerError, match="closed"):
            store.apply(HERE, Change(entries=(note("n"),)))
