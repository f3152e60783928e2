"""What the server says of a failure may quote a row, so none of it is passed on."""

from __future__ import annotations

import psycopg
import pytest

from context_manager.errors import StoreError
from context_manager.store.postgres.faults import translated
from support import postgres


def test_an_error_of_the_server_is_told_by_its_code_and_never_in_its_words() -> None:
    with (
        psycopg.connect(postgres.server().dsn()) as connection,
        pytest.raises(StoreError, match="SQLSTATE 22P02") as caught,
        translated("postgresql://here/memory"),
    ):
        connection.execute("SELECT 'a private word'::integer")
    assert "private" not in str(caught.value)
    assert "private" in str(caught.value.__cause__)
