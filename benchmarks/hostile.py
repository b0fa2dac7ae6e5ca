"""Damaged recipes, damaged records of runs and odd calls of the library, N of each: a result or one sentence, never anything else.

The tests try some 2,000 of each in every run; this tries some 50,000 once (calls: as many for each of the seven tests in
tests/test_calls.py)."""
import json, os, sys, tempfile
from pathlib import Path
from record import ROOT, parser, record

if __name__=="__main__":
    p = parser(__doc__)
    p.add_argument("--n", type=int, default=50_000)
    n = p.parse_args().n
    os.environ["PIXELLADDER_EXAMPLES"] = str(n//7) # read when the tests are imported
    sys.path.insert(0, str(ROOT/"tests"))
    import pytest
    from test_hostile import COUNT, try_recipes, try_records
    try_recipes(json.loads((ROOT/"pixelladder"/"models"/"camvid"/"model.json").read_text()), n, seed=7)
    try_records(Path(tempfile.mkdtemp()), n, seed=7)
    if pytest.main(["-q", "-p", "no:cacheprovider", str(ROOT/"tests"/"test_calls.py")]): sys.exit("a call gave something else: no result is written")
    found = {**COUNT, "calls": n//7*7}
    print(found)
    record("hostile", "what was tried; each gave a result or one sentence", f"--n {n}", tried=found)
