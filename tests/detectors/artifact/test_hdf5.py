"""HDF5 files: the honest ones pass, what leads out of them is found, damage ends soon."""

from __future__ import annotations

import base64
import json
import random
import struct
import time
import zlib
from typing import Any

import pytest

from assay_detectors.artifact.hdf5 import read_hdf5, read_hdf5_stream
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Held, Source, Unread

# Two files as the HDF5 library writes them: the older layout (symbol tables, text in a global heap) and the newer one
# with dense attributes and links. Each has a `model_config` with one Dense layer; the first also a cycle of links.
_OLD = (
    "c-rk-%}*0S6rbHfvjLG}JRmWotb~uG>6aCYM6D692O~s0kQi+@u+YX*Dn+RwP2`50JaY8tkt0XFapcH<;I${OxV!VFbY5IEi=~Nuzsu`;^LF"
    "0s>~CIYXJ$X8r)PV*2D+FHO=BG_z#4H1*qfDgQJw{<fZPT7RTcIQX8-I5djRSW`nY}w_7~4*W^C_M1QBQ7&!xr)?TGZuqj_5{f-d-Uq{@D4>"
    "&s>#vt{O2bDQM`UZy<8?E}7IUSDBp;P+K_-D2e%bHgZS-kTfc{Cd%{-%u3i%0Rshnlw&28_29k_4PRQ@%va>FRtWQ*<aMR(omo3*cGR&AKiy"
    "F9QpY3H;y~ib=-X$0DsUA<1ikHl5I8a4nY3`Qi}`jy6`LkyqP%PZy(AJlXBdJXLHl`6(ZlC_~ic?%wvK#Jb66#RAG=<aDK874^M`pkW=b;#="
    "^F~R4~frOwm{~^?N~m!F>D9EN<qFf*uO$Ja1X{ZM|T8u#%$n^CiAy+ANk$<Soi7dbRqhT0LuLwwIn2fj}S-2m}IwKp+qZUg5SbGX{n<tpD+K"
    "Lgu<oNN8{1^?9*wmm9!*<Cy<Parru-|7>5VUyg%$EOxiFo3dXN^!Y(9#eL-bvL9Zr%!%tKWxqwxD^pUl*wLWuR|7pT#AOidyF;?y0qDoKE;k"
    "S0exW=-@RA2ggU!tYZv4gLi}*|M!r$mnYxs-v{-4fC)TZQi6WW`<V!l&D^9Ezp$QK)UoNf|-OT%3MJVN=G;648yjI<{IMn@seIPsTof%)%vi"
    "{`%&HxMHJ5-u?R4Yg?g3vrLb#9xAU{?@{+;cqDd^WPZpmvDjkZ>+ie6>yGgW}+ZtAmbo!gG_+D19Af7U64tTlcJueTz{;7H)W6!>EM1uglAj"
    "me#QGNU-#G8nCQ1**$=;WiUw$-vLBw`i(|+~<FX%~N2S2N8<PF-|CM;JPDfDtP+kzvF@^RU@Hy%Vm_^<Y=W;)y=P1tSC-0yCyeS_MyyT<QM0"
    "4{I@si+$mnX^A%=7SmFY%Y)g}?h#&E+rtt}2V-;O`s>Zh64Z`%Do!&j^ab4Wj#m^jYP0Nnh|G^nHpYx>@2BzH95WtaiETQ=JOBS<umydi|P{"
    "d6vzUg0X3e&)+O7kLy#_^n<gI4cmX&OX&|g-zmS@m%QfUUzwG46^#P|fj}S-2>%}{ua~lHr}t-eZ|A$hx_>C8U&Gkx{{"
)

_DENSE = (
    "c-rgqaB<`1lHy|K;9!7(|4`7R3gH_-#e18Idi*_Hf|wX8xR@9i85o#^K*H(L5b17q2rVkazyhQsAiP~rQ3fXlDuB)-g^Qt1fLQ(?4L}^m5Wz"
    "q*aCGO1HEzMdt_+i)K4i3FWH`nIV(Gb*3R2UmLEuvc`hY<Zryed048DxeNM%5!VSt4pfT4mx0WR|Zn!KeLP-)Xy#iFB8IO@|;pN{&JNS``|0"
    "1F^i24GFX4HQYy_zA67d4LcCqI?Qwz_oytbAXf!f|WmkR!6)*2mzCBY25|aR9wu^!VFltZ3Z!BO%02K2)R4^`+!R_0qo^o36y5SA<m3LoCSw"
    "CD-Lls9OCRa#5r(?bK(%^!XeI$L!1YPI4o?_pmeoTa!z7#aeQ84ZmN=%f>Lm5VQFe!NoHb>l8%B>a(-S~W;#&3S}7;7GPS4}$c#qU;*y$IoQ"
    "kFzCRd?UTN_(ji%2LDd<>&t6pVsVFbYP&C>RB!U=)mkQ7{Td0m;BE$RhyUnP!5G03Z*5SV6nLu%T{vx1I&n6kZ~2V?ojhF<JviHz~rzG9C%+"
    "fQ-Xh5j7600hcj@Du9le!0D^sCipmo__zW6_zI-N1mrmehTX2>A`DGP0`J8Glo{$65CU_&{+lvvLK0Y$S!&B52O0-4g$VE+D{*HCMiMZtVhv"
    "&NLeer#eo82V6p}4ZPyMK6=m2T4g9yA}ncu)5hNNZj-iAF4+mN*E=stgf;Te*O<C5BM82pe_Y@M+3f6(EzX`_i52N(>K3!rSqjw_qNCLLhob"
    "nwwOCRCGnh|gwBsM$;bl+EN}Vw=zKZUbiu)~SDY$}vm_3h^<-ub*zh;0eymm0fD)3`@bHM<={<V@L*zzTq$OW2gl)MQ=RyV<-SK*X1e}GuVK"
    "c`!>fFGlYSeet%ClGw6ev@3rC&Gbn+XC!4oiWat7jg)0K@F^GbhPu}O|jwaF(m?=h`04^FlT%6!@=pZ2W=S><T15>(DI}<DmGo>4BW<YQZ=Q"
    "1KV#tF;_j)@lwf@5mJir|>Zu^~9-9P9{=#S<w6$MUBvjKiF6Xiy`E#54RaH=1v#-vR^0KWw!Gq|I``LXw$*nLz|pkS7{2NHQ{lYYhQ-aSopL"
    "fv`Cc#XLffAyImmQ1loPrH2_sk1<htSWxts5T%C|MUN>_de~6(m=UFi9Yv2hQF=H~^jHw3hZ9AQB~f~~z<O9<aY|f5;6~L%TuR^pYvP4y%FR"
    "zn&54IhM&Z<*hNPQ!G!s(*0K&rg3I"
)


def _file(packed: str, layer: str = "Dense") -> bytes:
    data = zlib.decompress(base64.b85decode(packed))
    assert data.count(b'"Dense", ') == 1
    return data.replace(b'"Dense", ', f'"{layer}",'.ljust(9).encode())


def _names(report: Report) -> list[str]:
    return [finding["name"] for finding in report.findings]


def _hdf5(data: bytes, nested: Any = None) -> Report:
    report = Report()
    try:
        read_hdf5(Held(data), len(data), report, nested)
    except Unread as error:
        report.unread(str(error), error.rule)
    return report


@pytest.mark.parametrize("packed", [_OLD, _DENSE], ids=["symbol tables", "dense"])
def test_files_of_the_library(packed: str) -> None:
    report = _hdf5(_file(packed))
    assert (report.total, report.reasons) == (0, [])
    report = _hdf5(bad := _file(packed, "Lambda"))
    assert _names(report) == ["keras.layers.Lambda"]
    assert bad[report.findings[0]["offset"] :].startswith(b'"class_name": "Lambda"')
    assert report.findings[0]["member"] == "/@model_config"


def test_a_file_within_another() -> None:
    class Stream(Source):
        def _more(self, count: int) -> bytes:
            nonlocal left
            chunk, left = left[: min(count, 1000)], left[min(count, 1000) :]
            return chunk

    left = _file(_OLD, "Lambda")
    report = Report()
    read_hdf5_stream(Stream(), None, report)
    assert _names(report) == ["keras.layers.Lambda"]


class Builder:
    """A small HDF5 file, message by message: superblock version 0, object headers version 1."""

    def __init__(self) -> None:
        self.data = bytearray(96)

    def put(self, content: bytes) -> int:
        """Append a block; return its address."""
        self.data += bytes(-len(self.data) % 8)
        self.data += content
        return len(self.data) - len(content)

    def object(self, *messages: tuple[int, bytes]) -> int:
        """Append a group with these messages; return its address."""
        body = b""
        messages = ((0x02, bytes(2) + b"\xff" * 16), *messages)
        for kind, content in messages:
            content += bytes(-len(content) % 8)
            body += struct.pack("<HHB3x", kind, len(content), 0) + content
        return self.put(struct.pack("<BxHII4x", 1, len(messages), 1, len(body)) + body)

    def finish(self, root: int, driver: int = (1 << 64) - 1) -> bytes:
        """Write the superblock."""
        nowhere = (1 << 64) - 1
        head = b"\x89HDF\r\n\x1a\n" + bytes(5) + b"\x08\x08\0" + struct.pack("<HHI", 4, 16, 0)
        self.data[:96] = head + struct.pack("<6Q8x16x", 0, nowhere, len(self.data), driver, 0, root)
        return bytes(self.data)


def _attribute(name: str, value: bytes) -> tuple[int, bytes]:
    raw = name.encode() + b"\0"
    padded = raw + bytes(-len(raw) % 8)
    kind = struct.pack("<B3BI", 0x13, 0, 0, 0, len(value))
    return 0x0C, struct.pack("<BxHHH", 1, len(raw), 8, 8) + padded + kind + struct.pack("<BBB5x", 1, 0, 0) + value


def _link(name: str, kind: int, content: bytes) -> tuple[int, bytes]:
    return 0x06, b"\x01\x08" + bytes([kind, len(name)]) + name.encode() + content


def _single(*messages: tuple[int, bytes]) -> Report:
    builder = Builder()
    return _hdf5(builder.finish(builder.object(*messages)))


def _sized(content: bytes) -> bytes:
    return struct.pack("<H", len(content)) + content


LAMBDA = json.dumps({"class_name": "Lambda", "config": {}}).encode()
DENSE = json.dumps({"class_name": "Dense", "config": {}}).encode()


def test_a_built_file() -> None:
    assert _names(_single(_attribute("model_config", LAMBDA))) == ["keras.layers.Lambda"]
    assert _names(_single(_attribute("training_config", LAMBDA))) == ["keras.layers.Lambda"]
    report = _single(_attribute("model_config", DENSE), _attribute("notes", LAMBDA))
    assert (report.total, report.reasons) == (0, [])


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (_link("x", 64, _sized(b"\0/etc/passwd\0/a\0")), "HDF5 external link at /x"),
        (_link("x", 99, _sized(b"plugin")), "HDF5 user-defined link at /x"),
        ((0x08, b"\x04\x03" + bytes(16)), "HDF5 virtual dataset at /"),
        ((0x0B, b"\x02\x01" + struct.pack("<HHHH", 32015, 5, 0, 0) + b"zstd\0"), "HDF5 filter 32015 at /"),
    ],
    ids=["external link", "user-defined link", "virtual dataset", "filter"],
)
def test_what_leads_out_of_the_file_is_found(message: tuple[int, bytes], name: str) -> None:
    assert _names(_single(message)) == [name]


def test_numbers_in_another_file_are_found() -> None:
    builder = Builder()
    segment = builder.put(b"\0" * 8 + b"/etc/passwd\0\0\0\0\0")
    heap = builder.put(b"HEAP\0\0\0\0" + struct.pack("<QQQ", 24, 24, segment))
    files = struct.pack("<B3xHHQ3Q", 1, 1, 1, heap, 8, 0, 40)
    report = _hdf5(builder.finish(builder.object((0x07, files))))
    assert _names(report) == ["HDF5 external file /etc/passwd at /"]
    assert [anomaly["rule"] for anomaly in report.anomalies.values()] == ["outside"]


def test_links_within_the_file_are_followed_once() -> None:
    builder = Builder()
    child = builder.object(_attribute("model_config", LAMBDA))
    links = [_link(f"l{n}", 0, struct.pack("<Q", child)) for n in range(3)]
    report = _hdf5(builder.finish(builder.object(*links, _link("s", 1, _sized(b"/l0")))))
    assert (_names(report), report.reasons) == (["keras.layers.Lambda"], [])


@pytest.mark.parametrize(
    "message",
    [
        (0x30, bytes(8)),
        (0x0C, b"\x09\0" + bytes(30)),
        (0x06, b"\x02\0\x01x" + bytes(8)),
        (0x10, struct.pack("<QQ", 1 << 60, 64)),
        (0x10, struct.pack("<QQ", 112, 24)),
        (0x11, struct.pack("<QQ", 96, 96)),
        (0x02, b"\0\0" + struct.pack("<QQ", 96, 96)),
        _attribute("model_config", b"{"),
        _attribute("model_config", b"{}\0{}"),
        _attribute("PSEUDOATOM", b"object"),
        _link("x", 0, struct.pack("<Q", 1 << 40)),
        (0x0C, struct.pack("<BxHHH", 1, 13, 8, 8) + b"model_config!\0\0\0" + bytes(32)),
    ],
    ids=[
        "message", "attribute", "link", "outside", "circle", "symbol table", "dense", "no JSON", "two texts",
        "PyTables", "address", "name without an end",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_unread(message: tuple[int, bytes]) -> None:
    report = _single(message)
    assert report.reasons
    assert not report.total


def test_a_text_that_may_be_a_pickle_is_handed_on() -> None:
    seen: list[bytes] = []
    builder = Builder()
    evil = b"cos\nsystem\n(S'id'\ntR."
    data = builder.finish(builder.object(_attribute("x", evil), _attribute("y", b"a sentence.")))
    _hdf5(data, lambda content, report, required: seen.append(content))
    assert seen == [evil]


def test_a_user_block() -> None:
    data = _file(_OLD, "Lambda")
    assert _names(_hdf5(bytes(512) + data)) == ["keras.layers.Lambda"]
    report = _hdf5(b"MZ".ljust(1024, b"\0") + _file(_OLD))
    assert "before its HDF5 superblock" in report.reasons[0]


def test_a_file_of_several_parts_and_a_hidden_tail() -> None:
    builder = Builder()
    assert _hdf5(builder.finish(builder.object(), driver=96)).reasons
    report = _hdf5(_file(_OLD) + b"tail")
    assert [anomaly["rule"] for anomaly in report.anomalies.values()] == ["hidden"]


def test_many_objects_in_a_chain_end_soon() -> None:
    builder = Builder()
    last = builder.object(_attribute("model_config", LAMBDA))
    for _ in range(20_000):
        last = builder.object(_link("x", 0, struct.pack("<Q", last)))
    started = time.process_time()
    report = _hdf5(builder.finish(last))
    assert _names(report) == ["keras.layers.Lambda"]
    assert time.process_time() - started < 5


def test_damage_has_one_reasoned_outcome() -> None:
    chance = random.Random(5)
    good = _file(_DENSE, "Lambda")
    used = [place for place, byte in enumerate(good) if byte]
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chance.choice((1, 2, 4))):
            data[chance.choice(used)] = chance.choice((0, 1, 2, 255, chance.randrange(256)))
        _hdf5(bytes(data))
    for stop in range(0, len(good), 97):
        assert _hdf5(good[:stop]).reasons
