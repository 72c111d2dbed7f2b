"""Check that the public names say their types: `python tests/check_type_completeness.py`.

`tox -e types` runs it. pyright counts the names of each package whose types are known; what other
packages leave unknown does not count.
"""

from __future__ import annotations

import json
import os
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
    score = float(told["completenessScore"])
    print(f"{package}: {score:.1%} of {sum(told['exportedSymbolCounts'].values())} public names")
    return score


if __name__ == "__main__":
    sys.exit(main())
