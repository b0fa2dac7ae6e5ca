"""Processes that need no seconds for their imports: forked from one that has imported all and has computed nothing.

`run` is `pixelladder` as in a terminal; `run_cells` is a notebook, cell by cell; `fork` is for what else there is."""
import gc, io, os, sys, tempfile
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import get_context, set_start_method
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import CompletedProcess

SERVER = get_context("forkserver")
SERVER.set_forkserver_preload(["pixelladder.all","pixelladder.cli","pixelladder.train"])

def child(act, given, env, out, err):
    set_start_method("fork", force=True) # for what it starts itself, as in a terminal on Linux
    os.environ.clear(); os.environ.update(env)
    for fd,file in ((0,os.devnull), (1,out), (2,err)): os.dup2(os.open(file, os.O_RDWR|os.O_APPEND|os.O_CREAT), fd)
    gc.freeze() # what the imports left is no garbage
    act(*given)

def fork(act, *given, out=os.devnull, err=os.devnull, **env):
    ("A process that does `act(*given)`, a function of a module; what it prints is added to these files. "
     "A connection among `given` is its own from here on, so that nobody waits for a word from the dead")
    p = SERVER.Process(target=child, args=(act, given, {**os.environ, **env}, str(out), str(err)))
    p.start()
    for end in given:
        if isinstance(end, Connection): end.close()
    return p

def ask(act, *given, **env):
    "What such a process left: `returncode`, `stdout`, `stderr`"
    with tempfile.TemporaryDirectory() as folder:
        out,err = (Path(folder)/name for name in ("out","err"))
        p = fork(act, *given, out=out, err=err, **env)
        p.join()
        return CompletedProcess(given, p.exitcode, out.read_text(), err.read_text())

def command(*words):
    from pixelladder.cli import main
    sys.argv = ["pixelladder",*words]
    main(list(words))

def run(*words, **env): return ask(command, *map(str, words), **env)

def here(*words):
    "`pixelladder` in this process: status, what it says, what it complains of"
    from pixelladder.cli import main
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()) as wrong:
        try: status = main(list(map(str, words))) or 0
        except SystemExit as e: status = e.code or 0
    return status,said.getvalue(),wrong.getvalue()

def told(*words):
    "Exit status and all that is said"
    status,said,wrong = here(*words)
    return status,said+wrong

def cells(*sources):
    "In IPython, as a kernel does it, from where the notebooks are; after each cell its figures are drawn and closed"
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib import pyplot as plt
    os.chdir(Path(__file__).parent.parent/"nbs")
    shell = InteractiveShell.instance()
    for source in sources:
        shell.run_cell(source, store_history=True).raise_error()
        for number in plt.get_fignums(): plt.figure(number).canvas.draw()
        plt.close("all")

def run_cells(sources, **env):
    "What the cells print; an error in one of them is an error"
    r = ask(cells, *sources, MPLBACKEND="agg", **env)
    assert r.returncode==0, r.stdout[-2000:]+r.stderr
    return r.stdout
