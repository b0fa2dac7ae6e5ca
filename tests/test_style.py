"""How the project is put together, held by tests: which notebook may import which, and lines that can be read.

`python tests/test_style.py nbs/01_nearest.ipynb` lists what is to be mended in a notebook."""
import ast, json, re, sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
import pytest
root = Path(__file__).parent.parent
BOOKS = sorted((root/"nbs").glob("[0-9]*.ipynb"))

def code_cells(book):
    "Directives and source of each code cell"
    for cell in json.loads(Path(book).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"]!="code": continue
        source = "".join(cell["source"])
        folded = set(cell["metadata"].get("nbdev", {})) # nbdev reads directives there too
        yield folded|set(re.findall(r"^#\|\s*([\w-]+)", source, re.M)),re.sub(r"^#\|.*\n?", "", source, flags=re.M)

def parsed(source):
    "The syntax tree of a cell; lines for the shell left out"
    try: return ast.parse(source)
    except SyntaxError: return ast.parse("\n".join("" if re.match(r"\s*[!%]", line) else line for line in source.split("\n")))

def is_swap(node):
    "Whether a tuple assignment needs to be one, as in `a,b = b,a+b`"
    written = {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return bool(written & {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)})

def hard_to_read(book):
    "Sentences on lines that are too long or do too much. A hidden cell may do what it likes within 120 characters, an exported one too"
    faults = []
    for directives,source in code_cells(book):
        hidden = bool(directives & {"hide","export","exporti"})
        width = 120 if hidden else 88
        faults += [f"{len(line)} characters: {line.strip()[:70]}" for line in source.split("\n") if len(line) > width]
        if "hide" in directives: continue
        for node in ast.walk(parsed(source)):
            line = ast.unparse(node)[:70] if isinstance(node, ast.stmt) else ""
            if isinstance(node, ast.Call) and any(isinstance(n, ast.NamedExpr) for a in [*node.args, *(k.value for k in node.keywords)] for n in ast.walk(a)):
                faults.append(f"a walrus inside an argument list: {ast.unparse(node)[:70]}")
            if hidden: continue
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple) and not is_swap(node):
                faults.append(f"one assignment a line: {line}")
            for body in (getattr(node, k, None) for k in ("body","orelse","finalbody")):
                if not isinstance(body, list): continue
                faults += [f"one statement a line: {ast.unparse(b)[:70]}" for a,b in zip(body, body[1:]) if a.end_lineno==b.lineno]
    return list(dict.fromkeys(faults))

@pytest.mark.parametrize("book", BOOKS, ids=lambda p: p.stem)
def test_lines_can_be_read(book):
    assert not (faults := hard_to_read(book)), "\n".join(faults)

def answers(cells):
    "For each question to predict: the Markdown cell that asks it, and the first cell after it that shows a reader something"
    for i,cell in enumerate(cells):
        if cell["cell_type"]!="markdown" or "**Predict" not in "".join(cell["source"]): continue
        shown = (c for c in cells[i+1:] if c["cell_type"]=="markdown" or (c["outputs"] and not re.search(r"^#\|\s*hide\b", "".join(c["source"]), re.M)))
        yield "".join(cell["source"]),next(shown)

def is_folded(cell):
    "In JupyterLab and on the site: the output is collapsed and the cell has the class (see nbs/predict.lua); an answer in words opens on a click"
    text = "".join(cell["source"])
    if cell["cell_type"]=="markdown": return text.startswith("<details>")
    return "#| classes: predict\n" in text and cell["metadata"].get("jupyter")=={"outputs_hidden": True}

@pytest.mark.parametrize("book", BOOKS, ids=lambda p: p.stem)
def test_no_answer_is_given_away(book):
    cells = json.loads(book.read_text(encoding="utf-8"))["cells"]
    half = [c["id"] for c in cells if ("#| classes: predict" in "".join(c["source"]) or "outputs_hidden" in c["metadata"].get("jupyter", {})) and not is_folded(c)]
    assert not half, f"the directive `classes: predict` without a collapsed output, or the other way round: {half}"
    for question,answer in answers(cells):
        last = question.strip().split("\n\n")[-1]
        if "<details>" in question: continue # it brings its own answer, closed
        assert "**Predict" in last, f"the question goes on after it is asked: {last[:90]}"
        assert is_folded(answer), f"not folded: {answer['id']}, after {last[:90]}"

def test_finds_an_answer_that_is_given_away():
    def md(s): return dict(cell_type="markdown", id="m", metadata={}, source=[s])
    def code(s, **meta): return dict(cell_type="code", id="c", metadata=meta, source=[s], outputs=[1])
    hidden,folded = {"outputs_hidden": True},"#| classes: predict\n1+1"
    assert [is_folded(c) for c in (code("1+1"), code(folded), code(folded, jupyter=hidden), code("1+1", jupyter=hidden), md("2"), md("<details>2"))]==[False,False,True,False,False,True]
    assert [a["source"] for _,a in answers([md("**Predict.**"), {**code("x = 1"), "outputs": []}, code("#| hide\n3"), code("4"), md("5")])]==[["4"]]

def exports():
    "For each module its notebook, and the modules that it imports when it is imported"
    found = {}
    for book in BOOKS:
        module,wanted = re.search(r"#\| default_exp (\w+)", book.read_text(encoding="utf-8")),set()
        if not module: continue
        for directives,source in code_cells(book):
            if not directives & {"export","exports","exporti"}: continue
            for node in parsed(source).body:
                if isinstance(node, ast.ImportFrom) and (node.module or "")=="pixelladder": wanted |= {a.name for a in node.names}
                elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pixelladder."): wanted.add(node.module.split(".")[1])
                elif isinstance(node, ast.Import): wanted |= {a.name.split(".")[1] for a in node.names if a.name.startswith("pixelladder.")}
        found[module[1]] = (book.stem,wanted)
    return found

def test_every_arrow_points_down():
    "No notebook imports from one with a higher number, and no two import each other"
    found = exports()
    number = {module: int(stem.split("_")[0]) for module,(stem,_) in found.items()}
    up = [f"{module} ({number[module]}) imports {w} ({number[w]})" for module,(_,wanted) in found.items() for w in wanted if number[w] > number[module]]
    assert not up, up
    try: TopologicalSorter({module: wanted for module,(_,wanted) in found.items()}).prepare() # those of one number: no circle
    except CycleError as e: raise AssertionError(" imports ".join(reversed(e.args[1])))
    assert sum(len(wanted) for _,wanted in found.values()) > 40 # it looks at something

def test_nothing_private_crosses_a_file():
    crossing = [f"{p.name}: {line.strip()}" for p in (root/"pixelladder").glob("*.py") for line in p.read_text(encoding="utf-8").splitlines()
                if re.match(r"\s*from (\.|pixelladder)[\w.]* import", line) and re.search(r"[ ,(]_[a-z]\w*", line.split("import", 1)[1]) and p.name!="__init__.py"]
    assert not crossing, crossing

def test_nothing_private_is_called_across_a_file():
    "`thing._name` where `_name` is one of ours and another module's; a notebook has the names of its own module"
    trees = {p.stem: ast.parse(p.read_text(encoding="utf-8")) for p in (root/"pixelladder").glob("*.py")}
    def defined(tree): return {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef,ast.ClassDef)) and re.match("_[a-z]", n.name)}
    def called(tree): return {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    ours,of_book = {name: defined(tree) for name,tree in trees.items()},{stem: module for module,(stem,_) in exports().items()}
    everywhere = set().union(*ours.values())
    for book in BOOKS:
        cells = [parsed(source) for _,source in code_cells(book)]
        trees[book.stem],ours[book.stem] = ast.Module([n for c in cells for n in c.body], []),ours.get(of_book.get(book.stem), set())
    crossing = {name: found for name,tree in trees.items() if (found := called(tree) & everywhere-ours[name])}
    assert not crossing and len(everywhere) > 100, crossing

def test_nothing_is_said_twice():
    "The same statement twice in one body, or a name twice in one import: what an edit leaves that was made twice"
    twice = []
    for p in (root/"pixelladder").glob("*.py"):
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8"))):
            bodies = [getattr(node, field, None) for field in ("body","orelse","finalbody")]
            said = [list(map(ast.unparse, body)) for body in bodies if isinstance(body, list)]
            if isinstance(node, (ast.Import,ast.ImportFrom)): said.append([a.asname or a.name for a in node.names])
            twice += [f"{p.name}: {line.splitlines()[0]}" for lines in said for line in set(lines) if lines.count(line) > 1]
    assert not twice, twice

def test_modules_keep_their_lines_short():
    "But for the list of names, which nbdev breaks where it likes"
    def lines(path): return re.sub(r"^__all__ = \[[^\]]*\]", "", path.read_text(encoding="utf-8"), flags=re.M).splitlines()
    modules = [p for p in (root/"pixelladder").glob("*.py") if p.name!="_modidx.py"]
    long = [f"{p.name}: {line[:70]}" for p in modules for line in lines(p) if len(line) > 120]
    assert not long, "\n".join(long)

def test_what_people_come_to_read_stays_short():
    lines = {name: len((root/"pixelladder"/f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in ("unet","check","cli")}
    assert max(lines.values()) < 200, lines

LADDER = [b for b in BOOKS if b.stem=="00_body_and_head" or re.match(r"0[1-9]|1", b.stem)]

def share_of_export(cells):
    "Of the lines that a chapter shows, those that it exports. What an exercise asks for is typed by the learner, and counts as shown"
    lines = {True: 0, False: 0}
    for directives,source in cells:
        if "hide" in directives: continue
        exported = bool(directives & {"export","exporti","exports"}) and "exercise" not in directives
        lines[exported] += sum(bool(line.strip()) for line in source.split("\n"))
    return lines[True]/sum(lines.values())

@pytest.mark.parametrize("book", LADDER, ids=lambda p: p.stem)
def test_a_chapter_shows_what_a_learner_types(book):
    "Plumbing stands behind the scenes: at most half of the code of a chapter is export"
    assert share_of_export(code_cells(book)) <= .5

def test_counts_what_is_exported():
    cells = [({"export"}, "a\n\nb\nc"), ({"hide"}, "x\nx\nx"), ({"exports","exercise"}, "d"), (set(), "e")]
    assert share_of_export(cells)==.6

def test_the_repository_has_one_address():
    "It stands in pyproject.toml; wherever else it is written (the site's frame, the set-up cells) it is the same"
    from pixelladder.runtime import repository
    files = [*BOOKS, *(root/"exercises").glob("*.ipynb"), *(root/n for n in ("_quarto.yml","README.md","CITATION.cff"))]
    found = {a for p in files for a in re.findall(r"https://github\.com/[\w.-]+/pixelladder(?![\w-])", p.read_text(encoding="utf-8"))}
    assert found <= {repository()}, found

@pytest.mark.parametrize("book", [*BOOKS, *sorted((root/"exercises").glob("*.ipynb"))], ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_notebook_opens_elsewhere(book):
    "After the title: links, and the set-up cell, the same everywhere (`pixelladder.runtime.add_first_cells`)"
    from pixelladder.runtime import IDS, first_cells, repository
    cells = json.loads(book.read_text(encoding="utf-8"))["cells"][1:3]
    wanted = first_cells(f"{book.parent.name}/{book.name}", repository())
    assert tuple(c["id"] for c in cells)==IDS
    assert all("".join(c["source"]).startswith(w["source"]) and w["metadata"]==c["metadata"] for c,w in zip(cells, wanted))

if __name__=="__main__":
    for name in sys.argv[1:]: print(name, *hard_to_read(name), sep="\n  ")
