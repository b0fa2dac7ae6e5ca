"Every head on several bodies: any size, compiled, exported once for all sizes, trained, saved, loaded in a fresh process."
import json, subprocess, sys
import numpy as np, pytest, torch
from PIL import Image
from fastai.layers import ConvLayer
from torch import nn
from torch.export import Dim, export
from pixelladder.body import Body, DensePredictor
from pixelladder.data import open_data
from pixelladder.learner import HEADS, class_weights, dense_learner
from pixelladder.predict import evaluate, load_model, recipe, save_model

ARCHS = "resnet18", "squeezenet1_1", "mobilenet_v3_small", "regnetx_002"
BODIES = {}
def body(arch): return BODIES.setdefault(arch, Body(arch))
def build(arch, head, n_out=4):
    "A model, or a skip where the body hasn't the stride that the head asks for"
    try: return DensePredictor(body(arch), HEADS[head](body(arch), n_out)).eval()
    except ValueError as e:
        assert arch=="squeezenet1_1" and head=="fcn32" and "stride" in str(e), e
        pytest.skip(f"{arch} has no stride 32")

@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root,rng = tmp_path_factory.mktemp("data"),np.random.default_rng(0)
    for split in "train","val":
        for f in split,f"{split}annot": (root/f).mkdir()
        for i in range(3):
            Image.fromarray(rng.integers(0, 255, (40,48,3), dtype=np.uint8)).save(root/split/f"a_{i}.png")
            Image.fromarray(rng.integers(0, 12, (40,48), dtype=np.uint8)).save(root/f"{split}annot"/f"a_{i}.png")
    return open_data(root)

@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("head", HEADS)
def test_every_size(arch, head):
    model = build(arch, head)
    with torch.no_grad():
        for size in (1,1),(31,33),(357,479): assert model(torch.randn(1, 3, *size)).shape==(1, 4, *size)

@pytest.mark.parametrize("arch, head", [("resnet18","unet"), ("mobilenet_v3_small","nearest"), ("squeezenet1_1","fcn8")])
def test_a_large_picture(arch, head):
    with torch.no_grad(): assert build(arch, head)(torch.randn(1, 3, 1080, 1920)).shape==(1, 4, 1080, 1920)

@pytest.mark.parametrize("head", HEADS)
def test_compiles_without_a_break(head):
    model,sizes = build("resnet18", head),[(64,64),(65,97),(357,479)] if head=="nearest" else [(65,97)]
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager", dynamic=len(sizes) > 1)
    with torch.no_grad():
        for size in sizes: torch.testing.assert_close(compiled(x := torch.randn(1, 3, *size)), model(x))

@pytest.mark.parametrize("arch, head", [(a,"nearest") for a in ARCHS] + [("resnet18",h) for h in HEADS if h!="nearest"])
def test_one_export_serves_every_size_from_64(arch, head):
    model = build(arch, head)
    sizes = {0: Dim("batch", min=1, max=64), 2: Dim("height", min=64, max=4096), 3: Dim("width", min=64, max=4096)}
    program = export(model, (torch.randn(2, 3, 96, 128),), dynamic_shapes={"x": sizes}).module()
    with torch.no_grad():
        for size in (64,64),(65,97),(357,479): torch.testing.assert_close(program(x := torch.randn(1, 3, *size)), model(x), rtol=1e-4, atol=1e-5)
        with pytest.raises(AssertionError, match=">= 64"): program(torch.randn(1, 3, 63, 64))

def test_trained_saved_and_loaded_in_a_fresh_process(data, tmp_path):
    wanted,image = {},str(data.splits["val"][0])
    for i,head in enumerate(HEADS):
        learn = dense_learner(data.dls((40,48), bs=2, num_workers=0), ARCHS[0 if head.startswith("fcn") else i%len(ARCHS)], HEADS[head], pretrained=False, class_weights=class_weights(data))
        with learn.no_bar(), learn.no_logging(): learn.fit(1)
        folder = save_model(learn.model, tmp_path/head, recipe(learn.model, data, (40,48)))
        wanted[str(folder)] = [evaluate(load_model(folder), data)["mean_iou"], int(load_model(folder)(image).sum())]
    code = ("import json, sys; from pixelladder.predict import evaluate, load_model; from pixelladder.data import open_data; d = open_data(sys.argv[1])\n"
            "print(json.dumps({f: [evaluate(load_model(f), d)['mean_iou'], int(load_model(f)(sys.argv[2]).sum())] for f in sys.argv[3:]}))")
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
