r"""The Python code of `proto/`, checked in so that nobody needs a compiler to run the tool.

One command, from the root of the repository, writes it anew:

    python -m grpc_tools.protoc -Igrpcdemo/pb=proto --python_out=. --pyi_out=. --grpc_python_out=. \
        grpcdemo/pb/identity.proto

`-Igrpcdemo/pb=proto` shows the folder `proto` to the compiler as `grpcdemo/pb`, so that the generated
modules import each other from this package.
"""
