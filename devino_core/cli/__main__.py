"""``python -m devino_core.cli``, for when the script ``devino`` is not on the path."""

from . import main

main()
