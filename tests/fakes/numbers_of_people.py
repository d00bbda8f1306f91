"""Numbers of people, made and spelled on the tests' own side, and what comes through the mask of them."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from random import Random

from content.masking import mask

DIGITS = "0123456789"
SPELLINGS = {
    "ascii": DIGITS,
    "full width": "０１２３４５６７８９",
    "numerals": "零一二三四五六七八九",
    "numerals with 〇": "〇一二三四五六七八九",
    "spoken": "洞幺两三四五六拐八勾",
    "formal": "零壹贰叁肆伍陆柒捌玖",
    "traditional": "零壹貳參肆伍陸柒捌玖",
    "circled": "⓪①②③④⑤⑥⑦⑧⑨",
    "dingbats": "⓿❶❷❸❹❺❻❼❽❾",
    "mathematical": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "arabic": "٠١٢٣٤٥٦٧٨٩",
}
READ = {character: str(digit) for spelling in SPELLINGS.values() for digit, character in enumerate(spelling)}
SPACES = [" ", "\u3000", "\u00a0", "\u2002", "\u2009", "\u202f", "\t", "\n", "\r\n"]
MARKS = [
    *SPACES,
    "-",
    "－",
    "–",
    "—",
    "·",
    "•",
    ".",
    "．",
    "/",
    "／",
    "、",
    "，",
    "杠",
    "_",
    "\u200b",
    "- ",
    " ·",
    "\n\n",
]
FRAMES = [
    "{}",
    "我的号码是{}。",
    "{}一直打不通",
    "周一{}，二",
    "请查{}的保单，保额100000元",
    "2026年11月27日打过{}没人接",
    "①{}②",
    "**{}**",
    "「{}」、（95511）",
    "tel:{};",
    "两个：{} 和别的，三年50万",
]


class Number:
    """Characters of a number, and which of them must not be seen."""

    def __init__(self, characters: str, *, hidden: range, groups: tuple[int, ...]) -> None:
        self.characters = characters
        self.hidden = hidden
        self.groups = groups


def digits(random: Random, count: int) -> str:
    return "".join(random.choice(DIGITS) for _ in range(count))


def mobile(random: Random) -> Number:
    prefix = random.choice(["", "", "", "86", "0086"])
    bare = "1" + random.choice("3456789") + digits(random, 9)
    groups = ((len(prefix),) if prefix else ()) + (3, 4, 4)
    return Number(prefix + bare, hidden=range(len(prefix) + 3, len(prefix) + 7), groups=groups)


def landline(random: Random) -> Number:
    area = random.choice(["010", "021", "022", "028", "0571", "0755", "0311", "0991", "0898"])
    count = 8 if len(area) == 3 else random.choice([7, 8])
    bare = area + random.choice("2345678") + digits(random, count - 1)
    return Number(bare, hidden=range(len(area), len(bare) - 2), groups=(len(area), count - 4, 4))


def born(random: Random) -> str:
    return (date(1930, 1, 1) + timedelta(days=random.randrange(365 * 69))).strftime("%Y%m%d")


def region(random: Random) -> str:
    return random.choice(["110105", "310115", "330106", "440305", "510107", "650102", "710000", "810000"])


def identity(random: Random) -> Number:
    front = region(random) + born(random) + digits(random, 3)
    # ISO 7064 MOD 11-2 by its definition: the whole is 1 modulo 11, X counting as ten.
    for check in "0123456789X":
        whole = front + check
        total = sum((10 if c == "X" else int(c)) * pow(2, 17 - at, 11) for at, c in enumerate(whole))
        if total % 11 == 1:
            return Number(whole, hidden=range(4, 16), groups=(6, 8, 4))
    raise AssertionError(front)


def old_identity(random: Random) -> Number:
    return Number(region(random) + born(random)[2:] + digits(random, 3), hidden=range(4, 13), groups=(6, 6, 3))


def card(random: Random) -> Number:
    count = random.choice([13, 14, 15, 16, 16, 16, 17, 18, 19, 19, 19])
    front = random.choice(["62", "622", "621", "4", "51", "55", "34", "37", "2221", "35", "60", "9558"])
    front += digits(random, count - 1 - len(front))
    doubled = "".join(str(int(c) * (2 if at % 2 == 0 else 1)) for at, c in enumerate(reversed(front)))
    check = -sum(map(int, doubled)) % 10
    groups = (4,) * (count // 4) + ((count % 4,) if count % 4 else ())
    return Number(front + str(check), hidden=range(count - 4), groups=groups)


KINDS = [mobile, landline, identity, old_identity, card]


def spell(random: Random, characters: str) -> list[str]:
    """Write each character in one spelling, or each in its own."""
    one = random.choice([*SPELLINGS.values(), None, None])
    written = []
    for character in characters:
        if character == "X":
            written.append(random.choice("XxＸｘ"))
            continue
        spelling = one or random.choice(list(SPELLINGS.values()))
        written.append(spelling[int(character)])
    return written


def gaps(random: Random, number: Number) -> list[str]:
    """Return what stands before each character: nothing, or marks in one of five manners."""
    count = len(number.characters)
    manner = random.choice(["none", "groups", "each", "pieces", "mixed"])
    mark = random.choice(MARKS)
    starts = {sum(number.groups[:at]) for at in range(1, len(number.groups))}
    if manner in ("pieces", "mixed"):
        starts = {at for at in range(1, count) if random.random() < 0.4}
    if manner == "each":
        starts = set(range(1, count))
    if manner == "none":
        starts = set()
    return [(random.choice(MARKS) if manner == "mixed" else mark) if at in starts else "" for at in range(count)]


def write(random: Random, number: Number) -> tuple[str, list[int]]:
    """Return a sentence with the number in it, and the places that must be hidden."""
    before, after = random.choice(FRAMES).split("{}")
    text, places = before, []
    written = spell(random, number.characters)
    for at, gap in enumerate(gaps(random, number)):
        text += gap
        places.append(len(text))
        text += written[at]
    return text + after, [places[at] for at in number.hidden]


def read(text: str) -> str:
    """Return what somebody reads who looks past spellings and marks; stars stay."""
    plain = (READ.get(c, c) for c in text)
    folded = unicodedata.normalize("NFKC", "".join(plain)).upper()
    return "".join(c for c in folded if c.isalnum() or c == "*")


def leaks(number: Number, text: str, places: list[int]) -> bool:
    masked = mask(text)
    assert len(masked) == len(text)
    return any(masked[place] != "*" for place in places) or number.characters in read(masked)


def leaked_of(count: int, *, seed: int) -> list[tuple[str, str]]:
    """Return of so many numbers those that leaked: the sentence, and what the mask left of it."""
    random = Random(seed)
    leaked = []
    for at in range(count):
        number = KINDS[at % len(KINDS)](random)
        text, places = write(random, number)
        if leaks(number, text, places):
            leaked.append((text, mask(text)))
    return leaked
