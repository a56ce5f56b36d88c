"""What holds the documentation to the code."""

import json
import pathlib
import re


def broken_links(repository: pathlib.Path) -> list[str]:
    """Links between files of the repository that lead nowhere, headings included."""
    broken = []
    for paper in [*repository.glob("*.md"), *repository.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)\s]+)\)", paper.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, heading = target.partition("#")
            file = (paper.parent / name).resolve() if name else paper
            if not file.exists():
                broken.append(f"{paper.name}: {target}: no such file")
            elif heading and file.suffix == ".md" and heading not in anchors(file):
                broken.append(f"{paper.name}: {target}: no such heading")
    return broken if (repository / "README.md").exists() else ["README.md is missing"]


def anchors(paper: pathlib.Path) -> set[str]:
    """The anchors of a Markdown file's headings: lower case, blanks as dashes, no other punctuation."""
    headings = re.findall(r"^#+\s+(.+?)\s*$", paper.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def alerts_without_runbook(repository: pathlib.Path, described: dict) -> list[str]:
    """Alerts of the rendered rules, and those that the remediator posts, without a heading in the runbook."""
    names = {"RemediationExhausted", "RemediationAcknowledged"}
    for file in described["files"].values():
        if '"alert":' in file["text"] and '"groups":' in file["text"]:
            groups = json.loads(file["text"])["groups"]
            names |= {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    runbook = repository / "docs" / "RUNBOOK.md"
    present = anchors(runbook) if runbook.exists() else set()
    return [f"docs/RUNBOOK.md: no heading for {name}" for name in sorted(names) if name.lower() not in present]
