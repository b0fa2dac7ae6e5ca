"U-Nets: equal to fastai's, seams, receptive fields, counts, options, ONNX."
import pytest, torch
from fastai.vision.learner import create_unet_model
from hypothesis import given, settings, strategies as st
from torch import nn
from torchvision.models import resnet18, resnet34
from types import SimpleNamespace
import pixelladder.all # every chapter names its heads
from pixelladder.body import Body, DensePredictor
from pixelladder.data import open_data
from pixelladder.learner import dense_learner
from pixelladder.predict import load_model, recipe, save_model
from pixelladder.summary import receptive_fields, summary
from pixelladder.dynamic_unet import from_dynamic_unet
from pixelladder.unet import OriginalUnet, UnetHead, receptive_field

sides = st.integers(33, 120)
body = Body("resnet18").eval()

@pytest.fixture(scope="module", params=[resnet18, resnet34])
def pair(request):
    theirs = create_unet_model(request.param, 5, (64,96), pretrained=False)
    for m in theirs.modules(): # running averages that differ from the start's
        if isinstance(m, nn.BatchNorm2d): m.running_mean.normal_(0, .1); m.running_var.uniform_(.5, 1.5); m.weight.data.uniform_(.5, 1.5)
    return theirs.eval(),from_dynamic_unet(SimpleNamespace(model=theirs, arch=request.param)).eval()

@given(h=sides, w=sides, n=st.integers(1, 2))
@settings(max_examples=8, deadline=None)
def test_equals_dynamic_unet(pair, h, w, n):
    theirs,ours = pair
    x = torch.randn(n, 3, h, w)
    with torch.no_grad(): torch.testing.assert_close(ours(x), theirs(x).as_subclass(torch.Tensor), rtol=1e-5, atol=1e-5*theirs(x).abs().max().item())

def test_gradients_equal_dynamic_unet(pair):
    theirs,ours = pair
    x = torch.randn(2, 3, 64, 80)
    for m in pair: m(x).square().mean().backward()
    a,b = [torch.cat([p.grad.flatten() for p in m.parameters()]) for m in pair]
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5*a.abs().max().item())

@pytest.mark.parametrize("option", [dict(self_attention=True), dict(last_cross=False), dict(blur=True), dict(y_range=(0,1))])
def test_other_unets_are_refused(option):
    theirs = create_unet_model(resnet18, 3, (64,64), pretrained=False, **option)
    with pytest.raises(ValueError, match="without a `config`"): from_dynamic_unet(SimpleNamespace(model=theirs, arch=resnet18))

@pytest.mark.parametrize("top, left", [(0,0), (16,32), (32,16)])
def test_an_unpadded_net_has_no_seams(top, left):
    torch.manual_seed(0)
    net,x = OriginalUnet(n_in=1, n_out=2, width=4).eval(),torch.randn(1, 1, 236, 252)
    with torch.no_grad():
        whole,tile = net(x),net(x[..., top:top+204, left:left+188])
    assert whole.shape==(1,2,52,68) and tile.shape==(1,2,20,4)
    torch.testing.assert_close(whole[..., top:top+20, left:left+4], tile, rtol=1e-4, atol=1e-5)

@pytest.mark.parametrize("arch, wanted", [("resnet18", [7, 43, 99, 211, 435]), ("mobilenet_v3_small", [3] + 4*[float("inf")])]) # its gates average the whole picture
def test_receptive_fields(arch, wanted): assert receptive_fields(Body(arch), side=1024 if arch.startswith("r") else 256)==wanted

@given(layers=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 2)), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_receptive_field_is_what_the_gradient_reaches(layers):
    net = nn.Sequential(*(nn.Conv1d(1, 1, ks, stride, bias=False) for ks,stride in layers))
    for p in net.parameters(): nn.init.ones_(p)
    sees = receptive_field(layers)
    x = torch.zeros(1, 1, sees, requires_grad=True)
    out = net(x)
    assert out.shape[-1]==1 # one pixel fewer, and there would be no cell
    out.sum().backward()
    assert x.grad[0,0,0] and x.grad[0,0,-1]

def test_summary_counts():
    model = DensePredictor(body, UnetHead(body, 12))
    table = summary(model, (352,480))
    assert table.parameters["all"]==sum(p.numel() for p in model.parameters())
    assert table.GMAC["body.net.0"]==round(7*7*3*64*176*240/1e9, 2) and table.GMAC["head.blocks.2"]==round((64*32*44*60 + 9*(32+64)*32*88*120)/1e9, 2)
    assert table["size"]["body.net.4"]=="11x15" and table.channels["head.blocks.0"]==128
    saved = {}
    def pack(t): saved[t.untyped_storage().data_ptr()] = t; return t
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t): model.train()(torch.randn(1, 3, 352, 480))
    weights = {t.untyped_storage().data_ptr() for t in model.state_dict().values()}
    measured = sum(t.untyped_storage().nbytes() for key,t in saved.items() if key not in weights)/2**20
    assert table.MiB["all"]==pytest.approx(measured, rel=.02)
    assert model.training and next(model.parameters()).device.type=="cpu"

@pytest.mark.parametrize("options, words", [(dict(finest=3), "none at 3"), (dict(without=(2,)), "skips are at"), (dict(finest=8, without=(4,)), "choose among these")])
def test_options_that_the_body_hasnt(options, words):
    with pytest.raises(ValueError, match=words): UnetHead(body, 3, **options)

@pytest.mark.parametrize("stride", [4, 8, 16])
def test_a_skip_that_is_left_out_is_not_read(stride):
    def make(**options):
        head = UnetHead(body, 3, **options).eval()
        for block in head.blocks: nn.init.normal_(block.mix[0].weight)
        return head
    head,features = make(without=(stride,)),[torch.randn(1, c, 64//s, 96//s) for c,s in zip(body.channels, body.strides)]
    changed = [f+1 if s==stride else f for f,s in zip(features, body.strides)]
    with torch.no_grad():
        assert torch.equal(head(features, (64,96)), head(changed, (64,96)))
        assert not torch.equal((whole := make())(features, (64,96)), whole(changed, (64,96)))

def test_starts_without_skips_and_learns_them():
    torch.manual_seed(0)
    head,features = UnetHead(body, 3),[torch.randn(2, c, 64//s, 96//s) for c,s in zip(body.channels, body.strides)]
    changed = [f if s==32 else f+torch.randn_like(f) for f,s in zip(features, body.strides)]
    assert torch.equal(head(features, (64,96)), head(changed, (64,96)))
    head(features, (64,96)).square().mean().backward()
    for block in head.blocks: assert block.mix[0].weight.grad[:,block.narrow.out_channels:].abs().sum() > 0

def test_options_are_saved(tmp_path):
    data = open_data()
    model = DensePredictor(body, UnetHead(body, data.n, finest=8, without=(16,))).eval()
    again = load_model(save_model(model, tmp_path/"m", recipe(model, data, (64,64)))).model
    assert again.head.arguments=={"finest": 8, "without": (16,)}
    with torch.no_grad(): assert torch.equal(again(x := torch.randn(1, 3, 40, 50)), model(x))
    file = tmp_path/"m"/"model.json"
    file.write_text(file.read_text().replace('"finest"', '"coarsest"'))
    with pytest.raises(ValueError, match="options that it hasn't"): load_model(tmp_path/"m")

def test_bfloat16_leaves_nothing_behind():
    data = open_data()
    learn = dense_learner(data.dls((32,48), bs=8, num_workers=0), "squeezenet1_1", pretrained=False, bf16=True)
    seen = []
    learn.model.head.register_forward_hook(lambda m,args,out: seen.append(out.dtype))
    with learn.no_bar(), learn.no_logging(): learn.fit(1, 1e-3)
    assert set(seen)=={torch.bfloat16} and "forward" not in vars(learn.model) and {p.dtype for p in learn.model.parameters()}=={torch.float32}
