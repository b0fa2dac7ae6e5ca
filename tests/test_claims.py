"What was once written and turned out wrong stays out; what is quoted from results/ in README is there."
import json, re
from pathlib import Path
import pytest

ROOT = Path(__file__).parent.parent
RETRACTED = ["perfect cells of", "reaches the yardstick of its finest grid", "What only a skip can give", "true as it stands",
             "*where* is lost", "shares the original's hooks", "an average already", "nothing carries over", "Ceiling beside it"]

def words(path):
    "The prose of a notebook or a page"
    if path.suffix != ".ipynb": return path.read_text()
    return "\n".join("".join(c["source"]) for c in json.loads(path.read_text())["cells"])

@pytest.mark.parametrize("sentence", RETRACTED)
def test_a_sentence_that_was_wrong_is_nowhere(sentence):
    pages = [*ROOT.glob("nbs/*.ipynb"), *ROOT.glob("exercises/*.ipynb"), ROOT/"README.md"]
    assert len(pages) > 30 and not [p.name for p in pages if sentence in words(p)]

@pytest.mark.parametrize("book", sorted(ROOT.glob("nbs/[0-9]*.ipynb")), ids=lambda p: p.stem)
def test_a_claim_stands_on_a_cell_that_tests_it(book):
    sources = ["".join(c["source"]) for c in json.loads(book.read_text())["cells"] if c["cell_type"]=="code"]
    untested = [s[:120] for s in sources if re.search(r"^#\| claim ", s, re.M) and not re.search(r"\b(assert|test_\w+\()", s)]
    assert not untested, untested

def test_heads_beat_labels_on_their_own_grid_where_readme_says_so():
    found = json.loads((ROOT/"results"/"ladder.json").read_text())["budgets"]["192x256, 6 epochs"]
    hard,averaged = (found["yardsticks"][f"{form} at stride 32"]["mean_iou"] for form in ("labels","averaged labels"))
    least = {head: min(r["mean_iou"] for r in found["runs"] if r["head"]==head) for head in ("bilinear","fcn32","nearest")}
    assert least["bilinear"] > hard and least["fcn32"] > hard > least["nearest"]
    table = re.search(r"\| \*labels at stride 32\* \| ([\d.]+)", (ROOT/"README.md").read_text())
    assert float(table[1])==round(hard, 3)==.444 and round(averaged, 3)==.483

def test_small_experiments_have_their_seeds():
    runs = {name: json.loads((ROOT/"results"/f"{name}.json").read_text())["runs"] for name in ("skips","transposed","capacity")}
    assert set(runs["skips"])=={"all","without 4","without 8","without 16","none"}
    assert all(len(seeds) >= 2 for seeds in runs["skips"].values()) and len(runs["transposed"]["ks 2"]) >= 2
    for seed,r in runs["skips"]["all"].items(): # a skip of each kind is worth something to the same net
        assert r["mean_iou"] > runs["skips"]["none"][seed]["mean_iou"]+.1
    holds = {n: max(r["iou"]["Pole"] for r in runs["capacity"][f"holds, {n}"].values()) for n in ("one label","bilinear","subpixel")}
    assert holds["one label"]==0 < holds["bilinear"] < .5 < .9 < holds["subpixel"]
