"""A certificate authority of a test's own, by the command openssl."""

import os
import ssl
import subprocess

CONFIG = "[req]\ndistinguished_name = dn\n[dn]\n"


class Authority:
    """Keeps its files in a folder, which is made: ca.pem, and a NAME.pem and NAME.key for each
    certificate issued."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.ca = folder, os.path.join(folder, "ca.pem")
        with open(os.path.join(folder, "openssl.cnf"), "w") as f:
            f.write(CONFIG)
        self.make("ca", "basicConstraints=critical,CA:TRUE")

    def make(self, name, extension, *more):
        path = os.path.join(self.folder, name)
        subprocess.run(["openssl", "req", "-x509", "-config",
                        os.path.join(self.folder, "openssl.cnf"), "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-addext", extension, "-keyout", path + ".key", "-out", path + ".pem",
                        *more], check=True, capture_output=True)
        return path + ".pem", path + ".key"

    def issue(self, name, san="IP:127.0.0.1,IP:::1,DNS:companyb.com"):
        """A certificate with its key: the paths of both."""
        return self.make(name, f"subjectAltName={san}", "-CA", self.ca, "-CAkey",
                         os.path.join(self.folder, "ca.key"))

    def context(self, certificate=None):
        """What a phone that believes this authority connects with."""
        context = ssl.create_default_context(cafile=self.ca)
        if certificate:
            context.load_cert_chain(*certificate)
        return context
