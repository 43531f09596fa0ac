"""What `fleetwatch evaluate` says of one task, as JSON and as tables."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from classifier.evaluation import Report
from classifier.metrics import RiskPoint, error_at_coverage
from cli.tables import share, show_table

CURVE = tuple(step / 20 for step in range(1, 21))
"""Coverages at which the risk-coverage curve is given."""
SHORT_CURVE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
MOST_CLASSES = 30
"""Rows of the table of labels; a longer one shows the labels that the model knows worst."""


def report_json(report: Report) -> dict[str, object]:
    own, always = report.figures, report.baseline
    content: dict[str, object] = {
        "n": own.n,
        "accuracy": own.accuracy,
        "macro_f1": own.macro_f1,
        "macro_recall": own.macro_recall,
        "baseline": {
            "label": report.baseline_label,
            "accuracy": always.accuracy,
            "macro_f1": always.macro_f1,
            "macro_recall": always.macro_recall,
        },
        "per_class": {label: asdict(row) | {"baseline_f1": always.per_class[label].f1} for label, row in own.per_class.items()},
        "per_lang": {
            code: {
                "n": row.n,
                "accuracy": row.accuracy,
                "macro_f1": row.macro_f1,
                "macro_recall": row.macro_recall,
                "baseline_accuracy": report.baseline_per_lang[code].accuracy,
                "baseline_macro_f1": report.baseline_per_lang[code].macro_f1,
            }
            for code, row in report.per_lang.items()
        },
        "ece": report.ece,
        "risk": report.risk,
        "coverage_at_risk": report.coverage_at_risk,
        "risk_coverage": [asdict(point) for point in _thinned(report.curve, CURVE)],
        "labels_left_out": list(report.left_out),
        "texts_per_second": report.texts_per_second,
    }
    if report.positive is not None:
        label, row = report.positive
        content |= {"positive": label, "precision": row.precision, "recall": row.recall, "f1": row.f1}
    if report.answers is not None:
        answers = report.answers
        content |= {"coverage": answers.coverage, "precision": answers.precision, "recall_at_1": answers.recall_at_1}
    return content


def show_report(report: Report, title: str) -> None:
    own, always = report.figures, report.baseline
    rows = [
        ("accuracy", share(own.accuracy), share(always.accuracy)),
        ("macro F1", share(own.macro_f1), share(always.macro_f1)),
        ("macro recall", share(own.macro_recall), share(always.macro_recall)),
    ]
    if report.positive is not None:
        label, row = report.positive
        blind = always.per_class[label]
        rows += [
            (f"precision of {label}", share(row.precision), share(blind.precision)),
            (f"recall of {label}", share(row.recall), share(blind.recall)),
            (f"F1 of {label}", share(row.f1), share(blind.f1)),
        ]
    if report.answers is not None:
        rows += [
            ("answered", share(report.answers.coverage), ""),
            ("precision of answers", share(report.answers.precision), ""),
            ("recall at 1", share(report.answers.recall_at_1), ""),
        ]
    rows += [
        ("calibration error", share(report.ece), ""),
        (f"coverage at {report.risk:.1%} errors", share(report.coverage_at_risk), ""),
        ("texts a second", f"{report.texts_per_second:,.0f}", ""),
    ]
    show_table(f"{title}, {own.n:,} rows", ("", "model", f"always {report.baseline_label}"), rows)
    if report.left_out:
        print(f"Not predicted, because no row bears them: {', '.join(report.left_out)}.")
    _show_languages(report)
    _show_labels(report)
    _show_curve(report)


def _show_languages(report: Report) -> None:
    rows = [
        (code, f"{row.n:,}", share(row.accuracy), share(always.accuracy), share(row.macro_f1), share(always.macro_f1))
        for code, row in report.per_lang.items()
        for always in [report.baseline_per_lang[code]]
    ]
    show_table("By language", ("", "rows", "accuracy", "majority", "macro F1", "majority"), rows)


def _show_labels(report: Report) -> None:
    worst = sorted(report.figures.per_class.items(), key=lambda item: item[1].f1)[:MOST_CLASSES]
    rows = [
        (label, f"{row.support:,}", share(row.precision), share(row.recall), share(row.f1), share(always.f1))
        for label, row in worst
        for always in [report.baseline.per_class[label]]
    ]
    left = len(report.figures.per_class) - len(worst)
    title = f"By label, the worst {len(worst)}; {left} more" if left else "By label, the worst first"
    show_table(title, ("", "rows", "precision", "recall", "F1", "majority"), rows)


def _show_curve(report: Report) -> None:
    rows = [
        (f"{point.coverage:.0%}", share(point.error), share(point.threshold)) for point in _thinned(report.curve, SHORT_CURVE)
    ]
    show_table("Errors when only the surest are judged", ("coverage", "errors", "confidence from"), rows)


def _thinned(curve: Sequence[RiskPoint], coverages: Iterable[float]) -> list[RiskPoint]:
    """The curve's points at these coverages; points of equal confidence stand once."""
    return list(dict.fromkeys(error_at_coverage(curve, coverage) for coverage in coverages))
