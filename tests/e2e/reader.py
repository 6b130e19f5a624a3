"""reader - a second implementation of the dump reader, written from docs/dump-format.md alone and sharing no code with memgate.

Whole files in memory, no speed, no recovery: what breaks a rule raises Broken with the outcome's name.
"""
import hashlib
import hmac
import importlib
import pathlib
import struct
import subprocess
import sys
import tempfile

import argon2.low_level
import xxhash
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"\x89MGD1\r\n\x1a"
FIXED, FOOTER = 288, 136
LAST, ZSTD = 1, 2


class Broken(Exception):
    """The outcome's name."""


def need(holds, outcome):
    if not holds:
        raise Broken(outcome)


def load_schema():
    """messages/payload.proto, compiled for Python."""
    messages = pathlib.Path(__file__).resolve().parents[2] / "messages"
    folder = tempfile.mkdtemp(prefix="memgate-proto-")
    subprocess.run(["protoc", f"--proto_path={messages}", f"--python_out={folder}", str(messages / "payload.proto")], check=True)
    sys.path.insert(0, folder)
    return importlib.import_module("payload_pb2")


payload_pb2 = load_schema()


def expand(prk, info):
    return hmac.digest(prk, info + b"\x01", "sha256")


def blake(data):
    return hashlib.blake2b(data, digest_size=32).digest()


class Keys:
    """Sections 3 and 4: from a secret and a header to the keys of one file."""

    def __init__(self, secret, header, check):
        kdf, ops, mem_kib = header[25], *struct.unpack(">II", header[32:40])
        salt, file_salt = header[48:64], header[64:96]
        if kdf == 2:
            need(secret.startswith("hex:"), "WRONG_KEY")
            master = bytes.fromhex(secret[4:])
        else:
            master = argon2.low_level.hash_secret_raw(
                secret.encode(), salt, ops, mem_kib, 1, 32, argon2.low_level.Type.ID, version=0x13
            )
        key_id = expand(hmac.digest(salt, master, "sha256"), b"memgate/mgd1/key-id")[:16]
        prk = hmac.digest(file_salt, master, "sha256")
        self.commit = expand(prk, b"memgate/mgd1/commit")
        need(header[96:112] == key_id and header[-96:-64] == self.commit, "WRONG_KEY")
        self.enc = expand(prk, b"memgate/mgd1/enc" + check)
        self.mac = expand(prk, b"memgate/mgd1/mac" + check)


class Dump:
    """One file, read and checked to its end; `header` has the fields, `plain` the payload."""

    def __init__(self, data, secret):
        need(data[:8] == MAGIC, "NOT_A_DUMP")
        need(struct.unpack(">H", data[8:10])[0] == 1, "UNSUPPORTED")
        size = struct.unpack(">I", data[12:16])[0]
        need(FIXED <= size <= 65536 and size % 8 == 0, "HEADER_CORRUPT")
        need(len(data) >= size, "TRUNCATED")
        raw = data[:size]
        check = raw[-64:-32]
        need(blake(raw[:-64]) == check, "HEADER_CORRUPT")
        self.header = self.fields(raw)
        keys = Keys(secret, raw, check)
        need(hmac.digest(keys.mac, b"\x01" + raw[:-32], "sha256") == raw[-32:], "HEADER_FORGED")
        leaves, self.plain, at = self.chunks(data, size, keys.enc)
        self.footer(data[at:], keys.mac, raw, leaves, at - size)

    @staticmethod
    def fields(raw):
        generation, version, created, parent = struct.unpack(">QQqQ", raw[144:176])
        fields = {
            "compression": raw[26], "trigger": raw[27], "chunk_size": struct.unpack(">I", raw[28:32])[0],
            "timeline": struct.unpack(">I", raw[44:48])[0], "store_id": raw[112:128], "generation": generation, "version": version,
            "created_at": created, "parent": parent, "schema": struct.unpack(">I", raw[176:180])[0], "tlv": {},
        }
        at, end = 192, 192 + struct.unpack(">I", raw[180:184])[0]
        while at + 4 <= end and raw[at : at + 4] != b"\0\0\0\0":
            kind, length = struct.unpack(">HH", raw[at : at + 4])
            fields["tlv"][kind] = raw[at + 4 : at + 4 + length]
            at += 4 + length
        return fields

    def chunks(self, data, at, key):
        leaves, plain, index, last = [], bytearray(), 0, False
        cipher = AESGCM(key)
        while not last:
            frame = data[at : at + 16]
            need(len(frame) == 16, "TRUNCATED")
            number, stored, length, flags = struct.unpack(">IIIB3x", frame)
            last = bool(flags & LAST)
            full = length == self.header["chunk_size"] if not last else 1 <= length <= self.header["chunk_size"]
            need(number == index and flags & ~(LAST | ZSTD) == 0 and frame[13:] == b"\0\0\0" and full, "CHUNK_CORRUPT")
            chunk = data[at : at + 16 + stored + 16]
            need(len(chunk) == 32 + stored, "TRUNCATED")
            nonce = b"\x01" + bytes(6) + struct.pack(">I", index) + (b"\x01" if last else b"\x00")
            try:
                opened = cipher.decrypt(nonce, chunk[16:], frame)
            except InvalidTag:
                raise Broken("CHUNK_CORRUPT") from None
            if flags & ZSTD:
                opened = zstandard.ZstdDecompressor().decompress(opened, max_output_size=length)
            need(len(opened) == length, "CHUNK_CORRUPT")
            plain += opened
            leaves.append(xxhash.xxh3_128_digest(chunk))
            at, index = at + len(chunk), index + 1
        return leaves, bytes(plain), at

    def footer(self, foot, mac, raw, leaves, body):
        need(len(foot) >= FOOTER, "TRUNCATED")
        need(len(foot) == FOOTER, "TRAILING_DATA")
        size, count, plain, stored, self.records, self.documents, self.collections = struct.unpack(">IIQQQQI", foot[8:52])
        fits = foot[:8] == b"MGD1FOOT" and foot[132:] == b"MGDE" and size == FOOTER and struct.unpack(">I", foot[128:132])[0] == FOOTER
        need(fits and count == len(leaves) and plain == len(self.plain) and stored == body, "FOOTER_CORRUPT")
        self.file_check = foot[64:96]
        need(blake(raw + b"".join(leaves) + foot[:64]) == self.file_check, "FOOTER_CORRUPT")
        need(hmac.digest(mac, b"\x02" + foot[:96], "sha256") == foot[96:128], "FOOTER_FORGED")

    def read(self):
        """Section 6: {collection: [(id, body, expires_ns, rev), ...]} with everything counted and in order."""
        at, records, documents, content, name = 0, 0, 0, {}, None
        while at < len(self.plain):
            length, shift = 0, 0
            while True:
                byte = self.plain[at]
                length, shift, at = length | (byte & 0x7F) << shift, shift + 7, at + 1
                if not byte & 0x80:
                    break
            record = payload_pb2.Record.FromString(self.plain[at : at + length])
            at, records = at + length, records + 1
            kind = record.WhichOneof("k")
            if kind == "coll":
                need(name is None or record.coll.name > name, "PAYLOAD_INVALID")
                name = record.coll.name
                content[name] = []
            elif kind == "doc":
                need(not content[name] or record.doc.id > content[name][-1][0], "PAYLOAD_INVALID")
                content[name].append((record.doc.id, record.doc.body, record.doc.expires_ns, record.doc.rev))
                documents += 1
            elif kind == "coll_end":
                need(record.coll_end.count == len(content[name]), "PAYLOAD_INVALID")
            elif kind == "end":
                need((record.end.records, record.end.documents) == (records, documents), "PAYLOAD_INVALID")
        need((records, documents, len(content)) == (self.records, self.documents, self.collections), "PAYLOAD_INVALID")
        return content
