"""What a machine says it has, on systems that are not at hand: recorded answers, read as on the day they were given."""

import platform
import sys

import pytest

from lib import machine, precision

# `sysctl hw.optional machdep.cpu`, shortened, as machines have answered it (the M2 and the M4 from published listings).
M1 = """hw.optional.arm.FEAT_FP16: 1
hw.optional.arm.FEAT_BF16: 0
hw.optional.arm.FEAT_I8MM: 0
hw.optional.arm.AdvSIMD: 1
hw.optional.neon: 1
hw.optional.floatingpoint: 1
machdep.cpu.cores_per_package: 8
machdep.cpu.brand_string: Apple M1
"""
M4 = """hw.optional.arm.FEAT_DotProd: 1
hw.optional.arm.FEAT_BF16: 1
hw.optional.arm.FEAT_EBF16: 0
hw.optional.arm.FEAT_I8MM: 1
hw.optional.arm.FEAT_FP16: 1
hw.optional.arm.FEAT_SME: 1
hw.optional.arm.AdvSIMD: 1
machdep.cpu.brand_string: Apple M4
"""
INTEL = """hw.optional.avx2_0: 1
machdep.cpu.features: FPU VME DE PSE SSE4.2 F16C AVX1.0 RDRAND
machdep.cpu.leaf7_features: SMEP ERMS AVX2 BMI2 AVX512F
machdep.cpu.brand_string: Intel(R) Core(TM) i7-1068NG7 CPU @ 2.30GHz
"""
# The numbers for which Windows' IsProcessorFeaturePresent says yes.
SNAPDRAGON = {19, 30, 31, 34, 43, 44, 45, 66, 67, 68}
ZEN = {2, 3, 6, 8, 9, 10, 12, 13, 36, 37, 38, 39, 40, 41}
OLD = {3, 6, 8, 9, 10, 12}


@pytest.fixture
def mac(tmp_path, monkeypatch):
    """Return a function that makes this machine a Mac which gives an answer."""

    def answers(answer):
        (tmp_path / "answer").write_text(answer)
        tool = tmp_path / "sysctl"
        code = f"import sys\nlines = open({str(tmp_path / 'answer')!r}).read()\n"
        code += "brand = lines.strip().splitlines()[-1].split(': ')[1]\nprint(brand if '-n' in sys.argv else lines)\n"
        tool.write_text(f"#!{sys.executable}\n{code}")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(platform, "system", lambda: "Darwin")

    return answers


def here(table):
    return table.set_index("feature").here.to_dict()


@pytest.mark.parametrize(
    "answer, flags, rows",
    [
        (M1, {"asimd", "asimdhp"}, {"Arm FP16": True, "Arm BF16": False}),
        (M4, {"asimd", "asimdhp", "bf16", "i8mm", "sme"}, {"Arm FP16": True, "Arm BF16": True}),
        (INTEL, {"f16c", "avx2", "avx512f"}, {"F16C": True, "AVX512_BF16": False, "AMX-BF16": False}),
    ],
    ids=["M1", "M4", "Intel"],
)
def test_a_mac_is_asked_by_sysctl(mac, answer, flags, rows):
    mac(answer)
    assert flags <= machine.flags() and not {"bf16", "sme"} & (machine.flags() - flags)
    found = here(precision.hardware())
    assert rows.items() <= found.items() and ("F16C" in found) == ("F16C" in rows)
    assert answer.strip().splitlines()[-1].split(": ")[1] in machine.processor()


def test_where_a_mac_says_nothing_nothing_is_claimed(mac, monkeypatch):
    mac("machdep.cpu.brand_string: Apple M9")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    found = precision.hardware()
    assert found.feature.tolist()[:2] == ["Arm FP16", "Arm BF16"] and found.here[:2].isna().all()


@pytest.mark.parametrize(
    "present, flags",
    [
        (SNAPDRAGON, {"asimd", "asimdhp", "bf16", "i8mm"}),
        (ZEN, {"avx", "avx2", "avx512f", "f16c"}),
        (OLD, set()),
    ],
    ids=["Snapdragon X", "Zen 4", "old"],
)
def test_windows_is_asked_number_by_number(present, flags, monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(machine, "_is_present", present.__contains__)
    assert machine.flags() == flags


@pytest.mark.parametrize("present", [SNAPDRAGON, ZEN], ids=["Snapdragon X", "Zen 4"])
def test_what_windows_does_not_tell_is_missing(present, monkeypatch):
    monkeypatch.setattr(machine, "_is_present", present.__contains__)
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(platform, "processor", lambda: "Some Family 1 Model 2")
    found = precision.hardware()
    told = found.dropna(subset="here").set_index("feature").here.to_dict()
    if present is SNAPDRAGON:
        assert told["Arm FP16"] and told["Arm BF16"] and "F16C" not in told
    else:
        assert told["F16C"] and "AVX512_BF16" not in told and "AVX512_BF16" in found.feature.tolist()
    assert machine.processor().endswith("Some Family 1 Model 2")


def test_a_processor_without_a_list_is_of_the_kind_that_the_system_names(tmp_path, monkeypatch):
    for name, first in (("aarch64", "Arm FP16"), ("x86_64", "F16C")):
        monkeypatch.setattr(platform, "machine", lambda name=name: name)
        found = precision.hardware(tmp_path / "missing")
        assert found.feature[0] == first and found.here[found.feature.str.contains("Arm|F16C|AVX|AMX")].isna().all()


def test_linux_lists_all_that_is_there(tmp_path):
    (tmp_path / "cpuinfo").write_text("flags : fpu avx512_bf16\n")
    can = [machine.can(flag, machine.flags(tmp_path / "cpuinfo")) for flag in ("avx512_bf16", "amx_bf16")]
    assert can == [True, False] and machine.can("avx512_bf16", machine.flags(tmp_path / "missing")) is None
