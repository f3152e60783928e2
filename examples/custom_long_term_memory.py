"""Long-term memory with a rule of your own at its door: secrets are masked before they are kept.

Subclass, override `add_memory` or `search`, and call the base. Search stays hybrid: meaning and
exact words both count.
"""

import re
from collections.abc import Mapping
from typing import Any

from context_manager.memory.long_term import LongTermMemory

CARD_NUMBER = re.compile(r"\b(?:\d[ -]?){12}(\d{4})\b")


class MaskedLongTermMemory(LongTermMemory):
    """Keeps only the last four digits of anything that looks like a card number."""

    def add_memory(self, text: str, metadata: Mapping[str, Any] | None = None) -> str:
        masked, count = CARD_NUMBER.subn(r"**** \1", text)
        return super().add_memory(masked, {**(metadata or {}), "masked": count})


def main() -> None:
    memory = MaskedLongTermMemory()
    memory.add_memory("Pay the florist with card 4000 1234 5678 9010.", {"topic": "wedding"})
    memory.add_memory("The florist delivers on Saturday before ten.")
    memory.add_memory("Invoice INV-2291 is still open.")

    for question in ("When do the flowers arrive?", "INV-2291", "Which card for the florist?"):
        entry, score = memory.search(question, k=1)[0]
        print(f"{question:30} {score:.2f}  {entry.text}")

    assert memory.search("INV-2291", k=1)[0][0].text.startswith("Invoice")
    assert not any("1234" in entry.text for entry in memory.entries)


if __name__ == "__main__":
    main()
