import os, pytest
from pixelladder.streets import make_streets

@pytest.fixture(scope="session", autouse=True)
def throwaway_cache(tmp_path_factory):
    "What the tests keep is thrown away. Only the drawn streets, which take a while, are those of the user's cache"
    streets,cache = make_streets(),tmp_path_factory.mktemp("cache")
    (cache/streets.name).symlink_to(streets)
    before = os.environ.get("PIXELLADDER_CACHE")
    os.environ["PIXELLADDER_CACHE"] = str(cache)
    yield
    os.environ.pop("PIXELLADDER_CACHE")
    if before is not None: os.environ["PIXELLADDER_CACHE"] = before
