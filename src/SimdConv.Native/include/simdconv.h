/*
 * SimdConv: convolution, GEMM, pooling, im2col and col2im on the CPU, float and double. C99 and C++17.
 *
 * Every function gives a status and lets no exception out. A call that is refused (SIMDCONV_INVALID_ARGUMENT,
 * SIMDCONV_INVALID_HANDLE, SIMDCONV_NOT_SUPPORTED) has written nothing, and simdconv_last_error says, for the calling thread,
 * which argument was wrong, its value and what was expected. After SIMDCONV_OUT_OF_MEMORY and SIMDCONV_INTERNAL_ERROR outputs
 * hold anything; the next call works as ever. Buffers are the caller's, without any slack; inputs are never written; an output
 * that shares elements with an input is refused. Plans and packed filters are immutable handles that any number of threads may
 * use at once; a handle that was destroyed is refused. Sizes and strides count elements. Results depend on no number of threads.
 * Unloading the library, and calls after fork, are not supported.
 */
#ifndef SIMDCONV_H
#define SIMDCONV_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows by one with every change that an older program would notice. Descriptors grow at their end without such a change: see
 * struct_size. */
#define SIMDCONV_ABI_VERSION 1

typedef enum simdconv_status {
    SIMDCONV_OK = 0,
    SIMDCONV_INVALID_ARGUMENT = 1, /* a size, pointer, length or option */
    SIMDCONV_INVALID_HANDLE = 2,   /* NULL, destroyed, or of another kind */
    SIMDCONV_NOT_SUPPORTED = 3,    /* a tier that this CPU or library lacks */
    SIMDCONV_OUT_OF_MEMORY = 4,
    SIMDCONV_INTERNAL_ERROR = 5,   /* a fault of the library's own */
    SIMDCONV_FILE_ERROR = 6        /* a file that can't be read or written, or is damaged */
} simdconv_status;

typedef enum simdconv_type { SIMDCONV_F32 = 0, SIMDCONV_F64 = 1 } simdconv_type;

typedef enum simdconv_tier {
    SIMDCONV_TIER_BEST = -1,
    SIMDCONV_TIER_SCALAR = 0,
    SIMDCONV_TIER_VECTORT = 1,
    SIMDCONV_TIER_AVX2 = 2,
    SIMDCONV_TIER_AVX512 = 3,
    SIMDCONV_TIER_NEON = 4
} simdconv_tier;

/* ---- the library ---- */

const char* simdconv_version(void); /* "major.minor.patch"; empty where no library for this CPU could be loaded */
/* SIMDCONV_ABI_VERSION of the library that was loaded; 0 where none could be loaded: simdconv_last_error then says why. */
int32_t simdconv_abi_version(void);
const char* simdconv_status_string(int32_t status);
/* The simdconv_tier of calls that name none. SIMDCONV_TIER_BEST where calls fail: simdconv_last_error then says why. */
int32_t simdconv_tier_best(void);
int32_t simdconv_tier_available(int32_t tier); /* 1 or 0; 0 too where simdconv_tier_best fails */
const char* simdconv_tier_name(int32_t tier);  /* such as "avx2"; empty for a number that is no tier's */

/* Copies the message of this thread's last failed call, cut to capacity and closed by a zero; gives its whole length. */
size_t simdconv_last_error(char* buffer, size_t capacity);

/* ---- how one call runs; NULL is the calling thread alone, best tier ---- */

/*
 * A scheduler of the host's: calls body(state, i) once for each i in [0, parts), on any threads, and returns when all have
 * returned. body throws nothing: a part that fails shows in the status of the call. Nor may run throw, or jump out. Parts that it
 * leaves out are run by the calling thread, and a call of body too many does nothing, but once run has returned body may not be
 * called.
 */
typedef void (*simdconv_run)(void* context, int32_t parts, void (*body)(void* state, int32_t part), void* state);

typedef struct simdconv_execution {
    size_t struct_size; /* sizeof(simdconv_execution) */
    int32_t max_threads; /* the calling one included; 0 and 1 are the caller alone */
    int32_t tier;        /* a simdconv_tier */
    simdconv_run run;    /* NULL: the library's own workers, which park when idle */
    void* run_context;
} simdconv_execution;

#define SIMDCONV_EXECUTION_INIT(threads) { sizeof(simdconv_execution), (threads), SIMDCONV_TIER_BEST, NULL, NULL }

/* ---- activations, which products and convolutions end with ---- */

typedef enum simdconv_activation {
    SIMDCONV_IDENTITY = 0,
    SIMDCONV_RELU = 1,
    SIMDCONV_RELU6 = 2,
    SIMDCONV_LEAKY_RELU = 3, /* slope * x where x is not above 0 */
    SIMDCONV_TANH = 4,       /* scale * tanh(x) */
    SIMDCONV_HARD_SWISH = 5, /* x * min(max(x + 3, 0), 6) / 6 */
    SIMDCONV_SIGMOID = 6,
    SIMDCONV_SILU = 7,         /* x * sigmoid(x) */
    SIMDCONV_GELU = 8,         /* x / 2 * (1 + erf(x / sqrt(2))) */
    SIMDCONV_HARD_SIGMOID = 9, /* min(max(alpha x + beta, 0), 1), by default 1/6 and 1/2 */
    SIMDCONV_ELU = 10,         /* alpha (e^x - 1) where x is not above 0, by default 1 */
    SIMDCONV_CLIP = 11         /* min(max(x, alpha), beta), by default -infinity and infinity */
} simdconv_activation;

/* ---- GEMM: C = alpha op(A) op(B) + beta C; row-major; op(A) is m x k, op(B) k x n; beta = 0 never reads C ---- */

int32_t simdconv_gemm_f32(int32_t transpose_a, int32_t transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
    int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc, const simdconv_execution* execution);
int32_t simdconv_gemm_f64(int32_t transpose_a, int32_t transpose_b, int64_t m, int64_t n, int64_t k, double alpha,
    const double* a, int64_t lda, const double* b, int64_t ldb, double beta, double* c, int64_t ldc,
    const simdconv_execution* execution);

typedef struct simdconv_gemm_epilogue {
    size_t struct_size;      /* sizeof(simdconv_gemm_epilogue) */
    const void* bias;        /* one of these three, or none: one element for all of C, */
    const void* row_bias;    /* m elements, one a row, */
    const void* column_bias; /* n elements, one a column */
    int32_t activation;      /* a simdconv_activation */
    int32_t reserved;        /* 0 */
    const double* alpha; /* numbers of the activation, as of simdconv_activate; NULL is the default */
    const double* beta;
} simdconv_gemm_epilogue;

#define SIMDCONV_GEMM_EPILOGUE_INIT(activation) \
    { sizeof(simdconv_gemm_epilogue), NULL, NULL, NULL, (activation), 0, NULL, NULL }

/* C = activation(alpha op(A) op(B) + beta C + bias); epilogue may be NULL. */
int32_t simdconv_gemm(int32_t type, int32_t transpose_a, int32_t transpose_b, int64_t m, int64_t n, int64_t k, double alpha,
    const void* a, int64_t lda, const void* b, int64_t ldb, double beta, void* c, int64_t ldc,
    const simdconv_gemm_epilogue* epilogue, const simdconv_execution* execution);

/* ---- convolution: x is N x C x H x W, weights K x C/groups x R x S, y is N x K x P x Q ---- */

typedef struct simdconv_conv2d_desc {
    size_t struct_size; /* sizeof(simdconv_conv2d_desc) */
    int32_t type;       /* a simdconv_type, of all buffers */
    int32_t reserved;   /* 0 */
    int64_t c, h, w, k, r, s;
    int64_t stride_h, stride_w;
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    int64_t dilation_h, dilation_w; /* 1 is a dense kernel */
    int64_t groups;
    int64_t x_strides[4], y_strides[4]; /* of n, c, h, w; all 0: contiguous NCHW */
} simdconv_conv2d_desc;

#define SIMDCONV_CONV2D_DESC_INIT(type, c, h, w, k, r, s) \
    { sizeof(simdconv_conv2d_desc), (type), 0, (c), (h), (w), (k), (r), (s), 1, 1, 0, 0, 0, 0, 1, 1, 1, \
      { 0, 0, 0, 0 }, { 0, 0, 0, 0 } }

/* The least padding of one axis with which there are ceil(size / stride) windows, of a convolution or a pooling; is_lower: an odd
 * pixel is before the image (ONNX's SAME_LOWER), else behind it (SAME_UPPER). */
int32_t simdconv_same_padding(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int32_t is_lower, int64_t* before,
    int64_t* after);

typedef struct simdconv_conv2d simdconv_conv2d;
typedef struct simdconv_filter simdconv_filter;
typedef struct simdconv_file simdconv_file;

typedef enum simdconv_direction {
    SIMDCONV_FORWARD = 0,
    SIMDCONV_INPUT_GRADIENT = 1,
    SIMDCONV_WEIGHT_GRADIENT = 2
} simdconv_direction;

typedef enum simdconv_filter_use {
    SIMDCONV_FILTER_FORWARD = 1,
    SIMDCONV_FILTER_INPUT_GRADIENT = 2,
    SIMDCONV_FILTER_BOTH = 3
} simdconv_filter_use;

typedef struct simdconv_epilogue {
    size_t struct_size;   /* sizeof(simdconv_epilogue) */
    const void* bias;     /* K elements, or NULL */
    const void* residual; /* laid out as y, or NULL */
    int32_t activation;   /* a simdconv_activation */
    int32_t adds_residual_last; /* 0, or 1: the residual is added to what the activation gives */
    double scale, slope;
    const double* alpha; /* numbers of the activations that have them; NULL is the default */
    const double* beta;
} simdconv_epilogue;

#define SIMDCONV_EPILOGUE_INIT(bias, activation) \
    { sizeof(simdconv_epilogue), (bias), NULL, (activation), 0, 1.0, 0.01, NULL, NULL }

int32_t simdconv_conv2d_create(const simdconv_conv2d_desc* desc, simdconv_conv2d** plan);
int32_t simdconv_conv2d_destroy(simdconv_conv2d* plan); /* NULL is allowed */
int32_t simdconv_conv2d_output_size(simdconv_conv2d* plan, int64_t* p, int64_t* q);
/* In elements; x, weights and y may each be NULL. */
int32_t simdconv_conv2d_lengths(simdconv_conv2d* plan, int64_t batch, int64_t* x, int64_t* weights, int64_t* y);
int32_t simdconv_conv2d_workspace(simdconv_conv2d* plan, int32_t direction, int64_t batch, const simdconv_execution* execution,
    int64_t* bytes);

/* Weights laid out for the tiles of one tier; a filter serves its own plan only. */
int32_t simdconv_conv2d_pack(simdconv_conv2d* plan, const void* weights, int32_t use, int32_t tier, simdconv_filter** filter);
int32_t simdconv_conv2d_repack(simdconv_conv2d* plan, const void* weights, simdconv_filter* filter);
int32_t simdconv_filter_destroy(simdconv_filter* filter); /* NULL is allowed */

/* Packed weights in files, which processes map and share: src/SimdConv/docs/packed-files.md. A filter is written to a new file,
 * or (append = 1) behind those of a file; with weights, unless NULL, for processes of another tier to pack. A file is mapped
 * read-only, its data compared with its checksums (verify = 1) or not; a damaged one is SIMDCONV_FILE_ERROR. A filter of a file
 * reads its weights there and can't be repacked; calls with it are refused once the file is destroyed. One that is packed for
 * another tier or CPU, without its weights, is SIMDCONV_NOT_SUPPORTED. */
int32_t simdconv_conv2d_save(simdconv_conv2d* plan, simdconv_filter* filter, const void* weights, const char* path,
    int32_t append);
int32_t simdconv_file_map(const char* path, int32_t verify, simdconv_file** file);
int32_t simdconv_file_count(simdconv_file* file, int64_t* count);
int32_t simdconv_file_destroy(simdconv_file* file); /* NULL is allowed */
int32_t simdconv_conv2d_load(simdconv_conv2d* plan, simdconv_file* file, int64_t index, int32_t use, int32_t tier,
    simdconv_filter** filter);

/* y = activation(conv(x, w) + bias [+ residual]) [+ residual]. Either filter or weights is given, the other one is NULL. epilogue
 * may be NULL. */
int32_t simdconv_conv2d_forward(simdconv_conv2d* plan, int64_t batch, const void* x, simdconv_filter* filter, const void* weights,
    void* y, const simdconv_epilogue* epilogue, const simdconv_execution* execution);
/* dx = gradient + beta dx: the transposed convolution. */
int32_t simdconv_conv2d_input_gradient(simdconv_conv2d* plan, int64_t batch, const void* dy, simdconv_filter* filter,
    const void* weights, void* dx, double beta, const simdconv_execution* execution);
/* dw = gradient + beta dw, and so db; db may be NULL. */
int32_t simdconv_conv2d_weight_gradient(simdconv_conv2d* plan, int64_t batch, const void* x, const void* dy, void* dw, void* db,
    double beta, const simdconv_execution* execution);

/* ---- im2col and col2im of a convolution's contiguous images (groups 1) ---- */

/* Element (row, column) of image n is at row*ld + n*image_stride + column. */

int32_t simdconv_im2col(simdconv_conv2d* plan, int64_t batch, const void* x, void* columns, int64_t ld, int64_t image_stride,
    const simdconv_execution* execution);
int32_t simdconv_col2im(simdconv_conv2d* plan, int64_t batch, const void* columns, int64_t ld, int64_t image_stride, void* x,
    const simdconv_execution* execution);

/* ---- pooling, with PyTorch's rules ---- */

typedef enum simdconv_pool_kind { SIMDCONV_POOL_MAX = 0, SIMDCONV_POOL_AVERAGE = 1 } simdconv_pool_kind;

typedef struct simdconv_pool2d_desc {
    size_t struct_size; /* sizeof(simdconv_pool2d_desc) */
    int32_t type;       /* a simdconv_type */
    int32_t kind;       /* a simdconv_pool_kind */
    int64_t c, h, w, r, s;
    int64_t stride_h, stride_w;
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    int64_t dilation_h, dilation_w;
    int32_t ceil_mode, count_include_pad; /* 0 or 1 */
    int64_t divisor_override;             /* 0: none */
    int64_t x_strides[4], y_strides[4];   /* as of a convolution */
} simdconv_pool2d_desc;

#define SIMDCONV_POOL2D_DESC_INIT(type, kind, c, h, w, r, s) \
    { sizeof(simdconv_pool2d_desc), (type), (kind), (c), (h), (w), (r), (s), (r), (s), 0, 0, 0, 0, 1, 1, 0, 1, 0, \
      { 0, 0, 0, 0 }, { 0, 0, 0, 0 } }

typedef struct simdconv_pool2d simdconv_pool2d;

int32_t simdconv_pool2d_create(const simdconv_pool2d_desc* desc, simdconv_pool2d** plan);
int32_t simdconv_pool2d_destroy(simdconv_pool2d* plan); /* NULL is allowed */
int32_t simdconv_pool2d_output_size(simdconv_pool2d* plan, int64_t* p, int64_t* q);
int32_t simdconv_pool2d_winner_bytes(simdconv_pool2d* plan, int64_t batch, int64_t* bytes); /* max pooling only */

/* winners: which tap of each window won (the first of equals; the last of several NaN), which max pooling keeps for its backward
 * pass. May be NULL; NULL for average pooling. It shares no memory with x, y and dx. A winner that is no tap of its window in the
 * image adds nothing to dx, and has the index -1. */
int32_t simdconv_pool2d_forward(simdconv_pool2d* plan, int64_t batch, const void* x, void* y, void* winners,
    const simdconv_execution* execution);
int32_t simdconv_pool2d_backward(simdconv_pool2d* plan, int64_t batch, const void* dy, const void* winners, void* dx,
    const simdconv_execution* execution);
/* PyTorch's indices, h*W + w. */
int32_t simdconv_pool2d_indices(simdconv_pool2d* plan, int64_t batch, const void* winners, int64_t* indices);

/* ---- images from one layout to another ---- */

/* Strides are those of images, channels, rows and pixels, in elements; NULL is contiguous NCHW. CHWN, images innermost, is
 * { 1, height*width*images, width*images, images }, of which a batch may be the first images. Gaps of the target are left
 * alone; the target shares no element with the source. */
int32_t simdconv_images_copy(int32_t type, int64_t batch, int64_t channels, int64_t height, int64_t width, const void* source,
    const int64_t from_strides[4], void* target, const int64_t to_strides[4], const simdconv_execution* execution);

/* ---- element-wise; y may be x ---- */

/* scale * tanh(x) */
int32_t simdconv_tanh(int32_t type, int64_t count, const void* x, void* y, double scale, const simdconv_execution* execution);
int32_t simdconv_relu(int32_t type, int64_t count, const void* x, void* y, const simdconv_execution* execution);
/* Any simdconv_activation. alpha: also the scale of tanh and the slope of leaky ReLU; NULL is the default (1, 0.01). */
int32_t simdconv_activate(int32_t type, int32_t activation, int64_t count, const void* x, void* y, const double* alpha,
    const double* beta, const simdconv_execution* execution);
/* dx = dy f'(x), from what f was applied to; dx may be x or dy. */
int32_t simdconv_activate_gradient(int32_t type, int32_t activation, int64_t count, const void* x, const void* dy, void* dx,
    const double* alpha, const double* beta, const simdconv_execution* execution);

#ifdef __cplusplus
}
#endif

#endif
