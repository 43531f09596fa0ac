"""Tables in the terminal."""

from collections.abc import Iterable, Sequence


def share(value: float) -> str:
    """A number from 0 to 1 as figures are published: to the third place."""
    return f"{value:.3f}"


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: Sequence[str] = ()) -> None:
    """Numbers stand right, the first column and the columns named in `words` left. Without rows nothing is printed."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    cells = [[escape(cell) for cell in row] for row in rows]
    if not cells:
        return
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if place == 0 or column in words else "right")
    for row in cells:
        table.add_row(*row)
    Console().print(table)
