/*
 * What TypeScript passes to a function of the host: integers, byte arrays and texts, each checked. Addresses and lengths
 * are taken from the arrays themselves.
 */
#include <string.h>

#include "host.h"

void add_function(JSContext *context, JSValueConst native, const char *name, JSCFunction *function, int parameters) {
  JS_SetPropertyStr(context, native, name, JS_NewCFunction(context, function, name, parameters));
}

int get_integer(JSContext *context, JSValueConst value, int64_t *integer) {
  double number;
  if (JS_VALUE_GET_TAG(value) == JS_TAG_INT) {
    *integer = JS_VALUE_GET_INT(value);
    return 0;
  }
  if (!JS_IsNumber(value) || JS_ToFloat64(context, &number, value) || !(number >= -0x1p53 && number <= 0x1p53) ||
      number != (double)(int64_t)number) {
    JS_ThrowTypeError(context, "not an integer");
    return -1;
  }
  *integer = (int64_t)number;
  return 0;
}

int get_int(JSContext *context, JSValueConst value, int *integer) {
  int64_t wide;
  if (get_integer(context, value, &wide)) return -1;
  *integer = (int)wide;
  if (*integer == wide) return 0;
  JS_ThrowRangeError(context, "not a 32-bit integer");
  return -1;
}

/** The length of a length-tracking view may be older than its buffer's: such a view is refused. */
static int within_buffer(JSContext *context, JSValueConst view, const uint8_t *bytes, size_t length) {
  size_t size;
  JSValue buffer = JS_GetTypedArrayBuffer(context, view, NULL, NULL, NULL);
  const uint8_t *data = JS_GetArrayBuffer(context, &size, buffer);
  JS_FreeValue(context, buffer);
  if (data && (size_t)(bytes - data) <= size && length <= size - (size_t)(bytes - data)) return 0;
  JS_ThrowRangeError(context, "a view beyond the end of its buffer");
  return -1;
}

int get_bytes(JSContext *context, JSValueConst value, uint8_t **bytes, size_t *length) {
  static uint8_t none[1];
  *bytes = JS_GetUint8Array(context, length, value);
  if (*bytes) return within_buffer(context, value, *bytes, *length);
  if (JS_HasException(context)) return -1;
  /* An empty array may have no memory at all. */
  *bytes = none;
  *length = 0;
  return 0;
}

int get_text(JSContext *context, JSValueConst value, const char **text) {
  if (!JS_IsString(value)) {
    JS_ThrowTypeError(context, "not a string");
    return -1;
  }
  size_t length;
  *text = JS_ToCStringLen(context, &length, value);
  if (!*text) return -1;
  if (strlen(*text) == length) return 0;
  JS_FreeCString(context, *text);
  return 1;
}
