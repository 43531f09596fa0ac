"""`fleetwatch models`: what models there are, which one is in use, and how another one comes and takes its place."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from classifier.opening import kind_of, open_scorer
from classifier.shelf import DEFAULT_NAME, Shelf, card
from cli.pulling import pull as fetch
from config.load import ROOT, load_settings
from config.settings import Settings
from domain.errors import FleetwatchError, ModelError
from workers.wiring import build_classifier, build_policy, model_shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One model. `use`: what it does in the fleet; `problem`: why it cannot be opened."""

    name: str
    kind: str = ""
    version: str = ""
    megabytes: float = 0.0
    digest: str = ""
    use: str = ""
    problem: str = ""


def list_models(data_dir: Path, as_json: bool) -> int:
    settings = load_settings()
    shelf = model_shelf(settings, data_dir)
    try:
        current, note = shelf.current(), ""
    except ModelError as error:
        current, note = "", str(error)
    listed = [_listed(shelf.path(name), name, _use(settings, shelf, name, current)) for name in _names(shelf, current)]
    if as_json:
        print(json.dumps([asdict(one) for one in listed], ensure_ascii=False, indent=2))
    else:
        print(f"  {'name':24}{'kind':14}{'version':16}{'MB':>7}  {'digest':14}in use")
        print("\n".join(map(_line, listed)))
    if note:
        print(note, file=sys.stderr)
    return 0


def use(name: str | None, previous: bool, data_dir: Path) -> int:
    """Raises ModelError, and changes nothing, when the model could not serve."""
    settings = load_settings()
    shelf = model_shelf(settings, data_dir)
    if previous == (name is not None):
        raise ModelError("say which model to use: its name, or --previous.")
    name = name or shelf.previous()
    _refuse_unfit(settings, shelf.path(name), name)
    shelf.use(name)
    print(f"{name} is in use; a running fleet takes it up within seconds. `fleetwatch models use --previous` goes back.")
    return 0


def pull(source: str, revision: str | None, name: str | None, data_dir: Path) -> int:
    shelf = model_shelf(load_settings(), data_dir)
    name = fetch(source, revision, name, shelf)
    folder = shelf.path(name)
    if kind_of(folder) == "fleet":
        print(f"{name} is here. `fleetwatch models use {name}` puts it in use.")
    else:
        labels = ", ".join(open_scorer(folder, "").labels)
        print(f"{name} is here and says: {labels}. {_how_to_name(folder)}")
    return 0


def _names(shelf: Shelf, current: str) -> list[str]:
    """The one in use is listed even when its folder is gone."""
    names = shelf.names()
    return names if not current or current in names else [*names, current]


def _use(settings: Settings, shelf: Shelf, name: str, current: str) -> str:
    folder = shelf.path(name).resolve()
    tasks = [task for task, one in settings.models.chosen.items() if (ROOT / one.folder).resolve() == folder]
    return "in use" if name == current else f"judges {', '.join(tasks)}" if tasks else ""


def _listed(folder: Path, name: str, used: str) -> Listed:
    try:
        said = card(folder)
    except FleetwatchError as error:
        return Listed(name=name, use=used, problem=str(error))
    try:
        open_scorer(folder, "sentiment")
        problem = ""
    except FleetwatchError as error:
        problem = str(error)
    return Listed(
        name=name,
        kind=said.kind,
        version=said.version,
        megabytes=round(said.size / 1e6, 1),
        digest=said.digest[:12],
        use=used,
        problem=problem,
    )


def _line(one: Listed) -> str:
    mark = "!" if one.problem else "*" if one.use == "in use" else " "
    facts = f"{mark} {one.name:24}{one.kind:14}{one.version[:14]:16}{one.megabytes:>7}  {one.digest:14}{one.use}"
    return facts.rstrip() + (f"\n    {one.problem}" if one.problem else "")


def _refuse_unfit(settings: Settings, folder: Path, name: str) -> None:
    """Opens it as the fleet would."""
    kind = kind_of(folder) if name != DEFAULT_NAME else "fleet"
    if kind != "fleet":
        raise ModelError(f"{name} judges one task and cannot serve as the fleet's whole model. {_how_to_name(folder)}")
    build_policy(settings, folder)
    build_classifier(settings, folder)


def _how_to_name(folder: Path) -> str:
    shown = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    return f'Name it in config/fleetwatch.toml: [models.<task>] folder = "{shown}", and map its labels there.'
