"""Make this checkout importable in the virtual environment that runs this file, and write its `zhike` command.

An editable install would need a build backend that the locks do not hold; a path file and six lines do the same.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
COMMAND = """\
#!{python}
import sys

from bot.cli import main

sys.exit(main())
"""


def main() -> None:
    """Write the path file and the command."""
    if sys.prefix == sys.base_prefix:
        sys.exit("run this with the Python of a virtual environment, for example .venv/bin/python")
    (Path(sysconfig.get_path("purelib")) / "zhike.pth").write_text(f"{CHECKOUT}\n", encoding="utf-8")
    command = Path(sysconfig.get_path("scripts")) / "zhike"
    command.write_text(COMMAND.format(python=sys.executable), encoding="utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    main()
