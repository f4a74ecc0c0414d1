/*
 * One executable with two uses. At build time it is called with the program's bytecode: it creates the engine, runs the
 * program's top level, and writes its heap to a file, which is then linked in. From then on the heap exists from the
 * first instruction: a start tells the engine where the stack is and calls the program's main.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "host.h"

extern const char build_id[65];
char **host_argv;

/*
 * The engine has a stack of its own, with the same size whatever the process's limit and environment, and at the same
 * address in every process, so that what the heap says about it stays true.
 */
#define STACK_SIZE (1u << 20)
/* What C functions may need beyond the engine's stack check. */
#define STACK_RESERVE (32u << 10)

static void put(int fd, const char *text) {
  ssize_t written = write(fd, text, strlen(text));
  (void)written;
}

/** The last resort, if the program itself can't print an error: one CNI error object. */
static int fail(const char *msg, const char *details) {
  char error[512];
  snprintf(error, sizeof error, "{\n    \"cniVersion\": \"1.1.0\",\n    \"code\": 999,\n    \"msg\": \"%s\",\n    \"details\": \"%s\"\n}\n",
           msg, details);
  put(STDOUT_FILENO, error);
  return 1;
}

/** Calls a function on the engine's stack. */
static int on_own_stack(int (*function)(void)) {
#ifdef SANITIZE
  return function();
#else
  static _Alignas(4096) char stack[STACK_SIZE];
  int result;
#if defined __x86_64__
  __asm__ volatile("movq %%rsp, %%rbx; movq %1, %%rsp; call *%2; movq %%rbx, %%rsp"
                   : "=a"(result)
                   : "r"(stack + STACK_SIZE), "r"(function)
                   : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
#elif defined __aarch64__
  register long value __asm__("x0");
  __asm__ volatile("mov x19, sp; mov sp, %1; blr %2; mov sp, x19"
                   : "=r"(value)
                   : "r"(stack + STACK_SIZE), "r"(function)
                   : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                     "x18", "x19", "x30", "memory", "cc");
  result = (int)value;
#else
#error "no stack of its own on this architecture"
#endif
  return result;
#endif
}

/**
 * A socket must not get a closed standard stream's number: a descriptor that can be neither read nor written takes its
 * place.
 */
static void keep_standard_streams(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/", O_PATH) != fd) _exit(1);
}

static int start(void) {
  if (memcmp(heap.build, build_id, sizeof heap.build) != 0)
    return fail("this executable is damaged: its heap belongs to other code", "rebuild or reinstall it");
  keep_standard_streams();
  signal(SIGPIPE, SIG_IGN);
  JS_UpdateStackTop(heap.runtime);
  JSValue status = JS_Call(heap.context, heap.main, JS_UNDEFINED, 0, NULL);
  if (JS_VALUE_GET_TAG(status) == JS_TAG_INT) return JS_VALUE_GET_INT(status);
  JSValue exception = JS_GetException(heap.context);
  const char *text = JS_ToCString(heap.context, exception);
  put(STDERR_FILENO, text ? text : "unknown error");
  put(STDERR_FILENO, "\n");
  return fail("internal error", "out of memory, or an error that could not be printed; stderr may say more");
}

static _Noreturn void give_up(JSContext *context, const char *what) {
  JSValue exception = context ? JS_GetException(context) : JS_UNDEFINED;
  const char *text = context ? JS_ToCString(context, exception) : NULL;
  fprintf(stderr, "%s: %s\n", what, text ? text : strerror(errno));
  exit(1);
}

/**
 * The engine's clock (its sources are compiled to call this): stopped at build time, so that builds are reproducible.
 */
int host_gettimeofday(struct timeval *time, void *zone) {
  if (memcmp(heap.magic, HEAP_MAGIC, sizeof heap.magic) == 0) return gettimeofday(time, zone);
  *time = (struct timeval){1, 0};
  return 0;
}

/** The globals of a program. Without JS_AddIntrinsicEval no code comes from a string. */
static JSContext *new_context(JSRuntime *runtime) {
  JSContext *context = JS_NewContextRaw(runtime);
  if (!context || JS_AddIntrinsicBaseObjects(context) || JS_AddIntrinsicDate(context) ||
      JS_AddIntrinsicRegExp(context) || JS_AddIntrinsicJSON(context) || JS_AddIntrinsicMapSet(context) ||
      JS_AddIntrinsicTypedArrays(context) || JS_AddIntrinsicBigInt(context))
    give_up(context, "cannot make a context");
  return context;
}

static void delete_property(JSContext *context, JSValueConst object, const char *name) {
  JSAtom atom = JS_NewAtom(context, name);
  if (JS_DeleteProperty(context, object, atom, 0) < 0) give_up(context, name);
  JS_FreeAtom(context, atom);
}

/** Creates the engine and runs the program's top level, which sets heap.main. */
static void make(const JSMallocFunctions *functions, const uint8_t *bytecode, size_t length) {
  JSRuntime *runtime = functions ? JS_NewRuntime2(functions, NULL) : JS_NewRuntime();
  if (!runtime) give_up(NULL, "cannot make a runtime");
  JS_SetGCThreshold(runtime, (size_t)-1);
  JS_SetMaxStackSize(runtime, STACK_SIZE - STACK_RESERVE);
  JSContext *context = new_context(runtime);
  JSValue global = JS_GetGlobalObject(context), native = JS_NewObjectProto(context, JS_NULL);
  add_system_calls(context, native);
  add_text(context, native);
  add_attributes(context, native);
  add_programs(context, native);
  add_terminal(context, native);
  add_part(context, native);
  JS_SetPropertyStr(context, global, "native", JS_DupValue(context, native));
  JSValue program = JS_ReadObject(context, bytecode, length, JS_READ_OBJ_BYTECODE);
  if (JS_IsException(program) || JS_IsException(JS_EvalFunction(context, program)))
    give_up(context, "the program's top level failed");
  heap.main = JS_GetPropertyStr(context, native, "main");
  if (!JS_IsFunction(context, heap.main)) give_up(NULL, "the program has no main");
  delete_property(context, native, "main");
  delete_property(context, global, "native");
  /* The engine's random numbers would be the same in every process. */
  JSValue math = JS_GetPropertyStr(context, global, "Math");
  delete_property(context, math, "random");
  JS_FreeValue(context, math);
  JS_FreeValue(context, native);
  JS_FreeValue(context, global);
  JS_RunGC(runtime);
  heap.runtime = runtime;
  heap.context = context;
  memcpy(heap.magic, HEAP_MAGIC, sizeof heap.magic);
  memcpy(heap.build, build_id, sizeof heap.build);
}

#ifdef SANITIZE

struct heap heap;

/* Reports go to files, whatever the environment and standard streams of a call. */
const char *__asan_default_options(void) { return "detect_leaks=0:log_path=" SANITIZE_REPORT; }
const char *__ubsan_default_options(void) { return "print_stacktrace=1:log_path=" SANITIZE_REPORT; }

int main(int argc, char **argv) {
  (void)argc;
  host_argv = argv;
  make(NULL, (const uint8_t *)heap_section, heap_section_end - heap_section);
  _exit(on_own_stack(start));
}

#elif !defined TRAINING

static const void *map(const char *path, size_t *length) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat stat;
  if (fd < 0 || fstat(fd, &stat) < 0) give_up(NULL, path);
  void *bytes = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) give_up(NULL, path);
  *length = stat.st_size;
  return bytes;
}

/* Where to put the blocks that calls write to, as found by training (build/quickjs/training.c). */
static const uint32_t *places;
static size_t placed, blocks;
/* Blocks that are freed before the heap is written are made here, and so take no room in the executable. */
static char *passing, *passing_next;
#define PASSING_SIZE (256u << 20)
/* Always here: what is left of an address in blocks that last is the same in every build. */
#define PASSING_AT ((void *)0x40000000)

static char *place(size_t size) {
  if (placed == blocks) give_up(NULL, "training ran another program");
  uint32_t offset = places[placed++];
  if (offset != HEAP_PASSING) return offset ? heap_section + offset : NULL;
  char *here = passing_next;
  passing_next += size;
  if (passing_next > passing + PASSING_SIZE) give_up(NULL, "no room to build in");
  return here;
}

static int is_passing(void *block) { return (char *)block >= passing && (char *)block < passing + PASSING_SIZE; }

/**
 * Writes the executable's heap (host_argv[2]) from a program's bytecode (host_argv[1]); host_argv[3] has the places.
 */
static int build(void) {
  size_t length, size;
  const void *bytecode = map(host_argv[1], &length);
  heap.next = (char *)(&heap + 1);
  heap.end = heap_section_end;
  if (host_argv[3]) {
    places = map(host_argv[3], &size);
    blocks = size / sizeof *places - 2;
    heap.written = (*places++ + 4095) & ~(size_t)4095;
    heap.next = heap_section + *places++;
    passing = mmap(PASSING_AT, PASSING_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (passing == MAP_FAILED) give_up(NULL, "no room to build in");
    passing_next = passing;
    heap_place = place;
    heap_gone = is_passing;
  }
  make(&heap_functions, bytecode, length);
  if (placed != blocks) give_up(NULL, "training ran another program");
  if (heap_write(host_argv[2])) give_up(NULL, host_argv[2]);
  return 0;
}

int main(int argc, char **argv) {
  host_argv = argv;
  if (memcmp(heap.magic, HEAP_MAGIC, sizeof heap.magic) == 0) _exit(on_own_stack(start));
  if (argc != 3 && argc != 4) return fail("this executable is damaged: it has no heap", "rebuild or reinstall it");
  return on_own_stack(build);
}

#endif
