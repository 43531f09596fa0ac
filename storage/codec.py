"""JSON text <-> domain values.

Total on our own data: `x_from_json(x_to_json(value)) == value`. Anything else raises `CodecError`, which says where.
JSON is written in ASCII, so that every string of Python fits a column of every database.
"""

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from domain.deciding import Effect, Reason
from domain.errors import FleetwatchError
from domain.hearing import Media
from domain.understanding import Assessment, Signal

TAG = "type"
"""Names the class of a value that could be one of several."""

T = TypeVar("T")


class CodecError(FleetwatchError):
    """Stored JSON is not what this version of Fleetwatch writes."""


def effects_to_json(effects: tuple[Effect, ...]) -> str:
    return _dump(effects)


def effects_from_json(text: str) -> tuple[Effect, ...]:
    return cast(tuple[Effect, ...], _load(text, tuple[Effect, ...]))


def reasons_to_json(reasons: tuple[Reason, ...]) -> str:
    return _dump(reasons)


def reasons_from_json(text: str) -> tuple[Reason, ...]:
    return cast(tuple[Reason, ...], _load(text, tuple[Reason, ...]))


def signals_to_json(signals: tuple[Signal, ...]) -> str:
    return _dump(signals)


def signals_from_json(text: str) -> tuple[Signal, ...]:
    return cast(tuple[Signal, ...], _load(text, tuple[Signal, ...]))


def media_to_json(media: tuple[Media, ...]) -> str:
    return _dump(media)


def media_from_json(text: str) -> tuple[Media, ...]:
    return cast(tuple[Media, ...], _load(text, tuple[Media, ...]))


def assessment_to_json(assessment: Assessment) -> str:
    return _dump(assessment)


def assessment_from_json(text: str) -> Assessment:
    return cast(Assessment, _load(text, Assessment))


def secrets_to_json(secrets: frozenset[str]) -> str:
    return _dump(secrets)


def secrets_from_json(text: str) -> frozenset[str]:
    return cast(frozenset[str], _load(text, frozenset[str]))


def _dump(value: object) -> str:
    return json.dumps(_plain(value), separators=(",", ":"))


def _plain(value: object) -> object:
    """Domain value -> what `json` writes. Every dataclass carries its tag, so that unions can be told apart."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {TAG: type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast(Mapping[object, object], value).items()}
    if isinstance(value, frozenset):
        return sorted(cast(frozenset[str], value))
    if isinstance(value, tuple):
        return [_plain(item) for item in cast(tuple[object, ...], value)]
    return value


def _load(text: str, hint: object) -> object:
    try:
        plain = json.loads(text)
    except ValueError as error:
        raise CodecError(f"stored JSON cannot be read: {error}") from error
    return _read(plain, hint, "$")


def _read(value: object, hint: object, where: str) -> object:
    """A JSON value as the type `hint`; `where` is its path, for errors."""
    origin = get_origin(hint)
    if origin in _READERS:
        return _READERS[origin](value, hint, where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _read_dataclass(value, hint, where)
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise CodecError(f"stored JSON at {where}: expected {hint}, found {type(value).__name__}")


def _read_dataclass(value: object, cls: type, where: str) -> object:
    given = dict(_expect(value, dict, where))
    tag = given.pop(TAG, None)
    hints = _hints(cls)
    if tag != cls.__name__ or not given.keys() <= hints.keys():
        raise CodecError(f"stored JSON at {where}: expected a {cls.__name__}, found {tag} with {sorted(given)}")
    fields = {name: _read(item, hints[name], f"{where}.{name}") for name, item in given.items()}
    try:
        return cls(**fields)
    except TypeError as error:
        raise CodecError(f"stored JSON at {where}: {error}") from error


def _read_union(value: object, hint: object, where: str) -> object:
    options = get_args(hint)
    if value is None and type(None) in options:
        return None
    classes = [option for option in options if option is not type(None)]
    if len(classes) == 1:
        return _read(value, classes[0], where)
    tag = _expect(value, dict, where).get(TAG)
    for option in classes:
        if option.__name__ == tag:
            return _read_dataclass(value, option, where)
    raise CodecError(f"stored JSON at {where}: {tag!r} is not known here")


def _read_literal(value: object, hint: object, where: str) -> object:
    if value not in get_args(hint):
        raise CodecError(f"stored JSON at {where}: {value!r} is not one of {get_args(hint)}")
    return value


def _read_tuple(value: object, hint: object, where: str) -> object:
    item_hint = get_args(hint)[0]
    return tuple(_read(item, item_hint, f"{where}[{number}]") for number, item in enumerate(_expect(value, list, where)))


def _read_frozenset(value: object, hint: object, where: str) -> object:
    return frozenset(cast(tuple[object, ...], _read_tuple(value, hint, where)))


def _read_mapping(value: object, hint: object, where: str) -> object:
    item_hint = get_args(hint)[1]
    return {key: _read(item, item_hint, f"{where}.{key}") for key, item in _expect(value, dict, where).items()}


_READERS: dict[object, Callable[[object, object, str], object]] = {
    Union: _read_union,
    types.UnionType: _read_union,
    Literal: _read_literal,
    tuple: _read_tuple,
    frozenset: _read_frozenset,
    Mapping: _read_mapping,
}


@cache
def _hints(cls: type) -> dict[str, object]:
    return get_type_hints(cls)


def _expect(value: object, kind: type[T], where: str) -> Any:
    if not isinstance(value, kind):
        raise CodecError(f"stored JSON at {where}: expected {kind.__name__}, found {type(value).__name__}")
    return value
