"""Runs a command of `ctiserver` in this process and returns what a shell would see."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, TypeVar
from unittest import mock

import orjson
import structlog

from crm_store.sql import SqlStore, open_store
from ctiserver.cli import main
from ctiserver.settings import load_settings

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one line of JSON."""
        (line,) = self.out.splitlines()
        return orjson.loads(line)

    @property
    def json_lines(self) -> list[Any]:
        return [orjson.loads(line) for line in self.out.splitlines()]


def run(*arguments: object, stdin: str | bytes = "") -> Outcome:
    """`ctiserver ARGUMENTS < stdin`."""
    out, err = io.StringIO(), io.StringIO()
    data = stdin.encode() if isinstance(stdin, str) else stdin
    code = 0
    given = mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
    with logs_as_before(), redirect_stdout(out), redirect_stderr(err), given:
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return Outcome(code, out.getvalue(), err.getvalue())


def in_store(work: Callable[[SqlStore], Awaitable[T]]) -> T:
    """What `work` finds in the database of the configuration in this folder."""

    async def look() -> T:
        settings = load_settings(None)
        store = await open_store(settings.database.url, numbers=settings.numbers.profile())
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(look())


@contextmanager
def logs_as_before() -> Iterator[None]:
    """Whatever the block does to logging is undone after it."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.configure(**configured)
