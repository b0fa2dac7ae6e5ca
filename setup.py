"Reads `settings.ini`, so that each fact about the package stands in one place."
from configparser import ConfigParser
from pathlib import Path
from setuptools import setup, find_packages
from setuptools.command.build_py import build_py

here = Path(__file__).parent
ini = ConfigParser(delimiters=["="], inline_comment_prefixes=None)
ini.read(here/"settings.ini", encoding="utf-8")
cfg = ini["DEFAULT"]

def lines(key): return [l.strip() for l in cfg.get(key, "").splitlines() if l.strip()]
extras = {k.removesuffix("_requirements"): lines(k) for k in cfg if k.endswith("_requirements")}

class BuildPy(build_py):
    "`pixelladder.web` is a few files of nbs/ and no modules: the scripts there make pages of the site"
    def find_package_modules(self, package, package_dir):
        return [] if package=="pixelladder.web" else super().find_package_modules(package, package_dir)

setup(
    version=cfg["version"],
    description=cfg["description"],
    long_description=(here/"README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    license=cfg["license"],
    keywords=cfg["keywords"].split(),
    classifiers=["Development Status :: 3 - Alpha", "Intended Audience :: Education", "Intended Audience :: Developers",
                 "Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3.12"],
    python_requires=f">={cfg['min_python']}",
    packages=[*find_packages(include=["pixelladder*"]), "pixelladder.results", "pixelladder.web"],
    package_dir={"pixelladder.results": "results", "pixelladder.web": "nbs"}, # what was measured, and the page to try
    package_data={"pixelladder": ["models/*/*"], "pixelladder.results": ["*.json"],
                  "pixelladder.web": ["try.js", "try.css", "styles.css"]},
    cmdclass={"build_py": BuildPy},
    install_requires=lines("requirements"),
    extras_require=extras,
    entry_points={"console_scripts": lines("console_scripts"), "nbdev": ["pixelladder=pixelladder._modidx:d"]},
)
