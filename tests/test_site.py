"""The site's pages, without Quarto: as nbdev processes them, through pandoc, and then every link, anchor, picture and public name.

It finds more than a rendering does: Quarto passes dead links and anchors, missing pictures, unclosed divs and bad sidebar entries without a word. It does
not see a wrong Quarto option, the theme, or what the pages look like; the workflow `docs` renders the real site."""
import inspect, json, os, re, shutil, subprocess, sys, tomllib
from configparser import ConfigParser
from dataclasses import is_dataclass
from html.parser import HTMLParser
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit
import pypandoc, pytest, yaml
from fastcore.docments import docments
root = Path(__file__).parent.parent

HTTP_ONLY = {"host.robots.ox.ac.uk"} # Pascal VOC's home, as its authors and torchvision write it

# --- from a notebook to a page

def process(folder):
    "Let nbdev make the pages of the project in `folder`, in its `_proc`; a `show_doc` that fails is an error"
    r = subprocess.run([sys.executable, "-c", "from nbdev.serve import proc_nbs; proc_nbs(n_workers=0)"], cwd=folder, capture_output=True, text=True)
    if r.returncode: raise ValueError(r.stderr.strip()[-2000:])
    return folder/"_proc"

def page_text(book):
    "The Markdown of a processed notebook: prose, code, and what the cells show"
    parts = []
    for cell in book["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"]=="markdown": parts.append(source)
        if cell["cell_type"]!="code": continue
        directives = dict(re.findall(r"^#\|\s*([\w-]+):\s*(.*)$", source, re.M))
        if directives.get("echo")!="false": parts.append(f"````` python\n{source}\n`````")
        for data in (o.get("data", {}) for o in cell.get("outputs", [])):
            if any(k.startswith("image/") for k in data): parts.append(f"![{directives.get('fig-alt', '').strip(chr(34))}](data:image/png,){{.figure}}")
            elif "text/markdown" in data: parts.append("".join(data["text/markdown"]))
    return "\n\n".join(parts)

def front_matter(book):
    "Title and name of a processed notebook's page"
    return yaml.safe_load(next("".join(c["source"]) for c in book["cells"] if c["cell_type"]=="raw").replace("---", ""))

def html_of(text, *options):
    "`text` through pandoc; a warning is an error"
    r = subprocess.run([pypandoc.get_pandoc_path(), "-f", "markdown", "-t", "html", "--mathml", "--fail-if-warnings", *options], input=text, capture_output=True, text=True)
    if r.returncode: raise ValueError(r.stderr.strip())
    return r.stdout

class Page(HTMLParser):
    "The ids, links and pictures of a page"
    def __init__(self, html):
        super().__init__()
        self.ids,self.links,self.pictures = set(),[],[]
        self.feed(html)
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if attrs.get("id"): self.ids.add(attrs["id"])
        if tag=="a" and "href" in attrs: self.links.append(attrs["href"])
        if tag=="img": self.pictures.append((attrs.get("src", ""), attrs.get("alt", "")))

# --- what can be wrong with it: each gives a list of sentences

def link_faults(name, pages, folder):
    "Links of the page `name` that lead nowhere; `pages` are all of them, by file name and by the name of their output"
    faults = []
    for link in pages[name].links:
        url = urlsplit(link)
        if url.scheme in ("http","https","mailto"):
            if (url.scheme=="http" and url.netloc not in HTTP_ONLY) or not (url.netloc or url.path): faults.append(f"{name}: {link} is no https address")
            continue
        target = unquote(url.path) or name
        if target not in pages and not (folder/target).is_file(): faults.append(f"{name}: the link {link} leads nowhere")
        elif url.fragment and target in pages and unquote(url.fragment) not in pages[target].ids: faults.append(f"{name}: {target} has no anchor #{url.fragment}")
    return faults

def picture_faults(name, page, folder):
    "Pictures that aren't there, or that say nothing to somebody who can't see them"
    return ([f"{name}: there is no picture {src}" for src,_ in page.pictures if not re.match("data:|https:", src) and not (folder/src).is_file()]
            + [f"{name}: picture {i} ({src[:40]}) has no alt text" for i,(src,alt) in enumerate(page.pictures, 1) if len(alt) < 5])

def sidebar(contents):
    "The files that a sidebar names, in order"
    return [f for c in contents for f in (sidebar(c["contents"]) if isinstance(c, dict) else [c])]

def sidebar_faults(entries, files):
    "Entries without a file, pages without an entry, and pages with two"
    return ([f"the sidebar names {e}, and there is no such page" for e in entries if e not in files]
            + [f"{f} is in the sidebar {entries.count(f)} times, not once" for f in files if entries.count(f)!=1])

def comments(obj):
    "The comment of each parameter of a function or class, and of its answer, as docments reads them; none for a class that adds no parameters"
    call = obj if inspect.isfunction(obj) or is_dataclass(obj) else vars(obj).get("__init__")
    return {} if call is None else {k: doc for k,doc in docments(call, full=True).items() if k not in ("self","args","kwargs")}

def doc_faults(name, obj):
    "What is missing in the documentation of a function or class: a sentence, a parameter's comment, that of the answer"
    faults = [] if inspect.getdoc(obj) else [f"{name} has no docstring"]
    for parameter,doc in comments(obj).items():
        if parameter=="return":
            if doc["anno"] not in (None, inspect.Parameter.empty) and not doc["docment"]: faults.append(f"{name} doesn't say what it returns")
        elif not doc["docment"]: faults.append(f"{name} doesn't say what {parameter} is")
    return faults

def doc_blocks(book):
    "What `show_doc` made of each name, on the page of a processed notebook"
    blocks = {}
    for cell in book["cells"]:
        if shown := re.search(r"^show_doc\(([\w.]+)", "".join(cell["source"]), re.M):
            blocks[shown[1]] = "\n".join("".join(o["data"]["text/markdown"]) for o in cell["outputs"] if "text/markdown" in o.get("data", {}))
    return blocks

def block_faults(name, obj, book):
    "What a reader misses of `obj` on the page of its module: heading, signature, sentence, comments. A dataclass shows its comments in its source only (`#| exports`)"
    block = doc_blocks(book).get(obj.__name__)
    if block is None: return [f"{name} is not on the page of its module"]
    block = re.sub(r"\[(`[^`]+`)\]\([^)]*\)", r"\1", block) # without the links that nbdev made of names
    faults = [f"the page of {name} has no {what}" for what,found in [("heading", re.search(rf"^#+ {obj.__name__}$", block, re.M)), ("signature", f"def {obj.__name__}(" in block),
                                                                    ("docstring", (inspect.getdoc(obj) or "").split("\n")[0] in block)] if not found]
    shown = block+page_text(book)
    return faults+[f"the page of {name} doesn't say what {k} is" for k,doc in comments(obj).items() if doc["docment"] and doc["docment"] not in shown]

# --- the pages of this project

@pytest.fixture(scope="module")
def site(tmp_path_factory):
    "A copy of the project whose pages nbdev has processed: (folder of the pages, {name: Page})"
    copy = tmp_path_factory.mktemp("site")/"p"
    ignored = [Path(line).name for line in (root/".gitignore").read_text().split()]
    shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", *ignored))
    folder = process(copy)
    return folder,read_pages(folder)

def read_pages(folder):
    "Every page, under the name of its source and under that of its output"
    pages = {}
    for path in sorted(folder.glob("*.ipynb")):
        book = json.loads(path.read_text())
        page = pages[path.name] = Page(html_of(page_text(book)))
        output = front_matter(book).get("output-file", path.with_suffix(".html").name)
        pages[output] = pages[f"{output}.md"] = page
    text = (folder/"index.qmd").read_text()
    body = re.sub(r"\{\{< include (\S+) >\}\}", lambda m: (folder/m[1]).read_text(), text.split("---", 2)[2])
    filters = [f"--lua-filter={folder/f}" for f in yaml.safe_load(text.split("---")[1]).get("filters", [])]
    pages["index.qmd"] = pages["index.html"] = Page(html_of(body, *filters))
    return pages

def sources(pages): return [p for p in pages if p.endswith((".ipynb", ".qmd"))]

def test_no_dead_link_and_no_missing_picture(site):
    folder,pages = site
    faults = [f for name in sources(pages) for f in link_faults(name, pages, folder)+picture_faults(name, pages[name], folder)]
    assert not faults, "\n".join(faults)

def test_sidebar_and_settings(site):
    folder,pages = site
    settings = yaml.safe_load((root/"_quarto.yml").read_text())
    faults = sidebar_faults(sidebar(settings["website"]["sidebar"]["contents"]), sources(pages))
    assert not faults, "\n".join(faults)
    assert os.readlink(root/"nbs"/"_quarto.yml")=="../_quarto.yml" and (root/"nbs"/settings["format"]["html"]["css"]).is_file()
    assert settings["format"]["html"]["html-math-method"]=="mathml" # or the pages load a script from elsewhere

def test_every_public_name_is_documented(site):
    folder,pages = site
    faults = []
    for path in sorted(root.glob("nbs/*.ipynb")):
        name = re.search(r"#\| default_exp (\w+)", path.read_text())
        if name is None: continue
        module,book = import_module(f"pixelladder.{name[1]}"),json.loads((folder/path.name).read_text())
        for public in getattr(module, "__all__", []):
            obj = getattr(module, public)
            if inspect.isfunction(obj) or inspect.isclass(obj): faults += doc_faults(f"{name[1]}.{public}", obj)+block_faults(f"{name[1]}.{public}", obj, book)
    assert not faults, "\n".join(faults)

def test_answers_are_folded_on_a_page():
    settings = yaml.safe_load((root/"_quarto.yml").read_text())
    assert "predict.lua" in settings["filters"]
    cell = '::: {.cell .predict}\n``` {.python .cell-code}\nask()\n```\n\n::: {.cell-output .cell-output-display}\n49\n:::\n:::\n\n::: {.cell}\n::: {.cell-output}\n50\n:::\n:::'
    html = html_of(cell, f"--lua-filter={root/'nbs'/'predict.lua'}")
    folded = re.findall(r"<details.*?</details>", html, re.S)
    assert len(folded)==1 and "49" in folded[0] and "ask" not in folded[0] and "50" in html
    assert "details" not in subprocess.run([pypandoc.get_pandoc_path(), "-t", "gfm-raw_html", f"--lua-filter={root/'nbs'/'predict.lua'}"], input=cell, capture_output=True, text=True).stdout

def test_facts_about_the_project_agree():
    ini = ConfigParser(delimiters=["="], inline_comment_prefixes=None)
    ini.read(root/"settings.ini", encoding="utf-8")
    facts,project = ini["DEFAULT"],tomllib.loads((root/"pyproject.toml").read_text())["project"]
    cite = yaml.safe_load((root/"CITATION.cff").read_text())
    assert version("pixelladder")==facts["version"] and cite.get("version", facts["version"])==facts["version"]
    assert re.search(r"^## (\S+?),? ", (root/"CHANGELOG.md").read_text(), re.M)[1]==facts["version"]
    assert cite["license"]==facts["license"]=="Apache-2.0"
    assert (root/"LICENSE").read_text().split()[:4]==["Apache","License","Version","2.0,"]
    assert [a["name"] for a in cite["authors"]]==[facts["author"]]
    assert cite["repository-code"]==project["urls"]["Repository"] and cite["title"].split(": ")[0]==project["name"]
    assert facts["description"].lower().startswith(cite["title"].split(": ")[1])

# --- the checks, checked: one planted fault each

def one(text): return {"a.ipynb": Page(html_of(text))}

@pytest.mark.parametrize("text, words", [("[x](gone.ipynb)", "gone.ipynb leads nowhere"), ("# Head\n\n[x](#no-head)", "no anchor #no-head"), ("[x](http://example.com)", "no https"),
                                         ("# Head\n\n[x](#head) [y](a.ipynb#head) [z](https://example.com)", None)])
def test_finds_dead_links(text, words, tmp_path):
    faults = link_faults("a.ipynb", one(text), tmp_path)
    assert (faults==[] if words is None else len(faults)==1 and words in faults[0]), faults

def test_finds_pictures_that_are_missing_or_mute(tmp_path):
    (tmp_path/"b.png").touch()
    faults = picture_faults("a", one("![a street](gone.png) ![](b.png) ![a street](b.png)")["a.ipynb"], tmp_path)
    assert len(faults)==2 and "no picture gone.png" in faults[0] and "picture 2 (b.png) has no alt" in faults[1]

def test_a_figure_takes_its_alt_text_from_its_cell():
    cell = dict(cell_type="code", source=['#| fig-alt: "two grids"\nshow()'], outputs=[{"data": {"image/png": ""}}])
    assert Page(html_of(page_text({"cells": [cell]}))).pictures == [("data:image/png,", "two grids")]
    mute = {**cell, "source": ["show()"]}
    assert picture_faults("a", Page(html_of(page_text({"cells": [mute]}))), root)

def test_finds_an_unclosed_div():
    with pytest.raises(ValueError, match="Div"): html_of("::: {.note}\ntext")

def test_finds_faults_of_the_sidebar():
    entries = sidebar([{"section": "s", "contents": ["a.ipynb", "a.ipynb"]}, "gone.ipynb"])
    assert sidebar_faults(entries, ["a.ipynb", "b.ipynb"]) == ["the sidebar names gone.ipynb, and there is no such page", "a.ipynb is in the sidebar 2 times, not once",
                                                               "b.ipynb is in the sidebar 0 times, not once"]

def test_finds_what_is_not_documented():
    def f(
        x:int, # A number
        y:int,
    )->int:
        return x
    assert doc_faults("f", f) == ["f has no docstring", "f doesn't say what y is", "f doesn't say what it returns"]

def processed(show, markdown):
    "A processed notebook with one block"
    return {"cells": [dict(cell_type="code", source=f"#| echo: false\n{show}", outputs=[{"data": {"text/markdown": markdown}}])]}

def test_finds_what_a_page_does_not_say():
    def area(
        side:int, # Pixels along one side
    )->int: # Pixels in all
        "The area of a square."
        return side**2
    whole = "### area\n\n```python\ndef area(\n    side:int, # Pixels along one side\n)->int: # Pixels in all\n```\n\n*The area of a square.*"
    assert block_faults("m.area", area, processed("show_doc(area)", whole))==[]
    for left_out,words in [("### area", "no heading"), ("def area(", "no signature"), ("The area of a square.", "no docstring"),
                           ("# Pixels along one side", "what side is"), ("# Pixels in all", "what return is")]:
        faults = block_faults("m.area", area, processed("show_doc(area)", whole.replace(left_out, "")))
        assert len(faults)==1 and words in faults[0], (left_out, faults)
    assert block_faults("m.area", area, processed("show_doc(volume)", whole))==["m.area is not on the page of its module"]
    assert len(block_faults("m.area", area, processed("show_doc(area)", "")))==5 # a block that came out empty

def test_finds_a_show_doc_that_fails(tmp_path):
    (tmp_path/"nbs").mkdir()
    shutil.copy(root/"pyproject.toml", tmp_path)
    cells = ["#| default_exp nearest", "#| export\nfrom pixelladder.nearest import fit", "show_doc(fitt)"]
    cells = [dict(cell_type="code", id=f"c{i}", metadata={}, execution_count=None, outputs=[], source=s) for i,s in enumerate(cells)]
    title = dict(cell_type="markdown", id="title", metadata={}, source="# A page\n\n> With a slip.")
    (tmp_path/"nbs"/"a.ipynb").write_text(json.dumps({"cells": [title, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    with pytest.raises(ValueError, match="name 'fitt' is not defined"): process(tmp_path)
