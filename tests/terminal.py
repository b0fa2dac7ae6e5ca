"""`pixelladder` as in a terminal, and notebooks cell by cell, without the seconds that imports take each time.

Run as a script it is a process that has imported all and has computed nothing. It forks a child for each."""
import json, os, subprocess, sys, tempfile
from functools import cache
from pathlib import Path

def cells(sources):
    "Run them in IPython, as a kernel does, from where the notebooks are; figures are made and not rendered"
    from IPython.core.interactiveshell import InteractiveShell
    os.chdir(Path(__file__).parent.parent/"nbs")
    shell = InteractiveShell.instance()
    for source in sources: shell.run_cell(source, store_history=True).raise_error()

def command(words):
    from pixelladder.cli import main
    sys.argv = ["pixelladder",*words]
    main(words)

def child(act, given, env, out, err):
    "Do that, and end"
    os.environ.clear(); os.environ.update(env)
    for fd,file in ((0,os.devnull), (1,out), (2,err)): os.dup2(os.open(file, os.O_RDWR), fd)
    status = 0
    try: globals()[act](given)
    except SystemExit as e:
        if isinstance(e.code, str): print(e.code, file=sys.stderr)
        status = e.code if isinstance(e.code, int) else e.code is not None
    except BaseException: import traceback; traceback.print_exc(); status = 1
    for f in (sys.stdout, sys.stderr): f.flush()
    os._exit(status)

def serve():
    import pixelladder.all, pixelladder.cli, pixelladder.train
    for line in sys.stdin:
        job = json.loads(line)
        if not (pid := os.fork()): child(**job)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)

if __name__=="__main__": serve(); sys.exit()

@cache
def server(): return subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

def ask(act, given, **env):
    "What a child that did it gave: `returncode`, `stdout`, `stderr`"
    p = server()
    with tempfile.TemporaryDirectory() as folder:
        out,err = (Path(folder)/name for name in ("out","err"))
        for file in (out,err): file.touch()
        print(json.dumps(dict(act=act, given=given, env={**os.environ, **env}, out=str(out), err=str(err))), file=p.stdin, flush=True)
        return subprocess.CompletedProcess(given, int(p.stdout.readline()), out.read_text(), err.read_text())

def run(*words, **env): return ask("command", [*map(str, words)], **env)

def run_cells(sources):
    "What the cells print; an error in one of them is an error"
    r = ask("cells", sources, MPLBACKEND="agg")
    assert r.returncode==0, r.stdout[-2000:]+r.stderr
    return r.stdout
