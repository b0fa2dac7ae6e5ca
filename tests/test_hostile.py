"""Recipes, weights, records and pictures that somebody damaged: a result, or one sentence, never anything else. 2,000 of each; `python benchmarks/hostile.py` tries more."""
import copy, json, os, random, struct
import numpy as np, pytest, torch
from PIL import Image
from safetensors.torch import load_file, save_file
import pixelladder.all # every chapter names its heads
from pixelladder.body import HEADS, Body, DensePredictor
from pixelladder.data import open_data
from pixelladder.predict import check_recipe, load_model, recipe, save_model
from pixelladder.checkpoints import CHECKPOINT, read_checkpoint

MANY = 2000
NASTY = [None, True, False, 0, -1, 1, 2.5, 10**9, 10**30, float("nan"), float("inf"), -0.0, "", "x", "../../etc", "unet", [], {}, [[]], [None], {"a": 1}, [1,2,3], "9"*500, [0]*300]
COUNT = dict(recipes=0, records=0)

def places(tree, path=()):
    "Paths to every value in a tree of dicts and lists"
    yield path
    if isinstance(tree, dict):
        for k,v in tree.items(): yield from places(v, (*path, k))
    elif isinstance(tree, list):
        for i,v in enumerate(tree[:12]): yield from places(v, (*path, i))

def damaged(tree, rng):
    "A copy with one to three values replaced, gone, doubled or nested"
    tree = copy.deepcopy(tree)
    for _ in range(rng.choice([1,1,1,2,3])):
        path = rng.choice(list(places(tree)))
        if not path: return copy.deepcopy(rng.choice(NASTY))
        at = tree
        for key in path[:-1]: at = at[key]
        way = rng.randrange(4)
        if way==0 and isinstance(at, dict): del at[path[-1]]
        elif way==1 and isinstance(at, list): at.append(copy.deepcopy(rng.choice(NASTY)))
        elif way==2 and isinstance(at, dict): at[rng.choice(["more","void","crop","__class__"])] = copy.deepcopy(rng.choice(NASTY))
        else: at[path[-1]] = copy.deepcopy(rng.choice(NASTY))
    return tree

def sentence(error):
    said = str(error)
    assert len(said) > 25 and "Traceback" not in said and len(said) < 2500, said

@pytest.fixture(scope="module")
def model(tmp_path_factory):
    body = Body("squeezenet1_1")
    made = DensePredictor(body, HEADS["unet"](body, 11)).eval()
    return save_model(made, tmp_path_factory.mktemp("m"), recipe(made, open_data(), (64,96)))

def try_recipes(good, n, seed=0):
    rng = random.Random(seed)
    for _ in range(n):
        spec = damaged(good, rng)
        try: check_recipe(spec)
        except ValueError as e: sentence(e)
        else: assert isinstance(spec, dict) and len(spec["palette"])==len(spec["codes"]) and min(spec["normalization"]["std"]) > 0
        COUNT["recipes"] += 1

def test_recipes(model): try_recipes(json.loads((model/"model.json").read_text()), MANY)

def test_whole_models(model, tmp_path):
    "Some of them loaded: what loads answers with a class for every pixel"
    good,rng = json.loads((model/"model.json").read_text()),random.Random(1)
    os.link(model/"model.safetensors", tmp_path/"model.safetensors")
    for _ in range(60):
        (tmp_path/"model.json").write_text(json.dumps(damaged(good, rng)))
        try: found = load_model(tmp_path)
        except (ValueError, OSError) as e: sentence(e)
        else: assert found(np.zeros((40,50,3), np.uint8)).shape==(40,50)

@pytest.mark.parametrize("text", ["", "{", "3", "[{}]", "null", "["*100_000, "\x00", '{"format": 99}'], ids=range(8))
def test_model_json_that_is_none(model, tmp_path, text):
    os.link(model/"model.safetensors", tmp_path/"model.safetensors")
    (tmp_path/"model.json").write_text(text)
    with pytest.raises(ValueError) as e: load_model(tmp_path)
    sentence(e.value)

CHANGES = {"format": 99, "void": 0, "head": "best", "arch": "nonet", "n_in": 10**9, "size": [10**9,10**9], "codes": ["a"]*12, "options": {"finest": 5}, "palette": [[0,0,0]], "normalization": {"mean": [0,0,0], "std": [1,0,1]}}
@pytest.mark.parametrize("key", CHANGES)
def test_one_thing_wrong_is_named(model, tmp_path, key):
    spec = {**json.loads((model/"model.json").read_text()), key: CHANGES[key]}
    os.link(model/"model.safetensors", tmp_path/"model.safetensors")
    (tmp_path/"model.json").write_text(json.dumps(spec))
    with pytest.raises(ValueError, match="model.json") as e: load_model(tmp_path)
    sentence(e.value)

def nan(w): w["head.classes.bias"][0] = float("nan")
def infinite(w): w["head.classes.bias"][0] = float("inf")
def whole_numbers(w): w["head.classes.bias"] = w["head.classes.bias"].long()
def missing(w): del w["head.classes.bias"]
def another_shape(w): w["head.classes.bias"] = torch.zeros(12)
@pytest.mark.parametrize("spoil", [nan, infinite, whole_numbers, missing, another_shape], ids=lambda f: f.__name__)
def test_weights(model, tmp_path, spoil):
    weights = load_file(model/"model.safetensors")
    spoil(weights)
    save_file(weights, tmp_path/"model.safetensors")
    (tmp_path/"model.json").write_text((model/"model.json").read_text())
    with pytest.raises(ValueError, match="head.classes.bias"): load_model(tmp_path)

def record():
    chance = {"python": [3,[1,2],None], "numpy": ["MT19937",[1],1,0,0.], "torch": [0,1,2], "cuda": None, "loaders": [[3,[1],None]]}
    return {"format": 1, "epochs": 1, "arguments": {"data": "d", "epochs": 2}, "columns": ["epoch","train_loss"], "rows": [[0,1.5]], "smooth": [3,.1], "train_iter": 3,
            "random": [chance], "memory": [{"step": 3}], "hypers": [{"lr": .002}], "data": {"codes": ["a"], "train": {"x.png": 1}, "val": {}}}

def try_records(folder, n, seed=0):
    rng = random.Random(seed)
    for _ in range(n):
        text = json.dumps(damaged(record(), rng))
        save_file({"model.x": torch.zeros(1)}, folder/CHECKPOINT, {"run": text})
        try: found = read_checkpoint(folder)[1]
        except ValueError as e: sentence(e)
        else: assert found["epochs"]==len(found["rows"]) >= 1
        COUNT["records"] += 1

def test_records(tmp_path): try_records(tmp_path, MANY)

@pytest.mark.parametrize("data", [b"", b"x"*100, b"\xff"*8+b"{}", (2**40).to_bytes(8,"little")])
def test_checkpoints_that_are_none(tmp_path, data):
    (tmp_path/CHECKPOINT).write_bytes(data)
    with pytest.raises(ValueError, match="can't be read"): read_checkpoint(tmp_path)

def test_a_checkpoint_of_another_program(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path/CHECKPOINT)
    with pytest.raises(ValueError, match="can't be read"): read_checkpoint(tmp_path)

# --- pictures

def grey16(): return Image.fromarray((np.arange(400).reshape(20,20)*160).astype(np.uint16))
PICTURES = {"float": lambda: np.zeros((20,20,3), np.float32), "uint16": lambda: np.zeros((20,20,3), np.uint16), "int64": lambda: np.zeros((20,20,3), np.int64), "CHW": lambda: np.zeros((3,20,20), np.uint8),
            "five channels": lambda: np.zeros((20,20,5), np.uint8), "a batch": lambda: np.zeros((2,20,20,3), np.uint8), "a row": lambda: np.zeros(20, np.uint8), "empty": lambda: np.zeros((0,20,3), np.uint8),
            "no channel": lambda: np.zeros((20,20,0), np.uint8), "a tensor": lambda: torch.zeros(3,20,20), "None": lambda: None, "a number": lambda: 3, "a list": lambda: [[0]], "16-bit grey": grey16,
            "float grey": lambda: Image.fromarray(np.random.rand(20,20).astype(np.float32)), "bytes": lambda: b"abc"}

@pytest.fixture(scope="module")
def camvid(): return load_model("camvid")

@pytest.mark.parametrize("kind", PICTURES)
def test_no_picture(camvid, kind):
    with pytest.raises(ValueError) as e: camvid(PICTURES[kind]())
    sentence(e.value)

def test_no_picture_file(camvid, tmp_path):
    os.mkfifo(tmp_path/"pipe.png"); (tmp_path/"text.png").write_text("hello"); (tmp_path/"empty.png").write_bytes(b""); (tmp_path/"folder.png").mkdir()
    grey16().save(tmp_path/"deep.png")
    for name in ("pipe","text","empty","folder","none","deep"):
        with pytest.raises((ValueError, OSError)) as e: camvid(tmp_path/f"{name}.png")
        assert f"{name}.png" in str(e.value)
    for size in ((0,5), (5,), 7, (2.5,3), (10**9,10**9), "12"):
        with pytest.raises(ValueError): camvid(np.zeros((20,20,3), np.uint8), size)

def test_what_is_a_picture(camvid, tmp_path):
    "Grey, with one channel, with alpha, as a palette, turned by its EXIF: all answer at their own size"
    rgb = np.random.default_rng(0).integers(0, 255, (20,30,3), dtype=np.uint8)
    assert (camvid(rgb[...,:1])==camvid(rgb[...,0])).all() and (camvid(rgb[...,0])==camvid(np.repeat(rgb[...,:1], 3, 2))).all()
    for mode in ("RGBA","L","P","CMYK","1","LA"): assert camvid(Image.fromarray(rgb).convert("RGB" if mode!="LA" else "L").convert(mode)).shape==(20,30)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(rgb).save(tmp_path/"t.png", exif=exif)
    assert camvid(tmp_path/"t.png").shape==(30,20) and (camvid(str(tmp_path/"t.png"))==camvid(np.rot90(rgb, -1).copy())).all()

@pytest.mark.parametrize("tag, kind, value", [(0x011a, 2, b"abc\0"), (0x011a, 9, b"\xfb\xff\xff\xff"), (0x011a, 11, b"\0\0\xc0\x7f"), (0x0132, 11, b"\0\0\xc0\x7f")])
def test_an_exif_that_is_damaged_stops_nothing(tmp_path, tag, kind, value):
    "A tag of a wrong kind beside an orientation: whoever writes the EXIF anew, as PIL's `exif_transpose` does, fails"
    from PIL import ImageOps
    from pixelladder.images import as_picture
    tags = struct.pack("<HHI4s", 0x0112, 3, 1, b"\6\0\0\0")+struct.pack("<HHI4s", tag, kind, 4 if kind==2 else 1, value)
    exif = b"Exif\0\0II*\0\x08\0\0\0\2\0"+tags+b"\0\0\0\0"
    Image.fromarray(np.zeros((4,6,3), np.uint8)).save(tmp_path/"a.jpg", exif=exif)
    with Image.open(tmp_path/"a.jpg") as picture, pytest.raises(Exception): ImageOps.exif_transpose(picture)
    assert as_picture(tmp_path/"a.jpg").size==(4,6)
