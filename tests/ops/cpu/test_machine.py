"""What is known of CPUs, also on systems that tell little."""

import pytest
import torch

from mmseg_tome.ops.cpu import machine


@pytest.fixture
def on_a_cpu(monkeypatch, tmp_path):
    """Makes this CPU look like another."""

    def pretend(system, capability, cpuinfo, processor):
        file = tmp_path / 'cpuinfo'
        if cpuinfo is not None:
            file.write_text(cpuinfo)
        monkeypatch.setattr(machine, '_CPUINFO', file)
        monkeypatch.setattr(machine.platform, 'system', lambda: system)
        monkeypatch.setattr(machine.platform, 'processor', lambda: processor)
        monkeypatch.setattr(torch.backends.cpu, 'get_cpu_capability', lambda: capability)

    return pretend


@pytest.mark.parametrize(
    'system, capability, cpuinfo, processor, expected',
    [
        ('Linux', 'AVX512', 'vendor_id\t: AuthenticAMD\n', '', True),
        ('Linux', 'AVX512', 'vendor_id\t: GenuineIntel\n', '', False),
        ('Linux', 'AVX2', 'vendor_id\t: AuthenticAMD\n', '', False),
        ('Windows', 'AVX512', None, 'AMD64 Family 25 Model 97 Stepping 2, AuthenticAMD', True),
        ('Windows', 'AVX512', None, 'Intel64 Family 6 Model 143 Stepping 8, GenuineIntel', False),
        ('Linux', 'AVX512', None, '', True),  # a system that tells nothing
        ('Darwin', 'AVX512', None, 'i386', False),
        ('Darwin', 'DEFAULT', None, 'arm', False),
        ('Linux', 'SVE256', 'CPU implementer\t: 0x41\n', '', False),
        ('Windows', 'NO AVX', None, 'ARMv8 (64-bit) Family 8', False),
    ],
)
def test_mkl_uses_avx512_on_intels_cpus(on_a_cpu, system, capability, cpuinfo, processor, expected):
    on_a_cpu(system, capability, cpuinfo, processor)
    assert machine.onednn_is_faster.__wrapped__() is expected


@pytest.mark.parametrize(
    'system, cpuinfo, processor, expected',
    [
        ('Linux', 'vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n', '', False),
        ('Linux', 'vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 25\n', '', True),
        ('Linux', 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 25\n', '', False),
        ('Windows', None, 'AMD64 Family 25 Model 97 Stepping 2, AuthenticAMD', False),
        ('Windows', None, 'AMD64 Family 26 Model 68 Stepping 0, AuthenticAMD', True),
    ],
)
def test_chunks_pay_where_avx512_is_computed_whole(
    on_a_cpu, monkeypatch, system, cpuinfo, processor, expected
):
    on_a_cpu(system, 'AVX512', cpuinfo, processor)
    monkeypatch.setattr(machine, 'onednn_is_faster', machine.onednn_is_faster.__wrapped__)
    assert machine.chunks_are_faster.__wrapped__() is expected


def test_a_file_that_may_not_be_read_is_no_error(monkeypatch, tmp_path):
    class Forbidden:
        def read_text(self, **_):
            raise PermissionError('not yours')

    monkeypatch.setattr(machine, '_CPUINFO', Forbidden())
    monkeypatch.setattr(machine.platform, 'system', lambda: 'Linux')
    monkeypatch.setattr(machine.platform, 'processor', lambda: 'GenuineIntel')
    assert machine._is_intel()


def test_a_file_in_another_encoding_is_no_error(monkeypatch, tmp_path):
    (tmp_path / 'cpuinfo').write_bytes(b'model name\t: \xff\xfe\nvendor_id\t: GenuineIntel\n')
    monkeypatch.setattr(machine, '_CPUINFO', tmp_path / 'cpuinfo')
    monkeypatch.setattr(machine.platform, 'system', lambda: 'Linux')
    assert machine._is_intel()
