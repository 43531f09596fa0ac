"""The classifier the fleet uses: everything that is said about one mention, batch by batch."""

from collections.abc import Sequence

from classifier.accounts import Watchman
from classifier.distress import sign_of_distress
from classifier.faq import FaqIndex, Judged
from classifier.language import identify
from classifier.model import Model
from domain.people import Identity
from domain.understanding import SELF_HARM, URGENCIES, Assessment, FaqMatch, Judgement, Question, Signal

_CRITICAL = Judgement(label="critical", probabilities={label: float(label == "critical") for label in URGENCIES})


class FleetClassifier:
    """Implements `domain.understanding.Classifier`. Holds no state between batches; safe to call from several threads."""

    def __init__(
        self,
        model: Model,
        faq: FaqIndex,
        registry: Sequence[Identity],
        brand_words: Sequence[str],
        role_words: Sequence[str] = (),
    ) -> None:
        self._model = model
        self._faq = faq
        self._watchman = Watchman(registry, brand_words, role_words)

    @property
    def version(self) -> str:
        return self._model.version

    def assess(self, batch: Sequence[Question]) -> list[Assessment]:
        texts = [question.mention.text for question in batch]
        judged = self._model.judge(texts)
        languages = [identify(text) for text in texts]
        matches = self._faq.match(texts, [language.label for language in languages], judged)
        return [
            self._assessment(question, language, said, tuple(faq), self._watchman.signals(question))
            for question, language, said, faq in zip(batch, languages, judged, matches, strict=True)
        ]

    def _assessment(
        self, question: Question, language: Judgement, said: Judged, faq: tuple[FaqMatch, ...], signals: tuple[Signal, ...]
    ) -> Assessment:
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
            faq=faq,
            signals=signals,
            secrets=question.secrets,
            model_version=self.version,
        )
