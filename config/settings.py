"""What can be set, and its defaults. `config/load.py` reads the values."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from domain.understanding import Task

Share = Annotated[float, Field(ge=0, le=1)]
Bound = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Brand(Section):
    name: str = "Kestrel"
    help_hosts: tuple[str, ...] = ("help.kestrel.example", "status.kestrel.example")
    """The only hosts a public reply may link to."""
    ticket_prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,5}$")] = "KST"


class Files(Section):
    """Paths are relative to the project's folder."""

    faq: Path = Path("config/faq/kestrel.jsonl")
    replies: Path = Path("config/replies")
    identities: Path = Path("config/identities.toml")
    model: Path = Path("classifier/models/default")


class Replacement(Section):
    """A model in the place of one task of the shipped one. A relative folder begins in the project's folder."""

    folder: Path
    labels: dict[str, str] = {}
    """Label of the model -> label of the task; what is left out must be the task's own."""


class Models(Section):
    sentiment: Replacement | None = None
    urgency: Replacement | None = None
    intent: Replacement | None = None
    threat: Replacement | None = None
    scam_type: Replacement | None = None

    @property
    def chosen(self) -> dict[Task, Replacement]:
        named: dict[Task, Replacement | None] = {task: getattr(self, task) for task in get_args(Task)}
        return {task: one for task, one in named.items() if one is not None}


class Console(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8710
    public_url: str = "http://127.0.0.1:8710"
    session_hours: Annotated[int, Field(ge=1)] = 12
    undo_s: Annotated[int, Field(ge=0, le=120)] = 10
    claim_minutes: Annotated[int, Field(ge=1, le=120)] = 10


class Storage(Section):
    url: str = ""
    """Empty: SQLite in the data folder. PostgreSQL: postgresql+psycopg://user:password@host/name."""

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite+aiosqlite:///", "postgresql+psycopg://")):
            raise ValueError("must be empty, or begin with sqlite+aiosqlite:/// or postgresql+psycopg://")
        return url

    def url_at(self, data_dir: Path) -> str:
        return self.url or f"sqlite+aiosqlite:///{data_dir / 'fleetwatch.sqlite3'}"


class Queue(Section):
    redis_url: str = ""
    """Empty: the in-process runner. Else jobs go through arq on this Redis."""

    @field_validator("redis_url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be empty, or begin with redis://, rediss:// or unix://")
        return url


Urgency = Literal["critical", "high", "normal", "low"]
DUE_MINUTES: dict[Urgency, Positive] = {"critical": 15, "high": 60, "normal": 480, "low": 1440}


class Rules(Section):
    """Bounds are shares of wrong automatic actions that the brand accepts; the thresholds under them come from the model.

    The other thresholds are calibrated probabilities; times say their unit in their name.
    """

    answer_risk: Bound = 0.02
    flag_risk: Bound = 0.01
    ticket_risk: Bound = 0.1
    chatter_risk: Bound = 0.05
    propose: Share = 0.25
    suspect: Share = 0.5
    alarm: Share = 0.05
    language: Share = 0.6
    author_cooldown_s: Positive = 120
    thread_cooldown_s: Positive = 300
    reply_within_hours: Positive = 6
    samples_per_day: Annotated[int, Field(ge=0, le=1000)] = 40
    """Posts handled without a reviewer that reviewers are asked to label each day; 0: none."""
    due_minutes: dict[Urgency, Positive] = DUE_MINUTES
    """Until the first human answer; an urgency that is not named keeps its default."""
    silent_intents: frozenset[str] = frozenset({"praise", "feedback", "off_topic"})
    opt_out_words: frozenset[str] = frozenset(
        {"stop", "unsubscribe", "opt out", "停止", "退订", "그만", "수신거부", "停止して", "配信停止"}
        | {"стоп", "отписаться", "para", "basta", "no me respondas", "arrêtez", "stop svp", "dừng lại", "ngừng"}
        | {"please stop", "stop replying", "stop replying to me", "don t reply to me", "别回复我", "不要回复我"}
        | {"답장하지 마세요", "返信しないで", "返信しないでください", "не пишите мне", "не отвечайте мне", "отстаньте"}
        | {"no me escriban", "déjenme", "ne me répondez pas", "ne me répondez plus", "đừng trả lời tôi", "đừng nhắn cho tôi"}
    )

    @field_validator("due_minutes")
    @classmethod
    def _every_urgency(cls, given: dict[Urgency, float]) -> dict[Urgency, float]:
        return DUE_MINUTES | given


class Trends(Section):
    bin_minutes: Positive = 10
    history_days: Positive = 7
    quiet_minutes: Positive = 120
    least_count: Annotated[int, Field(ge=2)] = 12
    prior_per_bin: Positive = 2.0
    dispersion: Positive = 0.2
    tail: Annotated[float, Field(gt=0, lt=0.5)] = 0.001


class Budget(Section):
    replies_per_day: Annotated[int, Field(ge=0)] = 5000
    spend_per_day_usd: Annotated[float, Field(ge=0)] = 0.0
    reply_cost_usd: Annotated[float, Field(ge=0)] = 0.0
    reply_with_link_cost_usd: Annotated[float, Field(ge=0)] = 0.0


class X(Section):
    base_url: str = "https://api.twitter.com"
    bearer_token: SecretStr = SecretStr("")
    consumer_key: SecretStr = SecretStr("")
    consumer_secret: SecretStr = SecretStr("")
    access_token: SecretStr = SecretStr("")
    access_token_secret: SecretStr = SecretStr("")
    poll_s: Positive = 20.0
    stream_rules: tuple[str, ...] = ()
    budget: Budget = Budget(spend_per_day_usd=20.0, reply_cost_usd=0.015, reply_with_link_cost_usd=0.20)

    @property
    def configured(self) -> bool:
        return bool(self.bearer_token.get_secret_value() and self.access_token.get_secret_value())


class Telegram(Section):
    base_url: str = "https://api.telegram.org"
    token: SecretStr = SecretStr("")
    support_channels: frozenset[str] = frozenset()
    budget: Budget = Budget()

    @property
    def configured(self) -> bool:
        return bool(self.token.get_secret_value())


class Discord(Section):
    base_url: str = "https://discord.com/api/v10"
    token: SecretStr = SecretStr("")
    support_channels: frozenset[str] = frozenset()
    backfill_every_s: Positive = 300.0
    budget: Budget = Budget()

    @property
    def configured(self) -> bool:
        return bool(self.token.get_secret_value())


class Alerts(Section):
    urls: tuple[SecretStr, ...] = ()
    """Apprise addresses of the support leads' channels. Empty: alerts show in the console only."""


class Settings(BaseSettings):
    """Environment variables (`FLEETWATCH_<SECTION>__<FIELD>`) beat `.env`, which beats what is passed in."""

    model_config = SettingsConfigDict(env_prefix="FLEETWATCH_", env_nested_delimiter="__", extra="ignore", frozen=True)

    brand: Brand = Brand()
    files: Files = Files()
    models: Models = Models()
    console: Console = Console()
    storage: Storage = Storage()
    queue: Queue = Queue()
    rules: Rules = Rules()
    trends: Trends = Trends()
    x: X = X()
    telegram: Telegram = Telegram()
    discord: Discord = Discord()
    alerts: Alerts = Alerts()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        _ = settings_cls, file_secret_settings
        if isinstance(env_settings, EnvSettingsSource):  # `..._FILE` names a file, which config/load.py reads
            env_settings.env_vars = {name: v for name, v in env_settings.env_vars.items() if not name.endswith("_file")}
        return (env_settings, dotenv_settings, init_settings)
