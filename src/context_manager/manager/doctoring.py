"""What is wrong with a store, or may go wrong, each with the command that mends it.

Decides what is looked at and how grave a find is. It changes nothing, and tells of no content:
ids, kinds and counts only.
"""

from __future__ import annotations

import glob
import shlex
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from context_manager.errors import EmbeddingError
from context_manager.manager.hearing import FLAGS, QUARANTINED
from context_manager.manager.remarks import Level, Remark
from context_manager.manager.sweeping import is_due
from context_manager.records import DEFAULT_SCOPE, MemoryEntry, Partition
from context_manager.screening import find_secrets
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

PROGRAM = "context-manager"
LOG_BYTES = 64 * 2**20
PENDING = 10_000
EXAMPLES = 3


def examine(cm: ContextManager, *, thorough: bool = False) -> list[Remark]:
    """Everything found in the store of a manager, the gravest first.

    Args:
        cm: A manager of any scope; the whole store is looked at.
        thorough: Also read every row against its checksum, and every text for secrets.
    """
    found = [remark for check in _STORE for remark in check(cm)]
    for partition in cm.archive.store.partitions(ledgers=True):
        found += _of_partition(cm.scoped(**partition._asdict()), partition, thorough)
    if thorough:
        found += _damage(cm)
    order = list(Level)[::-1]
    return sorted(found, key=lambda remark: order.index(remark.level))


def _facts(cm: ContextManager) -> Any:
    read = getattr(cm.archive.store, "facts", None)
    return None if read is None else read()


def _engine(cm: ContextManager) -> Iterator[Remark]:
    facts = _facts(cm)
    name, _, version = (facts.engine if facts else "").partition(" ")
    if name != "SQLite":
        return
    number = tuple(map(int, version.split(" ")[0].split(".")))
    mended = number >= (3, 51, 3) or number in ((3, 44, 6), (3, 50, 7))
    yield Remark(
        Level.NOTE if mended else Level.RISK,
        "engine",
        facts.engine + ("" if mended else ": two connections may damage the log while it is reset"),
        "" if mended else "pip install -U apsw",
    )


def _durability(cm: ContextManager) -> Iterator[Remark]:
    facts = _facts(cm)
    if facts is None:
        yield Remark(Level.RISK, "durability", "memory is kept in this process only", "--db PATH")
    elif facts.durability == "normal":
        yield Remark(
            Level.NOTE,
            "durability",
            "a loss of power may undo the last turns (a crash of the process does not)",
            'Config(durability="full")',
        )


def _file(cm: ContextManager) -> Iterator[Remark]:
    facts, path = _facts(cm), Path(cm.archive.store.location)
    if facts is None or not path.is_file():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Remark(Level.RISK, "permissions", f"others may read {path}", f"chmod 600 {path}")
    if facts.log_bytes > LOG_BYTES:
        what = f"the log has grown to {facts.log_bytes:,} bytes: a reader holds on to an old state"
        yield Remark(Level.NOTE, "log", what, "end long-running readers")
    if facts.scrub_due:
        what = "bytes of forgotten texts may still lie in the file: others kept it busy"
        mend = f"stop other processes, then {PROGRAM} stats"
        yield Remark(Level.RISK, "scrub", what, mend)
    free = shutil.disk_usage(path.parent).free
    if free < 2 * facts.bytes + LOG_BYTES:
        yield Remark(Level.RISK, "disk", f"{free:,} bytes are left on the disk", "free some space")


def _copies(cm: ContextManager) -> Iterator[Remark]:
    """What was kept before a migration or a restore, or left by a copy that was cut off."""
    path = Path(cm.archive.store.location)
    found = sorted(path.parent.glob(f"{glob.escape(path.name)}.*")) if path.is_file() else []
    if found:
        names = " ".join(shlex.quote(str(file)) for file in found[:EXAMPLES])
        what = f"{len(found):,} files beside the store may hold what was forgotten since"
        yield Remark(Level.NOTE, "copies", what, f"rm {names}, when they are no longer needed")


def _role(cm: ContextManager) -> Iterator[Remark]:
    walled = getattr(cm.archive.store, "walled", None)
    if walled is not None and not walled():
        what = "row-level security does not bind the database role: the second wall is missing"
        yield Remark(Level.RISK, "role", what, "ALTER ROLE ... NOSUPERUSER NOBYPASSRLS")


def _standby(cm: ContextManager) -> Iterator[Remark]:
    reading = getattr(cm.archive.store, "reading", None)
    found = None if reading is None else reading.standing()
    if found is None:
        return
    told = f"{found.standby:,} reads by the standby, {found.primary:,} by the primary"
    if found.primary:
        told += f" ({found.behind:,} for it was behind, {found.failed:,} for it was gone)"
    if found.lag is None:
        what = f"no standby answers at {found.address}: the primary answers every read"
        yield Remark(Level.RISK, "standby", what, "check the option read of the address")
    else:
        yield Remark(Level.NOTE, "standby", f"{found.lag:,} bytes behind; {told}")


def _embedder(cm: ContextManager) -> Iterator[Remark]:
    try:
        cm.embedding_provider.embed(["a probe"])
    except EmbeddingError as error:
        what = f"the embedding model fails ({error}); words alone rank"
        yield Remark(Level.FAULT, "embedding", what, "check EmbeddingConfig")


def _language_model(cm: ContextManager) -> Iterator[Remark]:
    if cm.config.llm.provider == "none":
        what = "no language model: summaries are made of the most telling sentences"
        yield Remark(Level.NOTE, "summaries", what, 'Config(llm=LLMConfig("openai"))')


def _users(cm: ContextManager) -> Iterator[Remark]:
    users = {whose.user_id for whose in cm.archive.store.partitions()}
    if len(users) > 1 and not cm.config.multi_user:
        what = f"{len(users)} users share the store, and a call may leave out whose it is"
        yield Remark(Level.RISK, "users", what, "Config(multi_user=True)")
    if cm.config.multi_user and DEFAULT_SCOPE.user_id in users:
        what = "something is remembered of the default user although several users are told apart"
        yield Remark(Level.RISK, "users", what, f"{PROGRAM} list --user {DEFAULT_SCOPE.user_id}")


_STORE: tuple[Callable[[ContextManager], Iterator[Remark]], ...] = (
    _engine,
    _durability,
    _file,
    _copies,
    _role,
    _standby,
    _embedder,
    _language_model,
    _users,
)


def _of_partition(cm: ContextManager, partition: Partition, thorough: bool) -> Iterator[Remark]:
    entries = [entry for _, entry in cm.archive.store.find(partition, EntryFilter())]
    for check in (_vectors, _receipts):
        yield from check(cm, partition)
    for look in (_duplicates, _dangling, _overdue, _marked):
        yield from look(cm, partition, entries)
    if thorough:
        yield from _secrets(cm, partition, entries)


def _whose(partition: Partition) -> str:
    return f"--user {partition.user_id}"


def _vectors(cm: ContextManager, partition: Partition) -> Iterator[Remark]:
    model = cm.model()
    counts = cm.archive.store.models(partition)
    others = {name: number for name, number in counts.items() if name != model}
    if others:
        told = ", ".join(f"{number:,} of {name}" for name, number in others.items())
        what = f"user {partition.user_id} has vectors of another model: {told}"
        yield Remark(Level.RISK, "model", what, f"{PROGRAM} reembed")
    waiting = len(cm.archive.store.pending(partition, model, PENDING))
    if waiting:
        what = f"{waiting:,} passages of user {partition.user_id} wait for the embedding model"
        yield Remark(Level.NOTE, "pending", what, f"{PROGRAM} reembed")


def _receipts(cm: ContextManager, partition: Partition) -> Iterator[Remark]:
    broken = cm.archive.erasures.broken(partition)
    if broken:
        told = ", ".join(str(receipt.number) for receipt in broken[:EXAMPLES])
        what = f"receipts of user {partition.user_id} were altered or are missing: {told}"
        yield Remark(Level.FAULT, "receipts", what, f"{PROGRAM} receipts {_whose(partition)}")


def _duplicates(
    cm: ContextManager, partition: Partition, entries: list[MemoryEntry]
) -> Iterator[Remark]:
    added = [entry for entry in entries if entry.kind in ("note", "fact", "document", "pinned")]
    counts = Counter((entry.kind, cm.archive.drafter.digest(entry.text)) for entry in added)
    double = sum(number - 1 for number in counts.values())
    if double:
        what = f"memories of user {partition.user_id} that say the same as another: {double:,}"
        yield Remark(Level.NOTE, "duplicates", what, f"{PROGRAM} list {_whose(partition)}")


def _dangling(
    cm: ContextManager, partition: Partition, entries: list[MemoryEntry]
) -> Iterator[Remark]:
    ids = {entry.id for entry in entries}
    orphans = [entry for entry in entries if entry.source_ids and not ids & set(entry.source_ids)]
    if orphans:
        what = (
            f"{len(orphans):,} summaries or facts of user {partition.user_id} have no source left"
        )
        first = " ".join(entry.id for entry in orphans[:EXAMPLES])
        mend = f"{PROGRAM} forget {first} {_whose(partition)}"
        yield Remark(Level.RISK, "orphans", what, mend)


def _overdue(
    cm: ContextManager, partition: Partition, entries: list[MemoryEntry]
) -> Iterator[Remark]:
    rules, now = tuple(cm.config.retention), cm.clock()
    due = sum(is_due(entry, rules, now) for entry in entries)
    if due:
        what = f"{due:,} memories of user {partition.user_id} have outlived their time"
        yield Remark(Level.RISK, "expired", what, f"{PROGRAM} sweep")


def _marked(
    cm: ContextManager, partition: Partition, entries: list[MemoryEntry]
) -> Iterator[Remark]:
    marked = [entry for entry in entries if FLAGS in entry.metadata]
    if marked:
        held = sum(QUARANTINED in entry.metadata for entry in marked)
        what = (
            f"{len(marked):,} texts of user {partition.user_id} look like orders to the model, "
            f"{held:,} of them are kept out of prompts"
        )
        mend = f"{PROGRAM} show {marked[0].id} {_whose(partition)}; {PROGRAM} revert --source NAME"
        yield Remark(Level.NOTE, "orders", what, mend)


def _secrets(
    cm: ContextManager, partition: Partition, entries: list[MemoryEntry]
) -> Iterator[Remark]:
    kinds: Counter[str] = Counter()
    where: list[str] = []
    for entry in entries:
        found = find_secrets(entry.text)
        kinds.update(finding.kind for finding in found)
        where += [entry.id] * bool(found)
    if kinds:
        told = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
        what = f"texts of user {partition.user_id} hold what looks like secrets: {told}"
        first = " ".join(where[:EXAMPLES])
        mend = f'{PROGRAM} forget {first} {_whose(partition)}; Config(secrets="redact")'
        yield Remark(Level.RISK, "secrets", what, mend)


def _damage(cm: ContextManager) -> Iterator[Remark]:
    verify = getattr(cm.archive.store, "verify", None)
    verdict = None if verify is None else verify()
    if verdict is not None and not verdict:
        first = verdict.damages[0]
        what = f"{len(verdict.damages):,} rows are damaged, first in {first.table}: {first.problem}"
        mendable = hasattr(cm.archive.store, "repair")
        mend = f"{PROGRAM} repair" if mendable else "a backup of the database"
        yield Remark(Level.FAULT, "damage", what, f"{PROGRAM} verify; {mend}")
