"""Reads settings, reply texts and the registry of identities. Every mistake ends in one sentence with its place and mend."""

import os
import string
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import DotEnvSettingsSource

from config.settings import Settings
from domain.errors import ConfigError
from domain.people import Identity, Platform, Registry
from domain.phrases import Phrase, Phrasebook

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_FILE = ROOT / "config" / "fleetwatch.toml"
DOTENV = ROOT / ".env"
PREFIX = "FLEETWATCH_"

Tree = dict[str, Any]


def load_settings(file: Path = DEFAULT_FILE, *, dotenv: Path = DOTENV) -> Settings:
    """Environment, then `.env`, then `FLEETWATCH_..._FILE` secrets, then the TOML file, then the defaults."""
    values = read_toml(file) if file != DEFAULT_FILE or file.exists() else {}
    for section in sorted(values.keys() - Settings.model_fields.keys()):
        raise ConfigError(f"{file}: {section} is not a section; remove it or mend its name.")
    _refuse_strangers("environment", os.environ)
    _refuse_strangers(str(dotenv), _variables_of(dotenv))
    for name, secret in _secret_files(os.environ):
        _put(values, name, secret)
    try:
        return Settings(_env_file=dotenv if dotenv.exists() else None, **values)  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        raise ConfigError(_first_mistake(error, file, dotenv)) from None
    except ValueError as error:  # a variable that should hold JSON and does not
        raise ConfigError(f"environment or {dotenv}: {error}; a list is written as JSON, such as [1, 2].") from None


def read_toml(file: Path) -> Tree:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); create it or name another file.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: {error}; mend the TOML there.") from None
    except RecursionError:
        raise ConfigError(f"{file}: brackets are nested too deeply; mend the TOML there.") from None


def _variables_of(dotenv: Path) -> Iterable[str]:
    try:
        return DotEnvSettingsSource(Settings, env_file=dotenv).env_vars
    except UnicodeDecodeError as error:
        raise ConfigError(f"{dotenv}: byte {error.start} is not UTF-8; save the file as UTF-8.") from None


def _refuse_strangers(place: str, variables: Iterable[str]) -> None:
    """A variable of a misspelt section would otherwise be ignored in silence."""
    for name in sorted(map(str.upper, variables)):
        section, nested, _ = name.removeprefix(PREFIX).partition("__")
        if name.startswith(PREFIX) and nested and section.lower() not in Settings.model_fields:
            raise ConfigError(f"{place}: {name} is not a setting; remove it or mend its name.")


def _secret_files(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """`FLEETWATCH_X__BEARER_TOKEN_FILE=/run/secrets/x` sets x.bearer_token to that file's text."""
    found: list[tuple[str, str]] = []
    for name, value in environment.items():
        if not (name.startswith(PREFIX) and name.endswith("_FILE") and "__" in name):
            continue
        try:
            secret = Path(value).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{name}: cannot read {value} ({error}); name a readable text file.") from None
        found.append((name, secret))
    return found


def _put(tree: Tree, name: str, value: str) -> None:
    path = name[len(PREFIX) : -len("_FILE")].lower().split("__")
    for key in path[:-1]:
        section: object = tree.setdefault(key, {})
        if not isinstance(section, dict):
            raise ConfigError(f"{name}: {key} is one value and not a section; mend the name, or the settings file.")
        tree = cast("Tree", section)
    tree[path[-1]] = value


def _first_mistake(error: ValidationError, file: Path, dotenv: Path) -> str:
    mistake = error.errors(include_input=False, include_url=False)[0]
    path = [str(part) for part in mistake["loc"]]
    variable = (PREFIX + "__".join(path)).upper()
    place = f"environment variable {variable}" if variable in os.environ else None
    if place is None and dotenv.exists() and variable in dotenv.read_text(encoding="utf-8", errors="replace"):
        place = f"{dotenv}: {variable}"
    place = place or f"{file}: {'.'.join(path)}"
    if mistake["type"] == "extra_forbidden":
        return f"{place} is not a setting; remove it or mend its name."
    return f"{place}: {mistake['msg'].removeprefix('Value error, ').lower()}; mend the value."


class _PhraseBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    variants: tuple[str, ...] = Field(min_length=1)
    short: tuple[str, ...] = ()


PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "faq": frozenset({"title", "answer", "url"}),
    "acknowledge": frozenset({"reference"}),
    "acknowledge_secret": frozenset({"reference"}),
    "outage": frozenset({"reference"}),
}
"""Purpose -> the placeholders its texts may use; every text must use at least one."""


def load_phrases(folder: Path) -> Phrasebook:
    """One `<language>.toml` a language, one table a purpose."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ConfigError(f"{folder}: holds no <language>.toml; add the reply texts.")
    return {file.stem: _phrases_of(file) for file in files}


def _phrases_of(file: Path) -> dict[str, Phrase]:
    tables = read_toml(file)
    missing = sorted(PLACEHOLDERS.keys() - tables.keys())
    if missing:
        raise ConfigError(f"{file}: has no [{missing[0]}]; add the table with its variants.")
    return {purpose: _phrase(file, purpose, cast("object", body)) for purpose, body in tables.items()}


def _phrase(file: Path, purpose: str, body: object) -> Phrase:
    if purpose not in PLACEHOLDERS:
        raise ConfigError(f"{file}: [{purpose}] is not a purpose; use {', '.join(PLACEHOLDERS)}.")
    try:
        parsed = _PhraseBody.model_validate(body)
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in mistake["loc"])
        raise ConfigError(f"{file}: [{purpose}] {where}: {mistake['msg'].lower()}; mend the text.") from None
    for text in parsed.variants + parsed.short:
        _check_placeholders(file, purpose, text)
    return Phrase(variants=parsed.variants, short=parsed.short)


def _check_placeholders(file: Path, purpose: str, text: str) -> None:
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ConfigError(f"{file}: [{purpose}] {text!r}: {error}; write {{{{ and }}}} for plain braces.") from None
    allowed = PLACEHOLDERS[purpose]
    if not fields or any(name not in allowed or spec or conversion for name, spec, conversion in fields):
        wanted = ", ".join(f"{{{name}}}" for name in sorted(allowed))
        raise ConfigError(f"{file}: [{purpose}] {text!r} must use only, and at least one of, {wanted}.")


class _AccountBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    platform: Platform
    id: str | None = Field(default=None, pattern=r"^-?[0-9]+$")
    username: str | None = None
    display_name: str = Field(min_length=1)
    role: Literal["brand", "staff", "region", "partner", "bot"]


class _RegistryBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    brand_words: tuple[str, ...] = Field(min_length=1)
    domains: tuple[str, ...]
    role_words: dict[str, tuple[str, ...]]
    accounts: tuple[_AccountBody, ...]


def load_registry(file: Path) -> Registry:
    """The official identities: each id once a platform."""
    try:
        body = _RegistryBody.model_validate(read_toml(file))
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        where = " ".join(str(part + 1 if isinstance(part, int) else part) for part in mistake["loc"])
        raise ConfigError(f"{file}: {where}: {mistake['msg'].lower()}; mend that entry.") from None
    seen: set[tuple[str, str]] = set()
    for number, account in enumerate(body.accounts, start=1):
        if account.id is None and account.username is None:
            raise ConfigError(f"{file}: accounts {number} has neither id nor username; add the platform's numeric id.")
        if account.id is not None and (account.platform, account.id) in seen:
            raise ConfigError(f"{file}: accounts {number}: {account.platform} id {account.id} stands twice; remove one.")
        seen.add((account.platform, account.id or ""))
    return Registry(
        brand_words=body.brand_words,
        domains=body.domains,
        role_words=body.role_words,
        identities=tuple(Identity(**account.model_dump()) for account in body.accounts),
    )
