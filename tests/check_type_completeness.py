"""Check that the public names say their types: `python tests/check_type_completeness.py`.

`tox -e types` runs it. pyright counts the names of each package whose types are known; what other
packages leave unknown does not count. What Django looks for by its name is for Django, which has no
types, and does not count either.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    "devino",
    "devino_core",
    "devino_codecs",
    "devino_plugins",
    "devino_sandbox",
    "devino_outbox",
    "devino_contrib",
)
LEAST = 0.95
DJANGOS = re.compile(
    r"\.django\..*\b(admin|apps|async_urls|management|migrations|urls|Meta)\b"
    r"|\.django\.(apps|async_urls|management|urls)\b"
).search


def main() -> int:
    return min(map(_score, PACKAGES)) < LEAST


def _score(package: str) -> float:
    # To verify types, pyright asks the Python on the path, whatever --pythonpath says.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    checker = [sys.executable, "-m", "pyright", "--ignoreexternal", "--outputjson"]
    done = subprocess.run(
        [*checker, "--verifytypes", package],
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    told = json.loads(done.stdout)["typeCompleteness"]
    names = [
        one
        for one in told["symbols"]
        if one["isExported"]
        and not DJANGOS(one["name"])
        and not any("base class unknown" in said["message"] for said in one["diagnostics"])
    ]
    score = sum(bool(one["isTypeKnown"]) for one in names) / len(names)
    print(f"{package}: {score:.1%} of {len(names)} public names")
    return score


if __name__ == "__main__":
    sys.exit(main())
