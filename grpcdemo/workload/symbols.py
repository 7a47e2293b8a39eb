"""What the server's reflection looks names up in: protobuf's pool, which by itself does not know methods.

The reflection protocol lets a caller ask for `package.Service.Method`, and ghz asks that way.
"""

from __future__ import annotations

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool


class SymbolPool:
    """A descriptor pool in which a method's name finds its file, too; everything else is the pool's own."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool

    def __getattr__(self, name: str) -> object:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:
        """Raises KeyError where *symbol* is not known."""
        service, _, method = symbol.rpartition(".")
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            if method not in self._pool.FindServiceByName(service).methods_by_name:
                raise
            return self._pool.FindFileContainingSymbol(service)
