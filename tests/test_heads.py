"Every head on several bodies: any size, compiled, exported once for all sizes, trained, saved, loaded in a fresh process."
import copy, enum, json, re, subprocess, sys
from collections import namedtuple
from functools import cache, partial
import numpy as np, pytest, torch
from fastai.callback.core import Callback
from fastai.layers import ConvLayer
from torch import nn
from conftest import exports, segnet_folder
from torch.export import Dim, export
import pixelladder.all # every chapter names its heads
from pixelladder.head_registry import LIBRARY, given_back
from pixelladder.bfloat16 import BFloat16
from pixelladder.body import HEADS, Body, DensePredictor, Head, head_name, standardized
from pixelladder.data import open_data, split_for
from pixelladder.fcn import FCNHead
from pixelladder.learner import class_weights, dense_learner, weights_of
from pixelladder.nearest import NearestHead
from pixelladder.predict import evaluate, load_model, recipe, save_model
from pixelladder.checkpoints import Checkpoint

ARCHS = "resnet18", "squeezenet1_1", "mobilenet_v3_small", "regnetx_002"
CLASSES = [name for name,head in HEADS.items() if getattr(head, "says_classes", True)] # the others make pictures: test_generative.py
KINDS = [name for name in CLASSES if name not in ("fcn32","fcn16")] # those are `fcn8` with another stride
@cache
def body(arch): return Body(arch)
def build(arch, head):
    "A model, or a skip where the body hasn't the stride that the head asks for"
    try: return DensePredictor(body(arch), HEADS[head](body(arch), 4)).eval()
    except ValueError as e:
        assert arch=="squeezenet1_1" and head=="fcn32" and "stride" in str(e), e
        pytest.skip(f"{arch} has no stride 32")

@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_data(segnet_folder(tmp_path_factory.mktemp("data"), {"train": 3, "val": 3}, (40,48)))

@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("head", CLASSES)
def test_every_size(arch, head):
    model,large = build(arch, head),(69,95) if arch=="squeezenet1_1" else (97,131)
    with torch.no_grad():
        for size in (1,1),(31,33),large: assert model(torch.randn(1, 3, *size)).shape==(1, 4, *size)

@pytest.mark.parametrize("arch, head", [("resnet18","unet"), ("squeezenet1_1","fcn8")])
def test_a_large_picture(arch, head):
    with torch.no_grad(): assert build(arch, head)(torch.randn(1, 3, 1080, 1920)).shape==(1, 4, 1080, 1920)

@pytest.mark.parametrize("head", KINDS)
def test_compiles_without_a_break(head):
    model,sizes = build("resnet18", head),[(64,64),(65,97),(97,131)] if head=="nearest" else [(65,97)]
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager", dynamic=len(sizes) > 1)
    with torch.no_grad():
        for size in sizes: torch.testing.assert_close(compiled(x := torch.randn(1, 3, *size)), model(x))

@exports
@pytest.mark.parametrize("arch, head", [(a,"nearest") for a in ARCHS] + [("resnet18",h) for h in KINDS if h!="nearest"])
def test_one_export_serves_every_size_from_64(arch, head):
    model = build(arch, head)
    sizes = {0: Dim("batch", min=1, max=64), 2: Dim("height", min=64, max=4096), 3: Dim("width", min=64, max=4096)}
    program = export(model, (torch.randn(2, 3, 96, 128),), dynamic_shapes={"x": sizes}).module()
    with torch.no_grad():
        for size in (64,64),(65,97),(161,223): torch.testing.assert_close(program(x := torch.randn(1, 3, *size)), model(x), rtol=1e-4, atol=1e-5)
        with pytest.raises(AssertionError, match=">= 64"): program(torch.randn(1, 3, 63, 64))

def test_trained_saved_and_loaded_in_a_fresh_process(data, tmp_path):
    wanted,image = {},str(data.splits["val"][0])
    for head in CLASSES:
        learn = dense_learner(data.dls((40,48), bs=2, num_workers=0), "resnet18" if head.startswith("fcn") else "squeezenet1_1", HEADS[head], pretrained=False, class_weights=class_weights(data))
        with learn.no_bar(), learn.no_logging(): learn.fit(1)
        folder = save_model(learn.model, tmp_path/head, recipe(learn.model, data, (40,48)))
        model = load_model(folder)
        wanted[str(folder)] = [evaluate(model, data)["mean_iou"], int(model(image).sum())]
    code = ("import json, sys; from pixelladder.predict import evaluate, load_model; from pixelladder.data import open_data; d = open_data(sys.argv[1])\n"
            "print(json.dumps({f: [evaluate(m := load_model(f), d)['mean_iou'], int(m(sys.argv[2]).sum())] for f in sys.argv[3:]}))")
    r = subprocess.run([sys.executable, "-c", code, data.splits["val"][0].parent.parent, image, *wanted], capture_output=True, text=True)
    assert json.loads(r.stdout)==wanted, r.stderr

@pytest.mark.parametrize("head, step", [("nearest", lambda ni,nf: nn.Sequential(nn.Upsample(scale_factor=2), ConvLayer(ni, nf))), ("transposed", lambda ni,nf: ConvLayer(ni, nf, ks=2, stride=2, transpose=True))])
def test_a_custom_head_of_the_book_gives_the_same_scores(head, step):
    from fastai.vision.learner import create_vision_model
    from torchvision.models import resnet18
    steps = [step(c, c//2) for c in (512,256,128,64,32)]
    theirs,ours = create_vision_model(resnet18, 4, pretrained=False, custom_head=nn.Sequential(*steps, nn.Conv2d(16, 4, 1))).eval(),DensePredictor(Body("resnet18"), HEADS[head](body("resnet18"), 4)).eval()
    for to,from_ in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True): to.copy_(from_)
    with torch.no_grad():
        for size in (64,64),(96,160): torch.testing.assert_close(ours(x := torch.randn(2, 3, *size)), theirs(x), rtol=1e-4, atol=1e-5)

def test_class_weights(data):
    weights = class_weights(data)
    counts = np.bincount(np.concatenate([data.mask(p).ravel() for p in data.splits["train"]]), minlength=256)[:11]
    np.testing.assert_allclose(weights, (np.median(counts)/counts)**.5, rtol=1e-5)
    np.testing.assert_allclose(class_weights(data, power=1), np.median(counts)/counts, rtol=1e-5)
    with pytest.raises(ValueError, match="11 classes and 3 class weights"): dense_learner(data.dls((32,32), num_workers=0), "resnet18", pretrained=False, class_weights=[1,2,3])

# --- a saved head comes back as what it was

def saved(head, folder):
    "A model with this head, saved"
    model = DensePredictor(body("squeezenet1_1"), head).eval()
    save_model(model, folder, recipe(model, open_data(), (64,96)))
    return model

@pytest.mark.parametrize("name, options", [("fcn8", {"hold": False}), ("fcn16", {}), ("unet", {"finest": 4, "without": (8,)}), ("mine", {"hold": False, "stride": 8})])
def test_it_gives_the_same_scores(tmp_path, monkeypatch, name, options):
    "Also under a name that somebody gave it"
    monkeypatch.setitem(HEADS, "mine", FCNHead)
    if name!="mine": monkeypatch.delitem(HEADS, "mine")
    model = saved(HEADS[name](body("squeezenet1_1"), 11, **options), tmp_path)
    again = load_model(tmp_path)
    x = torch.randn(1, 3, 65, 97)
    with torch.no_grad(): torch.testing.assert_close(again.model(x), model(x), rtol=0, atol=1e-6)
    assert again.recipe["head"] in (name,"fcn8") and again.recipe["options"].items() >= {k: list(v) if isinstance(v, tuple) else v for k,v in options.items()}.items()

class Plain(nn.Module):
    "A head that doesn't derive from `Head`"
    def __init__(self, body, n_out, width=4):
        super().__init__()
        self.c = nn.Conv2d(body.channels[-1], n_out, 1)

class Unnamed(Head):
    def __init__(self, body, n_out, act=None):
        super().__init__()
        self.c = nn.Conv2d(body.channels[-1], n_out, 1)

@pytest.mark.parametrize("make, words", [(lambda b: Plain(b, 11), "Plain doesn't remember its arguments"), (lambda b: Unnamed(b, 11), "HEADS['mine'] = Unnamed"),
                                         (lambda b: Unnamed(b, 11, act=nn.ReLU()), "`act=ReLU()`, and ReLU can't be written"), (lambda b: Unnamed(b, 11, {1: 2}), "can't be written"),
                                         (lambda b: Unnamed(b, 11, np.float64("inf")), "inf can't be written"), (lambda b: Unnamed(b, 11, [float("nan")]), "nan can't be written")])
def test_a_head_that_could_not_come_back_is_not_saved(tmp_path, make, words):
    with pytest.raises(ValueError, match=re.escape(words)): saved(make(body("squeezenet1_1")), tmp_path/"m")
    assert not (tmp_path/"m").exists()

class Gain(Head):
    "What `gain` was no shape tells"
    def __init__(self, body, n_out, gain=1.):
        super().__init__()
        self.gain,self.c = gain,nn.Conv2d(body.channels[-1], n_out, 1)
    def forward(self, features, size): return nn.functional.interpolate(self.gain*self.c(features[-1]), size=size)

Pair = namedtuple("Pair", "a b")
class Mode(str, enum.Enum): A = "a"
class Eats(Gain):
    def __init__(self, body, n_out, gains=None, options={}): super().__init__(body, n_out, gains.pop(0)+options.pop("more"))
class ByType(Gain):
    def __init__(self, body, n_out, gain=(1.,)): super().__init__(body, n_out, 3. if isinstance(gain, tuple) else 5.)
class Stars(Gain):
    def __init__(self, *args, **kwargs): super().__init__(*args, **kwargs)
class MoreStars(Gain):
    def __init__(self, body, n_out, *gains, **kwargs): super().__init__(body, n_out, *gains)
class Nameless(Gain):
    def __init__(self, body, n_out, gain=1., /, **kwargs): super().__init__(body, n_out, gain)
class Swapped(Gain):
    def __init__(self, body, gain=1., n_out=2): super().__init__(body, n_out, gain)
class Cls(Gain):
    def __init__(self, body, n_out, cls=1.): super().__init__(body, n_out, cls)
class Loose(nn.Module):
    def __init__(self, *args, **kwargs): super().__init__()

@pytest.mark.parametrize("make", [lambda b: Eats(b, 11, [3.,7.], {"more": .5}), lambda b: ByType(b, 11, (2.,)), lambda b: ByType(b, 11, torch.Size([2])), lambda b: Stars(b, 11, gain=3.),
                                  lambda b: MoreStars(b, n_out=11), lambda b: Cls(b, 11, cls=3.), lambda b: Gain(b, 11, np.float64(3)), lambda b: Gain(n_out=11, gain=3., body=b)])
def test_whatever_it_was_made_with_comes_back(tmp_path, monkeypatch, make):
    head = make(body("squeezenet1_1"))
    monkeypatch.setitem(HEADS, "mine", type(head))
    model,again,x = saved(head, tmp_path),load_model(tmp_path),torch.randn(1, 3, 33, 40)
    with torch.no_grad(): torch.testing.assert_close(again.model(x), model(x), rtol=0, atol=1e-6)

@pytest.mark.parametrize("make, words", [(lambda b: Stars(b, 11, 3.), "`*args`"), (lambda b: MoreStars(b, 11, 3.), "`*gains`"), (lambda b: Nameless(b, 11, 3.), "`*gain`"),
                                         (lambda b: Swapped(b, n_out=11, gain=3.), "multiple values for argument 'gain'"), (lambda b: Gain(b, 11, Mode.A), "Mode can't be written"),
                                         (lambda b: Gain(b, 11, Pair(1,2)), "Pair can't be written"), (lambda b: Loose(b, 11, gain=3.), "doesn't remember its arguments")])
def test_what_could_come_back_as_another_is_not_saved(tmp_path, monkeypatch, make, words):
    head = make(body("squeezenet1_1"))
    monkeypatch.setitem(HEADS, "mine", type(head))
    with pytest.raises(ValueError, match=re.escape(words)): saved(head, tmp_path/"m")
    assert not (tmp_path/"m").exists()

def test_a_partial_with_a_tuple_has_its_name(tmp_path, monkeypatch):
    monkeypatch.setitem(HEADS, "mine", partial(ByType, gain=(3,2)))
    saved(HEADS["mine"](body("squeezenet1_1"), 11), tmp_path)
    assert load_model(tmp_path).recipe["head"]=="mine"

def test_the_names_of_the_package_are_its_own(tmp_path, monkeypatch):
    "But a chapter makes its class again"
    made = {name: getattr(make, "func", make) for name,make in HEADS.items()}
    assert {name: (cls.__module__.split(".")[1],cls.__name__) for name,cls in made.items() if cls.__module__.startswith("pixelladder.")}==LIBRARY
    saved(HEADS["nearest"](body("squeezenet1_1"), 11), tmp_path/"plain")
    for name in ("Mine","NearestHead"):
        monkeypatch.setitem(HEADS, "nearest", type(name, (NearestHead,), {}))
        with pytest.raises(ValueError, match="'nearest', which is that of the package's NearestHead"): saved(HEADS["nearest"](body("squeezenet1_1"), 11), tmp_path/"m")
        with pytest.raises(ValueError, match=f"and here {name} has taken it"): load_model(tmp_path/"plain")
    monkeypatch.setitem(HEADS, "nearest", type("NearestHead", NearestHead.__bases__, dict(vars(NearestHead))))
    saved(HEADS["nearest"](body("squeezenet1_1"), 11), tmp_path/"again")

class Pairs(Head, name="pairs"):
    "Remembers what it got, and answers by it"
    def __init__(self, body, n_out, bins=None, k=((1,2),(3,4)), d={"x": (1,)}, l=[1], t=(1,2), **more):
        super().__init__()
        self.got,self.classes = repr((bins, k, d, l, t, more)),nn.Conv2d(body.channels[-1], n_out, 1)
    def forward(self, features, size): return nn.functional.interpolate(self.classes(features[-1]), size)
class Passing(Pairs, name="passing"):
    def __init__(self, *args, **kwargs): super().__init__(*args, **kwargs)

@pytest.mark.parametrize("make, given", [(Pairs, {}), (Pairs, {"bins": (1,2)}), (Pairs, {"bins": [1,(2,[3])], "l": (1,), "t": [1,2]}),
    (Pairs, {"k": [[1,2],(3,4)], "d": {"x": [1], "y": (2,)}, "more": ((1,),)}), (Pairs, {"bins": {"p": [1,(2,)]}}), (Passing, {"bins": (1,), "t": [1]})])
def test_a_tuple_comes_back_as_a_tuple_and_a_list_as_a_list(tmp_path, make, given):
    head = make(body("squeezenet1_1"), 11, **given)
    saved(head, tmp_path)
    assert load_model(tmp_path).model.head.got==head.got

def test_a_damaged_place_is_a_sentence(tmp_path):
    saved(Pairs(body("squeezenet1_1"), 11, (1,2)), tmp_path)
    spec = json.loads((tmp_path/"model.json").read_text())
    assert spec["kinds"]==[[["bins"],"tuple"]] and spec["options"]["bins"]==[1,2]
    for bad in [5], [[["bins"],"set"]], [[[{}],"tuple"]], [["bins","tuple"]]:
        (tmp_path/"model.json").write_text(json.dumps({**spec, "kinds": bad}))
        with pytest.raises(ValueError, match="must be a place in `options`"): load_model(tmp_path)

def test_what_older_programs_wrote_for_tuples_is_read():
    assert given_back(Pairs, {"t": [3,4], "k": [[1,2],[3,4]], "bins": [1,2]})=={"t": (3,4), "k": ((1,2),(3,4)), "bins": [1,2]}

def test_a_head_cannot_lose_what_it_was_made_with(tmp_path):
    class Owns(NearestHead, name="owns"):
        def __init__(self, body, n_out, gain=1.):
            super().__init__(body, n_out)
            self.arguments,self.gain = {"gain": 1.},gain
    saved(Owns(body("squeezenet1_1"), 11, 3.), tmp_path)
    assert load_model(tmp_path).model.head.gain==3
    del HEADS["owns"]

def test_a_cell_that_is_run_again(tmp_path):
    def cell():
        class Mine(NearestHead, name="again"): pass
        return Mine
    first = cell()(body("squeezenet1_1"), 11)
    cell()
    with pytest.raises(ValueError, match="'again' belongs to another Mine now: its cell was run again"): saved(first, tmp_path)
    HEADS["first"] = type(first)
    saved(first, tmp_path)
    for name in ("first","again"): del HEADS[name]

def test_a_chapters_class_with_another_answer_is_no_namesake(tmp_path, monkeypatch):
    "As a learner has it who tries something in a chapter: it would come back as the package's"
    def forward(self, features, size): return NearestHead.forward(self, features, size)*2
    monkeypatch.setitem(HEADS, "nearest", type("NearestHead", NearestHead.__bases__, {**vars(NearestHead), "forward": forward}))
    with pytest.raises(ValueError, match="nothing is written.*answers otherwise than the package's"): saved(HEADS["nearest"](body("squeezenet1_1"), 11), tmp_path/"m")
    assert not (tmp_path/"m").exists()

def test_a_class_of_other_layers_or_arguments_under_the_packages_name_is_a_sentence(tmp_path, monkeypatch):
    from pixelladder.nearest import HalvingHead
    def double(self, ni, nf): return ConvLayer(ni, nf, ks=2, stride=2, transpose=True)
    class More(NearestHead):
        def __init__(self, body, n_out, fancy=3): super().__init__(body, n_out)
    for made in (type("NearestHead", (HalvingHead,), {"double": double}), More):
        made.__name__ = made.__qualname__ = "NearestHead"
        monkeypatch.setitem(HEADS, "nearest", made)
        with pytest.raises(ValueError, match="nothing is written.*give yours a name|give it a name of its own"): saved(made(body("squeezenet1_1"), 11), tmp_path/"m")
        assert not (tmp_path/"m").exists()

# --- what could not be loaded is not written

def other_arch(m, r): return {**r, "arch": "resnet18"}
def numpys_numbers(m, r): return {**r, "trained": {"lr": np.float32(3)}}
def a_name_twice(m, r): return {**r, "codes": ["a"]*11}
def a_class_less(m, r): return {**r, "codes": r["codes"][:10], "palette": r["palette"][:10]}
def standardized_by_the_recipe(m, r): return {**r, "standardize": True}
def lost(m, r):
    with torch.no_grad(): m.head.classes.bias[0] = float("nan")
    return r
def too_large_for_half(m, r):
    with torch.no_grad(): m.head.classes.weight[0] = 1e5
    return r

@pytest.mark.parametrize("spoil", [other_arch, numpys_numbers, a_name_twice, a_class_less, standardized_by_the_recipe, lost, too_large_for_half], ids=lambda f: f.__name__)
def test_an_older_model_stays_whole(tmp_path, spoil):
    model = saved(HEADS["bilinear"](body("squeezenet1_1"), 11), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    bad = spoil(model, recipe(model, open_data(), (64,96)))
    with pytest.raises(ValueError, match="nothing is written"): save_model(model, tmp_path, bad, half=True)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()}==before

@pytest.mark.parametrize("size", [64, (64,), (64.,96.), (0,96), "64"])
def test_sizes_that_are_none(size):
    model = DensePredictor(body("squeezenet1_1"), HEADS["bilinear"](body("squeezenet1_1"), 11))
    for how in ("size","crop"):
        with pytest.raises(ValueError, match=f"`{how}.* must be"): recipe(model, open_data(), **{how: size})
    assert json.dumps(recipe(model, open_data(), np.array([64,96]))["size"])=="[64, 96]"

def test_a_head_that_makes_pictures_learns_no_classes(data):
    with pytest.raises(ValueError, match="PictureHead makes pictures"): dense_learner(data.dls((40,48), bs=2, num_workers=0), "squeezenet1_1", partial(HEADS["picture"], skip=False), pretrained=False)

@pytest.mark.parametrize("task", ["zzz", None, 3, [], "super2"])
def test_tasks_that_are_none(tmp_path, task):
    saved(HEADS["bilinear"](body("squeezenet1_1"), 11), tmp_path)
    spec = json.loads((tmp_path/"model.json").read_text())
    (tmp_path/"model.json").write_text(json.dumps({**spec, "task": task}))
    with pytest.raises(ValueError, match="model.json.*task"): load_model(tmp_path)

def test_trained_on_crops_by_the_library_it_is_not_squeezed(data, tmp_path):
    learn = dense_learner(data.dls(crop=(32,40), bs=2, num_workers=0), "squeezenet1_1", pretrained=False)
    save_model(learn.model, tmp_path, recipe(learn.model, data, crop=(32,40)))
    again = load_model(tmp_path)
    assert again.prepare(np.zeros((64,72,3), np.uint8)).shape==(1,3,64,72) and again.recipe["squeeze"] is False
    with pytest.raises(ValueError, match="`size` and `crop` are missing"): recipe(learn.model, data)

def test_class_weights_count_what_trains():
    streets = open_data()
    train = split_for(streets, "sequence")[0]
    counts = sum(np.bincount(streets.mask(p).ravel(), minlength=256) for p in train)[:streets.n]
    assert len(train) < len(streets.splits["train"])
    torch.testing.assert_close(class_weights(streets, holdout="sequence"), weights_of(counts, .5))
    assert not torch.allclose(class_weights(streets), class_weights(streets, holdout="sequence"), atol=1e-3)

def test_standardized_is_each_picture_by_itself():
    x = torch.rand(3, 3, 20, 30, dtype=torch.float64)*torch.tensor([1.,.1,5.]).view(3,1,1,1)
    for one,got in zip(x.numpy(), standardized(x).numpy()):
        centred = one-one.mean((1,2), keepdims=True)
        np.testing.assert_allclose(got, centred/centred.std(), rtol=1e-9)
    assert standardized(torch.full((2,3,8,8), 7.)).eq(0).all() and standardized(torch.rand(1,1,1,1)).eq(0).all()

def test_a_standardizing_body_sees_dusk_as_day():
    body = Body("mobilenet_v3_small", standardize=True).eval()
    day,night = torch.randn(2, 3, 64, 96),torch.tensor([-1.,-.8,-.5]).view(1,3,1,1)
    for a,b in zip(body(day), body(.4*day+night)): torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
    body.standardize = False
    assert not torch.allclose(body(day)[0], body(.4*day+night)[0], rtol=.1)

def test_a_standardizing_model_comes_back(data, tmp_path):
    learn = dense_learner(data.dls((40,48), bs=2, num_workers=0), "squeezenet1_1", pretrained=False, standardize=True)
    save_model(learn, tmp_path/"m")
    back = load_model(tmp_path/"m")
    assert back.recipe["format"]==3 and back.recipe["standardize"] and back.model.body.standardize
    x = torch.rand(2, 3, 64, 80)
    with torch.no_grad(): torch.testing.assert_close(back.model(x), learn.model.eval()(x))
    plain = dense_learner(data.dls((40,48), bs=2, num_workers=0), "squeezenet1_1", pretrained=False)
    save_model(plain, tmp_path/"plain")
    assert load_model(tmp_path/"plain").recipe["format"]==2 and not load_model(tmp_path/"plain").model.body.standardize

def test_the_packages_own_head_has_its_name_when_a_notebook_wrote_the_class_again(monkeypatch):
    "As where `nbdev-test` runs two notebooks in one process"
    made = NearestHead(body("squeezenet1_1"), 3)
    monkeypatch.setitem(HEADS, "nearest", type("NearestHead", (Head,), {"forward": NearestHead.forward}))
    assert head_name(made)[0]=="nearest"

class Tied(Head): # named within the test
    "Two layers with one weight"
    def __init__(self, body, n_out):
        super().__init__()
        self.a,self.b = nn.Conv2d(body.channels[-1], n_out, 1),nn.Conv2d(body.channels[-1], n_out, 1)
        self.b.weight = self.a.weight
    def forward(self, features, size): return nn.functional.interpolate(self.a(features[-1])+self.b(features[-1]), size=size)

def test_tied_weights_are_saved_in_every_epoch(data, tmp_path, monkeypatch):
    monkeypatch.setitem(HEADS, "tied", Tied)
    learn = dense_learner(data.dls((40,48), bs=2, num_workers=0), "squeezenet1_1", Tied, pretrained=False)
    with learn.no_bar(), learn.no_logging(): learn.fit(1, cbs=Checkpoint(tmp_path/"m", recipe(learn.model, data, (40,48))))
    x = torch.rand(1, 3, 64, 80)
    with torch.no_grad(): torch.testing.assert_close(load_model(tmp_path/"m").model(x), learn.model.eval()(x))

@pytest.mark.parametrize("where", ["in the network","in the optimizer"])
def test_bfloat16_ends_with_the_training_whatever_ends_it(data, where):
    "Ctrl-C, in a notebook: the model that is left is an ordinary one, and so is its copy"
    dls = data.dls((32,48), bs=4, num_workers=0)
    learn,kinds = dense_learner(dls, "squeezenet1_1", "nearest", pretrained=False, bf16=True),[]
    learn.model.head.register_forward_hook(lambda head, x, y: kinds.append(y.dtype))
    def strike(*_): raise KeyboardInterrupt
    struck = learn.model.head.register_forward_pre_hook(strike) if where=="in the network" else None
    class Strike(Callback):
        def before_step(self): strike()
    with pytest.raises(KeyboardInterrupt): learn.fit(1, cbs=None if struck else Strike())
    if struck: struck.remove()
    assert "forward" not in vars(learn.model) and not torch.is_autocast_enabled("cpu")
    x,twin = torch.randn(1, 3, 32, 48),copy.deepcopy(learn.model).eval()
    kinds.clear()
    y = learn.model.eval()(x)
    with torch.no_grad(): next(twin.head.parameters()).zero_()
    assert kinds==[torch.float32] and y.dtype==torch.float32 and not torch.equal(twin(x), y)
    kinds.clear()
    learn.fit(1)
    assert set(kinds)=={torch.bfloat16} and "_do_one_batch" not in vars(learn)
    assert learn.model(x).dtype==torch.float32

def test_bfloat16_that_was_taken_away_is_gone(data):
    "As a callback of one training that failed"
    learn = dense_learner(data.dls((32,48), bs=4, num_workers=0), "squeezenet1_1", "nearest", pretrained=False)
    class Fail(Callback):
        def after_loss(self): raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt): learn.fit(1, cbs=[BFloat16(), Fail()])
    kinds = []
    learn.model.head.register_forward_hook(lambda head, x, y: kinds.append(y.dtype))
    learn.fit(1)
    assert set(kinds)=={torch.float32} and "_do_one_batch" not in vars(learn)
