"""What a writer can change without changing what a human reads does not change what the models read."""

import pytest

from classifier.text import MAX_CHARACTERS, SCRIPTS, normalise, plain, script


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("WITHDRAWAL Stuck", "withdrawal stuck"),
        ("@KestrelHelp @KestrelExchange, withdrawal stuck", "withdrawal stuck"),
        ("with\u200bdraw\u00adal st\u2060uck", "withdrawal stuck"),
        ("ｗｉｔｈｄｒａｗａｌ 𝐬𝐭𝐮𝐜𝐤", "withdrawal stuck"),
        ("wіthdrаwаl ѕtuсk", "withdrawal stuck"),  # Cyrillic look-alikes
        ("w i t h d r a w a l stuck", "withdrawal stuck"),
        ("w.i.t.h.d.r.a.w.a.l stuck", "withdrawal stuck"),
        ("withdrawallll stuckkkk", "withdrawall stuckk"),
        ("вывод зaвиc", "вывод завис"),  # Latin look-alikes in a Russian word
        ("Đặt lệnh rút TIỀN", "dat lenh rut tien"),
        ("où est mon dépôt ?", "ou est mon depot ?"),
        ("¿dónde está?", "¿donde esta?"),
        ("see https://evil.example/a?b=c#d now", "see http evil.example now"),
        ("ask @someone there", "ask @user there"),
        ("출 금 안 됨", "출 금 안 됨"),
        ("help!!!!!!!!", "help!!!"),
    ],
)
def test_disguises_fall_off(written: str, read: str) -> None:
    assert plain(written) == read


def test_digits_are_alike_to_the_n_grams_only() -> None:
    assert (normalise("error 429"), plain("error 429")) == ("error 000", "error 429")


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\ud800", "@a", "a" * 3, "🚀" * 9, "\x00\x01"])
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize("unit", ["🚀", "\ufdfa", "a ", "@x ", "w.", "а a", "\u0301", "http://x/"])
def test_a_megabyte_costs_no_more_than_the_cap(unit: str) -> None:
    monster, capped = unit * (1_000_000 // len(unit)), unit * (MAX_CHARACTERS // len(unit) + 1)
    assert plain(monster) == plain(capped[:MAX_CHARACTERS])
    assert len(plain(monster)) <= 2 * MAX_CHARACTERS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("withdrawal stuck", "latin"),
        ("rút tiền chưa về", "latin"),
        ("вывод USDT завис", "cyrillic"),
        ("USDT提现多久到账", "han"),
        ("出金できません", "han"),
        ("kestrel 출금 언제 되나요", "hangul"),
        ("", "latin"),
        ("🚀🚀", "latin"),
    ],
)
def test_the_script_is_the_one_most_is_written_in(text: str, expected: str) -> None:
    assert script(text) == expected
    assert expected in SCRIPTS
