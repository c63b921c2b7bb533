"""The Node examples with their packages."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE_EXAMPLES = ("api-node", "library-node")
INSTALL_SECONDS_MAX = 240


def install_node_examples(root: Path) -> Path:
    """Copy them into a folder beside the protobuf definitions; skip where there is no Node.

    They name the same packages, which are installed once: Node looks for packages in the folders
    above, too.
    """
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("needs Node: apt-get install nodejs npm")
    folder = root / "examples"
    for name in NODE_EXAMPLES:
        left_out = shutil.ignore_patterns("node_modules")
        shutil.copytree(ROOT / "examples" / name, folder / name, ignore=left_out)
    (root / "proto").symlink_to(ROOT / "proto")
    shutil.copy(ROOT / "examples" / NODE_EXAMPLES[0] / "package.json", folder)
    line = ["npm", "install", "--no-audit", "--no-fund", "--package-lock=false"]
    done = subprocess.run(
        line, cwd=folder, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX
    )
    if done.returncode:
        pytest.skip(f"npm could not install the packages: {done.stderr}")
    return folder
