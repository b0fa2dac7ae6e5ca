"Data sets on disk: layouts, splits, and every fault with its file and its sentence."
import pickle, time
import numpy as np, pytest
from PIL import Image
from conftest import segnet_folder
from terminal import fork
from pixelladder.codes import CAMVID, CAMVID_CODES, VOID
from pixelladder.data import check_data, check_image, class_shares, open_data, split_for
from pixelladder.learner import class_weights
from pixelladder.streets import SEQUENCES, draw_street, make_streets, split_of_frame

@pytest.fixture
def segnet(tmp_path):
    "Eight train and two val images in SegNet's layout, from two sequences"
    return segnet_folder(tmp_path, {"train": 8, "val": 2}, stem=lambda split, i: f"{'ab'[i%2]}_{split}{i}")

def annot(root, i=0): return sorted((root/"trainannot").iterdir())[i]
def save(array, path): Image.fromarray(np.asarray(array, np.uint8)).save(path)

def test_segnet_layout(segnet):
    data = open_data(segnet)
    assert data.codes == list(CAMVID_CODES) and [len(s) for s in data.splits.values()] == [8, 2] and check_data(data) == []
    image = data.splits["train"][0]
    raw = np.array(Image.open(annot(segnet)))
    assert (data.mask(image) == np.where(raw==11, VOID, raw)).all()
    assert pickle.loads(pickle.dumps(data)).mask(image).shape == (24,32)

def test_palette_masks_keep_their_codes(segnet):
    data = open_data(segnet)
    before = data.mask(data.splits["train"][0])
    mask = Image.open(annot(segnet)).convert("P"); mask.putdata(list(Image.open(annot(segnet)).getdata())); mask.putpalette([7]*768)
    mask.save(annot(segnet))
    assert (data.mask(data.splits["train"][0]) == before).all()

def test_all_faults_at_once(segnet):
    save(np.zeros((24,32,3)), annot(segnet, 1)); annot(segnet, 2).unlink()
    sorted((segnet/"train").iterdir())[4].write_bytes(b"\x89PNG broken")
    for p in (segnet/"val").iterdir(): p.unlink()
    faults = check_data(open_data(segnet))
    assert len(faults)==4 and "'val' has no images" in faults[0]
    with pytest.raises(ValueError, match="no images in its split 'val'"): open_data(segnet).dls((24,32))

def test_no_such_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"): open_data(tmp_path/"none")
    with pytest.raises(FileNotFoundError, match="fastai's layout"): open_data(tmp_path)

def test_fastai_layout_of_32_codes_or_11(tmp_path):
    for f in ("images","labels"): (tmp_path/f).mkdir()
    codes = np.arange(32, dtype=np.uint8).reshape(4,8)
    for i in range(5):
        Image.fromarray(np.zeros((4,8,3), np.uint8)).save(tmp_path/"images"/f"0001TP_{i}.png"); Image.fromarray(codes).save(tmp_path/"labels"/f"0001TP_{i}_P.png")
    (tmp_path/"codes.txt").write_text("\n".join(CAMVID)); (tmp_path/"valid.txt").write_text("0001TP_3.png")
    all31,grouped = open_data(tmp_path),open_data(tmp_path, classes=11)
    image = all31.splits["val"][0]
    assert image.name=="0001TP_3.png" and all31.n==31 and "Void" not in all31.codes
    assert all31.mask(image).ravel().tolist() == [*range(30), VOID, 30]
    names = list(CAMVID)
    for code,mapped in zip(codes.ravel(), grouped.mask(image).ravel()):
        group = CAMVID[names[code]][1]
        assert mapped == (VOID if group is None else CAMVID_CODES.index(group))
    with pytest.raises(ValueError, match="classes=7"): open_data(tmp_path, classes=7)

def test_sequences_are_held_out_whole(segnet):
    data = open_data(segnet)
    train,valid = split_for(data, "sequence")
    assert {data.sequence(p) for p in train}.isdisjoint({data.sequence(p) for p in valid}) and len(train)+len(valid)==8

def test_each_drive_can_be_held_out(segnet):
    data = open_data(segnet)
    drives = sorted(set(map(data.sequence, data.splits["train"])))
    held = {d: split_for(data, d) for d in drives}
    assert len(drives) > 1
    for d,(train,valid) in held.items():
        assert valid and {data.sequence(p) for p in valid}=={d} and set(train)|set(valid)==set(data.splits["train"])
        assert d not in map(data.sequence, train)
    for wrong in ("drives","0099XX",""):
        with pytest.raises(ValueError, match=f"{wrong!r}.*{drives[0]}"): split_for(data, wrong)
    data.splits["train"] = held[drives[0]][1] # a single drive
    with pytest.raises(ValueError, match="two training drives or more"): split_for(data, drives[0])

def test_download_without_network(monkeypatch):
    def refuse(*args): raise OSError("no network")
    monkeypatch.setattr("pixelladder.data.untar_data", refuse)
    with pytest.raises(OSError, match="streets"): open_data("camvid")

def test_batches_keep_codes(segnet):
    xb,yb = open_data(segnet).dls((12,16), bs=4, num_workers=0).one_batch()
    assert xb.shape==(4,3,12,16) and yb.shape==(4,12,16) and set(yb.unique().tolist()) <= {*range(11), VOID}

@pytest.mark.parametrize("size", [(8,8), (31,33), (96,128), (192,256)])
def test_streets_same_seed_same_pixels(size):
    (a,m),(b,n) = draw_street("fog", 3, size),draw_street("fog", 3, size)
    assert a.shape==(*size,3) and m.shape==size and (a==b).all() and (m==n).all() and m.max() <= 11

def test_streets_have_every_class_in_every_sequence():
    for s,(n,*_) in SEQUENCES.items():
        seen = set().union(*(set(np.unique(draw_street(s, f, (96,128))[1]).tolist()) for f in range(0, n, 6)))
        assert seen == set(range(12)), (s, set(range(12))-seen)

def test_thin_things_stay_thin_and_whole():
    "A lamp post far away is still a line without gaps, one or two pixels wide"
    from pixelladder.streets import Canvas, POLE
    for z in (10, 25, 60, 100):
        c = Canvas(SEQUENCES["noon"], 0., (192,256))
        c.line((2,0,z), (2,6.5,z), .16, (80,80,80), POLE)
        mask = np.array(c.mask)[1::3, 1::3]
        top,foot = (round(c.point(2, y, z)[1]/3) for y in (6.5, 0))
        wide = (mask[max(top,0)+1:min(foot,192)-1]==POLE).sum(1)
        assert len(wide) > 5 and wide.min() >= 1 and wide.max() <= max(2, .16*c.focal/3/z+1), (z, wide)

def test_mask_is_the_class_at_the_centre_of_each_pixel():
    "Drawn three times as large, the middle of each 3x3 block is the mask of the small picture"
    small,large = draw_street("suburb", 4, (64,80))[1],draw_street("suburb", 4, (192,240))[1]
    assert (small == large[1::3, 1::3]).mean() > .95

def make_slowly(folder):
    "Each picture takes its time, and no processor's"
    import pixelladder.streets as streets
    def draw(*args):
        time.sleep(.02)
        return np.zeros((16,24,3), np.uint8),np.zeros((16,24), np.uint8)
    streets.draw_street = draw
    assert streets.make_streets(folder, (16,24))==folder

def test_streets_by_two_processes_at_once(tmp_path):
    both = [fork(make_slowly, tmp_path/"s") for _ in range(2)]
    for p in both: p.join()
    assert [p.exitcode for p in both] == [0,0]
    assert [p.name for p in tmp_path.iterdir()] == ["s"] and len(list((tmp_path/"s"/"images").iterdir())) == 198

def test_streets_on_disk_are_all_or_nothing(tmp_path, monkeypatch):
    import pixelladder.streets as streets
    def stop(*args): raise KeyboardInterrupt
    with monkeypatch.context() as m:
        m.setattr(streets, "draw_street", stop)
        with pytest.raises(KeyboardInterrupt): make_streets(tmp_path/"s", (16,24))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(streets, "draw_street", lambda *args: (np.zeros((16,24,3), np.uint8),np.zeros((16,24), np.uint8)))
    data = open_data(make_streets(tmp_path/"s", (16,24)))
    assert {k: len(v) for k,v in data.splits.items()} == {k: sum(split_of_frame(s,f)==k for s,(n,*_) in SEQUENCES.items() for f in range(n)) for k in ("train","val","test")}

def test_streets_are_drawn_into_a_folder_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr("pixelladder.streets.draw_street", lambda *args: (np.zeros((16,24,3), np.uint8),np.zeros((16,24), np.uint8)))
    (tmp_path/"empty").mkdir() # one that is there may be given; a second call finds them
    made = make_streets(tmp_path/"empty", (16,24))
    assert make_streets(tmp_path/"empty", (16,24))==made and len(list((made/"images").iterdir())) > 100
    for folder,size in ((made,(24,32)),(tmp_path,(16,24))):
        with pytest.raises(ValueError, match=f"holds no drawn streets of {size[0]}x{size[1]}"): make_streets(folder, size)

def test_a_path_as_text_is_a_path(segnet):
    data = open_data(segnet)
    annot(segnet).write_bytes(b"no picture")
    image = data.splits["train"][0]
    assert check_image(data, str(image))==check_image(data, image) and "can't be read" in check_image(data, str(image))[0]
    assert "not one of the images" in check_image(data, "elsewhere.png")[0] and "not one of the images" in check_image(data, None)[0]

def test_an_image_is_found_from_elsewhere(segnet, monkeypatch):
    "Relative or not, whichever way the data was opened"
    monkeypatch.chdir(segnet.parent)
    data = open_data(segnet.name)
    image = data.splits["train"][0]
    assert not image.is_absolute() and data.sequence(image.resolve())==data.sequence(image)=="a"
    assert check_image(data, image.resolve())==[] and (data.mask(str(image.resolve()))==data.mask(image)).all()
    data.masks[image] = None
    for wrong,words in (image,"has no mask"),("nope.png","not one of the images"),(None,"not one of the images"):
        with pytest.raises(ValueError, match=words): data.mask(wrong)

def test_a_split_that_isn_t_there(segnet):
    data = open_data(segnet)
    for count in class_shares,class_weights:
        with pytest.raises(ValueError, match="no images in the split 'test'; it has train, val"): count(data, "test")
    assert check_data(data, "train")==[] and "'dev' has no images" in check_data(data, "dev")[0]
