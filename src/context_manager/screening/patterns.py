"""What secrets and personal numbers look like, as a table.

Every pattern is linear in the text: it begins with a literal or behind a character that cannot be
part of the find, and repeats a bounded number of times or a class that the next part excludes.
Formats are those the issuers document; the values in the tests are made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from context_manager.screening.checks import is_card, is_iban, is_mixed, is_phone

RUN = re.compile(r"\S{15}")
AT = re.compile("@")
ASSIGNED = re.compile("[:=]")
DIGIT = re.compile(r"\d")
DASHES = re.compile("-----BEGIN")


class Pattern(NamedTuple):
    """One kind of secret.

    A named group of the regex is the part of the match that is the secret; the group "not" is
    none. `check` must agree to it. A text in which the regex finds something matches `sign` too,
    which is quicker to see and shared by many kinds.
    """

    kind: str
    sign: re.Pattern[str]
    regex: re.Pattern[str]
    check: Callable[[str], bool] | None = None


def _tokens(*alternatives: str) -> re.Pattern[str]:
    """A token that stands by itself: no letter, digit or underscore touches it."""
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(alternatives)})(?![A-Za-z0-9_])")


PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]|-(?!----)){0,20000}+(?:-----END [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----)?"
)

CREDENTIALS: tuple[Pattern, ...] = (
    Pattern("private-key", DASHES, PRIVATE_KEY),
    Pattern("aws-key", RUN, _tokens(r"(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ANVA|AIPA)[A-Z2-7]{16}")),
    Pattern(
        "aws-secret",
        RUN,
        re.compile(
            r"(?i:aws_?(?:secret)?_?(?:access)?_?key(?:_?id)?|secret_?access_?key)"
            r"[\"' ]{0,3}[=:][\"' ]{0,3}(?P<s>[A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])"
        ),
    ),
    Pattern(
        "github-token", RUN, _tokens(r"gh[pousr]_[A-Za-z0-9]{36,255}", r"github_pat_\w{22,255}")
    ),
    Pattern("gitlab-token", RUN, _tokens(r"gl(?:pat|dt|rt|ptt|cbt|ft|soat)-[\w-]{20,64}")),
    Pattern(
        "slack-token",
        RUN,
        re.compile(
            r"(?<![A-Za-z0-9])(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,250}"
            r"|https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,120}"
        ),
    ),
    Pattern(
        "google-key",
        RUN,
        _tokens(r"AIza[\w-]{35}", r"GOCSPX-[\w-]{24,40}", r"ya29\.[\w-]{20,2000}"),
    ),
    Pattern(
        "llm-key",
        RUN,
        _tokens(
            r"sk-(?:proj|svcacct|admin|ant|or|lf)-[\w-]{20,250}",
            r"sk-[A-Za-z0-9]{32,64}",
            r"hf_[A-Za-z0-9]{30,64}",
            r"gsk_[A-Za-z0-9]{40,64}",
            r"r8_[A-Za-z0-9]{37,40}",
            r"xai-[A-Za-z0-9]{60,100}",
            r"pplx-[A-Za-z0-9]{40,64}",
        ),
    ),
    Pattern(
        "stripe-key",
        RUN,
        _tokens(r"[srp]k_(?:live|test)_[A-Za-z0-9]{16,255}", r"whsec_[A-Za-z0-9]{24,64}"),
    ),
    Pattern("twilio-key", RUN, _tokens(r"(?:SK|AC)[0-9a-f]{32}")),
    Pattern("sendgrid-key", RUN, _tokens(r"SG\.[\w-]{22}\.[\w-]{43}")),
    Pattern(
        "package-token",
        RUN,
        _tokens(
            r"npm_[A-Za-z0-9]{36}",
            r"pypi-AgE[\w-]{50,500}",
            r"dckr_(?:pat|oat)_[\w-]{20,64}",
            r"rubygems_[0-9a-f]{48}",
            r"cio[A-Za-z0-9]{32}",
        ),
    ),
    Pattern(
        "service-token",
        RUN,
        _tokens(
            r"(?:dop|doo|dor)_v1_[0-9a-f]{64}",
            r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
            r"sq0(?:atp|csp|idp)-[\w-]{22,43}",
            r"dapi[0-9a-f]{32}",
            r"lin_api_[A-Za-z0-9]{40}",
            r"ntn_[A-Za-z0-9]{40,50}",
            r"secret_[A-Za-z0-9]{43}",
            r"hv[sbr]\.[\w-]{24,250}",
            r"sbp_[0-9a-f]{40}",
            r"gl(?:sa|c)_[A-Za-z0-9_+/=]{32,250}",
            r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
            r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
            r"key-[0-9a-f]{32}",
            r"EAACEdEose0cBA[A-Za-z0-9]{10,250}",
            r"\d{8,10}:AA[\w-]{33}",
            r"[MNO][A-Za-z0-9]{23,25}\.[\w-]{6}\.[\w-]{27,38}",
        ),
    ),
    Pattern(
        "azure-key",
        RUN,
        re.compile(
            r"(?i:AccountKey|SharedAccessKey)=(?P<s>[A-Za-z0-9+/]{40,88}={0,2})"
            r"|[?&]sig=(?P<sas>[A-Za-z0-9%+/]{40,100}={0,2})"
        ),
    ),
    Pattern("jwt", RUN, _tokens(r"eyJ[\w-]{8,4000}\.eyJ[\w-]{8,8000}\.[\w-]{16,2000}")),
    Pattern(
        "url-password",
        AT,
        re.compile(
            r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}://"
            r"[^\s:/?#@\"'<>]{0,200}:(?P<s>[^\s/?#@\"'<>]{1,200})@(?=[\w\[])"
        ),
    ),
    Pattern(
        "bearer-token",
        RUN,
        re.compile(
            r"(?i:authorization[\"' ]{0,3}[:=][\"' ]{0,3}(?:bearer|basic|token) {1,4})"
            r"(?P<s>[A-Za-z0-9._~+/=-]{16,4000})"
        ),
    ),
    Pattern(
        "password",
        ASSIGNED,
        re.compile(
            r"(?i:(?<![A-Za-z])(?:password|passwd|passphrase|api[_-]?key|apikey|secret[_-]?key"
            r"|client[_-]?secret|access[_-]?token|auth[_-]?token))"
            r"[\"']?[ \t]{0,4}[=:][ \t]{0,4}[\"']?(?P<s>[^\s\"'<>,;()]{8,200}+)(?!\()"
        ),
        is_mixed,
    ),
)

_APART = r"(?<![\w.+:/=@-])"
_ENDS = r"(?![\w-])(?!\.\d)"

PERSONAL: tuple[Pattern, ...] = (
    Pattern(
        "email",
        AT,
        re.compile(
            # A host mask of IRC, "nick [user@host] has joined", is no address.
            r"(?P<not>\[[^\s\[\]@]{1,64}@[^\s\[\]@]{1,255}\]\s{1,3}has\s{1,3}"
            r"(?:joined|left|quit))"
            r"|(?<![\w.%+-])[\w.%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}"
            r"[A-Za-z]{2,24}(?![\w-])"
        ),
    ),
    Pattern(
        "iban", DIGIT, re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}"), is_iban
    ),
    Pattern(
        "card", DIGIT, re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-])(?!\.\d)"), is_card
    ),
    Pattern(
        "phone",
        DIGIT,
        re.compile(
            rf"(?:(?<![\w.+@-])\+|{_APART}00)[1-9]\d{{0,2}}(?:[ .()/-]{{0,2}}\d){{6,13}}{_ENDS}"
            rf"|{_APART}(?:\+?1[ .-]?)?(?:\([2-9]\d{{2}}\) ?|[2-9]\d{{2}}[ .-])"
            rf"[2-9]\d{{2}}[ .-]\d{{4}}{_ENDS}"
            rf"|{_APART}\(?0[1-9]\d{{0,4}}\)?(?:[ /-]\d{{2,8}}){{1,4}}{_ENDS}"
        ),
        is_phone,
    ),
)
