"""Kinds of kernels by their names on an H200, and the measurement where there is a GPU."""

import pytest

from benchmarks.gpu.kernel_times import KERNELS, LAUNCHES, OTHERS, SECONDS, kind_of, measure, table
from mmseg_tome.analysis.results import Result
from mmseg_tome.analysis.workload import Workload
from tests.gpu import needs_gpu

NAMES = {
    'cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_7_64x128x64': 'attention',
    'void at::native::(anonymous namespace)::vectorized_layer_norm_kernel<': 'LayerNorm',
    '_normalize': 'LayerNorm',
    '_convolve': 'depth-wise convolution and GELU',
    'void at::native::(anonymous namespace)::upsample_bilinear2d_nhwc_out_frame<c10::BFloat16': (
        'resizing and norms of the head'
    ),
    'void at::native::(anonymous namespace)::upsample_nearest2d_nhwc_out_frame<c10::BFloat16': (
        'pooling and its undoing'
    ),
    '_unpool': 'pooling and its undoing',
    '_best_local_match': 'matching',
    '_select': 'slots',
    '_reduce': 'merging and unmerging',
    'void at::native::reduce_kernel<128, 4, at::native::ReduceOp<c10::BFloat16': OTHERS,
    'sm90_xmma_fprop_implicit_gemm_bf16bf16_bf16f32_f32_nhwckrsc_nhwc': 'other convolutions',
    'void implicit_convolve_sgemm<__nv_bfloat16, __nv_bfloat16, 1024, 5, 5': 'other convolutions',
    'nvjet_sm90_tst_168x128_64x5_1x2_h_bz_coopA_bias_TNN': 'matrix products',
    'void cutlass::Kernel2<cutlass_75_tensorop_bf16_s1688gemm_bf16_64x64_tn_align1>': (
        'matrix products'
    ),
    'void at::native::vectorized_elementwise_kernel<8, at::native::CUDAFunctor_add<c10': OTHERS,
    'Memset (Device)': OTHERS,
}


@pytest.mark.parametrize('name', NAMES)
def test_kinds_of_kernels(name):
    assert kind_of(name) == NAMES[name]


def test_the_table_has_milliseconds_of_the_batch():
    of = dict(strategy='hq', batch='8')
    shown = table(
        [
            Result('kernel-times', SECONDS, 0.001, implementation='graphed', **of),
            Result('kernel-times', LAUNCHES, 12, implementation='ours', **of),
            Result('kernel-times', KERNELS, 0.0005, note='slots', **of),
        ]
    )
    assert list(shown['hq']) == [8, 12, 4]


@needs_gpu
def test_measurement():
    rows = list(measure(Workload('b0', 128, 160, 2, 'bf16', 'cuda'), 'hq', repeats=2))
    assert [row.implementation for row in rows if row.metric == SECONDS] == ['ours', 'graphed']
    assert all(row.value > 0 for row in rows)
    kinds = {row.note for row in rows if row.metric == KERNELS}
    assert {'attention', 'matrix products', 'slots', 'merging and unmerging'} <= kinds
