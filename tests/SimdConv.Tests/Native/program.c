/*
 * A host in C99 (and, compiled as C++17, in C++): every entry point once rightly, then with everything wrong, then from 8
 * threads, then without memory. With names of functions as arguments: calls each of these with zeros alone, which is an error to
 * all, and prints what it gave.
 */
#include <simdconv.h>

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            char message[512]; \
            simdconv_last_error(message, sizeof message); \
            printf("line %d: %s is false; last error: %s\n", __LINE__, #condition, message); \
            failures++; \
        } \
    } while (0)

/* A call that has to fail with a status, and to name an argument. */
#define REFUSED(status, name, call) \
    do { \
        char message[512] = ""; \
        int32_t got = (call); \
        simdconv_last_error(message, sizeof message); \
        if (got != (status) || strstr(message, name) == NULL || strstr(message, "expected") == NULL) { \
            printf("line %d: %s gave %d (%s): %s\n", __LINE__, #call, (int)got, simdconv_status_string(got), message); \
            failures++; \
        } \
    } while (0)

static float x[2 * 3 * 8 * 8], w[4 * 3 * 3 * 3], bias[4], y[2 * 4 * 8 * 8], plain[2 * 4 * 8 * 8];
static float dx[2 * 3 * 8 * 8], dw[4 * 3 * 3 * 3], db[4];

static void fill(float* data, size_t count, unsigned seed)
{
    size_t i;
    for (i = 0; i < count; i++)
        data[i] = (float)((int)((i * 2654435761u + seed) >> 7 & 15) - 8); /* whole numbers: sums are exact in any order */
}

/* The convolution as its definition says it. */
static void plain_forward(void)
{
    int n, k, p, q, c, r, s;
    for (n = 0; n < 2; n++)
        for (k = 0; k < 4; k++)
            for (p = 0; p < 8; p++)
                for (q = 0; q < 8; q++) {
                    float sum = bias[k];
                    for (c = 0; c < 3; c++)
                        for (r = 0; r < 3; r++)
                            for (s = 0; s < 3; s++) {
                                int h = p + r - 1, v = q + s - 1;
                                if (h >= 0 && h < 8 && v >= 0 && v < 8)
                                    sum += w[((k * 3 + c) * 3 + r) * 3 + s] * x[((n * 3 + c) * 8 + h) * 8 + v];
                            }
                    plain[((n * 4 + k) * 8 + p) * 8 + q] = sum > 0 ? sum : 0;
                }
}

static double dot(const float* a, const float* b, size_t count)
{
    double sum = 0;
    size_t i;
    for (i = 0; i < count; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

static simdconv_conv2d* conv_plan(int32_t type)
{
    simdconv_conv2d_desc desc = SIMDCONV_CONV2D_DESC_INIT(SIMDCONV_F32, 3, 8, 8, 4, 3, 3);
    simdconv_conv2d* plan = NULL;
    desc.type = type;
    desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
    CHECK(simdconv_conv2d_create(&desc, &plan) == SIMDCONV_OK);
    return plan;
}

static void host_scheduler(void* context, int32_t parts, void (*body)(void*, int32_t), void* state)
{
    int32_t i;
    *(int32_t*)context += parts;
    for (i = parts - 1; i >= 0; i--)
        body(state, i);
}

static void gemm(void)
{
    const float a[6] = { 1, 2, 3, 4, 5, 6 }, b[6] = { 7, 8, 9, 10, 11, 12 };
    const double da[6] = { 1, 2, 3, 4, 5, 6 }, bt[6] = { 7, 9, 11, 8, 10, 12 };
    float c[4] = { NAN, NAN, NAN, NAN };
    double d[4] = { 1, 1, 1, 1 };
    int32_t parts = 0;
    simdconv_execution execution = SIMDCONV_EXECUTION_INIT(2);
    float *big = (float*)calloc(512 * 512, sizeof(float)), *product = (float*)malloc(512 * 512 * sizeof(float));
    int i;

    CHECK(simdconv_gemm_f32(0, 0, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, NULL) == SIMDCONV_OK);
    CHECK(c[0] == 58 && c[1] == 64 && c[2] == 139 && c[3] == 154);
    CHECK(simdconv_gemm_f64(0, 1, 2, 2, 3, 2, da, 3, bt, 3, 1, d, 2, NULL) == SIMDCONV_OK);
    CHECK(d[0] == 117 && d[1] == 129 && d[2] == 279 && d[3] == 309);
    {
        float one = 100, sum = c[3];
        simdconv_gemm_epilogue ends = SIMDCONV_GEMM_EPILOGUE_INIT(SIMDCONV_IDENTITY);
        ends.bias = &one;
        CHECK(simdconv_gemm(SIMDCONV_F32, 0, 0, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, &ends, NULL) == SIMDCONV_OK
            && c[3] == sum + 100);
        ends.row_bias = &one;
        REFUSED(SIMDCONV_INVALID_ARGUMENT, "epilogue.bias",
            simdconv_gemm(SIMDCONV_F32, 0, 0, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, &ends, NULL));
        CHECK(simdconv_gemm(SIMDCONV_F32, 0, 0, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, NULL, NULL) == SIMDCONV_OK && c[3] == sum);
    }
    CHECK(simdconv_gemm_f32(0, 0, 0, 2, 3, 1, NULL, 3, b, 2, 0, NULL, 2, NULL) == SIMDCONV_OK);

    execution.run = host_scheduler;
    execution.run_context = &parts;
    for (i = 0; i < 512; i++)
        big[i * 513] = 2;
    CHECK(simdconv_gemm_f32(0, 0, 512, 512, 512, 1, big, 512, big, 512, 0, product, 512, &execution) == SIMDCONV_OK);
    CHECK(parts > 0 && product[0] == 4 && product[1] == 0 && product[512 * 512 - 1] == 4);
    free(big);
    free(product);

    c[0] = 5;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "m is -1", simdconv_gemm_f32(0, 0, -1, 2, 3, 1, a, 3, b, 2, 0, c, 2, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "n is 8589934592",
        simdconv_gemm_f32(0, 0, 2, (int64_t)1 << 33, 3, 1, a, 3, b, 2, 0, c, 2, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "lda is 2", simdconv_gemm_f32(0, 0, 2, 2, 3, 1, a, 2, b, 2, 0, c, 2, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "transpose_b is 7", simdconv_gemm_f32(0, 7, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "b is NULL", simdconv_gemm_f32(0, 0, 2, 2, 3, 1, a, 3, NULL, 2, 0, c, 2, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "c ", simdconv_gemm_f32(0, 0, 2, 2, 3, 1, a, 3, b, 2, 0, (float*)a, 2, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "a is 0x",
        simdconv_gemm_f32(0, 0, 2, 2, 3, 1, (const float*)((const char*)a + 1), 3, b, 2, 0, c, 2, NULL));
    execution.struct_size = 3;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "execution.struct_size is 3",
        simdconv_gemm_f32(0, 0, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, &execution));
    execution.struct_size = sizeof execution;
    execution.max_threads = -2;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "execution.max_threads is -2",
        simdconv_gemm_f32(0, 0, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, &execution));
    execution.max_threads = 1;
    execution.tier = 9;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "execution.tier is 9",
        simdconv_gemm_f32(0, 0, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, &execution));
    for (execution.tier = 0; *simdconv_tier_name(execution.tier) != 0; execution.tier++) {
        if (simdconv_tier_available(execution.tier))
            CHECK(simdconv_gemm_f32(0, 0, 1, 1, 3, 1, a, 3, b, 2, 0, c + 1, 1, &execution) == SIMDCONV_OK && c[1] == 58);
        else
            REFUSED(SIMDCONV_NOT_SUPPORTED, "ier", simdconv_gemm_f32(0, 0, 1, 1, 3, 1, a, 3, b, 2, 0, c + 1, 1, &execution));
    }
    CHECK(c[0] == 5);
}

/* A filter is written twice, with weights and without, and both are read and run; what isn't a file of filters is refused. */
static void file_of(simdconv_conv2d* plan, simdconv_filter* filter)
{
    const char *path = "simdconv-program.packed", *nowhere = "no-such-folder/simdconv.packed";
    simdconv_file* file = NULL;
    simdconv_filter* loaded = NULL;
    int64_t count = 0, i;
    FILE* bytes;
    float expected[512];

    CHECK(simdconv_conv2d_forward(plan, 2, x, filter, NULL, expected, NULL, NULL) == SIMDCONV_OK);
    CHECK(simdconv_conv2d_save(plan, filter, NULL, path, 0) == SIMDCONV_OK);
    CHECK(simdconv_conv2d_save(plan, filter, w, path, 1) == SIMDCONV_OK);
    CHECK(simdconv_conv2d_save(plan, filter, w, nowhere, 0) == SIMDCONV_FILE_ERROR);
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "path is NULL", simdconv_conv2d_save(plan, filter, w, NULL, 0));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "append is 2", simdconv_conv2d_save(plan, filter, w, path, 2));
    CHECK(simdconv_file_map(path, 1, &file) == SIMDCONV_OK);
    CHECK(simdconv_file_count(file, &count) == SIMDCONV_OK && count == 2);
    for (i = 0; i < count; i++) {
        CHECK(simdconv_conv2d_load(plan, file, i, SIMDCONV_FILTER_BOTH, SIMDCONV_TIER_BEST, &loaded) == SIMDCONV_OK);
        memset(y, 0, sizeof y);
        CHECK(simdconv_conv2d_forward(plan, 2, x, loaded, NULL, y, NULL, NULL) == SIMDCONV_OK
            && memcmp(y, expected, sizeof y) == 0);
        REFUSED(SIMDCONV_INVALID_ARGUMENT, "into", simdconv_conv2d_repack(plan, w, loaded));
        if (i == 0)
            CHECK(simdconv_filter_destroy(loaded) == SIMDCONV_OK);
    }

    REFUSED(SIMDCONV_INVALID_ARGUMENT, "index is 2",
        simdconv_conv2d_load(plan, file, 2, SIMDCONV_FILTER_BOTH, SIMDCONV_TIER_BEST, &filter));
    REFUSED(SIMDCONV_INVALID_HANDLE, "file",
        simdconv_conv2d_load(plan, (simdconv_file*)plan, 0, SIMDCONV_FILTER_BOTH, SIMDCONV_TIER_BEST, &filter));
    CHECK(simdconv_file_destroy(file) == SIMDCONV_OK && simdconv_file_destroy(NULL) == SIMDCONV_OK);
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "disposed", simdconv_conv2d_forward(plan, 2, x, loaded, NULL, dx, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_HANDLE, "file", simdconv_file_count(file, &count));
    CHECK(simdconv_filter_destroy(loaded) == SIMDCONV_OK);
    bytes = fopen(path, "r+b");
    CHECK(bytes != NULL && fseek(bytes, 700, SEEK_SET) == 0 && fputc(77, bytes) == 77 && fclose(bytes) == 0);
    REFUSED(SIMDCONV_FILE_ERROR, "checksum", simdconv_file_map(path, 1, &file));
    CHECK(simdconv_file_map(nowhere, 1, &file) == SIMDCONV_FILE_ERROR);
    CHECK(remove(path) == 0);
}

static void convolution(void)
{
    simdconv_conv2d_desc desc = SIMDCONV_CONV2D_DESC_INIT(SIMDCONV_F32, 3, 8, 8, 4, 3, 3);
    simdconv_epilogue epilogue = SIMDCONV_EPILOGUE_INIT(bias, SIMDCONV_RELU);
    simdconv_conv2d *plan = conv_plan(SIMDCONV_F32), *other = conv_plan(SIMDCONV_F64), *none = (simdconv_conv2d*)16;
    simdconv_filter *filter = NULL, *foreign = NULL;
    int64_t p = 0, q = 0, lengths[3] = { 0, 0, 0 }, bytes = -1;
    float* columns = (float*)malloc(27 * 128 * sizeof(float));
    double* weights64 = (double*)calloc(4 * 27, sizeof(double));
    double inner;

    fill(x, 384, 1), fill(w, 108, 2), fill(bias, 4, 3);
    plain_forward();
    CHECK(simdconv_conv2d_output_size(plan, &p, &q) == SIMDCONV_OK && p == 8 && q == 8);
    CHECK(simdconv_conv2d_lengths(plan, 2, &lengths[0], &lengths[1], &lengths[2]) == SIMDCONV_OK);
    CHECK(lengths[0] == 384 && lengths[1] == 108 && lengths[2] == 512);
    CHECK(simdconv_conv2d_workspace(plan, SIMDCONV_FORWARD, 2, NULL, &bytes) == SIMDCONV_OK && bytes >= 0 && bytes < 1 << 20);

    CHECK(simdconv_conv2d_forward(plan, 2, x, NULL, w, y, &epilogue, NULL) == SIMDCONV_OK && memcmp(y, plain, sizeof y) == 0);
    CHECK(simdconv_conv2d_pack(plan, w, SIMDCONV_FILTER_BOTH, SIMDCONV_TIER_BEST, &filter) == SIMDCONV_OK);
    memset(y, 0, sizeof y);
    CHECK(simdconv_conv2d_forward(plan, 2, x, filter, NULL, y, &epilogue, NULL) == SIMDCONV_OK
        && memcmp(y, plain, sizeof y) == 0);
    CHECK(simdconv_conv2d_repack(plan, w, filter) == SIMDCONV_OK);

    /* <dy, conv(x, w)> = <dx, x> = <dw, w>, exactly on whole numbers. */
    CHECK(simdconv_conv2d_forward(plan, 2, x, filter, NULL, y, NULL, NULL) == SIMDCONV_OK);
    CHECK(simdconv_conv2d_input_gradient(plan, 2, plain, filter, NULL, dx, 0, NULL) == SIMDCONV_OK);
    CHECK(simdconv_conv2d_weight_gradient(plan, 2, x, plain, dw, db, 0, NULL) == SIMDCONV_OK);
    inner = dot(plain, y, 512);
    CHECK(dot(dx, x, 384) == inner && dot(dw, w, 108) == inner);

    CHECK(simdconv_im2col(plan, 2, x, columns, 128, 64, NULL) == SIMDCONV_OK && columns[13 * 128] == x[64] && columns[0] == 0);
    CHECK(simdconv_col2im(plan, 2, columns, 128, 64, dx, NULL) == SIMDCONV_OK && dx[9] == 9 * x[9]);
    fill(dx, 384, 7);

    file_of(plan, filter);

    REFUSED(SIMDCONV_INVALID_HANDLE, "plan", simdconv_conv2d_forward(NULL, 2, x, filter, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_HANDLE, "plan", simdconv_conv2d_forward(none, 2, x, filter, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_HANDLE, "plan",
        simdconv_conv2d_forward((simdconv_conv2d*)filter, 2, x, filter, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_HANDLE, "filter", simdconv_conv2d_forward(plan, 2, x, (simdconv_filter*)plan, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "weights", simdconv_conv2d_forward(plan, 2, x, NULL, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "weights", simdconv_conv2d_forward(plan, 2, x, filter, w, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "x is NULL", simdconv_conv2d_forward(plan, 2, NULL, filter, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "y is NULL", simdconv_conv2d_forward(plan, 2, x, filter, NULL, NULL, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "batch is -1", simdconv_conv2d_forward(plan, -1, x, filter, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "y", simdconv_conv2d_forward(plan, 2, x, filter, NULL, x, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "direction", simdconv_conv2d_workspace(plan, 5, 2, NULL, &bytes));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "bytes is NULL", simdconv_conv2d_workspace(plan, SIMDCONV_FORWARD, 2, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "use", simdconv_conv2d_pack(plan, w, 0, SIMDCONV_TIER_BEST, &foreign));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "tier is 12", simdconv_conv2d_pack(plan, w, SIMDCONV_FILTER_FORWARD, 12, &foreign));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "weights is NULL",
        simdconv_conv2d_pack(plan, NULL, SIMDCONV_FILTER_FORWARD, SIMDCONV_TIER_BEST, &foreign));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "filter is NULL",
        simdconv_conv2d_pack(plan, w, SIMDCONV_FILTER_FORWARD, SIMDCONV_TIER_BEST, NULL));
    CHECK(simdconv_conv2d_pack(other, weights64, SIMDCONV_FILTER_FORWARD, SIMDCONV_TIER_BEST, &foreign) == SIMDCONV_OK);
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "filter", simdconv_conv2d_forward(plan, 2, x, foreign, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "layout", simdconv_im2col(plan, 2, x, columns, 3, 64, NULL));
    epilogue.activation = 77;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "ctivation", simdconv_conv2d_forward(plan, 2, x, filter, NULL, y, &epilogue, NULL));
    epilogue.activation = SIMDCONV_RELU;
    epilogue.residual = y;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "esidual", simdconv_conv2d_forward(plan, 2, x, filter, NULL, y, &epilogue, NULL));
    epilogue.adds_residual_last = 2;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "epilogue.adds_residual_last is 2",
        simdconv_conv2d_forward(plan, 2, x, filter, NULL, y, &epilogue, NULL));

    desc.struct_size = 8;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "desc.struct_size is 8", simdconv_conv2d_create(&desc, &none));
    desc.struct_size = sizeof desc;
    desc.type = 4;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "desc.type is 4", simdconv_conv2d_create(&desc, &none));
    desc.type = SIMDCONV_F32;
    desc.stride_h = 0;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "desc.stride_h is 0", simdconv_conv2d_create(&desc, &none));
    desc.stride_h = 1, desc.pad_left = -1;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "desc.pad_left is -1", simdconv_conv2d_create(&desc, &none));
    desc.pad_left = 0, desc.groups = 2;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "desc.groups is 2", simdconv_conv2d_create(&desc, &none));
    desc.groups = 1, desc.w = (int64_t)1 << 40;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "is 1099511627776", simdconv_conv2d_create(&desc, &none));
    desc.w = 8, desc.reserved = 1;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "desc.reserved is 1", simdconv_conv2d_create(&desc, &none));
    desc.reserved = 0;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "plan is NULL", simdconv_conv2d_create(&desc, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "desc is NULL", simdconv_conv2d_create(NULL, &none));
    CHECK(none == (simdconv_conv2d*)16);

    CHECK(simdconv_conv2d_destroy(plan) == SIMDCONV_OK && simdconv_conv2d_destroy(NULL) == SIMDCONV_OK);
    REFUSED(SIMDCONV_INVALID_HANDLE, "plan", simdconv_conv2d_forward(plan, 2, x, filter, NULL, y, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_HANDLE, "plan", simdconv_conv2d_destroy(plan));
    CHECK(simdconv_filter_destroy(filter) == SIMDCONV_OK && simdconv_filter_destroy(foreign) == SIMDCONV_OK
        && simdconv_conv2d_destroy(other) == SIMDCONV_OK);
    free(columns);
    free(weights64);
}

static void pooling(void)
{
    simdconv_pool2d_desc desc = SIMDCONV_POOL2D_DESC_INIT(SIMDCONV_F32, SIMDCONV_POOL_MAX, 3, 8, 8, 2, 2);
    simdconv_pool2d *max = NULL, *average = NULL;
    float pooled[2 * 3 * 16], mean[2 * 3 * 16];
    unsigned char winners[96];
    int64_t indices[96], p = 0, q = 0, bytes = 0;

    CHECK(simdconv_pool2d_create(&desc, &max) == SIMDCONV_OK);
    desc.kind = SIMDCONV_POOL_AVERAGE;
    CHECK(simdconv_pool2d_create(&desc, &average) == SIMDCONV_OK);
    CHECK(simdconv_pool2d_output_size(max, &p, &q) == SIMDCONV_OK && p == 4 && q == 4);
    CHECK(simdconv_pool2d_winner_bytes(max, 2, &bytes) == SIMDCONV_OK && bytes == 96);
    CHECK(simdconv_pool2d_forward(max, 2, x, pooled, winners, NULL) == SIMDCONV_OK);
    CHECK(pooled[0] == fmaxf(fmaxf(x[0], x[1]), fmaxf(x[8], x[9])));
    CHECK(simdconv_pool2d_indices(max, 2, winners, indices) == SIMDCONV_OK && x[indices[0]] == pooled[0]);
    CHECK(simdconv_pool2d_backward(max, 2, pooled, winners, dx, NULL) == SIMDCONV_OK && dx[indices[0]] == pooled[0]);
    CHECK(simdconv_pool2d_forward(average, 2, x, mean, NULL, NULL) == SIMDCONV_OK && mean[0] == (x[0] + x[1] + x[8] + x[9]) / 4);
    CHECK(simdconv_pool2d_backward(average, 2, mean, NULL, dx, NULL) == SIMDCONV_OK && dx[0] == mean[0] / 4);

    memset(winners, 200, sizeof winners);
    CHECK(simdconv_pool2d_backward(max, 2, pooled, winners, dx, NULL) == SIMDCONV_OK && dx[0] == 0 && dx[indices[0]] == 0);
    CHECK(simdconv_pool2d_indices(max, 2, winners, indices) == SIMDCONV_OK && indices[0] == -1 && indices[95] == -1);

    REFUSED(SIMDCONV_INVALID_ARGUMENT, "winners shares elements with x",
        simdconv_pool2d_forward(max, 2, x, pooled, (unsigned char*)x, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "dx shares elements with winners",
        simdconv_pool2d_backward(max, 2, pooled, (unsigned char*)dx, dx, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "winners is NULL", simdconv_pool2d_backward(max, 2, pooled, NULL, dx, NULL));
    REFUSED(SIMDCONV_INVALID_HANDLE, "plan", simdconv_pool2d_forward(NULL, 2, x, pooled, NULL, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "x is NULL", simdconv_pool2d_forward(max, 2, NULL, pooled, NULL, NULL));
    desc.ceil_mode = 2;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "desc.ceil_mode is 2", simdconv_pool2d_create(&desc, &max));
    desc.ceil_mode = 0, desc.kind = 3;
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "kind", simdconv_pool2d_create(&desc, &max));
    CHECK(simdconv_pool2d_destroy(max) == SIMDCONV_OK && simdconv_pool2d_destroy(average) == SIMDCONV_OK);
}

static void* caller(void* plan)
{
    static float expected[512];
    float* own = (float*)malloc(sizeof expected);
    int i;
    size_t wrong = 0;
    memcpy(expected, plain, sizeof expected);
    for (i = 0; i < 2000; i++) {
        simdconv_epilogue epilogue = SIMDCONV_EPILOGUE_INIT(bias, SIMDCONV_RELU);
        simdconv_execution execution = SIMDCONV_EXECUTION_INIT(i % 3);
        wrong += simdconv_conv2d_forward((simdconv_conv2d*)plan, 2, x, NULL, w, own, &epilogue, &execution) != SIMDCONV_OK;
        wrong += memcmp(own, plain, sizeof expected) != 0;
    }
    free(own);
    return (void*)wrong;
}

static void threads(void)
{
    pthread_t threads[8];
    simdconv_conv2d* plan = conv_plan(SIMDCONV_F32);
    int i;
    for (i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, caller, plan) == 0);
    for (i = 0; i < 8; i++) {
        void* wrong = NULL;
        CHECK(pthread_join(threads[i], &wrong) == 0 && wrong == NULL);
    }
    CHECK(simdconv_conv2d_destroy(plan) == SIMDCONV_OK);
}

/* Bytes of the process's address space, and those of it that are in memory. */
static size_t address_space(size_t* resident)
{
    unsigned long pages = 0, here = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%lu %lu", &pages, &here) == 2);
    fclose(file);
    if (resident != NULL)
        *resident = here * (size_t)sysconf(_SC_PAGESIZE);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void* short_lived(void* plan)
{
    static float image[2 * 8 * 100000], result[2 * 8 * 100000];
    return (void*)(size_t)(simdconv_conv2d_forward((simdconv_conv2d*)plan, 1, image, NULL, w, result, NULL, NULL) != SIMDCONV_OK);
}

/* Scratch memory of threads that have ended doesn't pile up: 60 of them, one after the other, would keep 450 MB. */
static void short_lived_threads(void)
{
    simdconv_conv2d_desc desc = SIMDCONV_CONV2D_DESC_INIT(SIMDCONV_F32, 2, 8, 100000, 2, 3, 3);
    simdconv_conv2d* plan = NULL;
    size_t before = 0, after = 0;
    int64_t bytes = 0;
    int32_t i;
    desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
    CHECK(simdconv_conv2d_create(&desc, &plan) == SIMDCONV_OK);
    CHECK(simdconv_conv2d_workspace(plan, SIMDCONV_FORWARD, 1, NULL, &bytes) == SIMDCONV_OK && bytes > 5 << 20);
    for (i = 0; i < 70; i++) {
        pthread_t thread;
        void* failed = NULL;
        if (i == 10)
            address_space(&before);
        CHECK(pthread_create(&thread, NULL, short_lived, plan) == 0);
        CHECK(pthread_join(thread, &failed) == 0 && failed == NULL);
    }

    address_space(&after);
    CHECK(after < before + (100 << 20));
    CHECK(simdconv_conv2d_destroy(plan) == SIMDCONV_OK);
}

/* Whether a limit of memory is kept: an emulator of another CPU may take it and not keep it. */
static int is_limited(void)
{
    const size_t bytes = 64 << 20;
    void* memory = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED)
        munmap(memory, bytes);
    return memory == MAP_FAILED;
}

/* A part that gets no memory, on the library's threads and on those of a scheduler of the host's: the call returns a status, and
 * the next call works. */
static void no_memory(void)
{
    simdconv_conv2d_desc desc = SIMDCONV_CONV2D_DESC_INIT(SIMDCONV_F32, 2, 8, 2000000, 2, 3, 3);
    simdconv_execution execution = SIMDCONV_EXECUTION_INIT(2);
    simdconv_conv2d* plan = NULL;
    size_t count = 2 * 8 * 2000000;
    float *image = (float*)calloc(count, sizeof(float)), *result = (float*)calloc(count, sizeof(float));
    float *warm = (float*)calloc(512 * 512, sizeof(float));
    struct rlimit unlimited, limited;
    int64_t bytes = 0;
    int32_t parts = 0, status = SIMDCONV_OK, round;

    desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
    CHECK(simdconv_conv2d_create(&desc, &plan) == SIMDCONV_OK);
    CHECK(simdconv_conv2d_workspace(plan, SIMDCONV_FORWARD, 1, &execution, &bytes) == SIMDCONV_OK && bytes > 2 * (65 << 20));
    /* Each part takes more than the C library has at hand, which is up to 64 MB for each thread. The threads are made before the
     * limit is set. */
    CHECK(simdconv_gemm_f32(0, 0, 512, 512, 512, 1, warm, 512, warm, 512, 0, result, 512, &execution) == SIMDCONV_OK);
    CHECK(getrlimit(RLIMIT_AS, &unlimited) == 0);
    for (round = 0; round < 4; round++) {
        execution.run = round % 2 == 0 ? host_scheduler : NULL;
        execution.run_context = &parts;
        parts = 0;
        limited = unlimited;
        limited.rlim_cur = address_space(NULL) + (8 << 20);
        CHECK(setrlimit(RLIMIT_AS, &limited) == 0);
        if (!is_limited()) {
            CHECK(setrlimit(RLIMIT_AS, &unlimited) == 0);
            printf("no limit of memory here: calls without memory are not tested\n");
            break;
        }

        status = simdconv_conv2d_forward(plan, 1, image, NULL, w, result, NULL, &execution);
        CHECK(setrlimit(RLIMIT_AS, &unlimited) == 0);
        CHECK(status == SIMDCONV_OUT_OF_MEMORY && (parts > 1 || execution.run == NULL));
    }

    image[2000001] = 1;
    result[0] = NAN;
    CHECK(simdconv_conv2d_forward(plan, 1, image, NULL, w, result, NULL, &execution) == SIMDCONV_OK && result[0] == w[8]);
    CHECK(simdconv_conv2d_destroy(plan) == SIMDCONV_OK);
    free(image);
    free(result);
    free(warm);
}

typedef int32_t (*function_of_zeros)(intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t,
    intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, double, double);

static int call_by_name(int count, char** names)
{
    int i;
    for (i = 0; i < count; i++) {
        void* address = dlsym(RTLD_DEFAULT, names[i]);
        function_of_zeros function;
        char message[512] = "";
        int32_t got;
        memcpy(&function, &address, sizeof function);
        if (function == NULL)
            return 2;
        got = function(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        simdconv_last_error(message, sizeof message);
        printf("%s %d %s\n", names[i], (int)got, message);
        fflush(stdout);
    }

    return 0;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The least of 50 means over 2,000 calls, in nanoseconds. */
static void overhead(void)
{
    static float a[64], b[64], c[64];
    double best = 1e9;
    int round, i;
    for (round = 0; round < 50; round++) {
        double start = seconds();
        for (i = 0; i < 2000; i++)
            simdconv_gemm_f32(0, 0, 8, 8, 8, 1, a, 8, b, 8, 0, c, 8, NULL);
        best = fmin(best, (seconds() - start) * 1e9 / 2000);
    }
    printf("gemm 8x8x8: %.0f ns a call\n", best);
}

int main(int argc, char** argv)
{
    float activated[3] = { -1, 0, 2 };
    char message[4] = "abc";
    if (argc > 1)
        return call_by_name(argc - 1, argv + 1);
    CHECK(simdconv_abi_version() == SIMDCONV_ABI_VERSION && strlen(simdconv_version()) >= 5);
    CHECK(simdconv_tier_available(simdconv_tier_best()) == 1 && simdconv_tier_available(-1) == 0
        && simdconv_tier_available(99) == 0);
    CHECK(strcmp(simdconv_tier_name(SIMDCONV_TIER_AVX2), "avx2") == 0 && *simdconv_tier_name(-1) == 0
        && *simdconv_tier_name(99) == 0 && simdconv_tier_name(0) == simdconv_tier_name(0));
    CHECK(strcmp(simdconv_status_string(SIMDCONV_OK), "ok") == 0 && strcmp(simdconv_status_string(-1), "unknown status") == 0);
    gemm();
    CHECK(simdconv_last_error(message, sizeof message) > 4 && strlen(message) == 3);
    convolution();
    pooling();
    threads();
    short_lived_threads();
    no_memory();
    CHECK(simdconv_relu(SIMDCONV_F32, 3, activated, activated, NULL) == SIMDCONV_OK && activated[0] == 0 && activated[2] == 2);
    CHECK(simdconv_tanh(SIMDCONV_F32, 3, activated, activated, 2, NULL) == SIMDCONV_OK
        && fabsf(activated[2] - 2 * tanhf(2)) < 1e-6f);
    double least = -1, largest = 1, silu[2] = { 1, -1 }, ones[2] = { 1, 1 }, slopes[2];
    CHECK(simdconv_activate(SIMDCONV_F64, SIMDCONV_SILU, 2, silu, silu, NULL, NULL, NULL) == SIMDCONV_OK
        && fabs(silu[0] - 1 / (1 + exp(-1))) < 1e-15);
    CHECK(simdconv_activate(SIMDCONV_F32, SIMDCONV_CLIP, 3, activated, activated, &least, &largest, NULL) == SIMDCONV_OK
        && activated[2] == 1);
    CHECK(simdconv_activate_gradient(SIMDCONV_F64, SIMDCONV_CLIP, 2, silu, ones, slopes, NULL, &least, NULL) == SIMDCONV_OK
        && slopes[0] == 0 && slopes[1] == 0);
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "alpha is 1",
        simdconv_activate(SIMDCONV_F64, SIMDCONV_CLIP, 2, silu, silu, &largest, &least, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "dy is NULL",
        simdconv_activate_gradient(SIMDCONV_F64, SIMDCONV_CLIP, 2, silu, NULL, slopes, NULL, NULL, NULL));
    int64_t before, after;
    CHECK(simdconv_same_padding(9, 2, 2, 1, 0, &before, &after) == SIMDCONV_OK && before == 0 && after == 1);
    CHECK(simdconv_same_padding(9, 2, 2, 1, 1, &before, &after) == SIMDCONV_OK && before == 1 && after == 0);
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "stride is 0", simdconv_same_padding(9, 2, 0, 1, 0, &before, &after));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "is_lower is 2", simdconv_same_padding(9, 2, 1, 1, 2, &before, &after));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "after is NULL", simdconv_same_padding(9, 2, 1, 1, 0, &before, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "count is -1", simdconv_relu(SIMDCONV_F32, -1, activated, activated, NULL));
    const float images[6] = { 1, 2, 3, 4, 5, 6 };
    float innermost[6];
    const int64_t chwn[4] = { 1, 4, 2, 2 };
    CHECK(simdconv_images_copy(SIMDCONV_F32, 2, 1, 1, 3, images, NULL, innermost, chwn, NULL) == SIMDCONV_OK
        && innermost[0] == 1 && innermost[1] == 4 && innermost[2] == 2 && innermost[5] == 6);
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "target is NULL",
        simdconv_images_copy(SIMDCONV_F32, 2, 1, 1, 3, images, NULL, NULL, chwn, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "width is 0",
        simdconv_images_copy(SIMDCONV_F32, 2, 1, 1, 0, images, NULL, innermost, chwn, NULL));
    REFUSED(SIMDCONV_INVALID_ARGUMENT, "type is 2", simdconv_tanh(2, 3, activated, activated, 1, NULL));
    overhead();
    printf("tier %d, %d failed\n", (int)simdconv_tier_best(), failures);
    return failures == 0 ? 0 : 1;
}
