"""A mail server for the stories: receives mails over plain SMTP, STARTTLS or TLS, and can be made to misbehave.

    mail_server.py FOLDER plain|starttls|tls

Makes a certificate authority, a certificate for 127.0.0.1 and keys for DKIM in FOLDER, prints {"port": …}, and then, for
each mail, the results of Python's own parser and of dkimpy. Each line of input names the behaviour from then on, and is
answered with "ok".
"""

import asyncio
import base64
import datetime
import email
import email.policy
import email.utils
import ipaddress
import json
import pathlib
import ssl
import sys

import dkim
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

folder, speaks = pathlib.Path(sys.argv[1]), sys.argv[2]
behaviour = "well"
keys = {}
connections = []


def say(what):
    print(json.dumps(what), flush=True)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def make_dkim_keys():
    for name, key in [
        ("rsa", rsa.generate_private_key(65537, 2048)),
        ("ed25519", ed25519.Ed25519PrivateKey.generate()),
    ]:
        (folder / f"dkim-{name}.pem").write_bytes(pem(key))
        public = key.public_key()
        if name == "rsa":
            raw = public.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        else:
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        keys[name] = f"v=DKIM1; k={name}; p={base64.b64encode(raw).decode()}".encode()


def certificate(subject, key, issuer, issuer_key, is_authority):
    name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    )
    if not is_authority:
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def make_certificates(name):
    authority_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    authority = certificate(name, authority_key, name, authority_key, True)
    leaf = certificate("mail", key, name, authority_key, False)
    encoded = lambda it: it.public_bytes(serialization.Encoding.PEM)
    (folder / f"{name}.pem").write_bytes(encoded(authority))
    (folder / f"{name}-leaf.pem").write_bytes(encoded(leaf) + pem(key))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / f"{name}-leaf.pem")
    return context


def addresses(message, name):
    values = [str(value) for value in message.get_all(name, [])]
    return [address for _, address in email.utils.getaddresses(values)]


def verified(content):
    """Whether the signature holds, with which algorithm, and what it covers; None without one."""
    if b"DKIM-Signature" not in content:
        return None
    for name, record in keys.items():
        verifier = dkim.DKIM(content)
        try:
            if verifier.verify(dnsfunc=lambda *_, **__: record):
                covered = [header.decode().strip().lower() for header in verifier.signature_fields[b"h"].split(b":")]
                return {"algorithm": name, "covered": covered, "domain": verifier.domain.decode()}
        except dkim.DKIMException:
            pass
    return {"algorithm": None}


def described(envelope):
    content = envelope.original_content
    message = email.message_from_bytes(content, policy=email.policy.default)
    part = lambda kind: next(
        (it.get_content() for it in message.walk() if it.get_content_type() == f"text/{kind}"), None
    )
    defects = [str(defect) for it in message.walk() for defect in it.defects]
    defects += [str(defect) for _, value in message.items() for defect in value.defects]
    sender = message["From"].addresses[0]
    return {
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "names": [name for name, _ in message.items()],
        "headers": {name: str(value) for name, value in message.items()},
        "sender": [sender.display_name, sender.addr_spec],
        "recipients": addresses(message, "To"),
        "reply_to": addresses(message, "Reply-To"),
        "kind": message.get_content_type(),
        "charsets": [str(it.get_content_charset()) for it in message.walk() if not it.is_multipart()],
        "text": part("plain"),
        "html": part("html"),
        "parts": sum(1 for it in message.walk() if not it.is_multipart()),
        "defects": defects,
        "longest_line": max(len(line) for line in content.split(b"\r\n")),
        "bare_ends": content.replace(b"\r\n", b"").count(b"\r") + content.replace(b"\r\n", b"").count(b"\n"),
        "dkim": verified(content),
    }


class Server(SMTP):
    def connection_made(self, transport):
        super().connection_made(transport)
        connections.append(transport)

    async def smtp_DATA(self, arg):
        if behaviour == "breaks off":
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)

    async def push(self, status):
        if behaviour == "trickles":
            for byte in (status if isinstance(status, bytes) else status.encode()) + b"\r\n":
                self._writer.write(bytes([byte]))
                await self._writer.drain()
                await asyncio.sleep(1)
            return
        await super().push(status)


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if behaviour == "stalls":
            await asyncio.sleep(3600)
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if behaviour == "refuses":
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        global behaviour
        if behaviour == "stalls at the end":
            await asyncio.sleep(3600)
        if behaviour == "4xx":
            behaviour = "5xx"
            return "451 later"
        if behaviour == "5xx":
            return "554 never"
        say(described(envelope))
        if behaviour == "falls silent":
            await asyncio.sleep(3600)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"profiles", b"h/:@ pass"))


async def main():
    global behaviour
    make_dkim_keys()
    right, wrong = make_certificates("authority"), make_certificates("stranger")
    loop = asyncio.get_running_loop()

    async def listen(context, port=0):
        options = {"enable_SMTPUTF8": True, "data_size_limit": None}
        if speaks == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if speaks != "plain":
            options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": speaks == "starttls"}
        outer = context if speaks == "tls" else None
        server = await loop.create_server(lambda: Server(Handler(), **options), "127.0.0.1", port, ssl=outer)
        return server, server.sockets[0].getsockname()[1]

    server, port = await listen(right)
    strange, strange_port = await listen(wrong)
    say({"port": port, "strange_port": strange_port})
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        behaviour = line.decode().strip()
        if behaviour == "is gone":
            server.close()
            for connection in connections:
                connection.abort()
            connections.clear()
        elif not server.is_serving():
            server, _ = await listen(right, port)
        say("ok")


asyncio.run(main())
