"The ladder: each training is the one that `pixelladder train` gives, none is made twice, and the table holds what the runs say."
import json, shutil
import matplotlib.pyplot as plt
import numpy as np, pytest
from PIL import Image
from conftest import segnet_folder
from terminal import run
from pixelladder.ladder import ONCE, _checksum, class_table, climb, costs, ladder_table, measure, plot_ladder, three_pictures, yardsticks
from pixelladder.data import open_data
from pixelladder.body import HEADS

BUDGET = dict(arch="squeezenet1_1", size=(32,48), epochs=2, batch_size=4)

@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    "Two drives of little pictures: the brighter half is road"
    def draw(rng, size):
        road = np.arange(size[0])[:,None] > rng.integers(8, 24) + np.zeros((1,size[1]), int)
        return (road[...,None]*90 + rng.integers(0, 120, (*size,3))).astype(np.uint8),(road*3).astype(np.uint8)
    drive = {"train": "a", "val": "b"}
    folder = tmp_path_factory.mktemp("scenes")
    return str(segnet_folder(folder, {"train": 9, "val": 5}, (32,48), lambda split, i: f"{drive[split]}_{i}", draw))

@pytest.fixture(scope="module")
def ladder(scenes, tmp_path_factory):
    out = tmp_path_factory.mktemp("ladder")/"out"
    return out,list(climb(scenes, out, ["fcn16","unet"], 2, **BUDGET))

def test_a_rung_is_what_train_trains(scenes, ladder, tmp_path):
    "Also when three others were trained before it in the same process"
    assert run(*f"train --data {scenes} --head unet --seed 1 --arch squeezenet1_1 --size 32x48 --epochs 2 --batch-size 4 --class-weights --out {tmp_path/'m'}".split()).returncode==0
    assert (tmp_path/"m"/"model.safetensors").read_bytes()==(ladder[0]/"unet-1"/"model.safetensors").read_bytes()
    score = json.loads(run("evaluate", tmp_path/"m", "--data", scenes, "--json").stdout)
    assert ladder[1][3]=={"head": "unet", "seed": 1, **score} and score["sequences"]=={"b": score["mean_iou"]}

def test_what_is_there_is_read_and_what_was_stopped_goes_on(scenes, ladder, tmp_path, monkeypatch):
    def stop(self): raise KeyboardInterrupt
    from pixelladder.checkpoints import Checkpoint
    with monkeypatch.context() as m:
        saved = Checkpoint._publish
        m.setattr(Checkpoint, "_publish", lambda self: (saved(self), stop(self)))
        with pytest.raises(KeyboardInterrupt): list(climb(scenes, tmp_path/"o", ["fcn16"], 1, **BUDGET))
    assert not (tmp_path/"o"/"fcn16-0.json").exists()
    assert list(climb(scenes, tmp_path/"o", ["fcn16"], 1, **BUDGET))==ladder[1][:1]
    monkeypatch.setattr("pixelladder.ladder.train", lambda args: pytest.fail("trained twice"))
    assert list(climb(scenes, tmp_path/"o", ["fcn16"], 1, **BUDGET))==ladder[1][:1]

def test_one_folder_is_one_budget(scenes, ladder):
    for other in ({**BUDGET, "epochs": 3}, {k: v for k,v in BUDGET.items() if k!="size"}, {**BUDGET, "augment": True}):
        with pytest.raises(ValueError, match="name another folder"): next(climb(scenes, ladder[0], ["unet"], 1, **other))
    with pytest.raises(ValueError, match="no option 'start'"): next(climb(scenes, ladder[0].parent/"new", ["unet"], 1, start="camvid"))
    with pytest.raises(ValueError, match="have data"): next(climb("streets", ladder[0], ["unet"], 1, **BUDGET))

def test_the_command_says_the_table(scenes, ladder):
    r = run(*f"ladder --data {scenes} --heads fcn16 unet --seeds 2 --arch squeezenet1_1 --size 32x48 --epochs 2 --batch-size 4 --out {ladder[0]}".split())
    found = json.loads((ladder[0]/"ladder.json").read_text())
    assert r.returncode==0 and ladder_table(found).to_string() in r.stdout and found["runs"]==ladder[1] and found["budget"]["bf16"] in (True, False), r.stderr
    r = run("ladder", "--data", scenes, "--heads", "unets")
    assert r.returncode==2 and r.stderr.startswith("pixelladder ladder: there is no head 'unets'") and r.stderr.count("\n")==1

def test_three_pictures_by_rule(scenes, ladder):
    from pixelladder.predict import evaluate, load_model
    data,model = open_data(scenes),load_model(ladder[0]/"unet-0")
    score = {}
    for image in data.splits["val"]:
        data.splits["one"] = [image]
        score[image] = evaluate(model, data, "one")["mean_iou"]
    found = [score[p] for p in three_pictures(data, ladder[0]/"unet-0")]
    assert found==[max(score.values()), sorted(score.values())[2], min(score.values())]

def test_expensive_heads_are_trained_once():
    from pixelladder.ladder import _trainings
    heads = [h for h in HEADS if h!="picture"]
    assert len(_trainings(None, 3))==3*(len(heads)-1)+1 and _trainings(None, 1)==[(h, 0) for h in heads] and set(ONCE) <= set(HEADS)

def test_table_shows_every_seed():
    found = {"runs": [{"head": "unet", "seed": s, "mean_iou": v, "iou": {"a": v, "b": v/2, "c": None}} for s,v in enumerate((.5,.2,.3))],
             "cost": {"unet": {"parameters": 2_500_000, "GMAC": 2., "MiB": 24., "seconds": .5}, "fcn32": {"parameters": 1, "GMAC": 1., "MiB": 1., "seconds": .25}},
             "yardsticks": {"constant": {"mean_iou": .03, "iou": {"a": .06, "b": 0., "c": None}}}}
    found["runs"].append({**found["runs"][0], "head": "fcn32"})
    table = ladder_table(found)
    assert table.loc["unet"].tolist()==[.5, .2, .3, .333, 2.5, 2., 24., 2.] and table.loc["fcn32"].tolist()[:3]==[.5, "", ""] and table.loc["constant","mean"]==.03
    assert class_table(found)["unet"].to_dict()=={"a": .3, "b": .15} and class_table(found).loc["a","constant"]==.06

def test_yardsticks_are_the_counts_of_their_masks(scenes):
    data = open_data(scenes)
    found = yardsticks(data, strides=(1,16))
    assert found["labels at stride 1"]["mean_iou"]==1 and .7 < found["labels at stride 16"]["mean_iou"] < 1
    road = np.mean([open_data(scenes).mask(p)==3 for p in open_data(scenes).splits["val"]])
    assert found["constant"]["pixel_accuracy"]==pytest.approx(max(road, 1-road), abs=1e-5)

def test_yardsticks_have_the_cells_of_the_network(scenes):
    "Seen at half its size, a picture has cells of twice as many of its own pixels; at its own size those of the stride"
    data = open_data(scenes)
    h,w = data.mask(data.splits["val"][0]).shape
    half,own = (yardsticks(data, strides=(8,16), size=size) for size in ((h//2,w//2),(h,w)))
    for form in ("labels","averaged labels"):
        assert half[f"{form} at stride 8"]==own[f"{form} at stride 16"] and own==yardsticks(data, strides=(8,16))

def test_every_head_has_its_name_beside_it():
    runs = [{"head": h, "seed": 0, "mean_iou": v, "iou": {"a": v}} for h,v in (("near",.5),("close",.505),("far",.4))]
    cost = {h: {"parameters": 1, "GMAC": 1., "MiB": 1., "seconds": t} for h,t in (("near",1.),("close",1.1),("far",14.))}
    yards = {n: {"mean_iou": v, "iou": {"a": v}} for n,v in (("constant",.03),("labels at stride 32",.44),("labels at stride 4",.9))}
    ax = plt.subplots()[1]
    plot_ladder({"runs": runs, "cost": cost, "yardsticks": yards}, ax)
    places = {t.get_text(): t.get_position() for t in ax.texts}
    assert {"near","close","far","constant","labels at stride 32"}==set(places)
    assert places["close"][1]-places["near"][1] > .03 and places["close"][0]==places["near"][0] < 2 < 14 < places["far"][0]
    plt.close("all")

def test_costs_count_what_torch_counts():
    from torch.utils.flop_counter import FlopCounterMode
    import torch
    from pixelladder.body import Body, DensePredictor
    found = costs(["fcn8"], 5, size=(64,96), bs=2, rounds=1)["fcn8"]
    model = DensePredictor(body := Body("resnet18"), HEADS["fcn8"](body, 5))
    with FlopCounterMode(display=False) as flops: model(torch.randn(1, 3, 64, 96))
    assert found["GMAC"]==pytest.approx(flops.get_total_flops()/2e9, abs=.006) and found["parameters"]==sum(p.numel() for p in model.parameters())

def test_a_head_that_does_not_fit_is_found_before_anything_is_trained(scenes, tmp_path):
    with pytest.raises(ValueError, match="none at 32"): next(climb(scenes, tmp_path/"o", ["unet","fcn32"], 1, **BUDGET))
    assert not (tmp_path/"o").exists() # no budget either, so that another body may be named

WRONG = [dict(epochs=0), dict(lr=-1.), dict(val=2), dict(batch_size="4"), dict(class_weights="x"), dict(size=(40,)), dict(holdout="nope"), dict(sgd=1), dict(arch=None), dict(seeds=1.5), dict(seeds=-1), dict(heads=["picture"])]
@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_option_locks_no_folder(scenes, tmp_path, wrong):
    with pytest.raises(ValueError): next(climb(scenes, tmp_path/"o", **{"heads": ["bilinear"], "seeds": 1, **BUDGET, **wrong}))
    assert not (tmp_path/"o").exists()

def test_a_training_that_never_began_locks_no_folder(scenes, tmp_path, monkeypatch):
    def refuse(*args, **kwargs): raise ValueError(f"{kwargs['epochs']} epochs are refused")
    monkeypatch.setattr("pixelladder.ladder.train", refuse)
    for epochs in (3,2):
        with pytest.raises(ValueError, match=f"{epochs} epochs are refused"): next(climb(scenes, tmp_path/"o", ["bilinear"], 1, **{**BUDGET, "epochs": epochs}))

def test_only_what_this_ladder_trained_is_scored(scenes, ladder, tmp_path):
    def again(change=None, data=scenes, **more):
        out = tmp_path/"again"
        shutil.rmtree(out, ignore_errors=True); shutil.copytree(ladder[0], out)
        (out/"unet-0.json").unlink()
        if change: change(out)
        return next(climb(data, out, ["unet"], 1, **BUDGET, **more))
    assert again(lr=None)==ladder[1][1]
    def other(folder): return lambda out: (shutil.rmtree(out/"unet-0"), shutil.copytree(out/folder, out/"unet-0"))
    def edit(file, **values): return lambda out: (out/file).write_text(json.dumps({**json.loads((out/file).read_text()), **values}))
    trained = json.loads((ladder[0]/"unet-0"/"model.json").read_text())["trained"]
    for change,words in ((other("fcn16-0"), "has head fcn16, and in this ladder it is unet"), (other("unet-1"), "has seed 1, and in this ladder it is 0"),
                         (edit("unet-0/model.json", trained={**trained, "epochs_done": 1}), "has epochs 1, and in this ladder it is 2"), (edit("budget.json", ema=.9), "no option 'ema'"),
                         (edit("budget.json", lr="x"), "budget.json is damaged"), (lambda out: (out/"budget.json").write_text("{"), "budget.json is damaged")):
        with pytest.raises(ValueError, match=words): again(change)
    for text in ("[]", "{", json.dumps({"head": "unet", "seed": 0, "mean_iou": None, "iou": {}}), json.dumps({**ladder[1][0]})):
        with pytest.raises(ValueError, match="unet-0.json is damaged"): again(lambda out: (out/"unet-0.json").write_text(text))
    shutil.copytree(scenes, tmp_path/"else"/scenes.split("/")[-1])
    first = next((tmp_path/"else").rglob("train/*.png"))
    assert again(data=str(first.parent.parent))==ladder[1][1] # the same, elsewhere
    Image.fromarray(np.zeros((32,48,3), np.uint8)).save(first)
    with pytest.raises(ValueError, match="isn't what the trainings in .* had"): again(data=str(first.parent.parent))

def test_results_without_a_budget_are_nobodys(scenes, ladder, tmp_path):
    "Nor are models: nothing else says which data they are of"
    out = shutil.copytree(ladder[0], tmp_path/"o")
    (out/"budget.json").unlink()
    for left in ("*-?.json","*/model.json"):
        with pytest.raises(FileNotFoundError, match="no .*budget.json, and nothing else says which data .*-[01].* is of"): next(climb(scenes, out, ["unet"], 2, **BUDGET))
        for file in out.glob(left): file.unlink()
    assert not (out/"budget.json").exists()
    (out/"notes-on-it.json").write_text("{}")
    assert next(climb(scenes, out, ["fcn16"], 1, **BUDGET))==ladder[1][0]

def test_pixels_of_crops_are_compared_too(scenes, tmp_path):
    folder,how = shutil.copytree(scenes, tmp_path/"scenes"),{**BUDGET, "epochs": 1, "size": (40,48), "crop": (32,48)}
    found = list(climb(str(folder), tmp_path/"o", ["bilinear"], 1, **how))
    assert list(climb(str(folder), tmp_path/"o", ["bilinear"], 1, **how))==found
    budget = json.loads((tmp_path/"o"/"budget.json").read_text())
    older = _checksum(open_data(folder), budget, True) # as an older program knew crops, by the classes in their masks
    Image.fromarray(np.zeros((32,48,3), np.uint8)).save(next(folder.rglob("train/*.png")))
    with pytest.raises(ValueError, match="isn't what the trainings in .* had"): next(climb(str(folder), tmp_path/"o", ["bilinear"], 1, **how))
    del budget["pixels"]
    (tmp_path/"o"/"budget.json").write_text(json.dumps({**budget, "checksum": older}))
    assert list(climb(str(folder), tmp_path/"o", ["bilinear"], 1, **how))==found
    Image.fromarray(np.zeros((32,48), np.uint8)).save(next(folder.rglob("trainannot/*.png")))
    with pytest.raises(ValueError, match="isn't what the trainings in .* had"): next(climb(str(folder), tmp_path/"o", ["bilinear"], 1, **how))

def test_a_list_in_the_data_is_called_as_there(scenes, tmp_path):
    "By its whole path or not; so a ladder can move with its data"
    folder,how = shutil.copytree(scenes, tmp_path/"a"/"scenes"),{**BUDGET, "epochs": 1}
    (folder/"held.txt").write_text("\n".join(p.name for p in sorted((folder/"val").iterdir())[:3]))
    found = list(climb(str(folder), tmp_path/"a"/"o", ["bilinear"], 1, val=str(folder/"held.txt"), **how))
    assert list(climb(str(folder), tmp_path/"a"/"o", ["bilinear"], 1, val="held.txt", **how))==found and found[0]["images"]==3
    moved = (tmp_path/"a").rename(tmp_path/"b")
    assert list(climb(str(moved/"scenes"), moved/"o", ["bilinear"], 1, val=moved/"scenes"/"held.txt", **how))==found

def test_heads_by_name_and_twice(scenes, ladder, tmp_path, monkeypatch):
    "And a folder is where it was when the ladder began"
    assert [r["head"] for r in climb(scenes, ladder[0], "unet", 1, **BUDGET)]==["unet"]==[r["head"] for r in climb(scenes, ladder[0], ["unet","unet"], 1, **BUDGET)]
    monkeypatch.chdir(ladder[0].parent)
    runs = climb(scenes, ladder[0].name, ["fcn16","unet"], 1, **BUDGET)
    first = next(runs)
    monkeypatch.chdir(tmp_path)
    assert [first,*runs]==[r for r in ladder[1] if r["seed"]==0]

def test_what_was_never_measured_is_a_sentence(scenes, ladder, tmp_path):
    with pytest.raises(FileNotFoundError, match="no .*bilinear-0.json: `climb` makes it"): measure(scenes, ladder[0], ["bilinear"], 1)
    with pytest.raises(FileNotFoundError, match="no .*budget.json"): measure(scenes, tmp_path)

def test_the_help_says_what_a_ladder_does():
    said = " ".join(run("ladder", "--help").stdout.split())
    assert "How often each image is seen (default: 6)" in said and "to this power (default: 0.5)" in said

def test_own_data_by_the_options_of_train(tmp_path):
    "Folders, names and void that only the options tell"
    for i in range(8):
        for folder,array in (("photos",np.random.default_rng(i).integers(0, 255, (32,48,3), dtype=np.uint8)),("truth",np.random.default_rng(i).choice([0,1,7,9], (32,48)).astype(np.uint8))):
            (tmp_path/folder).mkdir(exist_ok=True)
            Image.fromarray(array).save(tmp_path/folder/f"{i}.png")
    (tmp_path/"names.json").write_text('{"0": "ground", "1": "tree", "7": "bush", "9": "blurred"}')
    own = ["--images", tmp_path/"photos", "--masks", tmp_path/"truth", "--codes", tmp_path/"names.json", "--void", "9", "blurred", "1"]
    words = ["ladder", "--data", tmp_path, *own, *"--heads bilinear --seeds 1 --arch squeezenet1_1 --size 32x48 --epochs 1 --batch-size 4".split(), "--out", tmp_path/"o"]
    r = run(*words)
    assert r.returncode==0, r.stderr
    found = json.loads((tmp_path/"o"/"ladder.json").read_text())
    assert set(found["runs"][0]["iou"])=={"ground","bush"}==set(found["yardsticks"]["constant"]["iou"])

def test_a_class_that_only_some_seeds_say():
    for a,b in ((0.,None), (None,0.)):
        found = {"cost": {"nearest": {}}, "runs": [{"head": "nearest", "iou": {"a": .5, "b": v}} for v in (a,b)], "yardsticks": {}}
        assert class_table(found)["nearest"].to_dict()=={"a": .5, "b": 0.}
