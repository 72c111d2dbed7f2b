"""The sandbox's page in a real browser: `tox -e ui`, or `pytest -m ui tests/ui`.

It needs Playwright (`pip install playwright`, without browsers of its own) and a Chromium: Debian's
(`apt-get install chromium`), or the one that `CHROMIUM` names. Without them the tests are skipped.
"""
