"""A list's file, CSV or XLSX, opened as a sheet: row by row, however large it is."""

from __future__ import annotations

import codecs
import csv
import hashlib
import math
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from handlers.facts.sheets import ListRefused, Sheet

_CHUNK: Final = 1 << 20
#: A workbook may unpack to so many bytes; a small file that unpacks to more is no list.
_UNPACKED: Final = 2 << 30
_COLUMNS: Final = 200
#: Rows of a sheet in Excel's own limits; a row that calls itself a later one would make us count up to it.
_ROWS: Final = 1_048_576
#: What openpyxl, ZIP and XML raise for a file that is damaged or made to do harm: entities in its XML are a ValueError.
_BROKEN: Final = (
    BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    SyntaxError,
    RuntimeError,
)


def open_sheet(path: Path, *, most_unpacked: int = _UNPACKED) -> Sheet:
    """Return the sheet of a file; of a workbook its first one, unless it unpacks to more bytes than `most_unpacked`.

    Raises OSError; its rows raise ListRefused as they are read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    rows = _workbook(path, most_unpacked) if path.suffix.lower() in (".xlsx", ".xlsm") else _csv(path)
    return Sheet(name=path.name, digest=digest.digest(), rows=rows)


def _csv(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as lines:
        reader = csv.reader(lines)
        try:
            for cells in reader:
                _check_width(path, reader.line_num, cells)
                yield reader.line_num, cells
        except csv.Error as error:
            raise ListRefused(
                f"{path.name} 第 {reader.line_num} 行读不懂（{error}）；检查引号，重新另存为 CSV"
            ) from error


def _encoding(path: Path) -> str:
    """Return UTF-8, or what a Chinese Excel saves as CSV. Raises ListRefused."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise ListRefused(f"{path.name} 既不是 UTF-8 也不是 GBK 编码的文字；另存为“CSV UTF-8”或 XLSX")


def _workbook(path: Path, most_unpacked: int) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows of the first sheet. A formula is its text, never what it comes to."""
    number = 0
    try:
        with ZipFile(path) as packed:
            unpacked = sum(each.file_size for each in packed.infolist())
        if unpacked > most_unpacked:
            raise ListRefused(f"{path.name} 解开后有 {unpacked >> 20} MB，太大；分成几个文件，或另存为 CSV")
        with closing(load_workbook(path, read_only=True, data_only=False, keep_links=False)) as book:
            sheet = book.worksheets[0]
            # What the file says of its size may be wrong.
            sheet.reset_dimensions()
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                if number > _ROWS:
                    raise ListRefused(f"{path.name} 超过 {_ROWS} 行；分成几个文件，或另存为 CSV")
                texts = [_text(cell) for cell in cells]
                _check_width(path, number, texts)
                yield number, texts
    except _BROKEN as error:
        where = f"第 {number + 1} 行读不懂" if number else "不是能打开的 XLSX"
        raise ListRefused(f"{path.name} {where}（{type(error).__name__}）；重新另存为 XLSX 或 CSV") from error


def _check_width(path: Path, number: int, cells: Sequence[str]) -> None:
    if len(cells) > _COLUMNS:
        raise ListRefused(f"{path.name} 第 {number} 行有 {len(cells)} 列，最多 {_COLUMNS} 列；删掉多余的列")


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "是" if cell else "否"
        case float() if math.isfinite(cell) and cell == int(cell):
            return str(int(cell))
        case ArrayFormula() | DataTableFormula():
            # One over several cells: openpyxl gives an object, not its text.
            return f"={(getattr(cell, 'text', None) or '').removeprefix('=')}"
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
