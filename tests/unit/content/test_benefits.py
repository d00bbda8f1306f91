"""Benefits as authored: mistakes are said with file and line; codes that are mistyped are found; masks hide them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from content.benefit_codes import ALPHABET, compared, hidden, is_code, is_ours, make_code
from content.masking import mask
from content.tree import Content

_ONE = """catalogue:
  - id: checkup
    title: 体检
    supplier: 安康
    cost: 180.00
    guide: 到店报券码。
"""
#: What stands in the built-in file, what an author makes of it, and what is said of that.
MISTAKES = {
    "a title twice": (
        "catalogue: []\n",
        _ONE + _ONE.replace("catalogue:\n", "").replace("checkup", "other"),
        "`体检` is used a second time",
    ),
    "an end before the beginning": (
        "catalogue: []\n",
        _ONE + "    valid_from: 2026-06-01\n    valid_until: 2026-05-01\n",
        "it ends on 2026-05-01, before it begins; correct one of the two days",
    ),
    "a limit that nobody can count": (
        "catalogue: []\n",
        _ONE + "    per_holder: 1\n",
        "a limit a holder needs to know the holder; set eligibility.bound_policy: true",
    ),
    "money with three decimals": ("catalogue: []\n", _ONE.replace("180.00", "180.001"), "decimal"),
    "a consent that does not exist": (
        "catalogue: []\n",
        _ONE + "    eligibility: {consents: [everything]}\n",
        "'everything'",
    ),
    "a code without its word": (
        "    券码：{code}\n    {until}\n    {guide}\n    发送",
        "    {code}\n    {until}\n    {guide}\n    发送",
        "would be shown to everybody who reads the conversation; write `券码：{code}`",
    ),
    "a claim that tells no code": (
        "    「{title}」券码：{code}\n",
        "    「{title}」\n",
        "the customer is not told the code; write `券码：{code}` into it",
    ),
    "a slot that nothing fills": ("已经领完了。", "已经领完了{name}。", "nothing fills the slot {name}"),
    "words that mean two things": (
        "  mine: [我的权益, ",
        "  mine: [领取, 我的权益, ",
        "'领取' is read as `claim` already and cannot be `mine`; keep it in one",
    ),
    "hours that are no span": ("last_hour: 20", "last_hour: 9", "put last_hour behind first_hour"),
}


@pytest.mark.parametrize(("found", "made", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_with_file_and_line(
    complaints: Callable[..., list[str]], built_in: Callable[[str], str], found: str, made: str, said: str
) -> None:
    text = built_in("benefits.yaml")
    assert found in text
    told = complaints(benefits=text.replace(found, made, 1))
    assert any(said in complaint for complaint in told), told
    assert all(re.match(r"benefits\.yaml:[0-9]+: ", complaint) for complaint in told)


def test_the_built_in_words_are_complete_and_the_catalogue_is_empty(loaded: Callable[..., Content]) -> None:
    benefits = loaded().benefits
    assert benefits.catalogue == ()
    assert "领取" in set(benefits.phrases())


def _code(rng: random.Random) -> str:
    return make_code(rng.randrange)


def test_every_wrong_character_and_every_swap_is_found() -> None:
    rng = random.Random(7)
    for _ in range(20):
        code = compared(_code(rng))
        assert is_ours(code)
        for place, right in enumerate(code):
            assert not any(is_ours(code[:place] + c + code[place + 1 :]) for c in ALPHABET if c != right)
            for other in range(place + 1, len(code)):
                swapped = list(code)
                swapped[place], swapped[other] = swapped[other], swapped[place]
                assert is_ours("".join(swapped)) is (code[place] == code[other])


def test_codes_are_drawn_and_never_the_same() -> None:
    rng = random.Random(7)
    codes = {_code(rng) for _ in range(20_000)}
    assert len(codes) == 20_000
    for place in (0, 5, 11):
        counts = {c: sum(compared(code)[place] == c for code in codes) for c in ALPHABET}
        assert min(counts.values()) > 0.8 * 20_000 / 31


def test_a_code_is_compared_however_it_is_typed() -> None:
    assert {compared(code) for code in ("A2-b3", "ａ２ Ｂ３", " a2–B3 ")} == {"A2B3"}
    assert [is_code(text) for text in ("A-1", "A---", "A-100", "-100", "有券码", "a" * 65, "rescue/77.8")] == [
        False,
        False,
        True,
        False,
        False,
        False,
        True,
    ]


def test_a_mask_leaves_the_end_of_a_code_and_is_its_own_mask() -> None:
    rng = random.Random(7)
    for _ in range(2_000):
        code = _code(rng)
        for typed in (code, code.lower(), code.replace("-", " "), f"码{code}，"):
            seen = mask(typed)
            assert code.lower() not in seen.lower()
            assert len(seen) == len(typed)
            assert mask(seen) == seen
    assert mask("券码：A-1001 23") == "券码：*-**** 23"
    assert mask("券码：rescue/778899") == "券码：******/**8899"
    assert hidden("A-1001") == "*-****"


@pytest.mark.parametrize(
    "words", ["券码在哪里看", "我的券码：", "保单 P20260001", "SUBSCRIPTION", "223344556677", "WeChat-Work"]
)
def test_what_is_no_code_stays(words: str) -> None:
    assert mask(words) == words
