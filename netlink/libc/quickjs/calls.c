/*
 * System calls for TypeScript. It passes numbers, strings and byte arrays, never an address or a length: both are taken
 * from the array here. Call numbers and constants come from the compiler's headers, and so fit the architecture. A call
 * returns what the kernel returned: 0 or more, or the negative errno.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <linux/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

/*
 * What each call takes: n an integer, d a descriptor or another int, p a path, b bytes (address and length), O an
 * integer to which O_CLOEXEC is added; @ the working directory and 0 a zero, neither of which is passed.
 */
static const struct {
  const char *name;
  long number;
  const char *takes;
} calls[] = {
    {"open", SYS_openat, "@pOn"},
    {"close", SYS_close, "d"},
    {"read", SYS_read, "db"},
    {"write", SYS_write, "db"},
    {"pwrite", SYS_pwrite64, "dbn"},
    {"fsync", SYS_fsync, "d"},
    {"ftruncate", SYS_ftruncate, "dn"},
    {"access", SYS_faccessat, "@pd"},
    {"link", SYS_linkat, "@p@p0"},
    {"rename", SYS_renameat2, "@p@p0"},
    {"unlink", SYS_unlinkat, "@p0"},
    {"unlinkat", SYS_unlinkat, "@pd"},
    {"symlink", SYS_symlinkat, "p@p"},
    {"readlink", SYS_readlinkat, "@pb"},
    {"fchmod", SYS_fchmod, "dn"},
    {"mkdir", SYS_mkdirat, "@pn"},
    {"flock", SYS_flock, "dd"},
    {"setns", SYS_setns, "dd"},
    {"unshare", SYS_unshare, "d"},
    {"socket", SYS_socket, "ddd"},
    {"setsockopt", SYS_setsockopt, "dddb"},
    {"send", SYS_sendto, "dbd00"},
    {"recv", SYS_recvfrom, "dbd00"},
};
#define CALLS ((int)(sizeof calls / sizeof *calls))

static long kernel(long number, const long *words) {
  long result;
  /* On Linux an interrupted close has still closed (close(2)). */
  do result = syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  while (result < 0 && errno == EINTR && number != SYS_close);
  if (result < 0) return errno == EINTR ? 0 : -errno;
  return result;
}

static JSValue js_call(JSContext *context, JSValueConst self, int argc, JSValueConst *argv, int magic) {
  (void)self;
  long words[8] = {0};
  const char *paths[2] = {0};
  int word = 0, given = 0, texts = 0, bad = 0;
  for (const char *kind = calls[magic].takes; *kind && !bad; kind++) {
    if (*kind == '@') words[word++] = AT_FDCWD;
    else if (*kind == '0') words[word++] = 0;
    else if (given >= argc) bad = (JS_ThrowTypeError(context, "too few arguments"), -1);
    else if (*kind == 'p') {
      bad = get_text(context, argv[given++], &paths[texts]);
      if (!bad) words[word++] = (long)paths[texts++];
    } else if (*kind == 'b') {
      uint8_t *bytes;
      size_t length;
      bad = get_bytes(context, argv[given++], &bytes, &length);
      if (!bad) words[word++] = (long)bytes, words[word++] = (long)length;
    } else {
      int64_t wide = 0;
      int narrow = 0;
      bad = *kind == 'n' ? get_integer(context, argv[given++], &wide) : get_int(context, argv[given++], &narrow);
      words[word++] = *kind == 'n' ? wide : *kind == 'O' ? narrow | O_CLOEXEC : narrow;
    }
  }
  long result = bad ? 0 : kernel(calls[magic].number, words);
  while (texts > 0) JS_FreeCString(context, paths[--texts]);
  if (bad < 0) return JS_EXCEPTION;
  /* No file can have a name with a NUL in it. */
  return JS_NewInt64(context, bad > 0 ? -ENOENT : result);
}

/** Returns a list of numbers, or the negative errno. */
static JSValue new_numbers(JSContext *context, const double *numbers, uint32_t count) {
  JSValue list = JS_NewArray(context);
  for (uint32_t i = 0; i < count && !JS_IsException(list); i++)
    JS_DefinePropertyValueUint32(context, list, i, JS_NewFloat64(context, numbers[i]), JS_PROP_C_W_E);
  return list;
}

static double milliseconds(struct statx_timestamp time) { return time.tv_sec * 1e3 + time.tv_nsec / 1e6; }

/** stat(fd, path, flags): device, inode, mode, birth, status change and modification in milliseconds. */
static JSValue js_stat(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int fd, flags;
  const char *path;
  if (argc < 3) return JS_ThrowTypeError(context, "too few arguments");
  if (get_int(context, argv[0], &fd) || get_int(context, argv[2], &flags)) return JS_EXCEPTION;
  int bad = get_text(context, argv[1], &path);
  if (bad) return bad < 0 ? JS_EXCEPTION : JS_NewInt32(context, -ENOENT);
  struct statx stat;
  int failed = syscall(SYS_statx, fd, path, flags, STATX_BASIC_STATS | STATX_BTIME, &stat) < 0 ? -errno : 0;
  JS_FreeCString(context, path);
  if (failed) return JS_NewInt32(context, failed);
  const double numbers[] = {
      stat.stx_dev_major * 0x1p32 + stat.stx_dev_minor, (double)stat.stx_ino,         stat.stx_mode,
      milliseconds(stat.stx_btime),                     milliseconds(stat.stx_ctime), milliseconds(stat.stx_mtime),
  };
  return new_numbers(context, numbers, sizeof numbers / sizeof *numbers);
}

/** statfs(path): type, free blocks, files, free files. */
static JSValue js_statfs(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  const char *path;
  int bad = argc < 1 ? (JS_ThrowTypeError(context, "too few arguments"), -1) : get_text(context, argv[0], &path);
  if (bad) return bad < 0 ? JS_EXCEPTION : JS_NewInt32(context, -ENOENT);
  struct statfs stat;
  int failed = statfs(path, &stat) < 0 ? -errno : 0;
  JS_FreeCString(context, path);
  if (failed) return JS_NewInt32(context, failed);
  const double numbers[] = {(double)stat.f_type, (double)stat.f_bfree, (double)stat.f_files, (double)stat.f_ffree};
  return new_numbers(context, numbers, 4);
}

/** names(fd): the names in an open directory, without `.` and `..`. */
static JSValue js_names(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int fd;
  if (argc < 1) return JS_ThrowTypeError(context, "too few arguments");
  if (get_int(context, argv[0], &fd)) return JS_EXCEPTION;
  JSValue names = JS_NewArray(context);
  uint32_t count = 0;
  _Alignas(8) char bytes[16384];
  for (;;) {
    long length = syscall(SYS_getdents64, fd, bytes, sizeof bytes);
    if (length < 0 || JS_IsException(names)) {
      JS_FreeValue(context, names);
      return length < 0 ? JS_NewInt32(context, -errno) : JS_EXCEPTION;
    }
    if (length == 0) return names;
    for (long at = 0; at < length;) {
      /* struct linux_dirent64: inode, offset, length of the record, type, name */
      uint16_t size;
      memcpy(&size, bytes + at + 16, sizeof size);
      const char *name = bytes + at + 19;
      at += size;
      if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
      JSValue text = new_text(context, name, strlen(name));
      if (JS_DefinePropertyValueUint32(context, names, count++, text, JS_PROP_C_W_E) < 0) {
        JS_FreeValue(context, names);
        return JS_EXCEPTION;
      }
    }
  }
}

/** The characters of addresses: 1 for a digit, 3 for a separator. */
static const uint8_t address_letters[256] = {
    ['0' ... '9'] = 1, ['a' ... 'f'] = 1, ['A' ... 'F'] = 1, ['.'] = 3, [':'] = 3};

/**
 * sumAddresses(fd, skip): two sums of hashes of address and inode, over the regular files in an open directory whose
 * names are addresses from `skip` on. TypeScript would take longer to iterate over the names than the kernel to list
 * them.
 */
static JSValue js_sum_addresses(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int fd, skip;
  if (argc < 2) return JS_ThrowTypeError(context, "too few arguments");
  if (get_int(context, argv[0], &fd) || get_int(context, argv[1], &skip)) return JS_EXCEPTION;
  if (skip != (uint8_t)skip) return JS_ThrowRangeError(context, "out of range");
  _Alignas(8) char bytes[32768];
  uint32_t sums[2] = {0};
  long length;
  while ((length = syscall(SYS_getdents64, fd, bytes, sizeof bytes)) > 0) {
    uint16_t size;
    for (long at = 0; at < length; at += size) {
      /* struct linux_dirent64, as above */
      uint64_t hash;
      memcpy(&hash, bytes + at, sizeof hash), memcpy(&size, bytes + at + 16, sizeof size);
      const char type = bytes[at + 18], *name = bytes + at + 19;
      if ((type != DT_REG && type != DT_UNKNOWN) || strnlen(name, skip) < (size_t)skip) continue;
      const uint8_t *letter = (const uint8_t *)name + skip;
      int before = 0, kind = 0;
      for (int next; (next = address_letters[*letter]); before |= kind, kind = next)
        hash = (hash ^ *letter++) * 0x100000001b3;
      /* At least one separator, and not only at the end. */
      if (*letter || !(before & 2)) continue;
      hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
      hash ^= hash >> 29;
      sums[0] += (uint32_t)hash, sums[1] += hash >> 32;
    }
  }
  return length < 0 ? JS_NewInt32(context, -errno) : new_numbers(context, (const double[]){sums[0], sums[1]}, 2);
}

/** utimes(path, accessed, modified): in whole seconds since 1970. */
static JSValue js_utimes(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int64_t accessed, modified;
  const char *path;
  if (argc < 3) return JS_ThrowTypeError(context, "too few arguments");
  if (get_integer(context, argv[1], &accessed) || get_integer(context, argv[2], &modified)) return JS_EXCEPTION;
  int bad = get_text(context, argv[0], &path);
  if (bad) return bad < 0 ? JS_EXCEPTION : JS_NewInt32(context, -ENOENT);
  const struct timespec times[] = {{.tv_sec = accessed}, {.tv_sec = modified}};
  int failed = syscall(SYS_utimensat, AT_FDCWD, path, times, 0) < 0 ? -errno : 0;
  JS_FreeCString(context, path);
  return JS_NewInt32(context, failed);
}

/** readable(fd, milliseconds): waits until fd is readable; 0 when the time is up. */
static JSValue js_readable(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int fd, timeout;
  if (argc < 2) return JS_ThrowTypeError(context, "too few arguments");
  if (get_int(context, argv[0], &fd) || get_int(context, argv[1], &timeout)) return JS_EXCEPTION;
  struct pollfd one = {.fd = fd, .events = POLLIN};
  /* A negative time would be infinite. */
  int result = poll(&one, 1, timeout < 0 ? 0 : timeout);
  return JS_NewInt32(context, result < 0 ? -errno : result);
}

/** clock(): monotonic milliseconds. */
static JSValue js_clock(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return JS_NewFloat64(context, now.tv_sec * 1e3 + now.tv_nsec / 1e6);
}

/** random(bytes): fills an array with the kernel's random bytes, at most 256 at a time (getrandom(2)). */
static JSValue js_random(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  uint8_t *bytes;
  size_t length;
  if (argc < 1) return JS_ThrowTypeError(context, "too few arguments");
  if (get_bytes(context, argv[0], &bytes, &length)) return JS_EXCEPTION;
  const long words[6] = {(long)bytes, (long)(length > 256 ? 256 : length)};
  return JS_NewInt64(context, kernel(SYS_getrandom, words));
}

void add_system_calls(JSContext *context, JSValueConst native) {
  for (int i = 0; i < CALLS; i++) {
    JSCFunctionType function = {.generic_magic = js_call};
    JSValue made = JS_NewCFunction2(context, function.generic, calls[i].name, 0, JS_CFUNC_generic_magic, i);
    JS_SetPropertyStr(context, native, calls[i].name, made);
  }
  add_function(context, native, "stat", js_stat, 3);
  add_function(context, native, "statfs", js_statfs, 1);
  add_function(context, native, "names", js_names, 1);
  add_function(context, native, "sumAddresses", js_sum_addresses, 2);
  add_function(context, native, "utimes", js_utimes, 3);
  add_function(context, native, "readable", js_readable, 2);
  add_function(context, native, "clock", js_clock, 0);
  add_function(context, native, "random", js_random, 1);
  const struct {
    const char *name;
    int value;
  } constants[] = {
      {"O_RDONLY", O_RDONLY},     {"O_WRONLY", O_WRONLY},       {"O_RDWR", O_RDWR},
      {"O_CREAT", O_CREAT},       {"O_EXCL", O_EXCL},           {"O_NONBLOCK", O_NONBLOCK},
      {"O_NOFOLLOW", O_NOFOLLOW}, {"O_DIRECTORY", O_DIRECTORY}, {"O_APPEND", O_APPEND},
      {"F_OK", F_OK},             {"W_OK", W_OK},               {"X_OK", X_OK},
  };
  for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
    JS_SetPropertyStr(context, native, constants[i].name, JS_NewInt32(context, constants[i].value));
}
