"""What this machine can do at best, measured on the spot."""
import hashlib
import os
import re
import socket
import statistics
import subprocess
import tempfile
import threading
import time

MIB = 1 << 20


def sha256_mib_s():
    """One thread of OpenSSL, the library that hashes here."""
    run = subprocess.run(["openssl", "speed", "-evp", "sha256", "-bytes", "65536", "-seconds", "1",
                          "-mr"], capture_output=True, text=True, check=False)
    found = re.search(r"^\+F:\d+:sha256:([0-9.]+)", run.stdout + run.stderr, re.M)
    if found:
        return float(found[1]) / MIB
    block, began = bytes(64 * MIB), time.perf_counter()
    hashlib.sha256(block)
    return 64 / (time.perf_counter() - began)


def fsync_ms(directory, times=50):
    """Append 4 KiB, fsync: what one durable commit costs at least."""
    took = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(times):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def disk_mib_s(directory, mebibytes):
    """A new file of that size, written and fsynced."""
    block = os.urandom(MIB)
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        began = time.perf_counter()
        for _ in range(mebibytes):
            file.write(block)
        os.fsync(file.fileno())
        return mebibytes / (time.perf_counter() - began)


def loopback_mib_s(mebibytes=2048):
    """One TCP connection over the loopback interface, a thread at each end, without pacing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
    sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
    block = bytes(MIB)

    def send():
        for _ in range(mebibytes):
            sender.sendall(block)
        sender.close()

    thread = threading.Thread(target=send)
    buffer = bytearray(MIB)
    began = time.perf_counter()
    thread.start()
    while receiver.recv_into(buffer):
        pass
    took = time.perf_counter() - began
    thread.join()
    receiver.close()
    return mebibytes / took
