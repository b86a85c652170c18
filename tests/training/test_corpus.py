"""The corpus is the same every time, keeps its held-out part apart and states its facts without contradiction."""

import random
import re

import pytest

from tools.training.corpus import KINDS, build_corpus
from tools.training.corpus.countries import CAPITALS, COUNTRIES
from tools.training.corpus.grammar import expand
from tools.training.corpus.lexicon import LEXICON

SMALL = 0.05


@pytest.fixture(scope="module")
def documents():
    return build_corpus(seed=0, scale=SMALL)


def test_same_seed_gives_the_same_corpus_and_another_seed_another(documents) -> None:
    assert documents == build_corpus(seed=0, scale=SMALL)
    assert documents != build_corpus(seed=1, scale=SMALL)


def test_every_kind_is_there(documents) -> None:
    assert {document.kind for document in documents} == set(KINDS)


def test_held_out_texts_do_not_occur_in_the_training_part(documents) -> None:
    training = {document.text for document in documents if not document.held_out}
    held_out = {document.text for document in documents if document.held_out}
    assert held_out and not training & held_out
    assert 0.01 < len(held_out) / len(training | held_out) < 0.04


def test_every_statement_of_a_capital_agrees_with_the_table(documents) -> None:
    countries = "|".join(sorted(map(re.escape, CAPITALS), key=len, reverse=True))
    statement = re.compile(rf"[Tt]he capital of ({countries}) is ([^.]+)\.")
    found = [pair for document in documents for pair in statement.findall(document.text)]
    assert len(found) > 300
    assert all(CAPITALS[country] == capital for country, capital in found)


def test_every_sum_is_right(documents) -> None:
    text = "\n".join(document.text for document in documents if document.kind == "sums")
    sums = re.findall(r"(\d+) ([+-]) (\d+) = (\d+)", text)
    assert len(sums) > 100
    for one, sign, two, result in sums:
        assert int(one) + int(two) * (1 if sign == "+" else -1) == int(result)


def test_countries_are_named_once_and_completely() -> None:
    assert len(CAPITALS) == len(COUNTRIES) >= 60
    assert all(field.strip() for country in COUNTRIES for field in country)


def test_no_template_sign_is_left_in_a_text(documents) -> None:
    assert not [document.text for document in documents if re.search(r"[<>\[\]|]", document.text)]


def test_a_story_is_long_and_keeps_its_hero() -> None:
    for seed in range(20):
        text = KINDS["story"].write(random.Random(seed))
        heroes = [name for name in LEXICON["name"] if len(re.findall(rf"\b{name}\b", text)) > 3]
        assert text.startswith("Once upon a time") and len(text) > 1200
        assert len(heroes) == 1, f"one hero expected in story {seed}, got {heroes}"


def test_unknown_slot_and_bad_scale_are_refused() -> None:
    with pytest.raises(KeyError, match="slot <nothing> must be passed or be in LEXICON"):
        expand("<nothing>", random.Random(0))
    with pytest.raises(ValueError, match="scale must be > 0, got 0"):
        build_corpus(scale=0)
