"""The alert rules and the dashboard of `deploy/` ask for what `/metrics` says, and their own tool reads them."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from newsreader.kit.metrics import REGISTRY
from newsreader.operations.site_gauges import GAUGES
from newsreader.settings import BASE_DIR
from tests.every import every

ALERTS, DASHBOARD = BASE_DIR / "deploy" / "alerts.yaml", BASE_DIR / "deploy" / "grafana.json"
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
PROMTOOL = shutil.which("promtool")
ENDINGS = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}


def counted():
    """Return the names of all series, by the name of their metric; `tests.operations.test_metrics` sees the gauges."""
    found = {f"newsreader_{name}": {f"newsreader_{name}"} for name in [*GAUGES, "database_up"]}
    for family in REGISTRY.collect():
        if family.name.startswith("newsreader_"):
            found[family.name] = {f"{family.name}{ending}" for ending in ENDINGS[family.type]}
    return found


@every([ALERTS, DASHBOARD])
def test_every_series_that_is_asked_for_is_there(file):
    series = set().union(*counted().values())
    asked = set(re.findall(r"newsreader_\w+", file.read_text()))
    assert len(asked) > 10
    assert asked - series == set()


def test_the_dashboard_shows_everything_that_is_counted():
    text = DASHBOARD.read_text()
    assert [name for name, series in counted().items() if not any(one in text for one in series)] == []


def test_the_dashboard_is_whole():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = {(cell, row) for panel in panels for cell, row in cells(**panel["gridPos"])}
    assert len(places) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in panels)  # None hides another.
    assert max(cell for cell, _ in places) < 24


def cells(x, y, w, h):
    return [(x + across, y + down) for across in range(w) for down in range(h)]


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert all(rule["annotations"][text] for text in ("summary", "description"))


@pytest.mark.skipif(not PROMTOOL, reason="needs promtool (apt-get install prometheus)")
def test_prometheus_itself_reads_the_rules():
    checked = subprocess.run([PROMTOOL, "check", "rules", ALERTS], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(RULES)} rules found" in checked.stdout
