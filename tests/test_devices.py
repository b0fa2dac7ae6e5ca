"""Everything that computes, with its data on one device and whatever it needs on another: what would raise on a GPU raises here (see two_devices.py), and the numbers are the CPU's."""
import copy
import numpy as np, pytest, torch
import torch.nn.functional as F
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
import pixelladder.all # every chapter names its heads
from two_devices import FAR, TwoDevices, is_far
from conftest import segnet_folder
from pixelladder import metrics, nearest, subpixel, transposed
from pixelladder.body import HEADS, Body, DensePredictor, find_head
from pixelladder.cache import Augment, cached_dls
from pixelladder.codes import VOID
from pixelladder.data import open_data, show_batch
from pixelladder.learner import class_weights, dense_learner, normalize_with, show_results, validation_counts
from pixelladder.predict import Segmenter, evaluate, recipe
from pixelladder.runs import Checkpoint, StopOnNaN

SIZE = (32,64)

@pytest.fixture
def far(): # as on a GPU: what the loaders give is there, what is made is here
    with TwoDevices(): yield FAR

@pytest.fixture(scope="module")
def data(tmp_path_factory): return open_data(segnet_folder(tmp_path_factory.mktemp("d"), dict(train=4, val=3), size=SIZE))

def same(got, want, **kw):
    assert is_far(got)
    torch.testing.assert_close(got.detach().cpu(), want.detach(), **kw)

# --- what this file stands on

def test_two_devices():
    with TwoDevices():
        x,y = torch.ones(2, 3, device="cuda"),torch.ones(2, 3)
        assert x.device==FAR and y.device.type=="cpu" and x.is_cuda and not y.is_cuda
        for mixed in (lambda: x+y, lambda: torch.cat([x, y]), lambda: F.linear(x, y), lambda: x[y.bool().cuda()]+y[y.bool()], lambda: y[x.bool()]):
            with pytest.raises(RuntimeError, match="same device"): mixed()
        for read in (x.numpy, lambda: np.asarray(x)):
            with pytest.raises(TypeError, match="Tensor.cpu"): read()
        for there in (x*2, x+torch.tensor(1.), x[torch.tensor([0])], x.new_zeros(3), torch.zeros_like(x), torch.arange(3, device=x.device), y.to(x), y.to("cuda"), y.cuda(), copy.deepcopy(x), x.half(), *x, *x.unbind()): assert is_far(there)
        for here in (y*2, x.cpu(), x.to("cpu"), x.to(y), torch.zeros(2), torch.zeros(2, device="meta")): assert not is_far(here)
        net = torch.nn.Linear(3, 2)
        with pytest.raises(RuntimeError, match="same device"): net(x)
        net.to("cuda")(x).sum().backward()
        assert is_far(net.weight.grad) and not is_far(net.cpu().weight)

# --- heads

@pytest.fixture(scope="module")
def bodies(): return {arch: Body(arch).eval() for arch in ("squeezenet1_1","resnet18")}

@pytest.mark.parametrize(("name","arch"), [*[(name,"resnet18") for name in HEADS], ("unet","squeezenet1_1")])
def test_heads(bodies, far, name, arch):
    torch.manual_seed(0)
    body = copy.deepcopy(bodies[arch])
    model,x = DensePredictor(body, find_head(name)(body, 3)).eval(),torch.randn(2, 3, 40, 50) # 3: one of them makes pictures
    want = model(x)
    model.to(far)
    same(model(x.to(far)), want, rtol=1e-4, atol=1e-4)
    model.train()(x.to(far)).square().mean().backward()
    assert all(is_far(p.grad) for p in model.parameters() if p.grad is not None)
    model(x[..., :5, :7].to(far)) # smaller than the body can read

# --- functions

X,K = torch.randn(2, 4, 5, 6),torch.randn(4, 3, 3, 3)
CALLS = {"nearest": lambda x,k: nearest.nearest_upsample(x, 3), "bilinear": lambda x,k: nearest.bilinear_upsample(x, 3), "crop": lambda x,k: nearest.fit(x, (4,3)), "repeat": lambda x,k: nearest.fit(x, (9,9)),
         "row": lambda x,k: nearest.linear_upsample(x[0,0,0], 3), "zeros": lambda x,k: transposed.zero_insert(x, 2), "by stamping": lambda x,k: transposed.stamp(x[0,0], k[0,0], 2),
         "by definition": lambda x,k: transposed.transposed_conv(x, k, 2, 1), "by gradient": lambda x,k: transposed.transposed_by_gradient(x, k, 2, 1), "by matrix": lambda x,k: transposed.transposed_by_matrix(x, k, 2, 1),
         "by zeros": lambda x,k: transposed.transposed_by_zeros(x, k, 2, 1), "matrix": lambda x,k: transposed.conv_matrix(k[0,0], (5,6)), "flip": lambda x,k: transposed.flip_kernel(k), "tent": lambda x,k: transposed.bilinear_transposed(x, 2),
         "shuffle": lambda x,k: subpixel.pixel_shuffle(x, 2), "coarsen": lambda x,k: metrics.coarsen((x[0,0].abs()*3).long().clamp(max=4), 2, 5), "averaged": lambda x,k: metrics.coarsen((x[0,0].abs()*3).long().clamp(max=4), 2, 5, "averaged"),
         "confusion": lambda x,k: metrics.confusion(x, (x[:,0].abs()*3).long().clamp(max=3), 4)}

@pytest.mark.parametrize("name", CALLS)
def test_functions_answer_where_they_are_asked(far, name): same(CALLS[name](X.to(far), K.to(far)), CALLS[name](X, K), rtol=1e-4, atol=1e-4)

def test_weights_that_are_made_of_others(far):
    w = torch.randn(12, 4, 3, 3)
    for make in (transposed.as_transposed, subpixel.shuffle_as_transposed, subpixel.icnr): same(make(w.to(far), 2), make(w, 2), rtol=1e-4, atol=1e-5)
    assert subpixel.checkerboard_score(X.to(far), 2)==pytest.approx(subpixel.checkerboard_score(X, 2))

# --- metrics

def test_counts_and_ratios(far):
    masks = [torch.randint(0, 4, (8,8)) for _ in range(3)]
    masks[0][:2] = VOID
    there = [m.to(far) for m in masks]
    for count in (lambda m: metrics.constant_baseline(m, 4), lambda m: metrics.iou_upper_bound(m, 4, 4), lambda m: metrics.confusion(m[1], m[0], 4)):
        assert torch.equal(count(there).cpu(), count(masks))
    counts = metrics.confusion(there[1], there[2], 4)
    assert metrics.mean_iou(counts)==metrics.mean_iou(counts.cpu()) and metrics.pixel_accuracy(counts) > 0
    assert torch.equal(metrics.class_iou(counts), metrics.class_iou(counts.cpu()))

# --- batches, learner, what is shown

def test_augmentation(far):
    x,y = torch.randint(0, 255, (3,3,16,20), dtype=torch.uint8),torch.randint(0, 4, (3,16,20), dtype=torch.uint8)
    for how in (Augment(), Augment(zoom=(.75,2), light=.25)):
        torch.manual_seed(0)
        wanted = how((x.clone(),y.clone()), split_idx=0)
        torch.manual_seed(0)
        for g,w in zip(how((x.clone().to(far),y.clone().to(far)), split_idx=0), wanted): same(g.as_subclass(torch.Tensor).float(), w.as_subclass(torch.Tensor).float(), rtol=1e-4, atol=1e-3)

WAYS = {"cached": lambda d: cached_dls(d, SIZE, 2), "decoded": lambda d: d.dls(size=SIZE, bs=2, num_workers=0)}

@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bf16", [False, True])
def test_a_learner_is_where_its_data_is(data, far, way, bf16):
    "Before anything is trained: model, loss, normalization; then a step, results, counts"
    dls = WAYS[way](data).to(far)
    learn = dense_learner(dls, "squeezenet1_1", "unet", pretrained=False, class_weights=class_weights(data), bf16=bf16)
    assert all(is_far(t) for t in (*learn.model.parameters(), *learn.model.buffers()))
    xb,yb = dls.one_batch()
    assert is_far(xb) and is_far(yb)
    loss = learn.loss_func(learn.model(xb), yb)
    assert is_far(loss)
    with learn.no_bar(), learn.no_logging(): learn.fit(1)
    assert validation_counts(learn).sum() > 0
    show_results(learn, data)
    show_batch(dls, data, 2)
    preds,targets = learn.get_preds()
    assert learn.validate()[1] >= 0 and len(preds)==len(targets)==3

def test_loaders_that_are_elsewhere_than_the_default(data):
    "On a machine with a GPU somebody may still train on the CPU: nothing goes to fastai's default device by itself"
    import fastai.data.transforms as tfms
    dls = WAYS["decoded"](data)
    with TwoDevices(), pytest.MonkeyPatch.context() as m:
        m.setattr(tfms, "to_device", lambda t, *_: tuple(x.to(FAR) for x in t) if isinstance(t, tuple) else t.to(FAR))
        normalize_with(dls, ([.5]*3, [.25]*3))
        assert not is_far(dls.one_batch()[0])

def test_plain_loaders(far):
    "Whatever gives batches will do, such as PyTorch's own tensors in fastai's `DataLoader`"
    pairs = [(torch.randn(3, *SIZE),torch.randint(0, 4, SIZE)) for _ in range(4)]
    dls = DataLoaders(DataLoader(pairs, bs=2), DataLoader(pairs, bs=2), device=far)
    learn = dense_learner(dls, "squeezenet1_1", "fcn8", n_out=4, pretrained=False, normalize=False)
    assert is_far(next(learn.model.parameters()))

def test_checkpoints(data, far, tmp_path):
    "The optimizer's memory comes back to the device of its parameters"
    def learner(): return dense_learner(cached_dls(data, SIZE, 2).to(far), "squeezenet1_1", "nearest", pretrained=False)
    from pixelladder.runs import _load, _tensors
    a,b = learner(),learner()
    with a.no_bar(), a.no_logging(): a.fit(1, cbs=StopOnNaN())
    tensors,memory = _tensors(a)
    assert not any(map(is_far, tensors.values()))
    b.create_opt()
    _load(b, tensors, memory, a.opt.state_dict()["hypers"])
    with b.no_bar(), b.no_logging(): b.fit(1)
    assert all(is_far(t) for s in b.opt.state.values() for t in s.values() if torch.is_tensor(t) and t.ndim)

# --- prediction

def test_prediction(data, far):
    body = Body("squeezenet1_1")
    model = DensePredictor(body, HEADS["unet"](body, data.n))
    segmenter = Segmenter(model, recipe(model, data, SIZE))
    picture = data.splits["val"][0]
    want,scores = segmenter(picture),evaluate(segmenter, data)
    assert segmenter.to(far) is segmenter and is_far(segmenter.prepare(picture))
    got = segmenter(picture)
    assert isinstance(got, np.ndarray) and (got==want).all() and evaluate(segmenter, data)==scores

# --- instruments and the ladder's costs

def test_instruments(far):
    from pixelladder.summary import draw_unet, receptive_fields, summary
    body = Body("squeezenet1_1")
    here = DensePredictor(body, HEADS["unet"](body, 4))
    there = copy.deepcopy(here).to(far)
    assert summary(there, SIZE).equals(summary(here, SIZE))
    assert receptive_fields(there.body)==receptive_fields(body)
    draw_unet(there, SIZE)

def test_costs(far, monkeypatch):
    import pixelladder.ladder as ladder
    monkeypatch.setattr(ladder, "default_device", lambda: far)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    found = ladder.costs(["nearest","unet"], 4, "squeezenet1_1", SIZE, bs=2, rounds=1)
    assert all(c["seconds"] > 0 for c in found.values())

def test_a_unet_of_fastai(far):
    from pixelladder.unet import from_dynamic_unet
    from fastai.vision.all import resnet18, unet_learner
    pairs = [(torch.randn(3, *SIZE),torch.randint(0, 4, SIZE)) for _ in range(2)]
    dls = DataLoaders(DataLoader(pairs, bs=2), DataLoader(pairs, bs=2), device=far)
    learn = unet_learner(dls, resnet18, n_out=4, pretrained=False, normalize=False, loss_func=F.cross_entropy)
    learn.model.to(far)
    assert is_far(next(from_dynamic_unet(learn).parameters()))
