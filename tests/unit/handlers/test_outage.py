"""An outage of the database is said once, and its end once."""

from __future__ import annotations

from structlog.testing import capture_logs

from handlers.outage import Outage
from storage.errors import StorageError


def test_each_outage_is_said_once_and_so_is_its_end() -> None:
    said: list[str] = []
    outage = Outage(lambda error: said.append(str(error)))
    with capture_logs() as lines:
        outage.over()
        for _ in range(3):
            outage.noted(StorageError("first"))
        outage.over()
        outage.over()
        outage.noted(StorageError("second"))

    assert said == ["first", "second"]
    assert [line["action"] for line in lines] == ["database_back"]
