"""MCP clients share one memory with everybody else: over standard streams, and over HTTP.

The official client speaks to a real process, and to the service behind a real socket.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from fastapi import FastAPI
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from context_manager import ContextManager
from context_manager.records import Trust
from context_manager.service import Service, ServiceSettings, create_router
from context_manager.service.mcp.server import RESOURCES, TOOLS
from context_manager.service.mcp.tools import Tools
from context_manager.service.settings import Limits
from support.served import PATIENCE, listening
from support.service_faces import asking, fast_manager

Use = Callable[[Client], Awaitable[Any]]
SISTER = "My sister Ana lives in Porto."


def program(db: Path, *options: str) -> StdioServerParameters:
    """The command as a client's settings name it."""
    arguments = ["-m", "context_manager", "--db", str(db), *options, "mcp"]
    return StdioServerParameters(command=sys.executable, args=arguments, env=_environment())


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}


def over_stdio(db: Path, use: Use, *options: str, mode: str = "auto") -> Any:
    """What a client of a process sees."""

    async def run() -> Any:
        async with Client(program(db, *options), mode=mode) as client:
            return await use(client)

    return asyncio.run(run())


def over_http(
    url: str, use: Use, key: str | None = None, mode: str = "auto", **headers: str
) -> Any:
    """What a client of the service sees."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"

    async def run() -> Any:
        async with httpx2.AsyncClient(headers=sent, timeout=PATIENCE) as http:
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await use(client)

    return asyncio.run(run())


async def told(client: Client, tool: str, **given: Any) -> Any:
    """The answer of a tool that works."""
    result = await client.call_tool(tool, given)
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def refused(client: Client, tool: str, **given: Any) -> str:
    """What a tool says that does not."""
    result = await client.call_tool(tool, given)
    assert result.is_error
    return str(result.content[0].text)


async def every_tool(client: Client) -> None:
    """A life of one memory, through all tools, resources and the prompt."""
    made = (await told(client, "remember", text=SISTER))["memory_id"]
    (hit,) = (await told(client, "recall", query="Where does my sister live?"))["hits"]
    assert (hit["id"], hit["text"]) == (made, SISTER)
    built = await told(client, "build_context", input="Where does Ana live?", budget=500)
    assert SISTER in built["text"]
    assert built["memory_ids"] == [made]
    assert built["tokens"] <= built["budget"] == 500
    right = await told(client, "correct", memory_id=made, text="My sister Ana lives in Lisbon.")
    assert (right["text"], right["trust"]) == ("My sister Ana lives in Lisbon.", "assistant")
    await told(client, "pin", text=right["id"])
    pinned = (await told(client, "pin", text="Answer in French."))["memory_id"]
    first = await told(client, "list", kind="pinned", limit=1)
    rest = await told(client, "list", kind="pinned", after=first["next"])
    assert [item["id"] for item in first["items"] + rest["items"]] == [right["id"], pinned]
    assert rest["next"] is None
    shown = await client.read_resource("memory://pinned")
    assert [item["id"] for item in json.loads(shown.contents[0].text)] == [right["id"], pinned]
    one = await client.read_resource(f"memory://entries/{pinned}")
    assert json.loads(one.contents[0].text)["text"] == "Answer in French."
    assert json.loads((await client.read_resource("memory://facts")).contents[0].text) == []
    prompt = await client.get_prompt("with_memory", {"input": "Where does Ana live?"})
    assert "Lisbon" in prompt.messages[0].content.text
    receipt = await told(client, "forget", memory_ids=[made, right["id"], pinned])
    assert receipt["entries"] == 3
    assert (await told(client, "list"))["items"] == []


@pytest.mark.parametrize("kind", ["note", "fact"])
def test_a_model_that_corrects_a_memory_does_not_speak_as_the_user(kind):
    with fast_manager() as manager:
        said = manager.add_memory(SISTER, kind=kind)
        assert manager.get(said).trust == Trust.USER
        right = Tools(lambda permission: manager).correct(said, "My sister Ana lives in Lisbon.")
    assert right.trust == "assistant"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_every_tool_works_over_http(mode):
    with listening("fastapi", Service(fast_manager())) as url:
        over_http(url, every_tool, mode=mode)


def test_every_tool_works_in_a_process_and_what_it_kept_is_there_afterwards(tmp_path):
    over_stdio(tmp_path / "memory.db", every_tool)

    async def remember(client: Client) -> Any:
        return await told(client, "remember", text=SISTER)

    over_stdio(tmp_path / "memory.db", remember, "--user", "ines", mode="legacy")
    with ContextManager.open(tmp_path / "memory.db") as manager:
        (hit,) = manager.scoped(user_id="ines").search("sister")
        assert hit.entry.text == SISTER
        assert manager.search("sister") == []


def test_everything_is_described():
    async def looked(client: Client) -> Any:
        return (
            (await client.list_tools()).tools,
            (await client.list_resources()).resources,
            (await client.list_resource_templates()).resource_templates,
            (await client.list_prompts()).prompts,
        )

    with listening("fastapi", Service(fast_manager())) as url:
        tools, resources, templates, prompts = over_http(url, looked)
    assert {tool.name for tool in tools} == set(TOOLS)
    for tool in tools:
        assert tool.description
        assert tool.output_schema
        assert bool(tool.annotations.destructive_hint) is (tool.name == "forget")
    found = {r.uri for r in resources} | {t.uri_template for t in templates}
    assert found == set(RESOURCES)
    assert [prompt.name for prompt in prompts] == ["with_memory"]
    assert all(item.description for item in (*resources, *templates, *prompts))


def test_faults_are_told_plainly(tmp_path):
    async def wrong(client: Client) -> None:
        assert "Nothing with this id" in await refused(client, "correct", memory_id="x", text="y")
        assert "budget" in await refused(client, "build_context", input="word " * 90, budget=10)
        with pytest.raises(MCPError, match="Nothing with this id"):
            await client.read_resource("memory://entries/mem_none")

    with listening("fastapi", Service(fast_manager())) as url:
        over_http(url, wrong)


def test_arguments_that_do_not_fit_are_told_as_over_http_and_never_quoted():
    settings = ServiceSettings(limits=Limits(text_chars=40, input_chars=30, k=20, batch=2))
    wrong: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("recall", {"query": 5}, "arguments.query: Input should be a valid string"),
        ("remember", {"text": "  "}, "arguments.text: must hold more than white space"),
        ("recall", {}, "arguments.query: Field required"),
        (
            "list",
            {"kind": "canary", "limit": 1000},
            "arguments.kind: Input should be 'message', 'summary', 'fact', 'note', 'document' or "
            "'pinned'; arguments.limit: Input should be less than or equal to 100",
        ),
        # What the operator of this service permits is less than the schema does.
        ("remember", {"text": "canary " * 9}, "arguments.text: is more than 40"),
        ("recall", {"query": "canary", "k": 21}, "arguments.k: is more than 20"),
        ("forget", {"memory_ids": ["a", "b", "c"]}, "arguments.memory_ids: is more than 2"),
    )

    async def all_refused(client: Client) -> None:
        for tool, given, answer in wrong:
            assert await refused(client, tool, **given) == answer
        with pytest.raises(MCPError, match=r"^arguments\.input: is more than 30$"):
            await client.get_prompt("with_memory", {"input": "canary " * 9})

    with listening("fastapi", Service(fast_manager(), settings)) as url:
        over_http(url, all_refused)


def test_flask_says_where_mcp_is_to_be_had():
    with asking("flask", Service(fast_manager())) as ask:
        got = ask("POST", "/mcp", json=_hello())
    assert got.status == 501
    assert "FastAPI" in got.data["detail"]
    assert got.headers["content-type"] == "application/problem+json"
    assert got.data["request_id"] == got.headers["x-request-id"]


class Broken(ContextManager):
    """Fails with words that must not get out."""

    def search(self, *given: Any, **named: Any) -> Any:
        """Fail."""
        raise RuntimeError("the secret canary")


def test_no_text_of_an_exception_gets_out(caplog):
    async def recall(client: Client) -> str:
        return await refused(client, "recall", query="anything")

    caplog.set_level("DEBUG", "context_manager")
    with listening("fastapi", Service(Broken())) as url:
        assert over_http(url, recall) == "It failed; the service's log names the cause."
    assert "canary" not in caplog.text
    assert "RuntimeError" in caplog.text


class TestWhoMayDoWhat:
    @pytest.fixture
    def service(self):
        return Service(fast_manager(), ServiceSettings(auth="required"))

    def test_users_share_nothing(self, service):
        make = service.keyring.create
        ines, omar = make(users=["ines"])[0], make(users=["omar"])[0]
        every = make()[0]

        async def remember(client: Client) -> str:
            return str((await told(client, "remember", text=SISTER))["memory_id"])

        async def recall(client: Client) -> list[str]:
            hits = (await told(client, "recall", query="sister"))["hits"]
            return [hit["text"] for hit in hits]

        with listening("fastapi", service) as url:
            made = over_http(url, remember, ines)
            assert over_http(url, recall, ines) == [SISTER]
            assert over_http(url, recall, omar) == []
            assert over_http(url, recall, every, X_User_Id="ines") == [SISTER]
            assert over_http(url, recall, every) == []

            async def read(client: Client) -> None:
                with pytest.raises(MCPError, match="Nothing with this id"):
                    await client.read_resource(f"memory://entries/{made}")

            over_http(url, read, omar)

    def test_a_key_that_may_only_read_cannot_write(self, service):
        key = service.keyring.create(may=["read"])[0]

        async def both(client: Client) -> None:
            assert (await told(client, "list"))["items"] == []
            for tool, given in (
                ("remember", {"text": "x"}),
                ("pin", {"text": "x"}),
                ("correct", {"memory_id": "x", "text": "y"}),
                ("forget", {"memory_ids": ["x"]}),
            ):
                assert 'lacks the permission "write"' in await refused(client, tool, **given)

        with listening("fastapi", service) as url:
            over_http(url, both, key)

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 401),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"Authorization": "Bearer KEY", "X-User-Id": "omar"}, 403),
            ({"Authorization": "Bearer KEY", "Origin": "https://evil.example"}, 403),
            ({"Authorization": "Bearer KEY", "X-User-Id": ""}, 422),
        ],
        ids=str,
    )
    def test_nobody_else_gets_to_the_protocol(self, service, headers, status):
        key = service.keyring.create(users=["ines"])[0]
        sent = {name: value.replace("KEY", key) for name, value in headers.items()}
        with listening("fastapi", service) as url:
            got = _posted(url, **sent)
        assert got.status_code == status
        assert got.headers["content-type"] == "application/problem+json"
        assert got.json()["request_id"] == got.headers["x-request-id"]


_ACCEPT = {"Accept": "application/json, text/event-stream"}


def _hello() -> dict[str, Any]:
    told = {"protocolVersion": "2025-06-18", "capabilities": {}}
    params = {**told, "clientInfo": {"name": "test", "version": "1"}}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


def _posted(url: str, body: Any = None, **headers: str) -> httpx.Response:
    sent = {**_ACCEPT, **headers}
    return httpx.post(f"{url}/mcp", json=body or _hello(), headers=sent, timeout=PATIENCE)


def test_a_service_of_this_machine_answers_to_its_own_names_only():
    service = Service(fast_manager())
    service.headers.restrict(("localhost", "127.0.0.1"))
    with listening("fastapi", service) as url:
        for host, status in (("evil.example", 421), ("127.0.0.1", 200)):
            got = _posted(url, Host=host)
            assert got.status_code == status
            assert got.headers["x-content-type-options"] == "nosniff"


def test_rates_and_sizes_are_limited():
    settings = ServiceSettings(limits=Limits(rate="3/day", body_bytes=500))
    with listening("fastapi", Service(fast_manager(), settings)) as url:
        long = {**_hello(), "more": "x" * 600}
        assert _posted(url, long).status_code == 413
        found = [_posted(url) for _ in range(3)]
        assert [got.status_code for got in found] == [200, 200, 429]
        assert "retry-after" in found[-1].headers


def test_an_application_of_ones_own_serves_it_too():
    """Nothing but the router is needed, below any prefix."""
    app, service = FastAPI(), Service(fast_manager())
    app.include_router(create_router(service), prefix="/memory")

    async def ask() -> int:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            got = await client.post("/memory/mcp", json=_hello(), headers=_ACCEPT)
            return got.status_code

    assert asyncio.run(ask()) == 200


def test_only_the_protocol_goes_to_standard_output(tmp_path):
    """Warnings of a damaged environment, and what libraries print, go elsewhere."""
    lines = [_hello(), {"jsonrpc": "2.0", "method": "notifications/initialized"}]
    call = {"name": "remember", "arguments": {"text": SISTER}}
    lines.append({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call})
    db = str(tmp_path / "memory.db")
    process = subprocess.Popen(
        [sys.executable, "-m", "context_manager", "--db", db, "mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in lines:
            process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        rest, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[1]["result"]["isError"] is False
    assert rest == ""
    assert process.returncode == 0


def test_a_store_that_cannot_be_opened_is_told_to_the_client(tmp_path):
    async def remember(client: Client) -> str:
        return await refused(client, "remember", text=SISTER)

    (tmp_path / "memory.db").write_text("no database at all, but long enough to look at" * 40)
    assert "damaged" in over_stdio(tmp_path / "memory.db", remember)


def test_a_client_is_answered_before_anything_heavy_is_loaded_and_logging_is_left_alone():
    code = (
        "import sys, logging, context_manager.cli.program\n"
        "from context_manager.service.mcp.server import create_server\n"
        "create_server(lambda permission: None)\n"
        "heavy = {'numpy', 'onnxruntime', 'tokenizers', 'tiktoken', 'apsw'} & set(sys.modules)\n"
        "print(*heavy, *logging.getLogger().handlers)"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == ""


def test_a_service_without_the_sdk_says_so_and_serves_the_rest():
    code = (
        "import sys\n"
        "sys.modules['mcp'] = None\n"
        "from starlette.testclient import TestClient\n"
        "from context_manager import ContextManager\n"
        "from context_manager.service import Service, create_app\n"
        "client = TestClient(create_app(Service(ContextManager())), base_url='http://localhost')\n"
        "print(client.post('/mcp', json={}).status_code, client.get('/health').status_code)"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.split() == ["501", "200"]


def test_an_app_is_made_without_loading_the_sdk():
    code = (
        "import sys\n"
        "from context_manager import ContextManager\n"
        "from context_manager.service import Service, create_app\n"
        "create_app(Service(ContextManager()))\n"
        "assert 'mcp' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
