"Transposed convolution: four ways and PyTorch's own are one function; sizes and their inverse; tents; the head."
import pytest, torch
import torch.nn.functional as F
from hypothesis import assume, given, settings, strategies as st
from torch import nn
from pixelladder.body import Body, DensePredictor
from pixelladder.nearest import NearestHead, nearest_upsample
from pixelladder.transposed import (TransposedHead, as_transposed, bilinear_kernel, bilinear_transposed, conv_matrix, flip_kernel, input_size, output_size, solve_size, stamp,
                                    transposed_by_gradient, transposed_by_matrix, transposed_by_zeros, transposed_conv, zero_insert)

common = settings(deadline=None, derandomize=True)
seeds = st.integers(0, 2**31)
sides,kernels,strides,paddings = st.integers(1, 9),st.integers(1, 7),st.integers(1, 4),st.integers(0, 4)
WAYS = transposed_conv, transposed_by_gradient, transposed_by_matrix, transposed_by_zeros

@settings(common, max_examples=60)
@given(sides, sides, kernels, kernels, strides, paddings, st.integers(0, 3), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.sampled_from([torch.float32, torch.float64]), seeds)
def test_four_ways_and_pytorch(h, w, kh, kw, stride, padding, more, b, ni, nf, dtype, seed):
    assume(more < stride and min(output_size(h, kh, stride, padding, more), output_size(w, kw, stride, padding, more)) > 0)
    torch.manual_seed(seed)
    x,weight = torch.randn(b, ni, h, w, dtype=dtype),torch.randn(ni, nf, kh, kw, dtype=dtype)
    wanted = F.conv_transpose2d(x, weight, None, stride, padding, more)
    assert wanted.shape[-2:] == (output_size(h, kh, stride, padding, more), output_size(w, kw, stride, padding, more))
    for way in WAYS: torch.testing.assert_close(way(x, weight, stride, padding, more), wanted, rtol=1e-4, atol=1e-4 if dtype==torch.float32 else 1e-10)

@settings(common, max_examples=100)
@given(sides, sides, kernels, kernels, strides, seeds)
def test_stamp(h, w, kh, kw, stride, seed):
    torch.manual_seed(seed)
    x,kernel = torch.randn(h, w, dtype=torch.float64),torch.randn(kh, kw, dtype=torch.float64)
    torch.testing.assert_close(stamp(x, kernel, stride), F.conv_transpose2d(x[None,None], kernel[None,None], stride=stride)[0,0])

@settings(common, max_examples=100)
@given(sides, sides, kernels, strides, paddings, seeds)
def test_the_matrix_is_the_convolution(h, w, ks, stride, padding, seed):
    assume(min(h, w)+2*padding >= ks)
    torch.manual_seed(seed)
    x,kernel = torch.randn(h, w, dtype=torch.float64),torch.randn(ks, ks, dtype=torch.float64)
    down = F.conv2d(x[None,None], kernel[None,None], stride=stride, padding=padding)
    matrix = conv_matrix(kernel, (h,w), stride, padding)
    torch.testing.assert_close(matrix@x.flatten(), down.flatten())
    y = torch.randn_like(down) # the adjoint identity, and the name
    torch.testing.assert_close(matrix.T@y.flatten() @ x.flatten(), y.flatten()@(matrix@x.flatten()))

@common
@given(sides, kernels, strides, paddings, st.integers(0, 3))
def test_sizes_and_their_inverse(n, ks, stride, padding, more):
    assume(more < stride)
    size = output_size(n, ks, stride, padding, more)
    assume(size > 0)
    assert input_size(size, ks, stride, padding, more) == n
    assert (size+2*padding-ks)//stride+1 == n # the convolution with the same numbers leads back
    if stride > 1:
        with pytest.raises(ValueError, match="no input gives"): input_size(size+1, ks, stride, padding, more)

@settings(common, max_examples=30)
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
    torch.manual_seed(0)
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    wanted = F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)
    torch.testing.assert_close(bilinear_transposed(x, scale), wanted, rtol=1e-5, atol=1e-6)
    plain,s = bilinear_transposed(x, scale, hold=False),scale
    torch.testing.assert_close(plain[..., s:-s, s:-s], wanted[..., s:-s, s:-s], rtol=1e-5, atol=1e-6)
    if scale > 1: assert not torch.allclose(plain, wanted)
    assert bilinear_kernel(2*s-s%2).sum().item() == pytest.approx(s*s)

@settings(common, max_examples=30)
@given(sides, sides, st.sampled_from([1,3,5]), st.integers(1, 4), seeds)
def test_upsample_then_convolve_is_one_transposed_convolution(h, w, ks, scale, seed):
    torch.manual_seed(seed)
    x,weight,bias = torch.randn(1, 2, h, w, dtype=torch.float64),torch.randn(3, 2, ks, ks, dtype=torch.float64),torch.randn(3, dtype=torch.float64)
    one = F.conv_transpose2d(x, as_transposed(weight, scale), bias, stride=scale, padding=ks//2)
    torch.testing.assert_close(one, F.conv2d(nearest_upsample(x, scale), weight, bias, padding=ks//2))

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
    torch.manual_seed(0)
    body = Body("resnet18")
    nearest,head = NearestHead(body, 4),TransposedHead(body, 4).eval()
    assert [s[1][0].out_channels for s in nearest.steps]==[s[0].out_channels for s in head.steps]
    grid = torch.randn(1, 512, 4, 6)
    still,moved = (head([g], size=(128,192)) for g in (grid, grid.roll(1, dims=-1)))
    torch.testing.assert_close(moved[..., 32:], still[..., :-32], rtol=1e-4, atol=1e-4)

@settings(common, max_examples=60)
@given(sides, sides, kernels, strides, st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), seeds)
def test_the_adjoint_identity(h, w, ks, stride, padding, ni, nf, seed):
    "<conv(x), y> = <x, transposed(y)>, with channels; what the last stride doesn't fill is `output_padding`."
    assume(min(h, w)+2*padding >= ks and h%stride==w%stride)
    torch.manual_seed(seed)
    x,weight = torch.randn(1, ni, h, w, dtype=torch.float64),torch.randn(nf, ni, ks, ks, dtype=torch.float64)
    down = F.conv2d(x, weight, stride=stride, padding=padding)
    y,rest = torch.randn_like(down),(h+2*padding-ks)%stride
    for way in WAYS: torch.testing.assert_close((down*y).sum(), (x*way(y, weight, stride, padding, rest)).sum())

@settings(common, max_examples=40)
@given(st.integers(2, 9), st.integers(2, 7), strides, seeds)
def test_leaving_out_the_flip_or_the_swap_is_wrong(n, ks, stride, seed):
    torch.manual_seed(seed)
    x,weight = torch.randn(1, 2, n, n, dtype=torch.float64),torch.randn(2, 2, ks, ks, dtype=torch.float64)
    spread,wanted = F.pad(zero_insert(x, stride), (ks-1,)*4),F.conv_transpose2d(x, weight, stride=stride)
    torch.testing.assert_close(F.conv2d(spread, flip_kernel(weight)), wanted)
    for wrong in (weight.flip(-2, -1), weight.transpose(0, 1)): assert (F.conv2d(spread, wrong)-wanted).abs().max() > 1e-3

@common
@given(sides, st.integers(1, 32))
def test_growing_by_a_factor(n, s):
    assert output_size(n, s, s)==n*s
    ks = 2*s-s%2
    assert output_size(n, ks, s, (ks-s)//2)==n*s and (ks-s)%2==0

@pytest.mark.parametrize("scale, corner", [(2, .5625), (32, .2659)])
def test_the_dimmed_border_and_its_fix(scale, corner):
    ones = torch.ones(1, 1, 4, 4)
    assert bilinear_transposed(ones, scale, hold=False)[0,0,0,0].item() == pytest.approx(corner, abs=1e-4)
    torch.testing.assert_close(bilinear_transposed(ones, scale), torch.ones(1, 1, 4*scale, 4*scale))

x,weight = torch.ones(1, 2, 3, 3),torch.ones(2, 2, 3, 3)
@pytest.mark.parametrize("call, words", [
    (lambda: bilinear_transposed(x.long()), "must be float, not torch.int64.*nearest_upsample"), (lambda: zero_insert(x, 0), "at least 1, not 0"), (lambda: bilinear_kernel(0), "at least 1, not 0"),
    (lambda: as_transposed(weight[..., :2]), "is 3x2"), (lambda: as_transposed(weight, 0), "at least 1, not 0"), (lambda: as_transposed(torch.ones(1,1,4,4)), "is 4 wide"),
    (lambda: solve_size(0, 4), "not 0 and 4"), (lambda: input_size(14, 3, 2), "no input gives")]
    + [(lambda way=way, args=args: way(*args), words) for way in WAYS for args,words in [((x[0], weight), "4 axes"), ((x[:, :1], weight), "1 channels and `weight` takes 2"),
        ((x, weight, 0), "`stride` must be a whole number of at least 1, not 0"), ((x, weight, 2, 0, 2), "from 0 to 1, not 2: with more"), ((x, weight, 1, 3), "would be -1x-1")]])
def test_bad_arguments_get_a_sentence(call, words):
    with pytest.raises(ValueError, match=words): call()
