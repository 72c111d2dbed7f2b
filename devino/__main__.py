"""The script ``devino``, and ``python -m devino``."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import NoReturn

__all__ = ["main"]


def main() -> None:
    """Run the command line, and exit with its code.

    Its import takes a fifth of a second. A signal that comes so early ends the process, with the
    code and the line of one that comes later, where Python would show what it was importing.
    """
    # Outside the main thread, where no signals come, Python refuses.
    with suppress(ValueError):
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                signal.signal(number, _end)
    from devino_core.cli import main as run

    run()


def _end(*_: object) -> NoReturn:
    with suppress(OSError):
        # A terminal has shown ^C.
        os.write(2, (b"\n" if os.isatty(2) else b"") + b"devino: interrupted\n")
    # Nothing has begun, so there is nothing to tidy up.
    os._exit(130)


if __name__ == "__main__":
    main()
