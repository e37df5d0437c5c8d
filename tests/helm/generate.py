#!/usr/bin/env python3
"""Writes helm/siegel/files/reach.json from libs/grpc/reach.toml: one table, no second copy by hand."""

import json
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "libs/grpc/reach.toml"
TARGET = ROOT / "helm/siegel/files/reach.json"


def reach() -> dict[str, dict[str, list[str]]]:
    """The table as it is in the source: service -> calls, events_of, outside, faces."""
    return tomllib.loads(SOURCE.read_text())["service"]


def text() -> str:
    """What the chart's copy must say."""
    return json.dumps(reach(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
    print(f"wrote {TARGET.relative_to(ROOT)}")
