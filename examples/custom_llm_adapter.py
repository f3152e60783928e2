"""A language model of your own, used by name.

An adapter has two methods, one for each face. Here it is a toy that answers by rule; yours calls
your endpoint. Once registered, its name is legal in `LLMConfig`.
"""

import asyncio

from context_manager import Config, ContextManager, LLMConfig
from context_manager.llm.adapters import LLMAdapter, create_llm_adapter, register_llm_adapter


class Butler(LLMAdapter):
    """Answers everything politely, at the length it is given."""

    def __init__(
        self, api_key: str | None = None, model: str = "brief", title: str = "sir"
    ) -> None:
        self.model = model
        self.title = title

    def generate_sync(self, prompt: str, **kwargs: object) -> str:
        words = f"Very good, {self.title}; I have noted {len(prompt.split())} words.".split()
        return " ".join(words[: int(str(kwargs.get("max_tokens", 1000)))])

    async def generate(self, prompt: str, **kwargs: object) -> str:
        return await asyncio.to_thread(self.generate_sync, prompt, **kwargs)


def main() -> None:
    register_llm_adapter("butler", Butler)
    adapter = create_llm_adapter("butler", model="brief", title="madam")
    print(adapter.generate_sync("Tea at four, please."))
    print(asyncio.run(adapter.generate("Tea at four, please.", max_tokens=3)))
    assert asyncio.run(adapter.generate("x", max_tokens=3)) == "Very good, madam;"

    cm = ContextManager(Config(llm=LLMConfig(provider="butler", model="brief")))
    reply = cm.llm_adapter.generate_sync(cm.build_context("Tea at four, please."))
    cm.observe("Tea at four, please.", reply)
    print(cm.build_context("When is tea?"))
    assert "Very good, sir;" in cm.build_context("When is tea?")


if __name__ == "__main__":
    main()
