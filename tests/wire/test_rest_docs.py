"""What the REST codec's documentation promises."""

import doctest

from devino_codecs import rest


def test_the_examples_in_the_docstring_run() -> None:
    result = doctest.testmod(rest)
    assert result.attempted > 5
    assert not result.failed


def test_every_public_name_is_documented() -> None:
    undocumented = [
        name
        for name in rest.__all__
        if callable(getattr(rest, name)) and not getattr(rest, name).__doc__
    ]
    # Type aliases have the docstring of the type that they stand for; the rest have their own.
    assert undocumented == []
    assert sorted(rest.__all__) == sorted(set(rest.__all__))
