"""Lines of the second generator, as servers and services write them: one function a system."""

from __future__ import annotations

import re
from collections.abc import Callable

from pii_second_clean import uid
from pii_second_marks import Pairs, escaped, json_text, level, mark, moment, now, plain, title, url_quoted
from pii_second_values import ALNUM, DIGITS, HEX, RNG, chars, ipv4, pick


def _quoted(value: str) -> str:
    return f"'{value}'" if "'" not in plain(value) else f'"{value}"'


def nginx(pairs: Pairs, msg: str) -> str:
    q = "&".join(f"{k}={url_quoted(v)}" for k, v in pairs)
    return f'{mark("IP_ADDRESS", ipv4())} - {pick(["-", "-", "svc"])} [{RNG.randint(10, 28)}/Mar/2025:10:{RNG.randint(10, 59)}:11 +0000] "GET /{pick(["v1/predict", "search", "api/users"])}?{q} HTTP/1.1" {pick([200, 404, 500])} {chars("123456789", 4)} "-" "{pick(["curl/8.4.0", "Mozilla/5.0 (X11) Chrome/120.0.0.0"])}"'


def syslog(pairs: Pairs, msg: str) -> str:
    return (
        f"Mar {RNG.randint(10, 28)} 04:{RNG.randint(10, 59)}:22 {pick(['web01', 'gpu-node-7'])} {pick(['app', 'sshd', 'inferd', 'kernel'])}[{chars('123456789', 4)}]: {msg} "
        + " ".join(f"{k}={v}" for k, v in pairs)
    )


def uvicorn(pairs: Pairs, msg: str) -> str:
    return f'{pick(["INFO", "WARNING"])}:     10.{RNG.randint(0, 255)}.0.{RNG.randint(1, 254)}:{RNG.randint(30000, 60000)} - "POST /v1/chat?{"&".join(f"{k}={url_quoted(v)}" for k, v in pairs)} HTTP/1.1" 200 OK'


def django(pairs: Pairs, msg: str) -> str:
    return f"[{RNG.randint(10, 28)}/Mar/2025 10:11:{RNG.randint(10, 59)}] {level()} [django.request:{RNG.randint(10, 300)}] {msg} <QueryDict: {{{', '.join(f'{chr(39)}{k}{chr(39)}: [{_quoted(v)}]' for k, v in pairs)}}}>"


def logback(pairs: Pairs, msg: str) -> str:
    return f"{now()} [http-nio-8080-exec-{RNG.randint(1, 20)}] {level():5} c.a.service.{pick(['UserService', 'PaymentClient'])} - {msg} {pick(['Customer', 'UserDto', 'Request'])}{pick('([{')}{', '.join(f'{k}={v}' for k, v in pairs)}{pick(')]}')}"


def zap(pairs: Pairs, msg: str) -> str:
    return json_text(
        {
            "level": level().lower(),
            "ts": 1700000000 + RNG.random() * 1e6,
            "caller": f"server/handler.go:{RNG.randint(1, 400)}",
            "msg": msg,
            **dict(pairs),
        }
    )


def logrus(pairs: Pairs, msg: str) -> str:
    return f'time="{moment()}" level={level().lower()} msg="{msg.replace(chr(34), chr(39))}" ' + " ".join(
        f'{k}="{v}"' if " " in plain(v) or RNG.random() < 0.3 else f"{k}={v}" for k, v in pairs
    )


def tracing(pairs: Pairs, msg: str) -> str:
    return f"{moment()}  {level():5} {pick(['inference', 'gateway'])}::{pick(['server', 'auth'])}: {msg} " + " ".join(
        f"{k}={v}" if RNG.random() < 0.5 else f'{k}="{v}"' for k, v in pairs
    )


def serilog(pairs: Pairs, msg: str) -> str:
    return json_text(
        {
            "@t": moment(),
            "@mt": "Processed {@Request} for {User}",
            "@l": "Information",
            **{title(k): v for k, v in pairs},
            "SourceContext": "Api.Controllers.UserController",
            "Message": msg,
        }
    )


def k8s(pairs: Pairs, msg: str) -> str:
    return (
        f'{level()[0]}0312 10:11:12.{chars(DIGITS, 6)}       1 event.go:{RNG.randint(10, 400)}] Event occurred object="ml/{pick(["ranker", "trainer"])}-{chars(HEX, 9)}-{chars("bcdfghjklmnpqrstvwxz2456789", 5)}" reason="{pick(["Pulled", "BackOff"])}" message="{msg.replace(chr(34), chr(39))}" '
        + " ".join(f'{k}="{v}"' for k, v in pairs)
    )


def lambda_json(pairs: Pairs, msg: str) -> str:
    return json_text(
        {
            "timestamp": moment(),
            "level": level(),
            "requestId": uid(),
            "function_name": "infer",
            "message": {
                "msg": msg,
                "event": {"body": dict(pairs), "headers": {"Host": "api.execute-api.eu-west-1.amazonaws.com"}},
            },
        }
    )


def lambda_body(pairs: Pairs, msg: str) -> str:
    return (
        f"{moment()}\t{uid()}\tINFO\t"
        + '{"resource":"/users","httpMethod":"POST","body":"'
        + escaped(json_text(dict(pairs)))
        + '","isBase64Encoded":false}'
    )


def gcp(pairs: Pairs, msg: str) -> str:
    return json_text(
        {
            "insertId": chars("abcdefghijklmnopqrstuvwxyz0123456789", 14),
            "jsonPayload": {"message": msg, **dict(pairs)},
            "resource": {
                "type": "k8s_container",
                "labels": {"project_id": f"ml-prod-{chars(DIGITS, 6)}", "pod_name": "api-" + chars(HEX, 8)},
            },
            "severity": level(),
            "timestamp": moment(),
            "trace": "projects/ml-prod/traces/" + chars(HEX, 32),
        }
    )


def vllm(pairs: Pairs, msg: str) -> str:
    return (
        f"INFO 03-{RNG.randint(10, 28)} 10:11:12 [logger.py:{RNG.randint(10, 60)}] Received request cmpl-{chars(HEX, 32)}: prompt: '{msg} "
        + ", ".join(f"{k}: {v}" for k, v in pairs)
        + f"', params: SamplingParams(n=1, temperature={RNG.random():.1f}, max_tokens={pick([256, 512])}), prompt_token_ids: {[RNG.randint(1, 32000) for _ in range(8)]}"
    )


def openai(pairs: Pairs, msg: str) -> str:
    return json_text(
        {
            "id": "chatcmpl-" + chars(ALNUM, 29),
            "model": "gpt-4o-2024-08-06",
            "messages": [
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": msg + "\n" + "\n".join(f"{k}: {v}" for k, v in pairs)},
            ],
            "usage": {"prompt_tokens": RNG.randint(5, 900), "total_tokens": RNG.randint(900, 2000)},
        }
    )


def langchain(pairs: Pairs, msg: str) -> str:
    return (
        "[llm/start] [1:chain:AgentExecutor > 2:llm:ChatOpenAI] Entering LLM run with input: "
        + '{"prompts": ["Human: '
        + escaped(msg)
        + "\\n"
        + "\\n".join(f"{k}={escaped(v)}" for k, v in pairs)
        + '"]}'
    )


def torchserve(pairs: Pairs, msg: str) -> str:
    return (
        f"{now()} [{level()} ] W-9000-bert_1.0-stdout MODEL_LOG - {msg} "
        + "{"
        + ", ".join(f"'{k}': {_quoted(v)}" for k, v in pairs)
        + "}"
    )


def triton(pairs: Pairs, msg: str) -> str:
    return (
        f"{level()[0]}0312 10:11:12.{chars(DIGITS, 6)} 1 http_server.cc:{chars('123456789', 4)}] {msg} request_id={uid()} inputs=["
        + json_text(dict(pairs))
        + "]"
    )


def mlflow(pairs: Pairs, msg: str) -> str:
    return f"{now()} {level()} mlflow.tracking.client: Logged params {{{', '.join(f'{chr(39)}{k}{chr(39)}: {_quoted(v)}' for k, v in pairs)}}} to run {chars(HEX, 32)} {msg}"


def postgres(pairs: Pairs, msg: str) -> str:
    def e(v: str) -> str:
        return v.replace("'", "''")

    return (
        f"2025-03-{RNG.randint(10, 28)} 10:11:12.{chars(DIGITS, 3)} UTC [{chars(DIGITS, 5)}] app@prod LOG:  statement: "
        + pick(
            [
                lambda: (
                    f"INSERT INTO users ({', '.join(re.sub(r'[^A-Za-z0-9_]', '_', k) for k, v in pairs)}) VALUES ({', '.join(chr(39) + e(v) + chr(39) for k, v in pairs)})"
                ),
                lambda: (
                    f"UPDATE customers SET {', '.join(re.sub(r'[^A-Za-z0-9_]', '_', k) + ' = ' + chr(39) + e(v) + chr(39) for k, v in pairs)} WHERE id = {chars(DIGITS, 5)}"
                ),
                lambda: (
                    "SELECT * FROM users WHERE "
                    + " AND ".join(re.sub(r"[^A-Za-z0-9_]", "_", k) + "=" + chr(39) + e(v) + chr(39) for k, v in pairs)
                ),
            ]
        )()
    )


def pgparams(pairs: Pairs, msg: str) -> str:
    return (
        f"DETAIL:  Key ({', '.join(k for k, v in pairs[:1])})=({pairs[0][1]}) already exists."
        if RNG.random() < 0.5
        else f"sqlalchemy.engine.Engine [generated in 0.00{chars(DIGITS, 3)}s] {{{', '.join(f'{chr(39)}{k}{chr(39)}: {_quoted(v)}' for k, v in pairs)}}}"
    )


SERVERS: tuple[Callable[[Pairs, str], str], ...] = (
    nginx,
    syslog,
    uvicorn,
    django,
    logback,
    zap,
    logrus,
    tracing,
    serilog,
    k8s,
    lambda_json,
    lambda_body,
    gcp,
    vllm,
    openai,
    langchain,
    torchserve,
    triton,
    mlflow,
    postgres,
    pgparams,
)
