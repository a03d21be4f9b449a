"""Numbers that states give, as the second generator makes them: with their check digits."""

from __future__ import annotations

from collections.abc import Callable

from pii_second_values import DIGITS, FAKERS, RNG, UPPER, chars, luhn_fix, pick


def de_tax() -> str:
    while True:
        ds = RNG.sample(DIGITS, 9)
        rep = pick(ds)
        a = [*ds, rep]
        RNG.shuffle(a)
        if a[0] == "0" or len(set(a)) != 9:
            continue
        p = 10
        for c in a:
            t = (int(c) + p) % 10 or 10
            p = t * 2 % 11
        ck = 11 - p
        ck = 0 if ck == 10 else ck
        v = "".join(a) + str(ck)
        return v if RNG.random() < 0.7 else f"{v[:2]} {v[2:5]} {v[5:8]} {v[8:]}"


def nhs() -> str:
    while True:
        d = chars(DIGITS, 9)
        t = sum(int(c) * (10 - i) for i, c in enumerate(d))
        ck = 11 - t % 11
        if ck == 10:
            continue
        v = d + str(0 if ck == 11 else ck)
        return v if RNG.random() < 0.4 else f"{v[:3]} {v[3:6]} {v[6:]}"


def nino() -> str:
    v = pick("ABCEGHJKLMNPRSTW") + pick("ABCEGHJKLMNPRSTWXYZ") + chars(DIGITS, 6) + pick("ABCD")
    if v[:2] in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ"):
        return nino()
    return v if RNG.random() < 0.6 else f"{v[:2]} {v[2:4]} {v[4:6]} {v[6:8]} {v[8]}"


def tfn() -> str:
    while True:
        d = chars(DIGITS, 9)
        if d[0] != "0" and sum(int(c) * w for c, w in zip(d, (1, 4, 3, 7, 5, 8, 6, 9, 10), strict=True)) % 11 == 0:
            return d if RNG.random() < 0.5 else f"{d[:3]} {d[3:6]} {d[6:]}"


def medicare() -> str:
    d = pick("23456") + chars(DIGITS, 7)
    ck = sum(int(c) * w for c, w in zip(d, (1, 3, 7, 9, 1, 3, 7, 9), strict=True)) % 10
    v = d + str(ck) + pick("123456789")
    return v if RNG.random() < 0.5 else f"{v[:4]} {v[4:9]} {v[9]}"


def nric() -> str:
    p = pick("STFG")
    d = chars(DIGITS, 7)
    t = sum(int(c) * w for c, w in zip(d, (2, 7, 6, 5, 4, 3, 2), strict=True)) + (4 if p in "TG" else 0)
    return p + d + ("JZIHGFEDCBA" if p in "ST" else "XWUTRQPNMLK")[t % 11]


def ssn() -> str:
    while True:
        a, g, n = RNG.randint(1, 899), RNG.randint(1, 99), RNG.randint(1, 9999)
        if a != 666:
            break
    return (
        f"{a:03d}-{g:02d}-{n:04d}"
        if RNG.random() < 0.7
        else (f"{a:03d}{g:02d}{n:04d}" if RNG.random() < 0.7 else f"{a:03d} {g:02d} {n:04d}")
    )


def be() -> str:
    b = f"{RNG.randint(40, 99):02d}{RNG.randint(1, 12):02d}{RNG.randint(1, 28):02d}{RNG.randint(1, 997):03d}"
    v = b + f"{97 - int(b) % 97:02d}"
    return v if RNG.random() < 0.4 else f"{v[:2]}.{v[2:4]}.{v[4:6]}-{v[6:9]}.{v[9:]}"


_PRODUCT = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]
_PERMUTED = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
for _i in range(2, 8):
    _PERMUTED.append([_PERMUTED[_i - 1][_PERMUTED[1][_j]] for _j in range(10)])


def _verhoeff(n: str) -> bool:
    c = 0
    for i, x in enumerate(reversed(n)):
        c = _PRODUCT[c][_PERMUTED[i % 8][int(x)]]
    return c == 0


def aadh() -> str:
    while True:
        v = pick("23456789") + chars(DIGITS, 11)
        if _verhoeff(v):
            return v


def itin() -> str:
    return f"9{chars(DIGITS, 2)}-{pick(['70', '75', '78', '82', '90', '91', '95'])}-{chars(DIGITS, 4)}"


def pan() -> str:
    return chars(UPPER, 3) + pick("PCHFATBLJG") + chars(UPPER, 1) + chars(DIGITS, 4) + chars(UPPER, 1)


def kr() -> str:
    while True:
        y, m, d = RNG.randint(50, 99), RNG.randint(1, 12), RNG.randint(1, 28)
        b = f"{y:02d}{m:02d}{d:02d}{pick('12')}{chars(DIGITS, 5)}"
        c = (11 - sum(int(x) * w for x, w in zip(b, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=True)) % 11) % 10
        return f"{b[:6]}-{b[6:]}{c}"


def cn() -> str:
    b = (
        pick(["110101", "310104", "440305", "330106", "510107"])
        + f"{RNG.randint(1950, 2004)}{RNG.randint(1, 12):02d}{RNG.randint(1, 28):02d}"
        + chars(DIGITS, 3)
    )
    return (
        b
        + "10X98765432"[
            sum(int(x) * w for x, w in zip(b, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
        ]
    )


def se() -> str:
    b = f"{RNG.randint(50, 99):02d}{RNG.randint(1, 12):02d}{RNG.randint(1, 28):02d}{chars(DIGITS, 3)}"
    v = luhn_fix(b)
    return pick([f"{v[:6]}-{v[6:]}", "19" + v, f"19{v[:6]}-{v[6:]}"])


def sin() -> str:
    v = luhn_fix(pick("1245679") + chars(DIGITS, 7))
    return pick([v, f"{v[:3]}-{v[3:6]}-{v[6:]}", f"{v[:3]} {v[3:6]} {v[6:]}"])


NATIONAL: dict[str, Callable[[], str]] = {
    "US_SSN": ssn,
    "US_ITIN": itin,
    "UK_NHS": nhs,
    "UK_NINO": nino,
    "AU_TFN": tfn,
    "AU_MEDICARE": medicare,
    "SG_NRIC": nric,
    "DE_TAX_ID": de_tax,
    "IN_PAN": pan,
    "KR_RRN": kr,
    "CN_RESIDENT_ID": cn,
    "SE_PERSONNUMMER": se,
    "CA_SIN": sin,
    "US_PASSPORT": lambda: pick([chars("123456789", 1) + chars(DIGITS, 8), pick("ACXYZ") + chars(DIGITS, 8)]),
    "PASSPORT": lambda: pick(
        [
            "C" + pick("CFGHJK") + chars("CFGHJKLMNPRTVWXYZ0123456789", 6) + pick(DIGITS),
            chars(UPPER, 2) + chars(DIGITS, 7),
            chars(DIGITS, 9),
            chars(DIGITS, 2) + chars(UPPER, 2) + chars(DIGITS, 5),
        ]
    ),
    "ES_NIF": lambda: FAKERS["es_ES"].nif() if RNG.random() < 0.7 else FAKERS["es_ES"].nie(),
    "PL_PESEL": lambda: FAKERS["pl_PL"].pesel(),
    "IN_AADHAAR": lambda: (lambda v: v if RNG.random() < 0.4 else f"{v[:4]} {v[4:8]} {v[8:]}")(aadh()),
    "IT_FISCAL_CODE": lambda: FAKERS["it_IT"].ssn(),
    "FR_NIR": lambda: (lambda v: v.replace(" ", "") if RNG.random() < 0.5 else v)(FAKERS["fr_FR"].ssn()),
    "NL_BSN": lambda: FAKERS["nl_NL"].ssn(),
    "BE_NATIONAL": be,
    "CH_AHV": lambda: FAKERS["de_CH"].ssn(),
    "FI_HETU": lambda: FAKERS["fi_FI"].ssn(),
    "BR_CPF": lambda: (lambda v: v if RNG.random() < 0.5 else v.replace(".", "").replace("-", ""))(
        FAKERS["pt_BR"].cpf()
    ),
    "MX_CURP": lambda: FAKERS["es_MX"].curp(),
    "MEDICAL_RECORD": lambda: pick(
        [
            chars(DIGITS, 7),
            "MRN-" + chars(DIGITS, 8),
            "MRN" + chars(DIGITS, 7),
            chars(DIGITS, 8),
            "H" + chars(DIGITS, 7),
        ]
    ),
}
