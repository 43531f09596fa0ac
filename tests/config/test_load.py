"""Whatever stands in a settings file or the environment, a mistake is one sentence with its place."""

from pathlib import Path

import pytest

from config.load import load_phrases, load_registry, load_settings
from domain.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fleetwatch.toml"
    path.write_text("", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[console]\nport = ", "at end of document"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"# \xff", "byte 2 is not UTF-8"),
        (b"[consoel]", "consoel is not a section"),
        (b"[console]\nprot = 1", "console.prot is not a setting"),
        (b'[console]\nport = "many"', "console.port: input should be a valid integer"),
        (b"console = 1", "console: input should be a valid dictionary"),
        (b'[queue]\nredis_url = "nonsense"', "queue.redis_url: must be empty, or begin with redis://"),
        (b"[rules]\nflag_risk = 7", "rules.flag_risk: input should be less than 1"),
    ],
)
def test_a_wrong_settings_file_is_named_with_the_place(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_settings(file, dotenv=file.with_name(".env"))
    assert str(error.value).startswith(str(file))
    assert says in str(error.value).replace("\n", " ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLEETWATCH_CONSOLE__PORT", "many"),
        ("FLEETWATCH_CONSOLE__PROT", "1"),
        ("FLEETWATCH_CONSOEL__PORT", "1"),
    ],
)
def test_a_wrong_variable_is_named(file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    dotenv = file.with_name(".env")
    dotenv.write_text(f"{name}={value}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"\.env: {name}"):
        load_settings(file, dotenv=dotenv)
    dotenv.unlink()
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=rf"environment.* {name}"):
        load_settings(file, dotenv=dotenv)


def test_other_programs_variables_are_left_alone(file: Path) -> None:
    dotenv = file.with_name(".env")
    dotenv.write_text("OTHER__NAME=1\nFLEETWATCH_CONSOLE__PORT=1\n", encoding="utf-8")
    assert load_settings(file, dotenv=dotenv).console.port == 1


def test_an_env_file_that_is_not_utf8_is_named(file: Path) -> None:
    dotenv = file.with_name(".env")
    dotenv.write_bytes(b"FLEETWATCH_X__BEARER_TOKEN=\xff")
    with pytest.raises(ConfigError, match=r"\.env: byte 27 is not UTF-8"):
        load_settings(file, dotenv=dotenv)


def test_a_secret_is_read_from_its_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = file.with_name("secret")
    secret.write_text("1:token\n", encoding="utf-8")
    monkeypatch.setenv("FLEETWATCH_TELEGRAM__TOKEN_FILE", str(secret))
    assert load_settings(file, dotenv=file.with_name(".env")).telegram.token.get_secret_value() == "1:token"


@pytest.mark.parametrize("content", ["", "telegram = 3"])
def test_a_secret_that_cannot_be_placed_is_named(file: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    monkeypatch.setenv("FLEETWATCH_TELEGRAM__TOKEN_FILE", str(file if content else file.with_name("absent")))
    with pytest.raises(ConfigError, match="FLEETWATCH_TELEGRAM__TOKEN_FILE"):
        load_settings(file, dotenv=file.with_name(".env"))


@pytest.mark.parametrize(
    "text",
    [
        "Hi {titel}",
        "Hi",
        "Hi {title",
        "Hi {}",
        "Hi {title!z}",
        "Hi {title:d}",
        "Hi {title.x}",
        "Hi {title[0]}",
        "{title:{url}}",
    ],
)
def test_a_reply_text_that_cannot_be_filled_is_refused(tmp_path: Path, text: str) -> None:
    purposes = ("faq", "acknowledge", "acknowledge_secret", "outage")
    texts = {purpose: text if purpose == "faq" else "{reference}" for purpose in purposes}
    tables = [f'[{purpose}]\nvariants = ["{body}"]\n' for purpose, body in texts.items()]
    (tmp_path / "en.toml").write_text("".join(tables), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"en\.toml: \[faq\]"):
        load_phrases(tmp_path)


ACCOUNT = '[[accounts]]\nplatform = "x"\nid = "1"\ndisplay_name = "K"\nrole = "brand"\n'


@pytest.mark.parametrize(
    ("accounts", "says"),
    [
        (ACCOUNT + ACCOUNT, "accounts 2: x id 1 stands twice"),
        (ACCOUNT + ACCOUNT.replace('"brand"', '"boss"'), "accounts 2 role"),
        (ACCOUNT.replace('"1"', "1"), "accounts 1 id"),
        (ACCOUNT.replace('id = "1"\n', ""), "accounts 1 has neither id nor username"),
    ],
)
def test_a_wrong_identity_is_numbered(tmp_path: Path, accounts: str, says: str) -> None:
    file = tmp_path / "identities.toml"
    file.write_text(f'brand_words = ["k"]\ndomains = []\n[role_words]\n{accounts}', encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_registry(file)
    assert says in str(error.value)
