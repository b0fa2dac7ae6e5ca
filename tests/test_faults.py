"""Data with every fault that was ever planted: each is named by its file before anything is trained, nothing else is, and no traceback is seen."""
import os, re
import numpy as np, pytest
from PIL import Image
from terminal import told
from pixelladder.cache import cached_dls
from pixelladder.data import check_data, near_copies, open_data

SIZE = (24,32)
NAMES = ["Sky","Road","Car","Void"]

def picture(): return np.random.default_rng(0).integers(0, 255, (*SIZE,3), dtype=np.uint8)
def codes(): return np.random.default_rng(1).integers(0, 4, SIZE, dtype=np.uint8)

@pytest.fixture
def fastai(tmp_path):
    "Eight images in fastai's layout, two of them in valid.txt"
    root = tmp_path/"set"
    for f in ("images","labels"): (root/f).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(8):
        Image.fromarray(rng.integers(0, 255, (*SIZE,3), dtype=np.uint8)).save(root/"images"/f"a_{i}.png")
        Image.fromarray(rng.integers(0, 4, SIZE, dtype=np.uint8)).save(root/"labels"/f"a_{i}_P.png")
    (root/"codes.txt").write_text("\n".join(NAMES)+"\n")
    (root/"valid.txt").write_text("a_6.png\na_7.png\n")
    return root

def image(root, i=2): return root/"images"/f"a_{i}.png"
def label(root, i=2): return root/"labels"/f"a_{i}_P.png"
def save(array, path, **kwargs): Image.fromarray(array).save(path, **kwargs)
def turned(path):
    exif = Image.Exif()
    exif[0x0112] = 6 # a quarter turn
    Image.fromarray(picture()).save(path.with_suffix(".jpg"), exif=exif)
    path.unlink()
def pipe(path): path.unlink(); os.mkfifo(path)
def renamed(path, suffix): path.unlink(); Image.fromarray(np.zeros(SIZE, np.uint8)).save(path.with_suffix(suffix))

FILES = { # what is done to the third image or mask; what is said; the file that is named
    "16-bit grey image": (lambda r: save(np.linspace(0, 65535, 24*32).reshape(SIZE).astype(np.uint16), image(r)), "16 or 32 bits a pixel", "a_2.png"),
    "float image": (lambda r: (image(r).unlink(), Image.fromarray(np.random.rand(*SIZE).astype(np.float32)).save(image(r).with_suffix(".tif"))), "fractions", "a_2.tif"),
    "broken image": (lambda r: image(r).write_bytes(image(r).read_bytes()[:200]), "the image can't be read", "a_2.png"),
    "empty image": (lambda r: image(r).write_bytes(b""), "the image can't be read", "a_2.png"),
    "a pipe as image": (lambda r: pipe(image(r)), "pipe", "a_2.png"),
    "a pipe as mask": (lambda r: pipe(label(r)), "pipe", "a_2_P.png"),
    "a folder as image": (lambda r: (image(r).unlink(), image(r).mkdir()), "folder", "a_2.png"),
    "a picture turned by its EXIF": (lambda r: turned(image(r)), "turned as a viewer shows it, by its EXIF", "a_2_P.png"),
    "float mask": (lambda r: (label(r).unlink(), Image.fromarray(np.random.rand(*SIZE).astype(np.float32)).save(label(r), "TIFF")), "fractions", "a_2_P.png"),
    "1-bit mask": (lambda r: save(codes()>1, label(r)), "black-and-white mask (0/255)", "a_2_P.png"),
    "0/255 mask": (lambda r: save((codes()>1)*np.uint8(255), label(r)), "black-and-white mask (0/255)", "a_2_P.png"),
    "16-bit mask of large codes": (lambda r: save(codes().astype(np.uint16)*300, label(r)), "outside 0..3", "a_2_P.png"),
    "a code too many": (lambda r: save(codes()+1, label(r)), "off by one", "a_2_P.png"),
    "colour mask": (lambda r: save(picture(), label(r)), "colour picture", "a_2_P.png"),
    "smoothed mask": (lambda r: save(np.arange(24*32, dtype=np.int64).reshape(SIZE).astype(np.uint8), label(r)), "smoothing filter", "a_2_P.png"),
    "mask of another size": (lambda r: save(np.zeros((12,16), np.uint8), label(r)), "12x16 but its image is 24x32", "a_2_P.png"),
    "mask that is turned": (lambda r: save(codes().T.copy(), label(r)), "turned", "a_2_P.png"),
    "all void": (lambda r: save(np.full(SIZE, 3, np.uint8), label(r)), "none of its pixels is labelled", "a_2_P.png"),
    "broken mask": (lambda r: label(r).write_bytes(b"nothing"), "the mask can't be read", "a_2_P.png"),
    "no mask": (lambda r: label(r).unlink(), "there is no mask", "a_2.png"),
    "a mask of another kind": (lambda r: renamed(label(r), ".gif"), ".gif in labels/ isn't read", "a_2_P.gif"),
    "an image of another kind": (lambda r: renamed(image(r), ".gif"), ".gif in images/ isn't read", "a_2.gif"),
    "mask without an image": (lambda r: image(r).unlink(), "no image for this mask", "a_2_P.png"),
    "two images of one name": (lambda r: save(picture(), image(r).with_suffix(".jpg")), "more than one image", "a_2"),
    "a typo in valid.txt": (lambda r: (r/"valid.txt").write_text("a_6.png\na-7.png\n"), "did you mean a_7.png?", "a-7.png"),
    "no extension in valid.txt": (lambda r: (r/"valid.txt").write_text("a_6.png\na_7\n"), "did you mean a_7.png?", "a_7"),
    "a folder in valid.txt": (lambda r: (r/"valid.txt").write_text("a_6.png\nimages/a_7.png\n"), "did you mean a_7.png?", "images/a_7.png"),
    "an image in two splits": (lambda r: (r/"test.txt").write_text("a_7.png\n"), "'val' and in 'test'", "a_7.png"),
}

@pytest.mark.parametrize("fault", FILES)
def test_it_is_named_before_training(fastai, tmp_path, fault):
    spoil,words,name = FILES[fault]
    spoil(fastai)
    said = "\n".join(check_data(open_data(fastai)))
    assert words in said and name in said, said
    named = set(re.findall(r"\ba_\d(?:_P)?(?=[.: ]|$)", said))
    assert {n.split("_P")[0] for n in named} <= {"a_2","a_7"}, said # and nothing else
    for words_ in (["data",fastai], ["train","--data",fastai,"--out",tmp_path/"m","--size","24x32"]):
        status,text = told(*words_)
        assert status==2 and words in text and "Traceback" not in text, text
    assert not (tmp_path/"m").exists()

def test_crops_are_checked_too(fastai, tmp_path):
    FILES["all void"][0](fastai)
    status,text = told("train","--data",fastai,"--out",tmp_path/"m","--crop","24x32")
    assert status==2 and "none of its pixels" in text

CODES = { # codes.txt as bytes, and what is said; None where it is understood
    "byte-order mark": (b"\xef\xbb\xbfSky\nRoad\nCar\nVoid\n", None), "other line ends": (b"Sky\r\nRoad\r\nCar\r\nVoid\r\n\r\n", None), "small void": (b"Sky\nRoad\nCar\nvoid", None),
    "twice": (b"Sky\nRoad\nSky\nVoid\n", "'Sky' stands in the lines 1 and 3"), "an empty line": (b"Sky\n\nCar\nVoid\n", "line 2 is empty"), "a first empty line": (b"\nSky\nCar\nVoid\n", "line 1 is empty"),
    "nothing": (b"", "lists no names"), "blanks": (b"\n \n", "lists no names"), "latin-1": ("Sky\nStraße\n".encode("latin-1"), "not UTF-8 (line 2)"), "utf-16": ("Sky\nRoad\n".encode("utf-16"), "not UTF-8"),
    "256 names": ("\n".join(f"c{i}" for i in range(256)).encode(), "lists 256 names"), "300 names": ("\n".join(f"c{i}" for i in range(300)).encode(), "lists 300 names"),
    "255 classes": ("\n".join(f"c{i}" for i in range(255)).encode(), "lists 255 names"), "254 classes": ("\n".join(f"c{i}" for i in range(254)).encode(), None)}

@pytest.mark.parametrize("fault", CODES)
def test_the_list_of_names(fastai, fault):
    text,words = CODES[fault]
    (fastai/"codes.txt").write_bytes(text)
    if words:
        status,said = told("data", fastai)
        assert status==2 and words in said and "codes.txt" in said and "Traceback" not in said, said
    else:
        data = open_data(fastai)
        assert check_data(data)==[] and "\ufeff" not in "".join(data.codes) and (data.n==254 or data.codes==NAMES[:3])
        assert data.n==254 or {*np.unique(data.mask(image(fastai)))} <= {0,1,2,255}

def test_all_at_once_are_grouped(fastai, tmp_path):
    "Two files with the same fault are one line, and each is named"
    for i in (1,2,4): save(np.full(SIZE, 3, np.uint8), label(fastai, i))
    label(fastai, 3).unlink()
    save(codes()>1, label(fastai, 5))
    status,text = told("train","--data",fastai,"--out",tmp_path/"m","--size","24x32")
    assert status==2 and "5 fault(s)" in text and "3 files: none of its pixels is labelled" in text and "a_1_P.png, a_2_P.png, a_4_P.png" in text, text
    assert "a_3.png: there is no mask" in text and "a_5_P.png:" in text and not re.search(r"\ba_[067]", text) and "Traceback" not in text

def test_what_is_fine_is_fine(fastai):
    "Files that are no pictures, hidden ones, and 16-bit masks whose codes are small"
    (fastai/"images"/".DS_Store").write_bytes(b"x"); (fastai/"images"/"._a_1.png").write_bytes(b"x"); (fastai/"images"/"notes.txt").write_text("x")
    save(codes().astype(np.uint16), label(fastai))
    assert check_data(open_data(fastai))==[]
    data = open_data(fastai)
    assert (data.mask(image(fastai))==np.where(codes()==3, 255, codes())).all()

def test_a_photo_is_turned_as_a_viewer_shows_it(fastai):
    turned(image(fastai))
    save(np.ascontiguousarray(codes().T), label(fastai))
    data = open_data(fastai)
    assert check_data(data)==[] and data.image(fastai/"images"/"a_2.jpg").shape==(32,24,3)
    xb,yb = data.dls((24,32), bs=6, num_workers=0).one_batch()
    assert xb.shape==(6,3,24,32) and yb.shape==(6,24,32)

def test_copies_are_told(fastai):
    Image.open(image(fastai, 1)).save(image(fastai, 6).with_suffix(".bmp")); image(fastai, 6).unlink()
    (fastai/"valid.txt").write_text("a_6.bmp\na_7.png\n")
    found = near_copies(open_data(fastai))
    assert len(found)==1 and found[0].startswith("a_6.bmp") and "a_1.png in 'train' is the same" in found[0]
    assert "a_6.bmp" in told("data", fastai)[1]

@pytest.mark.parametrize("size", ["--size","--crop"])
def test_fewer_images_than_a_batch_are_trained_all_the_same(fastai, tmp_path, size):
    status,text = told("train","--data",fastai,"--out",tmp_path/"m",size,"24x32","--arch","squeezenet1_1","--epochs","1","--batch-size","16")
    assert status==0 and "batches of 6, not of 16" in text and "nan" not in text, text

def test_batches_of_what_there_is(fastai):
    for dls in (open_data(fastai).dls(SIZE, bs=64, num_workers=0), cached_dls(open_data(fastai), SIZE, 64)):
        assert len(dls.train)==1 and len(dls.train.one_batch()[0])==6
    with pytest.raises(ValueError, match="`bs` must be a whole number"): open_data(fastai).dls(SIZE, bs=0)
