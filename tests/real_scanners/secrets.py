"""Writes a file with made-up secrets, the same ones each time, so that none has to be committed: secrets.py FILE."""

import random
import string
import sys

LETTERS = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + "234567"
DIGITS = string.digits
CHANCE = random.Random(4)


def some(count, of=LETTERS):
    return "".join(CHANCE.choice(of) for _ in range(count))


def lines():
    yield 'AWS_ACCESS_KEY_ID = "%s%s"' % ("AKIA", some(16, UPPER))
    yield 'AWS_SECRET_ACCESS_KEY = "%s"' % some(40)
    yield 'GITHUB = "%s_%s"' % ("ghp", some(36))
    yield 'password = "%s"' % some(14)
    yield 'BASE = "https://shop:%s@base.test/orders"' % some(12)
    yield 'HEX = "%s"' % some(40, "0123456789abcdef")
    yield 'SLACK = "%s-%s-%s-%s"' % ("xoxb", some(12, DIGITS), some(12, DIGITS), some(24))
    yield 'SAME_AGAIN = HEX_2 = "%s"' % some(40, "0123456789abcdef")
    kind = "RSA PRIVATE KEY"
    yield 'KEY = """-----BEGIN %s-----' % kind
    for _ in range(6):
        yield some(64, LETTERS + "+/")
    yield '-----END %s-----"""' % kind


with open(sys.argv[1], "w", encoding="utf-8") as to:
    to.write("\n".join(lines()) + "\n")
