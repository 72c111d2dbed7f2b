"""The tests of the bakery: python manage.py test"""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.test import TestCase, TransactionTestCase

from devino_contrib.django.outbox.models import Entry
from devino_contrib.django.testing import SandboxMixin

from .models import Order


class Ordering(SandboxMixin, TestCase):
    def test_an_order_and_its_message_are_stored_together(self) -> None:
        answer = self.client.post("/orders/", {"phone": "79031234567"})
        self.assertEqual(answer.status_code, 201)
        self.assertEqual(Entry.objects.get().ref, f"order-{answer.json()['order']}")

    def test_a_number_that_is_none_is_the_customers_mistake(self) -> None:
        self.assertEqual(self.client.post("/orders/", {"phone": ""}).status_code, 422)
        self.assertFalse(Order.objects.exists())


# The worker and the receivers of callbacks see only what is committed.
class Sending(SandboxMixin, TransactionTestCase):
    devino_pace = "instant"

    def test_the_worker_sends_and_the_order_knows(self) -> None:
        number = self.client.post("/orders/", {"phone": "79031234567"}).json()["order"]
        call_command("devino_worker", once=True)
        self.devino.assert_sent(to="79031234567", text=f"Order {number}", count=1)
        self.assertEqual(self.client.get(f"/orders/{number}").json()["sms"], "ACCEPTED")

    def test_a_customer_may_answer(self) -> None:
        number = self.client.post("/orders/", {"phone": "79031234567"}).json()["order"]
        secret = settings.DEVINO["callbacks"]["secrets"][0]
        said = "sourcePhone=79031234567&number=2435&text=With+raisins&messageId=5"
        answer = self.client.get(f"/devino/{secret}/sms?{said}")
        self.assertContains(answer, f"Thank you, order {number}")
        self.assertEqual(self.client.get(f"/orders/{number}").json()["answer"], "With raisins")
