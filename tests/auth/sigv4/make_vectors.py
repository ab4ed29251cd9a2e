#!/usr/bin/python3
"""Writes data/vectors.jsonl: requests signed by botocore, one line each, in the form that
`ecr-local verify-sigv4` reads. Run with Debian's python3-botocore; the output is the same each time.

The named requests are those of AWS's SigV4 test suite (same credentials, date, region, service),
the rest are random.
"""

import datetime
import json
import pathlib
import random
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SUITE_TIME = datetime.datetime(2015, 8, 30, 12, 36)
ISO = "%Y-%m-%dT%H:%M:%SZ"


class FrozenDatetime(datetime.datetime):
    now_value = SUITE_TIME

    @classmethod
    def utcnow(cls):
        return cls.now_value


class DatetimeModule:
    datetime = FrozenDatetime


botocore.auth.datetime = DatetimeModule


def target_of(url):
    split = urllib.parse.urlsplit(url)
    return (split.path or "/") + ("?" + split.query if split.query else "")


def sign(name, method, target, headers, body=b"", *, host="example.amazonaws.com", token=None,
         region="us-east-1", service="service", signer=botocore.auth.SigV4Auth, when=SUITE_TIME,
         now=None, wire_target=None, on_wire=lambda headers: headers, newline="\n", expires=None):
    """The line for a request that botocore signs as `target`, `headers`, `body`, and that stands on
    the wire as `wire_target` and on_wire(headers)."""
    FrozenDatetime.now_value = when
    request = AWSRequest(method=method, url="http://" + host + target, data=body)
    for key, value in [("Host", host)] + headers:
        request.headers[key] = value
    credentials = Credentials(KEY, SECRET, token)
    extra = {} if expires is None else {"expires": expires}
    signer(credentials, service, region, **extra).add_auth(request)
    presigned = issubclass(signer, botocore.auth.SigV4QueryAuth)
    sent = wire_target or target_of(request.url)
    lines = [f"{method} {sent} HTTP/1.1"]
    lines += [f"{key}:{value}" for key, value in on_wire(list(request.headers.items()))]
    raw = newline.join(lines) + newline * 2 + body.decode()
    return {
        "name": name,
        "now": (now or when).strftime(ISO),
        "region": region,
        "service": service,
        "normalize": not issubclass(signer, botocore.auth.S3SigV4Auth),
        "presigned": presigned,
        "credentials": {"access_key_id": KEY, "secret_access_key": SECRET, "token": token},
        "raw_request": raw,
    }


def fold_values(headers):
    """Header values with every inner space as a line fold."""
    return [(k, v if k == "Authorization" else v.replace(" ", "\n  ")) for k, v in headers]


def suite():
    unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmx=="
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    gets = {
        "get-vanilla": "/",
        "get-vanilla-query": "/?Param1=value1",
        "get-vanilla-empty-query-key": "/?Param1=",
        "get-vanilla-query-order-key": "/?Param1=value2&Param1=Value1",
        "get-vanilla-query-order-key-case": "/?Param2=value2&Param1=value1",
        "get-vanilla-query-order-value": "/?Param1=value2&Param1=value1",
        "get-vanilla-query-order-encoded": "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        "get-vanilla-query-unreserved": f"/?{unreserved}={unreserved}",
        "get-unreserved": f"/{unreserved}",
        "get-utf8": "/ሴ",
        "get-space": "/example space/",
        "get-relative": "/example/..",
        "get-relative-relative": "/example1/example2/../..",
        "get-slash": "//",
        "get-slash-dot-slash": "/./",
        "get-slash-pointless-dot": "/./example",
        "get-slashes": "//example//",
    }
    for name, target in gets.items():
        yield sign(name, "GET", target, [])
        if "order-key" not in name and "order-value" not in name:  # botocore drops duplicates there
            yield sign(name + "-presigned", "GET", target, [], signer=botocore.auth.SigV4QueryAuth)
    yield sign("get-vanilla-utf8-query", "GET", "/?%E1%88%B4=bar", [], wire_target="/?ሴ=bar")
    yield sign("get-header-key-duplicate", "GET", "/",
               [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")])
    yield sign("get-header-value-multiline", "GET", "/", [("My-Header1", "value1 value2 value3")],
               on_wire=fold_values)
    yield sign("get-header-value-order", "GET", "/",
               [("My-Header1", v) for v in ("value4", "value1", "value3", "value2")])
    yield sign("get-header-value-trim", "GET", "/",
               [("My-Header1", " value1"), ("My-Header2", ' "a   b   c"')])
    yield sign("post-vanilla", "POST", "/", [])
    yield sign("post-vanilla-query", "POST", "/?Param1=value1", [])
    yield sign("post-header-key-case", "POST", "/", [("MY-HEADER1", "value1")])
    yield sign("post-header-key-sort", "POST", "/", [("My-Header1", "value1")])
    yield sign("post-header-value-case", "POST", "/", [("My-Header1", "VALUE1")])
    yield sign("post-x-www-form-urlencoded", "POST", "/", form, b"Param1=value1")
    yield sign("post-sts-header-before", "POST", "/", [], token=token)
    yield sign("get-sts-presigned", "GET", "/", [], token=token,
               signer=botocore.auth.SigV4QueryAuth)
    yield sign("get-http-date", "GET", "/", [("Date", "to be set by the signer")])
    for path in ("/a%20b", "//a/./b/../c", "/%E1%88%B4/~x", "/example%20space/"):
        yield sign("s3-rule " + path, "GET", path, [], service="s3",
                   signer=botocore.auth.S3SigV4Auth)


PATH_PIECES = ["a", "B", "0", "/", "/", "//", "/./", "/../", "%2F", "%2f", "%20", " ", "+", "é", "ሴ", "~",
               "*", ":", "@", "=", "&", ";", ",", "$", "!", "'", "(", ")", "%25", "%zz", "%", ".", "..", "-", "_"]
QUERY_PIECES = ["a", "B", "0", "%2F", "%2f", "%20", "+", "%2B", "é", "ሴ", "~", "%7E", "*", ":", "@", ";", ",", "/",
                "?", "%25", "%", ".", "-", "=", "%3D", "%26"]


def random_query(rng):
    names = ["".join(rng.choices(QUERY_PIECES[:-2], k=rng.randint(1, 3))) for _ in range(3)]
    names = [n.replace("=", "e") for n in names]
    pairs = []
    for _ in range(rng.randint(0, 5)):
        name = rng.choice(names)  # few names: duplicates are frequent
        value = "".join(rng.choices(QUERY_PIECES, k=rng.randint(0, 4)))
        pairs.append(name if rng.random() < 0.1 else f"{name}={value}")
    return "&".join(pairs)


def random_header_value(rng):
    words = ["".join(rng.choices("abcXYZ019-_.;=\"/é", k=rng.randint(1, 8)))
             for _ in range(rng.randint(0, 4))]
    return " ".join(words)


def disorder(rng):
    """Another order of names (not of equal names), another case, other white space, folds."""
    def on_wire(headers):
        place = {}
        headers = sorted(headers, key=lambda h: place.setdefault(h[0].lower(), rng.random()))
        out = []
        for key, value in headers:
            if key != "Authorization":
                gaps = [" ", "  ", "\t ", "\n ", "\n\t  "]
                value = "".join(rng.choice(gaps) if c == " " else c for c in value)
                value = rng.choice(["", " ", "\t"]) + value + rng.choice(["", " ", "  "])
            out.append((rng.choice([key, key.lower(), key.upper()]), value))
        return out
    return on_wire


def random_line(rng, number):
    path = "/" + "".join(rng.choices(PATH_PIECES, k=rng.randint(0, 8)))
    query = random_query(rng)
    headers = []
    for _ in range(rng.randint(0, 5)):
        name = rng.choice(["X-Custom", "My-Header", "my-header", "X-Amz-Target", "Accept", "X-Amz-Meta-A",
                           "X-Amzn-Trace-Id", "User-Agent", "a", "x-amz", "X-AMZ-Meta-a"])
        headers.append((name, random_header_value(rng)))
    body = rng.choice([b"", b"{}", b"Action=X&Version=1", "{\"ሴ\":\"é\"}\n".encode(), b"x" * 200])
    when = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=rng.randint(0, 90_000_000))
    presigned = rng.random() < 0.25
    if presigned:
        query = "&".join(sorted({p.split("=")[0]: p for p in query.split("&")}.values()))
        body = b""
    expires = rng.choice([60, 900, 604800]) if presigned else None
    drift = rng.randint(-900, expires if presigned else 900)
    return sign(
        f"random {number}", rng.choice(["GET", "POST", "PUT", "DELETE", "HEAD"]),
        path + ("?" + query if query else ""), headers, body,
        host=rng.choice(["localhost:4599", "127.0.0.1", "[::1]:4599", "api.ecr.eu-central-1.amazonaws.com"]),
        token=rng.choice([None, None, "token/+=" + str(rng.random())]),
        region=rng.choice(["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-5"]),
        service=rng.choice(["ecr", "iam", "sts", "service"]),
        signer=botocore.auth.SigV4QueryAuth if presigned else botocore.auth.SigV4Auth,
        when=when, now=when + datetime.timedelta(seconds=drift),
        on_wire=disorder(rng), newline=rng.choice(["\n", "\r\n"]), expires=expires)


def main():
    rng = random.Random(20150830)
    lines = list(suite()) + [random_line(rng, n) for n in range(300)]
    out = pathlib.Path(__file__).parent / "data" / "vectors.jsonl"
    out.parent.mkdir(exist_ok=True)
    with out.open("w") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"{len(lines)} requests in {out}")


if __name__ == "__main__":
    main()
