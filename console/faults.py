"""Where something failed, without what it was handed: an exception's text and locals can hold strangers' words or passwords."""

import traceback

_DEEPEST = 6


def fault(error: BaseException) -> dict[str, object]:
    """Fields for a log line: the kind of error, and the innermost places, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    return {"error": type(error).__name__, "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}
