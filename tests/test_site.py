"""The site's pages, without Quarto: as nbdev processes them, through pandoc, and then every link, anchor, picture and public name.

It finds more than a rendering does: Quarto passes dead links and anchors, missing pictures, unclosed divs and bad sidebar entries without a word. It does
not see a wrong Quarto option, the theme, or what the pages look like; the workflow `docs` renders the real site."""
import inspect, json, os, re, shutil, subprocess, tomllib
from configparser import ConfigParser
from dataclasses import is_dataclass
from html.parser import HTMLParser
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit
import pypandoc, pytest, yaml
from fastcore.docments import docments
from terminal import ask
root = Path(__file__).parent.parent

HTTP_ONLY = {"host.robots.ox.ac.uk"} # Pascal VOC's home, as its authors and torchvision write it

# --- from a notebook to a page

def pages_in(folder):
    from nbdev.serve import proc_nbs
    os.chdir(folder)
    proc_nbs(n_workers=0)

def process(folder):
    "Let nbdev make the pages of the project in `folder`, in its `_proc`; a `show_doc` that fails is an error"
    r = ask(pages_in, folder)
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
        self.ids,self.links,self.pictures,self.loads,self.headings = set(),[],[],[],[]
        self.html,self.reading = html,None
        self.feed(html)
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if attrs.get("id"): self.ids.add(attrs["id"])
        if tag=="a" and "href" in attrs: self.links.append(attrs["href"])
        if tag=="img": self.pictures.append((attrs.get("src", ""), attrs.get("alt", "")))
        if tag in ("img","script","iframe","link","video","source"): self.loads.append(attrs.get("src") or attrs.get("href") or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
            self.reading = tag
    def handle_endtag(self, tag):
        if tag==self.reading: self.reading = None
    def handle_data(self, data):
        if self.reading: self.headings[-1] = (self.headings[-1][0], self.headings[-1][1]+data)

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
        elif target.startswith("explorer.") and url.fragment: faults += [f"{name}: {link}: {f}" for f in address_faults(url.fragment)]
        elif url.fragment and target in pages and unquote(url.fragment) not in pages[target].ids: faults.append(f"{name}: {target} has no anchor #{url.fragment}")
    return faults

STATE = dict(mode="transposed|conv", view="stamps|zeros|overlaps|window", dim="[12]", n="[1-8]", k="[1-7]", s="[1-5]", p="[0-6]", op="[0-4]", d="[1-3]",
             w="ones|ramp|tent", step=r"\d+|all", at=r"\d+,\d+")

def address_faults(fragment):
    "What the explorer would not understand of an address"
    pairs = [p.partition("=") for p in fragment.split("&")]
    return [f"the explorer knows no {k}={v}" for k,_,v in pairs if k not in STATE or not re.fullmatch(STATE[k], v)]

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

def heading_faults(name, page):
    "Headings that skip a level or say the same twice; the title is level 1, and has the page for itself"
    faults = [f"{name}: the heading {text!r} is a second title" for level,text in page.headings if level==1]
    levels = [(1,""), *page.headings]
    faults += [f"{name}: {text!r} is {level-before} levels below what stands before it" for (before,_),(level,text) in zip(levels, levels[1:]) if level > before+1]
    return faults + [f"{name}: the heading {text!r} stands twice" for (_,before),(_,text) in zip(levels, levels[1:]) if text and before.strip("()")==text.strip("()")]

def shows(cell, text):
    "Whether a page has what an exported cell holds: its first line that says something"
    lines = [line for line in "".join(cell["source"]).splitlines() if line.strip() and not line.startswith(("#","import","from"))]
    return not lines or lines[0].rstrip() in text

def silent(cell):
    "Whether a code cell of a notebook leaves nothing on the page, by its directives"
    return bool(re.search(r"^#\|\s*(hide|default_exp|include: false)\b", "".join(cell["source"]), re.M))

def dropped_faults(name, source, book):
    "Prose that announces a cell which the page drops, exported code that isn't there, and sections with nothing in them"
    text,faults,cells = page_text(book),[],source["cells"]
    for i,cell in enumerate(cells):
        if cell["cell_type"]=="code" and re.search(r"^#\|\s*exports?\b", "".join(cell["source"]), re.M) and not silent(cell) and not shows(cell, text):
            faults.append(f"{name}: the page drops the code of {cell['id']}")
        if cell["cell_type"]!="markdown" or not "".join(cell["source"]).rstrip().endswith(":"): continue
        after = next((c for c in cells[i+1:] if c["cell_type"]=="markdown" or not silent(c)), None)
        if after is None: faults.append(f"{name}: nothing follows {''.join(cell['source'])[-60:]!r}")
    parts = re.split(r"^(#+) (.*)$", re.sub(r"^(`{3,}).*?^\1\s*$", "code", text, flags=re.M|re.S), flags=re.M)[1:]
    sections = list(zip(parts[::3], parts[1::3], parts[2::3]))
    for (level,title,body),(following,_,_) in zip(sections, [*sections[1:], ("#","","")]):
        if not body.strip() and len(following) <= len(level): faults.append(f"{name}: the section {title!r} is empty")
    return faults

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
    for path in sorted(folder.glob("*.qmd")):
        pages[path.name] = pages[path.with_suffix(".html").name] = Page(html_of(path.read_text().split("---", 2)[2]))
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

def books(folder):
    "Name, notebook and processed notebook, of each"
    for path in sorted(folder.glob("*.ipynb")): yield path.stem,json.loads((root/"nbs"/path.name).read_text()),json.loads(path.read_text())

def test_the_code_is_there(site):
    folder,pages = site
    faults = [f for name,source,book in books(folder) for f in dropped_faults(name, source, book)]
    assert not faults, "\n".join(faults)

def test_code_that_is_taught_is_open_and_said_once(site):
    folder,pages = site
    for name,source,book in books(folder):
        text = page_text(book)
        for cell in source["cells"]:
            code = "".join(cell["source"])
            if cell["cell_type"]!="code" or not re.search(r"^#\|\s*exports\b", code, re.M) or "#| exercise" in code: continue
            for kind,d in re.findall(r"^(def|class) ([a-zA-Z]\w*)", code, re.M): # a class is also shown as it is called, on one line
                if "@delegates" not in code: assert len(re.findall(rf"^{kind} {d}\b", text, re.M))==1, (name, d)

def test_each_page_leads_to_its_notebook(site):
    folder,pages = site
    for name,_,book in books(folder):
        text = page_text(book)
        assert f"/blob/main/nbs/{name}.ipynb)" in text and f"colab.research.google.com/github/pixelladder/pixelladder/blob/main/nbs/{name}.ipynb)" in text, name
        assert (f"/blob/main/exercises/{name}.ipynb)" in text)==(root/"exercises"/f"{name}.ipynb").exists(), name

def test_each_page_says_how_long_it_takes(site):
    from pixelladder.docs import about, time_line
    folder,pages = site
    for name,source,book in books(folder):
        first = "".join(next(c["source"] for c in source["cells"] if c["cell_type"]=="markdown"))
        below = "\n".join(line for line in first.split("\n") if not re.match(r"#|>", line)).strip()
        start = page_text(book).split(":::")[0]
        assert below and below.split(". ")[-1].split("](")[0][-20:].strip("*`[") in start, (name, below, start)
        kept = root/"results"/"course.json"
        seconds = json.loads(kept.read_text())["seconds"].get(name) if kept.exists() else None
        if seconds is not None: assert about(seconds).split()[-2] in time_line(first, seconds), name

def test_titles_bear_the_numbers_that_prose_uses(site):
    folder,pages = site
    ladder = next(s["contents"] for s in yaml.safe_load((root/"_quarto.yml").read_text())["website"]["sidebar"]["contents"] if isinstance(s, dict) and s["section"]=="The ladder")
    assert len(ladder) > 10
    for file in ladder:
        assert front_matter(json.loads((folder/file).read_text()))["title"].startswith(f"{int(file.split('_')[0])}. "), file # the sidebar takes it from here
    for name,_,book in books(folder):
        known = {int(f.split("_")[0]) for f in ladder}
        said = {int(n) for n in re.findall(r"[cC]hapters? \[?(\d+)", page_text(book)) if int(n) < 80}
        if name[:2] < "80": assert said <= known | {14, 15}, (name, said-known) # 14 and 15 are other books' chapters

def test_home(site):
    folder,pages = site
    text = (folder/"index.qmd").read_text()
    page = pages["index.qmd"]
    assert not heading_faults("index", page) and text.count("::: {.card}") > 10 and text.count("{.minutes}")==text.count("::: {.card}")
    for line in ("git clone https://github.com/pixelladder/pixelladder", "pip install git+https://github.com/pixelladder/pixelladder"): assert line in text
    for folder_ in ("exercises","benchmarks","results"): assert any(link.endswith(f"/tree/main/{folder_}") for link in page.links), folder_
    assert {"explorer.qmd","try.qmd","claims.qmd"} <= set(page.links)

def test_links_mean_what_the_word_means(site):
    folder,pages = site
    for name,_,book in books(folder):
        links = re.findall(r"\[`([^`]+)`\]\(([^)]+)\)", page_text(book))
        assert not [l for l in links if "#_" in l[1]], name
        for word,target in links:
            if word in ("size","fit","evaluate") and name in ("90_cli","86_checkpoints","87_train"): raise AssertionError((name, word, target))
    assert ("fit","nearest.html#fit") in re.findall(r"\[`([^`]+)`\]\(([^)]+)\)", page_text(json.loads((folder/"01_nearest.ipynb").read_text())))

def test_every_option_is_on_the_command_lines_page(site):
    import argparse
    from pixelladder.cli import COMMANDS
    text = page_text(json.loads((site[0]/"90_cli.ipynb").read_text()))
    options = 0
    for name,(run,add) in COMMANDS.items():
        parser = argparse.ArgumentParser()
        add(parser)
        part = re.search(rf"^### pixelladder {name}$(.*?)(?=^### |\Z)", text, re.M|re.S)[1]
        for a in parser._actions[1:]:
            options += 1
            assert (a.option_strings[0] if a.option_strings else a.metavar) in part and (not a.help or a.help in part), (name, a)
    assert options > 40

def test_nothing_odd_is_left_in_the_text(site):
    folder,pages = site
    faults = [f for name in sources(pages) for f in heading_faults(name, pages[name])]
    for name,_,book in books(folder):
        if any("__main__." in block for block in doc_blocks(book).values()): faults.append(f"{name} says __main__.")
        prose = re.sub(r"<(code|pre|math|summary)\b.*?</\1>", "", pages[f"{name}.ipynb"].html, flags=re.S)
        faults += [f"{name}: a literal asterisk: {m}" for m in re.findall(r"(?:^|[\s>])\*\w[^<\n]{0,30}|[^<\n]{0,30}[\w/.]\*(?=[\s<]|$)", re.sub("<[^>]+>", "", prose)) if m.strip()]
    assert not faults, "\n".join(faults)

def test_nothing_is_loaded_from_another_host(site):
    folder,pages = site
    for name in sources(pages): assert not [l for l in pages[name].loads if re.match("(https?:)?//", l)], name
    for name,_,book in books(folder):
        assert "widgets" not in book["metadata"], name # for these, and for HTML outputs, Quarto loads scripts
        assert not [o for c in book["cells"] for o in c.get("outputs", []) if {"text/html","application/javascript"} & set(o.get("data", {}))], name
    html = yaml.safe_load((root/"_quarto.yml").read_text())["format"]["html"]
    for theme in html["theme"].values(): assert theme[-1]=="site.scss"
    assert re.search(r"^\$web-font-path: false;", (root/"nbs"/"site.scss").read_text(), re.M)
    for css in (root/"nbs").glob("*.css"): assert "@import" not in css.read_text() and "url(" not in css.read_text()

def test_the_site_has_a_face():
    settings = yaml.safe_load((root/"_quarto.yml").read_text())
    site = settings["website"]
    assert settings["format"]["html"]["respect-user-color-scheme"] is True
    for picture in (site["favicon"], site["open-graph"]["image"]): assert (root/"nbs"/picture).is_file(), picture
    assert "Apache-2.0" in site["page-footer"]["left"] and site["sidebar"]["tools"][0]["href"].startswith("https://github.com/")

def test_claims_are_collected_from_cells_that_run(site):
    from pixelladder.docs import VERDICTS, claims
    rows = claims(root/"nbs")
    assert len(rows) >= 40 and {r["verdict"] for r in rows}==set(VERDICTS) and len({r["source"] for r in rows}) >= 5
    text = (site[0]/"claims.qmd").read_text()
    for r in rows: assert r["page"] in text and r["words"].replace("|", r"\|") in text
    for path in (root/"nbs").glob("[0-9]*.ipynb"): # a cell that isn't run proves nothing
        for c in json.loads(path.read_text())["cells"]:
            source = "".join(c["source"])
            assert not ("#| claim " in source and "eval: false" in source), (path.name, c["id"])

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

def cells_of(*pairs): return {"cells": [dict(cell_type=kind, id=f"c{i}", source=[source], outputs=[]) for i,(kind,source) in enumerate(pairs)]}

def test_finds_code_that_the_page_drops():
    source = cells_of(("markdown","# T"), ("markdown","## A\n\nThe whole net:"), ("code","#| export\nclass Net: pass"), ("markdown","## B"), ("code","#| export\ndef f(): return 1"), ("markdown","## C\n\nText."))
    as_nbdev = cells_of(("markdown","## A\n\nThe whole net:"), ("markdown","## B"), ("markdown","## C\n\nText."))
    faults = dropped_faults("a", source, as_nbdev)
    assert [f.split(": ")[1][:24] for f in faults]==["the page drops the code ","the page drops the code ","the section 'B' is empty"]
    assert dropped_faults("a", source, cells_of(("markdown","## A\n\nThe whole net:"), ("code","class Net: pass"), ("markdown","## B"), ("code","def f(): return 1"), ("markdown","## C\n\nText.")))==[]
    assert len(dropped_faults("a", cells_of(("markdown","See:"), ("code","#| hide\nx")), cells_of(("markdown","See:"))))==1

def test_finds_faults_of_headings():
    def faults(text): return [f.split(": ")[1] for f in heading_faults("a", Page(html_of(text)))]
    assert faults("## A\n\n### b\n\n## C")==[]
    assert len(faults("### A"))==1 and "levels below" in faults("### A")[0]
    assert "second title" in faults("# A")[0]
    assert faults("## evaluate\n\nx\n\n### `evaluate`")==["the heading 'evaluate' stands twice"]

def test_finds_addresses_that_the_explorer_cannot_read(tmp_path):
    pages = {**one("[x](explorer.html#k=3&s=2&dim=2) [y](explorer.html#k=9) [z](explorer.qmd#kernel=3)"), "explorer.html": Page(""), "explorer.qmd": Page("")}
    assert [f.split(": ")[-1] for f in link_faults("a.ipynb", pages, tmp_path)]==["the explorer knows no k=9","the explorer knows no kernel=3"]

def cases_of(book):
    "For each link to the explorer: what it asks for, the grids that the figure beside it shows, and the figure's code"
    import matplotlib.pyplot, torch
    import torch.nn.functional as F
    from pixelladder.subpixel import overlap_map
    matplotlib.use("Agg")
    drawn = []
    def show_grids(*grids, **_): drawn[:] = [g.shape[-1] for g in grids]
    def show_zeros(n, ks, stride, padding, ax): drawn[:] = [n, ks, (n-1)*stride+ks-2*padding]
    space = dict(torch=torch, F=F, plt=matplotlib.pyplot, overlap_map=overlap_map, show_grids=show_grids, show_zeros=show_zeros)
    cells = json.loads(book.read_text(encoding="utf-8"))["cells"]
    def draws(cell): return cell["cell_type"]=="code" and re.search(r"show_(grids|zeros)\(", "".join(cell["source"]))
    for i,cell in enumerate(cells):
        links = re.findall(r"\]\(explorer\.html#([^)]+)\)", "".join(cell["source"])) if cell["cell_type"]=="markdown" else []
        if not links: continue
        figure = "".join((cells[i+1] if draws(cells[i+1]) else next(c for c in cells[i::-1] if draws(c)))["source"])
        exec(figure, space)
        for link in links: yield dict(p.split("=") for p in link.split("&")),list(drawn),figure

@pytest.mark.parametrize("book", ["02_transposed","03_checkerboard"])
def test_a_chapter_links_to_the_very_case_it_speaks_of(book):
    from pixelladder.transposed import output_size
    found = list(cases_of(root/"nbs"/f"{book}.ipynb"))
    assert len(found) >= 2
    for asked,drawn,source in found:
        assert not address_faults("&".join(f"{k}={v}" for k,v in asked.items()))
        n,k,s,p = (int(asked.get(name, usual)) for name,usual in zip("nksp", (4,3,2,0)))
        assert output_size(n, k, s, p) in drawn and f"{k}" in source and (f"stride={s}" in source or f"({n}, {k}, {s})" in source), (asked, drawn)
        assert n in drawn or f"({n}, {k}, {s})" in source, (asked, drawn)

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
