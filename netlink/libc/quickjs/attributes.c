/* Finds the netlink attributes in a message: an interpreter would take two hundred times as long for each. */
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
 * indexAttributes(bytes, places): stores in places[type] where the payload of each attribute (struct nlattr) begins; of
 * several with the same type the last one counts, and types beyond the array are ignored. Returns -1, or the offset of
 * one that claims more bytes than there are.
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
    if (type < count) places[type] = (uint32_t)at + 4;
    at += (size + 3) & ~(size_t)3;
  }
  return JS_NewInt32(context, -1);
}

void add_attributes(JSContext *context, JSValueConst native) {
  add_function(context, native, "indexAttributes", js_index_attributes, 2);
}
