"""What a client sends that has to exist here: accounts, customers, readable numbers. Errors name the field."""

from __future__ import annotations

from aiohttp import web

from crm_store.errors import NotFound
from crm_store.phone_numbers import normalise
from web.deps import deps_of
from web.problems import invalid


async def checked_owner(request: web.Request, name: str) -> str:
    """The account that is to own something; an unknown one is named as an error."""
    try:
        account = await deps_of(request).store.account(name)
    except NotFound as error:
        raise invalid("owner", "there is no such account") from error
    if not account.active:
        raise invalid("owner", "this account is not active")
    return account.name


def typed_number(request: web.Request, typed: str) -> str:
    """A number as people type it, in the form the store keeps: E.164 where it normalises, else as it is."""
    return normalise(typed, deps_of(request).numbers).number or typed


async def checked_customer(request: web.Request, customer_id: int | None) -> int | None:
    """The customer that something is to belong to; an unknown one is named as an error."""
    if customer_id is not None:
        try:
            await deps_of(request).store.party(customer_id)
        except NotFound as error:
            raise invalid("customer_id", "there is no such customer") from error
    return customer_id
