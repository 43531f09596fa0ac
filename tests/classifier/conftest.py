"""The shipped model, loaded once."""

from pathlib import Path

import pytest

from classifier.faq import FaqIndex, load_articles, load_calibration
from classifier.fleet import FleetClassifier
from classifier.model import Model, load
from domain.people import Identity

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "classifier" / "models" / "default"

REGISTRY = (
    Identity(platform="x", id="1", username="KestrelHelp", display_name="Kestrel Help", role="bot"),
    Identity(platform="telegram", id="7", username="ana_kestrel", display_name="Ana | Kestrel", role="staff"),
    Identity(platform="x", id=None, username="Kestrel_FR", display_name="Kestrel France", role="region"),
)


@pytest.fixture(scope="session")
def model() -> Model:
    return load(FOLDER)


@pytest.fixture(scope="session")
def faq(model: Model) -> FaqIndex:
    articles = load_articles(ROOT / "config" / "faq" / "kestrel.jsonl")
    return FaqIndex(articles, load_calibration(FOLDER), model.encoder)


@pytest.fixture(scope="session")
def classifier(model: Model, faq: FaqIndex) -> FleetClassifier:
    return FleetClassifier(model, faq, REGISTRY, ["kestrel"])
