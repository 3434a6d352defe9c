"""The help center in `content/`, README.md and ARCHITECTURE.md say what the code does, all of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import pytest

from kbsync import errors
from kbsync.cli.app import command
from kbsync.cli.demo import _editable
from kbsync.cli.options import take
from kbsync.config import Settings, Table
from kbsync.document import blocks
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN
from kbsync.document.intercom import INTERCOM
from kbsync.document.markdown import MARKDOWN
from kbsync.document.proof import failures
from kbsync.document.walk import nodes
from kbsync.effects import DIRECT
from kbsync.replicas.files import frontmatter
from kbsync.replicas.files.lint import lint
from kbsync.replicas.files.paths import COLLECTION_FILE, article_path
from kbsync.replicas.files.replica import FilesReplica
from kbsync.sync.presence import presence_table

ROOT = Path(__file__).resolve().parents[2]
CONTENT = ROOT / "content"
CODE = ROOT / "kbsync"

_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^(`{3,})[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"`?(tests/[\w/]+\.py)(?:::(\w+))?(?:::(\w+))?`?")
_CALLED = re.compile(r"(?<![\w/.-])kbsync((?: +[^\s`|;&#)]+)*)")


@dataclass(frozen=True, slots=True)
class Page:
    """One article as a reader of the file meets it."""

    path: Path
    title: str
    state: str
    body: str

    @property
    def name(self) -> str:
        return self.path.relative_to(CONTENT).as_posix()

    @property
    def locale(self) -> str:
        return article_path(PurePosixPath(self.path)).locale


@cache
def pages() -> tuple[Page, ...]:
    """Return all articles in all locales."""
    found = sorted(path for path in CONTENT.rglob("*.md") if path.name != COLLECTION_FILE)
    return tuple(map(_page, found))


def _page(path: Path) -> Page:
    split = frontmatter.split(path.read_text("utf-8"), str(path))
    keys = frontmatter.load(split.front, str(path))
    return Page(path, str(keys["title"]), str(keys.get("state", "published")), split.body)


def articles() -> tuple[Page, ...]:
    """Return what readers see in the default locale."""
    return tuple(p for p in pages() if p.state == "published" and not p.locale)


def article(title: str) -> Page:
    return next(p for p in articles() if p.title == title)


TREE = command()


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its words, the root as "kbsync"."""
    yield from _below("kbsync", TREE)


def _below(words: str, node: Any) -> Iterator[tuple[str, Any]]:
    yield words, node
    for name, child in getattr(node, "commands", {}).items():
        yield from _below(f"{words} {name}", child)


def options(node: Any) -> set[str]:
    """Return the spellings of a command's own options, help left out."""
    return {
        spelling
        for parameter in node.params
        if parameter.param_type_name == "option"
        for spelling in (*parameter.opts, *parameter.secondary_opts)
        if spelling.startswith("--") and spelling != "--help"
    }


LEAVES = [(words, node) for words, node in commands() if not getattr(node, "commands", {})]
COMMON = {"--config", "--json", "--verbose", "--quiet", "--no-color", "-v", "-vv", "-q", "--help", "-h"}


@pytest.mark.parametrize(("words", "node"), LEAVES, ids=[words for words, _ in LEAVES])
def test_a_command_has_an_article_with_all_its_options(words: str, node: Any) -> None:
    """Every command is the title of an article, whose table has its options and no others."""
    rows = re.findall(r"^\|([^|]*)\|", article(words).body, re.MULTILINE)
    explained = {word for row in rows for span in _CODE_SPAN.findall(row) for word in span.split()}

    assert {word for word in explained if word.startswith("-")} == options(node)


def test_the_options_of_every_command_are_explained() -> None:
    """What works with every command, and the options of kbsync itself, stand in one article."""
    spans = _CODE_SPAN.findall(article("Options of every command").body)

    assert COMMON | options(TREE) <= {word for span in spans for word in span.split()}


TABLES = {
    name: next(t for t in (field.annotation, *get_args(field.annotation)) if isinstance(t, type) and issubclass(t, Table))
    for name, field in Settings.model_fields.items()
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_an_article_with_all_its_keys(name: str) -> None:
    """Every table of kbsync.toml has an article with one row a key, its default among it."""
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", article(f"The {name} table").body, re.MULTILINE)
    explained = dict(rows)

    assert explained.keys() == TABLES[name].model_fields.keys()
    for key, field in TABLES[name].model_fields.items():
        if isinstance(field.default, str | int | float):
            default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert default in explained[key], f"the default of {key}"


def test_every_environment_variable_is_explained() -> None:
    """Whatever kbsync reads from the environment under its own name stands in one article, and no other."""
    read = {name for path in CODE.rglob("*.py") for name in re.findall(r"\bKBSYNC_[A-Z_]+\b", path.read_text("utf-8"))}  # fmt: skip
    told = set(re.findall(r"\bKBSYNC_[A-Z_]+\b", article("Environment variables").body))

    assert read == told


def _errors(cls: type[errors.KbsyncError]) -> Iterator[type[errors.KbsyncError]]:
    for child in cls.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _errors(child)


ERRORS: list[type[errors.KbsyncError]] = [
    errors.KbsyncError,
    *sorted(_errors(errors.KbsyncError), key=lambda error: error.code),
]


@pytest.mark.parametrize("error", ERRORS, ids=[error.code for error in ERRORS])
def test_an_error_code_has_its_heading_with_cause_and_fix(error: type[errors.KbsyncError]) -> None:
    """Each code heads one section in troubleshooting, which says how to mend it."""
    shelf = [p for p in articles() if p.name.startswith("troubleshooting/")]
    sections = [
        s for p in shelf for s in re.split(r"^## ", p.body, flags=re.MULTILINE) if s.startswith(error.code)
    ]

    assert len(sections) == 1
    assert "fix" in sections[0].lower()


def test_no_article_names_an_error_that_does_not_exist() -> None:
    """A code that readers are told of is one kbsync prints."""
    named = {code for p in pages() for code in re.findall(r"\bKB\d{3}\b", p.body)}

    assert named <= {error.code for error in ERRORS}


def _warning_codes() -> Iterator[str]:
    for path in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in {"Loss", "Warned", "lose", "unwrapped"}:
                    yield str(node.args[0].value)


def test_every_warning_is_explained() -> None:
    """Each code of a warning or a loss stands in the article about warnings."""
    told = set(_CODE_SPAN.findall(article("Warnings and what they mean").body))

    assert set(_warning_codes()) <= told


def _called(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every call of kbsync in code."""
    for fence, code in _FENCE.findall(text):
        if len(fence) == 3:
            yield from (tuple(call.split()) for call in _CALLED.findall(code.replace("\\\n", " ")))
    for span in _CODE_SPAN.findall(_FENCE.sub("", text)):
        yield from (tuple(call.split()) for call in _CALLED.findall(span))


def _unknown(words: tuple[str, ...]) -> str:
    """Return what a call names that does not exist, "" for nothing; a placeholder ends the reading."""
    node: Any = TREE
    for word in take(words)[1]:
        plain = word.strip("[]…,'\"")
        name = plain.partition("=")[0]
        if plain.startswith("-"):
            if name not in options(node) | COMMON:
                return word
        elif getattr(node, "commands", {}):
            if plain not in node.commands:
                return word
            node = node.commands[plain]
    return ""


_DOCUMENTS = [*(p.path for p in pages()), ROOT / "README.md", ROOT / "ARCHITECTURE.md"]


@pytest.mark.parametrize("path", _DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_document_names_a_command_that_does_not_exist(path: Path) -> None:
    """Whatever a reader could copy is a command of kbsync with options it takes."""
    calls = [call for call in _called(path.read_text("utf-8")) if not _prose(call)]

    assert {" ".join(call): _unknown(call) for call in calls if _unknown(call)} == {}


def _prose(call: tuple[str, ...]) -> bool:
    """Tell whether `kbsync` is a word of a configuration or a path there, not a command."""
    return not call or not re.match(r"^-|^[a-z]+$", call[0]) or call[0] in {"mirror", "run"}


def test_the_two_commands_of_the_readme_exist() -> None:
    """README's `make` commands are targets of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    told = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text("utf-8")))

    assert {"demo", "test"} <= told <= targets


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_the_links_of_a_document_lead_somewhere(document: str) -> None:
    """What a paper of the repository links to is in the repository."""
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([\w./-]+)\)", (ROOT / document).read_text("utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_the_tests_that_a_document_names_exist(document: str) -> None:
    """A promise that names its test names one that is there."""
    for path, *names in _TEST.findall((ROOT / document).read_text("utf-8")):
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        for name in filter(None, names):
            assert name in _names(tree), f"{path}::{name}"


def _names(tree: ast.AST) -> set[str]:
    found = {getattr(node, "name", "") for node in ast.walk(tree)}
    return found | {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_every_decision_names_its_test() -> None:
    """Each numbered decision of ARCHITECTURE.md ends with the test that pins it."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Decisions")[2]
    decisions = re.findall(r"^\d+\. .*?(?=^\d+\. |^## |\Z)", text, re.MULTILINE | re.DOTALL)

    assert len(decisions) >= 15
    assert [d for d in decisions if not _TEST.search(d)] == []


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "content/concepts/syncing/what-a-sync-does.md"])
def test_the_presence_table_is_the_code_s(document: str) -> None:
    """The 27 cases that people read are the 27 cases the code looks up."""
    assert presence_table() in (ROOT / document).read_text("utf-8")


def _files() -> FilesReplica:
    return FilesReplica(CONTENT, ROOT / ".kbsync" / "retired", "en", DIRECT)


def test_our_own_help_center_passes_the_lint() -> None:
    """The lint finds no error, and warns only of what a target cannot hold in the articles about that."""
    findings = lint(_files())

    assert {f.code for f in findings} <= {"cannot-hold"}
    assert {Path(f.path).parent.name for f in findings} <= {"writing", "configuration"}


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.name)
def test_an_article_survives_both_ways(page: Page) -> None:
    """No article loses anything on the way to a format and back without saying so."""
    assert list(failures(page.body, MARKDOWN, (INTERCOM, CONFLUENCE))) == []


def _kinds() -> set[type]:
    return {
        kind
        for kind in vars(blocks).values()
        if isinstance(kind, type) and issubclass(kind, blocks.Node) and kind is not blocks.Node
    }


def test_every_construct_is_used_in_earnest() -> None:
    """Every node that a document can hold stands in some published article."""
    used = {type(n) for p in articles() for n in nodes(MARKDOWN.read(p.body, _Links()))}

    assert _kinds() - used == set()


class _Links:
    """Reads relative addresses as what they name: articles and files."""

    def read(self, address: str) -> blocks.Target:
        path, _, anchor = address.partition("#")
        if "://" in address or not path or address.startswith("mailto:"):
            return blocks.Url(address)
        if path.endswith(".md"):
            return blocks.ArticleRef(Path(path).stem, anchor)
        return blocks.AssetRef(path)

    def write(self, target: blocks.Target) -> str | None:
        return PLAIN.write(target)


def test_all_kinds_of_callouts_are_shown_and_one_has_a_title() -> None:
    """A writer finds each callout in use."""
    found = [
        n for p in articles() for n in nodes(MARKDOWN.read(p.body, PLAIN)) if isinstance(n, blocks.Callout)
    ]

    assert {c.callout for c in found} == set(get_args(blocks.CalloutKind))
    assert any(c.title for c in found)


def test_the_help_center_is_as_large_as_promised() -> None:
    """At least 25 articles in at least 5 collections on up to 3 levels, at least 5 of them in French."""
    folders = {p.path.parent for p in articles()}
    french = [p for p in pages() if p.locale == "fr"]
    observation = _files().observe({})
    ids = [(r.kind, r.id) for r in observation.readings]

    assert (len(articles()), len(french)) >= (25, 5)
    assert len(french) >= 5
    assert len(folders) >= 5
    assert {len(f.relative_to(CONTENT).parts) for f in folders} == {1, 2, 3}
    assert len(set(ids)) == len(ids)


def test_every_id_is_the_article_s_own_name() -> None:
    """An article's id is its slug, so that links to an id and to a file read alike."""
    for reading in _files().observe({}).readings:
        if reading.kind == "article":
            assert reading.id == reading.handle.rpartition("/")[2]


def test_titles_stand_once() -> None:
    """No two pages would need a suffix in Confluence, collections included."""
    folded = [p.title.casefold() for p in pages() if not p.locale]
    collections = [_page(path).title.casefold() for path in CONTENT.rglob(COLLECTION_FILE)]

    assert len({*folded, *collections}) == len(folded) + len(collections)


def test_the_demo_finds_sentences_to_edit() -> None:
    """The first five articles have a plain sentence of their own that the demo can change."""
    first = [p.path for p in articles()][:5]
    places = [place.path for _, place in zip(range(5), _editable(CONTENT), strict=False)]

    assert places == first


def test_pictures_are_small() -> None:
    """Every picture of the help center is under 100 KB and used."""
    text = "".join(p.body for p in pages()) + (ROOT / "README.md").read_text("utf-8")
    for path in (CONTENT / "assets").iterdir():
        assert path.name in text
        assert path.name == "report.png" or path.stat().st_size < 100 * 1024
