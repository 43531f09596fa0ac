"""From a case to a decision: the rules in order, then the governor over every public reply."""

from domain.deciding import AskReview, Case, Decision, Effect, PostReply, Reason
from triage.governor import Plea, Refusal, govern
from triage.policy import Policy
from triage.rules import RULES


def decide(case: Case, policy: Policy) -> Decision:
    """Pure: the same case and policy always give the same decision."""
    effects: list[Effect] = []
    reasons: list[Reason] = []
    for rule in RULES:
        finding = rule(case, policy)
        if finding is None:
            continue
        effects.extend(finding.effects)
        reasons.extend(finding.reasons)
        if finding.final:
            break
    return _governed(case, policy, effects, reasons)


def _governed(case: Case, policy: Policy, effects: list[Effect], reasons: list[Reason]) -> Decision:
    kept: list[Effect] = []
    for effect in effects:
        refusal = _refusal(case, policy, effect)
        if refusal is None or refusal.then == "wait":
            kept.append(effect)
            continue
        reasons.append(refusal.reason)
        if refusal.then == "human" and isinstance(effect, PostReply):
            kept.append(AskReview(kind="reply", risk=0.3, proposed=(effect,)))
    return Decision(effects=tuple(kept), reasons=tuple(reasons))


def _refusal(case: Case, policy: Policy, effect: Effect) -> Refusal | None:
    if not isinstance(effect, PostReply):
        return None
    return govern(Plea(mention=case.mention, reply=effect, standing=case.standing, policy=policy))
