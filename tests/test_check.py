"The exercises: every known mistake earns its own hint, whatever an answer does is survived, and the learner's copies work."
import inspect, json, math, re, signal, sys, textwrap, time
from pathlib import Path
from types import SimpleNamespace
import matplotlib.pyplot as plt, numpy as np, pytest, torch
import torch.nn.functional as F
import pixelladder.check as c
from answers import RIGHT, WRONG
from pixelladder import cli, unet
from pixelladder.check import check, hint, progress, solution
from pixelladder.copies import make_exercises, stub
from pixelladder.judge import EXERCISES, Case, Exercise, judge, verdict
from solved import code_of, names_in
root = Path(__file__).parent.parent

@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXELLADDER_CACHE", str(tmp_path/"cache"))
    c._mine.clear()
    c._opened.clear()
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
    assert len(spec.hints) >= 2 and len(spec.mistakes) >= 2 and len({m.hint for m in spec.mistakes})==len(spec.mistakes) and spec.after

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
    (lambda x: x[[1,0]]+torch.tensor([[0,0,0],[0,1,0]]), "1 of 6 values is off, on 2x3. It is at [1, 1]: 2, wanted 1"), (lambda x: x*float("nan"), "6 of 6 values are off"),
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

def answers_of_any_kind():
    "What nobody asked for: none of it is right, and none of it stops the judge"
    x = torch.arange(6.).view(2, 3)
    return [math.inf, -math.inf, math.nan, 10**400, 10**5000, True, "text", [3], [[3]], (), (x,), (x, x, x), {}, {"odd": x}, {1: None}, x.to("meta"), torch.nested.nested_tensor([x]),
            x.to_sparse(), x*1j, x[:0], np.array([None]), np.array(["a"]), range(3), (i for i in range(3)), ValueError("returned"), object()]

@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_of_any_kind_is_told_in_a_few_words(name):
    for value in answers_of_any_kind():
        found = verdict(EXERCISES[name], lambda *args, **kwargs: value)
        assert not found.right and 5 < len(found.said) < 3000, (name, type(value), found.said[:200])

def test_a_short_limit_is_forgotten_afterwards():
    "The package's own answer is not run under it, and what was cut off isn't kept"
    spec = EXERCISES["join_tiles"]
    spec.kept.clear()
    assert "time limit of 0.0001 seconds" in judge(spec, retyped(spec.answer), 1e-4)[1]
    assert judge(spec, retyped(spec.answer))[0]

def test_large_numbers_are_near_to_a_factor_and_to_an_offset():
    def negative(x): return 255-x
    spec = Exercise(negative, lambda: [Case((torch.arange(6.).view(2,3),), "2x3")], [], [], (), lambda answer, x: answer(x))
    assert "All is 1 too large" in judge(spec, lambda x: 256-x)[1] and "All is 2 times" in judge(spec, lambda x: 2*(255-x))[1]

# --- in a notebook

def test_the_name_stays_the_learners_and_the_chapter_goes_on(capsys):
    spec = EXERCISES["nearest_upsample"]
    def nearest_upsample(x, scale=2): return x.repeat(1, 1, scale, scale)
    wrong = nearest_upsample
    assert check(wrong) is wrong and "not its pixels" in capsys.readouterr().out
    assert c.go_on(wrong) is spec.answer and c.mine("nearest_upsample") is wrong and "the chapter goes on with the package's" in capsys.readouterr().out
    assert check(spec.answer) is wrong and "not its pixels" in capsys.readouterr().out # the name was the package's: theirs is judged again
    def nearest_upsample(x, scale=2): return x[..., torch.arange(x.shape[-2]*scale)//scale, :][..., torch.arange(x.shape[-1]*scale)//scale]
    assert check(nearest_upsample) is nearest_upsample and c.go_on(nearest_upsample) is nearest_upsample
    progress("nearest")
    assert "█░░ 1 of 3" in (text := capsys.readouterr().out) and re.search(r"nearest_upsample +right +2 tries", text)
    with pytest.raises(ValueError, match="no exercise 'width'"): check(type("width", (), {}))

def test_an_answer_that_is_gone_on_with_before_it_is_checked_counts(capsys):
    from pixelladder.progress import is_done
    def linear_upsample(x, scale=2): return EXERCISES["linear_upsample"].answer(x, scale)
    assert c.go_on(linear_upsample) is linear_upsample and is_done("linear_upsample")

def test_progress_survives_a_bad_cache(cache, capsys, monkeypatch):
    cache.mkdir()
    for text in "{", "[]", '{"nearest_upsample": 3}', '{"nearest_upsample": {"tries": "x", "right": []}}':
        (cache/"progress.json").write_text(text)
        check(retyped(EXERCISES["nearest_upsample"].answer))
    monkeypatch.setenv("PIXELLADDER_CACHE", "/proc/none")
    check(retyped(EXERCISES["nearest_upsample"].answer))
    assert capsys.readouterr().out.count("right, on")==5

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

def test_a_picture_with_the_wrong_cells_marked():
    plt.close("all")
    def zero_insert(x, stride=2): return torch.cat([EXERCISES["zero_insert"].answer(x, stride)[..., :-1], x.new_zeros(*x.shape[:2], (x.shape[2]-1)*stride+1, 1)], -1)
    check(zero_insert)
    yours,wanted = plt.gcf().axes
    assert "yours" in yours.get_title() and wanted.get_title()=="wanted: 1x1x3x5"
    assert sorted((p.get_x(), p.get_y()) for p in yours.patches)==[(3.54,-.46),(3.54,1.54)] and not wanted.patches
    plt.close("all")

def test_what_people_type(capsys):
    stamp = lambda x, kernel, stride: EXERCISES["stamp"].answer(x, kernel, stride)
    globals()["stamp"] = stamp # as in a notebook
    try: check(stamp)
    finally: del globals()["stamp"]
    assert "stamp: right, on" in capsys.readouterr().out
    assert check(torch.ones(2)) is not None and "without brackets" in capsys.readouterr().out
    hint(EXERCISES["stamp"].answer); solution(EXERCISES["stamp"].answer)
    assert "stamp, hint 1 of 3" in (text := capsys.readouterr().out) and "def stamp(" in text
    for chapter in "01_nearest", "01", 1, "nearest", "exercises/01_nearest.ipynb", EXERCISES["fit"].answer:
        progress(chapter)
        assert capsys.readouterr().out.startswith("nearest ")
    with pytest.raises(ValueError, match="do you mean 'zero_insert'"): hint("zero_inserts")

def test_a_pasted_solution_says_that_it_is_not_counted(cache, capsys, tmp_path):
    file = tmp_path/"pasted.py"
    answer = EXERCISES["flip_kernel"].answer
    file.write_text(inspect.getsource(answer))
    scope = dict(vars(sys.modules[answer.__module__]))
    exec(compile(file.read_text(), file, "exec"), scope)
    check(scope["flip_kernel"])
    assert "isn't counted as yours" in capsys.readouterr().out and not (cache/"progress.json").exists()

def test_the_first_wrong_input_is_told_and_what_was_right_before_it():
    cases = lambda: [Case((torch.arange(6.).view(2,3),), "2x3"), Case((torch.arange(4.).view(2,2),), "2x2"), Case((torch.zeros(0,2),), "no row", edge=True)]
    spec = Exercise(flipped, cases, [], [], (), lambda answer, *args: answer(*args))
    def wrong_then_crash(x): return x[[1,0]] if x.shape[1]==3 else x if len(x) else x[[5]]
    said = judge(spec, wrong_then_crash)[1]
    assert said.startswith("right on 2x3. Then: 4 of 4 values are off, on 2x2.") and "IndexError" not in said
    assert "IndexError" in judge(spec, lambda x: x[[1,0]] if len(x) else x[[5]])[1]

X = torch.arange(24.).view(1,2,3,4)+1
@pytest.mark.parametrize("answer, words", [
    (lambda x, n: x.flip(-1)*n, "from left to right"), (lambda x, n: x*n+3, "All is 3 too large"), (lambda x, n: x*n*2, "All is 2 times"), (lambda x, n: x*2, "`n` were always 2"),
    (lambda x, n: (x*n).roll(1, -1), "moved by +1 along axis 3"), (lambda x, n: torch.cat([(x*n)[..., :-1], x[..., -1:]*n*0], -1), "Only the last column"),
    (lambda x, n: torch.cat([(x*n)[:, :1], x[:, 1:]*0], 1), "The first channel is right"), (lambda x, n: x*(n+1), "`n` were 1 larger"), (lambda x, n: (x*n).transpose(-2,-1).reshape(x.shape), "in other places"),
    (lambda x, n: (x*n).permute(0,1,3,2), "with the axes 2 and 3 exchanged"), (lambda x, n: ((x+1)*n-n).permute(0,2,3,1), "axes"), (lambda x, n: (x*n)[0], "Which axis is missing"), (lambda x, n: x*n if n%2==0 else x, "`n` were always"), (lambda x, n: x*0, "`n` were always 0"),
    (lambda x, n: x*n/0, "divided by 0"), (lambda x, n: F.pad((x*n)[..., 1:-1, 1:-1], (1,1,1,1)), "Only the border"), (lambda x, n: (x*n).double(), "which step changes the type")])
def test_what_nobody_foresaw(answer, words):
    def scaled(x, n): return x*n
    spec = Exercise(scaled, lambda: [Case((X, 3), "n 3"), Case((X.sin()+2, 5), "n 5")], [], [], (), lambda answer, *args: answer(*args))
    assert words in judge(spec, answer)[1], judge(spec, answer)[1]

def own(name): return EXERCISES[name].answer
def half_right(row, scale=2): # a share of the wrong neighbour where it lies half way or further
    p = ((torch.arange(len(row)*scale, dtype=row.dtype)+.5)/scale-.5).clamp(0, len(row)-1)
    left = p.round().long()
    return row[left]*(1-(p-left))+row[(left+1).clamp(max=len(row)-1)]*(p-left)
def smallest(tiles, corners, size):
    out = tiles[0].new_full((len(tiles[0]),*size), float("inf"))
    for t,(i,j) in zip(tiles, corners): out[:, i:i+t.shape[1], j:j+t.shape[2]] = torch.minimum(out[:, i:i+t.shape[1], j:j+t.shape[2]], t)
    return out
def ones_left(x, n): return F.pad(x, (1, -x.shape[-1]%n-1 if x.shape[-1]%n else -1, 0, -x.shape[-2]%n), mode="replicate")
def asserts(size, ks, stride=1, padding=0, output_padding=0):
    assert (size+2*padding-ks-output_padding)%stride==0 and size+2*padding-ks-output_padding >= 0
    return own("input_size")(size, ks, stride, padding, output_padding)
def in_place(x): x *= 1; return own("gram")(x)
def in_place_later(x, r=2):
    y = own("pixel_shuffle")(x, r)
    if not y.is_floating_point(): return y
    z = (y/100).exp()
    out = z.log()*100
    z.mul_(1)
    return out

@pytest.mark.parametrize("name, answer, words, never", [
    ("loss_without_void", lambda scores, target: (scores.log_softmax(1)*0/0).mean(), "A `nan` comes of 0/0", "void is to count"),
    ("output_size", lambda size, ks, stride=1, padding=0, output_padding=0: (size-1)*stride+ks-3*padding+output_padding, "too small by `padding`", "rarely"),
    ("output_size", lambda size, ks, stride=1, padding=0, output_padding=0: size*ks-2*padding+output_padding, "wanted 6", "less than"),
    ("unread", lambda head, features, size: [True,False,False], "yes and no", "All that is wanted is there"),
    ("stamp", lambda *args: own("stamp")(*args) > 0, "Yes and no", "Whole numbers"),
    ("nearest_upsample", lambda x, scale=2: own("nearest_upsample")(x, scale).reshape(*x.shape[:2], x.shape[3]*scale, x.shape[2]*scale), "axes of other lengths", "too many"),
    ("class_iou", lambda counts: own("class_iou")(counts).nan_to_num(-1), "Only where `nan` is wanted", "loop"),
    ("input_size", lambda *args: (_ for _ in ()).throw(ValueError("no")), "You refuse every input", "always 0"),
    ("psnr", lambda made, truth: own("psnr")(made, truth).round(decimals=1), "rounded to 1 decimal.", "whole numbers"),
    ("split_by_drive", lambda names, share: (names,[]), "on the wrong side", "missing"),
    ("linear_upsample", half_right, "It is at [4]: ", "The first"), ("join_tiles", smallest, "values are off", "The first column"), ("pad_to_multiple", ones_left, "", "The first column is right"),
    ("bilinear_weight", lambda n, ks: own("bilinear_weight")(n, ks)*torch.eye(ks), "", "picture"), ("psnr", lambda a, b: own("psnr")(a, b)+7, "All is 7 too large", "counting"),
    ("psnr", lambda a, b: own("psnr")(a, b).clamp(max=90), "Only the first number is off. What is special", "begin"), ("edge_loss", lambda a, b: own("edge_loss")(a, b)**1.5+.1, "the value is", "made up"),
    ("edge_loss", lambda a, b: 0*(a-b).mean(), "the value is", "All of it"), ("class_iou", lambda c: own("class_iou")(c)*(1-1e-7), "adds a small number", "in other places"),
    ("best_of_grid", lambda m, s, n: own("best_of_grid")(m[:, :m.shape[1]//s*s], s, n), "", "left to right"), ("find_checkerboard", lambda y, most=8: own("find_checkerboard")(y[-1:], most) if len(y)==1 else 1, "", "1 smaller"),
    ("colour_to_label", lambda rgb, palette, void=(): torch.full(rgb.shape[:2], 254, dtype=torch.uint8), "It is 254 throughout", "larger everywhere"),
    ("tile_starts", lambda *a: list(torch.tensor(own("tile_starts")(*a))), "entry 0 of what you return is a tensor, wanted an int", "[0, 3, 6], wanted [0, 3, 6]"),
    ("input_size", lambda *a: ValueError("no") if a==(14,3,2,1,0) else own("input_size")(*a), "returns ValueError('no')", "answers no"), ("input_size", asserts, ". Here a `ValueError` is due", "false"),
    ("pad_to_multiple", lambda x, n: F.pad(x, (0, x.shape[-1]%n, 0, x.shape[-2]%n+3), mode="replicate"), "Axis 2 has +5, axis 3 has -2", "too m"), ("bilinear_kernel", lambda ks: own("bilinear_kernel")(ks)[0], "1 axis, wanted: 2 axes", "1 axes"),
    ("gram", in_place, "in-place operation. Which line writes", "no gradient"), ("pixel_shuffle", in_place_later, "inplace operation", "no gradient"), ("crop_and_concat", lambda x, skip: own("crop_and_concat")(x, skip.data), "no gradient reaches `skip`", "`x`"),
    ("BilinearHead", WRONG["BilinearHead"][0], "gradients reach: [the features], wanted [the features, the weights]", "Error"), ("BilinearHead", WRONG["BilinearHead"][1], "gradients reach: []", "Error"),
    ("DecoderBlock", WRONG["DecoderBlock"][0], "numbers in the kernels", "reach"), ("DecoderBlock", WRONG["DecoderBlock"][1], "numbers in the kernels", "reach"), ("DecoderBlock", WRONG["DecoderBlock"][2], "batch norms: 0", "reach"),
    ("DecoderBlock", WRONG["DecoderBlock"][3], "gradients reach: []", "Error"), ("head_parameters", lambda nf, n_out, lin_ftrs=(512,): own("head_parameters")(nf, n_out, lin_ftrs)+nf*len(lin_ftrs), "`lin_ftrs` has no entry", "less than")])
def test_nothing_false_is_said(name, answer, words, never):
    right,said = judge(EXERCISES[name], answer)
    assert not right and words in said and never not in said, said

def test_a_check_leaves_chance_as_it_was(monkeypatch):
    "The CPU's generator is put back, and no other is touched: a training after a check isn't that of seed 0"
    def seeded(*_): raise AssertionError("a GPU's generator was seeded")
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded)
    monkeypatch.setattr(torch.mps, "manual_seed", seeded)
    torch.random.default_generator.manual_seed(5)
    before = torch.get_rng_state()
    for name in ("BilinearHead","DecoderBlock","bilinear_kernel"): assert verdict(EXERCISES[name], EXERCISES[name].mistakes[0].answer).kind=="known"
    assert torch.equal(torch.get_rng_state(), before)

# --- a copy of one's own

def test_start_next_and_reset(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main = lambda *words: cli.main(list(words))
    main("start", "2")
    mine = tmp_path/"mine"/"02_transposed.ipynb"
    assert "mine/02_transposed.ipynb" in (text := capsys.readouterr().out) and "progress.json" in text and [p.name for p in mine.parent.iterdir()]==[mine.name]
    mine.write_text(mine.read_text().replace("raise NotImplementedError", "return 7"))
    kept = mine.read_text()
    main("start", "transposed"); main("start")
    assert mine.read_text()==kept and len(list(mine.parent.glob("*.ipynb"))) >= 11
    main("reset", "stamp")
    assert "return 7" in (mine.parent/"stamp.py").read_text()
    cells = ["".join(cell["source"]) for cell in json.loads(mine.read_text())["cells"]]
    assert [("return 7" in s) for s in cells if re.search("^def (stamp|zero_insert)", s, re.M)]==[False,True]
    capsys.readouterr()
    main("next")
    assert "cut_classifier, in chapter 00_body_and_head" in capsys.readouterr().out
    for words in ("reset","stamps"),("start","weather"):
        with pytest.raises(SystemExit): main(*words)
        assert "there" in capsys.readouterr().err
    first = mine.parent/"00_body_and_head.ipynb"
    for text in "{}", "[]", '{"cells": [{}]}', '{"cells": [{"source": [3]}]}', kept[:2000], "":
        first.write_text(text)
        for words in ("next",),("reset","cut_classifier"):
            with pytest.raises(SystemExit): main(*words)
            assert "mine/00_body_and_head.ipynb is no notebook any more" in capsys.readouterr().err

def test_nobodys_work_is_deleted(tmp_path, capsys):
    make_exercises(root/"nbs", tmp_path/"exercises")
    file = tmp_path/"exercises"/"01_nearest.ipynb"
    worked = file.read_text().replace("    raise NotImplementedError", "    return x", 1)
    file.write_text(worked)
    make_exercises(root/"nbs", tmp_path/"exercises")
    assert (tmp_path/"mine"/"01_nearest.ipynb").read_text()==worked and "somebody worked in it" in capsys.readouterr().out
    assert len(list((tmp_path/"mine").iterdir()))==1 and "return x\n" not in file.read_text()

# --- the learner's copies

def test_copies_are_what_the_chapters_make(tmp_path):
    make_exercises(root/"nbs", tmp_path)
    made,kept = ({p.name: p.read_text() for p in folder.glob("*.ipynb")} for folder in (tmp_path, root/"exercises"))
    assert made==kept, "run make export"

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

COPIES = sorted((root/"exercises").glob("*.ipynb"))

@pytest.mark.parametrize("path", COPIES, ids=lambda p: p.stem)
def test_copies_hold_no_answers(path):
    import nbformat # here, because it imports grammars of addresses for seconds
    nbformat.validate(nbformat.read(path, 4))
    cells,text = code_of(path),path.read_text()
    names = names_in(cells)
    assert len(names) >= 2 and set(names) <= EXERCISES.keys()
    stubs = {n: c for c in cells for n in names if c.startswith("# Exercise,") and re.search(rf"^(def|class) {n}\b", c, re.M)}
    assert stubs.keys()==set(names) and all(re.search("^ +raise NotImplementedError$", s, re.M) for s in stubs.values())
    assert not any(getattr(EXERCISES[n].answer, "__doc__") in text.split(f"def {n}(")[0] for n in names if f"def {n}(" in text)
    assert all(f"Not allowed here: {', '.join(EXERCISES[n].forbidden)}." in stubs[n] for n in names if EXERCISES[n].forbidden)

def test_every_chapter_has_two():
    assert [p.stem[:2] for p in COPIES]==[f"{i:02}" for i in range(len(COPIES))] and len(COPIES) >= 11

@pytest.mark.parametrize("number", range(len(RIGHT["DecoderBlock"])))
def test_the_head_of_chapter_8_is_made_of_any_right_block(number, monkeypatch):
    monkeypatch.setattr(unet, "DecoderBlock", RIGHT["DecoderBlock"][number])
    body = SimpleNamespace(channels=[8,16,32], strides=[4,8,16])
    head = unet.UnetHead(body, 3).eval()
    features = [torch.randn(2, c, 32//s, 48//s) for c,s in zip(body.channels, body.strides)]
    with torch.no_grad(): scores,other = head(features, (32,48)),head([torch.randn_like(features[0]), *features[1:]], (32,48))
    assert scores.shape==(2,3,32,48) and torch.equal(scores, other) # it starts without its skips

def test_a_limit_around_another_goes_on_afterwards():
    import time
    from pixelladder.attempt import TooLong, time_limit
    with pytest.raises(TooLong), time_limit(.3):
        with time_limit(60): pass
        time.sleep(5)
