"""Write `keras_names.json`: the classes and functions that Keras itself writes into a model's configuration.

    python scripts/keras_names.py FOLDER...     each an unpacked release of keras or tf_keras; nothing in it is run

The sources are read as text. A class belongs to the list when it descends from one of Keras' serializable families and
its construction from a configuration runs nothing but Keras' own code; `WITHHELD` names those that run or load more.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from keras_names_reviewed import BUILDERS, MEMBERS, TENSORFLOW


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


DATA = Path(__file__).parents[1] / "detectors" / "assay_detectors" / "artifact" / "keras_names.json"
FAMILIES = words(
    "Layer Model Network Container Operation Optimizer OptimizerV2 Loss Metric Initializer Regularizer Constraint "
    "LearningRateSchedule DTypePolicy Policy Quantizer QuantizationConfig LossScaleOptimizer Functional Cropping "
    "SeedGenerator FeatureSpace KerasSaveable Cross Feature"
)
WITHHELD = words(
    "Lambda TorchModuleWrapper JaxLayer FlaxLayer TFSMLayer TensorFlowOpLayer TFOpLambda SlicingOpLambda ClassMethod "
    "InstanceMethod InstanceProperty RevivedLayer RevivedNetwork RevivedInputLayer SKLearnClassifier SKLearnRegressor "
    "SKLearnTransformer SKLBase ExportArchive Map Scan AssociativeScan Cond Switch WhileLoop ForiLoop VectorizedMap "
    "CustomGradient PyFunc ModuleWrapper"
)
"""Layers of code (marshalled, torch, jax, a SavedModel, TensorFlow operators), and what calls a callable."""
FUNCTIONS = words("activations losses metrics regularizers constraints initializers ops")
"""Modules whose public functions compute on tensors."""
NOT_FUNCTIONS = words("get serialize deserialize")
CALLABLE_PARAMETERS = words("f fn func function cond body body_fun cond_fun true_fn false_fn pyfunc callback")
FOREIGN = words(
    "callbacks testing tests integration_tests integration_test model_architectures export datasets wrappers "
    "visualization estimator legacy_tf_layers"
)


@dataclass
class Release:
    """What one release defines."""

    name: str
    bases: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    places: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    registered: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    functions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    aliases: set[tuple[str, str, str]] = field(default_factory=set)


def sources(package: Path) -> Iterator[tuple[str, ast.Module]]:
    """Yield module name and syntax tree of every source file that is no test."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        if "test" in path.stem or FOREIGN.intersection(parts):
            continue
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text("utf-8"))


def last(node: ast.expr) -> str:
    """Return the last name of `a.b.C`, or of what is called or subscripted."""
    if isinstance(node, ast.Call | ast.Subscript):
        return last(node.func if isinstance(node, ast.Call) else node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def exports(node: ast.ClassDef | ast.FunctionDef) -> Iterator[str]:
    """Yield the public paths that a decorator gives."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and last(decorator) in ("keras_export", "tf_export"):
            for part in ast.walk(decorator):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.startswith("keras."):
                    yield part.value


def registered_names(node: ast.ClassDef) -> Iterator[str]:
    """Yield `package>name` where the class is registered."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and last(decorator) == "register_keras_serializable":
            given = [a.value for a in decorator.args if isinstance(a, ast.Constant)]
            named = {k.arg: k.value.value for k in decorator.keywords if isinstance(k.value, ast.Constant)}
            package = named.get("package", given[0] if given else "Custom")
            yield f"{package}>{named.get('name', node.name)}"


def take_function(release: Release, module: str, node: ast.FunctionDef) -> None:
    """Note a function that computes on tensors."""
    names = {a.arg for a in [*node.args.args, *node.args.kwonlyargs]}
    if node.name.startswith("_") or node.name in NOT_FUNCTIONS or names & CALLABLE_PARAMETERS:
        return
    paths = [path for path in exports(node) if path.split(".")[1] in FUNCTIONS]
    if not paths:
        return
    release.functions[node.name].add(module)
    for path in paths:
        place, _, name = path.rpartition(".")
        release.functions[name].add(place)


def take_class(release: Release, module: str, node: ast.ClassDef, *, top: bool) -> None:
    """Note a class, its bases and the names under which it is public."""
    release.bases[node.name].update(map(last, node.bases))
    release.registered[node.name].update(registered_names(node))
    if top:
        release.places[node.name].add(module)
    for path in exports(node):
        place, _, name = path.rpartition(".")
        release.places[name].add(place)
        release.bases[name].add(node.name)


def read_release(package: Path) -> Release:
    """Collect classes and functions of one release."""
    release = Release(package.parent.name)
    for module, tree in sources(package):
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                take_function(release, module, node)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        release.aliases.add((module, target.id, last(node.value)))
        for found in ast.walk(tree):
            if isinstance(found, ast.ClassDef):
                take_class(release, module, found, top=found in tree.body)
    return release


def serializable(release: Release) -> set[str]:
    """Return the classes that descend from a family."""
    known = set(FAMILIES)
    while True:
        more = {name for name, bases in release.bases.items() if bases & known} - known
        if not more:
            return {name for name in known & set(release.places) if not name.startswith("_")} - WITHHELD
        known |= more


def collect(folders: list[Path]) -> dict[str, object]:
    """Merge all releases into the data."""
    classes: dict[str, set[str]] = defaultdict(set)
    functions: dict[str, set[str]] = defaultdict(set)
    registered: set[str] = set()
    releases = []
    for folder in folders:
        package = next(folder / name for name in ("keras", "tf_keras") if (folder / name).is_dir())
        release = read_release(package)
        info = next(folder.glob("[kKt]*eras-*.dist-info"))
        releases.append(info.name.removesuffix(".dist-info").lower())
        good = serializable(release)
        for name in good:
            for place in release.places[name]:
                classes[place].add(name)
            registered |= release.registered[name]
        for module, alias, name in release.aliases:
            if name in good and alias[:1].isupper() and alias not in WITHHELD:
                classes[module].add(alias)
            elif name in release.functions and alias not in NOT_FUNCTIONS and not alias.startswith("_"):
                functions[module].add(alias)
        for name, places in release.functions.items():
            for place in places:
                functions[place].add(name)
    return {
        "releases": sorted(releases),
        "classes": {place: " ".join(sorted(names)) for place, names in sorted(classes.items())},
        "functions": {place: " ".join(sorted(names)) for place, names in sorted(functions.items())},
        "registered": " ".join(sorted(registered)),
        "tensorflow": " ".join(
            sorted({f"{place}.{name}".lstrip(".") for place, names in TENSORFLOW.items() for name in names.split()})
        ),
        "members": " ".join(sorted(MEMBERS.split())),
        "builders": " ".join(sorted(BUILDERS.split())),
    }


def main() -> int:
    """Write the data."""
    folders = [Path(argument) for argument in sys.argv[1:]]
    if not folders:
        print(__doc__)
        return 2
    DATA.write_text(json.dumps(collect(folders), indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
