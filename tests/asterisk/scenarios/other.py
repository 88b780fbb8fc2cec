"""Colleagues among themselves, feature codes, two calls at once, restarts and late joiners."""

import asyncio

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID
from tests.asterisk.scenarios.lab import JAN, MARY, Lab, scenario

SUPPORT = DID(30)


@scenario("A75")
async def internal_answered(lab: Lab) -> None:
    """Anna calls Boris, they talk 2 s, Anna hangs up."""
    await lab.phone("1002", after_ms=1000)
    await lab.dial("1001", "1002", hangup_ms=2000)


@scenario("A75", "A47")
async def internal_transfer_blind(lab: Lab) -> None:
    """Anna calls Boris, who transfers her to Cyril; Cyril hangs up after 2 s."""
    boris = await lab.phone("1002", after_ms=700)
    await lab.phone("1003", after_ms=700, talk_ms=2000)
    anna = lab.caller("1002", caller={"source": "1001"})
    await anna.dial()
    await lab.ami.wait_for_more(b"Event: BridgeEnter", 2)
    await asyncio.sleep(1.5)
    await PhoneKeys(boris).transfer("1003")
    await anna.finished()


@scenario("A76")
async def feature_code(lab: Lab) -> None:
    """Anna dials *43, the echo test, and hangs up after 1.5 s."""
    await lab.dial("1001", "*43", hangup_ms=1500)


@scenario("A78")
async def same_caller_twice(lab: Lab) -> None:
    """One customer calls two numbers of ours in the same second."""
    await lab.phone("1001", after_ms=1000, talk_ms=2000)
    await lab.phone("1002", after_ms=1000, talk_ms=1000)
    one, two = lab.caller(DID(1)), lab.caller(DID(2))
    await one.dial()
    await two.dial()
    await one.finished()
    await two.finished()


@scenario("A82")
async def restart_in_talk(lab: Lab) -> None:
    """Asterisk restarts while one caller talks and one waits; the recorder comes back."""
    await lab.phone("1001", after_ms=500)
    for extension in ("1002", "1003"):
        await lab.phone(extension, after_ms=None)
    talking, waiting = lab.caller(SUPPORT, caller=JAN), lab.caller(DID(37), caller=MARY)
    await talking.dial()
    await waiting.dial()
    await lab.ami.wait_for(b"Event: BridgeEnter")
    await asyncio.sleep(2)
    restarting = asyncio.create_task(lab.pbx.restart())
    await lab.ami.lost()
    await restarting
    await lab.ami.connect()
    await lab.ami.lists()
    for caller in (talking, waiting):
        await caller.finished()


@scenario("A82")
async def killed_in_talk(lab: Lab) -> None:
    """Asterisk is killed in mid-call and started again: no event tells the end, the lists are empty."""
    await lab.phone("1001", after_ms=500)
    await (caller := lab.caller(DID(1))).dial()
    lab.stage.push_async_callback(caller.stop)
    await lab.ami.wait_for(b"Event: BridgeEnter")
    await asyncio.sleep(1.5)
    await lab.pbx.kill()
    await lab.ami.lost()
    await lab.pbx.start()
    await lab.ami.connect()
    await lab.ami.lists()


@scenario("A23")
async def joined_in_talk(lab: Lab) -> None:
    """The recorder comes when one caller talks and one waits: the lists tell of them, then both end."""
    await lab.ami.disconnect()
    lab.ami.forget()
    await lab.phone("1001", after_ms=500, talk_ms=5000)
    talking = lab.caller(DID(1), caller=JAN)
    waiting = lab.caller(DID(37), caller=MARY, hangup_ms=5500)
    await talking.dial()
    await waiting.dial()
    await asyncio.sleep(2.5)
    await lab.ami.connect()
    await lab.ami.lists()
    await talking.finished()
    await waiting.finished()
