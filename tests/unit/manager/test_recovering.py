"""A restored backup shows nothing that was forgotten since, and a bad one changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.errors import CorruptStoreError, InputError, StoreBusyError
from context_manager.manager.recovering import restore
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.clock import ManualClock
from context_manager.testing.embedders import HashEmbedder
from support.read_paths import Asked, everything_shown, raw_bytes

CLOCK = ManualClock()


def opened(path: Path) -> ContextManager:
    config = Config(memory=MemoryConfig(stm_capacity=120, chunk_size=60), record=True)
    cm = ContextManager(config, store=SQLiteStore(path), clock=CLOCK)
    cm.embedding_provider = HashEmbedder(8)
    return cm


def back_up(cm: ContextManager, path: Path) -> None:
    cm.archive.store.backup(path)  # type: ignore[attr-defined]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store with a backup, from which something was forgotten since."""
    with opened(tmp_path / "store.db") as cm:
        turns = [cm.observe(f"Fruit {n} is a plum{n}x", f"Plum{n}x noted") for n in range(20)]
        cm.build("plum3x?")
        note = cm.add_memory("The code is quokka")
        back_up(cm, tmp_path / "backup.db")
        cm.observe("Said after the backup", "ok")
        cm.forget([turns[1].id, turns[3].messages[0].id, note])
    return tmp_path


def test_what_was_forgotten_since_the_backup_is_gone_from_readers_and_files(place: Path) -> None:
    done = restore(place / "backup.db", place / "store.db", opened)
    assert done.erased == 4
    assert done.kept_as == place / "store.db.before-restore-1"
    with opened(place / "store.db") as cm:
        shown = everything_shown(cm, Asked("what fruit?"))
        assert "plum0x" in shown
        assert "after the backup" not in shown
        assert not [
            word for word in ("plum1x", "quokka", "is a plum3x") if word in shown.casefold()
        ]
        assert [receipt.asked for receipt in cm.receipts()] == ["ids", "restore"]
        assert cm.archive.erasures.broken(cm.scope.partition) == []
        assert cm.archive.store.verify()  # type: ignore[attr-defined]
    (place / "backup.db").unlink()
    (place / "store.db.before-restore-1").unlink()
    assert not [name for name, data in raw_bytes(place).items() if b"quokka" in data]


def test_an_erased_user_does_not_come_back(tmp_path: Path) -> None:
    with opened(tmp_path / "store.db") as cm:
        ann, bob = cm.scoped(user_id="ann"), cm.scoped(user_id="bob")
        ann.observe("Ann plays the flute", "ok")
        bob.observe("Bob likes chess", "ok")
        back_up(cm, tmp_path / "backup.db")
        ann.clear_memory()
    assert restore(tmp_path / "backup.db", tmp_path / "store.db", opened).erased == 2
    with opened(tmp_path / "store.db") as cm:
        assert [whose.user_id for whose in cm.archive.store.partitions()] == ["bob"]
        assert "flute" not in everything_shown(cm.scoped(user_id="ann"), Asked("music"))


def test_a_lost_store_is_restored_with_the_tombstones_of_an_export(place: Path) -> None:
    with opened(place / "store.db") as cm:
        cm.export(place / "last.jsonl")
    (place / "store.db").write_bytes(b"no database at all")
    with pytest.raises(CorruptStoreError, match="cannot be read"):
        restore(place / "backup.db", place / "store.db", opened)
    done = restore(
        place / "backup.db",
        place / "store.db",
        opened,
        honour=[place / "last.jsonl"],
        present=False,
    )
    assert done.erased == 4
    assert done.kept_as is not None
    assert done.kept_as.read_bytes() == b"no database at all"
    with opened(place / "store.db") as cm:
        assert "quokka" not in everything_shown(cm, Asked("code?"))


def test_into_an_empty_place_a_backup_comes_whole(place: Path) -> None:
    done = restore(place / "backup.db", place / "new.db", opened)
    assert (done.erased, done.kept_as) == (0, None)
    with opened(place / "new.db") as cm:
        assert "quokka" in cm.build_context("what is the code?")


def test_a_log_that_a_lost_store_left_is_not_read_into_the_backup(place: Path) -> None:
    with opened(place / "store.db") as cm:
        for number in range(50):
            cm.observe(f"Said later {number}", "ok")
        log = (place / "store.db-wal").read_bytes()
    (place / "store.db").unlink()
    (place / "store.db-wal").write_bytes(log)
    assert restore(place / "backup.db", place / "store.db", opened).kept_as is None
    assert (place / "store.db.before-restore-1-wal").read_bytes() == log
    with opened(place / "store.db") as cm:
        assert cm.archive.store.verify()  # type: ignore[attr-defined]
        shown = everything_shown(cm, Asked("what fruit?"))
        assert "plum0x" in shown
        assert "Said later" not in shown


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.index(b"The code is quokka")
    data[at : at + 3] = b"Thy"
    path.write_bytes(data)


BAD: dict[str, tuple[Callable[[Path], object], type[Exception]]] = {
    "missing": (lambda place: (place / "backup.db").unlink(), InputError),
    "damaged": (lambda place: damage(place / "backup.db"), CorruptStoreError),
    "no store": (lambda place: (place / "backup.db").write_bytes(b"x" * 9000), InputError),
    "empty": (lambda place: (place / "backup.db").write_bytes(b""), InputError),
}


@pytest.mark.parametrize(("spoil", "error"), BAD.values(), ids=BAD)
def test_a_bad_backup_changes_nothing(place: Path, spoil, error: type[Exception]) -> None:
    spoil(place)
    before = (place / "store.db").read_bytes()
    with pytest.raises(error):
        restore(place / "backup.db", place / "store.db", opened)
    assert (place / "store.db").read_bytes() == before
    assert not [path.name for path in place.iterdir() if "restor" in path.name]


def test_a_store_is_no_backup_of_itself(place: Path) -> None:
    with pytest.raises(InputError, match="itself"):
        restore(place / "store.db", place / "store.db", opened)


def test_a_store_in_use_is_not_replaced(place: Path) -> None:
    with opened(place / "store.db") as other:
        other.observe("I am still here", "ok")
        with pytest.raises(StoreBusyError, match="stop it first"):
            restore(place / "backup.db", place / "store.db", opened)
        assert not [path.name for path in place.iterdir() if "restor" in path.name]
        assert "still here" in other.build_context("who is here?")
