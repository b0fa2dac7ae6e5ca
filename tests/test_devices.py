"""Everything that computes, with its data on one device and whatever it needs on another: what would raise on a GPU raises here (see two_devices.py), and the numbers are the CPU's."""
import copy
from types import SimpleNamespace
import numpy as np, pytest, torch
import torch.nn.functional as F
from fastai.data.core import DataLoaders, TfmdDL
from fastai.data.load import DataLoader
from fastai.torch_core import TensorImage
import pixelladder.all # every chapter names its heads
from two_devices import FAR, TwoDevices, is_far, tensors
from conftest import segnet_folder
from pixelladder import metrics, nearest, subpixel, transposed
from pixelladder.body import HEADS, Body, DensePredictor, find_head
from pixelladder.cache import Augment, cached_dls
from pixelladder.codes import VOID
from pixelladder.data import open_data, show_batch
from pixelladder.judge import EXERCISES, judge
from pixelladder.learner import MaskedDice, MaskedFocal, class_weights, dense_learner, normalize_with, show_results, validation_counts
from pixelladder.predict import Segmenter, evaluate, learner_recipe, recipe, save_model
from pixelladder.checkpoints import StopOnNaN
from pixelladder.tiles import enlarged_scores

SIZE = (32,64)

@pytest.fixture
def far(): # as on a GPU: what the loaders give is there, what is made is here
    with TwoDevices(): yield FAR

@pytest.fixture(scope="module")
def root(tmp_path_factory): return segnet_folder(tmp_path_factory.mktemp("d"), dict(train=4, val=3), size=SIZE)

@pytest.fixture(scope="module")
def data(root): return open_data(root)

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
        assert is_far(net.weight.grad) and is_far(copy.deepcopy(net).weight) and not is_far(net.cpu().weight)

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
         "shuffle": lambda x,k: subpixel.pixel_shuffle(x, 2), "coarsen": lambda x,k: metrics.coarsen((x[0,0].abs()*3).long().clamp(max=4), 2, 5), "strips": lambda x,k: torch.cat([s for *_,s in enlarged_scores(x[0], (9,12), 100)], 1), "averaged": lambda x,k: metrics.coarsen((x[0,0].abs()*3).long().clamp(max=4), 2, 5, "averaged"),
         "confusion": lambda x,k: metrics.confusion(x, (x[:,0].abs()*3).long().clamp(max=3), 4)}

@pytest.mark.parametrize("name", CALLS)
def test_functions_answer_where_they_are_asked(far, name): same(CALLS[name](X.to(far), K.to(far)), CALLS[name](X, K), rtol=1e-4, atol=1e-4)

def test_weights_that_are_made_of_others(far):
    w = torch.randn(12, 4, 3, 3)
    for make in (transposed.as_transposed, subpixel.shuffle_as_transposed, subpixel.icnr): same(make(w.to(far), 2), make(w, 2), rtol=1e-4, atol=1e-5)
    assert subpixel.checkerboard_score(X.to(far), 2)==pytest.approx(subpixel.checkerboard_score(X, 2))

def there(x):
    "All that `x` holds, on the second device"
    if isinstance(x, (torch.Tensor, torch.nn.Module)): return x.to(FAR)
    if type(x) in (tuple,list): return type(x)(map(there, x))
    return x

ON_THE_CPU = ("class_iou",) # in float64, which Apple's GPUs lack

@pytest.mark.parametrize("name", [name for name,e in EXERCISES.items() if any(list(tensors(c.args)) for c in e.cases())])
def test_exercises_answer_where_they_are_asked(far, name):
    "The package's answer to each, as `check` runs it, on its own inputs"
    spec = EXERCISES[name]
    for case in spec.cases():
        if not list(tensors(case.args)): continue
        torch.manual_seed(0)
        want = spec.run(spec.answer, *case.args)
        torch.manual_seed(0)
        got = spec.run(spec.answer, *there(case.args))
        for g,w in zip(tensors([got]), tensors([want]), strict=True): torch.testing.assert_close(g.detach().cpu(), w.detach(), rtol=1e-4, atol=1e-4, equal_nan=True)
        if isinstance(got, torch.Tensor): assert is_far(got)==(name not in ON_THE_CPU), case.says

def test_an_answer_that_moved(far):
    "One sentence, and no crash of the check itself"
    right,said = judge(EXERCISES["zero_insert"], lambda x, stride: transposed.zero_insert(x, stride).to(far))
    assert not right and "the answer is on cuda:0, and what came in is on the CPU" in said

# --- losses

@pytest.mark.parametrize("loss", [MaskedFocal(), MaskedDice()], ids=["focal","dice"])
def test_losses(far, loss):
    scores,masks = torch.randn(2, 4, 5, 6),torch.randint(0, 4, (2,5,6))
    masks[:,0] = VOID
    same(loss(scores.to(far), masks.to(far)), loss(scores, masks))

def test_a_loss_goes_where_the_model_is(data, far):
    "Before `fit`, which is when fastai moves one"
    from fastai.losses import CrossEntropyLossFlat
    dls = WAYS["cached"](data).to(far)
    for loss in (torch.nn.CrossEntropyLoss, lambda **kw: CrossEntropyLossFlat(axis=1, **kw)):
        learn = dense_learner(dls, "squeezenet1_1", "nearest", pretrained=False, loss_func=loss(weight=class_weights(data), ignore_index=VOID))
        xb,yb = dls.one_batch()
        assert is_far(learn.loss_func(learn.model(xb), yb.long()))

# --- metrics

def test_counts_and_ratios(far):
    masks = [torch.randint(0, 4, (8,8)) for _ in range(3)]
    masks[0][:2] = VOID
    there = [m.to(far) for m in masks]
    for count in (lambda m: metrics.constant_baseline(m, 4), lambda m: metrics.grid_labels(m, 4, 4), lambda m: metrics.confusion(m[1], m[0], 4)):
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
    counts = validation_counts(learn)
    assert counts.sum() > 0 and not is_far(counts)
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
        pairs = [(TensorImage(torch.rand(3, *SIZE)),torch.zeros(SIZE).long())]*2
        plain = DataLoaders(TfmdDL(pairs, bs=2), TfmdDL(pairs, bs=2)) # says nothing of a device
        for loaders in (dls,plain):
            normalize_with(loaders, ([.5]*3, [.25]*3))
            assert not is_far(loaders.one_batch()[0])

def test_plain_loaders(far):
    "Whatever gives batches will do, such as PyTorch's own tensors in fastai's `DataLoader`"
    pairs = [(torch.randn(3, *SIZE),torch.randint(0, 4, SIZE)) for _ in range(4)]
    dls = DataLoaders(DataLoader(pairs, bs=2), DataLoader(pairs, bs=2), device=far)
    learn = dense_learner(dls, "squeezenet1_1", "fcn8", n_out=4, pretrained=False, normalize=False)
    assert is_far(next(learn.model.parameters()))

def test_checkpoints(data, far):
    "The optimizer's memory comes back to the device of its parameters"
    def learner(): return dense_learner(cached_dls(data, SIZE, 2).to(far), "squeezenet1_1", "nearest", pretrained=False)
    from pixelladder.checkpoints import _load, _tensors
    a,b = learner(),learner()
    with a.no_bar(), a.no_logging(): a.fit(1, cbs=StopOnNaN())
    tensors,memory = _tensors(a)
    assert not any(map(is_far, tensors.values()))
    b.create_opt()
    _load(b, tensors, memory, a.opt.state_dict()["hypers"])
    assert is_far(b.opt.state[b.opt.all_params()[0][0]]["sqr_avg"])
    with b.no_bar(), b.no_logging(): b.fit(1)
    assert all(is_far(t) for s in b.opt.state.values() for t in s.values() if torch.is_tensor(t) and t.ndim)

def test_several_processes(far, monkeypatch):
    "What they add up goes to the device of the model, where NCCL wants it"
    from pixelladder.distributed import _OneValidation
    seen = []
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda t: seen.append(is_far(t)))
    count = SimpleNamespace(counts=torch.ones(2, 2))
    learn = SimpleNamespace(model=torch.nn.Linear(1, 1).to(far), metrics=[count], recorder=SimpleNamespace(loss=SimpleNamespace(total=1., count=1)))
    add = _OneValidation()
    add.learn,add.wrapped,add.model,add.recorder = learn,learn.model,learn.model,learn.recorder
    add.after_validate()
    assert seen==[True,True] and is_far(count.counts)

def test_sources_of_chance(data, monkeypatch):
    "A GPU's own is kept and put back, and a run that began on one goes on without"
    from pixelladder.checkpoints import random_state, set_random_state
    dls,back = cached_dls(data, SIZE, 2),{}
    with monkeypatch.context() as m:
        for gpu,found in ((torch.cuda,torch.cuda),(torch.mps,torch.backends.mps)):
            m.setattr(found, "is_available", lambda: True)
            m.setattr(gpu, "get_rng_state", lambda name=gpu.__name__: torch.tensor([len(name)], dtype=torch.uint8))
            m.setattr(gpu, "set_rng_state", lambda t, name=gpu.__name__: back.update({name: t.tolist()}))
        state = random_state(dls)
        set_random_state(dls, state)
    assert back=={"torch.cuda": [10], "torch.mps": [9]}
    set_random_state(dls, state)

def test_loaders_are_made_for_the_default_device(data, far, monkeypatch):
    import pixelladder.cache as cache, pixelladder.pieces as pieces
    from pixelladder.generative import TASKS
    for module in (cache,pieces): monkeypatch.setattr(module, "default_device", lambda: far)
    pictures = [torch.randint(0, 255, (3,32,32), dtype=torch.uint8) for _ in range(2)]
    for dls in (cached_dls(data, SIZE, 2),pieces.picture_dls(pictures, pictures, TASKS["super2"], (16,16), bs=2)):
        assert dls.device==far and all(map(is_far, dls.one_batch()))

# --- prediction

def segmenter_for(data, head="unet", **kwargs):
    body = Body("squeezenet1_1", **kwargs)
    model = DensePredictor(body, HEADS[head](body, data.n))
    return Segmenter(model, recipe(model, data, SIZE))

@pytest.mark.parametrize("standardize", [False, True])
def test_prediction(data, far, standardize):
    segmenter = segmenter_for(data, standardize=standardize)
    picture = data.splits["val"][0]
    want,scores = segmenter(picture),evaluate(segmenter, data)
    assert segmenter.to(far) is segmenter and is_far(segmenter.prepare(picture))
    got = segmenter(picture)
    assert isinstance(got, np.ndarray) and (got==want).all() and evaluate(segmenter, data)==scores
    many = dict(flips=True, scales=(.5,1,1.5), confidence=True)
    at_home = Segmenter(copy.deepcopy(segmenter.model).cpu(), segmenter.recipe)
    for how in (dict(how="whole"), dict(how="tiled", tile=(32,32))):
        there,here = (s.predict(picture, **how, **many) for s in (segmenter,at_home))
        assert (there.classes==here.classes).all() and np.allclose(there.confidence, here.confidence, atol=1e-2)
    segmenter.overlay(picture)

def test_files(data, far, tmp_path, monkeypatch):
    "What is written was brought to the CPU; a recipe is found wherever the model is"
    import pixelladder.store as store
    learn = dense_learner(WAYS["decoded"](data).to(far), "squeezenet1_1", "nearest", pretrained=False)
    written = []
    monkeypatch.setattr(store, "save", lambda weights: written.extend(weights.values()) or b"")
    save_model(learn, tmp_path, half=True)
    assert written and not any(map(is_far, written))
    exported = []
    def export(net, *args, **kwargs):
        exported.extend(map(is_far, net.parameters()))
        raise InterruptedError
    monkeypatch.setattr(torch.export, "export", export)
    with pytest.raises(InterruptedError): store.export_onnx(learn, tmp_path/"m.onnx")
    assert exported and not any(exported)

def test_a_recipe_without_names(far):
    pairs = [(torch.randn(3, *SIZE),torch.randint(0, 4, SIZE)) for _ in range(4)]
    dls = DataLoaders(TfmdDL(pairs, bs=2), TfmdDL(pairs, bs=2), device=torch.device("cpu"))
    learn = dense_learner(dls, "squeezenet1_1", "nearest", n_out=4, pretrained=False, normalize=False)
    learn.model.to(far) # as one that was trained elsewhere
    assert len(learner_recipe(learn)["codes"])==4

@pytest.fixture
def asked(monkeypatch):
    "Where each picture was when a `Segmenter` looked at it"
    places,look = [],Segmenter._scores
    monkeypatch.setattr(Segmenter, "_scores", lambda self, x, **how: places.append(is_far(x)) or look(self, x, **how))
    return places

def test_commands_take_the_gpu(data, root, far, tmp_path, monkeypatch, asked):
    import fastai.torch_core, pixelladder.ladder as ladder
    from pixelladder.cli import main
    for module in (fastai.torch_core,ladder): monkeypatch.setattr(module, "default_device", lambda: far)
    monkeypatch.setattr("pixelladder.segmenter.best_device", lambda: far)
    root,model = str(root),segmenter_for(data, "nearest")
    options = ladder._settle({**ladder.OF_LADDER, "data": root, "arch": "squeezenet1_1", "size": SIZE})
    ladder._settle_budget(tmp_path/"l", {"data": data.name, **options}, data) # as if it had been trained there
    save_model(model.model, tmp_path/"l"/"nearest-0", model.recipe)
    ways = [lambda: main(["predict", str(tmp_path/"l"/"nearest-0"), str(data.splits["val"][0]), "--out", str(tmp_path/"o")]),
            lambda: main(["evaluate", str(tmp_path/"l"/"nearest-0"), "--data", root]),
            lambda: list(ladder.climb(root, tmp_path/"l", ["nearest"], seeds=1, arch="squeezenet1_1", size=SIZE)),
            lambda: ladder.three_pictures(data, tmp_path/"l"/"nearest-0")]
    for way in ways:
        asked.clear()
        way()
        assert asked and all(asked)

# --- pictures

def a_painter(task):
    torch.manual_seed(0)
    body = Body("squeezenet1_1")
    return DensePredictor(body, HEADS["picture"](body, task.n_out, **task.head)).eval()

def test_tasks(far):
    "What is taken away, what the model reads, what it shall say, and what is made of its answer"
    from pixelladder.generative import TASKS, ColourClasses, give_back
    y = torch.rand(2, 3, 32, 32)
    odds = ColourClasses([(p*255).byte() for p in y])
    for name,task in {**TASKS, "colour classes": odds}.items():
        def steps(y):
            torch.manual_seed(0)
            left = task.lose(y)
            x = task.start(left)
            return left,x,task.target(y)
        got,want = steps(y.to(far)),steps(y)
        for g,w in zip(got, want): same(g, w, rtol=1e-3, atol=1e-3)
        model = a_painter(task)
        made = give_back(model, task, want[0])
        for place,left in ((is_far, got[0]), (lambda t: not is_far(t), want[0])): # the answer is where the question was
            for net in (model, copy.deepcopy(model).to(far)):
                again = give_back(net, task, left)
                assert place(again), name
                torch.testing.assert_close(again.cpu(), made, rtol=1e-3, atol=1e-3)
        out = model(want[1])
        same(task.finish(got[1], out.to(far)), task.finish(want[1], out), rtol=1e-3, atol=1e-3)

def test_a_painter(data, far):
    from pixelladder.generative import TASKS
    from pixelladder.painter import Painter
    known = {**recipe(segmenter_for(data).model, data, SIZE), "task": "super2"}
    painter = Painter(a_painter(TASKS["super2"]), known)
    picture = data.splits["val"][0]
    want = painter(picture)
    assert np.abs(painter.to(far)(picture).astype(int)-want).max() <= 1

def test_a_learner_of_pictures(far):
    from pixelladder.generative import ColourClasses, picture_learner
    from pixelladder.pieces import picture_dls
    pictures = [torch.randint(0, 255, (3,32,32), dtype=torch.uint8) for _ in range(2)]
    task = ColourClasses(pictures)
    dls = picture_dls(pictures, pictures, task, (32,32), bs=2).to(far)
    learn = picture_learner(dls, task, "squeezenet1_1")
    xb,yb = dls.one_batch()
    assert is_far(learn.loss_func(learn.model(xb), yb))
    with learn.no_bar(), learn.no_logging(): learn.fit(1)

def test_losses_and_scores_of_pictures(far):
    import pixelladder.lab as c, pixelladder.generative as g
    from pixelladder.show import show_pictures
    from pixelladder.styles import style_picture
    made,truth = torch.rand(2, 2, 3, 32, 32)
    scores = dict(psnr=g.psnr, mean_psnr=g.mean_psnr, edges=g.edge_loss, colours=c.ab_error, painted=lambda a, b: c.painted(a, c.rgb_to_lab(b)[:,1:]),
                  lab=lambda a, b: c.lab_to_rgb(c.rgb_to_lab(a)), grey=lambda a, b: c.grey(a), colourful=lambda a, b: c.colourfulness(a), gram=lambda a, b: g.gram(a))
    for score in scores.values(): same(score(made.to(far), truth.to(far)), score(made, truth), rtol=1e-3, atol=1e-3)
    style = style_picture("mosaic", (32,32))
    losses = {"features": lambda place: g.FeatureLoss(Body("squeezenet1_1")), "style": lambda place: g.StyleLoss(Body("squeezenet1_1"), style.to(place))}
    for make in losses.values():
        torch.manual_seed(0)
        want = make("cpu")(made, truth)
        for place in (far,"cpu"): # where the style was when the loss was made
            torch.manual_seed(0)
            loss = make(place)
            same(loss(made.to(far), truth.to(far)), want, rtol=1e-3, atol=1e-3)
    same(g.paint_pixels(loss, truth[:1].to(far), steps=1), truth[:1], atol=.03, rtol=0)
    show_pictures({"made": made[0].to(far)})

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
    waited = []
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda: waited.append(1))
    found = ladder.costs(["nearest","unet"], 4, "squeezenet1_1", SIZE, bs=2, rounds=1)
    assert all(c["seconds"] > 0 for c in found.values()) and len(waited)==4 # a GPU goes on by itself

def test_a_unet_of_fastai(far):
    from pixelladder.dynamic_unet import from_dynamic_unet
    from fastai.vision.all import resnet18, unet_learner
    pairs = [(torch.randn(3, *SIZE),torch.randint(0, 4, SIZE)) for _ in range(2)]
    dls = DataLoaders(DataLoader(pairs, bs=2), DataLoader(pairs, bs=2), device=far)
    learn = unet_learner(dls, resnet18, n_out=4, pretrained=False, normalize=False, loss_func=F.cross_entropy)
    learn.model.to(far)
    assert is_far(next(from_dynamic_unet(learn).parameters()))
