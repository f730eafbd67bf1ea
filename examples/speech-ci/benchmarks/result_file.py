"""Result files: what the tests leave for whoever wants the figures, whether an assertion fails or not."""

import json
from pathlib import Path


def write_results(path: Path, results: dict) -> dict:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return results
