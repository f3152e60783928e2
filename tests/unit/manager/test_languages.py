"""What `query_memory` finds by words alone: every language, identifiers, emoji, accents."""

from __future__ import annotations

import numpy as np
import pytest

from context_manager import ContextManager
from context_manager.embedding import EmbeddingProvider

SMALL_TALK = (
    "The weather has been lovely here",
    "I watched a film about trains",
    "Lunch was soup and bread again",
    "My bicycle needs a new chain",
    "Die Nachbarn streichen ihren Zaun",
    "今天下雨了，我没有出门",
)

FOUND = [
    ("chinese substring", "我昨天去了东京塔附近的咖啡馆", "东京塔"),
    ("one chinese character", "我们养了一只猫", "猫"),
    ("chinese in a question", "我昨天去了东京塔附近的咖啡馆", "咖啡馆在哪里？"),
    ("japanese", "新しい自転車を買いました", "自転車"),
    ("katakana", "コーヒーを二杯飲んだ", "コーヒー"),
    ("korean with a particle", "도서관에서 책을 읽었다", "도서관"),
    ("thai", "ฉันชอบกินข้าวผัด", "ข้าวผัด"),
    ("part of a german compound", "Die Krankenversicherung ist teuer", "Versicherung"),
    ("german compound for its part", "Eine Versicherung ist teuer", "Krankenversicherung"),
    ("sharp s", "Die Straße ist nass", "Strasse"),
    ("umlaut left out", "Der Schlüssel liegt unter der Matte", "Schlussel"),
    ("accents left out", "Rendez-vous au café Zoë", "cafe zoe"),
    ("accents too many", "Meet me at the cafe", "Café"),
    ("vietnamese", "Tôi thích uống cà phê sữa", "ca phe"),
    ("turkish", "Yarın İzmir'e gidiyoruz", "izmir"),
    ("french article", "Il a vendu l'horloge", "horloge"),
    ("danish", "Vi bor i \u00c5rhus ved s\u00f8en", "soen"),
    ("polish", "Kupiliśmy żółty rower", "zolty"),
    ("greek", "Αγόρασα ένα ποδήλατο", "ποδηλατο"),
    ("cyrillic", "Мы купили велосипед", "ВЕЛОСИПЕД"),
    ("arabic without vowels", "كِتَاب جديد", "كتاب"),
    ("hebrew without points", "סֵפֶר חדש", "ספר"),
    ("hindi", "मुझे हिन्दी पसंद है", "हिन्दी"),
    ("camel case whole", "getUserName raised an error", "getUserName"),
    ("camel case part", "getUserName raised an error", "user name"),
    ("snake case whole", "set max_retry_count to three", "max_retry_count"),
    ("snake case part", "set max_retry_count to three", "retry"),
    ("dotted path", "the fault is in app.models.billing", "billing"),
    ("version", "Upgrade to v2.31.4 first", "v2.31.4"),
    ("emoji", "Passed the exam 🎉", "🎉"),
    ("emoji with a tone", "See you there 👍🏽", "👍"),
    ("full width", "ＡＢＣ １２３", "abc 123"),
]


class Blind:
    """An embedder to which all texts are alike, so that words alone decide."""

    dimension = 2
    fingerprint = "blind:2"

    def embed(self, texts):
        return np.tile(np.array([1.0, 0.0], np.float32), (len(texts), 1))


@pytest.mark.parametrize(("text", "question"), [c[1:] for c in FOUND], ids=[c[0] for c in FOUND])
def test_the_memory_that_holds_the_word_comes_first_without_any_vector(text, question):
    manager = ContextManager()
    manager.embedding_provider = EmbeddingProvider(Blind())
    for number, said in enumerate((*SMALL_TALK, text)):
        manager.scoped(session_id=f"session {number}").observe(said, "")

    found = manager.query_memory(question, k=7)

    assert found[0][0] == text
    assert found[0][1] > found[1][1]
