"""The plain, the awaited and the batched face of a manager do the same, case by case."""

from __future__ import annotations

import pytest

from support.faces import CASES, FACES, manager, outcome


@pytest.mark.parametrize("face", [name for name in FACES if name != "plain"])
@pytest.mark.parametrize("name", CASES)
def test_every_face_gives_and_leaves_the_same(name, face):
    with manager() as one, manager() as other:
        expected = outcome(one, CASES[name], "plain")
        assert outcome(other, CASES[name], face) == expected


def test_every_batched_method_has_a_case():
    with manager() as cm:
        batched = {name for name in dir(cm) if name.endswith("_batch")}
    assert batched == {f"{case.method}_batch" for case in CASES.values()}
