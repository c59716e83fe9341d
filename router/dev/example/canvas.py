"""A grid of characters that boxes and arrows are drawn on."""

from itertools import groupby

from rich.text import Text


class Canvas:
    """So many columns and rows, empty at first. What does not fit is cut off."""

    def __init__(self, width: int, height: int) -> None:
        self._cells = [[(" ", "")] * width for _ in range(height)]

    def put(self, row: int, column: int, text: str, style: str = "") -> None:
        """Write the text from this place to the right."""
        line = self._cells[row]
        for place, character in enumerate(text, column):
            if place < len(line):
                line[place] = (character, style)

    def box(
        self, row: int, column: int, width: int, title: str, lines: tuple[tuple[str, str], ...], style: str
    ) -> None:
        """A frame with its title in the upper border. lines: each with its style, centred, one to a row."""
        inner = width - 2
        self.put(row, column, f"╭{f' {title} ':─^{inner}}╮", style)
        for place, (text, text_style) in enumerate(lines, row + 1):
            self.put(place, column, "│", style)
            self.put(place, column + 1, f"{text:^{inner}}", text_style)
            self.put(place, column + width - 1, "│", style)
        self.put(row + len(lines) + 1, column, f"╰{'─' * inner}╯", style)

    def text(self) -> Text:
        """The drawing, one line to a row."""
        drawing = Text(no_wrap=True)
        for number, line in enumerate(self._cells):
            if number:
                drawing.append("\n")
            for style, cells in groupby(line, key=lambda cell: cell[1]):
                drawing.append("".join(character for character, _ in cells), style or None)
        return drawing
