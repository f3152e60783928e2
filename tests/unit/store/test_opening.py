"""What a store may be opened on, and what is said about everything else."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from context_manager.errors import ConfigError, CorruptStoreError, SchemaError, StoreError
from context_manager.store.protocol import Change, EntryFilter
from context_manager.store.sqlite import SQLiteStore
from context_manager.store.sqlite.alone import alone
from context_manager.store.sqlite.queries import load_steps
from context_manager.store.sqlite.schema import APPLICATION_ID
from context_manager.testing.store_contract import HERE, note
from support.killing import outcome

LATEST = load_steps()[-1][0]


@pytest.mark.parametrize(
    "name", ["plain.db", "with space.db", "ünï-東京.db", "a?b=c&d#e.db", "file:x.db", "%41.db"]
)
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    """The name is a name and never a URI; nothing is made elsewhere."""
    store = SQLiteStore(tmp_path / name)
    store.apply(HERE, Change(entries=(note("n"),)))
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_dots_and_links_lead_where_they_lead(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    store = SQLiteStore(tmp_path / "below" / ".." / "real.db")
    store.apply(HERE, Change(entries=(note("n"),)))
    linked = SQLiteStore(tmp_path / "link.db")
    assert linked.entries(HERE, ["n"])
    for each in (store, linked):
        each.close()


def test_a_relative_path_is_kept_when_the_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SQLiteStore("memory.db")
    monkeypatch.chdir("/")
    assert store.location == str(tmp_path / "memory.db")
    assert store.find(HERE, EntryFilter()) == []
    store.close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "memory.db")
    store.apply(HERE, Change(entries=(note("n"),)))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    store.close()


def test_an_existing_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    SQLiteStore(path).close()
    path.chmod(0o640)
    SQLiteStore(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_path_that_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="memory"):
        SQLiteStore(path)


def test_an_unknown_durability_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'"full" or "normal"'):
        SQLiteStore(tmp_path / "memory.db", durability="some")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "place",
    ["missing/memory.db", "", "file/memory.db"],
    ids=["missing directory", "directory", "below a file"],
)
def test_a_place_that_cannot_be_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / place
    with pytest.raises(StoreError, match=str(path)):
        SQLiteStore(path)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that any user may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _refused_to_nobody(path: str) -> None:
    """Run as a user who may read and not write; root may do everything, so it becomes nobody."""
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    with pytest.raises(StoreError, match=path):
        SQLiteStore(path).apply(HERE, Change(entries=(note("m"),)))


def test_a_directory_that_may_not_be_written_is_named(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    assert outcome(_refused_to_nobody, str(open_folder / "memory.db")) == 0
    assert list(open_folder.iterdir()) == []
    open_folder.chmod(0o755)


def _makes_a_store(path: str) -> None:
    """Run as a user who may make files there and not list them."""
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    for name in ("n", "m"):
        store = SQLiteStore(path)
        store.apply(HERE, Change(entries=(note(name),)))
        store.close()


def test_a_directory_that_cannot_be_read_holds_stores(open_folder: Path) -> None:
    """It cannot be opened to be locked either."""
    open_folder.chmod(0o333)
    assert outcome(_makes_a_store, str(open_folder / "memory.db")) == 0
    open_folder.chmod(0o755)
    store = SQLiteStore(open_folder / "memory.db")
    assert sorted(entry.id for _, entry in store.find(HERE, EntryFilter())) == ["m", "n"]
    assert store.verify().damages == ()
    store.close()


def _unable(directory: int, operation: int) -> None:
    raise OSError(errno.ENOLCK, "no locks here")


@pytest.mark.parametrize("lock", [_unable, None], ids=["file system", "system"])
def test_where_directories_cannot_be_locked_nobody_waits(tmp_path: Path, lock) -> None:
    entered = 0
    for _ in range(2):
        with alone(str(tmp_path / "memory.db"), lock):
            entered += 1
    assert entered == 2


@pytest.mark.parametrize("mode", [0o444, 0o000])
def test_a_file_that_may_not_be_written_is_named(open_folder: Path, mode: int) -> None:
    path = open_folder / "memory.db"
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=(note("n"),)))
    store.close()
    path.chmod(mode)
    assert outcome(_refused_to_nobody, str(path)) == 0
    path.chmod(0o600)
    again = SQLiteStore(path)
    assert [entry.id for _, entry in again.find(HERE, EntryFilter())] == ["n"]
    again.close()


# --- other schemas -------------------------------------------------------------------------------


def _set_schema(path: Path, number: int, readable_by: int = 1) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE counters SET value = ? WHERE name = 'readable_by'", (readable_by,))
    connection.pragma("user_version", number)
    connection.close()


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A store that says a newer version wrote it."""
    path = tmp_path / "memory.db"
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=(note("n"),)))
    store.close()
    _set_schema(path, LATEST + 1)
    return path


def test_a_newer_file_is_refused_for_writing_and_left_alone(newer: Path) -> None:
    before = newer.read_bytes()
    with pytest.raises(SchemaError, match=rf"memory\.db has schema {LATEST + 1}.*read_only"):
        SQLiteStore(newer)
    assert newer.read_bytes() == before


def test_a_newer_file_can_be_read_if_it_says_so(newer: Path) -> None:
    store = SQLiteStore(newer, read_only=True)
    assert [entry.id for _, entry in store.find(HERE, EntryFilter())] == ["n"]
    for write in (
        lambda: store.apply(HERE, Change(entries=(note("m"),))),
        store.scrub,
        store.repair,
    ):
        with pytest.raises(StoreError, match="read-only"):
            write()
    store.close()


def test_a_newer_file_that_would_be_misread_is_not_read(newer: Path) -> None:
    _set_schema(newer, LATEST + 1, readable_by=LATEST + 1)
    with pytest.raises(SchemaError, match="newer"):
        SQLiteStore(newer, read_only=True)


def test_read_only_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        SQLiteStore(tmp_path / "memory.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_the_database_of_another_application_is_not_touched(
    tmp_path: Path, read_only: bool
) -> None:
    path = tmp_path / "other.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another application"):
        SQLiteStore(path, read_only=read_only)
    assert path.read_bytes() == before


def test_the_file_says_whose_it_is(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "memory.db").close()
    header = (tmp_path / "memory.db").read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == LATEST


def test_every_connection_has_its_settings(tmp_path: Path) -> None:
    """What safety rests on, asked of the connections themselves."""
    expected = {"secure_delete": 1, "trusted_schema": 0, "cell_size_check": 1, "temp_store": 2}
    store = SQLiteStore(tmp_path / "memory.db", durability="full")
    with store._connections.writer() as writer, store._connections.reader() as reader:
        for connection in (writer, reader):
            assert {name: connection.pragma(name) for name in expected} == expected
            assert connection.pragma("journal_mode") == "wal"
        assert writer.pragma("synchronous") == 2
        assert writer.pragma("wal_autocheckpoint") == 1000
        assert reader.pragma("wal_autocheckpoint") == 0
        assert reader.pragma("query_only") == 1
        with pytest.raises(apsw.ReadOnlyError):
            reader.execute("DELETE FROM entries")
    store.close()
    store = SQLiteStore(tmp_path / "memory.db", durability="normal")
    with store._connections.writer() as writer:
        assert writer.pragma("synchronous") == 1
    store.close()


def test_the_facts_of_a_store(tmp_path: Path) -> None:
    """What `doctor` tells; SQLite must be free of the WAL-reset bug, which 3.51.3 mended."""
    store = SQLiteStore(tmp_path / "memory.db", durability="normal")
    store.apply(HERE, Change(entries=(note("n"),)))
    facts = store.facts()
    assert (facts.durability, facts.schema, facts.scrub_due) == ("normal", LATEST, False)
    assert facts.bytes > 0
    assert facts.log_bytes > 0
    version = facts.engine.removeprefix("SQLite ").partition(" ")[0]
    assert tuple(map(int, version.split("."))) >= (3, 51, 3)
    store.apply(HERE, Change(remove_entries=("n",)))
    assert store.facts().scrub_due
    store.scrub()
    assert not store.facts().scrub_due
    store.close()


def test_a_backup_is_never_written_over_anything(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "memory.db")
    (tmp_path / "taken").write_text("precious")
    with pytest.raises(ValueError, match=r"taken exists already"):
        store.backup(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "precious"
    with pytest.raises(StoreError, match="missing"):
        store.backup(tmp_path / "missing" / "copy.db")
    store.close()


def test_a_backup_holds_everything_but_what_was_forgotten(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "memory.db")
    store.apply(HERE, Change(entries=(note("n", "canary " * 200), note("m", "kept"))))
    store.apply(HERE, Change(remove_entries=("n",)))
    size = store.backup(tmp_path / "copy.db")
    raw = (tmp_path / "copy.db").read_bytes()
    assert len(raw) == size
    assert b"canary" not in raw
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    copy = SQLiteStore(tmp_path / "copy.db")
    assert [entry.text for _, entry in copy.find(HERE, EntryFilter())] == ["kept"]
    assert copy.version(HERE) == store.version(HERE)
    for each in (copy, store):
        each.close()


def test_a_damaged_store_yields_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    store = SQLiteStore(path)
    for number in range(200):
        store.apply(HERE, Change(entries=(note(f"n{number}", "text " * 200),)))
    store.close()
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 :] = b"\xff" * (len(raw) - len(raw) // 2)
    path.write_bytes(raw)
    store = SQLiteStore(path)
    with pytest.raises(CorruptStoreError, match=r"memory\.db"):
        store.backup(tmp_path / "copy.db")
    store.close()
    assert sorted(item.name for item in tmp_path.glob("copy*")) == []
