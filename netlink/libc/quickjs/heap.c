/*
 * The engine's allocator: blocks by size class, each preceded by its size; a freed block is reused for the next one of
 * its class. While the heap is built all of it is in one arena, the section .heap, which is then linked into the
 * executable. At run time more memory comes from the kernel in chunks. Nothing is ever returned to the kernel: a call
 * ends in milliseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

#define CHUNK (256u << 10)
/*
 * A VERSION does with a small chunk. Who needs a second one does real work, and is going to write to all that training
 * found, and to so much of the chunk: the kernel is asked for these pages at once, rather than by a fault for each.
 */
#define FIRST_CHUNK (16u << 10)
#define POPULATED (80u << 10)
/* Multiples of 16 up to 1 KiB, then four to each power of two. */
#define SMALL_CLASSES 65
#define LARGEST ((size_t)1 << 40)

/** The size precedes each block; with 8 bytes the block stays aligned for everything that the engine stores. */
static size_t *size_of(void *block) { return (size_t *)block - 1; }

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

/** Linux before 5.14 refuses, and then a fault brings each page. */
static void populate(void *from, size_t length) { madvise(from, length, MADV_POPULATE_WRITE); }

static int more(size_t size) {
  size_t least = heap.chunks == 0 ? FIRST_CHUNK : CHUNK, length = size > least ? (size + 4095) & ~(size_t)4095 : least;
  void *chunk = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (chunk == MAP_FAILED) return -1;
  if (heap.chunks++ == 1) {
    populate(&heap, heap.written);
    populate(chunk, POPULATED);
  }
  heap.next = chunk;
  heap.end = heap.next + length;
  return 0;
}

char *(*heap_place)(size_t size);
int (*heap_gone)(void *block);

static void *made_at(char *place, size_t taken) {
  void *block = place + sizeof(size_t);
  *size_of(block) = taken - sizeof(size_t);
  return block;
}

static void *heap_malloc(void *opaque, size_t size) {
  (void)opaque;
  if (size > LARGEST) return NULL;
  size_t taken;
  unsigned class = class_of(size + sizeof(size_t), &taken);
  char *place = heap_place ? heap_place(taken) : NULL;
  if (place) return made_at(place, taken);
  void **freed = heap.freed[class];
  if (freed) {
    heap.freed[class] = *freed;
    return freed;
  }
  if ((size_t)(heap.end - heap.next) < taken && more(taken)) return NULL;
  place = heap.next;
  heap.next += taken;
  return made_at(place, taken);
}

static void heap_free(void *opaque, void *block) {
  (void)opaque;
  if (!block || (heap_gone && heap_gone(block))) return;
  size_t taken;
  unsigned class = class_of(*size_of(block) + sizeof(size_t), &taken);
  *(void **)block = heap.freed[class];
  heap.freed[class] = block;
}

static size_t heap_size(const void *block) { return block ? *size_of((void *)block) : 0; }

static void *heap_calloc(void *opaque, size_t count, size_t size) {
  if (size && count > LARGEST / size) return NULL;
  size_t taken;
  int is_used = heap.freed[class_of(count * size + sizeof(size_t), &taken)] != NULL;
  void *block = heap_malloc(opaque, count * size);
  /* Memory that was never a block is zero from the kernel, and stays untouched. */
  return block && is_used ? memset(block, 0, count * size) : block;
}

static void *heap_realloc(void *opaque, void *block, size_t size) {
  if (!block) return heap_malloc(opaque, size);
  if (size == 0) {
    heap_free(opaque, block);
    return NULL;
  }
  size_t had = *size_of(block);
  if (size <= had) return block;
  void *moved = heap_malloc(opaque, size);
  if (!moved) return NULL;
  memcpy(moved, block, had);
  heap_free(opaque, block);
  return moved;
}

const JSMallocFunctions heap_functions = {heap_calloc, heap_malloc, heap_free, heap_realloc, heap_size};

/**
 * Clears freed blocks, whose contents may differ between builds, and forgets them: what a call allocates is then
 * together in a chunk of its own, rather than in holes in pages that would each have to be copied.
 */
static void clear_freed(void) {
  for (size_t class = 0; class < sizeof heap.freed / sizeof *heap.freed; class++)
    for (void **block = heap.freed[class], **next; block; block = next) {
      next = *block;
      memset(block, 0, *size_of(block));
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
