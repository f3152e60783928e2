"""A FastAPI application with memory, where users share nothing and the event loop stays free.

The routes are plain `def`, which FastAPI runs in its thread pool: building a prompt is local work
that would block the loop. To serve it: `uvicorn --factory fastapi_service:application`.
"""

from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from pydantic import BaseModel

from context_manager import ContextManager
from context_manager.errors import BudgetError


class Question(BaseModel):
    user_id: str
    message: str
    budget: int = 2000


class Piece(BaseModel):
    section: str
    tokens: int
    reason: str


class Prompt(BaseModel):
    text: str
    tokens: int
    pieces: list[Piece]


def application() -> FastAPI:
    """The application, with an engine in memory."""
    app = FastAPI(title="Prompts with memory")
    engine = ContextManager()

    @app.post("/users/{user_id}/memories", status_code=201)
    def remember(user_id: str, text: str) -> dict[str, str]:
        return {"id": engine.scoped(user_id=user_id).add_memory(text)}

    @app.post("/prompt")
    def prompt(question: Question) -> Prompt:
        memory = engine.scoped(user_id=question.user_id)
        try:
            context = memory.build(question.message, budget=question.budget)
        except BudgetError as error:
            raise HTTPException(422, f"needs {error.needed} of {error.budget} tokens") from error
        pieces = [
            Piece(section=slot.section, tokens=slot.tokens, reason=slot.reason)
            for slot in context.slots
        ]
        return Prompt(text=context.text, tokens=context.tokens, pieces=pieces)

    return app


def main() -> None:
    with TestClient(application()) as client:
        text = "The wifi at the cottage is called Heron."
        client.post("/users/ines/memories", params={"text": text})

        def ask(user_id: str, budget: int = 2000):
            body = {"user_id": user_id, "message": "What is the wifi called?", "budget": budget}
            return client.post("/prompt", json=body)

        prompt = ask("ines").json()
        print(prompt["text"])
        for piece in prompt["pieces"]:
            print(f"{piece['tokens']:5}  {piece['section']:8} {piece['reason']}")
        assert "Heron" in prompt["text"]
        assert sum(piece["tokens"] for piece in prompt["pieces"]) == prompt["tokens"]
        assert "Heron" not in ask("omar").json()["text"]
        assert ask("ines", budget=3).status_code == 422


if __name__ == "__main__":
    main()
