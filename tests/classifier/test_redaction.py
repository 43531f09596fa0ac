"""What must not survive, what must."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.redaction import redact, redact_json

HEX = "3f" * 32
SEED = "legal winner thank year wave sausage worth useful legal winner thank yellow"

FOUND = [
    ("mail me at jane.doe+x@mail.example.com please", "email", "mail me at [email] please"),
    ("我的邮箱foo@bar.com请回复", "email", "我的邮箱[email]请回复"),
    ("jane [at] mail.com", "email", "[email]"),
    ("card 4111 1111 1111 1111 declined", "card", "card [card] declined"),
    ("两张卡 12 5555555555554444", "card", "两张卡 12 [card]"),
    ("３７８２８２２４６３１０００５", "card", "[card]"),
    ("IBAN DE89 3704 0044 0532 0130 00 please", "iban", "IBAN [iban] please"),
    ("gb29nwbk60161331926819", "iban", "[iban]"),
    ("call +44 20 7946 0958", "phone", "call [phone]"),
    ("电话13812345678", "phone", "电话[phone]"),
    ("제 번호 010-1234-5678", "phone", "제 번호 [phone]"),
    ("携帯 090-1234-5678", "phone", "携帯 [phone]"),
    ("мой телефон 8 (912) 345-67-89", "phone", "мой телефон [phone]"),
    ("tel: 555 123 4567", "phone", "tel: [phone]"),
    ("0044 20 7946 0958", "phone", "[phone]"),
    ("sđt của em 0912 345 678", "phone", "sđt của em [phone]"),
    ("(090)1234-5678", "phone", "[phone]"),
    ("order_id: 88213377", "order_id", "order_id: [order_id]"),
    ("orderId=88213377", "order_id", "orderId=[order_id]"),
    ("4111\u200b1111\u200b1111\u200b1111", "card", "[card]"),
    ("jane\u200b@mail.com", "email", "[email]"),
    (f"seed: {SEED.replace(' ', '|')} help", "seed_phrase", "seed: [seed_phrase] help"),
    ("order #88213377", "order_id", "order #[order_id]"),
    ("订单号：2026112200123", "order_id", "订单号：[order_id]"),
    ("주문번호: 20261122001", "order_id", "주문번호: [order_id]"),
    ("注文番号：8821-3377", "order_id", "注文番号：[order_id]"),
    ("заказ №12345678", "order_id", "заказ №[order_id]"),
    ("pedido número 12345678", "order_id", "pedido número [order_id]"),
    ("commande n° 12345678", "order_id", "commande n° [order_id]"),
    ("mã đơn: 8841-2207", "order_id", "mã đơn: [order_id]"),
    (f"https://etherscan.io/tx/0x{HEX}", "transaction_id", "https://etherscan.io/tx/[transaction_id]"),
    (f"txid {HEX}", "transaction_id", "txid [transaction_id]"),
    (f"my private key {HEX}", "private_key", "my private key [private_key]"),
    ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", "private_key", "[private_key]"),
    (f"seed: {SEED} help", "seed_phrase", "seed: [seed_phrase] help"),
    (f"{', '.join(f'{n}. {word}' for n, word in enumerate(SEED.split(), 1))} ok", "seed_phrase", "1. [seed_phrase] ok"),
    ("sk-abcdefghijklmnopqrstuvwxyz123456", "api_key", "[api_key]"),
    ("api key: A1b2C3d4E5f6G7h8I9j0", "api_key", "api key: [api_key]"),
]

KEPT = [
    "thanks 👩\u200d💻 ❤\ufe0f",
    "BTC at 61,450.20 on 2026-11-22 10:30, up 12.5%",
    "my order of 50000 USDT and 1000000 SHIB",
    "order 50000 USDT not filled",
    "wallet 0x52908400098527886E0F7030069857D2E4169EE7",
    "TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "@user123456789012 said so",
    "https://x.com/kestrel/status/1500000000000000002",
    "<@1100000000000000001> look",
    "+1000000 volume, price 4200 4150 4300 4250",
    "about twelve words that are not a phrase at all my good old friend here",
    "legal winner thank year wave sausage worth useful legal winner thank year",  # checksum fails
    "4111 1111 1111 1112",  # Luhn fails
]


@pytest.mark.parametrize(("text", "kind", "clean"), FOUND)
def test_replaces_what_is_private(text: str, kind: str, clean: str) -> None:
    redacted = redact(text)
    assert (redacted.text, redacted.found) == (clean, {kind})


@pytest.mark.parametrize("text", KEPT)
def test_keeps_what_is_public(text: str) -> None:
    assert redact(text).text == text


@given(st.text(alphabet=st.sampled_from("4 1-.@a[]xemail5+:0123\n#№order"), max_size=80) | st.text(max_size=80))
@settings(deadline=None)
def test_is_idempotent(text: str) -> None:
    once = redact(text).text
    assert redact(once).text == once


def _luhn_card(body: str) -> str:
    total = sum(sum(divmod(2 * int(d), 10)) if place % 2 == 0 else int(d) for place, d in enumerate(reversed(body)))
    return body + str(-total % 10)


@given(
    st.from_regex(r"4[0-9]{14}|5[1-5][0-9]{13}|3[47][0-9]{12}", fullmatch=True),
    st.sampled_from(["", " ", "-"]),
    st.sampled_from(["", "pay ", "卡", "no 17 "]),
)
@settings(deadline=None)
def test_no_card_survives(body: str, gap: str, before: str) -> None:
    number = _luhn_card(body)
    written = gap.join(number[place : place + 4] for place in range(0, len(number), 4))
    assert written not in redact(f"{before}{written} thanks").text


@given(
    st.from_regex(r"[a-z][a-z0-9.]{0,20}[a-z0-9]@[a-z0-9]{1,20}\.(com|net|example)", fullmatch=True),
    st.sampled_from(["", "to ", "почта ", "メール"]),
)
@settings(deadline=None)
def test_no_address_survives(address: str, before: str) -> None:
    assert "@" not in redact(f"{before}{address}").text


@given(st.integers(0, 10**9), st.sampled_from(["{} USDT", "{:,} KRW", "{}%", "I have {} coins", "price is {}"]))
@settings(deadline=None)
def test_ordinary_numbers_survive(number: int, phrase: str) -> None:
    text = phrase.format(number)
    assert redact(text).text == text


def test_json_keeps_structure_and_redacts_human_text() -> None:
    payload = {
        "id": "4111111111111111",
        "url": "https://x.com/a/status/4111111111111111",
        "text": "4111111111111111",
        "from": {"first_name": "jane@mail.com", "username": "jane"},
        "unknown_key": "write to jane@mail.com now",
        "entities": [{"offset": 1, "length": 5, "type": "bold"}],
        "n": 1500000000000000002,
    }
    raw, found = redact_json(json.dumps(payload))
    assert found == {"card", "email"}
    assert json.loads(raw) == payload | {
        "text": "[card]",
        "from": {"first_name": "[email]", "username": "jane"},
        "unknown_key": "write to [email] now",
    }


@pytest.mark.parametrize("raw", ["not json, jane@mail.com", '{"text": "jane@mail.com"', "[" * 100_000 + " jane@mail.com"])
def test_what_is_not_json_is_redacted_as_text(raw: str) -> None:
    assert "jane@" not in redact_json(raw)[0]


def test_lone_surrogates_become_storable() -> None:
    redact_json('{"text": "\\ud800"}')[0].encode("utf-8")


@pytest.mark.parametrize(
    "piece", ["1 ", "4111 ", "a@", "abandon ", "order ", "https://", "api key: aaaaaaaaaaaaaaaaa", "DE89 ", "8 ("]
)
def test_long_repetition_is_survived(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    assert redact(text).text


def test_json_takes_what_no_id_looks_like_from_any_string() -> None:
    payload = {
        "expanded_url": "https://a.example/?u=jane@mail.com",
        "link": f"https://etherscan.io/tx/0x{HEX}",
        "odd": "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
        "picture": f"https://cdn.example/7/a.png?ex=1&hm={HEX}",
        "contact": {"phone_number": "15551234567", "vcard": "BEGIN:VCARD", "user_id": 7},
    }
    raw, found = redact_json(json.dumps(payload))
    assert found == {"email", "transaction_id", "private_key", "phone"}
    assert json.loads(raw) == payload | {
        "expanded_url": "https://a.example/?u=[email]",
        "link": "https://etherscan.io/tx/[transaction_id]",
        "odd": "[private_key]",
        "contact": {"phone_number": "[phone]", "vcard": "[phone]", "user_id": 7},
    }
