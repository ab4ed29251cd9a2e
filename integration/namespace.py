"""A network of this process's own, so that a test may use a fixed port."""

import fcntl
import os
import socket
import struct
import sys
import unittest

import harness

MARK = "ECR_LOCAL_TEST_OWN_NETWORK"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def enter():
    """Runs the script that calls it anew in a network namespace of its own: a loopback interface
    and nothing else. Returns in the new process. `require` tells whether that worked."""
    if MARK in os.environ:
        if os.environ[MARK] == "yes":
            _bring_loopback_up()
        return
    unshare = harness.tool("unshare")
    able = harness.run(unshare, "--net", "true").returncode == 0
    os.environ[MARK] = "yes" if able else "no"
    command = [sys.executable, *sys.argv]
    os.execv(*(unshare, [unshare, "--net", *command]) if able else (sys.executable, command))


def require():
    """Skips the test where there is no such network."""
    if os.environ.get(MARK) != "yes":
        raise unittest.SkipTest("no network namespaces here (unshare --net needs root)")


def _bring_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        reply = fcntl.ioctl(any_socket, SIOCGIFFLAGS, request)
        flags = struct.unpack("16sh14x", reply)[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
