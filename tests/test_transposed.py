"Transposed convolution: four ways and PyTorch's own are one function; sizes and their inverse; tents; the head."
import pytest, torch
import torch.nn.functional as F
from hypothesis import assume, given, settings, strategies as st
from torch import nn
from pixelladder.body import Body, DensePredictor
from pixelladder.nearest import NearestHead, nearest_upsample
from pixelladder.transposed import (TransposedHead, as_transposed, bilinear_kernel, bilinear_transposed, conv_matrix, flip_kernel, input_size, output_size, solve_size, stamp,
                                    transposed_by_gradient, transposed_by_matrix, transposed_by_zeros, transposed_conv, zero_insert)

sides,kernels,strides,paddings = st.integers(1, 9),st.integers(1, 7),st.integers(1, 4),st.integers(0, 4)
WAYS = transposed_conv, transposed_by_gradient, transposed_by_matrix, transposed_by_zeros

@settings(max_examples=60, deadline=None)
@given(sides, sides, kernels, kernels, strides, paddings, st.integers(0, 3), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.sampled_from([torch.float32, torch.float64]), st.data())
def test_four_ways_and_pytorch(h, w, kh, kw, stride, padding, more, b, ni, nf, dtype, data):
    assume(more < stride and min(output_size(h, kh, stride, padding, more), output_size(w, kw, stride, padding, more)) > 0)
    torch.manual_seed(data.draw(st.integers(0, 99)))
    x,weight = torch.randn(b, ni, h, w, dtype=dtype),torch.randn(ni, nf, kh, kw, dtype=dtype)
    wanted = F.conv_transpose2d(x, weight, None, stride, padding, more)
    assert wanted.shape[-2:] == (output_size(h, kh, stride, padding, more), output_size(w, kw, stride, padding, more))
    for way in WAYS: torch.testing.assert_close(way(x, weight, stride, padding, more), wanted, rtol=1e-4, atol=1e-4 if dtype==torch.float32 else 1e-10)

@settings(max_examples=100, deadline=None)
@given(sides, sides, kernels, kernels, strides)
def test_stamp(h, w, kh, kw, stride):
    x,kernel = torch.randn(h, w),torch.randn(kh, kw)
    torch.testing.assert_close(stamp(x, kernel, stride), F.conv_transpose2d(x[None,None], kernel[None,None], stride=stride)[0,0])

@settings(max_examples=100, deadline=None)
@given(sides, sides, kernels, strides, paddings)
def test_the_matrix_is_the_convolution(h, w, ks, stride, padding):
    assume(min(h, w)+2*padding >= ks)
    x,kernel = torch.randn(h, w, dtype=torch.float64),torch.randn(ks, ks, dtype=torch.float64)
    down = F.conv2d(x[None,None], kernel[None,None], stride=stride, padding=padding)
    matrix = conv_matrix(kernel, (h,w), stride, padding)
    torch.testing.assert_close(matrix@x.flatten(), down.flatten())
    y = torch.randn_like(down) # the adjoint identity, and the name
    torch.testing.assert_close(matrix.T@y.flatten() @ x.flatten(), y.flatten()@(matrix@x.flatten()))

@given(sides, kernels, strides, paddings, st.integers(0, 3))
def test_sizes_and_their_inverse(n, ks, stride, padding, more):
    assume(more < stride)
    size = output_size(n, ks, stride, padding, more)
    assume(size > 0)
    assert input_size(size, ks, stride, padding, more) == n
    assert (size+2*padding-ks)//stride+1 == n # the convolution with the same numbers leads back
    if stride > 1:
        with pytest.raises(ValueError, match="no input gives"): input_size(size+1, ks, stride, padding, more)

@settings(max_examples=30, deadline=None)
@given(sides, st.integers(1, 24))
def test_solve_size_finds_what_fits_and_nothing_else(n, wanted):
    found = solve_size(n, wanted, largest=5)
    for f in found:
        out = nn.ConvTranspose2d(1, 1, f["ks"], f["stride"], f["padding"], f["output_padding"])(torch.zeros(1, 1, n, n))
        assert out.shape[-1]==wanted and f["even"]==(f["ks"]%f["stride"]==0)
    tried = [(ks,s,p,more) for ks in range(1, 6) for s in range(1, ks+1) for p in range(ks) for more in range(s) if (n-1)*s+ks-2*p+more==wanted]
    assert sorted(tuple(f.values())[:4] for f in found) == sorted(tried)

@pytest.mark.parametrize("scale", [*range(1, 10), 32])
def test_tents_interpolate(scale):
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    wanted = F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)
    torch.testing.assert_close(bilinear_transposed(x, scale), wanted, rtol=1e-5, atol=1e-6)
    plain,s = bilinear_transposed(x, scale, hold=False),scale
    torch.testing.assert_close(plain[..., s:-s, s:-s], wanted[..., s:-s, s:-s], rtol=1e-5, atol=1e-6)
    if scale > 1: assert not torch.allclose(plain, wanted)
    assert bilinear_kernel(2*s-s%2).sum().item() == pytest.approx(s*s)

@settings(max_examples=30, deadline=None)
@given(sides, sides, st.sampled_from([1,3,5]), st.integers(1, 4))
def test_upsample_then_convolve_is_one_transposed_convolution(h, w, ks, scale):
    x,weight = torch.randn(1, 2, h, w, dtype=torch.float64),torch.randn(3, 2, ks, ks, dtype=torch.float64)
    torch.testing.assert_close(F.conv_transpose2d(x, as_transposed(weight, scale), stride=scale, padding=ks//2), F.conv2d(nearest_upsample(x, scale), weight, padding=ks//2))

def test_not_an_inverse_and_zeros_keep_their_dtype():
    x = torch.arange(9.).view(1, 1, 3, 3)
    ones = torch.ones(1, 1, 2, 2)
    assert not torch.allclose(F.conv_transpose2d(F.conv2d(x, ones), ones), x)
    assert zero_insert(torch.ones(1, 1, 2, 2, dtype=torch.uint8), 3).dtype==torch.uint8
    assert flip_kernel(torch.zeros(2, 5, 3, 4)).shape==(5,2,3,4)

@pytest.mark.parametrize("arch", ["resnet18", "squeezenet1_1"])
@pytest.mark.parametrize("size", [(1,1), (31,33), (96,128), (225,161)])
def test_head_gives_every_size(arch, size):
    body = Body(arch)
    model = DensePredictor(body, TransposedHead(body, 5)).eval()
    with torch.no_grad(): assert model(torch.randn(1, 3, *size)).shape==(1, 5, *size)
    assert all(step[0].kernel_size==(2,2)==step[0].stride for step in model.head.steps)

def test_head_moves_with_its_input():
    body = Body("resnet18")
    nearest,head = NearestHead(body, 4),TransposedHead(body, 4).eval()
    assert [s[1][0].out_channels for s in nearest.steps]==[s[0].out_channels for s in head.steps]
    grid = torch.randn(1, 512, 4, 6)
    still,moved = (head([g], size=(128,192)) for g in (grid, grid.roll(1, dims=-1)))
    torch.testing.assert_close(moved[..., 32:], still[..., :-32], rtol=1e-4, atol=1e-4)
