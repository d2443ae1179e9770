"""Digest answers as phones make them: RFC 2069 (no qop), RFC 7616 and RFC 8760."""

import hashlib
import re
import secrets

HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def challenges(message):
    """Every Digest challenge of a 401 or 407, as dictionaries, in their order."""
    found = []
    for value in message.all("www-authenticate") + message.all("proxy-authenticate"):
        scheme, _, rest = value.partition(" ")
        assert scheme.lower() == "digest", value
        pairs = re.findall(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', rest)
        found.append({name.lower(): quoted or plain for name, quoted, plain in pairs})
    return found


class Credentials:
    """A user name and a password, and how often each nonce was used."""

    def __init__(self, username, password):
        self.username, self.password = username, password
        self.algorithm = None  # take the first that is offered
        self.counts = {}

    def choose(self, offered):
        if self.algorithm is None:
            return offered[0]
        for challenge in offered:
            if challenge.get("algorithm", "MD5").upper() == self.algorithm:
                return challenge
        raise AssertionError(f"no {self.algorithm} among {offered}")

    def answer(self, challenge, method, request_uri, **change):
        """The value of an Authorization header field. Anything in change replaces a part."""
        algorithm = challenge.get("algorithm", "MD5")

        def digest(text):
            return hashlib.new(HASHES[algorithm.upper()], text.encode()).hexdigest()

        username = change.get("username", self.username)
        realm, nonce = challenge["realm"], change.get("nonce", challenge["nonce"])
        password = change.get("password", self.password)
        uri = change.get("uri", request_uri)
        ha1 = digest(f"{username}:{realm}:{password}")
        ha2 = digest(f"{method}:{uri}")
        parts = [f'username="{username}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"']
        if "qop" in challenge and change.get("qop", True):
            count = change.get("count", self.counts.get(nonce, 0) + 1)
            self.counts[nonce] = count
            nc, cnonce = f"{count:08x}", secrets.token_hex(8)
            response = digest(f"{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}")
            parts += [f"qop=auth, nc={nc}", f'cnonce="{cnonce}"']
        else:
            response = digest(f"{ha1}:{nonce}:{ha2}")
        parts += [f'response="{response}"', f"algorithm={change.get('algorithm', algorithm)}"]
        if "opaque" in challenge:
            parts.append(f'opaque="{challenge["opaque"]}"')
        return "Digest " + ", ".join(parts)
