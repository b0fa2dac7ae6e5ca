"""Whatever the library is called with: the value that PyTorch gives, or a sentence (`ValueError`), never anything else."""
import os
import numpy as np, pytest, torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings, strategies as st
from torch.autograd import gradcheck
from pixelladder import validators
from pixelladder.arches import network
from pixelladder.cache import Augment
from pixelladder.codes import make_lookup
from pixelladder.body import Body, DensePredictor
from pixelladder.fcn import Enlarge, enlarge
from pixelladder.generative import edge_loss
from pixelladder.metrics import ClassIoU, MeanIoU, class_iou, coarsen, confusion, grid_labels, mean_iou, pixel_accuracy
from pixelladder.labels import Meaning, as_codes
from pixelladder.losses import MaskedDice, MaskedFocal
from pixelladder.nearest import NearestHead, bilinear_upsample, fit, linear_upsample, nearest_upsample
from pixelladder.show import show_grids, show_pictures, show_predictions
from pixelladder.store import load_model
from pixelladder.subpixel import checkerboard_score, icnr, overlap_map, pixel_shuffle, shuffle_as_transposed
from pixelladder.transposed import (as_transposed, bilinear_kernel, bilinear_transposed, conv_matrix, input_size, output_size, solve_size, stamp,
                                    transposed_by_gradient, transposed_by_matrix, transposed_by_zeros, transposed_conv, zero_insert)
from pixelladder.summary import draw_unet, summary
from pixelladder.tiles import tile_spans
from pixelladder.unet import OriginalUnet, UnetHead

MANY = settings(max_examples=int(os.environ.get("PIXELLADDER_EXAMPLES", 250)), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)) # seven tests: 1,750 calls

def sentence(call, *args, **kwargs):
    "The result, or None where a sentence said no"
    try: return call(*args, **kwargs)
    except ValueError as e:
        assert len(str(e)) > 20 and ("," in str(e) or ":" in str(e)), e
        return None

number = st.one_of(st.integers(-3, 6), st.sampled_from([0.5, 2.0, 2.5, float("nan"), None, "2", True, np.int64(2), torch.tensor(2), [2], 10**12]))
@st.composite
def numbers(draw, n):
    "In half of the draws small whole ones, which often make sense together"
    kind = st.integers(0, 3) if draw(st.booleans()) else number
    return [draw(kind) for _ in range(n)]
def is_whole(v): return isinstance(v, (int,np.integer,torch.Tensor)) and not isinstance(v, bool)

@MANY
@given(numbers(5))
def test_output_size_is_torchs(five):
    size,ks,stride,padding,more = five
    out = sentence(output_size, size, ks, stride, padding, more)
    if out is None: return
    assert type(out) is int and all(map(is_whole, (size,ks,stride,padding,more))) and size > 0
    if max(size, ks, stride) < 100 and more < stride and out > 0:
        with torch.device("meta"): assert torch.nn.ConvTranspose1d(1, 1, int(ks), int(stride), int(padding), int(more))(torch.empty(1, 1, int(size))).shape[-1]==out

@MANY
@given(numbers(5))
def test_input_size_undoes_output_size(five):
    size,ks,stride,padding,more = five
    n = sentence(input_size, size, ks, stride, padding, more)
    if n is not None: assert type(n) is int and n >= 1 and output_size(n, ks, stride, padding, more)==size

@MANY
@given(number, number)
def test_solve_size_reaches_what_is_wanted(size, wanted):
    found = sentence(solve_size, size, wanted, 4)
    for f in found or []:
        assert all(type(v) in (int,bool) for v in f.values())
        assert output_size(size, *(f[k] for k in ("ks","stride","padding","output_padding")))==wanted

shape = st.one_of(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.tuples(*[st.integers(1, 4)]*4)) # half of them can be enlarged
@st.composite
def tensors(draw): return torch.randn(draw(shape)).to(draw(st.sampled_from([torch.float32]*3+[torch.float64, torch.int64, torch.uint8, torch.bool])))
@st.composite
def pairs(draw):
    "A picture and kernels, which often fit each other"
    if draw(st.booleans()): return draw(tensors()),draw(tensors())
    b,ni,nf,h,w,kh,kw = draw(st.tuples(*[st.integers(1, 3)]*7))
    return torch.randn(b, ni, h, w),torch.randn(ni, nf, kh, kw)

@MANY
@given(tensors(), st.one_of(st.integers(0, 3), number), st.sampled_from([nearest_upsample, bilinear_upsample, zero_insert, bilinear_transposed, pixel_shuffle]))
def test_ways_to_enlarge(x, scale, way):
    if is_whole(scale) and scale > 100: scale = 3
    out = sentence(way, x, scale)
    if out is None: return
    assert out.dtype==x.dtype and is_whole(scale) and x.ndim==4
    n = int(scale)
    if way is zero_insert: assert torch.equal(out[..., ::n, ::n], x) and out.shape[-2:]==((x.shape[-2]-1)*n+1, (x.shape[-1]-1)*n+1)
    elif way is pixel_shuffle: assert torch.equal(out, F.pixel_shuffle(x, n))
    elif way is nearest_upsample: assert torch.equal(out, x.repeat_interleave(n, -1).repeat_interleave(n, -2))
    elif x.numel(): torch.testing.assert_close(out, F.interpolate(x, scale_factor=n, mode="bilinear", align_corners=False), rtol=1e-4, atol=1e-5)

@MANY
@given(pairs(), numbers(3), st.sampled_from([transposed_conv, transposed_by_gradient, transposed_by_matrix, transposed_by_zeros]))
def test_four_ways_and_torchs(both, three, way):
    (x,weight),(stride,padding,more) = both,three
    if any(is_whole(v) and v > 100 for v in (stride,padding,more)): return
    out = sentence(way, x, weight, stride, padding, more)
    if out is None: return
    torch.testing.assert_close(out, F.conv_transpose2d(x, weight, stride=int(stride), padding=int(padding), output_padding=int(more)), rtol=1e-4, atol=1e-4)

@MANY
@given(tensors(), st.tuples(number, number))
def test_fit_crops_or_repeats(x, size):
    if any(is_whole(n) and n > 100 for n in size): return
    out = sentence(fit, x, size)
    if out is not None: assert out.shape==(*x.shape[:-2], *map(int, size)) and out.dtype==x.dtype

@MANY
@given(st.lists(st.lists(st.integers(-2, 5), min_size=0, max_size=3), min_size=0, max_size=3), st.sampled_from([class_iou, mean_iou, pixel_accuracy]))
def test_ratios_of_counts(rows, ratio):
    try: counts = torch.tensor(rows)
    except ValueError: return
    out = sentence(ratio, counts)
    if out is None: return
    assert counts.ndim==2 and counts.shape[0]==counts.shape[1] > 0 and (counts >= 0).all()
    values = torch.as_tensor(out)
    assert ((values.isnan()) | ((values >= 0) & (values <= 1))).all()

# one a line: the call is the name of its test
NO = """
output_size(-5, 4, 4)
output_size(3, 2, 0)
output_size(1, 2, 1, -2)
solve_size(2.5, 2)
input_size(8, 2, stride=0)
overlap_map(5, -4, 0)
overlap_map(0, 3, 1)
overlap_map(3, 2.5, 1)
pixel_shuffle(zeros(1, 5, 2, 2))
pixel_shuffle(zeros(1, 4, 2, 2), 0)
pixel_shuffle(zeros(4, 2, 2))
pixel_shuffle(zeros(1, 4, 2, 2), -2)
shuffle_as_transposed(zeros(5, 1, 3, 3))
shuffle_as_transposed(zeros(4, 1, 3, 2))
shuffle_as_transposed(zeros(4, 1, 2, 2))
icnr(zeros(2, 1, 3, 3), 0)
fit(zeros(1, 1, 0, 3), (2, 2))
fit(zeros(1, 1, 2, 2), (0, 2))
fit(zeros(3), (2, 2))
fit(zeros(1, 1, 2, 2), 5)
fit(zeros(1, 1, 2, 2), (2,))
class_iou(zeros(2, 3))
class_iou(tensor([[1, -1], [0, 2]]))
mean_iou(zeros(0, 0))
pixel_accuracy(tensor([1, 2]))
class_iou(tensor([[nan, 1], [0, 2]]))
coarsen(zeros(0, 4, dtype=uint8), 2, 3)
coarsen(zeros(4, 4, dtype=int8), 2, 3)
coarsen(full((4, 4), 3), 2, 3)
coarsen(full((4, 4), -1), 2, 3)
coarsen(zeros(4, 4), 2, 3)
coarsen(zeros(4, 4, dtype=uint8), 2.5, 3)
coarsen(zeros(4, 4, dtype=uint8), 2, 0)
coarsen(zeros(4, 4, dtype=uint8), 2, 300)
grid_labels([], 2, 0)
confusion(zeros(2, 2).int(), zeros(2, 2).int(), 2.5)
linear_upsample(zeros(0), 2)
linear_upsample(zeros(3), 0)
linear_upsample(zeros(3, 3), 2)
linear_upsample(arange(3), 2)
nearest_upsample(zeros(1, 1, 2, 2), 2.0)
bilinear_upsample(zeros(1, 1, 2, 2), True)
bilinear_upsample(zeros(1, 1, 0, 2), 2)
stamp(zeros(2, 2), zeros(2, 2), 0)
stamp(zeros(1, 2, 2), zeros(2, 2), 1)
stamp(zeros(0, 2), zeros(2, 2), 1)
conv_matrix(zeros(3, 3), (2, 2))
coarsen(zeros(4, 4, dtype=uint8), 2, 3, size=(4,))
coarsen(zeros(4, 4, dtype=uint8), 2, 3, size=4)
confusion(full((1, 2, 2, 2), nan), zeros(1, 2, 2).int(), 2)
MeanIoU(0)
ClassIoU(3, '1', 'x')
enlarge(zeros(1, 2, 3, 3), zeros(2, 2, 4, 6), 2)
enlarge(zeros(1, 2, 3, 3), zeros(2, 2, 4, 4), 2.5)
fit(zeros(1, 1, 2, 2), {3, 4})
fit(zeros(1, 1, 2, 2), '34')
validators.number(np.str_('3'), 'x')
validators.number(np.datetime64('2020'), 'x')
validators.number(np.complex64(1), 'x')
enlarge(zeros(1, 2, 3, 3), zeros(2, 2, 3, 3), 2)
enlarge(zeros(1, 2, 3, 3), zeros(2, 2, 8, 8), 2)
enlarge(zeros(1, 2, 3, 3), zeros(2, 2, 2, 2), 4)
OriginalUnet()(zeros(1, 1, 190, 188))
OriginalUnet()(zeros(1, 1, 188, 172))
edge_loss(zeros(1, 3, 4, 4), zeros(1, 1, 4, 4))
make_lookup(["sky", "road"], ["sky"])
make_lookup({300: "sky"}, ["sky"])
make_lookup(["sky"], ["sky"], void=[-1])
Augment(zoom=2)
Augment(zoom=(2, 1))
Augment(flip=2)
Augment(light="much")
show_pictures({})
show_grids(*[zeros(2, 2)]*25)
show_grids(zeros(0, 2))
show_predictions([], [], None, ["a"], [[0, 0, 0]])
Enlarge(2, 2.5)
MaskedFocal()(zeros(1, 2, 3, 3), zeros(1, 1, 3, 3).long())
edge_loss(zeros(1, 3, 1, 4), zeros(1, 3, 1, 4))
checkerboard_score(zeros(1, 1, 4, 4).long())
Body("squeezenet1_1", 0)
draw_unet(DensePredictor(BODY, NearestHead(BODY, 2)), (64, 64))
summary(DensePredictor(BODY, NearestHead(BODY, 2)), 64)
UnetHead(BODY, 3, without=4)
as_codes([{"id": 1, "name": "sky"}, {"id": 1, "name": "road"}])
Meaning(None, {c: f"c{c}" for c in np.ndindex(20, 15, 1)}).settle()
tile_spans(100, 64, overlap=[])
network(3, 3, False)
network("resnet18", 0, False)
load_model(None)
conv_matrix(zeros(3, 3), (4, 4), 0)
conv_matrix(zeros(3, 3), (4, 4), 1, -1)
conv_matrix(zeros(3, 3), (4,))
as_transposed(zeros(1, 1, 3, 3), 1.5)
as_transposed(zeros(3, 3))
bilinear_kernel(0)
bilinear_kernel(2.5)
bilinear_transposed(zeros(1, 1, 2, 2), 0)
zero_insert(zeros(2, 2), 2)
zero_insert(zeros(1, 1, 0, 2), 2)
checkerboard_score(zeros(1, 1, 4, 4), 0)
checkerboard_score(zeros(4))
transposed_conv(zeros(1, 2, 3, 3), zeros(2, 1, 2, 2), 1.5)
transposed_conv(zeros(1, 2, 0, 3), zeros(2, 1, 2, 2))
transposed_by_gradient(zeros(1, 2, 3, 3), zeros(2, 1, 2, 2).double())
""".strip().split("\n")

BODY = Body("squeezenet1_1")

@pytest.mark.parametrize("call", NO)
def test_a_sentence_says_no(call):
    with pytest.raises(ValueError) as e: eval(call, {**vars(torch), **globals()})
    assert ":" in str(e.value) or "," in str(e.value)

def test_nan_under_void_is_nobodys():
    scores = torch.randn(1, 2, 2, 2)
    scores[..., 0, 0] = float("nan")
    assert confusion(scores, torch.tensor([[[255,1],[0,1]]]), 2).sum()==3
    assert (Augment(flip=None).flip,Augment(flip=True).flip,Augment(light=False).light)==(0,1,0)

@pytest.mark.parametrize("smooth", [0,1])
def test_nothing_but_void_is_no_mistake(smooth):
    scores,void = torch.randn(2, 3, 4, 4, requires_grad=True),torch.full((2,4,4), 255)
    loss = MaskedDice(smooth)(scores, void)
    loss.backward()
    assert loss==0 and (scores.grad==0).all()

def test_numpy_integers_are_whole_numbers():
    x = torch.arange(4.).view(1,1,2,2)
    two = np.int64(2)
    assert torch.equal(nearest_upsample(x, two), nearest_upsample(x, 2)) and torch.equal(bilinear_upsample(x, two), bilinear_upsample(x, 2))
    assert output_size(two, two, two)==4 and type(output_size(two, two, two)) is int and torch.equal(fit(x, np.array([3,1])), fit(x, (3,1)))
    assert coarsen(torch.zeros(4,4, dtype=torch.uint8), two, np.int64(3)).shape==(4,4)

@pytest.mark.parametrize("way", [transposed_conv, transposed_by_gradient, transposed_by_matrix, transposed_by_zeros])
def test_every_way_has_the_gradients(way):
    "Of the picture and of the kernel"
    x,w = torch.randn(1,2,2,3, dtype=torch.float64, requires_grad=True),torch.randn(2,1,3,2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x, w: way(x, w, 2, 1, 1), (x,w))
    ours,theirs = (torch.autograd.grad(f(x, w, stride=2).square().sum(), (x,w)) for f in (way, F.conv_transpose2d))
    for a,b in zip(ours, theirs): torch.testing.assert_close(a, b)

def test_batches_of_pictures_refuse_what_they_cannot_cut():
    from pixelladder.generative import TASKS
    from pixelladder.pieces import picture_dls
    picture = torch.zeros(3, 40, 40, dtype=torch.uint8)
    for train,valid,crop,words in [([picture], [picture], (30,30), "multiples of 4"), ([picture], [picture], 32, "height and width"), ([], [picture], (32,32), "0 pictures to train"),
                                   ([picture], [], (32,32), "0 to validate")]:
        with pytest.raises(ValueError, match=words): picture_dls(train, valid, TASKS["super4"], crop)

def test_a_drawn_frame_has_a_size():
    from pixelladder.streets import draw_street
    for size in (8, (8,), (8.5,8), "ab", None, (4,8)):
        with pytest.raises(ValueError, match="`size"): draw_street("noon", 0, size)

def test_what_is_no_network_is_not_exported(tmp_path):
    pytest.importorskip("onnxscript")
    from pixelladder.store import export_onnx
    with pytest.raises(ValueError, match="what is exported is body and head, and this is a Linear"): export_onnx(torch.nn.Linear(1,1), tmp_path/"x.onnx")
