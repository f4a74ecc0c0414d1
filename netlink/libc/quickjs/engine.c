/*
 * The engine, with its allocator left open: heap.c has the functions that are weak here. Each of the engine's goes
 * through three layers (a limit, statistics, arenas) to reach the heap, in 100 instructions; an ADD calls them 8,000
 * times. The sanitizers need the engine's own.
 */
#ifndef SANITIZE
#pragma weak js_malloc
#pragma weak js_malloc_rt
#pragma weak js_calloc_rt
#pragma weak js_realloc_rt
#pragma weak js_free_rt
#pragma weak js_malloc_usable_size_rt
#endif

#include "quickjs.c"

/* Of the eight bytes before each block the first three are the allocator's, the others the engine's. */
_Static_assert(sizeof(JSMallocBlockHeader) == 8 && offsetof(JSMallocBlockHeader, block_size_idx) == 2 &&
                   offsetof(JSMallocBlockHeader, ref_count) == 4,
               "heap.c knows another header");
