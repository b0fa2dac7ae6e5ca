"Files and folders: nobody's work is lost, whoever else writes there."
import os, time
from pathlib import Path
import pytest
from conftest import segnet_folder
from terminal import SERVER, ask, command, fork, run
from pixelladder.files import DRAFT, lock_folder, replacing

OTHERS = [".notes.md.2024", ".bashrc.bak.1", ".a.b.[0-9]", "draft.123", ".x.0123456789abcdef", ".model.json.12345", "..0123456789abcdef.pixelladder-draft"]

def test_other_peoples_files_stay(tmp_path):
    for name in OTHERS: (tmp_path/name).write_text("mine")
    (tmp_path/".model.json.0123456789abcdef.pixelladder-draft").write_text("left by a kill")
    (tmp_path/".folder.0123456789abcdef.pixelladder-draft").mkdir()
    (tmp_path/".link.0123456789abcdef.pixelladder-draft").symlink_to(tmp_path/OTHERS[0])
    with lock_folder(tmp_path): pass
    left = {p.name for p in tmp_path.iterdir()}
    assert left=={*OTHERS, ".lock", ".folder.0123456789abcdef.pixelladder-draft", ".link.0123456789abcdef.pixelladder-draft"}
    assert all((tmp_path/name).read_text()=="mine" for name in OTHERS)

def test_a_draft_is_ours_by_its_name(tmp_path):
    with replacing(tmp_path/"a.b.json") as draft:
        assert DRAFT.fullmatch(draft.name) and draft.read_bytes()==b""
        draft.write_text("new")
        assert not (tmp_path/"a.b.json").exists()
    assert (tmp_path/"a.b.json").read_text()=="new" and len(list(tmp_path.iterdir()))==1

def test_an_error_leaves_what_was_there(tmp_path):
    (tmp_path/"f").write_text("old")
    with pytest.raises(RuntimeError):
        with replacing(tmp_path/"f") as draft: draft.write_text("half"); raise RuntimeError
    assert (tmp_path/"f").read_text()=="old" and len(list(tmp_path.iterdir()))==1

def test_what_can_t_be_written_is_named(tmp_path):
    "Not its draft, of which nobody has heard"
    (tmp_path/"file").write_text("")
    for name,kind in ("none/f",FileNotFoundError),("file/f",NotADirectoryError),(".",IsADirectoryError):
        with pytest.raises(kind, match=f"{tmp_path/name} can't be written") as e:
            with replacing(tmp_path/name): pass
        assert "draft" not in str(e.value)
    assert len(list(tmp_path.iterdir()))==1

def test_a_link_is_replaced_not_followed(tmp_path):
    (tmp_path/"mine").write_text("mine")
    (tmp_path/"model.json").symlink_to(tmp_path/"mine")
    with replacing(tmp_path/"model.json") as draft: draft.write_text("new")
    assert (tmp_path/"mine").read_text()=="mine" and not (tmp_path/"model.json").is_symlink()

def test_files_have_the_usual_mode(tmp_path):
    before = os.umask(0o027)
    try:
        with replacing(tmp_path/"f") as draft: draft.write_text("x")
    finally: os.umask(before)
    assert (tmp_path/"f").stat().st_mode & 0o777==0o640

@pytest.mark.parametrize("text", ["", "important", "1234\n"])
def test_the_lock_destroys_nothing(tmp_path, text):
    "Not what somebody keeps in a file of that name, nor what a link leads to"
    (tmp_path/"mine").write_text(text)
    (tmp_path/".lock").symlink_to(tmp_path/"mine")
    with pytest.raises(OSError, match="is a link"):
        with lock_folder(tmp_path): pass
    assert (tmp_path/"mine").read_text()==text
    (tmp_path/".lock").unlink()
    (tmp_path/".lock").write_text(text)
    with lock_folder(tmp_path): pass
    assert (tmp_path/".lock").read_text().startswith("important") == (text=="important")

def lock(folder):
    with lock_folder(folder): pass

def test_threads_and_processes_are_kept_apart(tmp_path):
    with lock_folder(tmp_path, "training into"):
        with pytest.raises(ValueError, match="this process is"): lock(tmp_path)
        r = ask(lock, tmp_path)
        assert r.returncode and f"process {os.getpid()} is" in r.stderr
    lock(tmp_path)

def slowly(there, *words):
    "`pixelladder`, which waits for a word after it has decoded its images"
    import pixelladder.train as t
    first = t._learner
    def learner(o, rank, resume):
        made = first(o, rank, resume)
        there.send("decoded")
        there.recv()
        return made
    t._learner = learner
    command(*words)

def test_the_slower_of_two_trainings_overwrites_nothing(tmp_path):
    "It began beside the other, and gets the lock after the other is done"
    data = segnet_folder(tmp_path/"d", {"train": 4, "val": 2})
    words = ["train","--data",data,"--arch","squeezenet1_1","--size","24x32","--epochs",1,"--out",tmp_path/"m"]
    env = {"PIXELLADDER_CACHE": str(tmp_path/"cache")}
    here,there = SERVER.Pipe()
    slow = fork(slowly, there, *map(str, words), err=tmp_path/"said", **env)
    assert here.recv()=="decoded"
    fast = run(*words, **env)
    assert fast.returncode==0, fast.stderr
    model = (tmp_path/"m"/"model.safetensors").read_bytes()
    here.send("go on")
    slow.join()
    error = (tmp_path/"said").read_text()
    assert slow.exitcode==2 and "already holds a model" in error and "Traceback" not in error
    assert (tmp_path/"m"/"model.safetensors").read_bytes()==model

def test_streets_on_a_full_disk(tmp_path, monkeypatch):
    "One sentence that names the place and the way out; nothing half drawn is left"
    import errno, pixelladder.streets as streets
    def full(*args): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(streets, "_write", full)
    with pytest.raises(OSError, match=r"drawn into .*streets.* \(No space left on device\).*PIXELLADDER_CACHE"): streets.make_streets(tmp_path/"streets")
    assert list(tmp_path.iterdir())==[]
    (tmp_path/"file").write_text("")
    with pytest.raises(OSError, match=r"drawn into .*PIXELLADDER_CACHE"): streets.make_streets(tmp_path/"file"/"streets")

def test_a_drawing_that_was_killed_leaves_nothing_for_good(tmp_path, monkeypatch):
    "The next one sweeps it away; what another process draws now, and what is somebody's own, stays"
    import pixelladder.streets as streets
    monkeypatch.setattr(streets, "_write", lambda folder, size: (folder/"codes.txt").write_text("Sky"))
    left,now,mine = (tmp_path/name for name in (".s.0123456789abcdef.pixelladder-draft", ".s.fedcba9876543210.pixelladder-draft", ".s.old"))
    for folder in (left,now,mine): (folder/"images").mkdir(parents=True)
    here,there = SERVER.Pipe()
    other = fork(hold, now, there)
    assert here.recv()=="locked"
    assert [p.name for p in streets.make_streets(tmp_path/"s").iterdir()]==["codes.txt"] and {*tmp_path.iterdir()}=={now,mine,tmp_path/"s"}
    other.kill(); other.join()

def hold(folder, there):
    with lock_folder(folder, "drawing"):
        there.send("locked")
        there.recv()

def test_the_cache_in_the_home_folder(monkeypatch):
    from pixelladder.files import cache_path
    monkeypatch.setenv("PIXELLADDER_CACHE", "~/x")
    assert cache_path()==Path.home()/"x"

def test_an_image_deleted_in_mid_run(tmp_path):
    "What a loading process meets is one sentence with the file's name"
    data = segnet_folder(tmp_path/"d", dict(train=8, val=4), size=(48,64))
    out,err = tmp_path/"out",tmp_path/"err"
    p = fork(command, *f"train --data {data} --crop 32x32 --arch squeezenet1_1 --epochs 50 --batch-size 4 --out {tmp_path/'m'}".split(), out=out, err=err)
    while p.is_alive() and not (out.exists() and "epoch 1" in out.read_text()): time.sleep(.02)
    (data/"train"/"a_3.png").unlink()
    p.join()
    said = err.read_text()
    assert p.exitcode==2 and said.count("\n")==1 and "a_3.png" in said and f"--resume {tmp_path/'m'}" in said, said
