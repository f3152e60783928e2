"""Check digits: which numbers are what they look like. Pure arithmetic; knows no text around."""

from __future__ import annotations

import ipaddress
import re

_LETTERS = re.compile(r"[A-Z]")
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22,
    "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23,
    "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21,
    "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27,
    "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29,
    "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25,
    "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Length of an IBAN by country (ISO 13616 registry)."""


def is_card(text: str) -> bool:
    """Whether digits, spaces and dashes left out, are the number of a payment card (Luhn)."""
    digits = [int(char) for char in text if char.isdigit()]
    if len(set(digits)) < 2 or not _is_issued(digits):
        return False
    doubled = (2 * digit if place % 2 else digit for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _is_issued(digits: list[int]) -> bool:
    """Whether first digits and length belong to one of the large card schemes."""
    first = int("".join(map(str, digits[:4])))
    length = len(digits)
    return (
        (first // 1000 == 4 and length in (13, 16, 19))
        or (51 <= first // 100 <= 55 and length == 16)
        or (2221 <= first <= 2720 and length == 16)
        or (first // 100 in (34, 37) and length == 15)
        or ((first == 6011 or first // 100 == 65 or 644 <= first // 10 <= 649) and length == 16)
        or (3528 <= first <= 3589 and length == 16)
        or (first // 100 in (36, 38, 39) and length == 14)
        or (first // 100 == 62 and length in (16, 17, 18, 19))
    )


def is_iban(text: str) -> bool:
    """Whether it is a bank account number with right length and check digits (ISO 7064)."""
    bare = text.replace(" ", "").replace("-", "").upper()
    if len(bare) != _IBAN_LENGTHS.get(bare[:2]):
        return False
    turned = _LETTERS.sub(lambda match: str(ord(match[0]) - 55), bare[4:] + bare[:4])
    return turned.isdigit() and int(turned) % 97 == 1


def is_phone(text: str) -> bool:
    """Whether a run of digits and signs has the digits of a telephone number and is no address."""
    digits = [char for char in text if char.isdigit()]
    if not 9 <= len(digits) <= 15 or len(set(digits)) < 3:
        return False
    try:
        ipaddress.ip_address(text.strip())
    except ValueError:
        return True
    return False


def is_mixed(text: str) -> bool:
    """Whether a value has digits and letters, as a made-up secret has and a word has not."""
    return any(char.isdigit() for char in text) and any(char.isalpha() for char in text)
