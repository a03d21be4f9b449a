"""Jinja templates: honest ones pass, escapes are found however they are spelt, hostile ones cost little."""

from __future__ import annotations

import time

import pytest

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.templates import read_template

CHATML = (
    "{%- if tools %}{{ tools | tojson(indent=2) }}{% endif %}"
    "{%- set ns = namespace(found=false, index=messages|length - 1) -%}"
    "{%- for message in messages[::-1] %}{%- if loop.first and message['role'] == 'system' %}{% continue %}{% endif %}"
    "{{- '<|im_start|>' + message.role + '\n' + message['content'].strip() | trim -}}"
    "{%- if message.tool_calls is defined %}{% for call in message.tool_calls %}"
    "{%- for key, value in call.function.arguments|items %}{{ key ~ '=' ~ call.function.arguments[key] }}{% endfor %}"
    "{%- endfor %}{% endif %}{% set ns.found = true %}{% endfor %}"
    "{% generation %}{{ messages[ns.index]['content'].split('</think>')[-1].lstrip('\n') }}{% endgeneration %}"
    "{% if not ns.found %}{{ raise_exception('no messages') }}{% endif %}{{ strftime_now('%d %b %Y') }}"
)
HONEST = {
    "chatml": CHATML,
    "macros": "{% macro show(p, deep=false) %}{{ p.type }}{% if p.items %}{{ show(p['items'], true) }}{% endif %}"
    "{% endmacro %}{% for t in tools %}{{ show(t.function.parameters) }}{% endfor %}",
    "macros in a list": "{% macro a(x) %}{{ x }}{% endmacro %}{% set all = [] %}{% set all = all + [a] %}{{ all[0](1) }}",
    "keys from a list": "{% for key in ['name', 'description'] %}{{ tool[key] }}{% endfor %}",
    "key with a prefix": "{{ content['text_' ~ lang] }}{{ names[message.role|lower] }}",
    "attribute filters": "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join('\n') }}",
    "joiner": "{% set comma = joiner(', ') %}{% for t in tools %}{{ comma() }}{{ t.name }}{% endfor %}",
    "format of text": "{{ '{:>3} {}'.format(1, name) }}{{ '%s: %d' | format(a, b) }}",
    "a schema's format": "{% if param.format %}{{ param.format }}{% endif %}",
    "no template": "Hello __class__ { there }",
}
ESCAPES = {
    "class": "{{ ''.__class__.__mro__ }}",
    "subscript": "{{ ''['__class__'] }}",
    "hex": r"{{ ''['\x5f\x5fclass\x5f\x5f'] }}",
    "unicode": r"{{ ''['\u005f_class__'] }}",
    "attr": "{{ ''|attr('x') }}",
    "attr by map": "{{ ['']|map('attr', 'x')|list }}",
    "attribute by map": "{{ ['']|map(attribute='x.__class__')|list }}",
    "attribute by keywords": "{{ ['']|map(**{'attribute': k})|list }}",
    "groupby": "{{ ['']|groupby('__class__') }}",
    "concatenated": "{{ ''['__cl' ~ 'ass__'] }}",
    "repeated": "{% set u = '_' * 2 %}{{ ''[u ~ 'class' ~ u] }}",
    "formatted": "{{ ''['%c%cclass%c%c' | format(95, 95, 95, 95)] }}",
    "reversed": "{{ ''['__ssalc__'[::-1]] }}",
    "by a macro": "{% macro m(k) %}{{ ''[k] }}{% endmacro %}{{ m('__cl' ~ 'ass__') }}",
    "by an alias": "{% macro m(k) %}{{ ''[k] }}{% endmacro %}{% set f = m %}{{ f('__cl' ~ 'ass__') }}",
    "by varargs": "{% macro m() %}{{ ''[varargs[0]] }}{% endmacro %}{{ m('__cl' ~ 'ass__') }}",
    "by caller": "{% macro m() %}{{ caller('__cl'~'ass__') }}{% endmacro %}{% call(k) m() %}{{ ''[k] }}{% endcall %}",
    "by a list": "{% set l = [] %}{% do l.append('__cl' ~ 'ass__') %}{{ ''[l[0]] }}",
    "by a namespace": "{% set n = namespace(k='') %}{% set n.k = '__class__' %}{{ ''[n['k']] }}",
    "by a block": "{% set k %}__class__{% endset %}{{ ''[k] }}",
    "by recursion": "{% for k in ['a'] recursive %}{{ ''[k] }}{{ loop(['__cl'~'ass__']) }}{% endfor %}",
    "by a keyword": "{{ ''[dict(__class__=1)|first] }}",
    "format field": "{{ '{0.__class__}'.format('') }}",
    "computed format": "{{ ('{0.__cla' ~ 'ss__}').format('') }}",
    "frame": "{{ x.gi_frame.f_globals }}",
    "unknown function": "{{ open('/etc/passwd') }}",
    "unknown method": "{{ os.popen('id').read() }}",
    "host object": "{{ config }}",
    "jinja object": "{{ lipsum }}",
    "function as a value": "{{ raise_exception|string }}",
    "include": "{% include name %}",
    "import": "{% import 'x' as y %}",
    "second reading of a name": "{{ cycler.__init__.__globals__.os }}{% set cycler = 1 %}",
}
BOMBS = {
    "range": "{{ range(1000000000) | list }}",
    "range by a name": "{% set n = 10 ** 9 %}{% for i in range(n) %}x{% endfor %}",
    "nested": "{% for i in range(2000) %}{% for j in range(2000) %}x{% endfor %}{% endfor %}",
    "repeated text": "{{ 'a' * 10000000000 }}",
    "power": "{{ 9 ** 9 ** 9 ** 9 }}",
    "doubling": "{% set a = 'aa' %}{% for m in messages %}{% set a = a ~ a %}{% endfor %}",
    "endless": "{% set l = [1] %}{% for i in l %}{% set _ = l.append(i) %}{% endfor %}",
    "padding": "{{ 'x' | center(1000000000) }}",
}
HOSTILE = {
    "brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "chain": "{{ a" + ".b" * 20_000 + " }}",
    "sum": "{{ " + "a + " * 20_000 + "1 }}",
    "ifs": "{% if a %}" * 5000,
    "names": "".join(f"{{% set a{i + 1} = a{i} ~ a{i} %}}" for i in range(5000)) + "{{ x[a5000] }}",
    "aliases": "".join(
        f"{{% macro m{i}(x{i}) %}}{{{{ d[x{i}] }}}}{{% endmacro %}}{{{{ f(*x) }}}}" for i in range(1200)
    ),
    "questions": "{% set a = 1 %}" * 2000 + "{{ x[a + 1] }}" * 2000,
    "huge": "{{ a }}" + " " * (1 << 20),
}


def judged(text: str) -> Report:
    report = Report()
    read_template(text, report, 17, "chat_template")
    return report


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_template_passes(name: str) -> None:
    report = judged(HONEST[name])
    assert (report.findings, report.reasons, report.anomalies) == ([], [], {})


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_is_found(name: str) -> None:
    assert judged(ESCAPES[name]).total


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_is_found_behind_an_honest_template(name: str) -> None:
    report = judged(CHATML + "\n" + ESCAPES[name])
    assert report.total
    line = CHATML.count("\n") + 2
    assert all(f"line {line}:" in finding["note"] for finding in report.findings)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_found_and_said_to_be_one(name: str) -> None:
    report = judged(BOMBS[name])
    assert report.total
    assert {anomaly["rule"] for anomaly in report.anomalies.values()} == {"bomb"}


def test_a_finding_points_at_its_place() -> None:
    [finding] = judged("{% set a = 1 %}\n\n{{ a.__class__ }}").findings
    assert finding["name"] == "__class__"
    assert finding["offset"] == 17
    assert finding["note"].startswith("chat_template, line 3: ")


@pytest.mark.parametrize("text", ["{{ a", "{% if %}", "{% unknown %}", "{{ 'a }}", "{{ " + "9" * 10_000 + " }}"])
def test_a_damaged_template_is_unread(text: str) -> None:
    report = judged(text)
    assert report.reasons
    assert not report.total


def test_a_text_that_only_looks_like_a_template_does_not_matter() -> None:
    report = Report()
    read_template('{{"role": }} {%', report, required=False)
    assert not report.reasons


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_costs_little(name: str) -> None:
    start = time.process_time()
    report = judged(HOSTILE[name])
    assert time.process_time() - start < 10
    assert report.reasons or name in ("chain", "sum")


def test_nothing_is_evaluated() -> None:
    """A division by zero among constants would fail where they are folded."""
    assert not judged("{{ 1 // 0 }}{{ raise_exception('evaluated') }}").total
