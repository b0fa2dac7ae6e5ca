"The model that ships: small, loaded by name in a fresh process, and what its card says."
import json, os, subprocess, sys
from pathlib import Path
import pytest, torch
from safetensors import safe_open
from terminal import run
import pixelladder
from pixelladder.data import open_data
from pixelladder.predict import evaluate, load_model, save_model

root = Path(__file__).parent.parent
shipped = root/"pixelladder"/"models"/"camvid"
measured = json.loads((root/"results"/"camvid_model.json").read_text())

def test_it_is_small_and_its_kernels_are_half():
    assert (shipped/"model.safetensors").stat().st_size==measured["bytes"] < 8*2**20
    with safe_open(shipped/"model.safetensors", "pt") as f: kinds = {(f.get_tensor(k).ndim==4, f.get_tensor(k).dtype) for k in f.keys()}
    assert kinds=={(True, torch.float16), (False, torch.float32), (False, torch.int64)}
    assert all(p.dtype==torch.float32 and p.isfinite().all() for p in pixelladder.load().model.parameters())

def test_its_card_says_what_was_measured():
    sys.path.insert(0, str(root/"benchmarks"))
    from camvid_model import write_card
    assert (shipped/"README.md").read_text()==write_card(measured)
    assert "CC BY-NC" in (shipped/"README.md").read_text() and abs(measured["val"]["mean_iou"]-measured["val before half precision"]["mean_iou"]) < .001

def test_it_answers_in_a_fresh_process_from_any_folder(tmp_path):
    "A folder of data that is called camvid does not stand in its way"
    (tmp_path/"camvid").mkdir()
    street = open_data("streets").splits["val"][0]
    code = f"import pixelladder; m = pixelladder.load('camvid'); p = m({str(street)!r}); print(p.shape, p.dtype, len(m.codes), (p==m.codes.index('Road')).mean())"
    r = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    *kind,road = r.stdout.split()
    assert r.returncode==0 and " ".join(kind)=="(192, 256) uint8 11", r.stderr
    truth = (open_data("streets").mask(street)==open_data("streets").codes.index("Road")).mean()
    assert abs(float(road)-truth) < .15 # it was trained on photographs, and sees a road in a drawing

def test_the_command_line_takes_its_name():
    r = run("evaluate", "camvid", "--data", "streets", "--json")
    assert r.returncode==0 and json.loads(r.stdout)["iou"]["Road"] > .5, r.stderr
    r = run("evaluate", "camvids", "--data", "streets")
    assert r.returncode==2 and "camvids holds no model.json" in r.stderr

def test_half_precision_is_lossless_to_whoever_saves_again(tmp_path):
    model = pixelladder.load("camvid")
    save_model(model.model, tmp_path, model.recipe, half=True)
    assert (tmp_path/"model.safetensors").read_bytes()==(shipped/"model.safetensors").read_bytes()
    save_model(model.model, tmp_path, model.recipe)
    whole = load_model(tmp_path)
    x = torch.rand(1, 3, 96, 128)
    with torch.no_grad(): assert torch.equal(whole.model(x), model.model(x))

def test_it_goes_into_the_package(tmp_path):
    subprocess.run([sys.executable, "setup.py", "-q", "build", "--build-base", tmp_path/"b", "--build-lib", tmp_path/"lib"], cwd=root, check=True, capture_output=True)
    assert (tmp_path/"lib"/"pixelladder"/"models"/"camvid"/"model.safetensors").read_bytes()==(shipped/"model.safetensors").read_bytes()
    assert (tmp_path/"lib"/"pixelladder"/"models"/"camvid"/"README.md").exists() and (tmp_path/"lib"/"pixelladder"/"results"/"ladder.json").exists()

@pytest.mark.skipif("PIXELLADDER_DATA" not in os.environ, reason="name a folder with CamVid in PIXELLADDER_DATA")
def test_its_score_on_camvid():
    score = evaluate(pixelladder.load("camvid"), open_data(os.environ["PIXELLADDER_DATA"], classes=11))
    assert score["mean_iou"]==pytest.approx(measured["val"]["mean_iou"], abs=.002)
