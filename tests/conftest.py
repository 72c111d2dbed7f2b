"""A developer's own settings must not reach the tests."""

from __future__ import annotations

import os

# No fixture: modules of tests take copies of the environment when they are imported.
for _name in [name for name in os.environ if name.upper().startswith("DEVINO")]:
    del os.environ[_name]
