/* The C half of `#libc`: what TypeScript on QuickJS gets of the system. native.ts has the same list as types. */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* heap.c: the engine's memory. Everything allocated at build time is in the executable, at a fixed address. */
extern const JSMallocFunctions heap_functions;

/** The header of the heap, which tells a start where everything is. */
struct heap {
  char magic[16];         /* HEAP_MAGIC once it is built */
  char build[64];         /* BUILD_ID of the code that built it */
  char *next, *end;       /* where the next block goes, and where the chunk ends */
  size_t written;         /* how many bytes from here on an ADD writes to (build/quickjs/training.c) */
  unsigned chunks;        /* how many the kernel gave */
  void *freed[192];       /* free blocks, by size class */
  JSRuntime *runtime;
  JSContext *context;
  JSValue main;           /* the program: a function without parameters that returns the exit status */
};
#define HEAP_MAGIC "CNI bridge heap"
/**
 * The section .heap (heap.S): the heap, or with SANITIZE the bytecode, from which each start makes an ordinary heap.
 */
extern char heap_section[], heap_section_end[];
#if defined SANITIZE || defined TRAINING
extern struct heap heap;
#else
#define heap (*(struct heap *)heap_section)
#endif
int heap_write(const char *path);
/** In the list of places that training makes: a block that is freed before the heap is written. */
#define HEAP_PASSING 1
/** At build time: where the next block goes, preceded by its size; NULL for anywhere. */
extern char *(*heap_place)(size_t size);
/** While the heap is built: told of each block that is freed; whether it is not to be used again. */
extern int (*heap_gone)(void *block);

/* Each adds its functions to the object that TypeScript knows as `native`. */
void add_system_calls(JSContext *context, JSValueConst native);
void add_text(JSContext *context, JSValueConst native);
void add_attributes(JSContext *context, JSValueConst native);
void add_terminal(JSContext *context, JSValueConst native);
void add_programs(JSContext *context, JSValueConst native);
void add_part(JSContext *context, JSValueConst native);
void add_function(JSContext *context, JSValueConst native, const char *name, JSCFunction *function, int parameters);

/* Checked arguments: each returns 0, or -1 with an exception thrown. None runs JavaScript, so none can change
   what another returned. */
int get_integer(JSContext *context, JSValueConst value, int64_t *integer);
int get_int(JSContext *context, JSValueConst value, int *integer);
int get_bytes(JSContext *context, JSValueConst value, uint8_t **bytes, size_t *length);
/** A string without a NUL, to be freed by JS_FreeCString; returns 1 if it has a NUL. */
int get_text(JSContext *context, JSValueConst value, const char **text);

/** A string from UTF-8; invalid bytes become U+FFFD. */
JSValue new_text(JSContext *context, const char *bytes, size_t length);

/** What the process was started with. */
extern char **host_argv;

#endif
