"""A drop of policy files as a policy system writes it: two holders who do not exist."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

HOLDERS: Final = (
    "holder,name,id_tail,phone",
    "H1,林晓燕,01234x,13900001234",
    "H2,何文,543210,",
)
POLICIES: Final = (
    "holder,number,product,insured,status,start,end,premium,paid_until,next_due,sum_insured",
    "H1,P20260001,安和长护重疾险,林小宝,有效,2024-03-01,2074-03-01,12000.00,2026-03-01,2027-03-01,500000",
    "H1,P20260002,安和医疗险,林晓燕,有效,2026-01-01,2026-12-31,860.5,,,",
    "H2,P20260003,安和年金险,何文,终止,,,,,,",
)
CASES: Final = (
    "holder,number,kind,step,since,next_step",
    "H1,C77001,理赔,资料审核中,2026-04-28,等待医院病历",
)


def write_drop(
    folder: Path,
    as_of: datetime,
    *,
    lines: Mapping[str, Sequence[str]] | None = None,
    counts: Mapping[str, int] | None = None,
) -> Path:
    """Write a drop and return its folder.

    `lines`: other files, by name; `counts`: what drop.json says where that is not the truth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Sequence[str]] = {"holders": HOLDERS, "policies": POLICIES, "cases": CASES, **(lines or {})}
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n", "utf-8")
    truth = {name: len(rows) - 1 for name, rows in files.items()}
    done = {"as_of": as_of.isoformat(), **truth, **(counts or {})}
    (folder / "drop.json").write_text(json.dumps(done), "utf-8")
    return folder
