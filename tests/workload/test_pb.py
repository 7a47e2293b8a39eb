"""The checked-in code is what the checked-in proto says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import grpcdemo.pb

ROOT = Path(__file__).parents[2]


@pytest.mark.sandbox
def test_the_documented_command_writes_the_generated_code_byte_for_byte(tmp_path: Path) -> None:
    documented = re.search(r"python (-m grpc_tools.protoc .*?\.proto)$", grpcdemo.pb.__doc__ or "", re.M | re.S)
    assert documented
    arguments = documented[1].replace("\\\n", "").replace("_out=.", f"_out={tmp_path}").split()

    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)

    written = {file.name: file.read_bytes() for file in (tmp_path / "grpcdemo/pb").iterdir()}
    checked_in = {file.name: file.read_bytes() for file in (ROOT / "grpcdemo/pb").glob("*_pb2*")}
    assert sorted(written) == ["identity_pb2.py", "identity_pb2.pyi", "identity_pb2_grpc.py"]
    assert written == checked_in
