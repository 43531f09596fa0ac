"""JSON and back: total on our own data, a clear refusal of any other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deciding import AskReview, Effect, FlagMention, JoinTicket, OpenTicket, OptOut, PostReply, Reason
from domain.hearing import Media
from domain.understanding import Assessment, FaqMatch, Judgement, Signal
from storage import codec
from storage.codec import CodecError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SIGNALS = st.builds(Signal, log_odds=FINITE)
REPLIES = st.builds(PostReply)
TICKETS = st.builds(OpenTicket)
REVIEWS = st.builds(AskReview, risk=FINITE, proposed=st.lists(REPLIES | TICKETS, max_size=3).map(tuple))
FLAGS = st.builds(FlagMention, signals=st.lists(SIGNALS, max_size=3).map(tuple))
EFFECTS: st.SearchStrategy[Effect] = st.one_of(REPLIES, TICKETS, st.builds(JoinTicket), st.builds(OptOut), REVIEWS, FLAGS)
JUDGEMENTS = st.builds(Judgement, probabilities=st.dictionaries(st.text(), FINITE, max_size=4))
ASSESSMENTS = st.builds(
    Assessment,
    **dict.fromkeys(("language", "sentiment", "urgency", "intent", "threat", "scam_type"), JUDGEMENTS),
    faq=st.lists(st.builds(FaqMatch, probability=FINITE), max_size=3).map(tuple),
    signals=st.lists(SIGNALS, max_size=3).map(tuple),
)


@given(st.lists(EFFECTS, max_size=4).map(tuple))
def test_effects_come_back_as_they_went(effects: tuple[Effect, ...]) -> None:
    assert codec.effects_from_json(codec.effects_to_json(effects)) == effects


@given(ASSESSMENTS)
def test_assessments_come_back_as_they_went(assessment: Assessment) -> None:
    assert codec.assessment_from_json(codec.assessment_to_json(assessment)) == assessment


@given(st.lists(st.builds(Reason), max_size=4).map(tuple))
def test_reasons_come_back_as_they_went(reasons: tuple[Reason, ...]) -> None:
    assert codec.reasons_from_json(codec.reasons_to_json(reasons)) == reasons


@given(st.lists(SIGNALS, max_size=4).map(tuple))
def test_signals_come_back_as_they_went(signals: tuple[Signal, ...]) -> None:
    assert codec.signals_from_json(codec.signals_to_json(signals)) == signals


@given(st.lists(st.builds(Media), max_size=4).map(tuple))
def test_media_come_back_as_they_went(media: tuple[Media, ...]) -> None:
    assert codec.media_from_json(codec.media_to_json(media)) == media


@given(st.frozensets(st.text(), max_size=4))
def test_secrets_come_back_as_they_went(secrets: frozenset[str]) -> None:
    assert codec.secrets_from_json(codec.secrets_to_json(secrets)) == secrets


@given(EFFECTS)
def test_json_is_ascii(effect: Effect) -> None:
    assert codec.effects_to_json((effect,)).isascii()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("7", "$: expected list"),
        ("[7]", "$[0]: expected dict"),
        ('[{"type":"Explode"}]', "$[0]: 'Explode' is not known"),
        ('[{"reference":"A"}]', "$[0]: None is not known"),
        ('[{"type":"JoinTicket"}]', "$[0]: "),
        ('[{"type":"JoinTicket","reference":7}]', "$[0].reference: expected"),
        ('[{"type":"JoinTicket","reference":"A","more":1}]', "$[0]: expected a JoinTicket"),
        ('[{"type":"PostReply","purpose":"spam","language":"en","text":""}]', "$[0].purpose: 'spam' is not one of"),
        ('[{"type":"FlagMention","tier":"watch","scam_type":"x","signals":{}}]', "$[0].signals: expected list"),
        ('[{"type":"AskReview","kind":"reply","risk":"high","proposed":[]}]', "$[0].risk: expected"),
        ('[{"type":"AskReview","kind":"reply","risk":true,"proposed":[]}]', "$[0].risk: expected"),
    ],
)
def test_foreign_effects_are_refused_with_their_place(text: str, place: str) -> None:
    with pytest.raises(CodecError) as refusal:
        codec.effects_from_json(text)
    assert place in str(refusal.value)


JSON = st.recursive(
    st.none() | st.booleans() | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("type", "label", "risk", "tier")), inner),
)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    text = json.dumps(value)
    for read in (codec.effects_from_json, codec.assessment_from_json, codec.media_from_json, codec.secrets_from_json):
        try:
            read(text)
        except CodecError:
            continue
