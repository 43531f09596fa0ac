"""Labelled files: what is read, and how each kind of rubbish is told."""

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.labelled import Labelled, read_labelled, read_records
from domain.errors import ConfigError

CSV = b'text,label,lang,source\n"hello, you",greet,en,a\n"two\nlines",greet,,b\n'
JSONL = '{"text": "привет", "label": "greet", "lang": "ru"}\n\n{"text": "1", "label": 2}\n'.encode()


def file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "A.CSV"])
def test_csv_is_read_with_its_further_columns(tmp_path: Path, name: str) -> None:
    assert list(read_labelled(file(tmp_path, name, CSV))) == [
        Labelled(line=2, text="hello, you", label="greet", lang="en", more={"source": "a"}),
        Labelled(line=3, text="two\nlines", label="greet", lang="", more={"source": "b"}),
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_jsonl_is_read_and_whole_numbers_are_labels(tmp_path: Path, name: str) -> None:
    rows = [(row.line, row.text, row.label, row.lang) for row in read_labelled(file(tmp_path, name, JSONL))]
    assert rows == [(1, "привет", "greet", "ru"), (3, "1", "2", "")]


def test_a_mark_of_byte_order_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (row,) = read_labelled(file(tmp_path, "a.csv", b"\xef\xbb\xbftext,label\nhi,greet\n"))
    assert row.text == "hi"


def test_an_empty_text_is_a_row(tmp_path: Path) -> None:
    (row,) = read_labelled(file(tmp_path, "a.csv", b"text,label\n,greet\n"))
    assert row.text == ""


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    (row,) = read_labelled(file(tmp_path, "a.jsonl", b'{"text": "a\\ud83d", "label": "x"}\n'))
    assert row.text == "a?"


def test_a_megabyte_of_emoji_is_one_field(tmp_path: Path) -> None:
    (row,) = read_labelled(file(tmp_path, "a.csv", f"text,label\n{'🙂' * 250_000},x\n".encode()))
    assert len(row.text) == 250_000


def test_rows_are_read_one_by_one(tmp_path: Path) -> None:
    rows = read_labelled(file(tmp_path, "a.jsonl", b'{"text": "hi", "label": "x"}\nrubbish\n'))
    assert next(rows).text == "hi"
    with pytest.raises(ConfigError):
        next(rows)


RUBBISH = (
    ("a.csv", b"", "a.csv: holds no rows"),
    ("a.csv", b"text,label\n", "a.csv: holds no rows"),
    ("a.jsonl", b"\n\n", "a.jsonl: holds no rows"),
    ("a.csv", b"text,lang\nhi,en\n", "a.csv:1: no `label` there, only text, lang"),
    ("a.jsonl", b'{"text": "hi"}\n', "a.jsonl:1: no `label` there, only text"),
    ("a.csv", b"text,label\nhi,you,greet\n", "a.csv:2: 3 fields, but the header names 2"),
    ("a.csv", b"text,label\nhi\n", "a.csv:2: 1 fields, but the header names 2"),
    ("a.csv", b'text,label\nhi,x\n"never closed,x\n', "a.csv:3: not csv"),
    ("a.csv", "text,label\nпривет,x\n".encode("cp1251"), "a.csv:2: not UTF-8"),
    ("a.csv", "text,label\nhi,x\n".encode("utf-16"), "a.csv:1: not UTF-8"),
    ("a.jsonl", b'{"text": "hi", "label": "x"}\n{"text": \n', "a.jsonl:2: not a JSON object"),
    ("a.jsonl", b'["hi", "x"]\n', "a.jsonl:1: not a JSON object"),
    ("a.jsonl", b"[" * 100_000 + b"\n", "a.jsonl:1: not a JSON object"),
    ("a.jsonl", b'{"text": "hi", "label": "9' + b"9" * 10 + b'"}\n{"text": 9, "label": "x"}\n', "a.jsonl:2: `text` is not"),
    ("a.jsonl", b'{"text": "hi", "label": null}\n', "a.jsonl:1: `label` is empty or no text"),
    ("a.jsonl", b'{"text": "hi", "label": true}\n', "a.jsonl:1: `label` is empty or no text"),
    ("a.csv", b"text,label\nhi, \n", "a.csv:2: `label` is empty or no text"),
    ("a.parquet", b"PAR1", "a.parquet: unknown kind of file"),
    ("csv", b"text,label\nhi,x\n", "unknown kind of file"),
)


@pytest.mark.parametrize(("name", "content", "words"), RUBBISH, ids=[words for _, _, words in RUBBISH])
def test_rubbish_is_told_in_one_sentence_with_its_place(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        list(read_labelled(file(tmp_path, name, content)))
    assert words in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(CSV * 100)[:-20], gzip.compress(CSV)[:30], b"text,label\nhi,x\n", b"\x1f\x8b\x08" + b"\x07" * 40],
    ids=["cut late", "cut early", "not packed", "noise"],
)
def test_a_torn_gzip_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="torn or no gzip"):
        list(read_labelled(path))


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match="there is no such file"):
        list(read_labelled(tmp_path / "none.csv"))
    with pytest.raises(ConfigError, match=r"folder\.csv: cannot be read"):
        list(read_labelled(tmp_path / "folder.csv"))


@given(
    content=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz"]), zipped=st.booleans()
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_rows_or_that_one_error(tmp_path: Path, content: bytes, name: str, zipped: bool) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if zipped else content)
    with suppress(ConfigError):
        list(read_records(path, ()))
