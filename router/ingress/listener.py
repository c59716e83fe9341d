"""The listening socket, and how it goes without a connection lost.

A listener that is closed resets the connections that the kernel has accepted for it, and nobody has taken out yet.
So it first stops hearing new ones (Linux: a filter drops their SYN, see socket(7)): those under way come through
meanwhile, and those that are not heard try again a second later, when another process listens.
"""

import ctypes
import socket
import struct
import sys

_SO_ATTACH_FILTER = 26
_FLAGS_OFFSET = 13
_SYN = 0x02
_WHOLE = 0xFFFF_FFFF
_LOAD_BYTE, _JUMP_IF_SET, _RETURN = 0x30, 0x45, 0x06
_DEAF = b"".join(
    [
        struct.pack("HBBI", _LOAD_BYTE, 0, 0, _FLAGS_OFFSET),
        struct.pack("HBBI", _JUMP_IF_SET, 0, 1, _SYN),
        struct.pack("HBBI", _RETURN, 0, 0, 0),
        struct.pack("HBBI", _RETURN, 0, 0, _WHOLE),
    ]
)
_INSTRUCTION_BYTES = 8


def listener(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket that is bound. shared: with the sockets of other processes, among which the kernel spreads connections.

    Raises OSError.
    """
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def deafen(listening: socket.socket) -> bool:
    """Hear no new connections; those whose handshake has begun still come. False where that is not possible."""
    if sys.platform != "linux":
        return False
    program = ctypes.create_string_buffer(_DEAF, len(_DEAF))
    argument = struct.pack("HP", len(_DEAF) // _INSTRUCTION_BYTES, ctypes.addressof(program))
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, argument)
    except OSError:
        return False
    return True
