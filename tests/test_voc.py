"Pascal VOC: a small folder of its shape, drawn here: colours and codes, the border, crops, every fault, and the command line."
import json, random
from pathlib import Path
import numpy as np, pytest, torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st
from PIL import Image
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.optimizer import SGD
from terminal import run
from pixelladder.codes import UNLISTED, VOC_CODES, VOID
from pixelladder.palette import palette_for, voc_palette
from pixelladder.data import (check_data, class_shares, colour_to_label, label_to_colour, open_data,
                              split_audit, split_for)
from pixelladder.learner import class_weights

SIZES = {"train": [(64,96), (72,80), (40,96), (96,64), (64,80)], "val": [(64,96), (96,60), (80,80)]}

def blocks(size, seed):
    "Codes in squares of 8x8, so that a JPEG of their grey levels keeps them; every class turns up"
    h,w = size
    return np.random.default_rng(seed).integers(0, 21, (h//8+1, w//8+1)).repeat(8, 0).repeat(8, 1)[:h,:w].astype(np.uint8)

def save_mask(codes, path, **kwargs):
    mask = Image.fromarray(codes)
    mask.putpalette(voc_palette().ravel().tolist()) # makes it a palette picture; the codes stay
    mask.save(path, **kwargs)

@pytest.fixture
def voc(tmp_path):
    "VOCdevkit/VOC2012 with five training and three validation images: the grey level is 12 times the code, a frame of 2 pixels is border"
    root = tmp_path/"VOCdevkit"/"VOC2012"
    for f in ("JPEGImages","SegmentationClass","ImageSets/Segmentation"): (root/f).mkdir(parents=True)
    for split,sizes in SIZES.items():
        names = [f"20{7+i%5:02}_{split}{i}" for i in range(len(sizes))]
        (root/"ImageSets"/"Segmentation"/f"{split}.txt").write_text("\n".join(names)+"\n")
        for i,(name,size) in enumerate(zip(names, sizes)):
            codes = blocks(size, i)
            Image.fromarray(np.stack([codes*12]*3, -1)).save(root/"JPEGImages"/f"{name}.jpg", quality=100, subsampling=0)
            codes[:2] = codes[-2:] = codes[:,:2] = codes[:,-2:] = VOID
            save_mask(codes, root/"SegmentationClass"/f"{name}.png")
    return root

def first(voc): return voc/"SegmentationClass"/"2007_train0.png"
def opened(voc): return open_data(voc),voc/"JPEGImages"/"2007_train0.jpg"

# --- colours and codes

def test_palette_is_the_development_kits():
    known = {0:(0,0,0), 1:(128,0,0), 2:(0,128,0), 6:(0,128,128), 8:(64,0,0), 15:(192,128,128), 16:(0,64,0), 20:(0,64,128), 255:(224,224,192)}
    assert {i: tuple(voc_palette()[i].tolist()) for i in known}==known and len(np.unique(voc_palette(), axis=0))==256
    assert (palette_for(VOC_CODES)==voc_palette(21)).all() and len(VOC_CODES)==21

@settings(max_examples=25, deadline=None)
@given(st.integers(1, 21), st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_there_and_back(n, h, w, seed):
    codes = torch.from_numpy(np.random.default_rng(seed).choice([*range(n), VOID], (h,w)).astype(np.uint8))
    palette = torch.from_numpy(voc_palette(n))
    rgb = label_to_colour(codes, palette)
    assert rgb.shape==(h,w,3) and rgb.dtype==torch.uint8 and torch.equal(colour_to_label(rgb, palette), codes)
    assert torch.equal(label_to_colour(colour_to_label(rgb, palette), palette), rgb)

def test_a_colour_of_no_class_is_unlisted():
    rgb = torch.tensor([[[0,0,0],[1,0,0],[224,224,192],[255,255,255]]], dtype=torch.uint8)
    assert colour_to_label(rgb, torch.from_numpy(voc_palette(21))).tolist()==[[0,UNLISTED,VOID,UNLISTED]]
    assert colour_to_label(rgb, torch.from_numpy(voc_palette(21)), (255,255,255)).tolist()==[[0,UNLISTED,UNLISTED,VOID]]

# --- the folder

def test_three_ways_to_name_the_folder(voc):
    for path in (voc, voc.parent, voc.parent.parent): assert repr(open_data(path))=="VOC2012: 21 classes; images: train 5, val 3"
    data = open_data(str(voc.parent))
    assert data.codes==VOC_CODES and check_data(data)==[] and (data.palette==voc_palette(21)).all() and open_data(voc, classes=21).n==21
    with pytest.raises(ValueError, match="classes=11.*leave it out"): open_data(voc, classes=11)

def test_the_border_is_void_and_all_else_a_class(voc):
    data,image = opened(voc)
    mask = data.mask(image)
    assert (mask[2:-2,2:-2]==blocks((64,96), 0)[2:-2,2:-2]).all() and (mask==VOID).sum()==64*96-60*92
    shares = class_shares(data)
    assert len(shares)==22 and shares[:-1].sum()==pytest.approx(100, abs=.2) and shares["void"] > 0 and class_weights(data).shape==(21,)

@pytest.mark.parametrize("save", [lambda m,p: m.convert("RGB").save(p), lambda m,p: m.convert("RGBA").save(p), lambda m,p: m.save(p, optimize=True),
                                  lambda m,p: Image.fromarray(np.array(m)).save(p), lambda m,p: m.remap_palette([*range(20,-1,-1), *range(21,256)]).save(p)],
                         ids=["rgb","rgba","saved smaller","grey","numbered anew"])
def test_a_mask_saved_in_another_way_is_the_same_mask(voc, save):
    data,image = opened(voc)
    before,mask = data.mask(image),Image.open(first(voc))
    mask.load()
    save(mask, first(voc))
    assert (data.mask(image)==before).all() and check_data(data)==[]

def test_a_palette_without_meaning_leaves_the_codes(voc):
    data,image = opened(voc)
    before,mask = data.mask(image),Image.open(first(voc))
    mask.putpalette([7]*768)
    mask.save(first(voc))
    assert (data.mask(image)==before).all()

def paint(path, colours):
    rgb = np.array(Image.open(path).convert("RGB"))
    for (row,column),colour in colours.items(): rgb[row,column] = colour
    Image.fromarray(rgb).save(path)

@pytest.mark.parametrize("spoil, words", [
    (lambda p: paint(p, {(9,7): (1,2,3), (11,5): (1,2,3)}), ["2 of 6144 pixels", "(1, 2, 3)", "row 9, column 7", "unsmoothed"]),
    (lambda p: paint(p, {(9,7): (9,9,9), (3,4): (1,2,3), (3,5): (1,2,3)}), ["2 of 6144", "(1, 2, 3)", "row 3, column 4", "1 more colours"]),
    (lambda p: save_mask(np.full((64,96), 40, np.uint8), p), ["6144 of 6144 pixels", "0..20 and 255", "(40)"]),
    (lambda p: save_mask(np.zeros((64,80), np.uint8), p), ["64x80 but its image is 64x96"]),
    (lambda p: p.write_bytes(b"nothing"), ["can't be read"]),
    (lambda p: p.unlink(), ["no mask"]),
    (lambda p: (p.parent.parent/"JPEGImages"/"2007_train0.jpg").unlink(), ["image can't be read"])],
    ids=["a colour","two colours","a code","a size","a broken file","no mask","no image"])
def test_each_fault_has_its_sentence(voc, spoil, words):
    spoil(first(voc))
    data,image = opened(voc)
    faults = check_data(data)
    assert len(faults)==1 and "2007_train0" in faults[0] and all(w in faults[0] for w in words), faults
    if "unsmoothed" in words:
        with pytest.raises(ValueError, match="row 9, column 7"): data.mask(image)

@pytest.mark.parametrize("missing", ["ImageSets/Segmentation/train.txt", "ImageSets/Segmentation/val.txt", "SegmentationClass"])
def test_what_is_missing_is_named(voc, missing):
    (voc/missing).rename(voc/"elsewhere")
    with pytest.raises(FileNotFoundError, match=f"no {missing}"): open_data(voc.parent)

def test_there_are_no_drives(voc):
    data = open_data(voc)
    assert split_audit(data).to_dict()=={"train": {"single images": 5}, "val": {"single images": 3}} and [len(s) for s in split_for(data)]==[5,3]
    with pytest.raises(ValueError, match="VOC2012 are single photographs: use \"published\""): split_for(data, "sequence")

# --- crops

def agree(xb, yb):
    "Whether the grey levels of the images are 12 times the codes of the masks, wherever there is no border"
    return ((xb[:,0]*255/12).round().long()==yb)[yb!=VOID].all()

def test_images_and_masks_are_cut_alike_and_small_ones_left_out(voc, capsys):
    dls = open_data(voc).dls(crop=(48,72), bs=2, num_workers=0)
    said = capsys.readouterr().out.splitlines()
    assert said==["VOC2012: left out of 'train': 2 of 5 images, smaller than 48x72", "VOC2012: left out of 'val': 1 of 3 images, smaller than 48x72"]
    assert {Path(p).stem for p in dls.train.items}=={"2007_train0","2008_train1","2011_train4"} and {Path(p).stem for p in dls.valid.items}=={"2007_val0","2009_val2"}
    random.seed(0)
    for _ in range(4):
        for xb,yb in (*dls.train, *dls.valid):
            assert xb.shape[2:]==yb.shape[1:]==(48,72) and yb.dtype==torch.int64 and agree(xb.as_subclass(torch.Tensor), yb.as_subclass(torch.Tensor))

def test_as_large_as_the_crop_is_large_enough(voc, capsys):
    dls = open_data(voc).dls(crop=(64,80), bs=1, num_workers=0)
    assert len(dls.train_ds)==3 and len(dls.valid_ds)==2 and "2 of 5 images" in capsys.readouterr().out
    assert len(open_data(voc).dls(crop=(40,60), bs=1, num_workers=0).train_ds)==5 and capsys.readouterr().out==""

def test_validation_crops_are_the_middle_every_time_and_training_crops_are_not(voc):
    data = open_data(voc)
    looks = [list(data.dls(crop=(48,72), bs=1, num_workers=0).valid) for _ in range(2)]
    for (xa,ya),(xb,yb) in zip(*looks): assert torch.equal(xa, xb) and torch.equal(ya, yb)
    assert (looks[0][0][1][0].numpy()==data.mask(voc/"JPEGImages"/"2007_val0.jpg")[8:56, 12:84]).all()
    dls = data.dls(crop=(48,72), bs=1, num_workers=0)
    random.seed(0)
    assert len({dls.train.after_item(dls.train_ds[0])[1].numpy().tobytes() for _ in range(12)}) > 6

def test_crop_or_size(voc):
    data = open_data(voc)
    assert data.dls(size=(32,48), bs=2, num_workers=0).one_batch()[1].shape==(2,32,48)
    for wrong in ({}, {"size": (32,48), "crop": (32,48)}):
        with pytest.raises(ValueError, match="give one of the two"): data.dls(**wrong)
    for wrong in (dict(size=64), dict(size="40x48"), dict(crop=64)):
        with pytest.raises(ValueError, match="must be height and width"): data.dls(**wrong)
    with pytest.raises(ValueError, match="all 5 images in the split 'train' of VOC2012 are smaller than 480x640: crop less"): data.dls(crop=(480,640))

# --- d2l's run

def test_the_summed_loss_is_a_rate_and_a_decay():
    "d2l's loop with torch's SGD, and fastai's with ours: the same weights, batch norm and biases too"
    torch.manual_seed(0)
    batches = [(torch.randn(4,3,8,8), torch.randint(0, 5, (4,8,8))) for _ in range(3)]
    def net():
        torch.manual_seed(1)
        return torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3, padding=1), torch.nn.BatchNorm2d(6), torch.nn.ReLU(), torch.nn.Conv2d(6, 5, 1))
    theirs,ours = net(),net()
    opt = torch.optim.SGD(theirs.parameters(), lr=.02, weight_decay=.1)
    for _ in range(2):
        for x,y in batches:
            opt.zero_grad()
            F.cross_entropy(theirs(x), y, reduction="none").mean(1).mean(1).sum().backward()
            opt.step()
    one = DataLoader([(x,y) for xb,yb in batches for x,y in zip(xb,yb)], bs=4, num_workers=0)
    learn = Learner(DataLoaders(one, one), ours, loss_func=F.cross_entropy, opt_func=SGD, wd=.1/4, wd_bn_bias=True)
    with learn.no_bar(), learn.no_logging(): learn.fit(2, 4*.02)
    for a,b in zip(theirs.parameters(), ours.parameters()): torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)

def test_command_line(voc, tmp_path):
    r = run("data", voc.parent)
    assert r.returncode==0 and "tvmonitor" in r.stdout and "single images" in r.stdout and "No faults" in r.stdout, r.stderr
    r = run("train", "--data", voc.parent, "--arch", "mobilenet_v3_small", "--head", "fcn32", "--crop", "48x72", "--batch-size", 2, "--epochs", 1, "--sgd", "--lr", .002, "--class-weights", "--out", tmp_path/"m")
    assert r.returncode==0 and "2 of 5 images, smaller than 48x72" in r.stdout and "3 images, validating on 2 (published)" in r.stdout, r.stderr
    spec = json.loads((tmp_path/"m"/"model.json").read_text())
    assert spec["size"]==spec["trained"]["crop"]==[48,72] and spec["trained"]["sgd"] and spec["codes"]==VOC_CODES and spec["palette"]==voc_palette(21).tolist()
    r = run("evaluate", tmp_path/"m", "--data", voc.parent.parent, "--json")
    scores = json.loads(r.stdout)
    assert scores["images"]==3 and scores["pixels"]==sum((h-4)*(w-4) for h,w in SIZES["val"]) and set(scores["iou"])==set(VOC_CODES)
    for words in (["--crop","48x72","--size","48x72"], ["--crop","480x640"], ["--holdout","sequence"]):
        r = run("train", "--data", voc, *words, "--out", tmp_path/"o")
        assert r.returncode==2 and "Traceback" not in r.stderr and any(w in r.stderr for w in ("not allowed with", "crop less", "single photographs")), r.stderr
    assert not (tmp_path/"o").exists()
