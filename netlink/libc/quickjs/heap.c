/*
 * The engine's allocator, in place of its own (engine.c): blocks by size class; a freed block is reused for the next one
 * of its class. While the heap is built all of it is in one arena, the section .heap, which is then linked into the
 * executable. At run time more memory comes from the kernel in chunks. Nothing is ever returned to the kernel: a call
 * ends in milliseconds.
 */
#ifndef SANITIZE
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

#define CHUNK (256u << 10)
/*
 * A small chunk is enough for a VERSION. A call that needs a second one does real work, and will write to all the
 * blocks that training found, and to this much of the chunk and of the stack: these pages are requested at once, rather
 * than by a fault for each.
 */
#define FIRST_CHUNK (4u << 10)
#define POPULATED (48u << 10)
#define POPULATED_STACK (24u << 10)
/* Multiples of 16 up to 1 KiB, then four to each power of two. */
#define SMALL_CLASSES 65
#define LARGEST ((size_t)1 << 40)

/** Precedes each block. */
struct header {
  uint16_t class;
  uint8_t unused;
  uint8_t engine[5]; /* its garbage collector's marks and its count of references */
};
_Static_assert(sizeof(struct header) == 8, "blocks are aligned to 8 bytes");

static struct header *header_of(void *block) { return (struct header *)block - 1; }

/** The class of a block of `size` bytes with its header, and how many bytes such a block takes. */
static unsigned class_of(size_t size, size_t *taken) {
  if (size <= 1024) {
    *taken = (size + 15) & ~(size_t)15;
    return *taken / 16;
  }
  unsigned bits = 64 - __builtin_clzl(size - 1);
  size_t quarter = (size_t)1 << (bits - 3), quarters = (size + quarter - 1) / quarter;
  *taken = quarters * quarter;
  return SMALL_CLASSES + 4 * (bits - 11) + (unsigned)quarters - 5;
}

/** How many bytes a block has, without its header. */
static size_t size_of(void *block) {
  unsigned class = header_of(block)->class;
  if (class < SMALL_CLASSES) return 16 * class - sizeof(struct header);
  class -= SMALL_CLASSES;
  return ((size_t)(class % 4 + 5) << (class / 4 + 8)) - sizeof(struct header);
}

/** Linux before 5.14 refuses; each page then takes a fault. */
static void populate(void *from, size_t length) { madvise(from, length, MADV_POPULATE_WRITE); }

static int more(size_t size) {
  size_t least = heap.chunks == 0 ? FIRST_CHUNK : CHUNK, length = size > least ? (size + 4095) & ~(size_t)4095 : least;
  void *chunk = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (chunk == MAP_FAILED) return -1;
  if (heap.chunks++ == 1) {
    populate(&heap, heap.written);
    populate(chunk, POPULATED);
    populate((void *)(((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)4095) - POPULATED_STACK), POPULATED_STACK);
  }
  heap.next = chunk;
  heap.end = heap.next + length;
  return 0;
}

char *(*heap_place)(size_t size);
int (*heap_gone)(void *block);

static void *made_at(char *place, unsigned class) {
  struct header *header = (struct header *)place;
  header->class = class;
  return header + 1;
}

/** Any block, while the heap is built too. */
static __attribute__((noinline)) void *allocate(size_t size) {
  if (size > LARGEST) return NULL;
  size_t taken;
  unsigned class = class_of(size + sizeof(struct header), &taken);
  char *place = heap_place ? heap_place(taken) : NULL;
  if (place) return made_at(place, class);
  void **freed = heap.freed[class];
  if (freed) {
    heap.freed[class] = *freed;
    return freed;
  }
  if ((size_t)(heap.end - heap.next) < taken && more(taken)) return NULL;
  place = heap.next;
  heap.next += taken;
  return made_at(place, class);
}

/** A small block that was there before: most are. */
static inline void *reuse(size_t size) {
  if (size > 512) return NULL;
  void **list = &heap.freed[(size + sizeof(struct header) + 15) / 16], **freed = *list;
  if (freed) *list = *freed;
  return freed;
}

void *js_malloc_rt(JSRuntime *runtime, size_t size) {
  (void)runtime;
  if (!size) return NULL;
  void *block = reuse(size);
  return block ? block : allocate(size);
}

static __attribute__((noinline)) void *allocate_or_throw(JSContext *context, size_t size) {
  void *block = size ? allocate(size) : NULL;
  if (!block) JS_ThrowOutOfMemory(context);
  return block;
}

void *js_malloc(JSContext *context, size_t size) {
  void *block = reuse(size);
  return block ? block : allocate_or_throw(context, size);
}

static void give_back(void *block) {
  unsigned class = header_of(block)->class;
  *(void **)block = heap.freed[class];
  heap.freed[class] = block;
}

static __attribute__((noinline)) void free_at_build(void *block) {
  if (!heap_gone(block)) give_back(block);
}

void js_free_rt(JSRuntime *runtime, void *block) {
  (void)runtime;
  if (!block) return;
  if (heap_gone) free_at_build(block);
  else give_back(block);
}

size_t js_malloc_usable_size_rt(JSRuntime *runtime, const void *block) {
  (void)runtime;
  return block ? size_of((void *)block) : 0;
}

void *js_calloc_rt(JSRuntime *runtime, size_t count, size_t size) {
  (void)runtime;
  if (size && count > LARGEST / size) return NULL;
  size_t taken;
  int is_used = heap.freed[class_of(count * size + sizeof(struct header), &taken)] != NULL;
  void *block = allocate(count * size);
  /* Memory that was never a block is zero from the kernel, and stays untouched. */
  return block && is_used ? memset(block, 0, count * size) : block;
}

void *js_realloc_rt(JSRuntime *runtime, void *block, size_t size) {
  if (!block) return js_malloc_rt(runtime, size);
  if (size == 0) {
    js_free_rt(runtime, block);
    return NULL;
  }
  size_t had = size_of(block);
  if (size <= had) return block;
  void *moved = allocate(size);
  if (!moved) return NULL;
  memcpy(moved, block, had);
  memcpy(header_of(moved)->engine, header_of(block)->engine, sizeof header_of(block)->engine);
  js_free_rt(runtime, block);
  return moved;
}

/* The engine asks these for its runtime alone. */
static void *heap_calloc(void *opaque, size_t count, size_t size) { return js_calloc_rt(opaque, count, size); }
static void *heap_malloc(void *opaque, size_t size) { return js_malloc_rt(opaque, size); }
static void *heap_realloc(void *opaque, void *block, size_t size) { return js_realloc_rt(opaque, block, size); }
static void heap_free(void *opaque, void *block) { js_free_rt(opaque, block); }
static size_t heap_size(const void *block) { return js_malloc_usable_size_rt(NULL, block); }

const JSMallocFunctions heap_functions = {heap_calloc, heap_malloc, heap_free, heap_realloc, heap_size};

/**
 * Clears freed blocks, whose contents may differ between builds, and forgets them: what a call allocates is then
 * together in a chunk of its own, rather than in holes in pages that would each have to be copied.
 */
static void clear_freed(void) {
  for (size_t class = 0; class < sizeof heap.freed / sizeof *heap.freed; class++)
    for (void **block = heap.freed[class], **next; block; block = next) {
      next = *block;
      memset(block, 0, size_of(block));
    }
  memset(heap.freed, 0, sizeof heap.freed);
}

/** Writes the heap to a file, up to the last block: every build writes the same bytes. */
int heap_write(const char *path) {
  clear_freed();
  char *used = (char *)(((uintptr_t)heap.next + 4095) & ~(uintptr_t)4095);
  heap.end = used;
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return -1;
  for (char *at = (char *)&heap; at < used;) {
    ssize_t written = write(fd, at, used - at);
    if (written < 0) return -1;
    at += written;
  }
  return close(fd);
}

#endif
