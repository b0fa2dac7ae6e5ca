"Own data: five layouts as people have them, each clean and each with its faults planted, and what is guessed, said and written down."
import json, re, subprocess, sys
from pathlib import Path
import numpy as np, pytest
from PIL import Image
from terminal import here, told
from pixelladder.codes import CITYSCAPES, VOID
from pixelladder.body import Body, DensePredictor, find_head
from pixelladder.predict import recipe, save_model
from pixelladder.report import score_model
from pixelladder.data import check_data, list_faults, open_data
from pixelladder.holdout import draw_split, find_drives
from pixelladder.labels import as_codes, as_legend, void_of
from pixelladder.layouts import find_data, write_dataset

SIZE = (16,24)

def photo(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*SIZE,3), dtype=np.uint8)).save(path)

def mask(path, values, seed=0):
    "A mask in which each of `values` (codes or colours) is there"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.array(values, np.uint8)
    at = np.random.default_rng(seed).integers(0, len(values), SIZE)
    at.flat[:len(values)] = range(len(values))
    Image.fromarray(values[at]).save(path)

def grey(root, n=10, values=(0,1,2,3,255)):
    for i in range(n):
        photo(root/"images"/f"img_{i:03}.jpg", i)
        mask(root/"masks"/f"img_{i:03}.png", values, i)
    return root

def binary(root):
    for i in range(10):
        photo(root/"images"/f"DSC_{i:03}.jpg", i)
        mask(root/"masks"/f"DSC_{i:03}_mask.png", (0,255) if i else (0,0), i)
    return root

COLOURS = {"sky": (0,0,255), "road": (90,90,90), "unlabelled": (0,0,0)}
def legend(root):
    for i in range(10):
        photo(root/"images"/f"{i:03}.png", i)
        mask(root/"labels"/f"{i:03}_L.png", list(COLOURS.values()), i)
    (root/"legend.csv").write_text("name,r,g,b\n"+"".join(f"{k},{','.join(map(str, v))}\n" for k,v in COLOURS.items()))
    return root

def cityscapes(root):
    for split,city in [("train","aachen"),("train","bonn"),("val","ulm"),("test","berlin")]:
        for i in range(4):
            stem = f"{city}_{i:06}_000019"
            photo(root/"leftImg8bit"/split/city/f"{stem}_leftImg8bit.png", i)
            place = root/"gtFine"/split/city
            mask(place/f"{stem}_gtFine_labelIds.png", (3,) if split=="test" else (0,3,7,11,26,33), i)
            mask(place/f"{stem}_gtFine_color.png", [(1,2,3),(4,5,6)], i)
            mask(place/f"{stem}_gtFine_instanceIds.png", (7,200), i)
    return root

CATEGORIES = [{"id": 1, "name": "person"}, {"id": 17, "name": "cat"}, {"id": 187, "name": "sky"}]
def coco(root):
    for split in ("train2017","val2017"):
        notes = []
        for i in range(4):
            photo(root/split/f"{i:012}.jpg", i)
            mask(root/"annotations"/f"panoptic_{split}"/f"{i:012}.png", [(0,0,0),(i+1,1,0),(7,0,1)], i)
            segments = [{"id": i+1+256, "category_id": 17}, {"id": 7+256**2, "category_id": 187}]
            notes.append({"file_name": f"{i:012}.png", "segments_info": segments})
        (root/"annotations"/f"panoptic_{split}.json").write_text(json.dumps({"categories": CATEGORIES, "annotations": notes}))
    return root

LAYOUTS = { # how it is made, names of the classes, values of the masks in memory, numbers of images
    "grey": (grey, ["class 0","class 1","class 2","class 3"], {0,1,2,3,VOID}, {"train": 8, "val": 2}),
    "binary": (binary, ["background","foreground"], {0,1}, {"train": 8, "val": 2}),
    "legend": (legend, ["sky","road"], {0,1,VOID}, {"train": 8, "val": 2}),
    "cityscapes": (cityscapes, list(CITYSCAPES.values()), {0,2,13,18,VOID}, {"train": 8, "val": 4}),
    "coco": (coco, ["person","cat","sky"], {1,2,VOID}, {"train": 4, "val": 4})}

@pytest.mark.parametrize("kind", LAYOUTS)
def test_it_opens_with_nothing_said(tmp_path, kind):
    make,names,values,counts = LAYOUTS[kind]
    data = open_data(make(tmp_path/"set"))
    assert data.codes==names and {s: len(p) for s,p in data.splits.items()}==counts and check_data(data)==[], check_data(data)
    assert set().union(*(np.unique(data.mask(p)) for p in data.masks))==values
    assert data.dls((8,12), bs=2, num_workers=0).one_batch()[0].shape==(2,3,8,12)

@pytest.mark.parametrize("kind", LAYOUTS)
def test_written_down_it_is_the_same(tmp_path, kind):
    root = LAYOUTS[kind][0](tmp_path/"set")
    before,found = open_data(root),find_data(root)
    if kind!="coco": write_dataset(root, found)
    after = open_data(root)
    assert after.codes==before.codes and after.splits==before.splits and not any("guessed" in s for s in after.said) or kind=="coco"
    for p in before.masks: assert (before.mask(p)==after.mask(p)).all()

def images(root): return sorted(p for p in root.rglob("*") if p.suffix in (".jpg",".png") and not re.search(r"mask|label|annot|gtFine|/test/", str(p.relative_to(root))))
def masks(root): return sorted(p for p in root.rglob("*.png") if re.search(r"masks/|labels/|panoptic|labelIds", str(p.relative_to(root))) and "/test/" not in str(p))

FAULTS = { # what is done to the second mask or image, and what is said
    "no mask": (lambda r: masks(r)[1].unlink(), "there is no mask for it, such as"),
    "no image": (lambda r: images(r)[1].unlink(), "there is no image for this mask in"),
    "another size": (lambda r: Image.open(masks(r)[1]).resize((12,8), Image.Resampling.NEAREST).save(masks(r)[1]), "8x12 but its image is 16x24"),
    "broken image": (lambda r: images(r)[1].write_bytes(b"\xff\xd8nothing"), "the image can't be read"),
    "broken mask": (lambda r: masks(r)[1].write_bytes(b"nothing"), "the mask can't be read")}

@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", LAYOUTS)
def test_each_fault_is_named(tmp_path, kind, fault):
    root = LAYOUTS[kind][0](tmp_path/"set")
    spoil,words = FAULTS[fault]
    if "mask" in fault or fault=="another size": named = masks(root)[1]
    else: named = images(root)[1]
    spoil(root)
    faults = check_data(open_data(root))
    stem = re.sub(r"_(mask|L|gtFine_labelIds|leftImg8bit)$", "", named.stem)
    assert len(faults)==1 and words in faults[0] and stem in faults[0], faults
    status,said = told("data", root)
    assert status==2 and words in said and "Traceback" not in said and len(said.splitlines()) < 40, said

CODES = { # faults of codes: layout, what is done, what is said, the option that helps
    "a code too many": ("grey", lambda r: (r/"codes.txt").write_text("a\nb\nvoid"), "likely cause", "--codes"),
    "an unknown colour": ("legend", lambda r: Image.new("RGB", SIZE[::-1], (1,2,3)).save(r/"labels"/"001_L.png"), "(1, 2, 3)", "in the colours of the classes"),
    "colours without a legend": ("legend", lambda r: (r/"legend.csv").unlink(), "colour picture", "--colours"),
    "a name that fits no colour": ("legend", lambda r: (r/"codes.txt").write_text("sky\ntree"), "'road'", "the same names"),
    "grey levels": ("grey", lambda r: Image.fromarray(np.arange(384, dtype=np.int64).reshape(SIZE).astype(np.uint8)).save(r/"masks"/"img_001.png"), "different values", "--codes"),
    "no segments": ("coco", lambda r: (r/"annotations"/"panoptic_val2017.json").unlink(), "list of segments", "panoptic_val2017.json"),
    "polygons": ("grey", lambda r: [p.rename(p.with_suffix(".json")) for p in (r/"masks").iterdir()], "holds no pictures", "into PNGs"),
    "other names": ("grey", lambda r: [p.rename(p.with_name(f"{i}.png")) for i,p in enumerate(sorted((r/"masks").iterdir()))], "masks/img_000.png is wanted, and masks/0.png is there", "rename")}

def test_many_files_with_one_fault_are_one_line(tmp_path):
    root = grey(tmp_path/"set", 30)
    (root/"codes.txt").write_text("a\nb\nvoid")
    text = list_faults(data := open_data(root), check_data(data))
    assert "30 files: " in text and "and 18 more" in text and len(text.splitlines())==3, text

def test_no_data_set_is_said_at_once(tmp_path):
    for folder in ("a/b","c"): (tmp_path/folder).mkdir(parents=True)
    (tmp_path/"notes.txt").write_text("x")
    code = f"import sys, pixelladder.cli as c\ntry: c.main({['data', str(tmp_path)]!r})\nexcept SystemExit as e: assert e.code==2\nassert not {{'torch','fastai','pandas','matplotlib'}} & set(sys.modules)"
    r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert r.returncode==0 and "it holds a/, c/, notes.txt" in r.stderr and "`images/` and `masks/`" in r.stderr, r.stderr

# --- options

def test_folders_codes_and_void_by_name(tmp_path):
    root = grey(tmp_path/"set", values=(0,1,7,9))
    (root/"images").rename(tmp_path/"photos"); (root/"masks").rename(tmp_path/"truth")
    data = open_data(images=tmp_path/"photos", masks=tmp_path/"truth", codes={0: "ground", 1: "tree", 7: "tree"}, void=9, val=.3)
    assert data.codes==["ground","tree"] and check_data(data)==[] and len(data.splits["val"])==3
    assert set(np.unique(data.mask(data.splits["train"][0])))=={0,1,VOID}
    with pytest.raises(ValueError, match="`images` and `masks` belong together"): open_data(images=tmp_path/"photos")

@pytest.mark.parametrize("void, left", [(255, {0,1,2,3}), ([0,255], {0,1,2}), ("class 3", {0,1,2}), ([0,"class 3",255], {0,1})])
def test_several_codes_are_void(tmp_path, void, left):
    root = grey(tmp_path/"set")
    codes = {i: f"class {i}" for i in range(4)}
    data = open_data(root, codes=codes, void=void)
    assert data.n==len(left)
    if 255 in np.atleast_1d(np.array(void, object)): assert set().union(*(np.unique(data.mask(p)) for p in data.masks))==left|{VOID}

def test_a_void_colour(tmp_path):
    root = legend(tmp_path/"set")
    data = open_data(root, colours={"sky": (0,0,255), "road": "#5a5a5a"}, void="#000000")
    assert data.codes==["sky","road"] and check_data(data)==[] and set(np.unique(data.mask(data.splits["val"][0])))=={0,1,VOID}

def test_two_names_make_black_and_white_two_classes(tmp_path):
    root = binary(tmp_path/"set")
    (root/"classes.txt").write_text("meadow\nsheep\n")
    data = open_data(root)
    assert data.codes==["meadow","sheep"] and any("255 is 'sheep'" in s for s in data.said)

def test_masks_in_the_same_folder_and_nested(tmp_path):
    for i in range(6):
        photo(tmp_path/"a"/f"s{i%2}"/f"{i}.jpg", i); mask(tmp_path/"a"/f"s{i%2}"/f"{i}_mask.png", (0,1), i)
        photo(tmp_path/"b"/f"{i}.jpg", i); mask(tmp_path/"b"/f"{i}.png", (0,1), i)
        photo(tmp_path/"c"/"train"/"images"/f"{i}.jpg", i); mask(tmp_path/"c"/"train"/"masks"/f"{i}.png", (0,1), i)
        photo(tmp_path/"d"/"images"/"training"/f"{i}.jpg", i); mask(tmp_path/"d"/"annotations"/"training"/f"{i}.png", (0,1), i)
        photo(tmp_path/"d"/"images"/"validation"/f"v{i}.jpg", i); mask(tmp_path/"d"/"annotations"/"validation"/f"v{i}.png", (0,1), i)
        photo(tmp_path/"e"/"unpacked"/"Images"/f"{i}.jpg", i); mask(tmp_path/"e"/"unpacked"/"Masks"/f"{i}.jpg.png", (0,1), i)
    for kind in "abcde":
        data = open_data(tmp_path/kind)
        assert check_data(data)==[] and len(data.masks)==(12 if kind=="d" else 6) and data.n==2, (kind, check_data(data))
    assert [len(p) for p in open_data(tmp_path/"d").splits.values()]==[6,6]
    assert set(open_data(tmp_path/"a").drives.values())=={"s0","s1"}

def test_splits_from_lists(tmp_path):
    root = grey(tmp_path/"set")
    (root/"train.txt").write_text("".join(f"img_{i:03}\n" for i in range(5))); (root/"val.txt").write_text("img_005\nimg_006\n")
    data = open_data(root)
    assert [len(p) for p in data.splits.values()]==[5,2] and any("3 images are in none" in s for s in data.said)
    (tmp_path/"mine.txt").write_text("img_009.jpg\n")
    assert [p.stem for p in open_data(root, val=tmp_path/"mine.txt").splits["val"]]==["img_009"]

def test_a_random_split_keeps_drives_together():
    names = [Path(f"{d}_{i}.png") for d in ("ulm","bonn","kiel","jena","rom") for i in range(10)]
    drives = find_drives(names)
    for seed in range(5):
        train,val = draw_split(names, drives, .2, seed)
        assert len(val)==10 and {drives[p] for p in train}.isdisjoint({drives[p] for p in val}) and (train,val)==draw_split(names[::-1], drives, .2, seed)
    assert len({tuple(draw_split(names, drives, .2, s)[1]) for s in range(8)}) > 1
    train,val = draw_split(names[:7], {}, .2, 0)
    assert len(train)+len(val)==7 and len(val)==1

@pytest.mark.parametrize("names, drives", [(["img_000","img_001","img_002"], 0), (["IMG_1","DSC_2","IMG_3","DSC_4"], 0), (["0016E5_1","0016E5_2","0001TP_1","0001TP_2"], 2),
                                           (["a_1","b_2","c_3"], 0), (["p1","p2"], 0), (["ulm_1","ulm_2","bonn_1","bonn_2","odd"], 0)])
def test_what_is_a_drive(names, drives): assert len(set(find_drives([Path(f"{n}.png") for n in names]).values()))==drives

def test_voc_honours_a_list_of_names(tmp_path):
    root = tmp_path/"VOC2012"
    for i in range(4):
        photo(root/"JPEGImages"/f"{i}.jpg", i); mask(root/"SegmentationClass"/f"{i}.png", (0,1,2,255), i)
    (root/"ImageSets"/"Segmentation").mkdir(parents=True)
    for s,names in (("train","0\n1\n"),("val","2\n3\n")): (root/"ImageSets"/"Segmentation"/f"{s}.txt").write_text(names)
    (root/"codes.txt").write_text("ground\nweed\ncrop\n")
    data = open_data(root)
    assert data.codes==["ground","weed","crop"] and check_data(data)==[] and set(np.unique(data.mask(data.splits["val"][0])))=={0,1,2,VOID}
    assert [len(p) for p in open_data(root, val=.25).splits.values()]==[3,1] # what is asked goes before its lists

def test_new_images_are_missed_by_dataset_json(tmp_path):
    root = grey(tmp_path/"set")
    write_dataset(root, find_data(root))
    photo(root/"images"/"img_010.jpg"); mask(root/"masks"/"img_010.png", (0,1))
    assert any("img_010.jpg: it is in no split of dataset.json" in f for f in check_data(open_data(root)))
    for text,words in (("{", "is not JSON"), ("[]", "one dictionary"), ('{"x": 1}', "x, and may have"), ('{"splits": {"train": ["none.jpg"]}}', "no such image")):
        (root/"dataset.json").write_text(text)
        try: said = "\n".join(check_data(open_data(root)))
        except ValueError as e: said = str(e)
        assert words in said, said

def test_what_is_asked_goes_before_dataset_json(tmp_path):
    root = grey(tmp_path/"set")
    write_dataset(root, find_data(root))
    (tmp_path/"mine.txt").write_text("img_009.jpg\n")
    assert [len(p) for p in open_data(root, val=.5).splits.values()]==[5,5] and [p.stem for p in open_data(root, val=tmp_path/"mine.txt").splits["val"]]==["img_009"]
    assert open_data(root, val=.2, split_seed=7).splits["val"] != open_data(root, val=.2).splits["val"]
    with pytest.raises(FileNotFoundError, match="no nope.txt"): open_data(root, val="nope.txt")
    for name,value in (("split_seed",7),("group","prefix")):
        with pytest.raises(ValueError, match=f"`{name}` is {value!r}, and .*dataset.json says who validates"): open_data(root, **{name: value})
    renamed = open_data(root, codes=["a","b","c","d"])
    assert renamed.codes==["a","b","c","d"] and set(np.unique(renamed.mask(renamed.splits["val"][0])))=={0,1,2,3,VOID}
    before = open_data(root)
    assert open_data(root, group="none", split_seed=0).splits==before.splits # as it says itself
    assert told("data", root, "--val", ".5", "--write")[0]==0 and len(open_data(root).splits["val"])==5

WRONG = [("classes",3), ("classes",[1]), ("classes",{}), ("codes",3), ("codes",[None]), ("void",2.5), ("void",[None]), ("splits",[]), ("splits",{"train": None}), ("splits",{"train": [[]]}), ("splits",{"train": 3}),
         ("colours",[None]), ("colours",3), ("colours",[[1]]), ("images",""), ("masks",3), ("group",[])]
def test_dataset_json_is_read_from_everywhere(tmp_path, monkeypatch):
    root = grey(tmp_path/"set", 4)
    monkeypatch.chdir(tmp_path)
    kept = json.loads(write_dataset("set", find_data("set", images="set/images", masks="set/masks")).read_text())
    assert (kept["images"],kept["masks"])==("images","masks") and all(p.startswith("images/") for ps in kept["splits"].values() for p in ps)
    monkeypatch.chdir("/")
    assert len(open_data(root).masks)==4

@pytest.mark.parametrize("key, value", WRONG)
def test_a_wrong_value_in_dataset_json_is_a_sentence(tmp_path, key, value):
    root = grey(tmp_path/"set", 4)
    write_dataset(root, find_data(root))
    (root/"dataset.json").write_text(json.dumps({**json.loads((root/"dataset.json").read_text()), key: value}))
    with pytest.raises((ValueError,OSError), match=f"{key}|void|colour|name"): open_data(root)

@pytest.mark.parametrize("val", ["0", "1", "-0.2", "1e3", 0, 1, True, [.2], "", "."])
def test_what_no_share_can_be(tmp_path, val):
    with pytest.raises(ValueError, match="`val` is .*: give a share between 0 and 1, or a file that lists names"): open_data(grey(tmp_path/"set", 4), val=val)

@pytest.mark.parametrize("wrong, words", [(dict(void=300), "0 to 255"), (dict(void="none"), "name one of them"), (dict(void=[None]), "a name or a colour"), (dict(val=1.5), "between 0 and 1"), (dict(group="x"), "\"prefix\""),
                                          (dict(codes="none.txt"), "there is no none.txt"), (dict(codes={}), "no names"), (dict(colours={"a": "red"}), "name,r,g,b"), (dict(images="images"), "belong together")])
def test_options_that_can_not_be_meant(tmp_path, wrong, words):
    with pytest.raises((ValueError,OSError), match=words): open_data(grey(tmp_path/"set"), **wrong)

def test_codes_and_legends_in_every_shape(tmp_path):
    for text in ('["a","b"]', '{"0": "a", "1": "b"}', '{"a": 0, "b": 1}', '{"categories": [{"id": 0, "name": "a"}, {"id": 1, "name": "b"}]}'):
        (tmp_path/"c.json").write_text(text)
        assert as_codes(tmp_path/"c.json")=={0: "a", 1: "b"}
    for text in ('{"a": [1,2,3]}', '{"1,2,3": "a"}', '[{"name": "a", "color": [1,2,3]}]', '{"a": "#010203"}'):
        (tmp_path/"l.json").write_text(text)
        assert as_legend(tmp_path/"l.json")=={(1,2,3): "a"}
    assert void_of([255,"#010203","sky",(0,0,0)])==([255],[(1,2,3),(0,0,0)],["sky"])
    assert void_of([0,1,255])==void_of(["0","1","255"])==([0,1,255],[],[]) and void_of((0,1,255))==([],[(0,1,255)],[]) # three codes, and a colour

# --- more of what people have

def to16(r):
    for p in masks(r): Image.fromarray(np.array(Image.open(p)).astype(np.uint16)*257).save(p)
def as_links(r):
    (r/"images"/"again").symlink_to(r/"images")
    (r/"images").rename(r/"elsewhere"); (r/"images").symlink_to(r/"elsewhere")
    (r/"masks"/".ipynb_checkpoints").mkdir(); mask(r/"masks"/".ipynb_checkpoints"/"img_000-checkpoint.png", (0,1))
    (r/"images"/"._img_000.jpg").write_bytes(b"x"); (r/"images"/"Thumbs.db").write_bytes(b"x")
def upper(r):
    for p in (*images(r),*masks(r)): p.rename(p.with_suffix(p.suffix.upper()))
def palette(r):
    for p in masks(r):
        picture = Image.fromarray((np.array(Image.open(p)) > 0).astype(np.uint8))
        picture.putpalette([0,0,0,255,255,255]); picture.save(p)

@pytest.mark.parametrize("kind, change, n", [("binary", to16, 2), ("grey", as_links, 4), ("grey", upper, 4), ("binary", palette, 2)])
def test_it_opens_in_other_clothes(tmp_path, kind, change, n):
    root = LAYOUTS[kind][0](tmp_path/"set")
    change(root)
    data = open_data(root)
    assert check_data(data)==[] and data.n==n and len(data.masks)==10

@pytest.mark.parametrize("line", ["{root}/images/{name}", "/home/somebody/set/images/{name}", "images/{name}", "./images/{name}", "images\\{name}", "images/{name} masks/{stem}.png", "images/{name},masks/{stem}.png", "{name}\r", "{stem}"])
def test_lists_however_they_are_written(tmp_path, line):
    root = grey(tmp_path/"set", 6)
    for s,numbers in (("train",range(4)),("val",(4,5))):
        (root/f"{s}.txt").write_bytes("".join(line.format(root=root, name=f"img_{i:03}.jpg", stem=f"img_{i:03}")+"\n" for i in numbers).encode()+b"\n")
    data = open_data(root)
    assert check_data(data)==[] and [p.stem for p in data.splits["val"]]==["img_004","img_005"] and len(data.splits["train"])==4

def test_a_list_from_elsewhere_takes_nothing_from_another_folder(tmp_path):
    for c in "ab":
        for i in range(3): photo(tmp_path/"images"/c/f"{i}.jpg", i); mask(tmp_path/"masks"/c/f"{i}.png", (0,1), i)
    (tmp_path/"train.txt").write_text("/x/images/a/0.jpg\n/x/images/a/1.jpg\n/x/images/b/1.jpg\n"); (tmp_path/"val.txt").write_text("/x/images/b/2.jpg\n/x/images/c/0.jpg\n")
    data = open_data(tmp_path)
    assert [str(p.relative_to(tmp_path)) for s in ("train","val") for p in data.splits[s]]==["images/a/0.jpg","images/a/1.jpg","images/b/1.jpg","images/b/2.jpg"]
    assert [f for f in check_data(data) if "/x/images/c/0.jpg: " in f and "has no such file" in f]

def damaged(change):
    "COCO's list of segments, changed"
    def spoil(r):
        file = r/"annotations"/"panoptic_train2017.json"
        made = json.loads(file.read_text())
        file.write_text(json.dumps(change(made) or made))
    return spoil

MORE = { # layout, what is done, what is said, the way out
    "a mask for two": ("grey", lambda r: [photo(r/"images"/c/f"{i}.jpg") for c in "ab" for i in range(2)]+[mask(r/"masks"/f"{i}.png", (0,1)) for i in range(2)], "2 images would share this mask, such as images/a/0.jpg", "into folders"),
    "one class": ("grey", lambda r: [mask(p, (0,)) for p in masks(r)], "the only class, so every answer is right", "--codes"),
    "numbers of objects": ("grey", lambda r: [Image.fromarray(np.array(Image.open(p)).astype(np.uint16)*3).save(p) for p in masks(r)], "numbers of objects", "one code"),
    "no photos": ("grey", lambda r: [p.unlink() for p in images(r)], "images holds no pictures", "lay your photos there"),
    "masks as arrays": ("grey", lambda r: [(p.unlink(), np.save(p.with_suffix(".npy"), np.zeros(SIZE))) for p in masks(r)], "holds only files such as img_000.npy", "save each mask as PNG"),
    "no folder of masks": ("grey", lambda r: [p.unlink() for p in masks(r)]+[(r/"masks").rmdir()], "Beside images/ no folder of masks was found", "--masks DIR"),
    "masks as JPEG": ("binary", lambda r: [(Image.open(p).resize((240,160)).save(p.with_suffix(".jpg")), p.unlink()) for p in masks(r)], "saved as JPEG", "save them as PNG"),
    "a dead link": ("grey", lambda r: (masks(r)[1].unlink(), (r/"masks"/"img_001.png").symlink_to(r/"none.png")), "it is a link to", "put it there"),
    "a colour not in the legend": ("legend", lambda r: (r/"legend.csv").write_text("sky,0,0,255\nroad,90,90,90\n"), "(0, 0, 0)", '--void "#000000"'),
    "an empty list": ("grey", lambda r: ((r/"train.txt").write_text("img_000\n"), (r/"val.txt").write_text("\n")), "val.txt: it lists no images", "name some"),
    "only other files of Cityscapes": ("cityscapes", lambda r: [p.unlink() for p in masks(r)], "holds only files such as aachen_000000_000019_gtFine_color.png", "_gtFine_labelIds.png"),
    "a segment that isn't listed": ("coco", damaged(lambda m: m["annotations"][0]["segments_info"].pop() and None), "in the segment 65543", "copy both again"),
    "a mask that isn't listed": ("coco", damaged(lambda m: m["annotations"].pop(0) and None), "doesn't list it for this mask", "copy both again"),
    "a category that isn't there": ("coco", damaged(lambda m: m["annotations"][0]["segments_info"][0].update(category_id=99)), "isn't written as COCO writes it", "copy it again"),
    "another JSON file": ("coco", damaged(lambda m: [1,2]), "isn't written as COCO writes it", "copy it again")}

@pytest.mark.parametrize("fault", CODES|MORE)
def test_faults_are_told_with_the_way_out(tmp_path, fault):
    kind,spoil,words,way = (CODES|MORE)[fault]
    root = LAYOUTS[kind][0](tmp_path/"set")
    spoil(root)
    status,said = told("data", root)
    assert status==2 and words in said and way in said and "Traceback" not in said and len(said.splitlines()) < 45, said

@pytest.mark.parametrize("text", ["id,name,r,g,b\n0,sky,0,0,255\n1,road,90,90,90\n2,unlabelled,0,0,0\n", "name;r;g;b\nsky;0;0;255\nroad;90;90;90\nunlabelled;0;0;0\n", "0 0 0 255\tsky\n1 90 90 90\troad\n2 0 0 0\tunlabelled\n", "sky,7,0,0,255\nroad,8,90,90,90\nvoid,9,0,0,0\n"])
def test_a_legend_with_codes_in_it(tmp_path, text):
    root = legend(tmp_path/"set")
    (root/"legend.csv").write_text(text)
    data = open_data(root)
    assert data.codes==["sky","road"] and check_data(data)==[] and set(np.unique(data.mask(data.splits["val"][0])))=={0,1,VOID}

def test_a_colour_may_stand_for_code_254(tmp_path):
    "Which marks an unlisted code in memory, and is one like any other in a file"
    for i in range(4):
        photo(tmp_path/"images"/f"{i}.png", i); mask(tmp_path/"masks"/f"{i}.png", [(255,0,0),(0,0,255)], i)
    data = open_data(tmp_path, colours={(255,0,0): "high", (0,0,255): "low"}, codes={3: "low", 254: "high"})
    assert data.codes==["low","high"] and set(np.unique(data.mask(data.splits["val"][0])))=={0,1} and check_data(data)==[]

def test_an_empty_name_is_no_folder():
    with pytest.raises(ValueError, match="the name of the folder is empty"): open_data(" ")
    assert here("data", "")[0]==2

def pair(image, mask_file, seed):
    photo(image, seed); mask(mask_file, (0,1,2), seed)

def kaggle(root, split, i): pair(root/split/f"{i}.png", root/f"{split}_labels"/f"{i}_L.png", i)
def affixed(root, split, i): pair(root/f"images-{split}"/f"{i}.jpg", root/f"masks-{split}"/f"{i}.png", i)
def roboflow(root, split, i): pair(root/split.replace("val","valid")/f"{i}.jpg", root/split.replace("val","valid")/f"{i}_mask.png", i)
def nested(root, split, i): pair(root/split/"images"/f"{i}.png", root/split/"masks"/f"{i}.png", i)

@pytest.mark.parametrize("make", [kaggle, affixed, roboflow, nested])
def test_splits_that_folders_tell_are_kept(tmp_path, make):
    "However images and masks lie in them or beside them; what is to test is never trained on"
    root = tmp_path/"set"
    for split,n in (("train",6),("val",3),("test",2)):
        for i in range(n): make(root, split, i)
    data = open_data(root)
    assert {s: len(p) for s,p in data.splits.items()}=={"train": 6, "val": 3, "test": 2} and check_data(data)==[]
    again = open_data(root, val=.34)
    assert {s: len(p) for s,p in again.splits.items()}=={"train": 6, "val": 3, "test": 2} and again.splits["test"]==data.splits["test"]
    first = data.splits["train"][0]
    (tmp_path/"held.txt").write_text(first.name)
    assert any("3 images are called so: write the folder before it" in f for f in open_data(root, val=tmp_path/"held.txt").faults)
    (tmp_path/"held.txt").write_text(first.relative_to(root).as_posix())
    held = open_data(root, val=tmp_path/"held.txt")
    assert held.splits["val"]==[first] and held.splits["test"]==data.splits["test"] and held.faults==()

def test_what_is_to_test_stays_aside(tmp_path):
    "Where nobody says what validates, and whoever says it: folders, a list, dataset.json"
    root = tmp_path/"folders"
    for split,n in (("train",8),("test",4)):
        for i in range(n): pair(root/split/"images"/f"{split}{i}.png", root/split/"masks"/f"{split}{i}.png", i)
    assert {s: len(p) for s,p in open_data(root).splits.items()}=={"train": 6, "val": 2, "test": 4}
    for other in (root,grey(tmp_path/"list")):
        if other.name=="list": (other/"test.txt").write_text("img_000\nimg_001\n")
        test = open_data(other).splits["test"]
        for val in (None,.5):
            found = open_data(other, val=val).splits
            assert found["test"]==test and not {*test} & {*found["train"],*found["val"]} and found["val"]
        write_dataset(other, find_data(other))
        assert open_data(other, val=.5).splits["test"]==test and not {*test} & {*open_data(other, val=.5).splits["train"]}
    (root/"dataset.json").unlink()
    (tmp_path/"held.txt").write_text("test0.png\ntrain1.png")
    assert [len(p) for p in open_data(root, val=tmp_path/"held.txt").splits.values()]==[7,2,3]

def test_a_test_without_masks_stands_in_nobodys_way(tmp_path):
    for split,n in (("train",6),("val",3)):
        for i in range(n): nested(tmp_path, split, i)
    photo(tmp_path/"test"/"images"/"t.png")
    assert {s: len(p) for s,p in open_data(tmp_path).splits.items()}=={"train": 6, "val": 3}
    photo(tmp_path/"val"/"images"/"v.png") # but where some lack one, it is said
    assert any("v.png: there is no mask for it" in f for f in check_data(open_data(tmp_path)))

def test_roboflow_names_its_classes_beside_the_pictures(tmp_path):
    for split,n in (("train",4),("val",2)):
        for i in range(n): roboflow(tmp_path, split, i)
    for split in ("train","valid"): (tmp_path/split/"_classes.csv").write_text("Pixel Value, Class\n0, background\n1, weed\n2, crop\n")
    assert open_data(tmp_path).codes==["background","weed","crop"]

def several(images, masks, n, pre=""):
    for i in range(n): pair(images/f"{pre}{i}.jpg", masks/f"{pre}{i}.png", i)

def of_cities(r):
    for c in "ab":
        for s in ("train","val","test"): several(r/c/s/"images", r/c/s/"masks", 3, f"{c}{s}")
def cities_inside(r):
    for c in "ab":
        for s in ("train","val","test"): several(r/"images"/c/s, r/"masks"/c/s, 3, f"{c}{s}")
def one_astray(r):
    for s in ("train","val","test"): several(r/"images"/s, r/"masks"/s, 3, s)
    photo(r/"images"/"overview.png")
def each_its_own_way(r):
    several(r/"train", r/"train_masks", 3, "a"); several(r/"test", r/"test_masks", 3, "b"); several(r/"val"/"images", r/"val"/"masks", 3, "c")
def of_two_years(r):
    for s in ("train2014","train2017","val2017"): several(r/s, r/f"{s}_masks", 3, s)
def previews_beside(r): several(r/"images", r/"masks", 10); several(r/"train", r/"train", 4, "epoch")
def beside_a_test(r): several(r/"images", r/"masks", 10); several(r/"test"/"images", r/"test"/"masks", 3, "t")
def a_list_in_folders(r):
    for s in ("train","test"): several(r/s/"images", r/s/"masks", 5, s)
    (r/"val.txt").write_text("train1\ntrain2\n")
def without_training(r):
    for s in ("val","test"): several(r/s/"images", r/s/"masks", 3, s)
def to_test_alone(r): several(r/"test"/"images", r/"test"/"masks", 3)

@pytest.mark.parametrize("make, splits", [(of_cities, (6,6,6)), (cities_inside, (6,6,6)), (one_astray, (3,3,3)), (each_its_own_way, (3,3,3)), (of_two_years, (6,3,0)),
                                          (previews_beside, (8,2,0)), (beside_a_test, (8,2,3)), (a_list_in_folders, (3,2,5)), (without_training, (0,3,3)), (to_test_alone, (0,0,3))])
def test_whoever_says_it_wherever_it_is_said(tmp_path, make, splits):
    "What is to test never trains, and what is in no split is counted"
    make(tmp_path/"set")
    data = open_data(tmp_path/"set")
    assert tuple(len(data.splits.get(s, [])) for s in ("train","val","test"))==splits
    for found in (data, open_data(tmp_path/"set", val=.4)):
        train,val,test = (found.splits.get(s, []) for s in ("train","val","test"))
        assert not any("test" in p.as_posix().split("set/")[1] for p in (*train,*val)) and len({*train,*val,*test})==len(train)+len(val)+len(test)
        assert (len(train)+len(val)+len(test) < len(found.masks))==("are in none of them" in " ".join(found.said))
    if not splits[0]: assert any("'train'" in f for f in check_data(data))
    if make is a_list_in_folders: assert [p.stem for p in data.splits["val"]]==["train1","train2"]

def test_lists_name_an_image_once(tmp_path):
    root = grey(tmp_path/"set")
    (root/"val.txt").write_text("img_001\nimg_001\nimg_002\n")
    assert [len(p) for p in open_data(root).splits.values()]==[8,2]
    for c in "ab": several(tmp_path/"two"/"images"/c, tmp_path/"two"/"masks"/c, 4)
    (tmp_path/"two"/"val.txt").write_text("1\n")
    assert any("1: " in f and "2 images are called so" in f for f in open_data(tmp_path/"two").faults)
    write_dataset(root, find_data(root))
    kept = json.loads((root/"dataset.json").read_text())
    (root/"dataset.json").write_text(json.dumps({**kept, "splits": None}))
    assert len(open_data(root, val=.5).splits["val"])==5
    with pytest.raises(ValueError, match="split_seed"): open_data(root, val=.5, split_seed="a")

def test_classes_called_by_their_numbers_are_those_of_the_model(tmp_path):
    "Another folder, in which not all of them occur"
    for folder,n in (("three",3),("two",2)):
        for i in range(4):
            photo(tmp_path/folder/"images"/f"a{i}.png", i)
            mask(tmp_path/folder/"labels"/f"a{i}.png", range(n), i)
    data = open_data(tmp_path/"three")
    model = DensePredictor(body := Body("squeezenet1_1"), find_head("bilinear")(body, 3))
    save_model(model, tmp_path/"m", recipe(model, data, (40,48)))
    iou = score_model(str(tmp_path/"m"), str(tmp_path/"two"))["iou"]
    assert list(iou)==["class 0","class 1","class 2"]
    (tmp_path/"names.txt").write_text("a\nb\n")
    with pytest.raises(ValueError, match="--codes"): score_model(str(tmp_path/"m"), str(tmp_path/"two"), codes=str(tmp_path/"names.txt"))

def test_two_names_for_void_in_one_legend(tmp_path):
    for kind in ("images","masks"): (tmp_path/kind).mkdir()
    colours = np.array([(200,0,0),(0,200,0),(0,0,0),(9,9,9)], np.uint8)
    for i in range(5):
        codes = np.random.default_rng(i).integers(0, 4, (20,30))
        Image.fromarray(colours[codes]).save(tmp_path/"masks"/f"a{i}.png")
        Image.fromarray(np.zeros((20,30,3), np.uint8)).save(tmp_path/"images"/f"a{i}.png")
    (tmp_path/"legend.csv").write_text("cat,200,0,0\ndog,0,200,0\nvoid,0,0,0\nunlabelled,9,9,9\n")
    data = open_data(tmp_path)
    assert data.codes==["cat","dog"] and (data.mask(tmp_path/"images"/"a4.png")==np.where(codes > 1, VOID, codes)).all()

@pytest.mark.parametrize("kind", ["coco","voc","train ids"])
def test_void_that_is_said_is_void_beside_the_layouts_own(tmp_path, kind):
    root = tmp_path/"set"
    if kind=="coco": coco(root)
    elif kind=="voc":
        for i in range(4):
            photo(root/"JPEGImages"/f"{i}.jpg", i)
            mask(root/"SegmentationClass"/f"{i}.png", (0,1,2,255), i)
        (root/"ImageSets"/"Segmentation").mkdir(parents=True)
        for s,names in (("train","0\n1\n"),("val","2\n3\n")): (root/"ImageSets"/"Segmentation"/f"{s}.txt").write_text(names)
    else:
        for i in range(4):
            photo(root/"leftImg8bit"/f"ulm_{i}_leftImg8bit.png", i)
            mask(root/"gtFine"/f"ulm_{i}_gtFine_labelTrainIds.png", (0,1,2,255), i)
    plain = find_data(root)
    name = plain["codes"][1]
    for void in (1,name):
        found = find_data(root, void=void)
        assert found["codes"]==[n for n in plain["codes"] if n!=name]
        assert [c for c in range(256) if found["lookup"][c]==VOID]==[1,255]
    with pytest.raises(ValueError, match="nonsense"): find_data(root, void="nonsense")

def test_a_photo_and_its_mask_side_by_side_in_several_folders_of_one_set(tmp_path):
    for day in ("monday","friday"):
        for i in range(3):
            photo(tmp_path/day/f"{i}.jpg", i)
            mask(tmp_path/day/f"{i}.png", (0,1), i)
    data = open_data(tmp_path)
    assert len(data.masks)==6 and all(m==p.with_suffix(".png") for p,m in data.masks.items()) and check_data(data)==[]

def test_photos_of_one_name_are_no_masks_of_each_other(tmp_path):
    for day in ("monday","friday"): photo(tmp_path/day/"1.png")
    photo(tmp_path/"a.jpg")
    mask(tmp_path/"a_mask.png", (0,1))
    from pixelladder.folders import Pairs
    pairs = Pairs(tmp_path, tmp_path, tmp_path)
    assert len(pairs.photos)==3 and [m.name for m in pairs.drawn]==["a_mask.png"]

@pytest.mark.parametrize("kept, words", [({"codes": 3}, "holds no names"), ({"void": [999]}, "a code is 0 to 255"), ({"colours": {"a": [1,2]}}, "no name with its colour")])
def test_what_is_wrong_in_dataset_json_is_told_with_its_name(tmp_path, kept, words):
    root = grey(tmp_path/"set")
    (root/"dataset.json").write_text(json.dumps(kept))
    with pytest.raises(ValueError, match=f"dataset.json: .*{words}.*data DIR --write"): find_data(root)
