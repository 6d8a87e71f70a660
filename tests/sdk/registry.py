"""A registry on loopback (Debian's docker-registry), and images that are made here, byte by byte."""

import contextlib
import ctypes
import gzip
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request

import harness

OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."
HERE = os.path.dirname(os.path.abspath(__file__))


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Registry:
    """One docker-registry; with `password`, the user `puller` must give it."""

    def __init__(self, password=None):
        self.folder = tempfile.mkdtemp(prefix="lambdad-registry-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        config = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": self.folder}, "delete": {"enabled": True}},
            "http": {"addr": self.host},
        }
        self.authorization = None
        if password:
            import base64

            self.authorization = "Basic " + base64.b64encode(f"puller:{password}".encode()).decode()
            crypt = ctypes.CDLL("libcrypt.so.1").crypt
            crypt.restype = ctypes.c_char_p
            hashed = crypt(password.encode(), b"$2b$05$abcdefghijklmnopqrstuu").decode()
            self._write("htpasswd", f"puller:{hashed}\n")
            config["auth"] = {"htpasswd": {"realm": "test", "path": os.path.join(self.folder, "htpasswd")}}
        self._write("config.yml", json.dumps(config))
        self.process = subprocess.Popen(
            ["docker-registry", "serve", os.path.join(self.folder, "config.yml")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        harness.until(self._answers, 20, "the registry")

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def _answers(self):
        with contextlib.suppress(OSError):
            return self.request("GET", "/v2/")[0] == 200

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, headers=()):
        url = path if path.startswith("http") else f"http://{self.host}{path}"
        request = urllib.request.Request(url, body, dict(headers), method=method)
        if self.authorization:
            request.add_header("Authorization", self.authorization)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def blob(self, repository, content):
        """Uploads; answers its descriptor without a media type."""
        named = digest(content)
        _, headers, _ = self.request("POST", f"/v2/{repository}/blobs/uploads/", b"")
        location = headers["Location"]
        location += ("&" if "?" in location else "?") + "digest=" + named.replace(":", "%3A")
        status, _, told = self.request("PUT", location, content, [("Content-Type", "application/octet-stream")])
        assert status == 201, (status, told)
        return {"digest": named, "size": len(content)}

    def manifest(self, repository, tag, document):
        content = json.dumps(document).encode()
        name = tag or digest(content)
        headers = [("Content-Type", document["mediaType"])]
        status, _, told = self.request("PUT", f"/v2/{repository}/manifests/{name}", content, headers)
        assert status == 201, (status, told)
        return {"mediaType": document["mediaType"], "digest": digest(content), "size": len(content)}

    def image(self, repository, tag, layers, config=(), architecture="amd64", docker=False, packed=True):
        """Pushes an image of tars; answers its descriptor."""
        configuration = {
            "architecture": architecture,
            "os": "linux",
            "config": dict(config),
            "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
        }
        kinds = (
            (DOCKER + "distribution.manifest.v2+json", DOCKER + "container.image.v1+json", DOCKER + "image.rootfs.diff.tar")
            if docker
            else (OCI + "manifest.v1+json", OCI + "config.v1+json", OCI + "layer.v1.tar")
        )
        suffix = (".gzip" if docker else "+gzip") if packed else ""
        blobs = [gzip.compress(layer, 1) if packed else layer for layer in layers]
        document = {
            "schemaVersion": 2,
            "mediaType": kinds[0],
            "config": {"mediaType": kinds[1], **self.blob(repository, json.dumps(configuration).encode())},
            "layers": [{"mediaType": kinds[2] + suffix, **self.blob(repository, blob)} for blob in blobs],
        }
        return {"layers": document["layers"], **self.manifest(repository, tag, document)}

    def index(self, repository, tag, manifests):
        """By architecture."""
        listed = [
            {key: value for key, value in manifest.items() if key != "layers"}
            | {"platform": {"os": "linux", "architecture": architecture}}
            for architecture, manifest in manifests.items()
        ]
        return self.manifest(
            repository, tag, {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": listed}
        )

    def corrupt(self, named):
        """The registry serves other bytes under this digest from now on."""
        hexadecimal = named.removeprefix("sha256:")
        path = os.path.join(self.folder, "docker/registry/v2/blobs/sha256", hexadecimal[:2], hexadecimal, "data")
        with open(path, "r+b") as file:
            content = bytearray(file.read())
            content[len(content) // 2] ^= 1
            file.seek(0)
            file.write(content)


class Tar:
    """A layer, entry by entry."""

    def __init__(self):
        self.out = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.out, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name, content=b"", mode=0o644, kind=tarfile.REGTYPE, target="", device=(0, 0)):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.linkname = kind, mode, target
        entry.uid = entry.gid = 1000
        entry.devmajor, entry.devminor = device
        content = content.encode() if isinstance(content, str) else content
        entry.size = len(content)
        self.tar.addfile(entry, io.BytesIO(content))
        return self

    def directory(self, name, mode=0o755):
        return self.add(name, mode=mode, kind=tarfile.DIRTYPE)

    def link(self, name, target):
        return self.add(name, kind=tarfile.SYMTYPE, target=target)

    def hard_link(self, name, target):
        return self.add(name, kind=tarfile.LNKTYPE, target=target)

    def bytes(self):
        self.tar.close()
        return self.out.getvalue()


def runtime():
    """The static program that answers events: see image/runtime.c."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "runtime")
        subprocess.run(["gcc", "-static", "-O1", "-o", program, os.path.join(HERE, "image/runtime.c")], check=True)
        with open(program, "rb") as file:
            return file.read()
