"""The file of seals: appended line by line, readable after any kill."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from storage.seal_file import SealFile, SealLine
from tests.fakes.clock import START

_NUMBERS = {"service": 1, "assistant": 2}


def _line(from_seq: int, to_seq: int, *, account: str = "service") -> SealLine:
    return SealLine(
        account_id=_NUMBERS[account],
        account=account,
        from_seq=from_seq,
        to_seq=to_seq,
        head=bytes([to_seq]) * 32,
        marks=tuple(bytes([seq]) * SealFile.MARK_BYTES for seq in range(from_seq, to_seq + 1)),
        sealed_at=START,
    )


def _opened(path: Path) -> SealFile:
    """Return the file as a process that starts now knows it."""
    file = SealFile(path)
    file.refresh()
    return file


def _ends(file: SealFile) -> dict[str, int]:
    last = {name: file.last(number, name) for name, number in _NUMBERS.items()}
    return {name: found[0] for name, found in last.items() if found is not None}


def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    file = _opened(tmp_path / "seals.jsonl")

    assert (file.last(1, "service"), file.read(), file.begins_anew("service")) == (None, {}, False)


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "seals.jsonl"
    written = [_line(1, 3), _line(4, 4), _line(5, 9)]
    file = SealFile(path)
    for line in written:
        file.append(line)

    assert SealFile(path).read() == {1: written}
    assert file.last(1, "service") == _opened(path).last(1, "service") == (9, bytes([9]) * 32)


def test_accounts_share_the_file_and_are_told_apart_by_their_number(tmp_path: Path) -> None:
    path = tmp_path / "seals.jsonl"
    written = [_line(1, 2), _line(1, 5, account="assistant"), replace(_line(3, 4), account="renamed")]
    for line in written:
        SealFile(path).append(line)

    assert SealFile(path).read() == {1: [written[0], written[2]], 2: [written[1]]}
    assert _ends(_opened(path)) == {"service": 4, "assistant": 5}


def test_lines_of_the_time_without_numbers_are_known_by_name(tmp_path: Path) -> None:
    path = tmp_path / "seals.jsonl"
    old, new = replace(_line(1, 2), account_id=None), _line(3, 4)
    SealFile(path).append(old)
    ends_before = _ends(_opened(path))
    SealFile(path).append(new)

    assert (ends_before, _ends(_opened(path))) == ({"service": 2}, {"service": 4})
    assert SealFile(path).read() == {"service": [old], 1: [new]}


def test_what_another_process_appends_is_known_after_a_refresh(tmp_path: Path) -> None:
    path = tmp_path / "seals.jsonl"
    file = SealFile(path)
    file.append(_line(1, 2))
    SealFile(path).append(_line(3, 6))
    file.refresh()

    assert _ends(file) == {"service": 6}


def test_a_file_that_was_taken_away_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "seals.jsonl"
    SealFile(path).append(_line(1, 2))
    file = _opened(path)
    path.unlink()
    file.refresh()

    assert _ends(file) == {}


def test_each_line_is_json_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "seals.jsonl"
    SealFile(path).append(_line(1, 2))
    [line] = [json.loads(line) for line in path.read_text().splitlines() if line]

    assert (line["id"], line["account"], line["from"], line["to"], line["head"]) == (1, "service", 1, 2, "02" * 32)


def test_somebody_can_say_that_an_account_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "seals.jsonl"
    path.write_text('{"anew": "service"}\n')
    file = _opened(path)

    assert (file.begins_anew("service"), file.begins_anew("assistant")) == (True, False)


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_a_torn_line_is_passed_over_at_the_end_and_in_the_middle(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "seals.jsonl"
    SealFile(path).append(_line(1, 2))
    whole = path.read_bytes()
    SealFile(path).append(_line(3, 4))
    path.write_bytes(path.read_bytes()[: len(whole) + 1 + kept])
    torn = _opened(path)
    at_the_end = (_ends(torn), torn.read())
    torn.append(_line(3, 4))

    assert at_the_end == ({"service": 2}, {1: [_line(1, 2)]})
    assert SealFile(path).read() == {1: [_line(1, 2), _line(3, 4)]}


@pytest.mark.parametrize("line", ["7", "[]", "null", '{"id": [], "account": "service"}', '{"id": {}, "anew": 1}'])
def test_a_line_of_another_kind_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "seals.jsonl"
    path.write_text(line + "\n")
    SealFile(path).append(_line(1, 2))

    assert _ends(_opened(path)) == {"service": 2}
