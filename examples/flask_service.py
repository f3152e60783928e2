"""A Flask application with memory, where users share nothing.

`application()` makes the app; the main part talks to it through Flask's test client, so nothing
listens anywhere. To serve it: `flask --app "flask_service:application()" run`.
"""

from typing import Any

from flask import Flask, Response, jsonify, request

from context_manager import ContextManager
from context_manager.errors import InputError


def answer(context: str) -> str:
    """Stands for a language model: replies with how much it was told."""
    return f"I read {len(context.splitlines())} lines before answering."


def application(engine: ContextManager | None = None) -> Flask:
    """The application over an engine; a new one in memory when left out."""
    app = Flask(__name__)
    cm = engine or ContextManager()

    @app.post("/chat")
    def chat() -> Response:
        body: dict[str, Any] = request.get_json()
        memory = cm.scoped(user_id=body["user_id"])
        context = memory.build_context(body["message"])
        reply = answer(context)
        memory.observe(body["message"], reply)
        return jsonify(response=reply, context=context)

    @app.get("/users/<user_id>/memories")
    def memories(user_id: str) -> Response:
        found = cm.scoped(user_id=user_id).query_memory(request.args["query"])
        return jsonify(results=[{"text": text, "score": score} for text, score in found])

    @app.errorhandler(InputError)
    def refuse(error: InputError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 422

    return app


def main() -> None:
    client = application().test_client()

    def say(user_id: str, message: str) -> str:
        reply = client.post("/chat", json={"user_id": user_id, "message": message})
        return str(reply.get_json()["context"])

    say("ines", "My violin lesson is on Tuesday at five.")
    say("omar", "My drum lesson is on Friday at six.")
    context = say("ines", "When is my lesson?")
    print(context)
    assert "Tuesday" in context
    assert "Friday" not in context

    found = client.get("/users/omar/memories", query_string={"query": "music lessons"}).get_json()
    print(found)
    assert any("drum" in result["text"] for result in found["results"])
    too_long = client.post("/chat", json={"user_id": "ines", "message": "la " * 20_000})
    print(too_long.status_code, too_long.get_json())
    assert too_long.status_code == 422


if __name__ == "__main__":
    main()
