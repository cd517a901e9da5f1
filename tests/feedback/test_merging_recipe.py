"""The recipe: what it may say, and what it is told where it says something else."""

from __future__ import annotations

import pytest

from feedback.coach.merging.catalog import METHODS, PARAMETERS, listing
from feedback.coach.merging.errors import MergeError
from feedback.coach.merging.recipe import read_recipe

GOOD = """
method = "ties"
rule = "mergekit"
base = "base"
seed = 3
out_dtype = "bfloat16"
[[experts]]
path = "helpful"
weight = 0.5
[[experts]]
path = "/models/honest"
adapter = true
[parameters]
density = 0.3
[[groups]]
match = "*.mlp.*"
lambda = 0.5
[[groups]]
match = "model.*"
density = 0.1
"""


def read(tmp_path, text):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return read_recipe(path)


def test_a_recipe_in_full(tmp_path):
    recipe = read(tmp_path, GOOD)
    assert (recipe.method, recipe.rule, recipe.seed, recipe.dtype) == ("ties", "mergekit", 3, "float32")
    assert recipe.base == tmp_path / "base"
    assert [str(one.path) for one in recipe.experts] == [str(tmp_path / "helpful"), "/models/honest"]
    assert [(one.weight, one.adapter) for one in recipe.experts] == [(0.5, False), (1.0, True)]
    assert recipe.settings("lm_head.weight") == {"density": 0.3, "lambda": 1.0}
    assert recipe.settings("model.layers.0.mlp.up.weight") == {"density": 0.3, "lambda": 0.5}  # first match
    assert recipe.settings("model.norm.weight") == {"density": 0.1, "lambda": 1.0}
    assert str(tmp_path) not in str(recipe.as_dict())


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"ties"', '"glue"', "unknown method 'glue': one of average"),
        ('"ties"', '["ties"]', "method has to be a word in quotes"),
        ('"mergekit"', '"mine"', "paper or mergekit"),
        ('"ties"', '"tsvm"', "mergekit has no tsvm"),
        ("seed = 3", "seed = -1", "seed has to be"),
        ("seed = 3", "seed = true", "seed has to be"),
        ("seed = 3", "sed = 3", "the recipe has sed, which is not known"),
        ("seed = 3", 'dtype = "bfloat16"', "float32 or float64"),
        ('"bfloat16"', '"int8"', "out_dtype is what is written"),
        ('base = "base"', "", "folder of the model that all experts come from"),
        ("weight = 0.5", 'weight = "much"', "expert 1: weight has to be a number"),
        ("weight = 0.5", "weight = inf", "expert 1: weight has to be a number"),
        ("weight = 0.5", "wait = 0.5", "expert 1 has wait"),
        ('path = "helpful"', "", "expert 1 needs its folder"),
        ("adapter = true", 'adapter = "yes"', "true or false"),
        ("density = 0.3", "density = 1.5", "density .share of entries kept. lies between 0 and 1"),
        ("density = 0.3", "density = nan", "lies between"),
        ("density = 0.3", "drop = 0.3", "drop, which is not known there: density, lambda"),
        ("lambda = 0.5", "alpha = 0.5", "the group .* alpha"),
        ('match = "*.mlp.*"', "", "match"),
        ("[[groups]]", "[groups]", "TOML"),
        ("[parameters]", "parameters", "no TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, before, after, words):
    assert before in GOOD
    with pytest.raises(MergeError, match=words):
        read(tmp_path, GOOD.replace(before, after, 1))


SHORT = 'base = "b"\nmethod = "{}"\n{}[[experts]]\npath = "a"\n{}'


@pytest.mark.parametrize(
    ("method", "top", "rest", "words"),
    [
        ("average", "", "weight = 2", "takes no weights"),
        ("rewarded_soup", "", "weight = -1", "not negative"),
        ("rewarded_soup", "", "weight = 0", "not all zero"),
        ("model_stock", "", "", "at least 2 experts"),
        ("rtsvm", "", '[parameters]\noutliers = "hide"', "damp, off, amplify"),
        ("della", "", "[parameters]\nwindow = 0.4", "density ± window"),
        ("della", "", '[[groups]]\nmatch = "a"\ndensity = 0.05', "density ± window"),
        ("ties", "groups = 3\n", "", "written as"),
        ("ties", "parameters = 3\n", "", "has to be a table"),
    ],
)
def test_what_a_method_asks_for(tmp_path, method, top, rest, words):
    with pytest.raises(MergeError, match=words):
        read(tmp_path, SHORT.format(method, top, rest))


def test_files_that_are_none(tmp_path):
    with pytest.raises(MergeError, match="cannot be read"):
        read_recipe(tmp_path / "none.toml")
    with pytest.raises(MergeError, match="no TOML"):
        read(tmp_path, "method = ")
    with pytest.raises(MergeError, match="names no experts"):
        read(tmp_path, 'method = "ties"\nbase = "b"')


def test_the_list_has_every_method_with_its_defaults_and_source():
    text = listing()
    assert len(METHODS) == 13
    for name, method in METHODS.items():
        assert f"\n{name}\n" in f"\n{text}"
        assert method.sentence in text
        assert "arXiv" in method.source
        assert set(method.defaults) <= set(PARAMETERS)
    assert "not the authors' method" in METHODS["rtsvm"].sentence
