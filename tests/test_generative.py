"""Pictures out: numbers against torchmetrics and scikit-image; any size in, the same out; what is saved comes back."""
import json
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from skimage.color import lab2rgb, rgb2lab
from torchmetrics.functional.image import peak_signal_noise_ratio
from conftest import exports
from pixelladder.body import HEADS, Body, DensePredictor, head_name
from pixelladder.cli import main
from pixelladder.lab import ab_error, ab_squares, colourfulness, grey, lab_to_rgb, rgb_to_lab
from pixelladder.generative import (TASKS, ColourClasses, Colour, FeatureLoss, PictureHead, StyleLoss, Super, edge_loss,
                                    find_checkerboard, give_back, gram, picture_learner, psnr)
from pixelladder.photos import open_photos
from pixelladder.pieces import Pieces, picture_dls
from pixelladder.predict import evaluate, export_onnx, load_model, save_model
from pixelladder.checkpoints import Checkpoint
from pixelladder.styles import STYLES, style_picture
from pixelladder.subpixel import DOUBLERS
from pixelladder.train import resume, train

def pictures(*shape, seed=0): return torch.rand(shape, generator=torch.Generator().manual_seed(seed))
def channels_last(x): return x.permute(0,2,3,1).numpy()

@pytest.fixture(scope="module")
def body(): return Body("mobilenet_v3_small")

def test_psnr_is_torchmetrics_for_each_picture():
    made,truth = pictures(3,3,9,7),pictures(3,3,9,7, seed=1)
    theirs = peak_signal_noise_ratio(made, truth, data_range=1., reduction="none", dim=(1,2,3))
    torch.testing.assert_close(psnr(made, truth), theirs)
    assert psnr(made, made).isposinf().all()
    with pytest.raises(ValueError, match="compare pictures of one size"): psnr(made, truth[:1])

def test_lab_is_scikit_images():
    x = torch.cat([pictures(2,3,5,6), torch.zeros(1,3,5,6), torch.ones(1,3,5,6), pictures(1,3,5,6)*.03])
    np.testing.assert_allclose(channels_last(rgb_to_lab(x)), rgb2lab(channels_last(x)), atol=.02)
    lab = rgb_to_lab(x)
    np.testing.assert_allclose(channels_last(lab_to_rgb(lab)), lab2rgb(channels_last(lab)), atol=2e-3)

def test_grey_has_the_light_and_no_colour():
    x = pictures(2,3,8,8)
    g = grey(x)
    assert colourfulness(g).max() < .1
    torch.testing.assert_close(rgb_to_lab(g)[:,0], rgb_to_lab(x)[:,0], atol=.1, rtol=0)
    torch.testing.assert_close(ab_error(g, x), colourfulness(x), atol=.1, rtol=0) # to be grey is to be off by the colour

def test_a_colour_is_put_on_and_read_off():
    x = .2+.6*pictures(1,3,6,6)
    task = Colour()
    torch.testing.assert_close(task.finish(task.lose(x), task.target(x)), x, atol=5e-3, rtol=0)

def test_colour_classes_take_the_nearest_square():
    x = pictures(2,3,5,7)
    task = ColourClasses([(x[0]*255).byte()])
    codes,ab = task.target(x),rgb_to_lab(x)[:,1:]
    assert codes.shape==(2,5,7) and codes.dtype==torch.int64
    far = (ab[0,:,3,2]-ab_squares()).norm(dim=1)
    assert far[codes[0,3,2]]==far.min()
    sure = F.one_hot(codes, task.n_out).permute(0,3,1,2)*100.
    assert (ab_error(task.finish(grey(x), sure), x) <= 10*2**.5+.5).all() # at most half a diagonal, but for colours out of range
    assert task.loss_func.func.weight.shape==(task.n_out,)

def test_each_task_keeps_the_size_it_promises():
    x = pictures(2,3,24,32)
    for name,task in TASKS.items():
        left = task.lose(x)
        assert left.shape==(2,3,24//task.scale,32//task.scale) and left.min() >= 0 and left.max() <= 1, name
        assert task.start(left).shape==x.shape and task.target(x).shape==(2,task.n_out,24,32), name
        assert not torch.equal(task.start(left), x), name

def test_super_resolution_starts_from_bicubic():
    edges = (pictures(1,3,5,4) > .5).float()
    bicubic = F.interpolate(edges, scale_factor=2, mode="bicubic")
    assert bicubic.max() > 1 # it shoots over
    torch.testing.assert_close(Super(2).start(edges), bicubic.clamp(0, 1))
    with pytest.raises(ValueError, match="at least 2"): Super(1)

@pytest.mark.parametrize("size", [(1,1), (33,47), (64,96), (50,31)])
@pytest.mark.parametrize("arch", ["mobilenet_v3_small","squeezenet1_1","vgg16_bn"])
def test_an_untrained_skip_gives_the_picture_back(arch, size):
    body = Body(arch)
    model = DensePredictor(body, PictureHead(body))
    x = pictures(1,3,*size)
    torch.testing.assert_close(give_back(model, TASKS["denoise"], x), x, atol=1e-5, rtol=0)

def test_any_doubler_grows_to_the_picture(body):
    for grow in DOUBLERS:
        head = PictureHead(body, 2, skip=False, y_range=(-1,2), grow=grow)
        out = DensePredictor(body, head).eval()(5*pictures(1,3,37,50))
        assert out.shape==(1,2,37,50) and -1 <= out.min() and out.max() <= 2, grow

@pytest.mark.parametrize("how,said", [(dict(n_out=2), "can't be added"), (dict(y_range=(0,1)), "leave one of them out"),
                                      (dict(grow="best"), "choose one of nearest"), (dict(skip=False, y_range=(1,0)), "a lower and a higher")])
def test_options_that_do_not_go_together(body, how, said):
    with pytest.raises(ValueError, match=said): PictureHead(body, **how)

def test_a_picture_head_comes_back_by_name(body):
    head = PictureHead(body, 2, skip=False, y_range=(-1,1), grow="sub-pixel")
    name,options = head_name(head)
    assert name=="picture" and options["y_range"]==[-1,1] and options["grow"]=="sub-pixel"
    again = HEADS[name](body, 2, **options)
    again.load_state_dict(head.state_dict())
    x = pictures(1,3,40,56)
    torch.testing.assert_close(DensePredictor(body, again).eval()(x), DensePredictor(body, head).eval()(x))

def test_pieces_are_cut_from_their_picture():
    p = torch.arange(20*30).view(1,20,30).expand(3,-1,-1)%251
    torch.manual_seed(0)
    for random in (True,False):
        piece, = Pieces([p.byte()], (8,12), random)[0]
        whole = (p.float()/255).unfold(1, 8, 1).unfold(2, 12, 1)[0]
        assert any(torch.equal(t, piece[0]) for row in whole for w in row for t in (w, w.flip(-1)))
    middle, = Pieces([p.byte()], (8,12), False)[0]
    torch.testing.assert_close(middle.as_subclass(torch.Tensor), p[:, 6:14, 9:21].float()/255)
    with pytest.raises(ValueError, match="a picture of 20x30 has no piece of 21x12"): Pieces([p], (21,12))

def test_the_model_reads_normalized_pictures_and_says_plain_ones():
    shown = [(pictures(3,40,40, seed=i)*255).byte() for i in range(4)]
    dls = picture_dls(shown, shown, TASKS["super2"], (32,32), bs=2)
    learn = picture_learner(dls, TASKS["super2"])
    x,y = dls.valid.one_batch()
    torch.testing.assert_close(y[0], shown[0][:, 4:36, 4:36].float()/255)
    mean,std = (torch.tensor(s).view(-1,1,1) for s in learn.model.body.stats)
    torch.testing.assert_close((x*std+mean).as_subclass(torch.Tensor), TASKS["super2"].start(TASKS["super2"].lose(y)), atol=1e-5, rtol=0)
    torch.testing.assert_close(learn.model.eval()(x), (x*std+mean).as_subclass(torch.Tensor), atol=1e-5, rtol=0)

def test_a_batch_learns():
    torch.manual_seed(0)
    shown = [(F.interpolate(pictures(1,3,8,8, seed=i), size=(48,48))[0]*255).byte() for i in range(8)]
    learn = picture_learner(picture_dls(shown*4, shown, TASKS["super2"], (48,48)), TASKS["super2"])
    before = learn.validate()[1]
    with learn.no_bar(), learn.no_logging(): learn.fit(4, 3e-3)
    assert learn.validate()[1] > before+1

def test_edges_cost_what_loops_say():
    made,truth = pictures(2,2,4,3),pictures(2,2,4,3, seed=1)
    e = (made-truth).numpy()
    down = [abs(e[b,c,i+1,j]-e[b,c,i,j]) for b in range(2) for c in range(2) for i in range(3) for j in range(3)]
    right = [abs(e[b,c,i,j+1]-e[b,c,i,j]) for b in range(2) for c in range(2) for i in range(4) for j in range(2)]
    np.testing.assert_allclose(edge_loss(made, truth), np.mean(down)+np.mean(right), rtol=1e-5)

def test_gram_is_a_sum_over_places():
    f = pictures(2,3,4,5)
    torch.testing.assert_close(gram(f), torch.einsum("bihw,bjhw->bij", f, f)/60)

def test_the_checkerboard_of_a_layer_is_found():
    torch.manual_seed(0)
    for stride in (2,3,4):
        y = torch.nn.ConvTranspose2d(2, 1, stride, stride)(torch.ones(1,2,12,12)).detach()
        assert find_checkerboard(y)==stride
    assert find_checkerboard(F.interpolate(torch.ones(1,1,6,6), scale_factor=4))==1

def test_losses_move_the_picture_and_not_the_body():
    torch.manual_seed(0)
    eye = Body("squeezenet1_1")
    made,truth = pictures(1,3,48,48).requires_grad_(),pictures(1,3,48,48, seed=1)
    for loss in FeatureLoss(eye),StyleLoss(eye, style_picture("mosaic", (48,48))):
        made.grad = None
        loss(made, truth).backward()
        assert made.grad.abs().sum() > 0 and all(p.grad is None for p in eye.parameters())
    assert FeatureLoss(eye)(truth, truth)==0
    assert StyleLoss(eye, truth, content=1.)(truth, truth) < 1e-6

def test_styles_are_the_same_each_time():
    for kind in STYLES:
        a = style_picture(kind, (40,56))
        assert a.shape==(1,3,40,56) and torch.equal(a, style_picture(kind, (40,56))) and a.std() > .1
    with pytest.raises(ValueError, match="choose one of hatching"): style_picture("cubism")

@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    "A folder of five photos of odd sizes, one of them grey, and no masks"
    folder = tmp_path_factory.mktemp("photos")
    for i in range(5):
        p = F.interpolate(pictures(1,3,9,10, seed=i), size=(70+i,81+2*i), mode="bilinear")[0]
        page = Image.fromarray((p*255).byte().permute(1,2,0).numpy())
        (page.convert("L") if i==4 else page).save(folder/f"photo{i}.png")
    return folder

@pytest.fixture(scope="module")
def painter(photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")/"m"
    train(str(photos), out, task="super2", arch="squeezenet1_1", crop=(32,48), epochs=1, batch_size=2, bf16=False)
    model = load_model(out)
    for p in model.model.head.grow.parameters(): torch.nn.init.normal_(p, std=.01) # so that it adds something
    return model

def test_a_folder_of_photos_needs_no_masks(photos, tmp_path):
    data = open_photos(photos)
    assert [len(data.splits[s]) for s in ("train","val")]==[4,1] and not set(data.splits["train"]) & set(data.splits["val"])
    assert open_photos(photos).splits==data.splits
    for split,names in (("train","abc"),("val","bc")):
        (tmp_path/split).mkdir()
        for i,n in enumerate(names): (tmp_path/split/f"{n}.png").write_bytes((photos/f"photo{i}.png").read_bytes())
    assert {s: [p.stem for p in ps] for s,ps in open_photos(tmp_path).splits.items()}=={"train": ["a","b","c"], "val": ["b","c"]}
    (tmp_path/"empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no photos"): open_photos(tmp_path/"empty")
    with pytest.raises(FileNotFoundError, match="there is no folder"): open_photos(tmp_path/"nowhere")
    assert any(open_photos("streets").masks.values())

def test_masks_never_train_as_photos(tmp_path):
    "Whatever is wrong with them, or with what is said of them"
    smooth = np.arange(24*32).reshape(24,32)%200
    for i in range(6):
        Image.fromarray(np.full((24,32,3), 40*i, np.uint8)).save(tmp_path/f"{i}.jpg")
        Image.fromarray((np.full((24,32), i%2)).astype(np.uint8)).save(tmp_path/f"{i}.png")
    assert {p.suffix for ps in open_photos(tmp_path).splits.values() for p in ps}=={".jpg"}
    for wrong,words in (dict(codes="nope.txt"),"nope.txt"),(dict(void=[300]),"`void` is 300"),(dict(colours="nope.csv"),"nope.csv"):
        with pytest.raises((ValueError,OSError), match=words): open_photos(tmp_path, **wrong)
    for i in range(6): Image.fromarray(smooth.astype(np.uint8)).save(tmp_path/f"{i}.png") # no codes
    for found in open_photos(tmp_path),open_photos(tmp_path, images=tmp_path):
        assert {p.suffix for ps in found.splits.values() for p in ps}=={".jpg"}

def test_who_validates_of_photos_is_said_as_for_masks(photos, tmp_path):
    "A share, a list from here or from the folder, folders, files; names that are none; what is to test"
    def lay(*names):
        for name in names:
            (tmp_path/name).parent.mkdir(exist_ok=True)
            (tmp_path/name).write_bytes((photos/"photo0.png").read_bytes())
    def found(**how): return {s: [p.stem for p in ps] for s,ps in open_photos(tmp_path, **how).splits.items()}
    lay(*(f"{n}.png" for n in "abcdef"))
    (tmp_path/"held.txt").write_text("a.png\nb.png\n")
    for val in ("held.txt",tmp_path/"held.txt",str(tmp_path/"held.txt")): assert found(val=val)=={"train": [*"cdef"], "val": ["a","b"]}
    with pytest.raises(ValueError, match="`val` is .*: give a share between 0 and 1"): found(val=["a.png"])
    (tmp_path/"held.txt").write_text("a.png\nzebra.png\n")
    assert any("zebra.png" in f for f in open_photos(tmp_path, val="held.txt").faults)
    assert open_photos(tmp_path, name="mine").name=="mine" and open_photos(tmp_path).name==tmp_path.name
    (tmp_path/"test.txt").write_text("a\nb")
    assert found()["test"]==["a","b"] and not {"a","b"} & {*found(val=.5)["train"],*found(val=.5)["val"]}
    for p in tmp_path.iterdir(): p.unlink()
    lay(*(f"train/{n}.png" for n in "abcdef"), *(f"test/{n}.png" for n in "gh"), "x.png")
    assert found()["test"]==["g","h"] and len(found()["val"])==1 and "1 images are in none" in open_photos(tmp_path).said[-1]
    assert found(val=.5)["test"]==["g","h"]
    for p in tmp_path.rglob("*.png"): p.unlink()
    lay(*(f"{n}.png" for n in "abcdef"), "test/g.png", "val_images/h.png") # who is in no split trains, where none is to
    assert found()=={"train": [*"abcdef"], "val": ["h"], "test": ["g"]}
    for p in tmp_path.rglob("*.png"): p.unlink()
    lay("images/a.png", "images/b.png", "other/c.png")
    assert "1 pictures outside of images/" in open_photos(tmp_path).said[-1]
    with pytest.raises(ValueError, match="the name of the folder is empty"): open_photos("")

def test_a_picture_that_comes_back_as_it_was_has_a_score(painter, tmp_path, monkeypatch):
    "A mean can't be taken of infinity; and what is for classes is a sentence"
    for i in range(2): Image.new("RGB", (32,24), (9*i,90,90)).save(tmp_path/f"{i}.png")
    monkeypatch.setattr(type(painter), "__call__", lambda self, image: np.asarray(image).repeat(2, 0).repeat(2, 1))
    found = painter.evaluate(open_photos(tmp_path))
    assert found["PSNR"]==100 and json.loads(json.dumps(found, allow_nan=False))==found
    for call in (lambda: painter.shares(np.zeros((2,2), np.uint8)), lambda: painter.colours(None), lambda: painter.overlay(None, None)):
        with pytest.raises(ValueError, match="says no classes"): call()
    for tile in (0, (0,32), (32,)):
        with pytest.raises(ValueError, match="`tile"): painter.predict(np.zeros((24,32,3), np.uint8), how="tiled", tile=tile)

def test_tiles_make_what_the_whole_does(painter):
    image = (pictures(60,90,3)*255).byte().numpy()
    whole,tiled = painter.predict(image),painter.predict(image, how="tiled", tile=(96,96), overlap=.5)
    assert (whole.how,tiled.how)==("whole","tiled") and whole.picture.shape==tiled.picture.shape==(120,180,3)
    assert np.abs(whole.picture.astype(int)-tiled.picture).mean() < 2
    large = painter.predict(np.zeros((520,520,3), np.uint8))
    assert large.how=="tiled" and large.picture.shape==(1040,1040,3)

def test_flips_average_two_answers(painter):
    x = pictures(1,3,32,48)
    with torch.no_grad(): one,two = painter._made(x, False),painter._made(x.flip(-1), False).flip(-1)
    with torch.no_grad(): torch.testing.assert_close(painter._made(x, True), (one+two)/2)

@pytest.mark.parametrize("how,said", [(dict(size=(20,31)), "takes no `size`"), (dict(scales=(1,2)), "takes no `scales`"),
                                      (dict(confidence=True), "takes no `confidence`"), (dict(how="squeezed"), "choose one of these two")])
def test_options_for_classes_are_refused(painter, how, said):
    with pytest.raises(ValueError, match=said): painter.predict(np.zeros((20,31,3), np.uint8), **how)

def test_a_painter_is_scored_without_masks(painter, photos):
    data = open_photos(photos)
    found = evaluate(painter, data)
    path, = data.splits["val"]
    y = torch.tensor(data.image(path)).permute(2,0,1)[None].float()/255
    y = y[..., :y.shape[-2]//2*2, :y.shape[-1]//2*2]
    small = (F.interpolate(y, scale_factor=.5, mode="bicubic", antialias=True).clamp(0, 1)*255).round()/255
    large = F.interpolate(small, scale_factor=2, mode="bicubic").clamp(0, 1)
    assert found["PSNR before"]==pytest.approx(peak_signal_noise_ratio(large, y, data_range=1.).item(), abs=1e-3)
    made = torch.tensor(painter((small[0]*255).byte().permute(1,2,0).numpy())).permute(2,0,1)[None]/255
    assert found["PSNR"]==pytest.approx(peak_signal_noise_ratio(made, y, data_range=1.).item(), abs=1e-3)
    assert found["images"]==1 and found["task"]=="super2"
    with pytest.raises(ValueError, match="no images in the split 'test'; it has train, val"): evaluate(painter, data, "test")

def test_the_command_line_scores_and_predicts_pictures(photos, painter, tmp_path, capsys):
    save_model(painter.model, tmp_path/"m", painter.recipe)
    main(["evaluate", str(tmp_path/"m"), "--data", str(photos), "--json"])
    assert json.loads(capsys.readouterr().out)==evaluate(load_model(tmp_path/"m"), open_photos(photos))
    main(["predict", str(tmp_path/"m"), str(photos/"photo1.png"), str(photos/"photo4.png"), "--out", str(tmp_path/"o")])
    made = Image.open(tmp_path/"o"/"photo1.png")
    assert made.size==(2*83,2*71)
    np.testing.assert_array_equal(np.array(made), painter(photos/"photo1.png"))
    with pytest.raises(SystemExit): main(["predict", str(tmp_path/"m"), str(photos/"photo1.png"), "--out", str(tmp_path/"o"), "--overlay"])
    assert "--overlay is for classes" in capsys.readouterr().err

@exports
def test_a_painters_onnx_file_says_its_task_and_answers_at_two_sizes(painter, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(export_onnx(painter, tmp_path/"m.onnx"))
    assert json.loads(session.get_modelmeta().custom_metadata_map["task"])=="super2"
    for size in (96,128),(75,101):
        x = pictures(1,3,*size)
        with torch.no_grad(): wanted = painter.model(x)
        np.testing.assert_allclose(session.run(None, {"pictures": x.numpy()})[0], wanted.numpy(), atol=1e-4)

def test_a_stopped_task_goes_on_to_the_same_weights(photos, tmp_path, monkeypatch):
    how = dict(task="denoise", arch="squeezenet1_1", crop=(32,32), epochs=2, batch_size=2, bf16=False)
    train(str(photos), tmp_path/"whole", **how)
    write = Checkpoint.after_epoch
    def stop(self): write(self); raise KeyboardInterrupt
    with monkeypatch.context() as m, pytest.raises(KeyboardInterrupt):
        m.setattr(Checkpoint, "after_epoch", stop)
        train(str(photos), tmp_path/"two", **how)
    resume(tmp_path/"two")
    a,b = (load_file(tmp_path/f/"model.safetensors") for f in ("whole","two"))
    assert all(torch.equal(a[k], b[k]) for k in a)

def test_train_a_task_then_load_it(tmp_path):
    "Options for classes are refused; what is saved takes a picture and gives one, twice as large"
    with pytest.raises(ValueError, match="--class-weights is for classes"): train("streets", tmp_path/"m", task="super2", class_weights=.5)
    with pytest.raises(ValueError, match="--task super2 has a head of its own, not 'fcn8'"): train("streets", tmp_path/"m", task="super2", head="fcn8")
    with pytest.raises(ValueError, match="take multiples of 4"): train("streets", tmp_path/"m", task="super4", crop=(30,32))
    with pytest.raises(ValueError, match="`task` must be"): train("streets", tmp_path/"m", task="super3")
    train("streets", tmp_path/"m", task="super2", arch="squeezenet1_1", crop=(32,32), epochs=1, bf16=False)
    model = load_model(tmp_path/"m")
    small = np.full((20,31,3), 90, np.uint8)
    made = model(small)
    assert made.shape==(40,62,3) and made.dtype==np.uint8 and abs(made.astype(int)-90).mean() < 20
    with pytest.raises(ValueError, match="makes pictures"): model(small, (20,31))
