"""Plain values for the pure core: a mention, an assessment and a policy, each with what a test changes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.deciding import Case, Standing
from domain.hearing import Mention
from domain.people import Account, AccountKind, Platform
from domain.phrases import Phrase
from domain.understanding import Article, Assessment, FaqMatch, Judgement, Signal
from triage.policy import PlatformBudget, Policy, Thresholds, TrendPolicy

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ARTICLE = Article(
    id="reset-password",
    intent="login_2fa",
    url="https://help.kestrel.example/reset-password",
    title={"en": "Reset your password", "ko": "비밀번호 재설정"},
    answer={"en": "Open Settings > Security and choose Reset.", "ko": "설정 > 보안에서 재설정을 누르세요."},
)


def phrase(text: str) -> Phrase:
    return Phrase(variants=(f"Hello! {text}",), short=(text,))


def policy(**changes: Any) -> Policy:
    budget = PlatformBudget(replies_per_day=100, spend_per_day_usd=1.0, reply_cost_usd=0.0, reply_with_link_cost_usd=0.2)
    phrases = {
        language: {
            "faq": Phrase(variants=("{answer} {url}",), short=("{title}: {url}",)),
            "acknowledge": phrase("Case {reference}."),
            "acknowledge_secret": phrase("Delete your post. Case {reference}."),
            "outage": phrase("We see it too. {reference}"),
        }
        for language in ("en", "ko")
    }
    values: dict[str, Any] = {
        "brand": "Kestrel",
        "thresholds": Thresholds(
            answer=0.9, propose=0.5, scam=0.9, suspect=0.6, alarm=0.1, ticket=0.5, chatter=0.7, language=0.6
        ),
        "trends": TrendPolicy(
            bin=timedelta(minutes=10),
            history=timedelta(days=1),
            quiet=timedelta(hours=2),
            least_count=10,
            prior_per_bin=2.0,
            dispersion=0.2,
            tail=0.001,
        ),
        "phrases": phrases,
        "articles": {ARTICLE.id: ARTICLE},
        "budgets": {"x": budget, "telegram": budget, "discord": budget},
        "allowed_hosts": frozenset({"help.kestrel.example"}),
        "author_cooldown": timedelta(minutes=2),
        "thread_cooldown": timedelta(minutes=5),
        "reply_within": timedelta(hours=6),
        "due": {"critical": timedelta(minutes=15), "high": timedelta(hours=1), "normal": timedelta(hours=8)},
        "silent_intents": frozenset({"praise", "off_topic", "feedback"}),
        "opt_out_words": frozenset({"stop", "그만"}),
    }
    return Policy(**(values | changes))


def author(platform: Platform = "telegram", **changes: Any) -> Account:
    values: dict[str, Any] = {"id": "42", "kind": AccountKind.PERSON, "username": "mina", "display_name": "Mina"}
    return Account(platform=platform, **(values | changes))


def mention(text: str = "how do I reset my password?", platform: Platform = "telegram", **changes: Any) -> Mention:
    values: dict[str, Any] = {
        "external_id": "-100:7",
        "channel_id": "-100",
        "channel_name": "Kestrel Community",
        "thread_id": "-100:0",
        "reply_to_id": None,
        "author": author(platform),
        "posted_at": NOON - timedelta(seconds=5),
        "addressed": True,
    }
    return Mention(platform=platform, text=text, **(values | changes))


def sure(label: str, confidence: float = 0.97) -> Judgement:
    return Judgement(label=label, probabilities={label: confidence, "": 1 - confidence})


def assessment(
    *,
    intent: str | Judgement = "login_2fa",
    urgency: str | Judgement = "normal",
    need: str | Judgement = "open_ticket",
    language: str | Judgement = "en",
    scam: float = 0.01,
    faq: Mapping[str, float] | None = None,
    signals: tuple[Signal, ...] = (),
    secrets: frozenset[str] = frozenset(),
) -> Assessment:
    threat = {"scam": scam, "none": 1 - scam}
    return Assessment(
        language=sure(language) if isinstance(language, str) else language,
        sentiment=sure("neutral"),
        urgency=sure(urgency) if isinstance(urgency, str) else urgency,
        intent=sure(intent) if isinstance(intent, str) else intent,
        threat=Judgement(label=max(threat, key=lambda label: threat[label]), probabilities=threat),
        scam_type=sure("fake_support"),
        need=sure(need) if isinstance(need, str) else need,
        faq=tuple(FaqMatch(article_id=article, probability=p) for article, p in (faq or {}).items()),
        signals=signals,
        secrets=secrets,
    )


def case(post: Mention | None = None, judged: Assessment | None = None, **changes: Any) -> Case:
    values: dict[str, Any] = {"standing": Standing(now=NOON), "reference": "KST-7F3K2QX"}
    return Case(mention=post or mention(), assessment=judged or assessment(), **(values | changes))


def signal(family: Any, log_odds: float = 2.0) -> Signal:
    return Signal(family=family, name=f"{family}-sign", log_odds=log_odds, evidence="what was seen")
