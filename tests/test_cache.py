"Kept pixels: the same as those decoded anew, augmented with their masks, and made again or refused when something is wrong."
import errno, os, resource, tempfile, time
from dataclasses import replace
from pathlib import Path
import numpy as np, pytest, torch
from PIL import Image
from fastai.data.transforms import get_c
from fastai.torch_core import TensorImage, TensorMask
from conftest import segnet_folder
from terminal import SERVER, fork
from pixelladder import cache, files
from pixelladder.cache import Augment, CachedImages, cached_dls, cached_pixels, pixel_file, pixel_images
from pixelladder.data import open_data
from pixelladder.learner import normalize_with
from pixelladder.codes import VOID

SIZE = (20,28)

@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch): monkeypatch.setenv("PIXELLADDER_CACHE", str(tmp_path/"kept"))

def make(root, seed=0):
    "Ten train and three val images in SegNet's layout, from two sequences"
    return open_data(segnet_folder(root, {"train": 10, "val": 3}, stem=lambda split, i: f"{'ab'[i%2]}_{split}{i}", seed=seed))

@pytest.fixture
def data(tmp_path): return make(tmp_path/"set")

def decoded(data, size=SIZE, **kwargs):
    "The plain way: fastai's `DataBlock`"
    return data.dls(size, num_workers=0, **kwargs)

def kept(what="*.npy"): return sorted(p.name for p in (cache.cache_path()/"pixels").glob(what))
def same(a, b): return all(torch.equal(x, y) and x.dtype==y.dtype and type(x)==type(y) for one,two in zip(a, b, strict=True) for x,y in zip(one, two, strict=True))

# --- the same pixels

@pytest.mark.parametrize("size", [(20,28),(24,32),(50,41)]) # smaller, as it is, larger and out of shape
@pytest.mark.parametrize("holdout", ["published","sequence"])
def test_validation_equals_the_datablock(data, size, holdout):
    fast,plain = cached_dls(data, size, bs=2, holdout=holdout),decoded(data, size, bs=2, holdout=holdout)
    assert same(fast.valid, plain.valid)
    assert (len(fast.train), len(fast.train_ds), len(fast.valid_ds)) == (len(plain.train), len(plain.train_ds), len(plain.valid_ds))
    assert get_c(fast)==get_c(plain)==data.n and fast.n_inp==1 and len(kept())==1
    assert [*fast.train_ds.items, *fast.valid_ds.items]==[*plain.train_ds.items, *plain.valid_ds.items]

def test_training_without_augmentation_equals_the_datablock_in_order_too(data):
    fast,plain = cached_dls(data, SIZE, bs=3, augment=[]),decoded(data, bs=3)
    plain.train.after_item.fs = type(plain.train.after_item.fs)(f for f in plain.train.after_item.fs if type(f).__name__!="FlipItem")
    for dls in (fast,plain): dls.train.rng.seed(5)
    first = list(fast.train)
    assert same(first, plain.train) and same(fast.train, plain.train)
    fast.train.rng.seed(5)
    assert same(fast.train, first)

def test_normalize_decode_and_show(data):
    dls = cached_dls(data, SIZE, bs=3)
    raw = list(dls.valid)[0]
    normalize_with(dls, ([.5,.4,.3],[.2,.2,.2]))
    xb,yb = list(dls.valid)[0]
    assert torch.allclose(xb[:,1], (raw[0][:,1]-.4)/.2, atol=1e-6) and torch.equal(yb, raw[1])
    rows = [pixel_images(data).index(p) for p in data.splits["val"]]
    assert torch.allclose(dls.valid.decode((xb,yb))[0].float(), torch.from_numpy(cached_pixels(data, SIZE)[rows,:3]).float(), atol=1)
    dls.show_batch(); dls.valid.show_batch()

def test_nothing_writes_into_the_file(data):
    before = cached_pixels(data, SIZE).copy()
    for xb,yb in cached_dls(data, SIZE, bs=3).train: xb.zero_(); yb.zero_()
    assert np.array_equal(cached_pixels(data, SIZE), before)

# --- augmentation

def batch(planes, n):
    "`n` times one image and its mask, as the transform gets them"
    return CachedImages(np.stack([planes]), [0]*n, [None]*n).batch(range(n))

def test_flips_half_of_the_images_with_their_masks():
    torch.manual_seed(0)
    planes = np.arange(4*3*5, dtype=np.uint8).reshape(4,3,5)
    x,y = batch(planes, 1000)
    fx,fy = Augment()((x, y), split_idx=0)
    flipped,with_mask = ((after!=t).as_subclass(torch.Tensor).flatten(1).any(1) for after,t in ((fx,x),(fy,y)))
    assert 440 < flipped.sum() < 560 and torch.equal(flipped, with_mask) # 500, give or take four standard deviations
    assert torch.equal(fx[flipped], x[flipped].flip(-1)) and torch.equal(fy[flipped], y[flipped].flip(-1))
    assert isinstance(fx, TensorImage) and isinstance(fy, TensorMask) and fx.dtype==fy.dtype==torch.uint8
    assert torch.equal(Augment(flip=1)((x, y), split_idx=0)[0], x.flip(-1))

@pytest.mark.parametrize("zoom", [(1,2),(.5,1),(.6,1.7)])
def test_image_and_mask_look_in_the_same_place(zoom):
    "On a slope, blended and nearest differ by half a pixel at most, along both axes, wherever the mask is not void"
    torch.manual_seed(1)
    down,right = np.indices((40,60), dtype=np.uint8)
    for slope in (down,right):
        x,y = Augment(zoom=zoom)(batch(np.stack([slope]*4), 50), split_idx=0)
        inside = y!=VOID
        assert ((x[:,0]-y.float()).abs()[inside] <= .5+1e-3).all()
        assert inside.all() if zoom[0]==1 else 0 < (~inside).float().mean() < .75
        assert len({tuple(row[~torch.isnan(row)].tolist()) for row in y.float().flatten(1)}) > 40 # each its own

def test_masks_keep_their_codes_through_everything(data):
    codes = set(np.unique(cached_pixels(data, SIZE)[:,3]))
    for xb,yb in cached_dls(data, SIZE, bs=5, augment=Augment(zoom=(.5,2), light=.5)).train:
        assert set(yb.unique().tolist()) <= codes|{VOID} and yb.dtype==torch.int64 and xb.dtype==torch.float32 and 0 <= xb.min() and xb.max() <= 1

def test_zoom_keeps_the_share_that_it_says():
    "At zoom 2 a quarter of the picture is seen, at one half it fills a quarter"
    planes = np.zeros((4,64,64), np.uint8)
    y = Augment(flip=0, zoom=(.5,.5))(batch(planes, 8), split_idx=0)[1]
    assert ((y!=VOID).float().mean((1,2))-.25).abs().max() < .02
    planes[3] = np.indices((64,64))[1]
    y = Augment(flip=0, zoom=(2,2))(batch(planes, 8), split_idx=0)[1].flatten(1)
    assert ((y.amax(1)-y.amin(1).int()-31).abs() <= 1).all()

def test_light_changes_images_alone():
    torch.manual_seed(2)
    x,y = batch(np.random.default_rng(0).integers(60, 190, (4,9,9), dtype=np.uint8), 400)
    lit,same_y = Augment(flip=0, light=.2)((x, y), split_idx=0)
    assert torch.equal(y, same_y) and (lit.mean((1,2,3))-x.float().mean((1,2,3))).abs().max() <= .2*127.5+.2*65
    gain = lit.float().std((1,2,3))/x.float().std((1,2,3))
    assert .8-1e-3 < gain.min() < .82 and 1.18 < gain.max() < 1.2+1e-3

def test_random_state_brings_back_the_same_batches(data):
    dls = cached_dls(data, SIZE, bs=3, augment=Augment(zoom=(.5,2), light=.2))
    state,shuffling = torch.get_rng_state(),dls.train.rng.getstate()
    one = list(dls.train)
    torch.set_rng_state(state); dls.train.rng.setstate(shuffling)
    assert same(one, dls.train)

# --- what is out of date is made again

def fresh(data): return np.stack([cache._take_in(data, SIZE, image)[0] for image in pixel_images(data)])

def changed_pixels(image, mask):
    before = os.stat(image)
    Image.fromarray(255-np.array(Image.open(image))).save(image)
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns+1))

def touched_mask(image, mask):
    codes = np.array(Image.open(mask))
    Image.fromarray(11-codes).save(mask)

@pytest.mark.parametrize("spoil", [changed_pixels, touched_mask])
def test_a_changed_file_is_decoded_again_and_the_old_pixels_go(data, spoil):
    before,image = cached_pixels(data, SIZE).copy(),pixel_images(data)[4]
    cached_pixels(data, (8,8))
    spoil(image, data.masks[image])
    after = cached_pixels(data, SIZE)
    assert np.array_equal(after, fresh(data)) and [i for i in range(13) if (after[i]!=before[i]).any()] == [4]
    assert len(kept())==2 # the other size is left alone

@pytest.mark.parametrize("spoil", [
    lambda f: f.write_bytes(f.read_bytes()[:-1]),
    lambda f: f.write_bytes(f.read_bytes()[:50]),
    lambda f: f.write_bytes(b""),
    lambda f: f.write_bytes(b"something else"),
    lambda f: np.save(f, np.zeros((13,4,*SIZE), np.float32)),
    lambda f: np.save(f, np.zeros((12,4,*SIZE), np.uint8)),
    lambda f: f.unlink()])
def test_a_broken_file_is_made_again(data, spoil):
    cached_pixels(data, SIZE)
    spoil(pixel_file(data, SIZE))
    assert np.array_equal(cached_pixels(data, SIZE), fresh(data)) and kept()==[pixel_file(data, SIZE).name]

def test_what_is_kept_is_not_decoded(data, monkeypatch):
    cached_pixels(data, SIZE)
    monkeypatch.setattr(cache, "_planes", None)
    assert cached_pixels(open_data(data.splits["train"][0].parent.parent), SIZE).shape==(13,4,*SIZE)

def test_never_the_pixels_of_something_else(data, tmp_path):
    other = make(tmp_path/"other", seed=1) # the same names
    for a,b in zip(pixel_images(data), pixel_images(other), strict=True): # and the same times
        for x,y in ((a,b),(data.masks[a],other.masks[b])): os.utime(y, ns=(os.stat(x).st_mtime_ns,)*2)
    grouped = replace(data, lookup=np.where(data.lookup==3, 4, data.lookup).astype(np.uint8)) # another meaning of the codes
    fewer = replace(data, splits={**data.splits, "val": data.splits["val"][:2]})
    files = {pixel_file(d, s) for d in (data,other,grouped,fewer) for s in (SIZE,SIZE[::-1])}
    assert len(files)==8
    for d in (data,other,grouped,fewer): assert np.array_equal(cached_pixels(d, SIZE), fresh(d))
    assert len(kept())==4

def test_other_splits_of_the_same_images_share_the_file(data):
    cached_dls(data, SIZE)
    moved = replace(data, splits={"train": data.splits["val"]+data.splits["train"][:8], "val": data.splits["train"][8:]})
    assert same(cached_dls(moved, SIZE).valid, decoded(moved).valid) and len(kept())==1

# --- what is wrong is said, with the file's name

@pytest.mark.parametrize("spoil, words", [
    (lambda i, m: i.write_bytes(i.read_bytes()[:90]), "the image can't be read"),
    (lambda i, m: i.unlink(), "the image can't be read"),
    (lambda i, m: m.write_bytes(b"nothing"), "the mask can't be read"),
    (lambda i, m: m.unlink(), "mask"),
    (lambda i, m: Image.new("L", (16,12)).save(m), "12x16 but its image is 24x32"),
    (lambda i, m: Image.new("L", (32,24), 77).save(m), "outside 0..11")])
@pytest.mark.parametrize("before", [False, True])
def test_a_bad_file_is_named_and_nothing_is_kept(data, spoil, words, before):
    if before: cached_pixels(data, SIZE)
    image = pixel_images(data)[5]
    spoil(image, data.masks[image])
    with pytest.raises(ValueError, match=words) as e: cached_pixels(data, SIZE)
    assert image.stem in str(e.value) and len(kept())==before

def test_a_split_without_images(data):
    with pytest.raises(ValueError, match="no images in its split 'val'"): cached_dls(replace(data, splits={**data.splits, "val": []}), SIZE)

# --- disks

SENTENCE = r"set at 20x28 can't be kept in .*pixels \({}\).*PIXELLADDER_CACHE"

def test_no_room_is_seen_before_anything_is_decoded(data, monkeypatch):
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    monkeypatch.setattr(cache, "_planes", None)
    with pytest.raises(OSError, match=SENTENCE.format("No space left on device")): cached_pixels(data, SIZE)
    assert kept()==[]

@pytest.mark.parametrize("when", ["fsync","replace"])
def test_disk_full_at_the_end(data, monkeypatch, when):
    def full(*args): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(cache.os, when, full)
    with pytest.raises(OSError, match=SENTENCE.format("No space left on device")): cached_pixels(data, SIZE)
    assert kept()==[]

def test_disk_full_in_the_middle(data):
    "The system itself refuses the write; what was kept before is still there"
    cached_pixels(data, (4,4))
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9000, old[1])) # 13*4*20*28 = 29120 bytes are wanted
    try:
        with pytest.raises(OSError, match=SENTENCE.format("File too large")): cached_pixels(data, SIZE)
    finally: resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert kept()==[pixel_file(data, (4,4)).name] and cached_pixels(data, SIZE).shape==(13,4,*SIZE)

def test_a_folder_that_cannot_be_written_to(data, tmp_path, monkeypatch):
    (tmp_path/"file").write_text("")
    monkeypatch.setenv("PIXELLADDER_CACHE", str(tmp_path/"file"))
    with pytest.raises(OSError, match=SENTENCE.format("Not a directory")): cached_pixels(data, SIZE)

@pytest.mark.parametrize("kind", [".npy",".npz"])
def test_a_folder_in_place_of_a_file(data, kind):
    "No room is missing, and it may be somebody's"
    file = pixel_file(data, SIZE).with_suffix(kind)
    file.mkdir(parents=True)
    with pytest.raises(OSError, match=rf"{file.name} can't be written, for it is a folder") as e: cached_pixels(data, SIZE)
    assert "make room" not in str(e.value) and file.is_dir()

def test_a_read_only_folder(monkeypatch):
    "What is kept there is used; what is not can't be made"
    with tempfile.TemporaryDirectory() as root: # pytest's own folders are closed to the user that the superuser turns into here
        Path(root).chmod(0o755)
        monkeypatch.setenv("PIXELLADDER_CACHE", root)
        data,user = make(Path(root)/"set"),os.geteuid()
        cached_pixels(data, SIZE)
        (Path(root)/"pixels").chmod(0o555)
        if user==0: os.seteuid(65534)
        try:
            assert cached_pixels(data, SIZE).shape==(13,4,*SIZE)
            with pytest.raises(OSError, match="at 8x8 can't be kept in .*Permission denied"): cached_pixels(data, (8,8))
        finally: os.seteuid(user)
        assert len(kept())==1
        (Path(root)/"pixels").chmod(0o755)

def test_without_locks_it_works_too(data, monkeypatch):
    def none(*args): raise OSError(errno.EBADF, "no locks here")
    monkeypatch.setattr(files.fcntl, "lockf", none)
    assert np.array_equal(cached_pixels(data, SIZE), fresh(data))
    monkeypatch.setattr(files, "fcntl", None)
    assert cached_pixels(data, (8,8)).shape==(13,4,8,8) and len(kept())==2

# --- processes

def decode(folder, there, slowly=False):
    "Keep the pixels, and say what they add up to and how many images were decoded; or halfway wait for a word"
    plain,seen = cache._planes,[]
    def planes(*args):
        seen.append(1)
        if slowly and len(seen)==7: there.send("halfway"); there.recv()
        return plain(*args)
    cache._planes,cache.os.cpu_count = planes,lambda: 1
    there.send([int(cached_pixels(open_data(folder), SIZE).sum()), len(seen)])

@pytest.mark.parametrize("killed", [False,True])
def test_two_processes_wait_for_each_other(data, killed, tmp_path):
    folder,said = data.splits["train"][0].parent.parent,tmp_path/"said"
    (one,first_end),(two,second_end) = SERVER.Pipe(),SERVER.Pipe()
    first = fork(decode, folder, first_end, True)
    assert one.recv()=="halfway" and len(kept(".*-draft"))==1 and not kept()
    second = fork(decode, folder, second_end, out=said)
    while f"waiting for process {first.pid}, which is decoding images into" not in (said.read_text() if said.exists() else ""):
        assert second.is_alive()
        time.sleep(.02)
    if killed: first.kill(); first.join()
    else: one.send("go on"); assert one.recv()[1]==13
    assert two.recv()==[fresh(data).sum(), 13 if killed else 0]
    second.join()
    assert kept()==[pixel_file(data, SIZE).name] and not kept(".*-draft") # the draft of the one that was killed is gone

def test_ctrl_c_leaves_nothing(data, monkeypatch):
    def stop(*args): raise KeyboardInterrupt
    monkeypatch.setattr(cache, "_planes", stop)
    with pytest.raises(KeyboardInterrupt): cached_pixels(data, SIZE)
    assert kept()==[]

def test_asking_how_many_inputs_there_are_draws_nothing(data):
    "fastai would find out by making a batch; a run that was resumed would ask later than one that wasn't"
    dls = cached_dls(data, (20,28), bs=2)
    before = torch.get_rng_state()
    assert dls.n_inp==1 and torch.equal(torch.get_rng_state(), before)

# --- each file is read once

def test_a_warm_start_of_codes_without_names_reads_no_mask(tmp_path, monkeypatch):
    "What they mean is guessed from the masks, once; after a change once more"
    for folder in ("images","labels"): (tmp_path/"mine"/folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(6):
        Image.fromarray(rng.integers(0, 255, (20,28,3), dtype=np.uint8)).save(tmp_path/"mine"/"images"/f"a{i}.png")
        Image.fromarray(rng.integers(0, 3, (20,28), dtype=np.uint8)).save(tmp_path/"mine"/"labels"/f"a{i}.png")
    assert open_data(tmp_path/"mine").codes==["class 0","class 1","class 2"]
    decode,opened = Image.open,[]
    monkeypatch.setattr(Image, "open", lambda *args, **kwargs: opened.append(args) or decode(*args, **kwargs))
    assert open_data(tmp_path/"mine").n==3 and not opened
    Image.fromarray(np.full((20,28), 4, np.uint8)).save(tmp_path/"mine"/"labels"/"a0.png")
    assert open_data(tmp_path/"mine").n==5 and opened

def test_a_warm_start_reads_no_image(data, tmp_path, monkeypatch):
    "Neither pixels nor masks nor counts: a training that starts again opens no picture"
    from pixelladder.train import train
    options = dict(arch="squeezenet1_1", size=SIZE, batch_size=4, epochs=1, class_weights=.5)
    folder = str(data.splits["train"][0].parent.parent)
    opened,open_image = [],Image.open
    def counted(*args, **kwargs): opened.append(args[0]); return open_image(*args, **kwargs)
    monkeypatch.setattr(Image, "open", counted)
    train(folder, tmp_path/"cold", **options)
    images = set(map(str, opened))
    assert len(opened)==len(images)==26 # 13 pictures and 13 masks, each once
    opened.clear()
    train(folder, tmp_path/"warm", **options)
    assert opened==[]
    train(folder, tmp_path/"held", **options, holdout="sequence")
    assert opened==[] # another split of the same images

def test_zoomed_masks_have_void_around_them(monkeypatch):
    "Whatever its code is"
    for code in (VOID,77):
        monkeypatch.setattr(cache, "VOID", code)
        _,y = Augment(flip=0, zoom=(.5,.5)).encodes((TensorImage(torch.zeros(1,3,8,8)), TensorMask(torch.ones(1,8,8, dtype=torch.int64))))
        assert set(y.unique().tolist())=={1,code}
