"Pictures of any size and kind: tiles against two oracles, EXIF, bounded memory, 300 odd files, ONNX without PyTorch, and models of any `dense_learner`."
import io, json, os, re, resource, shlex, subprocess, sys
from pathlib import Path
from types import SimpleNamespace
import numpy as np, pytest, torch
from fastai.vision.augment import CropPad, RandomCrop, RandomResizedCrop, Resize, aug_transforms
from fastai.vision.core import PILImageBW
from fastai.vision.data import ImageBlock, MaskBlock, SegmentationDataLoaders
from fastai.data.block import DataBlock
from fastai.data.transforms import IndexSplitter
from hypothesis import given, settings, strategies as st
from PIL import Image
import pixelladder
from conftest import exports, segnet_folder
from terminal import ask, command, here as run
from pixelladder.body import Body, DensePredictor, standardized
from pixelladder.codes import CAMVID_CODES
from pixelladder.palette import palette_for
from pixelladder.data import open_data
from pixelladder.predict import evaluate, image_counts
from pixelladder.predictions import list_pictures
from pixelladder.report import say_scores
from pixelladder.learner import MaskedDice, MaskedFocal, dense_learner
from pixelladder.segmenter import Segmenter, as_batch
from pixelladder.tiles import enlarged_scores, tile_spans, tiled_scores
from pixelladder.store import export_onnx, load_model, recipe, save_model
from pixelladder.unet import UnetHead

root = Path(__file__).parent.parent
NORMAL = {"mean": [0.,0.,0.], "std": [1.,1.,1.]}

class Blur(torch.nn.Module):
    "Three layers of 3x3: each score sees 3 pixels to each side"
    def __init__(self, n=4):
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(5, 5, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(5, n, 3, padding=1))
        self.body = SimpleNamespace(strides=[8])
    def forward(self, x): return self.net(x)

def blur(n=4, size=(32,48)):
    return Segmenter(Blur(n), {"codes": [f"c{i}" for i in range(n)], "palette": palette_for([f"c{i}" for i in range(n)]).tolist(), "size": list(size), "squeeze": False, "normalization": NORMAL})

def noise(h, w, seed=0): return np.random.default_rng(seed).integers(0, 255, (h,w,3), dtype=np.uint8)

@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 700), st.sampled_from([0, .1, .25, .5, .9]), st.sampled_from([1,8,32]))
def test_tiles_cover_a_side_and_begin_at_cells(n, tile, overlap, stride):
    tiles = tile_spans(n, tile, overlap, stride)
    seen = np.zeros(n, int)
    for a,b in tiles: seen[a:b] += 1
    full = -(-tile//stride)*stride
    assert seen.min() >= 1 and all(a%stride==0 for a,_ in tiles) and tiles[-1][1]==n and tiles==sorted(set(tiles))
    assert all(b-a==full or b==n and b-a > full-stride for a,b in tiles) or len(tiles)==1

def by_hand(score, size, n, tile, overlap, stride):
    "All in memory, a tile after the other"
    sums,weights = np.zeros((n,*size)),np.zeros(size)
    for a,b in tile_spans(size[0], tile[0], overlap, stride):
        for c,d in tile_spans(size[1], tile[1], overlap, stride):
            y,x = np.mgrid[:b-a, :d-c]
            w = np.exp(-.5*((y-(b-a-1)/2)/((b-a)/8))**2-.5*((x-(d-c-1)/2)/((d-c)/8))**2).clip(1e-3)
            sums[:, a:b, c:d] += score(a, b, c, d).numpy()*w
            weights[a:b, c:d] += w
    return sums/weights

@pytest.mark.parametrize("size", [(100,140), (140,100), (33,300), (31,20)])
@pytest.mark.parametrize("overlap", [0, .25, .5])
def test_strips_are_what_is_added_up_by_hand(size, overlap):
    x = torch.randn(1, 3, *size)
    net = Blur()
    def score(a, b, c, d):
        with torch.no_grad(): return net(x[..., a:b, c:d])[0]
    found = torch.full((4,*size), torch.nan)
    for rows,columns,scores in tiled_scores(score, size, (32,48), overlap, 8): found[:, rows, columns] = scores
    np.testing.assert_allclose(found, by_hand(score, size, 4, (32,48), overlap, 8), rtol=1e-4, atol=1e-5)

def test_monai_says_the_same():
    "Where both cut the same tiles"
    monai = pytest.importorskip("monai.inferers")
    x,net = torch.randn(1, 3, 96, 160),Blur()
    def score(a, b, c, d): return net(x[..., a:b, c:d])[0]
    with torch.no_grad():
        wanted = monai.sliding_window_inference(x, (32,64), 1, net, overlap=.25, mode="gaussian", sigma_scale=.125)[0]
        for rows,columns,scores in tiled_scores(score, (96,160), (32,64), .25, 8): torch.testing.assert_close(scores, wanted[:, rows, columns], rtol=1e-4, atol=1e-5)

def test_tiles_are_the_whole_wherever_no_edge_is_seen():
    "A score sees 3 pixels to each side: farther than that from every inner edge of a tile, tiles and whole are one"
    model,picture = blur(),noise(100, 140)
    whole = model.model(model.normalized(as_batch(picture)))[0].detach()
    def score(a, b, c, d): return model.model(model.normalized(as_batch(picture[a:b, c:d])))[0].detach()
    near = np.zeros((100,140), bool)
    for axis,n,tile in ((0,100,32),(1,140,48)):
        for a,b in tile_spans(n, tile, .25, 8):
            for edge in (e for e in (a,b) if 0 < e < n): near[(slice(edge-3, edge+3),) if axis==0 else (slice(None),slice(edge-3, edge+3))] = True
    for rows,columns,scores in tiled_scores(score, (100,140), (32,48), .25, 8):
        far = torch.from_numpy(~near[rows,columns])
        torch.testing.assert_close(scores[:, far], whole[:, rows, columns][:, far], rtol=1e-4, atol=1e-5)
    assert (~near).mean() > .4 and (model(picture, how="tiled")!=model(picture, how="whole")).mean() < .02

class Bright(torch.nn.Module):
    "Dark or bright, by the picture's own mean and deviation, as a `Body(standardize=True)` takes it"
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.body = SimpleNamespace(strides=[8], standardize=True)
    def forward(self, x, stats=None):
        bright = self.weight*standardized(x, stats).mean(1)
        return torch.stack([-bright, bright], 1)

@pytest.mark.parametrize("flips", [False, True])
def test_a_tile_is_standardized_by_its_whole_picture(flips):
    "Dark on the left, bright on the right: by its own mean and deviation each tile would look alike"
    model = Segmenter(Bright(), {**blur(2).recipe, "normalization": {"mean": [.4,.5,.6], "std": [.2,.3,.25]}})
    picture = (noise(96, 144)*np.linspace(.05, 1, 144)[None,:,None]).astype(np.uint8)
    x = model.normalized(as_batch(picture))
    mean,deviation = model._whole_stats(Image.fromarray(picture))["stats"]
    torch.testing.assert_close(mean, x.mean((2,3), keepdim=True), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(standardized(x, (mean,deviation)), standardized(x), rtol=1e-4, atol=1e-4)
    whole,tiled = (model(picture, how=how, tile=(32,48), flips=flips) for how in ("whole","tiled"))
    assert .2 < whole.mean() < .8 and (whole==tiled).all()
    model._whole_stats = lambda picture: {} # each tile by itself
    assert (model(picture, how="tiled", tile=(32,48), flips=flips)!=whole).mean() > .1

def test_a_small_picture_is_standardized_by_what_it_is_told():
    "On the way to the body it is made larger, and the statistics come along"
    net = DensePredictor(Body("mobilenet_v3_small", standardize=True), UnetHead(Body("mobilenet_v3_small"), 3)).eval()
    x = torch.rand(1, 3, 9, 40)
    stats = x.mean((2,3), keepdim=True)-.2,torch.full((1,1,1,1), .5)
    with torch.no_grad():
        wanted = net(x, stats=stats)
        net.body.standardize = False
        torch.testing.assert_close(net((x-stats[0])/.5), wanted, rtol=1e-4, atol=1e-4)

@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 70), st.integers(1, 70), st.integers(1, 2000))
def test_enlarging_by_strips_is_interpolate(h, w, H, W, most):
    x = torch.randn(3, h, w)
    found = torch.full((3,H,W), torch.nan)
    for rows,columns,scores in enlarged_scores(x, (H,W), most): found[:, rows, columns] = scores
    torch.testing.assert_close(found, torch.nn.functional.interpolate(x[None], size=(H,W), mode="bilinear")[0], rtol=1e-4, atol=1e-5)

def test_the_way_follows_the_training():
    crops = blur(size=(32,48))
    assert [crops.way(s)[0] for s in ((32,48),(64,96),(64,97),(2000,30))]==["whole","whole","tiled","tiled"]
    squeezed = Segmenter(Blur(), {**crops.recipe, "squeeze": True})
    assert squeezed.way((2000,3000))[0]=="squeezed" and "32x48" in squeezed.way((9,9))[1]
    assert crops.predict(noise(70, 97)).how=="tiled" and squeezed.predict(noise(70, 97)).how=="squeezed"

TURNS = {1: (), 2: (Image.Transpose.FLIP_LEFT_RIGHT,), 3: (Image.Transpose.ROTATE_180,), 4: (Image.Transpose.FLIP_TOP_BOTTOM,), 5: (Image.Transpose.TRANSPOSE,),
         6: (Image.Transpose.ROTATE_90,), 7: (Image.Transpose.TRANSVERSE,), 8: (Image.Transpose.ROTATE_270,)} # how a file is stored that is to be turned back

@pytest.mark.parametrize("note", TURNS)
def test_all_eight_orientations(note, tmp_path):
    "Photo and mask stored in any of eight ways: the same in checking, in training and in prediction"
    upright,codes = noise(24, 40),np.random.default_rng(1).integers(0, 3, (24,40), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = note
    for i in range(4):
        for folder,array,kind in (("images",upright,"png"),("masks",codes,"png")):
            (tmp_path/"d"/folder).mkdir(parents=True, exist_ok=True)
            stored = Image.fromarray(array)
            for turn in TURNS[note]: stored = stored.transpose(turn)
            stored.save(tmp_path/"d"/folder/f"{i}.{kind}", exif=exif)
    data = open_data(tmp_path/"d")
    image = data.splits["train"][0]
    assert (data.image(image)==upright).all() and (data.mask(image)==codes).all()
    dls = data.dls((24,40), bs=1, num_workers=0)
    assert (dls.valid.one_batch()[1][0].numpy()==codes).all() and np.abs(dls.valid.one_batch()[0][0].permute(1,2,0).numpy()*255-upright).max() < .01
    model = blur()
    assert (model(image)==model(upright)).all() and model.overlay(image).size==(40,24)

def large_picture():
    "By how many MiB a process grows that predicts it"
    def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss//1024
    model = blur(21, (256,256))
    before = most()
    assert model(np.zeros((3000,4000,3), np.uint8), overlap=0).shape==(3000,4000)
    print(most()-before)

def test_memory_is_that_of_a_strip():
    "12 megapixels and 21 classes, whose scores would be 1 GB, in half of that with all else"
    r = ask(large_picture)
    assert r.returncode==0 and 50 < int(r.stdout) < 500, r.stdout+r.stderr

# --- 300 odd files

@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    body = Body("squeezenet1_1")
    made = DensePredictor(body, UnetHead(body, 3)).eval()
    data = SimpleNamespace(codes=["a","b","c"], palette=palette_for(["a","b","c"]))
    return save_model(made, tmp_path_factory.mktemp("m"), recipe(made, data, (32,48)))

def odd_files(folder):
    "Names of the files that must give a mask, and of those that may give a sentence instead"
    fine,perhaps = [],[]
    def put(name, picture, **kwargs):
        picture.save(folder/name, **kwargs)
        fine.append(name)
    rng = np.random.default_rng(0)
    sizes = [(1,1),(1,20000),(20000,1),(1,2),(2,1),(3,5),(7,1000),(333,3),(31,33),(64,64)]+[tuple(rng.integers(1, 90, 2).tolist()) for _ in range(100)]
    for i,(h,w) in enumerate(sizes): put(f"size {i} {h}x{w}.{('png','jpg','bmp','webp','tif')[i%5] if max(h,w) < 16384 else 'png'}", Image.fromarray(noise(h, w, i)))
    for mode,kinds in {"1": ("png","tif","bmp"), "L": ("png","jpg","tif","webp","bmp"), "LA": ("png",), "P": ("png","gif","bmp","tif"), "PA": (), "RGBA": ("png","webp","tif"), "CMYK": ("jpg","tif"),
                       "YCbCr": ("jpg","tif"), "LAB": ("tif",)}.items():
        for kind in kinds:
            for n in (5, 40): put(f"mode_{mode}_{n}.{kind}", Image.fromarray(noise(n, n+3)).convert("RGB").convert(mode) if mode!="LAB" else Image.new("LAB", (n,n)))
    for i,name in enumerate(["-x.png","--out.png","with space.jpg","ü ñ 漢字.png","🐑.png","a'b\"c.png","$(x).png",".hidden.png","UPPER.PNG","two.dots.png","%20.png","a;b.png","tab\t.png"]): put(name, Image.fromarray(noise(9, 12, i)))
    fine.remove(".hidden.png")
    for kind in ("png","jpg","bmp","webp","tif","gif"): # cut off at every tenth
        buffer = io.BytesIO()
        Image.fromarray(noise(40, 60)).save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(kind, kind.upper()))
        whole = buffer.getvalue()
        for tenth in range(10):
            (folder/f"cut_{kind}_{tenth}.{kind}").write_bytes(whole[:len(whole)*tenth//10])
            perhaps.append(f"cut_{kind}_{tenth}.{kind}")
        for other in ("png","jpg","tif"):
            (folder/f"called_{kind}.{other}").write_bytes(whole)
            fine.append(f"called_{kind}.{other}")
        for seed in range(10): # bytes changed here and there
            spoilt = bytearray(whole)
            for at in np.random.default_rng(seed).integers(0, len(whole), 6): spoilt[at] ^= 255
            (folder/f"spoilt_{kind}_{seed}.{kind}").write_bytes(spoilt)
            perhaps.append(f"spoilt_{kind}_{seed}.{kind}")
    for i,array in enumerate([np.zeros((5,5), np.uint16), np.ones((5,5), np.int32), np.random.rand(5,5).astype(np.float32)]):
        Image.fromarray(array).save(folder/f"deep_{i}.tif")
        perhaps.append(f"deep_{i}.tif")
    import struct, zlib
    def chunk(kind, data): return struct.pack(">I", len(data))+kind+data+struct.pack(">I", zlib.crc32(kind+data))
    for n in (50_000, 2**31-1): # a bomb: a few bytes that say they are huge
        (folder/f"bomb_{n}.png").write_bytes(b"\x89PNG\r\n\x1a\n"+chunk(b"IHDR", struct.pack(">IIBBBBB", n, n, 8, 2, 0, 0, 0))+chunk(b"IDAT", zlib.compress(b"0"*1000))+chunk(b"IEND", b""))
        perhaps.append(f"bomb_{n}.png")
    for name,data in (("empty.jpg",b""),("text.png",b"hello"),("page.jpg",b"<html>"),("zeros.tif",bytes(1000)),("pdf.png",b"%PDF-1.7\n")):
        (folder/name).write_bytes(data)
        perhaps.append(name)
    os.mkfifo(folder/"pipe.png"); (folder/"folder.png").mkdir(); (folder/"dead.png").symlink_to(folder/"none.png")
    return fine,perhaps+["pipe.png","folder.png","dead.png"]

def test_300_odd_pictures(model, tmp_path):
    folder = tmp_path/"in"
    folder.mkdir()
    fine,perhaps = odd_files(folder)
    assert len(fine)+len(perhaps) >= 300
    status,said,wrong = run("predict", model, folder, "--out", tmp_path/"out", "--json", "--overlay")
    answers = {Path(a["picture"]).name: a for a in map(json.loads, said.splitlines())}
    assert status==1 and set(answers)==set(fine)|set(perhaps) and "Traceback" not in wrong
    for name,a in answers.items():
        if "mask" in a:
            mask = Image.open(a["mask"])
            assert mask.mode=="P" and abs(sum(a["shares"].values())-1) < 1e-3
            with Image.open(folder/name) as photo: assert mask.size==photo.size
        else:
            assert name in perhaps and 20 < len(a["error"]) < 400 and ":" in a["error"] and "\n" not in a["error"], a
    assert sum("error" in a for a in answers.values()) > 60 and wrong.count("\n") < 200

def test_names_and_what_is_never_replaced(model, tmp_path):
    for name in ("a.png","a.jpg","sub/a.png"):
        (tmp_path/"in"/name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(8, 9)).save(tmp_path/"in"/name)
    status,said,_ = run("predict", model, tmp_path/"in", "--out", tmp_path/"out")
    assert status==0 and "3 of 3 pictures" in said and "squeezed to 32x48" in said
    assert sorted(str(p.relative_to(tmp_path/"out")) for p in (tmp_path/"out").rglob("*.png"))==["a.jpg.png","a.png.png","sub/a.png"]
    before = (tmp_path/"in"/"sub"/"a.png").read_bytes()
    status,_,wrong = run("predict", model, tmp_path/"in"/"sub"/"a.png", "--out", tmp_path/"in"/"sub")
    assert status==1 and "(--out)" in wrong and (tmp_path/"in"/"sub"/"a.png").read_bytes()==before
    assert run("predict", model, tmp_path/"none.png", "--out", tmp_path/"out")[0]==1 and "there is no file" in run("predict", model, tmp_path/"none.png", "--out", tmp_path/"out")[2]
    (tmp_path/"empty").mkdir()
    assert "holds no pictures" in run("predict", model, tmp_path/"empty", "--out", tmp_path/"out")[2]
    mask = np.array(Image.open(tmp_path/"out"/"sub"/"a.png"))
    assert (mask==load_model(model)(tmp_path/"in"/"sub"/"a.png")).all()

def test_only_answers_are_replaced(model, tmp_path):
    "Again and again, in a folder among the photos; what is somebody's own, or was changed since, stays"
    there = tmp_path/"in"
    there.mkdir()
    for i,name in enumerate(("a.jpg","b.png","b_overlay.jpg","c.png")): Image.fromarray(noise(8, 9, i)).save(there/name)
    again = ("predict", model, there, "--out", there/"out", "--overlay")
    kept = []
    for _ in range(2):
        status,said,_ = run(*again)
        kept.append({p.name: p.stat().st_mtime_ns for p in sorted((there/"out").iterdir())})
        assert status==0 and "4 of 4 pictures" in said and len(kept[-1])==8
    assert kept[0].keys()==kept[1].keys() and all(kept[0][name] < kept[1][name] for name in kept[0])
    with Image.open(there/"out"/"b.png") as answer: mended = Image.fromarray(np.array(answer)) # by hand
    mended.save(there/"out"/"b.png")
    before = {p: p.read_bytes() for p in (there/"out"/"b.png",there/"b_overlay.jpg",there/"c.png")}
    status,said,wrong = run(*again)
    assert status==1 and "3 of 4 pictures" in said and "out/b.png, which isn't one or was changed" in wrong
    (tmp_path/"c.jpg").write_bytes((there/"a.jpg").read_bytes())
    assert run("predict", model, tmp_path/"c.jpg", "--out", there)[0]==1 # its answer is called like a photo
    (tmp_path/"b.bmp").write_bytes((there/"c.png").read_bytes())
    status,_,wrong = run("predict", model, tmp_path/"b.bmp", "--out", there/"overlays", "--overlay")
    assert status==0 and before=={p: p.read_bytes() for p in before}
    assert run("predict", model, there/"out"/"a.png", "--out", there/"out")[2].count("but the answers in")==1
    assert [p.name for p,_ in list_pictures([there], there)]==["a.jpg","b.png","b_overlay.jpg","c.png","b.png"] # one was changed
    assert list_pictures(str(there), there/"out")==list_pictures([there], there/"out")
    (tmp_path/"file").write_text("")
    status,_,wrong = run("predict", model, there, "--out", tmp_path/"file")
    assert status==2 and wrong.count("\n")==1 and "file is no folder" in wrong

def test_photos_where_answers_go_are_photos(model, tmp_path):
    "And what a hidden folder holds is nobody's"
    for name in ("a.png","out/own.png",".trash/b.png"):
        (tmp_path/name).parent.mkdir(exist_ok=True)
        Image.fromarray(noise(8, 9)).save(tmp_path/name)
    for _ in range(2):
        status,said,_ = run("predict", model, tmp_path, "--out", tmp_path/"out", "--overlay")
        assert status==0 and "2 of 2 pictures" in said
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png")}=={"a.png","out/own.png",".trash/b.png","out/a.png","out/out/own.png"}

def test_answers_are_never_photos(model, tmp_path):
    "Wherever they lie; and photos that are called as photos outside are photos"
    for name in ("a.jpg","out/a.jpg"):
        (tmp_path/"in"/name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(8, 9)).save(tmp_path/"in"/name)
    for out in ("out","out","o2"):
        status,said,_ = run("predict", model, tmp_path/"in", "--out", tmp_path/"in"/out, "--overlay")
        assert status==0 and "2 of 2 pictures" in said, said
    assert len(list_pictures([tmp_path/"in", tmp_path/"in"/"a.jpg"], tmp_path/"o3"))==2
    with pytest.raises(ValueError, match="two pictures are called a.jpg, and one answer"): list_pictures([tmp_path/"in"/"a.jpg", tmp_path/"in"/"out"/"a.jpg"], tmp_path/"o3")

# --- what is scored

SPOILT = {"taken": (lambda mask: mask.unlink(), "there is no mask for it"), "broken": (lambda mask: mask.write_bytes(b"x"), "the mask can't be read"),
          "turned": (lambda mask: Image.open(mask).transpose(Image.Transpose.ROTATE_90).save(mask), "32x24 but its image is 24x32")}

@pytest.mark.parametrize("how", SPOILT)
def test_faults_aren_t_scored(tmp_path, how):
    spoil,words = SPOILT[how]
    folder = segnet_folder(tmp_path/"d", {"train": 2, "val": 3})
    for name in ("a_0.png","a_2.png"): spoil(folder/"valannot"/name)
    eleven = blur(11)
    eleven = Segmenter(eleven.model, eleven.recipe | {"codes": list(CAMVID_CODES)})
    data = open_data(folder)
    with pytest.raises(ValueError, match=f"2 fault(?s:.)*{words}(?s:.)*nothing was scored"): evaluate(eleven, data)
    with pytest.raises(ValueError, match=words): image_counts(eleven, data, folder/"val"/"a_2.png")
    assert evaluate(eleven, data, "train")["images"]==2 # its own files are well

def test_a_split_that_is_all_void_has_no_score(tmp_path):
    folder = segnet_folder(tmp_path/"d", {"train": 2, "val": 2})
    for mask in (folder/"valannot").iterdir(): Image.fromarray(np.full((24,32), 11, np.uint8)).save(mask)
    eleven = blur(11)
    scores = evaluate(Segmenter(eleven.model, eleven.recipe | {"codes": list(CAMVID_CODES)}), open_data(folder))
    assert scores["mean_iou"] is None and scores["pixels"]==0 and say_scores(scores).count("absent")==13

def test_lists_with_faults_aren_t_scored(tmp_path):
    "An image that is trained on, and a name without a file: training refuses them, and so does a score"
    for folder in ("images","labels"): (tmp_path/folder).mkdir()
    for i in range(4):
        Image.fromarray(noise(9, 12, i)).save(tmp_path/"images"/f"{i}.png")
        Image.fromarray(np.full((9,12), i, np.uint8)).save(tmp_path/"labels"/f"{i}.png")
    for name,lines in (("codes","c0 c1 c2 c3"),("train","0.png 1.png"),("valid","1.png 2.png 7.png")): (tmp_path/f"{name}.txt").write_text(lines.replace(" ", "\n"))
    with pytest.raises(ValueError, match="valid.txt names it(?s:.)*1.png: it is in 'train' and in 'val'"): evaluate(blur(), open_data(tmp_path))
    (tmp_path/"valid.txt").write_text("2.png")
    data = open_data(tmp_path)
    data.splits["some"] = [data.splits["train"][0],data.splits["val"][0]]
    assert evaluate(blur(), data, "some")["images"]==2 # a split of one's own

# --- ONNX, with nothing else

def script():
    "The program in the how-to"
    cells = json.loads((root/"nbs"/"50_your_own_photos.ipynb").read_text())["cells"]
    return next(m[1] for c in cells if (m := re.search(r"```python\n(import json, sys\n.*?)```", "".join(c["source"]), re.S)))

@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    "A learner that takes each picture by its own mean and deviation, and its ONNX file, which takes ten seconds"
    here = tmp_path_factory.mktemp("onnx")
    torch.manual_seed(0)
    learn = small_learner(here/"d", standardize=True)
    for p in learn.model.head.parameters():
        if p.ndim==4: torch.nn.init.normal_(p, std=.2) # so that it sees many classes, and its skips
    return learn,export_onnx(learn, here/"m.onnx")

@exports
@pytest.mark.parametrize("squeeze", [True, False])
def test_the_script_runs_without_pytorch(exported, tmp_path, squeeze):
    text = script()
    assert len([l for l in text.splitlines() if l.strip()]) <= 25
    learn,file = exported
    seg = load_model(pixelladder.save(learn, tmp_path/"m"))
    seg = Segmenter(seg.model, {**seg.recipe, "size": [64,96], "squeeze": squeeze})
    onnx = pytest.importorskip("onnx")
    made = onnx.load(file)
    about = {p.key: p.value for p in made.metadata_props}
    onnx.helper.set_model_props(made, {**about, "size": "[64, 96]", "squeeze": json.dumps(squeeze)})
    onnx.save(made, tmp_path/"m.onnx")
    (tmp_path/"run.py").write_text("import sys\nfor m in ('torch','torchvision','fastai','pixelladder'): sys.modules[m] = None\n"+text)
    Image.fromarray(noise(70, 90)).resize((180,136)).save(tmp_path/"photo.png") # four crops at most, so it is predicted whole
    r = subprocess.run([sys.executable, "run.py", "m.onnx", "photo.png"], cwd=tmp_path, capture_output=True, text=True)
    assert r.returncode==0, r.stderr
    found = Image.open(tmp_path/"photo_mask.png")
    answer = seg(tmp_path/"photo.png")
    assert (np.array(found)==answer).mean() > .99 and len(np.unique(answer)) > 2 and found.getpalette()[:33]==seg.palette.ravel().tolist()

@exports
def test_onnx_of_a_learner_and_its_axes(exported, tmp_path):
    onnx,runtime = pytest.importorskip("onnx"),pytest.importorskip("onnxruntime")
    session,net = runtime.InferenceSession(exported[1]),exported[0].model.eval().cpu()
    for size in (64,64),(65,97),(357,479):
        x = torch.rand(1, 3, *size)*.3
        with torch.no_grad(): wanted = net(x).numpy()
        np.testing.assert_allclose(session.run(None, {"pictures": x.numpy()})[0], wanted, rtol=0, atol=1e-5*np.abs(wanted).max())
    made = onnx.load(exported[1])
    for end in (made.graph.input[0],made.graph.output[0]):
        dims = end.type.tensor_type.shape.dim
        assert [d.dim_param or d.dim_value for d in dims][::2]==["batch","height"] and dims[3].dim_param=="width"
    kept = {p.key: json.loads(p.value) for p in made.metadata_props}
    assert kept["codes"]==list(CAMVID_CODES) and len(kept["palette"])==11 and kept["size"]==[64,64] and set(kept["normalization"])=={"mean","std"}
    with pytest.raises(ValueError, match="body and head"): export_onnx(SimpleNamespace(model=torch.nn.Linear(1, 1)), tmp_path/"x.onnx")

# --- any `dense_learner`

def small_learner(path, **kwargs):
    data = open_data(segnet_folder(path, {"train": 4, "val": 2}, (64,64)))
    return dense_learner(data.dls((64,64), bs=2, num_workers=0), "squeezenet1_1", pretrained=False, **kwargs)

def mask_of(path): return path.parent.parent/"masks"/path.name

def fastai_loaders(root, values, codes):
    "fastai's own loaders of grey masks"
    for f in ("images","masks"): (root/f).mkdir(parents=True)
    for i in range(6):
        Image.fromarray(noise(64, 64, i)).save(root/"images"/f"{i}.png")
        Image.fromarray(np.random.default_rng(i).choice(values, (64,64)).astype(np.uint8)).save(root/"masks"/f"{i}.png")
    return SegmentationDataLoaders.from_label_func(root, sorted((root/"images").iterdir()), mask_of, codes=codes, bs=2, num_workers=0)

def test_save_and_load_what_fastai_loaded(tmp_path):
    learn = dense_learner(fastai_loaders(tmp_path/"d", [0,1,2], np.array(["sky","road","car"])), "squeezenet1_1", pretrained=False)
    with learn.no_bar(), learn.no_logging(): learn.fit(1)
    model = pixelladder.load(pixelladder.save(learn, tmp_path/"m"))
    assert model.codes==["sky","road","car"] and model.size==(64,64) and model.squeeze
    xb = learn.dls.valid.one_batch()[0]
    with torch.no_grad(): torch.testing.assert_close(model.model(xb), learn.model.eval()(xb))
    torch.testing.assert_close(model.prepare(learn.dls.valid.items[0]), xb.as_subclass(torch.Tensor)[:1], rtol=1e-4, atol=1e-4)
    os.umask(usual := os.umask(0))
    assert (tmp_path/"m"/"model.safetensors").stat().st_mode & 0o777==0o666 & ~usual

@pytest.mark.parametrize("values, codes, words", [([0,255], ["a","b"], "black and white"), ([0,1,2], ["a","b"], "codes 2, and there are 2 classes"), ([255], ["a","b"], "void everywhere")])
def test_nothing_trains_on_nothing(tmp_path, values, codes, words):
    with pytest.raises(ValueError, match=words): dense_learner(fastai_loaders(tmp_path/"d", values, np.array(codes)), "squeezenet1_1", pretrained=False)

def test_one_class_alone_is_told(tmp_path):
    with pytest.warns(UserWarning, match="of class 0"): dense_learner(fastai_loaders(tmp_path/"d", [0], np.array(["a","b"])), "squeezenet1_1", pretrained=False)

def photo_loaders(root, item_tfms, codes=("sky","road","car"), kind=None, **kwargs):
    "Loaders of six pictures of 48x64, two of which validate"
    images = ImageBlock(kind) if kind else ImageBlock
    for f in ("images","masks"): (root/f).mkdir(parents=True)
    for i in range(6):
        smooth = Image.fromarray(noise(3, 4, i)).resize((64,48), Image.Resampling.BICUBIC)
        smooth.save(root/"images"/f"{i}.png")
        Image.fromarray(np.random.default_rng(i).integers(0, 3, (48,64), dtype=np.uint8)).save(root/"masks"/f"{i}.png")
    files = sorted((root/"images").iterdir())
    return DataBlock((images,MaskBlock(list(codes))), get_y=mask_of, splitter=IndexSplitter([4,5]), item_tfms=item_tfms, **kwargs).dataloaders(files, bs=2, num_workers=0)

WAYS = {"squish": (Resize((32,32), method="squish"),{},True,True), "crop, of one shape": (Resize((24,32)),{},True,True), "enlarged": (Resize((96,128)),{},True,True),
        "pieces": (RandomCrop((32,40)),{},False,True), "all of it": (RandomCrop((48,64)),{},False,True), "made smaller on the way": (Resize((48,64), method="squish"),dict(batch_tfms=aug_transforms(size=(32,32))),True,True),
        "crop": (Resize((32,32)),{},True,False), "pad": (Resize((32,32), method="pad"),{},True,False), "zoom": (RandomResizedCrop((32,40), val_xtra=.4),{},True,False),
        "a border": (CropPad((80,96)),{},False,False), "a piece made smaller": ([CropPad((32,32)),Resize((16,16), method="squish")],{},True,False), "smaller, a piece": ([Resize((24,32)),RandomCrop((16,16))],{},True,False)}

@pytest.mark.parametrize("way", WAYS)
def test_a_saved_model_prepares_as_it_was_trained_or_says_so(tmp_path, way, recwarn):
    tfms,more,squeeze,same = WAYS[way]
    learn = dense_learner(photo_loaders(tmp_path/"d", tfms, **more), "squeezenet1_1", "bilinear", pretrained=False)
    model = pixelladder.load(pixelladder.save(learn, tmp_path/"m"))
    assert model.squeeze==squeeze and learn.model.training
    assert any("to train as it predicts" in str(w.message) for w in recwarn)==(not same)
    xb = learn.dls.valid.one_batch()[0].as_subclass(torch.Tensor)
    seen = model.prepare(learn.dls.valid.items[0])
    if same and squeeze: assert (seen-xb[:1]).abs().max() < .6
    elif same: torch.testing.assert_close(seen[..., (48-xb.shape[2])//2:, (64-xb.shape[3])//2:][..., :xb.shape[2], :xb.shape[3]], xb[:1])

def test_grey_pictures_are_grey_again(tmp_path):
    learn = dense_learner(photo_loaders(tmp_path/"d", Resize((32,40), method="squish"), kind=PILImageBW), "squeezenet1_1", pretrained=False, n_in=1, standardize=True)
    with learn.no_bar(), learn.no_logging(): learn.fit(1)
    model = pixelladder.load(pixelladder.save(learn, tmp_path/"m"))
    file = learn.dls.valid.items[0]
    torch.testing.assert_close(model.prepare(file), learn.dls.valid.one_batch()[0].as_subclass(torch.Tensor)[:1], rtol=1e-4, atol=1e-4)
    assert all(model(x, how=how, tile=(32,32)).shape==(48,64) for how in ("squeezed","tiled") for x in (file,noise(48, 64)))

def test_four_channels_are_a_sentence(tmp_path):
    body = Body("squeezenet1_1", 4)
    made = DensePredictor(body, UnetHead(body, 3))
    model = load_model(save_model(made, tmp_path, recipe(made, SimpleNamespace(codes=["a","b","c"], palette=palette_for(["a","b","c"])), (32,48))))
    with pytest.raises(ValueError, match="takes 4 channels"): model(noise(20, 30))

def test_names_fewer_or_more_than_classes(tmp_path):
    "Void has no score where the masks leave it out; a class without a name gets one; and a name twice has a way out"
    for n_out,codes in ((3,["sky","road","car","void"]), (5,["sky","road","car"])):
        learn = dense_learner(photo_loaders(tmp_path/f"d{n_out}", Resize((32,40)), codes), "squeezenet1_1", "bilinear", pretrained=False, n_out=n_out)
        assert pixelladder.load(pixelladder.save(learn, tmp_path/"m")).codes==["sky","road","car","class 3","class 4"][:n_out]
    learn.dls.vocab = ["a","b","b"]
    with pytest.raises(ValueError, match="each once.*learn.dls.vocab"): pixelladder.save(learn, tmp_path/"m")
    learn.dls.vocab = ["a","b","c"]
    assert pixelladder.load(pixelladder.save(learn, tmp_path/"m")).codes[:3]==["a","b","c"]

def test_looking_leaves_chance_as_it_was(tmp_path):
    from fastai.torch_core import set_seed
    from pixelladder.review import check_batch
    dls = open_data(segnet_folder(tmp_path/"d", {"train": 6, "val": 2}, (16,16))).dls((16,16), bs=2, num_workers=0)
    batches = []
    for look in (False, True):
        set_seed(0); dls.train.rng.seed(0)
        if look: assert check_batch(dls, 11)
        batches.append((dls.train.one_batch()[0], torch.rand(3), np.random.rand()))
    assert all((torch.as_tensor(a)==torch.as_tensor(b)).all() for a,b in zip(*batches))

def test_losses_that_count_void_are_refused(tmp_path):
    from fastai.losses import CrossEntropyLossFlat, DiceLoss, FocalLossFlat
    for i,loss in enumerate([CrossEntropyLossFlat(axis=1), DiceLoss(axis=1), FocalLossFlat(axis=1), torch.nn.CrossEntropyLoss()]):
        with pytest.raises(ValueError, match="MaskedDice"): small_learner(tmp_path/f"n{i}", loss_func=loss)
    for i,loss in enumerate([CrossEntropyLossFlat(axis=1, ignore_index=255), MaskedDice(), MaskedFocal(), torch.nn.CrossEntropyLoss(ignore_index=255)]):
        learn = small_learner(tmp_path/f"y{i}", loss_func=loss)
        with learn.no_bar(), learn.no_logging(): learn.fit(1)
        assert np.isfinite(learn.recorder.losses[-1])

def test_masked_losses_are_fastais_where_there_is_no_void():
    from fastai.losses import DiceLoss, FocalLossFlat
    torch.manual_seed(0)
    scores,masks = torch.randn(2,3,8,9),torch.randint(0, 3, (2,8,9))
    torch.testing.assert_close(MaskedDice(1e-6)(scores, masks), DiceLoss(axis=1, reduction="mean")(scores, masks), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(MaskedFocal(2.)(scores, masks), FocalLossFlat(axis=1, gamma=2.)(scores, masks), rtol=1e-4, atol=1e-5)

def test_all_leaves_fastais_names_alone():
    code = """import pixelladder # mends torchvision beside a CPU build of torch
from fastai.vision.all import *
before = {n: globals()[n] for n in ("load_model","save_model","show_batch","show_results","DiceLoss")}
from pixelladder.all import *
assert all(globals()[n] is f for n,f in before.items()) and open_data and dense_learner and Segmenter
import pixelladder.all
assert len([n for n in vars(pixelladder.all) if n[0] != "_"]) < 80"""
    r = ask(exec, code, {})
    assert r.returncode==0, r.stderr

def test_a_prediction_needs_no_fastai(model, tmp_path):
    "Whatever head: each is made of torch alone but for `dynamic_unet`, which is fastai's"
    Image.fromarray(noise(20, 30)).save(tmp_path/"a.png")
    code = f"""import sys
for name in ("fastai","pandas","matplotlib","sklearn","scipy"): sys.modules[name] = None # an import is an error
from pixelladder.cli import main
main(["predict", {str(model)!r}, {str(tmp_path/'a.png')!r}, "--out", {str(tmp_path/'o')!r}, "--overlay"])
from pixelladder import nearest, transposed, subpixel, fcn, unet
from pixelladder.body import HEADS, Body, DensePredictor
import torch
body = Body("resnet18")
for name in set(HEADS)-{{"dynamic_unet"}}: assert DensePredictor(body, HEADS[name](body, 3)).eval()(torch.randn(1,3,64,64)).shape==(1,3,64,64)"""
    r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert r.returncode==0 and (tmp_path/"o"/"a.png").exists(), r.stderr

def block(language, words):
    "README's block that has these words"
    return next(b for b in re.findall(rf"```{language}\n(.*?)```", (root/"README.md").read_text(), re.S) if words in b)

@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    "A folder as README describes it: ten photos of several sizes, black-and-white masks"
    here = tmp_path_factory.mktemp("readme")
    for i in range(10):
        h,w = 40+3*i,60-2*i
        mask = np.zeros((h,w), np.uint8)
        mask[5:h//2, 8:w//2] = 255
        for folder,array,name in (("images",noise(h, w, i)//2+mask[...,None]//2,f"IMG_{i:03}.jpg"),("masks",mask,f"IMG_{i:03}_mask.png")):
            (here/"photos"/folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(here/"photos"/folder/name)
    return here

def command_in(folder, *words):
    os.chdir(folder)
    command(*words)

def test_readmes_three_commands(photos):
    text = block("sh", "--overlay").replace("--out model\n", "--out model --size 48x64 --epochs 1 --arch squeezenet1_1\n")
    commands = [shlex.split(line, comments=True) for line in text.splitlines()]
    assert [words[:2] for words in commands]==[["pixelladder",c] for c in ("data","train","predict")]
    ran = [ask(command_in, photos, *words[1:]) for words in commands]
    said = "".join(r.stdout+r.stderr for r in ran)
    assert [r.returncode for r in ran]==[0,0,0], said
    assert "guessed  0 is 'background' and 255 is 'foreground'" in said and "10 of 10 pictures" in said
    for p in (photos/"photos"/"images").iterdir():
        with Image.open(p) as photo:
            for kind in (".png","_overlay.jpg"): assert Image.open(photos/"answers"/f"{p.stem}{kind}").size==photo.size

def test_readmes_ten_lines(photos):
    text = block("python", "model.overlay").replace("(192,256)", "(32,48)").replace("(10,", "(1,").replace("resnet18", "squeezenet1_1")
    r = ask(exec, f"import os\nos.chdir({str(photos)!r})\n{text}", {})
    assert r.returncode==0 and (photos/"overlay.jpg").exists() and "foreground" in r.stdout, r.stderr
