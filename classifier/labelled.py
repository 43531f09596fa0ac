"""Labelled rows from csv and jsonl files, gzipped or not: read one by one, and every mistake named with its line."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from domain.errors import ConfigError

MAX_FIELD = 32 * 1024 * 1024
"""Characters of one csv field: Python's own limit is smaller than a long post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row as it stands in the file, and the line on which it begins."""

    line: int
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A text and its label. `lang` is empty where the file has none; `more` holds the further columns that are texts."""

    line: int
    text: str
    label: str
    lang: str
    more: Mapping[str, str]


def read_labelled(path: Path) -> Iterator[Labelled]:
    """Rows of `text`, `label` and, if there is one, `lang`. An empty text is a row; an empty label is a mistake.

    Raises ConfigError, also while the rows are read.
    """
    for record in read_records(path, ("text", "label")):
        texts = {name: sound(value) for name, value in record.fields.items() if isinstance(value, str) and name != "label"}
        label = _label(record.fields["label"])
        if not label:
            raise ConfigError(f"{path}:{record.line}: `label` is empty or no text; write the label or remove the row.")
        if "text" not in texts:
            raise ConfigError(f"{path}:{record.line}: `text` is not a text; write it as a string.")
        yield Labelled(line=record.line, text=texts.pop("text"), label=label, lang=texts.pop("lang", ""), more=texts)


def read_records(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    """The rows of a .csv, .csv.gz, .jsonl or .jsonl.gz file; each has all of `columns`.

    Raises ConfigError, also while the rows are read: when the file is missing, empty, torn, not UTF-8, or a row is unreadable.
    """
    kind = _kind(path)
    found = False
    for record in _csv(path, columns) if kind == ".csv" else _jsonl(path, columns):
        found = True
        yield record
    if not found:
        raise ConfigError(f"{path}: holds no rows; write at least one.")


def sound(text: str) -> str:
    """The text without halves of characters, which JSON can write and no tokenizer can read."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _label(value: object) -> str:
    """Data sets write labels as whole numbers, too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return sound(value).strip() if isinstance(value, str) else ""


def _kind(path: Path) -> str:
    kind = Path(path.name.lower().removesuffix(".gz")).suffix
    if kind not in {".csv", ".jsonl"}:
        raise ConfigError(f"{path}: unknown kind of file; use a name that ends in .csv, .csv.gz, .jsonl or .jsonl.gz.")
    return kind


def _csv(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    header: list[str] | None = None
    for line, row in _rows(path):
        if header is None:
            header = [name.strip() for name in row]
            _refuse_missing(f"{path}:{line}", columns, header)
        elif len(row) != len(header):
            raise ConfigError(
                f"{path}:{line}: {len(row)} fields, but the header names {len(header)}; put texts with commas in quotes."
            )
        else:
            yield Record(line=line, fields=dict(zip(header, row, strict=True)))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, and the line on which each begins: one in quotes may take several."""
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(_lines(path), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ConfigError(f"{path}:{line}: not csv ({error}); mend the quotes of the row that begins there.") from None
        if row is None:
            return
        if row:
            yield line, row


def _jsonl(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    for line, text in enumerate(_lines(path), 1):
        if not text.strip():
            continue
        try:
            content: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path}:{line}: not a JSON object ({error}); mend the line.") from None
        if not isinstance(content, dict):
            raise ConfigError(f"{path}:{line}: not a JSON object; write one {{...}} a line.")
        fields = cast("dict[str, object]", content)
        _refuse_missing(f"{path}:{line}", columns, list(fields))
        yield Record(line=line, fields=fields)


def _refuse_missing(where: str, columns: Sequence[str], found: Sequence[str]) -> None:
    missing = [name for name in columns if name not in found]
    if missing:
        there = ", ".join(name[:40] for name in found[:12])
        raise ConfigError(f"{where}: no `{missing[0]}` there, only {there or 'nothing'}; name the column `{missing[0]}`.")


def _lines(path: Path) -> Iterator[str]:
    """Lines with their ends; a mark of byte order at the very beginning is dropped."""
    number = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(file, 1):
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; mend the path.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}:{number}: not UTF-8; save the file as UTF-8.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ConfigError(f"{path}:{number + 1}: torn or no gzip ({error}); fetch or pack the file again.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a file that can.") from None


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")
