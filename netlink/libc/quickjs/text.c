/* UTF-8, and the process's arguments and environment. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "host.h"

static const char replacement[] = "\xef\xbf\xbd";

/**
 * The number of bytes of the character at `at`, by table 3-7 of the Unicode standard.
 * @param valid whether the character is complete; if not, they are the longest valid prefix of one, which counts as one
 * error
 */
static size_t character(const uint8_t *at, const uint8_t *end, int *valid) {
  uint8_t lead = *at, low = 0x80, high = 0xbf;
  size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  size_t had = 1;
  for (; had < length && at + had < end && at[had] >= low && at[had] <= high; had++) low = 0x80, high = 0xbf;
  *valid = length != 0 && had == length;
  return had;
}

JSValue new_text(JSContext *context, const char *text, size_t length) {
  const uint8_t *bytes = (const uint8_t *)text, *end = bytes + length;
  size_t mistakes = 0;
  int valid;
  for (const uint8_t *at = bytes; at < end;) {
    at += character(at, end, &valid);
    mistakes += !valid;
  }
  if (mistakes == 0) return JS_NewStringLen(context, text, length);
  char *mended = js_malloc(context, length + mistakes * (sizeof replacement - 1)), *to = mended;
  if (!mended) return JS_EXCEPTION;
  for (const uint8_t *at = bytes; at < end;) {
    size_t size = character(at, end, &valid);
    to = valid ? mempcpy(to, at, size) : mempcpy(to, replacement, sizeof replacement - 1);
    at += size;
  }
  JSValue string = JS_NewStringLen(context, mended, to - mended);
  js_free(context, mended);
  return string;
}

/** decode(bytes): a string; a byte order mark stays. */
static JSValue js_decode(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  uint8_t *bytes;
  size_t length;
  if (argc < 1) return JS_ThrowTypeError(context, "too few arguments");
  if (get_bytes(context, argv[0], &bytes, &length)) return JS_EXCEPTION;
  return new_text(context, (const char *)bytes, length);
}

/** textAt(bytes, from, to): the string between two offsets, up to its first NUL. */
static JSValue js_text_at(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  uint8_t *bytes;
  size_t length;
  int from, to;
  if (argc < 3) return JS_ThrowTypeError(context, "too few arguments");
  if (get_int(context, argv[1], &from) || get_int(context, argv[2], &to) || get_bytes(context, argv[0], &bytes, &length))
    return JS_EXCEPTION;
  if (from < 0 || to < from || (size_t)to > length) return JS_ThrowRangeError(context, "out of range");
  return new_text(context, (const char *)bytes + from, strnlen((const char *)bytes + from, to - from));
}

/** hex(bytes, separator): two lower-case hex digits for each byte. */
static JSValue js_hex(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  static const char digits[] = "0123456789abcdef";
  uint8_t *bytes;
  size_t length;
  const char *separator;
  if (argc < 2) return JS_ThrowTypeError(context, "too few arguments");
  if (get_bytes(context, argv[0], &bytes, &length)) return JS_EXCEPTION;
  int bad = get_text(context, argv[1], &separator);
  if (bad) return bad < 0 ? JS_EXCEPTION : JS_ThrowTypeError(context, "a string with a NUL in it");
  size_t between = strlen(separator);
  char *text = js_malloc(context, length * (2 + between) + 1), *to = text;
  for (size_t at = 0; text && at < length; at++) {
    if (at > 0) to = mempcpy(to, separator, between);
    *to++ = digits[bytes[at] >> 4], *to++ = digits[bytes[at] & 15];
  }
  JSValue string = text ? JS_NewStringLen(context, text, to - text) : JS_EXCEPTION;
  js_free(context, text);
  JS_FreeCString(context, separator);
  return string;
}

/** encode(string): its bytes in UTF-8; an unpaired surrogate becomes U+FFFD. */
static JSValue js_encode(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  if (argc < 1 || !JS_IsString(argv[0])) return JS_ThrowTypeError(context, "not a string");
  size_t length;
  const char *text = JS_ToCStringLen(context, &length, argv[0]);
  if (!text) return JS_EXCEPTION;
  JSValue array = JS_NewUint8ArrayCopy(context, (const uint8_t *)text, length);
  JS_FreeCString(context, text);
  if (JS_IsException(array)) return array;
  uint8_t *bytes;
  if (get_bytes(context, array, &bytes, &length)) return JS_EXCEPTION;
  /* The engine writes an unpaired surrogate as three bytes from ED A0 80 to ED BF BF. */
  for (size_t at = memchr(bytes, 0xed, length) ? 0 : length; at + 2 < length; at++)
    if (bytes[at] == 0xed && bytes[at + 1] >= 0xa0) memcpy(bytes + at, replacement, sizeof replacement - 1);
  return array;
}

/** strerror(errno): its message. */
static JSValue js_strerror(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int number;
  if (argc < 1) return JS_ThrowTypeError(context, "too few arguments");
  if (get_int(context, argv[0], &number)) return JS_EXCEPTION;
  return JS_NewString(context, strerror(number));
}

/** argv0(): the name that the process was started by. */
static JSValue js_argv0(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  const char *name = host_argv[0] ? host_argv[0] : "";
  return new_text(context, name, strlen(name));
}

/**
 * environment(prefix): an object with the variables whose names have the prefix; if one is there twice, the first
 * counts, as in getenv(3).
 */
static JSValue js_environment(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  const char *prefix;
  int bad = argc < 1 ? -1 : get_text(context, argv[0], &prefix);
  if (bad) return bad < 0 && JS_HasException(context) ? JS_EXCEPTION : JS_ThrowTypeError(context, "not a name");
  JSValue all = JS_NewObjectProto(context, JS_NULL);
  for (char **variable = environ; *variable && !JS_IsException(all); variable++) {
    const char *equals = strchr(*variable, '=');
    if (!equals || strncmp(*variable, prefix, strlen(prefix)) != 0) continue;
    JSValue name = new_text(context, *variable, equals - *variable);
    JSAtom atom = JS_IsException(name) ? JS_ATOM_NULL : JS_ValueToAtom(context, name);
    JS_FreeValue(context, name);
    int there = atom == JS_ATOM_NULL ? -1 : JS_HasProperty(context, all, atom);
    if (there == 0) there = JS_DefinePropertyValue(context, all, atom, new_text(context, equals + 1, strlen(equals + 1)), JS_PROP_C_W_E);
    JS_FreeAtom(context, atom);
    if (there < 0) {
      JS_FreeValue(context, all);
      all = JS_EXCEPTION;
    }
  }
  JS_FreeCString(context, prefix);
  return all;
}

void add_text(JSContext *context, JSValueConst native) {
  add_function(context, native, "encode", js_encode, 1);
  add_function(context, native, "decode", js_decode, 1);
  add_function(context, native, "textAt", js_text_at, 3);
  add_function(context, native, "hex", js_hex, 2);
  add_function(context, native, "strerror", js_strerror, 1);
  add_function(context, native, "argv0", js_argv0, 0);
  add_function(context, native, "environment", js_environment, 1);
}
