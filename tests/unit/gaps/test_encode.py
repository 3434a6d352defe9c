"""Encoders give unit rows, the same every time, and sentence models run as their folder says."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from kbsync.errors import ConfigError, ConversationError
from kbsync.gaps.arrays import Vectors
from kbsync.gaps.encode.cache import CachedEncoder, FileCache
from kbsync.gaps.encode.choose import choose
from kbsync.gaps.encode.folder import read_recipe
from kbsync.gaps.encode.pieces import PieceVectorizer
from kbsync.gaps.encode.safetensors import read_tensors
from kbsync.gaps.encode.tfidf import TfidfEncoder

QUESTIONS = [
    "where is my refund",
    "when do I get the refund for my order",
    "my refund has not arrived yet",
    "how do I change my password",
    "I want to change the password of my account",
    "password change does not work",
]


def test_likeness_follows_the_subject() -> None:
    """Questions about one thing are nearer to each other than to those about another."""
    vectors = TfidfEncoder(QUESTIONS).encode(QUESTIONS)
    likeness = vectors @ vectors.T

    assert likeness[:3, :3].mean() > likeness[:3, 3:].mean() + 0.2
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_same_texts_give_the_same_bytes() -> None:
    """Nothing in the desk's own vectors depends on chance."""
    first, second = (TfidfEncoder(QUESTIONS).encode(QUESTIONS).tobytes() for _ in range(2))

    assert first == second


def test_words_need_no_spaces() -> None:
    """Japanese questions are compared by characters."""
    texts = ["カードを紛失しました", "カードの紛失について", "返金はいつですか", "返金がまだ届きません"]
    likeness = (vectors := TfidfEncoder(texts).encode(texts)) @ vectors.T

    assert likeness[0, 1] > likeness[0, 2]


@pytest.mark.parametrize("lengths", [(3, 5), (2, 4)])
@pytest.mark.parametrize("often", [1, 2])
def test_pieces_of_words_weigh_what_scikit_learn_gives_them(lengths: tuple[int, int], often: int) -> None:
    """Taking each word apart once changes no weight, in texts that were learned from and in others."""
    others = ["", "Password\trefund  NEVER", "é"]
    settings = {"ngram_range": lengths, "max_features": 90, "min_df": often}
    theirs = TfidfVectorizer(analyzer="char_wb", sublinear_tf=True, dtype=np.float32, **settings)
    ours = PieceVectorizer(**settings)

    assert (theirs.fit_transform(QUESTIONS) != ours.fit_transform(QUESTIONS)).nnz == 0
    assert (theirs.transform(others) != ours.transform(others)).nnz == 0


@pytest.mark.parametrize("corpus", [[], [""], ["a"], ["!!!", "???"], ["same"] * 5])
def test_a_poor_corpus_gives_rows_all_the_same(corpus: list[str]) -> None:
    """Too few words are no error."""
    assert TfidfEncoder(corpus).encode(["x", ""]).shape[0] == 2


class Counting:
    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_a_week_costs_a_week(tmp_path: Path) -> None:
    """Only texts the cache has not seen are encoded, and the vectors are the same."""
    inner = Counting()
    encoder = CachedEncoder(inner, FileCache(tmp_path / "new" / "vectors.db"))
    first = encoder.encode(["a", "bb"])
    second = encoder.encode(["bb", "ccc", "a", "ccc"])

    assert inner.asked == ["a", "bb", "ccc"]
    assert np.array_equal(second[[2, 0]], first)


def test_another_encoder_does_not_share_vectors(tmp_path: Path) -> None:
    """The cache is keyed by encoder name too."""
    cache = FileCache(tmp_path / "vectors.db")
    cache.save("one", {"a": np.ones(2, dtype=np.float32)})

    assert cache.load("two", ["a"]) == {}


def test_a_model_that_is_not_here_is_never_downloaded() -> None:
    """An unknown name is one clear line."""
    with pytest.raises(ConfigError, match="downloads nothing"):
        choose("nobody/no-such-model", "en")


def test_the_desks_own_words_do_where_the_setting_says_so() -> None:
    """`tfidf` loads no model."""
    assert choose("tfidf", "en") is None


# A sentence model small enough to compute by hand.

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "where", "is", "my", "refund", "password"]
WIDTH, HEADS, LAYERS, INNER, LONGEST = 8, 2, 2, 16, 12
PARTS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "output.dense",
)


def weights(rng: np.random.Generator) -> dict[str, np.ndarray]:
    def make(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32) * 0.5

    found = {
        "embeddings.word_embeddings.weight": make(len(VOCABULARY), WIDTH),
        "embeddings.position_embeddings.weight": make(LONGEST, WIDTH),
        "embeddings.token_type_embeddings.weight": make(2, WIDTH),
        "embeddings.LayerNorm.weight": make(WIDTH),
        "embeddings.LayerNorm.bias": make(WIDTH),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        for part in PARTS:
            found[f"{at}{part}.weight"] = make(WIDTH, INNER if part == "output.dense" else WIDTH)
            found[f"{at}{part}.bias"] = make(WIDTH)
        found[f"{at}intermediate.dense.weight"], found[f"{at}intermediate.dense.bias"] = (
            make(INNER, WIDTH),
            make(INNER),
        )
        for norm in ("attention.output.LayerNorm", "output.LayerNorm"):
            found[f"{at}{norm}.weight"], found[f"{at}{norm}.bias"] = make(WIDTH), make(WIDTH)
    return found


def by_hand(w: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """Return the mean-pooled unit vector of one text: BERT written out in numpy."""

    def linear(x: np.ndarray, at: str) -> np.ndarray:
        return x @ w[at + ".weight"].T + w[at + ".bias"]

    def norm(x: np.ndarray, at: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt(x.var(-1, keepdims=True) + 1e-12) * w[at + ".weight"] + w[at + ".bias"]

    erf = np.vectorize(math.erf)
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        q, k, v = (linear(x, at + part).reshape(len(ids), HEADS, -1).transpose(1, 0, 2) for part in PARTS[:3])
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(WIDTH // HEADS))
        mixed = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), WIDTH)
        x = norm(linear(mixed, at + PARTS[3]) + x, at + "attention.output.LayerNorm")
        inner = linear(x, at + "intermediate.dense")
        x = norm(
            linear(inner * (1 + erf(inner / math.sqrt(2))) / 2, at + PARTS[4]) + x, at + "output.LayerNorm"
        )
    pooled = x.mean(axis=0)
    return pooled / np.linalg.norm(pooled)


def save_tensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sentence-transformers folder with random weights."""
    tokenizers = pytest.importorskip("tokenizers")
    pytest.importorskip("onnxruntime")
    words = {word: number for number, word in enumerate(VOCABULARY)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    config = {
        "model_type": "bert",
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "max_position_embeddings": LONGEST,
        "vocab_size": len(VOCABULARY),
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_tensors(tmp_path / "model.safetensors", weights(np.random.default_rng(1)))
    return tmp_path


def test_a_sentence_model_runs_as_its_weights_say(folder: Path) -> None:
    """The graph made from safetensors gives what BERT written out by hand gives, padding or not."""
    from kbsync.gaps.encode.sentence import SentenceEncoder  # noqa: PLC0415 - needs the optional extra

    texts = ["where is my refund", "password", ""]
    vectors = SentenceEncoder(folder).encode(texts)
    tensors = read_tensors(folder / "model.safetensors")
    expected = [by_hand(tensors, [VOCABULARY.index(word) for word in text.split()]) for text in texts[:2]]

    assert np.allclose(vectors[:2], expected, atol=1e-4)
    assert not vectors[2].any()


def test_the_model_card_says_which_languages_it_knows(folder: Path) -> None:
    """A card names languages; a small vocabulary without a card stands for English."""
    assert read_recipe(folder).languages == {"en"}
    (folder / "README.md").write_text("---\nlanguage:\n- de\n- fr\nlicense: mit\n---\n# card")
    assert read_recipe(folder).languages == {"de", "fr"}


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors", "model.onnx"])
def test_half_a_model_is_one_clear_line(folder: Path, name: str) -> None:
    """The file that cannot be loaded is named, whichever it is."""
    from kbsync.gaps.encode.sentence import SentenceEncoder  # noqa: PLC0415 - needs the optional extra

    (folder / name).write_bytes(b"half a file")

    with pytest.raises(ConversationError, match=f"{name}.*copy the model folder again"):
        SentenceEncoder(folder)


def test_a_cut_off_weights_file_is_one_clear_line(folder: Path) -> None:
    """Half a download is named, not crashed on."""
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:60])

    with pytest.raises(ConversationError, match="copy the model folder again"):
        read_tensors(folder / "model.safetensors")
