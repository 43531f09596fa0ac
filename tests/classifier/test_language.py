"""Short posts, mixed scripts, no letters."""

import pytest

from classifier.language import identify
from domain.understanding import LANGUAGES

SHORT = [
    ("where is my money", "en"),
    ("kyc?? how long", "en"),
    ("¿cuánto tarda el retiro?", "es"),
    ("no me llega el sms", "es"),
    ("mon retrait est bloqué", "fr"),
    ("c'est en panne ?", "fr"),
    ("rút tiền bao lâu", "vi"),
    ("nap tien roi ma chua vao", "vi"),
    ("提现多久到账", "zh"),
    ("换手机了怎么重置2FA", "zh"),
    ("出金できません", "ja"),
    ("USDTがまだ届かない", "ja"),
    ("ㅋㅋㅋ", "ko"),
    ("Kestrel 출금 안됨", "ko"),
    ("где деньги", "ru"),
    ("Как подключить Google Authenticator", "ru"),
]


@pytest.mark.parametrize(("text", "language"), SHORT)
def test_names_the_language(text: str, language: str) -> None:
    assert identify(text).label == language


@pytest.mark.parametrize("text", ["", "🚀🚀🚀", "12345", "@user https://t.me/abc"])
def test_without_letters_no_language_is_sure(text: str) -> None:
    assert identify(text).confidence == pytest.approx(1 / len(LANGUAGES))


@pytest.mark.parametrize("text", ["hello", "привет", "こんにちは hello", ""])
def test_probabilities_sum_to_one(text: str) -> None:
    assert sum(identify(text).probabilities.values()) == pytest.approx(1.0)
