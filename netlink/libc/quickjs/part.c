/* The program's second script: bytecode, of which nothing is read before it is asked for. */
#include "host.h"

/* part.S: empty if the program has only one script. */
extern const uint8_t part_bytecode[], part_bytecode_end[];

/** part(): runs the script, and returns its value. */
static JSValue js_part(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  JSValue script = JS_ReadObject(context, part_bytecode, part_bytecode_end - part_bytecode, JS_READ_OBJ_BYTECODE);
  return JS_IsException(script) ? script : JS_EvalFunction(context, script);
}

void add_part(JSContext *context, JSValueConst native) { add_function(context, native, "part", js_part, 0); }
