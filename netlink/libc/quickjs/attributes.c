/* Reads netlink messages: an interpreter would take ten times as long for a header, two hundred for an attribute. */
#include <string.h>
#include <linux/netlink.h>

#include "host.h"

/** The memory of a Uint32Array. */
static int get_words(JSContext *context, JSValueConst value, uint32_t **words, size_t *count) {
  size_t offset, length, size;
  if (JS_GetTypedArrayType(value) != JS_TYPED_ARRAY_UINT32) {
    JS_ThrowTypeError(context, "not a Uint32Array");
    return -1;
  }
  JSValue buffer = JS_GetTypedArrayBuffer(context, value, &offset, &length, NULL);
  if (JS_IsException(buffer)) return -1;
  uint8_t *data = JS_GetArrayBuffer(context, &size, buffer);
  JS_FreeValue(context, buffer);
  if (!data) return -1;
  if (offset > size || length > size - offset) {
    JS_ThrowRangeError(context, "a view beyond the end of its buffer");
    return -1;
  }
  *words = (uint32_t *)(data + offset);
  *count = length / sizeof **words;
  return 0;
}

/**
 * readHeader(bytes, at, fields): stores length, type, flags and sequence number of the message at `at` (struct nlmsghdr),
 * and the 32 bits after its header, 0 if it has none.
 */
static JSValue js_read_header(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  uint8_t *bytes;
  uint32_t *fields;
  size_t length, count;
  int at;
  if (argc < 3) return JS_ThrowTypeError(context, "too few arguments");
  if (get_int(context, argv[1], &at) || get_words(context, argv[2], &fields, &count) ||
      get_bytes(context, argv[0], &bytes, &length))
    return JS_EXCEPTION;
  struct nlmsghdr header;
  uint32_t next = 0;
  if (count < 5 || at < 0 || length < sizeof header || (size_t)at > length - sizeof header)
    return JS_ThrowRangeError(context, "out of range");
  memcpy(&header, bytes + at, sizeof header);
  if (header.nlmsg_len >= sizeof header + sizeof next && length - at >= sizeof header + sizeof next)
    memcpy(&next, bytes + at + sizeof header, sizeof next);
  fields[0] = header.nlmsg_len, fields[1] = header.nlmsg_type, fields[2] = header.nlmsg_flags;
  fields[3] = header.nlmsg_seq, fields[4] = next;
  return JS_UNDEFINED;
}

/**
 * indexAttributes(bytes, places): stores in places[2 * type] where the payload of each attribute (struct nlattr) begins,
 * and after that where it ends; of several with the same type the last one counts, and types beyond the array are
 * ignored. Returns -1, or the offset of one that claims more bytes than there are.
 */
static JSValue js_index_attributes(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  uint8_t *bytes;
  uint32_t *places;
  size_t length, count;
  if (argc < 2) return JS_ThrowTypeError(context, "too few arguments");
  if (get_words(context, argv[1], &places, &count) || get_bytes(context, argv[0], &bytes, &length)) return JS_EXCEPTION;
  for (size_t at = 0; at + 4 <= length;) {
    size_t size = bytes[at] | bytes[at + 1] << 8, type = (bytes[at + 2] | bytes[at + 3] << 8) & 0x3fff;
    if (size < 4 || size > length - at) return JS_NewInt64(context, (int64_t)at);
    if (type < count / 2) places[2 * type] = (uint32_t)at + 4, places[2 * type + 1] = (uint32_t)(at + size);
    at += (size + 3) & ~(size_t)3;
  }
  return JS_NewInt32(context, -1);
}

void add_attributes(JSContext *context, JSValueConst native) {
  add_function(context, native, "readHeader", js_read_header, 3);
  add_function(context, native, "indexAttributes", js_index_attributes, 2);
}
