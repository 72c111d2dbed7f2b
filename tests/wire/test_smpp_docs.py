"""The docstrings: every public name has one, and the examples are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from datetime import timedelta
from types import FunctionType

from devino_codecs import smpp

MODULES = [
    importlib.import_module(f"devino_codecs.smpp.{found.name}")
    for found in pkgutil.iter_modules(smpp.__path__)
]


def test_the_examples_in_docstrings_are_true() -> None:
    shown = {**vars(smpp), "timedelta": timedelta}
    results = [doctest.testmod(module, extraglobs=shown) for module in [smpp, *MODULES]]
    assert sum(result.attempted for result in results) >= 8
    assert not any(result.failed for result in results)


def test_every_public_name_exists_and_says_what_it_is() -> None:
    for name in smpp.__all__:
        documented = getattr(smpp, name)
        if isinstance(documented, type | FunctionType):
            assert documented.__doc__, name


def test_a_heap_of_parameters_is_counted_and_not_shown() -> None:
    pdu = smpp.DeliverSm(raw_tlvs=((0x1500, b""),) * 1001)
    *_, last = smpp.describe(pdu).splitlines()
    assert last.split() == ["tlv", "...", "and", "1", "more"]
