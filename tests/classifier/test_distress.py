"""Whose words give reason to fear for them, and whose do not."""

import pytest

from classifier.distress import sign_of_distress
from classifier.fleet import FleetClassifier
from domain.understanding import SELF_HARM, Question
from tests.triage.builders import mention

AT_RISK = [
    "I lost everything, I want to end my life",
    "I’m going to kill myself",
    "no reason to live anymore",
    "我不想活了，钱都没了",
    "全亏光了，觉得活着没意义",
    "죽고 싶어요 다 잃었어요",
    "더 살 이유가 없네요",
    "もう死にたい、全部失った",
    "もう生きる意味が分かりません",
    "не хочу жить, всё потерял",
    "больше не вижу смысла жить",
    "ya no quiero vivir, perdí todo",
    "ya no le veo sentido a vivir",
    "je veux en finir avec la vie",
    "je ne vois plus de raison de vivre",
    "em muốn chết quá, mất hết tiền rồi",
    "không còn lý do gì để sống nữa",
    "I left a goodbye note for my kids",
    "赔光了 安眠药我已经拿在手上了",
    "차에 번개탄 실었다",
    "死んだほうがいいですよね",
    "жить не хочу, на вашей совести",
    "ya escribí la carta de despedida",
    "j'ai écrit ma lettre d'adieu",
    "tui cầm chai thuốc rầy rồi",
]
UNHARMED = [
    "this fee is killing me",
    "my phone died and 2FA is gone",
    "the app is dead again",
    "pour en finir avec ce bug de retrait",
    "手机坏了，登录不了",
    "앱이 죽었어요",
    "アプリが死んだ",
    "биржа умерла?",
    "el retiro no llega, me muero de hambre esperando",
    "app chết rồi",
]


@pytest.mark.parametrize("text", AT_RISK)
def test_sees_danger(text: str) -> None:
    assert sign_of_distress(text) is not None


@pytest.mark.parametrize("text", UNHARMED)
def test_figures_of_speech_are_no_danger(text: str) -> None:
    assert sign_of_distress(text) is None


@pytest.mark.parametrize("text", AT_RISK)
def test_danger_is_critical_whatever_the_model_thinks(classifier: FleetClassifier, text: str) -> None:
    (judged,) = classifier.assess([Question(mention=mention(text))])
    assert judged.urgency.label == "critical"
    assert SELF_HARM in {signal.name for signal in judged.signals}
