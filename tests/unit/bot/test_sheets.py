"""Files of lists: every encoding and cell as texts; what is no list is refused with a mend."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from bot.lists.sheets import open_sheet
from handlers.facts.sheets import ListRefused

ROWS = [["openid", "所在城市"], ["o1", "上海"], ["o2", "北京，海淀"]]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    return [(number, list(cells)) for number, cells in open_sheet(path).rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_the_encodings_of_a_chinese_office(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text("\r\n".join(",".join(row) for row in ROWS), encoding)
    assert _rows(path) == list(enumerate(ROWS, 1))


def _book(path: Path, rows: list[list[Any]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("other").append(["not", "read"])
    book.save(path)
    return path


def test_a_workbooks_cells_are_texts_and_a_formula_is_its_own(tmp_path: Path) -> None:
    hour = datetime(1985, 6, 1, 8)  # noqa: DTZ001 - a workbook's cells have no zone
    cells = ["o1", 3.0, 2.5, True, None, date(1985, 6, 1), hour, "=SUM(B2:C2)"]
    found = _rows(_book(tmp_path / "list.xlsx", [["openid", "b"], cells]))

    assert found[1] == (2, ["o1", "3", "2.5", "是", "", "1985-06-01", "1985-06-01T08:00:00", "=SUM(B2:C2)"])


def test_the_same_file_has_the_same_digest_and_another_another(tmp_path: Path) -> None:
    one, same, other = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "3.csv"
    one.write_text("a,b\n")
    same.write_text("a,b\n")
    other.write_text("a,c\n")
    digests = [open_sheet(path).digest for path in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]


def test_rows_come_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("openid,b\n" + "o,1\n" * 10 + '"' + "x" * 200_000 + '"\n')
    rows = iter(open_sheet(path).rows)
    # What is wrong further down is not met before one is there.
    assert [next(rows)[0] for _ in range(11)] == list(range(1, 12))
    with pytest.raises(ListRefused, match="第 12 行读不懂"):
        next(rows)


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    binary, no_book, wide = tmp_path / "a.csv", tmp_path / "b.xlsx", tmp_path / "c.csv"
    binary.write_bytes(b"\xff\xff\x00")
    no_book.write_text("openid,b")
    wide.write_text("," * 300)
    with pytest.raises(ListRefused, match="既不是 UTF-8 也不是 GBK"):
        _rows(binary)
    with pytest.raises(ListRefused, match="不是能打开的 XLSX"):
        _rows(no_book)
    with pytest.raises(ListRefused, match="有 301 列"):
        _rows(wide)


def test_a_small_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as packed:
        packed.writestr("xl/a.xml", b"\0" * (1 << 20))
    with pytest.raises(ListRefused, match="太大"):
        next(iter(open_sheet(path, most_unpacked=(1 << 20) - 1).rows))
