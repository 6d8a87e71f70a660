"""A world of network namespaces: a host of the test's own, where this process then is, and an internet behind it.

Nothing in it has a link to the machine's network. Needs root and iproute2; where they lack, a test says so and is skipped.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import struct
import subprocess
import sys
import textwrap

import host

# The host, as the internet sees it, and another address of it.
HOST, HOST_TOO = "198.51.100.1", "192.0.2.77"
SERVER, METADATA = "203.0.113.1", "169.254.169.254"
NAME, NAME_SERVER = "service.example", "203.0.113.53"
PORT = 8080

_NEW_NETWORK = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# Says to everybody which address it sees; answers every question for a name with the address of SERVER.
_INTERNET = f"""
    import socket, threading

    def tell():
        with socket.create_server(("0.0.0.0", {PORT})) as listener:
            while True:
                connection, peer = listener.accept()
                with connection:
                    connection.sendall(peer[0].encode())

    def names():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("{NAME_SERVER}", 53))
            print("there", flush=True)
            while True:
                question, peer = server.recvfrom(512)
                end = question.index(0, 12) + 5
                is_address = question[end - 4:end - 2] == bytes([0, 1])
                head = question[:2] + bytes([0x81, 0x80, 0, 1, 0, int(is_address), 0, 0, 0, 0])
                answer = bytes.fromhex("c00c000100010000003c0004") + socket.inet_aton("{SERVER}")
                server.sendto(head + question[12:end] + answer * is_address, peer)

    threading.Thread(target=tell, daemon=True).start()
    names()
"""


def _checked(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


class World:
    """Whoever makes it is in the host's network until it is closed, and so are the processes that it starts."""

    def __init__(self):
        host.need_root()
        if not shutil.which("ip"):
            host.skip("needs iproute2")
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _checked(_libc.unshare(_NEW_NETWORK), "a network namespace")
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        host.until(self._is_apart, 10, "the internet's namespace")
        self._connect()
        inside = ["nsenter", "--net", f"--target={self._holder.pid}", sys.executable, "-c", textwrap.dedent(_INTERNET)]
        self._internet = subprocess.Popen(inside, stdout=subprocess.PIPE, text=True)
        assert self._internet.stdout.readline() == "there\n"

    def _is_apart(self):
        return os.readlink(f"/proc/{self._holder.pid}/ns/net") != os.readlink("/proc/thread-self/ns/net")

    def _connect(self):
        there = ("nsenter", "--net", f"--target={self._holder.pid}")
        host.run("ip", "link", "set", "dev", "lo", "up")
        host.run("ip", "link", "add", "name", "uplink", "type", "veth", "peer", "name", "downlink", "netns", str(self._holder.pid))
        for address in (HOST, HOST_TOO):
            host.run("ip", "addr", "add", f"{address}/32", "dev", "uplink")
        for address in (SERVER, NAME_SERVER, METADATA):
            host.run(*there, "ip", "addr", "add", f"{address}/32", "dev", "downlink")
        host.run("ip", "link", "set", "dev", "uplink", "up")
        host.run(*there, "ip", "link", "set", "dev", "downlink", "up")
        host.run(*there, "ip", "route", "add", f"{HOST}/32", "dev", "downlink", "src", SERVER)
        host.run("ip", "route", "add", f"{SERVER}/32", "dev", "uplink", "src", HOST)
        host.run("ip", "route", "add", "default", "via", SERVER, "dev", "uplink", "src", HOST)

    def left(self):
        """Links, tables and forwarding: what lambdad has brought into the host."""
        links = [line.split(":")[1].split("@")[0].strip() for line in self._links()]
        found = [link for link in links if link not in ("lo", "uplink")]
        found += [f"{count} tables"] if (count := tables()) else []
        forwards = host.read("/proc/sys/net/ipv4/ip_forward").strip()
        return found + (["forwarding"] if forwards != "0" else [])

    @staticmethod
    def _links():
        listed = subprocess.run(["ip", "-oneline", "link"], capture_output=True, text=True, check=True)
        return listed.stdout.splitlines()

    def close(self):
        for process in (self._internet, self._holder):
            process.kill()
            process.wait()
        self._internet.stdout.close()
        _checked(_libc.setns(self._home, _NEW_NETWORK), "the way home")
        os.close(self._home)


def tables():
    """How many tables of nftables this network has, asked as the program `nft` would."""
    netfilter, get_table, request_all, done = 12, 10 << 8 | 1, 0x301, 3
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, netfilter) as line:
        line.sendall(struct.pack("=IHHII4x", 20, get_table, request_all, 1, 0))
        found = 0
        while True:
            answer = line.recv(65536)
            while answer:
                length, kind = struct.unpack_from("=IH", answer)
                if kind == done:
                    return found
                found += 1
                answer = answer[(length + 3) & ~3:]


@contextlib.contextmanager
def teller():
    """A listener of the host's on all of its addresses. Gives its port."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        yield listener.getsockname()[1]
