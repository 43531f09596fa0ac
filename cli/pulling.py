"""Brings a model folder: from the hub, or copied from this machine. Programs and pickles stay behind."""

import importlib.util
import json
import shutil
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from classifier.folders import new_folder
from classifier.hugging_face import NETWORKS, PICKLES
from classifier.opening import kind_of, open_scorer
from classifier.shelf import SOURCE, Shelf
from domain.errors import ModelError

TEXTS = ("config.json", "tokenizer*.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt")
BESIDE = ("merges.txt", "*.model", "README.md", "LICENSE*")
SAFETENSORS = ("model*.safetensors", "model.safetensors.index.json")
OURS = ("*.json", "*.npz", "*.onnx", "*.md", "*.txt")
"""Files of a model that this program trained."""


def pull(source: str, revision: str | None, name: str | None, shelf: Shelf, endpoint: str | None = None) -> str:
    """The name under which it now stands on the shelf. Raises ModelError, one sentence, and leaves nothing behind then."""
    local = Path(source).expanduser()
    name = name or (local.resolve().name if local.is_dir() else source.rsplit("/", 1)[-1])
    target = shelf.path(name)
    if target.exists():
        raise ModelError(f"{target} is there already: choose another --name, or remove that folder.")
    with new_folder(target) as draft:
        try:
            sha = _copy(local, draft) if local.is_dir() else _fetch(source, revision, draft, endpoint)
            open_scorer(draft, "sentiment")
        except ModelError as error:
            raise ModelError(str(error).replace(str(draft), source)) from None
        noted = {"source": source, "revision": sha}
        (draft / SOURCE).write_text(json.dumps(noted) + "\n", encoding="utf-8")
    return name


def _copy(folder: Path, draft: Path) -> str:
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    strange = kind_of(folder) == "hugging_face"
    for name in wanted(folder.name, names) if strange else _matching(names, OURS):
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, draft / name)
    return ""


def wanted(source: str, names: Sequence[str]) -> list[str]:
    """Of a Hugging Face folder: its words, and one network. Raises ModelError when there is none that can be used here."""
    words = _matching(names, (*TEXTS, *BESIDE))
    for network in NETWORKS:
        if network in names:
            return [*words, *_matching(names, (f"{network}*",))]
    if not (safe := _matching(names, SAFETENSORS)):
        pickled = "only pickled weights, which could run a stranger's program" if _matching(names, PICKLES) else "no weights"
        raise ModelError(f"{source} has {pickled}: use a model with model.onnx or model.safetensors.")
    if importlib.util.find_spec("torch") is None:
        raise ModelError(
            f"{source} has no ONNX network, and safetensors need torch: install the `torch` extra, or take one with model.onnx."
        )
    return [*words, *safe]


def _matching(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """A pattern without a slash speaks of the folder itself, not of what lies deeper."""
    return [
        name
        for name in names
        if any(fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for pattern in patterns)
    ]


def _fetch(source: str, revision: str | None, draft: Path, endpoint: str | None) -> str:
    """The commit that was fetched. `endpoint`: None asks where HF_ENDPOINT says, by default the public hub."""
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint)
    try:
        info = api.model_info(source, revision=revision)
        names = wanted(source, [one.rfilename for one in info.siblings or ()])
        api.snapshot_download(  # pyright: ignore[reportUnknownMemberType] - its progress bars have no types
            source, revision=info.sha, local_dir=draft, allow_patterns=names
        )
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001 - besides its own errors the client lets its network library's through
        raise ModelError(f"{source} {_why(error, revision)}") from None
    shutil.rmtree(draft / ".cache", ignore_errors=True)  # the client's notes on its download
    return info.sha or ""


def _why(error: Exception, revision: str | None) -> str:
    """The more special kinds come first."""
    from huggingface_hub import errors

    reasons: tuple[tuple[type[Exception], str], ...] = (
        (errors.HFValidationError, "is neither a folder nor a hub id: write owner/name, or a folder that is there."),
        (errors.GatedRepoError, "asks for consent on its page: give it there, and set HF_TOKEN."),
        (errors.RevisionNotFoundError, f"has no revision {revision}: leave --revision out, or name another."),
        (errors.RepositoryNotFoundError, "is not on the hub: mend the name, or set HF_TOKEN when it is private."),
        (errors.OfflineModeIsEnabled, "was not fetched, for HF_HUB_OFFLINE is set: unset it, or name a folder."),
    )
    for kind, reason in reasons:
        if isinstance(error, kind):
            return reason
    return (
        f"was not fetched, for the hub does not answer as it should ({type(error).__name__}): "
        "look at the network, or carry the folder here and name it."
    )
