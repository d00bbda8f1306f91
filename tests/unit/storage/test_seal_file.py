"""The file of seals: appended line by line, readable after any kill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.seal_file import SealFile, SealLine
from tests.fakes.clock import START


def _line(from_seq: int, to_seq: int, *, account: str = "service") -> SealLine:
    return SealLine(
        account=account,
        from_seq=from_seq,
        to_seq=to_seq,
        head=bytes([to_seq]) * 32,
        marks=tuple(bytes([seq]) * SealFile.MARK_BYTES for seq in range(from_seq, to_seq + 1)),
        sealed_at=START,
    )


def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    file = SealFile(tmp_path / "seals.jsonl")

    assert (file.last_seq("service"), file.lines("service")) == (0, [])


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "seals.jsonl"
    written = [_line(1, 3), _line(4, 4), _line(5, 9)]
    file = SealFile(path)
    for line in written:
        file.append(line)

    assert SealFile(path).lines("service") == written
    assert (file.last_seq("service"), SealFile(path).last_seq("service")) == (9, 9)


def test_accounts_share_the_file_and_are_told_apart(tmp_path: Path) -> None:
    file = SealFile(tmp_path / "seals.jsonl")
    file.append(_line(1, 2))
    file.append(_line(1, 5, account="assistant"))

    assert (file.last_seq("service"), file.last_seq("assistant"), file.last_seq("other")) == (2, 5, 0)
    assert file.lines("assistant") == [_line(1, 5, account="assistant")]


def test_each_line_is_json_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "seals.jsonl"
    SealFile(path).append(_line(1, 2))
    [line] = [json.loads(line) for line in path.read_text().splitlines() if line]

    assert (line["account"], line["from"], line["to"], line["head"]) == ("service", 1, 2, "02" * 32)


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_a_torn_line_is_passed_over_at_the_end_and_in_the_middle(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "seals.jsonl"
    SealFile(path).append(_line(1, 2))
    whole = path.read_bytes()
    SealFile(path).append(_line(3, 4))
    path.write_bytes(path.read_bytes()[: len(whole) + 1 + kept])
    torn = SealFile(path)
    at_the_end = (torn.last_seq("service"), torn.lines("service"))
    torn.append(_line(3, 4))

    assert at_the_end == (2, [_line(1, 2)])
    assert SealFile(path).lines("service") == [_line(1, 2), _line(3, 4)]
