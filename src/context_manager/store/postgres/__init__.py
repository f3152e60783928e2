"""Everything in a PostgreSQL database, for many processes on many machines."""

from context_manager.errors import MissingExtraError

try:
    import psycopg_pool  # noqa: F401 - brings psycopg; all that the modules here need
except ImportError as error:
    raise MissingExtraError("postgres", "psycopg") from error

from context_manager.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
