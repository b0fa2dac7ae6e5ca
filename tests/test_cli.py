"The command line: what scripts rely on; and the project's own promises."
import json, os, re, shutil, signal, subprocess, sys, time
from pathlib import Path
import pytest
from PIL import Image
from conftest import segnet_folder
from terminal import run
root = Path(__file__).parent.parent

@pytest.fixture(scope="module")
def model(tmp_path_factory):
    out = tmp_path_factory.mktemp("model")/"m"
    r = run("train", "--data", "streets", "--arch", "squeezenet1_1", "--size", "48x64", "--epochs", 1, "--out", out)
    assert r.returncode==0, r.stderr
    return out

def test_help_imports_nothing_heavy():
    code = "import sys, pixelladder.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass\nassert not {'torch','fastai','numpy'} & set(sys.modules)"
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert time.perf_counter()-start < 5 # half a second where nothing else runs; this catches an import of torch and more

def test_train_writes_the_model_and_its_history(model):
    assert sorted(p.name for p in model.iterdir()) == [".lock", "history.csv", "model.json", "model.safetensors"]
    assert (model/"history.csv").read_text().splitlines()[0]=="epoch,train_loss,valid_loss,mean_iou,pixel_accuracy,time"
    spec = json.loads((model/"model.json").read_text())
    assert spec["arch"]=="squeezenet1_1" and spec["size"]==[48,64] and spec["void"]==255 and len(spec["codes"])==len(spec["palette"])==11
    assert spec["trained"]["epochs_done"]==1 and spec["trained"]["seed"]==0

def test_evaluate_in_json(model):
    r = run("evaluate", model, "--data", "streets", "--split", "val", "--json")
    scores = json.loads(r.stdout)
    assert r.returncode==0 and {"mean_iou","pixel_accuracy","iou","pixels","images"} <= set(scores) and scores["images"]==24 and len(scores["iou"])==11
    assert 0 < scores["mean_iou"] < scores["pixel_accuracy"] < 1

def one_sentence(r, *words):
    assert r.returncode==2 and "Traceback" not in r.stderr and all(w in r.stderr for w in words), r.stderr

def test_errors_are_sentences(model, tmp_path):
    one_sentence(run("train", "--data", tmp_path/"none", "--out", tmp_path/"o"), "no folder")
    one_sentence(run("train", "--data", "streets", "--size", "ten", "--out", tmp_path/"o"), "192x256")
    one_sentence(run("train", "--data", "streets", "--head", "best", "--out", tmp_path/"o"), "'best'", "nearest")
    one_sentence(run("train", "--data", "streets", "--arch", "resnet19", "--out", tmp_path/"o"), "resnet19", "timm")
    one_sentence(run("train", "--data", "streets", "--out", model), "already holds a model", "--resume")
    one_sentence(run("train", "--out", tmp_path/"o"), "--data is missing")
    one_sentence(run("train", "--data", "streets"), "--out", "--resume", "required")
    one_sentence(run("evaluate", tmp_path, "--data", "streets"), "no model.json")
    one_sentence(run("course", "99"), "no chapter '99'")
    one_sentence(run("data", "streets", "--write"), "--write", "streets needs no dataset.json")
    one_sentence(run("page", "--port", 70000), "70000", "65535")
    (segnet_folder(tmp_path/"three", {"train": 2, "val": 1})/"codes.txt").write_text("a\nb\nc")
    one_sentence(run("evaluate", "camvid", "--data", tmp_path/"three"), "Bicyclist, and three has a, b, c:")
    one_sentence(run("train", "--data", "streets", "--crop", "64x64", "--augment", "--out", tmp_path/"o"), "--augment", "--crop", "leave one")
    assert not (tmp_path/"o").exists()

def test_pretrained_without_weights_says_where_to_put_them(tmp_path):
    r = run("train", "--data", "streets", "--arch", "squeezenet1_1", "--size", "48x64", "--pretrained", "--out", tmp_path/"o",
            TORCH_HOME=str(tmp_path), https_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9")
    one_sentence(r, "squeezenet1_1", "TORCH_HOME", "pretrained=False")
    assert not (tmp_path/"o").exists()

def test_both_modules_can_be_run():
    for module in "pixelladder","pixelladder.cli": # as after `accelerate launch -m`
        one_sentence(subprocess.run([sys.executable, "-m", module, "train", "--out", "o"], capture_output=True, text=True), "--data is missing")

def test_ctrl_c_leaves_the_last_epoch(tmp_path):
    words = "train --data streets --arch squeezenet1_1 --size 32x48 --batch-size 32 --epochs 500".split()
    p = subprocess.Popen([Path(sys.executable).with_name("pixelladder"), *words, "--out", tmp_path/"m"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for line in p.stdout:
        if line.startswith("epoch 1 "): break
    os.killpg(p.pid, signal.SIGINT) # to the workers too, as a terminal does
    _,error = p.communicate(timeout=60)
    assert p.returncode==130 and "Traceback" not in error and "complete epoch" in error and "saved last" in error, error
    assert run("evaluate", tmp_path/"m", "--data", "streets", "--json").returncode==0

def test_progress_in_a_terminal(tmp_path):
    r = run("progress", "transposed", PIXELLADDER_CACHE=str(tmp_path))
    assert r.returncode==0 and r.stdout.startswith("transposed   ░") and "zero_insert" in r.stdout and "icnr" not in r.stdout
    one_sentence(run("progress", "none"), "no exercises in 'none'", "transposed")

def test_other_weights_do_not_fit(model, tmp_path):
    shutil.copytree(model, tmp_path/"m")
    spec = json.loads((tmp_path/"m"/"model.json").read_text())
    (tmp_path/"m"/"model.json").write_text(json.dumps({**spec, "arch": "resnet18"}))
    one_sentence(run("evaluate", tmp_path/"m", "--data", "streets"), "do not fit")

def test_modules_are_what_the_notebooks_export(tmp_path):
    copy = tmp_path/"p"
    shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(".venv", ".git", "_run", "_proc", "_docs", "*.egg-info"))
    tools = Path(sys.executable).parent
    for tool in ("nbdev-clean", "nbdev-export"): subprocess.run([tools/tool], cwd=copy, check=True, capture_output=True)
    for p in [*root.glob("pixelladder/*.py"), *root.glob("nbs/*.ipynb")]:
        assert p.read_text()==(copy/p.relative_to(root)).read_text(), f"{p.name} differs: run make export"

@pytest.mark.parametrize("book", sorted((root/"nbs").glob("[0-9]*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_are_fit_to_read(book):
    cells = json.loads(book.read_text())["cells"]
    assert cells[0]["source"][0].startswith("# ") and any(l.startswith("> ") for l in cells[0]["source"])
    assert book.stat().st_size < 450_000
    for c in cells:
        assert c["id"]
        for o in c.get("outputs", []):
            text = "".join(o.get("text", o.get("data", {}).get("text/plain", "")))
            assert o["output_type"]!="error" and " at 0x" not in text and not re.search(r"(?<![\w.:/])/\w+/", text), text[:200] # no address, and no path from the root of a disk
            if "image/png" in o.get("data", {}): assert "".join(c["source"]).startswith("#| fig-alt: "), "a figure needs its alt text"

def test_readme_quotes_the_results():
    sys.path.insert(0, str(root/"benchmarks"))
    from tables import PLOT, filled, plotted
    text = (root/"README.md").read_text()
    assert filled(text)==text, "run python benchmarks/tables.py"
    assert Image.open(PLOT).text["results"]==plotted(), "run python benchmarks/tables.py"

def test_star_imports_give_what_the_chapters_use():
    names = {}
    exec("from pixelladder.all import *", names)
    assert {"open_data","Body","DensePredictor","NearestHead","dense_learner","mean_iou","Segmenter","show_grids","make_streets"} <= set(names)

def test_torchvision_guard_knows_both_names_of_the_operators(tmp_path):
    "Since 0.29 they are in `_C_stable.so`; declared twice, they would end the process"
    from pixelladder._torchvision import TorchvisionGuard
    assert TorchvisionGuard.loads([str(tmp_path)])
    for name in "_C","_C_stable":
        folder = tmp_path/name
        folder.mkdir()
        (folder/f"{name}.so").write_bytes(b"for another PyTorch")
        assert not TorchvisionGuard.loads([str(folder)])

def test_torchvision_guard_steps_in_once_and_only_when_needed():
    code = """import sys, pixelladder
guard = pixelladder._TorchvisionGuard
assert guard in sys.meta_path and not {"torch","torchvision"} & set(sys.modules)
import torch, torchvision
assert guard not in sys.meta_path and torchvision.models.resnet18
try: torchvision.ops.nms(torch.zeros(1,4), torch.zeros(1), .5); assert torchvision.extension._has_ops()
except (RuntimeError, NotImplementedError): assert not torchvision.extension._has_ops() # PyTorch's own error, never a wrong answer
"""
    r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert r.returncode==0, r.stderr
