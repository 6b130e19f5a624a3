"""doorman - writes a dump as Doorman does, by GnuTLS and Python's own json and hmac: none of memgate's code."""
import ctypes
import ctypes.util
import hashlib
import hmac
import json
import os

KEY = "a passphrase of Doorman's"
PASSWORD = "Doorman-passw0rd!"
# bcrypt of PASSWORD, cost 4, by crypt(3)
BCRYPT = b"$2b$04$abcdefghijklmnopqrstuuWc6w8qIeYbMBvofTG6DTZfGf0dkrGNa"


class _Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_uint)]


def _seal(key, nonce, plain):
    tls = ctypes.CDLL(ctypes.util.find_library("gnutls") or "libgnutls.so.30")
    handle = ctypes.c_void_p()
    cipher = tls.gnutls_cipher_get_id(b"AES-256-GCM")
    assert tls.gnutls_aead_cipher_init(ctypes.byref(handle), cipher, ctypes.byref(_Datum(key, len(key)))) == 0
    out = ctypes.create_string_buffer(len(plain) + 16)
    size = ctypes.c_size_t(len(out))
    assert tls.gnutls_aead_cipher_encrypt(
        handle, nonce, ctypes.c_size_t(len(nonce)), None, ctypes.c_size_t(0), ctypes.c_size_t(16), plain, ctypes.c_size_t(len(plain)),
        out, ctypes.byref(size)) == 0
    tls.gnutls_aead_cipher_deinit(handle)
    return out.raw[:size.value]


def _derive(secret, salt):
    prk = hmac.new(salt, secret.encode(), hashlib.sha256).digest()
    return hmac.new(prk, b"doorman-mem-dump-v1\x01", hashlib.sha256).digest()


def seal(text, secret=KEY):
    salt, nonce = os.urandom(16), os.urandom(12)
    return b"DMP1" + salt + nonce + _seal(_derive(secret, salt), nonce, text.encode())


def dump(data, created_at="2026-02-05T22:05:31.250000Z", secret=KEY):
    """A file with these collections."""
    document = {"version": 1, "created_at": created_at, "sanitized": False, "note": "n", "data": data}
    return seal(json.dumps(document, separators=(",", ":")), secret)


def users(*names):
    """Users as Doorman stores them."""
    import base64
    hashed = {"__type__": "bytes", "data": base64.b64encode(BCRYPT).decode()}
    return [{"username": name, "email": name + "@example.test", "password": hashed, "role": "admin", "groups": ["ALL"], "ui_access": True,
             "active": True, "_id": "id-" + name} for name in names]
