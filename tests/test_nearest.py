"Properties of `pixelladder.nearest` over random sizes, with PyTorch and scikit-image as oracles."
from types import SimpleNamespace
import numpy as np, pytest, torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st
from skimage.transform import resize
from torch import nn
from pixelladder.nearest import NearestHead, bilinear_upsample, fit, nearest_upsample

side,scales,seeds = st.integers(1, 9),st.integers(1, 5),st.integers(0, 2**31)
common = settings(deadline=None, max_examples=60, derandomize=True)

def image(seed, *shape): return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))

@common
@given(side, side, st.integers(1, 3), scales, st.sampled_from([torch.float32, torch.float64, torch.uint8, torch.int64, torch.bool]), seeds)
def test_nearest_equals_every_other_way(h, w, c, scale, dtype, seed):
    x = (image(seed, 2, c, h, w)*50).abs().to(dtype)
    out = nearest_upsample(x, scale)
    assert out.dtype==dtype and out.shape==(2, c, h*scale, w*scale)
    assert torch.equal(out.double(), F.interpolate(x.double(), scale_factor=scale, mode="nearest"))
    assert torch.equal(out.double(), nn.Upsample(scale_factor=scale)(x.double()))
    assert torch.equal(out.double(), torch.kron(x.double(), torch.ones(scale, scale, dtype=torch.float64)))
    assert torch.equal(out[..., ::scale, ::scale], x)

@common
@given(side, side, st.integers(1, 3), scales, st.sampled_from([torch.float32, torch.float64]), seeds)
def test_bilinear_equals_torch(h, w, c, scale, dtype, seed):
    x = image(seed, 2, c, h, w).to(dtype)
    out = bilinear_upsample(x, scale)
    wanted = F.interpolate(x.double(), scale_factor=scale, mode="bilinear", align_corners=False)
    assert out.dtype==dtype
    torch.testing.assert_close(out.double(), wanted, rtol=0, atol=1e-6 if dtype==torch.float32 else 1e-12)

@common
@given(side, side, scales, seeds)
def test_bilinear_equals_scikit_image(h, w, scale, seed):
    x = image(seed, h, w)
    wanted = resize(x.numpy(), (h*scale, w*scale), order=1, mode="edge", anti_aliasing=False)
    np.testing.assert_allclose(bilinear_upsample(x[None,None], scale)[0,0].numpy(), wanted, atol=1e-9)

@common
@given(st.integers(2, 9), st.integers(2, 9), st.integers(2, 5), seeds)
def test_bilinear_is_not_corner_aligned(h, w, scale, seed):
    x = image(seed, 1, 1, h, w)
    corners = F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=True)
    assert not torch.allclose(bilinear_upsample(x, scale), corners, atol=1e-3)

@common
@given(side, side, scales, seeds)
def test_bilinear_stays_between_the_extremes_and_keeps_constants(h, w, scale, seed):
    x = image(seed, 1, 2, h, w)
    out = bilinear_upsample(x, scale)
    assert out.max() <= x.max()+1e-12 and out.min() >= x.min()-1e-12
    torch.testing.assert_close(bilinear_upsample(torch.full_like(x, 7.), scale), x.new_full(out.shape, 7.))

@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("length", [9, 700])
def test_bilinear_in_half_precision_keeps_its_positions(dtype, length):
    "Positions computed in half precision would be off by whole pixels on a long row."
    x = torch.arange(length).remainder(7).to(dtype).view(1,1,1,length)
    wanted = F.interpolate(x.double(), scale_factor=3, mode="bilinear", align_corners=False)
    out = bilinear_upsample(x, 3)
    assert out.dtype==dtype and (out.double()-wanted).abs().max() < .05

@common
@given(side, side, scales, seeds)
def test_upsampling_passes_the_gradient_of_the_sum(h, w, scale, seed):
    "Nearest hands each pixel `scale**2` of the gradient; bilinear hands out the same total."
    x = image(seed, 1, 1, h, w).requires_grad_()
    nearest, = torch.autograd.grad(nearest_upsample(x, scale).sum(), x)
    assert torch.equal(nearest, torch.full_like(x, scale**2))
    bilinear, = torch.autograd.grad(bilinear_upsample(x, scale).sum(), x)
    torch.testing.assert_close(bilinear.sum(), x.new_tensor(float(x.numel()*scale**2)))

@pytest.mark.parametrize("upsample", [nearest_upsample, bilinear_upsample])
def test_bad_arguments_get_a_sentence(upsample):
    x = torch.zeros(1, 1, 2, 2)
    for scale in (0, -1, 2.5, 2.): 
        with pytest.raises(ValueError, match=f"at least 1, not {scale}"): upsample(x, scale)
    with pytest.raises(ValueError, match=r"4 axes.*\(2, 2\)"): upsample(x[0,0])

def test_codes_are_never_mixed():
    with pytest.raises(ValueError, match="float.*torch.uint8.*nearest_upsample"): bilinear_upsample(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))

@common
@given(side, side, side, side, seeds)
def test_fit_crops_or_repeats_and_never_moves(h, w, to_h, to_w, seed):
    x = image(seed, 1, 2, h, w)
    out = fit(x, (to_h,to_w))
    assert out.shape==(1, 2, to_h, to_w)
    padded = F.pad(x, (0, max(to_w-w, 0), 0, max(to_h-h, 0)), mode="replicate")
    assert torch.equal(out, padded[..., :to_h, :to_w])
    assert torch.equal(fit(out, (to_h,to_w)), out)

bodies = [SimpleNamespace(channels=[64,512], strides=[4,32]), SimpleNamespace(channels=[64,128], strides=[2,16]),
          SimpleNamespace(channels=[8,40], strides=[1,4]), SimpleNamespace(channels=[20,20], strides=[1,1])]

@pytest.mark.parametrize("body", bodies)
@pytest.mark.parametrize("size", [(1,1), (2,3), (31,33), (32,64), (65,17), (100,7)])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_head_gives_the_size_it_is_asked_for(body, size, off):
    "Also where the grid is a cell short of size/stride, as squeezenet's is, or has one too many."
    head = NearestHead(body, 5).eval()
    cells = [max(-(-n//body.strides[-1])+off, 1) for n in size]
    with torch.no_grad(): assert head([None, torch.randn(2, body.channels[-1], *cells)], size).shape==(2, 5, *size)

@pytest.mark.parametrize("body", bodies)
def test_gradient_reaches_every_parameter(body):
    torch.manual_seed(0)
    head,size = NearestHead(body, 5),(37,50)
    features = torch.randn(2, body.channels[-1], *[-(-n//body.strides[-1]) for n in size], requires_grad=True)
    head([features], size).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in head.parameters())
    assert features.grad.abs().sum((0,1)).min() > 0 # every cell is read

@pytest.mark.parametrize("body", bodies)
@pytest.mark.parametrize("dim", [-2, -1])
def test_a_shift_by_one_cell_is_a_shift_by_the_stride(body, dim):
    torch.manual_seed(0)
    head,s = NearestHead(body, 3).eval(),body.strides[-1]
    grid = torch.randn(1, body.channels[-1], 6, 6)
    with torch.no_grad(): still,moved = head([grid], (6*s,6*s)),head([grid.roll(1, dim)], (6*s,6*s))
    torch.testing.assert_close(moved.narrow(dim, 2*s, 3*s), still.narrow(dim, s, 3*s), rtol=0, atol=1e-5)
    assert not torch.allclose(moved, still, atol=1e-3)

def test_overshoot_is_cropped_not_squeezed():
    "The answer for a smaller picture is a corner of the answer for a larger one with the same grid."
    torch.manual_seed(0)
    head,grid = NearestHead(bodies[0], 3).eval(),torch.randn(1, 512, 3, 2)
    with torch.no_grad(): assert torch.equal(head([grid], (70,40)), head([grid], (96,64))[..., :70, :40])

def test_each_doubling_costs_the_same():
    "Pixels grow by 4 while channels halve on both sides of the kernel."
    head = NearestHead(bodies[0], 12)
    assert [s[1][0].out_channels for s in head.steps]==[256,128,64,32,16]
    assert len({s[1][0].in_channels*s[1][0].out_channels*4**i for i,s in enumerate(head.steps)})==1
    assert sum(p.numel() for p in head.parameters())==1_572_524

@pytest.mark.parametrize("stride", [3, 12, 33])
def test_stride_that_is_no_power_of_two_is_refused(stride):
    with pytest.raises(ValueError, match=f"last stride is {stride}"): NearestHead(SimpleNamespace(channels=[8], strides=[stride]), 2)

@pytest.mark.parametrize("most", [1, 24, 64, 10_000])
def test_a_head_with_few_channels(most):
    body = SimpleNamespace(channels=[64,512], strides=[2,16])
    head = NearestHead(body, 11, most=most)
    convs = [m for m in head.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [c.out_channels for c in convs]==[min(w, most) for w in (256,128,64,32)]+[11] and convs[0].in_channels==512
    assert head([None, torch.randn(1, 512, 3, 2)], (48,32)).shape==(1,11,48,32)

@pytest.mark.parametrize("most", [0, -4, 2.5])
def test_no_head_without_channels(most):
    with pytest.raises(ValueError, match="`most`"): NearestHead(SimpleNamespace(channels=[512], strides=[16]), 11, most=most)
