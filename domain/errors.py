"""Errors a user can act on. Each message is one sentence that names the place and the mend."""


class FleetwatchError(Exception):
    """Base of the errors that the CLI prints as one sentence, without a traceback."""


class ConfigError(FleetwatchError):
    """A setting or a file is wrong. The message names the file, the line or field, and the mend."""


class ModelError(FleetwatchError):
    """A model folder cannot be used."""


class PlatformRefused(FleetwatchError):
    """A platform refuses us for good (bad token, missing permission): a human must mend it."""


class AlreadyDecided(FleetwatchError):
    """Somebody else claimed or decided this first."""


class DatabaseAway(FleetwatchError):
    """The database does not answer, or gave up a transaction: nothing was written, and the same work may succeed later."""
