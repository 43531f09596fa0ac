"""Builds the fleet from settings: the one table of platforms, and the policy the rules consult."""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from classifier.faq import FaqIndex, load_articles, load_calibration
from classifier.fleet import FleetClassifier
from classifier.model import load as load_model
from classifier.redaction import redact, redact_json
from classifier.replacing import load_replacements
from classifier.risk import RiskTable, load_risk
from classifier.shelf import Shelf
from config.load import ROOT, load_phrases, load_registry
from config.settings import Rules, Settings
from domain.acting import Responder
from domain.hearing import Listener
from domain.people import PLATFORMS, Platform, Registry
from domain.understanding import LANGUAGES, Classifier
from listeners.discord import DiscordListener
from listeners.telegram import TelegramListener
from listeners.x import XListener
from platforms.discord import DiscordAccess
from platforms.telegram import TelegramAccess
from platforms.x import XAccess
from responders.alerts import AppriseAlerter
from responders.discord import DiscordResponder
from responders.shadow import ShadowResponder
from responders.telegram import TelegramResponder
from responders.x import XResponder
from storage.db import Database
from triage.policy import PlatformBudget, Policy, Thresholds, TrendPolicy
from workers.clock import new_reference, utc_now
from workers.fleet import Fleet
from workers.handle import Handler
from workers.intake import Intake
from workers.models import ModelKeeper, ModelWatch, Serving
from workers.perform import Performer
from workers.queue import InProcessQueue
from workers.queue_arq import ArqQueue
from workers.sample import Sampler
from workers.sweep import Sweep
from workers.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How one platform is reached. `access` is what its listener and its responder are made from."""

    configured: Callable[[Settings], bool]
    access: Callable[[Settings, Registry], Any]
    listener: Callable[[Any], Listener]
    responder: Callable[[Any], Responder]


def _x(settings: Settings, _registry: Registry) -> XAccess:
    x = settings.x
    return XAccess(
        base_url=x.base_url,
        bearer_token=x.bearer_token.get_secret_value(),
        consumer_key=x.consumer_key.get_secret_value(),
        consumer_secret=x.consumer_secret.get_secret_value(),
        access_token=x.access_token.get_secret_value(),
        access_token_secret=x.access_token_secret.get_secret_value(),
        poll_s=x.poll_s,
        stream_rules=x.stream_rules,
    )


def _telegram(settings: Settings, registry: Registry) -> TelegramAccess:
    telegram = settings.telegram
    return TelegramAccess(
        base_url=telegram.base_url,
        token=telegram.token.get_secret_value(),
        brand_words=registry.brand_words,
        support_channels=telegram.support_channels,
    )


def _discord(settings: Settings, registry: Registry) -> DiscordAccess:
    discord = settings.discord
    return DiscordAccess(
        base_url=discord.base_url,
        token=discord.token.get_secret_value(),
        brand_words=registry.brand_words,
        support_channels=discord.support_channels,
        backfill_every_s=discord.backfill_every_s,
    )


WIRES: Mapping[Platform, Wire] = {
    "x": Wire(configured=lambda s: s.x.configured, access=_x, listener=XListener, responder=XResponder),
    "telegram": Wire(
        configured=lambda s: s.telegram.configured, access=_telegram, listener=TelegramListener, responder=TelegramResponder
    ),
    "discord": Wire(
        configured=lambda s: s.discord.configured, access=_discord, listener=DiscordListener, responder=DiscordResponder
    ),
}
"""A new platform is one line here."""


def configured(settings: Settings) -> tuple[Platform, ...]:
    """The platforms that have tokens."""
    return tuple(platform for platform in PLATFORMS if WIRES[platform].configured(settings))


def _thresholds(rules: Rules, risks: RiskTable, language: str | None = None, platform: Platform | None = None) -> Thresholds:
    return Thresholds(
        answer=risks.threshold("answer", rules.answer_risk, language, platform),
        propose=rules.propose,
        scam=risks.threshold("flag", rules.flag_risk, language, platform),
        suspect=rules.suspect,
        alarm=rules.alarm,
        ticket=risks.threshold("ticket", rules.ticket_risk, language, platform),
        chatter=risks.threshold("chatter", rules.chatter_risk, language, platform),
        language=rules.language,
    )


def build_policy(settings: Settings, folder: Path | None = None) -> Policy:
    """With the thresholds of the model in `folder`, or of the settings' own.

    Raises ConfigError for a mistake in the FAQ or the reply texts, ModelError for a model without its risk table.
    """
    rules, trends = settings.rules, settings.trends
    risks = load_risk(folder or ROOT / settings.files.model)
    budgets = {"x": settings.x.budget, "telegram": settings.telegram.budget, "discord": settings.discord.budget}
    return Policy(
        brand=settings.brand.name,
        thresholds=_thresholds(rules, risks),
        own_thresholds={
            (language, platform): _thresholds(rules, risks, language, platform)
            for language in LANGUAGES
            for platform in PLATFORMS
        },
        trends=TrendPolicy(
            bin=timedelta(minutes=trends.bin_minutes),
            history=timedelta(days=trends.history_days),
            quiet=timedelta(minutes=trends.quiet_minutes),
            least_count=trends.least_count,
            prior_per_bin=trends.prior_per_bin,
            dispersion=trends.dispersion,
            tail=trends.tail,
        ),
        phrases=load_phrases(ROOT / settings.files.replies),
        articles={article.id: article for article in load_articles(ROOT / settings.files.faq)},
        budgets={platform: PlatformBudget(**budgets[platform].model_dump()) for platform in PLATFORMS},
        allowed_hosts=frozenset(host.lower() for host in settings.brand.help_hosts),
        author_cooldown=timedelta(seconds=rules.author_cooldown_s),
        thread_cooldown=timedelta(seconds=rules.thread_cooldown_s),
        reply_within=timedelta(hours=rules.reply_within_hours),
        due={urgency: timedelta(minutes=minutes) for urgency, minutes in rules.due_minutes.items()},
        silent_intents=rules.silent_intents,
        samples_per_day=rules.samples_per_day,
        opt_out_words=frozenset(word.casefold() for word in rules.opt_out_words),
    )


def model_shelf(settings: Settings, data_dir: Path) -> Shelf:
    """The models of a data folder; the default one is the settings'."""
    return Shelf(data_dir / "models", ROOT / settings.files.model)


def keep_models(settings: Settings, data_dir: Path) -> ModelKeeper:
    """The model in use, for a fleet. Slow (seconds): call it in a thread. Raises ModelError or ConfigError."""
    return ModelKeeper(model_shelf(settings, data_dir), partial(_serving, settings))


def _serving(settings: Settings, folder: Path) -> Serving:
    return Serving(classifier=build_classifier(settings, folder), policy=build_policy(settings, folder))


def build_classifier(settings: Settings, folder: Path | None = None) -> Classifier:
    """Over the model in `folder`, or the settings'. Slow (seconds): call it in a thread. Raises ModelError or ConfigError."""
    registry = load_registry(ROOT / settings.files.identities)
    folder = folder or ROOT / settings.files.model
    model = load_model(folder)
    return FleetClassifier(
        model,
        FaqIndex(load_articles(ROOT / settings.files.faq), load_calibration(folder), model.encoder),
        registry.identities,
        registry.brand_words,
        [word for words in registry.role_words.values() for word in words],
        load_replacements(settings.models.chosen, ROOT, {task: model.heads[task].labels for task in settings.models.chosen}),
    )


def build_fleet(settings: Settings, database: Database, models: ModelKeeper) -> Fleet:
    """Everything that moves mentions, for the platforms that have tokens."""
    registry = load_registry(ROOT / settings.files.identities)
    accesses: dict[Platform, Any] = {platform: WIRES[platform].access(settings, registry) for platform in configured(settings)}
    queue = ArqQueue(settings.queue.redis_url) if settings.queue.redis_url else InProcessQueue()
    owner = f"{socket.gethostname()}:{os.getpid()}"

    performer = Performer(
        database=database,
        responders={platform: WIRES[platform].responder(access) for platform, access in accesses.items()},
        shadows={platform: ShadowResponder(platform=platform) for platform in accesses},
        alerter=AppriseAlerter([url.get_secret_value() for url in settings.alerts.urls]),
        policy=models.policy,
        now=utc_now,
        owner=owner,
    )
    return Fleet(
        database=database,
        queue=queue,
        listeners={platform: partial(WIRES[platform].listener, access) for platform, access in accesses.items()},
        intake=Intake(database=database, queue=queue, redact=redact, redact_json=redact_json, now=utc_now),
        handler=Handler(
            database=database,
            queue=queue,
            classifier=models,
            policy=models.policy,
            officials={(who.platform, who.id): who for who in registry.identities if who.id},
            new_reference=partial(new_reference, settings.brand.ticket_prefix),
            now=utc_now,
            owner=owner,
        ),
        performer=performer,
        models=ModelWatch(keeper=models, database=database, now=utc_now),
        sweep=Sweep(database=database, queue=queue, performer=performer, now=utc_now),
        watch=Watch(database=database, queue=queue, policy=models.policy, now=utc_now, public_url=settings.console.public_url),
        sampler=Sampler(database=database, policy=models.policy, now=utc_now, owner=owner),
        now=utc_now,
    )
