"""Jobs through arq on Redis or Valkey, for fleets of several processes. Redis may lose everything: the sweep asks again."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zlib import crc32

import structlog
from arq import create_pool, func
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Function, Worker
from redis.exceptions import RedisError

from workers.queue import FINISH_S, Job, Work

log = structlog.get_logger(__name__)

CHUNK = 64
"""Ids a job: arq moves few jobs a second, so a job carries many rows."""
JOB_TIMEOUT_S = 120
RESTART_S = 2.0
POLL_S = 0.1


def _dump(job: dict[str, Any]) -> bytes:
    """JSON, never pickle: whoever can write to Redis must not be able to run code here."""
    return json.dumps(job).encode()


class ArqQueue:
    """The same promises as the in-process queue. `prefix` keeps several fleets on one Redis apart."""

    def __init__(self, redis_url: str, prefix: str = "fleetwatch") -> None:
        self._settings = replace(RedisSettings.from_dsn(redis_url), conn_timeout=2, conn_retries=1, conn_retry_delay=0)
        self._prefix = prefix
        self._pool: ArqRedis | None = None

    async def put(self, job: Job, ids: Sequence[int]) -> None:
        """Rows that already wait in the same company are not queued twice. A Redis that is away costs latency only."""
        try:
            pool = await self._connected()
            for start in range(0, len(ids), CHUNK):
                chunk = list(ids[start : start + CHUNK])
                name = f"{self._prefix}:{job}:{crc32(repr(chunk).encode())}"
                await pool.enqueue_job(job, chunk, _job_id=name, _queue_name=self._name(job))
        except (RedisError, OSError) as error:
            log.warning("queue_unreachable", job=job, error=type(error).__name__)

    async def serve(self, job: Job, work: Work, *, batch: int) -> None:
        """Work until cancelled; a lost Redis is waited for. `batch` is the most ids handed over at once."""

        async def run(ctx: dict[str, Any], ids: list[int]) -> None:
            _ = ctx
            for start in range(0, len(ids), batch):
                await work(ids[start : start + batch])

        while True:
            try:
                await self._serve_once(func(run, name=job, keep_result=0, max_tries=1, timeout=JOB_TIMEOUT_S), job)
            except (RedisError, OSError, ExceptionGroup) as error:
                log.warning("queue_lost", job=job, error=type(error).__name__, again_in_s=RESTART_S)
            await asyncio.sleep(RESTART_S)

    async def _serve_once(self, function: Function, job: Job) -> None:
        worker = Worker(
            functions=[function],
            queue_name=self._name(job),
            redis_pool=await self._connected(),
            handle_signals=False,
            job_serializer=_dump,
            job_deserializer=json.loads,
            max_jobs=1,
            poll_delay=POLL_S,
        )
        try:
            await worker.async_run()
        finally:
            # A stop waits for the work under way. Worker.close would cancel it, and close the pool that others use.
            if worker.tasks:
                await asyncio.wait(worker.tasks.values(), timeout=FINISH_S)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    async def _connected(self) -> ArqRedis:
        if self._pool is None:
            self._pool = await create_pool(self._settings, job_serializer=_dump, job_deserializer=json.loads)
        return self._pool

    def _name(self, job: Job) -> str:
        return f"{self._prefix}:{job}"
