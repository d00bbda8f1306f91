"""The record is durable before anybody sees an effect, goes on after a restart, and drops a torn line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.record import Record


def _on_disk(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _record(path: Path) -> Record:
    return Record(path, now=lambda: 12.3456)


async def test_a_line_is_in_the_file_when_write_returns(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    async with _record(path) as record:
        await record.write({"what": "push", "text": "理赔"})
        assert _on_disk(path) == [{"n": 1, "at": 12.346, "what": "push", "text": "理赔"}]


async def test_lines_written_at_once_keep_the_order_in_which_they_were_handed_over(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    async with _record(path) as record:
        await asyncio.gather(*(record.write({"k": k}, {"k": k + 0.5}) for k in range(200)))
        assert record.last == 400
    lines = _on_disk(path)
    assert [line["n"] for line in lines] == list(range(1, 401))
    assert [line["k"] for line in lines] == [k / 2 for k in range(400)]


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    async with _record(path) as record:
        await record.write({"what": "a"})
    async with _record(path) as record:
        await record.write({"what": "b"})
        assert await record.read(after=1, limit=10) == [b'{"n":2,"at":12.346,"what":"b"}']
    assert [line["n"] for line in _on_disk(path)] == [1, 2]


async def test_a_torn_line_of_a_killed_sandbox_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":2,"wh')
    async with _record(path) as record:
        await record.write({"what": "next"})
    assert [line["n"] for line in _on_disk(path)] == [1, 2]


@pytest.mark.parametrize("cut", [1, 30, 50, 85])
async def test_of_a_torn_write_no_line_is_left(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "r.jsonl"
    async with _record(path) as record:
        await record.write({"what": "whole", "text": ',"more":true,'})
        whole = path.stat().st_size
        await record.write({"what": "call"}, {"what": "shown"})
    path.write_bytes(path.read_bytes()[: max(whole, path.stat().st_size - cut)])
    async with _record(path) as record:
        assert record.last == 1
        await record.write({"what": "next"})
    assert [(line["n"], line["what"]) for line in _on_disk(path)] == [(1, "whole"), (2, "next")]


@pytest.mark.parametrize(
    ("after", "limit", "numbers"), [(0, 10, [1, 2, 3]), (1, 1, [2]), (3, 10, []), (99, 10, []), (0, 0, [])]
)
async def test_reading_gives_the_lines_after_a_number(
    tmp_path: Path, after: int, limit: int, numbers: list[int]
) -> None:
    async with _record(tmp_path / "r.jsonl") as record:
        await record.write({}, {}, {})
        lines = await record.read(after=after, limit=limit)
    assert [json.loads(line)["n"] for line in lines] == numbers


async def test_waiting_ends_when_the_record_grows(tmp_path: Path) -> None:
    async with _record(tmp_path / "r.jsonl") as record:
        waiting = asyncio.create_task(record.grows_past(1))
        await record.write({})
        await record.settle()
        assert not waiting.done()
        await record.write({})
        await waiting
        assert record.last == 2


async def test_settling_waits_for_lines_on_their_way(tmp_path: Path) -> None:
    async with _record(tmp_path / "r.jsonl") as record:
        writing = asyncio.create_task(record.write({}))
        await record.settle()
        assert writing.done()


async def test_unpaired_surrogates_do_not_stop_the_record(tmp_path: Path) -> None:
    async with _record(tmp_path / "r.jsonl") as record:
        await record.write({"text": "a\ud800"})
        assert json.loads((await record.read(after=0, limit=1))[0])["text"] == "a?"
