"""Secrets and personal numbers are found, in whatever stands around them, in linear time."""

from __future__ import annotations

import gzip
import random
import string
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from context_manager.screening import KINDS, Finding, find_secrets, redacted
from context_manager.screening.checks import is_card, is_iban, is_phone

EACH = 60
"""Made-up values of each format."""

WORD = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def some(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def card(rng: random.Random) -> str:
    prefix, length = rng.choice(
        [("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16),
         ("65", 16), ("3528", 16), ("36", 14)]
    )  # fmt: skip
    digits = prefix + some(rng, string.digits, length - len(prefix) - 1)
    total = sum(
        (d if place % 2 else (2 * d - 9 if d > 4 else 2 * d))
        for place, d in enumerate(map(int, reversed(digits)))
    )
    digits += str(-total % 10)
    grouped = rng.choice([1000, 4])
    joint = rng.choice(" -") if grouped == 4 else ""
    return joint.join(digits[i : i + grouped] for i in range(0, len(digits), grouped))


def iban(rng: random.Random) -> str:
    country, length = rng.choice(
        [("DE", 22), ("GB", 22), ("FR", 27), ("NL", 18), ("ES", 24), ("CH", 21), ("PL", 28)]
    )
    letters = some(rng, string.ascii_uppercase, 4) if country in ("GB", "NL") else ""
    rest = letters + some(rng, string.digits, length - 4 - len(letters))
    turned = "".join(str(ord(c) - 55) if c.isalpha() else c for c in rest + country + "00")
    bare = f"{country}{98 - int(turned) % 97:02}{rest}"
    if rng.random() < 0.5:
        return bare
    return " ".join(bare[i : i + 4] for i in range(0, len(bare), 4))


def phone(rng: random.Random) -> str:
    def d(n: int) -> str:
        return some(rng, "23456789", 1) + some(rng, string.digits, n - 1)

    return rng.choice(
        [
            f"+49 {d(3)} {d(7)}", f"+1 ({d(3)}) {d(3)}-{d(4)}", f"+33{d(9)}",
            f"+44 20 {d(4)} {d(4)}",
            f"({d(3)}) {d(3)}-{d(4)}", f"{d(3)}-{d(3)}-{d(4)}", f"{d(3)}.{d(3)}.{d(4)}",
            f"0049 {d(3)} {d(7)}", f"+81-3-{d(4)}-{d(4)}", f"+1-{d(3)}-{d(3)}-{d(4)}",
            f"0{d(3)} {d(7)}", f"0{d(1)} {d(2)} {d(2)} {d(2)} {d(2)}", f"+420 {d(3)} {d(3)} {d(3)}",
        ]
    )  # fmt: skip


def email(rng: random.Random) -> str:
    name = some(rng, string.ascii_lowercase, rng.randint(2, 9))
    name += rng.choice(["", "." + some(rng, string.ascii_lowercase, 4), "+tag", "_x", "99"])
    host = some(rng, string.ascii_lowercase, rng.randint(3, 9))
    return (
        f"{name}@{rng.choice(['', 'mail.'])}{host}.{rng.choice(['com', 'org', 'co.uk', 'museum'])}"
    )


def jwt(rng: random.Random) -> str:
    parts = (some(rng, WORD + "-_", rng.randint(20, 120)) for _ in range(2))
    return f"eyJ{next(parts)}.eyJ{next(parts)}.{some(rng, WORD + '-_', 43)}"


def pem(rng: random.Random) -> str:
    kind = rng.choice(["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
    lines = "\n".join(some(rng, WORD + "+/", 64) for _ in range(rng.randint(3, 30)))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


MADE: dict[str, Callable[[random.Random], str]] = {
    "private-key": pem,
    "aws-key": lambda r: (
        r.choice(["AKIA", "ASIA"]) + some(r, string.ascii_uppercase + "234567", 16)
    ),
    "aws-secret": lambda r: "aws_secret_access_key = " + some(r, WORD + "/+", 40),
    "github-token": lambda r: r.choice(
        [f"gh{r.choice('pousr')}_{some(r, WORD, 36)}", f"github_pat_{some(r, WORD + '_', 82)}"]
    ),
    "gitlab-token": lambda r: "glpat-" + some(r, WORD, 20),
    "slack-token": lambda r: r.choice(
        [
            f"xoxb-{some(r, string.digits, 12)}-{some(r, WORD, 24)}",
            f"https://hooks.slack.com/services/T{some(r, WORD, 8)}/B1/{some(r, WORD, 24)}",
        ]
    ),
    "google-key": lambda r: r.choice(
        ["AIza" + some(r, WORD + "_-", 34) + "x", "GOCSPX-" + some(r, WORD, 28)]
    ),
    "llm-key": lambda r: r.choice(
        [
            "sk-" + some(r, WORD, 48),
            "sk-proj-" + some(r, WORD + "_-", 80) + "x",
            "sk-ant-api03-" + some(r, WORD + "_-", 90) + "x",
            "hf_" + some(r, WORD, 34),
            "gsk_" + some(r, WORD, 52),
        ]
    ),
    "stripe-key": lambda r: f"{r.choice('srp')}k_{r.choice(['live', 'test'])}_{some(r, WORD, 24)}",
    "twilio-key": lambda r: r.choice(["SK", "AC"]) + some(r, HEX, 32),
    "sendgrid-key": lambda r: f"SG.{some(r, WORD, 22)}.{some(r, WORD, 43)}",
    "package-token": lambda r: r.choice(
        [
            "npm_" + some(r, WORD, 36),
            "pypi-AgEIcHlwaS5vcmc" + some(r, WORD, 80),
            "dckr_pat_" + some(r, WORD, 27),
        ]
    ),
    "service-token": lambda r: r.choice(
        [
            "dop_v1_" + some(r, HEX, 64),
            "shpat_" + some(r, HEX, 32),
            "dapi" + some(r, HEX, 32),
            "lin_api_" + some(r, WORD, 40),
            "hvs." + some(r, WORD, 90),
            some(r, "123456789", 9) + ":AA" + some(r, WORD, 33),
        ]
    ),
    "azure-key": lambda r: (
        f"DefaultEndpointsProtocol=https;AccountKey={some(r, WORD + '+/', 86)}=="
    ),
    "jwt": jwt,
    "url-password": lambda r: (
        f"{r.choice(['postgres', 'postgresql+psycopg', 'mysql', 'mongodb+srv', 'https'])}"
        f"://{r.choice(['app', '', 'svc-user'])}:{some(r, WORD + '!$%^*', 14)}@db.example.net/x"
    ),
    "bearer-token": lambda r: "Authorization: Bearer " + some(r, WORD, 40),
    "password": lambda r: (
        f"{r.choice(['password', 'DB_PASSWORD', 'api_key', 'client_secret', 'access-token'])}"
        f"{r.choice(['=', ': ', ' = '])}{some(r, WORD, 12)}9a"
    ),
    "email": email,
    "iban": iban,
    "card": card,
    "phone": phone,
}

AROUND = (
    "{}", "my key is {} ok?", "({})", "\"{}\"", "'{}'", "`{}`", "x: {}\ny: 1", "{}, and then",
    "see {}.", "ключ {} и ещё", "{}\r\n", "\t{}", "| {} |", "say {}!", "{}; rest",
)  # fmt: skip


def test_every_kind_has_examples() -> None:
    assert set(MADE) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_made_up_secrets_are_found_whatever_stands_around_them(kind: str) -> None:
    """At least 99 of 100, each kind for itself, and nothing of the secret is left."""
    rng = random.Random(f"corpus {kind}")
    missed = []
    for number in range(EACH):
        secret = MADE[kind](rng)
        text = AROUND[number % len(AROUND)].format(secret.replace("{", "").replace("}", ""))
        if kind not in {finding.kind for finding in find_secrets(text)}:
            missed.append(text)
        core = secret.split("=")[-1].split("@")[0][-12:]
        if kind not in ("url-password", "private-key", "azure-key"):
            assert core not in redacted(text, find_secrets(text)) or text in missed
    assert len(missed) <= EACH // 100, missed[:3]


@pytest.mark.parametrize(
    "text",
    [
        "", "hello there", "call me at 5 or 6", "version 10.0.19041.1 of 2023-05-07 12:30:45",
        "the id is 123456789012", "order 4111 1111 1111 1112", "192.168.178.255:8080",
        "sk-", "AKIA is a prefix", "see https://example.com/a:b/c@d", "git@", "@home", "a@b",
        "password: required", "api_key = os.environ[name]", "password = get_password(user)",
        "nick [user@host.example.net] has joined", "1234-5678", "ISBN 978-3-16-148410-0",
        "0123456789abcdef0123456789abcdef", "2001:db8::8a2e:370:7334", "1.234.567,89",
        "DE00 1234 5678 9012 3456 00", "eyJ is how they begin", "-----BEGIN CERTIFICATE-----",
        "2024-01-02 03:04:05", "3.14159265358979", "0000 0000 0000 0000", "+++++", "12:00-13:00",
    ],
)  # fmt: skip
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert find_secrets(text) == ()


def test_finds_are_in_order_and_apart() -> None:
    text = "mail ann@example.org or bob@example.org, card 4111 1111 1111 1111"
    found = find_secrets(text)
    assert [finding.kind for finding in found] == ["email", "email", "card"]
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert redacted(text, found) == (
        "mail [redacted: email] or [redacted: email], card [redacted: card]"
    )
    assert find_secrets(redacted(text, found)) == ()


def test_of_a_url_only_the_password_goes() -> None:
    text = "postgres://app:hunter22@db.internal:5432/x"
    assert redacted(text, find_secrets(text)) == (
        "postgres://app:[redacted: url-password]@db.internal:5432/x"
    )


def test_only_the_kinds_asked_for_are_looked_for() -> None:
    text = "ann@example.org AKIAIOSFODNN7EXAMPLE"
    assert find_secrets(text, ("aws-key",)) == (Finding("aws-key", 16, 36),)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (is_card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (is_card, "378282246310005", "378282246310006"),
        (is_iban, "DE89 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00"),
        (is_iban, "GB29NWBK60161331926819", "XX29NWBK60161331926819"),
        (is_phone, "+49 30 1234567", "192.168.178.255"),
        (is_phone, "(555) 234-5678", "11111111"),
    ],
)
def test_check_digits(check: Callable[[str], bool], good: str, bad: str) -> None:
    assert check(good)
    assert not check(bad)


def test_few_lines_of_real_chat_are_suspected(data_dir: Path) -> None:
    """At most one in a thousand of 248,000 lines, real addresses included."""
    with gzip.open(data_dir / "irc" / "ubuntu_irc.txt.gz", "rt", errors="replace") as lines:
        sample = [line for number, line in enumerate(lines) if number % 10 == 0]
    found = sum(bool(find_secrets(line)) for line in sample)
    assert len(sample) > 20_000
    assert found / len(sample) <= 0.001
