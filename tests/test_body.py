"Bodies: what they state about their grids is what they give; any size in, the same out."
import copy
from functools import cache
import pytest, torch
import pixelladder, torchvision
from fastai.layers import AdaptiveConcatPool2d
from fastai.vision.learner import create_body, create_head, model_meta
from hypothesis import given, settings, strategies as st
from torch import nn
from pixelladder.arches import BODIES, plain_pools
from pixelladder.body import Body, ConcatPool, DensePredictor, classifier_head, cut_classifier, head_parameters
from pixelladder.nearest import NearestHead

body_of = cache(Body) # for tests that only look at it; to make a vgg takes a second
SMALL = ["resnet18", "squeezenet1_1", "mobilenet_v3_small", "vgg16_bn"]

@pytest.mark.parametrize("arch", BODIES)
def test_states_what_it_gives(arch):
    body = body_of(arch).eval()
    with torch.no_grad(): features = body(torch.randn(1, 3, 96, 128))
    assert [f.shape[1] for f in features] == body.channels
    for f,stride in zip(features, body.strides): assert abs(f.shape[2]-96/stride) <= 1 and abs(f.shape[3]-128/stride) <= 1
    assert body.strides == sorted(set(body.strides))
    with torch.no_grad():
        body(torch.randn(1, 3, body.minimum, body.minimum))
        if body.minimum > 1:
            with pytest.raises(RuntimeError): body(torch.randn(1, 3, body.minimum-1, body.minimum-1))

@pytest.mark.parametrize("arch", [*SMALL, "mobilenetv4_conv_small"])
@pytest.mark.parametrize("size", [(1,1), (31,33), (65,98)])
def test_same_size_out(arch, size):
    body = body_of(arch)
    model = DensePredictor(body, NearestHead(body, 5)).eval()
    with torch.no_grad(): assert model(torch.randn(1, 3, *size)).shape == (1, 5, *size)

def test_pools_that_are_left_as_they_are():
    "Those that skip pixels, aren't square, or give places, too: the same net, and the same answers"
    for pool in (nn.MaxPool2d(1, 2, ceil_mode=True), nn.MaxPool2d((2,3), 2, ceil_mode=True), nn.MaxPool2d(2, (2,1), ceil_mode=True), nn.MaxPool2d(3, 2, dilation=2, ceil_mode=True)):
        x = torch.randn(1, 1, 8, 9)
        assert torch.equal(plain_pools(nn.Sequential(copy.deepcopy(pool)))(x), pool(x))

def test_timm_states_its_own_normalization():
    assert Body("mobilenetv4_conv_small").stats[0] is not None
    with pytest.raises(ValueError, match="at least 3"): Body("vit_tiny_patch16_224")

def test_refused_by_name():
    for arch in (torchvision.models.mobilenet_v2, torchvision.models.shufflenet_v2_x1_0):
        with pytest.raises(ValueError, match="timm"): Body(arch)

def test_missing_weights_are_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    def refuse(*args, **kwargs): raise OSError("no network")
    monkeypatch.setattr("torch.hub.download_url_to_file", refuse)
    with pytest.raises(OSError, match="pretrained=False.*") as e: Body("squeezenet1_1", pretrained=True)
    assert "squeezenet1_1" in str(e.value) and "TORCH_HOME" in str(e.value)

# --- poolings that round up

@settings(max_examples=40, deadline=None)
@given(h=st.integers(1, 70), w=st.integers(1, 70), ks=st.integers(2, 4), stride=st.integers(1, 4), seed=st.integers(0, 99))
def test_padding_and_rounding_down_equals_rounding_up(h, w, ks, stride, seed):
    stride = min(stride, ks)
    up = nn.Sequential(nn.MaxPool2d(ks, stride, ceil_mode=True))
    down = plain_pools(copy.deepcopy(up))
    assert not any(getattr(m, "ceil_mode", False) for m in down.modules()) and not down.state_dict()
    x = torch.randn(1, 2, h, w, generator=torch.Generator().manual_seed(seed))-3 # mostly negative: a zero from the padding would win
    try: wanted = up(x)
    except RuntimeError: # no window begins inside
        with pytest.raises(RuntimeError): down(x)
    else: assert torch.equal(down(x), wanted)

def test_squeezenet_keeps_its_weights_names_and_outputs():
    model = torchvision.models.squeezenet1_1(weights=None)
    before = copy.deepcopy(model.features).eval()
    body = Body("squeezenet1_1").eval()
    weights = list(model.features.state_dict().values())
    assert [w.shape for w in body.state_dict().values()]==[w.shape for w in weights]
    assert list(body.state_dict())[:6]==["net.0.0.weight", "net.0.0.bias", "net.1.1.squeeze.weight", "net.1.1.squeeze.bias", "net.1.1.expand1x1.weight", "net.1.1.expand1x1.bias"]
    body.load_state_dict(dict(zip(body.state_dict(), weights)))
    with torch.no_grad():
        for size in [*range(17, 70), 97, 224]: assert torch.equal(body(x := torch.randn(1, 3, size, 2*size+1))[-1], before(x))

# --- the head that fastai puts back

heads = dict(nf=st.integers(1, 70), n_out=st.integers(1, 30), lin_ftrs=st.lists(st.integers(1, 60), max_size=3), ps=st.sampled_from([.1, .5, .9]))

@settings(max_examples=40, deadline=None)
@given(**heads, b=st.integers(2, 5), h=st.integers(1, 9), w=st.integers(1, 9), training=st.booleans(), seed=st.integers(0, 99))
def test_create_head_built_again(nf, n_out, lin_ftrs, ps, b, h, w, training, seed):
    theirs,ours = create_head(nf, n_out, lin_ftrs, ps=ps),classifier_head(nf, n_out, tuple(lin_ftrs), ps)
    torch.manual_seed(seed)
    for p in theirs.parameters(): nn.init.normal_(p, std=.3)
    ours.load_state_dict(theirs.state_dict())
    results,x = [],torch.randn(b, nf, h, w)
    for head in theirs.train(training),ours.train(training):
        torch.manual_seed(seed)
        results.append(head(x))
    torch.testing.assert_close(results[1], results[0], rtol=1e-5, atol=1e-5)
    for a,b in zip(ours.buffers(), theirs.buffers(), strict=True): torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5) # running averages too

@settings(max_examples=40, deadline=None)
@given(nf=heads["nf"], n_out=heads["n_out"], lin_ftrs=heads["lin_ftrs"])
def test_a_heads_parameters_are_counted_without_it(nf, n_out, lin_ftrs):
    for head in create_head(nf, n_out, lin_ftrs),classifier_head(nf, n_out, tuple(lin_ftrs)):
        assert head_parameters(nf, n_out, tuple(lin_ftrs))==sum(p.numel() for p in head.parameters())

def test_maxima_come_first():
    assert torch.equal(ConcatPool()(x := torch.randn(2, 3, 4, 5)), AdaptiveConcatPool2d()(x)) and torch.equal(ConcatPool()(x)[:,:3,0,0], x.amax((2,3)))

@pytest.mark.parametrize("arch", [a for a in BODIES if a!="densenet121"])
def test_cut_as_fastai_cuts(arch):
    make = getattr(torchvision.models, arch)
    net = make(weights=None).eval()
    theirs = create_body(copy.deepcopy(net), pretrained=False, cut=model_meta.get(make, {}).get("cut"))
    with torch.no_grad(): torch.testing.assert_close(cut_classifier(net)(x := torch.randn(1, 3, 96, 64)), theirs(x), rtol=1e-5, atol=1e-5)

def test_a_pooling_function_is_no_layer_to_cut_at():
    for arch in ("densenet121", "mobilenet_v2", "shufflenet_v2_x1_0"):
        with pytest.raises(ValueError, match="cut it by hand"): cut_classifier(getattr(torchvision.models, arch)(weights=None))
