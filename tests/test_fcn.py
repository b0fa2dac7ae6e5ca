"FCN: the enlarging against PyTorch's bilinear and its plain transposed convolution, d2l's net layer by layer, skips on grids that don't match, the border."
import pytest, torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st
from torch import nn
from pixelladder.body import Body, DensePredictor
from pixelladder.fcn import Enlarge, FCN8Head, FCN16Head, FCN32Head, FCNHead, add_skip, bilinear_weight, enlarge
from pixelladder.nearest import nearest_upsample

common = settings(deadline=None, derandomize=True)
seeds,sides,scales = st.integers(0, 2**31),st.integers(1, 7),st.sampled_from([1, 2, 3, 4, 5, 7, 8, 16, 32])
class States: channels,strides = [6,5,4,3],[4,8,16,32] # what a head needs to know of a body

def bilinear(x, size): return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
def grids(h, w, b=2): return [torch.randn(b, c, -(-h//s), -(-w//s)) for c,s in zip(States.channels, States.strides)]

@settings(common, max_examples=80)
@given(sides, sides, st.integers(1, 4), scales, st.booleans(), seeds)
def test_tents_enlarge_as_pytorch_does(h, w, n, scale, learned, seed):
    torch.manual_seed(seed)
    x = torch.randn(2, n, h, w, dtype=torch.float64)
    wanted = bilinear(x, (h*scale, w*scale))
    torch.testing.assert_close(enlarge(x, bilinear_weight(n, 2*scale-scale%2).double(), scale), wanted, rtol=0, atol=1e-6)
    torch.testing.assert_close(Enlarge(n, scale, learned).double()(x), wanted, rtol=0, atol=1e-6)

@settings(common, max_examples=60)
@given(sides, sides, st.integers(1, 3), st.integers(1, 3), st.sampled_from([(2,4), (3,5), (4,8), (2,2), (3,7), (5,9)]), seeds)
def test_any_kernel_is_a_plain_transposed_convolution_whose_border_has_neighbours(h, w, ni, nf, scale_and_ks, seed):
    torch.manual_seed(seed)
    scale,ks = scale_and_ks
    x,weight = torch.randn(1, ni, h, w, dtype=torch.float64),torch.randn(ni, nf, ks, ks, dtype=torch.float64)
    plain = F.conv_transpose2d(x, weight, stride=scale, padding=(ks-scale)//2)
    assert plain.shape[-2:]==(h*scale, w*scale)
    torch.testing.assert_close(enlarge(x, weight, scale, hold=False), plain)
    held = enlarge(F.pad(x, (1,1,1,1), mode="replicate"), weight, scale, hold=False)[..., scale:-scale, scale:-scale]
    torch.testing.assert_close(enlarge(x, weight, scale), held)

@pytest.mark.parametrize("scale", [2, 4, 8, 16, 32])
@pytest.mark.parametrize("learned", [True, False])
def test_a_border_that_is_not_held(scale, learned):
    out = Enlarge(1, scale, learned, hold=False)(torch.ones(1, 1, 3, 4))[0,0]
    edge,mid = (scale+1)/(2*scale),scale+scale//2
    for (i,j),wanted in {(0,0): edge**2, (-1,-1): edge**2, (0,-1): edge**2, (0,mid): edge, (mid,-1): edge, (mid,mid): 1}.items(): assert out[i,j].item()==pytest.approx(wanted, abs=1e-6)
    assert (Enlarge(1, scale, learned)(torch.ones(1, 1, 3, 4))-1).abs().max() < 1e-6

@settings(common, max_examples=40)
@given(sides, sides, st.integers(0, 1), st.integers(0, 1), seeds)
def test_a_skip_doubles_crops_and_adds(h, w, odd_h, odd_w, seed):
    torch.manual_seed(seed)
    coarse,fine = torch.randn(2, 3, h, w),torch.randn(2, 3, 2*h-odd_h, 2*w-odd_w)
    doubled = bilinear(coarse, (2*h,2*w))[..., :2*h-odd_h, :2*w-odd_w]
    torch.testing.assert_close(add_skip(coarse, fine), doubled+fine, rtol=1e-5, atol=1e-5)
    copied = coarse.repeat_interleave(2, -2).repeat_interleave(2, -1)[..., :2*h-odd_h, :2*w-odd_w]
    torch.testing.assert_close(add_skip(coarse, fine, nearest_upsample), copied+fine)

def test_fcn32s_is_the_net_of_d2l():
    torch.manual_seed(0)
    body = Body("resnet18").eval()
    head = FCNHead(body, 21, hold=False)
    score,grow = nn.Conv2d(512, 21, 1),nn.ConvTranspose2d(21, 21, 64, stride=32, padding=16)
    nn.init.normal_(grow.weight, std=.05)
    for to,from_ in zip(head.parameters(), [*score.parameters(), *grow.parameters()], strict=True): to.data.copy_(from_.data)
    with torch.no_grad():
        for size in (64,96),(320,480):
            x = torch.randn(1, 3, *size)
            torch.testing.assert_close(head(body(x), size), grow(score(body(x)[-1])), rtol=1e-4, atol=1e-4)
    model = DensePredictor(body, FCN32Head(body, 21))
    assert sum(p.numel() for p in model.parameters()) == 11_176_512 + 21*513 + 21*21*64*64 + 21 == 12_993_642
    kernels = [k for row in model.head.last.weight for k in row]
    assert [i for i,k in enumerate(kernels) if k.any()] == [22*c for c in range(21)] # a tent from each class to itself

@pytest.mark.parametrize("stride, steps", [(32,[32]), (16,[2,16]), (8,[2,2,8]), (4,[2,2,2,4])])
@pytest.mark.parametrize("size", [(64,96), (97,131), (33,1)])
@torch.no_grad()
def test_heads_by_hand(stride, steps, size):
    torch.manual_seed(1)
    head,features = FCNHead(States, 5, stride),grids(*size)
    for p in head.parameters(): p.copy_(torch.randn_like(p)*.3)
    assert [d.scale for d in head.doubles]+[head.last.scale] == steps
    def grow(x, layer): # a plain layer of PyTorch between a padded border and a crop
        s,ks = layer.scale,layer.weight.shape[-1]
        out = F.conv_transpose2d(F.pad(x, (1,1,1,1), mode="replicate"), layer.weight, layer.bias, stride=s, padding=(ks-s)//2)
        return out[..., s:-s, s:-s]
    x = head.scores[0](features[-1])
    for k,double in enumerate(head.doubles, 1):
        fine = head.scores[k](features[-1-k])
        x = grow(x, double)[..., :fine.shape[-2], :fine.shape[-1]] + fine
    torch.testing.assert_close(head(features, size), grow(x, head.last)[..., :size[0], :size[1]], rtol=1e-4, atol=1e-4)

@settings(common, max_examples=20)
@given(st.integers(1, 140), st.integers(1, 140), seeds)
@torch.no_grad()
def test_skips_say_nothing_at_the_start_and_something_later(h, w, seed):
    torch.manual_seed(seed)
    head,features = FCN16Head(States, 4),grids(h, w)
    x = head.scores[0](features[-1])
    twice = bilinear(x, [2*n for n in x.shape[-2:]])[..., :-(-h//16), :-(-w//16)]
    wanted = bilinear(twice, [16*n for n in twice.shape[-2:]])[..., :h, :w]
    torch.testing.assert_close(head(features, (h,w)), wanted, rtol=1e-4, atol=1e-4)
    head.scores[1].weight.normal_()
    assert not torch.allclose(head(features, (h,w)), wanted, atol=1e-2)

@pytest.mark.parametrize("stride", [32, 16, 8])
def test_a_frozen_head_learns_scores_alone(stride):
    head = FCNHead(States, 7, stride, learned=False)
    wanted = {f"scores.{k}.{p}" for k in range({32: 1, 16: 2, 8: 3}[stride]) for p in ("weight","bias")}
    assert dict(head.named_parameters()).keys() == wanted == head.state_dict().keys()
    head(grids(65, 97), (65,97)).pow(2).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in head.parameters())

@pytest.mark.parametrize("head, stride", [(FCN32Head,32), (FCN16Head,16), (FCN8Head,8)])
def test_every_learned_parameter_gets_a_gradient(head, stride):
    torch.manual_seed(0)
    h = head(States, 3)
    assert h.last.scale==stride
    h(grids(70, 90), (70,90)).pow(2).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in h.parameters())

def test_a_stride_that_the_body_has_not():
    squeeze = Body("squeezenet1_1")
    with pytest.raises(ValueError, match="the body squeezenet1_1 has features at the strides 2, 4, 8, 16, and none at 32: pass one of these"): FCN32Head(squeeze, 21)
    with pytest.raises(ValueError, match="strides 4, 8, 16, 32, and none at 12"): FCNHead(States, 3, 12)
    assert FCN16Head(squeeze, 21)(squeeze.eval()(torch.randn(1, 3, 65, 97)), (65,97)).shape==(1,21,65,97)
