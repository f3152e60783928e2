"""The Dockerfile keeps the rules of a small, unprivileged, reproducible image."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from support.dockerfile import Stage, stages

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def image() -> list[Stage]:
    return stages(ROOT / "Dockerfile")


def test_the_last_stage_only_takes_over_what_the_first_has_built(image):
    build, last = image
    assert build.name == "build"
    assert [item.words[0] for item in last.all("COPY")] == ["--from=build"]
    done = " ".join(item.text for item in last.all("RUN"))
    for tool in ("apt", "pip", "gcc", "g++", "curl", "make", "sudo"):
        assert tool not in done.replace("appuser", "")


def test_bases_are_slim_and_of_a_named_version(image):
    for stage in image:
        name, _, tag = stage.base.partition(":")
        assert name == "python"
        assert tag.endswith("-slim")
        assert tag[0].isdigit()


def test_nothing_is_downloaded_or_kept_that_needs_not_be(image):
    for stage in image:
        assert not stage.all("ADD")
        for item in stage.all("RUN"):
            assert "pip install" not in item.text or "--no-cache-dir" in item.text
            assert "| " not in item.text, "a pipe hides what fails before it"


def test_it_runs_as_a_user_without_rights(image):
    last = image[-1]
    names = [item.name for item in last.instructions]
    assert last.last("USER").text == "1000"
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert "RUN" not in names[names.index("USER") :]
    assert "--uid 1000" in last.all("RUN")[0].text


def test_no_secret_stands_in_it(image):
    for stage in image:
        for item in (*stage.all("ENV"), *stage.all("ARG")):
            assert not any(word in item.text.upper() for word in ("KEY", "PASSWORD", "TOKEN"))


def test_it_says_how_it_is_started_reached_and_watched(image):
    last = image[-1]
    for name in ("ENTRYPOINT", "CMD"):
        assert last.last(name).text.startswith("["), "a shell would swallow the signal to stop"
    assert last.last("WORKDIR").text == "/app"
    assert last.last("EXPOSE").text == "8000"
    assert last.last("CMD").words[-1] == "8000"
    assert ":8000/health" in last.last("HEALTHCHECK").text


def test_the_extras_it_installs_exist(image):
    (install,) = [item for item in image[0].all("RUN") if "pip install" in item.text]
    wanted = install.text.partition("[")[2].partition("]")[0].split(",")
    with (ROOT / "pyproject.toml").open("rb") as file:
        known = tomllib.load(file)["project"]["optional-dependencies"]
    assert {"server", "postgres", "redis"} <= {*wanted} <= {*known}


def test_the_context_holds_what_is_copied_and_nothing_else(image):
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = {word for item in image[0].all("COPY") for word in item.words[:-1]}
    assert "*" in lines
    assert let_in == {name.removeprefix("./") for name in copied}
    assert all((ROOT / name).exists() for name in copied)
