"""How far two readers of the written posts agree: Cohen's kappa for each label, in all and in the worst language.

`python -m bench.agreement [--json]`. The second reader labelled a random part of the posts without seeing the first labels.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from classifier.posts import Post, load_posts

SECOND = Path(__file__).parent.parent / "classifier" / "data" / "second_readings.jsonl"
FIELDS = ("threat", "intent", "urgency", "sentiment", "action")

Pair = tuple[Post, dict[str, str | None]]


def kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Agreement beyond chance, 1 for complete agreement; 1 where both readers use one and the same label throughout."""
    agreed = sum(one == other for one, other in pairs) / len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(count * second[label] for label, count in first.items()) / len(pairs) ** 2
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def figures(pairs: Sequence[Pair], name: str) -> dict[str, float | int | str]:
    """Over the posts that both readers labelled for this field: scams carry only a threat."""
    both = [(post.lang, str(getattr(post, name)), str(second[name])) for post, second in pairs if _labelled(post, second, name)]
    languages = sorted({lang for lang, _, _ in both})
    by_language = {lang: kappa([(one, other) for code, one, other in both if code == lang]) for lang in languages}
    worst = min(languages, key=lambda lang: by_language[lang])
    agreed = sum(one == other for _, one, other in both) / len(both)
    return {
        "posts": len(both),
        "agreed": agreed,
        "kappa": kappa([(one, other) for _, one, other in both]),
        "worst_language": worst,
        "worst_kappa": by_language[worst],
    }


def _labelled(post: Post, second: dict[str, str | None], name: str) -> bool:
    return getattr(post, name) is not None and second[name] is not None


def read_pairs() -> list[Pair]:
    posts = {post.id: post for post in load_posts()}
    readings: list[dict[str, str | None]] = [json.loads(line) for line in SECOND.read_text(encoding="utf-8").splitlines()]
    return [(posts[str(reading["id"])], reading) for reading in readings]


def main(arguments: Sequence[str] | None = None, show: Callable[[str], None] = print) -> int:
    parser = argparse.ArgumentParser(prog="agreement", description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args(arguments).json
    pairs = read_pairs()
    table = {name: figures(pairs, name) for name in FIELDS}
    if as_json:
        show(json.dumps(table, indent=1))
        return 0
    show(f"{'field':<12}{'posts':>7}{'agreed':>9}{'kappa':>8}  worst language")
    for name, row in table.items():
        worst = f"{row['worst_language']} {row['worst_kappa']:.3f}"
        show(f"{name:<12}{row['posts']:>7}{row['agreed']:>9.3f}{row['kappa']:>8.3f}  {worst}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
