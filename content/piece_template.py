"""The words of a content item with variables: a small part of Jinja2, checked when saved, unable to take long.

What is allowed: `{{ name }}` of a declared variable, and `{% if … %}`, `{% elif … %}`, `{% else %}`, `{% endif %}` over
comparisons of declared variables with words and numbers. No loops, calls, filters, attributes or words inside of tags
that would be printed: what a template can say stands in it as it is read, and its output is as long as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from content.piece import Variable, VariableType
from content.piece_ways import MOST_WAYS, is_readable
from content.value import value

#: Bytes of UTF-8 that no rendered field exceeds, whatever the channel.
LONGEST: Final = 65_536
_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARK: Final = re.compile(r"\{[{%#]|[}%#]\}")
_BEGIN: Final = re.compile(r"\{\{|\{%|\{#")
_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.If,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Const,
)
_COMPARED: Final = frozenset({"eq", "ne", "gt", "gteq", "lt", "lteq"})
_MOST_TAGS: Final = 100
#: Nodes below each other; Python itself compiles no more than two hundred.
_DEEPEST: Final = 60
_MEND: Final = "只用 {{ 变量 }} 和 {% if 变量 == … %}、{% elif … %}、{% else %}、{% endif %}"


@value
class TemplateProblem:
    """What is wrong with a template, and where; line and column count from one."""

    line: int
    column: int
    what: str
    mend: str


class TemplateRefused(Exception):
    """A template cannot be used."""

    def __init__(self, problems: tuple[TemplateProblem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{each.line}:{each.column}: {each.what}; {each.mend}" for each in problems))


class Templates:
    """Compiles and renders; one a process is enough."""

    def __init__(self) -> None:
        self._environment = SandboxedEnvironment(
            undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, cache_size=0
        )
        # Nothing but what is handed in: no range, no lipsum, no filter, no test.
        for built_in in (self._environment.globals, self._environment.filters, self._environment.tests):
            built_in.clear()

    def names(self, source: str, declared: Mapping[str, Variable]) -> frozenset[str]:
        """Return the variables that a template names. Raises TemplateRefused with every problem in it."""
        tree = self._parse(source)
        problems = [*_check_nodes(source, tree), *_check_names(source, tree, declared)]
        if not problems:
            problems += _check_types(source, tree, declared)
        if problems:
            raise TemplateRefused(tuple(problems))
        return frozenset(node.name for node in tree.find_all(nodes.Name))

    def render(self, source: str, values: Mapping[str, Any]) -> str:
        """Return the words. Raises jinja2.UndefinedError on a variable without value; see `content.piece_values`."""
        return self._environment.from_string(source).render(dict(values))

    def _parse(self, source: str) -> nodes.Template:
        if len(list(_BEGIN.finditer(source))) > _MOST_TAGS:
            raise TemplateRefused((_problem(source, 0, f"标记超过 {_MOST_TAGS} 个", "请减少变量和条件"),))
        try:
            for line, kind, token in self._environment.lex(source):
                # `literal` finds tags by their marks: no tag may hold the marks of another, none may be switched off.
                if kind == "raw_begin":
                    raise TemplateRefused((_at_line(source, line, "不能使用 raw"),))
                if kind == "string" and _MARK.search(token):
                    raise TemplateRefused((_at_line(source, line, "引号里不能有 {{、{%、{# 这类标记"),))
            tree = self._environment.parse(source)
        except TemplateSyntaxError as error:
            at = self._offending(source, error.lineno)
            raise TemplateRefused((_problem(source, at, f"语法不对（{error.message}）", _MEND),)) from error
        except (RecursionError, ValueError, OverflowError) as error:
            raise TemplateRefused((_problem(source, 0, "条件太深，或数字太长", _MEND),)) from error
        if _is_deep(tree):
            raise TemplateRefused((_problem(source, 0, "条件太深，或数字太长", _MEND),))
        if not is_readable(source):
            what, mend = f"条件的组合超过 {MOST_WAYS} 种，或文字太长，没有人能逐一审核", "请减少条件，或分成几个变体"
            raise TemplateRefused((_problem(source, 0, what, mend),))
        return tree

    def _offending(self, source: str, line: int) -> int:
        """Return where the tag stands that a syntax error of `line` is about; Jinja2 tells no columns."""
        start = sum(len(each) + 1 for each in source.split("\n")[: line - 1])
        end = source.find("\n", start)
        begins = [found.start() for found in _BEGIN.finditer(source, start, len(source) if end < 0 else end)]
        for at, following in zip(begins, [*begins[1:], end if end >= 0 else len(source)], strict=True):
            if not source.startswith("{{", at):
                continue
            try:
                self._environment.parse(source[at:following])
            except (TemplateSyntaxError, RecursionError):
                return at
        return begins[-1] if begins else start


def literal(source: str) -> Iterator[tuple[int, str]]:
    """Yield (place, character) of what a template says by itself, in all its branches, its tags left out."""
    at = 0
    for tag in _TAG.finditer(source):
        yield from enumerate(source[at : tag.start()], at)
        at = tag.end()
    yield from enumerate(source[at:], at)


def place_in(source: str, at: int) -> tuple[int, int]:
    """Return line and column of a character, both from one."""
    at = max(at, 0)
    before = source[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def _check_nodes(source: str, tree: nodes.Template) -> Iterator[TemplateProblem]:
    for node in _walk(tree):
        if not isinstance(node, _ALLOWED) or (isinstance(node, nodes.Operand) and node.op not in _COMPARED):
            yield _at_line(source, node.lineno, f"不能使用 {type(node).__name__}")
        elif isinstance(node, nodes.Output):
            for part in node.nodes:
                if isinstance(part, _ALLOWED) and not isinstance(part, nodes.TemplateData | nodes.Name):
                    yield _at_line(source, part.lineno, "标记里只能写变量的名字")


def _check_names(source: str, tree: nodes.Template, declared: Mapping[str, Variable]) -> Iterator[TemplateProblem]:
    known = "、".join(sorted(declared)) or "（还没有变量）"
    unknown = {node.name for node in tree.find_all(nodes.Name)} - declared.keys()
    for name in sorted(unknown):
        found = (
            tag.start() + spot.start()
            for tag in _TAG.finditer(source)
            for spot in re.finditer(rf"\b{re.escape(name)}\b", tag[0])
        )
        yield _problem(source, next(found, 0), f"没有声明变量 {name}", f"请声明它，或改用 {known}")


def _check_types(source: str, tree: nodes.Template, declared: Mapping[str, Variable]) -> Iterator[TemplateProblem]:
    """Yield comparisons that would fail for somebody: of a text with a number, of a date with anything."""
    for node in tree.find_all(nodes.Compare):
        sides = [_family(each, declared) for each in (node.expr, *(operand.expr for operand in node.ops))]
        if len(sides) != 2 or sides[0] != sides[1] or sides[0] not in ("text", "number"):
            yield _at_line(source, node.lineno, "只能把文字和文字、数字和数字比较")


def _family(node: nodes.Node, declared: Mapping[str, Variable]) -> str:
    match node:
        case nodes.Name(name=name):
            kind = declared[name].type
            return {VariableType.NUMBER: "number", VariableType.MONEY: "number"}.get(kind, str(kind))
        case nodes.Const(value=bool() | None):
            return "other"
        case nodes.Const(value=int()):
            return "number"
        case nodes.Const(value=str()):
            return "text"
        case _:
            # Decimal and float do not compare equal where people think they do.
            return "other"


def _is_deep(tree: nodes.Template) -> bool:
    level: list[nodes.Node] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in node.iter_child_nodes()]
    return bool(level)


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += reversed(list(each.iter_child_nodes()))


def _at_line(source: str, line: int, what: str) -> TemplateProblem:
    start = sum(len(each) + 1 for each in source.split("\n")[: line - 1])
    found = _BEGIN.search(source, start)
    return _problem(source, start if found is None else found.start(), what, _MEND)


def _problem(source: str, at: int, what: str, mend: str) -> TemplateProblem:
    line, column = place_in(source, at)
    return TemplateProblem(line=line, column=column, what=what, mend=mend)
