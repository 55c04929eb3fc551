#include "CApusCUDASources.h"

// One array and one row for each file; a test compares the rows with the folder.
static const char activation_cuh[] = {
#embed "Kernels/activation.cuh"
    , 0};
static const char common_cuh[] = {
#embed "Kernels/common.cuh"
    , 0};
static const char conv_cuh[] = {
#embed "Kernels/conv.cuh"
    , 0};
static const char detect_cuh[] = {
#embed "Kernels/detect.cuh"
    , 0};
static const char detect_choose_cuh[] = {
#embed "Kernels/detect_choose.cuh"
    , 0};
static const char detect_retinanet_cuh[] = {
#embed "Kernels/detect_retinanet.cuh"
    , 0};
static const char elements_cuh[] = {
#embed "Kernels/elements.cuh"
    , 0};
static const char epilogue_cuh[] = {
#embed "Kernels/epilogue.cuh"
    , 0};
static const char grid_cuh[] = {
#embed "Kernels/grid.cuh"
    , 0};
static const char hopper_cuh[] = {
#embed "Kernels/hopper.cuh"
    , 0};
static const char rows_cuh[] = {
#embed "Kernels/rows.cuh"
    , 0};
static const char scatter_cuh[] = {
#embed "Kernels/scatter.cuh"
    , 0};
static const char arg_reduce_cu[] = {
#embed "Kernels/arg_reduce.cu"
    , 0};
static const char attention_cu[] = {
#embed "Kernels/attention.cu"
    , 0};
static const char attention_rows_cu[] = {
#embed "Kernels/attention_rows.cu"
    , 0};
static const char attention_simt_cu[] = {
#embed "Kernels/attention_simt.cu"
    , 0};
static const char cast_cu[] = {
#embed "Kernels/cast.cu"
    , 0};
static const char causal_conv_cu[] = {
#embed "Kernels/causal_conv.cu"
    , 0};
static const char class_loss_cu[] = {
#embed "Kernels/class_loss.cu"
    , 0};
static const char conv_mma_cu[] = {
#embed "Kernels/conv_mma.cu"
    , 0};
static const char conv_simt_cu[] = {
#embed "Kernels/conv_simt.cu"
    , 0};
static const char conv_wgmma_cu[] = {
#embed "Kernels/conv_wgmma.cu"
    , 0};
static const char cumulate_cu[] = {
#embed "Kernels/cumulate.cu"
    , 0};
static const char depthwise_cu[] = {
#embed "Kernels/depthwise.cu"
    , 0};
static const char detect_nms_cu[] = {
#embed "Kernels/detect_nms.cu"
    , 0};
static const char detect_scan_cu[] = {
#embed "Kernels/detect_scan.cu"
    , 0};
static const char detect_rows_cu[] = {
#embed "Kernels/detect_rows.cu"
    , 0};
static const char detect_select_cu[] = {
#embed "Kernels/detect_select.cu"
    , 0};
static const char eye_like_cu[] = {
#embed "Kernels/eye_like.cu"
    , 0};
static const char gather_cu[] = {
#embed "Kernels/gather.cu"
    , 0};
static const char gather_elements_cu[] = {
#embed "Kernels/gather_elements.cu"
    , 0};
static const char gather_nd_cu[] = {
#embed "Kernels/gather_nd.cu"
    , 0};
static const char global_pool_cu[] = {
#embed "Kernels/global_pool.cu"
    , 0};
static const char group_norm_cu[] = {
#embed "Kernels/group_norm.cu"
    , 0};
static const char layer_norm_cu[] = {
#embed "Kernels/layer_norm.cu"
    , 0};
static const char line_map_cu[] = {
#embed "Kernels/line_map.cu"
    , 0};
static const char linear_attention_cu[] = {
#embed "Kernels/linear_attention.cu"
    , 0};
static const char normalize_cu[] = {
#embed "Kernels/normalize.cu"
    , 0};
static const char one_hot_cu[] = {
#embed "Kernels/one_hot.cu"
    , 0};
static const char permute_cu[] = {
#embed "Kernels/permute.cu"
    , 0};
static const char pool_cu[] = {
#embed "Kernels/pool.cu"
    , 0};
static const char reduce_cu[] = {
#embed "Kernels/reduce.cu"
    , 0};
static const char resize_cu[] = {
#embed "Kernels/resize.cu"
    , 0};
static const char reverse_sequence_cu[] = {
#embed "Kernels/reverse_sequence.cu"
    , 0};
static const char rotary_cu[] = {
#embed "Kernels/rotary.cu"
    , 0};
static const char scatter_elements_cu[] = {
#embed "Kernels/scatter_elements.cu"
    , 0};
static const char scatter_nd_cu[] = {
#embed "Kernels/scatter_nd.cu"
    , 0};
static const char roi_align_cu[] = {
#embed "Kernels/roi_align.cu"
    , 0};
static const char softmax_cu[] = {
#embed "Kernels/softmax.cu"
    , 0};
static const char squeeze_excite_cu[] = {
#embed "Kernels/squeeze_excite.cu"
    , 0};
static const char stem_cu[] = {
#embed "Kernels/stem.cu"
    , 0};
static const char tensor_scatter_cu[] = {
#embed "Kernels/tensor_scatter.cu"
    , 0};
static const char transpose_cu[] = {
#embed "Kernels/transpose.cu"
    , 0};
static const char trilu_cu[] = {
#embed "Kernels/trilu.cu"
    , 0};

#define FILE_ROW(name, array) {name, array, sizeof array - 1}
static const apus_cuda_source files[] = {
    FILE_ROW("activation.cuh", activation_cuh),
    FILE_ROW("common.cuh", common_cuh),
    FILE_ROW("conv.cuh", conv_cuh),
    FILE_ROW("detect.cuh", detect_cuh),
    FILE_ROW("detect_choose.cuh", detect_choose_cuh),
    FILE_ROW("detect_retinanet.cuh", detect_retinanet_cuh),
    FILE_ROW("elements.cuh", elements_cuh),
    FILE_ROW("epilogue.cuh", epilogue_cuh),
    FILE_ROW("grid.cuh", grid_cuh),
    FILE_ROW("hopper.cuh", hopper_cuh),
    FILE_ROW("rows.cuh", rows_cuh),
    FILE_ROW("scatter.cuh", scatter_cuh),
    FILE_ROW("arg_reduce.cu", arg_reduce_cu),
    FILE_ROW("attention.cu", attention_cu),
    FILE_ROW("attention_rows.cu", attention_rows_cu),
    FILE_ROW("attention_simt.cu", attention_simt_cu),
    FILE_ROW("cast.cu", cast_cu),
    FILE_ROW("causal_conv.cu", causal_conv_cu),
    FILE_ROW("class_loss.cu", class_loss_cu),
    FILE_ROW("conv_mma.cu", conv_mma_cu),
    FILE_ROW("conv_simt.cu", conv_simt_cu),
    FILE_ROW("conv_wgmma.cu", conv_wgmma_cu),
    FILE_ROW("cumulate.cu", cumulate_cu),
    FILE_ROW("depthwise.cu", depthwise_cu),
    FILE_ROW("detect_nms.cu", detect_nms_cu),
    FILE_ROW("detect_scan.cu", detect_scan_cu),
    FILE_ROW("detect_rows.cu", detect_rows_cu),
    FILE_ROW("detect_select.cu", detect_select_cu),
    FILE_ROW("eye_like.cu", eye_like_cu),
    FILE_ROW("gather.cu", gather_cu),
    FILE_ROW("gather_elements.cu", gather_elements_cu),
    FILE_ROW("gather_nd.cu", gather_nd_cu),
    FILE_ROW("global_pool.cu", global_pool_cu),
    FILE_ROW("group_norm.cu", group_norm_cu),
    FILE_ROW("layer_norm.cu", layer_norm_cu),
    FILE_ROW("line_map.cu", line_map_cu),
    FILE_ROW("linear_attention.cu", linear_attention_cu),
    FILE_ROW("normalize.cu", normalize_cu),
    FILE_ROW("one_hot.cu", one_hot_cu),
    FILE_ROW("permute.cu", permute_cu),
    FILE_ROW("pool.cu", pool_cu),
    FILE_ROW("reduce.cu", reduce_cu),
    FILE_ROW("resize.cu", resize_cu),
    FILE_ROW("reverse_sequence.cu", reverse_sequence_cu),
    FILE_ROW("rotary.cu", rotary_cu),
    FILE_ROW("scatter_elements.cu", scatter_elements_cu),
    FILE_ROW("scatter_nd.cu", scatter_nd_cu),
    FILE_ROW("roi_align.cu", roi_align_cu),
    FILE_ROW("softmax.cu", softmax_cu),
    FILE_ROW("squeeze_excite.cu", squeeze_excite_cu),
    FILE_ROW("stem.cu", stem_cu),
    FILE_ROW("tensor_scatter.cu", tensor_scatter_cu),
    FILE_ROW("transpose.cu", transpose_cu),
    FILE_ROW("trilu.cu", trilu_cu),
};
const size_t apus_cuda_source_count = sizeof files / sizeof *files;

const apus_cuda_source *apus_cuda_source_table(void) { return files; }
