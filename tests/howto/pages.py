"""What a how-to tells people to write and to run, taken out of its Markdown."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Block:
    heading: str
    language: str
    text: str
    before: str  # the paragraph above it


def blocks(name: str) -> list[Block]:
    """All fenced blocks of `docs/how-to/{name}`, in order."""
    found, heading, above, fence = [], "", "", None
    for line in (ROOT / "docs/how-to" / name).read_text().splitlines(keepends=True):
        if fence is not None:
            if line.startswith("```"):
                found.append(Block(heading, fence[0], "".join(fence[1:]), above))
                fence = None
            else:
                fence.append(line)
        elif line.startswith("```"):
            fence = [line[3:].strip()]
        elif line.startswith("#"):
            heading, above = line.strip("# \n"), ""
        elif line.strip():
            above = line
    return found


def block(name: str, heading: str, language: str, before: str = "") -> str:
    """The only block of that language under that heading (below a line with `before`)."""
    fits = [b.text for b in blocks(name) if b.heading == heading and b.language == language and before in b.before]
    if len(fits) != 1:
        raise LookupError(f"{name}, {heading}: {len(fits)} blocks of {language} {before!r}")
    return fits[0]


def rows(name: str, head: str) -> list[list[str]]:
    """The rows of the table whose heads begin so."""
    lines = (ROOT / "docs/how-to" / name).read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(head))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found
