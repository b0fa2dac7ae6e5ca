"Runs that survive: killed, interrupted, spoiled, locked, shared between processes; and each goes on to the same end."
import csv, json, os, re, shlex, shutil, signal, subprocess, sys
from pathlib import Path
from random import Random
import numpy as np, pytest, torch
from PIL import Image
from conftest import segnet_folder
from safetensors import safe_open
from terminal import SERVER, ask, fork
from pixelladder.predict import load_model
from pixelladder.checkpoints import CHECKPOINT, read_checkpoint
from pixelladder.train import DEFAULTS, _saved, settled

def trigger(moments, act):
    "Call `act` once at each of the `moments`: (epoch, how many events or steps of writing since its start)"
    from fastai.basics import Callback, defaults
    at,waiting = [0,0],sorted(map(list, moments))
    def count(draft=None):
        at[1] += 1
        if waiting and waiting[0] <= at: waiting.pop(0); act(draft)
    class Count(Callback):
        order = 65 # between the recorder and `Checkpoint`
        def __call__(self, event):
            if event=="before_epoch": at[:] = [self.epoch + self.learn.__dict__.get("before", 0), 0]
            if event=="after_fit": self.learn.before = self.learn.__dict__.get("before", 0)+self.learn.n_epoch
            count()
    defaults.callbacks.append(Count)
    replace,fsync = os.replace,os.fsync
    def counted(a, b): count(); replace(a, b); count()
    os.replace,os.fsync = counted,lambda fd: (count(fd), fsync(fd))

def child(job, rank):
    import fastai.basics as fastai, pixelladder.cli as cli, pixelladder.learner as learner
    fastai.defaults.cpus = job.get("workers", 0)
    whole = learner.Body
    learner.Body = lambda arch, n_in, pretrained, standardize: whole(arch, n_in, False, standardize) # no weights to be had here
    def die(draft):
        if draft is not None: os.ftruncate(draft, os.fstat(draft).st_size//2)
        os.kill(os.getpid(), signal.SIGKILL)
    if "die" in job: trigger([job["die"]], die)
    if "ctrl_c" in job: trigger(job["ctrl_c"], lambda draft: signal.raise_signal(signal.SIGINT))
    if "spoil" in job:
        def spoil(draft): raise MemoryError if job["spoil"]=="memory" else OSError(28, "No space left on device")
        trigger([[1, 5]], spoil) if job["spoil"]=="memory" else setattr(os, "fsync", spoil)
    if job.get("nan"): # the second epoch begins with a broken weight
        class Break(fastai.Callback):
            def before_train(self):
                if self.epoch==1: next(self.model.parameters()).data.fill_(float("nan"))
        fastai.defaults.callbacks.append(Break)
    if rank: # the first process alone writes
        import pixelladder.files as files, pixelladder.predict as predict, pixelladder.checkpoints as checkpoints
        def refuse(*_): raise AssertionError("a second process wrote")
        predict.replacing = checkpoints.replacing = files.lock_folder = refuse
    cli.main(job["words"])

def two_processes(job):
    "One step and one validation, shared by the processes, against the same done by this one alone"
    import fastai.basics as fastai
    from fastai.vision.augment import FlipItem
    from pixelladder.data import open_data
    from pixelladder.learner import dense_learner
    from pixelladder.distributed import all_processes, join_processes
    class FixedNorm(fastai.Callback):
        def before_train(self):
            for m in self.model.modules():
                if isinstance(m, torch.nn.BatchNorm2d): m.eval()
    def learner(bs):
        fastai.set_seed(0, reproducible=True)
        dls = open_data(job["data"]).dls(size=(40,48), bs=bs, num_workers=0)
        for dl in dls: next(t for t in dl.after_item.fs if isinstance(t, FlipItem)).p = 0
        return dense_learner(dls, "squeezenet1_1", pretrained=False, opt_func=fastai.SGD, cbs=FixedNorm())
    def weights(learn): return torch.cat([p.detach().flatten() for p in learn.model.parameters()])
    join_processes()
    whole,shared = learner(12),learner(6)
    start = weights(whole)
    with whole.no_bar(), whole.no_logging(): whole.fit(1, .1)
    with shared.no_bar(), shared.no_logging(), all_processes(shared):
        shared.fit(1, .1)
        in_fit = shared.metrics[0].counts
        shared.validate()
        again = shared.metrics[0].counts
    os.environ["WORLD_SIZE"] = "1" # alone from here on
    shared.validate()
    alone = shared.metrics[0].counts
    found = [(weights(whole)-start).abs().max().item(), (weights(whole)-weights(shared)).abs().max().item(),
             int(alone.sum()), bool((in_fit==alone).all()), bool((again==alone).all())]
    if os.environ["RANK"]=="0": print(f"\nRESULT{json.dumps(found)}\n", end="", flush=True) # one piece: the other process prints, too

def begin(job, rank=0):
    if "port" in job: os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(job["port"]), ACCELERATE_USE_CPU="true")
    two_processes(job) if "data" in job else child(job, rank)

@pytest.fixture(scope="module")
def data(tmp_path_factory):
    "12 and 5 pictures of 40x48, each with three patches that have the colour of their class"
    def draw(rng, size):
        mask = np.zeros(size, np.uint8)
        for _ in range(3):
            y,x = rng.integers(0, 30, 2)
            mask[y:y+12,x:x+16] = rng.integers(1, 11)
        return np.stack([mask*20, 255-mask*9, mask*3+rng.integers(0, 40, mask.shape, dtype=np.uint8)], 2),mask
    return segnet_folder(tmp_path_factory.mktemp("data"), {"train": 12, "val": 5}, (40,48), draw=draw)

@pytest.fixture(scope="module")
def run(tmp_path_factory):
    "How a training ended, and all that its process or processes said"
    said = tmp_path_factory.mktemp("said")/"said"
    def run(*words, **job):
        job["words"] = list(map(str, words))
        said.write_text("")
        processes = [fork(begin, job, rank, out=said, err=said) for rank in range(2 if "port" in job else 1)]
        for p in processes: p.join()
        return processes[0].exitcode,said.read_text()
    return run

def words(data, *more, epochs=3): return ["train","--data",data,"--arch","squeezenet1_1","--size","40x48","--batch-size",4,"--epochs",epochs,*more]

def files(folder):
    "What a reader of the folder gets, whenever it looks: weights, epochs of the model, lines of the history; all must be readable"
    if not (folder/CHECKPOINT).exists() and not (folder/"model.json").exists(): return None
    state = read_checkpoint(folder)[1] if (folder/CHECKPOINT).exists() else None
    model = load_model(folder) if (folder/"model.json").exists() else None
    rows = list(csv.reader((folder/"history.csv").open())) if (folder/"history.csv").exists() else []
    assert len({len(row) for row in rows}) <= 1
    return state,model,[row[:-1] for row in rows] # the last column is the time it took

def same(a, b):
    (_,ma,ra),(_,mb,rb) = files(a),files(b)
    assert ra==rb and [r[0] for r in ra]==["epoch",*map(str, range(len(ra)-1))]
    assert ma.recipe==mb.recipe
    assert all(torch.equal(x, y) for x,y in zip(ma.model.state_dict().values(), mb.model.state_dict().values()))
    visible = ["history.csv","model.json","model.safetensors"]
    assert [sorted(p.name for p in f.iterdir() if p.name!=".lock") for f in (a,b)]==[visible]*2

def survive(run, data, folder, moments, *more, workers=0, epochs=3):
    "A run that is killed at each of the moments, and goes on each time"
    killed = 0
    for moment in moments:
        go_on = ["train","--resume",folder] if (folder/CHECKPOINT).exists() else words(data, *more, "--out", folder, epochs=epochs)
        status,text = run(*go_on, die=moment, workers=workers)
        assert status in (-signal.SIGKILL, 0), text
        killed += status!=0
        files(folder)
    status,text = run("train","--resume",folder, workers=workers)
    assert status==0, text
    return killed

@pytest.mark.parametrize("workers,more", [(0,()), (2,()), (0,("--pretrained",)), (0,("--bf16","--sgd"))])
def test_killed_and_bit_equal(run, data, tmp_path, workers, more):
    status,text = run(*words(data, *more, "--out", tmp_path/"whole"), workers=workers)
    assert status==0, text
    rng = Random(workers+len(more))
    moments = sorted([rng.randrange(3), rng.randrange(1, 50)] for _ in range(5)) # an epoch has 50 events and steps of writing
    if more: moments = list(dict(moments).items()) # one an epoch
    assert survive(run, data, tmp_path/"killed", moments, *more, workers=workers)==len(moments)
    same(tmp_path/"whole", tmp_path/"killed")

def test_killed_in_every_step_of_writing(run, data, tmp_path):
    "Four files, each killed half written, before it takes its place, and after; a step an epoch. At last with the model one epoch behind the checkpoint"
    status,text = run(*words(data, "--out", tmp_path/"whole", epochs=13))
    assert status==0, text
    moments = [[epoch, 39+epoch] for epoch in range(12)] + [[12, 42]]
    assert survive(run, data, tmp_path/"killed", moments, epochs=13)==13
    same(tmp_path/"whole", tmp_path/"killed")

def sentence(result, *parts, status=2):
    assert result[0]==status and "Traceback" not in result[1] and all(str(p) in result[1] for p in parts), result

def epochs(folder):
    state,model,rows = files(folder)
    assert state["epochs"]==model.recipe["trained"]["epochs_done"]==len(rows)-1
    return state["epochs"]

def test_ctrl_c(run, data, tmp_path):
    assert run(*words(data, "--out", tmp_path/"whole"), workers=2)[0]==0
    sentence(run(*words(data, "--out", tmp_path/"once"), workers=2, ctrl_c=[[1,5]]), "finished and saved first", "after a complete epoch", "saved last", status=130)
    assert epochs(tmp_path/"once")==2
    sentence(run(*words(data, "--out", tmp_path/"twice"), workers=2, ctrl_c=[[1,5],[1,8]]), "finished and saved first", "at once", "saved last", status=130)
    assert epochs(tmp_path/"twice")==1
    for f in ("once","twice"):
        assert run("train","--resume",tmp_path/f, workers=2)[0]==0
        same(tmp_path/"whole", tmp_path/f)

def test_nan_keeps_the_last_good_weights(run, data, tmp_path):
    result = run(*words(data, "--out", tmp_path/"m"), nan=True)
    sentence(result, "the loss is nan", "epoch 1", "lower learning rate")
    named = result[1].split("(")[-1].split(")")[0].split(", ")
    assert len(set(named))==4 and set(named) <= {p.name for p in (data/"train").iterdir()}
    assert epochs(tmp_path/"m")==1
    for tensors in (read_checkpoint(tmp_path/"m")[0], load_model(tmp_path/"m").model.state_dict()): assert all(t.isfinite().all() for t in tensors.values())

def test_batch_files_are_those_of_the_batch(data):
    from pixelladder.data import open_data
    from pixelladder.checkpoints import batch_files
    for workers in (0,2):
        d = open_data(data)
        dl = d.dls(size=(40,48), bs=4, num_workers=workers).train
        for i,(xb,yb) in enumerate(dl):
            for name,y in zip(batch_files(dl, i), yb.numpy()):
                truth = d.mask(data/"train"/name)
                assert (y==truth).all() or (y==truth[:,::-1]).all()

def test_a_mask_without_a_label_is_named(run, data, tmp_path):
    shutil.copytree(data, tmp_path/"d")
    for p in (tmp_path/"d"/"trainannot").iterdir(): Image.fromarray(np.full((40,48), 11, np.uint8)).save(p) # all void
    sentence(run(*words(tmp_path/"d", "--out", tmp_path/"m")), "none of its pixels is labelled", ".png")
    assert not (tmp_path/"m"/"model.json").exists()

def test_out_of_memory_and_out_of_disk(run, data, tmp_path):
    sentence(run(*words(data, "--out", tmp_path/"m"), spoil="memory"), "batch of 4", "try 2")
    assert epochs(tmp_path/"m")==1
    sentence(run(*words(data, "--out", tmp_path/"n"), spoil="disk"), "can't be saved", "No space left", "make room")
    assert [p.name for p in (tmp_path/"n").iterdir()]==[".lock"] # no draft is left

def test_resume_refuses(run, data, tmp_path):
    out = tmp_path/"m"
    sentence(run("train","--resume",out), "no complete epoch")
    assert run(*words(data, "--lr", .01, "--out", out), die=[1,5])[0]==-signal.SIGKILL
    sentence(run("train","--resume",out,"--lr",.002), "--lr 0.01, not 0.002") # the default, but it was said
    sentence(run("train","--resume",out,"--batch-size",8), "--batch-size 4, not 8")
    sentence(run("train","--resume",out,"--out",out), "not allowed with")
    sentence(run(*words(data, "--out", out)), "already holds a model", "--resume")
    whole = (out/CHECKPOINT).read_bytes()
    (out/CHECKPOINT).write_bytes(whole[:len(whole)//2])
    sentence(run("train","--resume",out), "can't be read")
    (out/CHECKPOINT).write_bytes(whole)
    result = run("train","--resume",out,"--lr",.01,"--size","40x48","--data",data) # what agrees may be said
    assert result[0]==0, result[1]
    sentence(run("train","--resume",out), "finished")

DAMAGE = { # what is done to the record, and to the tensors; what is said
    "a setting is lost": (lambda r: r["hypers"][0].pop("eps"), None, "other settings"), "no settings": (lambda r: r.update(hypers=[]), None, "other settings"),
    "a text": (lambda r: r["memory"][0].update(step="x"), None, "step of parameter 0"), "no step": (lambda r: r["memory"][1].pop("step"), None, "of parameter 1"),
    "no memory": (lambda r: r.update(memory=[]), lambda t: [t.pop(k) for k in list(t) if k[:4]=="opt."], "knows 0 parameters"),
    "empty memory": (lambda r: [m.pop("step") for m in r["memory"]], lambda t: [t.pop(k) for k in list(t) if k[:4]=="opt."], "remembers no step"),
    "a tensor is lost": (None, lambda t: t.pop("opt.3.sqr_avg"), "of parameter 3"), "a tensor more": (None, lambda t: t.update(other=torch.zeros(1)), "doesn't fit"),
    "another shape": (None, lambda t: t.update({"opt.0.grad_avg": torch.zeros(1)}), "of parameter 0 is torch.float32 (1,)"),
    "whole numbers": (None, lambda t: t.update({"opt.0.grad_avg": t["opt.0.grad_avg"].int()}), "is torch.int32"),
    "half precision": (None, lambda t: t.update({k: v.half() for k,v in t.items() if k[:6]=="model."}), "is torch.float16"),
    "no loaders": (lambda r: r["random"][0].update(loaders=[]), None, "0 loaders of 2")}

def test_a_damaged_checkpoint_is_never_gone_on_with(run, data, tmp_path):
    "It is one sentence, and the file stays as it is; what agrees, or was left to `train`, may be said"
    from safetensors.torch import save_file
    from pixelladder.train import resume
    out = tmp_path/"m"
    assert run(*words(data, "--head", "bilinear", "--out", out, epochs=2), die=[1,5])[0]==-signal.SIGKILL
    for name,(change,spoil,said) in DAMAGE.items():
        tensors,record = read_checkpoint(out)
        if change: change(record)
        if spoil: spoil(tensors)
        shutil.copytree(out, tmp_path/name)
        save_file(tensors, tmp_path/name/CHECKPOINT, {"run": json.dumps(record)})
        before = (tmp_path/name/CHECKPOINT).read_bytes()
        with pytest.raises(ValueError) as e: resume(tmp_path/name)
        assert said in str(e.value) and "start the training anew" in str(e.value) and (tmp_path/name/CHECKPOINT).read_bytes()==before, (name,e.value)
    shutil.copytree(out, tmp_path/"gone")
    (tmp_path/"gone"/CHECKPOINT).unlink()
    with pytest.raises(FileNotFoundError, match="stopped after 1 of 2 epochs, and its checkpoint.safetensors is gone"): resume(tmp_path/"gone")
    with pytest.raises(ValueError, match="--size \\(40, 48\\), not \\(48, 40\\)"): resume(out, size=[48,40])
    assert resume(out, lr=None, bf16=None, epochs=np.int64(2), size=[40,48], data=data)==out

def test_numbers_of_numpy_are_pythons():
    given = dict(data="streets", epochs=np.int64(2), size=(np.int64(40),48), batch_size=np.int32(4), class_weights=np.float32(.5), lr=np.float64(.01), seed=np.uint8(3), void=[np.int64(255)], val=np.float32(.25), codes=Path("x.txt"))
    o = vars(settled(DEFAULTS | given))
    assert json.loads(json.dumps(o))=={**o, "size": [40,48]} and {k: o[k] for k in given}=={**given, "codes": "x.txt"} and o["size"]==(40,48)
    for name,value in (("lr",10**400), ("seed",2**64), ("epochs",2.), ("size",(40,48.)), ("val",True), ("class_weights",float("nan")), ("lr",0)):
        with pytest.raises(ValueError, match=name): settled(DEFAULTS | {"data": "streets", name: value})

def test_a_record_is_looked_at_before_the_first_epoch(tmp_path):
    from pixelladder.checkpoints import Checkpoint
    with pytest.raises(ValueError, match="must be what JSON can hold"): Checkpoint(tmp_path/"m", {}, {"epochs": np.int64(2)})

def test_a_size_beside_a_crop_is_said_to_be_unused(data, tmp_path, capsys):
    from pixelladder.train import train
    out = train(str(data), tmp_path/"m", head="bilinear", arch="squeezenet1_1", size=(40,44), crop=(32,32), epochs=1)
    assert capsys.readouterr().out.startswith("32x32 is cut from whole images (--crop), so --size 40x44 isn't used\n") and load_model(out).size==(32,32)

def test_class_weights_that_no_loss_can_be_taken_with():
    from pixelladder.learner import weights_of
    for power in (1000., 1e308):
        with pytest.raises(ValueError, match="to the power of 1.*take 0.5 or 1"): weights_of([1,10,1000,0], power)
    assert weights_of([1,10,1000,0], 3.).tolist()==pytest.approx([1000,1,1e-6,0])

def test_where_nothing_can_be_written(tmp_path, monkeypatch):
    "Said before anything is read, and nothing is made"
    from pixelladder.ladder import climb
    from pixelladder.train import train
    (tmp_path/"file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    for out,words in (("", "`out` must name a folder, not ''"), (None, "not None"), (tmp_path/"file", "file is no folder"), ("file/m", "file is no folder")):
        with pytest.raises((ValueError,OSError), match=words): train("nowhere", out)
        with pytest.raises((ValueError,OSError), match=words): next(climb("nowhere", out))
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OSError, match="nothing can be written into"): train("nowhere", tmp_path/"m")
    assert [p.name for p in tmp_path.iterdir()]==["file"]

def lock(folder, there):
    from pixelladder.files import lock_folder
    with lock_folder(folder):
        there.send("locked")
        there.recv()

def test_one_number_a_channel_is_a_sentence(data, tmp_path):
    "Batch norm can't take its deviation"
    from pixelladder.train import train
    with pytest.raises(ValueError, match="batches of 1 at this size .* raise --batch-size or --size"):
        train(str(data), tmp_path/"m", size=(32,32), batch_size=1, epochs=1, arch="resnet18", head="nearest", bf16=False)

def test_two_trainings_into_one_folder(run, data, tmp_path):
    here,there = SERVER.Pipe()
    other = fork(lock, tmp_path/"m", there)
    assert here.recv()=="locked"
    sentence(run(*words(data, "--out", tmp_path/"m")), f"process {other.pid} is training", "another folder")
    other.kill(); other.join()
    assert run(*words(data, "--out", tmp_path/"m", epochs=1))[0]==0

def test_trained_on_crops_predicts_at_the_pictures_own_size(run, data, tmp_path):
    w = [{"--size": "--crop", "40x48": "32x40"}.get(x, x) for x in words(data, "--out", tmp_path/"m", epochs=1)]
    assert run(*w)[0]==0
    model = load_model(tmp_path/"m")
    assert model.size==(32,40) and model.prepare(next((data/"val").iterdir())).shape==(1,3,40,48)

def test_a_checkpoint_holds_no_pickle(run, data, tmp_path):
    assert run(*words(data, "--out", tmp_path/"m"), die=[1,5])[0]==-signal.SIGKILL
    with safe_open(tmp_path/"m"/CHECKPOINT, "pt") as f: assert set(f.metadata())=={"run"} and json.loads(f.metadata()["run"])["format"]==1

STARTED = ("--start","camvid","--standardize")

def test_start_from_a_model(run, data, tmp_path):
    "A frozen epoch leaves the body as it was; the head goes on from where it was, but for a last layer of other classes"
    body = lambda m: {k: t for k,t in m.model.state_dict().items() if k.startswith("body.")}
    head = lambda m: {k: t for k,t in m.model.head.state_dict().items() if t.is_floating_point() and "running" not in k}
    def near(a, b): return (a-b).abs().max() < 1e-4
    begin,said = load_model("camvid"),{}
    for name,n in (("more",12),("names",11)): # one more than CamVid has; as many, but called otherwise
        (tmp_path/f"{name}.txt").write_text("\n".join(f"c{i}" for i in range(n)))
    for name in ("same","more","names"):
        more = () if name=="same" else ("--codes",tmp_path/f"{name}.txt")
        status,said[name] = run(*words(data, *STARTED, "--lr", 1e-6, *more, "--out", tmp_path/name, epochs=1))
        assert status==0, said[name]
        model = load_model(tmp_path/name)
        assert all(torch.equal(t, body(begin)[k]) for k,t in body(model).items()) and model.recipe["trained"]["start"]=="camvid"
        changed = {k for k,t in head(model).items() if t.shape!=head(begin)[k].shape or not near(t, head(begin)[k])}
        assert changed==(set() if name=="same" else {"classes.weight","classes.bias"}), (name,changed)
    assert "new classes" not in said["same"] and all("head.classes.weight are new" in said[n] for n in ("more","names"))

def test_a_run_goes_on_without_the_model_it_started_from(run, data, tmp_path):
    assert run(*words(data, "--standardize", "--out", tmp_path/"begin", epochs=1))[0]==0
    more = ("--start",tmp_path/"begin","--standardize")
    assert run(*words(data, *more, "--out", tmp_path/"whole"))[0]==0
    assert run(*words(data, *more, "--out", tmp_path/"killed"), die=[2,5])[0]==-signal.SIGKILL
    for file in ("model.json","model.safetensors"): (tmp_path/"begin"/file).unlink()
    status,text = run("train","--resume",tmp_path/"killed")
    assert status==0, text
    same(tmp_path/"whole", tmp_path/"killed")

@pytest.mark.parametrize("more,parts", [
    (("--start","nowhere"), ("nowhere holds no model.json","name a folder")),
    (("--start","camvid"), ("unet on squeezenet1_1, standardized","this training is unet on squeezenet1_1:","--standardize")),
    (("--start","camvid","--head","fcn8","--standardize"), ("this training is fcn8","say --arch squeezenet1_1 --head unet --standardize")),
    (("--start","camvid-nearest","--head","nearest","--standardize"), ("'most': 64","start from a model that `train` made")),
    (("--start","camvid","--standardize","--pretrained"), ("leave one of them out",)),
    (("--start","camvid","--task","colour"), ("--start is for classes",))])
def test_what_a_training_cannot_start_from(run, data, tmp_path, more, parts):
    sentence(run(*words(data, *more, "--out", tmp_path/"m")), *parts)
    assert not (tmp_path/"m").exists()

@pytest.fixture
def port():
    import socket
    pytest.importorskip("accelerate")
    with socket.socket() as s: s.bind(("127.0.0.1", 0)); return s.getsockname()[1]

def test_two_processes_equal_one(run, data, port):
    status,text = run(data=str(data), port=port)
    assert status==0, text
    moved,apart,pixels,in_fit,again = json.loads(text.split("RESULT")[1].splitlines()[0])
    assert moved > 1e-3 and apart < 1e-6
    assert pixels==5*40*48 and in_fit and again

def test_two_processes_are_killed_and_go_on(run, data, tmp_path, port):
    status,text = run(*words(data, "--pretrained", "--out", tmp_path/"whole"), port=port)
    assert status==0 and text.count("epoch 0")==2, text # of two fits; the first process speaks for both
    assert run(*words(data, "--pretrained", "--out", tmp_path/"killed"), port=port+1, die=[1,9])[0]==-signal.SIGKILL
    sentence(run("train","--resume",tmp_path/"killed"), "2 process(es)", "one of 1")
    status,text = run("train","--resume",tmp_path/"killed", port=port+2)
    assert status==0, text
    same(tmp_path/"whole", tmp_path/"killed")

def test_accelerate_launch(data, tmp_path):
    pytest.importorskip("accelerate")
    launch = [sys.executable, "-m", "accelerate.commands.launch"] # what `accelerate launch` runs; beside a CPU build of torch, `accelerate` itself may fail to import torchvision
    r = subprocess.run([*launch, "--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "-m", "pixelladder",
                        *map(str, words(data, "--out", tmp_path/"m", epochs=1))], capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert r.returncode==0, r.stderr
    state,model,rows = files(tmp_path/"m")
    assert len(rows)==2 and r.stdout.count("saved in")==1

def test_without_accelerate():
    code = "import sys; sys.modules['accelerate'] = None\nfrom pixelladder.distributed import join_processes; join_processes()"
    r = ask(exec, code, {}, WORLD_SIZE="2")
    assert r.stderr.splitlines()[-1]=="ValueError: a training in several processes needs accelerate: pip install accelerate"

def test_the_command_that_is_named_scores_what_validated(tmp_path):
    "Whoever runs it has the same split, and not images that were trained on"
    data = segnet_folder(tmp_path/"my data", dict(train=4, val=2), (40,48))
    o = settled({**DEFAULTS, "data": str(data), "val": .5, "split_seed": 7, "void": [255]})
    words = shlex.split(re.search("pixelladder (.*)", _saved(o, tmp_path/"m n"))[1])
    assert words==["evaluate",str(tmp_path/"m n"),"--data",str(data),"--void","255","--val","0.5","--split-seed","7"]
    given = settled({**DEFAULTS, "data": str(data), "val": "0.5", "void": ["255"]})
    assert (given.val,given.void)==(.5,[255]) # as words and as numbers
    assert settled({**DEFAULTS, "data": str(data), "void": ["000000"]}).void==["000000"] # a colour

def test_a_path_in_the_data_goes_before_one_from_here(tmp_path, monkeypatch):
    for place in (tmp_path,tmp_path/"d"):
        (place/"images").mkdir(parents=True)
        (place/"masks").mkdir()
    monkeypatch.chdir(tmp_path)
    o = settled({**DEFAULTS, "data": "d", "images": "images", "masks": "masks"})
    assert (o.data,o.images,o.masks)==tuple(str(tmp_path/n) for n in ("d","d/images","d/masks"))
    (tmp_path/"streets").mkdir()
    assert settled({**DEFAULTS, "data": "streets"}).data=="streets"
