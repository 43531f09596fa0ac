"""What `fleetwatch evaluate --end-to-end` says, as JSON and as tables."""

from dataclasses import asdict

from cli.tables import share, show_table
from workers.agreement import Agreement, Rate, Rates

RATES = {
    "wrong_auto_reply": "automatic FAQ replies to posts that are not labelled with that very article",
    "answered": "posts labelled reply_faq that were answered by themselves with the right article",
    "missed_critical": "posts labelled critical that came to no flag, and to no ticket or review of urgency critical or high",
    "victims_flagged": "posts with threat none that were flagged as scams",
    "automatic": "posts finished, or left alone, without asking a reviewer",
}
"""Rate -> what it counts, out of what its second number says."""


def agreement_json(agreed: Agreement, texts_per_second: float) -> dict[str, object]:
    return {
        "n": agreed.n,
        "fields": {name: asdict(row) for name, row in agreed.fields.items()},
        **_rates_json(agreed.rates),
        "counts": asdict(agreed.rates),
        "per_lang": {code: {"n": rates.automatic.of, **_rates_json(rates)} for code, rates in agreed.per_lang.items()},
        "texts_per_second": texts_per_second,
    }


def _rates_json(rates: Rates) -> dict[str, float]:
    return {
        "wrong_auto_reply_rate": rates.wrong_auto_reply.value,
        "answered_rate": rates.answered.value,
        "missed_critical_rate": rates.missed_critical.value,
        "victims_flagged_rate": rates.victims_flagged.value,
        "automatic_share": rates.automatic.value,
    }


def show_agreement(agreed: Agreement, texts_per_second: float, name: str) -> None:
    rows = [
        (
            field,
            f"{row.n:,}",
            share(row.accuracy),
            share(row.baseline_accuracy),
            share(row.macro_f1),
            share(row.baseline_macro_f1),
            f"{share(row.worst_lang)} {row.worst_lang_name}",
        )
        for field, row in agreed.fields.items()
    ]
    title = f"end to end on {name}, {agreed.n:,} rows, {texts_per_second:,.0f} texts a second"
    show_table(title, ("", "rows", "accuracy", "majority", "macro F1", "majority", "worst language"), rows)
    rates = [(name, *_counted(getattr(agreed.rates, name)), meaning) for name, meaning in RATES.items()]
    show_table("Costs", ("", "rate", "rows", "what it counts"), rates, words=("what it counts",))
    by_language = [
        (code, f"{rates.automatic.of:,}", *(share(getattr(rates, name).value) for name in RATES))
        for code, rates in agreed.per_lang.items()
    ]
    show_table("By language", ("", "rows", *(name.replace("_", " ") for name in RATES)), by_language)


def _counted(rate: Rate) -> tuple[str, str]:
    return share(rate.value), f"{rate.hits:,} of {rate.of:,}"
