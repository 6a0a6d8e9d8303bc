/*
 * libsimdconv: picks the library of the highest x86-64 level that this CPU has, among libsimdconv-v4, -v3 and -base beside it,
 * and passes every call on by one indirect jump. SIMDCONV_TIER narrows the choice, as it does in .NET. On 64-bit Arm there is
 * libsimdconv-base alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../include/simdconv.h"

/* Functions that give a status, which is SIMDCONV_INTERNAL_ERROR where no library could be loaded. */
#define CALLS(X) \
    X(gemm) X(gemm_f32) X(gemm_f64) X(tanh) X(relu) X(activate) X(activate_gradient) X(same_padding) X(images_copy) \
    X(im2col) X(col2im) \
    X(conv2d_create) X(conv2d_destroy) X(conv2d_output_size) X(conv2d_lengths) X(conv2d_workspace) X(conv2d_pack) \
    X(conv2d_repack) X(conv2d_forward) X(conv2d_input_gradient) X(conv2d_weight_gradient) X(filter_destroy) \
    X(conv2d_save) X(conv2d_load) X(file_map) X(file_count) X(file_destroy) \
    X(pool2d_create) X(pool2d_destroy) X(pool2d_output_size) X(pool2d_winner_bytes) X(pool2d_forward) X(pool2d_backward) \
    X(pool2d_indices)

/* Functions that answer by themselves where no library could be loaded: what went wrong, above all. */
#define QUERIES(X) X(version) X(abi_version) X(status_string) X(tier_best) X(tier_available) X(tier_name) X(last_error)

static char problem[8192];

static int32_t no_call(void) { return SIMDCONV_INTERNAL_ERROR; }
static const char* no_version(void) { return ""; }
static int32_t no_abi_version(void) { return 0; }
static const char* no_status_string(int32_t status) { (void)status; return "the library could not be loaded"; }
static int32_t no_tier_best(void) { return SIMDCONV_TIER_BEST; }
static int32_t no_tier_available(int32_t tier) { (void)tier; return 0; }
static const char* no_tier_name(int32_t tier) { (void)tier; return ""; }

static size_t no_last_error(char* buffer, size_t capacity)
{
    if (buffer != NULL && capacity > 0)
        snprintf(buffer, capacity, "%s", problem);
    return strlen(problem);
}

/* One exported entry a function: a jump through a pointer that the constructor fills. Arguments stay where the caller put
 * them. */
#if defined(__aarch64__)
#define JUMP(name) \
    "    hint #34\n    adrp x16, simdconv_pointer_" #name "\n    ldr x16, [x16, :lo12:simdconv_pointer_" #name "]\n    br x16\n"
#else
#define JUMP(name) "    endbr64\n    jmp *simdconv_pointer_" #name "(%rip)\n"
#endif
#define ENTRY(name, fallback) \
    __attribute__((visibility("hidden"))) void (*simdconv_pointer_##name)(void) = (void (*)(void))fallback; \
    __asm__(".text\n.p2align 4\n.globl simdconv_" #name "\n.type simdconv_" #name ", %function\nsimdconv_" #name ":\n" \
            JUMP(name) ".size simdconv_" #name ", .-simdconv_" #name "\n");
#define CALL_ENTRY(name) ENTRY(name, no_call)
#define QUERY_ENTRY(name) ENTRY(name, no_##name)
CALLS(CALL_ENTRY)
QUERIES(QUERY_ENTRY)

/* Each tier, and the level of the library that holds it: the rows of Tiers.props, as CMakeLists.txt writes them. */
enum { level_base = 0, level_v3 = 3, level_v4 = 4 };
static const struct { const char* name; int level; } tiers[] = {
#include "tiers.h"
};

#if defined(__aarch64__)
/* One library holds all tiers of 64-bit Arm. */
static int level(void)
{
    (void)tiers;
    return 0;
}
#else
/*
 * The highest level: 4, 3 or 0. The CPU has to have all of it, since the compiler may have used all of it. A SIMDCONV_TIER that
 * is no tier's name narrows nothing here: the library that is loaded says so in every call.
 */
static int level(void)
{
    __builtin_cpu_init();
    int has3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt") &&
               __builtin_cpu_supports("movbe");
    int has4 = has3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    const char* tier = getenv("SIMDCONV_TIER");
    int limit = 4;
    for (size_t i = 0; tier != NULL && i < sizeof tiers / sizeof *tiers; i++) {
        if (strcasecmp(tier, tiers[i].name) == 0)
            limit = tiers[i].level;
    }

    return has4 && limit >= 4 ? 4 : has3 && limit >= 3 ? 3 : 0;
}
#endif

__attribute__((constructor)) static void load(void)
{
    static const struct { const char* name; void (**pointer)(void); } entries[] = {
#define ROW(name) { "simdconv_" #name, &simdconv_pointer_##name },
        CALLS(ROW) QUERIES(ROW)
    };
    enum { COUNT = sizeof entries / sizeof *entries };
    void* found[COUNT];
    Dl_info self;
    char path[4096];
    const char* names[] = { "base", "v3", "v4" };
    int wanted = level();

    if (!dladdr(&problem, &self) || strrchr(self.dli_fname, '/') == NULL) {
        snprintf(problem, sizeof problem, "libsimdconv's own folder is unknown.");
        return;
    }

    snprintf(path, sizeof path, "%.*s/libsimdconv-%s.so", (int)(strrchr(self.dli_fname, '/') - self.dli_fname), self.dli_fname,
             names[wanted == 0 ? 0 : wanted - 2]);
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    for (int i = 0; i < COUNT && library != NULL; i++) {
        found[i] = dlsym(library, entries[i].name);
        if (found[i] == NULL)
            library = NULL;
    }

    if (library == NULL) {
        const char* error = dlerror();
        snprintf(problem, sizeof problem,
                 "%s could not be loaded: %s; expected the library for this CPU beside libsimdconv.so",
                 path, error == NULL ? "it lacks a function" : error);
        return;
    }

    for (int i = 0; i < COUNT; i++)
        memcpy(entries[i].pointer, &found[i], sizeof found[i]);
}
