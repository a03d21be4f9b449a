"""Names reviewed by hand for the allowlist: what introspection cannot judge, and libraries that need not be installed.

Powers (see `assay.targets.allowlist`): constructor, rebuild, data, function, caller, loader. An entry belongs here only
when calling it with any arguments cannot open a file, import, run code or call anything but its trusted arguments.
"""

from __future__ import annotations

REVIEWED: dict[str, dict[str, str]] = {
    "constructor": {
        "builtins": "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple",
        "collections": "Counter OrderedDict deque ChainMap",
        "datetime": "date datetime time timedelta timezone",
        "decimal": "Decimal",
        "fractions": "Fraction",
        "uuid": "UUID",
        "array": "array",
        "types": "SimpleNamespace",
        "pathlib": "PurePath PurePosixPath PureWindowsPath PosixPath WindowsPath Path",
        "ipaddress": "IPv4Address IPv6Address IPv4Network IPv6Network",
        "random": "Random",
        "argparse": "Namespace",
        "pytz": "_UTC",
        "joblib.numpy_pickle": "NumpyArrayWrapper",
        "sklearn.externals.joblib.numpy_pickle": "NumpyArrayWrapper",
        "numpy": "ndarray matrix recarray record poly1d broadcast",
        "numpy.ma.core": "MaskedArray MaskedConstant",
        "numpy.ma": "MaskedArray",
        "numpy.rec": "recarray record",
        "xgboost.core": "Booster",
        "xgboost.sklearn": (
            "XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor XGBModel XGBClassifierBase"
        ),
        "lightgbm.basic": "Booster",
        "lightgbm.sklearn": "LGBMClassifier LGBMRegressor LGBMRanker LGBMModel",
        "catboost.core": "CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker",
        "_catboost": "_CatBoost",
        "imblearn.pipeline": "Pipeline",
        "torch": "Size device Tensor Generator",
    },
    "rebuild": {
        "copyreg": "_reconstructor __newobj__ __newobj_ex__",
        "_codecs": "encode",
        "array": "_array_reconstructor",
        "re": "_compile",
        "numpy.core.multiarray": "_reconstruct scalar",
        "numpy._core.multiarray": "_reconstruct scalar",
        "numpy.core.numeric": "_frombuffer",
        "numpy._core.numeric": "_frombuffer",
        "numpy.ma.core": "_mareconstruct",
        "numpy._core._internal": "_convert_to_stringdtype_kwargs",
        "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
        "numpy.random": "__RandomState_ctor",
        "pandas._libs.internals": "_unpickle_block",
        "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
        "pandas.core.internals.managers": "BlockManager SingleBlockManager",
        "pandas.core.internals.blocks": "new_block",
        "pandas.core.indexes.base": "_new_Index",
        "pandas.core.indexes.datetimes": "_new_DatetimeIndex",
        "pandas.core.indexes.period": "_new_PeriodIndex",
        "pandas._libs.tslibs.timestamps": "_unpickle_timestamp",
        "pandas._libs.tslibs.timedeltas": "_timedelta_unpickle",
        "pandas._libs.tslibs.period": "__pyx_unpickle_PeriodDtypeBase",
        "pandas._libs.tslibs.nattype": "_nat_unpickle",
        "torch._utils": (
            "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_parameter_with_state "
            "_rebuild_qtensor _rebuild_sparse_tensor _rebuild_sparse_csr_tensor _rebuild_meta_tensor_no_storage "
            "_rebuild_nested_tensor _rebuild_device_tensor_from_numpy _rebuild_device_tensor_from_cpu_tensor"
        ),
        "torch.serialization": "_get_layout",
        "torch._C": "_fft_with_size",
        "pyarrow.lib": "type_for_alias",
    },
    "function": {
        "numpy": (
            "mean median std var sum prod min max amin amax average percentile quantile nanmean nanmedian nanstd "
            "nansum nanmin nanmax argmax argmin clip round around ravel abs absolute log1p identity ones zeros where "
            "nan_to_num cumsum cumprod diff sort argsort unique concatenate hstack vstack corrcoef cov dot"
        ),
        "builtins": "len sum min max abs round",
        "sklearn.utils._encode": "_unique",
    },
    "caller": {
        "collections": "defaultdict",
        "torch._tensor": "_rebuild_from_type _rebuild_from_type_v2",
        "dill._dill": "_create_array",
    },
    "loader": {"torch.storage": "_load_from_bytes"},
    "data": {"sklearn.utils.deprecation": "DEPRECATED"},
}
"""Power -> module -> names."""

FORBIDDEN = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "open",
        "input",
        "getattr",
        "setattr",
        "delattr",
        "__import__",
        "breakpoint",
        "globals",
        "locals",
        "vars",
        "type",
        "map",
        "filter",
        "partial",
        "methodcaller",
        "attrgetter",
        "itemgetter",
        "system",
        "popen",
        "Popen",
        "load",
        "loads",
        "fromfile",
        "memmap",
        "DataSource",
        "genfromtxt",
        "loadtxt",
        "loadmat",
        "read_pickle",
        "read_csv",
        "import_module",
        "run_module",
        "runpy",
        "vectorize",
        "frompyfunc",
        "TempMemmap",
        "Parallel",
        "Memory",
        "GraphModule",
        "ScriptModule",
        "RecursiveScriptModule",
    ]
)
"""Names that never enter, whoever defines them."""

OLD_SKLEARN = {
    "sklearn.tree.tree": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
    "sklearn.ensemble.forest": (
        "RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor RandomTreesEmbedding"
    ),
    "sklearn.ensemble.gradient_boosting": (
        "GradientBoostingClassifier GradientBoostingRegressor BinomialDeviance MultinomialDeviance LogOddsEstimator "
        "PriorProbabilityEstimator QuantileEstimator MeanEstimator ZeroEstimator LeastSquaresError"
    ),
    "sklearn.ensemble.bagging": "BaggingClassifier BaggingRegressor",
    "sklearn.ensemble.weight_boosting": "AdaBoostClassifier AdaBoostRegressor",
    "sklearn.ensemble.iforest": "IsolationForest",
    "sklearn.ensemble.voting_classifier": "VotingClassifier",
    "sklearn.linear_model.base": "LinearRegression",
    "sklearn.linear_model.logistic": "LogisticRegression LogisticRegressionCV",
    "sklearn.linear_model.ridge": "Ridge RidgeCV RidgeClassifier RidgeClassifierCV",
    "sklearn.linear_model.coordinate_descent": "Lasso LassoCV ElasticNet ElasticNetCV",
    "sklearn.linear_model.stochastic_gradient": "SGDClassifier SGDRegressor",
    "sklearn.svm.classes": "SVC SVR NuSVC NuSVR LinearSVC LinearSVR OneClassSVM",
    "sklearn.neighbors.classification": "KNeighborsClassifier RadiusNeighborsClassifier",
    "sklearn.neighbors.regression": "KNeighborsRegressor RadiusNeighborsRegressor",
    "sklearn.neural_network.multilayer_perceptron": "MLPClassifier MLPRegressor",
    "sklearn.preprocessing.data": "StandardScaler MinMaxScaler MaxAbsScaler RobustScaler PolynomialFeatures Normalizer",
    "sklearn.preprocessing.label": "LabelEncoder LabelBinarizer MultiLabelBinarizer",
    "sklearn.preprocessing.imputation": "Imputer",
    "sklearn.decomposition.pca": "PCA",
    "sklearn.cluster.k_means_": "KMeans MiniBatchKMeans",
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
}
"""Where scikit-learn before 0.22 kept its classes; no longer importable, met in old files."""
