"""The pages that are programs, in a browser: the explorer and try-it. What needs none, the arithmetic, runs in node where there is no browser.

A browser is never downloaded: these tests take the `chromium` or `google-chrome` of the machine (`apt-get install chromium`), through Playwright, and say so when
they are left out."""
import json, re, shutil, subprocess, sys, threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
import numpy as np, pytest, torch
import torch.nn.functional as F
from terminal import run
from pixelladder.transposed import output_size, transposed_conv
root = Path(__file__).parent.parent

def bundled_node():
    "The node that comes with Playwright"
    try: import playwright
    except ImportError: return None
    node = Path(playwright.__file__).parent/"driver"/"node"
    return str(node) if node.exists() else None

class Quiet(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}
    def log_message(self, *args): pass

@pytest.fixture(scope="module")
def address(tmp_path_factory, request):
    "A static server of the pages: each .qmd through pandoc, as plain as can be, beside the files that it loads"
    from test_site import html_of
    folder = tmp_path_factory.mktemp("pages")
    for f in (root/"nbs").iterdir():
        if f.suffix in (".js",".mjs",".css",".html"): shutil.copy(f, folder)
    shutil.copytree(root/"nbs"/"images", folder/"images")
    try: shutil.copytree(request.getfixturevalue("tried"), folder/"try")
    except pytest.skip.Exception: pass # the explorer and home need none of it
    for page in (root/"nbs").glob("*.qmd*"):
        text = page.read_text(encoding="utf-8")
        if page.suffix==".py":
            r = subprocess.run([sys.executable, page], cwd=root, capture_output=True, text=True)
            assert not r.returncode, r.stderr[-2000:]
            text = f"---\n{text.split('---')[1]}---\n{r.stdout}"
        title = re.search(r'title: "?(.*?)"?\n', text)[1]
        body = html_of(text.split("---", 2)[2]).replace(".qmd", ".html")
        (folder/f"{page.name.split('.')[0]}.html").write_text(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
            '<link rel="icon" href="images/mark.svg"><link rel="stylesheet" href="styles.css"><style>body { font: 16px/1.5 sans-serif; color: var(--ink); background: var(--paper); margin: 1rem; } '
            f'main {{ max-width: 1100px; margin: auto; }} img {{ max-width: 100%; }}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>', encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()

LAPTOP,PHONE = dict(width=1280, height=800),dict(width=390, height=844)

@pytest.fixture
def look(chromium, address):
    "`look(page, ...)`: the page in a fresh window; what went wrong and what was asked of other hosts is in `page.faults`"
    windows = []
    def look(page, size=LAPTOP, dark=False):
        context = chromium.new_context(viewport=size, color_scheme="dark" if dark else "light")
        windows.append(context)
        window = context.new_page()
        window.faults = []
        window.on("console", lambda m: window.faults.append(m.text) if m.type in ("error","warning") else None)
        window.on("pageerror", lambda e: window.faults.append(str(e)))
        window.on("request", lambda r: window.faults.append(f"asks {r.url}") if not r.url.startswith((address,"data:","blob:")) else None)
        window.goto(f"{address}/{page}")
        return window
    yield look
    for context in windows: context.close()

def too_wide(window): return window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

# --- contrast, in both themes: 4.5:1 for text

CONTRAST = """() => {
  const lum = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const rgb = (s) => (s.match(/[\\d.]+/g) ?? []).map(Number);
  const behind = (e) => { for (let n = e; n; n = n.parentElement) { const c = rgb(getComputedStyle(n).backgroundColor); if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const out = [];
  for (const e of document.querySelectorAll("main *")) {
    if (e.closest("svg, script, style, noscript") || ![...e.childNodes].some((t) => t.nodeType === 3 && t.textContent.trim()) || !e.getClientRects().length) continue;
    const [a, b] = [lum(rgb(getComputedStyle(e).color).slice(0, 3)), lum(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) out.push(`${e.tagName} ${e.textContent.trim().slice(0, 40)}: ${ratio.toFixed(1)}`);
  }
  return out;
}"""

# --- the explorer's arithmetic

SWEEP = """
const cases = JSON.parse(%s);
const result = cases.map((c) => {
  const x = m.picture(c), w = m.kernel(c), fault = m.problem(c);
  if (fault) return { fault, size: m.outputSize(c) };
  const hash = m.address(c), again = m.readAddress(hash);
  return { size: m.outputSize(c), formula: m.formula(c), layer: m.layer(c), conv: c.mode === "conv" ? m.conv(x, w, c) : null,
           stamps: c.mode === "conv" ? null : m.transposed(x, w, c), zeros: c.mode === "conv" ? null : m.transposedByZeros(x, w, c),
           overlaps: c.mode === "conv" ? null : m.overlaps(c), even: m.isEven(c), back: m.address(again) === hash,
           reach: m.reaching([0, 0], c, x.length, x[0].length) };
});
"""

def settings():
    "More than 2,000 settings, in both directions and both dimensions"
    cases = []
    for n,k,s,p,op,d in product((1,2,4,5), (1,2,3,4,5), (1,2,3,4), (0,1,2,3), (0,1,2), (1,2)):
        cases.append(dict(mode="transposed", view="stamps", dim=1, n=n, k=k, s=s, p=p, op=op, d=d, w="ramp"))
    for n,k,s,p,op,d in product((2,3), (2,3,4), (1,2,3), (0,1), (0,1), (1,2)):
        cases.append(dict(mode="transposed", view="stamps", dim=2, n=n, k=k, s=s, p=p, op=op, d=d, w="tent"))
    for n,k,s,p,d,dim in product((1,3,4,6), (1,2,3,4), (1,2,3), (0,1,2), (1,2,3), (1,2)):
        cases.append(dict(mode="conv", view="window", dim=dim, n=n, k=k, s=s, p=p, op=0, d=d, w="ramp"))
    return [{**c, "step": 10**6, "at": None} for c in cases]

@pytest.fixture(scope="module")
def swept(request, tmp_path_factory):
    "What explorer.js says to all settings: in a browser, or in node where there is none"
    cases = settings()
    code = SWEEP % json.dumps(json.dumps(cases))
    node = shutil.which("node") or bundled_node()
    try: browser,where = request.getfixturevalue("chromium"),request.getfixturevalue("address")
    except pytest.skip.Exception:
        if node is None: raise
        file = tmp_path_factory.mktemp("sweep")/"sweep.mjs"
        shutil.copy(root/"nbs"/"explorer.js", file.with_name("explorer.mjs")) # a module by its name
        file.write_text(f"import * as m from './explorer.mjs';\n{code}\nprocess.stdout.write(JSON.stringify(result));", encoding="utf-8")
        r = subprocess.run([node, str(file)], capture_output=True, text=True)
        assert not r.returncode, r.stderr[-2000:]
        return cases,json.loads(r.stdout)
    window = browser.new_page()
    window.goto(f"{where}/explorer.html")
    found = window.evaluate(f"(async () => {{ const m = await import('{where}/explorer.js'); {code} return JSON.stringify(result); }})()")
    window.close()
    return cases,json.loads(found)

def tensors(c):
    "Picture and kernel of a setting, as the explorer draws them"
    h,kh = (1,1) if c["dim"]==1 else (c["n"],c["k"])
    x = torch.arange(1., h*c["n"]+1, dtype=torch.float64).view(1, 1, h, c["n"])
    if c["w"]=="ramp": w = torch.arange(1., kh*c["k"]+1, dtype=torch.float64).view(1, 1, kh, c["k"])
    else:
        tent = 1-(torch.arange(c["k"], dtype=torch.float64)-(c["k"]-1)/2).abs()/((c["k"]+1)//2)
        w = torch.outer(tent, tent)[None,None]
    def sides(name, neutral): return (neutral if c["dim"]==1 else c[name], c[name])
    return x,w,dict(stride=sides("s", 1), padding=sides("p", 0), dilation=sides("d", 1)),sides("op", 0)

def test_the_explorer_agrees_with_torch_and_the_library(swept):
    cases,found = swept
    assert len(cases) >= 2000
    refused = drawn = 0
    for c,js in zip(cases, found):
        x,w,options,op = tensors(c)
        try: want = F.conv2d(x, w, **options) if c["mode"]=="conv" else F.conv_transpose2d(x, w, output_padding=op, **options)
        except RuntimeError: want = None
        if want is None or 0 in want.shape:
            assert "fault" in js, (c, js)
            refused += 1
            continue
        drawn += 1
        assert "fault" not in js, (c, js)
        assert js["size"]==want.shape[-1], c
        assert js["formula"].endswith(f"= {want.shape[-1]}"), (c, js["formula"])
        assert js["back"], (c, "the address loses something")
        assert torch.allclose(torch.tensor(js["conv"] or js["stamps"], dtype=torch.float64), want[0,0], atol=1e-9), c
        if c["mode"]=="conv": continue
        assert torch.allclose(torch.tensor(js["zeros"], dtype=torch.float64), want[0,0], atol=1e-9), c
        ones = F.conv_transpose2d(torch.ones_like(x), torch.ones_like(w), output_padding=op, **options)
        assert js["overlaps"]==ones[0,0].tolist(), c
        if c["d"]==1: # the library's own, which has no dilation
            assert js["size"]==output_size(c["n"], c["k"], c["s"], c["p"], c["op"]), c
            assert js["even"]==(c["k"]%c["s"]==0), c
            if c["dim"]==2: assert torch.allclose(torch.tensor(js["stamps"], dtype=torch.float64), transposed_conv(x, w, c["s"], c["p"], c["op"])[0,0], atol=1e-9), c
    assert refused > 100 and drawn > 1500, (refused, drawn)

def test_the_layer_to_copy_is_the_layer(swept):
    from torch import nn
    layers = {}
    for c,js in zip(*swept):
        if "fault" in js or js["layer"] in layers: continue
        layer = layers[js["layer"]] = eval(js["layer"], {"nn": nn})
        assert layer(torch.zeros(1, 1, *[c["n"]]*c["dim"])).shape[-1]==js["size"], (c, js["layer"])
    assert len(layers) > 300

def test_who_reaches_a_pixel_is_what_its_gradient_says(swept):
    for c,js in list(zip(*swept))[::7]:
        if "fault" in js: continue
        x,w,options,op = tensors(c)
        x.requires_grad_()
        out = F.conv2d(x, w, **options) if c["mode"]=="conv" else F.conv_transpose2d(x, w, output_padding=op, **options)
        grad, = torch.autograd.grad(out[0,0,0,0], x)
        mine = torch.zeros_like(grad)
        for r in js["reach"]: mine[(0,0,*r["input"])] += w[(0,0,*r["weight"])].item()
        assert torch.allclose(mine, grad), c

# --- the explorer as a page

@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop","phone"])
@pytest.mark.parametrize("case", ["", "#k=4&s=2&p=1&dim=2&n=6", "#view=zeros&p=1&op=1", "#dim=2&view=overlaps&n=5&s=3&k=5", "#mode=conv&n=7", "#p=6", "#n=8&k=7&s=5&d=3", "#n=99&k=x&at=9,9&mode=no"])
def test_the_explorer_draws_every_case(look, case, size):
    window = look(f"explorer.html{case}", size)
    window.wait_for_selector("#explorer .formula")
    assert not window.faults and too_wide(window)<=0
    fault = window.locator("#explorer .fault").count()
    assert bool(fault)==(case=="#p=6") and bool(window.locator("#explorer svg").count())!=bool(fault)

def test_the_explorer_is_played_by_keyboard(look):
    window = look("explorer.html")
    window.focus("#px-s")
    window.keyboard.press("ArrowRight")
    assert "s=3" in window.url and "stride=3" in window.inner_text("#explorer .line")
    window.focus("#explorer .stage")
    for _ in range(3): window.keyboard.press("ArrowRight")
    assert "at=0,2" in window.url and "Output 2 is reached from 1 input" in window.inner_text("#explorer .said")
    window.keyboard.press("Escape")
    assert "at=" not in window.url
    window.locator("#px-step").evaluate("e => { e.value = 2; e.dispatchEvent(new Event('input')); }")
    assert "step=2" in window.url
    window.reload()
    assert window.locator("#px-step").evaluate("e => e.value")=="2" and window.locator("#px-s").evaluate("e => e.value")=="3"
    window.goto(window.url.split("#")[0]+"#k=4&s=2&p=1")
    window.wait_for_function("document.querySelector('#explorer .line').textContent.includes('padding=1')")
    assert not window.faults

def test_the_explorer_answers_to_a_finger(look):
    window = look("explorer.html", PHONE)
    drawing = window.locator("#explorer figure", has_text="output").locator("svg")
    box = drawing.bounding_box()
    drawing.click(position=dict(x=box["width"]*2.5/9, y=box["height"]/2))
    assert "at=0,2" in window.url and "reached from 2 inputs" in window.inner_text("#explorer .said")

# --- try it

@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    "The first model and the runtime, as `make docs` puts all of them beside the page; an ONNX file takes ten seconds"
    from pixelladder.page import make_page, shipped_models
    try: return make_page(tmp_path_factory.mktemp("try"), shipped_models()[:1])
    except OSError as e: pytest.skip(f"the page to try has no runtime: {e}")

@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    "Ten pictures: drawn streets at the model's size and at others, grey, noise, tall, small"
    from PIL import Image
    from pixelladder.streets import draw_street
    folder,rng = tmp_path_factory.mktemp("pictures"),np.random.default_rng(0)
    sizes = [("noon",0,(360,480)), ("dusk",3,(360,480)), ("fog",5,(192,256)), ("suburb",7,(300,300)), ("overcast",2,(611,401)), ("morning",9,(97,833)), ("noon",30,(720,960))]
    made = [Image.fromarray(draw_street(drive, frame, size)[0]) for drive,frame,size in sizes]
    made += [made[0].convert("L"), Image.fromarray(rng.integers(0, 255, (64,80,3), dtype=np.uint8)), Image.new("RGB", (50,40), (10,200,30))]
    for i,image in enumerate(made): image.save(folder/f"{i}.png")
    return sorted(folder.glob("*.png"))

RUN = """async ([name, where]) => {
  const m = await import(where + "/try.js"), model = (await (await fetch(where + "/try/models.json")).json()).models[0];
  const bitmap = await createImageBitmap(await (await fetch(name)).blob()), canvas = new OffscreenCanvas(bitmap.width, bitmap.height), pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  const pixels = pen.getImageData(0, 0, bitmap.width, bitmap.height), [h, w] = model.size, found = await m.segment(pixels, model, "try/");
  const text = (bytes) => { let s = ""; for (let i = 0; i < bytes.length; i += 8192) s += String.fromCharCode(...bytes.subarray(i, i + 8192)); return btoa(s); };
  return { classes: text(found.classes), width: bitmap.width, sure: Array.from(found.sure.slice(0, 50)), rgb: text(m.resize(pixels, w, h)) };
}"""

@pytest.mark.parametrize("which", [range(0, 3), range(3, 6), range(6, 10)], ids=str)
def test_the_page_gives_onnxruntimes_classes(look, address, tried, pictures, which):
    import base64, onnxruntime
    import pixelladder
    model,net = pixelladder.load("camvid"),onnxruntime.InferenceSession(tried/"camvid.onnx")
    mean,std = (torch.tensor(model.recipe["normalization"][k]).view(3, 1, 1) for k in ("mean","std"))
    window = look("try.html")
    for picture in pictures[which.start:which.stop]:
        found = window.evaluate(RUN, ["data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode(), address])
        rgb,classes = (np.frombuffer(base64.b64decode(found[k]), np.uint8) for k in ("rgb","classes"))
        rgb = torch.tensor(rgb).view(*model.size, 3).permute(2, 0, 1)
        prepared = model.prepare(picture)[0]
        assert ((prepared*std+mean)*255-rgb).abs().max() < 1.01, picture.name # Pillow's versions differ by a level
        scores = torch.from_numpy(net.run(None, {"pictures": ((rgb/255-mean)/std)[None].numpy()})[0])
        classes = classes.reshape(-1, found["width"])
        full = F.interpolate(scores, size=classes.shape, mode="bilinear", align_corners=False)[0]
        best = full.topk(2, 0).values
        differ = classes != full.argmax(0).numpy()
        assert not (differ & ((best[0]-best[1]) > 1e-3).numpy()).any() and differ.mean() < 1e-4, (picture.name, differ.sum()) # but for ties
        assert np.allclose(found["sure"], full.softmax(0).amax(0).flatten()[:50], atol=1e-3)
    assert not window.faults, window.faults

def test_the_pages_resize_is_pillows(look, address):
    from PIL import Image
    window = look("try.html")
    rng = np.random.default_rng(1)
    for (h,w),(hh,ww) in [((9,13),(4,5)), ((5,7),(17,30)), ((40,33),(40,7)), ((6,6),(6,6)), ((1,30),(8,8)), ((61,64),(13,64)), ((30,20),(12,31)), ((20,30),(31,12)), ((90,30),(10,20))]:
        image = rng.integers(0, 256, (h,w,4), dtype=np.uint8)
        js = window.evaluate("async ([where, data, width, height, w, h]) => Array.from((await import(where + '/try.js')).resize({data, width, height}, w, h))", [address, image.flatten().tolist(), w, h, ww, hh])
        want = np.array(Image.fromarray(image[..., :3].copy()).resize((ww,hh), Image.Resampling.BILINEAR)).astype(int)
        assert np.abs(np.array(js).reshape(hh, ww, 3)-want).max() <= 1, (h, w, hh, ww) # which side goes first differs between Pillow's versions

def choose(window, file):
    window.set_input_files("#try input[type=file]", file)

@pytest.mark.parametrize("size, dark", [(LAPTOP,False), (PHONE,True)], ids=["laptop","phone"])
def test_a_photo_is_segmented_in_the_page(look, tried, pictures, size, dark):
    window = look("try.html", size, dark)
    asked = []
    window.on("request", lambda r: asked.append((r.method, r.url.rsplit("/", 1)[-1])))
    window.wait_for_selector("#try .samples img")
    assert not [u for _,u in asked if u.endswith((".wasm",".onnx"))], "nothing is loaded before a click"
    choose(window, pictures[0])
    window.wait_for_selector("#try[data-state=ready]", timeout=120_000)
    assert "Every pixel" in window.inner_text("#try .said"), window.inner_text("#try .said")
    assert {m for m,_ in asked}=={"GET"} and any(u.endswith(".wasm") for _,u in asked)
    legend = window.inner_text("#try .legend")
    assert "Road" in legend and "%" in legend
    assert not window.faults and too_wide(window)<=0 and not window.evaluate(CONTRAST)
    window.locator("#try .pictures").hover()
    assert re.search(r"Row \d+, column \d+: \w+, \d+ % sure", window.inner_text("#try .view"))

def test_what_is_no_picture_gets_a_sentence(look, tried, tmp_path, pictures):
    window = look("try.html")
    files = {"notes.txt": b"hello", "empty.png": b"", "broken.jpg": b"\xff\xd8\xff\xe0 not a picture at all", "half.png": pictures[6].read_bytes()[:60], "page.html": b"<p>"}
    for name,data in files.items():
        (tmp_path/name).write_bytes(data)
        choose(window, tmp_path/name)
        window.wait_for_function(f"document.querySelector('#try .fault')?.textContent.includes('{name}')")
        said = window.inner_text("#try .said")
        assert said.endswith(".") and ":" in said, said
    tiny = tmp_path/"tiny.png"
    from PIL import Image
    Image.new("RGB", (3,3)).save(tiny)
    choose(window, tiny)
    window.wait_for_function("document.querySelector('#try .fault')?.textContent.includes('3 by 3')")
    assert not window.faults, window.faults

def test_a_turned_photo_stands_upright(look, tried, tmp_path):
    from PIL import Image
    image = Image.new("RGB", (80,40))
    exif = Image.Exif()
    exif[274] = 6 # the camera was held upright
    image.save(tmp_path/"turned.jpg", exif=exif)
    window = look("try.html")
    choose(window, tmp_path/"turned.jpg")
    window.wait_for_selector("#try[data-state=ready]", timeout=120_000)
    assert "40 by 80 pixels" in window.inner_text("#try .said")

def test_without_the_models_there_is_a_sentence(look, pictures):
    window = look("try.html")
    window.route("**/try/models.json", lambda route: route.fulfill(status=404))
    choose(window, pictures[0])
    window.wait_for_selector("#try .fault")
    assert "make docs" in window.inner_text("#try .said")

def test_a_page_for_a_model_of_ones_own(chromium, tried, pictures, tmp_path, monkeypatch):
    from pixelladder import page
    entry = json.loads((tried/"models.json").read_text())["models"][0]
    def exported(folder, out): # the export itself runs in the notebook
        shutil.copy(tried/entry["file"], out)
        return {**entry, "name": Path(folder).name, "title": "my own"}
    monkeypatch.setattr(page, "model_entry", exported)
    page.write_page(tmp_path/"page", ["runs/mine"], tried)
    with pytest.raises(ValueError, match="same name"): page.write_page(tmp_path/"two", ["a/m","b/m"], tried)
    page.write_page(tmp_path/"page", ["runs/mine"], tried) # its own is replaced
    (tmp_path/"other").mkdir(); (tmp_path/"other"/"index.html").write_text("about pixelladder, by hand")
    with pytest.raises(ValueError, match="index.html is another page's, and would be lost"): page.write_page(tmp_path/"other", ["runs/mine"], tried)
    (tmp_path/"own").mkdir(); (tmp_path/"own"/"styles.css").write_text("body {}")
    with pytest.raises(ValueError, match="styles.css is another page's"): page.write_page(tmp_path/"own", ["runs/mine"], tried)
    with page.server(tmp_path/"page", 0) as s:
        assert s.server_address[0]=="127.0.0.1" # nobody else on the network
        threading.Thread(target=s.serve_forever, daemon=True).start()
        window = chromium.new_page()
        window.goto(f"http://127.0.0.1:{s.server_port}/")
        choose(window, pictures[2])
        window.wait_for_selector("#try[data-state=ready]", timeout=120_000)
        assert "Every pixel" in window.inner_text("#try .said") and "mine" in window.inner_text("h1")
        window.close()
        s.shutdown()

def test_the_command_says_what_is_missing(tmp_path):
    r = run("page", tmp_path/"none", "--port", 0)
    assert r.returncode==2 and "holds no model.json" in r.stderr and "Traceback" not in r.stderr

# --- what Quarto makes of a chapter, in small: the style sheet holds it together

CHAPTER = """<!doctype html><html><head><link rel="icon" href="data:,"><link rel="stylesheet" href="styles.css"></head><body class="{theme}" style="margin: 8px; background: var(--paper); color: var(--ink)"><main style="max-width: 680px">
<div class="cell-output cell-output-stdout"><pre><code>stamp: right, on 4 inputs (2x2, kernel 3x3, stride 2; 3x5, kernel 2x3, stride 1; and {long})</code></pre></div>
<div class="sourceCode"><pre class="sourceCode python"><code class="sourceCode python"><span>def enlarge(weight:Tensor, # Kernels, float, `(ni,nf,ks,ks)`, {long}</span></code></pre></div>
<div class="table-box"><table><tr>{cells}</tr></table></div><p><code>pixelladder/{long}</code></p>
<details><summary>Either, rounded afterwards</summary>No.</details><nav class="page-navigation"><div class="nav-page"><a href="#">Body and head</a></div></nav></main></body></html>"""

@pytest.mark.parametrize("theme", ["quarto-light","quarto-dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop","phone"])
def test_a_chapter_is_not_cut(chromium, address, size, theme):
    context = chromium.new_context(viewport=size)
    window = context.new_page()
    window.goto(f"{address}/styles.css") # so that the sheet is found
    window.set_content(CHAPTER.format(theme=theme, long="a"*150, cells="<td>0.12345</td>"*20).replace('href="styles.css"', f'href="{address}/styles.css"'))
    window.wait_for_load_state("networkidle")
    assert too_wide(window)<=0
    cut = window.evaluate("[...document.querySelectorAll('pre, p, div.cell-output')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.tagName)")
    assert not cut, cut
    assert window.evaluate("(() => { const e = document.querySelector('.table-box'); return e.scrollWidth > e.clientWidth; })()") # it scrolls, in its own box
    assert not window.evaluate(CONTRAST)
    context.close()

# --- every page

@pytest.mark.parametrize("dark", [False, True], ids=["light","dark"])
@pytest.mark.parametrize("page", ["explorer.html","index.html","try.html"])
def test_text_can_be_read(look, page, dark):
    window = look(page, dark=dark)
    faint = window.evaluate(CONTRAST)
    assert not faint, faint

@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop","phone"])
def test_home_fits(look, size):
    window = look("index.html", size)
    assert not window.faults and too_wide(window)<=0
    assert window.locator("h1").count()==1

def test_what_the_page_cannot_show_is_refused_before_a_file_is_written(tmp_path, monkeypatch):
    from types import SimpleNamespace
    import pixelladder.predict
    from pixelladder.body import Body, DensePredictor
    from pixelladder.nearest import NearestHead
    from pixelladder.page import make_page
    from pixelladder.predict import recipe, save_model
    def never(*args): raise AssertionError("an ONNX file takes seconds, and the model isn't shown")
    monkeypatch.setattr(pixelladder.predict, "export_onnx", never)
    def saved(folder, n_in, codes, **more):
        body = Body("squeezenet1_1", n_in)
        model = DensePredictor(body, NearestHead(body, len(codes)))
        known = SimpleNamespace(codes=codes, palette=np.zeros((len(codes),3), np.uint8))
        return save_model(model, tmp_path/folder, recipe(model, known, (32,32)) | more)
    out = tmp_path/"page"
    for models,words in [([saved("grey", 1, ["sky","road"])], "1 channels, and the page's have 3"),
                         ([saved("large", 3, ["red","green","blue"], task="super2")], "makes pictures"),
                         ([saved("a/m", 3, ["sky","road"]), saved("b/m", 3, ["sky","road"])], "the same name")]:
        with pytest.raises(ValueError, match=words): make_page(out, models)
        assert not list(out.glob("*"))
