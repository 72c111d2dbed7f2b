"""Texts that come to the SMSC in parts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, Concatenation, compose
from devino_codecs.text import count_parts
from devino_core import State
from devino_sandbox import Account
from tests.sandbox._smpp import LONG, OTHER, PRICE, Esme, Smsc, only, submit


class TestLongTexts:
    """Part by part, or whole."""

    @pytest.mark.parametrize("concatenation", [Concatenation.UDH, Concatenation.SAR])
    async def test_parts_are_charged_at_once_and_listed_as_one_message(
        self, smsc: Smsc, esme: Esme, account: Account, concatenation: Concatenation
    ) -> None:
        parts = compose(submit(), LONG, concatenation=concatenation, reference=7)
        assert len(parts) == 4
        ids = []
        for count, part in enumerate(parts, 1):
            ids.append(await esme.submit(part))
            assert account.balance == Decimal("20015.3") - PRICE * count
            assert only(smsc).ids == tuple(ids)
        assert len(set(ids)) == 4
        assert only(smsc).submission.text == LONG
        smsc.wait(10)
        assert only(smsc).state is State.DELIVERED
        for message_id in ids:
            found = smsc.world.find(account, message_id)
            assert found is not None
            assert found.state is State.DELIVERED

    async def test_a_reference_of_16_bits(self, smsc: Smsc, esme: Esme) -> None:
        # 66 characters a part: a header of 7 octets.
        cut = [LONG[start : start + 66] for start in range(0, len(LONG), 66)]
        for number, text in enumerate(cut, 1):
            header = bytes([6, 8, 4, 0x12, 0x34, len(cut), number])
            octets = header + text.encode("utf-16-be")
            await esme.submit(submit(esm_class=0x40, data_coding=8, short_message=octets))
        assert only(smsc).submission.text == LONG

    async def test_parts_come_in_any_order_from_any_session(self, smsc: Smsc, esme: Esme) -> None:
        other = await smsc.bind(smpp.BindTransmitter)
        parts = compose(submit(), LONG)
        for number, part in enumerate(reversed(parts)):
            await (esme, other)[number % 2].submit(part)
        assert only(smsc).submission.text == LONG

    async def test_texts_under_way_at_the_same_time_are_kept_apart(
        self, smsc: Smsc, esme: Esme
    ) -> None:
        texts = [
            compose(submit(), LONG, reference=1),
            compose(submit(), LONG[::-1], reference=2),
            compose(submit(destination_addr=OTHER), LONG.upper(), reference=1),
            compose(submit(), LONG.lower(), concatenation=Concatenation.SAR, reference=1),
        ]
        for parts in zip(*texts, strict=True):
            for part in parts:
                await esme.submit(part)
        listed = [message.submission.text for message in smsc.world.messages()]
        assert listed == [LONG, LONG[::-1], LONG.upper(), LONG.lower()]

    async def test_the_first_part_to_come_is_shown_until_all_are_there(
        self, smsc: Smsc, esme: Esme
    ) -> None:
        parts = compose(submit(), LONG)
        await esme.submit(parts[1])
        await esme.submit(parts[0])
        assert only(smsc).submission.text == LONG[67:134]

    async def test_a_part_that_is_sent_twice_is_paid_twice(
        self, smsc: Smsc, esme: Esme, account: Account
    ) -> None:
        parts = compose(submit(), LONG)
        for part in (parts[0], parts[0], *parts[1:]):
            await esme.submit(part)
        assert only(smsc).submission.text == LONG
        assert len(only(smsc).ids) == 5
        assert account.balance == Decimal("20015.3") - 5 * PRICE

    async def test_a_reference_in_use_begins_another_text(self, smsc: Smsc, esme: Esme) -> None:
        await esme.submit(compose(submit(), LONG)[0])
        parts = compose(submit(), LONG.upper())
        for part in parts:
            await esme.submit(part)
        begun, whole = smsc.world.messages()
        assert begun.submission.text == LONG[:67]
        assert whole.submission.text == LONG.upper()
        assert (len(begun.ids), len(whole.ids)) == (1, 4)

    async def test_after_a_day_a_text_that_was_begun_is_forgotten(
        self, smsc: Smsc, esme: Esme
    ) -> None:
        parts = compose(submit(), LONG)
        await esme.submit(parts[0])
        smsc.wait(86_400 + 200)
        esme = await smsc.bind()
        for part in parts:
            await esme.submit(part)
        begun, whole = smsc.world.messages()
        assert (begun.submission.text, whole.submission.text) == (LONG[:67], LONG)

    async def test_a_part_that_was_refused_may_be_sent_again(
        self, smsc: Smsc, esme: Esme, account: Account
    ) -> None:
        account.balance = 3 * PRICE
        parts = compose(submit(), LONG)
        for part in parts[:3]:
            await esme.submit(part)
        assert await esme.refused(parts[3]) == CommandStatus.ESME_RSUBMITFAIL
        account.balance += PRICE
        await esme.submit(parts[3])
        whole, refused = smsc.world.messages()
        assert whole.submission.text == LONG
        assert refused.reason

    async def test_a_character_may_be_cut_between_parts(self, smsc: Smsc, esme: Esme) -> None:
        octets = "🙂".encode("utf-16-be")
        for number, half in enumerate((octets[:2], octets[2:]), 1):
            header = bytes([5, 0, 3, 9, 2, number])
            await esme.submit(submit(esm_class=0x40, data_coding=8, short_message=header + half))
        assert only(smsc).submission.text == "🙂"

    async def test_binary_parts_are_joined_in_hex(self, smsc: Smsc, esme: Esme) -> None:
        for number in (1, 2):
            octets = bytes([5, 0, 3, 9, 2, number, 0xCA, 0xFE])
            await esme.submit(submit(esm_class=0x40, data_coding=4, short_message=octets))
        assert only(smsc).submission.text == "ca fe ca fe"

    @pytest.mark.parametrize(
        ("header", "data_coding", "most"),
        [
            (bytes([5, 0, 3, 1, 2, 1]), 0, 153),
            (bytes([6, 8, 4, 0, 1, 2, 1]), 0, 152),
            (bytes([5, 0, 3, 1, 2, 1]), 8, 134),
            (bytes([6, 8, 4, 0, 1, 2, 1]), 8, 132),
            (bytes([6, 5, 4, 0, 1, 0, 1]), 4, 133),
        ],
    )
    async def test_a_part_holds_what_its_header_leaves(
        self, esme: Esme, header: bytes, data_coding: int, most: int
    ) -> None:
        def part(size: int) -> smpp.SubmitSm:
            octets = header + b"\0A" * (size // 2) + b"A" * (size % 2)
            return submit(esm_class=0x40, data_coding=data_coding, short_message=octets)

        await esme.submit(part(most))
        assert await esme.refused(part(most + 2)) == CommandStatus.ESME_RINVMSGLEN

    async def test_the_header_of_sar_parts_is_added_here(self, esme: Esme) -> None:
        tlvs: smpp.Tlvs = {
            "sar_msg_ref_num": 1,
            "sar_total_segments": 2,
            "sar_segment_seqnum": 1,
        }
        await esme.submit(submit("x" * 153, tlvs=tlvs))
        assert await esme.refused(submit("x" * 154, tlvs=tlvs)) == CommandStatus.ESME_RINVMSGLEN

    @pytest.mark.parametrize("text", [LONG, "x" * 161, "[" * 81, "short", "x" * 20_000])
    async def test_a_payload_is_cut_and_charged_here(
        self, smsc: Smsc, esme: Esme, account: Account, text: str
    ) -> None:
        parts = count_parts(text)
        (pdu,) = compose(submit(), text, concatenation=Concatenation.PAYLOAD)
        message_id = await esme.submit(pdu)
        message = only(smsc)
        assert message.submission.text == text
        assert message.ids[0] == message_id
        assert len(message.ids) == parts
        assert account.balance == Decimal("20015.3") - parts * PRICE

    @pytest.mark.parametrize(
        ("data_coding", "payload", "parts"),
        [
            (8, "Latin in UCS-2 ".encode("utf-16-be") * 5, 2),
            (4, bytes(140), 1),
            (4, bytes(141), 2),
            (4, bytes(269), 3),
            (3, b"\xe9" * 160, 1),
            (0, b"\xe9" * 160, 1),
            (0, b"\xe9" * 161, 2),
        ],
    )
    async def test_a_payload_costs_by_its_coding(
        self, smsc: Smsc, esme: Esme, data_coding: int, payload: bytes, parts: int
    ) -> None:
        pdu = submit("", data_coding=data_coding, tlvs={"message_payload": payload})
        await esme.submit(pdu)
        assert only(smsc).parts == parts
