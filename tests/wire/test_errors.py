"""The codecs' errors can be pickled to another process, and copied."""

from __future__ import annotations

import copy
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module

import pytest

import devino_codecs
from devino_codecs import errors, rest, smpp

pytestmark = pytest.mark.pythons

HEADER = smpp.Header(20, 4, 0, 1)
ERRORS = [
    errors.CodecError("why", path="ids[3]"),
    errors.EncodeError("why", path="ids[3]"),
    errors.DecodeError("why", path="ids[3]", offset=7),
    rest.UnknownResourceError("why"),
    rest.ArgumentError("why", path="messageId", request=rest.GetSmsState),
    rest.InvalidArgumentError("why", path="messageId", request=rest.GetSmsState),
    rest.MissingArgumentError("why", path="messageId", request=rest.GetSmsState),
    smpp.PduError("why", HEADER, path="dest_addr", offset=17),
    smpp.FramingError("why", HEADER),
    smpp.StateError("why", path="submit_sm"),
]


def _pickled(error: errors.CodecError, *, protocol: int) -> errors.CodecError:
    again: errors.CodecError = pickle.loads(pickle.dumps(error, protocol))
    return again


COPIES: dict[str, Callable[[errors.CodecError], errors.CodecError]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": partial(_pickled, protocol=protocol)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


def _kinds(kind: type[errors.CodecError] = errors.CodecError) -> Iterator[type[errors.CodecError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def test_no_error_of_the_codecs_is_left_out() -> None:
    for module in pkgutil.walk_packages(devino_codecs.__path__, "devino_codecs."):
        import_module(module.name)
    ours = {kind for kind in _kinds() if kind.__module__.startswith("devino_codecs.")}
    assert ours == {type(error) for error in ERRORS}


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_copied_error_says_all_that_the_first_one_did(
    error: errors.CodecError, way: Callable[[errors.CodecError], errors.CodecError]
) -> None:
    copied = way(error)
    assert copied is not error
    assert type(copied) is type(error)
    assert (str(copied), copied.args) == (str(error), error.args)
    assert vars(copied) == vars(error)
