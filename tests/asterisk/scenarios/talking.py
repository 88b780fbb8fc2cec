"""How many flows begin: a caller in talk with Anna, and a consultation on her second line."""

import asyncio
from typing import Any

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID
from tests.asterisk.scenarios.lab import JAN, Lab
from tests.asterisk.sipp import Caller

DIRECT = DID(1)


async def talking(
    lab: Lab, did: str = DIRECT, *, caller: dict[str, Any] = JAN, hangup_ms: int | None = None, media: bool = False
) -> tuple[Caller, PhoneKeys]:
    """A caller in talk with Anna (the queue `support` rings her first), and Anna's keys."""
    anna = await lab.phone("1001", after_ms=700, media=media)
    customer = lab.caller(did, caller=caller, hangup_ms=hangup_ms, media=media)
    await customer.dial()
    await lab.ami.wait_for(b"Event: BridgeEnter")
    await asyncio.sleep(1.5)
    return customer, PhoneKeys(anna)


async def consult(lab: Lab, target: str, *, rings_only: bool = False, extension: str = "1001") -> Caller:
    """Anna calls a colleague on a second line, until he answers (or rings)."""
    before = lab.ami.count(b"Event: BridgeEnter")
    consultation = lab.caller(target, caller={"source": extension})
    await consultation.dial()
    lab.stage.push_async_callback(consultation.stop)
    if rings_only:
        await asyncio.sleep(1.2)
    else:
        await lab.ami.wait_for_more(b"Event: BridgeEnter", before + 2)
        await asyncio.sleep(1)
    return consultation


def anna_channel(lab: Lab) -> str:
    """The channel of Anna's phone in the call, for AMI actions."""
    return lab.ami.value("Channel: PJSIP/1001-")


def caller_channel(lab: Lab) -> str:
    """The channel of the outside caller."""
    return lab.ami.value("Channel: PJSIP/trunk-a-")
