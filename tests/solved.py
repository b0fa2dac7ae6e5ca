"A learner's copy, solved with right answers that are written in an unusual way."
import inspect, re
import nbformat
from answers import RIGHT
from terminal import run_cells

PRELUDE = "import math, numpy as np, torch, torch.nn.functional as F, torchvision.transforms.functional as TF\nfrom torch import nn\nfrom fastai.layers import ConvLayer\n"

def source_of(answer):
    "Its code, without the decorator"
    code = inspect.getsource(answer)
    return code.removeprefix("@right\n")

def solve(path, number):
    "The copy at `path` with the `number`th unusual answer in each of its exercises; and their names"
    book = nbformat.read(path, 4)
    names = []
    for cell in book.cells:
        found = re.search(r"^(?:def|class) (\w+)", cell.source, re.M)
        if not cell.source.startswith("# Exercise,") or not found: continue
        answers = RIGHT[found[1]]
        cell.source = PRELUDE+("from pixelladder.fcn import bilinear_transposed as bt\n" if found[1]=="add_skip" else "")+source_of(answers[number%len(answers)])
        names.append(found[1])
    return book,names

SHORT = """from fastcore.basics import defaults
from fastai.callback.training import ShortEpochCallback
class Short(ShortEpochCallback):
    def __init__(self): super().__init__(.02, False)
    def before_fit(self): self.learn.n_epoch = 1
import fastai.learner
defaults.callbacks = [*defaults.callbacks, Short]"""

def in_short(book):
    "The book with a first cell that ends each training after a batch, and loops of two steps: what it learns is not looked at"
    for cell in book.cells:
        cell.source = re.sub(r"(\bsteps(?::int)?=)\d+", r"\g<1>2", cell.source)
        cell.source = re.sub(r"(\bsize,epochs = \(\(\d+,\d+\),)\d+", r"\g<1>1", cell.source) # a ladder counts them
    book.cells.insert(0, nbformat.v4.new_code_cell(SHORT))
    return book

def said_by(book):
    "What a copy prints, run from top to bottom with trainings of a batch"
    return run_cells([cell.source for cell in in_short(book).cells if cell.cell_type=="code"])

def names_in(book): return re.findall(r"^(\w+) = check\(\1\)", "\n".join(cell.source for cell in book.cells), re.M)
