"""Finding the result of each message."""

from __future__ import annotations

from devino_codecs import xmlpackage as xml


def result(id_: int | None, sms_id: int) -> xml.MessageResult:
    return xml.MessageResult(id=id_, sms_id=sms_id, code=xml.MessageStatus.ACCEPTED)


def message(id_: int | None) -> xml.Message:
    return xml.Message(id=id_, recipient="7")


def test_results_are_paired_by_id_whatever_their_order() -> None:
    asked = [message(1), message(2), message(3)]
    pairs = xml.pair(asked, [result(3, 30), result(1, 10)])
    assert [(a.id, r and r.sms_id) for a, r in pairs] == [(1, 10), (2, None), (3, 30)]


def test_results_without_id_are_paired_by_order_around_those_with() -> None:
    asked = [message(None), message(2), message(None)]
    pairs = xml.pair(asked, [result(2, 20), result(None, 10), result(None, 30)])
    assert [r and r.sms_id for _, r in pairs] == [10, 20, 30]


def test_no_result_is_guessed_where_some_are_missing() -> None:
    pairs = xml.pair([message(None), message(None), message(5)], [result(None, 1), result(5, 2)])
    assert [r and r.sms_id for _, r in pairs] == [None, None, 2]


def test_messages_of_one_id_take_their_results_in_turn() -> None:
    pairs = xml.pair([message(1), message(1)], [result(1, 10), result(1, 20)])
    assert [r and r.sms_id for _, r in pairs] == [10, 20]


def test_an_id_of_zero_is_an_id() -> None:
    pairs = xml.pair([message(0), message(None)], [result(None, 5), result(0, 6)])
    assert [r and r.sms_id for _, r in pairs] == [6, 5]


def test_statuses_are_paired_by_either_id() -> None:
    asked = [xml.StatusRequest(sms_id=5), xml.StatusRequest(id=1)]
    got = [
        xml.StatusResult(id=1, code=xml.MessageStatus.DELIVERED),
        xml.StatusResult(sms_id=5, code=xml.MessageStatus.ENROUTE),
    ]
    assert xml.pair(asked, got) == [(asked[0], got[1]), (asked[1], got[0])]


def test_results_that_name_an_unknown_message_are_dropped() -> None:
    asked = [message(1), message(2)]
    pairs = xml.pair(asked, [result(1, 10), result(1, 20)])
    assert [r and r.sms_id for _, r in pairs] == [10, None]
    assert [r for _, r in xml.pair(asked, [result(77, 10), result(78, 20)])] == [None, None]


def test_statuses_that_name_an_unknown_message_are_dropped_and_nameless_ones_go_by_order() -> None:
    asked = [xml.StatusRequest(sms_id=5), xml.StatusRequest(id=1)]
    of_others = [
        xml.StatusResult(sms_id=9, code=xml.MessageStatus.DELIVERED),
        xml.StatusResult(id=2, code=xml.MessageStatus.ENROUTE),
    ]
    assert [r for _, r in xml.pair(asked, of_others)] == [None, None]
    nameless = [xml.StatusResult(code=code) for code in (101, 102)]
    assert [r for _, r in xml.pair(asked, nameless)] == nameless
