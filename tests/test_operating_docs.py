"""What the pages for operators tell to write, paste and expect is what the programs take and say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crm_store.sql import upgrade
from ctiserver.cli_check import run_checks
from ctiserver.settings import Settings, load_settings
from pbx.simulator import AgentPlan, QueuePlan, Simulator, SimulatorServer

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    for number, block in enumerate(re.findall(r"^```toml\n(.+?)^```", page.read_text(encoding="utf-8"), re.M | re.S))
]


def loaded(folder: Path, text: str) -> Settings:
    """The block as a whole file, with the files that it names."""
    for name in re.findall(r'^(?:tls_\w+|secret_file) = "([^"]+)"', text, re.M):
        made = folder / Path(name).name
        made.write_text("x")
        text = text.replace(f'"{name}"', f'"{made}"')
    (folder / "ctiserver.toml").write_text(text, encoding="utf-8")
    return load_settings(folder / "ctiserver.toml")


@pytest.mark.parametrize("block", BLOCKS)
def test_each_piece_of_configuration_is_valid(block: str, tmp_path: Path) -> None:
    loaded(tmp_path, block)


def test_each_command_that_the_pages_name_exists() -> None:
    from ctiserver.cli import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name for group in app.registered_groups if group.name}
    pages = [
        (DOCS / name).read_text(encoding="utf-8") for name in ("operating.md", "runbook.md", "freepbx.md", "https.md")
    ]
    named = {
        found for text in pages for found in re.findall(r"(?:`|/|^|\$ |ctiserver )ctiserver ([a-z][a-z-]+)", text, re.M)
    }
    assert {"backup", "restore", "check", "replay"} <= named
    assert named <= known


async def test_check_says_on_freepbx_what_the_page_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (DOCS / "freepbx.md").read_text(encoding="utf-8")
    promised = re.findall(r"^(ok|warning|error) +([\w ]+): ", page, re.M)
    (block,) = re.findall(r"^```toml\n(.+?)^```", page, re.M | re.S)
    freepbx = Simulator(
        agents=(AgentPlan(extension="1001", name="Eva"),),
        queues=(QueuePlan(name="600", did="+421255501234", members=("1001",), freepbx=True),),
    )
    async with SimulatorServer(freepbx) as pbx:
        text = block.replace('"192.168.1.5"', f'"{pbx.host}"\nport = {pbx.port}').replace('"cti"', f'"{pbx.username}"')
        settings = loaded(tmp_path, text + f'\n[database]\nurl = "sqlite:///{tmp_path / "cti.db"}"\n')
        (tmp_path / "ami-secret").write_text(pbx.secret)
        settings = load_settings(tmp_path / "ctiserver.toml")
        await upgrade(settings.database.url)
        await run_checks(settings, watch_s=0.2, as_json=False)
    lines = re.findall(r"^(ok|warning|error) +([\w ]+): ", capsys.readouterr().out, re.M)
    names = [name for _, name in lines]
    assert names == [name for _, name in promised]
    # What has been seen, is in use or is more than needed differs from the page's; the simulated user may do everything.
    by_event = {"main rights", "port", "main class call", "main class agent", "main class dialplan", "main timestamps"}
    assert [line for line in lines if line[1] not in by_event] == [line for line in promised if line[1] not in by_event]
