"""The tests of the site: python manage.py test"""

from __future__ import annotations

from django.test import SimpleTestCase

from devino_sandbox import AnswerHttp, DropAnswer, Fault
from devino_sandbox.testing import SandboxTestCase


class Confirm(SandboxTestCase, SimpleTestCase):
    devino_senders = ("SHOP",)

    def confirm(self, number: int, phone: str) -> int:
        answer = self.client.post(f"/orders/{number}/confirm", {"phone": phone})
        return int(answer.status_code)

    def test_the_buyer_gets_an_sms(self) -> None:
        self.assertEqual(self.confirm(17, "+7 903 123-45-67"), 200)
        self.devino.assert_sent(to="79031234567", text="Order 17", count=1)

    def test_each_test_sees_only_its_own_messages(self) -> None:
        self.assertEqual(self.confirm(18, "79031234567"), 200)
        self.devino.assert_sent(count=1)

    def test_a_number_that_is_none_is_the_buyers_mistake(self) -> None:
        self.assertEqual(self.confirm(19, "9031234567"), 422)
        self.devino.assert_nothing_sent()

    def test_a_platform_that_is_busy_is_asked_later(self) -> None:
        self.devino.fault(Fault(operation="Sms/Send", action=AnswerHttp(429)))
        self.assertEqual(self.confirm(20, "79031234567"), 503)
        self.devino.assert_nothing_sent()

    def test_an_answer_that_was_lost_is_no_reason_to_send_again(self) -> None:
        self.devino.fault(Fault(operation="Sms/Send", action=DropAnswer()))
        self.assertEqual(self.confirm(21, "79031234567"), 502)
        self.devino.assert_sent(to="79031234567", count=1)
