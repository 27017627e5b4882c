"""A shop that is meant to be bad: see the README beside it."""

import hashlib
import pickle
import random
import sqlite3
import subprocess
import tempfile

import requests
import yaml
from flask import Flask, request

app = Flask(__name__)


@app.route("/order")
def order():
    number = request.args["number"]
    with sqlite3.connect("shop.db") as base:
        rows = base.execute("SELECT * FROM orders WHERE number = '%s'" % number)
    return str(rows.fetchall())


@app.route("/thumbnail")
def thumbnail():
    subprocess.call("convert " + request.args["file"] + " small.png", shell=True)
    return eval(request.args["then"])


@app.route("/basket", methods=["POST"])
def basket():
    return str(pickle.loads(request.data))


def settings(text):
    return yaml.load(text)


def price(of):
    answer = requests.get("https://prices.test/" + of, verify=False)
    return answer.json()


def token(user):
    assert user
    scratch = tempfile.mktemp()
    return hashlib.md5((user + scratch + str(random.random())).encode()).hexdigest()


def quiet():
    try:
        settings("a: 1")
    except Exception:
        pass


if __name__ == "__main__":
    app.run(host="0.0.0.0", debug=True)
