"""``python -m devino_core.cli``, where the script ``devino`` is not on the path."""

from . import main

main()
