"""The states of a number's SIM, against the table of the manual's chapter as a model."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from devino_core import Secret
from devino_core.sim import MemorySims, SimGuard, SimState, SimUnavailable
from devino_core.testing import ManualClock

T = TypeVar("T")

NUMBER = "79031234567"


class Source:
    def __init__(self) -> None:
        self.sim = "a"
        self.silent = False
        self.asked = 0

    async def imsi(self, number: str, /) -> Secret:
        self.asked += 1
        if self.silent:
            raise SimUnavailable("failure")
        return Secret(self.sim)


class Sims(RuleBasedStateMachine):
    """The model: a flag, a reference and a suspicion, each written down by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.store, self.clock = Source(), MemorySims(), ManualClock()
        self.guard = self.a_guard()
        self.flag: str | None = None
        self.reference: str | None = None
        self.is_suspect = False

    def a_guard(self) -> SimGuard:
        key = Secret("sixteen characters")
        rules: dict[Any, Any] = {"failure": "refuse"}
        return SimGuard(self.source, self.store, key=key, on_error=rules, clock=self.clock)

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(call)

    @rule(sim=st.sampled_from("abc"), silent=st.booleans())
    def the_network_changes(self, sim: str, silent: bool) -> None:
        self.source.sim, self.source.silent = sim, silent

    @rule()
    def the_program_starts_again(self) -> None:
        self.guard = self.a_guard()

    @rule(trust_first=st.booleans())
    def check(self, trust_first: bool) -> None:
        asked = self.source.asked
        verdict = self.run(self.guard.check(NUMBER, trust_first=trust_first))
        said = (verdict.check.value, verdict.send)
        if self.flag:
            assert said == (self.flag, self.flag == "ALWAYS_SEND")
            assert self.source.asked == asked
        elif self.source.silent:
            assert said == ("UNCHECKED", False)
        elif self.reference is None:
            assert said == ("FIRST", trust_first)
            if trust_first:
                self.reference = self.source.sim
        else:
            self.is_suspect = self.reference != self.source.sim
            assert said == (("CHANGED", False) if self.is_suspect else ("SAME", True))

    @rule()
    def recheck(self) -> None:
        try:
            self.run(self.guard.recheck(NUMBER))
        except SimUnavailable:
            assert self.source.silent
        else:
            assert not self.source.silent
            self.reference, self.is_suspect = self.source.sim, False

    @rule()
    def always_send(self) -> None:
        self.run(self.guard.always_send(NUMBER))
        self.flag = "ALWAYS_SEND"

    @rule()
    def always_refuse(self) -> None:
        self.run(self.guard.always_refuse(NUMBER))
        self.flag = "ALWAYS_REFUSE"

    @rule()
    def resume(self) -> None:
        self.run(self.guard.resume(NUMBER))
        self.flag, self.is_suspect = None, False

    @invariant()
    def what_is_kept_is_the_models(self) -> None:
        record = self.run(self.guard.record(NUMBER))
        unmarked = "SUSPECT" if self.is_suspect else "NEW" if self.reference is None else "TRUSTED"
        assert record.state is SimState(self.flag or unmarked)
        assert bool(record.reference) is (self.reference is not None)


Sims.TestCase.settings = settings(deadline=None)
TestSims = Sims.TestCase
