"""What an older program wrote is still read: models, runs and ladders. `old/` holds the texts that version 0.1.0 wrote before format 2, its lists of options those of then."""
import json, os, shutil
from importlib import import_module
from pathlib import Path
import numpy as np, pytest, torch
from PIL import Image
from conftest import segnet_folder
from fastai.basics import Callback, defaults
from safetensors.torch import load_file, save_file
from terminal import ask
import pixelladder.all # every chapter names its heads
from pixelladder._moved import MOVED
from pixelladder.cache import cached_sums
from pixelladder.data import open_data
from pixelladder.body import HEADS, Body, DensePredictor
from pixelladder.ladder import climb
from pixelladder.predict import Segmenter, load_model
from pixelladder.checkpoints import CHECKPOINT, read_checkpoint
from pixelladder.train import DEFAULTS, resume, train
OLD = Path(__file__).parent/"old"

def text(name): return json.loads((OLD/f"{name}.json").read_text())
SMALL = dict(arch="squeezenet1_1", size=(40,48), batch_size=4, epochs=2, bf16=False)

@pytest.fixture(scope="module")
def data(tmp_path_factory): return segnet_folder(tmp_path_factory.mktemp("old")/"data", {"train": 12, "val": 5}, (40,48))

@pytest.fixture(scope="module")
def whole(data, tmp_path_factory): return train(str(data), tmp_path_factory.mktemp("whole")/"m", **SMALL)

class Quit(Callback):
    order = 90
    def after_epoch(self): os._exit(7)

def train_an_epoch(data, out, more):
    "A run that ends where its second epoch would begin"
    defaults.callbacks.append(Quit)
    train(str(data), out, **SMALL | more)

def climb_an_epoch(data, out, more):
    "A ladder that ends there"
    defaults.callbacks.append(Quit)
    list(climb(str(data), out, ["bilinear"], 1, **SMALL | more))

def stopped_after_an_epoch(data, out, do=train_an_epoch, **more):
    r = ask(do, data, out, more)
    assert r.returncode==7, r.stderr
    return out

def rewrite(out, change):
    "The record of a checkpoint, as `change` leaves it"
    tensors,record = read_checkpoint(out)
    change(record)
    save_file(tensors, out/CHECKPOINT, {"run": json.dumps(record)})

def same_weights(a, b):
    a,b = (load_file(f/"model.safetensors") for f in (a,b))
    assert a.keys()==b.keys() and all(torch.equal(a[k], b[k]) for k in a)

@pytest.mark.parametrize("lacks", [[], ["class_weights","augment","compile","crop","sgd"]], ids=["an old record","an older one"])
def test_an_old_run_goes_on_to_the_same_end(data, whole, tmp_path, lacks):
    "An option that is younger than the run has its default"
    out = stopped_after_an_epoch(data, tmp_path/"m")
    def age(record):
        old = text("checkpoint")
        for k in set(record)-set(old)-{"random","memory","hypers","rows","smooth","train_iter","columns"}: del record[k]
        record |= old
        record["arguments"] |= {"data": str(data), "bf16": False}
        for k in lacks: del record["arguments"][k]
    rewrite(out, age)
    resume(out)
    same_weights(out, whole)

def test_an_option_of_the_future_is_no_traceback(data, tmp_path):
    out = stopped_after_an_epoch(data, tmp_path/"m")
    rewrite(out, lambda record: record["arguments"].update(warp=3))
    with pytest.raises(ValueError, match="warp"): resume(out)

def test_an_old_ladder_goes_on(data, tmp_path):
    "Its budget lacks whatever came later"
    budget = {k: v for k,v in text("budget").items() if k not in ("augment","compile")}
    (tmp_path/"budget.json").write_text(json.dumps(budget))
    options = {k: tuple(v) if isinstance(v, list) else v for k,v in budget.items() if k in ("arch","size","epochs","batch_size")}
    assert [run["head"] for run in climb(str(data), tmp_path, ["bilinear"], 1, **options)]==["bilinear"]
    with pytest.raises(ValueError, match="augment False, and now True"): list(climb(str(data), tmp_path, ["bilinear"], 1, augment=True, **options))

def test_an_old_model_answers_as_it_did():
    spec = text("model")
    body = Body(spec["arch"])
    torch.manual_seed(0)
    model = DensePredictor(body, HEADS[spec["head"]](body, len(spec["codes"])))
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60,70,3), dtype=np.uint8))
    assert Segmenter(model, spec).prepare(picture).shape==(1,3,40,48) # squeezed: it was trained on whole pictures
    cropped = {**spec, "trained": {**spec["trained"], "crop": [40,48]}} # format 1 said it there
    assert Segmenter(model, cropped).prepare(picture).shape==(1,3,60,70)

def test_a_folder_of_the_old_format_is_loaded(tmp_path):
    "What shipped first, beside the weights that ship now: the same layers"
    shutil.copytree(Path(pixelladder.__file__).parent/"models"/"camvid", tmp_path/"m")
    shutil.copy(Path(__file__).parent/"old"/"shipped.json", tmp_path/"m"/"model.json")
    model = load_model(tmp_path/"m")
    assert model.recipe["format"]==1 and model.squeeze and not model.model.body.standardize and len(model.codes)==11

def test_a_module_is_found_under_the_name_that_it_had():
    for old,new in MOVED.items():
        assert import_module(f"pixelladder.{old}") is import_module(f"pixelladder.{new}")
        assert not (Path(__file__).parent.parent/"pixelladder"/f"{old}.py").exists()
    with pytest.raises(ModuleNotFoundError, match="pixelladder.nothing"): import_module("pixelladder.nothing")

def test_a_name_is_found_in_the_module_that_it_was_in():
    "As in the copies of learners who began before"
    from pixelladder.codes import TELL_APART, palette_for, voc_palette
    from pixelladder.segmenter import Segmenter, enlarged_scores, fading_window, tile_spans, tiled_scores
    from pixelladder.runs import all_processes, join_processes, leave_processes
    with pytest.raises(ImportError): from pixelladder.codes import nothing

def test_a_body_that_was_pickled_before_it_could_standardize():
    body = Body("squeezenet1_1")
    del body.__dict__["standardize"]
    assert len(body(torch.rand(1, 3, 64, 64)))==len(body.channels)

def test_every_option_of_the_old_record_is_still_there():
    assert set(text("checkpoint")["arguments"])-{"data"} <= set(DEFAULTS)

CHANGES = {"two names swapped": (lambda d: (d/"codes.txt").write_text("Building\nSky\n"+"\n".join(NAMES[2:])), "the classes were Sky, Building"),
           "an image more": (lambda d: [shutil.copy(d/f/"a_0.png", d/f/"a_99.png") for f in ("train","trainannot")], "1 of 'train' new: a_99.png"),
           "an image less": (lambda d: [(d/f/"a_3.png").unlink() for f in ("val","valannot")], "1 of 'val' gone: a_3.png"),
           "other pixels": (lambda d: Image.fromarray(np.zeros((40,48,3), np.uint8)).save(d/"train"/"a_5.png"), "1 of 'train' changed: a_5.png"),
           "another mask": (lambda d: Image.fromarray(np.ones((40,48), np.uint8)).save(d/"trainannot"/"a_5.png"), "1 of 'train' changed: a_5.png")}
NAMES = ["Sky","Building","Pole","Road","Pavement","Tree","SignSymbol","Fence","Car","Pedestrian","Bicyclist","Void"]

@pytest.mark.parametrize("change,crop", [*((change,None) for change in CHANGES), ("other pixels",(32,40)), ("another mask",(32,40))])
def test_a_run_whose_data_has_changed_is_not_gone_on_with(tmp_path, change, crop):
    data = segnet_folder(tmp_path/"d", {"train": 12, "val": 5}, (40,48))
    (data/"codes.txt").write_text("\n".join(NAMES))
    out = stopped_after_an_epoch(data, tmp_path/"m", crop=crop)
    spoil,words = CHANGES[change]
    spoil(data)
    before = (out/CHECKPOINT).read_bytes()
    with pytest.raises(ValueError, match=words): resume(out)
    assert (out/CHECKPOINT).read_bytes()==before

def test_a_run_goes_on_where_its_data_has_moved(tmp_path):
    data = segnet_folder(tmp_path/"d", {"train": 12, "val": 5}, (40,48))
    (data/"codes.txt").write_text("\n".join(NAMES))
    out = stopped_after_an_epoch(data, tmp_path/"m")
    other = segnet_folder(tmp_path/"other", {"train": 12, "val": 5}, (40,48), seed=1)
    (other/"codes.txt").write_text("\n".join(NAMES))
    moved = data.rename(tmp_path/"moved")
    with pytest.raises(FileNotFoundError, match="there is no folder"): resume(out)
    with pytest.raises(ValueError, match="not what the run .* was started with"): resume(out, data=other)
    resume(out, data=moved)
    assert load_model(out).recipe["trained"]["epochs_done"]==2

def test_a_run_on_crops_of_an_older_program_goes_on(data, tmp_path):
    "It knew its pictures by the classes in their masks, and so they are known on"
    data = shutil.copytree(data, tmp_path/"d")
    out = stopped_after_an_epoch(data, tmp_path/"m", crop=(32,40))
    sums = {(p.parent.name,p.name): s for p,s in cached_sums(open_data(data), None, True).items()}
    def age(record): record["data"] = {k: {name: sums[k,name] for name in v} if isinstance(v, dict) else v for k,v in record["data"].items() if k!="of"}
    rewrite(out, age)
    mask = data/"trainannot"/"a_0.png"
    before = mask.read_bytes()
    Image.fromarray(np.zeros((40,48), np.uint8)).save(mask)
    with pytest.raises(ValueError, match="1 of 'train' changed: a_0.png"): resume(out)
    mask.write_bytes(before)
    assert resume(out)==out

def lists(data):
    "A folder of images and masks, and a list of those that validate"
    from shutil import move
    for kind,name in (("","images"),("annot","masks")):
        (data/name).mkdir()
        for split in ("train","val"):
            for p in sorted((data/f"{split}{kind}").iterdir()): move(p, data/name/f"{split}_{p.name}")
            (data/f"{split}{kind}").rmdir()
    (data/"codes.txt").write_text("\n".join(NAMES))
    (data/"held.txt").write_text("\n".join(p.name for p in (data/"images").glob("val_*")))
    return data

def test_what_moves_with_its_data_takes_the_list_along(tmp_path):
    "A run, and a ladder that was cut off in one, whose list of validation images lies in the data"
    data = lists(segnet_folder(tmp_path/"before"/"d", {"train": 12, "val": 5}, (40,48)))
    for do,out in ((train_an_epoch,tmp_path/"m"),(climb_an_epoch,tmp_path/"before"/"l")): stopped_after_an_epoch(data, out, do, val="held.txt")
    moved = (tmp_path/"before").rename(tmp_path/"after")/"d"
    with pytest.raises((ValueError, FileNotFoundError)): resume(tmp_path/"m")
    assert resume(tmp_path/"m", data=moved)
    found = list(climb(str(moved), tmp_path/"after"/"l", ["bilinear"], 1, **SMALL, val="held.txt"))
    assert found[0]["images"]==5 and load_model(tmp_path/"after"/"l"/"bilinear-0").recipe["trained"]["epochs_done"]==2

def test_a_record_with_more_epochs_than_the_run(data, tmp_path):
    out = stopped_after_an_epoch(data, tmp_path/"m")
    rewrite(out, lambda record: record.update(epochs=10, rows=record["rows"]*10))
    with pytest.raises(ValueError, match="10 epochs of 2"): resume(out)
