"""One authored YAML file as plain values, with the line of every one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from content.errors import ContentError, Problem
from content.value import value

#: Tags of plain values; any other (`!name`, `!!python/…`) would make the file a program.
_PLAIN_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
)

#: Keys and indexes from the top of a document to a value in it.
Place = tuple[str | int, ...]


@value
class Document:
    """The values of a file and where they stand."""

    path: Path
    #: The bytes of the file; the version of the content is made from them.
    raw: bytes
    data: Any
    #: Line of each value; for an entry of a mapping, the line of its key.
    lines: dict[Place, int]

    def problem(self, place: Place, what: str, mend: str) -> Problem:
        """Return a problem at `place`, or at the nearest value around it that is in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(path=self.path, line=self.lines.get(place, 1), what=what, mend=mend)


def read_document(path: Path) -> Document:
    """Read a YAML file. Raises ContentError when it cannot be read, is not UTF-8 or not the plain YAML that we use."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = Problem(
            path=path,
            line=1,
            what=f"the file cannot be read ({error.strerror})",
            mend="put it there or correct its permissions",
        )
        raise ContentError([problem]) from error
    return parse_document(path, raw)


def parse_document(path: Path, raw: bytes) -> Document:
    """Turn the bytes of a YAML file into a document. Raises ContentError."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = Problem(path=path, line=line, what="this is not UTF-8", mend="save it as UTF-8")
        raise ContentError([problem]) from error
    try:
        loader = _PlainLoader(text)
        try:
            node = loader.get_single_node()
            reader = _NodeReader(path, loader)
            data = None if node is None else reader.value(node, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise ContentError([_syntax_problem(path, error)]) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        what = f"the character {_named(error.character)} is not allowed in YAML"
        raise ContentError([Problem(path=path, line=line, what=what, mend="delete it")]) from error
    if reader.problems:
        raise ContentError(reader.problems)
    return Document(path=path, raw=raw, data=data, lines=reader.lines)


def _named(character: str | int) -> str:
    return f"U+{character if isinstance(character, int) else ord(character):04X}"


def _syntax_problem(path: Path, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    what = f"this is not YAML: {error.problem or error.context}"
    mend = "check the indentation, the colons and the quotes on this line and the one above"
    if isinstance(error, _AliasUsed):
        what, mend = f"the alias `*{error.problem}` is not supported", "write the value out in both places"
    if error.problem and "\\t" in error.problem:
        what, mend = "a tab stands where only spaces may", "indent with spaces"
    return Problem(path=path, line=line, what=what, mend=mend)


class _AliasUsed(yaml.MarkedYAMLError):
    """An alias stands in the file: it can make a short file endless, and nothing we author needs one."""


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it bare
            raise _AliasUsed(problem=event.anchor, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


class _NodeReader:
    """Turns YAML nodes into values, noting lines and repeated keys."""

    def __init__(self, path: Path, loader: yaml.SafeLoader) -> None:
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self._path = path
        self._loader = loader

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if node.tag not in _PLAIN_TAGS:
            self._report(node.start_mark.line + 1, f"the tag {node.tag} is not supported", "delete it")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            # A key is always its own words: `no: …` is the key "no", not the key False.
            if not isinstance(key_node, yaml.ScalarNode):
                self._report(line, "this key is not a word", "use one word as the key")
                continue
            key = key_node.value
            if key in mapping:
                first = self.lines[(*place, key)]
                self._report(line, f"`{key}` is here a second time (first on line {first})", "keep one of the two")
                continue
            self.lines[(*place, key)] = line
            mapping[key] = self.value(value_node, (*place, key))
        return mapping

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node)
        except (yaml.constructor.ConstructorError, ValueError) as error:
            reason = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
            self._report(node.start_mark.line + 1, f"this value cannot be read ({reason})", "put it in quotes")
            return None

    def _report(self, line: int, what: str, mend: str) -> None:
        self.problems.append(Problem(path=self._path, line=line, what=what, mend=mend))
