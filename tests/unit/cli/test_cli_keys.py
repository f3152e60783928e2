"""`context-manager keys`: shown once, revoked for good; `serve` refuses what is unsafe."""

from __future__ import annotations

from context_manager.service.keyring import Keyring
from support.program import Program, open_fast


def test_a_key_is_shown_once_and_opens_the_store_for_its_user(program: Program, db) -> None:
    made = program("keys", "create", "--user", "ines", "--may", "read", "--json").data
    assert (made["users"], made["may"]) == (["ines"], ["read"])
    with open_fast(db) as manager:
        credential = Keyring(manager.archive.store).recognise(made["key"])
    assert credential is not None
    assert credential.users == ("ines",)
    listed = program("keys", "--json").data
    assert [(row["id"], row["state"]) for row in listed] == [(made["id"], "valid")]
    assert "key" not in listed[0]


def test_a_revoked_key_stays_in_the_list(program: Program) -> None:
    note = "a tablet in the kitchen, beside the window"
    made = program("keys", "create", "--note", note, "--json").data
    assert program("keys", "revoke", made["id"]).code == 0
    assert program("keys", "list", "--json").data[0]["state"] == "revoked"
    shown = program("keys").out
    assert "revoked" in shown
    assert made["id"] in shown, "what `keys revoke` needs is never cut"


def test_wrong_calls_are_told_in_one_line(program: Program) -> None:
    program("keys", "create")
    assert program("keys", "revoke", "nothing").code == 3
    assert program("keys", "burn").code == 2
    assert program("keys", "create", "--may", "fly").code == 2


def test_a_public_address_is_refused_without_a_key(program: Program) -> None:
    ended = program("serve", "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert ended.code == 2
    assert "keys create" in ended.err


def test_a_provider_without_an_address_is_refused_before_anything_is_served(
    program: Program,
) -> None:
    refused = program("serve", "--upstream", "provider.example")
    assert refused.code != 0
    assert "must begin with http:// or https://, got 'provider.example'" in refused.err
