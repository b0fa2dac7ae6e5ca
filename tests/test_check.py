"The exercises: every known mistake earns its own hint, whatever an answer does is survived, and the learner's copies work."
import inspect, json, re, signal, sys, textwrap, time
from pathlib import Path
import nbformat, pytest, torch
from nbclient import NotebookClient
import pixelladder.check as c
from pixelladder.check import check, hint, progress, solution
from pixelladder.copies import make_exercises, stub
from pixelladder.judge import EXERCISES, Case, Exercise, judge
root = Path(__file__).parent.parent

@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXELLADDER_CACHE", str(tmp_path/"cache"))
    return tmp_path/"cache"

# --- every exercise of the course

def retyped(answer):
    "The package's answer as if a learner had typed it: another object, the same code"
    scope = dict(vars(sys.modules[answer.__module__]))
    exec(compile(textwrap.dedent(inspect.getsource(answer)), "<learner>", "exec"), scope)
    return scope[answer.__name__]

@pytest.mark.parametrize("name", EXERCISES)
def test_the_own_answer_is_right_and_a_stub_not_started(name):
    spec = EXERCISES[name]
    right,said = judge(spec, retyped(spec.answer))
    assert right and said.startswith("right, on"), said
    assert judge(spec, spec.answer) == (False, "not started")
    assert len(spec.hints) >= 2 and len(spec.mistakes) >= 2 and len({m.hint for m in spec.mistakes})==len(spec.mistakes)

@pytest.mark.parametrize("name, i", [(n,i) for n,e in EXERCISES.items() for i in range(len(e.mistakes))], ids=lambda v: EXERCISES and str(v))
def test_each_mistake_earns_its_own_hint(name, i):
    spec = EXERCISES[name]
    assert judge(spec, spec.mistakes[i].answer) == (False, spec.mistakes[i].hint)

def test_no_hint_gives_the_answer_away():
    for name,spec in EXERCISES.items():
        last = inspect.getsource(spec.answer).strip().split("\n")[-1].strip().removeprefix("return ")
        assert len(last) < 12 or not any(last in said for said in [*spec.hints, *(m.hint for m in spec.mistakes)]), name

# --- whatever an answer does

def flipped(x): return x[[*range(len(x)-1, -1, -1)]]
SPEC = Exercise(flipped, lambda: [Case((torch.arange(6.).view(2,3),), "2x3"), Case((torch.zeros(1,2),), "one row", edge=True)], [], [], ("flip",), lambda answer, *args: answer(*args))

def forever(x):
    while True:
        try: time.sleep(.01)
        except Exception: pass
def chatty(x):
    for i in range(3000): print("line", i)
def own_write(x): x.mul_(2); return x*1
def crashes(x): return x[[7]]

@pytest.mark.parametrize("answer, words", [
    (lambda x: None, "returns nothing"), (lambda x: ..., "returns nothing"), (crashes, "IndexError on 2x3, in the line `def crashes(x): return x[[7]]`"),
    (lambda x: sys.exit(1), "SystemExit"), (lambda x: 3, "an int, wanted a tensor"), (lambda x: x.flip(0), "you call `flip`"), (lambda x: torch.flip(x, (0,)), "you call `flip`"),
    (own_write, "changed its input"), (lambda x: torch.tensor(1.), "shape (), wanted (2, 3)"), (lambda x: x[[1,0]].double(), "dtype torch.float64, wanted torch.float32"),
    (lambda x: x[[1,0]]+torch.tensor([[0,0,0],[0,1,0]]), "1 of 6 values are off, on 2x3. The first is at [1, 1]: 2, wanted 1"), (lambda x: x*float("nan"), "6 of 6 values are off"),
    (lambda x: x[[1,0]] if len(x) > 1 else x+1, "an edge case: 2 of 2 values are off, on one row"), (lambda x, y: x, "TypeError"), (chatty, "... and 2990 more lines")])
def test_feedback(answer, words):
    right,said = judge(SPEC, answer)
    assert not right and words in said and len(said) < 1500, said

def test_endless_loops_end_and_leave_no_alarm():
    before,start = signal.getsignal(signal.SIGALRM),time.perf_counter()
    assert "still running" in judge(SPEC, forever, .3)[1] and time.perf_counter()-start < 5
    assert signal.getsignal(signal.SIGALRM)==before and signal.getitimer(signal.ITIMER_REAL)==(0.,0.)

def test_ctrl_c_is_the_readers():
    def stops(x): raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt): judge(SPEC, stops)

def test_right_in_another_way_is_right():
    assert judge(SPEC, lambda x: torch.cat([x[i:i+1] for i in reversed(range(len(x)))]))[0]
    state = torch.get_rng_state()
    judge(SPEC, lambda x: x+torch.rand(1))
    assert (torch.get_rng_state()==state).all()

# --- in a notebook

def test_check_returns_the_answer_or_the_packages(capsys, cache):
    spec = EXERCISES["nearest_upsample"]
    def nearest_upsample(x, scale=2): return x.repeat(1, 1, scale, scale)
    assert check(nearest_upsample) is spec.answer and "not its pixels" in capsys.readouterr().out
    def nearest_upsample(x, scale=2): return x[..., torch.arange(x.shape[-2]*scale)//scale, :][..., torch.arange(x.shape[-1]*scale)//scale]
    assert check(nearest_upsample) is nearest_upsample
    progress("nearest")
    assert "█░ 1 of 2" in (text := capsys.readouterr().out) and re.search(r"nearest_upsample +right +2 tries", text)
    with pytest.raises(ValueError, match="no exercise 'width'"): check(type("width", (), {}))

def test_progress_survives_a_bad_cache(cache, capsys, monkeypatch):
    cache.mkdir()
    for text in "{", "[]", '{"nearest_upsample": 3}':
        (cache/"progress.json").write_text(text)
        check(retyped(EXERCISES["nearest_upsample"].answer))
    monkeypatch.setenv("PIXELLADDER_CACHE", "/proc/none")
    check(retyped(EXERCISES["nearest_upsample"].answer))
    assert capsys.readouterr().out.count("right, on")==4

def test_solved_chapters_are_not_noted(cache, capsys):
    answer = EXERCISES["nearest_upsample"].answer
    assert c._is_own(EXERCISES["nearest_upsample"], answer) and check(answer) is answer
    assert not (cache/"progress.json").exists() and "not started" in capsys.readouterr().out

def test_hints_come_one_after_another(capsys):
    for _ in range(4): hint("nearest_upsample")
    lines = capsys.readouterr().out.strip().split("\n")
    assert [l.split(":")[0] for l in lines[:3]] == [f"nearest_upsample, hint {i} of 3" for i in (1,2,3)] and "solution('nearest_upsample')" in lines[3]
    solution("nearest_upsample")
    assert "repeat_interleave" in capsys.readouterr().out

# --- the learner's copies

def test_copies_are_what_the_chapters_make(tmp_path):
    make_exercises(root/"nbs", tmp_path)
    made,kept = ({p.name: p.read_text() for p in folder.glob("*.ipynb")} for folder in (tmp_path, root/"exercises"))
    assert made==kept, "run make exercises"

def test_stub_of_a_class():
    text = stub('''#| export
#| exercise difficulty=3 minutes=20
class Head(nn.Module):
    "A head."
    def __init__(self,
        body, # Its body
    ):
        super().__init__()
        self.a = 1
    def forward(self, x):
        "Scores."
        return x''')
    assert text.count("    raise NotImplementedError")==2 and "self.a" not in text and "return x" not in text and "body, # Its body" in text and '"Scores."' in text
    compile(text, "stub", "exec")

@pytest.mark.parametrize("path", sorted((root/"exercises").glob("*.ipynb")), ids=lambda p: p.stem)
def test_unsolved_copies_run_to_the_end(path, cache):
    book = nbformat.read(path, 4)
    nbformat.validate(book)
    names = re.findall(r"^(\w+) = check\(\1\)", "\n".join(cell.source for cell in book.cells), re.M)
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(root/"nbs")}}, extra_arguments=["--IPKernelApp.log_level=40"]).execute()
    said = "".join(o.get("text", "") for cell in book.cells for o in cell.get("outputs", []))
    assert names and all(f"{n}: not started" in said for n in names)
    text = path.read_text()
    assert not any(getattr(EXERCISES[n].answer, "__doc__") in text.split(f"def {n}(")[0] for n in names if f"def {n}(" in text)
