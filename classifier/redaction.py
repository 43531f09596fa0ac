"""Personal data and secrets out of texts before anything is stored or logged.

Kinds: email, phone, card, iban, order_id, transaction_id, seed_phrase, private_key, api_key. What is found becomes `[kind]`.
Links, handles, wallet addresses, amounts, prices and dates stay. Time is linear in the length of the text.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import cast

from classifier.secrets import LONGEST_CARD, SHORTEST_GROUP, is_card, is_iban, is_wif, seed_phrases
from classifier.text import INVISIBLE
from domain.understanding import Redacted

_Finder = Callable[[str], Iterator[tuple[int, int, str]]]
"""Yields (start, end, kind) from left to right, never overlapping."""

_ORDER_WORDS = (
    "order|trade|withdrawal|deposit|transaction|txn|payment|reference"
    "|订单|交易|提现|充值|流水|주문|거래|출금|입금|注文|取引|出金|入金|"
    "заказ|ордер|сделк[аи]|транзакци[яи]|вывод|pedido|orden|transacción|retiro|commande|ordre|transaction|retrait"
    "|đơn hàng|mã đơn|lệnh|giao dịch"
)
_ID_WORDS = "id|no|number|num|nr|编号|单号|号|번호|番号|номер|número|numero|numéro|mã|số"
_KEY_WORDS = re.compile(
    r"private\s?key|secret\s?key|privkey|私钥|密钥|개인\s?키|秘密鍵|приватн\w{0,4}\sключ|закрыт\w{0,4}\sключ|clave\sprivada"
    r"|clé\sprivée|khóa\s(?:riêng|bí mật)",
    re.IGNORECASE,
)
_TRANSACTION_WORDS = re.compile(
    r"\btx|transaction|hash|/tx|explorer|scan|哈希|交易|转账|해시|트랜잭션|ハッシュ|取引|транзакц|хеш|хэш|transacci|giao dịch",
    re.IGNORECASE,
)

_KEEP = r"(?P<keep>https?://\S{1,2048}|<[@#:&!\w]{1,80}:?\d{15,20}>|0x[0-9a-fA-F]{40}(?![0-9a-fA-F])|(?<!\w)@\w{1,64})"
_DIGIT_END = r"(?![\d]|[.,]\d)"

_EMAIL = re.compile(
    r"(?<![A-Za-zа-яё0-9._%+-])[A-Za-zа-яё0-9._%+-]{1,64}(?:@|＠"
    r"|\s?[\[(]at[\])]\s?)(?:[A-Za-zа-яё0-9-]{1,63}\.){1,8}(?:[A-Za-z]{2,24}|рф)(?![A-Za-z0-9-])",
    re.IGNORECASE,
)
_WIF = re.compile(r"(?<![A-Za-z0-9])[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}(?![A-Za-z0-9])")
_EXTENDED_KEY = re.compile(r"(?<![A-Za-z0-9])[xyzt]prv[1-9A-HJ-NP-Za-km-z]{100,112}(?![A-Za-z0-9])")
_LONG_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x)?[0-9a-fA-F]{64}(?![0-9A-Za-z])")
_LONG_BASE58 = re.compile(r"(?<![A-Za-z0-9])[1-9A-HJ-NP-Za-km-z]{86,88}(?![A-Za-z0-9])")
_API_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{20,200}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,200}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,200}|AIza[\w-]{35}"
    r"|eyJ[\w-]{10,2000}\.[\w-]{10,4000}\.[\w-]{10,2000}|\d{8,10}:[A-Za-z0-9_-]{35}"
    r"|[MNO][A-Za-z\d_-]{23,25}\.[\w-]{6}\.[\w-]{27,38})(?![A-Za-z0-9])"
)
_NAMED_KEY = re.compile(
    r"(?P<name>(?:api|secret|access|密钥|시크릿|シークレット|секрет\w{0,3})[\s_-]{0,3}(?:key|secret|token|ключ|키"
    r"|キー)?[\s_-]{0,3}(?:is|は|=|:|：)\s{0,3}[\"'`]?)"
    r"(?P<value>(?=[A-Za-z_+/=-]{0,80}\d)(?=[\d_+/=-]{0,80}[A-Za-z])[\w+/=-]{16,200})",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
_ORDER = re.compile(
    rf"(?P<name>(?<![A-Za-z])(?:{_ORDER_WORDS})[\s_]?(?P<mark>(?:(?:{_ID_WORDS})(?![A-Za-z]))?\s?(?:n[°º.])?\s?[:：#№=]{{0,2}}"
    rf"|is|は)\s?)"
    r"(?P<value>(?=[A-Za-z-]{0,20}\d)[A-Za-z0-9-]{5,40})(?![\w]|[.,]\d)",
    re.IGNORECASE,
)
_DIGITS = re.compile(rf"{_KEEP}|(?<![\d.,])\d(?:[ .\u00a0\u2010-\u2013-]?\d){{11,60}}{_DIGIT_END}")
_PHONE_WORDS = (
    r"phone|tel|call|mobile|whatsapp|电话|手机|手机号|전화|휴대폰|電話|携帯|телефон|тел|тел\.|звоните|teléfono|celular"
)
r"|téléphone|portable|điện thoại|sđt|zalo"
_PHONE = re.compile(
    rf"{_KEEP}"
    rf"|(?<![\w+])\+\d(?:[ .()-]{{0,2}}\d){{8,14}}{_DIGIT_END}"
    rf"|(?<![\d.,+-])(?:1[3-9]\d{{9}}|01[016789]-?\d{{3,4}}-?\d{{4}}|0[789]0-?\d{{4}}-?\d{{4}}"
    rf"|8[ -]?\(?9\d{{2}}\)?[ -]?\d{{3}}[ -]?\d{{2}}[ -]?\d{{2}}"
    rf"|00[1-9](?:[ .()-]{{0,2}}\d){{8,13}}|0[35789]\d(?:\d[ .]?\d{{3}}[ .]?\d{{3}})|\(0\d{{1,3}}\)[ -]?\d{{3,4}}-\d{{4}}"
    rf"|0[1-9](?:[ .]\d{{2}}){{4}}|\(\d{{3}}\) ?\d{{3}}-\d{{4}}|\d{{3}}-\d{{3}}-\d{{4}}){_DIGIT_END}"
    rf"|(?P<name>(?<![A-Za-z])(?:{_PHONE_WORDS})[ :：#.nN°№o]{{0,4}})(?P<value>\(?\d(?:[ .()-]{{0,2}}\d){{6,14}}){_DIGIT_END}",
    re.IGNORECASE,
)

_TEXT_KEYS = (
    " text caption content description full_text title name first_name last_name display_name global_name nick bio "
    "topic custom_title label question value note about alt_text message quote filename file_name tag "
)
_PRIVATE_KEYS = {"phone_number": "phone", "vcard": "phone", "email": "email"}
"""Keys of a shared contact or an order form, and the kind of what stands there, however it is written."""


def redact(text: str) -> Redacted:
    """Idempotent: redacting the result again changes nothing. Invisible characters stay, unless they hide something."""
    found: set[str] = set()
    bare = INVISIBLE.sub("", text)
    clean = _redact_with(_FINDERS, bare, found)
    return Redacted(text=clean if found or bare == text else text, found=frozenset(found))


def _redact_with(finders: Sequence[_Finder], text: str, found: set[str]) -> str:
    while True:
        before = text
        for finder in finders:
            text = _replace(text, finder, found)
        if text == before:
            return text


def redact_json(raw: str) -> tuple[str, frozenset[str]]:
    """A platform's payload with its human texts redacted, and the kinds found.

    A string is human text when its key says so (`text`, `caption`, `name`, ...) or when it holds white space: ids, links and
    times have none, so the structure stays. Of those only what no id looks like is taken: addresses, keys, a transaction's
    hash. A payload that is not JSON is redacted as one text.
    """
    try:
        payload: object = json.loads(raw)
        found: set[str] = set()
        clean = json.dumps(_redact_value(payload, found, human=False), ensure_ascii=False)
    except (ValueError, RecursionError):
        redacted = redact(raw)
        return redacted.text, redacted.found
    return clean.encode("utf-8", "replace").decode("utf-8"), frozenset(found)


def _redact_value(value: object, found: set[str], *, human: bool) -> object:
    if isinstance(value, str):
        finders = _FINDERS if human or re.search(r"\s", value) else _UNMISTAKABLE
        return _redact_with(finders, value, found)
    if isinstance(value, list):
        return [_redact_value(item, found, human=human) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _redact_item(key, item, found) for key, item in cast("dict[str, object]", value).items()}
    return value


def _redact_item(key: str, item: object, found: set[str]) -> object:
    kind = _PRIVATE_KEYS.get(key)
    if kind is not None and isinstance(item, str):
        found.add(kind)
        return f"[{kind}]"
    return _redact_value(item, found, human=f" {key} " in _TEXT_KEYS)


def _replace(text: str, finder: _Finder, found: set[str]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, kind in finder(text):
        found.add(kind)
        pieces += (text[done:start], f"[{kind}]")
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _matches(text: str, pattern: re.Pattern[str], kind: str) -> Iterator[tuple[int, int, str]]:
    """Every match; of a pattern with a `value` group only that group, and nothing of what its `keep` group protects."""
    for match in pattern.finditer(text):
        groups = match.groupdict()
        if groups.get("keep") is None:
            start, end = match.span("value") if groups.get("value") is not None else match.span()
            yield start, end, kind


def _wifs(text: str) -> Iterator[tuple[int, int, str]]:
    return ((start, end, kind) for start, end, kind in _matches(text, _WIF, "private_key") if is_wif(text[start:end]))


def _long_tokens(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
    """64 hex digits are a private key or a transaction's hash: the words before decide, and a bare one counts as a key."""
    for match in pattern.finditer(text):
        before = text[max(0, match.start() - 60) : match.start()]
        is_transaction = match[0].startswith("0x") or _TRANSACTION_WORDS.search(before) is not None
        is_key = _KEY_WORDS.search(before) is not None or not is_transaction
        yield match.start(), match.end(), "private_key" if is_key else "transaction_id"


def _transactions(text: str) -> Iterator[tuple[int, int, str]]:
    """In links: a bare 64 hex digits there are the signature of a picture's address, which is of use and no secret."""
    return (found for found in _long_tokens(text, _LONG_HEX) if found[2] == "transaction_id")


def _ibans(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _IBAN.finditer(text):
        length = is_iban(match[0])
        if length:
            yield match.start(), match.start() + length, "iban"


def _orders(text: str) -> Iterator[tuple[int, int, str]]:
    """An id after its word. Without a mark such as `:` or `#` only what is too long for an amount counts."""
    for match in _ORDER.finditer(text):
        value = match["value"]
        digits = sum(character.isdigit() for character in value)
        if digits >= (4 if match["mark"].strip() else 9) or (
            digits >= 3 and any(character.isalpha() for character in value) and len(value) >= 8
        ):
            kind = (
                "transaction_id"
                if re.match(r"tx|trans|транз|giao|交易|取引|거래", match["name"], re.IGNORECASE)
                else "order_id"
            )
            yield match.start("value"), match.end("value"), kind


def _cards(text: str) -> Iterator[tuple[int, int, str]]:
    """Groups of digits in a row are tried as cards from every group on, so that a card beside another number is seen."""
    for match in _DIGITS.finditer(text):
        if match["keep"] is not None:
            continue
        groups = [(match.start() + group.start(), match.start() + group.end()) for group in re.finditer(r"\d+", match[0])]
        place = 0
        while place < len(groups):
            last = _card_end(text, groups, place)
            if last is None:
                place += 1
            else:
                yield groups[place][0], groups[last][1], "card"
                place = last + 1


def _card_end(text: str, groups: list[tuple[int, int]], place: int) -> int | None:
    """The last of the groups from `place` on that together are the longest card number, if any."""
    number, best = "", None
    for last in range(place, len(groups)):
        start, end = groups[last]
        number += "".join(str(int(digit)) for digit in text[start:end])
        if len(number) > LONGEST_CARD:
            break
        if is_card(number):
            best = last
        if end - start < SHORTEST_GROUP:
            break
    return best


_ADDRESSES: _Finder = partial(_matches, pattern=_EMAIL, kind="email")
_KEYS: tuple[_Finder, ...] = (
    _wifs,
    partial(_matches, pattern=_EXTENDED_KEY, kind="private_key"),
    partial(_matches, pattern=_API_KEY, kind="api_key"),
)
_UNMISTAKABLE: tuple[_Finder, ...] = (_ADDRESSES, *_KEYS, _transactions)
_FINDERS: tuple[_Finder, ...] = (
    seed_phrases,
    _ADDRESSES,
    *_KEYS,
    partial(_long_tokens, pattern=_LONG_HEX),
    partial(_long_tokens, pattern=_LONG_BASE58),
    partial(_matches, pattern=_NAMED_KEY, kind="api_key"),
    _ibans,
    _cards,
    _orders,
    partial(_matches, pattern=_PHONE, kind="phone"),
)
