"""The site's pages, without Quarto: as nbdev processes them, through pandoc, and then every link, anchor, picture and public name.

It finds more than a rendering does: Quarto passes dead links and anchors, missing pictures, unclosed divs and bad sidebar entries without a word. It does
not see a wrong Quarto option, the theme, or what the pages look like; the workflow `docs` renders the real site."""
import inspect, json, os, re, subprocess, sys
from dataclasses import is_dataclass
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit
import pypandoc, pytest, yaml
from fastcore.docments import docments
root = Path(__file__).parent.parent

# --- from a notebook to a page

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
            if url.scheme=="http" and "host.robots" not in url.netloc or not (url.netloc or url.path): faults.append(f"{name}: {link} is no https address")
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

def doc_faults(name, obj):
    "What is missing in the documentation of a function or class: a sentence, a parameter's comment, that of the answer"
    if not (inspect.isfunction(obj) or inspect.isclass(obj)): return []
    faults = [] if inspect.getdoc(obj) else [f"{name} has no docstring"]
    call = obj if inspect.isfunction(obj) or is_dataclass(obj) else vars(obj).get("__init__")
    if call is None: return faults # a NamedTuple, or a class that adds no parameters
    for parameter,doc in docments(call, full=True).items():
        if parameter in ("self","args","kwargs"): continue
        if parameter=="return":
            if doc["anno"] not in (None, inspect.Parameter.empty) and not doc["docment"]: faults.append(f"{name} doesn't say what it returns")
        elif not doc["docment"]: faults.append(f"{name} doesn't say what {parameter} is")
    return faults

# --- the pages of this project

@pytest.fixture(scope="module")
def site(tmp_path_factory):
    "A copy of the project whose pages nbdev has processed: (folder of the pages, {name: Page})"
    copy = tmp_path_factory.mktemp("site")/"p"
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True).stdout.split("\n")
    for name in filter(None, names):
        source,target = root/name,copy/name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink(): target.symlink_to(os.readlink(source))
        elif source.is_file(): target.write_bytes(source.read_bytes())
    r = subprocess.run([sys.executable, "-c", "from nbdev.serve import proc_nbs; proc_nbs(n_workers=0)"], cwd=copy, capture_output=True, text=True)
    assert r.returncode==0, r.stderr[-2000:]
    return copy/"_proc",read_pages(copy/"_proc")

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
    _,pages = site
    shown,faults = set().union(*(pages[p].ids for p in sources(pages))),[]
    for module in sorted(root.glob("pixelladder/[a-z]*.py")):
        names = getattr(import_module(f"pixelladder.{module.stem}"), "__all__", []) if module.stem!="all" else []
        for name in names:
            obj = getattr(import_module(f"pixelladder.{module.stem}"), name)
            faults += doc_faults(f"{module.stem}.{name}", obj)
            if (inspect.isfunction(obj) or inspect.isclass(obj)) and name.lower() not in shown: faults.append(f"{module.stem}.{name} is on no page")
    assert not faults, "\n".join(faults)

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
