"""Where the fleet's own log goes: one JSON line an event, ids only, never a text or a token."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import structlog
from structlog.tracebacks import ExceptionDictTransformer


@contextmanager
def log_to(path: Path) -> Generator[None]:
    """The fleet's events, and the libraries' warnings (their lower levels name request URLs, which hold tokens).

    Tracebacks come without local variables: those hold texts.
    """
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    with path.open("a", encoding="utf-8", buffering=1) as file:
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            logger_factory=structlog.WriteLoggerFactory(file=file),
        )
        try:
            yield
        finally:
            structlog.reset_defaults()
            logging.getLogger().removeHandler(handler)
            handler.close()
