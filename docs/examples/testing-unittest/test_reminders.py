"""Its tests: python -m unittest"""

from __future__ import annotations

import unittest
from datetime import UTC, datetime, timedelta

from reminders import has_arrived, remind

from devino import Client, Unavailable
from devino_sandbox import AnswerHttp, Fault
from devino_sandbox.testing import SandboxTestCase

EVENING = datetime(2030, 1, 31, 19, 30, tzinfo=UTC)


class Reminders(SandboxTestCase):
    devino_senders = ("BISTRO",)

    def setUp(self) -> None:
        super().setUp()
        # The environment leads to the sandbox, as it leads to the platform in production.
        self.client = self.enterContext(Client())

    def test_a_guest_is_told_the_time(self) -> None:
        remind(self.client, "+7 903 123-45-67", EVENING)
        (message,) = self.devino.assert_sent(to="79031234567", text="at 19:30", count=1)
        self.assertEqual((message.sender, message.parts), ("BISTRO", 1))

    def test_a_reminder_takes_a_second_to_arrive(self) -> None:
        given = remind(self.client, "79031234567", EVENING)
        self.assertFalse(has_arrived(self.client, given))
        self.devino.advance(timedelta(seconds=1))
        self.assertTrue(has_arrived(self.client, given))

    def test_a_phone_that_is_off_gets_no_reminder(self) -> None:
        given = remind(self.client, "79990000046", EVENING)
        self.devino.advance(timedelta(days=2))
        self.assertFalse(has_arrived(self.client, given))

    def test_a_question_that_fails_is_the_callers_to_repeat(self) -> None:
        given = remind(self.client, "79031234567", EVENING)
        self.devino.fault(Fault(operation="Sms/State", action=AnswerHttp(503)))
        with self.assertRaises(Unavailable):
            has_arrived(self.client, given)


if __name__ == "__main__":
    unittest.main()
