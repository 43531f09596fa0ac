"""The classifier the fleet uses: everything that is said about one mention, batch by batch."""

from collections.abc import Mapping, Sequence

from classifier.accounts import Watchman
from classifier.distress import sign_of_distress
from classifier.faq import FaqIndex
from classifier.language import identify
from classifier.model import Model, judgement, judgements
from classifier.scoring import Scorer
from domain.people import Identity
from domain.understanding import SELF_HARM, URGENCIES, Assessment, FaqMatch, Judgement, Question, Signal, Task

_CRITICAL = Judgement(label="critical", probabilities={label: float(label == "critical") for label in URGENCIES})


class FleetClassifier:
    """Implements `domain.understanding.Classifier`. Holds no state between batches; safe to call from several threads.

    `replacements`: a brand's own models, each in the place of one task of the shipped one.
    """

    def __init__(
        self,
        model: Model,
        faq: FaqIndex,
        registry: Sequence[Identity],
        brand_words: Sequence[str],
        role_words: Sequence[str] = (),
        replacements: Mapping[Task, Scorer] | None = None,
    ) -> None:
        self._model = model
        self._faq = faq
        self._watchman = Watchman(registry, brand_words, role_words)
        self._replacements = replacements or {}

    @property
    def version(self) -> str:
        return self._model.version

    def assess(self, batch: Sequence[Question]) -> list[Assessment]:
        texts = [question.mention.text for question in batch]
        languages = [identify(text) for text in texts]
        reading = self._model.read(texts)
        judged = self._judged(texts, judgements(reading, self._model.heads))
        needs = [judgement(self._model.heads["action"].labels, row) for row in reading.probabilities["action"]]
        matches = self._faq.match(texts, [language.label for language in languages], reading, self._model.heads)
        return [
            self._assessment(question, language, said, need, tuple(faq))
            for question, language, said, need, faq in zip(batch, languages, judged, needs, matches, strict=True)
        ]

    def _judged(self, texts: Sequence[str], said: list[dict[Task, Judgement]]) -> list[dict[Task, Judgement]]:
        for task, scorer in self._replacements.items():
            for one, row in zip(said, scorer.probabilities(texts), strict=True):
                one[task] = judgement(scorer.labels, row)
        return said

    def _assessment(
        self,
        question: Question,
        language: Judgement,
        said: Mapping[Task, Judgement],
        need: Judgement,
        faq: tuple[FaqMatch, ...],
    ) -> Assessment:
        signals = self._watchman.signals(question)
        danger = sign_of_distress(question.mention.text)
        if danger:
            signals += (Signal(family="context", name=SELF_HARM, log_odds=0.0, evidence=f"“{danger}”"),)
        return Assessment(
            language=language,
            sentiment=said["sentiment"],
            urgency=_CRITICAL if danger else said["urgency"],
            intent=said["intent"],
            threat=said["threat"],
            scam_type=said["scam_type"],
            need=need,
            faq=faq,
            signals=signals,
            secrets=question.secrets,
            model_version=self.version,
        )
