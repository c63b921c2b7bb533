"""The operator's page shows what the cluster of the tests runs with."""

import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from tests.failover.cluster import CONFIGURATION, SETTINGS

WORDS = "(?:`\\w+`(?:, )?)+"
PAGE = (Path(__file__).parents[2] / "docs" / "high-availability.md").read_text("utf-8")


def test_the_url_is_the_one_that_was_tried() -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    url = urlsplit(tomllib.loads(block)["ledger"]["database"])
    assert url.query == SETTINGS
    assert len(url.netloc.split(",")) == 3


def test_the_settings_are_those_of_the_file() -> None:
    file = (CONFIGURATION / "patroni.yml").read_text("utf-8")
    rows = re.findall(rf"^\| ({WORDS}) \| ({WORDS})", PAGE, re.MULTILINE)
    words = re.compile(r"`(\w+)`")
    told = [
        (name, value)
        for names, values in rows
        for name, value in zip(words.findall(names), words.findall(values), strict=True)
    ]
    assert len(told) == 10
    for name, value in told:
        found = re.search(rf'^ *{name}: "?(\w+)"?$', file, re.MULTILINE)
        assert found is not None, name
        assert found[1] == value, name
