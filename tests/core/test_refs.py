"""The refs that the library makes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from devino_core import Message


def _ref(_: object = None) -> str:
    return Message("79031234567", "Hello").ref


def test_refs_are_unique_and_grow_with_time() -> None:
    with ThreadPoolExecutor(8) as threads:
        refs = list(threads.map(_ref, range(20_000)))
    assert len(set(refs)) == len(refs)
    assert {len(ref) for ref in refs} == {32}
    mine = [_ref()[:12] for _ in range(3000)]
    assert mine == sorted(mine)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_other_refs() -> None:
    _ref()
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, "".join(_ref()[12:] for _ in range(10)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.wait()
    childs = {text[at : at + 20] for at in range(0, len(text), 20)}
    assert len(childs) == 10
    assert not childs & {_ref()[12:] for _ in range(300)}
