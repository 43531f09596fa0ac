from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.deciding import AskReview, Decision, FlagMention, JoinTicket, OpenTicket, OptOut, PostReply, Standing
from domain.people import AccountKind, Identity
from domain.understanding import SELF_HARM, Assessment, Judgement, Signal
from tests.triage.builders import NOON, assessment, author, case, mention, policy, signal, sure
from triage.decide import decide

ANSWERED = {"reset-password": 0.95}
PERHAPS = Judgement(label="normal", probabilities={"normal": 0.8, "critical": 0.15, "high": 0.05})
"""Likeliest normal, and too likely critical to be left."""


def kinds(decision: Decision) -> list[type]:
    return [type(effect) for effect in decision.effects]


@pytest.mark.parametrize(
    ("name", "facts", "expected"),
    [
        ("an article answers it", {"judged": assessment(faq=ANSWERED)}, [PostReply]),
        ("the article perhaps answers it", {"judged": assessment(faq={"reset-password": 0.7})}, [AskReview]),
        ("a stuck withdrawal", {"judged": assessment(intent="withdrawal", urgency="high")}, [OpenTicket, PostReply]),
        ("urgent, though an article fits", {"judged": assessment(faq=ANSWERED, urgency="critical")}, [OpenTicket, PostReply]),
        ("unsure whether a ticket is needed", {"judged": assessment(need=sure("open_ticket", 0.3))}, [AskReview]),
        ("praise", {"judged": assessment(intent="praise", urgency="low", need="none")}, []),
        ("perhaps chatter", {"judged": assessment(intent="off_topic", need=sure("none", 0.6))}, [AskReview]),
        ("urgent chatter may be a cry for help", {"judged": assessment(need="none", urgency="critical")}, [AskReview]),
        (
            "perhaps critical, though an article fits",
            {"judged": assessment(faq=ANSWERED, urgency=PERHAPS)},
            [OpenTicket, PostReply],
        ),
        ("chatter that may be critical", {"judged": assessment(need="none", urgency=PERHAPS)}, [AskReview]),
        ("locked out, and an article tells how to get in", {"judged": assessment(faq=ANSWERED, urgency="high")}, [PostReply]),
        (
            "doubtful chatter that nobody addressed to us",
            {"post": mention(addressed=False), "judged": assessment(need=sure("none", 0.4))},
            [],
        ),
        ("a question that no article answers", {"judged": assessment(need="reply_faq")}, [AskReview]),
        ("a certain scam", {"judged": assessment(scam=0.97, faq=ANSWERED)}, [FlagMention]),
        ("perhaps a scam", {"judged": assessment(scam=0.7, faq=ANSWERED)}, [AskReview]),
        ("a seed phrase in the open", {"judged": assessment(secrets=frozenset({"seed_phrase"}))}, [OpenTicket, PostReply]),
        ("stop", {"post": mention("@KestrelHelpBot STOP!")}, [OptOut]),
        ("stop in Korean", {"post": mention("그만")}, [OptOut]),
        ("a bot asks", {"post": mention(author=author(kind=AccountKind.BOT)), "judged": assessment(faq=ANSWERED)}, []),
        ("we ourselves", {"post": mention(author=author(kind=AccountKind.OURSELVES))}, []),
        ("already has an open ticket", {"judged": assessment(intent="withdrawal"), "open_ticket": "KST-AAAAAAA"}, [JoinTicket]),
        (
            "nobody asked us, an article fits",
            {"post": mention(addressed=False), "judged": assessment(faq=ANSWERED)},
            [AskReview],
        ),
        ("nobody asked us, nothing fits", {"post": mention(addressed=False), "judged": assessment(need="reply_faq")}, []),
        ("a language without phrases", {"judged": assessment(intent="withdrawal", language="xx")}, [OpenTicket]),
    ],
)
def test_effects(name: str, facts: dict[str, Any], expected: list[type]) -> None:
    decision = decide(case(**facts), policy())
    assert kinds(decision) == expected
    assert decision.reasons


def test_a_language_and_platform_may_have_thresholds_of_their_own() -> None:
    strict = replace(policy().thresholds, answer=0.99)
    own = policy(own_thresholds={("ko", "telegram"): strict})
    assert kinds(decide(case(judged=assessment(faq=ANSWERED, language="ko")), own)) == [AskReview]
    assert kinds(decide(case(judged=assessment(faq=ANSWERED, language="en")), own)) == [PostReply]


def test_the_reply_is_in_the_authors_language_with_the_articles_link() -> None:
    decision = decide(case(judged=assessment(faq=ANSWERED, language="ko")), policy())
    (reply,) = decision.effects
    assert isinstance(reply, PostReply)
    assert (reply.language, reply.article_id) == ("ko", "reset-password")
    assert reply.text == "설정 > 보안에서 재설정을 누르세요. https://help.kestrel.example/reset-password"


def test_on_x_the_short_text_names_the_author() -> None:
    post = mention(platform="x", external_id="1", author=author("x"))
    (reply,) = decide(case(post, assessment(faq=ANSWERED)), policy()).effects
    assert isinstance(reply, PostReply)
    assert reply.text == "@mina Reset your password: https://help.kestrel.example/reset-password"


def test_an_unsure_language_is_not_answered_by_itself() -> None:
    judged = assessment(faq=ANSWERED, language=sure("en", 0.4))
    assert kinds(decide(case(judged=judged), policy())) == [AskReview]


def test_an_official_account_is_left_alone_whatever_it_says() -> None:
    staff = Identity(platform="telegram", id="42", username="ana", display_name="Ana", role="staff")
    judged = assessment(scam=0.99, signals=(signal("identity"), signal("conduct")))
    assert decide(case(judged=judged, official=staff), policy()).effects == ()


@pytest.mark.parametrize(
    ("families", "scam", "tier"),
    [
        (("identity",), 0.0, "watch"),
        (("campaign",), 0.0, "watch"),
        (("identity", "context"), 0.0, "review"),
        (("conduct",), 0.95, "review"),
        ((), 0.95, "review"),
        (("identity", "conduct"), 0.0, "likely"),
        (("identity", "infrastructure"), 0.0, "likely"),
        (("identity",), 0.95, "likely"),
    ],
)
def test_tiers(families: tuple[str, ...], scam: float, tier: str) -> None:
    judged = assessment(scam=scam, signals=tuple(signal(family) for family in families), need="none")
    (flag,) = decide(case(judged=judged), policy()).effects
    assert isinstance(flag, FlagMention)
    assert flag.tier == tier


def test_asking_for_a_seed_phrase_is_flagged_whatever_the_name() -> None:
    judged = assessment(signals=(signal("conduct", 4.0),), faq=ANSWERED)
    assert kinds(decide(case(judged=judged), policy())) == [FlagMention]


@pytest.mark.parametrize("families", [(), ("conduct",), ("context",)])
def test_without_identity_or_a_scam_nobody_is_flagged(families: tuple[str, ...]) -> None:
    judged = assessment(signals=tuple(signal(family) for family in families), need="none")
    assert decide(case(judged=judged), policy()).effects == ()


def test_a_watched_fan_is_still_answered() -> None:
    judged = assessment(faq=ANSWERED, signals=(signal("identity"),))
    assert kinds(decide(case(judged=judged), policy())) == [FlagMention, PostReply]


def test_a_cleared_author_is_not_flagged_again() -> None:
    judged = assessment(scam=0.97, faq=ANSWERED)
    cleared = Standing(now=NOON, author_cleared=True, author_flagged=True)
    assert kinds(decide(case(judged=judged, standing=cleared), policy())) == [PostReply]


def test_a_cooling_author_goes_to_a_human_with_the_reply_proposed() -> None:
    standing = Standing(now=NOON, last_reply_to_author_at=NOON - timedelta(seconds=30))
    decision = decide(case(judged=assessment(faq=ANSWERED), standing=standing), policy())
    (review,) = decision.effects
    assert isinstance(review, AskReview)
    assert [type(effect) for effect in review.proposed] == [PostReply]
    assert decision.reasons[-1].rule == "governor.author_cooldown"


def test_a_ticket_stands_even_where_its_acknowledgement_may_not_go_out() -> None:
    decision = decide(
        case(judged=assessment(intent="withdrawal"), standing=Standing(now=NOON, author_opted_out=True)), policy()
    )
    assert kinds(decision) == [OpenTicket]


def test_behind_a_kill_switch_the_reply_waits_as_an_action() -> None:
    decision = decide(case(judged=assessment(faq=ANSWERED), standing=Standing(now=NOON, killed=True)), policy())
    assert kinds(decision) == [PostReply]


def in_danger(**judged: Any) -> Assessment:
    sign = Signal(family="context", name=SELF_HARM, log_odds=0.0, evidence="what was said")
    return assessment(signals=(sign,), urgency="critical", **judged)


@pytest.mark.parametrize("addressed", [True, False])
@pytest.mark.parametrize("judged", [in_danger(intent="off_topic"), in_danger(faq=ANSWERED), in_danger(scam=0.99)])
def test_who_may_harm_themselves_is_answered_by_a_human(judged: Assessment, addressed: bool) -> None:
    (ask,) = decide(case(mention(addressed=addressed), judged), policy()).effects
    assert isinstance(ask, AskReview)
    assert ask.risk == 1.0
    assert [type(effect) for effect in ask.proposed] == [OpenTicket]


LOOK_ALIKE = (signal("identity", 3.0),)


@pytest.mark.parametrize(
    "judged",
    [
        assessment(faq=ANSWERED, signals=LOOK_ALIKE),
        assessment(intent="withdrawal", signals=LOOK_ALIKE),
        assessment(secrets=frozenset({"seed_phrase"}), signals=LOOK_ALIKE),
    ],
)
def test_a_look_alike_of_staff_gets_no_reply_by_itself(judged: Assessment) -> None:
    assert kinds(decide(case(judged=judged), policy())) == [FlagMention, AskReview]


def test_a_look_alike_found_harmless_is_answered() -> None:
    cleared = Standing(now=NOON, author_cleared=True)
    judged = assessment(faq=ANSWERED, signals=LOOK_ALIKE)
    assert kinds(decide(case(judged=judged, standing=cleared), policy())) == [PostReply]


def test_what_may_be_critical_is_high() -> None:
    (ticket, _) = decide(case(judged=assessment(urgency=PERHAPS)), policy()).effects
    assert isinstance(ticket, OpenTicket)
    assert ticket.urgency == "high"
