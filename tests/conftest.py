"""What several tests share: a throwaway cache, and little data sets in SegNet's layout.

One thread a process: the nets are small, and the threads of two processes on two cores wait for each other."""
import gc, os
for name in ("OMP_NUM_THREADS","MKL_NUM_THREADS"): os.environ.setdefault(name, "1") # read when torch is imported; children inherit it
import shutil
from importlib.metadata import version
from pathlib import Path
import numpy as np, pytest
from PIL import Image

# PyTorch 2.6's exporter fixes the sizes of its example
exports = pytest.mark.skipif(version("torch").startswith("2.6."), reason="needs PyTorch 2.7 to export for every size")

@pytest.fixture(scope="session", autouse=True)
def throwaway_cache(tmp_path_factory):
    "What the tests keep is thrown away. Only the drawn streets, which take a while, are those of the user's cache"
    from pixelladder.streets import make_streets # not by the process that only hands out the tests
    streets = make_streets()
    cache = tmp_path_factory.mktemp("cache")
    (cache/streets.name).symlink_to(streets)
    before = os.environ.get("PIXELLADDER_CACHE")
    os.environ["PIXELLADDER_CACHE"] = str(cache)
    yield
    os.environ.pop("PIXELLADDER_CACHE")
    if before is not None: os.environ["PIXELLADDER_CACHE"] = before

def pytest_collectstart(collector):
    import pixelladder # before torchvision, which it mends; not in the process that only hands out the tests

def pytest_collection_finish(session):
    "What the imports left is no garbage: looking through it again and again took a fifteenth of all tests' time"
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)

def noise(rng, size):
    "A picture and a mask of random values, codes 0 to 11"
    return rng.integers(0, 255, (*size,3), dtype=np.uint8),rng.integers(0, 12, size, dtype=np.uint8)

def segnet_folder(root, splits, size=(24,32), stem=lambda split, i: f"a_{i}", draw=noise, seed=0):
    "`root` with so many pictures and masks in each split, in SegNet's layout"
    root,rng = Path(root),np.random.default_rng(seed)
    for split,n in splits.items():
        for folder in (split, f"{split}annot"): (root/folder).mkdir(parents=True)
        for i in range(n):
            image,mask = draw(rng, size)
            Image.fromarray(image).save(root/split/f"{stem(split, i)}.png")
            Image.fromarray(mask).save(root/f"{split}annot"/f"{stem(split, i)}.png")
    return root

@pytest.fixture(scope="session")
def chromium():
    "A browser of this machine, or the reason why not"
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright isn't installed: pip install playwright")
    program = next(filter(None, map(shutil.which, ("chromium","chromium-browser","google-chrome","google-chrome-stable"))), None)
    if program is None: pytest.skip("no chromium or google-chrome on this machine: apt-get install chromium")
    with sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
