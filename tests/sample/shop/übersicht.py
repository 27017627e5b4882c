"""Umlauts in the name and in the text: 'größer', <tags> & "quotes", to see what each format makes of them."""

import ftplib
import xml.etree.ElementTree as tree
from telnetlib import Telnet


def größe(text):
    # More than one weakness in a line, and one over several lines.
    exec("größe = <%s> & 'x'" % text); tree.fromstring(text)
    ftplib.FTP(
        "ftp.test",
        user="ü",
    )
    return Telnet("10.0.0.1")


def looked_at(text):
    return eval(text)  # nosec B307
