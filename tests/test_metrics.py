"Confusion counts, the ratios of them, the fastai metrics and the bound of a coarse grid, against torchmetrics, scikit-learn and values computed by hand."
import math, pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st

from pixelladder.codes import VOID
from pixelladder.metrics import (ClassIoU, ConfusionMetric, MeanIoU, PixelAccuracy, class_iou, coarsen, confusion, constant_baseline,
                                 grid_labels, mean_iou, pixel_accuracy)
from fastai.callback.progress import ProgressCallback # gives a Learner its `no_bar`
from fastai.data.core import DataLoaders
from fastai.learner import AvgMetric, Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.vision.core import TensorImage, TensorMask
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix, MulticlassJaccardIndex

def random_batch(n, size, seed, void=.2, b=2):
    "Scores float (b,n,H,W) and a uint8 target (b,H,W) with a share of void"
    g = torch.Generator().manual_seed(seed)
    target = torch.randint(n, (b,*size), generator=g)
    target[torch.rand(target.shape, generator=g) < void] = VOID
    return torch.randn(b, n, *size, generator=g), target.to(torch.uint8)

def same(a, b): return torch.allclose(torch.as_tensor(a).double(), torch.as_tensor(b).double(), atol=1e-6, equal_nan=True)

sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))
examples = settings(max_examples=60, deadline=None, derandomize=True)

# counts

@examples
@given(n=st.integers(1, 7), size=sizes, seed=st.integers(0, 999))
def test_counts_equal_a_loop_and_torchmetrics(n, size, seed):
    scores,target = random_batch(n, size, seed)
    by_hand = torch.zeros(n, n, dtype=torch.int64)
    for t,p in zip(target.flatten().tolist(), scores.argmax(1).flatten().tolist()):
        if t != VOID: by_hand[t,p] += 1
    counts = confusion(scores, target, n)
    assert counts.dtype==torch.int64 and torch.equal(counts, by_hand)
    if n > 1:
        oracle = MulticlassConfusionMatrix(n, ignore_index=VOID)
        assert torch.equal(counts, oracle(scores.argmax(1), target.long()))

def test_counts_equal_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    scores,target = random_batch(5, (31,17), 0)
    labelled = target != VOID
    truth,pred = target[labelled],scores.argmax(1)[labelled]
    counts = confusion(scores, target, 5)
    assert (counts.numpy()==sklearn.confusion_matrix(truth, pred, labels=range(5))).all()
    assert same(class_iou(counts), sklearn.jaccard_score(truth, pred, labels=range(5), average=None))

def test_rows_are_the_truth_and_columns_the_prediction():
    assert confusion(torch.tensor([1,1]), torch.tensor([0,0]), 2).tolist()==[[0,2],[0,0]]

@pytest.mark.parametrize("target_type", [torch.uint8, torch.int32, torch.int64])
@pytest.mark.parametrize("pred_type", [torch.uint8, torch.int64, torch.bool])
def test_integers_of_any_width(target_type, pred_type):
    "16*16 does not fit into a uint8: nothing may be multiplied before it is widened"
    n = 2 if pred_type==torch.bool else 20
    truth,pred = torch.arange(n).to(target_type),torch.full((n,), n-1).to(pred_type)
    assert confusion(pred, truth, n)[:,n-1].tolist()==[1]*n

def test_half_precision_scores_and_arrays():
    scores,target = random_batch(3, (5,7), 1)
    counts = confusion(scores.bfloat16(), target, 3)
    assert torch.equal(counts, confusion(scores.bfloat16().argmax(1), target, 3))
    assert torch.equal(counts, confusion(scores.bfloat16().argmax(1).numpy(), target.numpy(), 3))

def test_fastai_tensors_in_plain_tensors_out():
    scores,target = random_batch(3, (5,7), 2)
    counts = confusion(TensorImage(scores), TensorMask(target), 3)
    assert type(counts) is torch.Tensor and type(class_iou(counts)) is torch.Tensor
    assert torch.equal(counts, confusion(scores, target, 3))
    assert type(coarsen(TensorMask(target[0]), 2, 3)) is torch.Tensor

def test_no_gradient_is_kept():
    scores,target = random_batch(3, (5,7), 3)
    assert not confusion(scores.requires_grad_(), target, 3).requires_grad

@examples
@given(size=sizes, seed=st.integers(0, 999))
def test_what_stands_under_void_changes_nothing(size, seed):
    scores,target = random_batch(4, size, seed, void=.5)
    pred,void = scores.argmax(1),target==VOID
    counts = confusion(pred, target, 4)
    for anything in (0, 3, VOID, 77, -5): assert torch.equal(counts, confusion(torch.where(void, anything, pred), target, 4))
    assert torch.equal(counts, confusion(pred[~void], target[~void], 4))
    assert torch.equal(counts, confusion(F.pad(pred, (2,1,0,3)), F.pad(target, (2,1,0,3), value=VOID), 4))

def test_an_image_and_class_axis_of_one_length_are_not_confused():
    "Scores without a batch axis, `(n,H,W)` with H==n, could be taken for a batch: they must be refused"
    with pytest.raises(ValueError, match=r"\(3, 3, 5\) and `target` is \(3, 5\)"): confusion(torch.randn(3,3,5), torch.zeros(3,5).long(), 3)

@pytest.mark.parametrize("pred,target,n,says", [
    (torch.zeros(2,3).long(), torch.zeros(3,2).long(), 2, r"`pred` is \(2, 3\) and `target` is \(3, 2\)"),
    (torch.zeros(1,3,4,4), torch.zeros(1,2,2).long(), 3, r"`pred` is \(1, 4, 4\) and `target` is \(1, 2, 2\)"),
    (torch.zeros(1,3,4,4), torch.zeros(1,4,4).long(), 4, "scores for 3 classes and `n` is 4"),
    (torch.zeros(2,3), torch.zeros(2,3).long(), 2, "torch.float32"),
    (torch.zeros(2,3).long(), torch.zeros(2,3), 2, "`target` is torch.float32"),
    (torch.tensor([0,3]), torch.tensor([0,0]), 2, r"`pred` holds the codes \[3\]"),
    (torch.tensor([0,0]), torch.tensor([7,11]), 2, r"`target` holds the codes \[7, 11\] where `n=2` allows 0 to 1"),
    (torch.tensor([0,0]), torch.tensor([0,-1]), 2, r"codes \[-1\]"),
    (torch.tensor([0,255]), torch.tensor([0,0]), 2, r"`pred` holds the codes \[255\]"),
    (torch.tensor([0]), torch.tensor([0]), 0, "`n` is 0"),
    (torch.tensor([0]), torch.tensor([0]), 256, "1 to 255 classes"),
])
def test_errors_name_both_values(pred, target, n, says):
    with pytest.raises(ValueError, match=says): confusion(pred, target, n)

def test_why_the_codes_are_checked_here():
    "torchmetrics counts a class that does not exist as a success of another one, even when it validates; when that changes, our check can go"
    assert MulticlassConfusionMatrix(2)(torch.tensor([0,3]), torch.tensor([0,0])).tolist()==[[1,0],[0,1]]

# ratios

@examples
@given(n=st.integers(2, 7), size=sizes, seed=st.integers(0, 999))
def test_ratios_equal_torchmetrics(n, size, seed):
    "On the classes that the truth holds; pixel accuracy is torchmetrics' micro accuracy"
    scores,target = random_batch(n, size, seed)
    if (target==VOID).all(): return
    counts = confusion(scores, target, n)
    jaccard = MulticlassJaccardIndex(n, average=None, ignore_index=VOID)(scores.argmax(1), target.long()).double()
    present = torch.isin(torch.arange(n), target)
    iou = class_iou(counts)
    assert iou.dtype==torch.float64 and iou.isnan().tolist()==(~present).tolist()
    assert same(iou[present], jaccard[present])
    assert mean_iou(counts)==pytest.approx(jaccard[present].mean().item(), abs=1e-6)
    if present.all(): assert mean_iou(counts)==pytest.approx(MulticlassJaccardIndex(n, ignore_index=VOID)(scores.argmax(1), target.long()).item(), abs=1e-6)
    accuracy = MulticlassAccuracy(n, average="micro", ignore_index=VOID)(scores.argmax(1), target.long())
    assert pixel_accuracy(counts)==pytest.approx(accuracy.item(), abs=1e-6)

@examples
@given(n=st.integers(2, 6), seed=st.integers(0, 999))
def test_renaming_the_classes_renames_the_scores(n, seed):
    scores,target = random_batch(n, (4,5), seed)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    renamed = confusion(order[scores.argmax(1)], torch.where(target==VOID, VOID, order[target.long().clamp(max=n-1)]), n)
    counts = confusion(scores, target, n)
    assert same(class_iou(renamed)[order], class_iou(counts)) and same(mean_iou(renamed), mean_iou(counts))

def test_a_class_that_the_truth_lacks_is_nan_whether_predicted_or_not():
    truth = torch.tensor([[0,0,0],[1,1,1]])
    perfect,one_wrong = confusion(truth, truth, 3),confusion(torch.tensor([[0,0,2],[1,1,1]]), truth, 3)
    assert same(class_iou(perfect), [1,1,math.nan]) and mean_iou(perfect)==1
    assert same(class_iou(one_wrong), [2/3,1,math.nan]) and mean_iou(one_wrong)==pytest.approx(5/6)

def test_nothing_but_void_is_nan():
    counts = confusion(torch.zeros(2,2).long(), torch.full((2,2), VOID), 3)
    assert counts.sum()==0 and class_iou(counts).isnan().all() and math.isnan(mean_iou(counts)) and math.isnan(pixel_accuracy(counts))

def test_counts_beyond_single_precision():
    "2**24+1 pixels are one more than float32 can count"
    counts = torch.tensor([[2**24,1],[0,0]])
    assert class_iou(counts)[0].item()==2**24/(2**24+1)==pixel_accuracy(counts)

# fastai

def learner(scores, target, bs, metrics):
    "Its model is the identity, with the one parameter that fastai asks for"
    dl = torch.utils.data.DataLoader(list(zip(scores, target)), batch_size=bs)
    return Learner(DataLoaders(dl, dl), torch.nn.PReLU(init=1), metrics=metrics, loss_func=CrossEntropyLossFlat(axis=1, ignore_index=VOID))

def ragged():
    "7 images; class 3 is in the last alone"
    scores,target = random_batch(4, (6,5), 0, b=7)
    target[:6][target[:6]==3] = 0
    return scores,target.long()

@pytest.mark.parametrize("bs", [1, 2, 3, 7])
def test_the_batch_size_changes_nothing(bs):
    scores,target = ragged()
    learn = learner(scores, target, bs, [MeanIoU(4), PixelAccuracy(4), *(ClassIoU(4, i, c) for i,c in enumerate("abcd"))])
    for _ in range(2): # a second validation starts from nothing
        with learn.no_bar(), learn.no_logging(): values = learn.validate()[1:]
        counts = confusion(scores, target, 4)
        assert list(values)==[mean_iou(counts), pixel_accuracy(counts), *class_iou(counts).tolist()]
        assert all(isinstance(v, float) for v in values)

def test_a_plain_function_is_averaged_over_batches_and_wrong():
    scores,target = ragged()
    def naive(pred, target): return torch.tensor(mean_iou(confusion(pred, target, 4)))
    right,wrong = mean_iou(confusion(scores, target, 4)),[]
    for bs in (1, 3):
        learn = learner(scores, target, bs, [AvgMetric(naive), MeanIoU(4)])
        with learn.no_bar(), learn.no_logging(): _,averaged,ours = learn.validate()
        assert ours==right and abs(averaged-right) > .01
        wrong.append(averaged)
    assert abs(wrong[0]-wrong[1]) > .01 # and it depends on the batch size

def test_the_names_are_columns_of_the_table():
    scores,target = ragged()
    learn = learner(scores, target, 3, [MeanIoU(4), PixelAccuracy(4), ClassIoU(4, 2, "Pole")])
    with learn.no_bar(), learn.no_logging(): learn.fit(1, 0.)
    assert list(learn.recorder.metric_names)==["epoch","train_loss","valid_loss","mean_iou","pixel_accuracy","iou_Pole","time"]
    assert learn.recorder.values[-1][2:]==[m.value for m in learn.metrics]

@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_metrics_take_masks_as_fastai_hands_them_over(dtype):
    scores,target = ragged()
    metric = MeanIoU(4)
    metric.accumulate(SimpleNamespace(pred=TensorImage(scores), y=TensorMask(target.to(dtype))))
    assert metric.value==mean_iou(confusion(scores, target, 4)) and metric.counts.dtype==torch.int64

@pytest.mark.parametrize("metric", [MeanIoU(4), PixelAccuracy(4), ClassIoU(4, 1, "Pole")])
def test_metrics_are_saved_with_what_they_counted_and_forget_it_on_reset(metric):
    scores,target = ragged()
    assert isinstance(metric, ConfusionMetric) and math.isnan(metric.value) # before anything is counted
    metric.accumulate(SimpleNamespace(pred=scores, y=target))
    again = pickle.loads(pickle.dumps(metric))
    assert (again.name, again.value)==(metric.name, metric.value)
    again.reset()
    assert again.counts.sum()==0 and metric.counts.sum() > 0

def test_two_metrics_share_no_state():
    a,b = ClassIoU(2, 0, "a"),ClassIoU(2, 1, "b")
    a.accumulate(SimpleNamespace(pred=torch.tensor([0]), y=torch.tensor([0])))
    assert (a.name,b.name)==("iou_a","iou_b") and b.counts.sum()==0 and ClassIoU.name != "iou_b"

@pytest.mark.parametrize("index", [-1, 3])
def test_class_index_is_checked_before_training(index):
    with pytest.raises(ValueError, match=f"`index` is {index} and there are 3 classes"): ClassIoU(3, index, "Pole")

# baseline

def test_constant_baseline_by_hand():
    masks = [np.array([[0,1,1],[VOID,1,VOID]], dtype=np.uint8), torch.tensor([[0,2]])] # of two sizes and kinds
    counts = constant_baseline(masks, 4)
    assert counts.tolist()==[[0,2,0,0],[0,3,0,0],[0,1,0,0],[0,0,0,0]]
    assert pixel_accuracy(counts)==3/6 and mean_iou(counts)==pytest.approx(3/6/3) # over 3 classes: nobody can find the fourth

@examples
@given(size=sizes, seed=st.integers(0, 999))
def test_constant_baseline_is_the_confusion_of_a_constant_answer(size, seed):
    _,target = random_batch(4, size, seed)
    counts = constant_baseline(target, 4)
    label = counts.sum(0).argmax()
    assert torch.equal(counts, confusion(torch.full_like(target, label), target, 4))
    assert all(pixel_accuracy(counts) >= pixel_accuracy(confusion(torch.full_like(target, c), target, 4)) for c in range(4) if counts.sum())

# the bound

forms = pytest.mark.parametrize("form", ["hard", "averaged"])

@forms
@pytest.mark.parametrize("size", [(1,1), (7,5), (33,64)])
def test_stride_1_loses_nothing(form, size):
    _,target = random_batch(5, size, 0)
    counts = grid_labels(target, 1, 5, form)
    assert torch.equal(counts, torch.diag(counts.diag())) and counts.sum()==(target != VOID).sum()

@forms
@pytest.mark.parametrize("stride", [1, 2, 3, 32, 100])
def test_one_class_is_never_lost(form, stride):
    mask = torch.full((37,50), 2, dtype=torch.uint8)
    mask[5:20, 40:] = VOID
    assert mean_iou(grid_labels([mask], stride, 4, form))==1

@forms
def test_stripes_by_hand(form):
    "Stripes of 3 and 1 in cells of 4: the thin class is a quarter of each cell, gone from both forms; 3/4 is left of the other"
    mask = torch.tensor([0,0,1,0]).repeat(8, 4)
    counts = grid_labels([mask], 4, 2, form)
    assert counts.tolist()==[[96,0],[32,0]] and class_iou(counts).tolist()==[.75,0]

def test_an_edge_inside_a_cell_by_hand():
    "An edge after 3 pixels of the first cell: hard moves it to the border of the cell, averaged finds the pixel"
    mask = torch.tensor([[0,0,0,1,1,1,1,1]]).repeat(4, 1)
    assert coarsen(mask, 4, 2)[0].tolist()==[0,0,0,0,1,1,1,1]
    assert torch.equal(coarsen(mask, 4, 2, "averaged"), mask)

def test_cells_that_the_border_cuts_are_averaged_over_what_they_have():
    "5 pixels in cells of 3: the last cell has 2; void is not counted in the first, so 1 of 2 labelled pixels is not outvoted by padding or void"
    mask = torch.tensor([[1,VOID,VOID,0,1]])
    assert coarsen(mask, 3, 2)[0].tolist()==[1,1,1,0,0] # a tie goes to the smaller code
    mask = torch.tensor([[0,0,0,0,1]]) # nothing is squeezed: the second cell stays where it is
    assert coarsen(mask, 4, 2)[0].tolist()==[0,0,0,0,1]

@examples
@given(size=sizes, stride=st.integers(1, 6), seed=st.integers(0, 999))
def test_hard_equals_a_vote_in_each_cell(size, stride, seed):
    _,target = random_batch(3, size, seed, b=1)
    res = coarsen(target[0], stride, 3)
    for i in range(0, size[0], stride):
        for j in range(0, size[1], stride):
            votes = torch.bincount(target[0, i:i+stride, j:j+stride].flatten().long(), minlength=256)[:3]
            assert (res[i:i+stride, j:j+stride]==votes.argmax()).all()

@examples
@given(size=sizes, stride=st.integers(1, 6), seed=st.integers(0, 999))
def test_averaged_keeps_the_size_and_answers_classes(size, stride, seed):
    _,target = random_batch(3, size, seed, b=1)
    res = coarsen(target[0], stride, 3, "averaged")
    assert res.shape==size and res.min() >= 0 and res.max() < 3

@forms
def test_the_border_is_cropped_and_not_squeezed(form):
    "The first cells must not feel where the image ends"
    _,target = random_batch(3, (40,40), 0, b=1)
    part = target[0, :37, :39]
    assert torch.equal(coarsen(target[0], 8, 3, form)[:24,:24], coarsen(part, 8, 3, form)[:24,:24])

@pytest.mark.parametrize("size,seen,cell", [((12,18), (6,9), 2), ((9,12), (3,4), 3), ((10,14), (5,7), 4)])
@forms
def test_cells_of_a_network_that_sees_the_picture_smaller(form, size, seen, cell):
    "Half the size: cells of twice as many pixels"
    _,target = random_batch(3, size, 0, b=1)
    times = size[0]//seen[0]
    assert torch.equal(coarsen(target[0], cell, 3, form, size=seen), coarsen(target[0], times*cell, 3, form))

def test_cells_whose_sides_are_no_whole_pixels():
    "5 rows seen as 4, 6 columns as 9, cells of 2: rows 0-2 and 3-4 (their centres at .4, 1.2, 2, 2.8, 3.6, so row 2 is in the second), five columns of cells"
    mask = torch.zeros(5, 6, dtype=torch.uint8)
    mask[2:] = 1
    assert torch.equal(coarsen(mask, 2, 2, size=(4,9)), mask.long())
    mask = torch.tensor([[0,1,1,0,0,1]]).repeat(2, 1) # centres at .75, 2.25, 3.75, 5.25, 6.75, 8.25
    assert coarsen(mask, 2, 2, size=(2,9))[0].tolist()==[0,1,1,0,0,1] and coarsen(mask, 4, 2, size=(2,9))[0].tolist()==[1,1,1,0,0,1]

def test_averaged_equals_torch_interpolation_of_the_shares():
    _,target = random_batch(3, (24,32), 0, b=1)
    shares = torch.nn.functional.avg_pool2d((target==torch.arange(3).view(1,3,1,1)).float(), 8)
    shares = shares/shares.sum(1, keepdim=True)
    full = torch.nn.functional.interpolate(shares, size=(24,32), mode="bilinear")
    assert (full.argmax(1)[0]==coarsen(target[0], 8, 3, "averaged")).float().mean() > .999

@forms
def test_void_is_in_no_share(form):
    "What an all-void mask says is not counted, and void beside a class does not outvote it"
    assert grid_labels([torch.full((9,9), VOID, dtype=torch.uint8)], 4, 3, form).sum()==0
    mask = torch.full((8,8), VOID, dtype=torch.uint8)
    mask[3,3] = 2
    assert mean_iou(grid_labels([mask], 4, 3, form))==1

def test_hard_is_the_best_that_one_answer_a_cell_can_do_for_the_accuracy():
    _,target = random_batch(3, (16,16), 0, b=1)
    bound = pixel_accuracy(grid_labels(target, 4, 3))
    g = torch.Generator().manual_seed(0)
    for _ in range(50):
        any_answer = torch.randint(3, (4,4), generator=g).repeat_interleave(4, 0).repeat_interleave(4, 1)
        assert pixel_accuracy(confusion(any_answer, target[0], 3)) <= bound

def test_counts_of_masks_add_up_whatever_their_sizes_and_kinds():
    _,a = random_batch(3, (10,13), 0, b=1)
    _,b = random_batch(3, (7,20), 1, b=1)
    both = grid_labels([a[0].numpy(), b[0].long()], 4, 3)
    assert torch.equal(both, grid_labels(a, 4, 3)+grid_labels(b, 4, 3))

@pytest.mark.parametrize("args,says", [
    ((torch.zeros(5), 4, 2), r"this one is \(5,\)"),
    ((torch.zeros(1,5,5), 4, 2), r"this one is \(1, 5, 5\)"),
    ((torch.zeros(5,5).long(), 0, 2), "at least 1, not 0"),
    ((torch.zeros(5,5).long(), 4, 2, "soft"), "`form` is 'soft'"),
    ((torch.full((5,5), 9), 4, 2), r"codes \[9\]"),
])
def test_errors_of_the_bound(args, says):
    with pytest.raises(ValueError, match=says): grid_labels([args[0]], *args[1:])
