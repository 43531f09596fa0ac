"""Opens any kind of model folder: the fleet's own, one of intents, or a Hugging Face model."""

import json
from pathlib import Path
from typing import Literal, cast

from classifier.hugging_face import CONFIG, load_hugging_face
from classifier.model import MANIFEST
from classifier.model import load as load_fleet
from classifier.scoring import FleetScorer, Scorer
from domain.errors import ModelError

Kind = Literal["fleet", "intents", "hugging_face"]
DEFAULT = Path(__file__).resolve().parent / "models" / "default"
"""The shipped model."""


def open_scorer(folder: Path, task: str) -> Scorer:
    """The model in `folder`, seen through `task`. Raises ModelError, one sentence, when it cannot be used.

    Models of one task (intents, Hugging Face) answer with their own labels, whatever the task.
    """
    match kind_of(folder):
        case "fleet":
            return FleetScorer(load_fleet(folder), task)
        case "intents":
            from classifier.intents import load_intents  # noqa: PLC0415 - only who opens one needs it

            return load_intents(folder)
        case "hugging_face":
            return load_hugging_face(folder)


def kind_of(folder: Path) -> Kind:
    """Raises ModelError when the folder is no model's."""
    if folder.is_file():
        raise ModelError(f"{folder} is a file: name the folder that holds the model.")
    if not folder.is_dir():
        raise ModelError(f"{folder} is not there: name a model folder, or fetch one with `fleetwatch models pull`.")
    if (folder / MANIFEST).is_file():
        return _kind_in(folder / MANIFEST)
    if (folder / CONFIG).is_file():
        return "hugging_face"
    raise ModelError(f"{folder} holds neither {MANIFEST} nor {CONFIG}: it is no model folder, name another.")


def _kind_in(path: Path) -> Kind:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}): restore the model folder.") from None
    kind = cast("dict[str, object]", content).get("kind") if isinstance(content, dict) else None
    if kind not in ("fleet", "intents"):
        raise ModelError(f"{path} names no kind of model that this program knows: update the program, or retrain the model.")
    return cast("Kind", kind)
