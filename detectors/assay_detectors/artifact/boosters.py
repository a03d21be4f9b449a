"""Files of XGBoost, LightGBM and CatBoost: trees as numbers, read strictly enough to say that nothing else is in them.

Their own loaders run nothing, but trust every number. What could still act: an objective or booster that only an
extension library knows, a parser class of LightGBM, bytes behind the end that another reader takes for something else,
and a tree that leads its reader out of its arrays. Standard library only.
"""

from __future__ import annotations

from assay.targets import sniff
from assay_detectors.artifact.booster_catboost import read_catboost
from assay_detectors.artifact.booster_lightgbm import LightGbm
from assay_detectors.artifact.booster_ubjson import walk_ubjson
from assay_detectors.artifact.booster_walk import walk_json
from assay_detectors.artifact.booster_xgboost import WANTED, read_xgboost
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Source


def read_booster(form: str, source: Source, length: int | None, report: Report) -> None:
    """Read one model of a boosting library.

    Args:
        form: `sniff.XGBOOST_JSON`, `sniff.XGBOOST_UBJ`, `sniff.LIGHTGBM`, or "catboost".
        source: its bytes.
        length: how many they are; None where that is not known.
        report: where findings go.

    Raises:
        Unread: it breaks the rules of its format.
    """
    if form == sniff.XGBOOST_JSON:
        read_xgboost(walk_json(source, WANTED), report)
    elif form == sniff.XGBOOST_UBJ:
        read_xgboost(walk_ubjson(source, WANTED), report)
    elif form == sniff.LIGHTGBM:
        LightGbm(report).read(source)
    else:
        read_catboost(source, length, report)
