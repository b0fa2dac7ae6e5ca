"Overlaps, the checkerboard's score, pixel shuffles as transposed convolutions, ICNR, the heads."
import numpy as np, pytest, torch
import torch.nn.functional as F
from fastai.layers import PixelShuffle_ICNR, icnr_init
from hypothesis import given, settings, strategies as st
from pixelladder.nearest import nearest_upsample
from pixelladder.subpixel import (DOUBLERS, Enlarger, SubpixelConv, checkerboard_score, icnr, overlap_map, pixel_shuffle, shuffle_as_transposed,
                                  train_enlarger)

@given(st.integers(1, 9), st.integers(1, 7), st.integers(1, 5))
def test_overlaps_are_what_a_transposed_convolution_of_ones_gives(size, ks, stride):
    counts = overlap_map(size, ks, stride)
    assert counts.dtype==torch.int64 and counts.sum()==size*ks
    assert (counts == F.conv_transpose1d(torch.ones(1, 1, size), torch.ones(1, 1, ks), stride=stride)[0,0].long()).all()
    inside = overlap_map(30, ks, stride)[15*stride:16*stride]
    assert (len(inside.unique())==1) == (ks%stride==0)

@settings(max_examples=50, deadline=None)
@given(st.integers(2, 4), st.integers(1, 5), st.integers(1, 5), st.floats(-9, 9).filter(lambda v: abs(v) > .1))
def test_score_of_known_patterns(period, rows, cols, factor):
    block = torch.randn(1, 2, period, period)
    y = block.repeat(1, 1, rows, cols)
    wanted = np.mean([b.std() for b in block[0].numpy().reshape(2, -1)])/block.abs().mean().item()
    assert checkerboard_score(y, period) == pytest.approx(wanted, rel=1e-4)
    assert checkerboard_score(y*factor, period) == pytest.approx(wanted, rel=1e-4)
    assert checkerboard_score(torch.full((1,2,period*rows,period*cols), factor), period) == pytest.approx(0, abs=1e-6)

def test_score_cuts_what_does_not_fill_a_period_and_refuses_too_little():
    y = torch.arange(2.).repeat(8)[None,None,None].expand(1, 1, 5, 16)
    assert checkerboard_score(y[..., :15]) == pytest.approx(1)
    with pytest.raises(ValueError, match="doesn't show in 1x9"): checkerboard_score(torch.ones(1, 1, 1, 9), 2)

@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1,3,5]))
def test_shuffle_is_a_transposed_convolution(c, r, h, w, k):
    x = torch.randn(2, c*r*r, h, w)
    assert torch.equal(pixel_shuffle(x, r), F.pixel_shuffle(x, r))
    x,weight = torch.randn(2, 3, h, w, dtype=torch.float64),torch.randn(c*r*r, 3, k, k, dtype=torch.float64)
    torch.testing.assert_close(F.conv_transpose2d(x, shuffle_as_transposed(weight, r), stride=r, padding=r*(k//2)), F.pixel_shuffle(F.conv2d(x, weight, padding=k//2), r))

@given(st.integers(1, 4), st.integers(1, 3))
def test_icnr_starts_as_nearest(c, r):
    x,kernels = torch.randn(1, 2, 5, 6),torch.randn(c, 2, 3, 3)
    torch.testing.assert_close(F.pixel_shuffle(F.conv2d(x, icnr(kernels, r)), r), nearest_upsample(F.conv2d(x, kernels), r), rtol=1e-4, atol=1e-5)

def test_our_layer_starts_as_fastais_does():
    theirs = icnr_init(torch.empty(64, 32, 3, 3), 2)
    ours = SubpixelConv(32, 16)[0].weight
    for w in theirs,ours: assert torch.equal(w, icnr(w[::4], 2))
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=.1)
    y = PixelShuffle_ICNR(8, 4)(torch.randn(1, 8, 5, 5))
    assert checkerboard_score(y) < 1e-3*y.abs().mean() or torch.allclose(y, nearest_upsample(y[..., ::2, ::2]))

@pytest.mark.parametrize("name", DOUBLERS)
def test_doublers_double_and_clean_ones_are_clean(name):
    torch.manual_seed(0)
    layer = DOUBLERS[name](4, 6)
    assert layer(torch.randn(2, 4, 5, 7)).shape==(2, 6, 10, 14)
    score = checkerboard_score(layer(torch.randn(1, 4, 1, 1).expand(1, 4, 12, 12))[..., 4:-4, 4:-4])
    assert (score < 1e-5) == (name in ("nearest, then 3x3", "sub-pixel, ICNR", "sub-pixel, ICNR, blur"))

def test_training_lowers_the_error():
    torch.manual_seed(0)
    pictures = F.interpolate(torch.rand(4, 3, 4, 4), scale_factor=8, mode="bilinear")
    net = Enlarger(DOUBLERS["nearest, then 3x3"])
    before = F.mse_loss(net(F.avg_pool2d(pictures, 4)), pictures).item()
    assert F.mse_loss(train_enlarger(net, pictures, steps=40)(F.avg_pool2d(pictures, 4)), pictures).item() < before/3
