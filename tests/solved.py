"A learner's copy, solved with right answers that are written in an unusual way."
import ast, inspect, json, re, shutil
from pathlib import Path
from answers import RIGHT
from terminal import run_cells
from pixelladder.copies import _is_test
from pixelladder.files import cache_path
from pixelladder.streets import make_streets

PRELUDE = "import math, numpy as np, torch, torch.nn.functional as F, torchvision.transforms.functional as TF\nfrom torch import nn\nfrom fastai.layers import ConvLayer\n"

def code_by_id(path):
    "The sources of a notebook's code cells, by their ids"
    return {c["id"]: "".join(c["source"]) for c in json.loads(Path(path).read_text())["cells"] if c["cell_type"]=="code"}

def code_of(path): return list(code_by_id(path).values())

def without_errors(source):
    "A cell without the statements that ask for the package's own errors: other answers have other sentences"
    lines = source.split("\n")
    for node in reversed(ast.parse(source).body):
        if "test_fail(" in ast.unparse(node): lines[node.lineno-1:node.end_lineno] = []
    return "\n".join(lines)

def with_tests(copy, chapter):
    "The copy's code cells, and between them the tests that the chapter hides, but for those of the package's own errors"
    cells,book = code_by_id(copy),code_by_id(chapter)
    order,out = list(book),[]
    def hidden(ids): return [without_errors(book[j]) for j in ids if j not in cells and _is_test(book[j])]
    for i,source in cells.items():
        if i in order: # what the copy has of its own comes where it stands there
            at = order.index(i)
            out += hidden(order[:at])
            order = order[at+1:]
        out.append(source)
    return out+hidden(order)

def names_in(cells): return re.findall(r"^(\w+) = check\(\1\)", "\n".join(cells), re.M)

def answered(cells, answer):
    "The copy with `answer(name)` in each of its exercises"
    def one(source):
        found = re.search(r"^(?:def|class) (\w+)", source, re.M)
        return answer(found[1]) if source.startswith("# Exercise,") and found else source
    return [one(source) for source in cells]

def unusual(name, number=0):
    "The `number`th unusual right answer to an exercise"
    imports = PRELUDE+("from pixelladder.fcn import bilinear_transposed as bt\n" if name=="add_skip" else "")
    answer = RIGHT[name][number%len(RIGHT[name])]
    return imports+inspect.getsource(answer).removeprefix("@right\n")

SHORT = """from fastcore.basics import defaults
from fastai.callback.training import ShortEpochCallback
class Short(ShortEpochCallback):
    def __init__(self): super().__init__(.02, False)
    def before_fit(self): self.learn.n_epoch = 1
import fastai.learner
defaults.callbacks = [*defaults.callbacks, Short]"""

def in_short(source):
    "Loops of two steps: what it learns is not looked at"
    source = re.sub(r"(\bsteps(?::int)?=)\d+", r"\g<1>2", source)
    return re.sub(r"(\bsize,epochs = \(\(\d+,\d+\),)\d+", r"\g<1>1", source) # a ladder counts them

def few_streets():
    "A folder with every third of the drawn streets"
    whole,few = make_streets(),cache_path()/"few"
    if few.exists(): return few
    for folder in ("images","labels"): (few/folder).mkdir(parents=True)
    shutil.copy(whole/"codes.txt", few)
    listed = {file: (whole/file).read_text().split() for file in ("valid.txt","test.txt")}
    for file,names in listed.items(): (few/file).write_text("\n".join(names[::3])+"\n")
    others = sorted({p.name for p in (whole/"images").iterdir()}.difference(*listed.values()))
    for name in (name for names in (others, *listed.values()) for name in names[::3]):
        for part in (Path("images")/name, Path("labels")/name.replace(".png", "_P.png")): (few/part).symlink_to(whole/part)
    return few

def said_by(cells, **env):
    "What a copy prints, run from top to bottom; each training ends after a batch"
    return run_cells([SHORT, *map(in_short, cells)], **env)
