"""A reviewer's verdict as a decision."""

from dataclasses import replace
from typing import assert_never

from domain.deciding import Decision, Effect, FlagMention, OpenTicket, PostReply, Reason, Verdict
from domain.records import CaseFile, ReviewRecord
from triage.policy import Policy
from triage.wording import render


def review(item: ReviewRecord, verdict: Verdict, *, case: CaseFile, policy: Policy, reference: str) -> Decision:
    """Pure: what the verdict does. `reference` names a ticket that the verdict opens and the item did not propose."""
    return Decision(
        effects=_effects(item, verdict, case, policy, reference),
        reasons=(Reason(rule=f"review.{verdict.choice}", text=verdict.reason),),
    )


def _effects(item: ReviewRecord, verdict: Verdict, case: CaseFile, policy: Policy, reference: str) -> tuple[Effect, ...]:
    match verdict.choice:
        case "approve":
            return tuple(_approved(effect, verdict.text) for effect in item.proposed)
        case "ticket":
            return _ticket(item, verdict.text, case, policy, reference)
        case "scam":
            return (_flag(case),) if item.flag_id is None else ()
        case "ignore":
            return ()
        case _:
            assert_never(verdict.choice)


def _approved(effect: Effect, text: str | None) -> Effect:
    """A human read this very text: it counts as `custom`."""
    if isinstance(effect, PostReply):
        return replace(effect, purpose="custom", text=text or effect.text)
    return effect


def _ticket(item: ReviewRecord, text: str | None, case: CaseFile, policy: Policy, reference: str) -> tuple[Effect, ...]:
    proposed = next((effect for effect in item.proposed if isinstance(effect, OpenTicket)), None)
    ticket = proposed or OpenTicket(reference=reference, intent=item.intent, urgency=item.urgency, language=item.language)
    words = text or render(case.record.mention, item.language, "acknowledge", policy, reference=ticket.reference)
    if not words or not case.record.mention.addressed:
        return (ticket,)
    return (ticket, PostReply(purpose="custom", language=item.language, text=words))


def _flag(case: CaseFile) -> FlagMention:
    assessment = case.assessment
    scam_type = assessment.scam_type.label if assessment else "other"
    return FlagMention(confirmed=True, tier="likely", scam_type=scam_type, signals=assessment.signals if assessment else ())
