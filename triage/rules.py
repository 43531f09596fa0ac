"""The rules, each a small function: what it would do with a case, and why."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from domain.deciding import AskReview, Case, Effect, FlagMention, JoinTicket, OpenTicket, OptOut, PostReply, Reason, Tier
from domain.people import AccountKind
from domain.understanding import SELF_HARM
from triage.policy import Policy, Thresholds
from triage.wording import render, render_answer

_HANDLE_OR_MARK = re.compile(r"@\w+|[^\w\s]")
_UNHURRIED = frozenset({"normal", "low"})
_DANGEROUS_SECRETS = frozenset({"seed_phrase", "private_key"})

STRONG_CONDUCT = 3.5
"""Log-odds of what an account does, from which it is flagged whatever its name: a seed phrase asked for, a deposit doubled."""

POSES_AS_US = 3.0
"""Log-odds of a name from which it passes for the brand or its staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found. A `final` finding ends the case; otherwise later rules add to it."""

    reasons: tuple[Reason, ...]
    effects: tuple[Effect, ...] = ()
    final: bool = True


Rule = Callable[[Case, Policy], Finding | None]


def _thresholds(case: Case, policy: Policy) -> Thresholds:
    return policy.thresholds_for(case.assessment.language.label, case.mention.platform)


def _alarming(case: Case, policy: Policy) -> bool:
    """Critical, or not surely enough something else: missing somebody in danger costs more than a needless look."""
    urgency = case.assessment.urgency
    return urgency.label == "critical" or urgency.probabilities.get("critical", 0.0) >= _thresholds(case, policy).alarm


def _needs(case: Case, need: str) -> float:
    """How likely a careful support lead would do this."""
    return case.assessment.need.probabilities.get(need, 0.0)


def _found(rule: str, why: str, *effects: Effect, final: bool = True) -> Finding:
    return Finding(reasons=(Reason(rule=rule, text=why),), effects=effects, final=final)


def leave_deleted(case: Case, _policy: Policy) -> Finding | None:
    return _found("leave_deleted", "the post was deleted before it was decided on") if case.standing.deleted else None


def leave_our_own(case: Case, _policy: Policy) -> Finding | None:
    """Official accounts, bots, webhooks and ourselves are heard and left alone; a scam through a webhook is still a scam."""
    if case.official is not None:
        return _found("leave_our_own", f"{case.official.display_name} is official ({case.official.role})")
    kind = case.mention.author.kind
    if kind == AccountKind.OURSELVES:
        return _found("leave_our_own", "our own post")
    return None


def protect_person(case: Case, _policy: Policy) -> Finding | None:
    """Somebody may be in danger: a human speaks, at once, and no machine does; whether or not they asked us."""
    in_danger = any(signal.name == SELF_HARM for signal in case.assessment.signals)
    if not in_danger or case.mention.author.kind != AccountKind.PERSON:
        return None
    ask = AskReview(kind="ticket", risk=1.0, proposed=(_new_ticket(case, "critical"),))
    return _found("protect_person", "the author may harm themselves: a human answers", ask)


def honour_opt_out(case: Case, policy: Policy) -> Finding | None:
    """The whole post, handles and marks aside, is a word such as "stop"."""
    bare = " ".join(_HANDLE_OR_MARK.sub(" ", case.mention.text).casefold().split())
    if case.mention.addressed and bare in policy.opt_out_words:
        return _found("honour_opt_out", "the author asks us to stop", OptOut())
    return None


def tier_of(case: Case, policy: Policy) -> Tier | None:
    """Families of evidence combined. Identity alone is only watched; conduct alone must be strong."""
    signals = [signal for signal in case.assessment.signals if signal.log_odds > 0]
    families = {signal.family for signal in signals}
    conduct = max((signal.log_odds for signal in signals if signal.family == "conduct"), default=0.0)
    scam = case.assessment.threat.probabilities.get("scam", 0.0) >= _thresholds(case, policy).scam
    if "identity" in families and (scam or families & {"conduct", "infrastructure"}):
        return "likely"
    if scam or conduct >= STRONG_CONDUCT or ("identity" in families and len(families) > 1):
        return "review"
    return "watch" if families & {"identity", "campaign"} else None


def flag_scam(case: Case, policy: Policy) -> Finding | None:
    """A scam post, or an account that pretends to be the brand: evidence for a manager, nothing in public."""
    if case.standing.author_cleared:
        return None
    tier = tier_of(case, policy)
    if tier is None:
        return None
    threat, scam_type = case.assessment.threat, case.assessment.scam_type.label
    families = sorted({signal.family for signal in case.assessment.signals})
    why = f"scam probability {threat.probabilities.get('scam', 0.0):.2f}, signals: {', '.join(families) or 'none'}: tier {tier}"
    flag = FlagMention(tier=tier, scam_type=scam_type, signals=case.assessment.signals)
    return _found("flag_scam", why, flag, final=tier != "watch")


def leave_machines(case: Case, _policy: Policy) -> Finding | None:
    kind = case.mention.author.kind
    return None if kind == AccountKind.PERSON else _found("leave_machines", f"the author is a {kind}, not a person")


def suspect(case: Case, policy: Policy) -> Finding | None:
    """Too likely a scam to answer, too doubtful to flag: a human looks."""
    scam = case.assessment.threat.probabilities.get("scam", 0.0)
    if scam < _thresholds(case, policy).suspect or case.standing.author_cleared:
        return None
    return _found("suspect", f"scam probability {scam:.2f}: a human decides", AskReview(kind="unsure", risk=scam, proposed=()))


def protect_secret(case: Case, policy: Policy) -> Finding | None:
    """A seed phrase or key lies in the open: warn without repeating it, and open a critical ticket."""
    leaked = sorted(case.assessment.secrets & _DANGEROUS_SECRETS)
    if not leaked:
        return None
    return _ticket(
        case, policy, "protect_secret", f"a secret was posted ({', '.join(leaked)})", "acknowledge_secret", "critical"
    )


def answer_question(case: Case, policy: Policy) -> Finding | None:
    """An article answers it and nobody is in danger: reply with its link, by itself only when sure and asked."""
    best = case.assessment.faq[0] if case.assessment.faq else None
    thresholds = _thresholds(case, policy)
    if best is None or _alarming(case, policy) or best.probability < thresholds.propose:
        return None
    language = case.assessment.language.label
    text = render_answer(case.mention, language, best.article_id, policy)
    if text is None:
        return None
    reply = PostReply(purpose="faq", language=language, text=text, article_id=best.article_id)
    why = f"article {best.article_id} answers it with probability {best.probability:.2f}"
    sure = best.probability >= thresholds.answer and _language_is_sure(case, policy)
    if sure and case.mention.addressed and not _passes_for_us(case):
        return _found("answer_question", why, reply)
    return _found("answer_question", f"{why}: a human decides", AskReview(kind="reply", risk=0.3, proposed=(reply,)))


def open_ticket(case: Case, policy: Policy) -> Finding | None:
    """Account-specific or urgent: a ticket and an acknowledgement that asks for nothing private."""
    intent, urgency = case.assessment.intent, case.assessment.urgency
    if case.assessment.need.label != "open_ticket" and not _alarming(case, policy):
        return None
    purpose = "outage" if intent.label == "outage" else "acknowledge"
    why = (
        f"a ticket is needed ({_needs(case, 'open_ticket'):.2f}): {intent.label} ({intent.confidence:.2f}), "
        f"urgency {urgency.label} ({urgency.confidence:.2f}), critical {urgency.probabilities.get('critical', 0.0):.2f}"
    )
    raised = urgency.label in _UNHURRIED and _alarming(case, policy)
    return _ticket(case, policy, "open_ticket", why, purpose, "high" if raised else urgency.label)


def leave_chatter(case: Case, policy: Policy) -> Finding | None:
    """Praise, complaints without a case, chatter. Doubtful words of somebody who asked us are not passed over."""
    sure = _needs(case, "none") >= _thresholds(case, policy).chatter
    if case.assessment.need.label != "none" or (case.mention.addressed and not sure):
        return None
    why = f"{case.assessment.intent.label}: nothing to solve ({_needs(case, 'none'):.2f})"
    return _found("leave_chatter", why)


def ask_when_in_doubt(case: Case, _policy: Policy) -> Finding | None:
    """Somebody asked us and no rule is sure: a human decides."""
    if not case.mention.addressed:
        return _found("ask_when_in_doubt", "nobody asked us")
    ticket = _new_ticket(case, case.assessment.urgency.label)
    why = f"{case.assessment.intent.label} ({case.assessment.intent.confidence:.2f}) and no article answers it"
    return _found("ask_when_in_doubt", why, AskReview(kind="unsure", risk=0.2, proposed=(ticket,)))


def _ticket(case: Case, policy: Policy, rule: str, why: str, purpose: str, urgency: str) -> Finding:
    if case.open_ticket is not None:
        return _found(rule, f"{why}: joins the author's open ticket", JoinTicket(reference=case.open_ticket))
    ticket = _new_ticket(case, urgency)
    reply = acknowledgement(case, policy, purpose)
    proposed = (ticket, reply) if reply else (ticket,)
    if _doubtful(case, policy, purpose):
        risk = 0.9 if urgency == "critical" else 0.6
        return _found(rule, f"{why}: a human decides", AskReview(kind="ticket", risk=risk, proposed=proposed))
    return _found(rule, why, *proposed)


def _doubtful(case: Case, policy: Policy, purpose: str) -> bool:
    """A leaked secret is a fact, not a judgement. Otherwise ask about who did not ask us, or whose need is unsure."""
    if _passes_for_us(case):
        return True
    if purpose == "acknowledge_secret":
        return False
    return not case.mention.addressed or _needs(case, "open_ticket") < _thresholds(case, policy).ticket


def _passes_for_us(case: Case) -> bool:
    """Bears our name or a member of staff's, and no human has found that harmless: our reply would lend them credit."""
    posing = any(signal.family == "identity" and signal.log_odds >= POSES_AS_US for signal in case.assessment.signals)
    return posing and not case.standing.author_cleared


def acknowledgement(case: Case, policy: Policy, purpose: str) -> PostReply | None:
    """None where the language is unsure or has no phrase: the ticket stands without a public word."""
    language = case.assessment.language.label
    if not _language_is_sure(case, policy):
        return None
    text = render(case.mention, language, purpose, policy, reference=case.reference)
    return PostReply(purpose="acknowledge", language=language, text=text) if text else None


def _language_is_sure(case: Case, policy: Policy) -> bool:
    return case.assessment.language.confidence >= _thresholds(case, policy).language


def _new_ticket(case: Case, urgency: str) -> OpenTicket:
    assessment = case.assessment
    return OpenTicket(
        reference=case.reference, intent=assessment.intent.label, urgency=urgency, language=assessment.language.label
    )


RULES: tuple[Rule, ...] = (
    leave_deleted,
    leave_our_own,
    protect_person,
    flag_scam,
    leave_machines,
    honour_opt_out,
    protect_secret,
    suspect,
    answer_question,
    open_ticket,
    leave_chatter,
    ask_when_in_doubt,
)
"""Asked in this order until one is final."""
