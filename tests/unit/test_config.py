"""kbsync.toml: one clear line for everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbsync import config
from kbsync.errors import ConfigError

INTERCOM = '[intercom]\nworkspace = "abc123"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "kbsync.toml"
    path.write_text(text, "utf-8")
    return path


def test_defaults_need_no_file_content(tmp_path: Path) -> None:
    """An empty file is a whole configuration: files alone."""
    loaded = config.load(write(tmp_path, ""))

    assert loaded.root == tmp_path / "content"
    assert loaded.settings.intercom is None
    assert loaded.state_url == f"sqlite:///{tmp_path}/.kbsync/state.db"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[intercom]\nworkspce = "a"\n', 'unknown key "intercom.workspce" (did you mean "workspace"?)'),
        ("[intercom]\n", 'the key "intercom.workspace" is missing'),
        ("[gap]\n", 'unknown key "gap" (did you mean "gaps"?)'),
        ('[sync]\nmax_deletes = "many"\n', 'the key "sync.max_deletes" is not usable'),
        ('[sync]\non_conflict = "mine"\n', "'hold', 'files', 'intercom' or 'confluence'"),
        ("content = 3\n", '"content" is a table'),
        ('[conversations]\nwindow = "9"\n', "a number and a unit"),
        ("[content\n", "is not TOML"),
        ('[gaps]\nmin_topic_size = "3"\n', 'the key "gaps.min_topic_size" cannot be'),
    ],
)
def test_every_mistake_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    """A mistake is told in one line that names the key, the file and the fix, and ends 64."""
    path = write(tmp_path, text)

    with pytest.raises(ConfigError) as caught:
        config.load(path)

    line = caught.value.line()
    assert says in line
    assert str(path) in line
    assert "\n" not in line
    assert caught.value.exit_code == 64


def test_missing_secret_is_named(tmp_path: Path) -> None:
    """A table without its token names the variable to export."""
    loaded = config.load(write(tmp_path, INTERCOM))

    with pytest.raises(ConfigError, match="KBSYNC_INTERCOM_TOKEN"):
        loaded.secrets({})


def test_secrets_never_show(tmp_path: Path) -> None:
    """A token is not part of what is printed of the secrets, nor of the digest a plan carries."""
    loaded = config.load(write(tmp_path, INTERCOM))

    found = loaded.secrets({"KBSYNC_INTERCOM_TOKEN": "hush"})

    assert found.intercom_token == "hush"
    assert "hush" not in repr(found)
    assert loaded.digest == config.load(write(tmp_path, INTERCOM)).digest


def test_digest_follows_the_settings(tmp_path: Path) -> None:
    """Another setting is another digest, a comment is not."""
    plain = config.load(write(tmp_path, INTERCOM)).digest
    commented = config.load(write(tmp_path, "# hello\n" + INTERCOM)).digest
    changed = config.load(write(tmp_path, INTERCOM + 'publish = "draft"\n')).digest

    assert plain == commented != changed


def test_the_file_is_found_from_below(tmp_path: Path) -> None:
    """Commands work from any folder below the file."""
    path = write(tmp_path, "")
    deep = tmp_path / "content" / "billing"
    deep.mkdir(parents=True)

    assert config.find(deep) == path


def test_the_schema_knows_every_key() -> None:
    """`kbsync schema` describes every key of every table."""
    schema = config.json_schema()

    keys = [prop for table in schema["$defs"].values() for prop in table["properties"].values()]
    assert len(keys) > 25
    assert all(prop.get("description") for prop in keys)


@pytest.mark.parametrize("value", ["tok\nen", "t\u00f6ken", "\u201ctoken\u201d", "tok\ten"])
def test_a_secret_that_no_header_can_carry_names_its_variable(value: str) -> None:
    """A pasted line break or curly quote is told before any request, and the secret is not repeated."""
    with pytest.raises(ConfigError) as caught:
        config.secrets({"KBSYNC_CONFLUENCE_TOKEN": value})

    assert "KBSYNC_CONFLUENCE_TOKEN" in caught.value.line()
    assert value not in caught.value.line()


def test_a_line_break_at_the_end_of_a_secret_is_no_part_of_it() -> None:
    """Files and CI settings end with one."""
    assert config.secrets({"KBSYNC_INTERCOM_TOKEN": "token\n"}).intercom_token == "token"


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    """Editors on Windows leave one."""
    path = tmp_path / "kbsync.toml"
    path.write_bytes(b'\xef\xbb\xbf[content]\r\nroot = "help"\r\n')

    assert config.load(path).settings.content.root == "help"
