"""What the images are made of, as far as it shows without building them."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from grpcdemo.steps.images.build import TARGETS
from grpcdemo.steps.images.context import build_context, recipe_directory, write_context

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "images" / "Dockerfile").read_text()
FOREIGN = ("kubernetes", "typer", "rich", "aiohttp", "yaml")


def stages() -> dict[str, list[str]]:
    """The instructions of each stage, by its name."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()
    instructions: dict[str, list[str]] = {}
    name = ""
    for line in filter(None, lines):
        name = line.split(" AS ")[1] if line.startswith("FROM") else name
        instructions.setdefault(name, []).append(line)
    return instructions


def test_the_pins_satisfy_the_package_and_are_all_of_it_that_a_pod_needs() -> None:
    needed = {requirement.name: requirement for requirement in map(Requirement, requires("grpcdemo") or ())}
    pins = [
        Requirement(line.split("#")[0])
        for line in (ROOT / "images" / "requirements.txt").read_text().splitlines()
        if line.split("#")[0].strip()
    ]
    assert {"grpcio", "grpcio-health-checking", "grpcio-reflection", "protobuf"} <= {pin.name for pin in pins}
    for pin in pins:
        (specifier,) = pin.specifier
        assert specifier.operator == "==", pin
        if pin.name in needed:
            assert needed[pin.name].specifier.contains(specifier.version), pin
        assert pin.name not in FOREIGN


def test_the_final_stages_run_nothing_so_that_they_need_no_emulation() -> None:
    assert set(TARGETS.values()) | {"", "build"} == set(stages())
    for target in TARGETS.values():
        assert not [line for line in stages()[target] if line.startswith("RUN")]


def test_the_two_images_share_all_that_makes_a_layer() -> None:
    server, client = (
        [line for line in stages()[target] if line.split()[0] in ("FROM", "ENV", "COPY", "WORKDIR")]
        for target in TARGETS.values()
    )
    assert [line.removesuffix("server") for line in server] == [line.removesuffix("client") for line in client]


@pytest.mark.parametrize("target", TARGETS.values())
def test_each_runs_its_module_as_a_user_that_is_not_root(target: str) -> None:
    assert stages()[target][-1] == f'ENTRYPOINT ["python3", "-m", "grpcdemo.workload.{target}"]'
    assert "USER 65532:65532" in stages()[target]


def test_the_base_image_names_no_registry() -> None:
    assert "ARG PYTHON_IMAGE=python:3.13-slim" in stages()[""]


def test_the_context_is_what_the_dockerfile_copies(tmp_path: Path) -> None:
    write_context(tmp_path)
    copied = [part for line in stages()["build"] if line.startswith("COPY") for part in line.split()[1:-1]]
    assert copied
    for source in copied:
        assert (tmp_path / source).exists(), source
    assert {f"grpcdemo/{path.name}" for path in (tmp_path / "grpcdemo").iterdir()} <= set(copied)


def test_the_context_has_no_byte_code_in_it(tmp_path: Path) -> None:
    package = tmp_path / "installed" / "grpcdemo"
    for name in ("__init__.py", "errors.py", "waiting.py", "pb/a.py", "workload/b.py", "workload/__pycache__/b.pyc"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).touch()
    shutil.copytree(ROOT / "images", package / "images")
    (tmp_path / "context").mkdir()
    write_context(tmp_path / "context", package)
    assert [path.name for path in (tmp_path / "context" / "grpcdemo" / "workload").iterdir()] == ["b.py"]


@pytest.mark.parametrize("module", ["server", "client"])
def test_the_context_is_all_that_a_pod_imports(tmp_path: Path, module: str) -> None:
    write_context(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import grpcdemo.workload.{module} as m; "
        f"assert m.__file__.startswith({str(tmp_path)!r}); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not {name.split(".")[0] for name in done.stdout.split()} & set(FOREIGN)


def test_an_installed_package_brings_the_dockerfile_along(tmp_path: Path) -> None:
    package = tmp_path / "grpcdemo"
    (package / "images").mkdir(parents=True)
    assert recipe_directory(package) == tmp_path / "images"
    (package / "images" / "Dockerfile").touch()
    assert recipe_directory(package) == package / "images"


def test_the_context_is_gone_afterwards() -> None:
    with build_context(dry_run=False) as context:
        assert (context / "images" / "Dockerfile").is_file()
    assert not context.exists()
