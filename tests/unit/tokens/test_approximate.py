"""The rule for unknown models rather counts too much, for every kind of text named here."""

from __future__ import annotations

import pytest
from hypothesis import given

from context_manager.tokens import TokenCounter
from context_manager.tokens.characters import valid_text
from support.token_texts import any_text

SAMPLES = {
    "english": "We moved the dentist to Thursday because Nora has her piano exam on Wednesday. "
    "Could you remind me to bring the referral letter and the old X-ray pictures?",
    "code": "def total(rows):\n    return sum(row['price'] * row['count'] for row in rows)\n",
    "json": '{"id": "k-114", "tags": ["tea", "green"], "n": [1, 22, 333], "ok": true}',
    "german": "Die Heizung im Arbeitszimmer klopft nachts wieder, bitte ruf den Installateur an.",
    "french": "L'été prochain, nous irons à la montagne avec les enfants et leur grand-mère.",
    "russian": "Сестра переехала в другой город и просила прислать ей старые фотографии.",
    "greek": "Το πλοίο φεύγει στις οκτώ και τα εισιτήρια είναι ήδη στην τσάντα μου.",
    "arabic": "وصلت الرسالة أمس وسأرد عليها غدا بعد الاجتماع مع المدير.",
    "hebrew": "קניתי לחם וחלב, אבל שכחתי את הביצים על הדלפק בחנות.",
    "hindi": "बारिश रुकने के बाद हम छत पर चाय पिएँगे और पुराने गाने सुनेंगे।",
    "thai": "พรุ่งนี้ช่วยซื้อข้าวสารกับไข่ไก่มาด้วยนะ",
    "chinese": "医生说这种药要饭后吃，一天三次，连续吃一个星期。",
    "japanese": "駅前の本屋で待ち合わせて、それから映画を見に行きましょう。",
    "korean": "내일 아침에는 비가 온다고 하니 우산을 꼭 챙겨 가세요.",
    "emoji": "🎂🥳 see you at 8! 🚗💨 🇫🇷 👩\u200d🔬 ❤️",
}


@pytest.mark.parametrize(("encoding", "share"), [("o200k_base", 1.0), ("cl100k_base", 0.9)])
@pytest.mark.parametrize("language", SAMPLES)
def test_ordinary_text_is_not_counted_below_what_a_vocabulary_of_200k_needs(
    language: str, encoding: str, share: float
) -> None:
    """Nor below nine tenths of what the older one of 100k needs."""
    text = SAMPLES[language]
    assert TokenCounter("some-model")(text) >= share * TokenCounter(encoding)(text)


def test_english_costs_at_most_half_as_much_again() -> None:
    text = SAMPLES["english"]
    assert TokenCounter("some-model")(text) <= 1.5 * TokenCounter("o200k_base")(text)


@given(text=any_text)
def test_no_text_costs_more_than_its_bytes(text: str) -> None:
    """That is what a byte-level encoding needs at most."""
    assert TokenCounter("some-model")(text) <= len(valid_text(text).encode())


def test_every_character_costs_between_one_token_and_its_bytes() -> None:
    count = TokenCounter("some-model").tokenizer.count
    for code in (*range(0xD800), *range(0xE000, 0x20000), 0xE0041, 0x10FFFF):
        assert 1 <= count(chr(code)) <= len(chr(code).encode()), hex(code)
