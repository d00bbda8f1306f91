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


_SHEET = "xl/worksheets/sheet1.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_XML = f'<worksheet xmlns="{_MAIN}"><dimension ref="A1"/><sheetData>{{}}</sheetData></worksheet>'


def _made(path: Path, *, part: str = _SHEET, text: str) -> Path:
    """Return a workbook of which one part is replaced."""
    base = _book(path.with_name("base.xlsx"), [["openid", "b"]])
    with ZipFile(base) as packed, ZipFile(path, "w") as made:
        for each in packed.infolist():
            made.writestr(each, text if each.filename == part else packed.read(each))
    return path


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A1"><f t="array" ref="A1">SUM(B1:C1)</f><v>1</v></c>', "=SUM(B1:C1)"),
        ('<c r="A1"><f t="dataTable" ref="A1" r1="B1"/><v>1</v></c>', "="),
        ('<c r="A1"><v>1e999</v></c>', "inf"),
    ],
)
def test_a_cell_that_is_no_plain_value_is_a_text_that_no_attribute_takes(tmp_path: Path, cell: str, text: str) -> None:
    path = _made(tmp_path / "list.xlsx", text=_XML.format(f'<row r="1">{cell}</row>'))
    assert _rows(path) == [(1, [text])]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('<row r="1"><c r="A1"><v>abc</v></c></row>', "不是能打开的 XLSX（ValueError）"),
        ('<row r="1"><c r="A1" t="s"><v>999</v></c></row>', "不是能打开的 XLSX（IndexError）"),
        ('<row r="1"><c r="A1"><v>1</v></c></row><row', "第 2 行读不懂（ParseError）"),
        ('<row r="1"><c r="A1" t="d"><v>x</v></c></row>', "不是能打开的 XLSX（ValueError）"),
        # A few bytes that say that they stand two billion rows down.
        ('<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>', "超过 1048576 行"),
    ],
)
def test_a_damaged_or_hostile_sheet_is_refused_with_a_mend(tmp_path: Path, row: str, why: str) -> None:
    path = _made(tmp_path / "list.xlsx", text=_XML.format(row))
    with pytest.raises(ListRefused, match=why):
        for _ in open_sheet(path).rows:
            pass


def test_entities_of_a_sheet_are_neither_unfolded_nor_fetched(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>'
    for number, entity in enumerate(('<!ENTITY a "aa">', '<!ENTITY a SYSTEM "file:///etc/hostname">')):
        text = f"<!DOCTYPE x [{entity}]>{_XML.format(row)}"
        with pytest.raises(ListRefused, match="XLSX"):
            _rows(_made(tmp_path / f"{number}.xlsx", text=text))


def test_a_workbook_without_a_sheet_is_refused(tmp_path: Path) -> None:
    text = '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets/></workbook>'
    for number, broken in enumerate((text, "<workbook")):
        path = _made(tmp_path / f"{number}.xlsx", part="xl/workbook.xml", text=broken)
        with pytest.raises(ListRefused, match="不是能打开的 XLSX"):
            _rows(path)


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
