"""Active learning: which posts that no human saw are worth a reviewer's label.

The value of a label is the expected reduction of entropy, in bits:

    value = bits * alike / (1 + labelled)
    bits  = H(intent) + H(need) + H(threat) + H(urgency), but at least h(c); one more where judgements contradict each other

H is the entropy of a judgement's calibrated probabilities: what the post's label will tell. `alike` posts of the day share its
intent and language, and learn from it; every label the stratum already has makes the next one tell less, so strata share the
budget as parties share seats (D'Hondt). h(c) is the binary entropy of the share c of a stratum's reviews in which people
corrected the fleet: a model that is often corrected knows less than its probabilities say. Of a contradiction at least one of
two judgements is wrong, and which one is a bit.

Every fifth post is drawn at random instead: only those show what the model is surely wrong about, and speak for all posts that
were handled without a human.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import log2

from domain.deciding import Reason
from domain.sampling import RANDOM_RULE, Candidate, History, Sample, Stratum
from domain.understanding import Assessment, Judgement

LOW_MARGIN = 0.3
"""Between the likeliest and the second label of a judgement."""
OFTEN_CORRECTED = 0.2
LEAST_DECIDED = 5
"""With fewer reviews of a stratum nobody can say how often it is corrected."""
RANDOM_EVERY = 5

_DAY = timedelta(days=1)
_PRESSING = frozenset({"critical", "high"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What candidates are seen against."""

    now: datetime
    alike: Mapping[Stratum, int]
    """Posts of the last day."""
    history: Mapping[Stratum, History]
    silent: Collection[str]
    """Intents that bring no case to solve."""


def allowance(per_day: int, *, taken: int, waiting: int, now: datetime) -> int:
    """How many posts may be sampled now: spread evenly over the UTC day, and none while a whole day's wait for reviewers."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    so_far = int(per_day * ((now - midnight) / _DAY))
    return max(0, min(so_far - taken, per_day - waiting))


def choose(candidates: Sequence[Candidate], scene: Scene, *, taken: int, count: int) -> list[Sample]:
    """At most `count` posts. `taken`: how many the day already has, by which every fifth is known.

    Where nothing is doubtful the rest is drawn at random, too. One text is sampled once, however many people post it.
    """
    left = _distinct(candidates)
    whys = {one.mention_id: tuple(doubts(one.assessment, scene)) for one in left}
    given: Counter[Stratum] = Counter()
    samples: list[Sample] = []
    for number in range(taken, taken + count):
        if not left:
            break
        doubtful = [one for one in left if whys[one.mention_id]]
        if number % RANDOM_EVERY == 0 or not doubtful:
            one, reasons = min(left, key=lambda candidate: _lot(candidate, scene.now)), (_drawn(),)
        else:
            one = max(doubtful, key=lambda candidate: value(candidate.assessment, scene, given[_stratum(candidate.assessment)]))
            reasons = whys[one.mention_id]
        samples.append(_sample(one, reasons, scene, given[_stratum(one.assessment)]))
        given[_stratum(one.assessment)] += 1
        left.remove(one)
    return samples


def value(assessment: Assessment, scene: Scene, given: int = 0) -> float:
    """The formula above; `given` are labels of the stratum asked for a moment ago."""
    stratum = _stratum(assessment)
    return bits(assessment, scene) * scene.alike.get(stratum, 1) / (1 + _history(scene, stratum).labelled + given)


def bits(assessment: Assessment, scene: Scene) -> float:
    """How much is in doubt about one post."""
    told = sum(entropy(judgement) for judgement in _judgements(assessment).values())
    contradiction = 1 if _contradiction(assessment, scene.silent) else 0
    return max(told, _binary_entropy(_corrected(_history(scene, _stratum(assessment))))) + contradiction


def entropy(judgement: Judgement) -> float:
    """In bits."""
    return -sum(p * log2(p) for p in judgement.probabilities.values() if p > 0)


def margin(judgement: Judgement) -> float:
    """Between the likeliest label and the second; 1 where there is no second."""
    best, second, *_ = (*sorted(judgement.probabilities.values(), reverse=True), 0.0, 0.0)
    return best - second if second else 1.0


def worth(bits_settled: float) -> float:
    """A value between 0 and 1 in the same order, for the review queue."""
    return bits_settled / (1 + bits_settled)


def doubts(assessment: Assessment, scene: Scene) -> Iterator[Reason]:
    """Why a post is worth a look; nothing when the fleet is sure of it and nobody had corrected its like."""
    for task, judgement in _judgements(assessment).items():
        if margin(judgement) < LOW_MARGIN:
            first, second = sorted(judgement.probabilities.items(), key=lambda pair: -pair[1])[:2]
            why = f"{task} is either {first[0]} ({first[1]:.2f}) or {second[0]} ({second[1]:.2f})"
            yield Reason(rule="sampling.margin", text=why)
    contradiction = _contradiction(assessment, scene.silent)
    if contradiction:
        yield Reason(rule="sampling.contradiction", text=contradiction)
    history = _history(scene, _stratum(assessment))
    if history.decided >= LEAST_DECIDED and _corrected(history) >= OFTEN_CORRECTED:
        why = f"people corrected {history.corrected} of the last {history.decided} such posts"
        yield Reason(rule="sampling.corrected", text=why)


def _contradiction(assessment: Assessment, silent: Collection[str]) -> str | None:
    need, urgency, intent = assessment.need.label, assessment.urgency.label, assessment.intent.label
    if need == "none" and urgency in _PRESSING:
        return f"urgency {urgency}, yet nothing to do"
    if intent in silent and urgency in _PRESSING:
        return f"urgency {urgency}, yet {intent}"
    if intent in silent and need == "open_ticket":
        return f"a ticket is needed, yet {intent}"
    return None


def _judgements(assessment: Assessment) -> Mapping[str, Judgement]:
    """Those whose errors cost most."""
    return {
        "intent": assessment.intent,
        "need": assessment.need,
        "threat": assessment.threat,
        "urgency": assessment.urgency,
    }


def _sample(one: Candidate, reasons: tuple[Reason, ...], scene: Scene, given: int) -> Sample:
    worth_bits, stratum = value(one.assessment, scene, given), _stratum(one.assessment)
    why = (
        f"worth {worth_bits:.1f} bits: {bits(one.assessment, scene):.1f} in doubt, "
        f"{scene.alike.get(stratum, 1)} posts alike today, {_history(scene, stratum).labelled + given} labelled"
    )
    return Sample(mention_id=one.mention_id, value=worth_bits, reasons=(*reasons, Reason(rule="sampling.value", text=why)))


def _drawn() -> Reason:
    return Reason(rule=RANDOM_RULE, text="drawn at random, so that what the model is surely wrong about shows")


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first of each text, whatever its case and spaces."""
    return list({" ".join(one.text.casefold().split()): one for one in reversed(candidates)}.values())[::-1]


def _lot(candidate: Candidate, now: datetime) -> bytes:
    """Random enough, and the same again for the same post and day: this folder knows no chance."""
    return blake2b(f"{now:%Y-%m-%d}:{candidate.mention_id}".encode(), digest_size=8).digest()


def _stratum(assessment: Assessment) -> Stratum:
    return assessment.intent.label, assessment.language.label


def _history(scene: Scene, stratum: Stratum) -> History:
    return scene.history.get(stratum, History())


def _corrected(history: History) -> float:
    """The share, drawn toward 0 while there are few reviews; at most a half, where the doubt is greatest."""
    return min(0.5, history.corrected / (history.decided + 2))


def _binary_entropy(p: float) -> float:
    return entropy(Judgement(label="", probabilities={"yes": p, "no": 1 - p}))
