"""What a content item must hold to be sent at all: its fields, its variables, lengths by channel, sentences by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from types import MappingProxyType
from typing import Final

from content.finding import Finding
from content.piece import DIGEST, LIMITS, REQUIRED, TEMPLATED, Kind, Piece, Variant
from content.piece_template import TemplateRefused, Templates
from content.piece_values import Filling, NotFilled
from content.precheck_rules import Disclaimer
from content.precheck_words import says
from content.violations import Severity

#: Kinds that a channel has no message for.
UNSENDABLE: Final[Mapping[str, frozenset[Kind]]] = MappingProxyType(
    {"wecom": frozenset({Kind.ARTICLE}), "kf": frozenset({Kind.ARTICLE}), "contact": frozenset({Kind.ARTICLE})}
)
_LABELS: Final = MappingProxyType(
    {
        "missing": "缺少内容",
        "variable": "变量",
        "length": "长度",
        "picture": "图片",
        "disclaimer": "必备说明",
        "channel": "渠道",
    }
)


class FormCheck:
    """Knows the sentences that must stand there."""

    def __init__(self, disclaimers: tuple[Disclaimer, ...], templates: Templates) -> None:
        self._disclaimers = disclaimers
        self._templates = templates
        self._filling = Filling(templates)

    def find(self, piece: Piece, *, pictures: Set[str]) -> Iterator[Finding]:
        """Yield what is missing, cannot be filled, or is too long; `pictures`: digests of those that are kept."""
        named: set[str] = set()
        for letter, variant in sorted(piece.variants.items()):
            for field in REQUIRED[piece.kind]:
                if not getattr(variant, field):
                    yield _found("missing", letter, field, "还没有写", "请补上")
            if variant.picture and variant.picture not in pictures:
                yield _found("picture", letter, "picture", "图片没有上传", "请上传 PNG 或 JPEG 图片")
            broken = list(self._templates_of(piece, letter, variant, named))
            yield from broken
            if not broken:
                yield from self._filled(piece, letter)
            yield from self._lacking(piece, letter, variant)
        for name in sorted(set(piece.variables) - named):
            what, mend = f"变量 {name} 没有用到", "请删去，或写进文字里"
            yield _found("variable", "", f"variables.{name}", what, mend, severity=Severity.MINOR)
        for channel in piece.channels:
            if piece.kind in UNSENDABLE.get(channel, ()):
                yield _found("channel", "", "channels", f"渠道 {channel} 发不了这类内容", "请去掉这个渠道")

    def _templates_of(self, piece: Piece, letter: str, variant: Variant, named: set[str]) -> Iterator[Finding]:
        for field in TEMPLATED:
            if field not in piece.fields:
                continue
            try:
                named |= self._templates.names(getattr(variant, field), piece.variables)
            except TemplateRefused as refused:
                for each in refused.problems:
                    yield _found("variable", letter, field, each.what, each.mend, place=(each.line, each.column))

    def _filled(self, piece: Piece, letter: str) -> Iterator[Finding]:
        filled = self._filling.example(piece, letter)
        if isinstance(filled, NotFilled):
            what, mend = f"示例填不进去（{filled.about}）", "请写一个符合类型和长度的示例"
            yield _found("variable", letter, filled.about, what, mend)
            return
        for field, limit in LIMITS[piece.kind].items():
            size = len(str(getattr(filled, field)).encode("utf-8"))
            if size > limit:
                what = f"填好示例后有 {size} 字节，最多 {limit}（一个汉字 3 字节）"
                yield _found("length", letter, field, what, "请缩短")

    def _lacking(self, piece: Piece, letter: str, variant: Variant) -> Iterator[Finding]:
        words = "\n".join(getattr(variant, field) for field in TEMPLATED if field in piece.fields)
        for each in self._disclaimers:
            if piece.kind not in each.kinds or piece.purpose not in each.purposes:
                continue
            if (each.with_product and not piece.product) or says(words, each.any):
                continue
            what = f"没有「{each.label}」"
            yield _found("disclaimer", letter, "text", what, each.mend, severity=each.severity)


def is_picture(name: str) -> bool:
    """Tell whether a picture is named by its digest."""
    return DIGEST.fullmatch(name) is not None


def _found(
    category: str,
    variant: str,
    field: str,
    what: str,
    mend: str,
    *,
    place: tuple[int, int] = (0, 0),
    severity: Severity = Severity.CRITICAL,
) -> Finding:
    return Finding(
        category=category,
        label=_LABELS[category],
        severity=severity,
        variant=variant,
        field=field,
        line=place[0],
        column=place[1],
        what=what,
        mend=mend,
    )
