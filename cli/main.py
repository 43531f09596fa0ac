"""The commands. Each imports what it needs when it runs: the platforms' SDKs take seconds."""

import sys
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import typer

from domain.errors import FleetwatchError
from domain.people import PLATFORMS, Platform

ROOT = Path(__file__).resolve().parent.parent

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Listens for a brand's name on X, Telegram and Discord, understands what people say, and acts.",
    epilog="For maintainers: `./fleetwatch lock` renews locks/ from pyproject.toml, with uv's flags such as --upgrade.",
)

DataDir = Annotated[
    Path,
    typer.Option(file_okay=False, resolve_path=True, help="Where state lives: database, ledgers, logs.", show_default="var"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Platforms = Annotated[
    list[str] | None, typer.Argument(help="Any of x, telegram, discord; none named means all.", show_default=False)
]

EvaluationTask = Literal["sentiment", "urgency", "intent", "threat", "spam", "faq", "language"]

STATE = ROOT / "var"
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def show_version(wanted: bool) -> None:
    if wanted:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        typer.echo(f"fleetwatch {project['version']}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    _ = version


@app.command()
def up(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the console; 0 takes a free one.")] = None,
    speed: Annotated[float | None, typer.Option(min=0.01, max=100_000, help="Speed of the scenario; 1 is real time.")] = None,
    data_dir: DataDir = STATE,
) -> None:
    """Start the whole fleet; without platform tokens it plays a scenario on the sandbox platforms."""
    from cli import up

    raise typer.Exit(up.run(port=port, speed=speed, data_dir=data_dir))


@app.command()
def status(as_json: AsJson = False, data_dir: DataDir = STATE) -> None:
    """Show the counts and the listeners of a running or stopped fleet."""
    from cli import status

    raise typer.Exit(status.run(data_dir, as_json))


@app.command()
def live(platforms: Platforms = None, data_dir: DataDir = STATE) -> None:
    """Let platforms post: replies really go out."""
    switch("live", platforms, data_dir)


@app.command()
def shadow(platforms: Platforms = None, data_dir: DataDir = STATE) -> None:
    """Keep deciding and recording, post nothing."""
    switch("shadow", platforms, data_dir)


@app.command()
def kill(platforms: Platforms = None, data_dir: DataDir = STATE) -> None:
    """Stop every send at once."""
    switch("kill", platforms, data_dir)


def switch(verb: str, names: list[str] | None, data_dir: Path) -> None:
    unknown = set(names or ()) - set(PLATFORMS)
    if unknown:
        raise typer.BadParameter(f"{min(unknown)!r} is not a platform; use {', '.join(PLATFORMS)}.")
    chosen: tuple[Platform, ...] = tuple(platform for platform in PLATFORMS if not names or platform in names)
    from cli import switches

    raise typer.Exit(switches.run(verb, chosen, data_dir))


@app.command(context_settings=PASS_ON)
def test(context: typer.Context) -> None:
    """Run lint, types, layer contracts and all tests; what follows `--` goes to pytest."""
    from cli import test

    raise typer.Exit(test.run(context.args))


@app.command()
def check(as_json: AsJson = False) -> None:
    """Validate settings, FAQ, replies, identities and model."""
    from cli import check

    raise typer.Exit(check.run(as_json))


@app.command()
def doctor(as_json: AsJson = False, data_dir: DataDir = STATE) -> None:
    """Validate as `check` does, then try every connection."""
    from cli import doctor

    raise typer.Exit(doctor.run(data_dir, as_json))


@app.command()
def evaluate(  # noqa: PLR0913 - each is an option of the command
    *,
    data: Annotated[
        Path | None, typer.Option(help="csv(.gz) or jsonl(.gz) with text, label and, if you like, lang.", show_default=False)
    ] = None,
    task: Annotated[EvaluationTask | None, typer.Option(help="What the labels say.", show_default=False)] = None,
    end_to_end: Annotated[
        Path | None,
        typer.Option(
            help="Instead of --data: jsonl of platform, lang, text, sentiment, urgency, intent, threat, action, faq_id.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="A model folder.", show_default="the fleet's")] = None,
    positive: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Score two-way: LABEL against all others. `scam` asks the model for scams, `spam` for unwanted bulk.",
            show_default=False,
        ),
    ] = None,
    risk: Annotated[float, typer.Option(min=0, max=1, help="The share of errors at which coverage is given.")] = 0.02,
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many rows.", show_default="all")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the model, or the whole fleet, on labelled rows.

    Labels that occur in no row are not predicted: a model of three sentiments is scored two-way on a file that has two.
    With --task faq a label is an article's id, or none. docs/evaluation.md explains the figures.
    """
    from cli import evaluate

    if (data is None) == (end_to_end is None):
        raise typer.BadParameter("name either --data FILE with --task, or --end-to-end FILE.")
    if end_to_end is not None:
        if task is not None or positive is not None:
            raise typer.BadParameter("--end-to-end measures every field: leave --task and --positive out.")
        raise typer.Exit(evaluate.run_end_to_end(end_to_end, model, limit, as_json))
    if data is None or task is None:
        raise typer.BadParameter("--data needs --task: say what its labels mean.")
    if positive is not None and task == "faq":
        raise typer.BadParameter("--positive means nothing to --task faq: leave it out.")
    wanted = evaluate.Wanted(task=task, data=data, model=model, positive=positive, risk=risk, limit=limit)
    raise typer.Exit(evaluate.run(wanted, as_json))


train = typer.Typer(no_args_is_help=True, help="Train a model on rows of your own, or on what reviewers decided.")
app.add_typer(train, name="train")


@train.command("intents")
def train_intents(
    *,
    data: Annotated[Path, typer.Option(help="csv(.gz) or jsonl(.gz) with text and label; a column split if you like.")],
    out: Annotated[Path, typer.Option(help="Folder of the new model.", file_okay=False)],
    split: Annotated[
        str | None, typer.Option(help="Rows to take, by the column split; `all` takes every row.", show_default="train")
    ] = None,
    encoder: Annotated[
        Path | None, typer.Option(help="A model folder with an encoder.", show_default="the shipped one")
    ] = None,
) -> None:
    """A model for any set of labels, over the shipped encoder.

    A label named oos, out_of_scope or none is no class of its own: it says what the model should doubt.
    """
    from cli import train

    raise typer.Exit(train.run_intents(data, out, split, encoder))


models = typer.Typer(no_args_is_help=True, help="List the models, put one in use, fetch another.")
app.add_typer(models, name="models")


@models.command("list")
def list_models(as_json: AsJson = False, data_dir: DataDir = STATE) -> None:
    """Show every model, which one is in use, and what is wrong with the broken ones."""
    from cli import models

    raise typer.Exit(models.list_models(data_dir, as_json))


@models.command("use")
def use_model(
    name: Annotated[str | None, typer.Argument(help="A name of the list; `default` is the shipped one.")] = None,
    previous: Annotated[bool, typer.Option("--previous", help="Go back to the one before.")] = False,
    data_dir: DataDir = STATE,
) -> None:
    """Put a model in use; a running fleet takes it up within seconds."""
    from cli import models

    raise typer.Exit(models.use(name, previous, data_dir))


@models.command("pull")
def pull_model(
    source: Annotated[str, typer.Argument(help="Hub id (owner/name), or a folder to copy.")],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the hub.", show_default="main")] = None,
    name: Annotated[str | None, typer.Option(help="Name on the list.", show_default="the source's")] = None,
    data_dir: DataDir = STATE,
) -> None:
    """Fetch a model from the hub or copy a folder, and try it; nothing is put in use."""
    from cli import models

    raise typer.Exit(models.pull(source, revision, name, data_dir))


RetrainedHead = Literal["intent", "urgency", "sentiment", "threat", "action"]
NewFolder = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the new model, which is then not taken into use.", show_default="the data folder's, in use at once"
    ),
]


@train.command("heads")
def train_heads(
    *,
    task: Annotated[RetrainedHead, typer.Option(help="What the labels say; intents may be new ones.")],
    data: Annotated[Path, typer.Option(help="csv(.gz) or jsonl(.gz) with text and label; a column author if you know it.")],
    out: NewFolder = None,
    data_dir: DataDir = STATE,
) -> None:
    """Correct one judgement of the fleet's model; a better model is taken into use, a worse one is not kept."""
    from cli import train

    raise typer.Exit(train.run_heads(task, data, out, data_dir))


@train.command("reviews")
def train_reviews(
    *,
    include_x: Annotated[
        bool, typer.Option("--include-x", help="Learn from posts on X too. X's developer policy forbids training on them.")
    ] = False,
    out: NewFolder = None,
    data_dir: DataDir = STATE,
) -> None:
    """Correct the fleet's model by what reviewers decided and labelled; posts on X are left out, as X's policy asks."""
    from cli import train

    raise typer.Exit(train.run_reviews(data_dir, out, include_x))


@app.command(context_settings=PASS_ON | {"help_option_names": []})
def bench(context: typer.Context, name: Annotated[str, typer.Argument()] = "") -> None:
    """Run a benchmark or quality evaluation; without a name, list them."""
    from cli import benches

    raise typer.Exit(benches.run(name, context.args))


@app.command(context_settings=PASS_ON | {"help_option_names": []})
def sandbox(context: typer.Context) -> None:
    """Run the sandbox platforms alone."""
    import runpy

    sys.argv = ["fleetwatch sandbox", *context.args]
    runpy.run_module("sandbox", run_name="__main__")


def main() -> None:
    try:
        app(prog_name="fleetwatch")
    except FleetwatchError as error:
        typer.echo(f"fleetwatch: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
