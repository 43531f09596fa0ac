"""The commands. Each imports what it needs when it runs: the platforms' SDKs take seconds."""

import sys
import tomllib
from pathlib import Path
from typing import Annotated

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
