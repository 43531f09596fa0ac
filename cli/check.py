"""`fleetwatch check`: reads every file that a person may have changed; touches no network."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from classifier import faq, model
from config.load import ROOT, load_phrases, load_registry, load_settings
from config.settings import Files, Settings
from domain.errors import FleetwatchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `sentence` says what was found, or what is wrong and the mend."""

    name: str
    ok: bool
    sentence: str


def run(as_json: bool) -> int:
    """Exit code: 0 when all is well."""
    _settings, findings = examine()
    return report(findings, as_json)


def examine() -> tuple[Settings | None, list[Finding]]:
    """The settings, None when they cannot be read, and one finding a file. Without settings the default paths are checked."""
    try:
        settings = load_settings()
    except FleetwatchError as error:
        settings, first = None, Finding(name="settings", ok=False, sentence=str(error))
    else:
        first = Finding(name="settings", ok=True, sentence=_configured(settings))
    files = settings.files if settings else Files()
    return settings, [first, *(_try(name, look, files) for name, look in CHECKS)]


def report(findings: Sequence[Finding], as_json: bool) -> int:
    """Prints them; exit code 1 when one is not well."""
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        print("\n".join(f"{'ok' if finding.ok else 'WRONG':<7}{finding.name:<12}{finding.sentence}" for finding in findings))
    return 0 if all(finding.ok for finding in findings) else 1


def _try(name: str, look: Callable[[Files], str], files: Files) -> Finding:
    try:
        return Finding(name=name, ok=True, sentence=look(files))
    except FleetwatchError as error:
        return Finding(name=name, ok=False, sentence=str(error))


def _configured(settings: Settings) -> str:
    tokens = {"x": settings.x.configured, "telegram": settings.telegram.configured, "discord": settings.discord.configured}
    named = ", ".join(name for name, present in tokens.items() if present)
    return f"tokens for {named}." if named else "no platform tokens: `up` plays a scenario on the sandbox platforms."


def _faq(files: Files) -> str:
    articles = faq.load_articles(ROOT / files.faq)
    languages = {language for article in articles for language in article.answer}
    return f"{len(articles)} articles in {len(languages)} languages."


def _replies(files: Files) -> str:
    return f"reply texts in {', '.join(load_phrases(ROOT / files.replies))}."


def _identities(files: Files) -> str:
    return f"{len(load_registry(ROOT / files.identities).identities)} official accounts."


def _model(files: Files) -> str:
    folder = ROOT / files.model
    faq.load_calibration(folder)
    return f"version {model.load(folder).version}."


CHECKS: tuple[tuple[str, Callable[[Files], str]], ...] = (
    ("faq", _faq),
    ("replies", _replies),
    ("identities", _identities),
    ("model", _model),
)
