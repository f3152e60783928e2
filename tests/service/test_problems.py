"""Errors are told as problem details; nothing but words of ours leaves the process."""

from __future__ import annotations

import json
import logging

import pytest

from context_manager import ContextManager, errors
from context_manager.errors import ContextManagerError, InputError
from context_manager.service import Service
from context_manager.service.problems import TABLE, problem
from context_manager.service.refusals import Refused
from context_manager.store.memory import MemoryStore
from support.service_faces import asking

LEAK = "/srv/data/store.db: sk-secret"
MEMBERS = {"type", "title", "status", "detail", "request_id"}
OTHER_ARGUMENTS = {
    errors.BatchError: ([], {0: errors.StoreError(LEAK)}),
    errors.BudgetError: (5, 9),
    errors.MissingExtraError: ("server", LEAK),
    errors.SecretError: ({"password": 1},),
}


def every_error():
    """Each class of the tree, made with a text that must not be told."""
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, ContextManagerError):
            yield kind(*OTHER_ARGUMENTS.get(kind, (LEAK,)))


@pytest.mark.parametrize("error", [*every_error(), ValueError(LEAK), KeyError(LEAK)], ids=repr)
def test_every_error_has_a_status_and_tells_nothing_of_its_own(error, caplog):
    with caplog.at_level(logging.DEBUG):
        reply = problem(error, "req_1")
    told = json.loads(reply.body)
    assert told.keys() >= MEMBERS
    assert told["status"] == reply.status >= 400
    meant_for_the_caller = isinstance(error, InputError) and not isinstance(
        error, errors.NotFoundError | errors.BudgetError
    )
    assert ("secret" in reply.body.decode()) == meant_for_the_caller
    assert "secret" not in caplog.text
    assert (reply.status < 500) == isinstance(error, InputError | errors.ConflictError)


def test_the_table_asks_for_the_narrower_class_first():
    for place, row in enumerate(TABLE):
        for earlier in TABLE[:place]:
            assert not issubclass(row.error, earlier.error), (row.error, earlier.error)


def test_an_error_nobody_thought_of_becomes_a_problem(face):
    class Broken(MemoryStore):
        def sessions(self, partition):
            raise RuntimeError(LEAK)

    with asking(face, Service(ContextManager(store=Broken()))) as ask:
        got = ask("GET", "/sessions")
    assert (got.status, got.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in got.text
    assert got.data["request_id"] == got.headers["x-request-id"]


def test_content_never_enters_the_log(ask, caplog):
    with caplog.at_level(logging.DEBUG, "context_manager"):
        ask("POST", "/memory/add", json={"text": "a canary sings", "user_id": "canary-owner"})
        ask("POST", "/memory/query", json={"query": "canary", "user_id": "canary-owner"})
        ask("POST", "/chat", json={"message": "canary"})
        ask("GET", "/memory/canary?user_id=canary-owner")
        ask("POST", "/memory/add", json={"text": 5, "canary": 1})
    assert "POST /memory/add 200" in caplog.text
    assert "canary" not in caplog.text


def test_a_refusal_is_told_as_it_is():
    reply = problem(Refused(418, "teapot", "A teapot", "Short and stout.", {"A": "b"}, x=1), "r")
    told = json.loads(reply.body)
    assert (reply.status, reply.headers, told["x"]) == (418, {"A": "b"}, 1)
    assert told["type"].endswith(":teapot")
