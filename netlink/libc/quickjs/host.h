/* The C half of `#libc`: what TypeScript on QuickJS is given of the system. native.ts has the same list in types. */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* heap.c: the engine's memory. All that is allocated while it is built is in the executable, at a fixed address. */
extern const JSMallocFunctions heap_functions;

/** What stands at the beginning of the heap, and tells a start where everything is. */
struct heap {
  char magic[16];         /* HEAP_MAGIC once it is built */
  char build[64];         /* BUILD_ID of the code that it was built by */
  char *next, *end;       /* where the next block goes, and where the chunk ends */
  void *freed[192];       /* by class of size, the blocks that may be used again */
  JSRuntime *runtime;
  JSContext *context;
  JSValue main;           /* the program: a function without parameters that returns the exit status */
};
#define HEAP_MAGIC "CNI bridge heap"
/** The section .heap (heap.S): the heap, or with SANITIZE the bytecode, of which an ordinary heap is made at each start. */
extern char heap_section[], heap_section_end[];
#if defined SANITIZE || defined TRAINING
extern struct heap heap;
#else
#define heap (*(struct heap *)heap_section)
#endif
int heap_write(const char *path);
/** In the list of places that training makes: a block that is freed before the heap is written. */
#define HEAP_PASSING 1
/** While the heap is built: where the next block goes, its size before it; NULL for anywhere. */
extern char *(*heap_place)(size_t size);
/** While the heap is built: told of each block that is freed; whether it is not to be used again. */
extern int (*heap_gone)(void *block);

/* Each adds its functions to the object that TypeScript knows as `native`. */
void add_system_calls(JSContext *context, JSValueConst native);
void add_text(JSContext *context, JSValueConst native);
void add_attributes(JSContext *context, JSValueConst native);
void add_terminal(JSContext *context, JSValueConst native);
void add_programs(JSContext *context, JSValueConst native);
void add_function(JSContext *context, JSValueConst native, const char *name, JSCFunction *function, int parameters);

/* Arguments, checked: each returns 0, or -1 with an exception thrown. None runs JavaScript, so that none can change
   what another has given. */
int get_integer(JSContext *context, JSValueConst value, int64_t *integer);
int get_int(JSContext *context, JSValueConst value, int *integer);
int get_bytes(JSContext *context, JSValueConst value, uint8_t **bytes, size_t *length);
/** A string without a NUL, to be given back by JS_FreeCString; 1 where it has one. */
int get_text(JSContext *context, JSValueConst value, const char **text);

/** A string of bytes in UTF-8, what is none replaced by U+FFFD. */
JSValue new_text(JSContext *context, const char *bytes, size_t length);

/** What the process was started with. */
extern char **host_argv;

#endif
