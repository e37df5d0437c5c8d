"""Every relative link of the documentation leads somewhere, to a heading too where it names one."""

import re
import subprocess
import unicodedata
from pathlib import Path
from urllib.parse import unquote

from pages import ROOT

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)


def anchors(text: str) -> set[str]:
    """As GitHub and GitLab name headings: lower case, words and hyphens only."""
    found = set()
    for line in FENCE.sub("", text).splitlines():
        if line.startswith("#"):
            title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line.lstrip("#").strip())
            kept = (c for c in unicodedata.normalize("NFC", title.lower()) if c.isalnum() or c in " -_")
            found.add("".join(kept).replace(" ", "-"))
    return found


def broken(page: Path) -> list[str]:
    text = page.read_text()
    found = []
    for target in (a or b for a, b in LINK.findall(FENCE.sub("", text))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / unquote(path)).resolve() if path else page
        if not there.exists():
            found.append(f"{page.relative_to(ROOT)}: {target}")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text()):
            found.append(f"{page.relative_to(ROOT)}: {target} names no heading")
    return found


def run(check, _folder: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split() or [str(p.relative_to(ROOT)) for folder in (".", "docs", "tests") for p in (ROOT / folder).rglob("*.md") if "node_modules" not in p.parts and "target" not in p.parts]
    wrong = [line for name in names if (ROOT / name).exists() for line in broken(ROOT / name)]
    check(bool(names) and not wrong, f"every relative link of {len(names)} pages leads somewhere", "\n".join(wrong))
