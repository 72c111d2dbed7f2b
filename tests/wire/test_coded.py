"""The base of the code tables."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from devino_codecs._coded import CodedInt, CodedStr, Verdict

pytestmark = pytest.mark.pythons


class Number(CodedInt):
    """A table of numbers."""

    DELIVERED = 0, "delivered", "DELIVERED", "Доставлено"
    LOGIN = 4, "who asks is not known", Verdict.LOGIN


class Word(CodedStr):
    """A table of words with a column of its own."""

    status: int

    def __init__(self, value: str, meaning: str = "", status: int = 0) -> None:
        super().__init__(value, meaning)
        self.status = status

    OK = "ok", "taken", 200
    NO = "no", "refused", 400


def test_a_code_is_found_by_its_value_and_equals_it() -> None:
    assert Number(4) is Number.LOGIN
    assert [Number.LOGIN] == [4]
    assert Word("no") is Word.NO
    assert [Word.NO] == ["no"]
    with pytest.raises(ValueError, match="7"):
        Number(7)


def test_columns_stand_beside_the_code() -> None:
    assert (Number.DELIVERED.meaning, Number.DELIVERED.means) == ("delivered", "DELIVERED")
    assert Number.DELIVERED.text == "Доставлено"
    assert (Number.LOGIN.means, Number.LOGIN.text) == ("login", "")
    assert (Word.NO.meaning, Word.NO.means, Word.NO.status) == ("refused", "", 400)


def test_a_code_prints_as_its_value_and_shows_its_name() -> None:
    assert f"{Number.LOGIN} {Number.LOGIN:02d} {Word.OK}" == "4 04 ok"
    assert repr(Number.LOGIN) == "<Number.LOGIN: 4>"


def test_a_code_survives_json_pickle_and_copy() -> None:
    assert msgspec.json.encode([Number.LOGIN, Word.OK]) == b'[4,"ok"]'
    assert msgspec.json.decode(b'[4,"ok"]', type=tuple[Number, Word]) == (Number.LOGIN, Word.OK)
    for member in (Number.LOGIN, Word.OK):
        assert copy.deepcopy(member) is member
        assert pickle.loads(pickle.dumps(member)) is member
