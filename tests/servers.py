"""Real servers for tests, skipped where they are not installed, unless nothing may be left out."""

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn

import psycopg
import pytest

from bench import servers
from domain.errors import FleetwatchError


def postgresql() -> AbstractContextManager[str]:
    """URL of a running server, without a database name, ending in `/`."""
    return _or_left_out(servers.postgresql(durable=False))


def redis() -> AbstractContextManager[str]:
    """URL of a running server that keeps nothing on disk."""
    return _or_left_out(servers.redis())


@contextmanager
def _or_left_out(server: AbstractContextManager[str]) -> Generator[str]:
    try:
        url = server.__enter__()
    except FleetwatchError as absent:
        left_out(str(absent))
    try:
        yield url
    finally:
        server.__exit__(None, None, None)


def ask_postgresql(url: str, statement: str) -> None:
    """Run one statement outside any transaction, as CREATE DATABASE wants it."""
    with psycopg.connect(url.replace("+psycopg", "") + "postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def left_out(reason: str) -> NoReturn:
    """Skip, or fail where nothing may be left out."""
    if os.environ.get("FLEETWATCH_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)
