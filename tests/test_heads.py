"Every head on several bodies: any size, compiled, exported once for all sizes, trained, saved, loaded in a fresh process."
import json, re, subprocess, sys
from functools import cache
import numpy as np, onnxruntime, pytest, torch
from fastai.layers import ConvLayer
from torch import nn
from conftest import exports, segnet_folder
from torch.export import Dim, export
import pixelladder.all # every chapter names its heads
from pixelladder.body import HEADS, Body, DensePredictor, Head, standardized
from pixelladder.data import open_data, split_for
from pixelladder.fcn import FCNHead
from pixelladder.learner import class_weights, dense_learner, weights_of
from pixelladder.predict import evaluate, export_onnx, load_model, recipe, save_model

ARCHS = "resnet18", "squeezenet1_1", "mobilenet_v3_small", "regnetx_002"
CLASSES = [name for name,head in HEADS.items() if getattr(head, "says_classes", True)] # the others make pictures: test_generative.py
@cache
def body(arch): return Body(arch)
def build(arch, head, n_out=4):
    "A model, or a skip where the body hasn't the stride that the head asks for"
    try: return DensePredictor(body(arch), HEADS[head](body(arch), n_out)).eval()
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

@pytest.mark.parametrize("head", CLASSES)
def test_compiles_without_a_break(head):
    model,sizes = build("resnet18", head),[(64,64),(65,97),(97,131)] if head=="nearest" else [(65,97)]
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager", dynamic=len(sizes) > 1)
    with torch.no_grad():
        for size in sizes: torch.testing.assert_close(compiled(x := torch.randn(1, 3, *size)), model(x))

@exports
@pytest.mark.parametrize("arch, head", [(a,"nearest") for a in ARCHS] + [("resnet18",h) for h in CLASSES if h!="nearest"])
def test_one_export_serves_every_size_from_64(arch, head):
    model = build(arch, head)
    sizes = {0: Dim("batch", min=1, max=64), 2: Dim("height", min=64, max=4096), 3: Dim("width", min=64, max=4096)}
    program = export(model, (torch.randn(2, 3, 96, 128),), dynamic_shapes={"x": sizes}).module()
    with torch.no_grad():
        for size in (64,64),(65,97),(161,223): torch.testing.assert_close(program(x := torch.randn(1, 3, *size)), model(x), rtol=1e-4, atol=1e-5)
        with pytest.raises(AssertionError, match=">= 64"): program(torch.randn(1, 3, 63, 64))

def test_trained_saved_and_loaded_in_a_fresh_process(data, tmp_path):
    wanted,image = {},str(data.splits["val"][0])
    for i,head in enumerate(CLASSES):
        learn = dense_learner(data.dls((40,48), bs=2, num_workers=0), ARCHS[0 if head.startswith("fcn") else i%len(ARCHS)], HEADS[head], pretrained=False, class_weights=class_weights(data))
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

def saved(head, folder, arch="squeezenet1_1", n_out=11):
    "A model with this head, saved; and what `make` gave on a picture"
    model = DensePredictor(body(arch), head).eval()
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
                                         (lambda b: Unnamed(b, 11, act=nn.ReLU()), "`act=ReLU()`, and ReLU can't be written"), (lambda b: Unnamed(b, 11, {1: 2}), "can't be written")])
def test_a_head_that_could_not_come_back_is_not_saved(tmp_path, make, words):
    with pytest.raises(ValueError, match=re.escape(words)): saved(make(body("squeezenet1_1")), tmp_path/"m")
    assert not (tmp_path/"m").exists()

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
    file = export_onnx(back, tmp_path/"m.onnx")
    with torch.no_grad(): wanted = back.model(x*.3).numpy()
    got = onnxruntime.InferenceSession(file).run(None, {"pictures": (x*.3).numpy()})[0]
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-4)
    plain = dense_learner(data.dls((40,48), bs=2, num_workers=0), "squeezenet1_1", pretrained=False)
    save_model(plain, tmp_path/"plain")
    assert load_model(tmp_path/"plain").recipe["format"]==2 and not load_model(tmp_path/"plain").model.body.standardize
