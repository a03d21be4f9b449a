"""JSON that two readers could read differently is refused."""

import pytest

from assay.model.strict_json import loads, sentence


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": {"b": 1, "b": 1}}', "'b' stands twice"),
        ("[NaN]", "NaN is no JSON"),
        ("[-Infinity]", "no JSON"),
        ("{", ""),
    ],
)
def test_what_is_ambiguous_or_torn_is_refused(text, why):
    with pytest.raises(ValueError) as caught:
        loads(text)
    assert why in sentence(caught.value)


def test_plain_json_is_read():
    assert loads('{"a": [1, 2.5, null, {"b": "x"}]}') == {"a": [1, 2.5, None, {"b": "x"}]}
