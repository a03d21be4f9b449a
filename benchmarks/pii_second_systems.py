"""Lines of the second generator: the other shapes, from messages of Kafka to tables, and the list of all systems."""

from __future__ import annotations

import re

from pii_second_marks import Pairs, escaped, json_text, level, moment, now, plain, title, url_quoted
from pii_second_servers import SERVERS, _quoted
from pii_second_values import ALNUM, DIGITS, HEX, RNG, chars, pick


def _xml(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;")


def _nested(pairs: Pairs) -> dict[str, object]:
    tree: dict[str, object] = dict(pairs)
    share = RNG.random()
    if share < 0.3:
        tree = {pick(["data", "user", "payload", "body", "customer", "params", "attributes", "input"]): tree}
    if share < 0.12:
        tree = {"level": level().lower(), "event": tree, "items": [{"id": chars(DIGITS, 5)}]}
    return tree


def kafka(pairs: Pairs, msg: str) -> str:
    return f"[{now()}] {level()} [Consumer clientId=c-{RNG.randint(1, 9)}, groupId=ranker] record topic=events partition={RNG.randint(0, 12)} offset={chars('123456789', 7)} key={chars(DIGITS, 6)} value={json_text(_nested(pairs))} ({pick(['org.apache.kafka.clients.consumer', 'kafka.server'])})"


def headers(pairs: Pairs, msg: str) -> str:
    return (
        f"> {pick(['POST', 'PUT'])} /v1/users HTTP/1.1 | Host: api.corp.com | Content-Type: application/json | "
        + " | ".join(f"{pick(['X-', '']) + '-'.join(w.title() for w in re.split(r'[_. -]', k))}: {v}" for k, v in pairs)
    )


def multipart(pairs: Pairs, msg: str) -> str:
    return (
        f"body=------WebKitFormBoundary{chars(ALNUM, 16)}"
        + "".join(
            f'\\r\\nContent-Disposition: form-data; name="{k}"\\r\\n\\r\\n{v}\\r\\n------WebKitFormBoundary{chars(ALNUM, 16)}'
            for k, v in pairs
        )
        + "--"
    )


def traceback(pairs: Pairs, msg: str) -> str:
    return f"ValueError: could not process {pick(['User', 'Order', 'Patient'])}({', '.join(f'{k}={_quoted(v)}' for k, v in pairs)})"


def fastapi422(pairs: Pairs, msg: str) -> str:
    return f"{now()} WARNING app.errors request failed: " + json_text(
        {
            "detail": [
                {"type": "value_error", "loc": ["body", k], "msg": "Value error, not acceptable", "input": v}
                for k, v in pairs
                if "'" not in v
            ]
            or [{"type": "missing", "loc": ["body", "x"], "msg": "Field required"}]
        }
    )


def xml(pairs: Pairs, msg: str) -> str:
    ns = pick(["", "ns2:", "tns:"])
    return (
        f"<soapenv:Body><{ns}CreateUser>"
        + "".join(
            f"<{ns}{re.sub(r'[^A-Za-z0-9_]', '', k)}>{_xml(v)}</{ns}{re.sub(r'[^A-Za-z0-9_]', '', k)}>"
            for k, v in pairs
        )
        + f"</{ns}CreateUser></soapenv:Body>"
    )


def xmlattr(pairs: Pairs, msg: str) -> str:
    return f'<user id="{chars(DIGITS, 6)}" ' + " ".join(f'{k}="{_xml(v)}"' for k, v in pairs) + "/>"


def yaml(pairs: Pairs, msg: str) -> str:
    k, v = pairs[-1]
    return pick(["  ", "    ", "  - ", ""]) + f"{k}: " + pick([v, f'"{v}"', f"'{v}'"])


def dotenv(pairs: Pairs, msg: str) -> str:
    return f"{pick(['', 'export ', 'ENV ', '+ '])}" + "{}={}".format(
        re.sub(r"[^A-Za-z0-9]", "_", pairs[-1][0]).upper(), pairs[-1][1]
    )


def proto(pairs: Pairs, msg: str) -> str:
    return f"{pick(['user', 'request'])} {{ " + " ".join(f'{k}: "{v}"' for k, v in pairs) + " }"


def graphql(pairs: Pairs, msg: str) -> str:
    return json_text(
        {
            "operationName": "UpdateUser",
            "variables": {"input": dict(pairs)},
            "query": "mutation UpdateUser($input: UserInput!) { updateUser(input: $input) { id name email } }",
        }
    )


def logfmt(pairs: Pairs, msg: str) -> str:
    return f"ts={moment()} level={level().lower()} caller=main.go:{RNG.randint(1, 300)} " + " ".join(
        f'{k}="{v}"' if " " in plain(v) else f"{k}={v}" for k, v in pairs
    )


def otel(pairs: Pairs, msg: str) -> str:
    return json_text(
        {
            "traceId": chars(HEX, 32),
            "spanId": chars(HEX, 16),
            "name": "POST /users",
            "startTimeUnixNano": "17" + chars(DIGITS, 17),
            "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in pairs],
        }
    )


def webhook(pairs: Pairs, msg: str) -> str:
    return json_text(
        {
            "id": "evt_" + chars(ALNUM, 24),
            "object": "event",
            "type": "customer.updated",
            "created": 1700000000 + RNG.randint(0, 9999999),
            "data": {"object": {"id": "cus_" + chars(ALNUM, 14), **dict(pairs)}},
        }
    )


def twilio(pairs: Pairs, msg: str) -> str:
    return (
        "POST /sms "
        + "&".join(f"{title(k)}={url_quoted(v)}" for k, v in pairs)
        + f"&MessageSid=SM{chars(HEX, 32)}&NumMedia=0&ApiVersion=2010-04-01"
    )


def chat(pairs: Pairs, msg: str) -> str:
    return (
        f"[{RNG.randint(10, 23)}:{RNG.randint(10, 59)}] <{pick(['alice', 'bob42', 'support-bot'])}> {msg} "
        + "; ".join(
            f"{k.replace('_', ' ')} is {v}" if RNG.random() < 0.5 else f"{k.replace('_', ' ')}: {v}" for k, v in pairs
        )
    )


def ruby(pairs: Pairs, msg: str) -> str:
    return (
        f"I, [2025-03-{RNG.randint(10, 28)}T10:11:12.{chars(DIGITS, 6)} #{chars(DIGITS, 4)}]  INFO -- : Parameters: {{"
        + ", ".join(f'"{k}"=>"{v}"' for k, v in pairs)
        + "}"
    )


def php(pairs: Pairs, msg: str) -> str:
    return (
        f"[2025-03-{RNG.randint(10, 28)} 10:11:12] production.ERROR: {msg} array ( "
        + ", ".join(f"'{k}' => '{v}'" for k, v in pairs)
        + " )"
    )


def gostruct(pairs: Pairs, msg: str) -> str:
    return f"2025/03/{RNG.randint(10, 28)} 10:11:12 {msg} &{{" + " ".join(f"{title(k)}:{v}" for k, v in pairs) + "}"


def rustdbg(pairs: Pairs, msg: str) -> str:
    return (
        f"[src/main.rs:{RNG.randint(1, 200)}] User {{ "
        + ", ".join(f'{k}: Some("{v}")' if RNG.random() < 0.5 else f'{k}: "{v}"' for k, v in pairs)
        + " }"
    )


def cli(pairs: Pairs, msg: str) -> str:
    return "+ python serve.py --model bert " + " ".join(
        f"--{re.sub(r'[_. ]', '-', k)}{pick(['=', ' '])}{v if ' ' not in plain(v) else chr(34) + v + chr(34)}"
        for k, v in pairs
    )


def jsonstr(pairs: Pairs, msg: str) -> str:
    return json_text({"log": "@@", "stream": "stdout", "time": moment()}).replace(
        "@@", escaped(json_text({"msg": msg, **dict(pairs)}) + "\n")
    )


def mysqlgen(pairs: Pairs, msg: str) -> str:
    return f"{moment()}\t   {RNG.randint(10, 99)} Query\tINSERT INTO t ({','.join('`' + k + '`' for k, v in pairs)}) VALUES ({','.join(chr(39) + v.replace(chr(39), chr(92) + chr(39)) + chr(39) for k, v in pairs)})"


def table(pairs: Pairs, msg: str) -> str:
    return "| " + " | ".join(f"{k} | {v}" for k, v in pairs) + " |"


def tsvkv(pairs: Pairs, msg: str) -> str:
    return f"{now()}\t{level()}\t" + "\t".join(f"{k}:{v}" for k, v in pairs)


SYSTEMS = {
    system.__name__: system
    for system in (
        *SERVERS,
        kafka,
        headers,
        multipart,
        traceback,
        fastapi422,
        xml,
        xmlattr,
        yaml,
        dotenv,
        proto,
        graphql,
        logfmt,
        otel,
        webhook,
        twilio,
        chat,
        ruby,
        php,
        gostruct,
        rustdbg,
        cli,
        jsonstr,
        mysqlgen,
        table,
        tsvkv,
    )
}
