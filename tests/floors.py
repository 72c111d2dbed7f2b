"""Installs the lowest version of everything that the project allows: `tox -e floors`.

A promise such as "an answer above 16 MiB ends the call" rests on the libraries below. The newest
may keep it and the oldest break it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
EXTRAS = (
    "http",
    "smtp",
    "cli",
    "sandbox",
    "phone",
    "celery",
    "django",
    "fastapi",
    "flask",
    "otel",
    "prometheus",
    "sentry",
)
TIED = ("opentelemetry-sdk",)
"""What tests use, and what has to be of the version of something above."""
AGED = ("httpx==0.27.0",)
"""What the test client of an old Starlette needs. Of today's it is another library."""

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)>=([0-9][0-9a-z.]*)$")


def floors(text: str) -> list[str]:
    """The requirements of the package and of its extras, each at its lowest version."""
    project = tomllib.loads(text)["project"]
    required = [*project["dependencies"]]
    for extra in EXTRAS:
        required += project["optional-dependencies"][extra]
    required += [one for one in project["optional-dependencies"]["test"] if one.startswith(TIED)]
    # An extra may bring another one, which stands among these itself.
    required = [one for one in required if not one.startswith(f"{project['name']}[")]
    found = [_REQUIREMENT.match(one) for one in dict.fromkeys(required)]
    if not all(found):
        raise SystemExit(f"a requirement has no floor: {required}")
    return [*(f"{one[1]}=={one[2]}" for one in found if one is not None), *AGED]


if __name__ == "__main__":
    wanted = floors(PROJECT.read_text(encoding="utf-8"))
    print("\n".join(wanted))
    install = [sys.executable, "-m", "pip", "install", "--quiet", *wanted]
    raise SystemExit(subprocess.run(install, check=False).returncode)
