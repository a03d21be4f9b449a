"""All rules, in the order of their authority."""

from __future__ import annotations

from assay_detectors.pii.national import NATIONAL_RULES
from assay_detectors.pii.personal import PERSONAL_RULES
from assay_detectors.pii.phones import PHONE_RULES
from assay_detectors.pii.places import PLACE_RULES
from assay_detectors.pii.rule import Rule
from assay_detectors.pii.secrets import SECRET_RULES

RULES: tuple[Rule, ...] = (*SECRET_RULES, *PERSONAL_RULES, *PLACE_RULES, *NATIONAL_RULES, *PHONE_RULES)
